//! Why a message is not acted on.

use fcp_core::error::Reason;
use fcp_core::sign::SignatureError;

/// Why a message is not acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// Signed inside a session, or not signed outside of one (D71).
    #[error("signed inside a session, or not signed outside of one")]
    SignaturePresence,
    /// The sender did not sign it.
    #[error("{0}")]
    Signature(SignatureError),
    /// It names another requester than the node that sent it.
    #[error("request of another node")]
    WrongRequester,
    /// Its time is too far from now.
    #[error("time is too far from now")]
    ClockSkew,
}

impl MessageError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::SignaturePresence => Reason::SymbolSignature,
            Self::Signature(error) => error.reason(),
            Self::WrongRequester => Reason::SymbolWrongRequester,
            Self::ClockSkew => Reason::SymbolStaleRequest,
        }
    }
}
