//! What a node did (§9.5, G8, D145).

use alloc::vec::Vec;

use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
use fcp_core::sign::{NodeSigningPublicKey, Signature};
use fcp_core::time::Timestamp;

use crate::invoke::IdempotencyKey;

/// A node's signed statement that an operation was executed, and what came of it (§9.5).
///
/// Its refs are the intent, if there was one, and the request (G8).
///
/// ```cddl
/// operation-receipt = { header, request_object_id: bstr .size 32, ? idempotency_key: tstr,
///   outcome_object_ids: [* bstr .size 32], resource_object_ids: [* bstr .size 32], executed_at: uint,
///   executed_by: tstr, signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:OperationReceipt@2.0.0", signer = NodeSigningPublicKey, refs = accepts_refs)]
pub struct OperationReceipt {
    /// The header.
    pub header: ObjectHeader,
    /// The request.
    pub request_object_id: ObjectId,
    /// The caller's name for the intention.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The objects that came of it.
    pub outcome_object_ids: Vec<ObjectId>,
    /// The resources that it created or changed.
    pub resource_object_ids: Vec<ObjectId>,
    /// When it was done.
    pub executed_at: Timestamp,
    /// Who did it, and signed.
    pub executed_by: NodeId,
    /// The node's signature.
    #[fcp(signature)]
    pub signature: Signature,
}

fn accepts_refs(receipt: &OperationReceipt, refs: &[ObjectId]) -> bool {
    match refs {
        [request] => *request == receipt.request_object_id,
        [intent, request] => !intent.is_zero() && *request == receipt.request_object_id,
        _ => false,
    }
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The objects that came of it.
    pub objects: Vec<ObjectId>,
    /// The resources that it created or changed.
    pub resources: Vec<ObjectId>,
}

impl OperationReceipt {
    /// A draft for the executing node to sign, executed when its provenance was created.
    #[must_use]
    pub fn draft(
        provenance: Provenance,
        request: ObjectId,
        idempotency_key: Option<IdempotencyKey>,
        intent: Option<ObjectId>,
        outcome: Outcome,
        executed_by: NodeId,
    ) -> Self {
        let refs: Vec<ObjectId> = intent.into_iter().chain([request]).collect();
        let header = ObjectHeader::for_type::<Self>(provenance).with_refs(refs);
        Self {
            request_object_id: request,
            idempotency_key,
            outcome_object_ids: outcome.objects,
            resource_object_ids: outcome.resources,
            executed_at: header.created_at,
            header,
            executed_by,
            signature: Signature::ABSENT,
        }
    }

    /// The intent that it completes.
    #[must_use]
    pub fn intent(&self) -> Option<ObjectId> {
        match self.header.refs.as_slice() {
            [intent, _] => Some(*intent),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OperationReceipt, Outcome};
    use fcp_core::id::{ObjectId, ObjectIdKey, ZoneId};
    use fcp_core::object::{MeshObject as _, Provenance};
    use fcp_core::sign::{NodeSigningKey, Signed as _};
    use fcp_core::time::Timestamp;

    fn id(byte: u8) -> ObjectId {
        ObjectId::from_bytes([byte; 32])
    }

    #[test]
    fn refs_are_intent_and_request() {
        let key = ObjectIdKey::from_bytes([7; 32]);
        let node = NodeSigningKey::from_seed([5; 32]);
        let receipt = |intent| {
            let provenance = Provenance::of_zone(ZoneId::work(), 60, 60, Timestamp::from_secs(1_000));
            let outcome = Outcome { objects: vec![id(8)], resources: vec![id(9)] };
            OperationReceipt::draft(provenance, id(1), None, intent, outcome, "nLaptop".parse().unwrap())
        };
        for intent in [None, Some(id(2))] {
            let stored = receipt(intent).signed_by(&node).seal(&key).unwrap();
            let opened = stored.open::<OperationReceipt>().unwrap().verify(&node.public()).unwrap();
            assert_eq!((opened.intent(), opened.request_object_id), (intent, id(1)));
        }
        for refs in [vec![], vec![id(2)], vec![id(1), id(2)], vec![id(2), id(3), id(1)], vec![ObjectId::ZERO, id(1)]] {
            let mut wrong = receipt(None);
            wrong.header.refs = refs;
            assert_eq!(wrong.seal(&key).unwrap_err().reason().code(), "object.refs_mismatch");
        }
    }
}
