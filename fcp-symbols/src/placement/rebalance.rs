//! What moves when nodes leave and join (§3.6, §21.3).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use fcp_core::device::NodeFacts;
use fcp_core::id::NodeId;
use fcp_core::object::ObjectPlacementPolicy;

use super::{PlacementError, evened, nodes_needed, symbols_needed};
use crate::coverage::{CoverageEvaluation, SymbolDistribution};
use crate::esi::EsiSet;

/// What is to change so that a policy is met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rebalance {
    /// Fresh symbols, which nobody holds or held, and who gets them.
    pub adds: Vec<(NodeId, EsiSet)>,
    /// Symbols that are to be given up, and by whom. There are none while there is anything to add: nothing goes before
    /// what replaces it has arrived.
    pub drops: Vec<(NodeId, EsiSet)>,
    /// Why the policy cannot be met by these nodes. What is planned then comes as near to it as they permit: its
    /// coverage, in equal shares.
    pub unmet: Option<PlacementError>,
}

impl Rebalance {
    /// Whether everything may stay as it is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.adds.is_empty() && self.drops.is_empty()
    }

    /// How many symbols are to be added.
    #[must_use]
    pub fn added(&self) -> u32 {
        self.adds.iter().fold(0, |sum, (_, esis)| sum.saturating_add(esis.count()))
    }
}

/// A node that may hold symbols.
struct Seat<'n> {
    node: &'n NodeId,
    preferred: bool,
    held: Cow<'n, EsiSet>,
    given: u32,
}

impl Seat<'_> {
    fn load(&self) -> u32 {
        self.held.count().saturating_add(self.given)
    }
}

/// What is to change so that `nodes`, those that count, meet the policy with what is held.
///
/// Where the policy is met, nothing changes, whoever came or left. Otherwise as few symbols move as possible: what there
/// is stays where it is, except for what is above a node's largest share and on devices that the policy excludes; what
/// is lacking goes to the nodes with the fewest symbols, of equals to preferred ones and then to the smaller id. Fresh
/// symbols have the lowest numbers that no node is known to hold, the ones that are away included, as they may come back.
/// The same input gives the same answer on every node.
///
/// # Errors
/// [`PlacementError::TooManySymbols`] if the coverage takes more symbols than the code has left.
pub fn rebalance(
    policy: &ObjectPlacementPolicy,
    nodes: &[NodeFacts],
    held: &SymbolDistribution,
) -> Result<Rebalance, PlacementError> {
    let mut seats = seats(policy, nodes, held);
    let count = u32::try_from(seats.len()).unwrap_or(u32::MAX);
    let needed = nodes_needed(policy);
    let mut plan = Rebalance::default();
    if seats.len() < needed {
        plan.unmet = Some(PlacementError::TooFewNodes { eligible: seats.len(), needed });
    }
    if count == 0 {
        return Ok(plan);
    }
    let share = u32::from(policy.max_node_fraction_bps).max(10_000_u32.div_ceil(count));
    let holders = u32::from(policy.min_nodes).min(count);
    let coverage = symbols_needed(policy, held.k)?;

    let evaluation = CoverageEvaluation::of_sets(held.k, seats.iter().map(|seat| &*seat.held));
    let covered = evaluation.coverage_bps >= policy.target_coverage_bps;
    let even = u32::from(evaluation.max_node_fraction_bps) <= share && evaluation.distinct_nodes >= holders;
    if covered && even {
        plan.drops = excluded(nodes, &seats, held);
        return Ok(plan);
    }

    let wanted = evened(coverage, count, share);
    let surplus = take_surplus(&mut seats, wanted, share);
    fill(&mut seats, wanted, holders, share);
    let total = seats.iter().fold(0, |sum: u32, seat| sum.saturating_add(seat.given));
    if total == 0 {
        plan.drops = surplus;
        plan.drops.extend(excluded(nodes, &seats, held));
        return Ok(plan);
    }
    let mut fresh = held.known().lowest_absent(total).ok_or(PlacementError::TooManySymbols)?;
    for seat in seats.iter().filter(|seat| seat.given > 0) {
        plan.adds.push((seat.node.clone(), fresh.take_lowest(seat.given)));
    }
    Ok(plan)
}

/// The nodes that may hold symbols, in the order in which they are served.
fn seats<'n>(policy: &ObjectPlacementPolicy, nodes: &'n [NodeFacts], held: &'n SymbolDistribution) -> Vec<Seat<'n>> {
    let excluded = |node: &NodeFacts| policy.excluded_devices.iter().any(|selector| selector.selects(node));
    let preferred = |node: &NodeFacts| policy.preferred_devices.iter().any(|selector| selector.selects(node));
    let seat = |node: &'n NodeFacts| Seat {
        node: &node.node_id,
        preferred: preferred(node),
        held: held.node_symbols.get(&node.node_id).map_or_else(|| Cow::Owned(EsiSet::new()), Cow::Borrowed),
        given: 0,
    };
    let mut seats: Vec<_> = nodes.iter().filter(|node| !excluded(node)).map(seat).collect();
    seats.sort_unstable_by_key(|seat| (!seat.preferred, seat.node));
    seats.dedup_by_key(|seat| seat.node);
    seats
}

