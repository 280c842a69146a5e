//! Symbol frames and their datagrams (§4.2.2, §4.3, §4.4).

use serde_json::{Value, json};

use super::topic::{Topic, flip, hex, object, random, random_vec, unhex, with};

/// Flags of an ordinary frame: ENCRYPTED and RAPTORQ.
const FLAGS: u16 = 1 << 2 | 1 << 10;

/// A frame of one symbol of 256 bytes.
fn frame() -> Value {
    json!({
        "version": 1, "flags": FLAGS, "object_id": hex(random::<32>("object")), "symbol_size": 256,
        "zone_key_id": hex(random::<8>("zone key id")), "zone_id_hash": hex(random::<32>("zone hash")),
        "epoch": 5_966_666, "instance": "16045690984503098046", "frame_seq": 42, "symbols": [symbol(5, 64, 256)],
    })
}

fn symbol(esi: u32, k: u16, size: usize) -> Value {
    json!({"esi": esi, "k": k, "data": hex(random_vec("symbol", size)), "tag": hex(random::<16>("tag"))})
}

/// The bytes of a frame.
fn encoded(frame: &Value) -> Vec<u8> {
    let fields = super::topic::ask("fcps.encode", &object(frame.clone())).unwrap_or_default();
    fields.get("hex").map(unhex).unwrap_or_default()
}

/// The same bytes with others from `at` on.
fn patch(bytes: &[u8], at: usize, with: &[u8]) -> Vec<u8> {
    let mut patched = bytes.to_vec();
    patched[at..at + with.len()].copy_from_slice(with);
    patched
}

/// `fcps.encode` and `fcps.decode`.
pub(super) fn frames() -> Topic {
    let mut topic = Topic::new("04-symbols", "frames");
    let section = "§4.3";
    let changed = |changes| with(&frame(), changes);
    let three = json!([symbol(0, 64, 256), symbol(64, 64, 256), symbol((1 << 24) - 1, 64, 256)]);
    let good = [
        ("one-symbol", frame()),
        ("three-symbols-in-any-order", changed(json!({"symbols": three}))),
        ("symbols-of-1024-bytes", changed(json!({"symbol_size": 1024, "symbols": [symbol(0, 1, 1024)]}))),
        ("symbols-of-264-bytes", changed(json!({"symbol_size": 264, "symbols": [symbol(0, 1, 264)]}))),
        ("largest-k", changed(json!({"symbols": [symbol(0, 56_403, 256)]}))),
        ("raw-symbol", changed(json!({"flags": 1 << 2, "symbols": [symbol(63, 64, 256)]}))),
        ("all-flags-of-version-1", changed(json!({"flags": 0x0fff & !(1 << 1 | 1 << 7 | 1 << 8)}))),
        (
            "largest-numbers",
            changed(
                json!({"epoch": u64::MAX.to_string(), "instance": u64::MAX.to_string(), "frame_seq": u64::MAX.to_string()}),
            ),
        ),
    ];
    for (name, frame) in &good {
        topic.accept("fcps.encode", name, section, frame.clone());
        topic.accept("fcps.decode", name, section, json!({"hex": hex(encoded(frame))}));
    }
    let op = "fcps.encode";
    for (name, section, changes, code) in [
        ("version-2", "§4.3 rule 1", json!({"version": 2}), "frame.unsupported_version"),
        ("no-symbol", "§4.3 rule 3, D68", json!({"symbols": []}), "frame.symbol_count"),
        (
            "symbol-size-248",
            "§4.3 rule 3, D68",
            json!({"symbol_size": 248, "symbols": [symbol(0, 1, 248)]}),
            "frame.symbol_size",
        ),
        (
            "symbol-size-260",
            "D59, D68",
            json!({"symbol_size": 260, "symbols": [symbol(0, 1, 260)]}),
            "frame.symbol_size",
        ),
        ("short-symbol", "§4.1", json!({"symbols": [symbol(0, 1, 255)]}), "symbol.wrong_length"),
        ("k-zero", "D61", json!({"symbols": [symbol(0, 0, 256)]}), "frame.bad_k"),
        ("k-56404", "D61", json!({"symbols": [symbol(0, 56_404, 256)]}), "frame.bad_k"),
        ("esi-of-25-bits", "D61", json!({"symbols": [symbol(1 << 24, 64, 256)]}), "frame.bad_esi"),
        ("raw-symbol-beyond-k", "D63", json!({"flags": 1 << 2, "symbols": [symbol(64, 64, 256)]}), "frame.bad_esi"),
        ("esi-twice", "D51", json!({"symbols": [symbol(5, 64, 256), symbol(5, 64, 256)]}), "frame.duplicate_esi"),
    ] {
        topic.reject(op, name, section, changed(changes), code);
    }
    for (name, section, flags) in bad_flags() {
        topic.reject(op, &name, section, changed(json!({"flags": flags})), "frame.bad_flags");
    }
    refused(&mut topic);
    topic
}

