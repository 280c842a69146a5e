//! From symbols to bytes.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec::Vec;

use super::block::{Block, Coding};
use super::cost::{self, DecodeBudget};
use super::direct::Inverse;
use super::plan::{MAX_EAGER_K, PlanCache};
use super::rows::Rows;
use super::{SymbolError, solver, source};

/// With how many symbols more than K a decoder tries for the last time.
///
/// K random symbols fail once in about 100, and each further one makes that 100 times rarer: three more are too few for
/// chosen symbols only.
const MAX_MORE: usize = 3;

/// Up to which K a decoder tries with each symbol from K on. With more it tries with K, and for the last time: trying costs
/// more there, and a few symbols are less in proportion.
const MAX_PATIENT_K: usize = 256;

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
/// There are two ways to decode, which give the same bytes for the same sets of symbols. The direct one makes the missing source
/// symbols from the repair symbols by inverting a matrix of their coefficients: it is the fastest while not too many are missing, and what it costs
/// depends on how many that are, not on which symbols came. The coding library's solver is faster for more of them, but
/// takes up to a hundred times as long for symbols that somebody chose. So both are paid for in advance from a
/// [`DecodeBudget`], the latter at its worst, and it is not used where the budget does not allow for that (D208).
#[derive(Debug)]
pub struct Decoder {
    block: Block,
    coding: Coding,
    symbols: BTreeMap<u32, Box<[u8]>>,
    /// How many of them are source symbols.
    sources: u16,
    /// A set of symbols was not sufficient.
    failed: bool,
    finished: bool,
}

/// How to decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    Direct,
    Library,
}

