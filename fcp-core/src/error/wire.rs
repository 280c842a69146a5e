//! The error that a peer gets to see (§24.2).

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::{ErrorCode, Reason};
use crate::cbor::{Decode, Encode, Value};

/// The answer to a request that was refused or failed (§24.2).
///
/// Made from a [`Reason`], it carries the symbolic name of its code in `details.reason` (D191), the reason's own code in
/// `details.reason_code`, and the reason's remedy as the hint to an agent.
///
/// ```
/// use fcp_core::error::{FcpError, Reason};
///
/// let error = FcpError::from(Reason::AttestationExpired);
/// assert_eq!(error.to_string(), "FCP-2007: the attestation has expired");
/// assert_eq!(error.symbol(), Some("FCP_ERR_ATTESTATION_EXPIRED"));
/// assert_eq!(error.reason(), Some(Reason::AttestationExpired));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Encode, Decode)]
#[error("{code}: {message}")]
pub struct FcpError {
    /// The code, whose thousand says what kind of error it is.
    pub code: ErrorCode,
    /// What is the matter, for people.
    pub message: String,
    /// Whether the same request may succeed later without being changed.
    pub retryable: bool,
    /// How long to wait before that, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// More, for programs.
    pub details: Option<Value>,
    /// What to do about it, for an agent.
    pub ai_recovery_hint: Option<String>,
}

/// The key of the symbolic name among the details (D191).
const SYMBOL_KEY: &str = "reason";

/// The key of the reason code among the details.
const REASON_KEY: &str = "reason_code";

impl FcpError {
    /// An error of `code` with a message of its own.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let entry = code.entry();
        Self {
            code,
            message: message.into(),
            retryable: entry.is_some_and(|entry| entry.retryable),
            retry_after_ms: None,
            details: entry.map(|entry| Value::map([(SYMBOL_KEY, Value::from(entry.symbol))])),
            ai_recovery_hint: None,
        }
    }

    /// The same error, to be tried again after `milliseconds`.
    #[must_use]
    pub const fn retry_after(mut self, milliseconds: u64) -> Self {
        self.retryable = true;
        self.retry_after_ms = Some(milliseconds);
        self
    }

    /// The code's symbolic name, as the error carries it.
    #[must_use]
    pub fn symbol(&self) -> Option<&str> {
        self.details.as_ref()?.get(SYMBOL_KEY)?.as_text()
    }

    /// The reason code, if the error carries one of the registry.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.details.as_ref()?.get(REASON_KEY)?.as_text()?.parse().ok()
    }
}

/// Whoever makes an error of [`Reason::Allow`] has lost track of what was decided: that is `FCP-9001`.
impl From<Reason> for FcpError {
    fn from(reason: Reason) -> Self {
        let mut error = Self::new(reason.error_code().unwrap_or(ErrorCode::INTERNAL), reason.meaning());
        if let Some(Value::Map(details)) = &mut error.details {
            details.insert(REASON_KEY.to_owned(), Value::from(reason.code()));
        }
        error.ai_recovery_hint = Some(reason.remedy().to_owned());
        error
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorCode, FcpError};
    use crate::cbor::{self, to_json};
    use crate::error::Reason;

    #[test]
    fn every_reason_survives_the_wire() {
        for reason in Reason::ALL {
            let error = FcpError::from(*reason);
            let received: FcpError = cbor::decode(&cbor::encode(&error)).unwrap();
            assert_eq!(received, error);
            assert_eq!(received.reason(), Some(*reason));
            assert_eq!(received.symbol(), error.code.entry().map(|entry| entry.symbol));
            assert_eq!(received.retryable, error.code.entry().unwrap().retryable);
        }
    }

    /// The map by hand, from §24.2 and G4: three required keys in canonical order, options left out.
    #[test]
    fn encodes_as_a_map_without_absent_keys() {
        let error = FcpError { details: None, ..FcpError::new(ErrorCode::INTERNAL, "no") };
        let expected = b"\xa3\x64code\x68FCP-9001\x67message\x62no\x69retryable\xf4";
        assert_eq!(cbor::encode(&error), expected);
        let error = FcpError::from(Reason::PointerNotFound).retry_after(250);
        let json = to_json(&cbor::decode(&cbor::encode(&error)).unwrap());
        assert_eq!(
            json,
            r#"{"code":"FCP-1001","details":{"reason":"FCP_ERR_MALFORMED","reason_code":"pointer.not_found"},"message":"nothing is at the pointer's place","retryable":true,"retry_after_ms":250,"ai_recovery_hint":"point at a value that the input has"}"#
        );
    }
}
