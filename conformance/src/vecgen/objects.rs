//! Addresses, headers and bodies (§3.1, §3.5, §3.6).

use fcp_core::cbor::{self, Value};
use fcp_core::id::{Kid, ObjectId, PrincipalId, SchemaId, ZoneId};
use fcp_core::object::{
    DeviceSelector, LabelAdjustment, Message as _, ObjectHeader, ObjectPlacementPolicy, Provenance, QuorumSignatureSet,
    TaintFlags, TaintReduction, ZoneCrossing,
};
use fcp_core::sign::{QuorumSignature, Signature, SignatureSet};
use fcp_core::time::Timestamp;
use serde_json::json;

use super::edit::{bytes, edit, edit_cbor, list, text, uint};
use super::identity::{NOW, known, node};
use super::topic::{Topic, flip, hex, random};

/// An object id that is nothing's.
pub(super) fn id(label: &str) -> ObjectId {
    ObjectId::from_bytes(random(label))
}

/// A header of `schema` in z:work, with nothing that can be left out.
pub(super) fn header(schema: &str) -> ObjectHeader {
    let provenance = Provenance::of_zone(ZoneId::work(), 60, 60, Timestamp::from_secs(NOW));
    ObjectHeader::new(known(SchemaId::new(schema)), provenance)
}

/// A header with everything in it.
fn full_header(schema: &str) -> ObjectHeader {
    let at = Timestamp::from_secs;
    let mut provenance = Provenance::of_zone(ZoneId::work(), 60, 60, at(NOW)).by(known(PrincipalId::new("user:anna")));
    provenance.origin_zone = ZoneId::public();
    provenance.taint = TaintFlags::PUBLIC_INPUT | TaintFlags::PROMPT_SURFACE | TaintFlags::from_bits_retain(1 << 31);
    provenance.label_adjustments = vec![
        LabelAdjustment::IntegrityElevated { to: 60, by_approval: id("approval"), applied_at: at(NOW) },
        LabelAdjustment::ConfidentialityDeclassified { to: 10, by_approval: id("approval 2"), applied_at: at(NOW) },
    ];
    provenance.taint_reductions =
        vec![TaintReduction { clears: TaintFlags::UNVERIFIED_LINK, by_receipt: id("receipt"), applied_at: at(NOW) }];
    provenance.zone_crossings = vec![
        ZoneCrossing {
            from_zone: ZoneId::public(),
            to_zone: ZoneId::community(),
            crossed_at: at(NOW - 2),
            authorized_by: None,
        },
        ZoneCrossing {
            from_zone: ZoneId::community(),
            to_zone: ZoneId::work(),
            crossed_at: at(NOW - 1),
            authorized_by: Some(id("approval")),
        },
    ];
    let placement = ObjectPlacementPolicy {
        min_nodes: 3,
        max_node_fraction_bps: 5_000,
        preferred_devices: vec![DeviceSelector::Class("desktop".to_owned()), DeviceSelector::NodeId(node("nDesk"))],
        excluded_devices: vec![DeviceSelector::Zone(ZoneId::public())],
        target_coverage_bps: 15_000,
    };
    let provenance_at = provenance.created_at;
    let mut header = ObjectHeader::new(known(SchemaId::new(schema)), provenance)
        .with_refs(vec![id("target")])
        .with_ttl(3_600)
        .with_placement(placement);
    header.created_at = provenance_at;
    header.foreign_refs = vec![id("foreign b"), id("foreign a")];
    header
}

fn signature(node_id: &str, kid: u8) -> QuorumSignature {
    QuorumSignature {
        signer_node: node(node_id),
        signer_kid: Kid::from_bytes([kid; 8]),
        sig: Signature::from_bytes([kid; 64]),
    }
}

fn signature_set(header: ObjectHeader) -> QuorumSignatureSet {
    let signatures = known(SignatureSet::from_sorted(vec![signature("nDesk", 2), signature("nLaptop", 1)]));
    QuorumSignatureSet { header, target: id("target"), signatures }
}

fn schema(name: &str) -> serde_json::Value {
    json!({"namespace": "fcp.core", "name": name, "version": "2.0.0"})
}

