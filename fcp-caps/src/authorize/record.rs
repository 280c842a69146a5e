//! Decisions as receipts (§23.4, D190).

use fcp_audit::decision::DecisionReceipt;
use fcp_core::decision::Decision;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::Provenance;
use fcp_core::time::Timestamp;
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::zone::Levels;

use super::{Authorized, View};

/// The receipt of a decision about the request of this id, for this node to sign.
///
/// It goes into the request's zone. [`DecisionReceipt::required_for`] says for which tiers it must be emitted.
#[must_use]
pub fn draft_receipt<T>(
    view: &impl View,
    zone: &ZoneId,
    request: ObjectId,
    decision: &Decision<Authorized<T>>,
    now: Timestamp,
) -> DecisionReceipt {
    let Levels { integrity, confidentiality } = view.heads(zone).map_or(Levels::UNKNOWN, PinnedHeads::levels);
    let provenance = Provenance::of_zone(zone.clone(), integrity, confidentiality, now);
    let node = view.node().clone();
    match decision {
        Decision::Allow(authorized) => {
            DecisionReceipt::allow(provenance, request, authorized.evidence().iter().copied(), node)
        }
        Decision::Deny(denial) => {
            DecisionReceipt::deny(provenance, request, denial, node).with_message(denial.reason.meaning())
        }
    }
}
