//! Places in the revocation chain.

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
use fcp_core::sign::{
    NodeSigningKey, NodeSigningPublicKey, OwnerKey, OwnerPublicKey, Preimage, Signature, SignatureError, SigningKey,
    Unverified, Verified, VerifyingKey,
};
use fcp_core::time::Timestamp;

use crate::AttestedKeys;
use crate::chain::Tip;

/// One step of a zone's revocation chain (§14.3), signed by the owner or by a coordinator (D167).
///
/// ```text
/// revocation-event = { header, revocation_object_id: bstr .size 32, ? prev: bstr .size 32, seq: uint,
///   occurred_at: uint, signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:RevocationEvent@2.0.0", signer = EventSigner, check = linked)]
pub struct RevocationEvent {
    /// The header; its refs are the revocation and the event before (G8).
    pub header: ObjectHeader,
    /// The revocation.
    #[fcp(strong)]
    pub revocation_object_id: ObjectId,
    /// The event before.
    #[fcp(strong)]
    pub prev: Option<ObjectId>,
    /// The event's place, from 1.
    pub seq: u64,
    /// When it was chained.
    pub occurred_at: Timestamp,
    #[fcp(signature)]
    signature: Signature,
}

fn linked(event: &RevocationEvent) -> Result<(), Reason> {
    if event.seq >= 1 && event.prev.is_some() == (event.seq > 1) { Ok(()) } else { Err(Reason::RevocationBadSequence) }
}

/// Who may sign a revocation event: the owner, or a node (D167).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSigner {
    /// The owner.
    Owner(OwnerPublicKey),
    /// A coordinator.
    Node(NodeSigningPublicKey),
}

/// The secret half of an [`EventSigner`].
#[derive(Debug)]
pub enum EventSigningKey {
    /// The owner's.
    Owner(OwnerKey),
    /// A coordinator's.
    Node(NodeSigningKey),
}

impl SigningKey for EventSigningKey {
    fn sign(&self, preimage: &Preimage) -> Signature {
        match self {
            Self::Owner(key) => key.sign(preimage),
            Self::Node(key) => key.sign(preimage),
        }
    }
}

impl VerifyingKey for EventSigner {
    type Secret = EventSigningKey;

    fn verify(&self, preimage: &Preimage, signature: &Signature) -> Result<(), SignatureError> {
        match self {
            Self::Owner(key) => key.verify(preimage, signature),
            Self::Node(key) => key.verify(preimage, signature),
        }
    }
}

/// Why a revocation event is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither the owner nor an attested node signed the event")]
pub struct RevocationEventError;

impl RevocationEventError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::RevocationBadSignature
    }
}

impl RevocationEvent {
    /// A draft that chains `revocation` behind `tip`, for the owner or the coordinator to sign. Nothing, if the chain
    /// is as long as can be.
    #[must_use]
    pub fn draft(provenance: Provenance, revocation: ObjectId, tip: Option<Tip>) -> Option<Self> {
        let prev = tip.map(|tip| tip.event);
        let refs = core::iter::once(revocation).chain(prev).collect();
        let header = ObjectHeader::for_type::<Self>(provenance).with_refs(refs);
        Some(Self {
            revocation_object_id: revocation,
            prev,
            seq: tip.map_or(Some(1), |tip| tip.seq.checked_add(1))?,
            occurred_at: header.created_at,
            header,
            signature: Signature::ABSENT,
        })
    }

    /// The draft, signed by a coordinator's own key.
    #[must_use]
    pub fn signed_by_node(self, key: &NodeSigningKey) -> Self {
        use fcp_core::sign::Signed as _;
        let signature = key.sign(&self.preimage());
        self.with_signature(signature)
    }

    /// Checks that the owner signed the event, or a node that was attested when it was chained and that `may_sign`
    /// lets pass. The event names no signer, so each key that counted then is tried.
    ///
    /// For a new event, let the zone's checkpoint signers pass, of which one is the coordinator. For one that a head
    /// with a quorum leads to, let everybody pass: the signers of that time may be others than today's.
    ///
    /// # Errors
    /// [`RevocationEventError`] if no key verifies.
    pub fn verify(
        received: Unverified<Self>,
        keys: &AttestedKeys<'_>,
        may_sign: impl Fn(&NodeId) -> bool,
    ) -> Result<Verified<Self>, RevocationEventError> {
        use fcp_core::sign::Signed as _;
        received.verify_with(|event| {
            let owner = EventSigner::Owner(*keys.trust().owner());
            let signed = event.verify_signature(&owner).is_ok()
                || keys
                    .all(event.occurred_at)
                    .filter(|(node, _)| may_sign(node))
                    .any(|(_, key)| event.verify_signature(&EventSigner::Node(key)).is_ok());
            if signed { Ok(()) } else { Err(RevocationEventError) }
        })
    }
}
