//! What a source can do to symbols that another one sent: nothing.

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_symbols::esi::EsiSet;

use super::{Store, StoredSymbol, SymbolShape};

const OBJECT: ObjectId = ObjectId::from_bytes([1; 32]);
const ROOMY: u64 = 1 << 30;

fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

fn shape(k: u16) -> SymbolShape {
    SymbolShape { zone_id: ZoneId::private(), k, symbol_size: 256 }
}

fn symbol(source: &str, k: u16, esi: u32, fill: u8) -> StoredSymbol {
    StoredSymbol { object_id: OBJECT, source: node(source), esi, data: vec![fill; 256], shape: shape(k) }
}

fn in_new_store(check: impl FnOnce(&Store)) {
    let folder = tempfile::tempdir().unwrap();
    check(&Store::open(&folder.path().join("store.redb")).unwrap());
}

#[test]
fn a_stored_symbol_is_never_replaced() {
    in_new_store(|store| {
        let own = node("nOwn");
        store.put_symbols(&[symbol("nA", 8, 3, 1)], &own, ROOMY).unwrap();
        let garbage = [symbol("nEvil", 8, 3, 9), symbol("nEvil", 8, 4, 9), symbol("nA", 8, 3, 9)];
        assert_eq!(store.put_symbols(&garbage, &own, ROOMY).unwrap(), []);
        assert_eq!(store.symbols(&OBJECT, &node("nA")).unwrap()[&3], vec![1; 256]);
        assert_eq!(store.symbol_esis(&OBJECT, &node("nA")).unwrap(), [3]);
        assert_eq!(store.symbol_esis(&OBJECT, &node("nEvil")).unwrap(), [3, 4]);
        let sources: Vec<_> = store.symbol_holdings(&OBJECT).unwrap().into_iter().map(|held| held.source).collect();
        assert_eq!(sources, [node("nA"), node("nEvil")]);
    });
}

#[test]
fn the_first_symbol_fixes_the_shape_for_its_source_only() {
    in_new_store(|store| {
        let own = node("nOwn");
        let batch = [symbol("nEvil", 1, 0, 9), symbol("nA", 8, 0, 1), symbol("nA", 9, 1, 1)];
        let refused = store.put_symbols(&batch, &own, ROOMY).unwrap();
        assert_eq!(refused.len(), 1);
        assert_eq!(
            (&refused[0].source, refused[0].reason, refused[0].symbols),
            (&node("nA"), Reason::SymbolContexts, 1)
        );
        let held = store.symbol_holding(&OBJECT, &node("nA")).unwrap().unwrap();
        assert_eq!((held.shape, held.symbols), (shape(8), 1));
    });
}

#[test]
fn an_object_has_four_shapes_and_any_number_of_sources() {
    in_new_store(|store| {
        let own = node("nOwn");
        for (source, k) in ["nA", "nB", "nC", "nD"].into_iter().zip(8..) {
            assert_eq!(store.put_symbols(&[symbol(source, k, 0, 1)], &own, ROOMY).unwrap(), []);
        }
        let refused = store.put_symbols(&[symbol("nE", 12, 0, 1)], &own, ROOMY).unwrap();
        assert_eq!(refused[0].reason, Reason::SymbolContexts);
        assert_eq!(store.put_symbols(&[symbol("nE", 8, 0, 1)], &own, ROOMY).unwrap(), []);
        assert_eq!(store.symbol_holdings(&OBJECT).unwrap().len(), 5);
    });
}

#[test]
fn a_source_has_its_share_of_the_disk_and_this_node_all_of_it() {
    in_new_store(|store| {
        let (own, share) = (node("nOwn"), 2 * (256 + super::SYMBOL_OVERHEAD));
        let many = |source: &str| -> Vec<_> { (0..5).map(|esi| symbol(source, 8, esi, 1)).collect() };
        let refused = store.put_symbols(&many("nA"), &own, share).unwrap();
        assert_eq!((refused[0].reason, refused[0].symbols), (Reason::SymbolSourceBudget, 3));
        // What is stored already costs nothing more, and others are not affected.
        assert_eq!(store.put_symbols(&many("nA")[..2], &own, share).unwrap(), []);
        assert_eq!(store.put_symbols(&many("nB")[..2], &own, share).unwrap(), []);
        assert_eq!(store.put_symbols(&many("nOwn"), &own, share).unwrap(), []);
        assert_eq!(store.symbol_esis(&OBJECT, &node("nA")).unwrap(), [0, 1]);
    });
}

#[test]
fn a_restart_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let (own, share) = (node("nOwn"), 2 * (256 + super::SYMBOL_OVERHEAD));
    let batch = [symbol("nB", 8, 0, 1), symbol("nB", 8, 1, 1), symbol("nA", 8, 7, 2)];
    Store::open(&path).unwrap().put_symbols(&batch, &own, share).unwrap();
    let store = Store::open(&path).unwrap();
    let sources: Vec<_> = store.symbol_holdings(&OBJECT).unwrap().into_iter().map(|held| held.source).collect();
    assert_eq!(sources, [node("nB"), node("nA")]);
    assert_eq!(store.put_symbols(&[symbol("nB", 8, 2, 1)], &own, share).unwrap().len(), 1);
    store.put_symbols(&[symbol("nA", 8, 7, 9)], &own, share).unwrap();
    assert_eq!(store.symbols(&OBJECT, &node("nA")).unwrap()[&7], vec![2; 256]);
}

#[test]
fn what_is_given_up_makes_room_and_nothing_else_goes() {
    in_new_store(|store| {
        let (own, cost) = (node("nOwn"), 256 + 128);
        let batch = [symbol("nA", 8, 0, 1), symbol("nA", 8, 1, 1), symbol("nB", 8, 1, 2), symbol("nB", 8, 2, 2)];
        assert_eq!(store.put_symbols(&batch, &own, 2 * cost).unwrap(), []);
        assert_eq!(store.put_symbols(&[symbol("nA", 8, 5, 1)], &own, 2 * cost).unwrap().len(), 1);
        store.drop_symbols(&OBJECT, &EsiSet::from(1..3)).unwrap();
        assert_eq!(store.symbol_esis(&OBJECT, &node("nA")).unwrap(), [0]);
        let left = store.symbol_holdings(&OBJECT).unwrap();
        assert_eq!(left.iter().map(|held| (held.source.clone(), held.symbols)).collect::<Vec<_>>(), [(node("nA"), 1)]);
        assert_eq!(store.put_symbols(&[symbol("nA", 8, 5, 1)], &own, 2 * cost).unwrap(), []);
        assert_eq!(store.held_objects().unwrap(), [(OBJECT, ZoneId::private())]);
        store.drop_symbols(&OBJECT, &EsiSet::from(0..9)).unwrap();
        assert_eq!(store.held_objects().unwrap(), []);
    });
}
