//! Quorums and coordinators (§15.1, §18.2).

use fcp_core::id::ZoneId;
use fcp_core::object::Message as _;
use fcp_core::sign::{Preimage, SigningKey as _};
use serde_json::{Value, json};

use super::edit::edit;
use super::identity::{NOW, attest, node_keys, owner};
use super::samples::{self, blob};
use super::topic::{Topic, ask, hex, object, random, unhex, with};

/// `lease.coordinator`.
pub(super) fn coordinators() -> Topic {
    let mut topic = Topic::new("15-execution", "coordinators");
    let (op, section) = ("lease.coordinator", "§15.1, D171");
    let nodes = ["nDesk", "nLaptop", "nPhone", "nServer", "nTablet"];
    let base = json!({"zone": "z:work", "subject": hex([0; 32]), "nodes": nodes});
    for subject in 0..8 {
        let subject = hex(random::<32>(&format!("subject {subject}")));
        topic.accept(op, &format!("subject-{}", &subject[..4]), section, with(&base, json!({"subject": subject})));
    }
    topic.accept(op, "zero-subject", section, base.clone());
    topic.accept(op, "other-zone", section, with(&base, json!({"zone": "z:private"})));
    let reversed: Vec<&str> = nodes.iter().rev().copied().collect();
    topic.accept(op, "order-does-not-matter", section, with(&base, json!({"nodes": reversed})));
    topic.accept(op, "one-node", section, with(&base, json!({"nodes": ["nDesk"]})));
    topic.accept(op, "a-node-twice", section, with(&base, json!({"nodes": ["nDesk", "nLaptop", "nDesk"]})));
    topic.accept(
        op,
        "length-prefixes-keep-parts-apart",
        section,
        with(&base, json!({"zone": "z:workn", "nodes": ["Desk", "nDesk"]})),
    );
    topic.reject(op, "bad-zone", "D21", with(&base, json!({"zone": "work"})), "id.zone_prefix");
    topic.reject(op, "bad-node", "G1", with(&base, json!({"nodes": ["n 1"]})), "id.bad_char");
    topic
}

/// `quorum.required`.
pub(super) fn sizes() -> Topic {
    let mut topic = Topic::new("18-trust", "quorums");
    let (op, section) = ("quorum.required", "§18.2, D179");
    // By ⌈(n + f + 1) / 2⌉ and n − f.
    for (n, f, normal, critical) in [
        (1, 0, 1, 1),
        (2, 0, 2, 2),
        (3, 0, 2, 3),
        (4, 1, 3, 3),
        (5, 1, 4, 4),
        (6, 1, 4, 5),
        (7, 2, 5, 5),
        (10, 3, 7, 7),
        (255, 84, 170, 171),
        (255, 0, 128, 255),
    ] {
        for (class, signatures) in
            [("read_only", 1), ("normal_write", normal), ("critical_write", critical), ("unanimous", n)]
        {
            let name = format!("{}-of-{n}-with-{f}-faults", class.replace('_', "-"));
            topic.gives(op, &name, section, json!({"n": n, "f": f, "class": class}), json!({"signatures": signatures}));
        }
    }
    for (n, f) in [(0, 0), (3, 1), (6, 2), (254, 85), (255, 255)] {
        let input = json!({"n": n, "f": f, "class": "normal_write"});
        topic.reject(op, &format!("{n}-nodes-with-{f}-faults"), section, input, "quorum.too_few_nodes");
    }
    topic
}

/// The signers of the vectors' zone.
pub(super) const SIGNERS: [&str; 4] = ["nDesk", "nLaptop", "nPhone", "nServer"];

/// What `node` signs of an object, with its newest key.
pub(super) fn signature(node: &str, preimage: &[u8]) -> Value {
    let key = node_keys(node).signing;
    let signature = key.sign(&Preimage::transcript("", &[preimage]));
    json!({"signer_node": node, "signer_kid": blob(key.public().kid().as_bytes()), "sig": blob(signature.as_bytes())})
}

/// A sidecar of z:work for the object of that id.
pub(super) fn set(target: &[u8], signatures: Vec<Value>) -> Vec<u8> {
    samples::sidecar(ZoneId::work(), target, Value::Array(signatures))
}

/// A request about an object and who signed it.
struct Tally {
    obj: Vec<u8>,
    id: Vec<u8>,
    preimage: Vec<u8>,
}

impl Tally {
    fn of(obj: Vec<u8>) -> Self {
        let (header, key) = (samples::header_of(&obj), random::<32>("object id key"));
        let derive = json!({"header": hex(header), "body": hex(&obj), "key": hex(key)});
        let id = ask("object.derive", &object(derive)).unwrap_or_default();
        let preimage = ask("sign.preimage", &object(json!({"obj": hex(&obj)}))).unwrap_or_default();
        let bytes =
            |fields: &serde_json::Map<String, Value>, name: &str| fields.get(name).map(unhex).unwrap_or_default();
        Self { id: bytes(&id, "object_id"), preimage: bytes(&preimage, "preimage"), obj }
    }

