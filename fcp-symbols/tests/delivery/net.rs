//! A seeded network in virtual time, with one sender and one receiver in each node.

#![expect(clippy::unwrap_used, reason = "a test's harness")]

use std::collections::{BTreeMap, BTreeSet};

use fcp_core::id::{NodeId, ObjectId, ObjectIdKey, ZoneId, ZoneKeyId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance, StoredObject};
use fcp_core::rand_core::{Rng as _, SeedableRng as _};
use fcp_core::sign::{NodeSigningKey, Signed as _};
use fcp_core::time::{Millis, TimePolicy, Timestamp};
use fcp_symbols::admission::{Admission, AdmissionLimits, AdmissionPolicy, Asker, Responder, ResponderLimits, Served};
use fcp_symbols::chunk::RawChunk;
use fcp_symbols::delivery::{
    Delivered, Goal, Holds, Incoming, Offer, OfferKind, Outgoing, Path, PathId, PathKind, Receiver, ReceiverConfig,
    ReceiverOutput, Sender, SenderConfig, SenderOutput, Share, Source, StatusReport, Taken, Want, ZoneTerms,
};
use fcp_symbols::esi::EsiSet;
use fcp_symbols::fcps::FrameFlags;
use fcp_symbols::message::{Arrival, Feedback as _};
use fcp_symbols::raptor::{Block, Coding, Encoder, PlanCache, SymbolSize};
use fcp_symbols::reassembly::{ContextKey, Reassembly, ReassemblyLimits};
use rand_chacha::ChaCha20Rng;

pub(crate) const START: u64 = 1_700_000_000_000;

pub(crate) fn id_key() -> ObjectIdKey {
    ObjectIdKey::from_bytes([7; 32])
}

pub(crate) fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

/// An object of about `len` bytes, different for each `tag`.
pub(crate) fn object(tag: u8, len: usize) -> StoredObject {
    let now = Timestamp::from_secs(START / 1000);
    let header = ObjectHeader::for_type::<RawChunk>(Provenance::of_zone(ZoneId::private(), 80, 90, now));
    let bytes = (0..len.max(1)).map(|at| u8::try_from((at * 7 + at / 251) % 256).unwrap() ^ tag).collect();
    RawChunk { header, bytes }.seal(&id_key()).unwrap()
}

pub(crate) fn block_of(object: &StoredObject, size: SymbolSize) -> Block {
    Block::for_len(object.canonical_bytes().len(), size).unwrap()
}

pub(crate) fn terms() -> ZoneTerms {
    ZoneTerms { integrity: 80, confidentiality: 90, zone_key_id: ZoneKeyId::from_bytes([1; 8]) }
}

/// How a path behaves in one direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) delay_ms: u64,
    /// Up to so much more, so that datagrams overtake each other.
    pub(crate) jitter_ms: u64,
    /// In a thousand.
    pub(crate) loss: u32,
    pub(crate) repeat: u32,
    /// Datagrams a millisecond, beyond which up to 50 wait and others are dropped; 0 for any number.
    pub(crate) per_ms: u64,
}

impl Link {
    pub(crate) const GOOD: Self = Self { delay_ms: 10, jitter_ms: 0, loss: 0, repeat: 0, per_ms: 0 };
    pub(crate) const DEAD: Self = Self { loss: 1000, ..Self::GOOD };

    pub(crate) const fn lossy(loss: u32) -> Self {
        Self { loss, ..Self::GOOD }
    }
}

enum Event {
    Frame(Outgoing, NodeId, Vec<Vec<u8>>),
    Status(NodeId, StatusReport),
    Ack(NodeId, fcp_symbols::delivery::Enough),
    Ask(NodeId, fcp_symbols::delivery::Ask),
}

/// What a node may send of an object.
pub(crate) struct Held {
    pub(crate) object: StoredObject,
    pub(crate) size: SymbolSize,
    pub(crate) esis: Option<EsiSet>,
    /// It sends something else instead.
    pub(crate) wrong: bool,
}

