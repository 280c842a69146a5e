//! Evidence as it is gathered: the ids of all objects that a decision looked at.

use alloc::vec::Vec;

use fcp_core::decision::Denial;
use fcp_core::error::Reason;
use fcp_core::id::ObjectId;

/// The ids that were looked at so far, in the order of looking.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence(Vec<ObjectId>);

impl Evidence {
    /// Takes note of an id.
    pub(crate) fn add(&mut self, id: ObjectId) {
        self.0.push(id);
    }

    /// Takes note of several ids.
    pub(crate) fn extend(&mut self, ids: impl IntoIterator<Item = ObjectId>) {
        self.0.extend(ids);
    }

    /// A denial with everything that was looked at.
    pub(crate) fn deny(&self, reason: Reason) -> Denial {
        Denial::new(reason).with_evidence(self.0.iter().copied())
    }

    /// The same denial with everything that was looked at.
    pub(crate) fn complete(&self, denial: Denial) -> Denial {
        denial.with_evidence(self.0.iter().copied())
    }

    /// The ids, sorted, each once.
    pub(crate) fn sorted(&self) -> Vec<ObjectId> {
        let mut ids = self.0.clone();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// A step of a decision: what it found, or the denial.
pub(crate) type Step<T> = Result<T, Denial>;
