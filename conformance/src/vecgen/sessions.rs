//! Sessions and replay (§4.2), and the control plane's framing (§9.4).

use fcp_core::aead::ChaChaKey;
use serde_json::{Value, json};

use super::topic::{Topic, flip, hex, random, random_vec, unhex, with};

/// `session.hello_transcript` and `session.ack_transcript`.
pub(super) fn transcripts() -> Topic {
    let mut topic = Topic::new("04-symbols", "transcripts");
    let (op, section) = ("session.hello_transcript", "§4.2, D42");
    let hello = json!({
        "from": "nLaptop", "to": "nServer01", "eph_pubkey": hex(random::<32>("initiator key")),
        "nonce": hex(random::<16>("hello nonce")), "timestamp": 1_790_000_000, "suites": [2, 1],
    });
    let cookie = json!({"cookie": hex(random::<32>("cookie"))});
    let limits = |bytes: u32| json!({"transport_limits": {"max_datagram_bytes": bytes}});
    topic.accept(op, "no-cookie", section, hello.clone());
    topic.note("An absent optional is one zero byte.");
    topic.accept(op, "cookie", section, with(&hello, cookie.clone()));
    topic.accept(op, "limits", section, with(&hello, limits(1400)));
    topic.accept(op, "cookie-and-limits", section, with(&with(&hello, cookie), limits(65_507)));
    topic.accept(op, "smallest-limit", "D73", with(&hello, limits(432)));
    topic.accept(op, "unknown-suites-stay", "D44", with(&hello, json!({"suites": [200, 1, 255]})));
    topic.accept(op, "eight-suites", "D44", with(&hello, json!({"suites": [1, 2, 3, 4, 5, 6, 7, 8]})));
    topic.accept(op, "time-above-2-53", section, with(&hello, json!({"timestamp": "18446744073709551615"})));
    topic.accept(
        op,
        "ids-that-would-run-together",
        "D41, D42",
        with(&hello, json!({"from": "nLaptopn", "to": "Server01"})),
    );
    for (name, section, changes, code) in [
        ("no-suite", "D44", json!({"suites": []}), "session.bad_offer"),
        ("nine-suites", "D44", json!({"suites": [1, 2, 3, 4, 5, 6, 7, 8, 9]}), "session.bad_offer"),
        ("suite-twice", "D44", json!({"suites": [1, 2, 1]}), "session.bad_offer"),
        ("unknown-suite-twice", "D44", json!({"suites": [1, 99, 99]}), "session.bad_offer"),
        ("limit-431", "D73", limits(431), "session.bad_limits"),
        ("limit-0", "D73", limits(0), "session.bad_limits"),
        ("limit-65508", "D73", limits(65_508), "session.bad_limits"),
        ("sender-with-a-space", "G1", json!({"from": "n 1"}), "id.bad_char"),
        ("no-recipient", "G1", json!({"to": ""}), "id.empty"),
    ] {
        topic.reject(op, name, section, with(&hello, changes), code);
    }

    let (op, section) = ("session.ack_transcript", "§4.2, D42, D43");
    let ack = json!({
        "from": "nServer01", "to": "nLaptop", "eph_pubkey": hex(random::<32>("responder key")),
        "nonce": hex(random::<16>("ack nonce")), "session_id": hex(random::<16>("session")), "suite": 2,
        "timestamp": 1_790_000_001, "hello_eph_pubkey": hex(random::<32>("initiator key")),
        "hello_nonce": hex(random::<16>("hello nonce")),
    });
    topic.accept(op, "plain", section, ack.clone());
    topic.accept(op, "suite-1", section, with(&ack, json!({"suite": 1})));
    topic.accept(op, "other-hello", section, with(&ack, json!({"hello_nonce": hex([0; 16])})));
    for id in BAD_SESSION_IDS {
        let name = format!("session-id-{}", &id[..8]);
        topic.reject(op, &name, "D46, D47", with(&ack, json!({"session_id": id})), "session.bad_session_id");
    }
    topic
}

/// All zero, and those that begin like messages, frames and streams.
const BAD_SESSION_IDS: [&str; 4] = [
    "00000000000000000000000000000000",
    "46435048000102030405060708090a0b",
    "46435053000102030405060708090a0b",
    "46435043000102030405060708090a0b",
];

