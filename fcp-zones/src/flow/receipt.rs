//! Proof that a sanitizer ran (§6.1).

use alloc::vec::Vec;

use fcp_core::cbor::Value;
use fcp_core::id::{ConnectorId, NodeId, ObjectId, OperationId};
use fcp_core::object::{MeshObject, ObjectHeader, TaintFlags};
use fcp_core::sign::{NodeSigningPublicKey, Signature};
use fcp_core::time::Timestamp;

/// A node's word that a sanitizer looked at objects and found them free of some taints (§6.1).
///
/// Who takes it as evidence also checks that the sanitizer's operation was authorized and is one that can clear these
/// taints; see [`Evidence`](super::Evidence).
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:SanitizerReceipt@2.0.0", signer = NodeSigningPublicKey)]
pub struct SanitizerReceipt {
    /// The header; `refs` is exactly the inputs.
    pub header: ObjectHeader,
    /// The connector that ran.
    pub sanitizer_connector: ConnectorId,
    /// Its operation.
    pub sanitizer_operation: OperationId,
    /// The objects that it looked at.
    #[fcp(strong)]
    pub inputs: Vec<ObjectId>,
    /// The taints that they are free of.
    pub clears: TaintFlags,
    /// What it found.
    pub findings: Option<Value>,
    /// When it ran.
    pub executed_at: Timestamp,
    /// The node that ran it.
    pub executed_by: NodeId,
    /// The node's signature.
    #[fcp(signature)]
    pub signature: Signature,
}
