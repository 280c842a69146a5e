//! Signatures of several nodes (§3.5.1, §3.8, D14, D29–D31).

use alloc::vec::Vec;

use super::key::{NodeSigningPublicKey, VerifyingKey as _};
use super::{Preimage, Signature};
use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use crate::error::Reason;
use crate::id::{Kid, NodeId};
use crate::object::MeshObject;

/// An object that a quorum signs. Its id and stored bytes have no signatures in them; these travel in a
/// [`QuorumSignatureSet`](crate::object::QuorumSignatureSet) beside it (D14).
pub trait QuorumSigned: MeshObject {
    /// What each signer signs (D31).
    fn quorum_preimage(&self) -> Preimage;
}

/// The place of the inline `quorum_signatures`, which is always the empty array (D14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InlineSignatures;

impl Encode for InlineSignatures {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.array(0);
    }
}

impl<'b> Decode<'b> for InlineSignatures {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        if decoder.array()? != 0 {
            return Err(Decoder::invalid(offset, Reason::ObjectInlineSignatures));
        }
        decoder.leave();
        Ok(Self)
    }
}

/// One node's part of a quorum (§3.8, D29).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct QuorumSignature {
    /// Who signed.
    pub signer_node: NodeId,
    /// With which key.
    pub signer_kid: Kid,
    /// Over the object's quorum preimage.
    pub sig: Signature,
}

/// The list is not canonical: not sorted by (node, kid), or a node occurs twice (D30).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signatures are not sorted with one entry per node")]
pub struct SignatureSetError;

impl SignatureSetError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::QuorumSignatureOrder
    }
}

/// Signatures sorted by node, one entry per node (D30).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignatureSet(Vec<QuorumSignature>);

impl SignatureSet {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The set of `signatures`, which are in canonical order already.
    ///
    /// # Errors
    /// [`SignatureSetError`] if they are not, or a node occurs twice.
    pub fn from_sorted(signatures: Vec<QuorumSignature>) -> Result<Self, SignatureSetError> {
        let sorted = signatures.is_sorted_by(|left, right| left.signer_node < right.signer_node);
        if sorted { Ok(Self(signatures)) } else { Err(SignatureSetError) }
    }

    /// Adds a signature that was verified. Of two by one node, the smaller by (kid, signature) stays (D14).
    pub fn insert(&mut self, signature: QuorumSignature) {
        match self.0.binary_search_by(|own| own.signer_node.cmp(&signature.signer_node)) {
            Ok(index) => {
                if let Some(own) = self.0.get_mut(index)
                    && (signature.signer_kid, signature.sig) < (own.signer_kid, own.sig)
                {
                    *own = signature;
                }
            }
            Err(index) => self.0.insert(index, signature),
        }
    }

    /// The signatures in canonical order.
    #[must_use]
    pub fn as_slice(&self) -> &[QuorumSignature] {
        &self.0
    }

    /// Sorts the evidence out: which signatures are by an eligible node and verify, and which are to be dropped (D14).
    ///
    /// `key` gives an eligible node's signing key of that kid, and nothing for anybody else.
    pub fn tally(
        &self,
        preimage: &Preimage,
        mut key: impl FnMut(&NodeId, &Kid) -> Option<NodeSigningPublicKey>,
    ) -> QuorumTally {
        let mut tally = QuorumTally::default();
        for signature in &self.0 {
            let verifies = key(&signature.signer_node, &signature.signer_kid)
                .is_some_and(|key| key.verify(preimage, &signature.sig).is_ok());
            if verifies {
                tally.verified.0.push(signature.clone());
            } else {
                tally.dropped.push(signature.signer_node.clone());
            }
        }
        tally
    }
}

impl Encode for SignatureSet {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        self.0.encode(encoder);
    }
}

impl<'b> Decode<'b> for SignatureSet {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let signatures = Vec::decode(decoder)?;
        Self::from_sorted(signatures).map_err(|error| Decoder::invalid(offset, error.reason()))
    }
}

/// What a set of signatures amounts to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuorumTally {
    /// The signatures that count: each by another eligible node, each verified.
    pub verified: SignatureSet,
    /// The nodes whose entries are dropped.
    pub dropped: Vec<NodeId>,
}

impl QuorumTally {
    /// How many distinct eligible nodes signed.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.verified.0.len()).unwrap_or(u32::MAX)
    }
}
