//! Signatures (§2.2.1, §3.5.1): five key roles as distinct types, strict Ed25519, and what "verified" means.
//!
//! A signature covers a [`Preimage`], which only a typed view can make, so no key ever signs bytes that could mean
//! something else. What was received is [`Unverified`] until the right role's key has checked it; code that decides
//! takes [`Verified`].

mod key;
mod preimage;
mod quorum;
mod signature;
mod verified;

pub use key::{
    ApproverKey, ApproverPublicKey, KeyError, NodeEncryptionKey, NodeEncryptionPublicKey, NodeIssuanceKey,
    NodeIssuancePublicKey, NodeSigningKey, NodeSigningPublicKey, OwnerKey, OwnerPublicKey, SigningKey, VerifyingKey,
};
pub use preimage::{Preimage, Signed, digest_preimage};
pub use quorum::{InlineSignatures, QuorumSignature, QuorumSigned, QuorumTally, SignatureSet, SignatureSetError};
pub use signature::{EmptySignature, Signature, SignatureError};
pub use verified::{Unverified, Verified};
