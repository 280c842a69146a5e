//! A UDP socket that moves many datagrams in one system call, where the kernel can: segmentation on the way out, coalescing
//! and `recvmmsg` on the way in. Elsewhere it takes one call for each.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::ops::Range;

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// The longest payload of a UDP datagram over IPv4, and of a train of them that the kernel takes apart.
const MAX_PAYLOAD: usize = 65_507;
/// What one call may bring: as much as the kernel joins into one train.
const MAX_TRAIN: usize = 65_536;
/// What the kernel is asked to keep for a reader who is late; it may grant less.
const BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// Datagrams that go out together, written one after the other where they are sent from.
#[derive(Debug, Default)]
pub struct SendBatch {
    bytes: Vec<u8>,
    trains: Vec<Train>,
}

/// Datagrams to one address, of one length; only the last may be shorter.
#[derive(Debug)]
struct Train {
    to: SocketAddr,
    bytes: Range<usize>,
    each: usize,
    ended: bool,
}

impl SendBatch {
    /// Room for a datagram of `len` bytes, whose address `write` decides with its content; if it fails, there is no
    /// datagram.
    ///
    /// # Errors
    /// What `write` fails with.
    pub fn push_with<E>(
        &mut self,
        len: usize,
        write: impl FnOnce(&mut [u8]) -> Result<SocketAddr, E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        self.bytes.resize(start.saturating_add(len), 0);
        match write(self.bytes.get_mut(start..).unwrap_or_default()) {
            Ok(to) => {
                self.note(to, len);
                Ok(())
            }
            Err(error) => {
                self.bytes.truncate(start);
                Err(error)
            }
        }
    }

    /// Adds a datagram that is written already.
    pub fn push(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.bytes.extend_from_slice(datagram);
        self.note(to, datagram.len());
    }

    /// How many bytes wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets what waits; its room is kept.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.trains.clear();
    }

    fn note(&mut self, to: SocketAddr, len: usize) {
        let end = self.bytes.len();
        if let Some(train) = self.trains.last_mut() {
            let fits = train.bytes.len().saturating_add(len) <= MAX_PAYLOAD;
            if !train.ended && train.to == to && len <= train.each && fits {
                train.ended = len < train.each;
                train.bytes.end = end;
                return;
            }
        }
        self.trains.push(Train { to, bytes: end.saturating_sub(len)..end, each: len, ended: false });
    }
}

/// Where datagrams arrive together.
#[derive(Debug)]
pub struct ReceiveBatch {
    bytes: Vec<u8>,
    meta: [RecvMeta; BATCH_SIZE],
    filled: usize,
}

impl ReceiveBatch {
    /// Room for as much as one call brings: about two megabytes.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bytes: vec![0; BATCH_SIZE.saturating_mul(MAX_TRAIN)],
            meta: [RecvMeta::default(); BATCH_SIZE],
            filled: 0,
        }
    }

    /// The datagrams that arrived, to be opened where they lie.
    pub fn datagrams(&mut self) -> impl Iterator<Item = (SocketAddr, &mut [u8])> {
        let filled = self.bytes.chunks_mut(MAX_TRAIN).zip(&self.meta).take(self.filled);
        filled.flat_map(|(bytes, meta)| {
            let bytes = bytes.get_mut(..meta.len).unwrap_or_default();
            bytes.chunks_mut(meta.stride.max(1)).map(|datagram| (meta.addr, datagram))
        })
    }
}

impl Default for ReceiveBatch {
    fn default() -> Self {
        Self::new()
    }
}

/// The socket.
#[derive(Debug)]
pub struct BatchSocket {
    socket: UdpSocket,
    state: UdpSocketState,
}

