//! The one place where the node takes randomness from the operating system.

use std::convert::Infallible;

use fcp_core::rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::clock;

/// A generator that takes fresh randomness of the operating system and the time into each draw.
///
/// Two copies of a process, such as those that are resumed from one snapshot of a virtual machine, therefore part at their
/// next draw: where the operating system was copied, too, and still says the same to both, by their clocks.
pub(crate) struct Generator {
    /// What every earlier draw left; earlier draws do not follow from it.
    state: Zeroizing<[u8; 32]>,
}

impl Generator {
    /// A generator with a seed of the operating system.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut state = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *state)?;
        Ok(Self { state })
    }

    fn draw(&mut self, bytes: &mut [u8]) {
        let mut fresh = Zeroizing::new([0; 32]);
        // Should the operating system fail now, the state is as secret as before.
        let _ = getrandom::fill(&mut *fresh);
        let mut hasher = blake3::Hasher::new_keyed(&self.state);
        hasher.update(&*fresh).update(&clock::now_nanos().to_le_bytes());
        let mut output = hasher.finalize_xof();
        output.fill(&mut *self.state);
        output.fill(bytes);
    }
}

impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.draw(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.draw(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.draw(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Generator {}

/// Fills `bytes` with randomness of the operating system.
///
/// # Errors
/// When the operating system has no randomness to give.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    getrandom::fill(bytes)
}

#[cfg(test)]
mod tests {
    use super::Generator;
    use fcp_core::rand_core::Rng as _;

    #[test]
    fn a_copy_draws_something_else() {
        let mut one = Generator::new().unwrap();
        let mut copy = Generator { state: one.state.clone() };
        let mut drawn = std::collections::BTreeSet::new();
        for generator in [&mut one, &mut copy] {
            for len in [16, 32, 100] {
                let mut bytes = vec![0; len];
                generator.fill_bytes(&mut bytes);
                assert!(drawn.insert(bytes[..16].to_vec()));
                assert!(bytes.windows(8).all(|window| window != [0; 8]));
            }
            assert_ne!((generator.next_u32(), generator.next_u64()), (0, 0));
        }
        assert_ne!(*one.state, *copy.state);
    }
}