/// Flags that version 1 does not have, each alone beside ENCRYPTED and RAPTORQ, and RAPTORQ alone.
fn bad_flags() -> Vec<(String, &'static str, u16)> {
    let mut flags = vec![
        ("flag-compressed".to_owned(), "D64", FLAGS | 1 << 1),
        ("flag-has-cap-token".to_owned(), "D67", FLAGS | 1 << 7),
        ("flag-zone-crossing".to_owned(), "D67", FLAGS | 1 << 8),
        ("not-encrypted".to_owned(), "D66", 1 << 10),
    ];
    flags.extend((12..16).map(|bit| (format!("flag-reserved-bit-{bit}"), "§4.3 rule 2, D65", FLAGS | 1 << bit)));
    flags
}

/// What a decoder must refuse, by patched bytes.
fn refused(topic: &mut Topic) {
    let op = "fcps.decode";
    let bytes = encoded(&frame());
    let two = encoded(&with(&frame(), json!({"symbols": [symbol(5, 64, 256), symbol(6, 64, 256)]})));
    let input = |bytes: &[u8]| json!({"hex": hex(bytes)});
    let limits = "§4.3 rule 3, D68";
    for (name, section, bytes, code) in [
        ("nothing", "§4.3", Vec::new(), "frame.too_short"),
        ("header-cut-off", "§4.3", bytes[..113].to_vec(), "frame.too_short"),
        ("bad-magic", "§4.3", patch(&bytes, 3, b"C"), "frame.bad_magic"),
        ("version-0", "§4.3 rule 1", patch(&bytes, 4, &[0, 0]), "frame.unsupported_version"),
        ("version-2", "§4.3 rule 1", patch(&bytes, 4, &[2, 0]), "frame.unsupported_version"),
        ("version-big-endian", "§4.3 rule 1", patch(&bytes, 4, &[0, 1]), "frame.unsupported_version"),
        ("no-symbol", limits, [&patch(&patch(&bytes, 8, &[0; 4]), 12, &[0; 4])[..114]].concat(), "frame.symbol_count"),
        ("symbol-count-too-small", limits, patch(&two, 8, &[1, 0, 0, 0]), "frame.length_mismatch"),
        ("symbol-count-too-large", limits, patch(&bytes, 8, &[2, 0, 0, 0]), "frame.length_mismatch"),
        ("payload-length-too-small", limits, patch(&bytes, 12, &[0x15, 1, 0, 0]), "frame.length_mismatch"),
        ("payload-length-too-large", limits, patch(&bytes, 12, &[0x17, 1, 0, 0]), "frame.length_mismatch"),
        ("byte-behind-the-frame", limits, [&bytes[..], &[0]].concat(), "frame.length_mismatch"),
        ("last-byte-missing", limits, bytes[..bytes.len() - 1].to_vec(), "frame.length_mismatch"),
        ("k-zero", "D61", patch(&bytes, 118, &[0, 0]), "frame.bad_k"),
        ("k-56404", "D61", patch(&bytes, 118, &56_404_u16.to_le_bytes()), "frame.bad_k"),
        ("esi-of-25-bits", "D61", patch(&bytes, 114, &(1_u32 << 24).to_le_bytes()), "frame.bad_esi"),
        ("esi-twice", "D51", patch(&two, 114 + 278, &5_u32.to_le_bytes()), "frame.duplicate_esi"),
        (
            "raw-symbol-beyond-k",
            "D63",
            patch(&patch(&bytes, 6, &4_u16.to_le_bytes()), 114, &64_u32.to_le_bytes()),
            "frame.bad_esi",
        ),
    ] {
        topic.reject(op, name, section, input(&bytes), code);
    }
    for (name, section, flags) in bad_flags() {
        topic.reject(op, &name, section, input(&patch(&bytes, 6, &flags.to_le_bytes())), "frame.bad_flags");
    }
    // Whole records of a size that is not allowed, so that no other rule is broken.
    for size in [248_u16, 260, 16_392] {
        let len = u32::from(size) + 22;
        let bytes = patch(&patch(&bytes[..114], 48, &size.to_le_bytes()), 12, &len.to_le_bytes());
        let record = [&5_u32.to_le_bytes()[..], &64_u16.to_le_bytes(), &vec![0; usize::from(size) + 16]].concat();
        topic.reject(op, &format!("symbol-size-{size}"), limits, input(&[bytes, record].concat()), "frame.symbol_size");
    }
    let records: Vec<u8> =
        (0..257_u32).flat_map(|esi| [&esi.to_le_bytes()[..], &[64, 0], &[0; 272]].concat()).collect();
    let many = patch(&patch(&bytes[..114], 8, &257_u32.to_le_bytes()), 12, &(257_u32 * 278).to_le_bytes());
    topic.reject(op, "257-symbols", limits, input(&[many, records].concat()), "frame.symbol_count");
    let limited = |bytes: &[u8], max: usize| json!({"hex": hex(bytes), "max_bytes": max});
    topic.accept(op, "as-long-as-the-limit", limits, limited(&bytes, bytes.len()));
    topic.reject(op, "longer-than-the-limit", limits, limited(&bytes, bytes.len() - 1), "frame.too_large");
}