/// `object.id` and `object.derive`.
pub(super) fn addresses() -> Topic {
    let mut topic = Topic::new("03-primitives", "addresses");
    let (op, section) = ("object.id", "§3.1, D12");
    let base = json!({
        "content": hex(b"content"), "zone": "z:work", "schema": schema("CapabilityObject"),
        "key": hex(random::<32>("object id key")),
    });
    let with = |changes| super::topic::with(&base, changes);
    topic.accept(op, "plain", section, base.clone());
    topic.accept(op, "empty-content", section, with(json!({"content": ""})));
    topic.accept(op, "other-content", section, with(json!({"content": hex(b"contend")})));
    topic.accept(op, "other-zone", section, with(json!({"zone": "z:private"})));
    topic.accept(op, "other-schema", section, with(json!({"schema": schema("RoleObject")})));
    topic.accept(op, "other-key", section, with(json!({"key": hex([0; 32])})));
    topic.accept(op, "more-than-one-hash-chunk", section, with(json!({"content": hex([0x5a; 3_000])})));
    topic.reject(op, "bad-zone", "D21", with(json!({"zone": "work"})), "id.zone_prefix");
    topic.reject(
        op,
        "bad-schema",
        "D19",
        with(json!({"schema": {"namespace": "fcp.core", "name": "A", "version": "2"}})),
        "id.schema_syntax",
    );
    derive(&mut topic);
    topic
}

fn derive(topic: &mut Topic) {
    let (op, section) = ("object.derive", "§3.6, D13");
    let key: [u8; 32] = random("object id key");
    let input = |header: &[u8], body: &[u8]| json!({"header": hex(header), "body": hex(body), "key": hex(key)});
    let set = signature_set(header(QuorumSignatureSet::SCHEMA).with_refs(vec![id("target")]));
    let (head, body) = (cbor::encode(&set.header), set.to_body());
    topic.accept(op, "signature-set", section, input(&head, &body));
    let full = signature_set(full_header(QuorumSignatureSet::SCHEMA));
    topic.accept(op, "signature-set-with-a-full-header", section, input(&cbor::encode(&full.header), &full.to_body()));

    let own = known(SchemaId::new("com.example:Note@1.0.0"));
    let own_header = cbor::encode(&header("com.example:Note@1.0.0"));
    let own_body = [own.hash().as_bytes().as_slice(), b"\xa1\x65title\x64milk"].concat();
    topic.accept(op, "somebody-s-own-schema", section, input(&own_header, &own_body));
    let cut = &own_body[..own_body.len() - 1];
    topic.reject(op, "somebody-s-own-schema-cut-off", "§3.5 rule 1", input(&own_header, cut), "cbor.unexpected_end");
    let long = [&own_body[..32], &b"\xb8\x01"[..], &own_body[33..]].concat();
    topic.reject(
        op,
        "somebody-s-own-schema-not-canonical",
        "§3.5 rule 2",
        input(&own_header, &long),
        "cbor.non_shortest_int",
    );

    topic.reject(
        op,
        "header-and-body-of-different-schemas",
        section,
        input(&own_header, &body),
        "object.schema_mismatch",
    );
    topic.reject(op, "body-shorter-than-a-schema-hash", section, input(&head, &body[..16]), "object.schema_mismatch");
    let other_head = edit_cbor(&head, &["created_at"], uint(NOW + 1));
    topic.reject(op, "headers-differ", "D13", input(&other_head, &body), "object.header_mismatch");
    topic.reject(
        op,
        "header-not-canonical",
        "§3.5 rule 2",
        input(&[&[0xb8, 0x06], &head[1..]].concat(), &body),
        "cbor.non_shortest_int",
    );
    topic.reject(op, "byte-behind-the-header", "D25", input(&[&head[..], &[0]].concat(), &body), "cbor.trailing_bytes");
    topic.reject(op, "byte-behind-the-body", "D25", input(&head, &[&body[..], &[0]].concat()), "cbor.trailing_bytes");
    for (name, path, value, code) in header_faults() {
        topic.reject(op, name, "§3.6", input(&edit_cbor(&head, path, value), &body), code);
    }
}

