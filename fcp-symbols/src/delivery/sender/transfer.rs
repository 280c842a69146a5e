//! One object on its way to one peer: what is still to be sent, and what became of what was.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use fcp_core::id::ZoneId;
use fcp_core::time::Millis;

use super::super::PathId;
use super::super::pacing::Settled;
use super::flight::{PathViews, Prompt, Report, Span, push_joined, share_out};
use super::offer::{Goal, Offer, Priority};
use super::output::OfferKind;
use crate::esi::EsiSet;
use crate::fcps::FrameFlags;
use crate::raptor::{Block, Coding, MAX_ESI};

/// How many questions to the peer are remembered.
const MAX_PROMPTS: usize = 8;
/// What an answer takes longer that the peer put off, in milliseconds, so as not to answer too often (D223).
const PUT_OFF_MS: u64 = 15;
/// How long symbols that nobody answered for are remembered, in milliseconds, and how many.
const KEEP_PRESUMED_MS: u64 = 10_000;
const MAX_PRESUMED: usize = 512;
/// How many fresh symbols are sent when nobody answers.
const PROBE: u32 = 2;
/// The first pause before symbols are sent again that the peer did not take, in milliseconds; each further one is twice
/// as long.
const PAUSE_MS: u64 = 400;
/// The longest pause.
const LONGEST_PAUSE_MS: u64 = 30_000;
/// No more than so many times what is missing is sent because of losses.
const MAX_EXCESS: u64 = 3;

#[derive(Debug)]
enum Plan {
    /// Symbols that were never sent, until `target` of them were.
    Fresh { next: u32, target: u32, again: EsiSet },
    /// Certain symbols: what is `pending` of `all`, and of those to be repeated, what is known to be missing.
    Exact { all: EsiSet, pending: EsiSet, repeat: bool, missing: Option<EsiSet> },
}

/// How a transfer stands after something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Open,
    Done,
    /// As much was sent as may be, and it did not suffice.
    LimitReached,
}

/// How long an answer took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    /// The path that the question went.
    pub(super) path: PathId,
    pub(super) elapsed_ms: u64,
    /// Whether it was surely that question that was answered.
    pub(super) sure: bool,
}

/// What came of a report.
#[derive(Debug)]
pub(super) struct Reported {
    /// What became of symbols on each path.
    pub(super) settled: BTreeMap<PathId, Settled>,
    /// How long the answer took, if that can be told.
    pub(super) measured: Option<Measured>,
    /// How it goes on.
    pub(super) outcome: Outcome,
}

#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) kind: OfferKind,
    pub(super) priority: Priority,
    pub(super) zone_id: ZoneId,
    pub(super) block: Block,
    pub(super) coding: Coding,
    pub(super) sent: u32,
    pub(super) progress_at: Millis,
    /// What it may send in its turn, in bytes.
    pub(super) deficit: u64,
    /// Whether it stands in one of its peer's lines.
    pub(super) queued: bool,
    /// Where it stands among the sender's deadlines.
    pub(super) indexed: Millis,
    control_plane: bool,
    max_symbols: u32,
    patience_ms: u64,
    plan: Plan,
    spans: VecDeque<Span>,
    /// What nobody answered for in time, and may still.
    presumed: VecDeque<Span>,
    prompts: VecDeque<Prompt>,
    /// How many symbols are known to have arrived.
    delivered: u32,
    /// What the peer reported last.
    received: u32,
    /// Waits in a row that ended without an answer, and the first question that got none.
    timeouts: u32,
    unanswered: Option<Prompt>,
    /// Bytes since it last asked.
    unprompted: u64,
    /// When the peer reported last, and how many times since then it had nothing new to say.
    reported_at: Millis,
    idle_reports: u32,
}

