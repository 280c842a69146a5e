#![expect(clippy::arithmetic_side_effects, reason = "the small numbers of tests")]

use std::collections::{BTreeMap, BTreeSet};

use fcp_core::device::NodeFacts;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::ObjectPlacementPolicy;
use fcp_core::time::Millis;

use super::{RepairActivity, RepairConfig, RepairController, RepairOutput, plan};
use crate::coverage::{CoverageEvaluation, SymbolDistribution};
use crate::esi::EsiSet;
use crate::placement::spread;

const START: Millis = Millis::from_millis(1_000_000);

fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

fn facts(name: &str) -> NodeFacts {
    NodeFacts { node_id: node(name), tags: vec![], class: String::new(), zones: vec![], capabilities: vec![] }
}

fn id(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 32])
}

fn policy() -> ObjectPlacementPolicy {
    ObjectPlacementPolicy {
        min_nodes: 3,
        max_node_fraction_bps: 4_000,
        preferred_devices: vec![],
        excluded_devices: vec![],
        target_coverage_bps: 15_000,
    }
}

/// A mesh in which everybody hears what everybody holds, once a tick, and orders may be lost.
struct World {
    now: Millis,
    nodes: BTreeMap<NodeId, (RepairController, bool)>,
    objects: BTreeMap<ObjectId, u16>,
    held: BTreeMap<(ObjectId, NodeId), EsiSet>,
    fetched: BTreeMap<(NodeId, ObjectId), EsiSet>,
    random: u64,
    loss_percent: u64,
    /// Orders of symbols so far.
    orders: usize,
    /// Which nodes sent symbols of each object.
    senders: BTreeMap<ObjectId, BTreeSet<NodeId>>,
    repaired: Vec<(ObjectId, CoverageEvaluation, CoverageEvaluation)>,
}

impl World {
    const TICK_MS: u64 = 1_000;

    fn new(names: &[&str], config: RepairConfig) -> Self {
        let mut nodes = BTreeMap::new();
        for name in names {
            let mut controller = RepairController::new(ZoneId::work(), node(name), config, START);
            for other in names {
                controller.handle_node(START, facts(other), true);
            }
            nodes.insert(node(name), (controller, true));
        }
        Self {
            now: START,
            nodes,
            objects: BTreeMap::new(),
            held: BTreeMap::new(),
            fetched: BTreeMap::new(),
            random: 1,
            loss_percent: 0,
            orders: 0,
            senders: BTreeMap::new(),
            repaired: vec![],
        }
    }

    fn place(&mut self, object: ObjectId, k: u16, names: &[&str]) {
        let holders: Vec<_> = names.iter().map(|name| facts(name)).collect();
        for (holder, run) in spread(&policy(), &holders, k).unwrap() {
            self.held.insert((object, holder), EsiSet::from(run));
        }
        self.objects.insert(object, k);
        for (controller, _) in self.nodes.values_mut() {
            controller.handle_object(object, k, &policy());
        }
    }

    fn set(&mut self, name: &str, here: bool) {
        let (_, is_here) = self.nodes.get_mut(&node(name)).unwrap();
        *is_here = here;
        let now = self.now;
        let present: BTreeMap<_, _> = self.nodes.iter().map(|(node, (_, here))| (node.clone(), *here)).collect();
        for (controller, here) in self.nodes.values_mut().filter(|(_, here)| *here) {
            assert!(*here);
            for (other, is_here) in &present {
                controller.handle_node(now, facts(other.as_str()), *is_here);
            }
        }
    }

    fn is_here(&self, node: &NodeId) -> bool {
        self.nodes[node].1
    }

    fn is_lost(&mut self) -> bool {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % 100 < self.loss_percent
    }

    fn tick(&mut self) {
        self.pass(Self::TICK_MS);
    }

    /// Lets time pass, and everybody hear and do what there is.
    fn pass(&mut self, milliseconds: u64) {
        self.now = self.now.saturating_add(milliseconds);
        let now = self.now;
        let everything = self.held.clone();
        for (controller, _) in self.nodes.values_mut().filter(|(_, here)| *here) {
            for ((object, holder), esis) in &everything {
                controller.handle_holding(now, object, holder, esis);
            }
            if controller.poll_timeout() <= now {
                controller.handle_timeout(now);
            }
        }
        let names: Vec<_> = self.nodes.keys().cloned().collect();
        for name in names {
            while let Some(output) =
                self.nodes.get_mut(&name).filter(|(_, here)| *here).and_then(|(controller, _)| controller.poll_output())
            {
                self.carry_out(&name, output);
            }
        }
    }