    fn signed_by(&self, nodes: &[&str]) -> Value {
        self.signed(nodes.iter().map(|node| signature(node, &self.preimage)).collect())
    }

    fn signed(&self, signatures: Vec<Value>) -> Value {
        let attestations = SIGNERS.map(|node| hex(attest(node, None).to_body()));
        json!({
            "obj": hex(&self.obj), "set": hex(set(&self.id, signatures)), "owner_key": hex(owner().public().as_bytes()),
            "object_id_key": hex(random::<32>("object id key")), "attestations": attestations, "revocations": [],
            "signers": SIGNERS, "max_faults": 1,
        })
    }
}

fn counted(required: u64, verified: &[&str], dropped: &[&str]) -> Value {
    let enough = u64::try_from(verified.len()).is_ok_and(|count| count >= required);
    let (verdict, reason) = if enough { ("allow", "allow") } else { ("deny", "checkpoint.no_quorum") };
    json!({"verdict": verdict, "reason": reason, "required": required, "verified": verified, "dropped": dropped})
}

/// `quorum.tally`.
pub(super) fn tallies() -> Topic {
    let mut topic = Topic::new("18-trust", "tallies");
    let op = "quorum.tally";
    let checkpoint = Tally::of(samples::checkpoint());
    let three = ["nDesk", "nLaptop", "nServer"];
    let usual = checkpoint.signed_by(&three);
    topic.gives(op, "checkpoint", "§3.8, D32", usual.clone(), counted(3, &three, &[]));
    topic.gives(op, "everybody", "§3.8, D32", checkpoint.signed_by(&SIGNERS), counted(3, &SIGNERS, &[]));
    topic.gives(op, "one-too-few", "§3.8, D32", checkpoint.signed_by(&three[..2]), counted(3, &three[..2], &[]));
    topic.gives(op, "nobody", "§3.8, D32", checkpoint.signed_by(&[]), counted(3, &[], &[]));
    let head = Tally::of(samples::revocation_head());
    topic.gives(op, "revocation-head", "§14.3, D32", head.signed_by(&three), counted(3, &three, &[]));
    let head = Tally::of(samples::some_audit_head());
    topic.gives(op, "audit-head", "§23.4, D32", head.signed_by(&three), counted(3, &three, &[]));
    let six = ["nDesk", "nLaptop", "nPhone", "nServer", "nTablet", "nWatch"];
    let of_six = |tally: &Tally| with(&tally.signed_by(&SIGNERS), json!({"signers": six}));
    // ⌈(6 + 1 + 1) / 2⌉ and 6 − 1.
    topic.gives(op, "checkpoint-of-six", "D32, D179", of_six(&checkpoint), counted(4, &SIGNERS, &[]));
    topic.gives(op, "audit-head-of-six", "D32, D179", of_six(&head), counted(5, &SIGNERS, &[]));
    let alone = with(&checkpoint.signed_by(&["nDesk"]), json!({"signers": ["nDesk"], "max_faults": 0}));
    topic.gives(op, "zone-of-one-node", "D32", alone, counted(1, &["nDesk"], &[]));
    dropped(&mut topic, &checkpoint, &usual);
    refused(&mut topic, &checkpoint, &usual);
    topic
}

