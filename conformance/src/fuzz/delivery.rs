//! A sender and a receiver, on a network that does whatever the input says.

use fcp_core::id::{NodeId, ObjectId, ObjectIdKey, ZoneId, ZoneKeyId};
use fcp_core::object::{MeshObject as _, ObjectHeader, Provenance, StoredObject};
use fcp_core::time::{Millis, Timestamp};
use fcp_symbols::chunk::RawChunk;
use fcp_symbols::delivery::{
    Goal, Incoming, Offer, Outgoing, Path, PathId, PathKind, Receiver, ReceiverOutput, Sender, SenderOutput, Want,
    ZoneTerms,
};
use fcp_symbols::fcps::FrameFlags;
use fcp_symbols::message::{Arrival, DecodeStatus, EsiList, Feedback as _, MissingHint, SymbolAck, ephemeral_header};
use fcp_symbols::raptor::{Coding, Encoder, PlanCache, SymbolSize};
use fcp_symbols::reassembly::{ContextKey, Reassembly, ReassemblyLimits};

use super::input::Input;

const START: Timestamp = Timestamp::from_secs(1_700_000_000);

const TERMS: ZoneTerms = ZoneTerms { integrity: 80, confidentiality: 90, zone_key_id: ZoneKeyId::from_bytes([1; 8]) };

fn key() -> ObjectIdKey {
    ObjectIdKey::from_bytes([7; 32])
}

fn open(id: ObjectId, bytes: &[u8]) -> Option<StoredObject> {
    StoredObject::parse_as(id, bytes, &key()).ok()
}

struct Pair {
    now: Millis,
    sender: Sender,
    receiver: Receiver,
    reassembly: Reassembly,
    objects: [(StoredObject, Encoder); 2],
    plans: PlanCache,
    /// Frames under way.
    frames: Vec<Outgoing>,
    statuses: Vec<DecodeStatus>,
    acks: Vec<SymbolAck>,
    wakes: [Millis; 2],
    restored: [usize; 2],
}

fn laptop() -> NodeId {
    NodeId::new("nLaptop").expect("a name")
}

fn phone() -> NodeId {
    NodeId::new("nPhone").expect("a name")
}

impl Pair {
    fn new() -> Self {
        let objects = [(1, 1200), (2, 9000)].map(|(fill, len)| {
            let header = ObjectHeader::for_type::<RawChunk>(Provenance::of_zone(ZoneId::private(), 80, 90, START));
            let object = RawChunk { header, bytes: vec![fill; len] }.seal(&key()).expect("a chunk");
            let encoder = Encoder::new(object.canonical_bytes(), SymbolSize::MIN).expect("it is short");
            (object, encoder)
        });
        Self {
            now: START.into(),
            sender: Sender::new(Default::default()),
            receiver: Receiver::new(Default::default()),
            reassembly: Reassembly::new(ReassemblyLimits::default()),
            objects,
            plans: PlanCache::new(2),
            frames: Vec::new(),
            statuses: Vec::new(),
            acks: Vec::new(),
            wakes: [Millis::NEVER; 2],
            restored: [0; 2],
        }
    }

    fn set_paths(&mut self, count: usize) {
        let paths: Vec<Path> = [PathKind::Direct, PathKind::Relay]
            .into_iter()
            .zip(0..)
            .take(count)
            .map(|(kind, number)| Path { id: PathId::new(number), kind, max_datagram_bytes: 1200 })
            .collect();
        let _ = self.sender.set_paths(self.now, &phone(), &paths);
    }

    /// A path that did not take a frame takes frames again.
    fn writable(&mut self, path: u32) {
        self.sender.handle_writable(self.now, &phone(), PathId::new(path));
        self.drain();
    }

    fn offer(&mut self, which: usize) {
        let (object, encoder) = &self.objects[which];
        let offer = Offer::new(object.id(), ZoneId::private(), encoder.block(), Coding::RaptorQ, Goal::Object);
        let _ = self.sender.offer(self.now, &phone(), offer);
    }

