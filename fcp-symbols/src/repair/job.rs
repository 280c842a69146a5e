//! One object under repair.

use alloc::collections::BTreeMap;

use fcp_core::id::NodeId;
use fcp_core::time::Millis;

use crate::coverage::CoverageEvaluation;
use crate::esi::EsiSet;

/// What a repair waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// For symbols, so that this node has the object.
    Fetching,
    /// For nodes to say that they have what was sent.
    Sending,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) phase: Phase,
    /// Who was asked for, or sent, what.
    pub(super) open: BTreeMap<NodeId, EsiSet>,
    /// What the object's symbols were worth when it began.
    pub(super) before: CoverageEvaluation,
    /// How many times that has been done.
    pub(super) attempt: u8,
    pub(super) deadline: Millis,
}

/// What is known of an object that is short, beside its symbols.
#[derive(Debug, Clone, Default)]
pub(super) struct Notice {
    /// Since when, as far as this node noticed.
    pub(super) since: Millis,
    /// How many repairs in a row came to nothing.
    pub(super) failures: u32,
    /// What this node would give up, and since when.
    pub(super) surplus: Option<(Millis, EsiSet)>,
    /// When it is looked at again, whatever happens.
    pub(super) again: Option<Millis>,
}
