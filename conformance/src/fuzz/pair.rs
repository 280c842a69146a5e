//! Two tables, and everything that may happen between them.

use core::net::SocketAddr;
use std::collections::{BTreeMap, BTreeSet};

use fcp_core::error::Reason;
use fcp_core::id::NodeId;
use fcp_core::rand_core::SeedableRng as _;
use fcp_core::sign::NodeSigningKey;
use fcp_core::time::{Millis, Timestamp};
use fcp_symbols::datagram::ENVELOPE_LEN;
use fcp_symbols::session::initiator::HelloSent;
use fcp_symbols::session::responder::{HelloCache, ReceivedHello};
use fcp_symbols::session::wire::WireMessage;
use fcp_symbols::session::{
    Attestations, AttestedKey, CookiePolicy, LocalNode, Output, Received, Session, SessionId, SessionReplayPolicy,
    SessionTable, TableConfig, Terms, TransportLimits,
};
use rand_chacha::ChaCha20Rng;

use super::input::Input;

const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Attestations outlive every run.
const ATTESTED_UNTIL: Timestamp = Timestamp::from_secs(2_000_000_000);

/// The most sessions that a table of the target holds.
const MAX_SESSIONS: usize = 6;

/// The laptop, which has the smaller id, or the server.
pub(super) fn node(server: bool) -> NodeId {
    NodeId::new(if server { "nServer01" } else { "nLaptop" }).expect("a name")
}

fn signing_key(server: bool) -> NodeSigningKey {
    NodeSigningKey::from_seed([1 + u8::from(server); 32])
}

fn known(asked: &NodeId, _: &Attestations, _: Timestamp) -> Option<AttestedKey> {
    let server = [false, true].into_iter().find(|server| *asked == node(*server))?;
    Some(AttestedKey { key: signing_key(server).public(), expires_at: ATTESTED_UNTIL })
}

fn local(server: bool) -> LocalNode {
    LocalNode::new(node(server), signing_key(server), ATTESTED_UNTIL)
}

/// The two ends of one session: always the same ones.
pub(super) fn sessions() -> (Session, Session) {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let terms = Terms::default();
    let sent = HelloSent::start(&local(false), &node(true), &terms, START, &mut rng).expect("a hello");
    let Ok(WireMessage::Hello(hello)) = WireMessage::parse(sent.bytes()) else { panic!("a hello") };
    let mut answered = HelloCache::new(&terms, 1);
    let received = ReceivedHello::read(hello, &node(true), &terms, START).expect("a right hello");
    let verified = received.admit().verify(&answered, &mut known, START).expect("a right signature");
    let live = |_: &SessionId| false;
    let (there, ack) =
        verified.accept(&local(true), &terms, &mut answered, live, START.into(), &mut rng).expect("an answer");
    let here = sent.handle_ack(&ack, &terms, &mut known, live, START).expect("an agreement");
    let open = |agreement| {
        let limits = TransportLimits::default();
        Session::open(agreement, ATTESTED_UNTIL, limits, SessionReplayPolicy::default(), START.into())
    };
    (open(here), open(there))
}

/// A datagram or message under way.
#[derive(Clone)]
struct Packet {
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
    /// Whether a node sent exactly this.
    genuine: bool,
}

/// One node, and what it is known to have done.
struct End {
    table: SessionTable<NodeSigningKey>,
    address: SocketAddr,
    rng: ChaCha20Rng,
    wake: Millis,
    open: BTreeSet<SessionId>,
    /// Every number that was drawn, to show that none comes back.
    drawn: BTreeSet<(u64, u64)>,
    /// Every datagram that was sealed, by session, instance and number.
    sealed: BTreeMap<([u8; 16], u64, u64), Vec<u8>>,
    /// Every frame that was taken.
    taken: BTreeSet<(SessionId, u64, u64)>,
    signed_taken: BTreeSet<(u64, u64)>,
    signed_sent: BTreeSet<Vec<u8>>,
}

struct Pair {
    now: Millis,
    ends: [End; 2],
    packets: Vec<Packet>,
    policy: SessionReplayPolicy,
    thresholds: (u64, u64),
}

