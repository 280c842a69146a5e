#![expect(clippy::arithmetic_side_effects, reason = "a test counts with small numbers")]

use super::{Difference, Iblt, MAX_CELLS, PeelError, cells_for, encoded_len, fold_size};
use crate::gossip::GossipItem;
use fcp_core::id::ObjectId;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn item(at: u32) -> GossipItem {
    let id = ObjectId::from_bytes(*blake3::hash(&at.to_le_bytes()).as_bytes());
    if at.is_multiple_of(3) { GossipItem::object(&id) } else { GossipItem::symbol(&id, at).unwrap() }
}

fn table(cells: u32, items: impl IntoIterator<Item = u32>) -> Iblt {
    let mut table = Iblt::new(cells).unwrap();
    for at in items {
        table.insert(&item(at));
    }
    table
}

fn sorted(items: impl IntoIterator<Item = u32>) -> Vec<GossipItem> {
    let mut items: Vec<GossipItem> = items.into_iter().map(item).collect();
    items.sort_unstable();
    items
}

#[test]
fn what_differs_is_found() {
    let mut left = table(256, 0..10_000);
    let right = table(256, 40..10_050);
    left.subtract(&right).unwrap();
    let found = left.peel().unwrap();
    assert_eq!(found, Difference { added: sorted(0..40), removed: sorted(10_000..10_050) });
    assert_eq!((found.len(), found.is_empty()), (90, false));

    let mut same = table(4, 0..100);
    assert_eq!(same.items(), 100);
    same.subtract(&table(4, 0..100)).unwrap();
    assert!(same.peel().unwrap().is_empty());

    let mut removed = table(64, 0..10);
    removed.remove(&item(3));
    assert_eq!(removed, table(64, (0..10).filter(|at| *at != 3)));
    assert!(table(64, 0..2).subtract(&table(60, 0..2)).is_err());
}

#[test]
fn too_much_is_said_to_be_too_much() {
    assert_eq!(table(64, 0..1_000).peel(), Err(PeelError::TooLarge));
    assert_eq!(table(4, 0..2).peel(), Err(PeelError::TooLarge));
    assert_eq!(table(4, 0..1).peel().map(|found| found.added), Ok(sorted(0..1)));
}

#[test]
fn bytes_are_those_of_the_definition() {
    let some = item(1);
    let bytes = table(8, [1]).to_bytes();
    assert_eq!(bytes.len(), encoded_len(8));
    assert_eq!(bytes[..6], [1, 4, 8, 0, 0, 0]);
    let hash = |number: u8| {
        let whole = [b"FCP2-IBLT-V1", &[number][..], some.as_bytes()].concat();
        u64::from_le_bytes(blake3::hash(&whole).as_bytes()[..8].try_into().unwrap())
    };
    for part in 0..4_u8 {
        let at = usize::from(part) * 2 + usize::try_from(hash(part) % 2).unwrap();
        let cell = &bytes[6 + 48 * at..][..48];
        let expected = [&[1, 0, 0, 0][..], some.as_bytes(), &hash(0xff).to_le_bytes()].concat();
        assert_eq!(cell, expected);
    }
    assert_eq!(Iblt::parse(&bytes), Ok(table(8, [1])));
}

#[test]
fn only_tables_are_read() {
    let bytes = table(8, 0..3).to_bytes();
    for len in 0..bytes.len() {
        assert!(Iblt::parse(&bytes[..len]).is_err());
    }
    assert!(Iblt::parse(&[&bytes[..], &[0]].concat()).is_err());
    for (at, value) in [(0, 0), (0, 2), (1, 3), (2, 12), (2, 6), (2, 0), (4, 1), (5, 0xff)] {
        let mut changed = bytes.clone();
        changed[at] = value;
        assert!(Iblt::parse(&changed).is_err(), "byte {at}");
    }
    assert!(Iblt::parse(&[1, 4, 0, 0, 0, 0]).is_err());
    for cells in [0, 3, 6, 4_100, u32::MAX] {
        assert!(Iblt::new(cells).is_err(), "{cells}");
    }
    assert!(Iblt::new(MAX_CELLS).is_ok());
}

