//! Capability tokens (§7.5).

use fcp_core::cbor::{self, Encoder};
use fcp_core::sign::{NodeIssuanceKey, Preimage, SigningKey as _};
use serde_json::{Value, json};

use super::identity::NOW;
use super::topic::{Topic, ask, flip, hex, object, random, unhex, with};

fn issuer() -> NodeIssuanceKey {
    NodeIssuanceKey::from_seed(random("nDesk issuance"))
}

fn claims() -> Value {
    json!({
        "iss": "z:work", "sub": "user:anna", "aud": "example.files", "exp": NOW + 300, "iat": NOW,
        "cti": hex(random::<16>("jti")), "iss_node": "nDesk", "grant_object_ids": [hex(random::<32>("grant"))],
        "caps": [{"capability": "files.read"}], "chk_id": hex(random::<32>("checkpoint 42")), "chk_seq": 42,
    })
}

/// Every claim there is.
fn full_claims() -> Value {
    with(
        &claims(),
        json!({
            "grant_object_ids": [hex([2; 32]), hex([1; 32])],
            "caps": [{"capability": "files.write", "operation": "files.append"}, {"capability": "files.read"}],
            "attenuation": {
                "resource_allow": ["https://a.example/files/"], "resource_deny": [], "max_calls": 3,
                "max_bytes": "18446744073709551615", "credential_allow": [],
            },
            "holder_node": "nLaptop", "aud_binary": hex(random::<32>("binary")), "instance": "instance-1",
            "chk_seq": "9007199254740993",
        }),
    )
}

fn mint(claims: Value) -> Value {
    let (seed, kid) = (random::<32>("nDesk issuance"), issuer().public().kid());
    json!({"claims": claims, "kid": hex(kid.as_bytes()), "secret": hex(seed)})
}

/// The bytes of a token.
fn minted(claims: Value) -> Vec<u8> {
    ask("token.mint", &object(mint(claims))).unwrap_or_default().get("cwt").map(unhex).unwrap_or_default()
}

/// `token.mint`, `token.decode` and `pop.transcript`.
pub(super) fn tokens() -> Topic {
    let mut topic = Topic::new("07-capabilities", "tokens");
    let section = "§7.5.1, D107–D109";
    let public = with(&claims(), json!({"iss": "z:public", "chk_id": null, "chk_seq": null}));
    for (name, claims) in [("small", claims()), ("full", full_claims()), ("public-without-checkpoint", public)] {
        let out = topic.accept("token.mint", name, section, mint(claims));
        topic.accept("token.decode", name, section, json!({"cwt": out["cwt"]}));
    }
    refused_claims(&mut topic);
    refused_bytes(&mut topic);
    refused_payloads(&mut topic);
    let pop = json!({
        "jti": hex(random::<16>("jti")), "request_object_id": hex(random::<32>("request")), "nonce": hex(random::<16>("nonce")),
    });
    topic.accept("pop.transcript", "plain", "§7.5 rule 4, D114", pop.clone());
    topic.accept("pop.transcript", "other-nonce", "§7.5 rule 4, D114", with(&pop, json!({"nonce": hex([0; 16])})));
    topic
}

fn refused_claims(topic: &mut Topic) {
    let op = "token.mint";
    for (name, section, changes, code) in [
        ("no-capability", "D108", json!({"caps": []}), "token.bad_claim"),
        ("capability-with-a-star", "D23", json!({"caps": [{"capability": "files.*"}]}), "token.bad_claim"),
        ("zone-without-prefix", "D107", json!({"iss": "work"}), "token.bad_claim"),
        ("subject-with-at-sign", "D107", json!({"sub": "anna@home"}), "token.bad_claim"),
        ("issuer-with-a-space", "D107", json!({"iss_node": "n 1"}), "token.bad_claim"),
        ("not-before", "D113", json!({"nbf": NOW}), "token.unknown_claim"),
        ("without-subject", "§7.5.1", json!({"sub": null}), "token.missing_claim"),
        ("without-grants", "§7.5.1", json!({"grant_object_ids": null}), "token.missing_claim"),
        ("checkpoint-without-sequence", "D111", json!({"chk_seq": null}), "token.missing_claim"),
        ("sequence-without-checkpoint", "D111", json!({"chk_id": null}), "token.missing_claim"),
        ("no-checkpoint", "D111", json!({"chk_id": null, "chk_seq": null}), "token.checkpoint_missing"),
        ("expires-when-issued", "D112", json!({"exp": NOW}), "token.bad_lifetime"),
        ("lives-more-than-a-day", "D112", json!({"exp": NOW + 86_401}), "token.bad_lifetime"),
    ] {
        topic.reject(op, name, section, mint(with(&claims(), changes)), code);
    }
    let day = with(&claims(), json!({"exp": NOW + 86_400}));
    topic.accept(op, "lives-a-day", "D112", mint(day));
}

