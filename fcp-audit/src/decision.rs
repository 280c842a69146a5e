//! Decision receipts (§23.4, D190): why something was allowed or denied, as a signed object.

use alloc::string::String;
use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::decision::Denial;
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance, RetentionClass};
use fcp_core::safety::SafetyTier;
use fcp_core::sign::{NodeSigningPublicKey, Signature};
use fcp_core::time::Timestamp;

/// What was decided (§23.4, where it is called `Decision`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// It may happen.
    Allow,
    /// It may not.
    Deny,
}

/// A node's signed statement of what it decided about a request, and why (§23.4).
///
/// ```text
/// decision-receipt = { header, request_object_id: bstr .size 32, decision: "allow" / "deny", reason_code: tstr,
///   ? message: tstr, evidence: [* bstr .size 32], decided_at: uint, decided_by: tstr, signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:DecisionReceipt@2.0.0", signer = NodeSigningPublicKey, check = consistent)]
pub struct DecisionReceipt {
    /// The header, of the request's zone.
    pub header: ObjectHeader,
    /// The request.
    pub request_object_id: ObjectId,
    decision: Outcome,
    reason_code: String,
    /// A sentence for people; nothing is decided by it.
    pub message: Option<String>,
    evidence: Vec<ObjectId>,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Who decided, and signed.
    pub decided_by: NodeId,
    #[fcp(signature)]
    signature: Signature,
}

/// The longest reason code, in bytes.
const MAX_CODE: usize = 128;

fn consistent(receipt: &DecisionReceipt) -> Result<(), Reason> {
    let mut parts = receipt.reason_code.splitn(2, '.');
    let well_formed = receipt.reason_code.len() <= MAX_CODE
        && parts.all(|part| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        });
    let allowed = receipt.reason_code == Reason::Allow.code();
    if !well_formed || allowed != (receipt.decision == Outcome::Allow) {
        return Err(Reason::AuditBadReceipt);
    }
    if receipt.evidence.is_sorted_by(|left, right| left < right) { Ok(()) } else { Err(Reason::AuditEvidenceOrder) }
}

impl DecisionReceipt {
    /// How long receipts are kept unless the zone says otherwise: 30 days.
    pub const RETENTION_SECS: u64 = 30 * 86_400;

    /// The receipt of a denial, for the deciding node to sign. It is decided when the provenance was created.
    #[must_use]
    pub fn deny(provenance: Provenance, request: ObjectId, denial: &Denial, decided_by: NodeId) -> Self {
        let evidence = denial.evidence.iter().copied();
        Self::draft(provenance, request, Outcome::Deny, denial.reason, evidence, decided_by)
    }

    /// The receipt of an allow with the ids of what allowed it, for the deciding node to sign.
    #[must_use]
    pub fn allow(
        provenance: Provenance,
        request: ObjectId,
        evidence: impl IntoIterator<Item = ObjectId>,
        decided_by: NodeId,
    ) -> Self {
        Self::draft(provenance, request, Outcome::Allow, Reason::Allow, evidence, decided_by)
    }

    fn draft(
        provenance: Provenance,
        request: ObjectId,
        decision: Outcome,
        reason: Reason,
        evidence: impl IntoIterator<Item = ObjectId>,
        decided_by: NodeId,
    ) -> Self {
        let mut evidence: Vec<ObjectId> = evidence.into_iter().collect();
        evidence.sort_unstable();
        evidence.dedup();
        let header = ObjectHeader::for_type::<Self>(provenance);
        Self {
            request_object_id: request,
            decision,
            reason_code: reason.code().into(),
            message: None,
            evidence,
            decided_at: header.created_at,
            header,
            decided_by,
            signature: Signature::ABSENT,
        }
    }

