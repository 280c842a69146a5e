//! What every type of object and message must do, as functions that any type can be put through.

use alloc::vec::Vec;

use super::{MeshObject, Message, SCHEMAS, SchemaEntry, Signer, StoredObject, ZoneRule};
use crate::cbor::{self, Value, check_one_encoding};
use crate::id::{ObjectId, ObjectIdKey, SchemaId, ZoneId};
use crate::sign::Signed;

/// The type's line in the table of schemas, which every type of the protocol has.
fn entry<T: Message>() -> Option<&'static SchemaEntry> {
    let entry = SCHEMAS.iter().find(|entry| entry.schema == T::SCHEMA);
    let is_ours = ["fcp.core:", "fcp.mesh:"].iter().any(|namespace| T::SCHEMA.starts_with(namespace));
    assert!(entry.is_some() || !is_ours, "{} is not in the table of schemas", T::SCHEMA);
    entry
}

/// Puts a message type through what all of them have in common, with a sample that has as many fields as it can: schema
/// and hash, and that there is one encoding of each value and no other is accepted.
///
/// # Panics
/// At the first thing that the type does otherwise.
pub fn check_message<T: Message>(sample: &T) {
    let schema = SchemaId::new(T::SCHEMA);
    assert_eq!(schema.map(|schema| schema.hash()), Ok(T::SCHEMA_HASH), "{} has another hash", T::SCHEMA);
    let _ = entry::<T>();
    let body = sample.to_body();
    let encoded = body.strip_prefix(T::SCHEMA_HASH.as_bytes()).unwrap_or_default();
    let recode = |bytes: &[u8]| cbor::decode::<T>(bytes).ok().map(|value| cbor::encode(&value));
    check_one_encoding(encoded, recode);
    for index in 0..32 {
        let mut other = body.clone();
        other.iter_mut().skip(index).take(1).for_each(|byte| *byte ^= 1);
        assert!(T::from_body(&other).is_err(), "a body with another schema hash is accepted");
        assert!(T::from_body(body.get(..index).unwrap_or_default()).is_err(), "a part of a schema hash is accepted");
    }
}

/// Puts an object type through all that [`check_message`] does, and through what holds for headers (D13, D39, G8): both
/// copies alike, the type's schema, its zone, exactly its references.
///
/// # Panics
/// At the first thing that the type does otherwise.
pub fn check_object<T: MeshObject>(sample: &T, key: &ObjectIdKey) {
    check_message(sample);
    let header = sample.header();
    let opens = |stored: &StoredObject| stored.open::<T>().is_ok();
    assert_eq!(sample.check(), Ok(()), "the sample is not acceptable");
    assert!(sample.seal(key).is_ok_and(|stored| opens(&stored)), "the sample does not open");

    // Two headers in one object.
    let mut other = header.clone();
    other.created_at = other.created_at.saturating_add(1);
    let differ = StoredObject::from_parts(other, &sample.to_body(), key);
    assert!(!opens(&differ), "an object with two headers is accepted");

    // The same change in both.
    let with = |header: &super::ObjectHeader| {
        let fields = cbor::decode::<Value>(&cbor::encode(sample));
        let header_value = cbor::decode::<Value>(&cbor::encode(header));
        let (Ok(Value::Map(mut fields)), Ok(header_value)) = (fields, header_value) else { return None };
        fields.insert("header".into(), header_value);
        let body = [&T::SCHEMA_HASH.as_bytes()[..], &cbor::encode(&Value::Map(fields))].concat();
        Some(StoredObject::from_parts(header.clone(), &body, key))
    };
    let refuses = |header: &super::ObjectHeader, what: &str| {
        assert!(with(header).is_none_or(|stored| !opens(&stored)), "{}: {what} is accepted", T::SCHEMA);
    };
    assert!(with(header).is_none_or(|stored| opens(&stored)), "the sample does not survive being taken apart");
    let mut other = header.clone();
    other.schema = SchemaId::of::<super::QuorumSignatureSet>();
    if T::SCHEMA != super::QuorumSignatureSet::SCHEMA {
        refuses(&other, "another schema in the header");
    }
    let elsewhere = ZoneId::new("z:elsewhere");
    let entry = entry::<T>();
    if let Ok(zone) = elsewhere
        && (sample.body_zone().is_some() || entry.is_some_and(|entry| entry.zone == ZoneRule::Owner))
    {
        let mut other = header.clone();
        other.zone_id = zone;
        refuses(&other, "an object in another zone");
    }
    let Some(entry) = entry else { return };
    assert_ne!(entry.zone, ZoneRule::Message, "{} has a header, and the table says that it has none", T::SCHEMA);
    if let Some(strong) = strong_ids(sample, entry) {
        assert_eq!(header.refs, strong, "{}: the sample's refs are not the table's strong fields", T::SCHEMA);
        check_refs(header, &refuses);
    }
}