/// The COSE structure: exactly one form.
fn refused_bytes(topic: &mut Topic) {
    let (op, section) = ("token.decode", "§7.5.1, D109");
    let good = minted(claims());
    let payload = payload_of(&good);
    let protected = good[2..15].to_vec();
    let signature = good[good.len() - 64..].to_vec();
    let input = |bytes: &[u8]| json!({"cwt": hex(bytes)});
    let parts = |protected: &[u8], unprotected: &[u8], payload: &[u8], signature: &[u8]| {
        let mut out = Vec::new();
        let mut encoder = Encoder::new(&mut out);
        encoder.array(4);
        encoder.bytes(protected);
        encoder.encoded_item(unprotected);
        encoder.bytes(payload);
        encoder.bytes(signature);
        out
    };
    topic.accept(op, "put-together-again", section, input(&parts(&protected, &[0xa0], &payload, &signature)));
    for (name, bytes) in [
        ("tagged", [&[0xd2][..], &good].concat()),
        ("byte-behind-it", [&good[..], &[0]].concat()),
        ("last-byte-missing", good[..good.len() - 1].to_vec()),
        ("three-parts", [&[0x83][..], &good[1..good.len() - 66]].concat()),
        ("unprotected-key-id", parts(&protected, &[0xa1, 0x04, 0x41, 0x00], &payload, &signature)),
        ("unprotected-as-bytes", parts(&protected, &[0x40], &payload, &signature)),
        (
            "another-algorithm",
            parts(&[&[0xa2, 0x01, 0x26, 0x04, 0x48][..], &protected[5..]].concat(), &[0xa0], &payload, &signature),
        ),
        ("algorithm-alone", parts(&[0xa1, 0x01, 0x27], &[0xa0], &payload, &signature)),
        (
            "key-id-of-7-bytes",
            parts(&[&[0xa2, 0x01, 0x27, 0x04, 0x47][..], &protected[5..12]].concat(), &[0xa0], &payload, &signature),
        ),
        (
            "header-in-two-bytes-too-many",
            parts(&[&[0xb8, 0x02][..], &protected[1..]].concat(), &[0xa0], &payload, &signature),
        ),
        ("no-protected-header", parts(&[], &[0xa0], &payload, &signature)),
        ("payload-in-a-wide-head", [&good[..16], &[0x5a, 0, 0], &good[17..]].concat()),
        ("signature-of-63-bytes", parts(&protected, &[0xa0], &payload, &signature[1..])),
        ("payload-that-is-no-map", parts(&protected, &[0xa0], &[0x80], &signature)),
        (
            "payload-not-canonical",
            parts(&protected, &[0xa0], &[&[0xb8, payload[0] & 0x1f][..], &payload[1..]].concat(), &signature),
        ),
        ("payload-cut-off", parts(&protected, &[0xa0], &payload[..payload.len() - 1], &signature)),
        ("payload-with-a-byte-behind", parts(&protected, &[0xa0], &[&payload[..], &[0]].concat(), &signature)),
        ("nothing", Vec::new()),
    ] {
        topic.reject(op, name, section, input(&bytes), "token.malformed");
    }
    topic.accept(op, "changed-signature", section, input(&flip(&good, good.len() - 1)));
    topic.note("Decoding judges the form; whether the signature verifies is decided with the issuer's key.");
}

/// The payload's bytes of a token.
fn payload_of(token: &[u8]) -> Vec<u8> {
    // 0x84, 0x4d and 13 bytes of header, 0xa0, then a byte string of 24 to 65535 bytes.
    let rest = &token[16..];
    let (start, len) = if rest[0] == 0x58 {
        (2, usize::from(rest[1]))
    } else {
        (3, usize::from(rest[1]) * 256 + usize::from(rest[2]))
    };
    rest[start..start + len].to_vec()
}

