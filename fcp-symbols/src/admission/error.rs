//! Why something is not admitted.

use fcp_core::error::Reason;

/// Which budget is used up. What was asked for was not charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// Too many bytes in the last minute.
    #[error("too many bytes in the last minute")]
    Bytes,
    /// Too many symbols in the last minute.
    #[error("too many symbols in the last minute")]
    Symbols,
    /// Too much that did not authenticate in the last minute.
    #[error("too much in the last minute that did not authenticate")]
    FailedAuth,
    /// Too many unfinished objects.
    #[error("too many unfinished objects")]
    InflightDecodes,
    /// Too much decoding in the last minute.
    #[error("too much decoding in the last minute")]
    DecodeCpu,
    /// More than three times as many bytes as came in would go to an address that nobody vouches for (D134).
    #[error("answer would be more than three times as long as what came in")]
    Amplification,
}

impl AdmissionError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Bytes => Reason::AdmissionBytes,
            Self::Symbols => Reason::AdmissionSymbols,
            Self::FailedAuth => Reason::AdmissionFailedAuth,
            Self::InflightDecodes => Reason::AdmissionInflightDecodes,
            Self::DecodeCpu => Reason::AdmissionDecodeCpu,
            Self::Amplification => Reason::AdmissionAmplification,
        }
    }
}
