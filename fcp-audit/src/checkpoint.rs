//! Checkpoints (§3.8): the quorum-signed root of everything that holds in a zone.

mod anchor;
mod object;
mod signers;

pub use anchor::ZoneAnchor;
pub use object::{Heads, ZoneCheckpoint};
pub use signers::Signers;

#[cfg(test)]
mod tests;
