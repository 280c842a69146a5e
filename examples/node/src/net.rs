//! Everything that moves bytes: one UDP socket, one QUIC endpoint, and a connection to each peer.
//!
//! It turns sockets into events and takes bytes to send; it knows nodes and addresses, and nothing of what the bytes mean.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fcp_core::id::NodeId;
use fcp_symbols::fcpc::HEADER_LEN;
use tokio::sync::{Semaphore, mpsc};

use crate::transport::{BatchSocket, MAX_UNSENT, QuicEndpoint, SendBatch};

/// How much of a stream is read at once, in bytes.
const MAX_PIECE: usize = 65_536;
/// How many bytes of datagrams may wait for the socket; what is sent beyond is lost, as datagrams may be.
const MAX_WAITING: usize = 1024 * 1024;
/// How many pieces may wait to be written to one stream.
const STREAM_QUEUE: usize = 1024;
/// How many streams of a peer are kept of which it is not known yet what they are for.
const MAX_NEW_STREAMS: usize = 4;

/// How many callers may be amid their handshakes; more are sent away, and may come again.
const MAX_HANDSHAKES: usize = 64;

/// What came from the network.
pub(crate) enum NetEvent {
    /// A QUIC datagram of an attested peer.
    Datagram { peer: NodeId, bytes: Vec<u8> },
    /// A peer opened a stream: its writing end, for [`Net::keep_stream`].
    Opened { peer: NodeId, stream: StreamNumber, writer: mpsc::Sender<Vec<u8>> },
    /// Bytes of a stream; the first of them that come are a frame's header at least.
    Stream { peer: NodeId, stream: StreamNumber, bytes: Vec<u8> },
    /// A QUIC connection to an attested peer stands.
    Connected { peer: NodeId },
    /// A connection is gone, or was not made; `connection` is its number, if it had one.
    Disconnected { peer: NodeId, connection: Option<usize>, why: String },
}

/// A connection that was made or accepted, for [`Net::attach`].
pub(crate) struct Attachment(NodeId, quinn::Connection);

/// Tells the streams of all connections apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamNumber(u64);

impl StreamNumber {
    fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

/// A connection to one peer.
struct Link {
    connection: quinn::Connection,
    control: Option<mpsc::Sender<Vec<u8>>>,
    /// What the peer opened and nobody has taken yet, the newest last.
    opened: VecDeque<(StreamNumber, mpsc::Sender<Vec<u8>>)>,
}

/// The node's sockets.
pub(crate) struct Net {
    udp: Arc<BatchSocket>,
    outgoing: SendBatch,
    quic: QuicEndpoint,
    links: HashMap<NodeId, Link>,
    events: mpsc::Sender<NetEvent>,
    attachments: mpsc::Sender<Attachment>,
}

impl Net {
    /// Listens for connections. What comes through the receiver is to be given to [`attach`](Self::attach); datagrams are
    /// for whoever runs the node to receive.
    pub(crate) fn start(
        udp: Arc<BatchSocket>,
        quic: QuicEndpoint,
        events: mpsc::Sender<NetEvent>,
    ) -> (Self, mpsc::Receiver<Attachment>) {
        let (attachments, attached) = mpsc::channel(64);
        tokio::spawn(accept(quic.clone(), attachments.clone()));
        (Self { udp, outgoing: SendBatch::default(), quic, links: HashMap::new(), events, attachments }, attached)
    }

    /// Where UDP listens.
    pub(crate) fn udp_addr(&self) -> std::io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// Where QUIC listens.
    pub(crate) fn quic_addr(&self) -> std::io::Result<SocketAddr> {
        self.quic.local_addr()
    }

    /// Has a UDP datagram sent by the next [`flush`](Self::flush); false if too much waits for the socket.
    pub(crate) fn send_udp(&mut self, to: SocketAddr, bytes: &[u8]) -> bool {
        let fits = self.outgoing.len().saturating_add(bytes.len()) <= MAX_WAITING;
        if fits {
            self.outgoing.push(to, bytes);
        }
        fits
    }

