//! Replay windows (§4.2, §4.3 rule 5, D53).

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use fcp_core::error::Reason;

use crate::session::SessionReplayPolicy;

/// A window of 0, or of more than 4096 (D53).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("window is not from 1 to {}", ReplayWindow::MAX)]
pub struct WindowSizeError;

/// Why a sequence number is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// Zero, which no sender counts (D49).
    #[error("sequence is zero")]
    Zero,
    /// Seen before, or below the window.
    #[error("sequence was seen before or lies below the window")]
    Replayed,
    /// The session carries too many sender instances.
    #[error("more than {} sender instances in one session", ReplayWindows::MAX_INSTANCES)]
    Instances,
}

impl ReplayError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Zero => Reason::FrameSeqZero,
            Self::Replayed => Reason::FrameReplay,
            Self::Instances => Reason::FrameInstances,
        }
    }
}

/// Which sequence numbers of one sender instance were seen: takes a number iff it is unseen and either above all others
/// or less than the window's size below the highest (D53).
#[derive(Debug, Clone)]
pub struct ReplayWindow {
    /// The highest number taken; 0 before the first.
    highest: u64,
    size: u64,
    /// Bit n of the ring stands for the numbers that are n modulo its length; one word longer than the window, so that
    /// the window never meets itself.
    ring: Box<[u64]>,
}

impl ReplayWindow {
    /// The default size (§4.2.2).
    pub const DEFAULT: u16 = 128;

    /// The largest size (D53).
    pub const MAX: u16 = 4096;

    /// A window of `size` numbers.
    ///
    /// # Errors
    /// [`WindowSizeError`] unless `size` is from 1 to 4096.
    pub fn new(size: u16) -> Result<Self, WindowSizeError> {
        if size == 0 || size > Self::MAX {
            return Err(WindowSizeError);
        }
        Ok(Self::of_valid(size))
    }

    fn of_valid(size: u16) -> Self {
        let words = usize::from(size).div_ceil(64).saturating_add(1);
        Self { highest: 0, size: u64::from(size), ring: vec![0; words].into_boxed_slice() }
    }

    /// The highest number taken, 0 before the first.
    #[must_use]
    pub const fn highest(&self) -> u64 {
        self.highest
    }

    /// The word of the ring that a number's bit is in, by the number divided by 64.
    fn word(&mut self, block: u64) -> Option<&mut u64> {
        // The ring has at most 65 words, so the remainder fits.
        let index = usize::try_from(block.checked_rem(self.ring.len() as u64)?).ok()?;
        self.ring.get_mut(index)
    }

    /// Takes a number, once.
    ///
    /// # Errors
    /// [`ReplayError::Zero`] or [`ReplayError::Replayed`]; the window is then unchanged.
    pub fn accept(&mut self, seq: u64) -> Result<(), ReplayError> {
        if seq == 0 {
            return Err(ReplayError::Zero);
        }
        let (block, bit) = (seq / 64, 1_u64 << (seq % 64));
        if seq > self.highest {
            let passed = (block.saturating_sub(self.highest / 64)).min(self.ring.len() as u64);
            for step in 0..passed {
                if let Some(word) = self.word(block.saturating_sub(step)) {
                    *word = 0;
                }
            }
            self.highest = seq;
        } else if self.highest.saturating_sub(seq) >= self.size {
            return Err(ReplayError::Replayed);
        }
        match self.word(block) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                Ok(())
            }
            _ => Err(ReplayError::Replayed),
        }
    }
}

/// The replay windows of one session: one for each instance of the sender (§4.3 rule 5).
///
/// An instance's window is never forgotten while the session lives, so a session carries only so many.
#[derive(Debug, Clone)]
pub struct ReplayWindows {
    windows: Vec<(u64, ReplayWindow)>,
    size: u16,
}

impl ReplayWindows {
    /// How many instances of the sender one session carries: one, and a few more for a sender that used up its numbers.
    pub const MAX_INSTANCES: usize = 4;

    /// No instance yet; each gets a window of `size` numbers.
    ///
    /// # Errors
    /// [`WindowSizeError`] unless `size` is from 1 to 4096.
    pub fn new(size: u16) -> Result<Self, WindowSizeError> {
        ReplayWindow::new(size)?;
        Ok(Self { windows: Vec::new(), size })
    }

    /// As [`new`](Self::new), for a size that the policy has checked.
    pub(crate) const fn of_policy(policy: &SessionReplayPolicy) -> Self {
        Self { windows: Vec::new(), size: policy.max_reorder_window() }
    }

