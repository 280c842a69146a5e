//! Why a symbol is not taken.

use fcp_core::error::Reason;

use crate::raptor::SymbolError;

/// Why a symbol is not taken for reassembly. Nothing changed but what [`Fault`](super::Fault)s report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReassemblyError {
    /// The symbol is not of its block, or its source sent another one with its id before.
    #[error(transparent)]
    Symbol(#[from] SymbolError),
    /// The object is larger than the limit.
    #[error("object is larger than the limit")]
    ObjectTooLarge,
    /// The object is being reassembled in four other shapes that several sources support.
    #[error("object is being reassembled in four other shapes")]
    Contexts,
    /// The memory for unfinished objects is used up.
    #[error("memory for unfinished objects is used up")]
    Budget,
    /// The source's share of it is used up.
    #[error("memory for unfinished objects of this source is used up")]
    SourceBudget,
    /// The source's symbols made a wrong object before.
    #[error("source sent wrong symbols of this object")]
    SourceRefused,
}

impl ReassemblyError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Symbol(error) => error.reason(),
            Self::ObjectTooLarge => Reason::SymbolObjectTooLarge,
            Self::Contexts => Reason::SymbolContexts,
            Self::Budget => Reason::SymbolBudget,
            Self::SourceBudget => Reason::SymbolSourceBudget,
            Self::SourceRefused => Reason::SymbolSourceRefused,
        }
    }
}