impl Transfer {
    pub(super) fn new(offer: Offer, repair_ratio_bps: u16, now: Millis) -> Self {
        let Offer { block, coding, max_symbols, .. } = offer;
        let exact = |all: EsiSet, repeat| Plan::Exact { pending: all.clone(), all, repeat, missing: None };
        let (kind, plan) = match offer.goal {
            Goal::Object if coding == Coding::RaptorQ => {
                let k = u32::from(block.k());
                let repair = k.saturating_mul(u32::from(repair_ratio_bps)).div_ceil(10_000);
                let target = k.saturating_add(repair).max(block.required());
                (OfferKind::Object, Plan::Fresh { next: 0, target, again: EsiSet::new() })
            }
            Goal::Object => (OfferKind::Object, exact(EsiSet::from(0..u32::from(block.k())), true)),
            Goal::Hold(all) => (OfferKind::Hold, exact(all, true)),
            Goal::Answer(all) => (OfferKind::Answer, exact(all.lowest(max_symbols), false)),
        };
        Self {
            kind,
            priority: offer.priority,
            zone_id: offer.zone_id,
            block,
            coding,
            sent: 0,
            progress_at: now,
            deficit: 0,
            queued: false,
            indexed: Millis::NEVER,
            control_plane: offer.control_plane,
            max_symbols,
            patience_ms: offer.patience_ms,
            plan,
            spans: VecDeque::new(),
            presumed: VecDeque::new(),
            prompts: VecDeque::new(),
            delivered: 0,
            received: 0,
            timeouts: 0,
            unanswered: None,
            unprompted: 0,
            reported_at: now,
            idle_reports: 0,
        }
    }

    /// Takes over a further offer of the same kind and shape: what is new in it is to be sent, too.
    pub(super) fn merge(&mut self, offer: Offer, now: Millis) {
        self.progress_at = now;
        let Plan::Exact { all, pending, repeat, .. } = &mut self.plan else {
            self.max_symbols = self.max_symbols.max(offer.max_symbols);
            return;
        };
        let (Goal::Hold(more) | Goal::Answer(more)) = offer.goal else { return };
        let more = if *repeat { more.difference(all) } else { more.lowest(offer.max_symbols) };
        let under_way: EsiSet = self.spans.iter().flat_map(Span::esis).collect();
        let more = more.difference(&under_way);
        all.extend(more.runs().iter().cloned());
        pending.extend(more.runs().iter().cloned());
        if !*repeat {
            self.max_symbols = self.max_symbols.max(self.sent.saturating_add(pending.count()));
        }
    }

    /// How many symbols could be sent now.
    pub(super) fn ready(&self) -> u32 {
        let ready = match &self.plan {
            Plan::Fresh { next, target, again } => {
                let fresh = target.saturating_sub(self.sent).saturating_sub(again.count());
                let left = MAX_ESI.saturating_add(1).saturating_sub(*next);
                again.count().saturating_add(fresh.min(left))
            }
            Plan::Exact { pending, .. } => pending.count(),
        };
        ready.min(self.max_symbols.saturating_sub(self.sent))
    }

    /// The next symbols, at most `count` of them, ascending, as sent along `path` with so many bytes each.
    pub(super) fn take(&mut self, count: u32, path: PathId, each: u64, now: Millis) -> Vec<u32> {
        let count = count.min(self.ready());
        let mut esis = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
        for _ in 0..count {
            let next = match &mut self.plan {
                Plan::Fresh { next, again, .. } => again.pop_first().or_else(|| {
                    let esi = *next;
                    *next = next.saturating_add(1);
                    Some(esi)
                }),
                Plan::Exact { pending, .. } => pending.pop_first(),
            };
            esis.extend(next);
        }
        for esi in &esis {
            self.sent = self.sent.saturating_add(1);
            match self.spans.back_mut() {
                Some(span) if span.continues(*esi, path, now, each) => {
                    (span.count, span.order) = (span.count.saturating_add(1), self.sent);
                }
                _ => self.spans.push_back(Span { path, first: *esi, count: 1, at: now, order: self.sent, each }),
            }
        }
        let taken = u64::from(u32::try_from(esis.len()).unwrap_or(u32::MAX));
        self.unprompted = self.unprompted.saturating_add(taken.saturating_mul(each));
        esis
    }