#[test]
fn tables_that_no_sets_leave_are_refused() {
    // One item twice: its four cells say 2, which is nothing that comes apart.
    let mut twice = table(64, [1]);
    twice.insert(&item(1));
    assert_eq!(twice.clone().peel(), Err(PeelError::TooLarge));
    // An item in a single cell takes itself out of the others, where it can then be taken out of again.
    let mut bytes = Iblt::new(64).unwrap().to_bytes();
    let whole = table(64, [1]).to_bytes();
    let first = (0..16).find(|at| whole[6 + 48 * at] == 1).unwrap();
    let cell = 6 + 48 * first..6 + 48 * (first + 1);
    bytes[cell.clone()].copy_from_slice(&whole[cell.clone()]);
    assert_eq!(Iblt::parse(&bytes).unwrap().peel(), Err(PeelError::Inconsistent));
    // An item in a cell that is not one of its own.
    let mut moved = Iblt::new(64).unwrap().to_bytes();
    let other = 6 + 48 * ((first + 1) % 16);
    moved[other..other + 48].copy_from_slice(&whole[cell]);
    assert_eq!(Iblt::parse(&moved).unwrap().peel(), Err(PeelError::TooLarge));
}

#[test]
fn folding_is_making_a_smaller_table() {
    for (from, to) in [(4096, 128), (4096, 4096), (3072, 1536), (3072, 384), (4096, 4)] {
        assert_eq!(table(from, 0..500).fold(to), Some(table(to, 0..500)), "{from} to {to}");
    }
    assert_eq!(table(4096, 0..5).fold(3072), None);
    assert_eq!(table(128, 0..5).fold(256), None);
    for (cells, expected) in [(4, 4), (100, 128), (90, 96), (1432, 1536), (1537, 2048), (3_073, 4_096), (9_999, 4_096)]
    {
        assert_eq!(fold_size(cells), expected, "{cells}");
    }
}

#[test]
fn estimates_are_near() {
    for (left, right) in [(0..1_000, 500..2_000), (0..5_000, 4_990..5_000), (0..100, 100..100)] {
        let mut difference = table(128, left.clone());
        difference.subtract(&table(128, right.clone())).unwrap();
        let (left, right): (BTreeSet<u32>, BTreeSet<u32>) = (left.collect(), right.collect());
        let exact = u32::try_from(left.symmetric_difference(&right).count()).unwrap();
        let estimate = difference.estimate();
        assert!(estimate.abs_diff(exact) < exact / 2, "{estimate} for {exact}");
    }
    assert_eq!(Iblt::new(4).unwrap().estimate(), 0);
    let hostile = [&[1, 4, 8, 0, 0, 0][..], &[0x80; 48 * 8]].concat();
    assert!(Iblt::parse(&hostile).unwrap().estimate() > u32::MAX / 2);
}

#[test]
fn the_size_rule_suffices() {
    assert_eq!((cells_for(0), cells_for(1000), cells_for(2874)), (72, 1472, 4096));
    for differences in [1, 2, 10, 50, 100] {
        let failed = (0..300_u32)
            .filter(|round| {
                let start = round * 1_000;
                table(cells_for(differences), start..start + differences).peel().is_err()
            })
            .count();
        assert!(failed <= 3, "{failed} of 300 failed at {differences}");
    }
}

proptest! {
    #[test]
    fn differences_are_exact(
        left in prop::collection::btree_set(0_u32..200, 0..80),
        right in prop::collection::btree_set(0_u32..200, 0..80),
        cells in 1_u32..60,
    ) {
        let mut difference = table(cells * 4, left.iter().copied());
        difference.subtract(&table(cells * 4, right.iter().copied())).unwrap();
        match difference.peel() {
            Ok(found) => prop_assert_eq!(found, Difference {
                added: sorted(left.difference(&right).copied()),
                removed: sorted(right.difference(&left).copied()),
            }),
            Err(error) => {
                prop_assert_eq!(error, PeelError::TooLarge);
                let differences = left.symmetric_difference(&right).count();
                prop_assert!(u32::try_from(differences).unwrap() > 1);
            }
        }
    }

    #[test]
    fn hostile_tables_come_to_an_end(
        cells in 1_u32..10,
        items in prop::collection::vec(0_u32..40, 0..30),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        copies in prop::collection::vec((0_usize..40, 0_usize..40), 0..20),
    ) {
        let mut bytes = table(cells * 4, items).to_bytes();
        for (at, byte) in changes {
            let body = &mut bytes[6..];
            *at.get_mut(body) = byte;
        }
        for (from, to) in copies {
            let cell = |at: usize| 6 + 48 * (at % (cells as usize * 4));
            bytes.copy_within(cell(from)..cell(from) + 48, cell(to));
        }
        let table = Iblt::parse(&bytes).unwrap();
        prop_assert_eq!(table.to_bytes(), bytes);
        let _ = table.estimate();
        if let Ok(found) = table.peel() {
            prop_assert!(found.len() <= cells as usize * 4);
        }
    }
}
