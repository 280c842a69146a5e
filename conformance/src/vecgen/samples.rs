//! Every object of the protocol once, filled as far as it can be, and what each must not be.
//!
//! A sample is its fields as JSON, with byte strings as `{"$hex": …}`; header and signature are added here.

mod authority;
mod gossip;
mod history;
mod owner;
mod rounds;
mod symbols;
mod wire;
mod zones;

use fcp_audit::event::AuditEvent;
use fcp_core::cbor::{self, Integer, Value};
use fcp_core::id::{ObjectId, SchemaId, ZoneId};
use fcp_core::object::{Message as _, ObjectHeader, Provenance};
use fcp_core::sign::{NodeSigningKey, OwnerKey, Preimage, SigningKey};
use fcp_core::time::Timestamp;
use serde_json::{Value as Json, json};

use super::edit::{bytes, edit};
use super::identity::{NOW, known, owner};
use super::topic::{Topic, flip, hex, object, random, unhex};

pub(super) use authority::topic as authority;
pub(super) use gossip::topic as gossip_messages;
pub(super) use history::topic as history;
pub(super) use owner::topic as owner_objects;
pub(super) use rounds::topic as rounds;
pub(super) use symbols::topic as symbol_messages;
pub(super) use wire::topic as wire;
pub(super) use zones::topic as zones;

/// What signs every sample, whichever role signs its type: all roles sign alike.
fn signer() -> OwnerKey {
    OwnerKey::from_seed(random("sample signer"))
}

/// One object.
struct Sample {
    name: &'static str,
    schema: &'static str,
    section: &'static str,
    fields: Json,
    /// The header's references; nothing for messages without a header.
    refs: Option<Vec<ObjectId>>,
    zone: ZoneId,
    ttl_secs: Option<u64>,
    created_at: u64,
    signed: bool,
    /// What refuses the object in `sign.verify` when its signature is taken out.
    unsigned_code: &'static str,
    /// A name, the rule, the way to a field, what is put there, and the code that refuses it.
    faults: Vec<Fault>,
}

type Fault = (&'static str, &'static str, &'static [&'static str], Option<Json>, &'static str);

impl Sample {
    /// An object in z:work that one key signs.
    fn signed(name: &'static str, schema: &'static str, section: &'static str, fields: Json) -> Self {
        Self { signed: true, ..Self::unsigned(name, schema, section, fields) }
    }

    /// An object in z:work that no key signs, or a quorum beside it.
    fn unsigned(name: &'static str, schema: &'static str, section: &'static str, fields: Json) -> Self {
        let (refs, zone) = (Some(Vec::new()), ZoneId::work());
        Self {
            name,
            schema,
            section,
            fields,
            refs,
            zone,
            ttl_secs: None,
            created_at: NOW,
            signed: false,
            unsigned_code: "cbor.missing_key",
            faults: Vec::new(),
        }
    }

    /// A message without a header.
    fn message(name: &'static str, schema: &'static str, section: &'static str, fields: Json) -> Self {
        Self { refs: None, ..Self::unsigned(name, schema, section, fields) }
    }

    fn refs(mut self, labels: &[&str]) -> Self {
        self.refs = Some(labels.iter().map(|label| ObjectId::from_bytes(random(label))).collect());
        self
    }

    fn zone(mut self, zone: ZoneId) -> Self {
        self.zone = zone;
        self
    }

    /// An unsigned message that a key signs.
    fn under_a_signature(mut self) -> Self {
        self.signed = true;
        self
    }

    fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }

    fn header(&self) -> Option<ObjectHeader> {
        let schema = known(SchemaId::new(&format!("{}@2.0.0", self.schema)));
        let provenance = Provenance::of_zone(self.zone.clone(), 60, 60, Timestamp::from_secs(self.created_at));
        let header = ObjectHeader::new(schema, provenance);
        let header = self.ttl_secs.map_or(header.clone(), |ttl_secs| header.with_ttl(ttl_secs));
        self.refs.clone().map(|refs| header.with_refs(refs))
    }

    /// Schema hash and CBOR, signed.
    fn body(&self) -> Vec<u8> {
        let schema = known(SchemaId::new(&format!("{}@2.0.0", self.schema)));
        let header = self.header().map(|header| known(cbor::decode::<Value>(&cbor::encode(&header))));
        let fields = object(self.fields.clone()).into_iter().map(|(name, value)| (name, value_of(&value)));
        let whole = Value::map(fields.chain(header.map(|header| ("header".to_owned(), header))));
        let body = [&schema.hash().as_bytes()[..], &cbor::encode(&whole)].concat();
        if self.signed { sign(&body) } else { body }
    }
}

/// The same body with the signer's signature over it.
fn sign(body: &[u8]) -> Vec<u8> {
    sign_with(body, &signer())
}

