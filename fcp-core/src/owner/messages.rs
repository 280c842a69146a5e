//! The packages of key generation and refresh (D199).
//!
//! They are signed by the sender's node key, so that whoever carries them can change nothing, and an error names a
//! culprit that nobody could have framed. Points and scalars are in the encodings of RFC 9591: 32 bytes, little-endian.

use alloc::vec::Vec;

use crate::error::Reason;
use crate::hpke::{Purpose, SealContext, SealedBox};
use crate::id::{NodeId, ZoneId};
use crate::object::Message;
use crate::sign::{NodeSigningPublicKey, Signature};
use crate::time::Timestamp;

/// Round 1 of key generation or refresh: the same package for everybody.
///
/// ```cddl
/// keygen-round1 = { ceremony: bstr .size 32, sender: tstr, commitment: [+ bstr .size 32], proof: bstr .size 64,
///   signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:KeygenRound1@2.0.0", signer = NodeSigningPublicKey, check = commits)]
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

fn commits(package: &KeygenRound1) -> Result<(), Reason> {
    if package.commitment.is_empty() { Err(Reason::CborOutOfRange) } else { Ok(()) }
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
