//! Identifiers: each grammar against its definition, and every form there and back.

use core::fmt::{Debug, Display};
use core::str::FromStr;

use fcp_core::cbor::{self, Decode, Encode};
use fcp_core::id::{
    CapabilityId, ConnectorId, CredentialId, EpochId, InstanceId, Jti, Kid, NodeId, NodeTag, ObjectId, ObjectIdKey,
    OperationId, PrincipalId, RoleId, SchemaHash, SchemaId, SecretId, ZoneId,
};
use fcp_core::time::Timestamp;
use proptest::prelude::*;

/// `^[a-z0-9][a-z0-9…]*$` with at most `max` bytes, as §3.4.2 writes it.
fn canonical(text: &str, others: &str, max: usize) -> bool {
    let alphanumeric = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    text.len() <= max
        && text.starts_with(alphanumeric)
        && text.chars().all(|character| alphanumeric(character) || others.contains(character))
}

/// Text and CBOR forms lead to the same id, which is refused exactly when the grammar says so.
fn agrees<T>(text: &str, valid: bool)
where
    T: FromStr + Display + Debug + PartialEq + Encode + for<'b> Decode<'b>,
    T::Err: Debug,
{
    let parsed = text.parse::<T>();
    assert_eq!(parsed.is_ok(), valid, "{text:?}");
    let encoded = cbor::encode(text);
    let decoded = cbor::decode::<T>(&encoded);
    assert_eq!(decoded.is_ok(), valid, "{text:?}");
    if let (Ok(parsed), Ok(decoded)) = (parsed, decoded) {
        assert_eq!(parsed, decoded);
        assert_eq!(parsed.to_string(), text);
        assert_eq!(cbor::encode(&parsed), encoded);
    }
}

/// Texts near the grammars: mostly their letters, sometimes others.
fn near() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-z0-9._:\\-]{0,12}",
        2 => "z:[a-z0-9_:\\-]{0,8}",
        2 => "[A-Za-z0-9._:@/ \\-é~\\x7f]{0,6}",
        1 => "[a-z]{60,66}",
        1 => "[a-z]{126,130}",
        1 => "z:[a-z]{60,64}",
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn grammars(text in near()) {
        let eight = canonical(&text, "._:-", 128);
        agrees::<PrincipalId>(&text, eight);
        agrees::<ConnectorId>(&text, eight);
        agrees::<CapabilityId>(&text, eight);
        agrees::<OperationId>(&text, eight);
        agrees::<RoleId>(&text, eight);
        agrees::<SecretId>(&text, eight);
        agrees::<CredentialId>(&text, eight);
        agrees::<InstanceId>(&text, eight);
        agrees::<NodeTag>(&text, canonical(&text, "._:-", 64));
        let suffix = text.strip_prefix("z:");
        agrees::<ZoneId>(&text, text.len() <= 64 && suffix.is_some_and(|suffix| canonical(suffix, "_:-", 62)));
        let printable = text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
        agrees::<NodeId>(&text, printable && (1..=64).contains(&text.len()));
    }

    #[test]
    fn schemas(
        namespace in "[a-z0-9][a-z0-9._\\-]{0,8}",
        name in "[A-Za-z][A-Za-z0-9]{0,8}",
        version in any::<(u64, u64, u64)>(),
    ) {
        let version = format!("{}.{}.{}", version.0, version.1, version.2);
        let schema = SchemaId::new(&format!("{namespace}:{name}@{version}")).unwrap();
        prop_assert_eq!(schema.namespace(), namespace);
        prop_assert_eq!(schema.name(), name);
        prop_assert_eq!(schema.version(), version);
        prop_assert_eq!(cbor::decode::<SchemaId>(&cbor::encode(&schema)).unwrap(), schema);
    }

    #[test]
    fn fixed(bytes in any::<[u8; 32]>()) {
        let id = ObjectId::from_bytes(bytes);
        prop_assert_eq!(id.to_string().parse::<ObjectId>().unwrap(), id);
        prop_assert_eq!(cbor::decode::<ObjectId>(&cbor::encode(&id)).unwrap(), id);
        prop_assert!(id.to_string().starts_with(&id.short()));
        prop_assert!(id.to_string().to_uppercase().parse::<ObjectId>().is_err() || !id.to_string().contains(char::is_alphabetic));
        let kid = Kid::of(&bytes);
        prop_assert_eq!(kid.to_string().parse::<Kid>().unwrap(), kid);
        prop_assert_eq!(cbor::encode(&kid).len(), 9);
    }

    #[test]
    fn epochs(seconds in any::<u64>()) {
        let epoch = EpochId::of(Timestamp::from_secs(seconds));
        prop_assert!(epoch.start().as_secs() <= seconds);
        prop_assert!(Timestamp::from_secs(seconds).since(epoch.start()) < EpochId::SECONDS);
        prop_assert_eq!(cbor::decode::<EpochId>(&cbor::encode(&epoch)).unwrap(), epoch);
    }

    /// An id follows from content, zone, schema and key, and from nothing less.
    #[test]
    fn object_ids_bind_everything(content in prop::collection::vec(any::<u8>(), 1..64), at in any::<prop::sample::Index>()) {
        let (zone, schema) = (ZoneId::work(), SchemaHash::from_bytes([1; 32]));
        let key = ObjectIdKey::from_bytes([2; 32]);
        let id = ObjectId::new(&content, &zone, &schema, &key);
        let (left, right) = content.split_at(at.index(content.len()));
        prop_assert_eq!(ObjectId::of_parts(&[left, right], &zone, &schema, &key), id);
        let mut changed = content.clone();
        if let Some(byte) = changed.get_mut(at.index(content.len())) {
            *byte ^= 1;
        }
        prop_assert_ne!(ObjectId::new(&changed, &zone, &schema, &key), id);
        prop_assert_ne!(ObjectId::new(&content, &ZoneId::private(), &schema, &key), id);
        prop_assert_ne!(ObjectId::new(&content, &zone, &SchemaHash::from_bytes([3; 32]), &key), id);
        prop_assert_ne!(ObjectId::new(&content, &zone, &schema, &ObjectIdKey::from_bytes([3; 32])), id);
    }
}

