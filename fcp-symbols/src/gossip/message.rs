//! What nodes say to each other about what they hold (§8.2, D132, D133, D219).

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use fcp_core::error::Reason;
use fcp_core::id::{EpochId, NodeId, ZoneId};
use fcp_core::object::{ControlPlaneObject, Message, ObjectError, ObjectHeader};
use fcp_core::sign::{NodeSigningPublicKey, Signature};
use fcp_core::time::Timestamp;

use super::{GossipItem, GossipSet, Iblt, IdRange, MAX_CELLS, SetDigest, XorFilter};
use crate::message::ephemeral_header;

/// The most items of a list (D219).
pub const MAX_LISTED: usize = 65_536;

/// What a node holds in a zone, in short (§8.2, D133).
///
/// ```cddl
/// gossip-summary = { from: tstr, zone_id: tstr, epoch_id: uint, object_filter_digest: bstr .size 32,
///   symbol_filter_digest: bstr .size 32, iblt: bstr, timestamp: uint, signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.mesh:GossipSummary@2.0.0", signer = NodeSigningPublicKey, check = in_epoch)]
pub struct GossipSummary {
    /// Whose summary it is.
    pub from: NodeId,
    /// The zone.
    pub zone_id: ZoneId,
    /// The epoch of `timestamp`.
    pub epoch_id: EpochId,
    /// The digest of its objects.
    pub object_filter_digest: SetDigest,
    /// The digest of its symbols.
    pub symbol_filter_digest: SetDigest,
    /// A table of its objects.
    pub iblt: Iblt,
    /// When it was made; greater than that of the node's summary before in the zone.
    pub timestamp: Timestamp,
    /// The node's signature.
    #[fcp(signature)]
    pub signature: Signature,
}

fn in_epoch(summary: &GossipSummary) -> Result<(), Reason> {
    if summary.epoch_id == EpochId::of(summary.timestamp) { Ok(()) } else { Err(Reason::GossipBadEpoch) }
}

/// What is asked for of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Want {
    /// A filter.
    Filter,
    /// The items.
    List,
    /// A table of so many cells.
    Table(Cells),
}

/// A number of cells that a table may have: a multiple of 4 from 4 to 4096.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cells(u32);

impl Cells {
    /// The number; nothing if no table has as many.
    #[must_use]
    pub const fn new(cells: u32) -> Option<Self> {
        if cells < 4 || cells > MAX_CELLS || !cells.is_multiple_of(4) { None } else { Some(Self(cells)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Encode for Cells {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.uint(self.0.into());
    }
}

impl<'b> Decode<'b> for Cells {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        Self::new(decoder.narrow()?).ok_or_else(|| Decoder::invalid(offset, Reason::GossipBadTable))
    }
}

/// Asks for a part of a set (D219).
///
/// ```cddl
/// gossip-request = { zone_id: tstr, set: gossip-set, range: id-range, want: "filter" / "list" / { "table": 4..4096 } }
/// gossip-set = "objects" / "symbols"
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.mesh:GossipRequest@2.0.0")]
pub struct GossipRequest {
    /// The zone.
    pub zone_id: ZoneId,
    /// Of which set.
    pub set: GossipSet,
    /// Of which part of the id space.
    pub range: IdRange,
    /// In what form.
    pub want: Want,
}

/// A filter of a part of a set (D132, D218).
///
/// ```cddl
/// membership-filter = { zone_id: tstr, set: gossip-set, range: id-range, n: uint, digest: bstr .size 32, filter: bstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.mesh:MembershipFilter@2.0.0", check = of_the_set)]
pub struct MembershipFilter {
    /// The zone.
    pub zone_id: ZoneId,
    /// Of which set.
    pub set: GossipSet,
    /// Of which part of the id space.
    pub range: IdRange,
    /// How many items the whole set has.
    pub n: u32,
    /// The digest of the whole set.
    pub digest: SetDigest,
    /// The filter.
    pub filter: XorFilter,
}

fn of_the_set(message: &MembershipFilter) -> Result<(), Reason> {
    if message.filter.keys() > message.n { Err(Reason::GossipBadFilter) } else { Ok(()) }
}

/// A table of a part of a set (D219).
///
/// ```cddl
/// gossip-table = { zone_id: tstr, set: gossip-set, range: id-range, n: uint, iblt: bstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.mesh:GossipTable@2.0.0")]
pub struct GossipTable {
    /// The zone.
    pub zone_id: ZoneId,
    /// Of which set.
    pub set: GossipSet,
    /// Of which part of the id space.
    pub range: IdRange,
    /// How many items that part has.
    pub n: u32,
    /// The table.
    pub iblt: Iblt,
}

/// The items of a part of a set (D219).
///
/// ```cddl
/// gossip-list = { zone_id: tstr, set: gossip-set, range: id-range, n: uint, items: bstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.mesh:GossipList@2.0.0", check = listed)]
pub struct GossipList {
    /// The zone.
    pub zone_id: ZoneId,
    /// Of which set.
    pub set: GossipSet,
    /// Of which part of the id space.
    pub range: IdRange,
    /// How many items that part has.
    pub n: u32,
    /// The items, sorted; none if there are more than a list holds.
    items: Vec<u8>,
}

impl GossipList {
    /// The list of a part's items, which come sorted; without them if they are more than 65,536.
    #[must_use]
    pub fn new<'i>(
        zone_id: ZoneId,
        set: GossipSet,
        range: IdRange,
        n: u32,
        items: impl Iterator<Item = &'i GossipItem>,
    ) -> Self {
        let fits = usize::try_from(n).is_ok_and(|n| n <= MAX_LISTED);
        let items = items.take(if fits { MAX_LISTED } else { 0 }).flat_map(|item| item.bytes_in(set).iter().copied());
        Self { zone_id, set, range, n, items: items.collect() }
    }

    /// The items, sorted.
    pub fn items(&self) -> impl Iterator<Item = GossipItem> {
        self.items.chunks_exact(self.set.item_len()).filter_map(|item| GossipItem::parse(self.set, item))
    }

    /// Whether all of the part's items are there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.items.is_empty() || self.n == 0
    }
}

