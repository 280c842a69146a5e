//! Fountain coding and chunks (App. B, §20).

use fcp_core::cbor;
use fcp_core::id::ObjectIdKey;
use fcp_core::object::{MeshObject as _, Message as _};
use fcp_symbols::chunk::{ChunkedObjectManifest, RawChunk};
use serde_json::{Value, json};

use super::edit::{bytes, edit, list, uint};
use super::identity::known;
use super::objects::header;
use super::topic::{Topic, ask, flip, hex, object, random, random_vec, unhex, with};

/// `raptor.encode` and `raptor.decode`.
pub(super) fn raptor() -> Topic {
    let mut topic = Topic::new("20-coding", "raptor");
    let (op, section) = ("raptor.encode", "§20, D59, D60");
    let input = |len: usize, repair: u32| json!({"object": hex(random_vec("coded object", len)), "symbol_size": 256, "repair": repair});
    for (name, len, repair) in [
        ("nothing", 0, 2),
        ("one-byte", 1, 2),
        ("one-symbol-filled", 248, 1),
        ("one-byte-more-than-a-symbol", 249, 1),
        ("ten-symbols", 2_500, 4),
        ("no-repair", 1_000, 0),
    ] {
        topic.accept(op, name, section, input(len, repair));
    }
    topic.reject(op, "symbol-size-248", "D68", with(&input(1, 0), json!({"symbol_size": 248})), "symbol.bad_size");
    topic.reject(op, "symbol-size-260", "D59", with(&input(1, 0), json!({"symbol_size": 260})), "symbol.bad_size");

    let coded = ask(op, &object(input(2_500, 6))).unwrap_or_default();
    let (k, symbols) = (coded["k"].clone(), coded["symbols"].as_array().cloned().unwrap_or_default());
    let op = "raptor.decode";
    let decode = |symbols: Vec<Value>| json!({"k": k, "symbol_size": 256, "symbols": symbols});
    let expected = json!({"object": hex(random_vec("coded object", 2_500))});
    let without = |lost: &[usize]| -> Vec<Value> {
        symbols
            .iter()
            .enumerate()
            .filter(|(index, _)| !lost.contains(index))
            .map(|(_, symbol)| symbol.clone())
            .collect()
    };
    topic.gives(op, "all-source-symbols", section, decode(symbols[..10].to_vec()), expected.clone());
    topic.gives(op, "two-lost", section, decode(without(&[0, 7])), expected.clone());
    topic.gives(op, "every-other-lost", section, decode(without(&[1, 3, 5, 7])), expected.clone());
    topic.gives(op, "in-reverse", section, decode(without(&[4]).into_iter().rev().collect()), expected);
    topic.reject(op, "one-too-few", "D62", decode(symbols[..9].to_vec()), "symbol.insufficient");
    topic.reject(
        op,
        "esi-of-25-bits",
        "D61",
        decode(vec![with(&symbols[0], json!({"esi": 1 << 24}))]),
        "symbol.bad_esi",
    );
    topic.reject(
        op,
        "short-symbol",
        "§4.1",
        decode(vec![with(&symbols[0], json!({"data": hex([0; 255])}))]),
        "symbol.wrong_length",
    );
    let conflict = vec![symbols[0].clone(), with(&symbols[0], json!({"data": hex([0; 256])}))];
    topic.reject(op, "one-esi-two-contents", "D51", decode(conflict), "symbol.conflict");
    topic.reject(op, "k-zero", "D61", json!({"k": 0, "symbol_size": 256, "symbols": []}), "symbol.bad_k");
    topic.reject(op, "k-56404", "D61", json!({"k": 56_404, "symbol_size": 256, "symbols": []}), "symbol.bad_k");
    let one = |source: Vec<u8>| json!({"k": 1, "symbol_size": 256, "symbols": [{"esi": 0, "data": hex(source)}]});
    let source = |len: u64| {
        let mut source = len.to_le_bytes().to_vec();
        source.resize(256, 0);
        source
    };
    topic.gives(op, "248-zeros", section, one(source(248)), json!({"object": hex([0; 248])}));
    topic.reject(op, "length-beyond-the-block", "D60", one(source(249)), "symbol.bad_length");
    topic.reject(op, "length-of-16-eib", "D60", one(source(u64::MAX)), "symbol.bad_length");
    topic.reject(op, "padding-that-is-not-zero", "D60", one(flip(&source(10), 255)), "symbol.bad_padding");
    let two = json!({"k": 2, "symbol_size": 256, "symbols": [{"esi": 0, "data": hex(source(10))}, {"esi": 1, "data": hex([0; 256])}]});
    topic.reject(op, "k-larger-than-needed", "D60", two, "symbol.bad_length");
    topic
}