    fn carry_out(&mut self, who: &NodeId, output: RepairOutput) {
        let now = self.now;
        match output {
            RepairOutput::Fetch { object, from, esis } => {
                self.orders += 1;
                if self.is_lost() || !self.is_here(&from) {
                    return;
                }
                let held = self.held.get(&(object, from)).cloned().unwrap_or_default();
                assert!(esis.difference(&held).is_empty(), "asked for what is not there");
                let own = self.held.get(&(object, who.clone())).cloned().unwrap_or_default();
                let all = self.fetched.entry((who.clone(), object)).or_insert(own);
                all.extend(esis.runs().iter().cloned());
                if all.count() >= u32::from(self.objects[&object]) {
                    self.nodes.get_mut(who).unwrap().0.handle_whole(now, &object);
                }
            }
            RepairOutput::Send { object, to, esis } => {
                self.orders += 1;
                self.senders.entry(object).or_default().insert(who.clone());
                for ((other, holder), held) in &self.held {
                    assert!(*other != object || *holder == to || held.intersection(&esis).is_empty(), "not fresh");
                }
                if self.is_lost() || !self.is_here(&to) {
                    return;
                }
                self.held.entry((object, to.clone())).or_default().extend(esis.runs().iter().cloned());
                self.nodes.get_mut(who).unwrap().0.handle_confirmed(now, &object, &to, &esis);
            }
            RepairOutput::Drop { object, esis } => {
                self.orders += 1;
                let held = self.held.get_mut(&(object, who.clone())).unwrap();
                assert!(esis.difference(held).is_empty());
                *held = held.difference(&esis);
            }
            RepairOutput::Repaired { object, before, after } => self.repaired.push((object, before, after)),
            RepairOutput::GivenUp { .. } => {}
        }
    }

    fn run(&mut self, seconds: u64) {
        (0..seconds).for_each(|_| self.tick());
    }

    fn evaluation(&self, object: &ObjectId) -> CoverageEvaluation {
        let held = self.held.iter().filter(|((of, holder), _)| of == object && self.is_here(holder));
        CoverageEvaluation::of_sets(self.objects[object], held.map(|(_, esis)| esis))
    }

    /// Lets time pass until nobody orders anything for twenty minutes.
    fn rest(&mut self) {
        for _ in 0..50 {
            let before = self.orders;
            (0..120).for_each(|_| self.pass(10_000));
            if self.orders == before {
                return;
            }
        }
        panic!("never comes to rest");
    }
}

fn config() -> RepairConfig {
    RepairConfig { interval_ms: 10_000, takeover_ms: 30_000, settle_ms: 60_000, ..RepairConfig::default() }
}

const FIVE: [&str; 5] = ["nA", "nB", "nC", "nD", "nE"];

#[test]
fn a_loss_is_made_up_for_once_and_by_one_node() {
    let mut world = World::new(&FIVE, config());
    for (byte, k) in [(1, 64), (2, 10), (3, 1), (4, 700)] {
        world.place(id(byte), k, &FIVE);
    }
    world.run(120);
    assert_eq!(world.orders, 0);
    world.set("nB", false);
    world.run(60);
    // The one of a single source symbol has four others left.
    assert_eq!(world.senders.get(&id(3)), None);
    assert!(world.evaluation(&id(3)).satisfies(&policy()));
    for object in [1, 2, 4].map(id) {
        assert!(world.evaluation(&object).satisfies(&policy()), "{object} {:?}", world.evaluation(&object));
        assert_eq!(world.senders[&object].len(), 1);
    }
    assert_eq!(world.repaired.len(), 3);
    assert!(
        world.repaired.iter().all(|(_, before, after)| before.coverage_bps < 15_000 && after.coverage_bps >= 15_000)
    );
    // From here on nothing moves, neither while it stays away nor when it comes back.
    let orders = world.orders;
    world.run(600);
    world.set("nB", true);
    world.run(600);
    assert_eq!(world.orders, orders);
    // And when it leaves again, what was made is still there.
    world.set("nB", false);
    world.run(600);
    assert_eq!(world.orders, orders);
}

