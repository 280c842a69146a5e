//! Zones (§5.1, §5.2): two levels, a place in the hierarchy, and the owner's definition that says so.
//!
//! A zone's levels are taken from its definition and from nothing else; its name means nothing (§5.1 rule 4, D74).
//! [`ZoneDirectory`] holds the definitions that a node has pinned and answers for a zone that it does not know with the
//! lowest trust and the highest secrecy.

mod definition;
mod directory;
mod levels;
mod transport_policy;

pub use definition::{ZoneDefinitionObject, ZoneTerms};
pub use directory::{ZoneDirectory, ZoneError};
pub use levels::Levels;
pub use transport_policy::ZoneTransportPolicy;