    /// The same draft with a sentence for people.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// What was decided.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.decision
    }

    /// The reason code as it was written: another implementation's may not be in this registry.
    #[must_use]
    pub fn reason_code(&self) -> &str {
        &self.reason_code
    }

    /// The reason, if the registry has it.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.reason_code.parse().ok()
    }

    /// The objects that decided, sorted, each once.
    #[must_use]
    pub fn evidence(&self) -> &[ObjectId] {
        &self.evidence
    }

    /// How a node keeps the receipt unless the zone's policy says otherwise (§23.4).
    #[must_use]
    pub const fn retention(&self) -> RetentionClass {
        RetentionClass::Lease { expires_at: self.decided_at.saturating_add(Self::RETENTION_SECS) }
    }

    /// Whether a decision about an operation of this tier must leave a receipt, allowed or not (D190).
    #[must_use]
    pub fn required_for(tier: SafetyTier) -> bool {
        tier >= SafetyTier::Risky
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::decision::Denial;
    use fcp_core::error::Reason;
    use fcp_core::id::{NodeId, ObjectId, ObjectIdKey, ZoneId};
    use fcp_core::object::{MeshObject as _, Message as _, Provenance, RetentionClass};
    use fcp_core::safety::SafetyTier;
    use fcp_core::sign::{NodeSigningKey, Signed as _};
    use fcp_core::time::Timestamp;

    use super::{DecisionReceipt, Outcome};

    fn id(byte: u8) -> ObjectId {
        ObjectId::from_bytes([byte; 32])
    }

    fn denied() -> DecisionReceipt {
        let provenance = Provenance::of_zone(ZoneId::private(), 80, 90, Timestamp::from_secs(1_000));
        let denial = Denial::new(Reason::RevocationStaleFrontier).with_evidence([id(3), id(1), id(3)]);
        DecisionReceipt::deny(provenance, id(9), &denial, NodeId::new("n1").unwrap())
    }

    #[test]
    fn a_denial_becomes_a_signed_receipt() {
        let key = NodeSigningKey::from_seed([1; 32]);
        let receipt = denied().with_message("the checkpoint is too old").signed_by(&key);
        let stored = receipt.seal(&ObjectIdKey::from_bytes([2; 32])).unwrap();
        let opened = stored.open::<DecisionReceipt>().unwrap().verify(&key.public()).unwrap();
        assert_eq!(opened.outcome(), Outcome::Deny);
        assert_eq!(opened.reason_code(), "revocation.stale_frontier");
        assert_eq!(opened.reason(), Some(Reason::RevocationStaleFrontier));
        assert_eq!(opened.evidence(), [id(1), id(3)]);
        assert_eq!(opened.retention(), RetentionClass::Lease { expires_at: Timestamp::from_secs(1_000 + 30 * 86_400) });
        let other = NodeSigningKey::from_seed([2; 32]).public();
        assert!(stored.open::<DecisionReceipt>().unwrap().verify(&other).is_err());
    }

    #[test]
    fn outcome_and_reason_agree_and_evidence_is_sorted() {
        let refused = |change: fn(&mut DecisionReceipt)| {
            let mut receipt = denied();
            change(&mut receipt);
            DecisionReceipt::from_body(&receipt.to_body()).unwrap_err().reason().code()
        };
        assert_eq!(refused(|receipt| receipt.decision = Outcome::Allow), "audit.bad_receipt");
        assert_eq!(refused(|receipt| receipt.reason_code = "allow".into()), "audit.bad_receipt");
        for code in ["", "a.", ".a", "a.b.c", "A.b", "a b"] {
            let mut receipt = denied();
            receipt.reason_code = code.into();
            assert!(DecisionReceipt::from_body(&receipt.to_body()).is_err(), "{code}");
        }
        assert_eq!(refused(|receipt| receipt.evidence.reverse()), "audit.evidence_order");
        assert_eq!(refused(|receipt| receipt.evidence.push(id(3))), "audit.evidence_order");
        let mut foreign = denied();
        foreign.reason_code = "vendor.of_its_own".into();
        assert_eq!(DecisionReceipt::from_body(&foreign.to_body()).unwrap().reason(), None);
    }

    #[test]
    fn risky_and_above_leave_a_receipt() {
        let required = DecisionReceipt::required_for;
        assert!(!required(SafetyTier::Safe));
        assert!(required(SafetyTier::Risky) && required(SafetyTier::Dangerous) && required(SafetyTier::Forbidden));
    }
}