#[test]
fn the_next_steps_in_for_one_that_does_nothing() {
    let mut world = World::new(&FIVE, config());
    world.place(id(1), 64, &FIVE);
    world.set("nA", false);
    world.run(30);
    let first = world.senders[&id(1)].first().unwrap().clone();

    // The same, but whoever should repair does not, although all others think that it is there.
    let mut world = World::new(&FIVE, config());
    world.place(id(1), 64, &FIVE);
    world.set("nA", false);
    world.nodes.get_mut(&first).unwrap().1 = false;
    for (controller, _) in world.nodes.values_mut() {
        controller.handle_whole(START, &id(1));
    }
    world.run(30);
    assert!(world.senders.is_empty());
    world.run(30);
    let second = world.senders[&id(1)].first().unwrap();
    assert_ne!(*second, first);
}

#[test]
fn limits_hold_and_the_most_endangered_come_first() {
    let limits = RepairConfig { max_repairs_per_cycle: 2, max_symbols_per_cycle: 100, ..config() };
    let mut controller = RepairController::new(ZoneId::work(), node("nA"), limits, START);
    for name in ["nA", "nB"] {
        controller.handle_node(START, facts(name), true);
    }
    let pair = ObjectPlacementPolicy { min_nodes: 1, max_node_fraction_bps: 10_000, ..policy() };
    // What this node alone holds, 20 source symbols each, of which it has between 20 and 24.
    for byte in 0..5 {
        controller.handle_object(id(byte), 20, &pair);
        controller.handle_holding(START, &id(byte), &node("nA"), &EsiSet::from(0..24 - u32::from(byte)));
        controller.handle_whole(START, &id(byte));
    }
    assert_eq!(controller.status().totals.satisfied, 0);
    let mut now = START;
    let mut order = vec![];
    while order.len() < 5 {
        now = controller.poll_timeout();
        controller.handle_timeout(now);
        let mut sent = vec![];
        while let Some(output) = controller.poll_output() {
            if let RepairOutput::Send { object, to, esis } = output {
                sent.push((object, to, esis));
            }
        }
        assert!(sent.len() <= 2, "{sent:?}");
        for (object, to, esis) in sent {
            assert_eq!(controller.object_status(&object).unwrap().activity, RepairActivity::Sending);
            controller.handle_confirmed(now, &object, &to, &esis);
            assert_eq!(controller.object_status(&object).unwrap().activity, RepairActivity::None);
            order.push(object);
        }
    }
    assert_eq!(order, [4, 3, 2, 1, 0].map(id));
    assert_eq!(now.since(START), 3 * 10_000);
    let status = controller.status();
    assert_eq!((status.repaired, status.totals.satisfied, status.symbols), (5, 5, 6 + 7 + 8 + 9 + 10));
    // An object of more symbols than a cycle has is repaired all the same, alone.
    let mut few =
        RepairController::new(ZoneId::work(), node("nA"), RepairConfig { max_symbols_per_cycle: 3, ..limits }, START);
    few.handle_node(START, facts("nA"), true);
    for byte in 0..2 {
        few.handle_object(id(byte), 20, &pair);
        few.handle_whole(START, &id(byte));
    }
    few.handle_timeout(few.poll_timeout());
    assert!(matches!(few.poll_output(), Some(RepairOutput::Send { esis, .. }) if esis == EsiSet::from(0..30)));
    assert_eq!(few.poll_output(), None);
}

#[test]
fn what_nobody_answers_is_given_up_and_tried_again_later() {
    let mut world = World::new(&["nA", "nB", "nC", "nD"], config());
    world.place(id(1), 32, &["nA", "nB", "nC", "nD"]);
    world.set("nD", false);
    world.loss_percent = 100;
    world.run(400);
    let given_up: u64 = world.nodes.values().map(|(controller, _)| controller.status().given_up).sum();
    assert!(given_up >= 1);
    assert!(world.orders < 200, "{} orders in vain", world.orders);
    world.loss_percent = 0;
    world.run(2_000);
    assert!(world.evaluation(&id(1)).satisfies(&policy()));
}

