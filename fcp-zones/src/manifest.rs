//! Zone keys on their way to the members (§5.2.1, D37, D89, D90).
//!
//! A [`ZoneKeyManifest`] carries one zone key and one object-id key, each sealed to every member by itself, under the
//! owner's signature. The owner draws the keys ([`ZoneKeys`]) and makes the manifest; a member opens its own two boxes.

mod object;
mod seal;

pub use object::{ManifestError, WrappedKey, ZoneKeyManifest, ZoneRekeyPolicy};
pub use seal::{ManifestTerms, Recipient, ZoneKeys};
