//! The packages that travel between participants (D199, D202).
//!
//! All but the coordinator's package are signed by the sender's node key, so that an error names a culprit that nobody
//! could have framed. Points and scalars are in the encodings of RFC 9591: 32 bytes, little-endian.

use alloc::vec::Vec;

use crate::cbor::{Decode, Encode};
use crate::error::Reason;
use crate::hpke::{Purpose, SealContext, SealedBox};
use crate::id::{NodeId, ZoneId};
use crate::object::Message;
use crate::sign::{NodeSigningPublicKey, OwnerPublicKey, Signature};
use crate::time::Timestamp;

/// Round 1 of key generation or refresh: the same package for everybody.
///
/// ```cddl
/// keygen-round1 = { ceremony: bstr .size 32, sender: tstr, commitment: [+ bstr .size 32], proof: bstr .size 64,
///   signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:KeygenRound1@2.0.0", signer = NodeSigningPublicKey)]
pub struct KeygenRound1 {
    /// The run that it belongs to.
    pub ceremony: [u8; 32],
    /// Who sent it.
    pub sender: NodeId,
    /// Commitments to the coefficients of the sender's polynomial, from the constant one up; a refresh leaves out the
    /// constant one, which is zero.
    pub commitment: Vec<[u8; 32]>,
    /// Proof that the sender knows the constant coefficient: R ‖ μ.
    pub proof: [u8; 64],
    /// The sender's signature.
    #[fcp(signature)]
    pub signature: Signature,
}

/// Round 2 of key generation or refresh: one package for each other participant.
///
/// `round1` is BLAKE3-256(`FCP2-DKG-ROUND1-V1` ‖ the bodies of all round-1 packages by share id), the sender's own
/// included: so a participant who told different ones different things is found out before a key is used.
///
/// ```cddl
/// keygen-round2 = { ceremony: bstr .size 32, sender: tstr, recipient: tstr, round1: bstr .size 32, issued_at: uint,
///   sealed_share: hpke-sealed-box, signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:KeygenRound2@2.0.0", signer = NodeSigningPublicKey)]
pub struct KeygenRound2 {
    /// The run that it belongs to.
    pub ceremony: [u8; 32],
    /// Who sent it.
    pub sender: NodeId,
    /// Who may open it.
    pub recipient: NodeId,
    /// What the sender saw of round 1.
    pub round1: [u8; 32],
    /// When it was sealed.
    pub issued_at: Timestamp,
    /// The recipient's share id and the sender's polynomial at it, sealed for `FCP2-DKG` in `z:owner` (D36).
    pub sealed_share: SealedBox,
    /// The sender's signature.
    #[fcp(signature)]
    pub signature: Signature,
}

impl KeygenRound2 {
    /// What the box is bound to (D36).
    #[must_use]
    pub fn seal_context(&self) -> SealContext {
        SealContext {
            purpose: Purpose::KeyGeneration,
            zone: ZoneId::owner().hash(),
            recipient: self.recipient.clone(),
            issued_at: self.issued_at,
        }
    }
}

/// A signer's commitment to the nonces of one signature.
///
/// ```cddl
/// owner-signing-commitment = { group_key: bstr .size 32, sender: tstr, hiding: bstr .size 32, binding: bstr .size 32,
///   signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:OwnerSigningCommitment@2.0.0", signer = NodeSigningPublicKey)]
pub struct SigningCommitment {
    /// The owner key that is to sign.
    pub group_key: OwnerPublicKey,
    /// Who commits.
    pub sender: NodeId,
    /// The commitment to the hiding nonce.
    pub hiding: [u8; 32],
    /// The commitment to the binding nonce.
    pub binding: [u8; 32],
    /// The sender's signature.
    #[fcp(signature)]
    pub signature: Signature,
}

/// One signer's commitments inside of a [`SigningPackage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct SignerCommitment {
    /// The signer's share.
    pub share_id: u8,
    /// The commitment to the hiding nonce.
    pub hiding: [u8; 32],
    /// The commitment to the binding nonce.
    pub binding: [u8; 32],
}

/// What the coordinator sends to the signers: who signs with what commitments, and what is signed.
///
/// Nobody signs the preimage because it stands here: each signer compares it with that of the object that it decoded
/// itself (D202).
///
/// ```cddl
/// owner-signing-package = { group_key: bstr .size 32, commitments: [+ signer-commitment], preimage: bstr }
/// signer-commitment = { share_id: 1..255, hiding: bstr .size 32, binding: bstr .size 32 }      ; by share id, each once
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:OwnerSigningPackage@2.0.0", check = sorted)]
pub struct SigningPackage {
    /// The owner key that is to sign.
    pub group_key: OwnerPublicKey,
    /// The signers' commitments, by share id, each once.
    pub commitments: Vec<SignerCommitment>,
    /// The bytes to be signed.
    pub preimage: Vec<u8>,
}

fn sorted(package: &SigningPackage) -> Result<(), Reason> {
    let rising = package.commitments.is_sorted_by(|left, right| left.share_id < right.share_id);
    let from_one = package.commitments.first().is_some_and(|first| first.share_id > 0);
    if rising && from_one { Ok(()) } else { Err(Reason::OwnerBadPackage) }
}

impl SigningPackage {
    /// What the signers' shares name the package by: BLAKE3-256(`FCP2-OWNER-SIGNING-V1` ‖ body).
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"FCP2-OWNER-SIGNING-V1");
        hasher.update(&self.to_body());
        *hasher.finalize().as_bytes()
    }
}

/// A signer's part of the signature.
///
/// ```cddl
/// owner-signature-share = { package: bstr .size 32, sender: tstr, share: bstr .size 32, signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:OwnerSignatureShare@2.0.0", signer = NodeSigningPublicKey)]
pub struct SignatureShare {
    /// The digest of the package that it answers.
    pub package: [u8; 32],
    /// Who signs.
    pub sender: NodeId,
    /// The scalar.
    pub share: [u8; 32],
    /// The sender's signature.
    #[fcp(signature)]
    pub signature: Signature,
}
