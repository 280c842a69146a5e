//! Why bytes are no token, and why a token is not minted.

use fcp_core::cbor::DecodeError;
use fcp_core::error::Reason;

use super::Claim;

/// Why bytes are no capability token, or claims do not make one (§7.5.1, D107–D113).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The bytes are not the one `COSE_Sign1` form, or the claims are not canonical.
    #[error("token is not in its one form: {0}")]
    Malformed(DecodeError),
    /// The protected header is not exactly `{1: -8, 4: kid}`.
    #[error("protected header is not that of a token")]
    Header,
    /// A claim has another type or form than its key demands.
    #[error("claim {}: {cause}", .claim.name)]
    BadClaim {
        /// The claim.
        claim: &'static Claim,
        /// What is wrong with it, at which byte of the payload.
        cause: DecodeError,
    },
    /// A key that is not in the table; `None` if it is no unsigned integer.
    #[error("unknown claim")]
    UnknownClaim(Option<u64>),
    /// A required claim is missing.
    #[error("missing claim {}", .0.name)]
    MissingClaim(&'static Claim),
    /// Minting: it would expire before it is issued, or live longer than a day (D112).
    #[error("lifetime is empty or longer than a day")]
    Lifetime,
    /// Minting: only a token for `z:public` may be without a checkpoint (D111).
    #[error("token outside of z:public is not bound to a checkpoint")]
    Unbound,
}

impl TokenError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Malformed(_) | Self::Header => Reason::TokenMalformed,
            Self::BadClaim { .. } => Reason::TokenBadClaim,
            Self::UnknownClaim(_) => Reason::TokenUnknownClaim,
            Self::MissingClaim(_) => Reason::TokenMissingClaim,
            Self::Lifetime => Reason::TokenBadLifetime,
            Self::Unbound => Reason::TokenCheckpointMissing,
        }
    }
}
