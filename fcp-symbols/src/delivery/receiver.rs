//! Receiving: many objects from many sources.

mod gather;
mod output;
mod pool;
mod want;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::StoredObject;
use fcp_core::time::Millis;

use self::gather::Gather;
pub use self::output::{Ask, Enough, ReceiverOutput, Share, StatusReport, ZoneTerms};
pub use self::want::{Begin, Holds, ReceiverConfig, Source, Want, WantError};
use crate::reassembly::{Candidate, ContextKey, Fault, Progress, Reassembly, ReassemblyError, Step};

/// How long a peer that was told that an object is there is not told again, in milliseconds.
const TELL_AGAIN_MS: u64 = 1_000;

/// A symbol that was authenticated and opened.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The object, its shape and what its symbols are.
    pub key: ContextKey,
    /// Who vouches for it: the session's peer (D58), or who sent it before it was on this node's disk.
    pub source: &'a NodeId,
    /// Who gave it: the peer, or this node itself.
    pub giver: &'a NodeId,
    /// Which symbol it is.
    pub esi: u32,
    /// Its bytes.
    pub data: &'a [u8],
}

/// What became of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was new.
    New,
    /// It was of no use: there already, or of a source that is not believed.
    Ignored,
    /// It completed the object.
    Completed,
    /// The object was completed before: who sent it is told so.
    Known,
    /// Nobody wants the object: say with [`Receiver::want`] if somebody does.
    Unwanted,
}

/// What one source did, over all objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceFigures {
    /// What it gave.
    pub share: Share,
    /// How many symbols it was asked for.
    pub asked: u64,
    /// How many times its symbols were wrong.
    pub faults: u64,
    /// When its first symbol came.
    pub first_at: Millis,
    /// When its last one did.
    pub last_at: Millis,
    /// How much of what it was asked for it gave, smoothed, in basis points.
    quality_bps: u64,
}

impl SourceFigures {
    /// Bytes a second, from its first symbol to its last.
    #[must_use]
    pub fn bytes_per_sec(&self) -> u64 {
        let millis = self.last_at.since(self.first_at).max(1);
        self.share.bytes.saturating_mul(1000).checked_div(millis).unwrap_or_default()
    }
}

/// An object that was completed.
#[derive(Debug)]
struct Remembered {
    zone_id: ZoneId,
    told: BTreeMap<NodeId, Millis>,
}

/// Puts many objects together from the symbols of many sources. The [module](super) shows the loop around it.
///
/// It keeps what came within [`ReceiverConfig::max_bytes`], so that an object comes together although one of its sources
/// is faulty, and works on a [`Reassembly`] that the caller hands in.
///
/// **The law: after every call that takes `&mut self` and a time, drain [`poll_output`](Self::poll_output).**
#[derive(Debug)]
pub struct Receiver {
    config: ReceiverConfig,
    active: BTreeMap<ObjectId, Gather>,
    waiting: VecDeque<Want>,
    queued: BTreeSet<ObjectId>,
    deadlines: BTreeSet<(Millis, ObjectId)>,
    remembered: BTreeMap<ObjectId, Remembered>,
    /// The same, the oldest first.
    remembered_order: VecDeque<ObjectId>,
    figures: BTreeMap<NodeId, SourceFigures>,
    events: VecDeque<ReceiverOutput>,
    /// What the symbols of all pools cost.
    bytes: usize,
    now: Millis,
    announced: Option<Millis>,
}

impl Receiver {
    /// Nothing is wanted.
    #[must_use]
    pub const fn new(config: ReceiverConfig) -> Self {
        Self {
            config,
            active: BTreeMap::new(),
            waiting: VecDeque::new(),
            queued: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            remembered: BTreeMap::new(),
            remembered_order: VecDeque::new(),
            figures: BTreeMap::new(),
            events: VecDeque::new(),
            bytes: 0,
            now: Millis::from_millis(0),
            announced: None,
        }
    }

    /// Wants an object. Objects are gathered in the order in which they were wanted, many at once; one that is wanted
    /// already gets the sources that are new.
    ///
    /// # Errors
    /// [`WantError`]: as many as may be wait already.
    pub fn want(&mut self, now: Millis, reassembly: &Reassembly, want: Want) -> Result<(), WantError> {
        self.advance(now);
        let id = want.object_id;
        if let Some(gather) = self.active.get_mut(&id) {
            for source in want.sources {
                gather.add(source, self.config.max_sources);
            }
            return Ok(());
        }
        if self.queued.contains(&id) {
            return Ok(());
        }
        if self.waiting.len() >= self.config.max_waiting {
            return Err(WantError);
        }
        if self.remembered.remove(&id).is_some() {
            self.remembered_order.retain(|other| *other != id);
        }
        self.queued.insert(id);
        self.waiting.push_back(want);
        self.activate(reassembly);
        Ok(())
    }

