//! How large a table has to be.

use super::MAX_CELLS;

/// How many cells let `differences` come apart in at least 999 of 1000 cases: 1.4 for each and 72 more, up to a multiple of
/// 4. May be more than a table can have; then the id space is to be divided (D132, D218).
///
/// What large tables need for each comes to 1.36 at a thousand and falls towards 1.30; small ones fail where a few items
/// happen to share all their cells, which the constant makes up for.
#[must_use]
pub const fn cells_for(differences: u32) -> u32 {
    let cells = differences.saturating_mul(7).div_ceil(5).saturating_add(72);
    cells.div_ceil(4).saturating_mul(4)
}

/// The least number of cells, at least `cells`, that the tables which nodes keep ready fold to: a power of two, or
/// three times one.
#[must_use]
pub const fn fold_size(cells: u32) -> u32 {
    let power = cells.next_power_of_two();
    let three_quarters = power.saturating_sub(power / 4);
    let size = if cells <= three_quarters { three_quarters } else { power };
    if size > MAX_CELLS { MAX_CELLS } else { size }
}
