//! Canonical bytes: CBOR, JSON, typed bodies and objects.

use fcp_core::cbor::{self, DecodeErrorKind, Value};
use fcp_core::id::ObjectIdKey;
use fcp_core::object::{ControlPlaneObject, StoredObject};

use crate::ops::object_types;

/// Decoding gives back exactly what was decoded, the check agrees with the decoder, and JSON keeps the value.
pub(super) fn cbor(bytes: &[u8]) {
    let decoded = cbor::decode::<Value>(bytes);
    let checked = cbor::check(bytes, true);
    match &decoded {
        Ok(_) => assert!(checked.is_ok(), "decoder and check disagree: {checked:?}"),
        // Values have keys of text only; what is merely checked may have others.
        Err(error) if error.kind() == DecodeErrorKind::KeyType => {}
        Err(error) => assert!(checked.is_err(), "decoder and check disagree: {error:?}"),
    }
    if cbor::check(bytes, false).is_ok() {
        assert!(checked.is_ok(), "more is accepted without floats than with them");
    }
    if let Ok(value) = decoded {
        assert_eq!(cbor::encode(&value), bytes, "another encoding was accepted");
        let text = cbor::to_json(&value);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "what is written is no JSON: {text}");
    }
    if let Ok((value, rest)) = cbor::decode_prefix::<Value>(bytes) {
        let read = bytes.len() - rest.len();
        assert_eq!(cbor::encode(&value), bytes[..read], "another encoding was accepted in front of more");
    }
}

/// What is taken for JSON is JSON for others, too, and stays what it is when it is written.
pub(super) fn json(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let Ok(value) = cbor::from_json(text) else { return };
    assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "others refuse what is accepted");
    let encoded = cbor::encode(&value);
    assert_eq!(cbor::decode::<Value>(&encoded).ok(), Some(value.clone()), "its own encoding is refused");
    let again = cbor::from_json(&cbor::to_json(&value));
    assert_eq!(again, Ok(value), "writing changed the value");
}

/// Every type of body: the schema hash in front selects it.
pub(super) fn objects(bytes: &[u8]) {
    let Ok(kind) = object_types::by_body(bytes) else { return };
    let decoded = (kind.decode)(bytes);
    match (kind.recode)(bytes) {
        Ok(recoded) => assert_eq!(recoded, bytes, "{}: another encoding was accepted", kind.schema),
        Err(_) => assert!(decoded.is_err(), "{}: accepted, but not read", kind.schema),
    }
    if decoded.is_ok()
        && let Some(signatures) = kind.signatures
    {
        assert!((signatures.preimage)(bytes).is_ok(), "{}: accepted, but not to be signed", kind.schema);
        if let Some(verify) = signatures.verify {
            // Any answer will do.
            let _ = verify(&[0x58; 32], bytes);
        }
    }
}

/// Canonical bytes of whole objects, of whatever type.
pub(super) fn stored(bytes: &[u8]) {
    let key = ObjectIdKey::from_bytes([7; 32]);
    let claimed = StoredObject::claimed_header(bytes);
    let Ok(stored) = StoredObject::parse(bytes, &key) else { return };
    assert_eq!(stored.canonical_bytes(), bytes);
    assert_eq!(claimed.as_ref(), Ok(stored.header()), "the claimed header is another one");
    let again = StoredObject::from_parts(stored.header().clone(), stored.body(), &key);
    assert_eq!(again, stored, "its parts make another object");
    assert!(StoredObject::parse_as(stored.id(), bytes, &key).is_ok());
    if let Ok(kind) = object_types::by_body(stored.body()) {
        let _ = (kind.open)(&stored);
    }
}

/// Plaintexts of control-plane frames.
pub(super) fn control(bytes: &[u8]) {
    let Ok(object) = ControlPlaneObject::parse(bytes) else { return };
    assert_eq!(object.to_bytes(), bytes, "another encoding was accepted");
    assert!(ControlPlaneObject::from_parts(object.header().clone(), object.body().to_vec()).is_ok());
    objects(object.body());
    let _ = fcp_symbols::message::read::<fcp_symbols::message::SymbolRequest>(&object);
    let _ = fcp_symbols::message::read::<fcp_symbols::message::DecodeStatus>(&object);
    let _ = fcp_symbols::message::read::<fcp_symbols::message::SymbolAck>(&object);
}