    fn want(&mut self, which: usize) {
        let want = Want::pushed(self.objects[which].0.id(), ZoneId::private(), vec![]);
        let _ = self.receiver.want(self.now, &self.reassembly, want);
    }

    fn drain(&mut self) {
        let mut outputs = 0;
        while let Some(output) = self.sender.poll_output() {
            outputs += 1;
            assert!(outputs < 10_000, "the sender does not come to an end");
            match output {
                SenderOutput::Send(frame) => {
                    assert!(*frame.peer == phone() && !frame.esis.is_empty());
                    assert!(frame.esis.iter().all(|esi| frame.block.has(*esi, frame.coding)), "no such symbol");
                    if self.frames.len() < 256 {
                        self.frames.push(frame);
                    } else {
                        self.sender.handle_unsent(self.now, &frame);
                        break;
                    }
                }
                SenderOutput::Wake(at) => self.wakes[0] = at,
                SenderOutput::Done(_) | SenderOutput::GaveUp { .. } => {}
            }
        }
        while let Some(output) = self.receiver.poll_output() {
            outputs += 1;
            assert!(outputs < 10_000, "the receiver does not come to an end");
            match output {
                ReceiverOutput::Status(status) => self.statuses.push(status.message(&TERMS, self.now.timestamp())),
                ReceiverOutput::Ack(ack) => self.acks.push(ack.message(&TERMS, self.now.timestamp())),
                ReceiverOutput::Done { object, .. } => {
                    let which = self.objects.iter().position(|(sent, _)| *sent == *object);
                    self.restored[which.expect("an object that nobody sent")] += 1;
                }
                ReceiverOutput::Fault(fault) => {
                    assert!(fault.source != laptop(), "{fault:?}: the honest one is blamed")
                }
                ReceiverOutput::Wake(at) => self.wakes[1] = at,
                ReceiverOutput::Ask(_) | ReceiverOutput::GaveUp { .. } => {}
            }
        }
        self.statuses.truncate(64);
        self.acks.truncate(64);
    }

    fn arrive(&mut self, frame: &Outgoing, lie: Option<u8>) {
        let source = if lie.is_some() { NodeId::new("nLiar").expect("a name") } else { laptop() };
        let key = ContextKey { object_id: frame.object_id, block: frame.block, coding: frame.coding };
        let Some(which) = self.objects.iter().position(|(object, _)| object.id() == frame.object_id) else { return };
        for esi in &frame.esis {
            let mut data = vec![0; frame.block.symbol_size().as_usize()];
            let made = self.objects[which].1.write_symbol(*esi, &mut self.plans, &mut data);
            if made.is_err() {
                continue;
            }
            if let Some(mask) = lie {
                data[9] ^= mask;
            }
            let symbol = Incoming { key, source: &source, giver: &source, esi: *esi, data: &data };
            let _ = self.receiver.handle_symbol(self.now, &mut self.reassembly, &symbol, &mut open);
            self.drain();
        }
        if frame.flags.contains(FrameFlags::REQUIRES_ACK) {
            self.receiver.handle_prompt(self.now, &self.reassembly, &frame.object_id, &source);
        }
        self.drain();
    }

    fn report(&mut self) {
        for status in core::mem::take(&mut self.statuses) {
            let status = status.authenticate(Arrival::InSession { peer: &phone() }).expect("inside a session");
            self.sender.handle_status(self.now, &status);
            self.drain();
        }
        for ack in core::mem::take(&mut self.acks) {
            let ack = ack.authenticate(Arrival::InSession { peer: &phone() }).expect("inside a session");
            self.sender.handle_ack(self.now, &ack);
            self.drain();
        }
    }

    fn timers(&mut self) {
        if self.wakes[0] <= self.now {
            self.wakes[0] = Millis::NEVER;
            self.sender.handle_timeout(self.now);
            self.drain();
        }
        if self.wakes[1] <= self.now {
            self.wakes[1] = Millis::NEVER;
            self.receiver.handle_timeout(self.now, &mut self.reassembly, &mut open);
            self.drain();
        }
    }
}

