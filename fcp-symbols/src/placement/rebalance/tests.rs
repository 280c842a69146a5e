#![expect(clippy::arithmetic_side_effects, reason = "the small numbers of tests")]

use fcp_core::device::NodeFacts;
use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::{DeviceSelector, ObjectPlacementPolicy};
use proptest::prelude::*;

use super::{Rebalance, rebalance};
use crate::coverage::SymbolDistribution;
use crate::esi::EsiSet;
use crate::placement::{PlacementError, spread};

const NAMES: [&str; 6] = ["nA", "nB", "nC", "nD", "nE", "nF"];

fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

fn nodes(names: &[&str]) -> Vec<NodeFacts> {
    let facts = |name: &&str| NodeFacts {
        node_id: node(name),
        tags: vec![],
        class: (*name).into(),
        zones: vec![],
        capabilities: vec![],
    };
    names.iter().map(facts).collect()
}

fn policy(min_nodes: u8, max_node_fraction_bps: u16, target_coverage_bps: u32) -> ObjectPlacementPolicy {
    ObjectPlacementPolicy {
        min_nodes,
        max_node_fraction_bps,
        preferred_devices: vec![],
        excluded_devices: vec![],
        target_coverage_bps,
    }
}

/// What [`spread`] makes of an object of `k` symbols.
fn placed(policy: &ObjectPlacementPolicy, names: &[&str], k: u16) -> SymbolDistribution {
    let mut held = SymbolDistribution::new(ObjectId::from_bytes([1; 32]), k);
    for (node, run) in spread(policy, &nodes(names), k).unwrap() {
        held.note(&node, &EsiSet::from(run));
    }
    held
}

fn counts(changes: &[(NodeId, EsiSet)]) -> Vec<(&str, u32)> {
    changes.iter().map(|(node, esis)| (node.as_str(), esis.count())).collect()
}

fn apply(held: &mut SymbolDistribution, plan: &Rebalance) {
    for (node, esis) in &plan.adds {
        held.note(node, esis);
    }
    for (node, esis) in &plan.drops {
        let left = held.node_symbols[node].difference(esis);
        held.node_symbols.insert(node.clone(), left);
    }
}

#[test]
fn what_a_node_took_along_is_made_anew_and_stays_when_it_returns() {
    let policy = policy(3, 3_000, 15_000);
    let mut held = placed(&policy, &["nA", "nB", "nC", "nD", "nE"], 64);
    assert!(rebalance(&policy, &nodes(&["nA", "nB", "nC", "nD", "nE"]), &held).unwrap().is_empty());
    // 96 symbols: 20 on the first node, 19 on each other. Without that, 20 more on four nodes of 19.
    let left = nodes(&["nB", "nC", "nD", "nE"]);
    let plan = rebalance(&policy, &left, &held).unwrap();
    assert_eq!(counts(&plan.adds), [("nB", 5), ("nC", 5), ("nD", 5), ("nE", 5)]);
    assert_eq!((plan.unmet, plan.drops.len()), (None, 0));
    assert_eq!(plan.adds[0].1, EsiSet::from(96..101));
    apply(&mut held, &plan);
    assert!(rebalance(&policy, &left, &held).unwrap().is_empty());
    // It comes back with what it had: more than enough, and nothing moves.
    assert!(rebalance(&policy, &nodes(&["nA", "nB", "nC", "nD", "nE"]), &held).unwrap().is_empty());
    // When another one leaves, the surplus is used: only 4 of its 24 have to be made anew, for who has least.
    let plan = rebalance(&policy, &nodes(&["nA", "nC", "nD", "nE"]), &held).unwrap();
    assert_eq!(counts(&plan.adds), [("nA", 4)]);
}

#[test]
fn too_few_nodes_get_as_near_as_they_can() {
    let policy = policy(3, 3_000, 15_000);
    let mut held = placed(&policy, &["nA", "nB", "nC", "nD"], 64);
    let left = nodes(&["nA", "nB", "nC"]);
    let plan = rebalance(&policy, &left, &held).unwrap();
    assert_eq!(plan.unmet, Some(PlacementError::TooFewNodes { eligible: 3, needed: 4 }));
    assert_eq!(counts(&plan.adds), [("nA", 8), ("nB", 8), ("nC", 8)]);
    apply(&mut held, &plan);
    assert!(rebalance(&policy, &left, &held).unwrap().is_empty());
    let nobody = rebalance(&policy, &[], &held).unwrap();
    assert!(nobody.is_empty() && nobody.unmet.is_some());
}

#[test]
fn a_large_share_is_cut_after_the_others_have_more() {
    let policy = policy(2, 5_000, 10_000);
    let mut held = SymbolDistribution::new(ObjectId::from_bytes([1; 32]), 10);
    held.note(&node("nA"), &EsiSet::from(0..10));
    let both = nodes(&["nA", "nB"]);
    let plan = rebalance(&policy, &both, &held).unwrap();
    assert_eq!((counts(&plan.adds), counts(&plan.drops)), (vec![("nB", 5)], vec![]));
    assert_eq!(plan.adds[0].1, EsiSet::from(10..15));
    apply(&mut held, &plan);
    let plan = rebalance(&policy, &both, &held).unwrap();
    assert_eq!((counts(&plan.adds), plan.drops.clone()), (vec![], vec![(node("nA"), EsiSet::from(5..10))]));
    apply(&mut held, &plan);
    assert!(rebalance(&policy, &both, &held).unwrap().is_empty());
}