    /// Sends the UDP datagrams that wait; false if the socket is full and some still do.
    pub(crate) fn flush(&mut self) -> bool {
        self.udp.send(&mut self.outgoing);
        self.outgoing.is_empty()
    }

    /// Sends a QUIC datagram; false if there is no connection, it does not fit, or others wait to be sent. Waiting ones
    /// would fall behind those that go over UDP, and out of the peer's replay window.
    pub(crate) fn send_datagram(&self, peer: &NodeId, bytes: &[u8]) -> bool {
        let waits = |link: &Link| {
            link.connection.datagram_send_buffer_space() < MAX_UNSENT.saturating_sub(bytes.len().saturating_mul(4))
        };
        let link = self.links.get(peer).filter(|link| !waits(link));
        link.is_some_and(|link| link.connection.send_datagram(bytes.to_vec().into()).is_ok())
    }

    /// Writes to the peer's control stream; false if there is none or the peer does not read.
    pub(crate) fn send_stream(&self, peer: &NodeId, bytes: Vec<u8>) -> bool {
        let control = self.links.get(peer).and_then(|link| link.control.as_ref());
        control.is_some_and(|control| control.try_send(bytes).is_ok())
    }

    /// Whether a connection to the peer stands.
    pub(crate) fn is_connected(&self, peer: &NodeId) -> bool {
        self.links.get(peer).is_some_and(|link| link.connection.close_reason().is_none())
    }

    /// Whether the connection of this number is the newest to the peer.
    pub(crate) fn is_newest(&self, peer: &NodeId, connection: usize) -> bool {
        self.links.get(peer).is_some_and(|link| link.connection.stable_id() == connection)
    }

    /// Begins to connect to `peer`; what comes of it is an event.
    pub(crate) fn dial(&self, peer: NodeId, address: SocketAddr) {
        let (quic, attachments, events) = (self.quic.clone(), self.attachments.clone(), self.events.clone());
        tokio::spawn(async move {
            match quic.connect(&peer, address).await {
                Ok(connection) => {
                    let _ = attachments.send(Attachment(peer, connection)).await;
                }
                Err(error) => {
                    let _ =
                        events.send(NetEvent::Disconnected { peer, connection: None, why: error.to_string() }).await;
                }
            }
        });
    }

    /// Takes a connection in place of an older one.
    pub(crate) fn attach(&mut self, Attachment(peer, connection): Attachment) {
        tokio::spawn(serve(peer.clone(), connection.clone(), self.events.clone()));
        let link = Link { connection, control: None, opened: VecDeque::new() };
        if let Some(old) = self.links.insert(peer, link) {
            old.connection.close(0_u8.into(), b"replaced");
        }
    }

    /// Keeps the writing end of a stream that the peer opened until [`take_stream`](Self::take_stream).
    pub(crate) fn keep_stream(&mut self, peer: &NodeId, stream: StreamNumber, writer: mpsc::Sender<Vec<u8>>) {
        let Some(link) = self.links.get_mut(peer) else { return };
        if link.opened.len() >= MAX_NEW_STREAMS {
            link.opened.pop_front();
        }
        link.opened.push_back((stream, writer));
    }

    /// The peer's control stream is this one, which it opened; false if it is gone.
    pub(crate) fn take_stream(&mut self, peer: &NodeId, stream: StreamNumber) -> bool {
        let Some(link) = self.links.get_mut(peer) else { return false };
        let Some(at) = link.opened.iter().position(|(number, _)| *number == stream) else { return false };
        // Older ones are of sessions that are over.
        link.control = link.opened.drain(..=at).next_back().map(|(_, writer)| writer);
        true
    }