/// Frames are lost, doubled, reordered and lied about, reports claim anything, paths come and go. What is restored is what
/// was sent, the honest sender is never blamed, both ends come to rest, and in peace an object arrives.
pub(super) fn delivery(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut pair = Pair::new();
    pair.set_paths(2);
    for _ in 0..200 {
        if input.is_empty() {
            break;
        }
        let which = input.below(2);
        match input.below(15) {
            0 => pair.offer(which),
            1 => pair.want(which),
            2..=4 => {
                if !pair.frames.is_empty() {
                    let frame = pair.frames.remove(input.below(pair.frames.len()));
                    pair.arrive(&frame, None);
                }
            }
            5 => {
                if !pair.frames.is_empty() {
                    let frame = pair.frames[input.below(pair.frames.len())].clone();
                    pair.arrive(&frame, None);
                }
            }
            6 => {
                if !pair.frames.is_empty() {
                    let frame = pair.frames.remove(input.below(pair.frames.len()));
                    if input.below(2) == 0 {
                        pair.sender.handle_unsent(pair.now, &frame);
                    }
                }
            }
            7 => {
                if !pair.frames.is_empty() {
                    let frame = pair.frames[input.below(pair.frames.len())].clone();
                    pair.arrive(&frame, Some(input.u8()));
                }
            }
            8 => pair.report(),
            9 => {
                let hint: std::collections::BTreeSet<u32> =
                    (0..input.below(6)).map(|_| u32::from(input.u16())).collect();
                let status = DecodeStatus {
                    header: ephemeral_header::<DecodeStatus>(ZoneId::private(), 80, 90, pair.now.timestamp()),
                    object_id: pair.objects[which].0.id(),
                    zone_id: ZoneId::private(),
                    zone_key_id: TERMS.zone_key_id,
                    epoch_id: fcp_core::id::EpochId::of(pair.now.timestamp()),
                    received_unique: input.u32() >> input.below(32),
                    required: input.u32() >> input.below(32),
                    missing_hint: EsiList::new(hint.into_iter().collect())
                        .ok()
                        .and_then(|esis| MissingHint::new(esis).ok()),
                    signature: None,
                };
                pair.statuses.push(status);
                pair.report();
            }
            10 => {
                pair.now = pair.now.saturating_add(u64::from(input.u8()));
                pair.timers();
            }
            11 => {
                pair.now = pair.now.saturating_add(u64::from(input.u16()));
                pair.timers();
            }
            12 => {
                let (now, id) = (pair.now, pair.objects[which].0.id());
                if input.below(2) == 0 {
                    pair.sender.cancel(now, &phone(), id);
                } else {
                    pair.receiver.forget(now, &mut pair.reassembly, &id);
                }
            }
            13 => pair.writable(u32::from(input.u8() & 1)),
            _ => pair.set_paths(input.below(3)),
        }
        pair.drain();
        assert!(pair.sender.offers() <= 2 && pair.receiver.wanted() <= 2);
    }

    // Peace: what is wanted and offered anew arrives.
    for which in 0..2 {
        let id = pair.objects[which].0.id();
        pair.sender.cancel(pair.now, &phone(), id);
        pair.receiver.forget(pair.now, &mut pair.reassembly, &id);
        pair.drain();
    }
    pair.frames.clear();
    pair.statuses.clear();
    pair.acks.clear();
    pair.set_paths(2);
    pair.writable(0);
    pair.writable(1);
    let end = pair.now.saturating_add_secs(120);
    let before = pair.restored;
    for which in 0..2 {
        pair.want(which);
        pair.offer(which);
        pair.drain();
    }
    while pair.restored.iter().zip(before).any(|(now, before)| *now == before) {
        assert!(pair.now < end, "two minutes later, an object has not arrived: {:?}", pair.restored);
        while !pair.frames.is_empty() {
            let frame = pair.frames.remove(0);
            pair.arrive(&frame, None);
        }
        pair.report();
        let next = pair.wakes[0].min(pair.wakes[1]);
        pair.now = pair.now.saturating_add(1).max(if next == Millis::NEVER { pair.now } else { next });
        pair.timers();
    }
}
