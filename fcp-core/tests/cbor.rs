//! Canonical CBOR: RFC 8949's own examples, and what must hold for every value and every byte string.

use fcp_core::cbor::{self, Decode, Encode, Float, Integer, Map, Value};
use hex_literal::hex;
use proptest::prelude::*;

/// Appendix A of RFC 8949: each example that has a JSON form, as text and as bytes.
const WITH_JSON: &[(&str, &[u8])] = &[
    ("0", &hex!("00")),
    ("1", &hex!("01")),
    ("10", &hex!("0a")),
    ("23", &hex!("17")),
    ("24", &hex!("1818")),
    ("25", &hex!("1819")),
    ("100", &hex!("1864")),
    ("1000", &hex!("1903e8")),
    ("1000000", &hex!("1a000f4240")),
    ("1000000000000", &hex!("1b000000e8d4a51000")),
    ("18446744073709551615", &hex!("1bffffffffffffffff")),
    ("-1", &hex!("20")),
    ("-10", &hex!("29")),
    ("-100", &hex!("3863")),
    ("-1000", &hex!("3903e7")),
    ("0.0", &hex!("f90000")),
    ("-0.0", &hex!("f98000")),
    ("1.0", &hex!("f93c00")),
    ("1.1", &hex!("fb3ff199999999999a")),
    ("1.5", &hex!("f93e00")),
    ("65504.0", &hex!("f97bff")),
    ("100000.0", &hex!("fa47c35000")),
    ("3.4028234663852886e+38", &hex!("fa7f7fffff")),
    ("1.0e+300", &hex!("fb7e37e43c8800759c")),
    ("5.960464477539063e-8", &hex!("f90001")),
    ("0.00006103515625", &hex!("f90400")),
    ("-4.0", &hex!("f9c400")),
    ("-4.1", &hex!("fbc010666666666666")),
    ("false", &hex!("f4")),
    ("true", &hex!("f5")),
    ("null", &hex!("f6")),
    (r#""""#, &hex!("60")),
    (r#""a""#, &hex!("6161")),
    (r#""IETF""#, &hex!("6449455446")),
    (r#""\"\\""#, &hex!("62225c")),
    (r#""\u00fc""#, &hex!("62c3bc")),
    (r#""\u6c34""#, &hex!("63e6b0b4")),
    (r#""\ud800\udd51""#, &hex!("64f0908591")),
    ("[]", &hex!("80")),
    ("[1,2,3]", &hex!("83010203")),
    ("[1,[2,3],[4,5]]", &hex!("8301820203820405")),
    (
        "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]",
        &hex!("98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
    ),
    ("{}", &hex!("a0")),
    (r#"{"a":1,"b":[2,3]}"#, &hex!("a26161016162820203")),
    (r#"["a",{"b":"c"}]"#, &hex!("826161a161626163")),
    (r#"{"a":"A","b":"B","c":"C","d":"D","e":"E"}"#, &hex!("a56161614161626142616361436164614461656145")),
];

/// The other examples of Appendix A that are canonical: bytes, an integer below 64 bits, integer keys.
const WITHOUT_JSON: &[&[u8]] = &[&hex!("3bffffffffffffffff"), &hex!("40"), &hex!("4401020304"), &hex!("a201020304")];

/// The examples of Appendix A that this protocol refuses, with the reason.
const REFUSED: &[(&[u8], &str)] = &[
    (&hex!("c249010000000000000000"), "cbor.tag"),
    (&hex!("c349010000000000000000"), "cbor.tag"),
    (&hex!("f97c00"), "cbor.infinity"),
    (&hex!("f97e00"), "cbor.nan"),
    (&hex!("f9fc00"), "cbor.infinity"),
    (&hex!("fa7f800000"), "cbor.infinity"),
    (&hex!("fa7fc00000"), "cbor.nan"),
    (&hex!("faff800000"), "cbor.infinity"),
    (&hex!("fb7ff0000000000000"), "cbor.infinity"),
    (&hex!("fb7ff8000000000000"), "cbor.nan"),
    (&hex!("fbfff0000000000000"), "cbor.infinity"),
    (&hex!("f7"), "cbor.simple_value"),
    (&hex!("f0"), "cbor.simple_value"),
    (&hex!("f8ff"), "cbor.simple_value"),
    (&hex!("c074323031332d30332d32315432303a30343a30305a"), "cbor.tag"),
    (&hex!("c11a514b67b0"), "cbor.tag"),
    (&hex!("c1fb41d452d9e8200000"), "cbor.tag"),
    (&hex!("d74401020304"), "cbor.tag"),
    (&hex!("d818456449455446"), "cbor.tag"),
    (&hex!("d82076687474703a2f2f7777772e6578616d706c652e636f6d"), "cbor.tag"),
    (&hex!("5f42010243030405ff"), "cbor.indefinite_length"),
    (&hex!("7f657374726561646d696e67ff"), "cbor.indefinite_length"),
    (&hex!("9fff"), "cbor.indefinite_length"),
    (&hex!("9f018202039f0405ffff"), "cbor.indefinite_length"),
    (&hex!("9f01820203820405ff"), "cbor.indefinite_length"),
    (&hex!("83018202039f0405ff"), "cbor.indefinite_length"),
    (&hex!("83019f0203ff820405"), "cbor.indefinite_length"),
    (&hex!("9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff"), "cbor.indefinite_length"),
    (&hex!("bf61610161629f0203ffff"), "cbor.indefinite_length"),
    (&hex!("826161bf61626163ff"), "cbor.indefinite_length"),
    (&hex!("bf6346756ef563416d7421ff"), "cbor.indefinite_length"),
];

#[test]
fn appendix_a() {
    for (json, bytes) in WITH_JSON {
        let value = cbor::from_json(json).unwrap();
        assert_eq!(cbor::encode(&value), *bytes, "{json}");
        assert_eq!(cbor::decode::<Value>(bytes).unwrap(), value, "{json}");
        assert_eq!(cbor::check(bytes, true), Ok(()), "{json}");
        let is_float = matches!(value, Value::Float(_));
        assert_eq!(cbor::check(bytes, false).is_ok(), !is_float, "{json}");
    }
    for bytes in WITHOUT_JSON {
        assert_eq!(cbor::check(bytes, false), Ok(()), "{bytes:02x?}");
    }
    let lowest = Value::Integer(Integer::negative(u64::MAX));
    assert_eq!(cbor::decode::<Value>(WITHOUT_JSON[0]).unwrap(), lowest);
    assert_eq!(cbor::decode::<Value>(WITHOUT_JSON[2]).unwrap(), Value::from(vec![1, 2, 3, 4]));
    assert_eq!(cbor::decode::<Value>(WITHOUT_JSON[3]).unwrap_err().reason().code(), "cbor.key_type");
    for (bytes, code) in REFUSED {
        assert_eq!(cbor::check(bytes, true).unwrap_err().reason().code(), *code, "{bytes:02x?}");
        assert_eq!(cbor::decode::<Value>(bytes).unwrap_err().reason().code(), *code, "{bytes:02x?}");
    }
    assert_eq!(WITH_JSON.len() + WITHOUT_JSON.len() + REFUSED.len(), 81);
}

/// One input for each rule of §3.5 that Appendix A does not touch, with the offset of the fault.
#[test]
fn every_rule_refuses_something() {
    let deep = |levels: usize| [vec![0x81; levels], vec![0]].concat();
    let cases: &[(&[u8], &str, usize)] = &[
        (&hex!(""), "cbor.unexpected_end", 0),
        (&hex!("19"), "cbor.unexpected_end", 0),
        (&hex!("6261"), "cbor.unexpected_end", 0),
        (&hex!("9bffffffffffffffff"), "cbor.unexpected_end", 0),
        (&hex!("bbffffffffffffffff"), "cbor.unexpected_end", 0),
        (&hex!("5bffffffffffffffff"), "cbor.unexpected_end", 0),
        (&hex!("8200"), "cbor.unexpected_end", 0),
        (&hex!("820019"), "cbor.unexpected_end", 2),
        (&hex!("0000"), "cbor.trailing_bytes", 1),
        (&hex!("1817"), "cbor.non_shortest_int", 0),
        (&hex!("190017"), "cbor.non_shortest_int", 0),
        (&hex!("1a0000ffff"), "cbor.non_shortest_int", 0),
        (&hex!("1b00000000ffffffff"), "cbor.non_shortest_int", 0),
        (&hex!("3800"), "cbor.non_shortest_int", 0),
        (&hex!("580100"), "cbor.non_shortest_int", 0),
        (&hex!("7801ff"), "cbor.non_shortest_int", 0),
        (&hex!("9801"), "cbor.non_shortest_int", 0),
        (&hex!("b800"), "cbor.non_shortest_int", 0),
        (&hex!("1c"), "cbor.reserved_head", 0),
        (&hex!("3f"), "cbor.reserved_head", 0),
        (&hex!("fc"), "cbor.reserved_head", 0),
        (&hex!("ff"), "cbor.indefinite_length", 0),
        (&hex!("a2616201616101"), "cbor.unsorted_keys", 4),
        (&hex!("a2626161016161 01"), "cbor.unsorted_keys", 5),
        (&hex!("a2616101616102"), "cbor.duplicate_key", 4),
        (&hex!("a1f500"), "cbor.key_type", 1),
        (&hex!("a18000"), "cbor.key_type", 1),
        (&hex!("fa3f800000"), "cbor.non_shortest_float", 0),
        (&hex!("fb3ff0000000000000"), "cbor.non_shortest_float", 0),
        (&hex!("61ff"), "cbor.invalid_utf8", 0),
        (&hex!("63eda080"), "cbor.invalid_utf8", 0),
        (&hex!("62c0af"), "cbor.invalid_utf8", 0),
    ];
    for (bytes, code, offset) in cases {
        let error = cbor::check(bytes, true).unwrap_err();
        assert_eq!((error.reason().code(), error.offset()), (*code, *offset), "{bytes:02x?}");
        assert_eq!(cbor::decode::<Value>(bytes).unwrap_err().reason().code(), *code, "{bytes:02x?}");
    }
    assert_eq!(cbor::check(&deep(64), true), Ok(()));
    let error = cbor::check(&deep(65), true).unwrap_err();
    assert_eq!((error.reason().code(), error.offset()), ("cbor.too_deep", 64));
    assert_eq!(cbor::decode::<Value>(&deep(100_000)).unwrap_err().reason().code(), "cbor.too_deep");
    let error = cbor::check(&vec![0; cbor::MAX_SIZE + 1], true).unwrap_err();
    assert_eq!(error.reason().code(), "cbor.too_large");
}

/// A struct's map is walked in key order: an unknown key is named as such wherever it sorts, and so is a missing one.
#[test]
fn unknown_and_missing_keys_are_told_apart() {
    #[derive(Debug, PartialEq, Encode, Decode)]
    struct Page {
        body: u8,
        note: Option<u8>,
        title: u8,
    }
    let code = |bytes: &[u8]| cbor::decode::<Page>(bytes).unwrap_err().reason().code();
    assert_eq!(code(b"\xa3\x61a\x00\x64body\x00\x65title\x00"), "cbor.unknown_key");
    assert_eq!(code(b"\xa3\x64body\x00\x64date\x00\x65title\x00"), "cbor.unknown_key");
    assert_eq!(code(b"\xa3\x64body\x00\x65title\x00\x66author\x00"), "cbor.unknown_key");
    assert_eq!(code(b"\xa1\x64body\x00"), "cbor.missing_key");
    assert_eq!(code(b"\xa1\x65title\x00"), "cbor.missing_key");
    assert_eq!(code(b"\xa2\x65title\x00\x64body\x00"), "cbor.unsorted_keys");
}

/// Bytewise order and the length-first order of RFC 7049 differ only where key types mix (D24).
#[test]
fn keys_of_mixed_types_are_in_bytewise_order() {
    assert_eq!(cbor::check(&hex!("a3 0a01 186401 2001"), false), Ok(()));
    let length_first = cbor::check(&hex!("a3 0a01 2001 186401"), false).unwrap_err();
    assert_eq!(length_first.reason().code(), "cbor.unsorted_keys");
    let map: Map<i64, u64> = [(-1, 1), (10, 1), (100, 1)].into_iter().collect();
    assert_eq!(cbor::encode(&map), hex!("a3 0a01 186401 2001"));
    assert_eq!(cbor::decode::<Map<i64, u64>>(&hex!("a3 0a01 186401 2001")).unwrap(), map);
    let unsorted = cbor::decode::<Map<i64, u64>>(&hex!("a3 0a01 2001 186401")).unwrap_err();
    assert_eq!(unsorted.reason().code(), "cbor.unsorted_keys");
}

/// Names of every length that a head can announce in one byte, and of keywords (G4, G5).
#[test]
fn derived_names_are_whole() {
    /// Names of 23 and 24 bytes, where the head grows, and of keywords.
    #[derive(Debug, PartialEq, Encode, Decode)]
    struct Names {
        r#type: u8,
        twenty_three_bytes_long: u8,
        twenty_four_bytes_longer: Option<u8>,
        #[fcp(name = "a name with spaces, of which the head takes two bytes as well as a comma")]
        spoken: u8,
    }
    #[derive(Debug, PartialEq, Encode, Decode)]
    enum Word {
        r#Struct,
        ShamirGf256,
        HTTPServer(u8),
    }
    let names = Names { r#type: 1, twenty_three_bytes_long: 2, twenty_four_bytes_longer: Some(3), spoken: 4 };
    let bytes = cbor::encode(&names);
    let expected = [
        &b"\xa4\x64type\x01\x77twenty_three_bytes_long\x02\x78\x18twenty_four_bytes_longer\x03"[..],
        b"\x78\x48a name with spaces, of which the head takes two bytes as well as a comma\x04",
    ];
    assert_eq!(bytes, expected.concat());
    assert_eq!(cbor::decode::<Names>(&bytes), Ok(names));
    for (word, bytes) in [
        (Word::r#Struct, &b"\x66struct"[..]),
        (Word::ShamirGf256, b"\x6cshamir_gf256"),
        (Word::HTTPServer(7), b"\xa1\x6ahttpserver\x07"),
    ] {
        assert_eq!(cbor::encode(&word), bytes);
        assert_eq!(cbor::decode::<Word>(bytes), Ok(word));
    }
    // A unit variant is no map and a variant with data no text, whatever its name.
    for bytes in [&b"\x6ahttpserver"[..], b"\xa1\x66struct\xf6", b"\xa1\x66struct\xa0", b"\xa0"] {
        assert!(cbor::decode::<Word>(bytes).is_err(), "{bytes:02x?}");
    }
    assert_eq!(
        cbor::decode::<Word>(b"\xa2\x66struct\x00\x6ahttpserver\x07").unwrap_err().reason().code(),
        "cbor.unexpected_type"
    );
}

/// A type with all that the derive knows.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
struct Record {
    id: u8,
    name: String,
    small: u16,
    delta: i64,
    flag: bool,
    hash: [u8; 4],
    raw: Vec<u8>,
    lines: Vec<String>,
    nested: Option<Box<Record>>,
    shape: Shape,
    #[fcp(name = "other-name")]
    renamed: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Encode, Decode)]
enum Shape {
    Plain,
    OfTwoWords,
    Sized(u64),
    Named { width: u8, height: Option<u8> },
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Plain),
        Just(Shape::OfTwoWords),
        any::<u64>().prop_map(Shape::Sized),
        any::<(u8, Option<u8>)>().prop_map(|(width, height)| Shape::Named { width, height }),
    ]
}

prop_compose! {
    fn flat_record()(
        scalars in any::<(u8, u16, i64, bool)>(),
        name in ".{0,6}",
        hash in any::<[u8; 4]>(),
        raw in prop::collection::vec(any::<u8>(), 0..6),
        lines in prop::collection::vec(".{0,4}", 0..3),
        shape in shape(),
        renamed in any::<Option<u32>>(),
    ) -> Record {
        let (id, small, delta, flag) = scalars;
        Record { id, name, small, delta, flag, hash, raw, lines, nested: None, shape, renamed }
    }
}

fn record() -> impl Strategy<Value = Record> {
    (flat_record(), prop::option::of(flat_record()))
        .prop_map(|(outer, inner)| Record { nested: inner.map(Box::new), ..outer })
}

fn float() -> impl Strategy<Value = Value> {
    let halves = any::<i8>().prop_map(|small| f64::from(small) / 4.0);
    let singles = any::<f32>().prop_map(f64::from);
    prop_oneof![halves, singles, any::<f64>(), Just(-0.0)]
        .prop_filter_map("floats are finite", |number| Float::new(number).map(Value::Float))
}

fn integer() -> impl Strategy<Value = Value> {
    let near = prop::sample::select(vec![0_u64, 23, 24, 255, 256, 65_535, 65_536, u64::from(u32::MAX), 1 << 32]);
    prop_oneof![
        near.clone().prop_map(Value::from),
        near.prop_map(|argument| Value::Integer(Integer::negative(argument))),
        any::<u64>().prop_map(Value::from),
        any::<u64>().prop_map(|argument| Value::Integer(Integer::negative(argument))),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        integer(),
        float(),
        prop::collection::vec(any::<u8>(), 0..30).prop_map(Value::from),
        ".{0,10}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((".{0,5}", inner), 0..5).prop_map(Value::map),
        ]
    })
}

/// What [`value`] makes, without what JSON cannot say: byte strings, and integers below 64 bits.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        float(),
        ".{0,10}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((".{0,5}", inner), 0..5).prop_map(Value::map),
        ]
    })
}

fn has_float(value: &Value) -> bool {
    match value {
        Value::Float(_) => true,
        Value::Array(items) => items.iter().any(has_float),
        Value::Map(entries) => entries.iter().any(|(_, item)| has_float(item)),
        _ => false,
    }
}

/// Decoding accepts nothing but what encoding writes: so whatever is accepted encodes to the very same bytes.
fn accepts_only_the_one_encoding<T: Encode + for<'b> Decode<'b>>(bytes: &[u8]) -> bool {
    cbor::decode::<T>(bytes).is_ok_and(|value| {
        assert_eq!(cbor::encode(&value), bytes, "two encodings of one value");
        true
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn values_survive(value in value()) {
        let bytes = cbor::encode(&value);
        prop_assert_eq!(cbor::decode::<Value>(&bytes).unwrap(), value.clone());
        prop_assert_eq!(cbor::check(&bytes, true), Ok(()));
        prop_assert_eq!(cbor::check(&bytes, false).is_ok(), !has_float(&value));
        for len in 0..bytes.len() {
            prop_assert!(cbor::check(&bytes[..len], true).is_err());
            prop_assert!(cbor::decode::<Value>(&bytes[..len]).is_err());
        }
    }

    #[test]
    fn values_survive_json(value in json_value()) {
        prop_assert_eq!(cbor::from_json(&cbor::to_json(&value)).unwrap(), value);
    }

    #[test]
    fn records_survive(record in record()) {
        let bytes = cbor::encode(&record);
        prop_assert_eq!(cbor::decode::<Record>(&bytes).unwrap(), record);
        prop_assert_eq!(cbor::check(&bytes, false), Ok(()));
        // The derive writes what the open form reads and sorts again.
        prop_assert_eq!(cbor::encode(&cbor::decode::<Value>(&bytes).unwrap()), bytes);
    }

    #[test]
    fn random_bytes_are_refused_or_canonical(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let open = accepts_only_the_one_encoding::<Value>(&bytes);
        accepts_only_the_one_encoding::<Record>(&bytes);
        accepts_only_the_one_encoding::<Map<i64, Value>>(&bytes);
        let checked = cbor::check(&bytes, true);
        if open {
            prop_assert_eq!(checked, Ok(()));
        }
        if let Err(error) = checked {
            prop_assert!(error.offset() <= bytes.len());
        }
    }

    #[test]
    fn json_texts_never_panic(text in r#"[\[\]{}":,0-9eE+.\-a-z\\ ]{0,24}"#) {
        if let Ok(value) = cbor::from_json(&text) {
            prop_assert_eq!(cbor::from_json(&cbor::to_json(&value)).unwrap(), value);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn every_changed_byte_of_a_value_is_refused_or_another_value(value in value()) {
        let bytes = cbor::encode(&value);
        for index in 0..bytes.len().min(120) {
            let mut changed = bytes.clone();
            for xor in 1..=255 {
                changed[index] = bytes[index] ^ xor;
                accepts_only_the_one_encoding::<Value>(&changed);
            }
        }
    }

    #[test]
    fn every_changed_byte_of_a_record_is_refused_or_another_record(record in record()) {
        let bytes = cbor::encode(&record);
        for index in 0..bytes.len().min(120) {
            let mut changed = bytes.clone();
            for xor in 1..=255 {
                changed[index] = bytes[index] ^ xor;
                let typed = accepts_only_the_one_encoding::<Record>(&changed);
                let open = accepts_only_the_one_encoding::<Value>(&changed);
                prop_assert!(!typed || open, "a schema accepts what the open form refuses");
            }
        }
    }
}
