#![expect(clippy::arithmetic_side_effects, reason = "the small numbers of tests")]

use fcp_core::device::NodeFacts;
use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::{DeviceSelector, ObjectPlacementPolicy};
use proptest::prelude::*;

use super::{CoverageIndex, CoverageTotals};
use crate::coverage::{CoverageEvaluation, DistributedState};
use crate::esi::EsiSet;

fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

fn facts(name: &str) -> NodeFacts {
    NodeFacts { node_id: node(name), tags: vec![], class: name.into(), zones: vec![], capabilities: vec![] }
}

fn id(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 32])
}

fn policy(min_nodes: u8) -> ObjectPlacementPolicy {
    ObjectPlacementPolicy {
        min_nodes,
        max_node_fraction_bps: 5_000,
        preferred_devices: vec![],
        excluded_devices: vec![],
        target_coverage_bps: 15_000,
    }
}

const NAMES: [&str; 4] = ["nA", "nB", "nC", "nD"];

/// Objects 1 and 2 on three nodes each, 10 source symbols, 5 of 15 on each node.
fn index() -> CoverageIndex {
    let mut index = CoverageIndex::new();
    for name in NAMES {
        assert_eq!(index.set_node(facts(name), true), 0);
    }
    for (object, holders) in [(id(1), ["nA", "nB", "nC"]), (id(2), ["nB", "nC", "nD"])] {
        index.track(object, 10, &policy(3));
        for (holder, start) in holders.into_iter().zip([0, 5, 10]) {
            index.set_holding(&object, &node(holder), &EsiSet::from(start..start + 5));
        }
    }
    index
}

#[test]
fn a_loss_concerns_only_what_was_lost() {
    let mut index = index();
    assert_eq!(index.totals(), CoverageTotals { objects: 2, satisfied: 2, unavailable: 0 });
    assert_eq!(index.set_node(facts("nA"), false), 1);
    assert_eq!(index.set_node(facts("nA"), false), 0);
    let short: Vec<_> = index.short().collect();
    assert_eq!(short.len(), 1);
    assert_eq!((short[0].object_id, short[0].coverage_bps, short[0].distinct_nodes), (id(1), 10_000, 2));
    index.set_node(facts("nB"), false);
    let order: Vec<_> = index.short().map(|urgency| (urgency.object_id, urgency.coverage_bps)).collect();
    assert_eq!(order, [(id(1), 5_000), (id(2), 10_000)]);
    assert_eq!(index.totals(), CoverageTotals { objects: 2, satisfied: 0, unavailable: 1 });
    // What is set aside is short all the same, and comes up again when something about it changes.
    index.park(&id(1));
    assert_eq!((index.first_due().unwrap().object_id, index.short().count()), (id(2), 2));
    index.park(&id(2));
    assert_eq!(index.first_due(), None);
    index.wake(&id(2));
    assert_eq!(index.first_due().unwrap().object_id, id(2));
    // To hear the same again is no change.
    index.set_holding(&id(1), &node("nC"), &EsiSet::from(10..15));
    assert!(index.is_parked(&id(1)));
    index.add_holding(&id(1), &node("nC"), &EsiSet::from(15..16));
    assert_eq!(index.first_due().unwrap().object_id, id(1));
    index.park(&id(1));
    index.wake_all();
    assert_eq!(index.first_due().unwrap().object_id, id(1));
    index.set_node(facts("nA"), true);
    index.set_node(facts("nB"), true);
    assert_eq!(index.totals().satisfied, 2);
    assert_eq!(index.urgency(&id(1)), None);
}

#[test]
fn all_at_once_is_as_good_as_one_by_one() {
    let (one_by_one, mut at_once) = (index(), CoverageIndex::new());
    for name in NAMES {
        at_once.set_node(facts(name), true);
    }
    for object in one_by_one.objects() {
        let held = one_by_one.distribution(object).unwrap();
        at_once.insert(*object, held.k, &policy(3), [(&node("nD"), &EsiSet::from(0..99))]);
        at_once.insert(*object, held.k, &policy(3), &held.node_symbols);
        assert_eq!(at_once.distribution(object), Some(held));
    }
    assert_eq!((at_once.totals(), at_once.set_node(facts("nA"), false)), (one_by_one.totals(), 1));
    assert_eq!(at_once.totals().satisfied, 1);
}