/// Checks that a list is one of [`GossipList::new`].
fn listed(list: &GossipList) -> Result<(), Reason> {
    let len = list.set.item_len();
    let count = list.items.len().checked_div(len).unwrap_or(0);
    let expected = usize::try_from(list.n).ok().filter(|n| *n <= MAX_LISTED).unwrap_or(0);
    let mut last = None;
    let valid = list.items.len().is_multiple_of(len)
        && count == expected
        && list.items.chunks_exact(len).all(|bytes| {
            let item = GossipItem::parse(list.set, bytes).filter(|item| list.range.contains(item));
            item.is_some_and(|item| last.replace(item).is_none_or(|last| last < item))
        });
    if valid { Ok(()) } else { Err(Reason::GossipBadList) }
}

impl Encode for Iblt {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bytes(&self.to_bytes());
    }
}

impl<'b> Decode<'b> for Iblt {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        Self::parse(decoder.bytes()?).map_err(|error| Decoder::invalid(offset, error.reason()))
    }
}

impl Encode for XorFilter {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bytes(&self.to_bytes());
    }
}

impl<'b> Decode<'b> for XorFilter {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        Self::parse(decoder.bytes()?).map_err(|error| Decoder::invalid(offset, error.reason()))
    }
}

/// Any message of gossip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GossipMessage {
    /// What a node holds, in short.
    Summary(GossipSummary),
    /// Asks for a part of a set.
    Request(GossipRequest),
    /// A filter.
    Filter(MembershipFilter),
    /// A table.
    Table(GossipTable),
    /// A list.
    List(GossipList),
}

macro_rules! kinds {
    ($($kind:ident($message:ty)),*) => {
        impl GossipMessage {
            /// The zone that it is about.
            #[must_use]
            pub const fn zone_id(&self) -> &ZoneId {
                match self { $(Self::$kind(message) => &message.zone_id,)* }
            }

            /// Whether an object with this schema hash carries such a message.
            #[must_use]
            pub fn is_carried_by(object: &ControlPlaneObject) -> bool {
                [$(<$message>::SCHEMA_HASH),*].contains(&object.schema_hash())
            }

            /// Takes a message out of the object that it travelled in.
            ///
            /// # Errors
            /// [`ObjectError`] if it is none of these, is not canonical or breaks its rules, or is about another zone than
            /// the object.
            pub fn read(object: &ControlPlaneObject) -> Result<Self, ObjectError> {
                let hash = object.schema_hash();
                let message = $(if hash == <$message>::SCHEMA_HASH {
                    Self::$kind(object.message()?)
                } else)* {
                    return Err(ObjectError::SchemaMismatch);
                };
                if *message.zone_id() == object.header().zone_id { Ok(message) } else { Err(ObjectError::ZoneMismatch) }
            }

            /// The object that it travels in, with the levels of the zone.
            #[must_use]
            pub fn carry(&self, integrity: u8, confidentiality: u8, now: Timestamp) -> ControlPlaneObject {
                match self {
                    $(Self::$kind(message) => {
                        let zone = message.zone_id.clone();
                        let header: ObjectHeader =
                            ephemeral_header::<$message>(zone, integrity, confidentiality, now);
                        ControlPlaneObject::new(header, message)
                    })*
                }
            }
        }

        $(impl From<$message> for GossipMessage {
            fn from(message: $message) -> Self {
                Self::$kind(message)
            }
        })*
    };
}

kinds!(Summary(GossipSummary), Request(GossipRequest), Filter(MembershipFilter), Table(GossipTable), List(GossipList));

