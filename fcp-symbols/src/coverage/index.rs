//! The coverage of all objects of a zone.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Range;

use fcp_core::cbor;
use fcp_core::device::NodeFacts;
use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::ObjectPlacementPolicy;

use super::evaluation::{self, Tally};
use super::{CoverageEvaluation, SymbolDistribution};
use crate::esi::EsiSet;

/// How endangered an object is that falls short of its policy: what compares less is repaired first.
///
/// First whatever has the least coverage, then what is on the fewest nodes, then the smaller id. So all nodes have one
/// order, and what is about to be lost comes before what merely lies unevenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Urgency {
    /// Distinct symbols over source symbols.
    pub coverage_bps: u32,
    /// How many nodes hold any.
    pub distinct_nodes: u32,
    /// The object.
    pub object_id: ObjectId,
}

/// A zone's objects, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CoverageTotals {
    /// All that are tracked.
    pub objects: usize,
    /// Those whose policy is met.
    pub satisfied: usize,
    /// Those that the nodes that count cannot restore.
    pub unavailable: usize,
}

/// A stretch of symbols on one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    node: u32,
    start: u32,
    end: u32,
}

#[derive(Debug)]
struct Object {
    id: ObjectId,
    k: u16,
    policy: u32,
    available: bool,
    /// What it lacks, if it falls short of its policy.
    urgency: Option<(u32, u32)>,
    /// Whether it is short and set aside.
    parked: bool,
    /// By node, then ascending.
    runs: Vec<Run>,
}

#[derive(Debug)]
struct Node {
    facts: NodeFacts,
    counts: bool,
    /// The objects that it holds symbols of, among others that it did once.
    objects: Vec<u32>,
    /// How many of them are right.
    held: usize,
}

#[derive(Debug)]
struct Policy {
    policy: ObjectPlacementPolicy,
    /// Whether each node may hold symbols.
    admits: Vec<bool>,
}

/// Where the symbols of all objects with a placement policy are, and which objects fall short of it.
///
/// Which nodes count is the caller's to say: members of the zone that can be reached. Devices that a policy excludes
/// never count for its objects, whatever they hold. Takes about 270 bytes an object that five nodes hold a run of.
#[derive(Debug, Default)]
pub struct CoverageIndex {
    nodes: Vec<Node>,
    node_places: BTreeMap<NodeId, u32>,
    policies: Vec<Policy>,
    policy_places: BTreeMap<Vec<u8>, u32>,
    objects: Vec<Option<Object>>,
    object_places: BTreeMap<ObjectId, u32>,
    free: Vec<u32>,
    short: BTreeSet<Urgency>,
    /// Those of `short` that are not set aside.
    due: BTreeSet<Urgency>,
    available: usize,
    scratch: Vec<Range<u32>>,
}

fn at<T>(items: &[T], place: u32) -> Option<&T> {
    items.get(usize::try_from(place).ok()?)
}

fn at_mut<T>(items: &mut [T], place: u32) -> Option<&mut T> {
    items.get_mut(usize::try_from(place).ok()?)
}