/// Claims as they must not be, in honest tokens around them.
fn refused_payloads(topic: &mut Topic) {
    let op = "token.decode";
    let good = payload_of(&minted(claims()));
    let sealed = |payload: &[u8]| {
        let key = issuer();
        let protected = [&[0xa2, 0x01, 0x27, 0x04, 0x48][..], key.public().kid().as_bytes()].concat();
        let signature = key.sign(&Preimage::cose_sign1(&protected, payload));
        let mut out = Vec::new();
        let mut encoder = Encoder::new(&mut out);
        encoder.array(4);
        encoder.bytes(&protected);
        encoder.map(0);
        encoder.bytes(payload);
        encoder.bytes(signature.as_bytes());
        json!({"cwt": hex(out)})
    };
    let claims = entries(&good);
    let replaced = |key: u64, value: Option<Vec<u8>>| {
        let mut changed = claims.clone();
        changed.retain(|(own, _)| *own != key);
        changed.extend(value.map(|value| (key, value)));
        changed.sort();
        payload(&changed)
    };
    let text = |text: &str| Some(cbor::encode(text));
    let bytes = |bytes: &[u8]| {
        let mut out = Vec::new();
        Encoder::new(&mut out).bytes(bytes);
        Some(out)
    };
    let two = |first: u8, second: u8| Some([&[0x82, 0x58, 32][..], &[first; 32], &[0x58, 32], &[second; 32]].concat());
    topic.accept(op, "claims-put-together-again", "§7.5.1", sealed(&payload(&claims)));
    for (name, section, payload, code) in [
        ("zone-as-bytes", "D107", replaced(1, bytes(b"z:work")), "token.bad_claim"),
        ("zone-without-prefix", "D107", replaced(1, text("work")), "token.bad_claim"),
        ("expiry-as-text", "D107", replaced(4, text("never")), "token.bad_claim"),
        ("token-id-of-15-bytes", "D107", replaced(7, bytes(&[1; 15])), "token.bad_claim"),
        ("issuer-as-text", "D107", replaced(1_000, text("nDesk")), "token.bad_claim"),
        ("issuer-with-a-space", "G1", replaced(1_000, bytes(b"n 1")), "token.bad_claim"),
        ("grants-unsorted", "D107", replaced(1_001, two(2, 1)), "token.bad_claim"),
        ("grant-twice", "D107", replaced(1_001, two(1, 1)), "token.bad_claim"),
        ("capabilities-as-a-map", "D108", replaced(1_002, Some(vec![0xa0])), "token.bad_claim"),
        ("no-capability", "D108", replaced(1_002, Some(vec![0x80])), "token.bad_claim"),
        ("empty-attenuation", "D108", replaced(1_003, Some(vec![0xa0])), "token.bad_claim"),
        ("null-holder", "§7.5.1", replaced(1_004, Some(vec![0xf6])), "token.bad_claim"),
        ("binary-of-31-bytes", "D107", replaced(1_007, bytes(&[1; 31])), "token.bad_claim"),
        ("float-expiry", "§3.5 rule 5", replaced(4, Some(vec![0xf9, 0x3c, 0])), "token.malformed"),
        ("not-before", "D113", replaced(5, Some(vec![0])), "token.unknown_claim"),
        ("unknown-private-claim", "D107", replaced(1_009, Some(vec![0])), "token.unknown_claim"),
        ("without-expiry", "D7", replaced(4, None), "token.missing_claim"),
        ("without-token-id", "§7.5.1", replaced(7, None), "token.missing_claim"),
        ("without-capabilities", "§7.5.1", replaced(1_002, None), "token.missing_claim"),
        ("checkpoint-without-sequence", "D111", replaced(1_006, None), "token.missing_claim"),
        ("sequence-without-checkpoint", "D111", replaced(1_005, None), "token.missing_claim"),
    ] {
        topic.reject(op, name, section, sealed(&payload), code);
    }
    let caps = |names: [&str; 2]| {
        let entry = |name: &str| [&[0xa1][..], &cbor::encode("capability"), &cbor::encode(name)].concat();
        Some([&[0x82][..], &entry(names[0]), &entry(names[1])].concat())
    };
    topic.accept(op, "two-capabilities", "D108", sealed(&replaced(1_002, caps(["mail.read", "files.read"]))));
    topic.note("Sorted by encoded bytes, so that the shorter text comes first.");
    topic.reject(
        op,
        "capabilities-unsorted",
        "D108",
        sealed(&replaced(1_002, caps(["files.read", "mail.read"]))),
        "token.bad_claim",
    );
    topic.reject(
        op,
        "capability-twice",
        "D108",
        sealed(&replaced(1_002, caps(["mail.read", "mail.read"]))),
        "token.bad_claim",
    );
    // The first two claims exchanged.
    let mut unsorted = claims.clone();
    unsorted.swap(0, 1);
    topic.reject(op, "claims-unsorted", "§3.5 rule 3", sealed(&payload(&unsorted)), "token.malformed");
    let mut twice = claims;
    let first = twice[0].clone();
    twice.insert(0, first);
    topic.reject(op, "claim-twice", "§3.5 rule 4", sealed(&payload(&twice)), "token.malformed");
}

/// A claims map in the order that is given.
fn payload(claims: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out);
    encoder.map(claims.len());
    for (key, value) in claims {
        encoder.uint(*key);
        encoder.encoded_item(value);
    }
    out
}

/// The claims of a payload, each value still encoded.
fn entries(payload: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut claims = Vec::new();
    let Ok(mut decoder) = cbor::Decoder::new(payload) else { return claims };
    for _ in 0..decoder.map().unwrap_or_default() {
        let key = decoder.uint().unwrap_or_default();
        let before = decoder.position();
        if decoder.skip().is_err() {
            break;
        }
        claims.push((key, payload[before..decoder.position()].to_vec()));
    }
    claims
}
