//! Errors (§24): reason codes, the code table and the wire error.

mod reason;

pub use reason::{Reason, UnknownReason};