/// `datagram.seal` and `datagram.open`.
pub(super) fn datagrams() -> Topic {
    let mut topic = Topic::new("04-symbols", "datagrams");
    let section = "§4.2.2, D48";
    let bytes = encoded(&frame());
    let context = json!({"suite": 1, "key": hex(random::<32>("mac key")), "direction": "i2r"});
    let seal = with(&context, json!({"session_id": hex(random::<16>("session")), "seq": 42, "frame": hex(&bytes)}));
    for (suite, suite_name) in [(1, "hmac"), (2, "blake3")] {
        for direction in ["i2r", "r2i"] {
            let name = format!("{suite_name}-{direction}");
            let sealed = topic.accept(
                "datagram.seal",
                &name,
                section,
                with(&seal, json!({"suite": suite, "direction": direction})),
            );
            let open = with(&context, json!({"suite": suite, "direction": direction, "datagram": sealed["datagram"]}));
            topic.accept("datagram.open", &name, section, open.clone());
            let datagram = unhex(&sealed["datagram"]);
            let reversed = if direction == "i2r" { "r2i" } else { "i2r" };
            for (what, changes) in [
                ("sent-back", json!({"direction": reversed})),
                ("under-another-key", json!({"key": hex([0; 32])})),
                ("in-the-other-suite", json!({"suite": 3 - suite})),
                ("changed-session", json!({"datagram": hex(flip(&datagram, 0))})),
                ("changed-sequence", json!({"datagram": hex(flip(&datagram, 16))})),
                ("changed-mac", json!({"datagram": hex(flip(&datagram, 39))})),
                ("changed-frame", json!({"datagram": hex(flip(&datagram, 200))})),
            ] {
                topic.reject(
                    "datagram.open",
                    &format!("{name}-{what}"),
                    section,
                    with(&open, changes),
                    "frame.mac_invalid",
                );
            }
        }
    }
    datagram_limits(&mut topic, &context, &seal, &bytes);
    topic
}