impl BatchSocket {
    /// Makes the most of a bound socket.
    ///
    /// # Errors
    /// If the operating system refuses an option that it must have.
    pub fn new(socket: UdpSocket) -> io::Result<Self> {
        let state = UdpSocketState::new((&socket).into())?;
        state.set_recv_buffer_size((&socket).into(), BUFFER_BYTES)?;
        state.set_send_buffer_size((&socket).into(), BUFFER_BYTES)?;
        Ok(Self { socket, state })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the operating system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Waits until something can be sent.
    ///
    /// # Errors
    /// If the socket is broken.
    pub async fn writable(&self) -> io::Result<()> {
        self.socket.writable().await
    }

    /// Sends what waits in `batch`, which is empty afterwards unless the socket is full: then what could not be sent stays.
    /// A datagram that cannot be sent at all, such as one that is too long for its way, is lost, as datagrams may be.
    pub fn send(&self, batch: &mut SendBatch) {
        match batch.trains.iter_mut().position(|train| !self.send_train(train, &batch.bytes)) {
            Some(left) => drop(batch.trains.drain(..left)),
            None => batch.clear(),
        }
    }

    /// Sends what is left of a train, and takes it off; false if the socket is full.
    fn send_train(&self, train: &mut Train, bytes: &[u8]) -> bool {
        while !train.bytes.is_empty() {
            let most = train.each.saturating_mul(self.state.max_gso_segments());
            let end = train.bytes.start.saturating_add(most).min(train.bytes.end);
            let Some(contents) = bytes.get(train.bytes.start..end) else { return true };
            let transmit = Transmit {
                destination: train.to,
                ecn: None,
                contents,
                segment_size: (contents.len() > train.each).then_some(train.each),
                src_ip: None,
            };
            let send = || self.state.try_send((&self.socket).into(), &transmit);
            let outcome = self.socket.try_io(Interest::WRITABLE, send);
            match outcome {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // Where the kernel turns out not to take trains apart, it is asked again with single datagrams.
                Err(_) if transmit.segment_size.is_some() && self.state.max_gso_segments() == 1 => {}
                // An error may be about a datagram that was sent earlier, such as to a port that is closed.
                Ok(()) | Err(_) => train.bytes.start = end,
            }
        }
        true
    }

    /// Waits for datagrams and puts them in place of what `batch` held.
    ///
    /// # Errors
    /// What the operating system says; it may be about a datagram that was sent earlier.
    pub async fn receive(&self, batch: &mut ReceiveBatch) -> io::Result<()> {
        batch.filled = 0;
        loop {
            self.socket.readable().await?;
            let mut buffers: [IoSliceMut<'_>; BATCH_SIZE] = std::array::from_fn(|_| IoSliceMut::new(&mut []));
            for (buffer, room) in buffers.iter_mut().zip(batch.bytes.chunks_mut(MAX_TRAIN)) {
                *buffer = IoSliceMut::new(room);
            }
            let meta = &mut batch.meta;
            let receive = || self.state.recv((&self.socket).into(), &mut buffers, meta);
            match self.socket.try_io(Interest::READABLE, receive) {
                Ok(filled) => {
                    batch.filled = filled;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::SocketAddr;

    use tokio::net::UdpSocket;

    use super::{BatchSocket, MAX_PAYLOAD, ReceiveBatch, SendBatch};

    async fn socket() -> BatchSocket {
        BatchSocket::new(UdpSocket::bind("127.0.0.1:0").await.unwrap()).unwrap()
    }

    async fn send(socket: &BatchSocket, batch: &mut SendBatch) {
        while !batch.is_empty() {
            socket.writable().await.unwrap();
            socket.send(batch);
        }
    }

    /// Everything that comes to `socket`, until it is `count` datagrams.
    async fn receive(socket: &BatchSocket, count: usize) -> Vec<(SocketAddr, Vec<u8>)> {
        let (mut batch, mut received) = (ReceiveBatch::new(), vec![]);
        while received.len() < count {
            socket.receive(&mut batch).await.unwrap();
            received.extend(batch.datagrams().map(|(from, bytes)| (from, bytes.to_vec())));
        }
        received
    }

    #[tokio::test]
    async fn datagrams_of_all_lengths_arrive_one_by_one() {
        let (here, [one, other]) = (socket().await, [socket().await, socket().await]);
        let (to_one, to_other) = (one.local_addr().unwrap(), other.local_addr().unwrap());
        let lengths = [1200, 1200, 1200, 1199, 1200, 1, 60_000, 60_000, 65_507, 3, 3, 3];
        let mut batch = SendBatch::default();
        let mut expected: BTreeMap<SocketAddr, Vec<Vec<u8>>> = BTreeMap::new();
        for (index, len) in (0_u8..).zip(lengths) {
            for (to, mark) in [(to_one, 0_u8), (to_one, 64), (to_other, 128)] {
                let datagram = vec![mark + index; len];
                expected.entry(to).or_default().push(datagram.clone());
                batch.push(to, &datagram);
            }
        }
        send(&here, &mut batch).await;
        for socket in [one, other] {
            let expected = &expected[&socket.local_addr().unwrap()];
            let received = receive(&socket, expected.len()).await;
            assert!(received.iter().all(|(from, _)| *from == here.local_addr().unwrap()));
            // To one address they come in order, over loopback.
            assert!(received.iter().map(|(_, bytes)| bytes).eq(expected));
        }
    }

    #[tokio::test]
    async fn one_call_sends_a_train_and_none_what_was_not_written() {
        let (here, there) = (socket().await, socket().await);
        let to = there.local_addr().unwrap();
        let mut batch = SendBatch::default();
        let refused = batch.push_with(500, |room| {
            room.fill(1);
            Err("no session")
        });
        assert_eq!((refused, batch.is_empty()), (Err("no session"), true));
        for index in 0..100_u8 {
            let written = batch.push_with(1200, |room| {
                room.fill(index);
                Ok::<_, ()>(to)
            });
            assert_eq!(written, Ok(()));
        }
        assert_eq!((batch.len(), batch.trains.len()), (120_000, 120_000_usize.div_ceil(MAX_PAYLOAD / 1200 * 1200)));
        send(&here, &mut batch).await;
        let received = receive(&there, 100).await;
        assert!((0..100_u8).zip(&received).all(|(index, (_, bytes))| *bytes == vec![index; 1200]));
    }

    #[tokio::test]
    async fn what_is_too_long_is_lost_and_keeps_nothing_up() {
        let (here, there) = (socket().await, socket().await);
        let to = there.local_addr().unwrap();
        let mut batch = SendBatch::default();
        batch.push(to, &[1; 66_000]);
        batch.push(to, &[2; 10]);
        send(&here, &mut batch).await;
        assert_eq!(receive(&there, 1).await, [(here.local_addr().unwrap(), vec![2; 10])]);
    }
}