#[test]
fn excluded_devices_do_not_count() {
    let mut index = index();
    let excluding = ObjectPlacementPolicy { excluded_devices: vec![DeviceSelector::Class("nA".into())], ..policy(2) };
    index.track(id(1), 10, &excluding);
    assert_eq!(index.policy(&id(1)), Some(&excluding));
    let evaluation = index.evaluation(&id(1)).unwrap();
    assert_eq!((evaluation.distinct_nodes, evaluation.coverage_bps), (2, 10_000));
    // What a device is may change, and with it what it is worth.
    index.set_node(NodeFacts { class: "other".into(), ..facts("nA") }, true);
    assert_eq!(index.evaluation(&id(1)).unwrap().coverage_bps, 15_000);
    assert_eq!(index.totals().satisfied, 2);
}

#[test]
fn what_is_not_known_is_left_aside() {
    let mut index = index();
    index.set_holding(&id(9), &node("nA"), &EsiSet::from(0..5));
    index.set_holding(&id(1), &node("nZ"), &EsiSet::from(0..5));
    assert_eq!((index.evaluation(&id(9)), index.totals().objects), (None, 2));
    assert!(!index.counts(&node("nZ")) && index.counts(&node("nA")));
    index.forget(&id(1));
    assert_eq!((index.totals().objects, index.evaluation(&id(1)), index.objects().count()), (1, None, 1));
    assert_eq!(index.set_node(facts("nA"), false), 1);
    assert_eq!(index.totals().satisfied, 1);
}

#[test]
fn a_state_is_its_distribution() {
    let distribution = index().distribution(&id(1)).unwrap();
    assert_eq!(distribution.known(), EsiSet::from(0..15));
    let state = DistributedState { distribution, min_coverage_bps: 15_000 };
    assert_eq!((state.coverage_bps(), state.is_available(), state.has_minimum()), (15_000, true, true));
    assert!(!DistributedState { min_coverage_bps: 15_001, ..state }.has_minimum());
}

#[derive(Debug, Clone)]
enum Step {
    Node(usize, bool),
    Track(u8, u16, u8),
    Forget(u8),
    Hold(u8, usize, u32, u32),
    Drop(u8, usize, u32, u32),
}

fn step() -> impl Strategy<Value = Step> {
    let run = || (0_u8..4, 0_usize..4, 0_u32..20, 0_u32..8);
    prop_oneof![
        (0_usize..4, any::<bool>()).prop_map(|(node, counts)| Step::Node(node, counts)),
        (0_u8..4, 0_u16..12, 0_u8..3).prop_map(|(object, k, policy)| Step::Track(object, k, policy)),
        (0_u8..4).prop_map(Step::Forget),
        run().prop_map(|(object, node, start, len)| Step::Hold(object, node, start, len)),
        run().prop_map(|(object, node, start, len)| Step::Drop(object, node, start, len)),
    ]
}

proptest! {
    /// However it came about, the index says what a look at everything says.
    #[test]
    fn equals_a_look_at_everything(steps in prop::collection::vec(step(), 0..60)) {
        let mut index = CoverageIndex::new();
        for step in steps {
            match step {
                Step::Node(node, counts) => drop(index.set_node(facts(NAMES[node]), counts)),
                Step::Track(object, k, min_nodes) => index.track(id(object), k, &policy(min_nodes)),
                Step::Forget(object) => index.forget(&id(object)),
                Step::Hold(object, holder, start, len) => {
                    index.add_holding(&id(object), &node(NAMES[holder]), &EsiSet::from(start..start + len));
                }
                Step::Drop(object, holder, start, len) => {
                    index.drop_holding(&id(object), &node(NAMES[holder]), &EsiSet::from(start..start + len));
                }
            }
        }
        let (mut short, mut unavailable) = (vec![], 0);
        for object in index.objects() {
            let distribution = index.distribution(object).unwrap();
            let holdings = distribution.node_symbols.iter().filter(|(node, _)| index.counts(node));
            let holdings = holdings.map(|(node, esis)| (node.clone(), esis.iter().collect())).collect();
            let evaluation = CoverageEvaluation::of(distribution.k, &holdings);
            prop_assert_eq!(index.evaluation(object), Some(evaluation));
            prop_assert_eq!(distribution.evaluate(|node| index.counts(node)), evaluation);
            unavailable += usize::from(!evaluation.is_available);
            if !evaluation.satisfies(index.policy(object).unwrap()) {
                short.push((evaluation.coverage_bps, evaluation.distinct_nodes, *object));
            }
        }
        short.sort_unstable();
        let found: Vec<_> =
            index.short().map(|urgency| (urgency.coverage_bps, urgency.distinct_nodes, urgency.object_id)).collect();
        prop_assert_eq!(index.totals(), CoverageTotals {
            objects: index.objects().count(), satisfied: index.objects().count() - short.len(), unavailable,
        });
        prop_assert_eq!(found, short);
    }
}
