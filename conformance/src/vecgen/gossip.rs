//! Filters, tables and digests of what nodes hold (§8.2).

use serde_json::{Value, json};

use super::topic::{Topic, ask, flip, hex, object, random, unhex};

/// Some object ids, and a symbol of each third.
fn keys(label: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|at| {
            let id = hex(random::<32>(&format!("{label} {at}")));
            if at % 3 == 2 { format!("{id}{}", hex((at as u32 * 77).to_le_bytes())) } else { id }
        })
        .collect()
}

fn sorted(keys: &[String]) -> Vec<String> {
    // As items are sorted in tables: an object behind its symbols.
    let mut sorted = keys.to_vec();
    sorted.sort_by_key(|key| if key.len() == 64 { format!("{key}ffffffff") } else { key.clone() });
    sorted
}

/// `xor.build` and `xor.query`.
pub(super) fn filters() -> Topic {
    let mut topic = Topic::full("08-mesh", "filters");
    let (op, section) = ("xor.build", "§8.2, D218");
    let input = |keys: &[String], seed: Value| json!({"keys": keys, "seed": seed});
    for count in [0, 1, 2, 5, 40, 200] {
        let name = format!("{count}-keys");
        topic.accept(op, &name, section, input(&keys("filtered", count), json!(7)));
    }
    let some = keys("filtered", 20);
    topic.accept(op, "largest-seed", section, input(&some, json!("18446744073709551615")));
    let built = ask(op, &object(input(&some, json!(7)))).unwrap_or_default();
    let expected = json!({"filter": built.get("filter")});
    let reversed: Vec<String> = some.iter().rev().cloned().collect();
    topic.gives(op, "in-reverse", section, input(&reversed, json!(7)), expected.clone());
    topic.gives(op, "each-twice", section, input(&[some.clone(), reversed].concat(), json!(7)), expected);
    // A seed that gives no filter, so that the next one is taken.
    let seed_of = |seed: u64| -> Option<u64> {
        let built = ask(op, &object(input(&some, json!(seed)))).ok()?;
        unhex(built.get("filter")?).get(2..10)?.try_into().ok().map(u64::from_le_bytes)
    };
    match (0..10_000).find(|seed| seed_of(*seed) != Some(*seed)) {
        Some(seed) => {
            topic.accept(op, "first-seed-fails", section, input(&some, json!(seed)));
            topic.note("The first seed gives no filter; the filter names the one that does.");
        }
        None => topic.faults.push("every seed gives a filter".to_owned()),
    }

    let op = "xor.query";
    let filter = unhex(built.get("filter").unwrap_or(&Value::Null));
    let query = |filter: &[u8], keys: &[String]| json!({"filter": hex(filter), "keys": keys});
    let all = json!({"hits": vec![true; some.len()]});
    topic.gives(op, "keys-of-the-filter", section, query(&filter, &some), all);
    topic.accept(op, "other-keys", section, query(&filter, &keys("others", 300)));
    let empty = ask("xor.build", &object(input(&[], json!(7)))).unwrap_or_default();
    let empty = unhex(empty.get("filter").unwrap_or(&Value::Null));
    topic.accept(op, "filter-of-nothing", section, query(&empty, &keys("others", 300)));
    topic.accept(op, "changed-fingerprints", section, query(&flip(&filter, 30), &some));
    let changed = |at: usize, value: u8| {
        let mut changed = filter.clone();
        if let Some(byte) = changed.get_mut(at) {
            *byte = value;
        }
        changed
    };
    for (name, filter) in [
        ("nothing", Vec::new()),
        ("version-2", changed(0, 2)),
        ("kind-2", changed(1, 2)),
        ("keys-for-longer-blocks", changed(10, 60)),
        ("two-to-the-24-keys", changed(13, 1)),
        ("longer-blocks", changed(14, 60)),
        ("header-only", filter.iter().take(18).copied().collect()),
        ("one-byte-short", filter.iter().take(filter.len().saturating_sub(1)).copied().collect()),
        ("one-byte-more", [&filter[..], &[0]].concat()),
    ] {
        topic.reject(op, name, "D218", query(&filter, &some), "gossip.bad_filter");
    }
    topic
}

