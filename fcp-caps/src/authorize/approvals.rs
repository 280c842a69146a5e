//! The approvals that a request presents (§5.2.1, D84, D130, D165): all of them are tried.

use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::ObjectId;
use fcp_core::sign::Verified;
use fcp_core::time::Timestamp;
use fcp_zones::approval::ApprovalToken;
use fcp_zones::pinned::PinnedHeads;

use super::{UsedApproval, View};

/// Why no presented approval fits: the one that came furthest, if any was for this at all, and the reason.
pub(super) type NotApproved = (Option<ObjectId>, Reason);

/// The presented approvals, verified when one is first needed.
pub(super) struct Approvals<'a, V: ?Sized> {
    view: &'a V,
    heads: &'a PinnedHeads,
    ids: &'a [ObjectId],
    now: Timestamp,
    verified: Option<Vec<Result<Verified<ApprovalToken>, NotApproved>>>,
    used: Vec<UsedApproval>,
}

impl<'a, V: View + ?Sized> Approvals<'a, V> {
    pub(super) const fn new(view: &'a V, heads: &'a PinnedHeads, ids: &'a [ObjectId], now: Timestamp) -> Self {
        Self { view, heads, ids, now, verified: None, used: Vec::new() }
    }

    /// The first approval that `fits`, which says nothing of approvals of another scope.
    ///
    /// # Errors
    /// What is wrong with the presented approvals; `otherwise` if none is for this.
    pub(super) fn find(
        &mut self,
        otherwise: Reason,
        fits: impl Fn(&ApprovalToken) -> Option<Result<(), Reason>>,
    ) -> Result<ObjectId, NotApproved> {
        let (view, heads, ids, now) = (self.view, self.heads, self.ids, self.now);
        let verified = self.verified.get_or_insert_with(|| ids.iter().map(|id| verify(view, heads, id, now)).collect());
        let (mut unfit, mut invalid) = (None, None);
        for approval in verified.iter() {
            match approval {
                Ok(approval) => match fits(approval) {
                    Some(Ok(())) => {
                        self.used.push(UsedApproval { id: approval.id(), scope: approval.scope.kind() });
                        return Ok(approval.id());
                    }
                    Some(Err(reason)) => unfit = Some((Some(approval.id()), reason)),
                    None => {}
                },
                Err(denied) => invalid = Some(*denied),
            }
        }
        Err(unfit.or(invalid).unwrap_or((None, otherwise)))
    }

    /// The approvals that were needed, sorted, each once.
    pub(super) fn into_used(mut self) -> Vec<UsedApproval> {
        self.used.sort_unstable();
        self.used.dedup();
        self.used
    }
}

/// Checks one approval by itself: held, not revoked, signed by somebody who may, of this zone and in time.
pub(super) fn verify(
    view: &(impl View + ?Sized),
    heads: &PinnedHeads,
    id: &ObjectId,
    now: Timestamp,
) -> Result<Verified<ApprovalToken>, NotApproved> {
    let received = view.approval(id).filter(|approval| approval.id() == *id);
    let received = received.ok_or((Some(*id), Reason::ApprovalMissing))?;
    if view.revocations().revoked_by(id, heads.zone_id(), now).is_some() {
        return Err((Some(*id), Reason::RevocationApproval));
    }
    ApprovalToken::verify(received.clone(), heads, view.trust().owner(), now)
        .map_err(|error| (Some(*id), error.reason()))
}