/// `session.keys` and `session.select_suite`.
pub(super) fn agreement() -> Topic {
    let mut topic = Topic::new("04-symbols", "agreement");
    let (op, section) = ("session.keys", "§4.2, D40, D41");
    let base = json!({
        "shared_secret": hex(random::<32>("shared secret")), "session_id": hex(random::<16>("session")),
        "initiator": "nLaptop", "responder": "nServer01", "hello_nonce": hex(random::<16>("hello nonce")),
        "ack_nonce": hex(random::<16>("ack nonce")),
    });
    topic.accept(op, "plain", section, base.clone());
    for (name, changes) in [
        ("other-session", json!({"session_id": hex(random::<16>("session 2"))})),
        ("other-secret", json!({"shared_secret": hex([1; 32])})),
        ("roles-exchanged", json!({"initiator": "nServer01", "responder": "nLaptop"})),
        ("ids-that-would-run-together", json!({"initiator": "nLaptopn", "responder": "Server01"})),
        ("other-hello-nonce", json!({"hello_nonce": hex([1; 16])})),
        ("other-ack-nonce", json!({"ack_nonce": hex([1; 16])})),
    ] {
        topic.accept(op, name, section, with(&base, changes));
    }
    topic.reject(
        op,
        "secret-of-zeros",
        "D47",
        with(&base, json!({"shared_secret": hex([0; 32])})),
        "session.zero_shared_secret",
    );
    topic.reject(op, "bad-initiator", "G1", with(&base, json!({"initiator": "n 1"})), "id.bad_char");
    for id in BAD_SESSION_IDS {
        let name = format!("session-id-{}", &id[..8]);
        topic.reject(op, &name, "D46, D47", with(&base, json!({"session_id": id})), "session.bad_session_id");
    }

    let (op, section) = ("session.select_suite", "§4.2, D44");
    for (name, offered, supported, suite) in [
        ("only-one", json!([1]), json!([1]), 1),
        ("initiator-s-order", json!([2, 1]), json!([1, 2]), 2),
        ("first-common", json!([2, 1]), json!([1]), 1),
        ("unknown-is-skipped", json!([200, 2]), json!([200, 2]), 2),
    ] {
        topic.gives(op, name, section, json!({"offered": offered, "supported": supported}), json!({"suite": suite}));
    }
    for (name, offered, supported, code) in [
        ("none-in-common", json!([1]), json!([2]), "session.no_common_suite"),
        ("only-unknown-in-common", json!([3]), json!([3]), "session.no_common_suite"),
        ("nothing-supported", json!([1, 2]), json!([]), "session.no_common_suite"),
        ("nothing-offered", json!([]), json!([1]), "session.bad_offer"),
        ("offered-twice", json!([1, 1]), json!([1]), "session.bad_offer"),
        ("nine-offered", json!([1, 2, 3, 4, 5, 6, 7, 8, 9]), json!([1]), "session.bad_offer"),
    ] {
        topic.reject(op, name, section, json!({"offered": offered, "supported": supported}), code);
    }
    topic
}

/// `replay.run`.
pub(super) fn replay() -> Topic {
    let mut topic = Topic::new("04-symbols", "replay");
    let (op, section) = ("replay.run", "§4.3 rule 5, D53");
    let last = u64::MAX.to_string();
    let cases: [(&str, u16, Value, Value); 9] = [
        ("in-order", 128, json!([1, 2, 3]), json!([true, true, true])),
        ("first-may-be-any", 128, json!([1_000_000, 1_000_001]), json!([true, true])),
        ("zero-never", 128, json!([0, 1, 0]), json!([false, true, false])),
        ("twice", 128, json!([5, 5, 6, 5, 6]), json!([true, false, true, false, false])),
        ("late-but-inside", 4, json!([10, 7, 8, 9, 7]), json!([true, true, true, true, false])),
        ("edge-of-the-window", 4, json!([10, 7, 6]), json!([true, true, false])),
        ("window-of-one", 1, json!([1, 2, 1, 2, 3]), json!([true, true, false, false, true])),
        (
            "jump-forgets-what-was-seen",
            4,
            json!([1, 2, 100, 2, 97, 96, 97]),
            json!([true, true, true, false, true, false, false]),
        ),
        (
            "end-of-the-counter",
            128,
            json!([last, last, "18446744073709551488", "18446744073709551487"]),
            json!([true, false, true, false]),
        ),
    ];
    for (name, window, seqs, accepted) in cases {
        topic.gives(op, name, section, json!({"window": window, "seqs": seqs}), json!({"accepted": accepted}));
    }
    // Every number of a window, each once and then again, across word boundaries of any implementation.
    for window in [64_u16, 128, 4096] {
        let top = 10_000_u64;
        let low = top - u64::from(window) + 1;
        let probes = [top, low, low - 1, top - 1, top - 63, top - 64.min(u64::from(window) - 1), low, top];
        let mut seen = std::collections::BTreeSet::new();
        let accepted: Vec<bool> = probes.iter().map(|seq| *seq >= low && seen.insert(*seq)).collect();
        topic.gives(
            op,
            &format!("window-of-{window}"),
            section,
            json!({"window": window, "seqs": probes}),
            json!({"accepted": accepted}),
        );
    }
    topic
}

