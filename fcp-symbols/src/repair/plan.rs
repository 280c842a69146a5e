//! What is to be done for one object.

use alloc::vec::Vec;

use fcp_core::device::NodeFacts;
use fcp_core::id::NodeId;
use fcp_core::object::ObjectPlacementPolicy;

use crate::coverage::SymbolDistribution;
use crate::esi::EsiSet;
use crate::placement::{PlacementError, Rebalance, rebalance};

/// How many symbols more than K are fetched where there are that many: with two more, hardly any set does not decode.
const OVERHEAD: u32 = 2;

/// What a node is to do for an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepairPlan {
    /// What to fetch from whom first, if this node lacks symbols to make others from.
    pub fetch: Vec<(NodeId, EsiSet)>,
    /// Whether all nodes that count have too few symbols together to restore the object.
    pub out_of_reach: bool,
    /// What is to be added and given up.
    pub rebalance: Rebalance,
}

impl RepairPlan {
    /// How many symbols it takes.
    #[must_use]
    pub fn symbols(&self) -> u32 {
        self.fetch.iter().fold(self.rebalance.added(), |sum, (_, esis)| sum.saturating_add(esis.count()))
    }
}

/// What `this` node is to do for an object so that `nodes`, those that count, meet its policy (§21.3). `is_whole` says
/// whether it has the object's bytes already.
///
/// Symbols are fetched from all holders in equal parts, none twice.
///
/// # Errors
/// [`PlacementError::TooManySymbols`] if the coverage takes more symbols than the code has left.
pub fn plan(
    policy: &ObjectPlacementPolicy,
    nodes: &[NodeFacts],
    held: &SymbolDistribution,
    this: &NodeId,
    is_whole: bool,
) -> Result<RepairPlan, PlacementError> {
    let mut plan = RepairPlan { rebalance: rebalance(policy, nodes, held)?, ..RepairPlan::default() };
    if is_whole || plan.rebalance.adds.is_empty() {
        return Ok(plan);
    }
    match fetch(nodes, held, this, Ask::Parts) {
        Some(fetch) => plan.fetch = fetch,
        None => plan.out_of_reach = true,
    }
    Ok(plan)
}

/// How much of what is lacking each holder is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// An equal part.
    Parts,
    /// As much as is lacking: somebody did not answer.
    Everything,
}

/// What to fetch from whom, or nothing if there is not enough.
pub(super) fn fetch(
    nodes: &[NodeFacts],
    held: &SymbolDistribution,
    this: &NodeId,
    ask: Ask,
) -> Option<Vec<(NodeId, EsiSet)>> {
    let counts = |node: &NodeId| nodes.iter().any(|facts| facts.node_id == *node);
    let mut have = held.node_symbols.get(this).cloned().unwrap_or_default();
    let needed = u32::from(held.k).saturating_sub(have.count());
    let mut wanted = if needed == 0 { 0 } else { needed.saturating_add(OVERHEAD) };
    let holders: Vec<_> =
        held.node_symbols.iter().filter(|(node, esis)| *node != this && counts(node) && !esis.is_empty()).collect();
    let mut orders: Vec<(NodeId, EsiSet)> = holders.iter().map(|(node, _)| ((*node).clone(), EsiSet::new())).collect();
    if ask == Ask::Everything {
        for ((_, esis), (_, order)) in holders.iter().zip(&mut orders) {
            *order = esis.difference(&have).lowest(wanted);
        }
        let all = orders.iter().flat_map(|(_, order)| order.runs().iter().cloned());
        have.extend(all);
        wanted = 0;
    }
    // Everybody an equal part of what is left, until there is nothing left or nobody has any more.
    while wanted > 0 {
        let part = wanted.div_ceil(u32::try_from(holders.len().max(1)).unwrap_or(u32::MAX));
        let before = wanted;
        for ((_, esis), (_, order)) in holders.iter().zip(&mut orders) {
            let some = esis.difference(&have).lowest(part.min(wanted));
            wanted = wanted.saturating_sub(some.count());
            have.extend(some.runs().iter().cloned());
            order.extend(some.runs().iter().cloned());
        }
        if wanted == before {
            break;
        }
    }
    orders.retain(|(_, order)| !order.is_empty());
    (have.count() >= u32::from(held.k)).then_some(orders)
}