impl Pair {
    fn new(input: &mut Input<'_>) -> Self {
        let (frames, bytes) = (8 + u64::from(input.u8()), 2000 + u64::from(input.u16()));
        let policy = SessionReplayPolicy::default()
            .with_window(1 + input.u16() % 4096)
            .expect("a window")
            .rekey_after_frames(frames)
            .rekey_after_bytes(bytes)
            .rekey_after_seconds(100 + u64::from(input.u8()));
        let cookies = [
            CookiePolicy::Never,
            CookiePolicy::Always,
            CookiePolicy::Above { hellos_per_second: 1 },
            CookiePolicy::default(),
        ][input.below(4)];
        let config = TableConfig {
            replay: policy,
            cookies,
            max_sessions: MAX_SESSIONS,
            max_handshakes: 2,
            max_hellos: 40,
            max_signed_frames: 8,
            ..TableConfig::default()
        };
        let now = Millis::from(START);
        let ends = [false, true].map(|server| {
            let mut rng = ChaCha20Rng::seed_from_u64(u64::from(server));
            End {
                table: SessionTable::new(local(server), config.clone(), now, &mut rng),
                address: SocketAddr::from(([192, 0, 2, 1 + u8::from(server)], 4000)),
                rng,
                wake: Millis::NEVER,
                open: BTreeSet::new(),
                drawn: BTreeSet::new(),
                sealed: BTreeMap::new(),
                taken: BTreeSet::new(),
                signed_taken: BTreeSet::new(),
                signed_sent: BTreeSet::new(),
            }
        });
        Self { now, ends, packets: Vec::new(), policy, thresholds: (frames, bytes) }
    }

    /// Drains outputs as the law demands, and holds the table against what it said.
    fn drain(&mut self, side: usize) {
        let end = &mut self.ends[side];
        while let Some(output) = end.table.poll_output() {
            match output {
                Output::Send { to, bytes } => {
                    assert!(bytes.len() < 1200, "a handshake message fits a datagram");
                    if self.packets.len() < 64 {
                        self.packets.push(Packet { from: end.address, to, bytes, genuine: true });
                    }
                }
                Output::Wake(at) => end.wake = at,
                Output::Established { session, peer, .. } => {
                    assert!(*peer == node(side == 0) && end.open.insert(session), "a session is opened twice");
                }
                Output::Closed { session, .. } => assert!(end.open.remove(&session), "a session is closed twice"),
                Output::Failed { .. } => {}
            }
        }
        let load = end.table.load();
        assert!(end.table.sessions().map(|session| session.id()).eq(end.open.iter()), "not the sessions that it said");
        assert!(load.sessions <= MAX_SESSIONS && load.handshakes <= 2 && load.hellos <= 40 && load.signed_frames <= 8);
        assert!(load.peers <= load.sessions + load.handshakes && load.outputs == 0);
        for session in end.table.sessions() {
            let sent = session.sent();
            assert!(sent.frames <= self.thresholds.0 && sent.bytes <= self.thresholds.1, "sent past a threshold");
        }
    }

    /// Timers that are due.
    fn timers(&mut self) {
        for side in 0..2 {
            let end = &mut self.ends[side];
            if end.wake <= self.now {
                end.wake = Millis::NEVER;
                end.table.handle_timeout(self.now, &mut end.rng);
                self.drain(side);
                assert!(self.ends[side].wake > self.now, "it would be called again and again");
            }
        }
    }

    fn connect(&mut self, side: usize) {
        let to = self.ends[1 - side].address;
        let end = &mut self.ends[side];
        let _ = end.table.connect(self.now, &node(side == 0), to, &mut end.rng);
        self.drain(side);
    }

    /// Draws a number and seals a frame in the session with the other side.
    fn send(&mut self, side: usize, len: usize) -> bool {
        let end = &mut self.ends[side];
        let number = end.table.next_frame().expect("numbers do not run out");
        assert!(end.drawn.insert((number.instance(), number.seq())), "a number came back");
        let mut bytes = vec![0; ENVELOPE_LEN];
        bytes.extend_from_slice(&frame(number.instance(), number.seq(), len));
        let sealed = end.table.seal(self.now, &node(side == 0), &mut bytes);
        let Ok(to) = sealed else {
            self.drain(side);
            return false;
        };
        let mut id = [0; 16];
        id.copy_from_slice(&bytes[..16]);
        end.sealed.insert((id, number.instance(), number.seq()), bytes.clone());
        let from = end.address;
        self.packets.push(Packet { from, to, bytes, genuine: true });
        self.drain(side);
        true
    }

