//! Which node gets which symbols of an object (§3.6, D209, D220).
//!
//! [`spread`] gives a new object's symbols out. [`rebalance`] looks at where they are now, and says what is to be added
//! and given up so that the policy is met again after nodes left, joined or changed, moving as little as possible.

mod rebalance;

use alloc::vec::Vec;
use core::ops::Range;

use fcp_core::device::NodeFacts;
use fcp_core::error::Reason;
use fcp_core::id::NodeId;
use fcp_core::object::ObjectPlacementPolicy;

use crate::raptor::MAX_ESI;

pub use rebalance::{Rebalance, rebalance};

/// Why a policy cannot be met by these nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlacementError {
    /// Fewer nodes may hold symbols than the policy asks for.
    #[error("only {eligible} nodes may hold symbols, and the policy asks for {needed}")]
    TooFewNodes {
        /// How many may.
        eligible: usize,
        /// How many must.
        needed: usize,
    },
    /// The coverage takes more symbols than the code has.
    #[error("coverage takes too many symbols")]
    TooManySymbols,
}

impl PlacementError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::TooFewNodes { .. } => Reason::SymbolPlacementNodes,
            Self::TooManySymbols => Reason::SymbolPlacementCoverage,
        }
    }
}

/// Spreads the symbols of an object of `k` source symbols over `nodes`, each node a run of ESIs of its own.
///
/// Excluded nodes get nothing. Preferred ones come first, and of equals the smaller id; whoever comes first gets the
/// symbol more where they do not divide evenly. No node gets more than the policy's share, so that the mesh can lose it.
///
/// # Errors
/// [`PlacementError`] if the nodes that are left cannot meet the policy.
pub fn spread(
    policy: &ObjectPlacementPolicy,
    nodes: &[NodeFacts],
    k: u16,
) -> Result<Vec<(NodeId, Range<u32>)>, PlacementError> {
    let excluded = |node: &NodeFacts| policy.excluded_devices.iter().any(|selector| selector.selects(node));
    let preferred = |node: &NodeFacts| policy.preferred_devices.iter().any(|selector| selector.selects(node));
    let mut eligible: Vec<&NodeFacts> = nodes.iter().filter(|node| !excluded(node)).collect();
    eligible.sort_by_key(|node| (!preferred(node), &node.node_id));

    let share = u32::from(policy.max_node_fraction_bps);
    let (needed, count) = (nodes_needed(policy), u32::try_from(eligible.len()).unwrap_or(u32::MAX));
    if eligible.len() < needed || count == 0 {
        return Err(PlacementError::TooFewNodes { eligible: eligible.len(), needed });
    }
    let total = evened(symbols_needed(policy, k)?, count, share);

    let (each, more) = (total.checked_div(count).unwrap_or_default(), total.checked_rem(count).unwrap_or_default());
    let mut next = 0_u32;
    let runs = eligible.iter().zip(0_u32..).map(|(node, index)| {
        let start = next;
        next = next.saturating_add(each).saturating_add(u32::from(index < more));
        (node.node_id.clone(), start..next)
    });
    Ok(runs.collect())
}

/// How many nodes the policy takes: as many as it names, and as its largest share permits (D209).
fn nodes_needed(policy: &ObjectPlacementPolicy) -> usize {
    let share = usize::from(policy.max_node_fraction_bps).max(1);
    usize::from(policy.min_nodes).max(10_000_usize.div_ceil(share))
}

/// How many symbols the policy's coverage takes.
fn symbols_needed(policy: &ObjectPlacementPolicy, k: u16) -> Result<u32, PlacementError> {
    let total = u64::from(k).saturating_mul(u64::from(policy.target_coverage_bps)).div_ceil(10_000);
    u32::try_from(total).ok().filter(|total| *total <= MAX_ESI).ok_or(PlacementError::TooManySymbols)
}

/// Of few symbols one is a large share: then there are more than the coverage takes, the same number for each (D209).
fn evened(total: u32, nodes: u32, share_bps: u32) -> u32 {
    let each = total.div_ceil(nodes.max(1));
    let fits = u64::from(each).saturating_mul(10_000) <= u64::from(total).saturating_mul(u64::from(share_bps));
    if fits { total } else { each.saturating_mul(nodes) }
}

#[cfg(test)]
mod tests {
    use super::{PlacementError, spread};
    use crate::coverage::CoverageEvaluation;
    use fcp_core::device::NodeFacts;
    use fcp_core::id::NodeId;
    use fcp_core::object::{DeviceSelector, ObjectPlacementPolicy};

    fn nodes(names: &[&str]) -> Vec<NodeFacts> {
        let facts = |name: &&str| NodeFacts {
            node_id: NodeId::new(name).unwrap(),
            tags: vec![],
            class: (*name).into(),
            zones: vec![],
            capabilities: vec![],
        };
        names.iter().map(facts).collect()
    }

    fn policy() -> ObjectPlacementPolicy {
        ObjectPlacementPolicy {
            min_nodes: 3,
            max_node_fraction_bps: 3000,
            preferred_devices: vec![],
            excluded_devices: vec![],
            target_coverage_bps: 15_000,
        }
    }

    #[test]
    fn any_one_of_four_may_be_lost() {
        for k in [1, 2, 7, 64, 65, 66, 1000] {
            let runs = spread(&policy(), &nodes(&["a", "b", "c", "d"]), k).unwrap();
            let total: u32 = runs.iter().map(|(_, run)| run.end - run.start).sum();
            assert!(total >= (u32::from(k) * 3).div_ceil(2));
            let mut holdings = runs.iter().map(|(node, run)| (node.clone(), run.clone().collect())).collect();
            assert!(CoverageEvaluation::of(k, &holdings).satisfies(&policy()), "k {k}");
            for (node, _) in &runs {
                let lost = holdings.remove(node).unwrap();
                assert!(CoverageEvaluation::of(k, &holdings).coverage_bps > 10_000, "k {k} without {node}");
                holdings.insert(node.clone(), lost);
            }
        }
    }

    #[test]
    fn preferences_order_and_exclusions_bind() {
        let mut wanted = policy();
        wanted.preferred_devices = vec![DeviceSelector::Class("d".into())];
        let runs = spread(&wanted, &nodes(&["a", "b", "c", "d"]), 66).unwrap();
        assert_eq!(runs[0].0.as_str(), "d");
        assert_eq!(runs[0].1, 0..25);
        wanted.excluded_devices = vec![DeviceSelector::Class("a".into())];
        let error = spread(&wanted, &nodes(&["a", "b", "c", "d"]), 66).unwrap_err();
        assert_eq!(error, PlacementError::TooFewNodes { eligible: 3, needed: 4 });
    }
}