    /// Whether an object is wanted and not there yet.
    #[must_use]
    pub fn wants(&self, object_id: &ObjectId) -> bool {
        self.active.contains_key(object_id) || self.queued.contains(object_id)
    }

    /// How many objects are wanted and not there yet.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.active.len().saturating_add(self.waiting.len())
    }

    /// How far an object is, if anything of it came.
    #[must_use]
    pub fn progress(&self, object_id: &ObjectId, reassembly: &Reassembly) -> Option<Progress> {
        self.active.get(object_id)?.progress(reassembly)
    }

    /// Another source of an object that is being gathered, or news of one.
    pub fn add_source(&mut self, now: Millis, object_id: &ObjectId, source: Source) {
        self.advance(now);
        if let Some(gather) = self.active.get_mut(object_id) {
            gather.add(source, self.config.max_sources);
        } else if let Some(want) = self.waiting.iter_mut().find(|want| want.object_id == *object_id) {
            want.sources.push(source);
        }
    }

    /// Forgets an object that is wanted; says nothing of it.
    pub fn forget(&mut self, now: Millis, reassembly: &mut Reassembly, object_id: &ObjectId) {
        self.advance(now);
        if self.queued.remove(object_id) {
            self.waiting.retain(|want| want.object_id != *object_id);
        }
        if self.remove(object_id).is_some() {
            reassembly.abandon(*object_id);
        }
        self.activate(reassembly);
    }

    /// Takes a symbol. `open` checks bytes against the id that they are to have, as `StoredObject::parse_as` does.
    ///
    /// # Errors
    /// [`ReassemblyError`]: the symbol is not of its block, or there is no room for it.
    pub fn handle_symbol(
        &mut self,
        now: Millis,
        reassembly: &mut Reassembly,
        symbol: &Incoming<'_>,
        open: &mut impl FnMut(ObjectId, &[u8]) -> Option<StoredObject>,
    ) -> Result<Taken, ReassemblyError> {
        self.advance(now);
        let now = self.now;
        let Incoming { key, source, giver, esi, data } = *symbol;
        let id = key.object_id;
        let Some(gather) = self.active.get_mut(&id) else {
            if self.remembered.contains_key(&id) {
                self.tell(&id, giver);
                return Ok(Taken::Known);
            }
            return Ok(if self.queued.contains(&id) { Taken::Ignored } else { Taken::Unwanted });
        };
        if gather.is_excluded(source) {
            return Ok(Taken::Ignored);
        }
        let is_news = !gather.pool.has(&key, esi);
        let room = self.config.max_bytes.saturating_sub(self.bytes);
        let before = gather.pool.bytes();
        gather.pool.keep(&key, source, esi, data, room);
        self.bytes = self.bytes.saturating_add(gather.pool.bytes().saturating_sub(before));
        let step = reassembly.handle_symbol(now.timestamp(), &key, source, esi, data);
        let is_new = is_news && !matches!(step, Err(_) | Ok(Step::Ignored));
        gather.note(now, giver, esi, data.len(), is_new, self.config.max_sources);
        if is_new && gather.is_starved() {
            gather.ask_at = gather.ask_at.min(now.saturating_add(1));
        }
        reschedule(&mut self.deadlines, &id, gather);
        self.count(giver, data.len(), is_new);
        let taken = match step {
            Ok(Step::Candidate(candidate)) => match settle(reassembly, candidate, open) {
                Some(object) => {
                    self.finish(reassembly, object);
                    Ok(Taken::Completed)
                }
                None => Ok(Taken::New),
            },
            Ok(_) if is_new => Ok(Taken::New),
            Ok(_) | Err(ReassemblyError::SourceRefused) => Ok(Taken::Ignored),
            Err(error) => Err(error),
        };
        self.drain_faults(reassembly);
        taken
    }

    /// A peer's frame asked how far this node is (REQUIRES_ACK). False if the object is neither wanted nor known here: then
    /// somebody else answers, if this node holds symbols of it.
    pub fn handle_prompt(&mut self, now: Millis, reassembly: &Reassembly, object_id: &ObjectId, peer: &NodeId) -> bool {
        self.advance(now);
        let now = self.now;
        if self.remembered.contains_key(object_id) {
            self.tell(object_id, peer);
            return true;
        }
        let Some(gather) = self.active.get_mut(object_id) else { return false };
        gather.note_prompt(now, peer);
        let Some(source) = gather.sources.get_mut(peer) else { return true };
        let earliest = source.status_at.map_or(now, |at| at.saturating_add(self.config.status_interval_ms));
        source.status_due.get_or_insert(earliest.max(now));
        reschedule(&mut self.deadlines, object_id, gather);
        if earliest <= now {
            self.report(object_id, reassembly);
        }
        true
    }

    /// Does what is due: asks again, tells how far it is, tries without a faulty source, gives up.
    pub fn handle_timeout(
        &mut self,
        now: Millis,
        reassembly: &mut Reassembly,
        open: &mut impl FnMut(ObjectId, &[u8]) -> Option<StoredObject>,
    ) {
        self.advance(now);
        let now = self.now;
        while let Some((due, id)) = self.deadlines.first().copied()
            && due <= now
        {
            self.deadlines.remove(&(due, id));
            let Some(gather) = self.active.get_mut(&id) else { continue };
            gather.indexed = Millis::NEVER;
            self.report(&id, reassembly);
            let Some(gather) = self.active.get_mut(&id) else { continue };
            if gather.is_hopeless(now) || gather.ask_at <= now {
                if let Some(object) = gather.pool.decode_without_one(|bytes| open(id, bytes)) {
                    for source in gather.pool.wrong_sources(object.canonical_bytes()) {
                        let fault = Fault { source, object_id: id, reason: Reason::ObjectIdMismatch };
                        self.blame(fault);
                    }
                    self.finish(reassembly, object);
                    continue;
                }
                if gather.is_hopeless(now) || gather.is_betrayed() {
                    self.give_up(reassembly, &id);
                    continue;
                }
                self.ask(&id, reassembly);
            }
            if let Some(gather) = self.active.get_mut(&id) {
                reschedule(&mut self.deadlines, &id, gather);
            }
        }
        self.drain_faults(reassembly);
    }

    /// The next thing to do. Call until it gives `None`, after every other call.
    pub fn poll_output(&mut self) -> Option<ReceiverOutput> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        let wake = self.deadlines.first().map_or(Millis::NEVER, |(due, _)| *due);
        if wake == Millis::NEVER || self.announced == Some(wake) {
            return None;
        }
        self.announced = Some(wake);
        Some(ReceiverOutput::Wake(wake))
    }

    /// What each source did, over all objects.
    pub fn figures(&self) -> impl Iterator<Item = (&NodeId, &SourceFigures)> {
        self.figures.iter()
    }

    /// How many bytes of symbols are kept.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn advance(&mut self, now: Millis) {
        self.now = self.now.max(now);
        self.announced = None;
    }

    /// Begins with the next ones that wait.
    fn activate(&mut self, reassembly: &Reassembly) {
        while self.active.len() < self.config.max_active
            && let Some(want) = self.waiting.pop_front()
        {
            let id = want.object_id;
            self.queued.remove(&id);
            let gather = Gather::new(want, self.config.ask_again_ms, self.config.max_sources, self.now);
            let asks_now = gather.ask_at <= self.now;
            self.active.insert(id, gather);
            if asks_now {
                self.ask(&id, reassembly);
            }
            if let Some(gather) = self.active.get_mut(&id) {
                reschedule(&mut self.deadlines, &id, gather);
            }
        }
    }

    fn ask(&mut self, id: &ObjectId, reassembly: &Reassembly) {
        let Some(gather) = self.active.get_mut(id) else { return };
        let figures = &self.figures;
        let asks =
            gather.ask(self.now, reassembly, |peer| figures.get(peer).map_or(10_000, |figures| figures.quality_bps));
        for ask in asks {
            if let Some(figures) = self.figures.get_mut(&ask.peer) {
                figures.asked = figures.asked.saturating_add(u64::from(ask.max_symbols));
                // What is asked for and comes brings it up again.
                let share = u64::from(ask.max_symbols).min(64);
                figures.quality_bps =
                    figures.quality_bps.saturating_mul(256_u64.saturating_sub(share)).checked_div(256).unwrap_or(1);
            }
            self.events.push_back(ReceiverOutput::Ask(ask));
        }
    }

    /// Tells the peers that want to know, and have not been told too recently, how far an object is.
    fn report(&mut self, id: &ObjectId, reassembly: &Reassembly) {
        let now = self.now;
        let Some(gather) = self.active.get_mut(id) else { return };
        let due: Vec<NodeId> = gather
            .sources
            .iter()
            .filter(|(_, source)| source.status_due.is_some_and(|due| due <= now))
            .map(|(peer, _)| peer.clone())
            .collect();
        for peer in due {
            let status = gather.status(&peer, reassembly);
            if let Some(source) = gather.sources.get_mut(&peer) {
                (source.status_due, source.status_at) = (None, Some(now));
            }
            self.events.extend(status.map(ReceiverOutput::Status));
        }
    }

    /// Tells a peer that an object is there, unless it was told just now.
    fn tell(&mut self, id: &ObjectId, peer: &NodeId) {
        let now = self.now;
        let Some(remembered) = self.remembered.get_mut(id) else { return };
        let told = remembered.told.get(peer).copied();
        if told.is_some_and(|at| at.saturating_add(TELL_AGAIN_MS) > now)
            || (told.is_none() && remembered.told.len() >= self.config.max_sources)
        {
            return;
        }
        remembered.told.insert(peer.clone(), now);
        let (object_id, zone_id) = (*id, remembered.zone_id.clone());
        self.events.push_back(ReceiverOutput::Ack(Enough { peer: peer.clone(), object_id, zone_id }));
    }

    fn finish(&mut self, reassembly: &mut Reassembly, object: StoredObject) {
        let id = object.id();
        let Some(gather) = self.remove(&id) else { return };
        reassembly.abandon(id);
        if self.config.max_remembered > 0 {
            if self.remembered_order.len() >= self.config.max_remembered
                && let Some(oldest) = self.remembered_order.pop_front()
            {
                self.remembered.remove(&oldest);
            }
            self.remembered_order.push_back(id);
            self.remembered.insert(id, Remembered { zone_id: gather.zone_id.clone(), told: BTreeMap::new() });
        }
        for (peer, source) in &gather.sources {
            if source.involved {
                self.tell(&id, peer);
            }
        }
        let shares = gather.sources.into_iter().map(|(peer, source)| (peer, source.share));
        let shares = shares.filter(|(_, share)| share.symbols > 0).collect();
        self.events.push_back(ReceiverOutput::Done { object: Box::new(object), shares });
        self.activate(reassembly);
    }

    fn give_up(&mut self, reassembly: &mut Reassembly, id: &ObjectId) {
        let Some(gather) = self.remove(id) else { return };
        let reason = if gather.is_betrayed() { Reason::SymbolSourceRefused } else { Reason::SymbolInsufficient };
        reassembly.abandon(*id);
        self.events.push_back(ReceiverOutput::GaveUp { object_id: *id, zone_id: gather.zone_id, reason });
        self.activate(reassembly);
    }

    fn remove(&mut self, id: &ObjectId) -> Option<Gather> {
        let gather = self.active.remove(id)?;
        self.deadlines.remove(&(gather.indexed, *id));
        self.bytes = self.bytes.saturating_sub(gather.pool.bytes());
        Some(gather)
    }

    fn drain_faults(&mut self, reassembly: &mut Reassembly) {
        while let Some(fault) = reassembly.poll_fault() {
            self.blame(fault);
        }
    }

    fn blame(&mut self, fault: Fault) {
        if let Some(gather) = self.active.get_mut(&fault.object_id)
            && let Some(source) = gather.sources.get_mut(&fault.source)
        {
            if source.excluded {
                return;
            }
            source.excluded = true;
        }
        if let Some(figures) = self.figures.get_mut(&fault.source) {
            figures.faults = figures.faults.saturating_add(1);
        }
        self.events.push_back(ReceiverOutput::Fault(fault));
    }

    fn count(&mut self, giver: &NodeId, bytes: usize, is_new: bool) {
        let now = self.now;
        if !self.figures.contains_key(giver) {
            if self.figures.len() >= self.config.max_figures {
                return;
            }
            let figures = SourceFigures {
                share: Share::default(),
                asked: 0,
                faults: 0,
                first_at: now,
                last_at: now,
                quality_bps: 10_000,
            };
            self.figures.insert(giver.clone(), figures);
        }
        let Some(figures) = self.figures.get_mut(giver) else { return };
        figures.last_at = now;
        if is_new {
            figures.share.symbols = figures.share.symbols.saturating_add(1);
            figures.share.bytes = figures.share.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
            let gain = 10_000_u64.saturating_sub(figures.quality_bps) / 256;
            figures.quality_bps = figures.quality_bps.saturating_add(gain.max(1)).min(10_000);
        } else {
            figures.share.repeated = figures.share.repeated.saturating_add(1);
        }
    }
}

/// Opens a candidate, and the next ones while they are wrong.
fn settle(
    reassembly: &mut Reassembly,
    candidate: Candidate,
    open: &mut impl FnMut(ObjectId, &[u8]) -> Option<StoredObject>,
) -> Option<StoredObject> {
    let mut next = Some(candidate);
    while let Some(candidate) = next {
        let opened = open(candidate.object_id(), candidate.bytes());
        next = reassembly.settle(candidate, opened.as_ref());
        if opened.is_some() {
            return opened;
        }
    }
    None
}

/// Brings an object's deadline forward. One that lies further back is found out when it comes.
fn reschedule(deadlines: &mut BTreeSet<(Millis, ObjectId)>, id: &ObjectId, gather: &mut Gather) {
    let due = gather.deadline();
    if due < gather.indexed {
        deadlines.remove(&(gather.indexed, *id));
        gather.indexed = due;
        if due != Millis::NEVER {
            deadlines.insert((due, *id));
        }
    }
}
