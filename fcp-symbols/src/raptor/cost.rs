//! What decoding costs, in units that no clock is needed for, and how much of that somebody may cause.
//!
//! A unit is one multiply-add of 64 bytes, or what takes as long: about a nanosecond, less where the processor has
//! GFNI. The figures are bounds for what anybody can make a decoder do, not averages: the direct path does the
//! same work for every set of symbols with as many missing, and the library's solver is charged with the worst that was
//! found for chosen symbols (D208, D229).

use super::SymbolError;
use super::block::Block;
use super::rows::Rows;
use super::solver::Plan;

/// What decoding may cost. Hand it to a decoder, and ask it afterwards what was [spent](Self::spent).
///
/// One can serve many decoders: what all of them spend comes out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeBudget {
    work: u64,
    spent: u64,
    memory: usize,
}

impl DecodeBudget {
    /// A budget without limits, to measure with or for symbols of one's own.
    pub const UNLIMITED: Self = Self::new(u64::MAX);

    /// A budget of `work` units, each of which is about a nanosecond of one core.
    #[must_use]
    pub const fn new(work: u64) -> Self {
        Self { work, spent: 0, memory: usize::MAX }
    }

    /// The same budget where no attempt may take more than `bytes` of memory beside the symbols.
    #[must_use]
    pub const fn with_memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// How many units were spent.
    #[must_use]
    pub const fn spent(&self) -> u64 {
        self.spent
    }

    /// How many units are left.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.work.saturating_sub(self.spent)
    }

    /// What a decoder spends on any symbol of `block`, be it new or not.
    pub(crate) const fn receiving(block: Block) -> u64 {
        receiving(block).work
    }

    /// What is left of this one, and no more than `work` and `bytes`.
    pub(crate) fn within(&self, work: u64, bytes: usize) -> Self {
        Self::new(self.left().min(work)).with_memory(self.memory.min(bytes))
    }

    /// Takes over what a part of it spent.
    pub(crate) const fn absorb(&mut self, part: &Self) {
        self.spent = self.spent.saturating_add(part.spent);
    }

    /// Spends what it takes to make a symbol of `block` and compare it, whatever is left.
    pub(crate) const fn spend_checking(&mut self, block: Block) {
        let work = (block.k() as u64).saturating_mul(lines(block)).saturating_add(1000);
        self.spent = self.spent.saturating_add(work);
    }

    /// Whether there is enough for it.
    pub(super) const fn covers(&self, cost: Cost) -> bool {
        cost.work <= self.left() && cost.memory <= self.memory
    }

    /// Spends it, or nothing if there is not enough.
    pub(super) const fn spend(&mut self, cost: Cost) -> Result<(), SymbolError> {
        if !self.covers(cost) {
            return Err(SymbolError::DecodeBudget);
        }
        self.spent = self.spent.saturating_add(cost.work);
        Ok(())
    }
}

/// What a step costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) work: u64,
    pub(super) memory: usize,
}

impl Cost {
    /// That of nothing.
    pub(super) const NOTHING: Self = Self { work: 0, memory: 0 };
}

/// Lines of 64 bytes that a symbol has.
const fn lines(block: Block) -> u64 {
    (block.symbol_size().get() as u64).div_ceil(64)
}

/// Looking at a symbol, and keeping it.
pub(super) const fn receiving(block: Block) -> Cost {
    Cost { work: 100_u64.saturating_add(lines(block)), memory: 0 }
}

/// Putting the symbols of a block together.
pub(super) const fn joining(block: Block) -> Cost {
    Cost { work: (block.k() as u64).saturating_mul(lines(block)), memory: block.source_len() }
}

/// Making the coefficients of a K: a plan, and encoding the unit vectors with it.
pub(super) fn preparation(k: u16) -> Cost {
    let memory = Plan::bytes(k).saturating_add(Rows::bytes(k));
    let k = u64::from(k);
    Cost { work: k.saturating_mul(2100_u64.saturating_add(k)), memory }
}

/// The direct path's look at the coefficients of `repair` symbols: each row is made, at worst, from some thirty others.
pub(super) const fn lookup(block: Block, repair: usize) -> Cost {
    let k = block.k() as u64;
    let work = (repair as u64).saturating_mul(400_u64.saturating_add(k.saturating_mul(2)));
    Cost { work, memory: repair.saturating_mul(block.k() as usize) }
}

/// The direct path's search for `missing` independent rows among those of `repair` symbols, each of which is changed once
/// for each column.
pub(super) const fn elimination(missing: usize, repair: usize) -> Cost {
    let (m, r) = (missing as u64, repair as u64);
    let lines = m.div_ceil(64).saturating_add(1);
    let work = m.saturating_mul(r.saturating_mul(lines).saturating_add(50));
    Cost { work, memory: repair.saturating_mul(missing.saturating_add(64)) }
}

