//! The frame counter (D49, D50).

use fcp_core::error::Reason;
use fcp_core::rand_core::CryptoRng;

/// The instance has used up its numbers: a new one must be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sequence numbers are used up")]
pub struct Exhausted;

impl Exhausted {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::FrameSeqExhausted
    }
}

/// The number of one frame: the sender's instance and the frame's place in it. No two frames of a node have the same.
#[derive(Debug, PartialEq, Eq)]
pub struct FrameNumber {
    instance: u64,
    seq: u64,
}

impl FrameNumber {
    /// The sender instance id, for the frame's header.
    #[must_use]
    pub const fn instance(&self) -> u64 {
        self.instance
    }

    /// The frame sequence, for the frame's header and the datagram's envelope alike (D50).
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }
}

/// One run of a sender: a random instance id and the counter of all frames that it seals, in every session and zone
/// (§4.3 rule 5, D50).
///
/// Nonces are made of the two, so a number must never come back. The value is therefore drawn afresh by each process and
/// can be neither copied nor stored; after a fork, a restored snapshot or a clock that jumped, start another.
///
/// ```compile_fail
/// fn copies<T: Clone>() {}
/// copies::<fcp_symbols::counter::SenderInstance>();
/// ```
#[derive(Debug)]
pub struct SenderInstance {
    id: u64,
    last: u64,
}

impl SenderInstance {
    /// Starts an instance with a random id; its first frame has number 1 (D49).
    #[must_use]
    pub fn start(rng: &mut impl CryptoRng) -> Self {
        let mut id = [0; 8];
        rng.fill_bytes(&mut id);
        Self { id: u64::from_le_bytes(id), last: 0 }
    }

    /// The instance id.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The number of the next frame.
    ///
    /// # Errors
    /// [`Exhausted`] instead of the number 2^64 − 1: the sender stops there (D49).
    pub fn next_frame(&mut self) -> Result<FrameNumber, Exhausted> {
        let seq = self.last.checked_add(1).filter(|seq| *seq != u64::MAX).ok_or(Exhausted)?;
        self.last = seq;
        Ok(FrameNumber { instance: self.id, seq })
    }

    /// Whether this instance gave out the number.
    #[must_use]
    pub const fn has_drawn(&self, instance: u64, seq: u64) -> bool {
        self.id == instance && seq != 0 && seq <= self.last
    }
}

#[cfg(test)]
mod tests {
    use super::{Exhausted, SenderInstance};
    use fcp_core::rand_core::SeedableRng as _;

    #[test]
    fn numbers_begin_with_one_and_never_come_back() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        let mut instance = SenderInstance::start(&mut rng);
        let id = instance.id();
        assert!(!instance.has_drawn(id, 0) && !instance.has_drawn(id, 1));
        for expected in 1..=3 {
            let number = instance.next_frame().unwrap();
            assert_eq!((number.instance(), number.seq()), (id, expected));
        }
        assert!(instance.has_drawn(id, 3) && !instance.has_drawn(id, 4) && !instance.has_drawn(id ^ 1, 3));
        assert_ne!(SenderInstance::start(&mut rng).id(), id);
    }

    #[test]
    fn the_sender_stops_before_the_last_number() {
        let mut instance = SenderInstance { id: 7, last: u64::MAX - 2 };
        assert_eq!(instance.next_frame().unwrap().seq(), u64::MAX - 1);
        assert_eq!(instance.next_frame(), Err(Exhausted));
        assert_eq!(instance.next_frame(), Err(Exhausted));
    }
}
