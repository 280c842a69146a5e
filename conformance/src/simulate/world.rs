//! Hosts, the network between them and the time: what happens next, and whose turn it is.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use fcp_core::id::ObjectId;
use fcp_core::object::{MeshObject as _, ObjectHeader, Provenance, StoredObject};
use fcp_core::time::Millis;
use fcp_symbols::chunk::RawChunk;
use fcp_symbols::raptor::PlanCache;

use super::cast::{MAX_NODES, address_of, cast, start, zone};
use super::clock::Queue;
use super::dice::Dice;
use super::host::{Effects, Host, Outside, Settings};
use super::ledger::{Check, Ledger};
use super::network::{Conditions, Network};

/// After how many milliseconds without a way through a stream breaks.
const STREAM_PATIENCE_MS: u64 = 10_000;

/// How many events a run has at most.
const MAX_EVENTS: u64 = 3_000_000;

/// What a run begins with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brief {
    pub(super) seed: u64,
    /// How many nodes, if somebody asked for a number.
    pub(super) nodes: Option<usize>,
}

/// A datagram that somebody listened in on.
#[derive(Debug, Clone)]
pub(super) struct Packet {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug)]
enum Event {
    Datagram { to: usize, from: SocketAddr, bytes: Vec<u8> },
    Pipe(PipeKey),
    Reset { host: usize, session: [u8; 16] },
    Timer { host: usize },
}

/// One direction of a session's stream.
type PipeKey = (usize, usize, [u8; 16]);

#[derive(Debug, Default)]
struct Pipe {
    waiting: VecDeque<(Millis, Vec<u8>)>,
    /// When the last of it arrives.
    last: Millis,
    /// Since when nothing gets through.
    stuck_since: Option<Millis>,
}

/// What was counted in a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Events.
    pub(super) events: u64,
    /// Datagrams that hosts sent.
    pub(super) datagrams: u64,
}

/// Everything there is.
#[derive(Debug)]
pub(super) struct World {
    pub(super) now: Millis,
    pub(super) dice: Dice,
    pub(super) network: Network,
    pub(super) ledger: Ledger,
    pub(super) hosts: Vec<Host>,
    /// What was published, as it was.
    pub(super) published: BTreeMap<ObjectId, StoredObject>,
    /// Somebody listens in, if this is there, and keeps the most recent datagrams.
    pub(super) tap: Option<VecDeque<Packet>>,
    pub(super) counts: Counts,
    /// How many events a run has at most.
    pub(super) max_events: u64,
    queue: Queue<Event>,
    timers: BTreeMap<usize, Millis>,
    pipes: BTreeMap<PipeKey, Pipe>,
    plans: PlanCache,
}

impl World {
    /// Hosts that know each other, not yet started: as many as were asked for, or between `low` and `high`.
    pub(super) fn new(brief: Brief, (low, high): (usize, usize), settings: Settings) -> Self {
        let mut dice = Dice::new(brief.seed);
        let drawn = low.saturating_add(dice.index(high.saturating_sub(low).saturating_add(1)));
        let count = brief.nodes.unwrap_or(drawn).clamp(low, MAX_NODES);
        let mut world = Self {
            now: start(),
            network: Network::new(Conditions::GOOD),
            ledger: Ledger::new(start(), settings.thresholds, settings.budgets),
            hosts: Vec::new(),
            published: BTreeMap::new(),
            tap: None,
            counts: Counts::default(),
            max_events: MAX_EVENTS,
            queue: Queue::new(),
            timers: BTreeMap::new(),
            pipes: BTreeMap::new(),
            plans: PlanCache::new(64),
            dice,
        };
        for index in 0..count {
            world.hosts.push(Host::new(index, cast().node(index), address_of(index), settings));
        }
        world
    }

    /// Everybody keeps a session with everybody, or with a few where there are many.
    pub(super) fn mesh(mut self) -> Self {
        let count = self.hosts.len();
        let mut knows = vec![std::collections::BTreeSet::new(); count];
        for here in 0..count {
            let next = here.saturating_add(1).checked_rem(count).unwrap_or_default();
            let others = if count <= 8 { (0..count).collect() } else { self.dice.choose(2, count) };
            for there in others.into_iter().chain([next]).filter(|there| *there != here) {
                if let Some(known) = knows.get_mut(here) {
                    known.insert(there);
                }
                if let Some(known) = knows.get_mut(there) {
                    known.insert(here);
                }
            }
        }
        for (host, known) in self.hosts.iter_mut().zip(knows) {
            host.peers = known.into_iter().map(|there| (cast().node(there).name.clone(), address_of(there))).collect();
        }
        self
    }

    /// Starts every host.
    pub(super) fn started(mut self) -> Self {
        (0..self.hosts.len()).for_each(|index| self.start(index));
        self
    }

