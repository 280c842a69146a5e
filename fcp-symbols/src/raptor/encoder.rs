//! From bytes to symbols.

use alloc::vec::Vec;

use super::block::{Block, Coding, SymbolSize};
use super::plan::PlanCache;
use super::solver::{self, Intermediate};
use super::{SymbolError, source};

/// The symbols of one object. Source symbols are slices of what was framed; the first repair symbol that is asked for
/// pays for the intermediate symbols of all.
#[derive(Debug)]
pub struct Encoder {
    block: Block,
    coding: Coding,
    source: Vec<u8>,
    intermediate: Option<Intermediate>,
}

impl Encoder {
    /// The RaptorQ symbols of `bytes`, which are an object's canonical bytes (§3.6).
    ///
    /// # Errors
    /// [`SymbolError::TooLarge`] if they need more than 56403 symbols (D61).
    pub fn new(bytes: &[u8], symbol_size: SymbolSize) -> Result<Self, SymbolError> {
        Self::with_coding(bytes, symbol_size, Coding::RaptorQ)
    }

    /// The symbols of `bytes` in either coding.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_coding(bytes: &[u8], symbol_size: SymbolSize, coding: Coding) -> Result<Self, SymbolError> {
        let block = Block::for_len(bytes.len(), symbol_size)?;
        Ok(Self { block, coding, source: source::frame(bytes, block), intermediate: None })
    }

    /// The block's shape.
    #[must_use]
    pub const fn block(&self) -> Block {
        self.block
    }

    /// The coding.
    #[must_use]
    pub const fn coding(&self) -> Coding {
        self.coding
    }

    /// The source symbol `esi`, if it is below K.
    #[must_use]
    pub fn source_symbol(&self, esi: u32) -> Option<&[u8]> {
        self.source.chunks_exact(self.block.symbol_size().as_usize()).nth(usize::try_from(esi).ok()?)
    }

    /// The source symbols in order, which are ESI 0..K.
    pub fn source_symbols(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.source.chunks_exact(self.block.symbol_size().as_usize())
    }

    /// Writes the symbol `esi`, of either kind, to `out`, which is as long as one.
    ///
    /// # Errors
    /// [`SymbolError::Esi`] if there is no such symbol, [`SymbolError::WrongLength`] if `out` has another length.
    pub fn write_symbol(&mut self, esi: u32, plans: &mut PlanCache, out: &mut [u8]) -> Result<(), SymbolError> {
        if !self.block.has(esi, self.coding) || !solver::is_reachable(self.block, esi) {
            return Err(SymbolError::Esi);
        }
        if out.len() != self.block.symbol_size().as_usize() {
            return Err(SymbolError::WrongLength);
        }
        if let Some(symbol) = self.source_symbol(esi) {
            out.copy_from_slice(symbol);
            return Ok(());
        }
        let (source, block) = (&self.source, self.block);
        let intermediate =
            self.intermediate.get_or_insert_with(|| Intermediate::new(source, block, &plans.plan(block.k())));
        out.copy_from_slice(&intermediate.repair(esi).ok_or(SymbolError::Esi)?);
        Ok(())
    }
}
