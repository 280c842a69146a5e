//! Why a frame is refused, or cannot be written.

use fcp_core::error::Reason;

use crate::envelope::EnvelopeError;
use crate::raptor::SymbolError;

/// Why received bytes are not an acceptable frame (§4.3, D51, D61, D63–D68).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Shorter than a header.
    #[error("frame is shorter than its header")]
    TooShort,
    /// Longer than the receiver's limit.
    #[error("frame is longer than the limit")]
    TooLarge,
    /// Does not begin with `FCPS`.
    #[error("frame does not begin with its magic")]
    BadMagic,
    /// A version other than 1.
    #[error("frame has version {0}")]
    UnsupportedVersion(u16),
    /// Flags that version 1 does not have, or without `ENCRYPTED`.
    #[error("frame has flags {0:#06x}")]
    BadFlags(u16),
    /// No symbol, or more than 256.
    #[error("frame has {0} symbols")]
    SymbolCount(u32),
    /// A symbol size outside of 256..=16384, or no multiple of 8.
    #[error("frame has symbols of {0} bytes")]
    SymbolSize(u16),
    /// The payload length is not what count and size make it, or not what follows the header.
    #[error("lengths of the frame contradict one another")]
    LengthMismatch,
    /// Two symbols with one ESI.
    #[error("two symbols of the frame have one id")]
    DuplicateEsi,
    /// A K outside of 1..=56403.
    #[error("source symbol count {0} is not from 1 to 56403")]
    BadK(u16),
    /// An ESI that the coding does not have.
    #[error("no symbol has the id {0}")]
    BadEsi(u32),
}

impl FrameError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::TooShort => Reason::FrameTooShort,
            Self::TooLarge => Reason::FrameTooLarge,
            Self::BadMagic => Reason::FrameBadMagic,
            Self::UnsupportedVersion(_) => Reason::FrameUnsupportedVersion,
            Self::BadFlags(_) => Reason::FrameBadFlags,
            Self::SymbolCount(_) => Reason::FrameSymbolCount,
            Self::SymbolSize(_) => Reason::FrameSymbolSize,
            Self::LengthMismatch => Reason::FrameLengthMismatch,
            Self::DuplicateEsi => Reason::FrameDuplicateEsi,
            Self::BadK(_) => Reason::FrameBadK,
            Self::BadEsi(_) => Reason::FrameBadEsi,
        }
    }
}

/// Why a frame cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A receiver would refuse the frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The key is not that of the header's zone, key id and instance.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The buffer has no room for another symbol.
    #[error("buffer is full")]
    Full,
    /// The symbol could not be made.
    #[error(transparent)]
    Symbol(#[from] SymbolError),
}

impl WriteError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Frame(error) => error.reason(),
            Self::Envelope(error) => error.reason(),
            Self::Full => Reason::FrameTooLarge,
            Self::Symbol(error) => error.reason(),
        }
    }
}