/// `chunk.split` and `chunk.join`.
pub(super) fn chunks() -> Topic {
    let mut topic = Topic::new("20-coding", "chunks");
    let (op, section) = ("chunk.split", "App. B, D193");
    let manifest_header = header(ChunkedObjectManifest::SCHEMA);
    let key: [u8; 32] = random("object id key");
    let input = |payload: Vec<u8>, size: u32| {
        json!({
            "payload": hex(payload), "chunk_size": size, "header": hex(cbor::encode(&manifest_header)),
            "object_id_key": hex(key),
        })
    };
    let payload = random_vec("payload", 2_500);
    let mut joined = Vec::new();
    for (name, payload, size) in [
        ("three-chunks", payload.clone(), 1_024),
        ("one-chunk", payload.clone(), 4_096),
        ("exactly-two-chunks", payload[..2_048].to_vec(), 1_024),
        ("equal-chunks", vec![7; 3_072], 1_024),
        ("nothing", Vec::new(), 1_024),
    ] {
        let split = topic.accept(op, name, section, input(payload.clone(), size));
        let chunks: Vec<Value> =
            split["chunks"].as_array().into_iter().flatten().map(|chunk| chunk["canonical"].clone()).collect();
        joined.push((name, split["manifest"].clone(), chunks, payload));
    }
    topic.reject(op, "chunk-size-1023", "D193", input(payload.clone(), 1_023), "chunk.bad_size");
    topic.reject(op, "chunk-size-above-1-mib", "D193", input(payload.clone(), 1_048_577), "chunk.bad_size");
    let other = cbor::encode(&header(RawChunk::SCHEMA));
    topic.reject(
        op,
        "header-of-another-schema",
        section,
        with(&input(payload.clone(), 1_024), json!({"header": hex(other)})),
        "object.schema_mismatch",
    );

    let op = "chunk.join";
    let join =
        |manifest: &Value, chunks: &[Value]| json!({"manifest": manifest, "chunks": chunks, "object_id_key": hex(key)});
    for (name, manifest, chunks, payload) in &joined {
        topic.gives(op, name, section, join(manifest, chunks), json!({"payload": hex(payload)}));
    }
    let (_, manifest, chunks, _) = &joined[0];
    topic.reject(op, "last-chunk-missing", section, join(manifest, &chunks[..2]), "chunk.missing");
    let exchanged = [chunks[1].clone(), chunks[0].clone(), chunks[2].clone()];
    topic.reject(op, "chunks-exchanged", section, join(manifest, &exchanged), "chunk.foreign");
    let surplus = [&chunks[..], &[chunks[0].clone()]].concat();
    topic.reject(op, "one-chunk-too-many", section, join(manifest, &surplus), "chunk.foreign");
    // A byte of the payload: behind it stands only the header's second copy, of less than 600 bytes.
    let second = unhex(&chunks[1]);
    let changed = [chunks[0].clone(), json!(hex(flip(&second, second.len() - 600))), chunks[2].clone()];
    topic.reject(op, "changed-chunk", section, join(manifest, &changed), "chunk.foreign");
    let stranger = with(&join(manifest, chunks), json!({"object_id_key": hex([0; 32])}));
    topic.reject(op, "under-another-object-id-key", section, stranger, "chunk.foreign");
    broken_manifests(&mut topic, &unhex(manifest), chunks, &key);
    topic
}