/// The ids that the table's strong fields have in `sample`, if every strong field is one of the type's own.
fn strong_ids<T: MeshObject>(sample: &T, entry: &SchemaEntry) -> Option<Vec<ObjectId>> {
    let fields = cbor::decode::<Value>(&cbor::encode(sample)).ok()?;
    let mut ids = Vec::new();
    let mut push = |value: &Value| match value {
        Value::Bytes(bytes) => bytes.first_chunk::<32>().map(|id| ids.push(ObjectId::from_bytes(*id))),
        _ => None,
    };
    for name in entry.strong {
        match (fields.get(name.trim_end_matches('?')), name.ends_with('?')) {
            (Some(Value::Array(items)), _) => items.iter().try_for_each(&mut push)?,
            (Some(value), _) => push(value)?,
            (None, _) => return None,
        }
    }
    ids.retain(|id| !id.is_zero());
    ids.dedup();
    Some(ids)
}

fn check_refs(header: &super::ObjectHeader, refuses: &impl Fn(&super::ObjectHeader, &str)) {
    let with = |refs: Vec<ObjectId>| super::ObjectHeader { refs, ..header.clone() };
    let stranger = ObjectId::from_bytes([0xe7; 32]);
    for index in 0..=header.refs.len() {
        let (before, after) = header.refs.split_at(index);
        refuses(&with([before, &[stranger], after].concat()), "a reference too many");
        refuses(&with([before, &[ObjectId::ZERO], after].concat()), "a reference to nothing");
        if let Some((gone, rest)) = after.split_first() {
            refuses(&with([before, rest].concat()), "a reference too few");
            refuses(&with([before, &[*gone, *gone], rest].concat()), "a reference twice");
        }
        if let [first, second, rest @ ..] = after
            && first != second
        {
            refuses(&with([before, &[*second, *first], rest].concat()), "another order of references");
        }
    }
}

/// Puts a signed type through what holds for signatures (§3.5.1, D3): its preimage is the schema hash and the view of
/// the message without its signature and without the fields of `unsigned`, and depends on nothing else.
///
/// # Panics
/// At the first thing that the type does otherwise.
pub fn check_signed<T: Signed>(sample: T, unsigned: &[&str]) {
    if let Some(entry) = entry::<T>() {
        let by_one_key = !matches!(entry.signer, Signer::Unsigned | Signer::Quorum | Signer::Issuance);
        assert!(by_one_key, "{} is signed, and the table says otherwise", T::SCHEMA);
    }
    let preimage = sample.preimage();
    let view = preimage.as_bytes().strip_prefix(T::SCHEMA_HASH.as_bytes()).unwrap_or_default();
    let whole = cbor::decode::<Value>(&cbor::encode(&sample));
    let (Ok(Value::Map(view)), Ok(Value::Map(whole))) = (cbor::decode::<Value>(view), whole) else { return };
    for (name, value) in whole.iter() {
        let covered = view.get(name);
        match name {
            // The attestation alone keeps the key (D3).
            "signature" if T::SCHEMA == "fcp.core:NodeKeyAttestation@2.0.0" => {
                assert_eq!(
                    covered,
                    Some(&Value::Bytes(Vec::new())),
                    "an attestation is signed with an empty signature"
                );
            }
            "signature" => assert_eq!(covered, None, "the signature is part of what is signed"),
            name if unsigned.contains(&name) => assert_eq!(covered, None, "`{name}` is signed"),
            name => assert_eq!(covered, Some(value), "`{name}` is not signed as it is"),
        }
    }
    for (name, _) in view.iter() {
        assert!(whole.get(name).is_some(), "`{name}` is signed and not there");
    }
    let other = crate::sign::Signature::from_bytes([0x5a; 64]);
    assert_eq!(sample.with_signature(other).preimage(), preimage, "what is signed depends on the signature");
}

#[cfg(test)]
mod tests;
