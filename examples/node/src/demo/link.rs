//! The way between two devices, which the demo can make a bad one: everything that they send each other goes through
//! sockets of this process, and a part of it no further.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The longest datagram over IPv4.
const MAX_DATAGRAM: usize = 65_507;

/// Where a node is, for both carriers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    pub(super) udp: SocketAddr,
    pub(super) quic: SocketAddr,
}

/// How the way is, and what became of the datagrams.
#[derive(Debug, Default)]
struct Condition {
    loss_percent: AtomicU32,
    passed: AtomicU64,
    dropped: AtomicU64,
}

/// The way between two devices. It stands until the process ends.
#[derive(Debug)]
pub(super) struct Link {
    condition: Arc<Condition>,
    /// Where the first device finds the second.
    pub(super) second: Addresses,
    /// Where the second device finds the first.
    pub(super) first: Addresses,
}

impl Link {
    /// Makes a way that loses nothing.
    pub(super) fn between(first: Addresses, second: Addresses) -> std::io::Result<Self> {
        let condition = Arc::new(Condition::default());
        let (second_udp, first_udp) = pass(&condition, first.udp, second.udp, 1)?;
        let (second_quic, first_quic) = pass(&condition, first.quic, second.quic, 2)?;
        Ok(Self {
            condition,
            second: Addresses { udp: second_udp, quic: second_quic },
            first: Addresses { udp: first_udp, quic: first_quic },
        })
    }

    /// From now on the way loses so many of a hundred datagrams, in either direction.
    pub(super) fn lose(&self, percent: u32) {
        self.condition.loss_percent.store(percent, Ordering::Relaxed);
    }

    /// How many datagrams passed and how many did not, since the way was made.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.condition.passed.load(Ordering::Relaxed), self.condition.dropped.load(Ordering::Relaxed))
    }
}

/// Two sockets: what the first device sends to the first of them comes to the second device from the other, and the other
/// way round.
fn pass(
    condition: &Arc<Condition>,
    first: SocketAddr,
    second: SocketAddr,
    seed: u32,
) -> std::io::Result<(SocketAddr, SocketAddr)> {
    let [for_first, for_second] =
        [UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?, UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?];
    let addresses = (for_first.local_addr()?, for_second.local_addr()?);
    let directions = [
        (for_first.try_clone()?, for_second.try_clone()?, first, second, seed),
        (for_second, for_first, second, first, seed.wrapping_add(100)),
    ];
    for (arrives, leaves, from, to, seed) in directions {
        let condition = Arc::clone(condition);
        std::thread::Builder::new().spawn(move || forward(&condition, (&arrives, from), (&leaves, to), seed))?;
    }
    Ok(addresses)
}

/// Passes on what comes from one device to the other, for good.
fn forward(condition: &Condition, arrives: (&UdpSocket, SocketAddr), leaves: (&UdpSocket, SocketAddr), seed: u32) {
    let mut random = seed;
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        // An error is about a datagram that was sent earlier, such as to a device that was killed.
        let Ok((len, from)) = arrives.0.recv_from(&mut buffer) else { continue };
        if from != arrives.1 {
            continue;
        }
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let chance = random.wrapping_shr(16).checked_rem(100).unwrap_or_default();
        let lost = chance < condition.loss_percent.load(Ordering::Relaxed);
        let counter = if lost { &condition.dropped } else { &condition.passed };
        counter.fetch_add(1, Ordering::Relaxed);
        if !lost {
            let _ = leaves.0.send_to(buffer.get(..len).unwrap_or_default(), leaves.1);
        }
    }
}