#[cfg(test)]
mod tests {
    use super::{
        Cells, GossipItem, GossipList, GossipMessage, GossipRequest, GossipSet, GossipSummary, GossipTable, Iblt,
        IdRange, MembershipFilter, SetDigest, Want, XorFilter,
    };
    use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId};
    use fcp_core::object::{ControlPlaneObject, Message as _};
    use fcp_core::sign::{NodeSigningKey, Signature, Signed as _};
    use fcp_core::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn items(set: GossipSet) -> Vec<GossipItem> {
        let id = |byte| ObjectId::from_bytes([byte; 32]);
        match set {
            GossipSet::Objects => vec![GossipItem::object(&id(0x80)), GossipItem::object(&id(0x81))],
            GossipSet::Symbols => vec![GossipItem::symbol(&id(0x80), 0).unwrap()],
        }
    }

    fn list(set: GossipSet) -> GossipList {
        let items = items(set);
        let range = IdRange::new(1, 1).unwrap();
        GossipList::new(ZoneId::work(), set, range, u32::try_from(items.len()).unwrap(), items.iter())
    }

    fn summary() -> GossipSummary {
        GossipSummary {
            from: NodeId::new("nLaptop").unwrap(),
            zone_id: ZoneId::work(),
            epoch_id: EpochId::of(NOW),
            object_filter_digest: SetDigest::from_bytes([1; 32]),
            symbol_filter_digest: SetDigest::from_bytes([2; 32]),
            iblt: Iblt::new(128).unwrap(),
            timestamp: NOW,
            signature: Signature::ABSENT,
        }
    }

    fn all() -> Vec<GossipMessage> {
        let (zone_id, set, range) = (ZoneId::work(), GossipSet::Symbols, IdRange::new(12, 9).unwrap());
        let (digest, filter) = (SetDigest::from_bytes([1; 32]), XorFilter::build(vec![1, 2], 3).unwrap());
        let want = Want::Table(Cells::new(1536).unwrap());
        vec![
            summary().signed_by(&NodeSigningKey::from_seed([1; 32])).into(),
            GossipRequest { zone_id: zone_id.clone(), set, range, want }.into(),
            GossipRequest { zone_id: zone_id.clone(), set, range, want: Want::List }.into(),
            MembershipFilter { zone_id: zone_id.clone(), set, range, n: 2, digest, filter }.into(),
            GossipTable { zone_id, set, range, n: 7, iblt: Iblt::new(4).unwrap() }.into(),
            list(GossipSet::Objects).into(),
            list(GossipSet::Symbols).into(),
        ]
    }

    #[test]
    fn messages_travel_in_objects_of_their_zone() {
        for message in all() {
            let object = message.carry(60, 60, NOW);
            let bytes = object.to_bytes();
            let object = ControlPlaneObject::parse(&bytes).unwrap();
            assert!(GossipMessage::is_carried_by(&object));
            assert_eq!(GossipMessage::read(&object).as_ref(), Ok(&message));
            let mut header = object.header().clone();
            header.zone_id = ZoneId::private();
            let object = ControlPlaneObject::from_parts(header, object.body().to_vec()).unwrap();
            assert_eq!(GossipMessage::read(&object).unwrap_err().reason().code(), "object.zone_mismatch");
        }
    }

    #[test]
    fn lists_are_sorted_and_of_their_part() {
        let code = |change: fn(&mut GossipList)| {
            let mut list = list(GossipSet::Objects);
            change(&mut list);
            GossipList::from_body(&list.to_body()).map(|_| "").unwrap_or_else(|error| error.reason().code())
        };
        assert_eq!(code(|_| ()), "");
        assert_eq!(code(|list| list.range = IdRange::ALL), "");
        let bad: [fn(&mut GossipList); 6] = [
            |list| list.items.rotate_left(32),
            |list| list.items.copy_within(0..32, 32),
            |list| list.items.truncate(63),
            |list| list.items.truncate(32),
            |list| list.n = 3,
            |list| list.range = IdRange::new(1, 0).unwrap(),
        ];
        for change in bad {
            assert_eq!(code(change), "gossip.bad_list");
        }
        assert_eq!(code(|list| (list.n, list.items) = (65_537, Vec::new())), "");
        assert_eq!(code(|list| list.n = 65_537), "gossip.bad_list");
        assert_eq!(code(|list| (list.n, list.items) = (0, Vec::new())), "");
        let many = GossipList::new(ZoneId::work(), GossipSet::Objects, IdRange::ALL, 65_537, [].iter());
        assert!(!many.is_whole() && list(GossipSet::Symbols).is_whole());
        assert_eq!(list(GossipSet::Symbols).items().collect::<Vec<_>>(), items(GossipSet::Symbols));
    }

    #[test]
    fn summaries_and_filters_are_consistent() {
        let mut late = summary();
        late.timestamp = NOW.saturating_add(300);
        assert_eq!(GossipSummary::from_body(&late.to_body()).unwrap_err().reason().code(), "gossip.bad_epoch");
        let filter = XorFilter::build(vec![1, 2], 3).unwrap();
        let (zone_id, set, digest) = (ZoneId::work(), GossipSet::Objects, SetDigest::from_bytes([1; 32]));
        let few = MembershipFilter { zone_id, set, range: IdRange::ALL, n: 1, digest, filter };
        assert_eq!(MembershipFilter::from_body(&few.to_body()).unwrap_err().reason().code(), "gossip.bad_filter");
        for cells in [0, 3, 6, 4100] {
            assert_eq!(Cells::new(cells), None);
        }
    }
}