    /// A host of another kind, with an address of its own.
    pub(super) fn add(&mut self, change: impl FnOnce(&mut Host)) -> usize {
        let index = self.hosts.len();
        let settings = self.hosts.first().map(|host| host.settings).unwrap_or_default();
        let mut host = Host::new(index, cast().node(index), address_of(index), settings);
        change(&mut host);
        self.hosts.push(host);
        index
    }

    /// Starts a host that is down.
    pub(super) fn start(&mut self, index: usize) {
        let rng = self.dice.split();
        self.start_with(index, rng);
    }

    /// As `start`, with randomness of the caller.
    pub(super) fn start_with(&mut self, index: usize, rng: rand_chacha::ChaCha8Rng) {
        self.ledger.happens(self.now, &[b"start", &index.to_le_bytes()]);
        self.with(index, |host, out| host.start(out, rng));
    }

    /// Stops a host: what it had in memory is lost.
    pub(super) fn crash(&mut self, index: usize) {
        self.ledger.happens(self.now, &[b"crash", &index.to_le_bytes()]);
        if let Some(host) = self.hosts.get_mut(index) {
            host.crash();
        }
        self.pipes.retain(|(from, _, _), _| *from != index);
    }

    pub(super) fn host(&self, index: usize) -> Option<&Host> {
        self.hosts.get(index)
    }

    /// Writes an object of `len` bytes to a host's disk.
    pub(super) fn publish(&mut self, index: usize, len: usize) -> ObjectId {
        let (now, object) = (self.now, self.object(len));
        let id = object.id();
        self.with(index, |host, _| host.keep(now, &object));
        self.published.insert(id, object);
        id
    }

    /// Writes an object to a host's disk that it keeps to itself.
    pub(super) fn quarantine(&mut self, index: usize, len: usize) -> ObjectId {
        let (now, object) = (self.now, self.object(len));
        self.with(index, |host, _| host.quarantine(now, &object));
        object.id()
    }

    /// An object of `len` bytes, which nobody has yet.
    #[expect(clippy::expect_used, reason = "a chunk of these lengths is a valid object")]
    pub(super) fn object(&mut self, len: usize) -> StoredObject {
        let provenance = Provenance::of_zone(zone(), 60, 60, self.now.timestamp());
        let header = ObjectHeader::for_type::<RawChunk>(provenance);
        let chunk = RawChunk { header, bytes: self.dice.bytes(len.max(1)) };
        chunk.seal(&cast().object_id_key).expect("a valid chunk")
    }

    /// A host is to have an object.
    pub(super) fn want(&mut self, index: usize, id: ObjectId) {
        let now = self.now;
        self.with(index, |host, _| host.want(now, id));
    }

    /// All hosts are to have an object.
    pub(super) fn everybody_wants(&mut self, id: ObjectId) {
        (0..self.hosts.len()).for_each(|index| self.want(index, id));
    }

    /// Lets time pass.
    pub(super) fn run_ms(&mut self, milliseconds: u64) {
        let end = self.now.saturating_add(milliseconds);
        while let Some((at, event)) = self.queue.pop(end) {
            self.now = self.now.max(at);
            self.counts.events = self.counts.events.saturating_add(1);
            if self.counts.events > self.max_events {
                self.ledger.violate(Check::Unrest, format!("more than {} events", self.max_events));
                break;
            }
            self.handle(event);
        }
        self.now = end;
    }

    /// Lets time pass until `done` says so, at most so long; gives whether it did.
    pub(super) fn run_until(&mut self, milliseconds: u64, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now.saturating_add(milliseconds);
        while !done(self) {
            if self.now >= end || self.counts.events > self.max_events {
                return false;
            }
            self.run_ms(end.since(self.now).min(200));
        }
        true
    }

    /// A datagram of somebody who is no host, delivered after `delay_ms`.
    pub(super) fn inject(&mut self, delay_ms: u64, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        if let Some(to) = self.hosts.iter().position(|host| host.address == to) {
            self.queue.push(self.now.saturating_add(delay_ms), Event::Datagram { to, from, bytes });
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Datagram { to, from, bytes } => {
                self.ledger.happens(self.now, &[&to.to_le_bytes(), from.to_string().as_bytes(), &bytes]);
                if !self.hosts.iter().any(|host| host.address == from) {
                    self.ledger.reaches_from_nowhere(from, bytes.len());
                }
                self.with(to, |host, out| host.datagram(out, from, bytes));
            }
            Event::Timer { host } => {
                if self.timers.get(&host).is_some_and(|at| *at <= self.now) {
                    self.timers.remove(&host);
                    self.ledger.happens(self.now, &[b"timer", &host.to_le_bytes()]);
                    self.with(host, Host::timeout);
                }
            }
            Event::Reset { host, session } => {
                self.ledger.happens(self.now, &[b"reset", &host.to_le_bytes(), &session]);
                self.with(host, |host, out| host.reset(out, session));
            }
            Event::Pipe(key) => self.pipe(key),
        }
    }

