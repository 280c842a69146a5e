//! Proof of possession (§7.5 rule 4, D114, D116): the node that a token names as its holder signs each request.
//!
//! ```
//! use fcp_caps::pop::{HolderNonce, Proof, ReplayCache};
//! use fcp_core::id::{Jti, ObjectId};
//! use fcp_core::sign::NodeSigningKey;
//! use fcp_core::time::Timestamp;
//!
//! let (now, holder) = (Timestamp::from_secs(1_700_000_000), NodeSigningKey::from_seed([7; 32]));
//! let nonce = HolderNonce::of_epoch(now, [9; 8]);
//! let proof = Proof { jti: Jti::from_bytes([1; 16]), request: ObjectId::from_bytes([2; 32]), nonce };
//!
//! let signature = proof.sign(&holder);
//! assert!(nonce.check(None, now).is_ok() && proof.verify(&holder.public(), &signature).is_ok());
//!
//! let mut seen = ReplayCache::new(1_000);
//! let until = now.saturating_add(300);
//! assert!(seen.insert(proof, until, now).is_ok());
//! assert_eq!(seen.insert(proof, until, now).unwrap_err().reason().code(), "holder_proof.replayed");
//! ```

mod nonce;
mod proof;
mod replay;

pub use nonce::{HolderNonce, NonceError};
pub use proof::Proof;
pub use replay::{ReplayCache, ReplayError};
