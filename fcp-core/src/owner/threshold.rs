//! FROST(Ed25519, SHA-512) over our own rosters, messages and keys (D202).

mod bridge;
pub mod dealer;
pub mod dkg;
mod group;
mod key_share;
pub mod refresh;
mod rounds;
pub mod sign;
mod signing;

pub use group::GroupKeys;
pub use key_share::{KeyShare, KeyShareError};

#[cfg(test)]
mod tests;
