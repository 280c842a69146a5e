//! Strict Ed25519 (D8).

use fcp_core::sign::{OwnerKey, Preimage, SigningKey as _};
use serde_json::{Value, json};

use super::topic::{Topic, flip, hex, random, with};

const OP: &str = "sign.raw_verify";

/// `sign.raw_verify`.
pub(super) fn raw() -> Topic {
    let mut topic = Topic::new("03-primitives", "signatures");
    // RFC 8032 §7.1, tests 1 to 3.
    for (name, key, message, signature) in [
        (
            "rfc-8032-test-1",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "rfc-8032-test-2",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "rfc-8032-test-3",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ] {
        topic.accept(OP, name, "§3.5.1, D8", json!({"public_key": key, "message": message, "signature": signature}));
    }

    let key = OwnerKey::from_seed(random("signing key"));
    let other = OwnerKey::from_seed(random("another signing key"));
    let message = b"what was signed";
    let signature = *key.sign(&Preimage::transcript("", &[message])).as_bytes();
    let input = |key: &[u8], message: &[u8], signature: &[u8]| json!({"public_key": hex(key), "message": hex(message), "signature": hex(signature)});
    let public = *key.public().as_bytes();
    topic.accept(OP, "good", "§3.5.1, D8", input(&public, message, &signature));
    topic.reject(OP, "other-message", "§3.5.1", input(&public, b"what was sighed", &signature), "sign.bad_signature");
    topic.reject(
        OP,
        "other-key",
        "§3.5.1",
        input(other.public().as_bytes(), message, &signature),
        "sign.bad_signature",
    );
    topic.reject(OP, "changed-s", "§3.5.1", input(&public, message, &flip(&signature, 40)), "sign.bad_signature");
    strict(&mut topic);
    topic
}

/// `frost.verify_group`.
pub(super) fn groups() -> Topic {
    let mut topic = Topic::new("02-axioms", "owner-signatures");
    let (op, section) = ("frost.verify_group", "§2.2.1, D202, RFC 9591");
    // RFC 9591, appendix E.1: two of three signers over "test".
    let base = json!({
        "group_key": "15d21ccd7ee42959562fc8aa63224c8851fb3ec85a3faf66040d380fb9738673",
        "message": hex(b"test"),
        "signature": "36282629c383bb820a88b71cae937d41f2f2adfcc3d02e55507e2fb9e2dd3cbebd9d2b0844e49ae0f3fa935161e1419aab7b47d21a37ebeae1f17d4987b3160b",
    });
    topic.accept(op, "rfc-9591-two-of-three", section, base.clone());
    topic.note("A group's signature is an ordinary Ed25519 signature.");
    let other = with(&base, json!({"message": hex(b"tess")}));
    topic.reject(op, "other-message", section, other, "sign.bad_signature");
    let other = with(&base, json!({"group_key": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"}));
    topic.reject(op, "other-group", section, other, "sign.bad_signature");
    topic
}

/// Signatures at which implementations are known to part. All are computed from the curve's equation, with
/// a = the key of the seed 07…07, T = a point of order 8 and R = rB for a hashed r.
fn strict(topic: &mut Topic) {
    const KEY: &str = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
    const MIXED: &str = "fbb3211d177bccefd763d01a88f6473e43e5cf0a0740e44ab5c64460eefd4675";
    const FIVE: &str = "edc876d6831fd2105d0b4389ca2e283166469289146e2ce06faefe98b22548df\
                        0500000000000000000000000000000000000000000000000000000000000000";
    const MESSAGE: &str = "6d657373616765";
    let input = |key: &str, message: &str, signature: &str| -> Value {
        json!({"public_key": key, "message": message, "signature": signature})
    };
    topic.accept(
        OP,
        "key-of-mixed-order",
        "D8",
        input(
            MIXED,
            "6d6573736167652036",
            "3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0ab2f34a64bb61ffabe1d3975c578cb42b94e3b487d23415b6ac5aba31491f5a0e",
        ),
    );
    topic.note(
        "A = aB + T with 8 | k, so that the equation without cofactor holds: a mixed-order key is not refused as such.",
    );
    topic.reject(
        OP,
        "only-with-cofactor",
        "D8",
        input(
            MIXED,
            "6d6573736167652030",
            "3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0a929ab65445232c35d468faeb36cc51c0290c3746a35a2fc88ee23aa0eb622200",
        ),
        "sign.bad_signature",
    );
    topic.note("A = aB + T with k not divisible by 8: only the equation multiplied by the cofactor holds.");
    for (name, key, message, signature, note) in [
        (
            "s-plus-group-order",
            KEY,
            MESSAGE,
            "9e46ad095242486ab68b0b6664ade0909c98e02de019d98810c448d7e58d4319b5828a7761b2804e2546d5c5ee653b67196e4728f9a3464737bbac84df2fab1a",
            "A good signature with S + L in place of S.",
        ),
        (
            "r-of-order-one",
            KEY,
            MESSAGE,
            "0100000000000000000000000000000000000000000000000000000000000000d4c5323131ff9683cfb3d30197c786c9043f1052d6c2d5293f19d6f36b911104",
            "R is the neutral point and S = ka: the equation holds.",
        ),
        (
            "r-not-below-the-prime",
            KEY,
            MESSAGE,
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f429287529325c4ed20a20ad97fccf713cadc367a64bb7024b811454179bf3707",
            "R is the neutral point with y = p + 1.",
        ),
        (
            "key-of-order-one",
            "0100000000000000000000000000000000000000000000000000000000000000",
            MESSAGE,
            FIVE,
            "A is the neutral point and R = SB: the equation holds for every message.",
        ),
        (
            "key-of-order-eight",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "6d6573736167652032",
            FIVE,
            "A = T with 8 | k and R = SB: the equation holds.",
        ),
        (
            "key-not-below-the-prime",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            MESSAGE,
            FIVE,
            "A is the neutral point with y = p + 1.",
        ),
        (
            "key-with-the-sign-of-zero",
            "0100000000000000000000000000000000000000000000000000000000000080",
            MESSAGE,
            FIVE,
            "A is the neutral point with x = -0.",
        ),
        (
            "key-off-the-curve",
            "0200000000000000000000000000000000000000000000000000000000000000",
            MESSAGE,
            FIVE,
            "No point has y = 2.",
        ),
    ] {
        topic.reject(OP, name, "D8", input(key, message, signature), "sign.malformed");
        topic.note(note);
    }
}
