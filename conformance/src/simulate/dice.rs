//! All chance of a run, from its seed.

use fcp_core::rand_core::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// The dice of one run.
#[derive(Debug)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `bound`; 0 if that is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64().checked_rem(bound).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low.saturating_add(self.below(high.saturating_sub(low).saturating_add(1)))
    }

    /// An index of a list with `len` entries.
    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap_or(u64::MAX))).unwrap_or_default()
    }

    /// True in so many of 1000 cases.
    pub(super) fn permille(&mut self, share: u32) -> bool {
        share > 0 && self.below(1000) < u64::from(share)
    }

    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.index(list.len()))
    }

    /// `count` different numbers below `bound`, or all of them.
    pub(super) fn choose(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..bound).collect();
        for at in 0..count.min(bound) {
            let other = at.saturating_add(self.index(bound.saturating_sub(at)));
            all.swap(at, other);
        }
        all.truncate(count);
        all
    }

    pub(super) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// Randomness for a node of its own.
    pub(super) fn split(&mut self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.0.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_seed_says_it_all() {
        let roll = |seed| {
            let mut dice = Dice::new(seed);
            (dice.between(5, 9), dice.choose(3, 10), dice.bytes(8), dice.permille(500))
        };
        assert_eq!(roll(1), roll(1));
        assert_ne!(roll(1), roll(2));
        let mut dice = Dice::new(3);
        let mut chosen = dice.choose(9, 4);
        chosen.sort_unstable();
        assert_eq!(chosen, [0, 1, 2, 3]);
        assert!((0..100).all(|_| (5..=9).contains(&dice.between(5, 9))));
        assert_eq!((dice.below(0), dice.index(0), dice.permille(0)), (0, 0, false));
    }
}