fn datagram_limits(topic: &mut Topic, context: &Value, seal: &Value, frame_bytes: &[u8]) {
    let section = "§4.2.2, D52";
    let sealed = |changes: Value| -> Vec<u8> {
        let fields = super::topic::ask("datagram.seal", &object(with(seal, changes))).unwrap_or_default();
        fields.get("datagram").map(unhex).unwrap_or_default()
    };
    let open = |datagram: &[u8]| with(context, json!({"datagram": hex(datagram)}));
    let large = encoded(&with(&frame(), json!({"symbol_size": 1024, "symbols": [symbol(0, 1, 1024)]})));
    let exact = sealed(json!({"frame": hex(&large)}));
    topic.accept("datagram.open", "1200-bytes", "§4.3.1, D69", open(&exact));
    topic.note("40 + 114 + 22 + 1024 = 1200: there is no checksum.");
    let larger = encoded(&with(&frame(), json!({"symbol_size": 1032, "symbols": [symbol(0, 1, 1032)]})));
    topic.reject("datagram.seal", "1208-bytes", section, with(seal, json!({"frame": hex(&larger)})), "frame.too_large");
    let limit = json!({"max_datagram_bytes": 1208});
    let whole = sealed(with(&json!({"frame": hex(&larger)}), limit.clone()));
    topic.accept(
        "datagram.seal",
        "1208-bytes-within-the-limit",
        section,
        with(seal, with(&json!({"frame": hex(&larger)}), limit.clone())),
    );
    topic.accept("datagram.open", "1208-bytes-within-the-limit", section, with(&open(&whole), limit));
    topic.reject("datagram.open", "1208-bytes", section, open(&whole), "frame.too_large");
    topic.reject("datagram.open", "nothing", section, open(&[]), "frame.too_short");
    topic.reject("datagram.open", "header-cut-off", section, open(&exact[..153]), "frame.too_short");
    topic.reject(
        "datagram.seal",
        "frame-shorter-than-its-header",
        section,
        with(seal, json!({"frame": hex(&frame_bytes[..113])})),
        "frame.too_short",
    );

    let section = "§4.3 rule 4, D50";
    topic.reject(
        "datagram.seal",
        "another-number-than-the-frame-s",
        section,
        with(seal, json!({"seq": 43})),
        "frame.seq_mismatch",
    );
    let zero = encoded(&with(&frame(), json!({"frame_seq": 0})));
    topic.reject(
        "datagram.seal",
        "sequence-zero",
        "D49",
        with(seal, json!({"seq": 0, "frame": hex(&zero)})),
        "frame.seq_zero",
    );
    for id in ["00000000000000000000000000000000", "46435053000102030405060708090a0b"] {
        let name = format!("session-id-{}", &id[..8]);
        topic.reject(
            "datagram.seal",
            &name,
            "D46, D47",
            with(seal, json!({"session_id": id})),
            "session.bad_session_id",
        );
    }
    // An honest MAC over numbers that an honest sender does not write: known answers of HMAC-SHA256, made here.
    for (name, seq, frame, code) in [
        ("another-number-than-the-frame-s", 43_u64, frame_bytes.to_vec(), "frame.seq_mismatch"),
        ("sequence-zero", 0, zero, "frame.seq_zero"),
    ] {
        let datagram = honest(seq, &frame);
        topic.reject("datagram.open", name, section, open(&datagram), code);
    }
}

/// A datagram of suite 1 with any number.
fn honest(seq: u64, frame: &[u8]) -> Vec<u8> {
    use fcp_symbols::datagram::MacKey;
    use fcp_symbols::session::{Direction, SessionCryptoSuite};
    let session: [u8; 16] = random("session");
    let key = MacKey::new(SessionCryptoSuite::Suite1, &random("mac key"));
    let mac = key.tag(&session, Direction::InitiatorToResponder, seq, frame);
    [&session[..], &seq.to_le_bytes(), &mac, frame].concat()
}
