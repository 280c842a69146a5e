//! Sealed datagrams from one process to another over UDP on loopback, with everything that a node does about them: a
//! session from a real handshake, symbols under a subkey of the zone's, the session's MAC, the replay window, batched
//! system calls.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId, ZoneKeyId};
use fcp_core::sign::NodeSigningKey;
use fcp_core::time::Timestamp;
use fcp_core::zone_key::{ZoneKey, ZoneKeyAlgorithm};
use fcp_symbols::datagram::ENVELOPE_LEN;
use fcp_symbols::envelope::SubkeyCache;
use fcp_symbols::fcps::{FrameFlags, FrameHeader, FrameMut, FrameWriter, frame_len};
use fcp_symbols::raptor::SymbolSize;
use fcp_symbols::session::{
    Attestations, AttestedKey, LocalNode, Output, Received, SessionTable, TableConfig, Terms, TransportLimits,
};
use tokio::net::UdpSocket;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::process::{BenchError, Orders, Run, Sender};
use crate::clock;
use crate::random::Generator;
use crate::transport::{BatchSocket, ReceiveBatch, SendBatch};

/// How long the two processes may take to open their session.
const OPENING: Duration = Duration::from_secs(10);
/// About how many bytes go out between two looks at the clock.
const PIECE: usize = 64 * 1024;
/// The object that all symbols claim to be of, and its source symbols.
const OBJECT: ObjectId = ObjectId::from_bytes([7; 32]);
const K: u16 = 1024;

/// What one datagram carries.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// The size of a symbol.
    pub symbol_size: SymbolSize,
    /// How many are in a frame.
    pub symbols: u16,
}

impl Shape {
    /// One symbol of 1024 bytes in a datagram of 1200: what fits everywhere (§4.3.1).
    pub const SMALL: Self = Self { symbol_size: SymbolSize::DEFAULT, symbols: 1 };

    fn datagram_len(self) -> usize {
        ENVELOPE_LEN.saturating_add(frame_len(usize::from(self.symbols), self.symbol_size))
    }

    fn terms(self) -> Result<Terms, BenchError> {
        let limit = u16::try_from(self.datagram_len()).map_err(BenchError::refused)?;
        let limits = TransportLimits::new(limit.max(1200)).map_err(BenchError::refused)?;
        let default = Terms::default();
        Terms::new(default.suites(), limits).map_err(BenchError::refused)
    }
}

/// One of the two ends.
struct End {
    local: NodeId,
    peer: NodeId,
    peer_key: AttestedKey,
    socket: BatchSocket,
    table: SessionTable,
    zone_key: ZoneKey,
    subkeys: SubkeyCache,
    rng: Generator,
    shape: Shape,
}

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Sender,
    Receiver,
}

