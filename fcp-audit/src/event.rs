//! What happened (§23.4): one signed event, before and after it has its place in the zone's chain.
//!
//! The node that executed something signs the event without knowing its place. It submits the event to the zone's
//! signers; whoever coordinates fills in `seq` and `prev`, which the signature leaves open and the event's id and the
//! quorum of the [`AuditHead`](crate::head::AuditHead) cover (D185).
//!
//! The event does not name the node that signed it. A submission does ([`AuditSubmission`]); a reader of the chain
//! finds the node by trying the keys that were attested when the event occurred, of which exactly one verifies.

mod object;
mod submission;
mod trace;
pub mod types;

pub use object::{AuditEvent, EventDetails, SequencedEvent, UnknownExecutor};
pub use submission::{AuditSubmission, SignedEvent, SubmissionError};
pub use trace::TraceContext;
