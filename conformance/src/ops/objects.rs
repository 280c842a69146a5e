//! `object.*`: addresses and bodies (§3.1, §3.5, §3.6, D12–D14).

use fcp_core::cbor::decode;
use fcp_core::id::{ObjectId, ObjectIdKey};
use fcp_core::object::{ObjectHeader, StoredObject};

use super::{Operation, cbor, ids, object_types, operation};
use crate::fields::{Answer, Fields};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] =
    &[operation("object.id", id), operation("object.derive", derive), operation("object.decode", decode_body)];

/// The object-id key in the field `name`.
pub(super) fn key(fields: Fields<'_>, name: &str) -> Result<ObjectIdKey, Refusal> {
    Ok(ObjectIdKey::from_bytes(fields.array(name)?))
}

fn id(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (content, zone) = (input.bytes("content")?, ids::zone(input)?);
    let (schema, key) = (ids::schema(input.object("schema")?)?, key(input, "key")?);
    let id = ObjectId::new(&content, &zone, &schema.hash(), &key);
    Ok(Answer::new().bytes("object_id", id.as_bytes()))
}

fn derive(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (header, body) = (input.bytes("header")?, input.bytes("body")?);
    // By itself first: bytes behind the header's item must not begin the body.
    let _: ObjectHeader = decode(&header)?;
    let canonical = [b"FCP2-OBJECT-V1", &header[..], &body].concat();
    let stored = StoredObject::parse(&canonical, &key(input, "key")?)?;
    match object_types::by_schema(&stored.header().schema) {
        Some(kind) => (kind.open)(&stored)?,
        // An object of somebody's own schema has an id like any other; what its canonical body says is theirs to judge.
        None => cbor::canonical(body.get(32..).unwrap_or_default())?,
    }
    Ok(Answer::new().bytes("object_id", stored.id().as_bytes()).bytes("canonical", stored.canonical_bytes()))
}

fn decode_body(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (schema, body) = (ids::schema(input.object("schema")?)?, input.bytes("body")?);
    let kind = object_types::by_schema(&schema).ok_or_else(object_types::unknown)?;
    (kind.decode)(&body)?;
    cbor::json_text(body.get(32..).unwrap_or_default())
}
