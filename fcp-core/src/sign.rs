//! Signatures (§2.2.1, §3.5.1): five key roles as distinct types, strict Ed25519, and what "verified" means.
//!
//! A signature covers a [`Preimage`]. The one of a message follows from its type and begins with the hash of its schema;
//! for what the specification signs otherwise, [`Preimage::transcript`] and its like take the domain string of the
//! caller, who answers for using it for one purpose.
//!
//! What was received is [`Unverified`]. [`Unverified::verify`] asks the key of the role that signs the type;
//! [`Unverified::verify_with`] asks a rule of the caller, for types that more than one key decides about, and is as good
//! as the rule. What passes is [`Verified`], and code that decides takes nothing else.

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