    /// Brings on what a stream holds.
    fn pipe(&mut self, key: PipeKey) {
        let (from, to, session) = key;
        let Some(pipe) = self.pipes.get_mut(&key) else { return };
        if pipe.waiting.front().is_none_or(|(at, _)| *at > self.now) {
            return;
        }
        let (here, there) = (address_of(from), address_of(to));
        let open = self.network.is_open(here, there) && self.network.is_open(there, here);
        let alive = self.hosts.get(to).is_some_and(|host| host.life.is_some());
        if !open || !alive {
            let since = *pipe.stuck_since.get_or_insert(self.now);
            if self.now.since(since) >= STREAM_PATIENCE_MS {
                self.pipes.remove(&key);
                self.queue.push(self.now, Event::Reset { host: from, session });
            } else {
                self.queue.push(self.now.saturating_add(500), Event::Pipe(key));
                if let Some((at, _)) = pipe.waiting.front_mut() {
                    *at = self.now.saturating_add(500);
                }
            }
            return;
        }
        pipe.stuck_since = None;
        let Some((_, bytes)) = pipe.waiting.pop_front() else { return };
        if let Some((at, _)) = pipe.waiting.front_mut() {
            *at = (*at).max(self.now);
            self.queue.push(*at, Event::Pipe(key));
        }
        self.ledger.happens(self.now, &[b"stream", &to.to_le_bytes(), &bytes]);
        self.with(to, |host, out| host.stream(out, here, session, &bytes));
    }

    /// Calls a host, and does what it wants done.
    fn with(&mut self, index: usize, call: impl FnOnce(&mut Host, &mut Outside<'_>)) {
        let Some(host) = self.hosts.get_mut(index) else { return };
        let mut effects = Effects::default();
        let (now, ledger, plans) = (self.now, &mut self.ledger, &mut self.plans);
        call(host, &mut Outside { now, ledger, plans, effects: &mut effects });
        let address = host.address;
        for (to, bytes) in effects.datagrams {
            self.transmit(index, (address, to), bytes);
        }
        for (to, session, bytes) in effects.streams {
            self.write(index, (address, to), *session.as_bytes(), bytes);
        }
        for (to, session) in effects.resets {
            if let Some(host) = self.hosts.iter().position(|host| host.address == to) {
                self.queue.push(self.now.saturating_add(5), Event::Reset { host, session });
            }
        }
        self.set_timer(index);
    }

    fn set_timer(&mut self, index: usize) {
        let Some(host) = self.hosts.get(index) else { return };
        let wake = host.wake(self.now);
        if wake == Millis::NEVER {
            return;
        }
        let wake = wake.max(self.now.saturating_add(1));
        if self.timers.get(&index).is_none_or(|at| *at > wake) {
            self.timers.insert(index, wake);
            self.queue.push(wake, Event::Timer { host: index });
        }
    }

    fn transmit(&mut self, index: usize, (from, to): (SocketAddr, SocketAddr), bytes: Vec<u8>) {
        self.counts.datagrams = self.counts.datagrams.saturating_add(1);
        self.ledger.sends(index, to, &bytes);
        // What goes nowhere is heard by nobody.
        let Some(to_host) = self.hosts.iter().position(|host| host.address == to) else { return };
        if let Some(tap) = &mut self.tap {
            if tap.len() >= 4096 {
                tap.pop_front();
            }
            tap.push_back(Packet { from, to, bytes: bytes.clone() });
        }
        for arrival in self.network.send(self.now, (from, to), &bytes, &mut self.dice) {
            self.queue.push(arrival.at, Event::Datagram { to: to_host, from, bytes: arrival.bytes });
        }
    }

    /// Puts bytes into a session's stream, in pieces as a network would cut them.
    fn write(&mut self, index: usize, way: (SocketAddr, SocketAddr), session: [u8; 16], bytes: Vec<u8>) {
        let Some(to) = self.hosts.iter().position(|host| host.address == way.1) else { return };
        let key = (index, to, session);
        let cut = self.dice.index(bytes.len());
        let (first, second) = bytes.split_at_checked(cut).unwrap_or((&bytes, &[]));
        for piece in [first, second].into_iter().filter(|piece| !piece.is_empty()) {
            let at = self.network.stream(self.now, way, &mut self.dice).unwrap_or(self.now);
            let pipe = self.pipes.entry(key).or_default();
            pipe.last = pipe.last.max(at);
            pipe.waiting.push_back((pipe.last, piece.to_vec()));
            self.queue.push(pipe.last, Event::Pipe(key));
        }
    }
}
