//! The messages of §8.2: who holds what.

use serde_json::{Value as Json, json};

use super::{Fault, Sample, blob, drawn, vectors};
use crate::vecgen::identity::NOW;
use crate::vecgen::topic::{Topic, ask, flip, object, unhex};

/// Summaries, requests and what they are answered with.
pub(in crate::vecgen) fn topic() -> Topic {
    let mut topic = Topic::full("08-mesh", "gossip");
    vectors(
        &mut topic,
        vec![summary(), request(), list_request(), filter(), table(), list(), symbol_list(), no_list()],
    );
    topic
}

/// A table of nothing.
fn cells(count: u32) -> Vec<u8> {
    [&[1, 4][..], &count.to_le_bytes(), &vec![0; 48 * count as usize]].concat()
}

/// A filter of two objects.
fn filter_bytes() -> Vec<u8> {
    let keys = json!({"keys": ["11".repeat(32), "22".repeat(32)], "seed": 5});
    unhex(ask("xor.build", &object(keys)).unwrap_or_default().get("filter").unwrap_or(&Json::Null))
}

fn summary() -> Sample {
    let fields = json!({
        "from": "nLaptop", "zone_id": "z:work", "epoch_id": NOW / 300, "object_filter_digest": drawn::<32>("objects"),
        "symbol_filter_digest": drawn::<32>("symbols"), "iblt": blob(cells(8)), "timestamp": NOW,
    });
    Sample::message("summary", "fcp.mesh:GossipSummary", "§8.2, D133", fields).under_a_signature().faults(vec![
        ("of-another-epoch", "D219", &["epoch_id"], Some(json!(NOW / 300 + 1)), "gossip.bad_epoch"),
        ("table-of-ten-cells", "D132", &["iblt"], Some(blob(cells(10))), "gossip.bad_table"),
        ("table-of-version-2", "D132", &["iblt"], Some(blob([2, 4, 0, 0, 0, 0])), "gossip.bad_table"),
        ("without-zone", "D133", &["zone_id"], None, "cbor.missing_key"),
        ("without-table", "§8.2", &["iblt"], None, "cbor.missing_key"),
        ("short-digest", "G7", &["object_filter_digest"], Some(blob([1; 31])), "cbor.out_of_range"),
    ])
}

/// The fields that all but the summary have.
fn part(set: &str, range: Json, more: Json) -> Json {
    let mut fields = object(json!({"zone_id": "z:work", "set": set, "range": range}));
    fields.extend(object(more));
    Json::Object(fields)
}

fn request() -> Sample {
    let fields = part("objects", json!([12, 4_095]), json!({"want": {"table": 1_536}}));
    let faults: Vec<Fault> = vec![
        ("range-of-13-bits", "D132", &["range"], Some(json!([13, 0])), "gossip.bad_range"),
        ("range-beyond-its-bits", "D218", &["range"], Some(json!([3, 8])), "gossip.bad_range"),
        ("range-of-three", "D219", &["range"], Some(json!([3, 1, 0])), "gossip.bad_range"),
        ("table-of-6-cells", "D132", &["want", "table"], Some(json!(6)), "gossip.bad_table"),
        ("table-of-4100-cells", "D132", &["want", "table"], Some(json!(4_100)), "gossip.bad_table"),
        ("unknown-want", "G5", &["want"], Some(json!("everything")), "cbor.unknown_variant"),
        ("unknown-set", "G5", &["set"], Some(json!("peers")), "cbor.unknown_variant"),
        ("without-want", "D219", &["want"], None, "cbor.missing_key"),
    ];
    Sample::message("request-for-a-table", "fcp.mesh:GossipRequest", "§8.2, D219", fields).faults(faults)
}

fn list_request() -> Sample {
    let fields = part("symbols", json!([0, 0]), json!({"want": "list"}));
    Sample::message("request-for-a-list", "fcp.mesh:GossipRequest", "§8.2, D219", fields)
}

fn filter() -> Sample {
    let (bytes, digest) = (filter_bytes(), drawn::<32>("objects"));
    let fields = part("objects", json!([0, 0]), json!({"n": 2, "digest": digest, "filter": blob(&bytes)}));
    Sample::message("filter", "fcp.mesh:MembershipFilter", "§8.2, D132, D218", fields).faults(vec![
        ("of-version-0", "D218", &["filter"], Some(blob(flip(&bytes, 0))), "gossip.bad_filter"),
        ("cut-short", "D218", &["filter"], Some(blob(&bytes[..bytes.len() - 1])), "gossip.bad_filter"),
        ("of-more-keys-than-items", "D219", &["n"], Some(json!(1)), "gossip.bad_filter"),
        ("n-beyond-32-bits", "D132", &["n"], Some(json!(4_294_967_296_u64)), "cbor.out_of_range"),
    ])
}

fn table() -> Sample {
    let fields = part("symbols", json!([1, 1]), json!({"n": 70_000, "iblt": blob(cells(4))}));
    Sample::message("table", "fcp.mesh:GossipTable", "§8.2, D132, D219", fields).faults(vec![
        ("without-cells", "D132", &["iblt"], Some(blob(cells(0))), "gossip.bad_table"),
        ("one-byte-more", "D132", &["iblt"], Some(blob([&cells(4)[..], &[0]].concat())), "gossip.bad_table"),
    ])
}

fn list() -> Sample {
    let items = |ids: &[u8]| Some(blob(ids.iter().flat_map(|id| [*id; 32]).collect::<Vec<u8>>()));
    let fields = part("objects", json!([1, 1]), json!({"n": 3, "items": items(&[0x80, 0x90, 0xff])}));
    Sample::message("list", "fcp.mesh:GossipList", "§8.2, D219", fields).faults(vec![
        ("unsorted", "D219", &["items"], items(&[0x90, 0x80, 0xff]), "gossip.bad_list"),
        ("one-twice", "D219", &["items"], items(&[0x80, 0x80, 0xff]), "gossip.bad_list"),
        ("of-another-range", "D219", &["items"], items(&[0x7f, 0x80, 0xff]), "gossip.bad_list"),
        ("one-too-few", "D219", &["items"], items(&[0x80, 0x90]), "gossip.bad_list"),
        ("one-too-many", "D219", &["items"], items(&[0x80, 0x90, 0xa0, 0xff]), "gossip.bad_list"),
        ("half-an-item", "D219", &["items"], Some(blob([0x80; 80])), "gossip.bad_list"),
        ("items-beyond-65536", "D219", &["n"], Some(json!(65_537)), "gossip.bad_list"),
    ])
}

fn symbol_list() -> Sample {
    let symbol = |esi: u32| [&[0x80; 32][..], &esi.to_le_bytes()].concat();
    let items = |esis: [u32; 2]| Some(blob(esis.map(symbol).concat()));
    let fields = part("symbols", json!([0, 0]), json!({"n": 2, "items": items([256, 1])}));
    Sample::message("list-of-symbols", "fcp.mesh:GossipList", "§8.2, D218, D219", fields).faults(vec![
        ("sorted-by-number", "D218", &["items"], items([1, 256]), "gossip.bad_list"),
        ("beyond-the-code", "D61", &["items"], items([1, 0x0100_0000]), "gossip.bad_list"),
        ("with-an-object", "D218", &["items"], items([1, u32::MAX]), "gossip.bad_list"),
    ])
}

fn no_list() -> Sample {
    let fields = part("objects", json!([0, 0]), json!({"n": 65_537, "items": blob([])}));
    Sample::message("list-that-is-too-long", "fcp.mesh:GossipList", "§8.2, D219", fields)
}
