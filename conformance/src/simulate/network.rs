//! The network between addresses: what it does to datagrams and streams.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use fcp_core::time::Millis;

use super::dice::Dice;

/// What happens on the way from one address to another. Shares are parts of 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Conditions {
    /// How long a datagram takes at least.
    pub(super) delay_ms: u64,
    /// How much longer it may take: later ones overtake.
    pub(super) jitter_ms: u64,
    /// Lost, one by one.
    pub(super) loss: u32,
    /// Whether losses come in bursts: this share of datagrams begins one, which ends after four on average.
    pub(super) bursts: u32,
    /// Delivered twice.
    pub(super) duplicates: u32,
    /// Delivered with other bytes than were sent.
    pub(super) corrupted: u32,
    /// Longer datagrams vanish.
    pub(super) mtu: usize,
    /// How many bytes pass in a second, and for how many milliseconds they queue up before more are dropped.
    pub(super) rate: Option<(u64, u64)>,
}

impl Conditions {
    /// A good network.
    pub(super) const GOOD: Self =
        Self { delay_ms: 5, jitter_ms: 2, loss: 0, bursts: 0, duplicates: 0, corrupted: 0, mtu: 1500, rate: None };

    /// Anything between good and bad.
    pub(super) fn drawn(dice: &mut Dice) -> Self {
        let share = |dice: &mut Dice, high| u32::try_from(dice.below(high)).unwrap_or_default();
        Self {
            delay_ms: dice.between(1, 80),
            jitter_ms: dice.below(60),
            loss: share(dice, 200),
            bursts: share(dice, 20),
            duplicates: share(dice, 100),
            corrupted: 0,
            mtu: 1500,
            rate: None,
        }
    }
}

/// What the network remembers of one way.
#[derive(Debug, Clone, Default)]
struct Way {
    /// Whether a burst of losses is going on.
    bursting: bool,
    /// Until when the bytes before it take, in microseconds.
    busy_until_us: u64,
    /// The datagram before, for splicing.
    before: Vec<u8>,
}

/// One datagram that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) at: Millis,
    pub(super) bytes: Vec<u8>,
}

/// The network.
#[derive(Debug)]
pub(super) struct Network {
    /// What holds where nothing else is said.
    pub(super) common: Conditions,
    special: BTreeMap<(SocketAddr, SocketAddr), Conditions>,
    ways: BTreeMap<(SocketAddr, SocketAddr), Way>,
    /// On which island an address is; 0 if it is not listed. Nothing passes from one to another.
    islands: BTreeMap<SocketAddr, usize>,
    /// Ways on which nothing passes.
    cut: BTreeSet<(SocketAddr, SocketAddr)>,
}

impl Network {
    pub(super) const fn new(common: Conditions) -> Self {
        Self { common, special: BTreeMap::new(), ways: BTreeMap::new(), islands: BTreeMap::new(), cut: BTreeSet::new() }
    }

    /// Sets conditions for one way; the way back is another.
    pub(super) fn set(&mut self, from: SocketAddr, to: SocketAddr, conditions: Conditions) {
        self.special.insert((from, to), conditions);
    }

    /// Moves an address to an island.
    pub(super) fn strand(&mut self, address: SocketAddr, island: usize) {
        self.islands.insert(address, island);
    }

    /// Joins all islands.
    pub(super) fn join(&mut self) {
        self.islands.clear();
        self.cut.clear();
    }

    /// Cuts one way.
    #[cfg(test)]
    pub(super) fn cut(&mut self, from: SocketAddr, to: SocketAddr) {
        self.cut.insert((from, to));
    }

    /// Whether anything passes.
    pub(super) fn is_open(&self, from: SocketAddr, to: SocketAddr) -> bool {
        let island = |address| self.islands.get(&address).copied().unwrap_or_default();
        island(from) == island(to) && !self.cut.contains(&(from, to))
    }

    fn conditions(&self, from: SocketAddr, to: SocketAddr) -> Conditions {
        self.special.get(&(from, to)).copied().unwrap_or(self.common)
    }

    /// Takes a datagram, and gives what arrives of it.
    pub(super) fn send(
        &mut self,
        now: Millis,
        (from, to): (SocketAddr, SocketAddr),
        bytes: &[u8],
        dice: &mut Dice,
    ) -> Vec<Arrival> {
        let conditions = self.conditions(from, to);
        let open = self.is_open(from, to);
        let way = self.ways.entry((from, to)).or_default();
        if !open || bytes.len() > conditions.mtu {
            return Vec::new();
        }
        let Some(queued_ms) = way.queue(now, bytes.len(), conditions.rate) else { return Vec::new() };
        let copies = if dice.permille(conditions.duplicates) { 2 } else { 1 };
        let mut arrivals = Vec::with_capacity(copies);
        for _ in 0..copies {
            if way.loses(conditions, dice) {
                continue;
            }
            let travel = conditions.delay_ms.saturating_add(dice.between(0, conditions.jitter_ms));
            let mut bytes = bytes.to_vec();
            if dice.permille(conditions.corrupted) {
                corrupt(&mut bytes, &way.before, dice);
            }
            arrivals.push(Arrival { at: now.saturating_add(queued_ms.saturating_add(travel)), bytes });
        }
        if conditions.corrupted > 0 {
            way.before = bytes.to_vec();
        }
        arrivals
    }

