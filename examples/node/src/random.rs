//! The one place where the node takes randomness from the operating system.

use fcp_core::rand_core::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

/// A generator with a fresh seed of the operating system.
///
/// # Errors
/// When the operating system has no randomness to give.
pub(crate) fn generator() -> Result<ChaCha20Rng, getrandom::Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(ChaCha20Rng::from_seed(seed))
}

/// Fills `bytes` with randomness of the operating system.
///
/// # Errors
/// When the operating system has no randomness to give.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    getrandom::fill(bytes)
}