/// `iblt.diff` and `gossip.digest`.
pub(super) fn tables() -> Topic {
    let mut topic = Topic::full("08-mesh", "tables");
    let (op, section) = ("iblt.diff", "§8.2, D132");
    let all = keys("reconciled", 60);
    let part = |from: usize, to: usize| all.get(from..to).unwrap_or_default().to_vec();
    let input =
        |ours: &[String], theirs: &[String], cells: u64| json!({"ours": ours, "theirs": theirs, "cells": cells});
    let gives = |ours: &[String], theirs: &[String]| json!({"only_ours": sorted(ours), "only_theirs": sorted(theirs)});
    for (name, ours, theirs, cells, only_ours, only_theirs) in [
        ("equal", part(0, 20), part(0, 20), 4, part(0, 0), part(0, 0)),
        ("nothing-at-all", part(0, 0), part(0, 0), 4, part(0, 0), part(0, 0)),
        ("one-more", part(0, 20), part(0, 21), 4, part(0, 0), part(20, 21)),
        ("one-less", part(0, 21), part(0, 20), 4, part(20, 21), part(0, 0)),
        ("ten-each", part(0, 40), part(10, 50), 64, part(0, 10), part(40, 50)),
        ("from-nothing", part(0, 0), part(0, 60), 156, part(0, 0), part(0, 60)),
        ("to-nothing", part(0, 60), part(0, 0), 1_000, part(0, 60), part(0, 0)),
        ("largest-table", part(0, 3), part(2, 5), 4_096, part(0, 2), part(3, 5)),
    ] {
        topic.gives(op, name, section, input(&ours, &theirs, cells), gives(&only_ours, &only_theirs));
    }
    let made = topic.accept(op, "table", section, input(&part(0, 12), &part(0, 10), 16));
    topic.reject(op, "more-than-fits", section, input(&part(0, 0), &part(0, 60), 32), "gossip.too_large");
    for cells in [0, 3, 6, 4_100] {
        let name = format!("{cells}-cells");
        topic.reject(op, &name, "D132", input(&part(0, 1), &part(0, 1), cells), "gossip.bad_table");
    }

    let table = unhex(made.get("our_table").unwrap_or(&Value::Null));
    let against = |ours: &[String], table: &[u8]| json!({"ours": ours, "table": hex(table)});
    topic.gives(op, "bytes-of-a-table", section, against(&part(1, 12), &table), gives(&part(0, 0), &part(0, 1)));
    topic.reject(op, "changed-count", "D132", against(&part(0, 12), &flip(&table, 6)), "gossip.too_large");
    topic.reject(
        op,
        "changed-check",
        "D132",
        against(&part(0, 11), &flip(&table, table.len() - 1)),
        "gossip.too_large",
    );
    for (name, table) in [
        ("no-bytes", Vec::new()),
        ("version-0", flip(&table, 0)),
        ("five-parts", flip(&table, 1)),
        ("more-cells-than-bytes", flip(&table, 3)),
        ("one-byte-short", table.iter().take(table.len().saturating_sub(1)).copied().collect()),
        ("one-byte-more", [&table[..], &[0]].concat()),
        ("no-cells", vec![1, 4, 0, 0, 0, 0]),
    ] {
        topic.reject(op, name, "D132", against(&part(0, 12), &table), "gossip.bad_table");
    }
    // What is taken out of a table of nothing: the table says that something is missing which nobody has.
    let negative = negated(&unhex(
        ask(op, &object(input(&part(0, 1), &[], 16))).unwrap_or_default().get("our_table").unwrap_or(&Value::Null),
    ));
    topic.reject(op, "lacks-what-we-lack", "D218", against(&[], &negative), "gossip.inconsistent");
    topic.note("The table would be that of a set which lacks an item that the own set does not have.");

    let op = "gossip.digest";
    let of = |set: &str, items: &[String]| json!({"set": set, "items": items});
    let (objects, symbols): (Vec<String>, Vec<String>) = all.iter().cloned().partition(|key| key.len() == 64);
    for (name, set, items) in [
        ("no-objects", "objects", Vec::new()),
        ("no-symbols", "symbols", Vec::new()),
        ("objects", "objects", objects.clone()),
        ("symbols", "symbols", symbols.clone()),
    ] {
        topic.accept(op, name, section, of(set, &items));
    }
    let once = ask(op, &object(of("objects", &objects))).unwrap_or_default();
    let again: Vec<String> = objects.iter().rev().chain(&objects).cloned().collect();
    topic.gives(op, "objects-in-disorder", section, of("objects", &again), json!({"digest": once.get("digest")}));
    let id = objects.first().cloned().unwrap_or_default();
    let esis: Vec<String> =
        [1, 256, 65_536].iter().map(|esi: &u32| format!("{id}{}", hex(esi.to_le_bytes()))).collect();
    topic.accept(op, "symbols-of-one-object", section, of("symbols", &esis));
    topic.note("Sorted by the bytes of the numbers, which are little-endian: 65536, 256, 1.");
    topic
}

/// The table with every count's sign turned over.
fn negated(table: &[u8]) -> Vec<u8> {
    let (head, cells) = table.split_at(table.len().min(6));
    let cells = cells.chunks(48).flat_map(|cell| {
        let (count, rest) = cell.split_at(cell.len().min(4));
        let count = i32::from_le_bytes(count.try_into().unwrap_or_default()).wrapping_neg();
        [&count.to_le_bytes()[..], rest].concat()
    });
    head.iter().copied().chain(cells).collect()
}