    /// When bytes of a stream arrive, which the network repeats until they do; nothing while the way is cut.
    pub(super) fn stream(&self, now: Millis, (from, to): (SocketAddr, SocketAddr), dice: &mut Dice) -> Option<Millis> {
        if !self.is_open(from, to) || !self.is_open(to, from) {
            return None;
        }
        let conditions = self.conditions(from, to);
        let mut travel = conditions.delay_ms.saturating_add(dice.between(0, conditions.jitter_ms));
        for _ in 0..8 {
            if !dice.permille(conditions.loss.saturating_add(conditions.corrupted)) {
                break;
            }
            travel = travel.saturating_add(conditions.delay_ms.saturating_mul(2).saturating_add(50));
        }
        Some(now.saturating_add(travel))
    }
}

impl Way {
    /// How long a datagram waits behind those before it, in milliseconds; nothing if the queue is full.
    fn queue(&mut self, now: Millis, len: usize, rate: Option<(u64, u64)>) -> Option<u64> {
        let Some((bytes_per_second, longest_ms)) = rate else { return Some(0) };
        let now_us = now.as_millis().saturating_mul(1000);
        let start = self.busy_until_us.max(now_us);
        if start.saturating_sub(now_us) > longest_ms.saturating_mul(1000) {
            return None;
        }
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        let takes = len.saturating_mul(1_000_000).checked_div(bytes_per_second)?;
        self.busy_until_us = start.saturating_add(takes);
        Some(self.busy_until_us.saturating_sub(now_us) / 1000)
    }

    fn loses(&mut self, conditions: Conditions, dice: &mut Dice) -> bool {
        if self.bursting {
            self.bursting = !dice.permille(250);
        } else {
            self.bursting = dice.permille(conditions.bursts);
        }
        self.bursting || dice.permille(conditions.loss)
    }
}

/// Changes bytes: some bits, their end, or a part from the datagram before.
fn corrupt(bytes: &mut Vec<u8>, before: &[u8], dice: &mut Dice) {
    match dice.below(4) {
        0 => {
            let len = dice.index(bytes.len());
            bytes.truncate(len);
        }
        1 => {
            let tail = dice.between(1, 40);
            bytes.extend(dice.bytes(usize::try_from(tail).unwrap_or_default()));
        }
        2 if before != bytes.as_slice() && !before.is_empty() => {
            let at = dice.index(bytes.len());
            bytes.truncate(at);
            bytes.extend_from_slice(before.get(at..).unwrap_or_default());
        }
        _ => {
            for _ in 0..dice.between(1, 4) {
                let at = dice.index(bytes.len());
                let bit = u32::try_from(dice.below(8)).unwrap_or_default();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1_u8.rotate_left(bit);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Conditions, Network};
    use crate::simulate::dice::Dice;
    use fcp_core::time::Millis;
    use std::net::SocketAddr;

    fn way() -> (SocketAddr, SocketAddr) {
        (SocketAddr::from(([10, 0, 0, 1], 1)), SocketAddr::from(([10, 0, 0, 2], 1)))
    }

    fn arrivals(conditions: Conditions, count: u64) -> Vec<(u64, Vec<u8>)> {
        let (mut network, mut dice) = (Network::new(conditions), Dice::new(1));
        (0..count)
            .flat_map(|index| {
                let now = Millis::from_millis(index);
                let arrived = network.send(now, way(), &index.to_le_bytes().repeat(20), &mut dice);
                arrived.into_iter().map(|arrival| (arrival.at.as_millis(), arrival.bytes))
            })
            .collect()
    }

    #[test]
    fn a_good_network_delivers_everything() {
        let arrived = arrivals(Conditions::GOOD, 200);
        assert_eq!(arrived.len(), 200);
        for (index, (at, bytes)) in (0_u64..).zip(&arrived) {
            assert!((index + 5..=index + 7).contains(at));
            assert_eq!(bytes, &index.to_le_bytes().repeat(20));
        }
    }

    #[test]
    fn each_condition_does_what_it_says() {
        let good = Conditions::GOOD;
        let count = |conditions| arrivals(conditions, 1000).len();
        assert!((600..800).contains(&count(Conditions { loss: 300, ..good })));
        assert!((600..950).contains(&count(Conditions { bursts: 50, ..good })));
        assert!((1200..1400).contains(&count(Conditions { duplicates: 300, ..good })));
        assert_eq!(count(Conditions { mtu: 159, ..good }), 0);
        // 160 bytes a millisecond, of which half pass, after 20 ms of queue.
        assert!((500..540).contains(&count(Conditions { rate: Some((80_000, 20)), ..good })));

        let changed = arrivals(Conditions { corrupted: 1000, ..good }, 1000);
        let original = |bytes: &[u8]| bytes.len() == 160 && bytes.chunks(8).all(|part| part == &bytes[..8]);
        assert!(changed.iter().filter(|(_, bytes)| original(bytes)).count() < 20, "splicing may give back an original");
        let overtaken = arrivals(Conditions { jitter_ms: 50, ..good }, 1000);
        assert!(overtaken.windows(2).any(|pair| pair[0].0 > pair[1].0));
    }

    #[test]
    fn islands_and_cuts_let_nothing_pass() {
        let (mut network, mut dice) = (Network::new(Conditions::GOOD), Dice::new(1));
        let ((here, there), now) = (way(), Millis::from_millis(0));
        network.strand(here, 1);
        assert!(network.send(now, (here, there), b"x", &mut dice).is_empty());
        assert_eq!(network.stream(now, (here, there), &mut dice), None);
        network.join();
        network.cut(here, there);
        assert!(network.send(now, (here, there), b"x", &mut dice).is_empty());
        assert_eq!(network.send(now, (there, here), b"x", &mut dice).len(), 1);
        assert_eq!(network.stream(now, (there, here), &mut dice), None, "a stream needs the way back");
        network.join();
        assert!(network.stream(now, (here, there), &mut dice).is_some());
    }
}
