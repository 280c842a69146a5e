//! One event.

use alloc::string::String;

use fcp_core::cbor::{Decode, Encode, Value};
use fcp_core::error::Reason;
use fcp_core::time::Timestamp;

/// The longest topic and the longest cursor, in bytes (D147, D228).
pub const MAX_TEXT: usize = 256;

/// An event with its place in its topic (§9.6).
///
/// ```cddl
/// event-envelope = { topic: tstr .size (0..256), timestamp: uint, seq: uint, cursor: tstr .size (0..256),
///   requires_ack: bool, data: any }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = EventEnvelope::check)]
pub struct EventEnvelope {
    /// What it is about: a topic of the connector's manifest.
    pub topic: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// Its place in the topic, from 0 (D147).
    pub seq: u64,
    /// Where the source resumes behind this event: opaque (D147).
    pub cursor: String,
    /// Whether readers must acknowledge it.
    pub requires_ack: bool,
    /// What happened.
    pub data: Value,
}

impl EventEnvelope {
    /// What it is known by: topic and place.
    #[must_use]
    pub fn key(&self) -> (&str, u64) {
        (&self.topic, self.seq)
    }

    pub(super) fn check(&self) -> Result<(), Reason> {
        let fits = self.topic.len() <= MAX_TEXT && self.cursor.len() <= MAX_TEXT;
        if fits { Ok(()) } else { Err(Reason::CborOutOfRange) }
    }
}
