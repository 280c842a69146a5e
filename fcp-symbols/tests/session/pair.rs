//! Two tables and the network between them, in virtual time and from a seed.

use core::net::SocketAddr;
use std::collections::BTreeMap;

use fcp_core::error::Reason;
use fcp_core::id::NodeId;
use fcp_core::rand_core::{Rng as _, SeedableRng as _};
use fcp_core::sign::NodeSigningKey;
use fcp_core::time::{Millis, Timestamp};
use fcp_symbols::datagram::ENVELOPE_LEN;
use fcp_symbols::session::{
    Attestations, AttestedKey, LocalNode, Output, ReceiveError, Received, SendError, SessionId, SessionTable,
    TableConfig,
};
use rand_chacha::ChaCha20Rng;

use super::support::{NOW, frame, known, local};

/// What a network does to datagrams.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Network {
    /// Lost, out of 100.
    pub(crate) loss: u32,
    /// Doubled, out of 100.
    pub(crate) duplicates: u32,
    /// The longest delay, in milliseconds: later ones overtake.
    pub(crate) jitter_ms: u32,
}

/// One node.
pub(crate) struct End {
    pub(crate) table: SessionTable<NodeSigningKey>,
    pub(crate) address: SocketAddr,
    wake: Option<Millis>,
    rng: ChaCha20Rng,
    pub(crate) open: Vec<SessionId>,
    pub(crate) established: usize,
    pub(crate) closed: Vec<Reason>,
    pub(crate) failed: Vec<Reason>,
    /// The numbers of frames that arrived, as the table let them through.
    pub(crate) frames: Vec<u64>,
    pub(crate) signed_frames: usize,
    pub(crate) refused: BTreeMap<&'static str, usize>,
    /// How often somebody's key was asked for.
    pub(crate) lookups: usize,
}

impl End {
    fn new(local: LocalNode, address: SocketAddr, config: TableConfig, now: Millis, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        Self {
            table: SessionTable::new(local, config, now, &mut rng),
            address,
            wake: None,
            rng,
            open: Vec::new(),
            established: 0,
            closed: Vec::new(),
            failed: Vec::new(),
            frames: Vec::new(),
            signed_frames: 0,
            refused: BTreeMap::new(),
            lookups: 0,
        }
    }

    pub(crate) fn refused(&self, code: &str) -> usize {
        self.refused.get(code).copied().unwrap_or_default()
    }
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Laptop,
    Server,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Laptop => Self::Server,
            Self::Server => Self::Laptop,
        }
    }

    pub(crate) fn id(self) -> NodeId {
        super::support::node(match self {
            Self::Laptop => "nLaptop",
            Self::Server => "nServer01",
        })
    }
}

/// A datagram under way.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    at: Millis,
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

/// The laptop, the server and the network between them.
pub(crate) struct Pair {
    pub(crate) now: Millis,
    pub(crate) laptop: End,
    pub(crate) server: End,
    pub(crate) network: Network,
    packets: Vec<Packet>,
    /// Everything that was ever sent.
    pub(crate) log: Vec<Packet>,
    dice: ChaCha20Rng,
}

impl Pair {
    pub(crate) fn new(config: &TableConfig) -> Self {
        Self::with(config, config, 0)
    }

    pub(crate) fn with(laptop: &TableConfig, server: &TableConfig, seed: u64) -> Self {
        let now = Millis::from(NOW);
        let dice = ChaCha20Rng::seed_from_u64(seed);
        let [here, there] = [1, 2].map(|last| SocketAddr::from(([192, 0, 2, last], 4000)));
        Self {
            now,
            laptop: End::new(local("nLaptop", 1), here, laptop.clone(), now, seed ^ 0x1000),
            server: End::new(local("nServer01", 2), there, server.clone(), now, seed ^ 0x2000),
            network: Network::default(),
            packets: Vec::new(),
            log: Vec::new(),
            dice,
        }
    }

