//! What a connector tells without being asked.

use fcp_core::cbor::{Decode, Encode, Value};
use fcp_core::error::Reason;

/// The longest cursor, in bytes (D147).
const MAX_CURSOR: usize = 256;

/// An event as a connector emits it (§9.6); the host adds time and number.
///
/// ```cddl
/// event = { topic: tstr, data: any, requires_ack: bool, ? cursor: tstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = Event::check)]
pub struct Event {
    /// A topic of the manifest.
    pub topic: String,
    /// What happened, of the topic's schema.
    pub data: Value,
    /// Whether readers must acknowledge it.
    pub requires_ack: bool,
    /// Where the source resumes behind this event: opaque, at most 256 bytes (D147).
    pub cursor: Option<String>,
}

impl Event {
    fn check(&self) -> Result<(), Reason> {
        match &self.cursor {
            Some(cursor) if cursor.len() > MAX_CURSOR => Err(Reason::CborOutOfRange),
            _ => Ok(()),
        }
    }
}

/// How much a log line matters, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum LogLevel {
    /// For whoever is looking for a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}
