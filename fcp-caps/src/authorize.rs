//! The whole decision about an invoke (§8.1, D131), in one order, with its reasons.
//!
//! [`authorize`] walks through the checks: canonical form, token, revocation and freshness, holder's proof, grants, zone
//! policy, tier and taint, confidentiality, approvals, idempotency key. It reads a [`View`] of verified state and
//! nothing else. What comes out is an [`Authorized`] request with the ids of everything that made it so, or a denial
//! with the reason of the first check that failed; [`draft_receipt`] makes a decision receipt of either.
//!
//! Between the decision and the effect time passes. [`reauthorize`] repeats what may have changed, immediately before
//! the intent is written; [`Execution`](crate::execution::Execution) does not go on without it.

mod approvals;
mod authorized;
mod decide;
mod flow;
mod holder;
mod record;
mod view;

pub use authorized::{Authorized, Confirmed, UsedApproval};
pub use decide::{MAX_APPROVALS, MAX_INPUTS, authorize, reauthorize};
pub use record::draft_receipt;
pub use view::{Budget, OperationRule, Reach, View};
