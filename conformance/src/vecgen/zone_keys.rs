//! What is derived from a zone's key (§4.1, §4.3.1).

use serde_json::json;

use crate::fields::uint;

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
    for (algorithm, short) in [("chacha20poly1305", "12"), ("xchacha20poly1305", "24")] {
        for (name, instance, seq, esi) in [
            ("bytes", 0x0102_0304_0506_0708, 0x0807_0605_0403_0201, 0x0102_0304),
            ("bytes-of-first-frame", 0, 1, 0),
            ("bytes-of-largest", u64::MAX, u64::MAX, u32::MAX),
        ] {
            let input = json!({"algorithm": algorithm, "instance": uint(instance), "frame_seq": uint(seq), "esi": esi});
            topic.accept(op, &format!("{short}-{name}"), section, input);
        }
    }
    topic
}
