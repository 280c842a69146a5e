//! The repair of a zone's objects, as one node does it.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use fcp_core::device::NodeFacts;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::ObjectPlacementPolicy;
use fcp_core::quorum;
use fcp_core::time::Millis;

use super::job::{Job, Notice, Phase};
use super::plan::{Ask, fetch};
use super::{ObjectStatus, RepairActivity, RepairConfig, RepairOutput, RepairPlan, RepairStatus, plan};
use crate::coverage::{CoverageEvaluation, CoverageIndex, SymbolDistribution};
use crate::esi::EsiSet;

/// Repairs the objects of one zone (§21.3). The law: after every input, take outputs until there are none.
#[derive(Debug)]
pub struct RepairController {
    zone: ZoneId,
    this: NodeId,
    config: RepairConfig,
    index: CoverageIndex,
    /// The objects whose bytes this node has.
    whole: BTreeSet<ObjectId>,
    jobs: BTreeMap<ObjectId, Job>,
    notices: BTreeMap<ObjectId, Notice>,
    /// When objects that were set aside are looked at again.
    wakes: BTreeSet<(Millis, ObjectId)>,
    outputs: VecDeque<RepairOutput>,
    cycle_at: Millis,
    repaired: u64,
    given_up: u64,
    symbols: u64,
}

/// What became of a look at an object.
enum Look {
    /// Something is done about it, which takes so many symbols.
    Begun(u32),
    /// Nothing is in this cycle.
    Parked,
    /// It would take more symbols than are left in this cycle.
    TooMuch,
}

impl RepairController {
    /// The repair of `zone` by `this` node. The first cycle begins an interval after `now`.
    #[must_use]
    pub fn new(zone: ZoneId, this: NodeId, config: RepairConfig, now: Millis) -> Self {
        Self {
            zone,
            this,
            config,
            index: CoverageIndex::new(),
            whole: BTreeSet::new(),
            jobs: BTreeMap::new(),
            notices: BTreeMap::new(),
            wakes: BTreeSet::new(),
            outputs: VecDeque::new(),
            cycle_at: now.saturating_add(config.interval_ms),
            repaired: 0,
            given_up: 0,
            symbols: 0,
        }
    }

    /// Tells what is known of a node, and whether it counts: it is a member of the zone and can be reached.
    pub fn handle_node(&mut self, now: Millis, facts: NodeFacts, counts: bool) {
        let (node, counted) = (facts.node_id.clone(), self.index.counts(&facts.node_id));
        self.index.set_node(facts, counts);
        if counts && !counted {
            self.index.wake_all();
        }
        if !counts {
            let concerned = self.jobs.iter().filter(|(_, job)| job.open.contains_key(&node));
            let concerned: Vec<_> = concerned.map(|(object, _)| *object).collect();
            for object in concerned {
                self.close(now, &object, &node);
            }
        }
    }

    /// Keeps an eye on an object of `k` source symbols.
    pub fn handle_object(&mut self, id: ObjectId, k: u16, policy: &ObjectPlacementPolicy) {
        self.index.track(id, k, policy);
    }

