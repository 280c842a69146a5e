//! The owner's statement that these keys are that node's (§2.2, D3–D7).

use alloc::vec::Vec;

use super::posture;
use super::{DevicePostureAttestation, NodePublicKeys};
use crate::error::Reason;
use crate::id::{Kid, NodeId, NodeTag, ObjectId, ObjectIdKey, ZoneId};
use crate::object::{Message, ObjectError, ObjectHeader, Provenance, StoredObject};
use crate::sign::{
    NodeEncryptionPublicKey, NodeIssuancePublicKey, NodeSigningPublicKey, OwnerPublicKey, Signature, SignatureError,
    Signed as _, Unverified, Verified,
};
use crate::time::{Timestamp, ValidityWindow, WindowError};

/// Binds a node's id to its three keys and its tags, signed by the owner (§2.2).
///
/// A value of this type is consistent in itself: key ids follow from the keys, tags are sorted, the window is not
/// empty. Whether the owner signed it and whether it is valid now is what [`verify`](Self::verify) checks.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:NodeKeyAttestation@2.0.0", signer = OwnerPublicKey, check = consistent)]
pub struct NodeKeyAttestation {
    node_id: NodeId,
    owner_pubkey: OwnerPublicKey,
    node_sig_pubkey: NodeSigningPublicKey,
    node_sig_kid: Kid,
    node_enc_pubkey: NodeEncryptionPublicKey,
    node_enc_kid: Kid,
    node_iss_pubkey: NodeIssuancePublicKey,
    node_iss_kid: Kid,
    tags: Vec<NodeTag>,
    issued_at: Timestamp,
    expires_at: Timestamp,
    attestation_nonce: [u8; 32],
    device_posture: Option<DevicePostureAttestation>,
    #[fcp(signature = "empty")]
    signature: Signature,
}

fn consistent(attestation: &NodeKeyAttestation) -> Result<(), Reason> {
    let kids = attestation.node_sig_kid == attestation.node_sig_pubkey.kid()
        && attestation.node_enc_kid == attestation.node_enc_pubkey.kid()
        && attestation.node_iss_kid == attestation.node_iss_pubkey.kid();
    if !kids {
        return Err(Reason::AttestationKidMismatch);
    }
    if !attestation.tags.is_sorted_by(|left, right| left < right) {
        return Err(Reason::AttestationBadTags);
    }
    if attestation.expires_at <= attestation.issued_at {
        return Err(Reason::AttestationBadWindow);
    }
    attestation.device_posture.as_ref().map_or(Ok(()), posture::window)
}

/// What the owner says about a node, beside its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestationTerms {
    /// The node.
    pub node_id: NodeId,
    /// The owner.
    pub owner: OwnerPublicKey,
    /// The node's tags, in any order.
    pub tags: Vec<NodeTag>,
    /// From when.
    pub issued_at: Timestamp,
    /// Until when; 30 days are a good window.
    pub expires_at: Timestamp,
    /// Drawn at random.
    pub nonce: [u8; 32],
    /// What the node's hardware says.
    pub posture: Option<DevicePostureAttestation>,
}

/// Why an attestation is not accepted (§2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttestationError {
    /// The bytes are no attestation.
    #[error("malformed attestation: {0}")]
    Malformed(ObjectError),
    /// The terms contradict themselves.
    #[error("{}", .0.meaning())]
    Inconsistent(Reason),
    /// The header is not the one that every attestation has (D4).
    #[error("header is not the fixed one")]
    Header,
    /// It names another owner.
    #[error("attestation of another owner")]
    WrongOwner,
    /// The owner did not sign it.
    #[error("{0}")]
    Signature(SignatureError),
    /// It is not valid now.
    #[error("{0}")]
    Window(WindowError),
}

impl AttestationError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Malformed(error) => error.reason(),
            Self::Inconsistent(reason) => *reason,
            Self::Header => Reason::AttestationBadHeader,
            Self::WrongOwner => Reason::AttestationWrongOwner,
            Self::Signature(error) => error.reason(),
            Self::Window(WindowError::NotYetValid) => Reason::AttestationNotYetValid,
            Self::Window(WindowError::Expired) => Reason::AttestationExpired,
        }
    }
}