/// `fcpc.seal` and `fcpc.open`.
pub(super) fn control_frames() -> Topic {
    let mut topic = Topic::new("09-wire", "control-frames");
    let section = "§9.4, D138";
    let context = json!({
        "k_ctx": hex(random::<32>("context key")), "session_id": hex(random::<16>("session")), "direction": "i2r",
    });
    let seal = with(&context, json!({"seq": 1, "flags": 1, "plaintext": hex(random_vec("control object", 100))}));
    let mut open = Value::Null;
    for (name, changes) in [
        ("first-frame", json!({})),
        ("from-the-responder", json!({"direction": "r2i"})),
        ("later-frame", json!({"seq": 1_000})),
        ("largest-sequence", json!({"seq": u64::MAX.to_string()})),
        ("nothing", json!({"plaintext": ""})),
        ("4096-bytes", json!({"plaintext": hex(vec![0x5a; 4_096])})),
    ] {
        let sealing = with(&seal, changes);
        let sealed = topic.accept("fcpc.seal", name, section, sealing.clone());
        let opening = with(&context, json!({"direction": sealing["direction"], "frame": sealed["frame"]}));
        topic.accept("fcpc.open", name, section, opening.clone());
        if open.is_null() {
            open = opening;
        }
    }
    for (name, section, changes, code) in [
        ("no-flags", "D139", json!({"flags": 0}), "fcpc.bad_flags"),
        ("two-flags", "D139", json!({"flags": 3}), "fcpc.bad_flags"),
        ("sequence-zero", "D140", json!({"seq": 0}), "fcpc.bad_sequence"),
        ("session-id-zero", "D47", json!({"session_id": hex([0; 16])}), "session.bad_session_id"),
    ] {
        topic.reject("fcpc.seal", name, section, with(&seal, changes), code);
    }
    refused(&mut topic, &context, &open);
    topic
}

fn refused(topic: &mut Topic, context: &Value, open: &Value) {
    let op = "fcpc.open";
    let bytes = unhex(&open["frame"]);
    let section = "§9.4, D138";
    for (name, changes) in [
        ("sent-back", json!({"direction": "r2i"})),
        ("under-another-key", json!({"k_ctx": hex([0; 32])})),
        ("changed-ciphertext", json!({"frame": hex(flip(&bytes, 36))})),
        ("changed-tag", json!({"frame": hex(flip(&bytes, bytes.len() - 1))})),
        ("changed-sequence", json!({"frame": hex(flip(&bytes, 23))})),
    ] {
        topic.reject(op, name, section, with(open, changes), "fcpc.aead_invalid");
    }
    topic.reject(
        op,
        "of-another-session",
        section,
        with(open, json!({"session_id": hex(random::<16>("session 2"))})),
        "fcpc.wrong_session",
    );
    let patch = |at: usize, with: &[u8]| {
        let mut patched = bytes.clone();
        patched[at..at + with.len()].copy_from_slice(with);
        patched
    };
    for (name, section, frame, code) in [
        ("no-bytes", section, Vec::new(), "fcpc.too_short"),
        ("shorter-than-header-and-tag", section, bytes[..51].to_vec(), "fcpc.too_short"),
        ("bad-magic", section, patch(0, b"FCPS"), "fcpc.bad_magic"),
        ("version-2", section, patch(4, &[2, 0]), "fcpc.unsupported_version"),
        ("no-flags", "D139", patch(30, &[0, 0]), "fcpc.bad_flags"),
        ("compressed", "D64, D139", patch(30, &[3, 0]), "fcpc.bad_flags"),
        ("length-too-small", section, patch(32, &99_u32.to_le_bytes()), "fcpc.length_mismatch"),
        ("length-too-large", section, patch(32, &101_u32.to_le_bytes()), "fcpc.length_mismatch"),
        ("length-with-the-tag", section, patch(32, &116_u32.to_le_bytes()), "fcpc.length_mismatch"),
        ("more-than-4-mib-claimed", section, patch(32, &(4_194_305_u32).to_le_bytes()), "fcpc.too_large"),
        ("last-byte-missing", section, bytes[..bytes.len() - 1].to_vec(), "fcpc.length_mismatch"),
        ("byte-behind-the-frame", section, [&bytes[..], &[0]].concat(), "fcpc.length_mismatch"),
    ] {
        topic.reject(op, name, section, with(open, json!({"frame": hex(frame)})), code);
    }
    // Sealed as an honest sender would, but for the number.
    let (key, session): ([u8; 32], [u8; 16]) = (random("context key"), random("session"));
    let aad = [&session[..], &[0; 8], &[1, 0]].concat();
    let mut data = b"zero".to_vec();
    let tag = ChaChaKey::new(&key).seal(&[0; 12], &aad, &mut data);
    let header = [b"FCPC", &[1, 0][..], &session, &[0; 8], &[1, 0], &4_u32.to_le_bytes()].concat();
    let zero = [&header[..], &data, &tag].concat();
    topic.reject(op, "sequence-zero", "D140", with(context, json!({"frame": hex(zero)})), "fcpc.bad_sequence");
}
