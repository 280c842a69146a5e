//! The approval object and who may sign it (§5.2.1, D84).

use alloc::string::String;

use fcp_core::error::Reason;
use fcp_core::id::{PrincipalId, ZoneId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
use fcp_core::sign::{ApproverPublicKey, OwnerPublicKey, Signature, SignatureError, Signed as _, Unverified, Verified};
use fcp_core::time::{Timestamp, ValidityWindow, WindowError};

use super::ApprovalScope;
use super::scope::bounded;
use crate::pinned::PinnedHeads;
use crate::zone::Levels;

/// Somebody's word that one thing may happen, for a short time (§5.2.1, §6.3).
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:ApprovalToken@2.0.0", signer = ApproverPublicKey)]
pub struct ApprovalToken {
    /// The header; its zone is the one that the approval is of.
    pub header: ObjectHeader,
    /// What is approved.
    pub scope: ApprovalScope,
    /// Why, for people and the audit log.
    pub justification: String,
    /// Who approves.
    pub approved_by: PrincipalId,
    /// When.
    pub approved_at: Timestamp,
    /// The last second in which it counts.
    pub expires_at: Timestamp,
    /// The approver's signature.
    #[fcp(signature)]
    pub signature: Signature,
}

/// What an approver decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalTerms {
    /// The zone.
    pub zone_id: ZoneId,
    /// The zone's levels.
    pub levels: Levels,
    /// What is approved.
    pub scope: ApprovalScope,
    /// Why.
    pub justification: String,
    /// Who approves.
    pub approved_by: PrincipalId,
    /// From when.
    pub approved_at: Timestamp,
    /// For how long, in seconds.
    pub ttl_secs: u64,
}

/// Why an approval does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApprovalError {
    /// It is bound to nothing, or to too much.
    #[error("{}", .0.meaning())]
    Unbounded(Reason),
    /// It is of another zone.
    #[error("approval of another zone")]
    WrongZone,
    /// The policy does not list the approver for this scope, and the owner did not sign.
    #[error("approver is not listed")]
    NotListed,
    /// The signature is malformed, or the listed approver did not sign.
    #[error("{0}")]
    Signature(SignatureError),
    /// It is not valid now.
    #[error("{0}")]
    Window(WindowError),
    /// It elevates above its zone's integrity (D83).
    #[error("elevation above the level of the zone")]
    TargetTooHigh,
}

impl ApprovalError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Unbounded(reason) => *reason,
            Self::WrongZone => Reason::ApprovalWrongZone,
            Self::NotListed => Reason::ApprovalNotListed,
            Self::Signature(error) => error.reason(),
            Self::Window(WindowError::NotYetValid) => Reason::ApprovalNotYetValid,
            Self::Window(WindowError::Expired) => Reason::ApprovalExpired,
            Self::TargetTooHigh => Reason::ApprovalTargetTooHigh,
        }
    }
}

impl ApprovalToken {
    /// How long an approval counts where nobody says otherwise: five minutes (§5.2.1).
    pub const DEFAULT_TTL_SECS: u64 = 300;

    /// A draft for the approver to sign.
    ///
    /// # Errors
    /// [`ApprovalError::Unbounded`] if an execution scope is bound to nothing, or breaks the limits of §5.2.1 rule 5.
    pub fn draft(terms: ApprovalTerms) -> Result<Self, ApprovalError> {
        if let ApprovalScope::Execution(execution) = &terms.scope {
            bounded(execution).map_err(ApprovalError::Unbounded)?;
        }
        let Levels { integrity, confidentiality } = terms.levels;
        let provenance = Provenance::of_zone(terms.zone_id, integrity, confidentiality, terms.approved_at)
            .by(terms.approved_by.clone());
        Ok(Self {
            header: ObjectHeader::for_type::<Self>(provenance).with_ttl(terms.ttl_secs),
            scope: terms.scope,
            justification: terms.justification,
            approved_by: terms.approved_by,
            approved_at: terms.approved_at,
            expires_at: terms.approved_at.saturating_add(terms.ttl_secs),
            signature: Signature::ABSENT,
        })
    }

    /// From when until when it counts.
    #[must_use]
    pub const fn window(&self) -> ValidityWindow {
        ValidityWindow { issued_at: self.approved_at, expires_at: self.expires_at }
    }

    /// The zone that it is of.
    #[must_use]
    pub const fn zone_id(&self) -> &ZoneId {
        &self.header.zone_id
    }

    /// Checks zone, approver, signature, time and target as of `at` (§5.2.1, D7, D83, D84).
    ///
    /// The key is that of the approver whom the zone's pinned policy lists for this scope; for anybody else it is the
    /// owner's. Whether the approval is revoked and fits a request is another question.
    ///
    /// # Errors
    /// [`ApprovalError`] with the first rule that fails.
    pub fn verify(
        received: Unverified<Self>,
        heads: &PinnedHeads,
        owner: &OwnerPublicKey,
        at: Timestamp,
    ) -> Result<Verified<Self>, ApprovalError> {
        received.verify_with(|token| {
            if token.header.zone_id != *heads.zone_id() {
                return Err(ApprovalError::WrongZone);
            }
            match heads.policy().approver(&token.approved_by, token.scope.kind()) {
                Some(key) => token.verify_signature(key).map_err(ApprovalError::Signature)?,
                None => token.verify_signature(&ApproverPublicKey::from(*owner)).map_err(|error| match error {
                    SignatureError::Mismatch => ApprovalError::NotListed,
                    malformed => ApprovalError::Signature(malformed),
                })?,
            }
            token.window().check_strict(at).map_err(ApprovalError::Window)?;
            match &token.scope {
                ApprovalScope::Elevation(elevation)
                    if elevation.target_integrity > heads.definition().integrity_level =>
                {
                    Err(ApprovalError::TargetTooHigh)
                }
                _ => Ok(()),
            }
        })
    }
}

#[cfg(test)]
mod tests;
