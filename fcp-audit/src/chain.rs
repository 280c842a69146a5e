//! Hash-linked chains (§14.3, §23.4): how events are put in order, and how the order is checked.
//!
//! Both chains of a zone, of audit events and of revocation events, begin with sequence 1 and no previous event; from
//! then on each event names the one before it. So one head event stands for everything before it.

mod fork;
mod link;
mod sequencer;
mod verify;

pub use fork::{audit_heads_fork, is_sibling};
pub use link::{EventLink, Subject, Tip, Walk, walk};
pub use sequencer::{Room, Sequencer, Submitted};
pub use verify::{AuditVerifier, ChainFault};

#[cfg(test)]
mod tests;
