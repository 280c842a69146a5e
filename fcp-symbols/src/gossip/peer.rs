//! One peer in one zone: what is known of it, and what is being asked of it (§8.2, §8.4).

use alloc::collections::VecDeque;

use fcp_core::id::{NodeId, ZoneId};
use fcp_core::time::{Millis, Timestamp};

use super::config::GossipConfig;
use super::held::SUMMARY_CELLS;
use super::knowledge::SetView;
use super::message::{Cells, GossipList, GossipMessage, GossipRequest, GossipTable, MembershipFilter};
use super::random::Random;
use super::{Difference, GossipError, GossipItem, GossipSet, HeldItems, Iblt, IdRange, Output, PeelError, Want, plan};
use crate::admission::window::Window;

/// How long to wait for a budget or for missing items, in milliseconds.
const PAUSE_MS: u64 = 2_000;

/// How long to wait after the first unanswered request; twice as long after each further one.
const RETRY_MS: u64 = 2_000;

/// How many items that are gone through count as one unit of work (D219).
pub(super) const ITEMS_PER_UNIT: u64 = 16;

/// Both sets of this node in a zone.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) objects: HeldItems,
    pub(super) symbols: HeldItems,
}

impl Held {
    pub(super) fn new() -> Self {
        Self { objects: HeldItems::new(GossipSet::Objects), symbols: HeldItems::new(GossipSet::Symbols) }
    }

    pub(super) const fn of(&self, set: GossipSet) -> &HeldItems {
        match set {
            GossipSet::Objects => &self.objects,
            GossipSet::Symbols => &self.symbols,
        }
    }

    pub(super) const fn of_mut(&mut self, set: GossipSet) -> &mut HeldItems {
        match set {
            GossipSet::Objects => &mut self.objects,
            GossipSet::Symbols => &mut self.symbols,
        }
    }
}

/// What everything here happens with.
pub(super) struct Scene<'m> {
    pub(super) now: Millis,
    pub(super) config: &'m GossipConfig,
    pub(super) zone: &'m ZoneId,
    pub(super) peer: &'m NodeId,
    pub(super) held: &'m Held,
    pub(super) random: &'m mut Random,
    /// Units of work that reconciling with the peer took.
    pub(super) reconciled: &'m mut Window,
    pub(super) outputs: &'m mut VecDeque<Output>,
}

/// What is to be found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    /// What differs.
    Difference,
    /// The filters.
    Filters,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Task {
    aim: Aim,
    set: GossipSet,
    range: IdRange,
    want: Want,
}

/// A task under way.
#[derive(Debug)]
struct Work {
    task: Task,
    /// The form of the parts that come next, where this one's is an exception.
    usual: Want,
    /// Until when an answer is waited for; nothing if none is.
    asked: Option<Millis>,
    /// When to ask, if not asked.
    resume: Millis,
    attempts: u32,
    /// Since when it waits for missing items to come in.
    held_up: Option<Millis>,
    /// The own set's serial number when the task began.
    as_of: u64,
}

/// A peer's state in a zone.
#[derive(Debug, Default)]
pub(super) struct PeerGossipState {
    /// The time of its last summary.
    pub(super) heard: Option<Timestamp>,
    /// The time of the last summary that it was sent.
    pub(super) told: Option<Timestamp>,
    pub(super) objects: SetView,
    pub(super) symbols: SetView,
    work: Option<Work>,
    /// What comes next; each aim of each set once.
    tasks: VecDeque<Task>,
    /// When it may be asked again, after it did not answer or contradicted itself.
    rest_until: Millis,
}

impl PeerGossipState {
    pub(super) const fn view(&self, set: GossipSet) -> &SetView {
        match set {
            GossipSet::Objects => &self.objects,
            GossipSet::Symbols => &self.symbols,
        }
    }

    pub(super) const fn view_mut(&mut self, set: GossipSet) -> &mut SetView {
        match set {
            GossipSet::Objects => &mut self.objects,
            GossipSet::Symbols => &mut self.symbols,
        }
    }

    /// Whether something is asked of the peer or is going to be.
    pub(super) fn is_busy(&self) -> bool {
        self.work.is_some() || !self.tasks.is_empty()
    }

    /// When something is to be done next.
    pub(super) fn poll_timeout(&self) -> Option<Millis> {
        match &self.work {
            Some(work) => Some(work.asked.unwrap_or(work.resume)),
            None if self.tasks.is_empty() => None,
            None => Some(self.rest_until),
        }
    }

