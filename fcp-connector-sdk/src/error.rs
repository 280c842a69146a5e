//! What a connector answers when it cannot do what it was asked (§24.2).

use std::fmt;

use fcp_core::error::{ErrorCode, FcpError, Reason};

use crate::effect::EffectResult;

/// The error of an operation: an [`FcpError`] that travels to the caller.
///
/// ```
/// use fcp_connector_sdk::Error;
/// use fcp_core::error::Reason;
///
/// let error = Error::new(Reason::ExecutionFileNotFound, "no notebook of that name")
///     .with_hint("list the notebooks first");
/// assert_eq!(error.to_string(), "FCP-6004: no notebook of that name");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<FcpError>);

impl Error {
    /// An error for a reason of the registry, with a message of its own. A message never carries a secret.
    #[must_use]
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self(Box::new(FcpError { message: message.into(), ..FcpError::from(reason) }))
    }

    /// An error of the connector's own making (`execution.connector_failed`).
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Reason::ExecutionConnectorFailed, message)
    }

    /// An input that the schema allows and the operation does not (`execution.bad_input`).
    #[must_use]
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(Reason::ExecutionBadInput, message)
    }

    /// An error of the code table without a reason of the registry.
    #[must_use]
    pub fn of_code(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(FcpError::new(code, message)))
    }

    /// The same error with another hint to an agent.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.ai_recovery_hint = Some(hint.into());
        self
    }

    /// The same error, which may go away by itself.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.0.retryable = true;
        self
    }

    /// The same error, to be tried again after `milliseconds`.
    #[must_use]
    pub fn retry_after(self, milliseconds: u64) -> Self {
        Self(Box::new(self.0.retry_after(milliseconds)))
    }

    /// What is the matter, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The reason code, if it has one of the registry.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.0.reason()
    }

    /// The error as it travels.
    #[must_use]
    pub const fn as_fcp(&self) -> &FcpError {
        &self.0
    }

    /// The error as it travels.
    #[must_use]
    pub fn into_fcp(self) -> FcpError {
        *self.0
    }

    pub(crate) fn mismatch(got: &EffectResult) -> Self {
        Self::new(Reason::ExecutionEffectMismatch, format!("the host answered with `{}` of another form", got.name()))
    }

    pub(crate) fn bad_state(error: Self) -> Self {
        Self::new(Reason::ExecutionBadState, error.0.message)
    }
}

impl From<Reason> for Error {
    fn from(reason: Reason) -> Self {
        Self(Box::new(FcpError::from(reason)))
    }
}

impl From<FcpError> for Error {
    fn from(error: FcpError) -> Self {
        Self(Box::new(error))
    }
}

impl From<Error> for FcpError {
    fn from(error: Error) -> Self {
        error.into_fcp()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}