    /// Keeps an eye on an object and on all that is known of its symbols, at once: for what a node finds on its disk when
    /// it starts.
    pub fn handle_distribution<'h>(
        &mut self,
        id: ObjectId,
        k: u16,
        policy: &ObjectPlacementPolicy,
        holdings: impl IntoIterator<Item = (&'h NodeId, &'h EsiSet)>,
    ) {
        self.index.insert(id, k, policy, holdings);
    }

    /// Forgets an object, which is no longer wanted.
    pub fn handle_gone(&mut self, id: &ObjectId) {
        self.index.forget(id);
        self.whole.remove(id);
        self.jobs.remove(id);
        self.forget_notice(id);
    }

    /// This node has the object's bytes, verified, and can make symbols of it.
    pub fn handle_whole(&mut self, now: Millis, id: &ObjectId) {
        if !self.index.contains(id) {
            return;
        }
        self.whole.insert(*id);
        self.index.wake(id);
        if self.jobs.get(id).is_some_and(|job| job.phase == Phase::Fetching)
            && let Some(job) = self.jobs.remove(id)
        {
            self.go_on(now, *id, &job);
        }
    }

    /// This node no longer has the object's bytes, only what symbols it holds.
    pub fn handle_not_whole(&mut self, id: &ObjectId) {
        self.whole.remove(id);
    }

    /// A node says what it holds of an object, all of it.
    pub fn handle_holding(&mut self, now: Millis, id: &ObjectId, node: &NodeId, esis: &EsiSet) {
        self.index.set_holding(id, node, esis);
        self.note_arrival(now, id, node);
    }

    /// A node says that it has these symbols of an object, beside what it is known to hold.
    pub fn handle_confirmed(&mut self, now: Millis, id: &ObjectId, node: &NodeId, esis: &EsiSet) {
        self.index.add_holding(id, node, esis);
        self.note_arrival(now, id, node);
    }

    /// A node takes no symbols of an object, or gives none.
    pub fn handle_refused(&mut self, now: Millis, id: &ObjectId, node: &NodeId) {
        if self.jobs.get(id).is_some_and(|job| job.open.contains_key(node)) {
            self.jobs.remove(id);
            self.give_up(now, *id);
        }
    }

    fn note_arrival(&mut self, now: Millis, id: &ObjectId, node: &NodeId) {
        let Some(job) = self.jobs.get(id).filter(|job| job.phase == Phase::Sending) else { return };
        let held = self.index.holding(id, node);
        if job.open.get(node).is_some_and(|sent| sent.difference(&held).is_empty()) {
            self.close(now, id, node);
        }
    }

    /// Nothing more is to come from a node.
    fn close(&mut self, now: Millis, id: &ObjectId, node: &NodeId) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        job.open.remove(node);
        if job.phase == Phase::Fetching {
            // What it would have given, others may have.
            job.deadline = now;
        } else if job.open.is_empty()
            && let Some(job) = self.jobs.remove(id)
        {
            self.finish(*id, job.before);
        }
    }

    fn finish(&mut self, object: ObjectId, before: CoverageEvaluation) {
        self.repaired = self.repaired.saturating_add(1);
        self.forget_notice(&object);
        self.index.wake(&object);
        if let Some(after) = self.index.evaluation(&object) {
            self.outputs.push_back(RepairOutput::Repaired { object, before, after });
        }
    }

    /// Lets an object rest for a while, the longer the more often it came to nothing.
    fn give_up(&mut self, now: Millis, object: ObjectId) {
        self.given_up = self.given_up.saturating_add(1);
        let notice = self.notices.entry(object).or_insert_with(|| Notice { since: now, ..Notice::default() });
        notice.failures = notice.failures.saturating_add(1);
        let failures = notice.failures;
        let rest = self.config.interval_ms.saturating_mul(1_u64.checked_shl(failures.min(6)).unwrap_or(1));
        self.park_until(object, now.saturating_add(rest));
        self.outputs.push_back(RepairOutput::GivenUp { object, failures });
    }

    fn park_until(&mut self, object: ObjectId, until: Millis) {
        self.index.park(&object);
        let notice = self.notices.entry(object).or_default();
        if let Some(before) = notice.again.replace(until) {
            self.wakes.remove(&(before, object));
        }
        self.wakes.insert((until, object));
    }

    fn forget_notice(&mut self, object: &ObjectId) {
        if let Some(again) = self.notices.remove(object).and_then(|notice| notice.again) {
            self.wakes.remove(&(again, *object));
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Millis {
        self.jobs.values().map(|job| job.deadline).fold(self.cycle_at, Millis::min)
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<RepairOutput> {
        self.outputs.pop_front()
    }

    /// Time has passed: what was not answered is asked for again, and a cycle begins if it is due.
    pub fn handle_timeout(&mut self, now: Millis) {
        let late: Vec<_> = self.jobs.iter().filter(|(_, job)| job.deadline <= now).map(|(object, _)| *object).collect();
        for object in late {
            self.try_again(now, object);
        }
        if now >= self.cycle_at {
            self.cycle_at = now.saturating_add(self.config.interval_ms);
            self.cycle(now);
        }
    }

    fn try_again(&mut self, now: Millis, object: ObjectId) {
        let Some(mut job) = self.jobs.remove(&object) else { return };
        if job.attempt >= self.config.attempts {
            return self.give_up(now, object);
        }
        match job.phase {
            // Somebody else may have what did not come.
            Phase::Fetching => self.go_on(now, object, &job),
            Phase::Sending => {
                self.enter(now, &mut job);
                self.order(object, Phase::Sending, &job.open);
                self.jobs.insert(object, job);
            }
        }
    }

    /// Counts an attempt, and says until when it is waited for.
    fn enter(&self, now: Millis, job: &mut Job) {
        let pause = self.config.patience_ms.saturating_mul(1_u64.checked_shl(job.attempt.into()).unwrap_or(u64::MAX));
        job.attempt = job.attempt.saturating_add(1);
        job.deadline = now.saturating_add(pause);
    }

    fn order(&mut self, object: ObjectId, phase: Phase, open: &BTreeMap<NodeId, EsiSet>) {
        for (node, esis) in open {
            self.symbols = self.symbols.saturating_add(u64::from(esis.count()));
            let (node, esis) = (node.clone(), esis.clone());
            self.outputs.push_back(match phase {
                Phase::Fetching => RepairOutput::Fetch { object, from: node, esis },
                Phase::Sending => RepairOutput::Send { object, to: node, esis },
            });
        }
    }

    /// Plans the rest of a repair that has begun.
    fn go_on(&mut self, now: Millis, object: ObjectId, job: &Job) {
        let mut plan = self.plan(&object);
        if let (Some(plan), Some(held)) =
            (plan.as_mut().filter(|plan| !plan.fetch.is_empty()), self.index.distribution(&object))
        {
            let nodes: Vec<NodeFacts> = self.index.nodes().cloned().collect();
            plan.fetch = fetch(&nodes, &held, &self.this, Ask::Everything).unwrap_or_default();
        }
        match plan {
            Some(plan) if !plan.rebalance.adds.is_empty() && !plan.out_of_reach => {
                let attempt = if self.whole.contains(&object) { 0 } else { job.attempt };
                self.begin(now, object, plan, job.before, attempt);
            }
            Some(plan) if plan.out_of_reach => self.give_up(now, object),
            _ => self.finish(object, job.before),
        }
    }

    fn begin(&mut self, now: Millis, object: ObjectId, plan: RepairPlan, before: CoverageEvaluation, attempt: u8) {
        let phase = if plan.fetch.is_empty() { Phase::Sending } else { Phase::Fetching };
        let orders = if plan.fetch.is_empty() { plan.rebalance.adds } else { plan.fetch };
        let open = orders.into_iter().collect();
        let mut job = Job { phase, open, before, attempt, deadline: now };
        self.enter(now, &mut job);
        self.order(object, phase, &job.open);
        self.index.park(&object);
        self.jobs.insert(object, job);
    }

    fn plan(&self, object: &ObjectId) -> Option<RepairPlan> {
        let (policy, held) = (self.index.policy(object)?, self.index.distribution(object)?);
        let nodes: Vec<NodeFacts> = self.index.nodes().cloned().collect();
        plan(policy, &nodes, &held, &self.this, self.whole.contains(object)).ok()
    }

    /// Goes through what is short, the most endangered first, as far as this cycle's limits reach.
    fn cycle(&mut self, now: Millis) {
        while let Some((again, object)) = self.wakes.first().copied().filter(|(again, _)| *again <= now) {
            self.wakes.remove(&(again, object));
            if let Some(notice) = self.notices.get_mut(&object) {
                notice.again = None;
            }
            self.index.wake(&object);
        }
        let mut nodes: Vec<NodeFacts> = self.index.nodes().cloned().collect();
        nodes.sort_unstable_by(|left, right| left.node_id.cmp(&right.node_id));
        let jobs = u32::try_from(self.jobs.len()).unwrap_or(u32::MAX);
        let mut repairs = self.config.max_repairs_per_cycle.saturating_sub(jobs);
        let mut symbols = self.config.max_symbols_per_cycle;
        for _ in 0..self.config.max_examined_per_cycle {
            let Some(object) = self.index.first_due().map(|urgency| urgency.object_id) else { break };
            if repairs == 0 || symbols == 0 {
                break;
            }
            match self.look(now, object, &nodes, symbols) {
                Look::Begun(cost) => {
                    repairs = repairs.saturating_sub(1);
                    symbols = symbols.saturating_sub(cost);
                }
                Look::Parked => {}
                Look::TooMuch => break,
            }
        }
        self.notices.retain(|object, notice| {
            let keep = self.index.urgency(object).is_some();
            if let (false, Some(again)) = (keep, notice.again) {
                self.wakes.remove(&(again, *object));
            }
            keep
        });
    }

    /// What is to be done about one object that is short.
    fn look(&mut self, now: Millis, object: ObjectId, nodes: &[NodeFacts], symbols: u32) -> Look {
        let is_whole = self.whole.contains(&object);
        let planned = self.index.policy(&object).zip(self.index.distribution(&object));
        let planned = planned.map(|(policy, held)| (plan(policy, nodes, &held, &self.this, is_whole), held));
        let (Some((Ok(plan), held)), false) = (planned, self.jobs.contains_key(&object)) else {
            self.index.park(&object);
            return Look::Parked;
        };
        if plan.rebalance.adds.is_empty() {
            return self.give_away(now, object, &plan);
        }
        let since = self.notices.entry(object).or_insert_with(|| Notice { since: now, ..Notice::default() }).since;
        let Some(rank) = self.rank(&object, &held, is_whole).filter(|_| !plan.out_of_reach) else {
            self.index.park(&object);
            return Look::Parked;
        };
        let turn = since.saturating_add(self.config.takeover_ms.saturating_mul(rank));
        if now < turn {
            self.park_until(object, turn);
            return Look::Parked;
        }
        let cost = plan.symbols();
        if cost > symbols && symbols < self.config.max_symbols_per_cycle {
            return Look::TooMuch;
        }
        if let Some(before) = self.index.evaluation(&object) {
            self.begin(now, object, plan, before, 0);
        }
        Look::Begun(cost)
    }

    /// Gives this node's surplus up, once that has been planned for long enough.
    fn give_away(&mut self, now: Millis, object: ObjectId, plan: &RepairPlan) -> Look {
        let own = plan.rebalance.drops.iter().find(|(node, _)| *node == self.this).map(|(_, esis)| esis.clone());
        let Some(esis) = own else {
            self.index.park(&object);
            return Look::Parked;
        };
        let notice = self.notices.entry(object).or_insert_with(|| Notice { since: now, ..Notice::default() });
        let since = match &notice.surplus {
            Some((since, planned)) if *planned == esis => *since,
            _ => now,
        };
        let until = since.saturating_add(self.config.settle_ms);
        if now < until {
            notice.surplus = Some((since, esis));
            self.park_until(object, until);
            return Look::Parked;
        }
        self.forget_notice(&object);
        let this = self.this.clone();
        self.index.drop_holding(&object, &this, &esis);
        self.outputs.push_back(RepairOutput::Drop { object, esis });
        Look::Begun(0)
    }

    /// This node's place among those that might repair: holders of symbols that count, best first. One that has the
    /// object without holding symbols comes behind them; any other has no place.
    fn rank(&self, object: &ObjectId, held: &SymbolDistribution, is_whole: bool) -> Option<u64> {
        let holders = held.node_symbols.iter().filter(|(node, esis)| !esis.is_empty() && self.index.counts(node));
        let ranked = quorum::rendezvous(&self.zone, object, holders.map(|(node, _)| node));
        let place = ranked.iter().position(|node| **node == self.this);
        u64::try_from(place.or_else(|| is_whole.then_some(ranked.len()))?).ok()
    }

    /// Where all symbols are, as this node knows.
    #[must_use]
    pub const fn index(&self) -> &CoverageIndex {
        &self.index
    }

    /// How the repair of the zone stands.
    #[must_use]
    pub fn status(&self) -> RepairStatus {
        let fetching = self.jobs.values().filter(|job| job.phase == Phase::Fetching).count();
        RepairStatus {
            totals: self.index.totals(),
            fetching,
            sending: self.jobs.len().saturating_sub(fetching),
            repaired: self.repaired,
            given_up: self.given_up,
            symbols: self.symbols,
        }
    }

    /// How an object stands.
    #[must_use]
    pub fn object_status(&self, id: &ObjectId) -> Option<ObjectStatus<'_>> {
        let (policy, evaluation) = (self.index.policy(id)?, self.index.evaluation(id)?);
        let is_satisfied = evaluation.satisfies(policy);
        let waiting = self.notices.get(id).and_then(|notice| notice.again);
        let activity = match (self.jobs.get(id).map(|job| job.phase), waiting) {
            (Some(Phase::Fetching), _) => RepairActivity::Fetching,
            (Some(Phase::Sending), _) => RepairActivity::Sending,
            _ if is_satisfied => RepairActivity::None,
            (None, Some(until)) => RepairActivity::Waiting { until },
            (None, None) if self.index.is_parked(id) => RepairActivity::Stuck,
            (None, None) => RepairActivity::Due,
        };
        Some(ObjectStatus { object_id: *id, policy, evaluation, is_satisfied, activity })
    }

    /// How every object stands, by id.
    pub fn object_statuses(&self) -> impl Iterator<Item = ObjectStatus<'_>> {
        self.index.objects().filter_map(|id| self.object_status(id))
    }
}
