//! Keys and attestations (§2.2).

use fcp_core::cbor::Value;
use fcp_core::id::{NodeId, NodeTag, ObjectIdKey};
use fcp_core::identity::{
    AttestationTerms, DevicePostureAttestation, DevicePostureKind, NodeKeyAttestation, NodeSecretKeys,
};
use fcp_core::object::{Message as _, StoredObject};
use fcp_core::sign::{NodeEncryptionKey, NodeIssuanceKey, NodeSigningKey, OwnerKey, Signed as _};
use fcp_core::time::Timestamp;
use serde_json::json;

use super::edit::{bytes, edit, edit_cbor, list, text, uint};
use super::topic::{Topic, flip, hex, random};

/// When everything in the vectors happens.
pub(super) const NOW: u64 = 1_790_000_000;

/// The owner of the vectors' mesh.
pub(super) fn owner() -> OwnerKey {
    OwnerKey::from_seed(random("owner"))
}

/// The keys of a node.
pub(super) fn node_keys(node: &str) -> NodeSecretKeys {
    NodeSecretKeys {
        signing: NodeSigningKey::from_seed(random(&format!("{node} signing"))),
        encryption: NodeEncryptionKey::from_bytes(random(&format!("{node} encryption"))),
        issuance: NodeIssuanceKey::from_seed(random(&format!("{node} issuance"))),
    }
}

/// A node id that is one.
pub(super) fn node(text: &str) -> NodeId {
    known(NodeId::new(text))
}

/// A value that is known to be there: the vectors are made from constants.
pub(super) fn known<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.expect("the vectors are made from valid constants")
}

/// The owner's attestation of a node.
pub(super) fn attest(id: &str, posture: Option<DevicePostureAttestation>) -> NodeKeyAttestation {
    let terms = AttestationTerms {
        node_id: node(id),
        owner: owner().public(),
        tags: vec![known(NodeTag::new("fcp-private")), known(NodeTag::new("fcp-work"))],
        issued_at: Timestamp::from_secs(NOW),
        expires_at: Timestamp::from_secs(NOW + 30 * 86_400),
        nonce: random(&format!("{id} attestation")),
        posture,
    };
    known(NodeKeyAttestation::draft(terms, &node_keys(id).public())).signed_by(&owner())
}

fn posture() -> DevicePostureAttestation {
    DevicePostureAttestation {
        kind: DevicePostureKind::TpmQuote,
        payload: vec![1, 2, 3],
        issued_at: Timestamp::from_secs(NOW),
        expires_at: Timestamp::from_secs(NOW + 86_400),
        nonce: random("posture"),
    }
}

/// `kid.derive`.
pub(super) fn keys() -> Topic {
    let mut topic = Topic::new("02-axioms", "keys");
    let keys = node_keys("nLaptop").public();
    for (name, key) in [
        ("owner", *owner().public().as_bytes()),
        ("node-signing", *keys.signing.as_bytes()),
        ("node-encryption", *keys.encryption.as_bytes()),
        ("node-issuance", *keys.issuance.as_bytes()),
        ("zero", [0; 32]),
    ] {
        topic.accept("kid.derive", name, "§2.2 rule 5, D9", json!({"public_key": hex(key)}));
    }
    topic
}

/// The schema of attestations, as operations name it.
fn schema() -> serde_json::Value {
    json!({"namespace": "fcp.core", "name": "NodeKeyAttestation", "version": "2.0.0"})
}

/// `NodeKeyAttestation` in `object.decode`, `object.derive`, `sign.preimage` and `sign.verify`.
pub(super) fn attestation() -> Topic {
    let mut topic = Topic::new("02-axioms", "attestations");
    let plain = attest("nLaptop", None);
    let stored = plain.seal();
    let body = plain.to_body();
    let with_posture = attest("nPhone", Some(posture())).to_body();

    let decode = |body: &[u8]| json!({"schema": schema(), "body": hex(body)});
    topic.accept("object.decode", "plain", "§2.2", decode(&body));
    topic.accept("object.decode", "with-posture", "§2.2", decode(&with_posture));
    let custom = edit(&with_posture, &["device_posture", "kind"], Some(Value::map([("custom", Value::from("sgx"))])));
    topic.accept("object.decode", "custom-posture", "§2.2, G5", decode(&custom));
    refused(&mut topic, &body, &with_posture);

    let derive = |stored: &StoredObject, header: &[u8], key: &ObjectIdKey| json!({"header": hex(header), "body": hex(stored.body()), "key": hex(key.expose())});
    let header = fcp_core::cbor::encode(stored.header());
    let public = ObjectIdKey::public();
    topic.accept("object.derive", "plain", "D4", derive(&stored, &header, &public));
    let other = ObjectIdKey::from_bytes(random("object id key"));
    topic.accept("object.derive", "under-another-key", "D12", derive(&stored, &header, &other));
    for (name, path, value) in [
        ("header-created-later", &["created_at"][..], uint(NOW + 1)),
        ("header-in-another-zone", &["zone_id"], text("z:work")),
        ("header-with-a-ref", &["refs"], list([bytes(&[1; 32])])),
        ("header-with-a-foreign-ref", &["foreign_refs"], list([bytes(&[1; 32])])),
        ("header-with-a-time-to-live", &["ttl_secs"], uint(60)),
        ("header-with-another-integrity", &["provenance", "integrity_label"], uint(99)),
        ("header-with-a-taint", &["provenance", "taint"], uint(1)),
    ] {
        let changed = edit_cbor(&header, path, value);
        topic.reject("object.derive", name, "D4", derive(&stored, &changed, &public), "attestation.bad_header");
    }

    let obj = |body: &[u8]| json!({"obj": hex(body)});
    topic.accept("sign.preimage", "plain", "§3.5.1, D3", obj(&body));
    topic.note("The key `signature` stays, with an empty byte string.");
    topic.accept("sign.preimage", "with-posture", "§3.5.1, D3", obj(&with_posture));

    let verify = |key: &[u8], body: &[u8]| json!({"public_key": hex(key), "obj": hex(body)});
    let key = *owner().public().as_bytes();
    topic.accept("sign.verify", "plain", "§2.2 rule 1", verify(&key, &body));
    topic.accept("sign.verify", "with-posture", "§2.2 rule 1", verify(&key, &with_posture));
    let wrong = *plain.keys().signing.as_bytes();
    topic.reject("sign.verify", "signed-by-another-key", "§2.2 rule 1", verify(&wrong, &body), "sign.bad_signature");
    let later = edit(&body, &["expires_at"], uint(NOW + 31 * 86_400));
    topic.reject("sign.verify", "changed-after-signing", "§2.2 rule 1", verify(&key, &later), "sign.bad_signature");
    let absent = edit(&body, &["signature"], bytes(&[0; 64]));
    topic.reject("sign.verify", "signature-of-zeros", "D8", verify(&key, &absent), "sign.malformed");
    let signature = edit(&body, &["signature"], bytes(&flip(plain.signature().as_bytes(), 40)));
    topic.reject("sign.verify", "changed-signature", "§2.2 rule 1", verify(&key, &signature), "sign.bad_signature");
    topic
}