pub(crate) struct Device {
    pub(crate) id: NodeId,
    pub(crate) sender: Sender,
    pub(crate) receiver: Receiver,
    pub(crate) reassembly: Reassembly,
    pub(crate) held: BTreeMap<ObjectId, Held>,
    encoders: BTreeMap<ObjectId, Encoder>,
    /// Symbols that it keeps for others.
    pub(crate) stored: BTreeMap<(ObjectId, NodeId), BTreeSet<u32>>,
    /// Objects that others push are taken.
    pub(crate) admits: bool,
    /// It never asks.
    pub(crate) mute: bool,
    pub(crate) done: Vec<(Delivered, u64)>,
    pub(crate) gave_up: Vec<(Delivered, &'static str)>,
    pub(crate) got: BTreeMap<ObjectId, (u64, Vec<(NodeId, Share)>)>,
    pub(crate) missed: BTreeMap<ObjectId, &'static str>,
    pub(crate) faults: Vec<NodeId>,
    pub(crate) acks: u32,
    pub(crate) statuses: u32,
    sender_wake: Millis,
    receiver_wake: Millis,
    responder: Responder,
    admission: Admission,
}

pub(crate) struct Net {
    rng: ChaCha20Rng,
    pub(crate) now: u64,
    pub(crate) devices: Vec<Device>,
    /// (from, to, path) → behaviour.
    pub(crate) links: BTreeMap<(NodeId, NodeId, PathId), Link>,
    pub(crate) control_ms: u64,
    queue: BTreeMap<(u64, u64), (NodeId, Event)>,
    serial: u64,
    through: BTreeMap<(NodeId, NodeId, PathId), u64>,
    /// Symbols sent, by (from, to, object).
    pub(crate) sent: BTreeMap<(NodeId, NodeId, ObjectId), u32>,
    /// Datagrams sent on each path.
    pub(crate) on_path: BTreeMap<PathId, u64>,
    /// (sender, frame number, ESI), to see that none comes twice; frame numbers are drawn here.
    frames: u64,
    asked: u64,
    pub(crate) order: Vec<ObjectId>,
}

impl Net {
    pub(crate) fn new(seed: u64, names: &[&str]) -> Self {
        let device = |name: &&str| Device {
            id: node(name),
            sender: Sender::new(SenderConfig::default()),
            receiver: Receiver::new(ReceiverConfig::default()),
            reassembly: Reassembly::new(ReassemblyLimits::default()),
            held: BTreeMap::new(),
            encoders: BTreeMap::new(),
            stored: BTreeMap::new(),
            admits: true,
            mute: false,
            done: vec![],
            gave_up: vec![],
            got: BTreeMap::new(),
            missed: BTreeMap::new(),
            faults: vec![],
            acks: 0,
            statuses: 0,
            sender_wake: Millis::NEVER,
            receiver_wake: Millis::NEVER,
            responder: Responder::new(ResponderLimits::default()),
            admission: Admission::new(AdmissionPolicy::default(), AdmissionLimits::default()),
        };
        Self {
            rng: ChaCha20Rng::seed_from_u64(seed),
            now: START,
            devices: names.iter().map(device).collect(),
            links: BTreeMap::new(),
            control_ms: 10,
            queue: BTreeMap::new(),
            serial: 0,
            through: BTreeMap::new(),
            sent: BTreeMap::new(),
            on_path: BTreeMap::new(),
            frames: 0,
            asked: 0,
            order: vec![],
        }
    }

    pub(crate) fn at(&self) -> Millis {
        Millis::from_millis(self.now)
    }

    pub(crate) fn device(&mut self, name: &str) -> &mut Device {
        self.devices.iter_mut().find(|device| device.id.as_str() == name).unwrap()
    }

    /// Joins two nodes by paths, numbered from 0.
    pub(crate) fn join(&mut self, a: &str, b: &str, paths: &[(PathKind, Link, usize)]) {
        for (from, to) in [(a, b), (b, a)] {
            let mut list = vec![];
            for (number, (kind, link, mtu)) in paths.iter().enumerate() {
                let id = PathId::new(u32::try_from(number).unwrap());
                list.push(Path { id, kind: *kind, max_datagram_bytes: *mtu });
                self.links.insert((node(from), node(to), id), *link);
            }
            let now = self.at();
            self.device(from).sender.set_paths(now, &node(to), &list).unwrap();
        }
    }

    /// A node has an object, and offers it.
    pub(crate) fn hold(&mut self, name: &str, object: &StoredObject, size: SymbolSize, esis: Option<EsiSet>) {
        let held = Held { object: object.clone(), size, esis, wrong: false };
        self.device(name).held.insert(object.id(), held);
    }

    pub(crate) fn push(&mut self, from: &str, to: &str, object: &StoredObject, size: SymbolSize, goal: Goal) {
        let offer = Offer::new(object.id(), ZoneId::private(), block_of(object, size), Coding::RaptorQ, goal);
        self.push_offer(from, to, object, size, offer);
    }

    pub(crate) fn push_offer(&mut self, from: &str, to: &str, object: &StoredObject, size: SymbolSize, offer: Offer) {
        self.hold(from, object, size, None);
        let now = self.at();
        self.device(from).sender.offer(now, &node(to), offer).unwrap();
        self.drain(from);
    }

    fn post(&mut self, at: u64, to: NodeId, event: Event) {
        self.serial += 1;
        self.queue.insert((at, self.serial), (to, event));
    }

