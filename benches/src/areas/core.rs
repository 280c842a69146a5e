//! `fcp-core`: the codec and content addresses.

use std::hint::black_box;

use fcp_core::cbor::{self, Decode, Encode};
use fcp_core::id::{IdPreimage, ObjectIdKey, SchemaHash, ZoneId};
use serde::{Deserialize, Serialize};

use crate::measure::{Goal, Pair};

/// A struct of twenty fields like those of headers, attestations and checkpoints, about 700 bytes encoded.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
struct Sample {
    schema: String,
    zone_id: String,
    created_at: u64,
    origin_zone: String,
    current_zone: String,
    integrity_label: u8,
    confidentiality_label: u8,
    origin_principal: Option<String>,
    taint: u32,
    node_id: String,
    node_sig_pubkey: [u8; 32],
    node_sig_kid: [u8; 8],
    node_enc_pubkey: [u8; 32],
    node_enc_kid: [u8; 8],
    prev: Option<[u8; 32]>,
    rev_head: [u8; 32],
    audit_head: [u8; 32],
    refs: Vec<[u8; 32]>,
    ttl_secs: Option<u64>,
    signature: [u8; 64],
}

fn sample() -> Sample {
    Sample {
        schema: "fcp.core:NodeKeyAttestation@2.0.0".into(),
        zone_id: "z:private".into(),
        created_at: 1_700_000_000,
        origin_zone: "z:private".into(),
        current_zone: "z:private".into(),
        integrity_label: 80,
        confidentiality_label: 90,
        origin_principal: Some("user:anna".into()),
        taint: 8,
        node_id: "nLaptop1CNTRL".into(),
        node_sig_pubkey: [1; 32],
        node_sig_kid: [2; 8],
        node_enc_pubkey: [3; 32],
        node_enc_kid: [4; 8],
        prev: Some([5; 32]),
        rev_head: [6; 32],
        audit_head: [7; 32],
        refs: vec![[8; 32], [9; 32]],
        ttl_secs: Some(3600),
        signature: [10; 64],
    }
}

/// Byte strings as `serde` needs them spelled.
mod blob {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer, const N: usize>(bytes: &[u8; N], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
        let value = ciborium::Value::deserialize(deserializer)?;
        let bytes = value.into_bytes().map_err(|_| serde::de::Error::custom("expected bytes"))?;
        bytes.try_into().map_err(|_| serde::de::Error::custom("wrong length"))
    }
}