fn sign_with(body: &[u8], key: &impl SigningKey) -> Vec<u8> {
    // By the rule of §3.5.1 and not by the types, which refuse what some vectors sign.
    let mut view = edit(body, &["signature"], None);
    if body.starts_with(AuditEvent::SCHEMA_HASH.as_bytes()) {
        view = edit(&edit(&view, &["prev"], None), &["seq"], None);
    }
    let signature = key.sign(&Preimage::transcript("", &[&view]));
    edit(body, &["signature"], bytes(signature.as_bytes()))
}

/// JSON as CBOR data, with `{"$hex": …}` for byte strings.
pub(super) fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::String(text) => Value::from(text.as_str()),
        Json::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::Integer(Integer::from(number)),
            (None, None) => number.as_f64().and_then(cbor::Float::new).map_or(Value::Null, Value::Float),
        },
        Json::Array(items) => Value::Array(items.iter().map(value_of).collect()),
        Json::Object(entries) => match entries.get("$hex") {
            Some(hex) => Value::from(unhex(hex)),
            None => Value::map(entries.iter().map(|(key, item)| (key.clone(), value_of(item)))),
        },
    }
}

/// A byte string in a sample.
pub(super) fn blob(bytes: impl AsRef<[u8]>) -> Json {
    json!({"$hex": hex(bytes)})
}

/// Random bytes of a label in a sample.
fn drawn<const N: usize>(label: &str) -> Json {
    blob(random::<N>(label))
}

/// The vectors of `samples`: each is decoded, addressed, and if signed checked; each of its faults is refused.
fn vectors(topic: &mut Topic, samples: Vec<Sample>) {
    for sample in samples {
        let (name, section, body) = (sample.name, sample.section, sample.body());
        let schema = object_schema(sample.schema);
        let decode = |body: &[u8]| json!({"schema": schema, "body": hex(body)});
        topic.accept("object.decode", name, section, decode(&body));
        for (fault, rule, path, value, code) in &sample.faults {
            let changed = edit(&body, path, value.as_ref().map(value_of));
            topic.reject("object.decode", &format!("{name}-{fault}"), rule, decode(&changed), code);
        }
        if let Some(header) = sample.header() {
            let derive = |header: &ObjectHeader, body: &[u8]| json!({"header": hex(cbor::encode(header)), "body": hex(body), "key": hex(random::<32>("object id key"))});
            topic.accept("object.derive", name, section, derive(&header, &body));
            let other = ObjectHeader { created_at: Timestamp::from_secs(sample.created_at + 1), ..header };
            topic.reject(
                "object.derive",
                &format!("{name}-headers-differ"),
                "D13",
                derive(&other, &body),
                "object.header_mismatch",
            );
        }
        if sample.signed {
            signatures(topic, &sample, &body);
        }
    }
}

fn signatures(topic: &mut Topic, sample: &Sample, body: &[u8]) {
    let (name, section) = (sample.name, sample.section);
    topic.accept("sign.preimage", name, "§3.5.1", json!({"obj": hex(body)}));
    let key = *signer().public().as_bytes();
    let verify = |body: &[u8]| json!({"public_key": hex(key), "obj": hex(body)});
    topic.accept("sign.verify", name, section, verify(body));
    let signature = body_signature(body);
    let changed = edit(body, &["signature"], bytes(&flip(&signature, 40)));
    topic.reject("sign.verify", &format!("{name}-changed-signature"), "§3.5.1", verify(&changed), "sign.bad_signature");
    let without = edit(body, &["signature"], None);
    topic.reject("sign.verify", &format!("{name}-without-signature"), "G4", verify(&without), sample.unsigned_code);
}

fn body_signature(body: &[u8]) -> Vec<u8> {
    match known(cbor::decode::<Value>(&body[32..])).get("signature") {
        Some(Value::Bytes(signature)) => signature.clone(),
        _ => Vec::new(),
    }
}

/// A schema id as operations name it.
fn object_schema(schema: &str) -> Json {
    let (namespace, name) = schema.split_once(':').unwrap_or_default();
    json!({"namespace": namespace, "name": name, "version": "2.0.0"})
}

/// The public key that checks the samples' signatures.
pub(super) fn signer_key() -> [u8; 32] {
    *signer().public().as_bytes()
}

/// An object that the owner of the vectors' mesh signs.
pub(super) fn owned(schema: &'static str, zone: ZoneId, refs: &[&str], fields: Json) -> Vec<u8> {
    sign_with(&Sample::unsigned("", schema, "", fields).refs(refs).zone(zone).body(), &owner())
}

/// As [`owned`], with references of which the ids are known.
pub(super) fn owned_with_refs(schema: &'static str, zone: ZoneId, refs: Vec<ObjectId>, fields: Json) -> Vec<u8> {
    let sample = Sample::unsigned("", schema, "", fields).zone(zone);
    sign_with(&Sample { refs: Some(refs), ..sample }.body(), &owner())
}