#[test]
fn what_stands_twice_is_given_up_first() {
    let policy = policy(2, 5_000, 10_000);
    let mut held = SymbolDistribution::new(ObjectId::from_bytes([1; 32]), 8);
    held.note(&node("nA"), &EsiSet::from(0..8));
    held.note(&node("nB"), &EsiSet::from(2..6));
    let plan = rebalance(&policy, &nodes(&["nA", "nB"]), &held).unwrap();
    // Four of eight may stay on A. What B has, too, goes; then eight distinct ones are all there but none too many.
    assert_eq!(plan.drops, [(node("nA"), EsiSet::from(2..6))]);
    assert!(plan.adds.is_empty());
}

#[test]
fn excluded_devices_are_emptied_and_preferred_ones_served_first() {
    let mut policy = policy(2, 5_000, 15_000);
    let mut held = placed(&policy, &["nA", "nB", "nC"], 10);
    policy.excluded_devices = vec![DeviceSelector::Class("nC".into())];
    policy.preferred_devices = vec![DeviceSelector::Class("nD".into())];
    let four = nodes(&["nA", "nB", "nC", "nD"]);
    let plan = rebalance(&policy, &four, &held).unwrap();
    assert_eq!((counts(&plan.adds), plan.drops.len()), (vec![("nD", 5)], 0));
    assert_eq!(plan.adds[0].1, EsiSet::from(15..20));
    apply(&mut held, &plan);
    let plan = rebalance(&policy, &four, &held).unwrap();
    assert_eq!((counts(&plan.adds), counts(&plan.drops)), (vec![], vec![("nC", 5)]));
    apply(&mut held, &plan);
    assert!(rebalance(&policy, &four, &held).unwrap().is_empty());
}

#[test]
fn a_node_that_only_counts_gets_a_share_worth_having() {
    let policy = policy(3, 10_000, 15_000);
    let mut held = SymbolDistribution::new(ObjectId::from_bytes([1; 32]), 10);
    held.note(&node("nA"), &EsiSet::from(0..15));
    let plan = rebalance(&policy, &nodes(&["nA", "nB", "nC"]), &held).unwrap();
    assert_eq!(counts(&plan.adds), [("nB", 5), ("nC", 5)]);
}

#[test]
fn the_code_has_an_end() {
    let held = SymbolDistribution::new(ObjectId::from_bytes([1; 32]), 50_000);
    let error = rebalance(&policy(1, 10_000, 4_000_000), &nodes(&["nA"]), &held).unwrap_err();
    assert_eq!(error, PlacementError::TooManySymbols);
    let mut held = SymbolDistribution::new(ObjectId::from_bytes([1; 32]), 4);
    held.note(&node("nZ"), &EsiSet::from(0..1 << 24));
    assert!(rebalance(&policy(1, 10_000, 10_000), &nodes(&["nA"]), &held).is_err());
}

proptest! {
    /// Whatever lies wherever: a few rounds, each of which the policy is nearer after, and then nothing moves any more.
    #[test]
    fn comes_to_rest_with_the_policy_met(
        k in 1_u16..80,
        (min_nodes, fraction, target) in (0_u8..6, 0_u16..=10_000, 0_u32..30_000),
        runs in prop::collection::vec((0_usize..6, 0_u32..120, 0_u32..60), 0..10),
        present in 1_usize..=6,
        excluded in prop::option::weighted(0.3, 0_usize..6),
    ) {
        let mut policy = policy(min_nodes, fraction, target);
        policy.excluded_devices = excluded.map(|at| DeviceSelector::Class(NAMES[at].into())).into_iter().collect();
        let mut held = SymbolDistribution::new(ObjectId::from_bytes([1; 32]), k);
        for (holder, start, len) in runs {
            held.note(&node(NAMES[holder]), &EsiSet::from(start..start + len));
        }
        let here = nodes(&NAMES[..present]);
        let eligible = (0..present).filter(|at| excluded != Some(*at)).count();
        let counts = |node: &NodeId| {
            here.iter().enumerate().any(|(at, facts)| facts.node_id == *node && excluded != Some(at))
        };
        let mut rounds = 0;
        loop {
            let plan = rebalance(&policy, &here, &held).unwrap();
            let mut reversed = here.clone();
            reversed.reverse();
            prop_assert_eq!(&rebalance(&policy, &reversed, &held).unwrap(), &plan);
            prop_assert!(plan.adds.is_empty() || plan.drops.is_empty());
            let (before, known) = (held.evaluate(counts), held.known());
            for (_, esis) in &plan.adds {
                prop_assert!(!esis.is_empty() && esis.intersection(&known).is_empty());
            }
            apply(&mut held, &plan);
            let after = held.evaluate(counts);
            prop_assert!(after.coverage_bps >= before.coverage_bps.min(target));
            if plan.is_empty() {
                break;
            }
            rounds += 1;
            prop_assert!(rounds < 20, "{:?}", plan);
        }
        if eligible > 0 {
            let end = held.evaluate(counts);
            prop_assert!(end.coverage_bps >= target);
            prop_assert!(end.distinct_nodes as usize >= usize::from(min_nodes).min(eligible) || target == 0);
            let share = u32::from(fraction).max(10_000_u32.div_ceil(u32::try_from(eligible).unwrap()));
            prop_assert!(u32::from(end.max_node_fraction_bps) <= share);
        }
        for (holder, esis) in &held.node_symbols {
            let is_excluded = excluded.is_some_and(|at| at < present && holder.as_str() == NAMES[at]);
            prop_assert!(!is_excluded || esis.is_empty() || eligible == 0);
        }
    }
}
