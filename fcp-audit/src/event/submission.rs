//! Events on their way to the sequencer (D185).

use alloc::boxed::Box;

use fcp_core::error::Reason;
use fcp_core::id::{Kid, NodeId, ZoneId};
use fcp_core::object::{MeshObject as _, Message, ObjectError};
use fcp_core::revoked::Revoked as _;
use fcp_core::sign::{NodeSigningKey, Signature, SignatureError, Signed as _};
use fcp_core::time::{TimePolicy, Timestamp};

use super::AuditEvent;
use crate::AttestedKeys;

/// A signed event for the zone's signers to sequence, with the node that signed it.
///
/// ```text
/// audit-submission = { executed_by: tstr, signer_kid: bstr .size 8, event: audit-event }     ; event.seq = 0
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:AuditSubmission@2.0.0", check = without_a_place)]
pub struct AuditSubmission {
    executed_by: NodeId,
    signer_kid: Kid,
    event: Box<AuditEvent>,
}

fn without_a_place(submission: &AuditSubmission) -> Result<(), Reason> {
    if submission.event.seq() == 0 { Ok(()) } else { Err(Reason::AuditSequenced) }
}

/// Why a submitted event is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmissionError {
    /// The event is of another zone.
    #[error("event of another zone")]
    WrongZone,
    /// The event is longer than [`MAX_BYTES`](AuditSubmission::MAX_BYTES).
    #[error("event is too large")]
    TooLarge,
    /// The event's header does not fit it.
    #[error("{0}")]
    Object(ObjectError),
    /// The event is of a time that has not come.
    #[error("event is of a time that has not come")]
    Time,
    /// No key of that node and key id was attested when the event occurred.
    #[error("signer is not attested")]
    UnknownSigner,
    /// The signature does not verify.
    #[error("{0}")]
    Signature(SignatureError),
}

impl SubmissionError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::WrongZone => Reason::AuditWrongZone,
            Self::TooLarge => Reason::AuditTooLarge,
            Self::Object(error) => error.reason(),
            Self::Time => Reason::AuditBadTime,
            Self::UnknownSigner => Reason::AttestationMissing,
            Self::Signature(error) => error.reason(),
        }
    }
}

impl AuditSubmission {
    /// The longest event that is sequenced, in bytes of its encoding: events refer to what is long, and one that fits no
    /// proposal would hold up all behind it.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// The event's zone.
    #[must_use]
    pub const fn zone(&self) -> &ZoneId {
        &self.event.zone_id
    }

    /// The node that claims to have signed.
    #[must_use]
    pub const fn executed_by(&self) -> &NodeId {
        &self.executed_by
    }

    /// Checks that the named node signed the event, for the zone of `keys`.
    ///
    /// The key must have counted when the event occurred and must not be revoked by now: events wait as long as their
    /// node is away, also beyond the expiry of its key, but nobody signs back into the time of a stolen one.
    ///
    /// # Errors
    /// [`SubmissionError`] with the first rule that fails.
    pub fn verify(self, keys: &AttestedKeys<'_>, now: Timestamp) -> Result<SignedEvent, SubmissionError> {
        if self.event.zone_id != *keys.zone() {
            return Err(SubmissionError::WrongZone);
        }
        if self.event.to_body().len() > Self::MAX_BYTES {
            return Err(SubmissionError::TooLarge);
        }
        self.event.check().map_err(SubmissionError::Object)?;
        let latest = now.saturating_add(TimePolicy::DEFAULT_SKEW_SECS);
        if self.event.occurred_at > latest || self.event.header.created_at > latest {
            return Err(SubmissionError::Time);
        }
        let (key, _) = keys
            .key(&self.executed_by, &self.signer_kid, self.event.occurred_at)
            .filter(|(_, attestation)| !keys.revocations().is_revoked(attestation, keys.zone(), now))
            .ok_or(SubmissionError::UnknownSigner)?;
        self.event.verify_signature(&key).map_err(SubmissionError::Signature)?;
        Ok(SignedEvent { executed_by: self.executed_by, signer_kid: self.signer_kid, event: *self.event })
    }
}

/// An event whose signature is right, without a place in the chain yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedEvent {
    executed_by: NodeId,
    signer_kid: Kid,
    event: AuditEvent,
}

impl SignedEvent {
    /// `draft`, signed by this node's `key`.
    #[must_use]
    pub fn sign(draft: AuditEvent, node: NodeId, key: &NodeSigningKey) -> Self {
        let event = draft.placed(None, 0).signed_by(key);
        Self { executed_by: node, signer_kid: key.public().kid(), event }
    }

    /// Whether what was verified then is so still: the key that signed is not revoked by now (see
    /// [`AuditSubmission::verify`]).
    #[must_use]
    pub fn still_counts(&self, keys: &AttestedKeys<'_>, now: Timestamp) -> bool {
        let key = keys.key(&self.executed_by, &self.signer_kid, self.event.occurred_at);
        key.is_some_and(|(_, attestation)| !keys.revocations().is_revoked(&attestation, keys.zone(), now))
    }

    /// The node that executed and signed.
    #[must_use]
    pub const fn executed_by(&self) -> &NodeId {
        &self.executed_by
    }

    /// The event.
    #[must_use]
    pub const fn event(&self) -> &AuditEvent {
        &self.event
    }

    /// What the same event is recognized by when it is submitted again. A signature verifies under one node's key
    /// only, so it alone tells the pair of D185.
    #[must_use]
    pub fn fingerprint(&self) -> Signature {
        *self.event.signature()
    }

    /// The message that carries it to the zone's signers.
    #[must_use]
    pub fn submission(&self) -> AuditSubmission {
        AuditSubmission {
            executed_by: self.executed_by.clone(),
            signer_kid: self.signer_kid,
            event: Box::new(self.event.clone()),
        }
    }
}