    pub(crate) fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::Laptop => &mut self.laptop,
            Side::Server => &mut self.server,
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        percent > 0 && self.dice.next_u32() % 100 < percent
    }

    /// Hands a datagram to the network.
    pub(crate) fn transmit(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        self.log.push(Packet { at: self.now, from, to, bytes: bytes.clone() });
        let copies = if self.chance(self.network.duplicates) { 2 } else { 1 };
        for _ in 0..copies {
            if self.chance(self.network.loss) {
                continue;
            }
            let jitter = u64::from(self.dice.next_u32()) % (u64::from(self.network.jitter_ms) + 1);
            let at = self.now.saturating_add(5 + jitter);
            self.packets.push(Packet { at, from, to, bytes: bytes.clone() });
        }
    }

    /// Drains a table's outputs, as the law demands.
    pub(crate) fn drain(&mut self, side: Side) {
        while let Some(output) = self.end(side).table.poll_output() {
            let end = self.end(side);
            match output {
                Output::Send { to, bytes } => {
                    let from = end.address;
                    self.transmit(from, to, bytes);
                }
                Output::Wake(at) => end.wake = Some(at),
                Output::Established { session, .. } => {
                    end.established += 1;
                    end.open.push(session);
                }
                Output::Closed { session, reason, .. } => {
                    end.open.retain(|open| *open != session);
                    end.closed.push(reason);
                }
                Output::Failed { reason, .. } => end.failed.push(reason),
            }
        }
    }

    pub(crate) fn connect(&mut self, side: Side) {
        let (now, to) = (self.now, self.end(side.other()).address);
        let end = self.end(side);
        let connected = end.table.connect(now, &side.other().id(), to, &mut end.rng);
        assert_eq!(connected, Ok(()));
        self.drain(side);
    }

    /// Delivers bytes to a node, now.
    pub(crate) fn deliver(&mut self, side: Side, from: SocketAddr, bytes: &[u8]) -> Result<(), ReceiveError> {
        self.deliver_asking(side, from, bytes, known)
    }

    /// As `deliver`, with other knowledge of keys.
    pub(crate) fn deliver_asking(
        &mut self,
        side: Side,
        from: SocketAddr,
        bytes: &[u8],
        mut keys: impl FnMut(&NodeId, &Attestations, Timestamp) -> Option<AttestedKey>,
    ) -> Result<(), ReceiveError> {
        let now = self.now;
        let end = self.end(side);
        let mut bytes = bytes.to_vec();
        let mut lookups = 0;
        let mut counted = |node: &NodeId, offered: &Attestations, at: Timestamp| {
            lookups += 1;
            keys(node, offered, at)
        };
        let received = end.table.handle_datagram(now, from, &mut bytes, &mut counted, &mut end.rng);
        let done = match received {
            Ok(Received::Frame { peer, frame, .. }) => {
                assert_eq!(*peer, side.other().id());
                end.frames.push(frame.seq);
                Ok(())
            }
            Ok(Received::SignedFrame { source, frame }) => {
                assert_eq!(source, side.other().id());
                assert!(frame.len() >= 114);
                end.signed_frames += 1;
                Ok(())
            }
            Ok(Received::Handshake) => Ok(()),
            Err(error) => {
                *end.refused.entry(error.reason().code()).or_default() += 1;
                Err(error)
            }
        };
        end.lookups += lookups;
        self.drain(side);
        done
    }

    /// Sends a frame of this length in the session, if there is one.
    pub(crate) fn send(&mut self, side: Side, len: usize) -> Result<u64, SendError> {
        let (seq, to, bytes) = self.seal(side, len)?;
        let from = self.end(side).address;
        self.transmit(from, to, bytes);
        Ok(seq)
    }

    /// Seals a frame of this length, and does not send it.
    pub(crate) fn seal(&mut self, side: Side, len: usize) -> Result<(u64, SocketAddr, Vec<u8>), SendError> {
        let now = self.now;
        let end = self.end(side);
        let number = end.table.next_frame().unwrap_or_else(|_| unreachable!("numbers do not run out in a test"));
        let seq = number.seq();
        let mut bytes = [&[0; ENVELOPE_LEN][..], &frame(number.instance(), seq, len)].concat();
        let sealed = end.table.seal(now, &side.other().id(), &mut bytes);
        self.drain(side);
        sealed.map(|to| (seq, to, bytes))
    }

    /// Goes on to the next event, if there is one until `end`.
    fn step(&mut self, end: Millis) -> bool {
        let packet = self.packets.iter().map(|packet| packet.at).min();
        let timer = [Side::Laptop, Side::Server].map(|side| self.end(side).wake).into_iter().flatten().min();
        let Some(next) = packet.into_iter().chain(timer).min().filter(|next| *next <= end) else { return false };
        self.now = self.now.max(next);
        if let Some(index) = self.packets.iter().position(|packet| packet.at <= next) {
            let Packet { from, to, bytes, .. } = self.packets.remove(index);
            for side in [Side::Laptop, Side::Server] {
                if self.end(side).address == to {
                    let _ = self.deliver(side, from, &bytes);
                }
            }
            return true;
        }
        for side in [Side::Laptop, Side::Server] {
            let now = self.now;
            let end = self.end(side);
            if end.wake.is_some_and(|at| at <= now) {
                end.wake = None;
                end.table.handle_timeout(now, &mut end.rng);
                self.drain(side);
            }
        }
        true
    }

    /// Lets time pass.
    pub(crate) fn run_ms(&mut self, milliseconds: u64) {
        let end = self.now.saturating_add(milliseconds);
        let mut steps = 0;
        while self.step(end) {
            steps += 1;
            assert!(steps < 200_000, "the machines do not come to rest");
        }
        self.now = end;
    }

    /// Lets time pass.
    pub(crate) fn run_secs(&mut self, seconds: u64) {
        self.run_ms(seconds * 1000);
    }

    /// Loses whatever is under way.
    pub(crate) fn lose_all(&mut self) {
        self.packets.clear();
    }

    /// Connects from the laptop over a good network.
    pub(crate) fn connected(config: &TableConfig) -> Self {
        let mut pair = Self::new(config);
        pair.connect(Side::Laptop);
        pair.run_ms(100);
        assert_eq!((pair.laptop.open.len(), pair.server.open.len()), (1, 1));
        assert_eq!(pair.laptop.open, pair.server.open);
        pair
    }
}
