//! One call of an operation, and how it can fail.

use std::time::Duration;

use fcp_caps::execution::Running;
use fcp_connector_sdk::host::HostError;
use fcp_core::cbor::Value;
use fcp_core::error::{FcpError, Reason};
use fcp_core::id::OperationId;
use fcp_core::time::Millis;

/// A call of an operation. That it may happen was decided before: [`Call::of`] takes the proof.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub(super) operation: OperationId,
    pub(super) input: Value,
    pub(super) idempotency_key: Option<String>,
    pub(super) limit: Option<Duration>,
}

impl Call {
    /// The call that was authorized and whose intent is stored. It ends before its lease (D170) and its deadline do.
    #[must_use]
    pub fn of(running: &Running, now: Millis) -> Self {
        let request = running.authorized().invoke().request();
        Self {
            operation: request.operation.clone(),
            input: request.input.clone(),
            idempotency_key: request.idempotency_key.as_ref().map(|key| key.as_str().to_owned()),
            limit: time_left(running.timeout_secs(now.timestamp()), request.deadline_ms, now),
        }
    }

    /// A call that nobody authorized: for the operator of the device, and for tests.
    #[must_use]
    pub const fn new(operation: OperationId, input: Value) -> Self {
        Self { operation, input, idempotency_key: None, limit: None }
    }

    /// The same call under a key by which it happens only once.
    #[must_use]
    pub fn with_idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// The same call with no more time than this, the time until it begins included. It never has more than the
    /// connector's manifest allows.
    #[must_use]
    pub const fn within(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// The shorter of what is left of the lease, in seconds, and the time until the deadline, in milliseconds since the Unix
/// epoch.
fn time_left(lease: Option<u64>, deadline: Option<u64>, now: Millis) -> Option<Duration> {
    let deadline = deadline.map(|deadline| Duration::from_millis(Millis::from_millis(deadline).since(now)));
    lease.map(Duration::from_secs).into_iter().chain(deadline).min()
}

/// A call that has no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct CallFailure {
    /// Why.
    pub error: CallError,
    /// Whether something was changed in the course of the call, or may have been. Every effect goes through the node, so
    /// if this is false nothing happened, and the call can be made again.
    pub changed: bool,
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The manifest has no operation of that name.
    #[error("the connector has no operation `{0}`")]
    UnknownOperation(OperationId),
    /// The input does not fit the operation's schema.
    #[error("the input does not fit: {0}")]
    BadInput(String),
    /// The operation needs an idempotency key (D144).
    #[error("the operation needs an idempotency key")]
    KeyRequired,
    /// As many calls wait as may.
    #[error("the connector is busy")]
    Busy,
    /// The supervisor was stopped.
    #[error("the connector was stopped")]
    Stopped,
    /// The process did not start.
    #[error(transparent)]
    NotStarted(#[from] StartError),
    /// The connector refused.
    #[error("{0}")]
    Refused(Box<FcpError>),
    /// The process ended before the call did.
    #[error("the connector's process ended: {status}")]
    Interrupted {
        /// How it ended, in the system's words.
        status: String,
    },
    /// The call took longer than it may. Its process was ended.
    #[error("the call took too long")]
    TimedOut,
    /// The process does not keep to the protocol. It was ended.
    #[error("the connector's process misbehaves: {0}")]
    Protocol(HostError),
    /// The result does not fit the operation's schema.
    #[error("the result does not fit: {0}")]
    BadOutput(String),
}

impl CallFailure {
    /// A failure before anything happened.
    pub(super) fn early(error: impl Into<CallError>) -> Self {
        Self { error: error.into(), changed: false }
    }

    /// The error that the caller gets to see (§24.2).
    #[must_use]
    pub fn to_fcp(&self) -> FcpError {
        match &self.error {
            CallError::Refused(error) => (**error).clone(),
            error => {
                let mut told = FcpError { message: error.to_string(), ..FcpError::from(error.reason()) };
                // A process that ended is started again.
                told.retryable |= !self.changed && matches!(error, CallError::Interrupted { .. });
                told
            }
        }
    }
}

impl CallError {
    /// The stable reason code (D189).
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::UnknownOperation(_) => Reason::ExecutionUnknownOperation,
            Self::BadInput(_) => Reason::ExecutionBadInput,
            Self::KeyRequired => Reason::IdempotencyKeyRequired,
            Self::Busy => Reason::ExecutionBusy,
            Self::Stopped => Reason::ExecutionNotReady,
            Self::NotStarted(error) => error.reason(),
            Self::Refused(error) => error.reason().unwrap_or(Reason::ExecutionConnectorFailed),
            Self::Interrupted { .. } => Reason::ExecutionInterrupted,
            Self::TimedOut => Reason::ExecutionTimedOut,
            Self::Protocol(error) => error.reason(),
            Self::BadOutput(_) => Reason::ExecutionBadOutput,
        }
    }
}

/// Why a connector's process is not there.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StartError {
    /// The manifest is faulty.
    #[error("the connector's manifest is faulty:\n{0}")]
    Manifest(String),
    /// The granted directory cannot be opened.
    #[error("cannot open the granted directory: {0}")]
    Directory(String),
    /// The executable cannot be read or run.
    #[error("cannot run the connector: {0}")]
    Program(String),
    /// The executable is another build than the one that was installed.
    #[error("the connector's executable was replaced: start the node anew")]
    Replaced,
    /// The process ended at once.
    #[error("the connector's process ended at once: {status}")]
    Ended {
        /// How, in the system's words.
        status: String,
    },
    /// It is not ready in time.
    #[error("the connector is not ready in time")]
    TimedOut,
    /// It does not keep to the protocol, or is another connector.
    #[error("the connector's process misbehaves: {0}")]
    Protocol(HostError),
    /// It says other things about its operations than its manifest.
    #[error("the connector's operations are not those of its manifest")]
    OtherOperations,
    /// It refuses to be bound or configured.
    #[error("the connector refuses: {0}")]
    Refused(Box<FcpError>),
}

impl StartError {
    /// The stable reason code (D189).
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Protocol(error) => error.reason(),
            Self::OtherOperations => Reason::ManifestUndeclaredOperation,
            Self::Refused(error) => error.reason().unwrap_or(Reason::ExecutionNotStarted),
            Self::Manifest(_)
            | Self::Directory(_)
            | Self::Program(_)
            | Self::Replaced
            | Self::Ended { .. }
            | Self::TimedOut => Reason::ExecutionNotStarted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CallError, CallFailure, time_left};
    use fcp_core::error::Reason;
    use fcp_core::time::Millis;
    use std::time::Duration;

    #[test]
    fn a_call_ends_before_its_lease_and_its_deadline() {
        let now = Millis::from_millis(1_000_000);
        assert_eq!(time_left(None, None, now), None);
        assert_eq!(time_left(Some(5), None, now), Some(Duration::from_secs(5)));
        assert_eq!(time_left(Some(5), Some(1_000_250), now), Some(Duration::from_millis(250)));
        assert_eq!(time_left(Some(5), Some(1_009_000), now), Some(Duration::from_secs(5)));
        assert_eq!(time_left(None, Some(999_999), now), Some(Duration::ZERO));
    }

    #[test]
    fn only_what_changed_nothing_can_be_asked_for_again() {
        let told = |changed| {
            let error = CallError::Interrupted { status: "signal: 9 (SIGKILL)".to_owned() };
            CallFailure { error, changed }.to_fcp()
        };
        assert!(told(false).retryable && !told(true).retryable);
        assert_eq!(told(true).reason(), Some(Reason::ExecutionInterrupted));
        assert!(told(true).message.contains("SIGKILL"));
    }
}
