//! Parts of the id space (D132, D218).

use fcp_core::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use fcp_core::error::Reason;
use fcp_core::id::ObjectId;

use super::GossipItem;

/// By how many leading bits the id space is divided at most (D132).
pub const MAX_BITS: u8 = 12;

/// More bits than the id space is divided by, or a number that they do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such part of the id space")]
pub struct RangeError;

impl RangeError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::GossipBadRange
    }
}

/// The items whose object ids begin with certain bits: one of 2^p parts of the id space, p ≤ 12 (D132).
///
/// ```cddl
/// id-range = [bits: 0..12, prefix: 0..4095]
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct IdRange {
    bits: u8,
    prefix: u16,
}

impl IdRange {
    /// All ids.
    pub const ALL: Self = Self { bits: 0, prefix: 0 };

    /// The ids whose first `bits` bits, as a number whose first bit counts most, are `prefix`.
    ///
    /// # Errors
    /// [`RangeError`].
    pub const fn new(bits: u8, prefix: u16) -> Result<Self, RangeError> {
        if bits > MAX_BITS || prefix >> bits != 0 { Err(RangeError) } else { Ok(Self { bits, prefix }) }
    }

    /// How many bits are fixed.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.bits
    }

    /// What they are.
    #[must_use]
    pub const fn prefix(self) -> u16 {
        self.prefix
    }

    /// The first range of `bits`, if there is one.
    #[must_use]
    pub const fn first(bits: u8) -> Option<Self> {
        if bits > MAX_BITS { None } else { Some(Self { bits, prefix: 0 }) }
    }

    /// The range behind this one, among those of the same number of bits.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        let prefix = self.prefix.wrapping_add(1);
        if prefix >> self.bits == 0 { Some(Self { prefix, ..self }) } else { None }
    }

    /// Whether an item is in it.
    #[must_use]
    pub fn contains(self, item: &GossipItem) -> bool {
        let [first, second, ..] = *item.as_bytes();
        let leading = u32::from(u16::from_be_bytes([first, second]));
        leading << self.bits >> 16 == u32::from(self.prefix)
    }

    /// The least item that may be in it.
    pub(super) fn start(self) -> GossipItem {
        let leading = u32::from(self.prefix) << 16 >> self.bits;
        let mut id = [0; 32];
        if let Some(head) = id.first_chunk_mut() {
            *head = u16::try_from(leading).unwrap_or(u16::MAX).to_be_bytes();
        }
        // Symbol 0 sorts before every other item of an object.
        GossipItem::symbol(&ObjectId::from_bytes(id), 0).unwrap_or(GossipItem::object(&ObjectId::ZERO))
    }
}

impl Encode for IdRange {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.array(2);
        encoder.uint(self.bits.into());
        encoder.uint(self.prefix.into());
    }
}

impl<'b> Decode<'b> for IdRange {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let refuse = |error: RangeError| Decoder::invalid(offset, error.reason());
        if decoder.array()? != 2 {
            return Err(refuse(RangeError));
        }
        let (bits, prefix) = (decoder.narrow()?, decoder.narrow()?);
        decoder.leave();
        Self::new(bits, prefix).map_err(refuse)
    }
}

#[cfg(test)]
mod tests {
    use super::{GossipItem, IdRange};
    use fcp_core::cbor;
    use fcp_core::id::ObjectId;

    #[test]
    fn ranges_divide_the_id_space() {
        assert!(IdRange::new(13, 0).is_err() && IdRange::new(0, 1).is_err() && IdRange::new(12, 4096).is_err());
        let mut id = [0xff; 32];
        (id[0], id[1]) = (0xa5, 0xc3);
        let item = GossipItem::object(&ObjectId::from_bytes(id));
        for (bits, prefix) in [(0, 0), (1, 1), (3, 0b101), (8, 0xa5), (12, 0xa5c)] {
            let hit: Vec<u16> =
                (0..1 << bits).filter(|prefix| IdRange::new(bits, *prefix).unwrap().contains(&item)).collect();
            assert_eq!(hit, [prefix], "{bits}");
        }
        for bits in [0, 1, 5, 12] {
            let mut range = IdRange::first(bits);
            let mut count = 0;
            while let Some(some) = range {
                assert!(some.contains(&some.start()));
                (range, count) = (some.next(), count + 1);
            }
            assert_eq!(count, 1 << bits);
        }
    }

    #[test]
    fn ranges_have_one_encoding() {
        let read = |bytes: &[u8]| cbor::decode::<IdRange>(bytes).map_err(|error| error.reason().code());
        let range = IdRange::new(12, 4095).unwrap();
        assert_eq!(cbor::encode(&range), b"\x82\x0c\x19\x0f\xff");
        assert_eq!(read(b"\x82\x0c\x19\x0f\xff"), Ok(range));
        assert_eq!(read(b"\x82\x0d\x00"), Err("gossip.bad_range"));
        assert_eq!(read(b"\x82\x00\x01"), Err("gossip.bad_range"));
        assert_eq!(read(b"\x81\x00"), Err("gossip.bad_range"));
        assert_eq!(read(b"\x83\x00\x00\x00"), Err("gossip.bad_range"));
    }
}
