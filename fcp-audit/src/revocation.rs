//! Revocation (§14.3, D164–D168): what no longer counts, by the owner's word.
//!
//! A [`RevocationObject`] takes effect as soon as it is received ([`RevocationRegistry::install`]). The chain of
//! [`RevocationEvent`]s orders them, so that nodes can tell whether they know all that they should
//! ([`RevocationRegistry::advance_to`], [`RevocationRegistry::is_complete`]).

mod event;
mod object;
mod registry;

pub use event::{EventSigner, EventSigningKey, RevocationEvent, RevocationEventError};
pub use object::{RevocationObject, RevocationScope};
pub use registry::{ChainError, RevocationRegistry};

#[cfg(test)]
mod tests;
