//! Approvals (§5.2.1, §6.3, D82–D84): somebody with the authority to do so says that one thing may happen.
//!
//! An [`ApprovalToken`] is data with three scopes. [`ApprovalToken::verify`] checks who signed it and when; whether it
//! fits a request is decided where the request is (D85–D88, D130).

mod input_hash;
mod scope;
mod token;

pub use input_hash::InputHash;
pub use scope::{ApprovalScope, ConstraintOp, Declassification, Elevation, Execution, InputConstraint};
pub use token::{ApprovalError, ApprovalTerms, ApprovalToken};