impl Decoder {
    /// A decoder that has received nothing.
    #[must_use]
    pub const fn new(block: Block, coding: Coding) -> Self {
        Self { block, coding, symbols: BTreeMap::new(), sources: 0, failed: false, finished: false }
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

    /// Takes the symbol `esi` and decodes if it can, with the coefficients in `plans` and within `budget`.
    ///
    /// # Errors
    /// - [`SymbolError::Esi`], [`SymbolError::WrongLength`]: the symbol is not of this block.
    /// - [`SymbolError::Conflict`]: it was received before, with other bytes. The first stays.
    /// - [`SymbolError::DecodeBudget`]: decoding would cost more than is left. The symbol was not kept.
    /// - [`SymbolError::Undecodable`], [`SymbolError::Length`], [`SymbolError::Padding`]: the symbols do not make an
    ///   object, and the decoder gave up. At least one symbol was wrong, or they were chosen to be dependent.
    pub fn receive(
        &mut self,
        esi: u32,
        data: &[u8],
        plans: &mut PlanCache,
        budget: &mut DecodeBudget,
    ) -> Result<Received, SymbolError> {
        if !self.block.has(esi, self.coding) {
            return Err(SymbolError::Esi);
        }
        if data.len() != self.block.symbol_size().as_usize() {
            return Err(SymbolError::WrongLength);
        }
        budget.spend(cost::receiving(self.block))?;
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
        let source = u16::from(esi < u32::from(self.block.k()));
        self.sources = self.sources.saturating_add(source);
        let outcome = self.decode(plans, budget);
        if outcome == Err(SymbolError::DecodeBudget) {
            self.symbols.remove(&esi);
            self.sources = self.sources.saturating_sub(source);
        }
        outcome
    }

    fn decode(&mut self, plans: &mut PlanCache, budget: &mut DecodeBudget) -> Result<Received, SymbolError> {
        let k = usize::from(self.block.k());
        let outcome = if usize::from(self.sources) == k {
            budget.spend(cost::joining(self.block))?;
            let symbols: Vec<&[u8]> = self.symbols.values().take(k).map(|data| &**data).collect();
            source::unframe(&symbols, self.block)
        } else if self.coding == Coding::Raw || !self.tries_with(self.symbols.len()) {
            return Ok(Received::New);
        } else {
            let solved = match self.choose(plans, budget)? {
                Path::Direct => self.solve_directly(plans, budget)?,
                Path::Library => self.solve_by_library(budget)?,
            };
            self.failed = solved.is_none();
            match solved {
                Some(outcome) => outcome,
                None if self.symbols.len() < k.saturating_add(MAX_MORE) => return Ok(Received::New),
                None => Err(SymbolError::Undecodable),
            }
        };
        self.finished = true;
        outcome.map(Received::Complete)
    }

    /// Whether it tries to decode when it has so many symbols.
    fn tries_with(&self, symbols: usize) -> bool {
        let k = usize::from(self.block.k());
        match symbols.checked_sub(k) {
            None => false,
            Some(more) => k <= MAX_PATIENT_K || more == 0 || more >= MAX_MORE,
        }
    }

    fn missing(&self) -> usize {
        usize::from(self.block.k().saturating_sub(self.sources))
    }

    fn repair(&self) -> usize {
        self.symbols.len().saturating_sub(usize::from(self.sources))
    }

    /// The way that is the faster one, or else the one that the budget allows.
    fn choose(&self, plans: &mut PlanCache, budget: &DecodeBudget) -> Result<Path, SymbolError> {
        let (k, missing) = (self.block.k(), self.missing());
        let lookup = cost::lookup(self.block, self.repair());
        let elimination = cost::elimination(missing, self.repair());
        let combination = cost::combination(self.block, missing);
        let preparation = plans.preparation(k);
        let within = |path| match path {
            Path::Direct => {
                k <= Rows::MAX_K
                    && budget.covers(cost::total([
                        preparation,
                        lookup,
                        elimination,
                        combination,
                        cost::joining(self.block),
                    ]))
            }
            Path::Library => budget.covers(cost::total([cost::solver(self.block), cost::joining(self.block)])),
        };
        let direct = cost::usual::direct(plans.kernel(), lookup.work, elimination.work, combination.work);
        // Who failed once may have been given symbols that are meant to fail: finding that out is cheap on one path only.
        // And up to where coefficients are made for any K, nobody gains much by the solver, and chosen symbols much.
        let bounded = k <= MAX_EAGER_K && direct <= cost::usual::solver(self.block).saturating_mul(3);
        let favored = self.failed || bounded || direct <= cost::usual::solver(self.block);
        let order =
            if plans.pays_off(k) && favored { [Path::Direct, Path::Library] } else { [Path::Library, Path::Direct] };
        order.into_iter().find(|path| within(*path)).ok_or(SymbolError::DecodeBudget)
    }

    /// The outcome, or nothing if the symbols do not determine the source.
    fn solve_directly(
        &self,
        plans: &mut PlanCache,
        budget: &mut DecodeBudget,
    ) -> Result<Option<Result<Vec<u8>, SymbolError>>, SymbolError> {
        let (block, k) = (self.block, u32::from(self.block.k()));
        let elimination = cost::elimination(self.missing(), self.repair());
        budget.spend(cost::total([plans.preparation(block.k()), cost::lookup(block, self.repair()), elimination]))?;
        let Some(rows) = plans.rows(block.k()) else { return Ok(None) };
        let missing: Vec<usize> = self.missing_sources().filter_map(|esi| usize::try_from(esi).ok()).collect();
        let (esis, repair): (Vec<u32>, Vec<&[u8]>) = self.symbols.range(k..).map(|(esi, data)| (*esi, &**data)).unzip();
        let kernel = plans.kernel();
        let Some(inverse) = Inverse::of(&rows, kernel, &missing, &esis) else { return Ok(None) };

        budget.spend(cost::total([cost::combination(block, missing.len()), cost::joining(block)]))?;
        let known: Vec<&[u8]> = self.symbols.range(..k).map(|(_, data)| &**data).collect();
        let len = block.symbol_size().as_usize();
        let Some(made) = inverse.solve(kernel, &known, &repair, len) else { return Ok(None) };
        let (mut known, mut made) = (known.into_iter(), made.chunks_exact(len));
        let symbols: Vec<&[u8]> =
            (0..k).filter_map(|esi| if self.symbols.contains_key(&esi) { known.next() } else { made.next() }).collect();
        Ok(Some(source::unframe(&symbols, block)))
    }

    /// As above.
    fn solve_by_library(&self, budget: &mut DecodeBudget) -> Result<Option<Result<Vec<u8>, SymbolError>>, SymbolError> {
        budget.spend(cost::total([cost::solver(self.block), cost::joining(self.block)]))?;
        let solved = solver::solve(self.block, self.symbols());
        Ok(solved.map(|source| source::unframe_in_place(source, self.block)))
    }
}