    /// Carries out what a node says.
    pub(crate) fn drain(&mut self, name: &str) {
        let id = node(name);
        loop {
            let device = self.device(name);
            if let Some(output) = device.sender.poll_output() {
                match output {
                    SenderOutput::Send(frame) => self.carry(&id, frame),
                    SenderOutput::Wake(at) => self.device(name).sender_wake = at,
                    SenderOutput::Done(what) => {
                        let now = self.now;
                        self.device(name).done.push((what, now));
                    }
                    SenderOutput::GaveUp { what, reason } => self.device(name).gave_up.push((what, reason.code())),
                }
                continue;
            }
            let Some(output) = device.receiver.poll_output() else { return };
            let mute = device.mute;
            let at = self.now + self.control_ms;
            match output {
                ReceiverOutput::Ask(_) if mute => {}
                ReceiverOutput::Ask(ask) => self.post(at, ask.peer.clone(), Event::Ask(id.clone(), ask)),
                ReceiverOutput::Status(status) => {
                    self.device(name).statuses += 1;
                    self.post(at, status.peer.clone(), Event::Status(id.clone(), status));
                }
                ReceiverOutput::Ack(ack) => {
                    self.device(name).acks += 1;
                    self.post(at, ack.peer.clone(), Event::Ack(id.clone(), ack));
                }
                ReceiverOutput::Wake(at) => self.device(name).receiver_wake = at,
                ReceiverOutput::Fault(fault) => self.device(name).faults.push(fault.source),
                ReceiverOutput::Done { object, shares } => {
                    let now = self.now;
                    self.order.push(object.id());
                    self.device(name).got.insert(object.id(), (now, shares));
                }
                ReceiverOutput::GaveUp { object_id, reason, .. } => {
                    self.device(name).missed.insert(object_id, reason.code());
                }
            }
        }
    }

    /// A frame on its way.
    fn carry(&mut self, from: &NodeId, frame: Outgoing) {
        let now = self.now;
        self.frames += 1;
        let (to, path) = (NodeId::clone(&frame.peer), frame.path);
        assert!(!frame.esis.is_empty() && frame.esis.is_sorted_by(|a, b| a < b), "each symbol once in a frame");
        *self.sent.entry((from.clone(), to.clone(), frame.object_id)).or_default() +=
            u32::try_from(frame.esis.len()).unwrap();
        *self.on_path.entry(path).or_default() += 1;
        let device = self.devices.iter_mut().find(|device| device.id == *from).unwrap();
        let held = device.held.get(&frame.object_id).unwrap();
        let encoder = device
            .encoders
            .entry(frame.object_id)
            .or_insert_with(|| Encoder::new(held.object.canonical_bytes(), held.size).unwrap());
        let mut plans = PlanCache::new(0);
        let mut symbols = vec![];
        for esi in &frame.esis {
            let mut data = vec![0; held.size.as_usize()];
            encoder.write_symbol(*esi, &mut plans, &mut data).unwrap();
            if held.wrong {
                data.fill(0xee);
            }
            symbols.push(data);
        }
        let key = (from.clone(), to.clone(), path);
        let link = *self.links.get(&key).unwrap();
        // In parts of a millisecond: when the datagrams before this one are through.
        let (mut begin, rate) = (now, link.per_ms);
        if rate > 0 {
            let through = self.through.entry(key).or_default();
            let at = (*through).max(now * rate);
            if at - now * rate >= 50 {
                return;
            }
            *through = at + 1;
            begin = at / rate;
        }
        let copies = 1 + u32::from(self.rng.next_u32() % 1000 < link.repeat);
        for _ in 0..copies {
            if self.rng.next_u32() % 1000 < link.loss {
                continue;
            }
            let jitter = if link.jitter_ms == 0 { 0 } else { u64::from(self.rng.next_u32()) % link.jitter_ms };
            let at = begin + link.delay_ms + jitter;
            self.post(at, to.clone(), Event::Frame(frame.clone(), from.clone(), symbols.clone()));
        }
    }

    fn open(id: ObjectId, bytes: &[u8]) -> Option<StoredObject> {
        StoredObject::parse_as(id, bytes, &id_key()).ok()
    }

