//! What a node is about to do (§9.5, G8, D145).

use alloc::string::String;
use alloc::vec::Vec;

use fcp_core::id::{Jti, NodeId, ObjectId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
use fcp_core::sign::{NodeSigningPublicKey, Signature};
use fcp_core::time::Timestamp;

use crate::invoke::IdempotencyKey;

/// A node's signed statement that it is about to have an effect, stored before it has it (§9.5).
///
/// Its refs are the lease, if there is one, and the checkpoint under which it was decided (G8, D131). An intent without
/// a receipt means that nobody knows whether the effect happened (D146).
///
/// ```cddl
/// operation-intent = { header, request_object_id: bstr .size 32, capability_token_jti: bstr .size 16,
///   ? idempotency_key: tstr, planned_at: uint, planned_by: tstr, ? lease_seq: uint, ? upstream_idempotency: tstr,
///   signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:OperationIntent@2.0.0", signer = NodeSigningPublicKey, refs = accepts_refs)]
pub struct OperationIntent {
    /// The header.
    pub header: ObjectHeader,
    /// The request.
    pub request_object_id: ObjectId,
    /// The token by which it is allowed.
    pub capability_token_jti: Jti,
    /// The caller's name for the intention.
    pub idempotency_key: Option<IdempotencyKey>,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// Who is about to do it, and signed.
    pub planned_by: NodeId,
    /// The number of the lease; Risky and Dangerous operations need one.
    pub lease_seq: Option<u64>,
    /// The name under which the service upstream happens only once.
    pub upstream_idempotency: Option<String>,
    /// The node's signature.
    #[fcp(signature)]
    pub signature: Signature,
}

/// A lease that this node holds and verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldLease {
    /// The lease's id.
    pub id: ObjectId,
    /// Its number, which fences older holders off.
    pub seq: u64,
    /// The last second in which its holder may act (D170).
    pub expires_at: Timestamp,
}

/// Lease and checkpoint; only a zone that has no checkpoint yet leaves that out, and then there is no lease either.
fn accepts_refs(intent: &OperationIntent, refs: &[ObjectId]) -> bool {
    match refs {
        [] => intent.lease_seq.is_none(),
        [checkpoint] => intent.lease_seq.is_none() && !checkpoint.is_zero(),
        [lease, checkpoint] => intent.lease_seq.is_some() && !lease.is_zero() && !checkpoint.is_zero(),
        _ => false,
    }
}

/// What an intent says, beside who signs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentTerms {
    /// The request.
    pub request: ObjectId,
    /// The token.
    pub jti: Jti,
    /// The caller's name for the intention.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The node that is about to do it.
    pub planned_by: NodeId,
    /// The lease, if one is held.
    pub lease: Option<HeldLease>,
    /// The checkpoint under which it was decided.
    pub checkpoint: Option<ObjectId>,
    /// The name under which the service upstream happens only once.
    pub upstream_idempotency: Option<String>,
}

impl OperationIntent {
    /// A draft for the executing node to sign, planned when its provenance was created.
    #[must_use]
    pub fn draft(provenance: Provenance, terms: IntentTerms) -> Self {
        let refs: Vec<ObjectId> = terms.lease.map(|lease| lease.id).into_iter().chain(terms.checkpoint).collect();
        let header = ObjectHeader::for_type::<Self>(provenance).with_refs(refs);
        Self {
            request_object_id: terms.request,
            capability_token_jti: terms.jti,
            idempotency_key: terms.idempotency_key,
            planned_at: header.created_at,
            header,
            planned_by: terms.planned_by,
            lease_seq: terms.lease.map(|lease| lease.seq),
            upstream_idempotency: terms.upstream_idempotency,
            signature: Signature::ABSENT,
        }
    }

    /// The lease under which it happens.
    #[must_use]
    pub fn lease(&self) -> Option<ObjectId> {
        if self.lease_seq.is_some() { self.header.refs.first().copied() } else { None }
    }

    /// The checkpoint under which it was decided.
    #[must_use]
    pub fn checkpoint(&self) -> Option<ObjectId> {
        self.header.refs.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{HeldLease, IntentTerms, OperationIntent};
    use fcp_core::id::{Jti, ObjectId, ObjectIdKey, ZoneId};
    use fcp_core::object::{MeshObject as _, Provenance};
    use fcp_core::sign::{NodeSigningKey, Signed as _};
    use fcp_core::time::Timestamp;

    fn id(byte: u8) -> ObjectId {
        ObjectId::from_bytes([byte; 32])
    }

    fn intent(lease: Option<HeldLease>, checkpoint: Option<ObjectId>) -> OperationIntent {
        let terms = IntentTerms {
            request: id(1),
            jti: Jti::from_bytes([2; 16]),
            idempotency_key: Some("once".parse().unwrap()),
            planned_by: "nLaptop".parse().unwrap(),
            lease,
            checkpoint,
            upstream_idempotency: None,
        };
        OperationIntent::draft(Provenance::of_zone(ZoneId::work(), 60, 60, Timestamp::from_secs(1_000)), terms)
    }

    #[test]
    fn refs_are_lease_and_checkpoint() {
        let key = ObjectIdKey::from_bytes([7; 32]);
        let lease = Some(HeldLease { id: id(3), seq: 9, expires_at: Timestamp::from_secs(2_000) });
        let both = intent(lease, Some(id(4)));
        assert_eq!((both.lease(), both.checkpoint(), both.lease_seq), (Some(id(3)), Some(id(4)), Some(9)));
        let node = NodeSigningKey::from_seed([5; 32]);
        let stored = both.clone().signed_by(&node).seal(&key).unwrap();
        let opened = stored.open::<OperationIntent>().unwrap().verify(&node.public()).unwrap();
        assert_eq!(opened.planned_at, Timestamp::from_secs(1_000));

        let unleased = intent(None, Some(id(4)));
        assert_eq!((unleased.lease(), unleased.checkpoint()), (None, Some(id(4))));
        assert!(unleased.seal(&key).is_ok() && intent(None, None).seal(&key).is_ok());
        for (refs, lease_seq) in [
            (vec![], Some(9)),
            (vec![id(4)], Some(9)),
            (vec![id(3), id(4)], None),
            (vec![id(3), id(4), id(5)], Some(9)),
            (vec![ObjectId::ZERO], None),
        ] {
            let mut wrong = both.clone();
            wrong.header.refs = refs;
            wrong.lease_seq = lease_seq;
            assert_eq!(wrong.seal(&key).unwrap_err().reason().code(), "object.refs_mismatch");
        }
        assert!(intent(lease, None).seal(&key).is_err(), "a lease is taken under a checkpoint");
    }
}