    fn send_signed(&mut self, side: usize) {
        let end = &mut self.ends[side];
        let number = end.table.next_frame().expect("numbers do not run out");
        assert!(end.drawn.insert((number.instance(), number.seq())), "a number came back");
        let bytes = frame(number.instance(), number.seq(), 200);
        if let Ok(bytes) = end.table.seal_signed(self.now, &node(side == 0), &bytes) {
            end.signed_sent.insert(bytes.clone());
            let (from, to) = (end.address, self.ends[1 - side].address);
            self.packets.push(Packet { from, to, bytes, genuine: true });
        }
    }

    /// Hands a packet to a side, and checks what it makes of it.
    fn deliver(&mut self, side: usize, packet: &Packet) {
        let mut bytes = packet.bytes.clone();
        let (end, other) = {
            let [first, second] = &mut self.ends;
            if side == 0 { (first, second) } else { (second, first) }
        };
        let received = end.table.handle_datagram(self.now, packet.from, &mut bytes, &mut known, &mut end.rng);
        match received {
            Ok(Received::Frame { peer, session, frame }) => {
                assert!(*peer == node(side == 0) && packet.genuine, "somebody else's frame was taken");
                let number = (*session.as_bytes(), frame.instance, frame.seq);
                assert_eq!(other.sealed.get(&number), Some(&packet.bytes), "not what the peer sealed");
                assert!(end.taken.insert((session, frame.instance, frame.seq)), "a frame was taken twice");
            }
            Ok(Received::SignedFrame { source, frame }) => {
                assert!(source == node(side == 0) && packet.genuine, "somebody else's signed frame was taken");
                let number = fcp_symbols::datagram::frame_number(frame).expect("it has a header");
                assert!(other.signed_sent.contains(&packet.bytes));
                assert!(end.signed_taken.insert(number), "a signed frame was taken twice");
            }
            Ok(Received::Handshake) => {}
            Err(error) => assert!(!error.reason().code().is_empty()),
        }
        self.drain(side);
    }

    /// Delivers a packet to whoever is at its address.
    fn arrive(&mut self, packet: &Packet) {
        if let Some(side) = (0..2).find(|side| self.ends[*side].address == packet.to) {
            self.deliver(side, packet);
        }
    }

    /// Lets a good network and the timers run for so long.
    fn settle(&mut self, milliseconds: u64) {
        let end = self.now.saturating_add(milliseconds);
        for _ in 0..10_000 {
            while !self.packets.is_empty() {
                let packet = self.packets.remove(0);
                self.arrive(&packet);
            }
            let next = self.ends[0].wake.min(self.ends[1].wake);
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            self.timers();
        }
        self.now = end;
    }

    fn reset(&mut self, side: usize) {
        let end = &mut self.ends[side];
        end.table.reset(self.now, &mut end.rng);
        self.drain(side);
    }
}

/// As much of a frame as sessions look at.
fn frame(instance: u64, seq: u64, len: usize) -> Vec<u8> {
    let mut frame = vec![0xab; 98];
    frame.extend_from_slice(&instance.to_le_bytes());
    frame.extend_from_slice(&seq.to_le_bytes());
    frame.resize(frame.len().max(len), 0xcd);
    frame
}