fn place(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Object {
    /// Where the runs of a node stand.
    fn of(&self, node: u32) -> Range<usize> {
        let start = self.runs.partition_point(|run| run.node < node);
        let count = self.runs.get(start..).unwrap_or_default().iter().take_while(|run| run.node == node).count();
        start..start.saturating_add(count)
    }

    fn held_by(&self, node: u32) -> EsiSet {
        self.runs.get(self.of(node)).unwrap_or_default().iter().map(|run| run.start..run.end).collect()
    }
}

impl CoverageIndex {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells what is known of a node and whether what it holds counts: whether it is a member, and can be reached. Looks
    /// again at the objects that it holds symbols of, and returns how many those are.
    pub fn set_node(&mut self, facts: NodeFacts, counts: bool) -> usize {
        let known = self.node_places.get(&facts.node_id).copied();
        let place = known.unwrap_or_else(|| place(self.nodes.len()));
        let changed = match at_mut(&mut self.nodes, place) {
            Some(node) if node.facts == facts && node.counts == counts => return 0,
            Some(node) => {
                let changed = node.facts != facts;
                (node.facts, node.counts) = (facts, counts);
                changed
            }
            None => {
                self.node_places.insert(facts.node_id.clone(), place);
                self.nodes.push(Node { facts, counts, objects: Vec::new(), held: 0 });
                true
            }
        };
        if changed {
            for policy in &mut self.policies {
                policy.admit(&self.nodes);
            }
        }
        self.evaluate_objects_of(place)
    }

    fn evaluate_objects_of(&mut self, node: u32) -> usize {
        let objects = at_mut(&mut self.nodes, node).map(|node| core::mem::take(&mut node.objects)).unwrap_or_default();
        for object in &objects {
            self.evaluate(*object);
        }
        let count = objects.len();
        if let Some(node) = at_mut(&mut self.nodes, node) {
            node.objects = objects;
        }
        count
    }

    /// Whether what a node holds counts.
    #[must_use]
    pub fn counts(&self, node: &NodeId) -> bool {
        self.node(node).is_some_and(|node| node.counts)
    }

    fn node(&self, node: &NodeId) -> Option<&Node> {
        at(&self.nodes, *self.node_places.get(node)?)
    }

    /// The nodes that count.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeFacts> {
        self.nodes.iter().filter(|node| node.counts).map(|node| &node.facts)
    }

    /// Keeps an eye on an object of `k` source symbols. If it is known already, what its nodes hold stays.
    pub fn track(&mut self, id: ObjectId, k: u16, policy: &ObjectPlacementPolicy) {
        let policy = self.policy_place(policy);
        let known = self.object_places.get(&id).copied();
        let slot = known.or_else(|| self.free.pop()).unwrap_or_else(|| place(self.objects.len()));
        match at_mut(&mut self.objects, slot) {
            Some(Some(object)) => (object.k, object.policy) = (k, policy),
            vacant => {
                let object = Object { id, k, policy, available: false, urgency: None, parked: false, runs: Vec::new() };
                match vacant {
                    Some(vacant) => *vacant = Some(object),
                    None => self.objects.push(Some(object)),
                }
                self.object_places.insert(id, slot);
            }
        }
        self.evaluate(slot);
    }

    /// Keeps an eye on an object and on all that is known of its symbols, at once.
    pub fn insert<'h>(
        &mut self,
        id: ObjectId,
        k: u16,
        policy: &ObjectPlacementPolicy,
        holdings: impl IntoIterator<Item = (&'h NodeId, &'h EsiSet)>,
    ) {
        self.forget(&id);
        let policy = self.policy_place(policy);
        let slot = self.free.pop().unwrap_or_else(|| place(self.objects.len()));
        let mut runs = Vec::new();
        for (node, esis) in holdings {
            let Some(node) = self.node_places.get(node).copied() else { continue };
            runs.extend(esis.runs().iter().map(|run| Run { node, start: run.start, end: run.end }));
        }
        runs.sort_unstable_by_key(|run| (run.node, run.start));
        let mut holder = None;
        for run in &runs {
            if holder.replace(run.node) != Some(run.node)
                && let Some(node) = at_mut(&mut self.nodes, run.node)
            {
                node.objects.push(slot);
                node.held = node.held.saturating_add(1);
            }
        }
        let object = Object { id, k, policy, available: false, urgency: None, parked: false, runs };
        match at_mut(&mut self.objects, slot) {
            Some(vacant) => *vacant = Some(object),
            None => self.objects.push(Some(object)),
        }
        self.object_places.insert(id, slot);
        self.evaluate(slot);
    }

    fn policy_place(&mut self, policy: &ObjectPlacementPolicy) -> u32 {
        if let Some(last) = self.policies.last()
            && last.policy == *policy
        {
            return place(self.policies.len().saturating_sub(1));
        }
        let encoded = cbor::encode(policy);
        if let Some(known) = self.policy_places.get(&encoded) {
            return *known;
        }
        let new = place(self.policies.len());
        let mut policy = Policy { policy: policy.clone(), admits: Vec::new() };
        policy.admit(&self.nodes);
        self.policies.push(policy);
        self.policy_places.insert(encoded, new);
        new
    }

    /// Forgets an object and all that is known of its symbols.
    pub fn forget(&mut self, id: &ObjectId) {
        let Some(slot) = self.object_places.remove(id) else { return };
        let Some(object) = at_mut(&mut self.objects, slot).and_then(Option::take) else { return };
        self.free.push(slot);
        self.available = self.available.saturating_sub(usize::from(object.available));
        if let Some(urgency) = object.urgency() {
            self.short.remove(&urgency);
            self.due.remove(&urgency);
        }
        let mut holder = None;
        for run in &object.runs {
            if holder.replace(run.node) != Some(run.node) {
                self.lose(run.node);
            }
        }
    }

    /// One object less on a node. What is listed of it in vain is cleared away when it is half of the list.
    fn lose(&mut self, place: u32) {
        let Some(node) = at_mut(&mut self.nodes, place) else { return };
        node.held = node.held.saturating_sub(1);
        if node.objects.len() > node.held.saturating_mul(2).saturating_add(64) {
            node.objects.sort_unstable();
            node.objects.dedup();
            let objects = &self.objects;
            node.objects.retain(|slot| {
                at(objects, *slot)
                    .is_some_and(|object| object.as_ref().is_some_and(|object| !object.of(place).is_empty()))
            });
            node.held = node.objects.len();
        }
    }

    /// What a node holds of an object, all of it. Nodes and objects that are not known are left aside.
    pub fn set_holding(&mut self, id: &ObjectId, node: &NodeId, esis: &EsiSet) {
        let Some(place) = self.node_places.get(node).copied() else { return };
        let Some(slot) = self.object_places.get(id).copied() else { return };
        let Some(object) = at_mut(&mut self.objects, slot).and_then(Option::as_mut) else { return };
        let old = object.of(place);
        let had = !old.is_empty();
        if !had && esis.is_empty() {
            return;
        }
        let runs = esis.runs().iter().map(|run| Run { node: place, start: run.start, end: run.end });
        if object.runs.get(old.clone()).unwrap_or_default().iter().copied().eq(runs.clone()) {
            return;
        }
        object.runs.splice(old, runs);
        if had && esis.is_empty() {
            self.lose(place);
        } else if !had && let Some(node) = at_mut(&mut self.nodes, place) {
            node.objects.push(slot);
            node.held = node.held.saturating_add(1);
        }
        self.evaluate(slot);
    }

    /// A node holds these symbols of an object, beside what it is known to hold.
    pub fn add_holding(&mut self, id: &ObjectId, node: &NodeId, esis: &EsiSet) {
        self.set_holding(id, node, &self.holding(id, node).union(esis));
    }

    /// A node has given these symbols of an object up.
    pub fn drop_holding(&mut self, id: &ObjectId, node: &NodeId, esis: &EsiSet) {
        self.set_holding(id, node, &self.holding(id, node).difference(esis));
    }

    /// What a node is known to hold of an object.
    #[must_use]
    pub fn holding(&self, id: &ObjectId, node: &NodeId) -> EsiSet {
        let node = self.node_places.get(node);
        self.object(id).zip(node).map(|(object, node)| object.held_by(*node)).unwrap_or_default()
    }

    fn object(&self, id: &ObjectId) -> Option<&Object> {
        at(&self.objects, *self.object_places.get(id)?)?.as_ref()
    }

    /// The policy of an object.
    #[must_use]
    pub fn policy(&self, id: &ObjectId) -> Option<&ObjectPlacementPolicy> {
        Some(&at(&self.policies, self.object(id)?.policy)?.policy)
    }

    /// Who holds what of an object, nodes that do not count included.
    #[must_use]
    pub fn distribution(&self, id: &ObjectId) -> Option<SymbolDistribution> {
        let object = self.object(id)?;
        let mut distribution = SymbolDistribution::new(*id, object.k);
        for runs in object.runs.chunk_by(|left, right| left.node == right.node) {
            if let Some(node) = runs.first().and_then(|run| at(&self.nodes, run.node)) {
                let esis = runs.iter().map(|run| run.start..run.end).collect();
                distribution.node_symbols.insert(node.facts.node_id.clone(), esis);
            }
        }
        Some(distribution)
    }

    /// What an object's symbols on the nodes that count are worth.
    #[must_use]
    pub fn evaluation(&self, id: &ObjectId) -> Option<CoverageEvaluation> {
        Some(self.evaluation_of(self.object(id)?, &mut Vec::new()))
    }

    fn evaluation_of(&self, object: &Object, scratch: &mut Vec<Range<u32>>) -> CoverageEvaluation {
        scratch.clear();
        let mut tally = Tally::default();
        let admits = at(&self.policies, object.policy).map(|policy| policy.admits.as_slice()).unwrap_or_default();
        let counts = |node: u32| {
            at(&self.nodes, node).is_some_and(|node| node.counts) && at(admits, node).copied().unwrap_or_default()
        };
        let (mut holder, mut held) = (None, 0_u64);
        for run in object.runs.iter().filter(|run| counts(run.node)) {
            if holder.replace(run.node) != Some(run.node) {
                tally.add_node(held);
                held = 0;
            }
            held = held.saturating_add(u64::from(run.end.saturating_sub(run.start)));
            scratch.push(run.start..run.end);
        }
        tally.add_node(held);
        tally.evaluate(object.k, evaluation::distinct(scratch))
    }

    fn evaluate(&mut self, slot: u32) {
        let mut scratch = core::mem::take(&mut self.scratch);
        let Some(object) = at(&self.objects, slot).and_then(Option::as_ref) else { return };
        let evaluation = self.evaluation_of(object, &mut scratch);
        self.scratch = scratch;
        let satisfied = at(&self.policies, object.policy).is_none_or(|policy| evaluation.satisfies(&policy.policy));
        let urgency = (!satisfied).then_some((evaluation.coverage_bps, evaluation.distinct_nodes));
        let Some(object) = at_mut(&mut self.objects, slot).and_then(Option::as_mut) else { return };
        if object.available != evaluation.is_available {
            object.available = evaluation.is_available;
            self.available = match evaluation.is_available {
                true => self.available.saturating_add(1),
                false => self.available.saturating_sub(1),
            };
        }
        if object.urgency != urgency {
            if let Some(before) = object.urgency() {
                self.short.remove(&before);
                self.due.remove(&before);
            }
            object.urgency = urgency;
            self.short.extend(object.urgency());
            self.due.extend(object.urgency());
        } else if object.parked {
            self.due.extend(object.urgency());
        }
        object.parked = false;
    }

    /// The objects that fall short of their policy, the most endangered first.
    pub fn short(&self) -> impl Iterator<Item = Urgency> {
        self.short.iter().copied()
    }

    /// The most endangered object that falls short and is not set aside.
    #[must_use]
    pub fn first_due(&self) -> Option<Urgency> {
        self.due.first().copied()
    }

    /// Sets a short object aside, until something about it or about a node that holds any of it changes, or it is woken.
    pub fn park(&mut self, id: &ObjectId) {
        let Some(slot) = self.object_places.get(id).copied() else { return };
        let Some(object) = at_mut(&mut self.objects, slot).and_then(Option::as_mut) else { return };
        if let Some(urgency) = object.urgency() {
            object.parked = true;
            self.due.remove(&urgency);
        }
    }

    /// Whether a short object is set aside.
    #[must_use]
    pub fn is_parked(&self, id: &ObjectId) -> bool {
        self.object(id).is_some_and(|object| object.parked)
    }

    /// No longer sets an object aside.
    pub fn wake(&mut self, id: &ObjectId) {
        let Some(slot) = self.object_places.get(id).copied() else { return };
        let Some(object) = at_mut(&mut self.objects, slot).and_then(Option::as_mut) else { return };
        object.parked = false;
        self.due.extend(object.urgency());
    }

    /// Sets nothing aside any more: there is a node that was not there before.
    pub fn wake_all(&mut self) {
        self.due.clone_from(&self.short);
        self.objects.iter_mut().flatten().for_each(|object| object.parked = false);
    }

    /// How endangered an object is; nothing if its policy is met.
    #[must_use]
    pub fn urgency(&self, id: &ObjectId) -> Option<Urgency> {
        self.object(id)?.urgency()
    }

    /// The ids of all objects, in order.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectId> {
        self.object_places.keys()
    }

    /// Whether an object is tracked.
    #[must_use]
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.object_places.contains_key(id)
    }

    /// How many objects there are, how many are as they should be, and how many are out of reach.
    #[must_use]
    pub fn totals(&self) -> CoverageTotals {
        let objects = self.object_places.len();
        CoverageTotals {
            objects,
            satisfied: objects.saturating_sub(self.short.len()),
            unavailable: objects.saturating_sub(self.available),
        }
    }
}

impl Object {
    fn urgency(&self) -> Option<Urgency> {
        self.urgency.map(|(coverage_bps, distinct_nodes)| Urgency { coverage_bps, distinct_nodes, object_id: self.id })
    }
}

impl Policy {
    /// Finds out which nodes may hold symbols.
    fn admit(&mut self, nodes: &[Node]) {
        let excluded = |node: &Node| self.policy.excluded_devices.iter().any(|selector| selector.selects(&node.facts));
        self.admits = nodes.iter().map(|node| !excluded(node)).collect();
    }
}

#[cfg(test)]
mod tests;