/// A name, a section, the way to a field, what is put there, and the code that refuses it.
type Fault = (&'static str, &'static str, &'static [&'static str], Option<Value>, &'static str);

/// What an attestation must not be.
fn refused(topic: &mut Topic, body: &[u8], with_posture: &[u8]) {
    let decode = |body: &[u8]| json!({"schema": schema(), "body": hex(body)});
    let far = NOW + 86_401;
    let cases: [Fault; 20] = [
        (
            "unsorted-tags",
            "§2.2 rule 4, D6",
            &["tags"],
            list([text("fcp-work"), text("fcp-private")]),
            "attestation.bad_tags",
        ),
        (
            "repeated-tag",
            "§2.2 rule 4, D6",
            &["tags"],
            list([text("fcp-work"), text("fcp-work")]),
            "attestation.bad_tags",
        ),
        ("malformed-tag", "§2.2 rule 4, D6", &["tags"], list([text("Work")]), "id.uppercase"),
        ("signing-kid-of-another-key", "§2.2 rule 5", &["node_sig_kid"], bytes(&[0; 8]), "attestation.kid_mismatch"),
        ("encryption-kid-of-another-key", "§2.2 rule 5", &["node_enc_kid"], bytes(&[0; 8]), "attestation.kid_mismatch"),
        ("issuance-kid-of-another-key", "§2.2 rule 5", &["node_iss_kid"], bytes(&[0; 8]), "attestation.kid_mismatch"),
        ("expires-when-issued", "§2.2 rule 2", &["expires_at"], uint(NOW), "attestation.bad_window"),
        ("expires-before-issued", "§2.2 rule 2", &["expires_at"], uint(NOW - 1), "attestation.bad_window"),
        (
            "posture-of-more-than-a-day",
            "§2.2 rule 3, D5",
            &["device_posture", "expires_at"],
            uint(far),
            "attestation.posture_window",
        ),
        (
            "posture-without-duration",
            "§2.2 rule 3, D5",
            &["device_posture", "expires_at"],
            uint(NOW),
            "attestation.posture_window",
        ),
        ("unknown-posture", "G5", &["device_posture", "kind"], text("horoscope"), "cbor.unknown_variant"),
        ("node-with-a-space", "G1", &["node_id"], text("n 1"), "id.bad_char"),
        ("missing-nonce", "G4", &["attestation_nonce"], None, "cbor.missing_key"),
        ("missing-signature", "G4", &["signature"], None, "cbor.missing_key"),
        ("unknown-field", "D25", &["comment"], text("hello"), "cbor.unknown_key"),
        ("null-for-an-absent-option", "G4", &["device_posture"], Some(Value::Null), "cbor.unexpected_type"),
        ("signature-of-63-bytes", "G7", &["signature"], bytes(&[1; 63]), "cbor.out_of_range"),
        ("kid-of-9-bytes", "G7", &["node_sig_kid"], bytes(&[1; 9]), "cbor.out_of_range"),
        ("time-as-text", "G4", &["issued_at"], text("2026-09-21T00:00:00Z"), "cbor.unexpected_type"),
        ("negative-time", "G4", &["issued_at"], Some(Value::from(-1_i64)), "cbor.unexpected_type"),
    ];
    for (name, section, path, value, code) in cases {
        let base = if path.first() == Some(&"device_posture") && path.len() > 1 { with_posture } else { body };
        topic.reject("object.decode", name, section, decode(&edit(base, path, value)), code);
    }
    let float = fcp_core::cbor::Float::new(1.5).map(Value::Float);
    topic.reject(
        "object.decode",
        "time-as-a-float",
        "§3.5 rule 5",
        decode(&edit(body, &["issued_at"], float)),
        "cbor.float_not_allowed",
    );
    topic.reject("object.decode", "of-another-schema", "§3.5", decode(&flip(body, 0)), "object.schema_mismatch");
    topic.reject("object.decode", "shorter-than-a-schema-hash", "§3.5", decode(&body[..31]), "object.schema_mismatch");
    topic.reject("object.decode", "byte-behind-it", "D25", decode(&[body, &[0]].concat()), "cbor.trailing_bytes");
    topic.reject("object.decode", "cut-off", "D25", decode(&body[..body.len() - 1]), "cbor.unexpected_end");
}
