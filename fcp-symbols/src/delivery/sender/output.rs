//! What a sender says.

use alloc::sync::Arc;
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::time::Millis;

use super::super::PathId;
use crate::fcps::FrameFlags;
use crate::raptor::{Block, Coding};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SenderOutput {
    /// Make these symbols, seal them in one frame under a number of its own, and send it.
    Send(Outgoing),
    /// Call `handle_timeout` at this time, unless another one is named before.
    Wake(Millis),
    /// The peer has what it was to have, or for an answer: what it asked for was sent.
    Done(Delivered),
    /// It does not have it, and nothing more is sent.
    GaveUp {
        /// What was sent, and to whom.
        what: Delivered,
        /// Why: `symbol.no_path`, `symbol.unacknowledged` or `symbol.send_limit`.
        reason: Reason,
    },
}

/// What became of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The object.
    pub object_id: ObjectId,
    /// The peer.
    pub peer: Arc<NodeId>,
    /// What the offer was for.
    pub kind: OfferKind,
    /// How many symbols were sent.
    pub sent: u32,
}

/// What an offer was for: a peer has at most one offer of each kind for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfferKind {
    /// [`Goal::Object`](super::Goal::Object).
    Object,
    /// [`Goal::Hold`](super::Goal::Hold).
    Hold,
    /// [`Goal::Answer`](super::Goal::Answer).
    Answer,
}

/// One frame to send: which symbols of which object, to whom and where along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The path.
    pub path: PathId,
    /// The peer.
    pub peer: Arc<NodeId>,
    /// What it is for.
    pub kind: OfferKind,
    /// The object's zone.
    pub zone_id: ZoneId,
    /// The object.
    pub object_id: ObjectId,
    /// Its shape.
    pub block: Block,
    /// What the symbols are.
    pub coding: Coding,
    /// The frame's flags.
    pub flags: FrameFlags,
    /// The symbols, ascending: they fit one datagram of the path.
    pub esis: Vec<u32>,
}