#[test]
fn schemas_outside_of_the_grammar_are_refused() {
    assert_eq!(SchemaId::new("").unwrap_err().reason().code(), "id.empty");
    // The first byte from which on nothing in the grammar could follow.
    for (text, offset) in [
        ("fcp.core", 8),
        ("fcp.core:Note", 13),
        ("fcp.core:Note@", 14),
        ("fcp.core:Note@1.0", 17),
        ("fcp.core:Note@1.0.", 18),
        ("fcp.core:Note@1..0", 16),
        ("fcp.core:Note@1.0.0.0", 19),
        ("fcp.core:Note@01.0.0", 15),
        ("fcp.core:Note@1.0.00", 19),
        ("fcp.core:Note@1.0.-1", 18),
        ("fcp.core:Note@1.0.0-rc.1", 19),
        ("fcp.core:Note@1.0.0+build", 19),
        ("fcp.core:9Note@1.0.0", 9),
        ("fcp.core:No_te@1.0.0", 11),
        ("Fcp.core:Note@1.0.0", 0),
        ("fcp.$Core:Note@1.0.0", 4),
        (".fcp:Note@1.0.0", 0),
        (":Note@1.0.0", 0),
        ("fcp:core:Note@1.0.0", 8),
        ("fcp.core:Note@1@1.0.0", 15),
        ("fcp.core:@1.0.0", 9),
    ] {
        let error = SchemaId::new(text).unwrap_err();
        assert_eq!((error.reason().code(), error.offset()), ("id.schema_syntax", offset), "{text}");
    }
    // D19 bounds the whole text, not its numbers.
    assert!(SchemaId::new("fcp.core:Note@1.0.18446744073709551616").is_ok());
    let long = format!("{}:Note@1.0.0", "n".repeat(246));
    assert_eq!(long.len(), 257);
    assert!(SchemaId::new(&long).is_err());
    assert!(SchemaId::new(&long.replacen('n', "", 1)).is_ok());
}

#[test]
fn hexadecimal_is_lower_case_and_whole() {
    assert!("00112233445566778899aabbccddeeff".parse::<Jti>().is_ok());
    for (text, offset) in [
        ("", 0),
        ("0", 1),
        ("00112233445566778899aabbccddeef", 31),
        ("00112233445566778899AABBCCDDEEFF", 20),
        ("00112233445566778899aabbccddeeff00", 32),
        ("00112233445566778899aabbccddeeff\u{fe}", 32),
        ("0x112233445566778899aabbccddeeff", 1),
        ("0011\u{fe}2233", 4),
    ] {
        let error = text.parse::<Jti>().unwrap_err();
        assert_eq!((error.reason().code(), error.offset()), ("id.bad_hex", offset), "{text}");
    }
    let said = |text: &str| text.parse::<Jti>().unwrap_err().to_string();
    assert_eq!(said("0x"), "no lower-case hexadecimal digit at byte 1");
    assert_eq!(said("00"), "expected 32 hexadecimal digits, the text ends at byte 2");
    assert_eq!(said(&"0".repeat(33)), "expected 32 hexadecimal digits, and there is more at byte 32");
}
