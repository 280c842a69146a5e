//! What a receiver says, and the messages that are made of it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId, ZoneKeyId};
use fcp_core::object::StoredObject;
use fcp_core::sign::Signature;
use fcp_core::time::{Millis, Timestamp};

use crate::esi::EsiSet;
use crate::message::{DecodeStatus, EsiList, MissingHint, SymbolAck, SymbolRequest, ephemeral_header};
use crate::reassembly::Fault;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiverOutput {
    /// Ask a peer for symbols: [`Ask::message`], signed.
    Ask(Ask),
    /// Tell a peer how far this node is: [`StatusReport::message`].
    Status(StatusReport),
    /// Tell a peer that the object is there: [`Enough::message`].
    Ack(Enough),
    /// Call `handle_timeout` at this time, unless another one is named before.
    Wake(Millis),
    /// A source sent wrong symbols: it is to be charged for it (D61), and is not asked for the object again.
    Fault(Fault),
    /// The object is there: its id was checked.
    Done {
        /// The object.
        object: Box<StoredObject>,
        /// What each source gave of it.
        shares: Vec<(NodeId, Share)>,
    },
    /// The object does not come together.
    GaveUp {
        /// The object.
        object_id: ObjectId,
        /// Its zone.
        zone_id: ZoneId,
        /// Why: `symbol.insufficient`, or `symbol.source_refused` if no source is left that is believed.
        reason: Reason,
    },
}

/// What a source gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// New symbols.
    pub symbols: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Symbols that were there already.
    pub repeated: u64,
}

/// What a zone has in its messages: the levels of its headers, and the key that symbols are to be sealed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoneTerms {
    /// The integrity level.
    pub integrity: u8,
    /// The confidentiality level.
    pub confidentiality: u8,
    /// The zone key.
    pub zone_key_id: ZoneKeyId,
}

/// How far this node is with an object, for one peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// The peer.
    pub peer: NodeId,
    /// The object.
    pub object_id: ObjectId,
    /// Its zone.
    pub zone_id: ZoneId,
    /// How many different symbols there are.
    pub received: u32,
    /// How many it takes: more than there are, as long as they do not suffice; 0 from who only holds them (D223).
    pub required: u32,
    /// The first that are missing.
    pub missing: MissingHint,
}

impl StatusReport {
    /// What a node reports that holds symbols of an object for others: `held`, all of them sent by `peer` (D223).
    ///
    /// It cannot know which it should hold. It names those that are missing between the first and the last.
    #[must_use]
    pub fn of_holder(peer: NodeId, object_id: ObjectId, zone_id: ZoneId, held: &EsiSet) -> Self {
        let gaps = match (held.first(), held.last()) {
            (Some(first), Some(last)) => EsiSet::from(first..last).difference(held),
            _ => EsiSet::new(),
        };
        Self { peer, object_id, zone_id, received: held.count(), required: 0, missing: hint(gaps.iter()) }
    }

    /// The message, to be sent inside of a session with the peer.
    #[must_use]
    pub fn message(&self, terms: &ZoneTerms, now: Timestamp) -> DecodeStatus {
        DecodeStatus {
            header: ephemeral_header::<DecodeStatus>(self.zone_id.clone(), terms.integrity, terms.confidentiality, now),
            object_id: self.object_id,
            zone_id: self.zone_id.clone(),
            zone_key_id: terms.zone_key_id,
            epoch_id: EpochId::of(now),
            received_unique: self.received,
            required: self.required,
            missing_hint: Some(self.missing.clone()),
            signature: None,
        }
    }
}

/// A hint that names the first of these.
pub(super) fn hint(esis: impl Iterator<Item = u32>) -> MissingHint {
    let esis: Vec<u32> = esis.take(crate::message::MAX_MISSING).collect();
    EsiList::new(esis).and_then(MissingHint::new).unwrap_or_default()
}

/// A question for symbols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The peer.
    pub peer: NodeId,
    /// The object.
    pub object_id: ObjectId,
    /// Its zone.
    pub zone_id: ZoneId,
    /// How many symbols this node takes at most.
    pub max_symbols: u32,
    /// These and no others.
    pub want: Option<EsiList>,
    /// How far this node is, if that is known.
    pub status: Option<StatusReport>,
}

impl Ask {
    /// The request, to be signed by this node.
    #[must_use]
    pub fn message(&self, terms: &ZoneTerms, requester: &NodeId, now: Timestamp) -> SymbolRequest {
        let zone = self.zone_id.clone();
        SymbolRequest {
            header: ephemeral_header::<SymbolRequest>(zone, terms.integrity, terms.confidentiality, now),
            object_id: self.object_id,
            zone_id: self.zone_id.clone(),
            zone_key_id: terms.zone_key_id,
            max_symbols: self.max_symbols,
            want_esi: self.want.clone(),
            decode_status: self.status.as_ref().map(|status| status.message(terms, now)),
            delivery_hint: None,
            requested_at: now,
            requester: requester.clone(),
            signature: Signature::ABSENT,
        }
    }
}

/// Word that an object is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enough {
    /// The peer.
    pub peer: NodeId,
    /// The object.
    pub object_id: ObjectId,
    /// Its zone.
    pub zone_id: ZoneId,
}

impl Enough {
    /// The message, to be sent inside of a session with the peer.
    #[must_use]
    pub fn message(&self, terms: &ZoneTerms, now: Timestamp) -> SymbolAck {
        let zone = self.zone_id.clone();
        SymbolAck {
            header: ephemeral_header::<SymbolAck>(zone, terms.integrity, terms.confidentiality, now),
            object_id: self.object_id,
            zone_id: self.zone_id.clone(),
            zone_key_id: terms.zone_key_id,
            epoch_id: EpochId::of(now),
            reconstructed_object_id: Some(self.object_id),
            signature: None,
        }
    }
}