fn broken_manifests(topic: &mut Topic, manifest: &[u8], chunks: &[Value], key: &[u8; 32]) {
    let (op, section) = ("chunk.join", "App. B, D193");
    let join = |manifest: Vec<u8>, chunks: &[Value]| json!({"manifest": hex(manifest), "chunks": chunks, "object_id_key": hex(key)});
    for (name, path, value, code) in [
        ("total-shorter-than-the-chunks", "total_len", uint(2_048), "chunk.count"),
        ("total-longer-than-the-chunks", "total_len", uint(3_073), "chunk.count"),
        ("total-within-the-last-chunk", "total_len", uint(2_499), "chunk.bad_length"),
        ("total-above-64-gib", "total_len", uint((1 << 36) + 1), "chunk.too_long"),
        ("chunk-size-1023", "chunk_size", uint(1_023), "chunk.bad_size"),
        ("another-payload-hash", "payload_hash", bytes(&[0; 32]), "chunk.payload_hash"),
    ] {
        topic.reject(op, name, section, join(edit(manifest, &[path], value), chunks), code);
    }
    topic.reject(
        op,
        "without-refs",
        "G8",
        join(edit(manifest, &["header", "refs"], list([])), chunks),
        "object.refs_mismatch",
    );

    // A chunk that is one byte too short for its place, under its own right id.
    let object_id_key = ObjectIdKey::from_bytes(*key);
    let chunk = |part: &[u8]| {
        let chunk = RawChunk { header: header(RawChunk::SCHEMA), bytes: part.to_vec() };
        known(chunk.seal(&object_id_key))
    };
    let parts = [chunk(&[1; 1_023]), chunk(&[2; 1_024])];
    let ids: Vec<_> = parts.iter().map(fcp_core::object::StoredObject::id).collect();
    let lying = ChunkedObjectManifest {
        header: header(ChunkedObjectManifest::SCHEMA).with_refs(ids.clone()),
        total_len: 2_048,
        chunk_size: known(fcp_symbols::chunk::ChunkSize::new(1_024)),
        chunks: ids,
        payload_hash: [0; 32],
    };
    let canonical: Vec<Value> = parts.iter().map(|part| json!(hex(part.canonical_bytes()))).collect();
    topic.reject(op, "first-chunk-too-short", section, join(lying.to_body(), &canonical), "chunk.bad_length");
}

/// `coverage.evaluate`.
pub(super) fn coverage() -> Topic {
    let mut topic = Topic::new("20-coding", "coverage");
    let (op, section) = ("coverage.evaluate", "§8.3, §21.3, D184");
    let some = |from: u32, to: u32| (from..to).collect::<Vec<u32>>();
    let out = |nodes: u64, largest: u64, coverage: u64| {
        json!({
            "distinct_nodes": nodes, "max_node_fraction_bps": largest, "coverage_bps": coverage,
            "is_available": coverage >= 10_000,
        })
    };
    // 30 and 20 symbols, 10 of them on both: 40 distinct of 32, and 30 of the 50 held on one node.
    let two = json!({"k": 32, "holdings": {"nDesk": some(0, 30), "nLaptop": some(20, 40), "nPhone": []}});
    topic.gives(op, "two-nodes", section, two.clone(), out(2, 6_000, 12_500));
    let of = |k: u32, holdings: serde_json::Value| json!({"k": k, "holdings": holdings});
    topic.gives(op, "just-enough", section, of(8, json!({"n": some(0, 8)})), out(1, 10_000, 10_000));
    topic.gives(op, "one-too-few", section, of(8, json!({"n": some(0, 7)})), out(1, 10_000, 8_750));
    topic.gives(op, "rounded-down", section, of(3, json!({"a": [1], "b": [1, 2]})), out(2, 6_666, 6_666));
    topic.gives(op, "nowhere", section, of(8, json!({})), out(0, 0, 0));
    topic.gives(op, "nothing-held", section, of(8, json!({"n": []})), out(0, 0, 0));
    topic.gives(op, "no-source-symbols", "D184", of(0, json!({"n": [0]})), out(1, 10_000, 0));
    topic.gives(op, "a-symbol-twice", section, of(2, json!({"n": [5, 5]})), out(1, 10_000, 5_000));
    let highest = json!({"a": [4_294_967_295_u32], "b": [0]});
    topic.gives(op, "highest-number", section, of(1, highest), out(2, 5_000, 20_000));
    for (name, min_nodes, fraction, coverage, satisfies) in [
        ("satisfied", 2, 6_000, 12_500, true),
        ("too-few-nodes", 3, 6_000, 12_500, false),
        ("too-much-on-one-node", 2, 5_999, 12_500, false),
        ("too-little-coverage", 2, 6_000, 12_501, false),
        ("satisfied-by-anything", 0, 10_000, 0, true),
    ] {
        let policy = json!({
            "min_nodes": min_nodes, "max_node_fraction_bps": fraction, "target_coverage_bps": coverage,
        });
        let out = with(&out(2, 6_000, 12_500), json!({"satisfies": satisfies}));
        topic.gives(op, name, "§3.6, §21.3", with(&two, json!({"policy": policy})), out);
    }
    topic.reject(op, "bad-node", "G1", of(1, json!({"n 1": [0]})), "id.bad_char");
    topic
}
