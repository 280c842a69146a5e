//! Revocations as objects.

use alloc::string::String;
use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::id::ObjectId;
use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
use fcp_core::sign::{OwnerPublicKey, Signature};
use fcp_core::time::Timestamp;

/// What kind of thing is revoked (§14.3): for people and for follow-up work. Whatever id is listed is revoked under any
/// label (D164).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum RevocationScope {
    /// Tokens, grants, approvals, roles.
    Capability,
    /// An attestation, as far as its issuance key goes: the node mints no more tokens.
    IssuerKey,
    /// An attestation or enrollment: the device leaves the mesh.
    NodeAttestation,
    /// A zone key manifest: the zone's key must be rotated.
    ZoneKey,
    /// A connector binary, by the value that tokens name it with (D107).
    ConnectorBinary,
}

/// The owner's statement that these ids no longer count (§14.3).
///
/// ```text
/// revocation-object = { header, revoked: [* bstr .size 32], scope: "capability" / "issuer_key" / "node_attestation" /
///   "zone_key" / "connector_binary", reason: tstr, effective_at: uint, ? expires_at: uint, signature: bstr .size 64 }
/// ```
///
/// It works in the header's zone; one of `z:owner` works in every zone (D168).
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:RevocationObject@2.0.0", signer = OwnerPublicKey)]
pub struct RevocationObject {
    /// The header, of the zone where it works.
    pub header: ObjectHeader,
    /// What is revoked.
    pub revoked: Vec<ObjectId>,
    /// What kind of thing that is.
    pub scope: RevocationScope,
    /// Why, for people.
    pub reason: String,
    /// From when.
    pub effective_at: Timestamp,
    /// Until when; without it, for ever.
    pub expires_at: Option<Timestamp>,
    #[fcp(signature)]
    signature: Signature,
}

impl RevocationObject {
    /// A draft for the owner to sign: for ever, from the time of the provenance on.
    #[must_use]
    pub fn draft(
        provenance: Provenance,
        revoked: Vec<ObjectId>,
        scope: RevocationScope,
        reason: impl Into<String>,
    ) -> Self {
        let header = ObjectHeader::for_type::<Self>(provenance);
        Self {
            revoked,
            scope,
            reason: reason.into(),
            effective_at: header.created_at,
            expires_at: None,
            header,
            signature: Signature::ABSENT,
        }
    }

    /// The same draft with this window.
    #[must_use]
    pub const fn with_window(mut self, effective_at: Timestamp, expires_at: Option<Timestamp>) -> Self {
        self.effective_at = effective_at;
        self.expires_at = expires_at;
        self
    }
}
