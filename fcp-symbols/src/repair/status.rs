//! What a controller knows, for people.

use fcp_core::id::ObjectId;
use fcp_core::object::ObjectPlacementPolicy;
use fcp_core::time::Millis;

use crate::coverage::{CoverageEvaluation, CoverageTotals};

/// What is being done about an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairActivity {
    /// Nothing: its policy is met.
    None,
    /// It is looked at in one of the next cycles.
    Due,
    /// Another node repairs it, or it rests after a failure or before symbols are given up; looked at again then.
    Waiting {
        /// When.
        until: Millis,
    },
    /// This node fetches symbols.
    Fetching,
    /// This node sends symbols.
    Sending,
    /// Nothing can be done with the nodes that there are.
    Stuck,
}

/// An object's coverage against its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectStatus<'c> {
    /// The object.
    pub object_id: ObjectId,
    /// What it is to be.
    pub policy: &'c ObjectPlacementPolicy,
    /// What it is.
    pub evaluation: CoverageEvaluation,
    /// Whether that is enough.
    pub is_satisfied: bool,
    /// What is being done about it.
    pub activity: RepairActivity,
}

/// A zone's repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RepairStatus {
    /// Its objects.
    pub totals: CoverageTotals,
    /// How many are being fetched here.
    pub fetching: usize,
    /// How many are being sent from here.
    pub sending: usize,
    /// How many repairs this node has finished.
    pub repaired: u64,
    /// How many it gave up for the time being.
    pub given_up: u64,
    /// How many symbols it has ordered, fetched and sent together.
    pub symbols: u64,
}
