//! What a capability is (§7.2): the definition that people, agents and policies read.
//!
//! A definition grants nothing. It says how dangerous the capability is, what it implies when a token is minted, and
//! with which others it may not stand in one token (D123).

mod approval_mode;
mod definition;
mod rate_limit;

pub use approval_mode::{ApprovalMode, AuditLevel, IdempotencyClass};
pub use definition::{AgentHint, Capability, expand_implied, find_conflict};
pub use rate_limit::{RateLimit, RateLimitError};
