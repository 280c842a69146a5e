//! From symbols to bytes.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec::Vec;

use super::block::{Block, Coding};
use super::{SymbolError, solver, source};

/// How many times a decoder tries, once it has K symbols.
///
/// K random symbols fail once in about 100, and each further one makes that 100 times rarer: four attempts fail for
/// chosen symbols only, and bound what those cost.
const MAX_ATTEMPTS: u32 = 4;

/// What a symbol did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// It was kept; more are needed.
    New,
    /// It was known, or the object is complete, or its id is of no use: nothing changed.
    Ignored,
    /// The object is complete: these are its bytes, which anybody may have made. Check them against the object's id.
    Complete(Vec<u8>),
}

/// The symbols received of one object, in any order, until they suffice.
///
/// Solving takes time in proportion to K for symbols as they come, but to K³ for symbols that somebody chose to be
/// dense: cap K where senders are not trusted, as [`Reassembly`](crate::reassembly::Reassembly) does.
#[derive(Debug)]
pub struct Decoder {
    block: Block,
    coding: Coding,
    symbols: BTreeMap<u32, Box<[u8]>>,
    /// How many of them are source symbols.
    sources: u16,
    attempts: u32,
    finished: bool,
}

impl Decoder {
    /// A decoder that has received nothing.
    #[must_use]
    pub const fn new(block: Block, coding: Coding) -> Self {
        Self { block, coding, symbols: BTreeMap::new(), sources: 0, attempts: 0, finished: false }
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

    /// How many different symbols were received.
    #[must_use]
    pub fn received(&self) -> usize {
        self.symbols.len()
    }

    /// Whether the object was completed or given up: no symbol changes anything any more.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.finished
    }

    /// The symbol `esi`, if it was received.
    #[must_use]
    pub fn symbol(&self, esi: u32) -> Option<&[u8]> {
        self.symbols.get(&esi).map(|data| &**data)
    }

    /// The source symbols that were not received yet, in order: what a `DecodeStatus` may ask for (§4.4).
    pub fn missing_sources(&self) -> impl Iterator<Item = u32> {
        (0..u32::from(self.block.k())).filter(|esi| !self.symbols.contains_key(esi))
    }

    /// The symbols that were received, by id.
    pub fn symbols(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.symbols.iter().map(|(esi, data)| (*esi, &**data))
    }

    /// The symbols that were received, by id, taken out.
    pub(crate) fn into_symbols(self) -> impl Iterator<Item = (u32, Box<[u8]>)> {
        self.symbols.into_iter()
    }

    /// Takes the symbol `esi` and decodes if it can.
    ///
    /// # Errors
    /// - [`SymbolError::Esi`], [`SymbolError::WrongLength`]: the symbol is not of this block.
    /// - [`SymbolError::Conflict`]: it was received before, with other bytes. The first stays.
    /// - [`SymbolError::Undecodable`], [`SymbolError::Length`], [`SymbolError::Padding`]: the symbols do not make an
    ///   object, and the decoder gave up. At least one symbol was wrong, or they were chosen to be dependent.
    pub fn receive(&mut self, esi: u32, data: &[u8]) -> Result<Received, SymbolError> {
        self.admits(esi, data)?;
        match self.symbols.entry(esi) {
            Entry::Occupied(held) if **held.get() == *data => return Ok(Received::Ignored),
            Entry::Occupied(_) => return Err(SymbolError::Conflict),
            Entry::Vacant(_) if self.finished || !solver::is_reachable(self.block, esi) => {
                return Ok(Received::Ignored);
            }
            Entry::Vacant(vacant) => {
                vacant.insert(data.into());
            }
        }
        if esi < u32::from(self.block.k()) {
            self.sources = self.sources.saturating_add(1);
        }
        self.decode()
    }

    fn admits(&self, esi: u32, data: &[u8]) -> Result<(), SymbolError> {
        if !self.block.has(esi, self.coding) {
            return Err(SymbolError::Esi);
        }
        if data.len() != self.block.symbol_size().as_usize() {
            return Err(SymbolError::WrongLength);
        }
        Ok(())
    }

    fn decode(&mut self) -> Result<Received, SymbolError> {
        let source = if self.sources == self.block.k() {
            self.concatenate()
        } else if self.coding == Coding::Raw || self.symbols.len() < usize::from(self.block.k()) {
            return Ok(Received::New);
        } else {
            self.attempts = self.attempts.saturating_add(1);
            match solver::solve(self.block, self.symbols.iter().map(|(esi, data)| (*esi, &**data))) {
                Some(source) => source,
                None if self.attempts < MAX_ATTEMPTS => return Ok(Received::New),
                None => {
                    self.finished = true;
                    return Err(SymbolError::Undecodable);
                }
            }
        };
        self.finished = true;
        source::unframe(source, self.block).map(Received::Complete)
    }

    /// All source symbols, which have the lowest ids.
    fn concatenate(&self) -> Vec<u8> {
        let mut source = Vec::with_capacity(self.block.source_len());
        for data in self.symbols.values().take(usize::from(self.block.k())) {
            source.extend_from_slice(data);
        }
        source
    }
}
