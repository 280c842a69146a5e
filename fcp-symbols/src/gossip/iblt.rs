//! Invertible tables (§8.2, D132): two nodes that hold almost the same find out what differs, from as many cells as
//! about that takes.

mod cell;
mod peel;
mod size;

use alloc::vec;
use alloc::vec::Vec;

use fcp_core::error::Reason;

pub use peel::{Difference, PeelError};
pub use size::{cells_for, fold_size};

use super::GossipItem;
use super::held::SUMMARY_CELLS;
use super::item::PARTS;
use cell::{CELL_LEN, Cell};

/// The most cells of a table (D132).
pub const MAX_CELLS: u32 = 4096;

/// Version and number of parts.
const HEAD: [u8; 2] = [1, 4];

/// Why bytes are no table, or a number of cells is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no table of version 1 with four parts and 4 to 4096 cells, or its length does not agree")]
pub struct TableError;

impl TableError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::GossipBadTable
    }
}

/// The hashes of an item in all tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct ItemHashes {
    places: [u64; PARTS],
    check: u64,
}

impl ItemHashes {
    pub(super) fn of(item: &GossipItem) -> Self {
        Self { places: item.places(), check: item.check() }
    }

    /// The same, where the check hash is known.
    pub(super) fn with_check(item: &GossipItem, check: u64) -> Self {
        Self { places: item.places(), check }
    }

    pub(super) const fn check(&self) -> u64 {
        self.check
    }

    /// The item's four cells in a table whose parts have `part_len` cells each.
    fn cells(&self, part_len: usize) -> [usize; PARTS] {
        let len = part_len.max(1) as u64;
        let mut start = 0_usize;
        self.places.map(|place| {
            let at = start.wrapping_add(usize::try_from(place.checked_rem(len).unwrap_or(0)).unwrap_or(0));
            start = start.wrapping_add(part_len);
            at
        })
    }
}

/// A table: `u8 version = 1 ‖ u8 k = 4 ‖ u32 m ‖ m × {i32 count, key_xor[36], u64 check_xor}`, integers little-endian,
/// `m` a multiple of 4, at most 4096 (D132).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iblt {
    cells: Vec<Cell>,
}

impl Iblt {
    /// A table of `cells` cells without items.
    ///
    /// # Errors
    /// [`TableError`] unless `cells` is a multiple of 4 from 4 to 4096.
    pub fn new(cells: u32) -> Result<Self, TableError> {
        Ok(Self { cells: vec![Cell::default(); check_size(cells)?] })
    }

    /// A table of a summary, without items.
    pub(super) fn of_summary() -> Self {
        Self { cells: vec![Cell::default(); SUMMARY_CELLS as usize] }
    }

    /// Reads a table.
    ///
    /// # Errors
    /// [`TableError`], before anything is allocated.
    pub fn parse(bytes: &[u8]) -> Result<Self, TableError> {
        let (head, rest) = bytes.split_first_chunk().ok_or(TableError)?;
        let (size, rest) = rest.split_first_chunk().ok_or(TableError)?;
        let size = check_size(u32::from_le_bytes(*size))?;
        let (cells, tail) = rest.as_chunks::<CELL_LEN>();
        if *head != HEAD || cells.len() != size || !tail.is_empty() {
            return Err(TableError);
        }
        Ok(Self { cells: cells.iter().map(Cell::from_bytes).collect() })
    }

    /// The table's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(encoded_len(self.size()));
        bytes.extend_from_slice(&HEAD);
        bytes.extend_from_slice(&self.size().to_le_bytes());
        for cell in &self.cells {
            cell.write(&mut bytes);
        }
        bytes
    }

    /// How many cells it has.
    #[must_use]
    pub fn size(&self) -> u32 {
        u32::try_from(self.cells.len()).unwrap_or(MAX_CELLS)
    }

    /// Adds an item, which must not be in it.
    pub fn insert(&mut self, item: &GossipItem) {
        self.change(item, &ItemHashes::of(item), 1);
    }

    /// Takes an item out again.
    pub fn remove(&mut self, item: &GossipItem) {
        self.change(item, &ItemHashes::of(item), -1);
    }

    /// Adds or takes out an item whose hashes are known.
    pub(super) fn change(&mut self, item: &GossipItem, hashes: &ItemHashes, count: i32) {
        for at in hashes.cells(self.cells.len() / PARTS) {
            if let Some(cell) = self.cells.get_mut(at) {
                cell.change(item, hashes.check, count);
            }
        }
    }

    /// Takes all items of `other` out: what is left is what differs.
    ///
    /// # Errors
    /// [`TableError`] if the tables are not of one size.
    pub fn subtract(&mut self, other: &Self) -> Result<(), TableError> {
        if self.cells.len() != other.cells.len() {
            return Err(TableError);
        }
        for (cell, other) in self.cells.iter_mut().zip(&other.cells) {
            cell.subtract(other);
        }
        Ok(())
    }

    /// The table that the same items make in `cells` cells, where that can be told: if `cells` divides the size.
    pub(super) fn fold(&self, cells: u32) -> Option<Self> {
        let mut folded = Self::new(cells).ok()?;
        let (from, to) = (self.cells.len() / PARTS, folded.cells.len() / PARTS);
        if from.checked_rem(to)? != 0 {
            return None;
        }
        for (part, into) in self.cells.chunks_exact(from).zip(folded.cells.chunks_exact_mut(to)) {
            for turn in part.chunks_exact(to) {
                for (cell, into) in turn.iter().zip(into.iter_mut()) {
                    into.add(cell);
                }
            }
        }
        Some(folded)
    }

    /// How many items a table holds, where nothing was subtracted from it: the sum over one part.
    #[must_use]
    pub fn items(&self) -> i64 {
        self.cells.iter().take(self.cells.len() / PARTS).map(|cell| i64::from(cell.count)).sum()
    }

    /// About how many items differ, from a table that another one was subtracted from: the counts spread the more, the more
    /// there are. The relative error is about √(2/m).
    #[must_use]
    pub fn estimate(&self) -> u32 {
        let part_len = self.cells.len() / PARTS;
        let (mut sum, mut least) = (0_u128, 0_u64);
        for part in self.cells.chunks_exact(part_len.max(1)) {
            let total: i64 = part.iter().map(|cell| i64::from(cell.count)).sum();
            let squares: u128 = part.iter().map(|cell| u128::from(u64::from(cell.count.unsigned_abs())).pow(2)).sum();
            least = least.max(total.unsigned_abs());
            // The variance of a cell's count, times the number of cells: one for each item.
            let len = part_len as u128;
            let mean = u128::from(total.unsigned_abs()).pow(2).checked_div(len).unwrap_or(0);
            let spread = squares.saturating_sub(mean).saturating_mul(len).checked_div(len.saturating_sub(1));
            sum = sum.saturating_add(spread.unwrap_or(squares));
        }
        let estimate = sum.checked_div(PARTS as u128).unwrap_or(0).max(u128::from(least));
        u32::try_from(estimate).unwrap_or(u32::MAX)
    }
}

/// How many bytes a table of so many cells has.
#[must_use]
pub const fn encoded_len(cells: u32) -> usize {
    (cells as usize).saturating_mul(CELL_LEN).saturating_add(6)
}

fn check_size(cells: u32) -> Result<usize, TableError> {
    let valid = (4..=MAX_CELLS).contains(&cells) && cells.is_multiple_of(4);
    if valid { usize::try_from(cells).map_err(|_| TableError) } else { Err(TableError) }
}

#[cfg(test)]
mod tests;
