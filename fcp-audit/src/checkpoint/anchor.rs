//! The owner's word for a checkpoint (D201).

use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
use fcp_core::sign::{OwnerPublicKey, Signature};

use super::ZoneCheckpoint;

/// Names a checkpoint that counts without a quorum: a zone's first, or one that repairs a fork or a lost quorum (D201).
///
/// ```text
/// zone-anchor = { header, zone_id: tstr, generation: uint, checkpoint: bstr .size 32, checkpoint_seq: uint,
///   policy: bstr .size 32, signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:ZoneAnchor@2.0.0", signer = OwnerPublicKey)]
pub struct ZoneAnchor {
    /// The header; its refs are checkpoint and policy (G8).
    pub header: ObjectHeader,
    /// The zone.
    pub zone_id: ZoneId,
    /// Rises with each anchor of the zone; the first checkpoint's is 0.
    pub generation: u64,
    /// The checkpoint.
    #[fcp(strong)]
    pub checkpoint: ObjectId,
    /// Its sequence.
    pub checkpoint_seq: u64,
    /// The policy that it pins.
    #[fcp(strong)]
    pub policy: ObjectId,
    #[fcp(signature)]
    signature: Signature,
}

impl ZoneAnchor {
    /// A draft for the owner to sign, which names `checkpoint` by its `id`.
    #[must_use]
    pub fn draft(provenance: Provenance, generation: u64, id: ObjectId, checkpoint: &ZoneCheckpoint) -> Self {
        let policy = checkpoint.zone_policy_head;
        let header = ObjectHeader::for_type::<Self>(provenance).with_refs([id, policy].into());
        Self {
            zone_id: header.zone_id.clone(),
            header,
            generation,
            checkpoint: id,
            checkpoint_seq: checkpoint.checkpoint_seq,
            policy,
            signature: Signature::ABSENT,
        }
    }

    /// Whether the anchor names this checkpoint, and says the same about it; generation 0 goes with the first (D201).
    #[must_use]
    pub fn names(&self, id: &ObjectId, checkpoint: &ZoneCheckpoint) -> bool {
        self.checkpoint == *id
            && self.zone_id == checkpoint.zone_id
            && self.checkpoint_seq == checkpoint.checkpoint_seq
            && self.policy == checkpoint.zone_policy_head
            && (self.generation > 0 || checkpoint.checkpoint_seq == 1)
    }
}
