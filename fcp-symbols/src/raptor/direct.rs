//! Coding by multiply-adds over symbols, with the coefficients at hand. What comes out is what the library gives, bit
//! for bit.

use alloc::vec;
use alloc::vec::Vec;

use fcp_gf256::{Kernel, inverse};

use super::rows::Rows;

/// Writes the repair symbols `esis`, each `len` bytes, one after the other to `out`, in one pass over the source symbols.
///
/// Nothing if an id is no repair symbol's, or lengths do not fit.
pub(super) fn encode(
    rows: &Rows,
    kernel: Kernel,
    sources: &[&[u8]],
    esis: &[u32],
    len: usize,
    out: &mut [u8],
) -> Option<()> {
    let first = *esis.first()?;
    let follow = esis.iter().zip(first..).all(|(esi, expected)| *esi == expected);
    out.fill(0);
    if let Some(coefficients) = rows.consecutive(first, esis.len()).filter(|_| follow) {
        return kernel.combine(out, len, sources, coefficients).ok();
    }
    let mut coefficients = Vec::with_capacity(esis.len().saturating_mul(sources.len()));
    for esi in esis {
        coefficients.extend_from_slice(&rows.row(*esi)?);
    }
    kernel.combine(out, len, sources, &coefficients).ok()
}

/// How to make missing source symbols from repair symbols.
#[derive(Debug)]
pub(super) struct Inverse {
    /// Which of the repair symbols are used: as many as source symbols are missing.
    used: Vec<usize>,
    /// The coefficients of those in each missing source symbol.
    inverse: Vec<u8>,
    /// The coefficients of the known source symbols in each repair symbol that is used.
    known: Vec<u8>,
}

impl Inverse {
    /// That for the `missing` source symbols, ascending, from the repair symbols of these ids.
    ///
    /// Nothing if those do not determine them: then no other way does, either.
    pub(super) fn of(rows: &Rows, kernel: Kernel, missing: &[usize], repair: &[u32]) -> Option<Self> {
        let full: Vec<_> = repair.iter().map(|esi| rows.row(*esi)).collect::<Option<_>>()?;
        let mut matrix = Matrix::new(repair.len(), missing.len());
        for (line, row) in matrix.lines().zip(&full) {
            for (entry, column) in line.iter_mut().zip(missing) {
                *entry = *row.get(*column)?;
            }
        }
        let used = matrix.invert(kernel)?;
        let inverse =
            matrix.lines().take(missing.len()).flat_map(|line| line.iter().take(missing.len()).copied()).collect();
        let mut known = Vec::new();
        for row in used.iter().filter_map(|index| full.get(*index)) {
            known.reserve(row.len().saturating_sub(missing.len()));
            let mut from = 0;
            for column in missing {
                known.extend_from_slice(row.get(from..*column)?);
                from = column.saturating_add(1);
            }
            known.extend_from_slice(row.get(from..)?);
        }
        Some(Self { used, inverse, known })
    }

    /// The missing source symbols one after the other, each `len` bytes, from the known ones in order and all repair symbols.
    pub(super) fn solve(&self, kernel: Kernel, known: &[&[u8]], repair: &[&[u8]], len: usize) -> Option<Vec<u8>> {
        let mut sums = Vec::with_capacity(self.used.len().saturating_mul(len));
        for index in &self.used {
            sums.extend_from_slice(repair.get(*index)?);
        }
        // What the known symbols add to each repair symbol is taken away: adding is its own inverse.
        kernel.combine(&mut sums, len, known, &self.known).ok()?;
        let sums: Vec<&[u8]> = sums.chunks_exact(len).collect();
        let mut missing = vec![0; sums.len().saturating_mul(len)];
        kernel.combine(&mut missing, len, &sums, &self.inverse).ok()?;
        Some(missing)
    }
}

/// A matrix with at least as many rows as columns, whose rows are padded to whole vectors.
struct Matrix {
    bytes: Vec<u8>,
    /// From one row to the next.
    stride: usize,
    rows: usize,
    columns: usize,
}