/// Two tables on a network that does whatever the input says: it loses, doubles, delays, reorders, changes, splices and
/// reflects, clocks jump, nodes restart. Nothing is taken that the peer did not send, or twice; tables stay within their
/// bounds and say what they hold; and once the network is good again, the two talk.
pub(super) fn sessions_machine(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut pair = Pair::new(&mut input);
    for _ in 0..300 {
        if input.is_empty() {
            break;
        }
        let choice = input.below(24);
        let side = input.below(2);
        let index = |input: &mut Input<'_>, pair: &Pair| {
            if pair.packets.is_empty() { None } else { Some(input.below(pair.packets.len())) }
        };
        match choice {
            0 => pair.connect(side),
            1..=4 => {
                if let Some(index) = index(&mut input, &pair) {
                    let packet = pair.packets.remove(index);
                    pair.arrive(&packet);
                }
            }
            5 => {
                if let Some(index) = index(&mut input, &pair) {
                    let packet = pair.packets[index].clone();
                    pair.arrive(&packet);
                }
            }
            6 => {
                if let Some(index) = index(&mut input, &pair) {
                    pair.packets.remove(index);
                }
            }
            7 => {
                if let Some(index) = index(&mut input, &pair) {
                    let mut packet = pair.packets[index].clone();
                    let at = usize::from(input.u16()) % packet.bytes.len();
                    packet.bytes[at] ^= input.u8() | 1;
                    packet.genuine = false;
                    pair.arrive(&packet);
                }
            }
            8 => {
                if let Some(index) = index(&mut input, &pair) {
                    let mut packet = pair.packets[index].clone();
                    let len = usize::from(input.u16()) % packet.bytes.len();
                    packet.bytes.truncate(len);
                    packet.genuine = false;
                    pair.arrive(&packet);
                }
            }
            9..=12 => {
                let len = 114 + usize::from(input.u8());
                let _ = pair.send(side, len);
            }
            13 => {
                pair.now = pair.now.saturating_add(u64::from(input.u8()));
                pair.timers();
            }
            14 => {
                pair.now = pair.now.saturating_add(u64::from(input.u16()));
                pair.timers();
            }
            // A clock that goes back by less than what demands a reset (D50).
            15 => pair.now = Millis::from_millis(pair.now.as_millis() - u64::from(input.u16() % 2000)),
            // And one that jumps, which does.
            16 => {
                let by = u64::from(input.u16()) * 100;
                let millis = pair.now.as_millis();
                pair.now = Millis::from_millis(if by % 200 == 0 { millis + by } else { millis - by });
                pair.reset(0);
                pair.reset(1);
                pair.timers();
            }
            17 => pair.reset(side),
            18 => {
                pair.ends[side].table.disconnect(&node(side == 0), Reason::AttestationRevoked);
                pair.drain(side);
            }
            // Back to its sender, or from somewhere else.
            19 => {
                if let Some(index) = index(&mut input, &pair) {
                    let packet = pair.packets[index].clone();
                    let to = (0..2).find(|side| pair.ends[*side].address == packet.from);
                    let reflected = Packet { from: packet.to, genuine: false, ..packet };
                    pair.deliver(to.unwrap_or(side), &reflected);
                }
            }
            20 => {
                if let Some(index) = index(&mut input, &pair) {
                    let from = SocketAddr::from(([203, 0, 113, input.u8()], 1));
                    let packet = Packet { from, ..pair.packets[index].clone() };
                    pair.arrive(&packet);
                }
            }
            // The envelope of one in front of the other.
            21 => {
                if let (Some(first), Some(second)) = (index(&mut input, &pair), index(&mut input, &pair)) {
                    let cut = usize::from(input.u8()).min(pair.packets[first].bytes.len());
                    let (head, tail) = (&pair.packets[first].bytes, &pair.packets[second].bytes);
                    let bytes = [&head[..cut], tail.get(cut..).unwrap_or_default()].concat();
                    let genuine = bytes == *tail || bytes == *head;
                    let packet = Packet { bytes, genuine, ..pair.packets[second].clone() };
                    pair.arrive(&packet);
                }
            }
            22 => {
                let len = usize::from(input.u8());
                let bytes = input.bytes(len).to_vec();
                let from = pair.ends[1 - side].address;
                pair.deliver(side, &Packet { from, to: from, bytes, genuine: false });
            }
            _ => pair.send_signed(side),
        }
    }

    // Peace: hellos of the time before are forgotten, and the two find each other.
    pair.packets.clear();
    pair.settle(700_000);
    for attempt in 0..4 {
        pair.connect(attempt % 2);
        pair.settle(12_000);
        let both = [0, 1].map(|side| pair.ends[side].table.session_with(pair.now, &node(side == 0)).is_some());
        if both == [true, true] {
            break;
        }
    }
    for side in [0, 1, 0, 1] {
        let before = pair.ends[1 - side].taken.len();
        assert!(pair.send(side, 114), "no session in peace, {:?}", pair.policy);
        pair.settle(100);
        assert_eq!(pair.ends[1 - side].taken.len(), before + 1, "a frame of peace did not arrive");
    }
}