/// A resource of `zone` that a node's `key` signs.
pub(super) fn resource(zone: ZoneId, key: &NodeSigningKey, fields: Json) -> Vec<u8> {
    sign_with(&Sample::unsigned("", "fcp.core:ResourceObject", "", fields).zone(zone).body(), key)
}

/// A message without a header.
pub(super) fn message(schema: &'static str, fields: Json) -> Vec<u8> {
    Sample::message("", schema, "", fields).body()
}

/// The header of a message, encoded.
pub(super) fn header(schema: &'static str, zone: ZoneId, refs: Vec<ObjectId>) -> Vec<u8> {
    let sample = Sample::unsigned("", schema, "", json!({})).zone(zone);
    Sample { refs: Some(refs), ..sample }.header().map(|header| cbor::encode(&header)).unwrap_or_default()
}

/// An object of z:work with these references, which nobody signs, or a quorum beside it.
pub(super) fn unsigned(schema: &'static str, refs: Vec<ObjectId>, fields: Json) -> Vec<u8> {
    Sample { refs: Some(refs), ..Sample::unsigned("", schema, "", fields) }.body()
}

/// An object of z:work with these references, which `key` signs.
pub(super) fn signed_by(schema: &'static str, refs: Vec<ObjectId>, fields: Json, key: &impl SigningKey) -> Vec<u8> {
    sign_with(&unsigned(schema, refs, fields), key)
}

/// The same body with the signature of `key` over it.
pub(super) fn signed_anew(body: &[u8], key: &impl SigningKey) -> Vec<u8> {
    sign_with(body, key)
}

/// An approval of `zone` that `key` signs.
pub(super) fn approval(zone: ZoneId, key: &OwnerKey, fields: Json) -> Vec<u8> {
    sign_with(&Sample::unsigned("", "fcp.core:ApprovalToken", "", fields).zone(zone).body(), key)
}

/// Typed data as a sample has it.
pub(super) fn json_of(data: &impl cbor::Encode) -> Json {
    fn of(value: &Value) -> Json {
        match value {
            Value::Null | Value::Float(_) => Json::Null,
            Value::Bool(truth) => json!(truth),
            Value::Integer(number) => json!(number.as_u64()),
            Value::Bytes(bytes) => blob(bytes),
            Value::Text(text) => json!(text),
            Value::Array(items) => items.iter().map(of).collect(),
            Value::Map(entries) => Json::Object(entries.iter().map(|(key, item)| (key.to_owned(), of(item))).collect()),
        }
    }
    known(cbor::decode::<Value>(&cbor::encode(data)).map(|value| of(&value)))
}

/// A zone's key manifest with these boxes.
pub(super) fn zone_key_manifest(object_id_keys: Json, zone_keys: Json) -> Vec<u8> {
    zones::manifest(object_id_keys, zone_keys).body()
}

/// A revocation of the ids of `labels`.
pub(super) fn revocation(labels: &[&str], zone: &str, from: u64, until: Option<u64>) -> Vec<u8> {
    history::revocation_of(labels, zone, from, until).body()
}

/// A checkpoint of z:work.
pub(super) fn checkpoint() -> Vec<u8> {
    history::checkpoint().body()
}

/// A revocation head of z:work.
pub(super) fn revocation_head() -> Vec<u8> {
    history::revocation_head().body()
}

/// An audit head of z:work that names some event.
pub(super) fn some_audit_head() -> Vec<u8> {
    history::audit_head().body()
}

/// A quorum's signatures of the object `target`.
pub(super) fn sidecar(zone: ZoneId, target: &[u8], signatures: Json) -> Vec<u8> {
    let fields = json!({"target": blob(target), "signatures": signatures});
    let sample = Sample::unsigned("", "fcp.core:QuorumSignatureSet", "", fields).zone(zone);
    let id = ObjectId::from_bytes(target.try_into().unwrap_or_default());
    Sample { refs: Some(vec![id]), ..sample }.body()
}

/// The header inside of a body, encoded.
pub(super) fn header_of(body: &[u8]) -> Vec<u8> {
    known(cbor::decode::<Value>(&body[32..])).get("header").map(cbor::encode).unwrap_or_default()
}

/// An audit head of z:work.
pub(super) fn audit_head(event: &str, seq: u64) -> Vec<u8> {
    history::head_of(event, seq).body()
}

/// Header and body of an audit event of z:work, signed by `key`.
pub(super) fn audit_event(
    label: &str,
    prev: Option<ObjectId>,
    seq: u64,
    key: &fcp_core::sign::NodeSigningKey,
) -> (Vec<u8>, Vec<u8>) {
    let sample = history::event_of(label, prev, seq);
    let header = sample.header().map(|header| cbor::encode(&header)).unwrap_or_default();
    (header, sign_with(&sample.body(), key))
}
