//! Capability tokens (§7.5, §7.5.1, D107–D113): short-lived, minted by a node, worth no more than the grants they cite.
//!
//! On the wire a token is an untagged `COSE_Sign1` of RFC 9052 around CWT claims of RFC 8392, in exactly one form:
//! protected header `{1: -8, 4: kid}`, no unprotected header, canonical claims with integer keys. [`CapabilityToken`] is
//! what those bytes say; whether it is true is for [`verify`](crate::verify) to find out, which gives a
//! `Verified<CapabilityToken>`.
//!
//! ```
//! use fcp_caps::token::{CapabilityGrant, CapabilityToken, TokenClaims};
//! use fcp_core::id::{Jti, ObjectId};
//! use fcp_core::sign::NodeIssuanceKey;
//! use fcp_core::time::Timestamp;
//!
//! let key = NodeIssuanceKey::from_seed([7; 32]);
//! let claims = TokenClaims {
//!     iss_zone: "z:public".parse()?,
//!     sub: "user:anna".parse()?,
//!     aud: "example.notebook".parse()?,
//!     iat: Timestamp::from_secs(1_700_000_000),
//!     exp: Timestamp::from_secs(1_700_000_300),
//!     jti: Jti::from_bytes([1; 16]),
//!     iss_node: "nLaptop".parse()?,
//!     grant_object_ids: vec![ObjectId::from_bytes([2; 32])],
//!     caps: vec![CapabilityGrant { capability: "notebook.read".parse()?, operation: None }],
//!     attenuation: None,
//!     holder_node: None,
//!     checkpoint: None,
//!     aud_binary: None,
//!     instance: None,
//! };
//! let token = CapabilityToken::mint(claims, &key)?;
//! let received = CapabilityToken::decode(&token.to_cwt())?;
//! assert_eq!(received, token);
//! assert!(received.verify_signature(&key.public()).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod binary;
mod claims;
mod cose;
mod error;

pub use binary::binary_audience;
pub use claims::{CLAIMS, CapabilityGrant, CheckpointBinding, Claim, TokenClaims};
pub use cose::CapabilityToken;
pub use error::TokenError;
