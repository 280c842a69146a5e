//! Catching up over changes of the policy (D201).

use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::ObjectId;
use fcp_core::sign::{QuorumSigned as _, Unverified};

use super::continuity::Break;
use super::state::Accepted;
use super::{Signers, View, Wanted, ZoneCheckpoint, held, quorum};

/// How many policy steps are followed at most.
const MAX_STEPS: usize = 1024;

/// The signers that validate `checkpoint`, which lies more than one beyond `accepted`, and the policy that they are of.
///
/// Its policy steps behind the accepted checkpoint are validated in order, each by the policy before it.
pub(super) fn validators(
    view: &View<'_>,
    accepted: &Accepted,
    checkpoint: &ZoneCheckpoint,
) -> Result<(Signers, ObjectId), Break> {
    let mut steps: Vec<Unverified<ZoneCheckpoint>> = Vec::new();
    let mut cited = checkpoint.tail_refs().last().copied();
    let mut below = checkpoint.checkpoint_seq;
    while let Some(id) = cited.filter(|id| *id != accepted.id() && *id != accepted.policy_step()) {
        let Some(step) = held::open::<ZoneCheckpoint>(view.held, &id) else {
            return Err(Break::Wait([Wanted::Signed(id)].into()));
        };
        let own = step.claimed();
        if own.zone_id != checkpoint.zone_id || own.checkpoint_seq >= below || steps.len() >= MAX_STEPS {
            return Err(Break::Refuse(Reason::CheckpointNotDescended));
        }
        if own.checkpoint_seq <= accepted.seq() {
            break;
        }
        below = own.checkpoint_seq;
        cited = own.tail_refs().last().copied();
        steps.push(step);
    }
    let mut validators = accepted.signers().clone();
    let mut policy = accepted.checkpoint().zone_policy_head;
    for step in steps.iter().rev() {
        let own = step.claimed();
        let signatures = view.held.signatures(&step.id());
        let at = own.header.created_at;
        let preimage = own.quorum_preimage();
        let tally = quorum::tally(&preimage, &signatures, &view.keys, at, |node| validators.contains(node));
        if tally.count() < validators.quorum() {
            // Too few are as good as none: somebody may have the others.
            return Err(Break::Wait([Wanted::Signed(step.id())].into()));
        }
        policy = own.zone_policy_head;
        let Some(held) = view.held.policy(&policy) else {
            return Err(Break::Wait([Wanted::Object(policy)].into()));
        };
        validators = Signers::of(&held).map_err(Break::Refuse)?;
    }
    Ok((validators, policy))
}

/// The policy step that the successor of an anchored checkpoint cites: itself, unless its policy is that of the step
/// that it cites.
pub(super) fn step_of_anchored(view: &View<'_>, id: ObjectId, checkpoint: &ZoneCheckpoint) -> Result<ObjectId, Wanted> {
    let Some(cited) = checkpoint.tail_refs().last() else { return Ok(id) };
    let step = held::open::<ZoneCheckpoint>(view.held, cited).ok_or(Wanted::Object(*cited))?;
    let same = step.claimed().zone_policy_head == checkpoint.zone_policy_head;
    Ok(if same { *cited } else { id })
}
