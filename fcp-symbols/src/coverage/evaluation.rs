//! What one object's symbols are worth (§21.3, D184).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Range;

use fcp_core::id::NodeId;
use fcp_core::object::ObjectPlacementPolicy;

use crate::esi::EsiSet;

/// Where an object's symbols are and what that is worth (§21.3). 10000 basis points are the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoverageEvaluation {
    /// How many nodes hold any symbol.
    pub distinct_nodes: u32,
    /// The largest share of all held symbols that is on one node.
    pub max_node_fraction_bps: u16,
    /// Distinct symbols over source symbols: at 10000 there are just enough.
    pub coverage_bps: u32,
    /// Whether there are enough symbols to restore the object.
    pub is_available: bool,
}

impl CoverageEvaluation {
    /// Evaluates which node holds which symbols of an object of `k` source symbols.
    #[must_use]
    pub fn of(k: u16, holdings: &BTreeMap<NodeId, BTreeSet<u32>>) -> Self {
        let mut tally = Tally::default();
        for esis in holdings.values() {
            tally.add_node(u64::try_from(esis.len()).unwrap_or(u64::MAX));
        }
        let distinct: BTreeSet<u32> = holdings.values().flatten().copied().collect();
        tally.evaluate(k, u64::try_from(distinct.len()).unwrap_or(u64::MAX))
    }

    /// Evaluates what the nodes that count hold of an object of `k` source symbols, each node once.
    #[must_use]
    pub fn of_sets<'s>(k: u16, holdings: impl IntoIterator<Item = &'s EsiSet>) -> Self {
        let (mut tally, mut runs) = (Tally::default(), Vec::new());
        for esis in holdings {
            tally.add_node(u64::from(esis.count()));
            runs.extend_from_slice(esis.runs());
        }
        let distinct = distinct(&mut runs);
        tally.evaluate(k, distinct)
    }

    /// Whether this is as good as `policy` asks for.
    #[must_use]
    pub fn satisfies(&self, policy: &ObjectPlacementPolicy) -> bool {
        self.distinct_nodes >= u32::from(policy.min_nodes)
            && self.max_node_fraction_bps <= policy.max_node_fraction_bps
            && self.coverage_bps >= policy.target_coverage_bps
    }
}

/// What the nodes hold, summed up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    nodes: u32,
    held: u64,
    most: u64,
}

impl Tally {
    /// Counts a node that holds so many symbols.
    pub(super) const fn add_node(&mut self, symbols: u64) {
        if symbols > 0 {
            self.nodes = self.nodes.saturating_add(1);
            self.held = self.held.saturating_add(symbols);
            if symbols > self.most {
                self.most = symbols;
            }
        }
    }

    pub(super) fn evaluate(self, k: u16, distinct: u64) -> CoverageEvaluation {
        let coverage_bps = bps(distinct, u64::from(k));
        CoverageEvaluation {
            distinct_nodes: self.nodes,
            max_node_fraction_bps: u16::try_from(bps(self.most, self.held)).unwrap_or(u16::MAX),
            coverage_bps,
            is_available: coverage_bps >= 10_000,
        }
    }
}

/// How many different numbers stand in these runs, which it sorts.
pub(super) fn distinct(runs: &mut [Range<u32>]) -> u64 {
    runs.sort_unstable_by_key(|run| run.start);
    let (mut count, mut end) = (0_u64, 0_u32);
    for run in runs {
        count = count.saturating_add(u64::from(run.end.saturating_sub(run.start.max(end))));
        end = end.max(run.end);
    }
    count
}

/// 10000·part/whole, rounded down; 0 of nothing (D184).
pub(crate) fn bps(part: u64, whole: u64) -> u32 {
    let ratio = part.saturating_mul(10_000).checked_div(whole).unwrap_or_default();
    u32::try_from(ratio).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::CoverageEvaluation;
    use crate::esi::EsiSet;
    use fcp_core::id::NodeId;

    #[test]
    fn counts_each_symbol_once() {
        let node = |name: &str| NodeId::new(name).unwrap();
        let holdings = [(node("a"), (0..30).collect()), (node("b"), (20..40).collect()), (node("c"), [].into())];
        let coverage = CoverageEvaluation::of(32, &holdings.into());
        assert_eq!(coverage.distinct_nodes, 2);
        assert_eq!(coverage.coverage_bps, 12_500);
        assert_eq!(coverage.max_node_fraction_bps, 6_000);
        assert!(coverage.is_available);
        let sets = [EsiSet::from(0..30), EsiSet::from(20..40), EsiSet::new()];
        assert_eq!(CoverageEvaluation::of_sets(32, &sets), coverage);
        let nothing = CoverageEvaluation::of(0, &[].into());
        assert_eq!((nothing.coverage_bps, nothing.is_available), (0, false));
        assert_eq!(CoverageEvaluation::of_sets(0, []), nothing);
    }
}
