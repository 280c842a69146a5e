//! When a chain has two ends (D185, D186).

use fcp_core::sign::Verified;

use super::{EventLink, Tip};
use crate::head::AuditHead;

/// Whether two events claim the same place in the same chain (D185).
#[must_use]
pub fn is_sibling(left: &EventLink, right: &EventLink) -> bool {
    left.seq() == right.seq() && left.id() != right.id()
}

/// Whether two heads with a quorum contradict each other (D186): equal sequences with different events, or neither
/// chain contains the other. Several heads of one epoch are normal progress.
///
/// `contains` says whether the chain that ends in the first tip contains the second, and nothing if it cannot tell yet.
///
/// Returns nothing if that depends on events that are not held.
pub fn audit_heads_fork(
    left: &Verified<AuditHead>,
    right: &Verified<AuditHead>,
    contains: impl FnOnce(Tip, Tip) -> Option<bool>,
) -> Option<bool> {
    let (longer, shorter) =
        if left.head_seq >= right.head_seq { (left.tip(), right.tip()) } else { (right.tip(), left.tip()) };
    if longer.seq == shorter.seq {
        return Some(longer.event != shorter.event);
    }
    contains(longer, shorter).map(|contained| !contained)
}