impl NodeKeyAttestation {
    /// A draft for the owner to sign.
    ///
    /// # Errors
    /// [`AttestationError::Inconsistent`] if the window is empty, the posture's is too long, or a tag stands twice.
    pub fn draft(terms: AttestationTerms, keys: &NodePublicKeys) -> Result<Self, AttestationError> {
        let mut tags = terms.tags;
        tags.sort_unstable();
        let draft = Self {
            node_id: terms.node_id,
            owner_pubkey: terms.owner,
            node_sig_kid: keys.signing.kid(),
            node_sig_pubkey: keys.signing,
            node_enc_kid: keys.encryption.kid(),
            node_enc_pubkey: keys.encryption,
            node_iss_kid: keys.issuance.kid(),
            node_iss_pubkey: keys.issuance,
            tags,
            issued_at: terms.issued_at,
            expires_at: terms.expires_at,
            attestation_nonce: terms.nonce,
            device_posture: terms.posture,
            signature: Signature::ABSENT,
        };
        consistent(&draft).map_err(AttestationError::Inconsistent)?;
        Ok(draft)
    }

    /// The header that every attestation has, so that one attestation has one id (D4).
    fn header(&self) -> ObjectHeader {
        ObjectHeader::for_type::<Self>(Provenance::of_zone(ZoneId::owner(), 100, 100, self.issued_at))
    }

    /// The attestation as an object, under the public object-id key (D4).
    #[must_use]
    pub fn seal(&self) -> StoredObject {
        StoredObject::from_parts(self.header(), &self.to_body(), &ObjectIdKey::public())
    }

    /// Opens a stored attestation.
    ///
    /// # Errors
    /// [`AttestationError`] if the object is malformed, inconsistent, or has another header than D4's.
    pub fn open(stored: &StoredObject) -> Result<Unverified<Self>, AttestationError> {
        let attestation = Self::from_body(stored.body()).map_err(AttestationError::Malformed)?;
        if *stored.header() != attestation.header() {
            return Err(AttestationError::Header);
        }
        // The id is computed again: the caller may have parsed the object under another key.
        let id = attestation.seal().id();
        Ok(Unverified::new(attestation, id))
    }

    /// Checks that `owner` signed it and that it is valid now (§2.2 rules 1 and 2, D7).
    ///
    /// # Errors
    /// [`AttestationError`] with the first rule that fails.
    pub fn verify(
        received: Unverified<Self>,
        owner: &OwnerPublicKey,
        now: Timestamp,
    ) -> Result<Verified<Self>, AttestationError> {
        received.verify_with(|attestation| {
            if attestation.owner_pubkey != *owner {
                return Err(AttestationError::WrongOwner);
            }
            attestation.verify_signature(owner).map_err(AttestationError::Signature)?;
            attestation.window().check(now).map_err(AttestationError::Window)
        })
    }

    /// The node.
    #[must_use]
    pub const fn node_id(&self) -> &NodeId {
        &self.node_id
    }

    /// The owner.
    #[must_use]
    pub const fn owner(&self) -> &OwnerPublicKey {
        &self.owner_pubkey
    }

    /// The node's keys.
    #[must_use]
    pub const fn keys(&self) -> NodePublicKeys {
        NodePublicKeys {
            signing: self.node_sig_pubkey,
            encryption: self.node_enc_pubkey,
            issuance: self.node_iss_pubkey,
        }
    }

    /// The key id of the signing key.
    #[must_use]
    pub const fn signing_kid(&self) -> Kid {
        self.node_sig_kid
    }

    /// The key id of the encryption key.
    #[must_use]
    pub const fn encryption_kid(&self) -> Kid {
        self.node_enc_kid
    }

    /// The key id of the issuance key.
    #[must_use]
    pub const fn issuance_kid(&self) -> Kid {
        self.node_iss_kid
    }

    /// The node's tags, sorted.
    #[must_use]
    pub fn tags(&self) -> &[NodeTag] {
        &self.tags
    }

    /// From when until when.
    #[must_use]
    pub const fn window(&self) -> ValidityWindow {
        ValidityWindow { issued_at: self.issued_at, expires_at: self.expires_at }
    }

    /// The nonce, for whoever remembers nonces (§2.2 rule 6).
    #[must_use]
    pub const fn nonce(&self) -> &[u8; 32] {
        &self.attestation_nonce
    }

    /// What the node's hardware says.
    #[must_use]
    pub const fn posture(&self) -> Option<&DevicePostureAttestation> {
        self.device_posture.as_ref()
    }

    /// The attestation's id.
    #[must_use]
    pub fn id(&self) -> ObjectId {
        self.seal().id()
    }
}