/// The direct path's multiply-adds over symbols: each of the missing ones is made from all that there are.
pub(super) const fn combination(block: Block, missing: usize) -> Cost {
    let work = (missing as u64).saturating_mul(block.k() as u64).saturating_mul(lines(block));
    let symbols = missing.saturating_mul(2).saturating_mul(block.symbol_size().as_usize());
    Cost { work, memory: symbols.saturating_add(missing.saturating_mul(block.k() as usize)) }
}

/// The library's solver at its worst.
///
/// Measured with sets of symbols all of which have the highest degree: 54 ns·K² up to K = 2048, a part of it in proportion to
/// K²·T, and growing with a higher power of K beyond.
pub(super) const fn solver(block: Block) -> Cost {
    let k = block.k() as u64;
    let square = k.saturating_mul(k);
    let beyond = if k > 2048 { k } else { 2048 };
    let rows = square.saturating_mul(64_u64.saturating_add(lines(block).div_ceil(2)));
    let dense = square.saturating_mul(k).div_euclid(64).saturating_mul(beyond).div_euclid(2048);
    let symbols = block.source_len().saturating_mul(4);
    let matrix = (block.k() as usize).saturating_mul(2048);
    Cost { work: rows.saturating_add(dense), memory: symbols.saturating_add(matrix) }
}

/// Several steps, one after the other.
pub(super) const fn total<const N: usize>(costs: [Cost; N]) -> Cost {
    let mut sum = Cost::NOTHING;
    let mut rest: &[Cost] = &costs;
    while let [first, others @ ..] = rest {
        sum.work = sum.work.saturating_add(first.work);
        sum.memory = sum.memory.saturating_add(first.memory);
        rest = others;
    }
    sum
}

/// What the paths usually take, which decides between them. Picoseconds of the machines that this was measured on; only
/// ratios matter.
pub(super) mod usual {
    use fcp_gf256::Kernel;

    use super::{Block, lines};

    /// One multiply-add of 64 bytes.
    const fn multiply_add(kernel: Kernel) -> u64 {
        match (kernel.multiplies(), kernel.width()) {
            (true, 64..) => 380,
            (true, _) => 700,
            (false, 32..) => 1250,
            (false, 16..) => 2500,
            (false, _) => 6000,
        }
    }

    /// The direct path's decoding, given what its parts cost.
    pub(in super::super) const fn direct(kernel: Kernel, lookup: u64, elimination: u64, combination: u64) -> u64 {
        let elimination = elimination.saturating_mul(multiply_add(kernel).saturating_add(200));
        let combination = combination.saturating_mul(multiply_add(kernel));
        lookup.saturating_mul(400).saturating_add(elimination).saturating_add(combination)
    }

    /// The library's decoding.
    pub(in super::super) const fn solver(block: Block) -> u64 {
        let line = if cfg!(feature = "std") { 40_000 } else { 80_000_u64 };
        (block.k() as u64).saturating_mul(1_600_000_u64.saturating_add(lines(block).saturating_mul(line)))
    }

    /// How many repair symbols of a block are made directly, before making its intermediate symbols is the shorter way.
    pub(in super::super) const fn direct_symbols(kernel: Kernel, block: Block) -> usize {
        let line = if cfg!(feature = "std") { 55_000 } else { 110_000_u64 };
        let intermediate = 150_000_u64.saturating_add(lines(block).saturating_mul(line));
        match intermediate.checked_div(lines(block).saturating_mul(multiply_add(kernel))) {
            Some(count) => count as usize,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cost, DecodeBudget, combination, elimination, solver};
    use crate::raptor::{Block, SymbolError, SymbolSize};

    #[test]
    fn budgets_are_spent_whole_or_not_at_all() {
        let mut budget = DecodeBudget::new(10).with_memory(100);
        assert_eq!(budget.spend(Cost { work: 7, memory: 100 }), Ok(()));
        assert_eq!((budget.spent(), budget.left()), (7, 3));
        assert_eq!(budget.spend(Cost { work: 4, memory: 0 }), Err(SymbolError::DecodeBudget));
        assert_eq!(budget.spend(Cost { work: 0, memory: 101 }), Err(SymbolError::DecodeBudget));
        assert_eq!(budget.spend(Cost { work: 3, memory: 0 }), Ok(()));
        assert_eq!(budget.left(), 0);
    }

    #[test]
    fn nothing_overflows() {
        let block = Block::new(56_403, SymbolSize::MAX).unwrap();
        assert!(solver(block).work > 1 << 40);
        assert!(elimination(56_403, 56_406).work > 1 << 40);
        assert!(combination(block, 56_403).work > 1 << 39);
    }
}
