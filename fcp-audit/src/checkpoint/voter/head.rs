//! Signing heads (D32, D186).

use fcp_core::error::Reason;
use fcp_core::id::EpochId;
use fcp_core::object::StoredObject;
use fcp_core::sign::{NodeSigningKey, SignatureSet};
use fcp_core::time::{TimePolicy, Timestamp};

use super::{Ballot, Lock, Votes, nested, refuse, revocations_missing, tip_of};
use crate::chain::{self, Walk};
use crate::checkpoint::held::link;
use crate::checkpoint::message::MAX_SIGNED;
use crate::checkpoint::overlay::Overlay;
use crate::checkpoint::{ChainKind, CheckpointState, HeadProposal, SignedHead, View, Wanted, quorum};

/// A proposed head as it was received, read.
pub(in crate::checkpoint) struct ProposedHead {
    pub(in crate::checkpoint) stored: StoredObject,
    pub(in crate::checkpoint) kind: ChainKind,
}

impl ProposedHead {
    /// Reads a proposal and lays its events on top of what is held, verified.
    pub(in crate::checkpoint) fn read(
        message: &HeadProposal,
        overlay: &mut Overlay<'_>,
        state: &CheckpointState,
        view: &View<'_>,
    ) -> Result<Self, Reason> {
        let stored = overlay.read(&message.head)?;
        let kind = Overlay::kind_of(&stored).ok_or(Reason::ObjectSchemaMismatch)?;
        let signers = state.accepted().ok_or(Reason::CheckpointNoAnchor)?.signers();
        for event in &message.events {
            overlay.read_event(event, &view.keys, |node| signers.contains(node))?;
        }
        Ok(Self { stored, kind })
    }
}

impl Votes {
    /// Considers a proposed head: signs what extends the agreed chain and lies on one chain with whatever head of that
    /// chain this node signed before. So two heads that contradict each other never both get a quorum (D186).
    pub(in crate::checkpoint) fn consider_head(
        &mut self,
        head: &ProposedHead,
        state: &CheckpointState,
        view: &View<'_>,
        key: &NodeSigningKey,
        now: Timestamp,
    ) -> Ballot {
        let (id, kind) = (head.stored.id(), head.kind);
        let Some(accepted) = state.accepted() else { return refuse(Reason::CheckpointNoAnchor, [id]) };
        if let Some(reason) = self.ineligible(state, accepted) {
            return refuse(reason, [id]);
        }
        let header = head.stored.header();
        if head.stored.canonical_bytes().len() > MAX_SIGNED {
            return refuse(Reason::CheckpointTooLarge, [id]);
        }
        if header.zone_id != *state.zone() {
            return refuse(Reason::CheckpointWrongZone, [id]);
        }
        let (Some(tip), Some(preimage)) = (tip_of(&head.stored, kind), quorum::preimage_of(&head.stored)) else {
            return refuse(Reason::CheckpointBadHeads, [id]);
        };
        let skew = TimePolicy::DEFAULT_SKEW_SECS;
        let (early, late) = (now.saturating_sub(skew), now.saturating_add(skew));
        if header.created_at < early || header.created_at > late {
            return refuse(Reason::CheckpointClockSkew, [id]);
        }
        if epoch_of(&head.stored, kind) != Some(EpochId::of(header.created_at)) {
            return refuse(Reason::CheckpointBadEpoch, [id]);
        }
        let agreed = match kind {
            ChainKind::Audit => accepted.audit(),
            ChainKind::Revocation => accepted.revocation(),
        };
        match chain::walk(Some(tip), agreed, link(view.held, kind), |_| ()) {
            Walk::Contains => {}
            Walk::Diverges => return refuse(Reason::CheckpointNotDescended, [id]),
            Walk::Missing(tip) => {
                let after = agreed.map_or(0, |agreed| agreed.seq);
                return Ballot::Wait([Wanted::Events { chain: kind, tip, after }].into());
            }
        }
        if kind == ChainKind::Revocation {
            let wanted = revocations_missing(Some(tip), agreed, link(view.held, kind), view);
            if !wanted.is_empty() {
                return Ballot::Wait(wanted);
            }
        }
        let locked = self.lock(kind).map(|lock| lock.tip);
        if let Some(locked) = locked {
            match nested(tip, locked, kind, view) {
                Ok(true) => {}
                Ok(false) => return refuse(Reason::CheckpointAlreadyVoted, [id]),
                Err(missing) => {
                    let after = agreed.map_or(0, |agreed| agreed.seq);
                    return Ballot::Wait([Wanted::Events { chain: kind, tip: missing, after }].into());
                }
            }
        }
        let signature = quorum::sign(&preimage, &self.node, key);
        if locked.is_some_and(|locked| locked.seq >= tip.seq) {
            return Ballot::Again(signature);
        }
        let mut signatures = SignatureSet::new();
        signatures.insert(signature.clone());
        let signed = SignedHead { head: head.stored.canonical_bytes().to_vec(), signatures };
        *self.lock_mut(kind) = Some(Lock { tip, signed });
        Ballot::Cast(signature)
    }
}

fn epoch_of(stored: &StoredObject, kind: ChainKind) -> Option<EpochId> {
    match kind {
        ChainKind::Audit => stored.open::<crate::head::AuditHead>().ok().map(|head| head.claimed().epoch_id),
        ChainKind::Revocation => stored.open::<crate::head::RevocationHead>().ok().map(|head| head.claimed().epoch_id),
    }
}
