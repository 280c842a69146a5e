//! Whether an approval is meant for this call (§5.2.1, D83, D85–D88, D130).
//!
//! That an approval is signed, by somebody who may approve and in time, makes it a `Verified<ApprovalToken>`. Here it
//! is held against one request: the very request, the very input, the very provenance. An approval that is bound to
//! less than its use demands binds nothing.

mod input;
mod scope;

pub use input::check_input;
pub use scope::{Call, check_declassification, check_elevation, check_execution};
