//! The checkpoint as an object.

use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{EpochId, ObjectId, ZoneId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance, StrongRef as _};
use fcp_core::sign::InlineSignatures;

/// What holds in a zone, signed by a quorum of its checkpoint signers (§3.8).
///
/// ```text
/// zone-checkpoint = { header, zone_id: tstr, ? prev_checkpoint: bstr .size 32, rev_head: bstr .size 32, rev_seq: uint,
///   audit_head: bstr .size 32, audit_seq: uint, zone_definition_head: bstr .size 32, zone_policy_head: bstr .size 32,
///   active_zone_key_manifest: bstr .size 32, checkpoint_seq: uint, as_of_epoch: uint, quorum_signatures: [] }
/// ```
///
/// A value of this type is consistent in itself: the first checkpoint has sequence 1 and none before it, a head is all
/// zero exactly when its sequence is 0 (D34), and the epoch is that of the header's time (D32).
///
/// Its refs are the definition, the policy, the manifest, the two heads as far as there are any, the proposals of
/// sequences that were skipped as void (D172, D213), and at the end the last policy step before it (D201): every
/// checkpoint but the first has one.
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:ZoneCheckpoint@2.0.0", check = consistent, refs = accepts_refs)]
pub struct ZoneCheckpoint {
    /// The header.
    pub header: ObjectHeader,
    /// The zone.
    pub zone_id: ZoneId,
    /// The checkpoint before this one.
    pub prev_checkpoint: Option<ObjectId>,
    /// The [`RevocationHead`](crate::head::RevocationHead), or zero.
    pub rev_head: ObjectId,
    /// How many revocation events there are.
    pub rev_seq: u64,
    /// The [`AuditHead`](crate::head::AuditHead), or zero.
    pub audit_head: ObjectId,
    /// How many audit events there are.
    pub audit_seq: u64,
    /// The zone's definition.
    pub zone_definition_head: ObjectId,
    /// The zone's policy.
    pub zone_policy_head: ObjectId,
    /// The manifest whose keys seal.
    pub active_zone_key_manifest: ObjectId,
    /// The checkpoint's place, from 1.
    pub checkpoint_seq: u64,
    /// The epoch in which it was made.
    pub as_of_epoch: EpochId,
    /// Always empty: the signatures travel beside it (D14).
    #[fcp(quorum = "fcp.zonecheckpoint.v2")]
    pub quorum_signatures: InlineSignatures,
}

fn consistent(checkpoint: &ZoneCheckpoint) -> Result<(), Reason> {
    let first = checkpoint.checkpoint_seq == 1;
    if checkpoint.checkpoint_seq == 0 || first == checkpoint.prev_checkpoint.is_some() {
        return Err(Reason::CheckpointBadSequence);
    }
    let heads = [(checkpoint.rev_head, checkpoint.rev_seq), (checkpoint.audit_head, checkpoint.audit_seq)];
    if heads.iter().any(|(head, seq)| head.is_zero() != (*seq == 0)) {
        return Err(Reason::CheckpointBadHeads);
    }
    if checkpoint.as_of_epoch != EpochId::of(checkpoint.header.created_at) {
        return Err(Reason::CheckpointBadEpoch);
    }
    Ok(())
}

fn accepts_refs(checkpoint: &ZoneCheckpoint, refs: &[ObjectId]) -> bool {
    checkpoint.heads().tail(refs).is_some_and(|tail| tail.len() <= ZoneCheckpoint::MAX_VOID.saturating_add(1))
}

/// The heads that a checkpoint pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// The zone's definition.
    pub definition: ObjectId,
    /// The zone's policy.
    pub policy: ObjectId,
    /// The manifest whose keys seal.
    pub manifest: ObjectId,
    /// The revocation head, or zero, with its sequence.
    pub revocation: (ObjectId, u64),
    /// The audit head, or zero, with its sequence.
    pub audit: (ObjectId, u64),
}

impl Heads {
    fn tail<'r>(&self, refs: &'r [ObjectId]) -> Option<&'r [ObjectId]> {
        let mut rest = refs;
        let fields = [self.definition, self.policy, self.manifest, self.revocation.0, self.audit.0];
        fields.iter().all(|id| id.strip(&mut rest)).then_some(rest)
    }
}

impl ZoneCheckpoint {
    /// How many proposals of skipped sequences a checkpoint may cite, and so how many sequences it may skip (D172, D213).
    pub const MAX_VOID: usize = 16;

    /// A zone's first checkpoint, for an anchor to name (D201).
    #[must_use]
    pub fn first(provenance: Provenance, heads: Heads) -> Self {
        Self::draft(provenance, heads, None, 1, &[], None)
    }

    /// A checkpoint with these heads, for the quorum to sign. `void` are the proposals of skipped sequences, `step` is
    /// the last policy step before it.
    #[must_use]
    pub fn draft(
        provenance: Provenance,
        heads: Heads,
        prev: Option<ObjectId>,
        seq: u64,
        void: &[ObjectId],
        step: Option<ObjectId>,
    ) -> Self {
        let fields = [heads.definition, heads.policy, heads.manifest, heads.revocation.0, heads.audit.0];
        let refs: Vec<ObjectId> =
            fields.into_iter().filter(|id| !id.is_zero()).chain(void.iter().copied()).chain(step).collect();
        let header = ObjectHeader::for_type::<Self>(provenance).with_refs(refs);
        Self {
            zone_id: header.zone_id.clone(),
            prev_checkpoint: prev,
            rev_head: heads.revocation.0,
            rev_seq: heads.revocation.1,
            audit_head: heads.audit.0,
            audit_seq: heads.audit.1,
            zone_definition_head: heads.definition,
            zone_policy_head: heads.policy,
            active_zone_key_manifest: heads.manifest,
            checkpoint_seq: seq,
            as_of_epoch: EpochId::of(header.created_at),
            header,
            quorum_signatures: InlineSignatures,
        }
    }

    /// What it pins.
    #[must_use]
    pub const fn heads(&self) -> Heads {
        Heads {
            definition: self.zone_definition_head,
            policy: self.zone_policy_head,
            manifest: self.active_zone_key_manifest,
            revocation: (self.rev_head, self.rev_seq),
            audit: (self.audit_head, self.audit_seq),
        }
    }

    /// The refs behind the heads: the proposals of skipped sequences, then the last policy step, if there was one.
    #[must_use]
    pub fn tail_refs(&self) -> &[ObjectId] {
        self.heads().tail(&self.header.refs).unwrap_or_default()
    }
}