impl Matrix {
    fn new(rows: usize, columns: usize) -> Self {
        let stride = columns.next_multiple_of(64).max(64);
        Self { bytes: vec![0; rows.saturating_mul(stride)], stride, rows, columns }
    }

    fn lines(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.bytes.chunks_exact_mut(self.stride)
    }

    fn entry(&mut self, row: usize, column: usize) -> Option<&mut u8> {
        self.bytes.get_mut(row.checked_mul(self.stride)?..)?.get_mut(..self.stride)?.get_mut(column)
    }

    /// Puts the inverse of independent rows in the place of the first rows, and says which rows those were, in the order of
    /// its columns. Nothing if no rows are independent: as many as there are columns.
    ///
    /// Gauss and Jordan's elimination in place: a column that is done with holds what became of the unit vector of
    /// the row that it was eliminated by.
    fn invert(&mut self, kernel: Kernel) -> Option<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.rows).collect();
        let (mut factors, mut scaled) = (Vec::with_capacity(self.rows), vec![0; self.stride]);
        for column in 0..self.columns {
            let pivot = (column..self.rows).find(|row| self.entry(*row, column).is_some_and(|entry| *entry != 0))?;
            order.swap(column, pivot);
            self.swap(column, pivot);
            let factor = inverse(core::mem::replace(self.entry(column, column)?, 1))?;
            scaled.fill(0);
            let from = column.checked_mul(self.stride)?;
            let line = self.bytes.get_mut(from..)?.get_mut(..self.stride)?;
            kernel.mul_add(&mut scaled, factor, line).ok()?;
            // All other rows lose their multiple of it. This one is set to it.
            line.fill(0);
            factors.clear();
            for row in 0..self.rows {
                factors.push(if row == column { 1 } else { core::mem::take(self.entry(row, column)?) });
            }
            kernel.combine(&mut self.bytes, self.stride, &[&scaled], &factors).ok()?;
        }
        order.truncate(self.columns);
        Some(order)
    }

    fn swap(&mut self, one: usize, other: usize) {
        let (first, second) = (one.min(other), one.max(other));
        if first == second {
            return;
        }
        let at = second.saturating_mul(self.stride);
        let Some((before, behind)) = self.bytes.split_at_mut_checked(at) else { return };
        let first = before.get_mut(first.saturating_mul(self.stride)..).and_then(|rest| rest.get_mut(..self.stride));
        if let (Some(first), Some(second)) = (first, behind.get_mut(..self.stride)) {
            first.swap_with_slice(second);
        }
    }
}

#[cfg(test)]
mod tests {
    use fcp_gf256::{Kernel, mul};

    use super::Matrix;

    #[test]
    fn inverses_undo() {
        // The rows 0 and 2 are multiples of each other.
        let rows = [[1, 2, 3], [0, 0, 7], [2, 4, 6], [0, 9, 1]];
        for kernel in Kernel::available() {
            let mut matrix = Matrix::new(4, 3);
            for (line, row) in matrix.lines().zip(rows) {
                line[..3].copy_from_slice(&row);
            }
            let used = matrix.invert(kernel).unwrap();
            let mut sorted = used.clone();
            sorted.sort_unstable();
            assert!(sorted == [0, 1, 3] || sorted == [1, 2, 3], "{used:?}");
            for (at, line) in matrix.lines().take(3).enumerate() {
                let product = |column: usize| {
                    used.iter().zip(&*line).fold(0, |sum, (row, factor)| sum ^ mul(*factor, rows[*row][column]))
                };
                assert_eq!([0, 1, 2].map(product), [0, 1, 2].map(|column| u8::from(at == column)), "{}", kernel.name());
            }
        }
    }

    #[test]
    fn dependent_rows_have_none() {
        for kernel in Kernel::available() {
            let mut matrix = Matrix::new(3, 2);
            for (line, factor) in matrix.lines().zip([1, 2, 0]) {
                line[..2].copy_from_slice(&[mul(factor, 3), mul(factor, 5)]);
            }
            assert!(matrix.invert(kernel).is_none());
        }
    }
}
