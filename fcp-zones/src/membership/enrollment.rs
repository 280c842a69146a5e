//! The owner's word that a device belongs (§19.4).

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectIdKey, ZoneId};
use fcp_core::object::{MeshObject, ObjectError, ObjectHeader, Provenance, StoredObject};
use fcp_core::sign::{
    NodeSigningPublicKey, OwnerPublicKey, Signature, SignatureError, Signed as _, Unverified, Verified,
};
use fcp_core::time::{Timestamp, ValidityWindow, WindowError};

/// A device's enrollment (§19.4): an object of `z:owner` under the public object-id key, so that every peer can look it
/// up (D4).
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:DeviceEnrollment@2.0.0", signer = OwnerPublicKey, check = consistent)]
pub struct DeviceEnrollment {
    header: ObjectHeader,
    node_id: NodeId,
    node_sig_pubkey: NodeSigningPublicKey,
    allowed_zones: Vec<ZoneId>,
    storage_permissions: Vec<StoragePermission>,
    issued_at: Timestamp,
    expires_at: Option<Timestamp>,
    #[fcp(signature)]
    signature: Signature,
}

/// What a device may store (§19.4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum StoragePermission {
    /// Symbols of these zones.
    StoreSymbols {
        /// The zones.
        zones: Vec<ZoneId>,
    },
    /// Shares of threshold secrets.
    StoreSecretShares,
    /// Audit events.
    StoreAuditEvents,
}

/// What the owner decides about a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentTerms {
    /// The node.
    pub node_id: NodeId,
    /// Its signing key.
    pub node_sig_pubkey: NodeSigningPublicKey,
    /// The zones that it may take part in.
    pub allowed_zones: Vec<ZoneId>,
    /// What it may store.
    pub storage_permissions: Vec<StoragePermission>,
    /// From when.
    pub issued_at: Timestamp,
    /// Until when; absent means until it is revoked.
    pub expires_at: Option<Timestamp>,
}

/// Why an enrollment is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollmentError {
    /// It contradicts itself.
    #[error("{}", .0.meaning())]
    Inconsistent(Reason),
    /// The bytes are no enrollment.
    #[error("{0}")]
    Object(ObjectError),
    /// The owner did not sign it.
    #[error("{0}")]
    Signature(SignatureError),
    /// It is not valid now.
    #[error("{0}")]
    Window(WindowError),
}

impl EnrollmentError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Inconsistent(reason) => *reason,
            Self::Object(error) => error.reason(),
            Self::Signature(error) => error.reason(),
            Self::Window(WindowError::NotYetValid) => Reason::EnrollmentNotYetValid,
            Self::Window(WindowError::Expired) => Reason::EnrollmentExpired,
        }
    }
}

fn consistent(enrollment: &DeviceEnrollment) -> Result<(), Reason> {
    if enrollment.header.zone_id != ZoneId::owner() {
        return Err(Reason::EnrollmentWrongZone);
    }
    if enrollment.expires_at.is_some_and(|expires_at| expires_at <= enrollment.issued_at) {
        return Err(Reason::EnrollmentBadWindow);
    }
    Ok(())
}

impl DeviceEnrollment {
    /// A draft for the owner to sign.
    ///
    /// # Errors
    /// [`EnrollmentError::Inconsistent`] if it would expire before it is issued.
    pub fn draft(terms: EnrollmentTerms) -> Result<Self, EnrollmentError> {
        let provenance = Provenance::of_zone(ZoneId::owner(), 100, 100, terms.issued_at);
        let draft = Self {
            header: ObjectHeader::for_type::<Self>(provenance),
            node_id: terms.node_id,
            node_sig_pubkey: terms.node_sig_pubkey,
            allowed_zones: terms.allowed_zones,
            storage_permissions: terms.storage_permissions,
            issued_at: terms.issued_at,
            expires_at: terms.expires_at,
            signature: Signature::ABSENT,
        };
        consistent(&draft).map_err(EnrollmentError::Inconsistent)?;
        Ok(draft)
    }

    /// The enrollment as an object, under the public object-id key (D4).
    ///
    /// # Errors
    /// [`ObjectError`] if everybody else would refuse it.
    pub fn seal_public(&self) -> Result<StoredObject, ObjectError> {
        self.seal(&ObjectIdKey::public())
    }

    /// Reads an enrollment and checks that `owner` signed it and that it is valid now (§19.4, D7).
    ///
    /// # Errors
    /// [`EnrollmentError`] with the first rule that fails.
    pub fn verify(
        received: Unverified<Self>,
        owner: &OwnerPublicKey,
        now: Timestamp,
    ) -> Result<Verified<Self>, EnrollmentError> {
        received.verify_with(|enrollment| {
            enrollment.verify_signature(owner).map_err(EnrollmentError::Signature)?;
            enrollment.check_window(now).map_err(EnrollmentError::Window)
        })
    }

    /// Whether it is valid at `now` (D7).
    ///
    /// # Errors
    /// [`WindowError`]: which end failed.
    pub fn check_window(&self, now: Timestamp) -> Result<(), WindowError> {
        let expires_at = self.expires_at.unwrap_or(Timestamp::from_secs(u64::MAX));
        ValidityWindow { issued_at: self.issued_at, expires_at }.check(now)
    }

    /// The node.
    #[must_use]
    pub const fn node_id(&self) -> &NodeId {
        &self.node_id
    }

    /// Its signing key.
    #[must_use]
    pub const fn signing_key(&self) -> &NodeSigningPublicKey {
        &self.node_sig_pubkey
    }

    /// The zones that it may take part in.
    #[must_use]
    pub fn allowed_zones(&self) -> &[ZoneId] {
        &self.allowed_zones
    }

    /// What it may store.
    #[must_use]
    pub fn storage_permissions(&self) -> &[StoragePermission] {
        &self.storage_permissions
    }

    /// When it was issued.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When it expires.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }
}
