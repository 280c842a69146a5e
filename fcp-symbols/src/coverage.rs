//! How well an object's symbols cover it (§8.3, §21.3, D184), in basis points.

use alloc::collections::{BTreeMap, BTreeSet};

use fcp_core::id::NodeId;
use fcp_core::object::ObjectPlacementPolicy;

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
        let distinct: BTreeSet<u32> = holdings.values().flatten().copied().collect();
        let coverage = bps(distinct.len(), usize::from(k));
        let held: usize = holdings.values().fold(0, |sum, esis| sum.saturating_add(esis.len()));
        let most = holdings.values().map(BTreeSet::len).max().unwrap_or_default();
        let holders = holdings.values().filter(|esis| !esis.is_empty()).count();
        Self {
            distinct_nodes: u32::try_from(holders).unwrap_or(u32::MAX),
            max_node_fraction_bps: u16::try_from(bps(most, held)).unwrap_or(u16::MAX),
            coverage_bps: coverage,
            is_available: coverage >= 10_000,
        }
    }

    /// Whether this is as good as `policy` asks for.
    #[must_use]
    pub fn satisfies(&self, policy: &ObjectPlacementPolicy) -> bool {
        self.distinct_nodes >= u32::from(policy.min_nodes)
            && self.max_node_fraction_bps <= policy.max_node_fraction_bps
            && self.coverage_bps >= policy.target_coverage_bps
    }
}

/// 10000·part/whole, rounded down; 0 of nothing (D184).
fn bps(part: usize, whole: usize) -> u32 {
    let scaled = u64::try_from(part).unwrap_or(u64::MAX).saturating_mul(10_000);
    let ratio = u64::try_from(whole).ok().and_then(|whole| scaled.checked_div(whole)).unwrap_or_default();
    u32::try_from(ratio).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::CoverageEvaluation;
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
        let nothing = CoverageEvaluation::of(0, &[].into());
        assert_eq!((nothing.coverage_bps, nothing.is_available), (0, false));
    }
}
