//! What reassembly says: how far it is, what it made, who is to blame.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId};

use super::ContextKey;

/// How many faults, and conflicts, wait to be asked for, before the oldest is forgotten.
const MAX_FAULTS: usize = 1024;

/// What a symbol did.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// It was kept, and more are needed: a `DecodeStatus` may be sent (§4.4).
    Waiting(Progress),
    /// It was known or contradicts another source's, or a candidate is being checked: nothing changed.
    Ignored,
    /// The symbols make an object, which must be checked and [settled](super::Reassembly::settle).
    Candidate(Candidate),
}

/// How far a context is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Different symbols that can be decoded together.
    pub received: u32,
    /// How many a sender should plan with (D62).
    pub required: u32,
}

/// Bytes that symbols make. Whether they are the object is not known yet: its id tells.
#[derive(Debug, PartialEq, Eq)]
pub struct Candidate {
    pub(super) key: ContextKey,
    /// The context's number: it may have ended, and another one begun.
    pub(super) serial: u64,
    pub(super) route: Route,
    pub(super) bytes: Vec<u8>,
}

/// Whose symbols made a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// Those of all sources.
    Together,
    /// Those of the source with this index.
    Alone(usize),
}

impl Candidate {
    /// The object that the bytes are to be.
    #[must_use]
    pub const fn object_id(&self) -> ObjectId {
        self.key.object_id
    }

    /// The bytes, for `StoredObject::parse_as`.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A source that sent wrong symbols: to be charged in its reputation (D61).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Who.
    pub source: NodeId,
    /// Of which object.
    pub object_id: ObjectId,
    /// What was wrong.
    pub reason: Reason,
}

/// Two sources sent different bytes as one symbol: at least one of them is wrong.
///
/// Which one is known, and becomes a [`Fault`], when the object is. Until then, ask others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Whose symbol was kept, and who contradicted it.
    pub sources: [NodeId; 2],
    /// Of which object.
    pub object_id: ObjectId,
    /// Of which symbol.
    pub esi: u32,
}

/// The work that decoding took for a source: to be charged to its budget (§8.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// Who.
    pub source: NodeId,
    /// How many units, of about a nanosecond each.
    pub work: u64,
}

/// The faults and conflicts that nobody has asked for yet.
#[derive(Debug, Default)]
pub(super) struct Faults {
    faults: VecDeque<Fault>,
    conflicts: VecDeque<Conflict>,
}

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        push(&mut self.faults, fault);
    }

    pub(super) fn push_conflict(&mut self, conflict: Conflict) {
        push(&mut self.conflicts, conflict);
    }

    pub(super) fn pop(&mut self) -> Option<Fault> {
        self.faults.pop_front()
    }

    pub(super) fn pop_conflict(&mut self) -> Option<Conflict> {
        self.conflicts.pop_front()
    }
}

fn push<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() >= MAX_FAULTS {
        queue.pop_front();
    }
    queue.push_back(item);
}