#[test]
fn nobody_tries_what_nobody_can_do() {
    let mut world = World::new(&FIVE, config());
    world.place(id(1), 64, &FIVE);
    for name in ["nA", "nB", "nC"] {
        world.set(name, false);
    }
    assert!(!world.evaluation(&id(1)).is_available);
    world.run(600);
    assert_eq!(world.orders, 0);
    let (controller, _) = &world.nodes[&node("nE")];
    assert_eq!(controller.object_status(&id(1)).unwrap().activity, RepairActivity::Stuck);
    assert_eq!(controller.status().totals.unavailable, 1);
    // Two return: now there is enough to make new ones from.
    world.set("nA", true);
    world.set("nB", true);
    world.run(600);
    assert!(world.evaluation(&id(1)).is_available);
    assert!(world.evaluation(&id(1)).coverage_bps >= 15_000);
}

#[test]
fn what_is_too_much_on_one_node_leaves_it_last() {
    let mut world = World::new(&FIVE, config());
    world.place(id(1), 20, &FIVE);
    world.held.retain(|_, _| false);
    world.held.insert((id(1), node("nC")), EsiSet::from(0..30));
    world.run(30);
    assert_eq!(world.held[&(id(1), node("nC"))].count(), 30);
    world.rest();
    let evaluation = world.evaluation(&id(1));
    assert!(evaluation.satisfies(&policy()), "{evaluation:?}");
    assert!(world.held[&(id(1), node("nC"))].count() < 30);
}

#[test]
fn fetches_from_all_holders_in_equal_parts() {
    let mut held = SymbolDistribution::new(id(1), 30);
    for (name, run) in [("nA", 0..4), ("nB", 0..20), ("nC", 20..40), ("nZ", 40..99)] {
        held.note(&node(name), &EsiSet::from(run));
    }
    let nodes = ["nA", "nB", "nC", "nD"].map(facts);
    let planned = plan(&policy(), &nodes, &held, &node("nA"), false).unwrap();
    let fetched: Vec<_> = planned.fetch.iter().map(|(from, esis)| (from.as_str(), esis.clone())).collect();
    // 30 and two more, of which four are here: 14 from each, and none that is here or on a node that does not count.
    assert_eq!(fetched, [("nB", EsiSet::from(4..18)), ("nC", EsiSet::from(20..34))]);
    assert!(!planned.out_of_reach && planned.symbols() > 28);
    let whole = plan(&policy(), &nodes, &held, &node("nA"), true).unwrap();
    assert_eq!((whole.fetch.len(), &whole.rebalance), (0, &planned.rebalance));
    let few = plan(&policy(), &nodes[..2], &held, &node("nA"), false).unwrap();
    assert!(few.out_of_reach && few.fetch.is_empty());
    assert!(!plan(&policy(), &nodes[..2], &held, &node("nA"), true).unwrap().out_of_reach);
}

#[test]
fn any_coming_and_going_comes_to_rest() {
    for seed in 0..5 {
        let names = ["nA", "nB", "nC", "nD", "nE", "nF"];
        let mut world = World::new(&names, config());
        (world.random, world.loss_percent) = (seed, 20);
        for (byte, k) in (0..12).zip([1, 2, 3, 10, 33, 64, 65, 66, 100, 129, 300, 7]) {
            world.place(id(byte), k, &names[usize::from(byte) % 3..]);
        }
        let mut here = BTreeSet::from(names);
        for _ in 0..12 {
            world.is_lost();
            let name = names[usize::try_from(world.random >> 40).unwrap() % names.len()];
            let present = !here.remove(name);
            if present || here.len() < 3 {
                here.insert(name);
            }
            world.set(name, here.contains(name));
            world.run(100);
        }
        world.rest();
        for object in world.objects.keys() {
            let evaluation = world.evaluation(object);
            assert!(evaluation.coverage_bps >= 15_000, "seed {seed}, {object}: {evaluation:?}");
            assert!(evaluation.distinct_nodes >= 3, "seed {seed}, {object}: {evaluation:?}");
            assert!(evaluation.max_node_fraction_bps <= 4_000, "seed {seed}, {object}: {evaluation:?}");
        }
        for (controller, _) in world.nodes.values().filter(|(_, here)| *here) {
            let status = controller.status();
            assert_eq!((status.fetching, status.sending, status.totals.satisfied), (0, 0, 12));
            assert!(controller.object_statuses().all(|object| object.activity == RepairActivity::None));
        }
    }
}
