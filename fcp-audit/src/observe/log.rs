//! Structured log records (§23.2).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use fcp_core::error::Reason;
use fcp_core::id::{ConnectorId, Jti, NodeId, ObjectId, ZoneId};
use fcp_core::time::Timestamp;

/// What must be logged (§23.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogEvent {
    /// Somebody is not who they say.
    AuthenticationFailure,
    /// An operation was denied.
    CapabilityDenial,
    /// An egress request was denied.
    EgressDenial,
    /// A datagram's MAC did not verify.
    MacFailure,
    /// A symbol or frame did not authenticate.
    AeadFailure,
    /// A frame was dropped as a replay.
    ReplayDrop,
    /// A checkpoint was refused.
    CheckpointFailure,
    /// Diagnostic mode is on, which is itself logged.
    DiagnosticMode,
}

impl LogEvent {
    /// The event's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthenticationFailure => "authentication_failure",
            Self::CapabilityDenial => "capability_denial",
            Self::EgressDenial => "egress_denial",
            Self::MacFailure => "mac_failure",
            Self::AeadFailure => "aead_failure",
            Self::ReplayDrop => "replay_drop",
            Self::CheckpointFailure => "checkpoint_failure",
            Self::DiagnosticMode => "diagnostic_mode",
        }
    }
}

/// Whether more than identifiers is recorded (§23.2): off, unless an operator turned it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Diagnostics {
    /// Identifiers and reason codes only.
    #[default]
    Off,
    /// Context too, still redacted.
    On,
}

/// One line of a structured log (§23.2).
///
/// Its fields are identifiers and reason codes. There is none for a payload or a key; what context diagnostic mode adds
/// is redacted by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: LogEvent,
    /// Why.
    pub reason: Option<Reason>,
    /// The zone.
    pub zone_id: Option<ZoneId>,
    /// The peer.
    pub node_id: Option<NodeId>,
    /// The accepted checkpoint's sequence.
    pub checkpoint_seq: Option<u64>,
    /// The object that it is about.
    pub object_id: Option<ObjectId>,
    /// The token that was used.
    pub jti: Option<Jti>,
    /// The request that it belongs to.
    pub correlation_id: Option<[u8; 16]>,
    /// The connector.
    pub connector_id: Option<ConnectorId>,
    context: Vec<(&'static str, String)>,
}

/// What stands in the place of something that must not be logged.
const REDACTED: &str = "[redacted]";

/// Parts of names whose values are never logged.
const SENSITIVE: [&str; 12] =
    ["auth", "body", "cookie", "credential", "header", "input", "key", "pass", "payload", "result", "secret", "token"];

impl LogRecord {
    /// A record of `event` without any identifier.
    #[must_use]
    pub const fn new(event: LogEvent, at: Timestamp) -> Self {
        Self {
            at,
            event,
            reason: None,
            zone_id: None,
            node_id: None,
            checkpoint_seq: None,
            object_id: None,
            jti: None,
            correlation_id: None,
            connector_id: None,
            context: Vec::new(),
        }
    }

    /// The same record with this reason.
    #[must_use]
    pub const fn because(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// The same record with more context, if diagnostic mode is on. Whatever is named after something secret, or after
    /// what a request carries, is redacted.
    #[must_use]
    pub fn with_context(mut self, mode: Diagnostics, name: &'static str, value: impl fmt::Display) -> Self {
        if mode == Diagnostics::On {
            let lower = name.to_ascii_lowercase();
            let sensitive = SENSITIVE.iter().any(|part| lower.contains(part));
            self.context.push((name, if sensitive { REDACTED.into() } else { alloc::format!("{value}") }));
        }
        self
    }

    /// The record as one JSON object, on one line.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write_json(&self, out: &mut impl fmt::Write) -> fmt::Result {
        write!(out, "{{\"at\":{},\"event\":\"{}\"", self.at, self.event.name())?;
        if let Some(seq) = self.checkpoint_seq {
            write!(out, ",\"checkpoint_seq\":{seq}")?;
        }
        let mut field = |name: &str, value: Option<&dyn fmt::Display>| match value {
            None => Ok(()),
            Some(value) => {
                string(out.write_char(',').map(|()| &mut *out)?, name)?;
                out.write_char(':')?;
                string(out, &alloc::format!("{value}"))
            }
        };
        let correlation = self.correlation_id.map(Jti::from_bytes);
        field("reason", self.reason.as_ref().map(|value| value as _))?;
        field("zone_id", self.zone_id.as_ref().map(|value| value as _))?;
        field("node_id", self.node_id.as_ref().map(|value| value as _))?;
        field("object_id", self.object_id.as_ref().map(|value| value as _))?;
        field("jti", self.jti.as_ref().map(|value| value as _))?;
        field("correlation_id", correlation.as_ref().map(|value| value as _))?;
        field("connector_id", self.connector_id.as_ref().map(|value| value as _))?;
        for (name, value) in &self.context {
            field(name, Some(value))?;
        }
        out.write_char('}')
    }
}

/// A JSON string.
fn string(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(out, "\\{character}")?,
            control if control < ' ' => write!(out, "\\u{:04x}", u32::from(control))?,
            other => out.write_char(other)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use fcp_core::error::Reason;
    use fcp_core::id::ZoneId;
    use fcp_core::time::Timestamp;

    use super::{Diagnostics, LogEvent, LogRecord};

    fn line(record: &LogRecord) -> String {
        let mut out = String::new();
        record.write_json(&mut out).unwrap();
        out
    }

    #[test]
    fn records_are_one_json_object() {
        let mut record = LogRecord::new(LogEvent::CheckpointFailure, Timestamp::from_secs(12))
            .because(Reason::CheckpointRollback)
            .with_context(Diagnostics::Off, "peer", "left out");
        record.zone_id = Some(ZoneId::private());
        record.checkpoint_seq = Some(7);
        record.correlation_id = Some([0xab; 16]);
        assert_eq!(
            line(&record),
            "{\"at\":12,\"event\":\"checkpoint_failure\",\"checkpoint_seq\":7,\"reason\":\"checkpoint.rollback\",\
             \"zone_id\":\"z:private\",\"correlation_id\":\"abababababababababababababababab\"}"
        );
    }

    #[test]
    fn diagnostic_mode_redacts_by_name_and_escapes() {
        let record = LogRecord::new(LogEvent::AuthenticationFailure, Timestamp::from_secs(0))
            .with_context(Diagnostics::On, "session_key", "5ec2e7")
            .with_context(Diagnostics::On, "Authorization", "Bearer x")
            .with_context(Diagnostics::On, "step", "say \"hi\"\n\\");
        let line = line(&record);
        assert!(!line.contains("5ec2e7") && !line.contains("Bearer"), "{line}");
        assert!(line.ends_with("\"step\":\"say \\\"hi\\\"\\u000a\\\\\"}"), "{line}");
    }
}
