//! Filters, tables and the items in them.

use std::collections::BTreeSet;

use fcp_core::id::ObjectId;
use fcp_symbols::gossip::{GossipItem, GossipSet, HeldItems, Iblt, IdRange, XorFilter, cells_for};

use super::input::Input;

/// A filter has one form, and answers any question.
pub(super) fn filter(bytes: &[u8]) {
    let Ok(filter) = XorFilter::parse(bytes) else { return };
    assert_eq!(filter.to_bytes(), bytes, "another encoding was accepted");
    for hash in [0, 1, u64::MAX, bytes.len() as u64] {
        let _ = filter.contains(hash);
    }
}

/// A table has one form, and whatever stands in it, taking it apart comes to an end and gives items of its own.
pub(super) fn table(bytes: &[u8]) {
    let Ok(table) = Iblt::parse(bytes) else { return };
    assert_eq!(table.to_bytes(), bytes, "another encoding was accepted");
    let _ = (table.items(), table.estimate());
    let size = usize::try_from(table.size()).expect("at most 4096");
    if let Ok(difference) = table.peel() {
        assert!(difference.added.len() + difference.removed.len() <= size, "more items than cells");
    }
}

/// Items of either set are read back as they are written.
pub(super) fn item(bytes: &[u8]) {
    for set in [GossipSet::Objects, GossipSet::Symbols] {
        if let Some(item) = GossipItem::parse(set, bytes) {
            assert!(item.is_of(set) && item.bytes_in(set) == bytes, "another encoding was accepted");
            assert_eq!(item.esi().is_some(), set == GossipSet::Symbols);
        }
    }
}

/// Two sets, and what their tables and filters say about them, against the sets themselves.
pub(super) fn reconciliation(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let set = [GossipSet::Objects, GossipSet::Symbols][input.below(2)];
    let cells = [4, 16, 64, 256][input.below(4)];
    let bits = input.u8() % 5;
    let mut held = [HeldItems::new(set), HeldItems::new(set)];
    let mut model = [BTreeSet::new(), BTreeSet::new()];
    for _ in 0..300 {
        if input.is_empty() {
            break;
        }
        let choice = input.u8();
        let mut id = [0; 32];
        id[..2].copy_from_slice(&input.array::<2>());
        let id = ObjectId::from_bytes(id);
        let item = match set {
            GossipSet::Objects => GossipItem::object(&id),
            GossipSet::Symbols => GossipItem::symbol(&id, u32::from(choice >> 4)).expect("a small number"),
        };
        for side in [0, 1].into_iter().filter(|side| choice & (1 << side) != 0) {
            if choice & 4 == 0 {
                assert_eq!(held[side].insert(item), model[side].insert(item));
            } else {
                assert_eq!(held[side].remove(&item), model[side].remove(&item));
            }
        }
    }
    let same = model[0] == model[1];
    let [ours, theirs] = &mut held;
    assert_eq!(ours.digest() == theirs.digest(), same, "digests and sets disagree");
    let (mut counted, mut range) = (0, IdRange::first(bits));
    while let Some(now) = range {
        let of = |model: &BTreeSet<GossipItem>| -> BTreeSet<GossipItem> {
            model.iter().filter(|item| now.contains(item)).copied().collect()
        };
        let (our_items, their_items) = (of(&model[0]), of(&model[1]));
        assert!(ours.range(now).copied().collect::<BTreeSet<_>>() == our_items);
        counted += our_items.len();
        let mut difference = ours.table(now, cells).expect("a right size");
        difference.subtract(&theirs.table(now, cells).expect("a right size")).expect("one size");
        let differing = our_items.symmetric_difference(&their_items).count();
        match difference.peel() {
            Ok(found) => {
                let only_ours: BTreeSet<_> = found.added.into_iter().collect();
                let only_theirs: BTreeSet<_> = found.removed.into_iter().collect();
                assert!(only_ours == our_items.difference(&their_items).copied().collect());
                assert!(only_theirs == their_items.difference(&our_items).copied().collect());
            }
            Err(_) => assert!(differing > 1, "a table of one item does not come apart"),
        }
        let _ = cells_for(u32::try_from(differing).expect("few"));
        if let Ok(filter) = ours.filter(now, u64::from(cells)) {
            assert!(our_items.iter().all(|item| filter.contains(item.check())), "a filter denies what is in it");
        }
        range = now.next();
    }
    assert_eq!(counted, model[0].len(), "ranges do not add up");
}