    /// Takes a number of `instance`, once.
    ///
    /// # Errors
    /// [`ReplayError`]; nothing changes then.
    pub fn accept(&mut self, instance: u64, seq: u64) -> Result<(), ReplayError> {
        if let Some((_, window)) = self.windows.iter_mut().find(|(known, _)| *known == instance) {
            return window.accept(seq);
        }
        if seq == 0 {
            return Err(ReplayError::Zero);
        }
        if self.windows.len() >= Self::MAX_INSTANCES {
            return Err(ReplayError::Instances);
        }
        let mut window = ReplayWindow::of_valid(self.size);
        window.accept(seq)?;
        self.windows.push((instance, window));
        Ok(())
    }

    /// The highest number of `instance`, 0 if none was taken.
    #[must_use]
    pub fn highest(&self, instance: u64) -> u64 {
        self.windows.iter().find(|(known, _)| *known == instance).map_or(0, |(_, window)| window.highest)
    }
}

#[cfg(test)]
mod tests {
    use super::{ReplayError, ReplayWindow, ReplayWindows};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// D53 word for word.
    #[derive(Default)]
    struct Model {
        seen: BTreeSet<u64>,
    }

    impl Model {
        fn accept(&mut self, window: u64, seq: u64) -> bool {
            let highest = self.seen.last().copied().unwrap_or(0);
            seq != 0 && (seq > highest || highest.abs_diff(seq) < window) && self.seen.insert(seq)
        }
    }

    fn agrees(size: u16, seqs: impl IntoIterator<Item = u64>) {
        let (mut window, mut model) = (ReplayWindow::new(size).unwrap(), Model::default());
        for (index, seq) in seqs.into_iter().enumerate() {
            let expected = model.accept(u64::from(size), seq);
            assert_eq!(window.accept(seq).is_ok(), expected, "window {size}, number {index}: {seq}");
            assert_eq!(window.highest(), model.seen.last().copied().unwrap_or(0));
        }
    }

    #[test]
    fn bounds() {
        assert!(ReplayWindow::new(0).is_err() && ReplayWindow::new(4097).is_err());
        assert!(ReplayWindows::new(0).is_err() && ReplayWindows::new(4097).is_err());
        for size in [1, 2, 63, 64, 65, 127, 128, 129, 1024, 4095, 4096] {
            let wide = u64::from(size);
            let base = 10 * wide + 7;
            agrees(size, [base, base, base - wide + 1, base - wide, base + 1, base - wide + 1, base - wide + 2]);
            agrees(size, [u64::MAX, u64::MAX, u64::MAX - wide + 1, u64::MAX - wide, 1, 0]);
            agrees(size, (0..3 * wide).rev().chain(0..3 * wide));
            agrees(size, (1..200).map(|step| step * 64).chain((1..200).map(|step| step * 64 - 1)));
        }
    }

    #[test]
    fn instances_have_windows_of_their_own_and_are_not_forgotten() {
        let mut windows = ReplayWindows::new(128).unwrap();
        for instance in 1..=4 {
            assert_eq!(windows.accept(instance, 1), Ok(()));
        }
        assert_eq!(windows.accept(5, 1), Err(ReplayError::Instances));
        assert_eq!(windows.accept(5, 0), Err(ReplayError::Zero));
        assert_eq!(windows.accept(1, 1), Err(ReplayError::Replayed));
        assert_eq!(windows.accept(1, 0), Err(ReplayError::Zero));
        assert_eq!(windows.accept(1, 500), Ok(()));
        assert_eq!(windows.accept(2, 2), Ok(()), "another instance's numbers do not count");
        assert_eq!((windows.highest(1), windows.highest(2), windows.highest(9)), (500, 2, 0));
    }

    proptest! {
        #[test]
        fn it_does_what_d53_says(
            size in prop_oneof![1_u16..=4096, 1_u16..=130],
            start in prop_oneof![Just(0_u64), Just(u64::MAX - 20_000), any::<u64>()],
            steps in prop::collection::vec(prop_oneof![0_u64..4, 0_u64..200, 0_u64..10_000], 1..400),
        ) {
            agrees(size, steps.into_iter().map(|step| start.saturating_add(step)));
        }

        #[test]
        fn a_drifting_sender_is_followed(
            size in 1_u16..=300,
            steps in prop::collection::vec((0_u64..100, 0_u64..400), 1..400),
        ) {
            let mut at = 0_u64;
            let mut seqs = Vec::new();
            for (forward, back) in steps {
                at = at.saturating_add(forward);
                seqs.push(at.saturating_sub(back));
            }
            agrees(size, seqs);
        }
    }
}
