//! The owner's key (§2.2.1, D10, D199, D202): who holds a share of it, and how shares sign together.
//!
//! Owner signatures are plain Ed25519, whoever makes them. In a threshold mesh nobody has the whole key: n nodes hold
//! shares, any k of them sign, by RFC 9591 FROST(Ed25519, SHA-512). What is here always:
//!
//! * [`OwnerKeyPolicy`] and [`OwnerKeyShare`], the protocol's data;
//! * [`Roster`] and [`Ceremony`]: who takes part, agreed upon before a package is exchanged;
//! * the packages of key generation, which are signed by the nodes' own keys, so that whoever carries them learns
//!   nothing and can change nothing (D199).
//!
//! The rounds themselves are functions, behind the feature `threshold`: `dkg` makes a new key, `refresh` gives the
//! remaining nodes new shares of the same key after a device is lost, `dealer` splits a key that one device still has,
//! and `sign` signs. Private packages stay where they are made: they are moved, never cloned, erased when dropped and
//! printed as `(..)`. Each package that arrives is checked against the roster before it is used, and an error names the
//! culprit.

mod ceremony;
mod key_share_object;
mod messages;
mod policy;
mod roster;

#[cfg(feature = "threshold")]
mod threshold;

pub use ceremony::Ceremony;
pub use key_share_object::OwnerKeyShare;
pub use messages::{KeygenRound1, KeygenRound2};
pub use policy::{OwnerKeyPolicy, OwnerKeyScheme};
pub use roster::{Member, Participant, Roster, RosterError};
#[cfg(feature = "threshold")]
pub use threshold::{GroupKeys, KeyShare, KeyShareError, dealer, dkg, refresh, sign};