/// A 32-byte string inside of an option or sequence.
#[derive(Serialize, Deserialize)]
struct Blob32(#[serde(with = "blob")] [u8; 32]);

/// The same fields for `ciborium`.
#[derive(Serialize, Deserialize)]
struct SerdeSample {
    schema: String,
    zone_id: String,
    created_at: u64,
    origin_zone: String,
    current_zone: String,
    integrity_label: u8,
    confidentiality_label: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_principal: Option<String>,
    taint: u32,
    node_id: String,
    #[serde(with = "blob")]
    node_sig_pubkey: [u8; 32],
    #[serde(with = "blob")]
    node_sig_kid: [u8; 8],
    #[serde(with = "blob")]
    node_enc_pubkey: [u8; 32],
    #[serde(with = "blob")]
    node_enc_kid: [u8; 8],
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<Blob32>,
    #[serde(with = "blob")]
    rev_head: [u8; 32],
    #[serde(with = "blob")]
    audit_head: [u8; 32],
    refs: Vec<Blob32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_secs: Option<u64>,
    #[serde(with = "blob")]
    signature: [u8; 64],
}

fn serde_sample() -> SerdeSample {
    let own = sample();
    SerdeSample {
        schema: own.schema,
        zone_id: own.zone_id,
        created_at: own.created_at,
        origin_zone: own.origin_zone,
        current_zone: own.current_zone,
        integrity_label: own.integrity_label,
        confidentiality_label: own.confidentiality_label,
        origin_principal: own.origin_principal,
        taint: own.taint,
        node_id: own.node_id,
        node_sig_pubkey: own.node_sig_pubkey,
        node_sig_kid: own.node_sig_kid,
        node_enc_pubkey: own.node_enc_pubkey,
        node_enc_kid: own.node_enc_kid,
        prev: own.prev.map(Blob32),
        rev_head: own.rev_head,
        audit_head: own.audit_head,
        refs: own.refs.into_iter().map(Blob32).collect(),
        ttl_secs: own.ttl_secs,
        signature: own.signature,
    }
}

/// Canonical CBOR with `ciborium`: to a value, sort every map by encoded keys, write.
fn ciborium_canonical(sample: &SerdeSample) -> Option<Vec<u8>> {
    let mut value = ciborium::Value::serialized(sample).ok()?;
    sort(&mut value)?;
    let mut out = Vec::new();
    ciborium::into_writer(&value, &mut out).ok()?;
    Some(out)
}

fn sort(value: &mut ciborium::Value) -> Option<()> {
    match value {
        ciborium::Value::Array(items) => items.iter_mut().try_for_each(sort),
        ciborium::Value::Map(entries) => {
            entries.iter_mut().try_for_each(|(_, item)| sort(item))?;
            let mut keyed = Vec::with_capacity(entries.len());
            for entry in entries.drain(..) {
                let mut key = Vec::new();
                ciborium::into_writer(&entry.0, &mut key).ok()?;
                keyed.push((key, entry));
            }
            keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
            entries.extend(keyed.into_iter().map(|(_, entry)| entry));
            Some(())
        }
        _ => Some(()),
    }
}

/// Strict decoding with `ciborium`: decode, write canonically again, compare.
fn ciborium_strict(bytes: &[u8]) -> Option<SerdeSample> {
    let sample: SerdeSample = ciborium::from_reader(bytes).ok()?;
    (ciborium_canonical(&sample)? == bytes).then_some(sample)
}

/// The map written by hand in canonical order.
fn minicbor_by_hand(sample: &Sample, out: &mut Vec<u8>) -> Option<()> {
    let mut e = minicbor::Encoder::new(out);
    let optional = usize::from(sample.origin_principal.is_some())
        + usize::from(sample.prev.is_some())
        + usize::from(sample.ttl_secs.is_some());
    e.map(17 + optional as u64).ok()?;
    if let Some(prev) = &sample.prev {
        e.str("prev").ok()?.bytes(prev).ok()?;
    }
    e.str("refs").ok()?.array(sample.refs.len() as u64).ok()?;
    for id in &sample.refs {
        e.bytes(id).ok()?;
    }
    e.str("taint").ok()?.u32(sample.taint).ok()?;
    e.str("schema").ok()?.str(&sample.schema).ok()?;
    e.str("node_id").ok()?.str(&sample.node_id).ok()?;
    e.str("zone_id").ok()?.str(&sample.zone_id).ok()?;
    e.str("rev_head").ok()?.bytes(&sample.rev_head).ok()?;
    if let Some(ttl) = sample.ttl_secs {
        e.str("ttl_secs").ok()?.u64(ttl).ok()?;
    }
    e.str("signature").ok()?.bytes(&sample.signature).ok()?;
    e.str("audit_head").ok()?.bytes(&sample.audit_head).ok()?;
    e.str("created_at").ok()?.u64(sample.created_at).ok()?;
    e.str("origin_zone").ok()?.str(&sample.origin_zone).ok()?;
    e.str("current_zone").ok()?.str(&sample.current_zone).ok()?;
    e.str("node_enc_kid").ok()?.bytes(&sample.node_enc_kid).ok()?;
    e.str("node_sig_kid").ok()?.bytes(&sample.node_sig_kid).ok()?;
    e.str("integrity_label").ok()?.u8(sample.integrity_label).ok()?;
    e.str("node_enc_pubkey").ok()?.bytes(&sample.node_enc_pubkey).ok()?;
    e.str("node_sig_pubkey").ok()?.bytes(&sample.node_sig_pubkey).ok()?;
    if let Some(principal) = &sample.origin_principal {
        e.str("origin_principal").ok()?.str(principal).ok()?;
    }
    e.str("confidentiality_label").ok()?.u8(sample.confidentiality_label).ok()?;
    Some(())
}

/// The map read by hand, its keys expected in canonical order. Nothing checks that lengths and numbers are written in
/// their shortest form.
fn minicbor_read_by_hand(bytes: &[u8]) -> Option<Sample> {
    let mut d = minicbor::Decoder::new(bytes);
    let fields = d.map().ok()??;
    let prev = if optional(&mut d, "prev")? { Some(fixed(&mut d)?) } else { None };
    expect(&mut d, "refs")?;
    let count = d.array().ok()??;
    let mut refs = Vec::with_capacity(usize::try_from(count).ok()?.min(bytes.len() / 32));
    for _ in 0..count {
        refs.push(fixed(&mut d)?);
    }
    expect(&mut d, "taint")?;
    let taint = d.u32().ok()?;
    let schema = string(&mut d, "schema")?;
    let node_id = string(&mut d, "node_id")?;
    let zone_id = string(&mut d, "zone_id")?;
    let rev_head = field(&mut d, "rev_head")?;
    let ttl_secs = if optional(&mut d, "ttl_secs")? { Some(d.u64().ok()?) } else { None };
    let signature = field(&mut d, "signature")?;
    let audit_head = field(&mut d, "audit_head")?;
    expect(&mut d, "created_at")?;
    let created_at = d.u64().ok()?;
    let origin_zone = string(&mut d, "origin_zone")?;
    let current_zone = string(&mut d, "current_zone")?;
    let node_enc_kid = field(&mut d, "node_enc_kid")?;
    let node_sig_kid = field(&mut d, "node_sig_kid")?;
    expect(&mut d, "integrity_label")?;
    let integrity_label = d.u8().ok()?;
    let node_enc_pubkey = field(&mut d, "node_enc_pubkey")?;
    let node_sig_pubkey = field(&mut d, "node_sig_pubkey")?;
    let principal = optional(&mut d, "origin_principal")?;
    let origin_principal = if principal { Some(d.str().ok()?.into()) } else { None };
    expect(&mut d, "confidentiality_label")?;
    let confidentiality_label = d.u8().ok()?;
    let read = 17 + u64::from(prev.is_some()) + u64::from(ttl_secs.is_some()) + u64::from(origin_principal.is_some());
    (fields == read && d.position() == bytes.len()).then_some(Sample {
        schema,
        zone_id,
        created_at,
        origin_zone,
        current_zone,
        integrity_label,
        confidentiality_label,
        origin_principal,
        taint,
        node_id,
        node_sig_pubkey,
        node_sig_kid,
        node_enc_pubkey,
        node_enc_kid,
        prev,
        rev_head,
        audit_head,
        refs,
        ttl_secs,
        signature,
    })
}

fn expect(d: &mut minicbor::Decoder<'_>, key: &str) -> Option<()> {
    (d.str().ok()? == key).then_some(())
}

/// Whether the next key is `key`; if it is another, nothing is read.
fn optional(d: &mut minicbor::Decoder<'_>, key: &str) -> Option<bool> {
    let at = d.position();
    let found = d.str().ok()? == key;
    if !found {
        d.set_position(at);
    }
    Some(found)
}

fn fixed<const N: usize>(d: &mut minicbor::Decoder<'_>) -> Option<[u8; N]> {
    d.bytes().ok()?.try_into().ok()
}

fn field<const N: usize>(d: &mut minicbor::Decoder<'_>, key: &str) -> Option<[u8; N]> {
    expect(d, key)?;
    fixed(d)
}

fn string(d: &mut minicbor::Decoder<'_>, key: &str) -> Option<String> {
    expect(d, key)?;
    d.str().ok().map(String::from)
}

fn object_id(len: usize, name: &'static str, goal: Goal) -> Pair {
    let mut preimage = IdPreimage::with_capacity(&ZoneId::private(), &SchemaHash::from_bytes([3; 32]), len);
    let content = vec![0x5a; len];
    preimage.content_mut().extend_from_slice(&content);
    let key = ObjectIdKey::from_bytes([7; 32]);
    Pair {
        name,
        ours: Box::new(move || {
            black_box(black_box(&preimage).id(&key));
        }),
        peer_name: "blake3 keyed_hash",
        peer: Box::new(move || {
            black_box(blake3::keyed_hash(&[7; 32], black_box(&content)));
        }),
        goal,
    }
}

/// Writing an object of twenty fields canonically.
#[must_use]
pub fn encode() -> Vec<Pair> {
    let own = sample();
    let canonical = cbor::encode(&own);
    let serde = serde_sample();
    assert_eq!(ciborium_canonical(&serde).as_deref(), Some(canonical.as_slice()), "both must write the same bytes");
    let mut by_hand = Vec::new();
    assert!(minicbor_by_hand(&own, &mut by_hand).is_some() && by_hand == canonical, "both must write the same bytes");

    let mut out = Vec::with_capacity(1024);
    let mut hand_out = Vec::with_capacity(1024);
    let (for_ciborium, for_hand) = (own.clone(), own.clone());
    let mut again = Vec::with_capacity(1024);
    vec![
        Pair {
            name: "canonical encode, 20 fields",
            ours: Box::new(move || {
                out.clear();
                cbor::encode_into(black_box(&for_ciborium), &mut out);
                black_box(&out);
            }),
            peer_name: "ciborium, values sorted",
            peer: Box::new(move || {
                black_box(ciborium_canonical(black_box(&serde)));
            }),
            goal: Goal::AtLeast(8.0),
        },
        Pair {
            name: "canonical encode, 20 fields",
            ours: Box::new(move || {
                again.clear();
                cbor::encode_into(black_box(&own), &mut again);
                black_box(&again);
            }),
            peer_name: "minicbor, ordered by hand",
            peer: Box::new(move || {
                hand_out.clear();
                black_box(minicbor_by_hand(black_box(&for_hand), &mut hand_out));
            }),
            goal: Goal::AtMost(1.3),
        },
    ]
}

/// Reading it and refusing every other encoding.
#[must_use]
pub fn decode() -> Vec<Pair> {
    let own = sample();
    let canonical = cbor::encode(&own);
    assert!(ciborium_strict(&canonical).is_some(), "both must read the bytes");
    // Without its optional fields the object is read as well, so that neither side may leave them out.
    let fewer = Sample { prev: None, ttl_secs: None, origin_principal: None, ..own.clone() };
    for object in [own, fewer] {
        let bytes = cbor::encode(&object);
        assert_eq!(cbor::decode::<Sample>(&bytes).as_ref(), Ok(&object), "what was written must be read");
        assert_eq!(minicbor_read_by_hand(&bytes).as_ref(), Some(&object), "both must read the same object");
    }

    let [for_ciborium, ciborium_bytes, for_hand, hand_bytes] = std::array::from_fn(|_| canonical.clone());
    vec![
        Pair {
            name: "strict decode, 20 fields",
            ours: Box::new(move || {
                black_box(cbor::decode::<Sample>(black_box(&for_ciborium)).is_ok());
            }),
            peer_name: "ciborium, encode and compare",
            peer: Box::new(move || {
                black_box(ciborium_strict(black_box(&ciborium_bytes)).is_some());
            }),
            goal: Goal::AtLeast(8.0),
        },
        Pair {
            name: "strict decode, 20 fields",
            ours: Box::new(move || {
                black_box(cbor::decode::<Sample>(black_box(&for_hand)).ok());
            }),
            peer_name: "minicbor, by hand, not strict",
            peer: Box::new(move || {
                black_box(minicbor_read_by_hand(black_box(&hand_bytes)));
            }),
            goal: Goal::AtMost(1.3),
        },
    ]
}

/// Content addresses against the hash alone.
#[must_use]
pub fn object_ids() -> Vec<Pair> {
    vec![
        object_id(1024, "object id, 1 KiB", Goal::AtMost(1.5)),
        object_id(64 * 1024, "object id, 64 KiB", Goal::AtMost(1.0 / 0.95)),
    ]
}

/// The pairs of this layer.
#[must_use]
pub fn pairs() -> Vec<Pair> {
    [encode(), decode(), object_ids()].into_iter().flatten().collect()
}
