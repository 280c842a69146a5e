//! JSON to CBOR and back (D28).

use serde_json::json;

use super::topic::Topic;

/// `cbor.from_json` and `cbor.to_json`.
pub(super) fn both_ways() -> Topic {
    let mut topic = Topic::new("03-primitives", "json");
    from_json(&mut topic);
    to_json(&mut topic);
    topic
}

fn from_json(topic: &mut Topic) {
    let op = "cbor.from_json";
    for (name, text, hex) in [
        ("null", "null", "f6"),
        ("spaces-around", " \t\r\n true \n", "f5"),
        ("integer", "1", "01"),
        ("integer-zero", "0", "00"),
        ("integer-minus-one", "-1", "20"),
        ("integer-minus-zero", "-0", "00"),
        ("integer-largest", "18446744073709551615", "1bffffffffffffffff"),
        ("integer-smallest", "-9223372036854775808", "3b7fffffffffffffff"),
        ("integer-too-large-is-a-float", "18446744073709551616", "fa5f800000"),
        ("integer-too-small-is-a-float", "-9223372036854775809", "fadf000000"),
        ("float-with-point", "1.0", "f93c00"),
        ("float-with-exponent", "1e2", "f95640"),
        ("float-with-capital-exponent", "1E+2", "f95640"),
        ("float-minus-zero", "-0.0", "f98000"),
        ("float-tenth", "0.1", "fb3fb999999999999a"),
        ("float-single", "100000.0", "fa47c35000"),
        ("float-rounded-to-even", "9007199254740993.0", "fa5a000000"),
        ("float-rounded-to-zero", "1e-400", "f90000"),
        ("empty-text", "\"\"", "60"),
        ("escapes", r#""\"\\\/\b\f\n\r\t""#, "68225c2f080c0a0d09"),
        ("unicode-escape", r#""\u00fc""#, "62c3bc"),
        ("surrogate-pair", r#""\ud800\udd51""#, "64f0908591"),
        ("escaped-zero", r#""\u0000""#, "6100"),
        ("array", "[1,[2],[]]", "830181 0280"),
        ("keys-are-sorted", r#"{"b":1,"a":2,"aa":3}"#, "a3616102616201 62616103"),
        ("hex-object-stays-an-object", r#"{"$hex":"00"}"#, "a1 64 24686578 62 3030"),
    ] {
        let hex = hex.replace(' ', "");
        topic.gives(op, name, "D28", json!({"json_text": text}), json!({"hex": hex}));
    }
    for (name, text) in [
        ("not-json", "tru"),
        ("nothing", ""),
        ("two-values", "1 2"),
        ("leading-zero", "01"),
        ("leading-plus", "+1"),
        ("point-without-digits", "1."),
        ("exponent-without-digits", "1e"),
        ("hexadecimal-number", "0x10"),
        ("trailing-comma", "[1,]"),
        ("single-quotes", "'a'"),
        ("comment", "1 // one"),
        ("control-character-in-text", "\"\n\""),
        ("unknown-escape", r#""\x41""#),
        ("open-text", "\"a"),
        ("key-that-is-no-text", "{1:2}"),
        ("not-a-number", "NaN"),
        ("infinity", "Infinity"),
        ("other-space", "\u{a0}1"),
    ] {
        topic.reject(op, name, "D28, RFC 8259", json!({"json_text": text}), "cbor.json_syntax");
    }
    topic.reject(op, "key-twice", "D28", json!({"json_text": r#"{"a":1,"a":1}"#}), "cbor.duplicate_key");
    topic.reject(
        op,
        "key-twice-once-escaped",
        "D28",
        json!({"json_text": r#"{"a":1,"\u0061":1}"#}),
        "cbor.duplicate_key",
    );
    topic.reject(op, "number-beyond-all-floats", "D28", json!({"json_text": "1e400"}), "cbor.infinity");
    topic.reject(op, "lone-surrogate", "D25, D28", json!({"json_text": r#""\ud800""#}), "cbor.invalid_utf8");
    topic.reject(
        op,
        "surrogates-in-the-wrong-order",
        "D25, D28",
        json!({"json_text": r#""\udd51\ud800""#}),
        "cbor.invalid_utf8",
    );
    let deep = |depth| json!({"json_text": format!("{}{}", "[".repeat(depth), "]".repeat(depth))});
    topic.accept(op, "64-deep", "D25", deep(64));
    topic.reject(op, "65-deep", "D25", deep(65), "cbor.too_deep");
    let no_floats = |text: &str| json!({"json_text": text, "floats": false});
    topic.accept(op, "integer-where-no-floats", "§3.5 rule 5", no_floats("1"));
    topic.reject(op, "float-where-none", "§3.5 rule 5", no_floats("1.0"), "cbor.float_not_allowed");
    topic.reject(
        op,
        "large-integer-where-no-floats",
        "§3.5 rule 5",
        no_floats("18446744073709551616"),
        "cbor.float_not_allowed",
    );
}

fn to_json(topic: &mut Topic) {
    let op = "cbor.to_json";
    for (name, hex, text) in [
        ("null", "f6", "null"),
        ("integer-largest", "1bffffffffffffffff", "18446744073709551615"),
        ("integer-smallest", "3bffffffffffffffff", "-18446744073709551616"),
        ("float-one", "f93c00", "1.0"),
        ("float-minus-zero", "f98000", "-0.0"),
        ("float-tenth", "fb3fb999999999999a", "0.1"),
        ("bytes", "42 00ff", r#"{"$hex":"00ff"}"#),
        ("empty-bytes", "40", r#"{"$hex":""}"#),
        ("escapes", "66 225c0a0d0901", r#""\"\\\n\r\t\u0001""#),
        ("text-beyond-ascii", "64 f0908591", "\"\u{10151}\""),
        ("keys-in-canonical-order", "a3616102616201 62616103", r#"{"a":2,"b":1,"aa":3}"#),
        ("nested", "82 01 a1 6161 80", r#"[1,{"a":[]}]"#),
    ] {
        let hex = hex.replace(' ', "");
        topic.gives(op, name, "D28", json!({"hex": hex}), json!({"json_text": text}));
    }
    for (name, hex) in [("integer-key", "a10100"), ("bytes-key", "a14000"), ("integer-key-inside", "81a10100")] {
        topic.reject(op, name, "D28", json!({"hex": hex}), "cbor.key_type");
    }
    topic.reject(op, "not-canonical", "§3.5 rule 2", json!({"hex": "1817"}), "cbor.non_shortest_int");
    topic.reject(op, "trailing-bytes", "D25", json!({"hex": "0000"}), "cbor.trailing_bytes");
}