    /// Takes in the table of the peer's objects that came with a summary, where the digests differ.
    pub(super) fn take_summary_table(&mut self, scene: &mut Scene<'_>, theirs: &Iblt) -> Result<(), GossipError> {
        let set = GossipSet::Objects;
        let held = scene.held.of(set);
        let items = u32::try_from(theirs.items()).unwrap_or(u32::MAX);
        let table = subtracted(held, IdRange::ALL, theirs)?;
        let estimate = table.estimate();
        match table.peel() {
            Ok(found) => {
                self.objects.begin_run();
                self.take_difference(scene, set, IdRange::ALL, found)?;
                self.end_run(scene, set, held.serial());
                self.cancel(Aim::Difference, set);
                Ok(())
            }
            Err(PeelError::Inconsistent) => Err(self.contradicted(scene)),
            Err(PeelError::TooLarge) if self.has(Aim::Difference, set) => Ok(()),
            Err(PeelError::TooLarge) => {
                let differences = estimate.max(theirs.size() / 2);
                let Some((range, want)) = plan::plan(set, differences, items) else { return Ok(()) };
                if range.bits() > 0 {
                    self.want_filters(scene, set);
                }
                self.add(Task { aim: Aim::Difference, set, range, want });
                Ok(())
            }
        }
    }

    /// Has what differs in a set found out, from the beginning.
    pub(super) fn want_difference(&mut self, set: GossipSet) {
        if let Some(cells) = Cells::new(SUMMARY_CELLS) {
            self.add(Task { aim: Aim::Difference, set, range: IdRange::ALL, want: Want::Table(cells) });
        }
    }

    /// Has the filters of a set fetched, if those at hand are of another one, and not too often.
    pub(super) fn want_filters(&mut self, scene: &Scene<'_>, set: GossipSet) {
        let view = self.view_mut(set);
        if view.has_filters() || scene.now < view.filter_at {
            return;
        }
        view.filter_at = scene.now.saturating_add(scene.config.filter_interval_ms);
        // The smallest table tells how many items there are.
        if let Some(cells) = Cells::new(4) {
            self.add(Task { aim: Aim::Filters, set, range: IdRange::ALL, want: Want::Table(cells) });
        }
    }

    fn add(&mut self, task: Task) {
        if !self.has(task.aim, task.set) {
            self.tasks.push_back(task);
        }
    }

    fn has(&self, aim: Aim, set: GossipSet) -> bool {
        let running = self.work.as_ref().map(|work| &work.task);
        running.into_iter().chain(&self.tasks).any(|task| task.aim == aim && task.set == set)
    }

    fn cancel(&mut self, aim: Aim, set: GossipSet) {
        self.tasks.retain(|task| task.aim != aim || task.set != set);
        self.work.take_if(|work| work.task.aim == aim && work.task.set == set);
    }

    /// Nothing of a set differs.
    pub(super) fn in_sync(&mut self, held: &HeldItems) {
        let set = held.set();
        self.view_mut(set).in_sync(held);
        self.cancel(Aim::Difference, set);
    }

    /// Does what is due.
    pub(super) fn advance(&mut self, scene: &mut Scene<'_>) {
        if let Some(work) = &mut self.work
            && work.asked.is_some_and(|until| until <= scene.now)
        {
            work.asked = None;
            let factor = 1_u64.checked_shl(work.attempts).unwrap_or(u64::MAX);
            let wait = RETRY_MS.saturating_mul(factor);
            work.resume = scene.now.saturating_add(wait.saturating_add(scene.random.below(wait)));
            if work.attempts >= scene.config.max_attempts {
                self.rest(scene);
            }
        }
        if self.work.is_none()
            && self.rest_until <= scene.now
            && let Some(task) = self.tasks.pop_front()
        {
            let as_of = scene.held.of(task.set).serial();
            if task.aim == Aim::Difference {
                self.view_mut(task.set).begin_run();
            }
            let usual = task.want;
            self.work = Some(Work { task, usual, asked: None, resume: scene.now, attempts: 0, held_up: None, as_of });
        }
        self.ask(scene);
    }