impl End {
    /// An end whose keys both ends derive from one secret, which lives as long as they do.
    async fn new(side: Side, secret: &[u8; 32], shape: Shape) -> Result<Self, BenchError> {
        let derived = |label: &str| Zeroizing::new(blake3::derive_key(label, secret));
        let signing = |side| match side {
            Side::Sender => NodeSigningKey::from_seed(*derived("fcp bench: key of the sender")),
            Side::Receiver => NodeSigningKey::from_seed(*derived("fcp bench: key of the receiver")),
        };
        let node = |name: &str| NodeId::new(name).map_err(BenchError::refused);
        let (names, keys) = (["nSender", "nReceiver"], [signing(Side::Sender), signing(Side::Receiver)]);
        let (mut local, mut peer) = (node(names[0])?, node(names[1])?);
        let [mut own, mut other] = keys;
        if side == Side::Receiver {
            std::mem::swap(&mut local, &mut peer);
            std::mem::swap(&mut own, &mut other);
        }
        let now = clock::now_millis();
        let expires_at = now.timestamp().saturating_add(86_400);
        let mut rng = Generator::new()?;
        let config = TableConfig { terms: shape.terms()?, ..TableConfig::default() };
        let node = LocalNode::new(local.clone(), own, expires_at);
        let algorithm = ZoneKeyAlgorithm::ChaCha20Poly1305;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self {
            table: SessionTable::new(node, config, now, &mut rng),
            peer_key: AttestedKey { key: other.public(), expires_at },
            socket: BatchSocket::new(socket)?,
            zone_key: ZoneKey::new(
                ZoneId::private(),
                ZoneKeyId::from_bytes([1; 8]),
                algorithm,
                *derived("fcp bench: zone key"),
            ),
            subkeys: SubkeyCache::new(4),
            local,
            peer,
            rng,
            shape,
        })
    }

    /// Sends what the table says.
    async fn drain(&mut self) -> Result<(), BenchError> {
        let mut batch = SendBatch::default();
        while let Some(output) = self.table.poll_output() {
            if let Output::Send { to, bytes } = output {
                batch.push(to, &bytes);
            }
        }
        self.flush(&mut batch).await
    }

    async fn flush(&self, batch: &mut SendBatch) -> Result<(), BenchError> {
        while !batch.is_empty() {
            self.socket.writable().await?;
            self.socket.send(batch);
        }
        Ok(())
    }

    /// Opens what came; the number of datagrams whose symbols opened.
    fn open(&mut self, batch: &mut ReceiveBatch) -> u64 {
        let now = clock::now_millis();
        let Self { table, peer: expected, peer_key, rng, subkeys, zone_key, .. } = self;
        let mut peers = |node: &NodeId, _: &Attestations, _: Timestamp| (node == expected).then_some(*peer_key);
        let mut opened = 0_u64;
        for (from, bytes) in batch.datagrams() {
            let limit = bytes.len();
            let Ok(Received::Frame { peer, frame, .. }) = table.handle_datagram(now, from, bytes, &mut peers, rng)
            else {
                continue;
            };
            let Ok(frame) = FrameMut::parse(frame.frame, limit) else { continue };
            let header = *frame.header();
            let key = subkeys.get(zone_key, header.epoch_id, &peer, header.sender_instance_id);
            let Ok(mut symbols) = frame.open(key) else { continue };
            if symbols.all(|symbol| symbol.is_ok_and(|symbol| symbol.data.last() == Some(&symbol.esi.to_le_bytes()[0])))
            {
                opened = opened.saturating_add(1);
            }
        }
        opened
    }

    /// Seals the frame of the next number into `room`.
    fn seal(&mut self, room: &mut [u8]) -> Result<SocketAddr, BenchError> {
        let now = clock::now_millis();
        let epoch = EpochId::of(now.timestamp());
        let number = self.table.next_frame().map_err(BenchError::refused)?;
        let key = self.subkeys.get(&self.zone_key, epoch, &self.local, number.instance());
        let header = FrameHeader {
            flags: FrameFlags::SYMBOLS,
            object_id: OBJECT,
            symbol_size: self.shape.symbol_size,
            zone_key_id: self.zone_key.id(),
            zone_id_hash: *key.zone_id_hash(),
            epoch_id: epoch,
            sender_instance_id: number.instance(),
            frame_seq: number.seq(),
        };
        let frame = room.get_mut(ENVELOPE_LEN..).unwrap_or_default();
        let mut writer = FrameWriter::new(frame, header).map_err(BenchError::refused)?;
        for esi in 0..u32::from(self.shape.symbols) {
            let fill = |symbol: &mut [u8]| {
                symbol.fill(esi.to_le_bytes()[0]);
                Ok(())
            };
            writer.seal(esi, K, key, fill).map_err(BenchError::refused)?;
        }
        writer.finish().map_err(BenchError::refused)?;
        self.table.seal(now, &self.peer, room).map_err(BenchError::refused)
    }

    /// Whether the session with the other end is open.
    fn is_open(&self) -> bool {
        self.table.session_with(clock::now_millis(), &self.peer).is_some()
    }

    /// Sends as fast as the socket takes it.
    #[expect(clippy::disallowed_methods, reason = "measuring time is what this is for")]
    async fn send_for(&mut self, duration: Duration) -> Result<u64, BenchError> {
        let (started, len) = (Instant::now(), self.shape.datagram_len());
        let each = PIECE.div_ceil(len);
        let (mut batch, mut sent) = (SendBatch::default(), 0_u64);
        while started.elapsed() < duration {
            for _ in 0..each {
                batch.push_with(len, |room| self.seal(room))?;
                sent = sent.saturating_add(1);
            }
            self.flush(&mut batch).await?;
        }
        Ok(sent)
    }
}

/// The sending process.
///
/// # Errors
/// [`BenchError`].
pub async fn send(to: SocketAddr, shape: Shape) -> Result<(), BenchError> {
    let (orders, secret) = Orders::read().await?;
    let secret = secret.first_chunk().ok_or(BenchError::Process)?;
    let mut end = End::new(Side::Sender, secret, shape).await?;
    let peer = end.peer.clone();
    end.table.connect(clock::now_millis(), &peer, to, &mut end.rng).map_err(BenchError::refused)?;
    let mut batch = ReceiveBatch::new();
    while !end.is_open() {
        end.drain().await?;
        tokio::time::timeout(OPENING, end.socket.receive(&mut batch)).await.map_err(|_| BenchError::NotConnected)??;
        end.open(&mut batch);
    }
    orders.follow(async |duration| end.send_for(duration).await).await
}

/// The receiving end, in this process, with its sending process.
pub struct Receiver {
    end: End,
    batch: ReceiveBatch,
    sender: Sender,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Receiver(..)")
    }
}

impl Receiver {
    /// Starts the sending process, which calls [`send`], and waits for its session.
    ///
    /// # Errors
    /// [`BenchError`].
    pub async fn start(sender: Command, shape: Shape) -> Result<Self, BenchError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *secret)?;
        let mut end = End::new(Side::Receiver, &secret, shape).await?;
        let mut sender = Sender::start(sender, end.socket.local_addr()?, &*secret).await?;
        let mut batch = ReceiveBatch::new();
        let opened = tokio::time::timeout(OPENING, async {
            loop {
                tokio::select! {
                    received = end.socket.receive(&mut batch) => {
                        received?;
                        end.open(&mut batch);
                        end.drain().await?;
                    }
                    opened = sender.opened() => return opened,
                }
            }
        });
        opened.await.map_err(|_| BenchError::NotConnected)??;
        Ok(Self { end, batch, sender })
    }

    /// Has the sender send for `duration` and opens what comes.
    ///
    /// # Errors
    /// [`BenchError`].
    pub async fn run(&mut self, duration: Duration) -> Result<Run, BenchError> {
        let Self { end, batch, sender } = self;
        let arrive = async || {
            end.socket.receive(batch).await?;
            Ok(end.open(batch))
        };
        sender.run(duration, arrive).await
    }
}
