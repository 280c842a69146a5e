//! Sealed boxes (§3.6.1).

use fcp_core::cbor::{self, Value};
use fcp_core::hpke::{self, Purpose, SealContext};
use fcp_core::id::ZoneId;
use fcp_core::sign::NodeEncryptionKey;
use fcp_core::time::Timestamp;
use serde_json::json;

use super::edit::{bytes, edit_cbor, uint};
use super::identity::{NOW, known, node};
use super::topic::{Topic, flip, hex, object, random, rng, with};
use crate::vectors::Opening;

/// `hpke.aad`, `hpke.open` and `hpke.seal`.
pub(super) fn boxes() -> Topic {
    let mut topic = Topic::new("03-primitives", "sealed-boxes");
    let section = "§3.6.1, D36";
    let context = json!({"zone": "z:work", "recipient": "nLaptop", "purpose": "FCP2-ZONE-KEY", "issued_at": NOW});
    topic.accept("hpke.aad", "plain", section, context.clone());
    for purpose in ["FCP2-OBJECTID-KEY", "FCP2-OWNER-SHARE", "FCP2-SECRET-SHARE", "FCP2-DKG"] {
        topic.accept("hpke.aad", &purpose.to_lowercase(), section, with(&context, json!({"purpose": purpose})));
    }
    topic.accept("hpke.aad", "other-zone", section, with(&context, json!({"zone": "z:owner"})));
    topic.accept("hpke.aad", "time-above-2-53", section, with(&context, json!({"issued_at": "18446744073709551615"})));
    topic.reject("hpke.aad", "bad-zone", "D21", with(&context, json!({"zone": "work"})), "id.zone_prefix");
    topic.reject("hpke.aad", "bad-recipient", "G1", with(&context, json!({"recipient": ""})), "id.empty");

    let secret: [u8; 32] = random("nLaptop encryption");
    let key = NodeEncryptionKey::from_bytes(secret);
    let sealing = SealContext {
        purpose: Purpose::ZoneKey,
        zone: ZoneId::work().hash(),
        recipient: node("nLaptop"),
        issued_at: Timestamp::from_secs(NOW),
    };
    let zone_key: [u8; 32] = random("zone key");
    let sealed = cbor::encode(&known(hpke::seal(&key.public(), &sealing, &zone_key, &mut rng("sealed box"))));
    let empty = cbor::encode(&known(hpke::seal(&key.public(), &sealing, &[], &mut rng("empty sealed box"))));
    let open = with(&context, json!({"recipient_secret": hex(secret), "box": hex(&sealed)}));
    topic.gives("hpke.open", "zone-key", section, open.clone(), json!({"plaintext": hex(zone_key)}));
    topic.gives("hpke.open", "nothing", section, with(&open, json!({"box": hex(&empty)})), json!({"plaintext": ""}));
    for (name, changes) in [
        ("for-another-purpose", json!({"purpose": "FCP2-OBJECTID-KEY"})),
        ("of-another-zone", json!({"zone": "z:owner"})),
        ("for-another-recipient", json!({"recipient": "nPhone"})),
        ("of-another-time", json!({"issued_at": NOW + 1})),
        ("under-another-key", json!({"recipient_secret": hex(random::<32>("nPhone encryption"))})),
    ] {
        topic.reject("hpke.open", name, section, with(&open, changes), "hpke.open_failed");
    }
    let changed =
        |path: &str, value: Option<Value>| with(&open, json!({"box": hex(edit_cbor(&sealed, &[path], value))}));
    let Ok(Value::Map(fields)) = cbor::decode::<Value>(&sealed) else { return topic };
    let field = |name: &str| match fields.get(name) {
        Some(Value::Bytes(bytes)) => bytes.clone(),
        _ => Vec::new(),
    };
    let (enc, ct) = (field("enc"), field("ct"));
    topic.reject("hpke.open", "changed-ciphertext", section, changed("ct", bytes(&flip(&ct, 0))), "hpke.open_failed");
    topic.reject(
        "hpke.open",
        "changed-tag",
        section,
        changed("ct", bytes(&flip(&ct, ct.len() - 1))),
        "hpke.open_failed",
    );
    topic.reject("hpke.open", "shorter-than-a-tag", section, changed("ct", bytes(&ct[..15])), "hpke.open_failed");
    topic.reject("hpke.open", "changed-key", section, changed("enc", bytes(&flip(&enc, 1))), "hpke.open_failed");
    let section = "§3.6.1, D38";
    topic.reject("hpke.open", "other-kem", section, changed("kem_id", uint(0x10)), "hpke.unsupported_suite");
    topic.reject("hpke.open", "other-kdf", section, changed("kdf_id", uint(2)), "hpke.unsupported_suite");
    topic.reject("hpke.open", "other-aead", section, changed("aead_id", uint(1)), "hpke.unsupported_suite");
    let low_order = |name: &str, first: u8, fill: u8, last: u8| {
        let mut point = [fill; 32];
        point[0] = first;
        point[31] = last;
        (format!("key-{name}"), point)
    };
    for (name, point) in [
        low_order("zero", 0, 0, 0),
        low_order("one", 1, 0, 0),
        low_order("minus-one", 0xec, 0xff, 0x7f),
        low_order("the-prime", 0xed, 0xff, 0x7f),
        low_order("the-prime-plus-one", 0xee, 0xff, 0x7f),
        low_order("zero-with-the-high-bit", 0, 0, 0x80),
    ] {
        topic.reject("hpke.open", &name, section, changed("enc", bytes(&point)), "hpke.low_order");
    }
    topic.reject("hpke.open", "key-of-31-bytes", section, changed("enc", bytes(&enc[..31])), "cbor.out_of_range");
    topic.reject("hpke.open", "without-suite", "G4", changed("kem_id", None), "cbor.missing_key");
    topic.reject("hpke.open", "unknown-field", "D25", changed("info", bytes(b"FCP2-HPKE")), "cbor.unknown_key");
    topic.reject("hpke.open", "wide-algorithm-id", "§3.6.1", changed("kem_id", uint(1 << 16)), "cbor.out_of_range");

    let seal = with(&context, json!({"recipient_public": hex(key.public().as_bytes()), "plaintext": hex(zone_key)}));
    let opening = |plaintext: &[u8]| Opening {
        op: "hpke.open".to_owned(),
        input: object(with(&context, json!({"recipient_secret": hex(secret)}))),
        take: vec!["box".to_owned()],
        out: object(json!({"plaintext": hex(plaintext)})),
    };
    topic.opens("hpke.seal", "zone-key", section, seal.clone(), opening(&zone_key));
    topic.opens("hpke.seal", "nothing", section, with(&seal, json!({"plaintext": ""})), opening(&[]));
    let large = [0xa5; 4_096];
    topic.opens("hpke.seal", "4096-bytes", section, with(&seal, json!({"plaintext": hex(large)})), opening(&large));
    topic.reject(
        "hpke.seal",
        "to-a-key-of-small-order",
        section,
        with(&seal, json!({"recipient_public": hex([0; 32])})),
        "hpke.low_order",
    );
    topic
}
