//! What an allow is worth.

use alloc::vec::Vec;

use fcp_audit::freshness::Freshness;
use fcp_core::id::ObjectId;
use fcp_core::object::Provenance;
use fcp_core::sign::Verified;
use fcp_core::time::Timestamp;
use fcp_zones::flow::Bearer;
use fcp_zones::policy::ApproverScope;

use super::OperationRule;
use crate::invoke::Invoke;
use crate::pop::Proof;
use crate::token::CapabilityToken;

/// Something that was authorized, with everything that made it so. Only [`authorize`](super::authorize) makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorized<T> {
    pub(super) what: T,
    pub(super) findings: Findings,
}

/// An approval that was needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsedApproval {
    /// The approval.
    pub id: ObjectId,
    /// What it approves.
    pub scope: ApproverScope,
}

/// What the checks found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Findings {
    pub(super) token: Verified<CapabilityToken>,
    pub(super) rule: OperationRule,
    pub(super) bearer: Bearer,
    pub(super) grant: ObjectId,
    pub(super) proof: Option<Proof>,
    pub(super) freshness: Freshness,
    pub(super) provenance: Provenance,
    pub(super) approvals: Vec<UsedApproval>,
    pub(super) evidence: Vec<ObjectId>,
    pub(super) decided_at: Timestamp,
}

impl<T> Authorized<T> {
    /// The token.
    #[must_use]
    pub const fn token(&self) -> &Verified<CapabilityToken> {
        &self.findings.token
    }

    /// What the connector's manifest says of the operation.
    #[must_use]
    pub const fn rule(&self) -> &OperationRule {
        &self.findings.rule
    }

    /// To whom the result goes (D100).
    #[must_use]
    pub const fn bearer(&self) -> &Bearer {
        &self.findings.bearer
    }

    /// The one grant that covers the call, and that is charged (D117, D122).
    #[must_use]
    pub const fn grant(&self) -> ObjectId {
        self.findings.grant
    }

    /// The holder's proof, which is used up with this.
    #[must_use]
    pub const fn proof(&self) -> Option<&Proof> {
        self.findings.proof.as_ref()
    }

    /// Whether enough was known of what is revoked. If it is degraded, the node records that (§14.3.1).
    #[must_use]
    pub const fn freshness(&self) -> Freshness {
        self.findings.freshness
    }

    /// Where the request comes from, as this node computed it (D100): what its results inherit.
    #[must_use]
    pub const fn provenance(&self) -> &Provenance {
        &self.findings.provenance
    }

    /// The approvals that it needed, sorted by id.
    #[must_use]
    pub fn approvals(&self) -> &[UsedApproval] {
        &self.findings.approvals
    }

    /// The ids of all objects that decided, sorted.
    #[must_use]
    pub fn evidence(&self) -> &[ObjectId] {
        &self.findings.evidence
    }

    /// When it was decided.
    #[must_use]
    pub const fn decided_at(&self) -> Timestamp {
        self.findings.decided_at
    }
}

impl Authorized<Invoke> {
    /// The request.
    #[must_use]
    pub const fn invoke(&self) -> &Invoke {
        &self.what
    }
}

/// That an authorized request still is, immediately before its effect (D131).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    pub(super) request: ObjectId,
    pub(super) checkpoint: Option<ObjectId>,
    pub(super) at: Timestamp,
}

impl Confirmed {
    /// The request.
    #[must_use]
    pub const fn request(&self) -> ObjectId {
        self.request
    }

    /// The newest accepted checkpoint, which the intent names.
    #[must_use]
    pub const fn checkpoint(&self) -> Option<ObjectId> {
        self.checkpoint
    }

    /// When it was confirmed.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }
}