    /// Asks for what the task needs next, if it may be.
    fn ask(&mut self, scene: &mut Scene<'_>) {
        let missing = self.objects.missing().saturating_add(self.symbols.missing());
        let Some(work) = self.work.as_mut().filter(|work| work.asked.is_none() && work.resume <= scene.now) else {
            return;
        };
        // What is missing may never come, because nobody has it or this node does not want it.
        let full = work.task.aim == Aim::Difference && missing >= scene.config.max_missing_per_peer;
        let held_up = full && scene.now.since(*work.held_up.get_or_insert(scene.now)) < scene.config.rest_ms;
        if held_up || scene.reconciled.used(scene.now) >= scene.config.max_reconciled_per_min {
            work.resume = scene.now.saturating_add(PAUSE_MS);
            return;
        }
        work.held_up = None;
        work.attempts = work.attempts.saturating_add(1);
        work.asked = Some(scene.now.saturating_add(scene.config.request_timeout_ms));
        let Task { set, range, want, .. } = work.task;
        let request = GossipRequest { zone_id: scene.zone.clone(), set, range, want };
        scene.outputs.push_back(Output::Send { peer: scene.peer.clone(), message: request.into() });
    }

    /// The task that an answer is for.
    fn answered(&mut self, set: GossipSet, range: IdRange, want: Want) -> Result<Task, GossipError> {
        let work = self.work.as_mut().ok_or(GossipError::Unasked)?;
        let task = work.task;
        if work.asked.is_none() || (task.set, task.range, task.want) != (set, range, want) {
            return Err(GossipError::Unasked);
        }
        work.asked = None;
        work.attempts = 0;
        Ok(task)
    }

    /// Takes in an answer.
    pub(super) fn take_answer(&mut self, scene: &mut Scene<'_>, message: GossipMessage) -> Result<(), GossipError> {
        match message {
            GossipMessage::Table(table) => self.take_table(scene, &table)?,
            GossipMessage::List(list) => self.take_list(scene, &list)?,
            GossipMessage::Filter(filter) => self.take_filter(scene, filter)?,
            GossipMessage::Summary(_) | GossipMessage::Request(_) => return Err(GossipError::Unasked),
        }
        self.advance(scene);
        Ok(())
    }

    fn take_table(&mut self, scene: &mut Scene<'_>, table: &GossipTable) -> Result<(), GossipError> {
        let cells = Cells::new(table.iblt.size()).ok_or(GossipError::Unasked)?;
        let task = self.answered(table.set, table.range, Want::Table(cells))?;
        let held = scene.held.of(task.set);
        if task.aim == Aim::Filters {
            match plan::filter(table.n) {
                Some(range) => self.go_on(range, Want::Filter),
                None => self.work = None,
            }
            return Ok(());
        }
        let passed = u64::from(held.items_for_table(task.range, cells.get())) / ITEMS_PER_UNIT;
        scene.reconciled.add(scene.now, passed.saturating_add(cells.get().into()));
        let difference = subtracted(held, task.range, &table.iblt)?;
        let estimate = difference.estimate();
        match difference.peel() {
            Ok(found) => {
                self.take_difference(scene, task.set, task.range, found)?;
                self.next_part(scene);
            }
            Err(PeelError::Inconsistent) => return Err(self.contradicted(scene)),
            Err(PeelError::TooLarge) => self.enlarge(task, cells.get(), estimate, table.n),
        }
        Ok(())
    }

    /// Asks again for a part in which more differs than its table held.
    fn enlarge(&mut self, task: Task, cells: u32, estimate: u32, theirs: u32) {
        let differences = estimate.max(cells.saturating_div(3).saturating_mul(2));
        if task.range == IdRange::ALL {
            match plan::plan(task.set, differences, theirs) {
                Some((range, want)) => self.go_on(range, want),
                None => self.work = None,
            }
            return;
        }
        let more = plan::enlarged(task.set, cells, differences, theirs);
        if let Some(work) = &mut self.work {
            work.task.want = more.unwrap_or(Want::List);
        }
    }

    fn take_list(&mut self, scene: &mut Scene<'_>, list: &GossipList) -> Result<(), GossipError> {
        let task = self.answered(list.set, list.range, Want::List)?;
        let held = scene.held.of(task.set);
        scene.reconciled.add(scene.now, u64::from(list.n.min(held.count(task.range))));
        if !list.is_whole() {
            match plan::halved(task.range) {
                Some(range) => self.go_on(range, Want::List),
                None => self.work = None,
            }
            return Ok(());
        }
        let found = compared(held.range(task.range).copied(), list.items());
        scene.reconciled.add(scene.now, list.n.into());
        self.take_difference(scene, task.set, task.range, found)?;
        self.next_part(scene);
        Ok(())
    }

