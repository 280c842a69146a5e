//! Sealed symbols (§4.1).

use serde_json::{Value, json};

use super::topic::{Topic, flip, hex, random, random_vec, unhex, with};

/// What a symbol is bound to, without its algorithm and bytes.
fn place() -> Value {
    json!({
        "zone": "z:work", "zone_key_id": hex(random::<8>("zone key id")), "object_id": hex(random::<32>("object")),
        "esi": 5, "k": 64, "epoch": 5_966_666,
    })
}

/// `symbol.aad`, `symbol.seal` and `symbol.open`.
pub(super) fn sealing() -> Topic {
    let mut topic = Topic::new("04-symbols", "sealing");
    let section = "§4.1, D57";
    let aad = |changes| with(&place(), changes);
    topic.accept("symbol.aad", "plain", section, place());
    topic.accept("symbol.aad", "other-zone", section, aad(json!({"zone": "z:private"})));
    topic.accept(
        "symbol.aad",
        "largest-numbers",
        section,
        aad(json!({"esi": u32::MAX, "k": u16::MAX, "epoch": u64::MAX.to_string()})),
    );
    topic.accept(
        "symbol.aad",
        "byte-order",
        section,
        aad(json!({"esi": 0x0102_0304, "k": 0x0506, "epoch": "72623859790382856"})),
    );
    topic.reject("symbol.aad", "bad-zone", "D21", aad(json!({"zone": "work"})), "id.zone_prefix");
    for algorithm in ["chacha20poly1305", "xchacha20poly1305"] {
        both_ways(&mut topic, algorithm);
    }
    topic
}

fn both_ways(topic: &mut Topic, algorithm: &str) {
    let name = |what: &str| format!("{}-{what}", if algorithm.starts_with('x') { "xchacha" } else { "chacha" });
    let section = "§4.1, D55";
    let context = with(
        &place(),
        json!({
            "zone_key": hex(random::<32>("zone key")), "algorithm": algorithm, "sender": "nLaptop",
            "instance": "16045690984503098046", "frame_seq": 42,
        }),
    );
    let seal = with(&context, json!({"plaintext": hex(random_vec("symbol", 256))}));
    let sealed = topic.accept("symbol.seal", &name("256-bytes"), section, seal.clone());
    topic.accept(
        "symbol.seal",
        &name("1024-bytes"),
        section,
        with(&seal, json!({"plaintext": hex(random_vec("symbol", 1024))})),
    );
    topic.accept("symbol.seal", &name("nothing"), section, with(&seal, json!({"plaintext": ""})));
    topic.accept("symbol.seal", &name("next-frame"), section, with(&seal, json!({"frame_seq": 43})));

    let (data, tag) = (unhex(&sealed["data"]), unhex(&sealed["tag"]));
    let open = with(&context, json!({"data": hex(&data), "tag": hex(&tag)}));
    topic.accept("symbol.open", &name("256-bytes"), section, open.clone());
    for (what, changes) in [
        ("changed-byte", json!({"data": hex(flip(&data, 100))})),
        ("changed-tag", json!({"tag": hex(flip(&tag, 15))})),
        ("cut-off", json!({"data": hex(&data[..255])})),
        ("of-another-object", json!({"object_id": hex([0; 32])})),
        ("of-another-esi", json!({"esi": 6})),
        ("of-another-k", json!({"k": 65})),
        ("of-another-zone", json!({"zone": "z:private"})),
        ("of-another-epoch", json!({"epoch": 5_966_667})),
        ("of-another-sender", json!({"sender": "nPhone"})),
        ("of-another-instance", json!({"instance": 1})),
        ("of-another-frame", json!({"frame_seq": 43})),
        ("under-another-zone-key", json!({"zone_key": hex([1; 32])})),
        ("under-another-key-id", json!({"zone_key_id": hex([1; 8])})),
    ] {
        topic.reject("symbol.open", &name(what), section, with(&open, changes), "symbol.aead_invalid");
    }
    let other = if algorithm.starts_with('x') { "chacha20poly1305" } else { "xchacha20poly1305" };
    let open = with(&open, json!({"algorithm": other}));
    topic.reject("symbol.open", &name("opened-with-the-other-algorithm"), section, open, "symbol.aead_invalid");
}