    /// Closes the connections to all peers and forgets what was to be sent; no event tells of it.
    pub(crate) fn disconnect_all(&mut self) {
        self.outgoing.clear();
        for (_, link) in self.links.drain() {
            link.connection.close(0_u8.into(), b"interrupted");
        }
    }

    /// Opens a new control stream to the peer, in place of an older one; nothing if there is no connection.
    pub(crate) fn open_stream(&mut self, peer: &NodeId) -> Option<StreamNumber> {
        let link = self.links.get_mut(peer)?;
        let stream = StreamNumber::next();
        let (writer, queue) = mpsc::channel(STREAM_QUEUE);
        link.control = Some(writer);
        let (connection, events, peer) = (link.connection.clone(), self.events.clone(), peer.clone());
        tokio::spawn(async move {
            if let Ok((send, receive)) = connection.open_bi().await {
                tokio::spawn(read_stream((peer, stream), receive, events));
                write_stream(send, queue).await;
            }
        });
        Some(stream)
    }

    /// Closes everything and waits until the peers know.
    pub(crate) async fn close(&self) {
        self.quic.close().await;
    }
}

/// Shakes hands with many callers at once: one that stalls keeps nobody waiting.
async fn accept(quic: QuicEndpoint, attachments: mpsc::Sender<Attachment>) {
    let places = Arc::new(Semaphore::new(MAX_HANDSHAKES));
    while let Some(caller) = quic.accept().await {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            caller.refuse();
            continue;
        };
        let attachments = attachments.clone();
        tokio::spawn(async move {
            let connected = caller.connect().await;
            drop(place);
            // Whoever is not attested was refused, and may have been anybody.
            if let Ok((peer, connection)) = connected {
                let _ = attachments.send(Attachment(peer, connection)).await;
            }
        });
    }
}

/// Reads everything that comes over one connection, until it is gone.
async fn serve(peer: NodeId, connection: quinn::Connection, events: mpsc::Sender<NetEvent>) {
    if events.send(NetEvent::Connected { peer: peer.clone() }).await.is_err() {
        return;
    }
    let why = loop {
        tokio::select! {
            datagram = connection.read_datagram() => match datagram {
                Ok(bytes) => {
                    let event = NetEvent::Datagram { peer: peer.clone(), bytes: bytes.into() };
                    if events.send(event).await.is_err() {
                        return;
                    }
                }
                Err(error) => break error,
            },
            stream = connection.accept_bi() => match stream {
                Ok((send, receive)) => {
                    let (writer, queue) = mpsc::channel(STREAM_QUEUE);
                    let stream = StreamNumber::next();
                    tokio::spawn(write_stream(send, queue));
                    if events.send(NetEvent::Opened { peer: peer.clone(), stream, writer }).await.is_err() {
                        return;
                    }
                    tokio::spawn(read_stream((peer.clone(), stream), receive, events.clone()));
                }
                Err(error) => break error,
            },
        }
    };
    let number = Some(connection.stable_id());
    let _ = events.send(NetEvent::Disconnected { peer, connection: number, why: why.to_string() }).await;
}

async fn write_stream(mut stream: quinn::SendStream, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = queue.recv().await {
        if stream.write_all(&bytes).await.is_err() {
            return;
        }
    }
    let _ = stream.finish();
}

async fn read_stream(
    (peer, stream): (NodeId, StreamNumber),
    mut incoming: quinn::RecvStream,
    events: mpsc::Sender<NetEvent>,
) {
    let mut bytes = vec![0; HEADER_LEN];
    if incoming.read_exact(&mut bytes).await.is_err() {
        return;
    }
    loop {
        if events.send(NetEvent::Stream { peer: peer.clone(), stream, bytes }).await.is_err() {
            return;
        }
        let Ok(Some(chunk)) = incoming.read_chunk(MAX_PIECE, true).await else { return };
        bytes = chunk.bytes.to_vec();
    }
}

#[cfg(test)]
mod tests;
