//! The keys that a member holds for a zone (§5.2.1, D16, D89–D91).
//!
//! [`ZoneKeyRing`] opens manifests, remembers every object-id key of the zone, gives the active key for sealing and the
//! right key for opening, and lets keys go when their time is over. What it knows survives a restart as
//! [`export`](ZoneKeyRing::export)ed bytes.

mod ratchet;
mod ring;
mod state;

pub use ring::{Accepted, KeyRingError, ZoneKeyRing};