    /// The flags of a frame of `count` symbols that was just taken for `path`.
    ///
    /// It asks the peer how far it is if `ask_after` bytes went out since it last did, and if it is the last or the one
    /// before, as one may be lost; after a wait without an answer, each one does.
    pub(super) fn flags(&mut self, path: PathId, count: u32, ask_after: u64, now: Millis) -> FrameFlags {
        let mut flags = FrameFlags::ENCRYPTED;
        flags.set(FrameFlags::RAPTORQ, self.coding == Coding::RaptorQ);
        flags.set(FrameFlags::RESPONSE, self.kind == OfferKind::Answer);
        flags.set(FrameFlags::PRIORITY, self.priority == Priority::Urgent);
        flags.set(FrameFlags::CONTROL_PLANE, self.control_plane);
        if self.ready() <= count || self.unprompted >= ask_after || self.timeouts > 0 {
            flags |= FrameFlags::REQUIRES_ACK;
            self.unprompted = 0;
            if self.prompts.len() >= MAX_PROMPTS {
                self.prompts.pop_front();
            }
            self.prompts.push_back(Prompt { path, at: now, order: self.sent });
        }
        flags
    }

    /// Symbols that were taken have not been sent after all: they are the next. Gives their bytes.
    pub(super) fn put_back(&mut self, esis: &[u32], path: PathId) -> u64 {
        let mut bytes = 0_u64;
        for esi in esis {
            let index = self.spans.iter().rposition(|span| span.path == path && span.has(*esi));
            let Some(mut span) = index.and_then(|index| self.spans.remove(index)) else { continue };
            bytes = bytes.saturating_add(span.each);
            self.sent = self.sent.saturating_sub(1);
            let (index, end) = (index.unwrap_or_default(), span.end());
            let behind =
                Span { first: esi.saturating_add(1), count: end.saturating_sub(*esi).saturating_sub(1), ..span };
            span.count = esi.saturating_sub(span.first);
            for part in [behind, span] {
                if part.count > 0 {
                    self.spans.insert(index, part);
                }
            }
            match &mut self.plan {
                Plan::Fresh { again, .. } => drop(again.insert_esi(*esi)),
                Plan::Exact { pending, .. } => drop(pending.insert_esi(*esi)),
            }
        }
        self.prompts.retain(|prompt| prompt.path != path);
        bytes
    }

    /// Takes what the peer reports: what became of symbols on each path, how long the answer took, and how it goes on.
    pub(super) fn report(&mut self, now: Millis, report: &Report<'_>, paths: &PathViews) -> Reported {
        let stale = |prompt: &Prompt| {
            let wait = paths.get(&prompt.path).map_or(0, |path| path.loss_delay_ms.saturating_mul(2));
            prompt.at.saturating_add(wait) < now
        };
        while self.prompts.len() > 1 && self.prompts.front().is_some_and(stale) {
            self.prompts.pop_front();
        }
        // With several questions under way, nobody knows which one this answers.
        let measured = self.measure(now);
        // It answers the oldest question; and, if it took as long as one that was put off, those that came with it.
        let mut answered = self.prompts.pop_front();
        while let Some(next) = self.prompts.front().copied()
            && let Some(rtt) = paths.get(&next.path).and_then(|path| path.shortest_rtt_ms)
            && next.at.saturating_add(rtt).saturating_add(PUT_OFF_MS) <= now
        {
            answered = self.prompts.pop_front();
        }
        let growth = report.received.saturating_sub(self.received);
        let grew = growth > 0;
        if grew {
            self.progress_at = now;
        }
        self.received = self.received.max(report.received);
        self.idle_reports = if grew { 0 } else { self.idle_reports.saturating_add(1) };
        self.reported_at = now;
        (self.timeouts, self.unanswered) = (0, None);
        let (settled, newest) = self.settle(now, (report, growth), paths, answered);
        // Of symbols that were sent once and are known to have arrived, the last one tells best.
        let of_newest = newest.map(|(path, at)| Measured { path, elapsed_ms: now.since(at), sure: true });
        let measured = of_newest.or(measured);
        Reported { settled, measured, outcome: self.proceed(report, paths, grew) }
    }

    /// How long an answer took that came just now: exactly where one question was open since the last answer, else at most
    /// as long as since the first that got none.
    fn measure(&self, now: Millis) -> Option<Measured> {
        let of = |prompt: Prompt, sure| Measured { path: prompt.path, elapsed_ms: now.since(prompt.at), sure };
        match self.unanswered {
            Some(first) => Some(of(first, false)),
            None if self.prompts.len() == 1 && self.presumed.is_empty() => Some(of(*self.prompts.front()?, true)),
            None => None,
        }
    }