type HeaderFault = (&'static str, &'static [&'static str], Option<Value>, &'static str);

/// What a header must not be, each with the one rule that refuses it.
fn header_faults() -> Vec<HeaderFault> {
    let twice = || list([bytes(&[1; 32]), bytes(&[1; 32])]);
    let fraction = |bps: u64| {
        Some(Value::map([
            ("min_nodes", Value::from(1_u64)),
            ("max_node_fraction_bps", Value::from(bps)),
            ("preferred_devices", Value::Array(Vec::new())),
            ("excluded_devices", Value::Array(Vec::new())),
            ("target_coverage_bps", Value::from(10_000_u64)),
        ]))
    };
    vec![
        ("header-refs-repeat", &["refs"], twice(), "object.duplicate_ref"),
        ("header-foreign-refs-repeat", &["foreign_refs"], twice(), "object.duplicate_ref"),
        ("header-without-refs", &["refs"], None, "cbor.missing_key"),
        ("header-ref-of-31-bytes", &["refs"], list([bytes(&[1; 31])]), "cbor.out_of_range"),
        ("header-with-null-time-to-live", &["ttl_secs"], Some(Value::Null), "cbor.unexpected_type"),
        ("header-with-unknown-field", &["object_id"], bytes(&[1; 32]), "cbor.unknown_key"),
        ("header-in-no-zone", &["zone_id"], text("work"), "id.zone_prefix"),
        ("header-of-no-schema", &["schema", "version"], text("2.0"), "id.schema_syntax"),
        ("header-label-above-255", &["provenance", "integrity_label"], uint(256), "cbor.out_of_range"),
        ("header-taint-above-32-bits", &["provenance", "taint"], uint(1 << 32), "cbor.out_of_range"),
        ("header-principal-with-at-sign", &["provenance", "origin_principal"], text("anna@home"), "id.bad_char"),
        (
            "header-with-unknown-adjustment",
            &["provenance", "label_adjustments"],
            list([Some(Value::map([("blessed", Value::map(Vec::<(String, Value)>::new()))]))]),
            "cbor.unknown_variant",
        ),
        ("header-placement-above-the-whole", &["placement"], fraction(10_001), "cbor.out_of_range"),
    ]
}

/// `object.decode` of a quorum's signatures.
pub(super) fn bodies() -> Topic {
    let mut topic = Topic::new("03-primitives", "bodies");
    let op = "object.decode";
    let input = |body: &[u8]| json!({"schema": schema("QuorumSignatureSet"), "body": hex(body)});
    let set = signature_set(header(QuorumSignatureSet::SCHEMA).with_refs(vec![id("target")]));
    let body = set.to_body();
    topic.accept(op, "signature-set", "§3.5, D14", input(&body));
    topic.accept(op, "full-header", "§3.6", input(&signature_set(full_header(QuorumSignatureSet::SCHEMA)).to_body()));
    let empty = edit(&body, &["signatures"], list([]));
    topic.accept(op, "empty-signature-set", "D14", input(&empty));

    topic.reject(op, "of-another-schema", "§3.5", input(&flip(&body, 31)), "object.schema_mismatch");
    let named = edit(&body, &["header", "schema", "name"], text("RawChunk"));
    topic.reject(op, "header-names-another-schema", "D13", input(&named), "object.schema_mismatch");
    let section = "G8";
    for (name, refs) in [
        ("refs-missing", list([])),
        ("refs-of-something-else", list([bytes(&[9; 32])])),
        ("refs-with-one-too-many", list([bytes(id("target").as_bytes()), bytes(&[9; 32])])),
    ] {
        topic.reject(op, name, section, input(&edit(&body, &["header", "refs"], refs)), "object.refs_mismatch");
    }
    let one = |node: &str, kid: u8| {
        Some(Value::map([
            ("signer_node", Value::from(node)),
            ("signer_kid", Value::from(vec![kid; 8])),
            ("sig", Value::from(vec![kid; 64])),
        ]))
    };
    for (name, signatures) in [
        ("signatures-unsorted", list([one("nLaptop", 1), one("nDesk", 2)])),
        ("signature-twice", list([one("nDesk", 2), one("nDesk", 2)])),
        ("node-twice-with-two-keys", list([one("nDesk", 1), one("nDesk", 2)])),
    ] {
        let body = edit(&body, &["signatures"], signatures);
        topic.reject(op, name, "D29, D30", input(&body), "quorum.signature_order");
    }
    let tuple = list([list([text("nDesk"), bytes(&[2; 8]), bytes(&[2; 64])])]);
    topic.reject(
        op,
        "signature-as-a-tuple",
        "D29",
        input(&edit(&body, &["signatures"], tuple)),
        "cbor.unexpected_type",
    );
    for (name, path, value, code) in header_faults() {
        let path: Vec<&str> = std::iter::once("header").chain(path.iter().copied()).collect();
        topic.reject(op, name, "§3.6", input(&edit(&body, &path, value)), code);
    }
    topic
}
