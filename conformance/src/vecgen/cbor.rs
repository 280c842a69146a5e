//! Canonical CBOR (§3.5): one encoding of each value, and for each rule what breaks it.

use serde_json::json;

use super::topic::Topic;

const OP: &str = "cbor.check";

/// `cbor.check`.
pub(super) fn canonical() -> Topic {
    let mut topic = Topic::new("03-primitives", "cbor");
    accepted(&mut topic);
    heads(&mut topic);
    maps(&mut topic);
    simple_values_and_floats(&mut topic);
    strings(&mut topic);
    ends(&mut topic);
    nesting(&mut topic);
    topic
}

fn accept(topic: &mut Topic, name: &str, section: &str, hex: &str) {
    topic.accept(OP, name, section, json!({"hex": hex}));
}

fn reject(topic: &mut Topic, name: &str, section: &str, hex: &str, code: &str) {
    topic.reject(OP, name, section, json!({"hex": hex}), code);
}

/// The smallest and largest of each width, and one of each type (RFC 8949, appendix A).
fn accepted(topic: &mut Topic) {
    for (name, hex) in [
        ("zero", "00"),
        ("23-in-the-initial-byte", "17"),
        ("24-in-one-byte", "1818"),
        ("255-in-one-byte", "18ff"),
        ("256-in-two-bytes", "190100"),
        ("65535-in-two-bytes", "19ffff"),
        ("65536-in-four-bytes", "1a00010000"),
        ("4294967295-in-four-bytes", "1affffffff"),
        ("4294967296-in-eight-bytes", "1b0000000100000000"),
        ("largest-unsigned", "1bffffffffffffffff"),
        ("minus-one", "20"),
        ("minus-24-in-the-initial-byte", "37"),
        ("minus-25-in-one-byte", "3818"),
        ("minus-257-in-two-bytes", "390100"),
        ("smallest-negative", "3bffffffffffffffff"),
        ("empty-bytes", "40"),
        ("four-bytes", "4401020304"),
        ("empty-text", "60"),
        ("ascii-text", "6449455446"),
        ("two-byte-character", "62c3bc"),
        ("four-byte-character", "64f0908591"),
        ("text-with-a-zero-byte", "6100"),
        ("text-that-is-not-normalized", "63 61cc88"),
        ("empty-array", "80"),
        ("array-of-three", "83010203"),
        ("nested-arrays", "8301820203820405"),
        ("array-of-25", "98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
        ("empty-map", "a0"),
        ("map-of-unsigned-keys", "a201020304"),
        ("map-of-text-keys", "a26161016162820203"),
        ("false", "f4"),
        ("true", "f5"),
        ("null", "f6"),
    ] {
        accept(topic, name, "§3.5, RFC 8949", &hex.replace(' ', ""));
    }
    let section = "§3.5 rule 3, D24";
    accept(topic, "shorter-text-key-first", section, "a2616200626161 00".replace(' ', "").as_str());
    accept(topic, "keys-of-all-four-types", section, "a4 0100 2000 4000 6000".replace(' ', "").as_str());
    accept(topic, "long-unsigned-key-before-short-negative", section, "a21818002000");
    topic.note("Bytewise order of the encoded keys; the length-first order of RFC 7049 would put -1 first.");
}

/// Rules 1 and 2: definite lengths, shortest heads.
fn heads(topic: &mut Topic) {
    for (name, hex) in [
        ("23-in-one-byte", "1817"),
        ("255-in-two-bytes", "1900ff"),
        ("65535-in-four-bytes", "1a0000ffff"),
        ("4294967295-in-eight-bytes", "1b00000000ffffffff"),
        ("minus-24-in-one-byte", "3817"),
        ("minus-256-in-two-bytes", "3900ff"),
        ("byte-string-length-in-one-byte-too-many", "580100"),
        ("text-length-in-one-byte-too-many", "780161"),
        ("text-length-in-two-bytes-too-many", "79000161"),
        ("array-length-in-one-byte-too-many", "980100"),
        ("map-length-in-one-byte-too-many", "b8010000"),
        ("long-key", "a1180000"),
        ("long-value-inside", "a16161821800 00"),
    ] {
        reject(topic, name, "§3.5 rule 2", &hex.replace(' ', ""), "cbor.non_shortest_int");
    }
    for (name, hex) in [
        ("indefinite-bytes", "5f4100ff"),
        ("indefinite-text", "7f6161ff"),
        ("indefinite-array", "9f00ff"),
        ("indefinite-map", "bf0000ff"),
        ("indefinite-array-inside", "819fff"),
        ("break-alone", "ff"),
        ("break-inside-a-definite-array", "82 00ff"),
    ] {
        reject(topic, name, "§3.5 rule 1", &hex.replace(' ', ""), "cbor.indefinite_length");
    }
    for (name, hex) in [
        ("reserved-28-unsigned", "1c"),
        ("reserved-29-bytes", "5d"),
        ("reserved-30-array", "9e"),
        ("reserved-28-simple", "fc"),
        ("31-unsigned", "1f"),
        ("31-negative", "3f"),
    ] {
        reject(topic, name, "§3.5, RFC 8949 §3", hex, "cbor.reserved_head");
    }
    for (name, hex) in [
        ("tag-epoch-time", "c11a514b67b0"),
        ("tag-bignum", "c249010000000000000000"),
        ("tag-encoded-cbor", "d818456449455446"),
        ("tag-self-described", "d9d9f700"),
        ("tag-inside", "81c000"),
    ] {
        reject(topic, name, "D25", hex, "cbor.tag");
    }
}

/// Rules 3 and 4: sorted keys, none twice.
fn maps(topic: &mut Topic) {
    for (name, hex) in [
        ("unsigned-keys-descending", "a202000100"),
        ("text-keys-descending", "a2616200616100"),
        ("longer-text-key-first", "a262616100616200"),
        ("text-before-unsigned", "a26161000100"),
        ("keys-in-length-first-order", "a22000181800"),
        ("nested-keys-descending", "81a202000100"),
    ] {
        reject(topic, name, "§3.5 rule 3, D24", hex, "cbor.unsorted_keys");
    }
    for (name, hex) in [
        ("unsigned-key-twice", "a201000101"),
        ("text-key-twice", "a2616100616101"),
        ("empty-key-twice", "a260006000"),
        ("last-of-three-twice", "a3010002000200"),
    ] {
        reject(topic, name, "§3.5 rule 4", hex, "cbor.duplicate_key");
    }
    for (name, hex) in
        [("array-as-key", "a18000"), ("map-as-key", "a1a000"), ("true-as-key", "a1f500"), ("null-as-key", "a1f600")]
    {
        reject(topic, name, "§3.5, D28", hex, "cbor.key_type");
    }
    reject(topic, "float-as-key", "§3.5, D28", "a1f93c0000", "cbor.key_type");
}

/// Rule 5 and D25: no NaN, no infinity, shortest floats, three simple values.
fn simple_values_and_floats(topic: &mut Topic) {
    for (name, hex) in [
        ("undefined", "f7"),
        ("unassigned-simple-value", "e0"),
        ("simple-value-19", "f3"),
        ("simple-value-32-in-one-byte", "f820"),
        ("simple-value-255-in-one-byte", "f8ff"),
    ] {
        reject(topic, name, "D25", hex, "cbor.simple_value");
    }
    for (name, hex) in [
        ("half-zero", "f90000"),
        ("half-minus-zero", "f98000"),
        ("half-one", "f93c00"),
        ("half-largest", "f97bff"),
        ("half-smallest-subnormal", "f90001"),
        ("half-smallest-normal", "f90400"),
        ("single-100000", "fa47c35000"),
        ("single-largest", "fa7f7fffff"),
        ("single-smallest-subnormal", "fa00000001"),
        ("single-beyond-half", "fa33000000"),
        ("double-one-point-one", "fb3ff199999999999a"),
        ("double-largest", "fb7fefffffffffffff"),
        ("double-smallest-subnormal", "fb0000000000000001"),
    ] {
        accept(topic, name, "§3.5 rule 5", hex);
    }
    for (name, hex) in [
        ("one-in-single", "fa3f800000"),
        ("one-in-double", "fb3ff0000000000000"),
        ("100000-in-double", "fb40f86a0000000000"),
        ("minus-zero-in-single", "fa80000000"),
        ("half-subnormal-in-single", "fa33800000"),
        ("single-subnormal-in-double", "fb36a0000000000000"),
    ] {
        reject(topic, name, "§3.5 rule 5", hex, "cbor.non_shortest_float");
    }
    reject(topic, "not-a-number", "§3.5 rule 5", "f97e00", "cbor.nan");
    reject(topic, "not-a-number-with-payload", "§3.5 rule 5", "f97e01", "cbor.nan");
    reject(topic, "infinity", "D28", "f97c00", "cbor.infinity");
    reject(topic, "minus-infinity", "D28", "f9fc00", "cbor.infinity");
    for (name, hex) in [
        ("half-where-none", "f93c00"),
        ("double-where-none", "fb3ff199999999999a"),
        ("float-inside-where-none", "a16161f90000"),
    ] {
        topic.reject(OP, name, "§3.5 rule 5, D27", json!({"hex": hex, "floats": false}), "cbor.float_not_allowed");
    }
    topic.accept(OP, "integer-where-no-floats", "§3.5 rule 5, D27", json!({"hex": "a1616101", "floats": false}));
}

/// D25: UTF-8.
fn strings(topic: &mut Topic) {
    for (name, hex) in [
        ("utf8-lone-continuation", "6180"),
        ("utf8-byte-ff", "61ff"),
        ("utf8-overlong-slash", "62c0af"),
        ("utf8-overlong-zero", "62c080"),
        ("utf8-surrogate", "63eda080"),
        ("utf8-beyond-10ffff", "64f4908080"),
        ("utf8-cut-short", "62e282"),
        ("utf8-in-a-key", "a161ff00"),
    ] {
        reject(topic, name, "D25", hex, "cbor.invalid_utf8");
    }
}

/// D25: exactly one item, whole.
fn ends(topic: &mut Topic) {
    for (name, hex) in [
        ("nothing", ""),
        ("head-cut-off", "18"),
        ("wide-head-cut-off", "1b00000001"),
        ("bytes-cut-off", "420 0"),
        ("text-cut-off", "6261"),
        ("array-cut-off", "8201"),
        ("map-without-value", "a101"),
        ("map-without-second-entry", "a20100"),
        ("float-cut-off", "f93c"),
        ("bytes-of-4-gib-claimed", "5affffffff"),
        ("text-of-16-eib-claimed", "7bffffffffffffffff"),
        ("array-of-16-eib-claimed", "9bffffffffffffffff"),
        ("map-of-16-eib-claimed", "bbffffffffffffffff"),
    ] {
        reject(topic, name, "§3.5, D25", &hex.replace(' ', ""), "cbor.unexpected_end");
    }
    for (name, hex) in [("second-item", "0000"), ("byte-behind-a-map", "a000"), ("break-behind-an-array", "80ff")] {
        reject(topic, name, "D25", hex, "cbor.trailing_bytes");
    }
}

/// D25: 64 levels.
fn nesting(topic: &mut Topic) {
    accept(topic, "64-arrays-deep", "D25", &format!("{}00", "81".repeat(64)));
    accept(topic, "64-maps-deep", "D25", &format!("{}00", "a100".repeat(64)));
    reject(topic, "65-arrays-deep", "D25", &format!("{}00", "81".repeat(65)), "cbor.too_deep");
    reject(topic, "65-maps-deep", "D25", &format!("{}00", "a100".repeat(65)), "cbor.too_deep");
    reject(topic, "65-deep-and-empty", "D25", &format!("{}80", "81".repeat(64)), "cbor.too_deep");
}