    fn take_filter(&mut self, scene: &mut Scene<'_>, message: MembershipFilter) -> Result<(), GossipError> {
        let task = self.answered(message.set, message.range, Want::Filter)?;
        scene.reconciled.add(scene.now, message.filter.keys().into());
        let config = scene.config;
        let room = self.view_mut(task.set).take_filter(task.range, message.digest, message.filter, config);
        match task.range.next().filter(|_| room) {
            Some(range) => self.go_on(range, Want::Filter),
            None => self.work = None,
        }
        Ok(())
    }

    /// Goes on with a task at a part.
    const fn go_on(&mut self, range: IdRange, want: Want) {
        if let Some(work) = &mut self.work {
            work.task.range = range;
            work.task.want = want;
            work.usual = want;
        }
    }

    /// Goes on behind a part that was compared.
    fn next_part(&mut self, scene: &mut Scene<'_>) {
        let Some(work) = &mut self.work else { return };
        if let Some(range) = work.task.range.next() {
            work.task.range = range;
            work.task.want = work.usual;
            return;
        }
        let (set, as_of) = (work.task.set, work.as_of);
        self.work = None;
        self.end_run(scene, set, as_of);
    }

    fn end_run(&mut self, scene: &mut Scene<'_>, set: GossipSet, as_of: u64) {
        self.view_mut(set).end_run(as_of, scene.held.of(set));
        let (zone, peer) = (scene.zone.clone(), scene.peer.clone());
        scene.outputs.push_back(Output::Reconciled { zone, peer, set });
    }

    /// Checks what differs in a part against the own set, and remembers and reports it (D218).
    fn take_difference(
        &mut self,
        scene: &mut Scene<'_>,
        set: GossipSet,
        range: IdRange,
        found: Difference,
    ) -> Result<(), GossipError> {
        let held = scene.held.of(set);
        let of_part = |item: &GossipItem| item.is_of(set) && range.contains(item);
        let added = found.added.iter().all(|item| of_part(item) && !held.contains(item));
        let removed = found.removed.iter().all(|item| of_part(item) && held.contains(item));
        if !added || !removed {
            return Err(self.contradicted(scene));
        }
        self.view_mut(set).learn(&found, held, scene.config);
        if !found.is_empty() {
            let (zone, peer) = (scene.zone.clone(), scene.peer.clone());
            let Difference { added: theirs, removed: ours } = found;
            scene.outputs.push_back(Output::Difference { zone, peer, set, theirs, ours });
        }
        Ok(())
    }

    /// Who sends tables of no set is left alone, and has spent a quarter of a minute's work.
    fn contradicted(&mut self, scene: &mut Scene<'_>) -> GossipError {
        scene.reconciled.add(scene.now, scene.config.max_reconciled_per_min / 4);
        self.rest(scene);
        GossipError::Inconsistent
    }

    fn rest(&mut self, scene: &Scene<'_>) {
        self.work = None;
        self.tasks.clear();
        self.rest_until = scene.now.saturating_add(scene.config.rest_ms);
    }

    /// Whether the peer is left alone.
    pub(super) fn rests(&self, now: Millis) -> bool {
        now < self.rest_until
    }
}

/// A part of the peer's set without the own one.
fn subtracted(held: &HeldItems, range: IdRange, theirs: &Iblt) -> Result<Iblt, GossipError> {
    let mut difference = theirs.clone();
    let ours = held.table(range, theirs.size()).map_err(|_| GossipError::Inconsistent)?;
    difference.subtract(&ours).map_err(|_| GossipError::Inconsistent)?;
    Ok(difference)
}

/// What differs between two sorted sequences.
fn compared(ours: impl Iterator<Item = GossipItem>, theirs: impl Iterator<Item = GossipItem>) -> Difference {
    let (mut ours, mut theirs) = (ours.peekable(), theirs.peekable());
    let mut found = Difference::default();
    loop {
        match (ours.peek(), theirs.peek()) {
            (Some(left), Some(right)) if left == right => {
                ours.next();
                theirs.next();
            }
            (Some(left), right) if right.is_none_or(|right| left < right) => found.removed.extend(ours.next()),
            (_, Some(_)) => found.added.extend(theirs.next()),
            (_, None) => return found,
        }
    }
}
