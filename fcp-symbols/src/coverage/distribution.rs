//! Where one object's symbols are (§8.3).

use alloc::collections::BTreeMap;

use fcp_core::id::{NodeId, ObjectId};

use super::CoverageEvaluation;
use crate::esi::EsiSet;

/// Which node holds which symbols of an object (§8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolDistribution {
    /// The object.
    pub object_id: ObjectId,
    /// How many source symbols it has.
    pub k: u16,
    /// What each node holds.
    pub node_symbols: BTreeMap<NodeId, EsiSet>,
}

impl SymbolDistribution {
    /// Nobody holds anything yet.
    #[must_use]
    pub const fn new(object_id: ObjectId, k: u16) -> Self {
        Self { object_id, k, node_symbols: BTreeMap::new() }
    }

    /// A node says that it holds these symbols, beside those it was known to hold.
    pub fn note(&mut self, node: &NodeId, esis: &EsiSet) {
        match self.node_symbols.get_mut(node) {
            Some(held) => held.extend(esis.runs().iter().cloned()),
            None => drop(self.node_symbols.insert(node.clone(), esis.clone())),
        }
    }

    /// Every symbol that any node holds, whether the node counts or not.
    #[must_use]
    pub fn known(&self) -> EsiSet {
        self.node_symbols.values().flat_map(|esis| esis.runs().iter().cloned()).collect()
    }

    /// What the symbols on those nodes are worth that `counts` picks: members that can be reached, as the caller knows.
    #[must_use]
    pub fn evaluate(&self, counts: impl Fn(&NodeId) -> bool) -> CoverageEvaluation {
        CoverageEvaluation::of_sets(
            self.k,
            self.node_symbols.iter().filter(|(node, _)| counts(node)).map(|(_, esis)| esis),
        )
    }
}

/// State as the distribution of its symbols (§8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributedState {
    /// Where the symbols are.
    pub distribution: SymbolDistribution,
    /// How much coverage counts as available enough, in basis points: 10000 are K symbols.
    pub min_coverage_bps: u32,
}

impl DistributedState {
    /// Distinct symbols on all nodes over source symbols, in basis points (D184).
    #[must_use]
    pub fn coverage_bps(&self) -> u32 {
        self.distribution.evaluate(|_| true).coverage_bps
    }

    /// Whether the state can be restored.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.coverage_bps() >= 10_000
    }

    /// Whether there are as many symbols as there are to be at least.
    #[must_use]
    pub fn has_minimum(&self) -> bool {
        self.coverage_bps() >= self.min_coverage_bps
    }
}
