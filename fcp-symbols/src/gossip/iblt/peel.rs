//! Taking apart what two tables differ in.

use alloc::vec::Vec;

use fcp_core::error::Reason;

use super::super::item::PARTS;
use super::{GossipItem, Iblt, ItemHashes};

/// What differs between two sets: of the one that was subtracted from, and of the one that was subtracted. Both are sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// What only the first set has.
    pub added: Vec<GossipItem>,
    /// What only the second set has.
    pub removed: Vec<GossipItem>,
}

impl Difference {
    /// How many items differ.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.added.len().saturating_add(self.removed.len())
    }

    /// Whether nothing differs.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// Why a table does not come apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeelError {
    /// More differs than fits the table.
    #[error("more differs than fits the table")]
    TooLarge,
    /// No two sets leave such a table.
    #[error("no two sets leave such a table")]
    Inconsistent,
}

impl PeelError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::TooLarge => Reason::GossipTooLarge,
            Self::Inconsistent => Reason::GossipInconsistent,
        }
    }
}

impl Iblt {
    /// What the two tables, one of which was subtracted from the other, differ in: all of it, or nothing.
    ///
    /// Every item is checked against its cell before it counts, and no table costs more than five checks a cell, whatever
    /// stands in it.
    ///
    /// # Errors
    /// [`PeelError`].
    pub fn peel(mut self) -> Result<Difference, PeelError> {
        let part_len = self.cells.len() / PARTS;
        let mut difference = Difference::default();
        // Each item of an honest table leaves at least one cell empty for good.
        let mut left = self.cells.len();
        let mut candidates: Vec<usize> = (0..self.cells.len()).collect();
        while let Some(at) = candidates.pop() {
            let Some(cell) = self.cells.get(at).filter(|cell| matches!(cell.count, 1 | -1)) else { continue };
            let (item, sign) = (cell.item(), cell.count);
            if item.check() != cell.check {
                continue;
            }
            let hashes = ItemHashes::with_check(&item, cell.check);
            let places = hashes.cells(part_len);
            if !places.contains(&at) {
                continue;
            }
            left = left.checked_sub(1).ok_or(PeelError::Inconsistent)?;
            self.change(&item, &hashes, sign.wrapping_neg());
            candidates.extend(places);
            if sign > 0 { difference.added.push(item) } else { difference.removed.push(item) }
        }
        if !self.cells.iter().all(super::Cell::is_empty) {
            return Err(PeelError::TooLarge);
        }
        difference.added.sort_unstable();
        difference.removed.sort_unstable();
        let once = |items: &[GossipItem]| items.is_sorted_by(|left, right| left < right);
        let apart = !difference.added.iter().any(|item| difference.removed.binary_search(item).is_ok());
        if once(&difference.added) && once(&difference.removed) && apart {
            Ok(difference)
        } else {
            Err(PeelError::Inconsistent)
        }
    }
}
