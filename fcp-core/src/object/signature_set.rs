//! The sidecar that carries a quorum's signatures (D14).

use super::{MeshObject, ObjectHeader};
use crate::id::ObjectId;
use crate::sign::SignatureSet;

/// Signatures for a quorum-signed object, beside it, so that the object has one id whoever signed (D14).
///
/// It is evidence, not authority: [`SignatureSet::tally`] drops every entry that does not verify. Its own id is never
/// cited.
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:QuorumSignatureSet@2.0.0")]
pub struct QuorumSignatureSet {
    /// The header, of the target's zone.
    pub header: ObjectHeader,
    /// The object that is signed.
    #[fcp(strong)]
    pub target: ObjectId,
    /// Sorted, one entry per node.
    pub signatures: SignatureSet,
}
