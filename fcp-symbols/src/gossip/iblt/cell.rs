//! Cells of a table.

use alloc::vec::Vec;

use super::super::GossipItem;

/// How long a cell is, in bytes.
pub(super) const CELL_LEN: usize = 48;

/// The items that stand in a cell, one over the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) count: i32,
    key: [u8; GossipItem::LEN],
    pub(super) check: u64,
}

impl Default for Cell {
    fn default() -> Self {
        Self { count: 0, key: [0; GossipItem::LEN], check: 0 }
    }
}

impl Cell {
    pub(super) fn from_bytes(bytes: &[u8; CELL_LEN]) -> Self {
        let mut cell = Self::default();
        if let Some((count, rest)) = bytes.split_first_chunk()
            && let Some((key, check)) = rest.split_first_chunk()
        {
            cell.count = i32::from_le_bytes(*count);
            cell.key = *key;
            cell.check = check.first_chunk().copied().map_or(0, u64::from_le_bytes);
        }
        cell
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.extend_from_slice(&self.key);
        bytes.extend_from_slice(&self.check.to_le_bytes());
    }

    pub(super) fn change(&mut self, item: &GossipItem, check: u64, count: i32) {
        self.count = self.count.wrapping_add(count);
        self.mix(item.as_bytes());
        self.check ^= check;
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        self.count = self.count.wrapping_sub(other.count);
        self.mix(&other.key);
        self.check ^= other.check;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.count = self.count.wrapping_add(other.count);
        self.mix(&other.key);
        self.check ^= other.check;
    }

    fn mix(&mut self, key: &[u8; GossipItem::LEN]) {
        for (byte, other) in self.key.iter_mut().zip(key) {
            *byte ^= other;
        }
    }

    /// The item, if the cell looks as if it held one.
    pub(super) const fn item(&self) -> GossipItem {
        GossipItem::from_table(self.key)
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
