//! The owner key's objects and messages of §2.2.1.

use fcp_core::cbor;
use fcp_core::hpke::{self, Purpose, SealContext};
use fcp_core::id::ZoneId;
use fcp_core::sign::OwnerKey;
use fcp_core::time::Timestamp;
use serde_json::{Value as Json, json};

use super::{Sample, blob, drawn, json_of, signer_key, vectors};
use crate::vecgen::identity::{NOW, known, node, node_keys};
use crate::vecgen::topic::{Topic, hex, random, rng};

/// Shares, what is exchanged to make them, and what is exchanged to sign.
pub(in crate::vecgen) fn topic() -> Topic {
    let mut topic = Topic::new("02-axioms", "objects");
    vectors(&mut topic, vec![key_share(), round_1(), refreshing_round_1(), round_2()]);
    vectors(&mut topic, vec![commitment(), package(), signature_share()]);
    opened(&mut topic);
    topic
}

/// A point of the prime-order group.
fn point(label: &str) -> Json {
    blob(OwnerKey::from_seed(random(label)).public().as_bytes())
}

/// A scalar below the group's order.
fn scalar(label: &str) -> [u8; 32] {
    let mut bytes = random::<32>(label);
    bytes[31] &= 0x0f;
    bytes
}

/// The identity; a point of order 8; the base point with it; a coordinate above the prime; none on the curve.
const IDENTITY: [u8; 32] = point_of("0100000000000000000000000000000000000000000000000000000000000000");
const SMALL_ORDER: [u8; 32] = point_of("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
const MIXED_ORDER: [u8; 32] = point_of("98519eadf35b995233b51b5cd23e9cc5a28b639b5a4af0ec903cb960d81b7819");
const NOT_CANONICAL: [u8; 32] = point_of("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
const OFF_THE_CURVE: [u8; 32] = point_of("0200000000000000000000000000000000000000000000000000000000000000");
/// The order of the group: the smallest number that is no scalar.
const GROUP_ORDER: [u8; 32] = point_of("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

const fn point_of(digits: &str) -> [u8; 32] {
    const fn value(digit: u8) -> u8 {
        if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 }
    }
    let (digits, mut bytes, mut at) = (digits.as_bytes(), [0; 32], 0);
    while at < 32 {
        bytes[at] = value(digits[2 * at]) << 4 | value(digits[2 * at + 1]);
        at += 1;
    }
    bytes
}

/// The plaintext that shares are sealed as: share id ‖ scalar.
fn share_bytes(share_id: u8, label: &str) -> Vec<u8> {
    [&[share_id][..], &scalar(label)].concat()
}

fn sealed(purpose: Purpose, recipient: &str, plaintext: &[u8], label: &str) -> Json {
    let context = SealContext { purpose, zone: ZoneId::owner().hash(), recipient: node(recipient), issued_at: at(NOW) };
    let key = node_keys(recipient).public().encryption;
    json_of(&known(hpke::seal(&key, &context, plaintext, &mut rng(label))))
}

const fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn share_box() -> Json {
    sealed(Purpose::OwnerShare, "nLaptop", &share_bytes(2, "owner share"), "sealed owner share")
}

fn package_box() -> Json {
    sealed(Purpose::KeyGeneration, "nPhone", &share_bytes(3, "polynomial at 3"), "sealed round 2")
}

fn key_share() -> Sample {
    Sample::signed(
        "owner-key-share",
        "fcp.core:OwnerKeyShare",
        "§2.2.1, D10, D202",
        json!({
            "share_id": 2, "node_id": "nLaptop", "sealed_share": share_box(), "issued_at": NOW,
            "verifying_share": point("verifying share"), "group_key": blob(signer_key()),
        }),
    )
    .zone(ZoneId::owner())
    .faults(vec![
        ("share-id-zero", "D202", &["share_id"], Some(json!(0)), "cbor.out_of_range"),
        ("share-id-256", "D202", &["share_id"], Some(json!(256)), "cbor.out_of_range"),
        ("in-another-zone", "D20", &["header", "zone_id"], Some(json!("z:work")), "object.zone_rule"),
        ("of-another-suite", "D38", &["sealed_share", "kem_id"], Some(json!(16)), "hpke.unsupported_suite"),
        ("box-without-key", "G4", &["sealed_share", "enc"], None, "cbor.missing_key"),
        ("short-verifying-share", "D202", &["verifying_share"], Some(blob([1; 31])), "cbor.out_of_range"),
        ("without-verifying-share", "D202", &["verifying_share"], None, "cbor.missing_key"),
        ("group-key-of-small-order", "D8", &["group_key"], Some(blob(SMALL_ORDER)), "sign.malformed"),
        ("group-key-not-canonical", "D8", &["group_key"], Some(blob(NOT_CANONICAL)), "sign.malformed"),
        ("of-no-node", "D24", &["node_id"], Some(json!("")), "id.empty"),
    ])
}

fn round_1() -> Sample {
    Sample::message(
        "keygen-round-1",
        "fcp.core:KeygenRound1",
        "§2.2.1, D199",
        json!({
            "ceremony": drawn::<32>("ceremony"), "sender": "nLaptop", "proof": drawn::<64>("proof"),
            "commitment": [point("coefficient 0"), point("coefficient 1"), point("coefficient 2")],
        }),
    )
    .under_a_signature()
    .faults(vec![
        ("without-commitment", "D199", &["commitment"], Some(json!([])), "cbor.out_of_range"),
        ("short-coefficient", "D199", &["commitment", "1"], Some(blob([1; 31])), "cbor.out_of_range"),
        ("short-proof", "D199", &["proof"], Some(blob([1; 63])), "cbor.out_of_range"),
        ("of-no-ceremony", "D199", &["ceremony"], None, "cbor.missing_key"),
        ("for-a-recipient", "D25", &["recipient"], Some(json!("nPhone")), "cbor.unknown_key"),
    ])
}

/// A refresh leaves out the constant coefficient.
fn refreshing_round_1() -> Sample {
    Sample::message(
        "refresh-round-1",
        "fcp.core:KeygenRound1",
        "§2.2.1, D199",
        json!({
            "ceremony": drawn::<32>("refresh"), "sender": "nPhone", "proof": drawn::<64>("refresh proof"),
            "commitment": [point("refresh coefficient 1")],
        }),
    )
    .under_a_signature()
}

fn round_2() -> Sample {
    Sample::message(
        "keygen-round-2",
        "fcp.core:KeygenRound2",
        "§2.2.1, D36, D199",
        json!({
            "ceremony": drawn::<32>("ceremony"), "sender": "nLaptop", "recipient": "nPhone", "issued_at": NOW,
            "round1": drawn::<32>("round 1"), "sealed_share": package_box(),
        }),
    )
    .under_a_signature()
    .faults(vec![
        ("of-another-suite", "D38", &["sealed_share", "aead_id"], Some(json!(1)), "hpke.unsupported_suite"),
        ("for-nobody", "D199", &["recipient"], None, "cbor.missing_key"),
        ("short-view", "D199", &["round1"], Some(blob([1; 31])), "cbor.out_of_range"),
        ("time-as-text", "G7", &["issued_at"], Some(json!("now")), "cbor.unexpected_type"),
    ])
}

fn commitment() -> Sample {
    let fields = json!({"group_key": blob(signer_key()), "hiding": point("hiding 1"), "binding": point("binding 1")});
    Sample::message("owner-signing-commitment", "fcp.core:OwnerSigningCommitment", "§2.2.1, D202", fields).faults(vec![
        ("to-the-identity", "D202, RFC 9591 §6.1", &["hiding"], Some(blob(IDENTITY)), "owner.bad_package"),
        ("of-small-order", "D202, RFC 9591 §6.1", &["binding"], Some(blob(SMALL_ORDER)), "owner.bad_package"),
        ("of-mixed-order", "D202, RFC 9591 §6.1", &["hiding"], Some(blob(MIXED_ORDER)), "owner.bad_package"),
        ("not-canonical", "D202, RFC 9591 §6.1", &["binding"], Some(blob(NOT_CANONICAL)), "owner.bad_package"),
        ("off-the-curve", "D202, RFC 9591 §6.1", &["hiding"], Some(blob(OFF_THE_CURVE)), "owner.bad_package"),
        ("short", "D202", &["hiding"], Some(blob([1; 31])), "cbor.out_of_range"),
        ("under-no-key", "D8", &["group_key"], Some(blob(IDENTITY)), "sign.malformed"),
        ("without-binding", "D202", &["binding"], None, "cbor.missing_key"),
    ])
}

fn signer(share_id: u64) -> Json {
    json!({
        "share_id": share_id, "hiding": point(&format!("hiding {share_id}")),
        "binding": point(&format!("binding {share_id}")),
    })
}

fn package() -> Sample {
    Sample::message(
        "owner-signing-package",
        "fcp.core:OwnerSigningPackage",
        "§2.2.1, D202",
        json!({
            "group_key": blob(signer_key()), "commitments": [signer(1), signer(3)], "preimage": blob(b"what is signed"),
        }),
    )
    .faults(vec![
        ("of-one-signer", "D202", &["commitments"], Some(json!([signer(1)])), "owner.bad_package"),
        ("unsorted", "D202", &["commitments"], Some(json!([signer(3), signer(1)])), "owner.bad_package"),
        ("signer-twice", "D202", &["commitments"], Some(json!([signer(1), signer(1)])), "owner.bad_package"),
        ("share-id-zero", "D202", &["commitments", "0", "share_id"], Some(json!(0)), "owner.bad_package"),
        ("share-id-256", "D202", &["commitments", "1", "share_id"], Some(json!(256)), "cbor.out_of_range"),
        ("to-the-identity", "D202", &["commitments", "1", "hiding"], Some(blob(IDENTITY)), "owner.bad_package"),
        ("without-binding", "D202", &["commitments", "0", "binding"], None, "cbor.missing_key"),
        ("preimage-as-text", "D202", &["preimage"], Some(json!("what is signed")), "cbor.unexpected_type"),
    ])
}

fn signature_share() -> Sample {
    let fields = json!({"package": drawn::<32>("package"), "share": blob(scalar("signature share"))});
    Sample::message("owner-signature-share", "fcp.core:OwnerSignatureShare", "§2.2.1, D202", fields).faults(vec![
        ("not-below-the-order", "D202, RFC 9591 §6.1", &["share"], Some(blob(GROUP_ORDER)), "owner.bad_package"),
        ("short", "D202", &["share"], Some(blob([1; 31])), "cbor.out_of_range"),
        ("for-no-package", "D202", &["package"], None, "cbor.missing_key"),
    ])
}

/// The boxes inside open for whom they are for, and say share id ‖ scalar.
fn opened(topic: &mut Topic) {
    let (op, section) = ("hpke.open", "§2.2.1, D10, D36, D202");
    for (name, purpose, recipient, sealed, plaintext) in [
        ("owner-key-share", "FCP2-OWNER-SHARE", "nLaptop", share_box(), share_bytes(2, "owner share")),
        ("keygen-round-2", "FCP2-DKG", "nPhone", package_box(), share_bytes(3, "polynomial at 3")),
    ] {
        let input = |recipient: &str, purpose: &str| {
            json!({
                "recipient_secret": hex(random::<32>(&format!("{recipient} encryption"))), "zone": "z:owner",
                "recipient": recipient, "purpose": purpose, "issued_at": NOW,
                "box": hex(cbor::encode(&super::value_of(&sealed))),
            })
        };
        topic.gives(op, name, section, input(recipient, purpose), json!({"plaintext": hex(&plaintext)}));
        topic.reject(op, &format!("{name}-by-another-node"), section, input("nDesk", purpose), "hpke.open_failed");
        let other = input(recipient, "FCP2-SECRET-SHARE");
        topic.reject(op, &format!("{name}-as-something-else"), section, other, "hpke.open_failed");
    }
}
