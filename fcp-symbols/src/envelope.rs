//! The symbol envelope (§4.1): each symbol is sealed in place, under a subkey of its sender, bound to where it belongs.
//!
//! A [`SymbolKey`] is derived from the zone key that is in force: the zone key itself, or the key of the symbol's
//! epoch where the zone ratchets (D91). The nonce follows from frame sequence, ESI and instance and is never sent; the
//! associated data of 86 bytes binds object, K, zone, key id and epoch (D57). So a node that passes symbols on opens
//! them and seals them again under its own subkey (D58).
//!
//! ```
//! use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId, ZoneKeyId};
//! use fcp_core::zone_key::{ZoneKey, ZoneKeyAlgorithm};
//! use fcp_symbols::envelope::{SymbolEnvelope, SymbolKey};
//!
//! let zone_key = ZoneKey::new(
//!     ZoneId::private(),
//!     ZoneKeyId::from_bytes([1; 8]),
//!     ZoneKeyAlgorithm::ChaCha20Poly1305,
//!     [2; 32],
//! );
//! let key = SymbolKey::derive(&zone_key, &NodeId::new("nLaptop")?, 77);
//! let envelope = SymbolEnvelope {
//!     object_id: ObjectId::from_bytes([3; 32]),
//!     esi: 0,
//!     k: 1,
//!     zone_id_hash: ZoneId::private().hash(),
//!     zone_key_id: zone_key.id(),
//!     epoch_id: EpochId::new(5_666_666),
//!     sender_instance_id: 77,
//!     frame_seq: 1,
//! };
//!
//! let mut symbol = [9; 1024];
//! let tag = envelope.seal(&key, &mut symbol)?;
//! envelope.open(&key, &mut symbol, &tag)?;
//! assert_eq!(symbol, [9; 1024]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod key;
mod seal;
mod subkeys;

pub use error::EnvelopeError;
pub use key::SymbolKey;
pub use seal::{AAD_LEN, SymbolEnvelope, TAG_LEN, check_epoch};
pub use subkeys::SubkeyCache;
