//! Errors (§24): reason codes, the code table and the wire error.
//!
//! Inside of these crates a refusal is an error enum of its operation, whose `reason()` names a line of the one
//! [`Reason`] table. What leaves a node is an [`FcpError`] with one of the [`ERROR_CODES`].

mod code;
mod reason;
mod registry;
mod wire;

pub use code::{BadErrorCode, ERROR_CODES, ErrorCode, ErrorEntry, ErrorRange};
pub use reason::{Reason, UnknownReason};
pub use registry::{error_codes_json, reason_codes_json};
pub use wire::FcpError;