/// Entries that do not count: each leaves one signature too few.
fn dropped(topic: &mut Topic, checkpoint: &Tally, usual: &Value) {
    let (op, two) = ("quorum.tally", ["nLaptop", "nServer"]);
    let deny = counted(3, &two, &["nDesk"]);
    let signatures = |first: Value| {
        let others = two.map(|node| signature(node, &checkpoint.preimage));
        checkpoint.signed(std::iter::once(first).chain(others).collect())
    };
    let own = signature("nDesk", &checkpoint.preimage);
    let other = signature("nDesk", &head_preimage());
    topic.gives(op, "signature-of-another-object", "D14, D30", signatures(other), deny.clone());
    let raw = signature("nDesk", &checkpoint.obj);
    topic.gives(op, "signature-without-the-digest", "D31", signatures(raw), deny.clone());
    let stolen = with(&own, json!({"sig": signature("nPhone", &checkpoint.preimage)["sig"]}));
    topic.gives(op, "signature-of-another-node", "D30", signatures(stolen), deny.clone());
    let kid = with(&own, json!({"signer_kid": blob([1; 8])}));
    topic.gives(op, "unknown-key-id", "D14", signatures(kid), deny.clone());
    let encryption = node_keys("nDesk").public().encryption.kid();
    let kid = with(&own, json!({"signer_kid": blob(encryption.as_bytes())}));
    topic.gives(op, "key-id-of-another-role", "D14, D9", signatures(kid), deny.clone());
    let malformed = with(&own, json!({"sig": blob([0xff; 64])}));
    topic.gives(op, "malformed-signature", "D8, D14", signatures(malformed), deny.clone());
    let unlisted = with(usual, json!({"signers": ["nLaptop", "nPhone", "nServer", "nTablet"]}));
    topic.gives(op, "not-a-signer", "D14, D32", unlisted, deny.clone());
    let attestations = SIGNERS[1..].iter().map(|node| hex(attest(node, None).to_body()));
    let unattested = with(usual, json!({"attestations": attestations.collect::<Vec<_>>()}));
    topic.gives(op, "not-attested", "D14, D201", unattested, deny.clone());
    let extra = checkpoint.signed_by(&["nDesk", "nLaptop", "nServer", "nTablet"]);
    topic.gives(
        op,
        "stranger-beside-a-quorum",
        "D14",
        extra,
        counted(3, &["nDesk", "nLaptop", "nServer"], &["nTablet"]),
    );

    let revoking = |zone: ZoneId, from: u64| {
        let fields = json!({
            "revoked": [blob(attest("nDesk", None).id().as_bytes())], "scope": "node_attestation", "reason": "lost",
            "effective_at": from,
        });
        let body = samples::owned("fcp.core:RevocationObject", zone, &[], fields);
        with(usual, json!({"revocations": [hex(body)]}))
    };
    let allow = counted(3, &["nDesk", "nLaptop", "nServer"], &[]);
    topic.gives(op, "revoked-by-then", "D201", revoking(ZoneId::work(), NOW), deny.clone());
    topic.gives(op, "revoked-everywhere", "D168, D201", revoking(ZoneId::owner(), NOW), deny);
    topic.gives(op, "revoked-a-second-later", "D201", revoking(ZoneId::work(), NOW + 1), allow.clone());
    topic.gives(op, "revoked-elsewhere", "D168", revoking(ZoneId::private(), NOW), allow);
    // The vectors' attestations are issued at NOW and count for thirty days.
    for (name, created_at, counts) in [
        ("attested-within-the-skew", NOW - 120, true),
        ("attested-later", NOW - 121, false),
        ("expired-within-the-skew", NOW + 30 * 86_400 + 120, true),
        ("expired-by-then", NOW + 30 * 86_400 + 121, false),
    ] {
        let at = |path: &[&str], body: &[u8], time: u64| edit(body, path, super::edit::uint(time));
        let obj = at(&["header", "created_at"], &checkpoint.obj, created_at);
        let tally = Tally::of(at(&["as_of_epoch"], &obj, created_at / 300));
        let nodes = ["nDesk", "nLaptop", "nServer"];
        let out = if counts { counted(3, &nodes, &[]) } else { counted(3, &[], &nodes) };
        topic.gives(op, name, "D7, D201", tally.signed_by(&nodes), out);
    }
}

fn head_preimage() -> Vec<u8> {
    Tally::of(samples::some_audit_head()).preimage
}

fn refused(topic: &mut Topic, checkpoint: &Tally, usual: &Value) {
    let op = "quorum.tally";
    let own = |node: &str| signature(node, &checkpoint.preimage);
    let signed = |nodes: &[&str]| checkpoint.signed(nodes.iter().map(|node| own(node)).collect());
    topic.reject(op, "signatures-unsorted", "D30", signed(&["nLaptop", "nDesk"]), "quorum.signature_order");
    topic.reject(op, "node-twice", "D30", signed(&["nDesk", "nDesk"]), "quorum.signature_order");
    let second = with(&own("nDesk"), json!({"signer_kid": blob([0xff; 8])}));
    let two_keys = checkpoint.signed(vec![own("nDesk"), second]);
    topic.reject(op, "node-twice-with-two-keys", "D30", two_keys, "quorum.signature_order");
    let other = with(usual, json!({"obj": hex(edit(&checkpoint.obj, &["audit_seq"], super::edit::uint(901)))}));
    topic.reject(op, "set-of-another-checkpoint", "D14", other, "object.id_mismatch");
    let other = with(usual, json!({"object_id_key": hex([0; 32])}));
    topic.reject(op, "under-another-object-id-key", "§3.1", other, "object.id_mismatch");
    let elsewhere = samples::sidecar(ZoneId::private(), &checkpoint.id, json!([own("nDesk")]));
    topic.reject(op, "set-of-another-zone", "D14", with(usual, json!({"set": hex(elsewhere)})), "object.zone_mismatch");
    let inline = edit(&checkpoint.obj, &["quorum_signatures"], Some(samples::value_of(&json!([own("nDesk")]))));
    let inline = with(usual, json!({"obj": hex(inline)}));
    topic.reject(op, "inline-signatures", "D14", inline, "object.inline_signatures");
    let few = with(usual, json!({"signers": ["nDesk", "nLaptop", "nServer"]}));
    topic.reject(op, "three-signers-and-a-fault", "§18.2, D32", few, "quorum.too_few_nodes");
    let owner = hex(node_keys("nDesk").public().signing.as_bytes());
    topic.reject(op, "of-another-owner", "§2.2", with(usual, json!({"owner_key": owner})), "attestation.wrong_owner");
    let revocation = json!([hex(samples::revocation(&["token"], "z:work", NOW, None))]);
    let forged = with(usual, json!({"revocations": revocation}));
    topic.reject(op, "revocation-of-another-owner", "§3.5.1", forged, "sign.bad_signature");
}
