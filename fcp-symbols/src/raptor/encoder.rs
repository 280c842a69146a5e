//! From bytes to symbols.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::block::{Block, Coding, SymbolSize};
use super::plan::PlanCache;
use super::rows::Rows;
use super::solver::{self, Intermediate};
use super::source::LENGTH_LEN;
use super::{SymbolError, cost, direct, source};

/// The symbols of one object.
///
/// Source symbols are slices of the object's bytes: only the first, which begins with the length, and the last, which may be
/// padded, are written down. Repair symbols are made when they are asked for, directly from the source symbols; somebody who asks for
/// very many has the intermediate symbols made once, from which each then follows in the same time, whatever K.
#[derive(Debug)]
pub struct Encoder<B = Vec<u8>> {
    block: Block,
    coding: Coding,
    bytes: B,
    first: Box<[u8]>,
    /// If there are several.
    last: Box<[u8]>,
    repair: Repair,
}

/// How repair symbols are made.
#[derive(Debug, Default)]
struct Repair {
    rows: Option<Arc<Rows>>,
    /// How many were made directly.
    made: usize,
    intermediate: Option<Intermediate>,
}

impl Encoder {
    /// The RaptorQ symbols of `bytes`, which are an object's canonical bytes (§3.6).
    ///
    /// # Errors
    /// [`SymbolError::TooLarge`] if they need more than 56403 symbols (D61).
    pub fn new(bytes: &[u8], symbol_size: SymbolSize) -> Result<Self, SymbolError> {
        Self::over(bytes.to_vec(), symbol_size, Coding::RaptorQ)
    }

    /// The symbols of `bytes` in either coding.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_coding(bytes: &[u8], symbol_size: SymbolSize, coding: Coding) -> Result<Self, SymbolError> {
        Self::over(bytes.to_vec(), symbol_size, coding)
    }
}

impl<B: AsRef<[u8]>> Encoder<B> {
    /// The symbols of bytes that are elsewhere, or are handed over: nothing is copied but the first and the last symbol.
    ///
    /// # Errors
    /// As [`new`](Encoder::new).
    pub fn over(bytes: B, symbol_size: SymbolSize, coding: Coding) -> Result<Self, SymbolError> {
        let held = bytes.as_ref();
        let block = Block::for_len(held.len(), symbol_size)?;
        let len = symbol_size.as_usize();
        let (head, rest) = held.split_at_checked(len.saturating_sub(LENGTH_LEN)).unwrap_or((held, &[]));
        let mut first = vec![0; len].into_boxed_slice();
        let length = (held.len() as u64).to_le_bytes();
        first.iter_mut().zip(length.iter().chain(head)).for_each(|(to, byte)| *to = *byte);
        let mut last = Box::default();
        if block.k() > 1 {
            let tail = rest.chunks(len).next_back().unwrap_or_default();
            let mut padded = vec![0; len].into_boxed_slice();
            padded.iter_mut().zip(tail).for_each(|(to, byte)| *to = *byte);
            last = padded;
        }
        Ok(Self { block, coding, bytes, first, last, repair: Repair::default() })
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
        let last = u32::from(self.block.k()).checked_sub(1)?;
        match esi {
            0 => Some(&self.first),
            _ if esi == last => Some(&self.last),
            _ if esi > last => None,
            _ => {
                let len = self.block.symbol_size().as_usize();
                let from = usize::try_from(esi).ok()?.checked_mul(len)?.checked_sub(LENGTH_LEN)?;
                self.bytes.as_ref().get(from..)?.get(..len)
            }
        }
    }

    /// The source symbols in order, which are ESI 0..K.
    pub fn source_symbols(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.block.k()).map(|esi| self.source_symbol(esi.into()).unwrap_or_default())
    }

    /// Writes the symbol `esi`, of either kind, to `out`, which is as long as one.
    ///
    /// A source symbol need not be copied: [`source_symbol`](Self::source_symbol) has it. Several repair symbols are faster made
    /// together, by [`write_repair`](Self::write_repair).
    ///
    /// # Errors
    /// [`SymbolError::Esi`] if there is no such symbol, [`SymbolError::WrongLength`] if `out` has another length.
    pub fn write_symbol(&mut self, esi: u32, plans: &mut PlanCache, out: &mut [u8]) -> Result<(), SymbolError> {
        if esi >= self.block.k().into() {
            return self.write_repair(&[esi], plans, out);
        }
        let symbol = self.source_symbol(esi).ok_or(SymbolError::Esi)?;
        if out.len() != symbol.len() {
            return Err(SymbolError::WrongLength);
        }
        out.copy_from_slice(symbol);
        Ok(())
    }

    /// Writes the repair symbols `esis`, in any order, one after the other to `out`, which is as long as all of them: in
    /// one pass over the source symbols.
    ///
    /// # Errors
    /// [`SymbolError::Esi`] if an id is no repair symbol's, [`SymbolError::WrongLength`] if `out` has another length.
    pub fn write_repair(&mut self, esis: &[u32], plans: &mut PlanCache, out: &mut [u8]) -> Result<(), SymbolError> {
        let is_repair = |esi: &u32| {
            *esi >= self.block.k().into() && self.block.has(*esi, self.coding) && solver::is_reachable(self.block, *esi)
        };
        if !esis.iter().all(is_repair) {
            return Err(SymbolError::Esi);
        }
        let len = self.block.symbol_size().as_usize();
        if Some(out.len()) != esis.len().checked_mul(len) {
            return Err(SymbolError::WrongLength);
        }
        if esis.is_empty() {
            return Ok(());
        }
        self.prepare(esis.len(), plans);
        if let Some(intermediate) = &self.repair.intermediate {
            for (esi, out) in esis.iter().zip(out.chunks_exact_mut(len)) {
                out.copy_from_slice(&intermediate.repair(*esi).ok_or(SymbolError::Esi)?);
            }
            return Ok(());
        }
        let rows = self.repair.rows.as_ref().ok_or(SymbolError::Esi)?;
        let sources: Vec<&[u8]> = self.source_symbols().collect();
        direct::encode(rows, plans.kernel(), &sources, esis, len, out).ok_or(SymbolError::Esi)
    }

    /// Gets coefficients for `more` repair symbols, or the intermediate symbols where these are the shorter way.
    fn prepare(&mut self, more: usize, plans: &mut PlanCache) {
        if self.repair.intermediate.is_some() {
            return;
        }
        let k = self.block.k();
        let made = self.repair.made.saturating_add(more);
        if made <= cost::usual::direct_symbols(plans.kernel(), self.block) {
            if self.repair.rows.is_none() && plans.pays_off(k) {
                self.repair.rows = plans.rows(k);
            }
            if self.repair.rows.is_some() {
                self.repair.made = made;
                return;
            }
        }
        let framed = source::frame(self.bytes.as_ref(), self.block);
        // Bytes that changed their length since cannot be framed; there are none in practice.
        if framed.len() == self.block.source_len() {
            self.repair.intermediate = Some(Intermediate::new(&framed, self.block, &plans.plan(k)));
        }
    }
}
