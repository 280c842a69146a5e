//! What is derived from a zone's key (§4.1, §4.3.1).

use serde_json::json;

use super::topic::{Topic, hex, random, with};

/// `zonekey.subkey`.
pub(super) fn derivation() -> Topic {
    let mut topic = Topic::new("04-symbols", "zone-keys");
    let (op, section) = ("zonekey.subkey", "§4.3.1, D55");
    let base = json!({
        "zone_key": hex(random::<32>("zone key")), "zone_key_id": hex(random::<8>("zone key id")),
        "sender": "nLaptop", "instance": 7,
    });
    topic.accept(op, "plain", section, base.clone());
    topic.accept(op, "other-sender", section, with(&base, json!({"sender": "nPhone"})));
    topic.accept(op, "other-instance", section, with(&base, json!({"instance": 8})));
    topic.accept(op, "instance-above-2-53", section, with(&base, json!({"instance": "18446744073709551615"})));
    topic.accept(op, "other-key-id", section, with(&base, json!({"zone_key_id": "0000000000000000"})));
    topic.accept(op, "sender-ends-like-an-instance", section, with(&base, json!({"sender": "nLaptop7"})));
    topic.reject(op, "sender-with-a-space", "G1", with(&base, json!({"sender": "n 1"})), "id.bad_char");
    topic
}

/// `symbol.nonce`.
pub(super) fn nonces() -> Topic {
    let mut topic = Topic::new("04-symbols", "nonces");
    let (op, section) = ("symbol.nonce", "§4.1");
    let nonce = |algorithm: &str, instance: &str, seq: &str, esi: u32| json!({"algorithm": algorithm, "instance": instance, "frame_seq": seq, "esi": esi});
    for (algorithm, short) in [("chacha20poly1305", "12"), ("xchacha20poly1305", "24")] {
        let input = |instance: &str, seq: &str, esi| nonce(algorithm, instance, seq, esi);
        topic.accept(
            op,
            &format!("{short}-bytes"),
            section,
            input("72623859790382856", "578437695752307201", 0x0102_0304),
        );
        topic.accept(op, &format!("{short}-bytes-of-first-frame"), section, input("0", "1", 0));
        let largest = u64::MAX.to_string();
        topic.accept(op, &format!("{short}-bytes-of-largest"), section, input(&largest, &largest, u32::MAX));
    }
    topic
}