    fn handle(&mut self, to: &NodeId, event: Event) {
        let now = self.at();
        let secs = now.timestamp();
        let device = self.devices.iter_mut().find(|device| device.id == *to).unwrap();
        match event {
            Event::Frame(frame, from, symbols) => {
                let key = ContextKey { object_id: frame.object_id, block: frame.block, coding: frame.coding };
                if frame.kind == OfferKind::Hold {
                    let stored = device.stored.entry((frame.object_id, from.clone())).or_default();
                    stored.extend(&frame.esis);
                    if frame.flags.contains(FrameFlags::REQUIRES_ACK) {
                        let held: EsiSet = stored.iter().copied().collect();
                        let status = StatusReport::of_holder(from.clone(), frame.object_id, frame.zone_id, &held);
                        let at = self.now + self.control_ms;
                        self.post(at, from, Event::Status(to.clone(), status));
                    }
                    return;
                }
                for (esi, data) in frame.esis.iter().zip(&symbols) {
                    let symbol = Incoming { key, source: &from, giver: &from, esi: *esi, data };
                    let mut taken =
                        device.receiver.handle_symbol(now, &mut device.reassembly, &symbol, &mut Self::open);
                    if taken == Ok(Taken::Unwanted) && device.admits {
                        let source = Source { peer: from.clone(), path: PathKind::Direct, holds: Holds::Everything };
                        let want = Want::pushed(frame.object_id, frame.zone_id.clone(), vec![source]);
                        device.receiver.want(now, &device.reassembly, want).unwrap();
                        taken = device.receiver.handle_symbol(now, &mut device.reassembly, &symbol, &mut Self::open);
                    }
                    taken.unwrap();
                }
                if frame.flags.contains(FrameFlags::REQUIRES_ACK) {
                    device.receiver.handle_prompt(now, &device.reassembly, &frame.object_id, &from);
                }
            }
            Event::Status(from, status) => {
                let message = status.message(&terms(), secs);
                let message = message.authenticate(Arrival::InSession { peer: &from }).unwrap();
                device.sender.handle_status(now, &message);
            }
            Event::Ack(from, ack) => {
                let message = ack.message(&terms(), secs);
                let message = message.authenticate(Arrival::InSession { peer: &from }).unwrap();
                device.sender.handle_ack(now, &message);
            }
            Event::Ask(from, ask) => {
                let key = NodeSigningKey::from_seed([9; 32]);
                self.asked += 1;
                // Each is signed anew, also within one second.
                let mut request = ask.message(&terms(), &from, secs);
                request.requested_at = secs.saturating_add(self.asked % 100);
                let request = request.signed_by(&key);
                let request = request.authenticate(Some(&from), &key.public(), TimePolicy::default(), secs).unwrap();
                let Some(held) = device.held.get(&ask.object_id) else { return };
                let block = block_of(&held.object, held.size);
                let served = Served {
                    k: block.k(),
                    bytes_per_symbol: 1200,
                    work_per_symbol: 0,
                    first: 0,
                    open_to_strangers: false,
                };
                let all = held.esis.clone().unwrap_or_else(|| EsiSet::from(0..1 << 24));
                let asker = Asker::Peer(&request);
                let esis = device.responder.answer(now, &mut device.admission, asker, &served, &all).unwrap();
                let esis: EsiSet = esis.into_iter().collect();
                if esis.is_empty() {
                    return;
                }
                let offer = Offer::new(ask.object_id, ask.zone_id, block, Coding::RaptorQ, Goal::Answer(esis));
                device.sender.offer(now, &from, offer).unwrap();
            }
        }
    }

    /// Runs until nothing is under way, for at most `limit_ms`; gives how long that took.
    pub(crate) fn run(&mut self, limit_ms: u64) -> u64 {
        let begin = self.now;
        let names: Vec<String> = self.devices.iter().map(|device| device.id.as_str().to_owned()).collect();
        for name in &names {
            self.drain(name);
        }
        for turn in 0.. {
            assert!(turn < 1_000_000, "going round in circles");
            let next_event = self.queue.first_key_value().map_or(u64::MAX, |((at, _), _)| *at);
            let next_wake = self
                .devices
                .iter()
                .map(|device| device.sender_wake.min(device.receiver_wake).as_millis())
                .min()
                .unwrap_or(u64::MAX);
            let idle = self.devices.iter().all(|device| device.sender.offers() == 0 && device.receiver.wanted() == 0);
            let next = next_event.min(next_wake);
            if next == u64::MAX || (idle && next_event == u64::MAX) {
                break;
            }
            assert!(next.saturating_sub(begin) <= limit_ms, "not done after {limit_ms} ms");
            self.now = self.now.max(next);
            while let Some(((at, _), _)) = self.queue.first_key_value()
                && *at <= self.now
            {
                let (_, (to, event)) = self.queue.pop_first().unwrap();
                self.handle(&to, event);
                let name = to.as_str().to_owned();
                self.drain(&name);
            }
            for name in &names {
                let now = self.at();
                let device = self.device(name);
                if device.sender_wake <= now {
                    device.sender_wake = Millis::NEVER;
                    device.sender.handle_timeout(now);
                }
                if device.receiver_wake <= now {
                    device.receiver_wake = Millis::NEVER;
                    device.receiver.handle_timeout(now, &mut device.reassembly, &mut Self::open);
                }
                self.drain(name);
            }
        }
        self.now - begin
    }

    pub(crate) fn sent_of(&self, from: &str, to: &str, object: &StoredObject) -> u32 {
        self.sent.get(&(node(from), node(to), object.id())).copied().unwrap_or_default()
    }
}