    /// Decides of what is under way what arrived and what was lost. Gives when the last one went out of those that surely
    /// arrived.
    fn settle(
        &mut self,
        now: Millis,
        (report, growth): (&Report<'_>, u32),
        paths: &PathViews,
        answered: Option<Prompt>,
    ) -> (BTreeMap<PathId, Settled>, Option<(PathId, Millis)>) {
        // Source symbols that are not named are there, up to the last one that is if the list is full. Of what a holder is
        // to have, it names what is missing in between, and the rest follows from the number.
        let last = report.missing.and_then(EsiSet::last).filter(|_| report.is_full());
        let known_to = last.map_or(u32::from(self.block.k()), |last| last.min(u32::from(self.block.k())));
        let ends = match &self.plan {
            Plan::Exact { all, .. } if self.kind == OfferKind::Hold => report.ends_of(all),
            _ => None,
        };
        let is_there = |esi: u32| match self.kind {
            OfferKind::Hold => ends.as_ref().is_some_and(|ends| !ends.contains(esi)),
            OfferKind::Object | OfferKind::Answer => esi < known_to,
        };
        let mut settled: BTreeMap<PathId, Settled> = BTreeMap::new();
        let (mut open, mut unnamed): (VecDeque<Span>, VecDeque<(Span, bool)>) = (VecDeque::new(), VecDeque::new());
        let mut named_delivered = 0_u32;
        let mut newest: Option<(PathId, Millis)> = None;
        for span in core::mem::take(&mut self.spans) {
            let is_answered = answered.is_some_and(|prompt| prompt.path == span.path && span.order <= prompt.order);
            let delay = paths.get(&span.path).map_or(0, |path| path.loss_delay_ms);
            let covered = is_answered || span.at.saturating_add(delay) <= now;
            for esi in span.esis() {
                let one = Span { first: esi, count: 1, ..span.clone() };
                match report.missing {
                    Some(missing) if missing.contains(esi) && covered => {
                        settled.entry(span.path).or_default().lose(&one);
                    }
                    Some(missing) if missing.contains(esi) => push_joined(&mut open, one),
                    Some(_) if is_there(esi) => {
                        named_delivered = named_delivered.saturating_add(1);
                        newest = Some((span.path, span.at)).filter(|_| self.kind == OfferKind::Object);
                        settled.entry(span.path).or_default().deliver(&one);
                    }
                    _ => unnamed.push_back((one, covered)),
                }
            }
        }
        // The waits were too short for what arrived after all.
        if let Some(missing) = report.missing {
            let (there, rest): (VecDeque<Span>, VecDeque<Span>) = core::mem::take(&mut self.presumed)
                .into_iter()
                .filter(|span| now.since(span.at) < KEEP_PRESUMED_MS)
                .partition(|span| is_there(span.first) && !missing.contains(span.first));
            self.presumed = rest;
            for span in there {
                self.delivered = self.delivered.saturating_add(1);
                settled.entry(span.path).or_default().deliver(&Span { each: 0, ..span });
            }
        }
        // A holder that has a symbol already does not count it again.
        let news = match self.kind {
            OfferKind::Hold => growth,
            OfferKind::Object | OfferKind::Answer => report.received.saturating_sub(self.delivered),
        };
        let news = news.saturating_sub(named_delivered);
        let arrived = share_out(&unnamed, news, paths, &mut settled);
        for (span, _) in unnamed.into_iter().filter(|(_, covered)| !covered).skip(arrived.of_open) {
            push_joined(&mut open, span);
        }
        self.delivered = self.delivered.saturating_add(named_delivered).saturating_add(arrived.count);
        open.make_contiguous().sort_by_key(|span| span.order);
        self.spans = open;
        (settled, newest)
    }

    /// What follows from a report that was taken: whether it is over, and what is sent next.
    fn proceed(&mut self, report: &Report<'_>, paths: &PathViews, grew: bool) -> Outcome {
        let enough = match (&self.plan, self.kind) {
            (Plan::Exact { all, .. }, OfferKind::Hold) => report.received >= all.count(),
            _ => report.received >= report.required,
        };
        if enough {
            return Outcome::Done;
        }
        let ready = self.ready();
        let need = report.required.saturating_sub(report.received);
        let under_way = self.expected_of(paths);
        let loss = best_loss(paths);
        let nothing_open = self.spans.is_empty();
        match &mut self.plan {
            Plan::Fresh { target, .. } => {
                let coming = under_way.saturating_add(u64::from(ready));
                let lacking = u64::from(need).saturating_sub(coming);
                if lacking > 0 {
                    let more = with_losses(lacking, loss);
                    *target = self.sent.saturating_add(ready).saturating_add(more).max(*target);
                }
            }
            Plan::Exact { all, pending, repeat: true, missing } => {
                let Some(ends) = report.ends_of(all) else { return self.outcome() };
                let mut again = all.intersection(report.missing.unwrap_or(&EsiSet::new()));
                again.extend(ends.runs().iter().cloned());
                if self.sent >= all.count() {
                    // It has gone out once. Of what was to go out again, only this is of use.
                    *pending = pending.intersection(&again);
                    // Whoever takes nothing is not sent more at once, but after a pause.
                    if pending.is_empty() && nothing_open && grew {
                        *pending = again.clone();
                    } else if pending.is_empty() && grew {
                        let under_way: EsiSet = self.spans.iter().flat_map(Span::esis).collect();
                        let named = again.difference(&ends);
                        *pending = named.difference(&under_way);
                    }
                }
                *missing = Some(again);
            }
            Plan::Exact { .. } => {}
        }
        self.outcome()
    }

    /// Whether an answer is complete, or a bound was reached.
    pub(super) fn outcome(&self) -> Outcome {
        if self.ready() > 0 || !self.spans.is_empty() {
            return Outcome::Open;
        }
        match &self.plan {
            Plan::Exact { repeat: false, .. } => Outcome::Done,
            _ if self.sent >= self.max_symbols => Outcome::LimitReached,
            Plan::Fresh { next, .. } if *next > MAX_ESI => Outcome::LimitReached,
            _ => Outcome::Open,
        }
    }

    /// When something is to be done if nothing happens.
    pub(super) fn deadline(&self, paths: &PathViews) -> Millis {
        let patience = self.progress_at.saturating_add(self.patience_ms);
        let waits = |path: &PathId| {
            let once = paths.get(path).map_or(1000, |path| path.timeout_ms);
            once.saturating_mul(2_u64.saturating_pow(self.timeouts.min(16))).min(LONGEST_PAUSE_MS)
        };
        let open = self.prompts.front().map(|prompt| prompt.at.saturating_add(waits(&prompt.path)));
        let open = open.or_else(|| self.spans.front().map(|span| span.at.saturating_add(waits(&span.path))));
        // What the peer did not take is sent again after a pause, each time a longer one.
        let pause = PAUSE_MS.saturating_mul(2_u64.saturating_pow(self.idle_reports.min(16))).min(LONGEST_PAUSE_MS);
        let again = (self.ready() == 0).then(|| self.reported_at.saturating_add(pause));
        let due = open.or(again).unwrap_or(Millis::NEVER);
        if paths.is_empty() { patience } else { patience.min(due) }
    }

    /// Whether patience is at an end.
    pub(super) const fn is_hopeless(&self, now: Millis) -> bool {
        self.progress_at.saturating_add(self.patience_ms).as_millis() <= now.as_millis()
    }

    /// Nobody answered in time: what is under way is taken to be lost, and something is sent that asks again.
    ///
    /// Gives what was lost on each path, and the path on which the question went.
    pub(super) fn time_out(&mut self, now: Millis, paths: &PathViews) -> (BTreeMap<PathId, Settled>, Option<PathId>) {
        let mut settled: BTreeMap<PathId, Settled> = BTreeMap::new();
        let asked = self.prompts.pop_front();
        self.timeouts = self.timeouts.saturating_add(u32::from(asked.is_some()));
        self.unanswered = self.unanswered.or(asked);
        self.prompts.clear();
        let mut open = VecDeque::new();
        for span in core::mem::take(&mut self.spans) {
            let delay = paths.get(&span.path).map_or(0, |path| path.loss_delay_ms);
            let answered = asked.is_some_and(|prompt| prompt.path == span.path && span.order <= prompt.order);
            if answered || span.at.saturating_add(delay) <= now {
                settled.entry(span.path).or_default().lose(&span);
                self.presumed.extend(span.esis().map(|esi| Span { first: esi, count: 1, ..span.clone() }));
            } else {
                open.push_back(span);
            }
        }
        self.spans = open;
        while self.presumed.len() > MAX_PRESUMED {
            self.presumed.pop_front();
        }
        if self.ready() == 0 {
            match &mut self.plan {
                Plan::Fresh { target, .. } => *target = self.sent.saturating_add(PROBE),
                Plan::Exact { all, pending, repeat: true, missing } => {
                    *pending = missing.take().unwrap_or_else(|| all.clone());
                }
                Plan::Exact { .. } => {}
            }
        }
        (settled, asked.map(|prompt| prompt.path))
    }

    /// The peer was away: what was under way is forgotten, and it is sent what it was not known to have.
    pub(super) fn begin_again(&mut self, now: Millis) -> BTreeMap<PathId, u64> {
        let open = self.forget_open();
        self.presumed.clear();
        (self.timeouts, self.unanswered) = (0, None);
        self.prompts.clear();
        self.progress_at = now;
        match &mut self.plan {
            Plan::Fresh { target, .. } => {
                let k = self.block.required();
                *target = self.sent.saturating_add(k.saturating_sub(self.received.min(k))).max(*target);
            }
            Plan::Exact { all, pending, repeat: true, .. } => *pending = all.clone(),
            Plan::Exact { .. } => {}
        }
        open
    }

    /// A path is gone: what is under way on it is forgotten.
    pub(super) fn forget_path(&mut self, path: PathId) {
        self.spans.retain(|span| span.path != path);
        self.prompts.retain(|prompt| prompt.path != path);
    }

    /// Forgets what is under way, and gives how many bytes of it there are on each path.
    pub(super) fn forget_open(&mut self) -> BTreeMap<PathId, u64> {
        let mut open: BTreeMap<PathId, u64> = BTreeMap::new();
        for span in self.spans.drain(..) {
            let bytes = open.entry(span.path).or_default();
            *bytes = bytes.saturating_add(span.bytes());
        }
        open
    }

    /// What is under way when the peer says that it has all: it is taken to have arrived as often as it did before.
    pub(super) fn settle_all(&mut self, paths: &PathViews) -> (BTreeMap<PathId, Settled>, BTreeMap<PathId, u64>) {
        let mut settled: BTreeMap<PathId, Settled> = BTreeMap::new();
        let open = self.forget_open();
        for (path, bytes) in &open {
            let arrives = 10_000_u64.saturating_sub(paths.get(path).map_or(0, |path| path.loss_bps));
            let arrived = bytes.saturating_mul(arrives) / 10_000;
            let entry = settled.entry(*path).or_default();
            (entry.delivered, entry.delivered_bytes) = (u32::from(arrived > 0), arrived);
        }
        let rest = open.iter().map(|(path, bytes)| {
            (*path, bytes.saturating_sub(settled.get(path).map_or(0, |settled| settled.delivered_bytes)))
        });
        let rest = rest.collect();
        (settled, rest)
    }

    /// Of what is under way, how many symbols will probably arrive.
    fn expected_of(&self, paths: &PathViews) -> u64 {
        let expected = self.spans.iter().map(|span| {
            let arrives = 10_000_u64.saturating_sub(paths.get(&span.path).map_or(10_000, |path| path.loss_bps));
            u64::from(span.count).saturating_mul(arrives)
        });
        expected.fold(0_u64, u64::saturating_add) / 10_000
    }
}

/// The smallest share of losses of any path.
fn best_loss(paths: &PathViews) -> u64 {
    paths.values().map(|path| path.loss_bps).min().unwrap_or_default()
}

/// How many symbols to send so that `count` arrive.
fn with_losses(count: u64, loss_bps: u64) -> u32 {
    let arrives = 10_000_u64.saturating_sub(loss_bps).max(1);
    let more = count.saturating_mul(10_000).div_ceil(arrives).min(count.saturating_mul(MAX_EXCESS));
    u32::try_from(more).unwrap_or(u32::MAX)
}
