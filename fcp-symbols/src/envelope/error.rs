//! Why a symbol cannot be sealed or opened.

use fcp_core::error::Reason;

/// Why a symbol is neither sealed nor opened (§4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The key is of another zone, key id or sender instance than the envelope names.
    #[error("key is not the one that the envelope names")]
    KeyMismatch,
    /// The epoch is outside of the window (D18).
    #[error("epoch is outside of the window")]
    Epoch,
    /// The symbol was not sealed under this key for this envelope, or was changed.
    #[error("symbol does not authenticate")]
    Authentication,
}

impl EnvelopeError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::KeyMismatch => Reason::SymbolKeyMismatch,
            Self::Epoch => Reason::SymbolEpoch,
            Self::Authentication => Reason::SymbolAeadInvalid,
        }
    }
}