/// What nodes hold that count and are excluded.
fn excluded(nodes: &[NodeFacts], seats: &[Seat<'_>], held: &SymbolDistribution) -> Vec<(NodeId, EsiSet)> {
    let is_seat = |node: &NodeId| seats.iter().any(|seat| seat.node == node);
    let counts = |node: &NodeId| nodes.iter().any(|facts| facts.node_id == *node);
    held.node_symbols
        .iter()
        .filter(|(node, esis)| !esis.is_empty() && counts(node) && !is_seat(node))
        .map(|(node, esis)| (node.clone(), esis.clone()))
        .collect()
}

/// Takes from each node what is above the largest share: what others hold, too, first, then the highest numbers.
fn take_surplus(seats: &mut [Seat<'_>], wanted: u32, share: u32) -> Vec<(NodeId, EsiSet)> {
    let most = largest(seats, wanted, share);
    let mut surplus = Vec::new();
    let loads: Vec<u32> = seats.iter().map(Seat::load).collect();
    for (at, load) in loads.into_iter().enumerate() {
        let above = load.saturating_sub(most);
        if above == 0 {
            continue;
        }
        let others: EsiSet = seats
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .flat_map(|(_, seat)| seat.held.runs().iter().cloned())
            .collect();
        let Some(seat) = seats.get_mut(at) else { continue };
        let twice = highest(&seat.held.intersection(&others), above);
        let rest = highest(&seat.held.difference(&twice), above.saturating_sub(twice.count()));
        let goes = twice.union(&rest);
        seat.held = Cow::Owned(seat.held.difference(&goes));
        surplus.push((seat.node.clone(), goes));
    }
    surplus
}

/// The most that one node may hold. Where a large share is cut, the whole shrinks, and with it everybody's share.
fn largest(seats: &[Seat<'_>], wanted: u32, share: u32) -> u32 {
    let part = |whole: u64| whole.saturating_mul(u64::from(share)).checked_div(10_000).unwrap_or_default();
    let mut whole = seats.iter().fold(0, |sum: u64, seat| sum.saturating_add(u64::from(seat.load())));
    whole = whole.max(u64::from(wanted));
    // Mostly two rounds. Where a share is nearly all, what is left above it after many is cut the next time.
    for _ in 0..64 {
        let most = part(whole);
        let left = seats.iter().fold(0, |sum: u64, seat| sum.saturating_add(u64::from(seat.load()).min(most)));
        let next = left.max(u64::from(wanted));
        if next >= whole {
            break;
        }
        whole = next;
    }
    u32::try_from(part(whole)).unwrap_or(u32::MAX)
}

fn highest(esis: &EsiSet, count: u32) -> EsiSet {
    esis.difference(&esis.lowest(esis.count().saturating_sub(count)))
}

/// Gives out what is lacking of `wanted` distinct symbols, to the nodes that hold least; and to as many nodes that hold
/// nothing as there must be holders more, a share that is worth having.
fn fill(seats: &mut [Seat<'_>], wanted: u32, holders: u32, share: u32) {
    let count = u32::try_from(seats.len()).unwrap_or(u32::MAX);
    let distinct: EsiSet = seats.iter().flat_map(|seat| seat.held.runs().iter().cloned()).collect();
    let kept = seats.iter().fold(0, |sum: u32, seat| sum.saturating_add(seat.load()));
    let whole = kept.saturating_add(wanted.saturating_sub(distinct.count()));
    let mut left = evened(whole, count, share).saturating_sub(kept);
    if whole == kept {
        left = 0;
    }
    let mut order: Vec<usize> = (0..seats.len()).collect();
    order.sort_by_key(|at| seats.get(*at).map(Seat::load));
    // Raise the lowest to the next higher level, then both, and so on, as far as it goes.
    let (mut below, mut level) = (0_u32, 0_u32);
    for at in order.iter().map(Some).chain([None]) {
        let next = at.and_then(|at| seats.get(*at)).map(Seat::load);
        let step = next.map_or(u32::MAX, |next| next.saturating_sub(level));
        let affordable = left.checked_div(below).unwrap_or(step).min(step);
        level = level.saturating_add(affordable);
        left = left.saturating_sub(affordable.saturating_mul(below));
        if affordable < step {
            break;
        }
        below = below.saturating_add(1);
    }
    for seat in seats.iter_mut() {
        seat.given = level.saturating_sub(seat.load());
    }
    for seat in seats.iter_mut() {
        if left > 0 && seat.load() == level {
            seat.given = seat.given.saturating_add(1);
            left = left.saturating_sub(1);
        }
    }

    let hold = seats.iter().filter(|seat| seat.load() > 0).count();
    let lacking = usize::try_from(holders).unwrap_or(usize::MAX).saturating_sub(hold);
    let each = wanted.checked_div(count).unwrap_or_default().max(1);
    for seat in seats.iter_mut().filter(|seat| seat.load() == 0).take(lacking) {
        seat.given = each;
    }
}

#[cfg(test)]
mod tests;
