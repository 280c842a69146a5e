//! Which parts of a set are asked for, and in what form.

use super::filter::MAX_FILTER_KEYS;
use super::iblt::{cells_for, encoded_len, fold_size};
use super::message::{Cells, MAX_LISTED};
use super::{GossipSet, IdRange, MAX_BITS, MAX_CELLS, Want};

/// The most cells that a table is planned with where the id space is divided: some parts need more than others.
const PLANNED_CELLS: u32 = MAX_CELLS / 2;

/// The first part to ask for, and the form of all: what costs the fewest bytes to find about `differences` items, where the
/// peer's set has `theirs`. Nothing if no division makes the parts small enough.
pub(super) fn plan(set: GossipSet, differences: u32, theirs: u32) -> Option<(IdRange, Want)> {
    let listed = u64::from(theirs).saturating_mul(set.item_len() as u64);
    let whole = cells_for(differences);
    let tables = u64::from(whole).saturating_mul(encoded_len(4) as u64 / 4);
    if listed <= tables {
        return list(theirs);
    }
    if fold_size(whole) >= whole {
        return Cells::new(fold_size(whole)).map(|cells| (IdRange::ALL, Want::Table(cells)));
    }
    let (bits, part) = divide(differences, |part| cells_for(spread(part)) <= PLANNED_CELLS)?;
    Cells::new(cells_for(spread(part))).and_then(|cells| Some((IdRange::first(bits)?, Want::Table(cells))))
}

/// The first part of a set of `theirs` items, as a list.
pub(super) fn list(theirs: u32) -> Option<(IdRange, Want)> {
    let (bits, _) = divide(theirs, |part| usize::try_from(spread(part)).is_ok_and(|part| part <= MAX_LISTED))?;
    Some((IdRange::first(bits)?, Want::List))
}

/// The first part of a set of `theirs` items whose filter one message holds.
pub(super) fn filter(theirs: u32) -> Option<IdRange> {
    let (bits, _) = divide(theirs, |part| spread(part) <= MAX_FILTER_KEYS)?;
    IdRange::first(bits)
}

/// The form of a part of which a table of `cells` cells held too little; nothing if a list is cheaper, or no table is larger.
pub(super) fn enlarged(set: GossipSet, cells: u32, differences: u32, theirs: u32) -> Option<Want> {
    let more = cells_for(differences).max(cells.saturating_mul(3).div_ceil(8).saturating_mul(4)).min(MAX_CELLS);
    let listed = u64::from(theirs).saturating_mul(set.item_len() as u64);
    let cheaper = encoded_len(more) as u64 <= listed;
    Cells::new(more).filter(|_| more > cells && cheaper).map(Want::Table)
}

/// The first half of a part, after which everything goes on in such halves.
pub(super) fn halved(range: IdRange) -> Option<IdRange> {
    IdRange::new(range.bits().checked_add(1)?, range.prefix().checked_mul(2)?).ok()
}

/// The fewest bits whose parts of `count` items are small enough, and how large they are.
fn divide(count: u32, fits: impl Fn(u32) -> bool) -> Option<(u8, u32)> {
    (0..=MAX_BITS).map(|bits| (bits, if bits == 0 { count } else { count >> bits })).find(|(_, part)| fits(*part))
}

/// What a part of so many items on average will hardly exceed: six standard deviations more.
fn spread(part: u32) -> u32 {
    part.saturating_add(part.isqrt().saturating_mul(6)).saturating_add(8)
}

#[cfg(test)]
mod tests {
    use super::{filter, plan};
    use crate::gossip::{Cells, GossipSet, IdRange, Want};

    #[test]
    fn the_cheapest_way_is_taken() {
        let table = |cells| Want::Table(Cells::new(cells).unwrap());
        let part = |bits| IdRange::first(bits).unwrap();
        for (differences, theirs, expected) in [
            (10, 1_000_000, (IdRange::ALL, table(96))),
            (1_000, 1_000_000, (IdRange::ALL, table(1536))),
            (2_800, 1_000_000, (IdRange::ALL, table(4096))),
            (3_000, 1_000_000, (part(2), table(1360))),
            (300_000, 10_000_000, (part(8), table(2012))),
            (1_000_000, 1_000_000, (part(4), Want::List)),
            (1_000_000, 0, (IdRange::ALL, Want::List)),
            (500, 500, (IdRange::ALL, Want::List)),
        ] {
            assert_eq!(plan(GossipSet::Objects, differences, theirs), Some(expected), "{differences} of {theirs}");
        }
        assert_eq!(plan(GossipSet::Symbols, u32::MAX, u32::MAX), None);
        assert_eq!(filter(2_000_000), Some(IdRange::ALL));
        assert_eq!(filter(10_000_000).map(IdRange::bits), Some(3));
    }
}
