//! Why a symbol or a block is refused.

use fcp_core::error::Reason;

/// Why bytes cannot be coded, or symbols not be taken (D59–D63).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SymbolError {
    /// A symbol size is outside of 256..=16384 or no multiple of 8.
    #[error("symbol size is not a multiple of 8 from 256 to 16384")]
    Size,
    /// K is outside of 1..=56403.
    #[error("source symbol count is not from 1 to 56403")]
    SourceCount,
    /// The coding has no symbol of this id.
    #[error("no symbol has this encoding symbol id")]
    Esi,
    /// A symbol, or the buffer for one, is not as long as the symbol size.
    #[error("symbol is not as long as the symbol size")]
    WrongLength,
    /// The bytes need more than 56403 symbols.
    #[error("object needs more than 56403 symbols")]
    TooLarge,
    /// A symbol of this id was received before, with other bytes.
    #[error("two symbols with one id differ")]
    Conflict,
    /// As many symbols as are worth trying do not determine the object.
    #[error("symbols do not determine the object")]
    Undecodable,
    /// Decoding would cost more than the budget has left. The symbol was not kept: give it again with more.
    #[error("decoding costs more than the budget allows")]
    DecodeBudget,
    /// The length that was decoded contradicts K and the symbol size.
    #[error("decoded length contradicts the number of symbols")]
    Length,
    /// Padding that was decoded is not zero.
    #[error("decoded padding is not zero")]
    Padding,
}

impl SymbolError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Size => Reason::SymbolBadSize,
            Self::SourceCount => Reason::SymbolBadK,
            Self::Esi => Reason::SymbolBadEsi,
            Self::WrongLength => Reason::SymbolWrongLength,
            Self::TooLarge => Reason::SymbolTooLarge,
            Self::Conflict => Reason::SymbolConflict,
            Self::Undecodable => Reason::SymbolUndecodable,
            Self::DecodeBudget => Reason::SymbolDecodeBudget,
            Self::Length => Reason::SymbolBadLength,
            Self::Padding => Reason::SymbolBadPadding,
        }
    }
}
