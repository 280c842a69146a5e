//! Approvals and their constraints (§5.2.1): each scope once where it counts, and each change by which it does not.

use fcp_core::id::ZoneId;
use fcp_core::sign::OwnerKey;
use fcp_zones::approval::InputHash;
use serde_json::{Value, json};

use super::identity::{NOW, known, owner};
use super::samples::{self, blob};
use super::topic::{Topic, ask, flip, hex, object, random, with};
use super::verdicts;

/// The hash of an input, by D87.
pub(super) fn hash_of(input: &Value) -> [u8; 32] {
    *InputHash::of(&known(fcp_core::cbor::from_json(&input.to_string()))).as_bytes()
}

fn allowed() -> Value {
    json!({"verdict": "allow", "reason": "allow"})
}

fn denied(reason: &str) -> Value {
    json!({"verdict": "deny", "reason": reason})
}

fn constraint(pointer: &str, op: &str, value: Value) -> Value {
    json!({"json_pointer": pointer, "op": op, "value": value})
}

/// `constraint.check`.
pub(super) fn constraints() -> Topic {
    let mut topic = Topic::new("05-zones", "constraints");
    let op = "constraint.check";
    let input = json!({
        "to": {"chat": "team-9", "ids": [1, 2]}, "text": "hello wörld", "n": 1, "r": 1.0, "none": null, "list": [],
    });
    let hash = hash_of(&input);
    let hashed = |constraints: Value| json!({"constraints": constraints, "input": input, "input_hash": hex(hash)});
    // By the table of D86, for each operator what holds, what does not and what it does not apply to.
    for (name, pointer, comparison, value, holds) in [
        ("equal", "/n", "eq", json!(1), true),
        ("not-equal-by-kind", "/n", "eq", json!(1.0), false),
        ("equal-floats", "/r", "eq", json!(1.0), true),
        ("not-equal", "/n", "eq", json!(2), false),
        ("equal-maps-in-any-order", "/to", "eq", json!({"ids": [1, 2], "chat": "team-9"}), true),
        ("not-equal-lists-by-order", "/to/ids", "eq", json!([2, 1]), false),
        ("equal-null", "/none", "eq", json!(null), true),
        ("nothing-is-not-null", "/missing", "eq", json!(null), false),
        ("other", "/n", "neq", json!(2), true),
        ("not-other", "/n", "neq", json!(1), false),
        ("other-by-kind", "/n", "neq", json!("1"), true),
        ("nothing-is-not-other", "/missing", "neq", json!(1), false),
        ("one-of", "/n", "in", json!([0, 1]), true),
        ("none-of", "/n", "in", json!([0, 2]), false),
        ("one-of-no-list", "/n", "in", json!(1), false),
        ("nothing-is-none-of", "/missing", "in", json!([null]), false),
        ("not-in", "/n", "not_in", json!([0, 2]), true),
        ("in-after-all", "/n", "not_in", json!([1]), false),
        ("not-in-no-list", "/n", "not_in", json!(2), false),
        ("nothing-is-not-out", "/missing", "not_in", json!([1]), false),
        ("prefix", "/text", "prefix", json!("hello"), true),
        ("empty-prefix", "/text", "prefix", json!(""), true),
        ("no-prefix", "/text", "prefix", json!("world"), false),
        ("prefix-of-a-number", "/n", "prefix", json!("1"), false),
        ("number-as-a-prefix", "/text", "prefix", json!(1), false),
        ("prefix-in-another-case", "/text", "prefix", json!("Hello"), false),
        ("suffix", "/text", "suffix", json!("wörld"), true),
        ("no-suffix", "/text", "suffix", json!("hello"), false),
        ("suffix-of-a-list", "/to/ids", "suffix", json!(2), false),
        ("contains", "/text", "contains", json!("o w"), true),
        ("contains-not", "/text", "contains", json!("ow"), false),
        ("text-contains-a-number", "/text", "contains", json!(1), false),
        ("list-contains", "/to/ids", "contains", json!(2), true),
        ("list-contains-not", "/to/ids", "contains", json!(3), false),
        ("list-contains-not-by-kind", "/to/ids", "contains", json!(2.0), false),
        ("map-contains", "/to", "contains", json!("chat"), false),
        ("nothing-contains", "/missing", "contains", json!(""), false),
        ("item", "/to/ids/1", "eq", json!(2), true),
        ("item-behind-the-end", "/to/ids/2", "neq", json!(2), false),
    ] {
        let out = if holds { allowed() } else { denied("approval.constraint_failed") };
        topic.gives(op, name, "§5.2.1, D86", hashed(json!([constraint(pointer, comparison, value)])), out);
    }
    coverage(&mut topic, &input);
    let two = json!([constraint("/n", "eq", json!(1)), constraint("/text", "eq", json!("other"))]);
    topic.gives(op, "one-of-two-fails", "§5.2.1", hashed(two), denied("approval.constraint_failed"));
    topic.gives(op, "no-constraint-but-a-hash", "§5.2.1 rule 4", hashed(json!([])), allowed());
    let other = with(&hashed(json!([])), json!({"input_hash": hex(random::<32>("other input"))}));
    topic.gives(op, "another-input", "D87", other, denied("approval.wrong_input"));
    limits(&mut topic, &hashed);
    topic
}

/// Without a hash every leaf is covered by a constraint (D85).
fn coverage(topic: &mut Topic, input: &Value) {
    let (op, section) = ("constraint.check", "§5.2.1 rule 4, D85");
    let all = [
        constraint("/to", "eq", json!({"chat": "team-9", "ids": [1, 2]})),
        constraint("/text", "contains", json!("hello")),
        constraint("/n", "not_in", json!([7])),
        constraint("/r", "eq", json!(1.0)),
        constraint("/none", "eq", json!(null)),
        constraint("/list", "eq", json!([])),
    ];
    let ask = |constraints: &[Value]| json!({"constraints": constraints, "input": input});
    topic.gives(op, "every-leaf-covered", section, ask(&all), allowed());
    for (left_out, name) in ["map", "text", "integer", "float", "null", "empty-list"].into_iter().enumerate() {
        let mut some = all.to_vec();
        some.remove(left_out);
        topic.gives(op, &format!("{name}-not-covered"), section, ask(&some), denied("approval.uncovered_field"));
    }
    let mut loose = all.to_vec();
    loose[0] = constraint("/to", "neq", json!(1));
    topic.gives(op, "above-a-leaf-only-equality-covers", section, ask(&loose), denied("approval.uncovered_field"));
    let whole = [constraint("", "eq", input.clone())];
    topic.gives(op, "the-whole-input-equal", section, ask(&whole), allowed());
    let empty = json!({"constraints": [constraint("/a", "eq", json!(1))], "input": {"a": 1, "b": {}}});
    topic.gives(op, "empty-map-is-a-leaf", section, empty, denied("approval.uncovered_field"));
    let prefix = json!({"constraints": [constraint("/a", "eq", json!(1))], "input": {"a": 1, "ab": 1}});
    topic.gives(op, "a-longer-name-is-another-leaf", section, prefix, denied("approval.uncovered_field"));
    let escaped = json!({"constraints": [constraint("/a~1b", "prefix", json!("x"))], "input": {"a/b": "xy"}});
    topic.gives(op, "escaped-pointer-covers", section, escaped, allowed());
    let scalar = json!({"constraints": [constraint("", "prefix", json!("x"))], "input": "xy"});
    topic.gives(op, "a-leaf-at-the-root", section, scalar, allowed());
}

fn limits(topic: &mut Topic, hashed: &impl Fn(Value) -> Value) {
    let op = "constraint.check";
    let many = |count: usize| Value::from(vec![constraint("/n", "eq", json!(1)); count]);
    topic.gives(op, "64-constraints", "§5.2.1 rule 5", hashed(many(64)), allowed());
    topic.reject(op, "65-constraints", "§5.2.1 rule 5", hashed(many(65)), "approval.too_many_constraints");
    // Three bytes of head before the text.
    let long = |len: usize| hashed(json!([constraint("/n", "neq", json!("a".repeat(len)))]));
    topic.gives(op, "value-of-4096-bytes", "§5.2.1 rule 5", long(4_093), allowed());
    topic.reject(op, "value-of-4097-bytes", "§5.2.1 rule 5", long(4_094), "approval.value_too_large");
    let unbound = json!({"constraints": [], "input": {}});
    topic.reject(op, "neither-constraint-nor-hash", "§5.2.1 rule 4", unbound, "approval.unbounded");
    let bad = hashed(json!([constraint("n", "eq", json!(1))]));
    topic.reject(op, "pointer-without-slash", "§5.2.1 rule 3", bad, "pointer.syntax");
}

fn ben() -> OwnerKey {
    OwnerKey::from_seed(random("ben"))
}

/// The policy of z:work, which lists user:ben for elevations and executions.
fn policy() -> Vec<u8> {
    let fields = json!({
        "zone_id": "z:work", "checkpoint_signers": ["nDesk"], "max_faults": 0, "token_issuers": [],
        "approvers": [{
            "principal": "user:ben", "pubkey": blob(ben().public().as_bytes()), "scopes": ["elevation", "execution"],
        }],
        "policy": {
            "principals_allow": ["*"], "principals_deny": [], "connectors_allow": ["*"], "connectors_deny": [],
            "cap_allow": ["*"], "cap_deny": [],
        },
    });
    samples::owned("fcp.core:ZonePolicyObject", ZoneId::work(), &[], fields)
}

fn input() -> Value {
    json!({"path": "/tmp/a", "mode": "fast"})
}

fn provenance() -> Value {
    json!({
        "origin_zone": "z:public", "current_zone": "z:work", "integrity_label": 20, "confidentiality_label": 60,
        "label_adjustments": [], "taint": 1, "taint_reductions": [], "zone_crossings": [], "created_at": NOW,
    })
}

fn bound() -> Value {
    json!({"request_object_id": blob(random::<32>("request")), "input_hash": blob(hash_of(&input()))})
}

fn elevation() -> Value {
    let scope = json!({"operation": "files.write", "original_provenance": provenance(), "target_integrity": 60});
    json!({"elevation": with(&scope, bound())})
}

fn declassification() -> Value {
    let scope = json!({
        "from_zone": "z:work", "to_zone": "z:public", "object_ids": [blob(random::<32>("written"))],
        "target_confidentiality": 10,
    });
    json!({"declassification": with(&scope, bound())})
}

fn execution() -> Value {
    let scope = json!({"connector_id": "example.files", "method_pattern": "files.*", "input_constraints": []});
    json!({"execution": with(&scope, bound())})
}

/// The usual scope of one kind, with other values in some fields.
fn but(scope: &Value, changes: Value) -> Value {
    let (kind, fields) = object(scope.clone()).into_iter().next().unwrap_or_default();
    json!({kind: with(&fields, changes)})
}

struct Approval {
    scope: Value,
    by: &'static str,
    key: OwnerKey,
    zone: ZoneId,
}

impl Approval {
    /// An approval by whoever may give it.
    fn of(scope: Value) -> Self {
        let listed = scope.get("declassification").is_none();
        let (by, key) = if listed { ("user:ben", ben()) } else { ("user:anna", owner()) };
        Self { scope, by, key, zone: ZoneId::work() }
    }

    fn body(&self) -> Vec<u8> {
        let fields = json!({
            "scope": self.scope, "justification": "Because I say so.", "approved_by": self.by, "approved_at": NOW,
            "expires_at": NOW + 300,
        });
        samples::approval(self.zone.clone(), &self.key, fields)
    }

    fn shown(&self) -> Value {
        json!({
            "approval": hex(self.body()), "now": NOW + 10,
            "trust": {
                "owner_key": hex(owner().public().as_bytes()), "object_id_key": hex(random::<32>("object id key")),
                "definition": hex(verdicts::definition()), "policy": hex(policy()), "manifest": hex(verdicts::manifest()),
                "revocations": [],
            },
        })
    }

    /// Held against the usual request.
    fn for_request(&self, changes: Value) -> Value {
        // What a request holds, bytes are hexadecimal.
        let usual = json!({
            "connector": "example.files", "operation": "files.write", "tier": "dangerous",
            "request_object_id": hex(random::<32>("request")), "input": input(), "provenance": provenance(),
            "computed": provenance(), "sink": {"zone": "z:public", "integrity": 0, "confidentiality": 10},
            "written": hex(random::<32>("written")),
        });
        with(&self.shown(), json!({"request": with(&usual, changes)}))
    }
}

/// `approval.verify`.
pub(super) fn approvals() -> Topic {
    let mut topic = Topic::new("05-zones", "approvals");
    let op = "approval.verify";
    for (name, scope) in
        [("elevation", elevation()), ("declassification", declassification()), ("execution", execution())]
    {
        topic.gives(op, name, "§5.2.1, D84", Approval::of(scope.clone()).shown(), allowed());
        let fits = Approval::of(scope).for_request(json!({}));
        topic.gives(op, &format!("{name}-for-a-request"), "§5.2.1, D130", fits, allowed());
    }
    approvers(&mut topic);
    windows(&mut topic);
    executions(&mut topic);
    elevations(&mut topic);
    declassifications(&mut topic);
    topic
}

fn approvers(topic: &mut Topic) {
    let op = "approval.verify";
    let mut case = |name: &str, section: &str, approval: Approval, out: Value| {
        topic.gives(op, name, section, approval.shown(), out);
    };
    let not_listed = || denied("approval.not_listed");
    let usual = || Approval::of(elevation());
    case("owner-in-her-own-name", "D84", Approval { by: "user:anna", key: owner(), ..usual() }, allowed());
    let forged = Approval { key: owner(), ..usual() };
    case("owner-in-the-name-of-a-listed-approver", "D84", forged, denied("sign.bad_signature"));
    case("stranger", "D84", Approval { by: "user:anna", ..usual() }, not_listed());
    let not_for_this = Approval { by: "user:ben", key: ben(), ..Approval::of(declassification()) };
    case("listed-for-something-else", "D84", not_for_this, not_listed());
    let by_owner = Approval { by: "user:ben", key: owner(), ..Approval::of(declassification()) };
    case("owner-for-what-the-approver-is-not-listed-for", "D84", by_owner, allowed());
    let elsewhere = Approval { zone: ZoneId::private(), ..usual() };
    case("of-another-zone", "D84, D130", elsewhere, denied("approval.wrong_zone"));
    let high = Approval::of(but(&elevation(), json!({"target_integrity": 61})));
    case("elevation-above-the-zone", "D83", high, denied("approval.target_too_high"));
    let low = Approval::of(but(&elevation(), json!({"target_integrity": 0})));
    case("elevation-to-nothing", "D83", low, allowed());

    let shown = usual().shown();
    let body = usual().body();
    let changed = with(&shown, json!({"approval": hex(flip(&body, body.len() - 1))}));
    topic.gives(op, "changed-signature", "§3.5.1", changed, denied("sign.bad_signature"));
    let malformed = super::edit::edit(&body, &["signature"], super::edit::bytes(&[0xff; 64]));
    let malformed = with(&shown, json!({"approval": hex(malformed)}));
    topic.gives(op, "malformed-signature", "D8", malformed, denied("sign.malformed"));
    let unsigned = super::edit::edit(&body, &["signature"], None);
    topic.reject(op, "without-signature", "G4", with(&shown, json!({"approval": hex(unsigned)})), "cbor.missing_key");
    let another = with(&shown, json!({"approval": hex(verdicts::definition())}));
    topic.reject(op, "no-approval", "§3.5", another, "object.schema_mismatch");
    let trust = with(&shown["trust"], json!({"manifest": hex(samples::zone_key_manifest(json!([]), json!([])))}));
    topic.reject(op, "heads-of-another-owner", "§3.5.1", with(&shown, json!({"trust": trust})), "sign.bad_signature");
}

fn windows(topic: &mut Topic) {
    let (op, usual) = ("approval.verify", Approval::of(elevation()));
    for (name, now, out) in [
        ("approved-within-the-skew-of-the-future", NOW - 120, allowed()),
        ("approved-in-the-future", NOW - 121, denied("approval.not_yet_valid")),
        ("in-its-last-second", NOW + 300, allowed()),
        ("expired-without-any-skew", NOW + 301, denied("approval.expired")),
    ] {
        topic.gives(op, name, "D7", with(&usual.shown(), json!({"now": now})), out);
    }
    let id = id(&usual.body());
    let revoked = |zone: ZoneId, from: u64| {
        let fields = json!({"revoked": [{"$hex": id}], "scope": "capability", "reason": "lost", "effective_at": from});
        let body = samples::owned("fcp.core:RevocationObject", zone, &[], fields);
        let shown = usual.shown();
        with(&shown, json!({"trust": with(&shown["trust"], json!({"revocations": [hex(body)]}))}))
    };
    let deny = denied("revocation.approval");
    topic.gives(op, "revoked", "D130, D165", revoked(ZoneId::work(), NOW), deny.clone());
    topic.gives(op, "revoked-everywhere", "D168", revoked(ZoneId::owner(), NOW), deny);
    topic.gives(op, "revoked-elsewhere", "D168", revoked(ZoneId::private(), NOW), allowed());
    topic.gives(op, "revoked-later", "D166", revoked(ZoneId::work(), NOW + 131), allowed());
}

/// An approval's id.
fn id(body: &[u8]) -> String {
    let derive = json!({
        "header": hex(samples::header_of(body)), "body": hex(body), "key": hex(random::<32>("object id key")),
    });
    let derived = ask("object.derive", &object(derive)).unwrap_or_default();
    derived["object_id"].as_str().unwrap_or_default().to_owned()
}

fn executions(topic: &mut Topic) {
    let op = "approval.verify";
    let usual = Approval::of(execution());
    let mut case = |name: &str, section: &str, input: Value, out: Value| topic.gives(op, name, section, input, out);
    let other = usual.for_request(json!({"connector": "example.mail"}));
    case("execution-of-another-connector", "§5.2.1", other, denied("approval.wrong_operation"));
    let other = usual.for_request(json!({"operation": "mail.send"}));
    case("execution-of-another-operation", "§5.2.1 rule 2", other, denied("approval.wrong_operation"));
    let other = usual.for_request(json!({"request_object_id": hex(random::<32>("other request"))}));
    case("execution-for-another-request", "§5.2.1 rule 1", other, denied("approval.wrong_request"));
    let other = usual.for_request(json!({"input": {"path": "/tmp/b", "mode": "fast"}}));
    case("execution-of-another-input", "D87", other, denied("approval.wrong_input"));

    let path = constraint("/path", "prefix", json!("/tmp/"));
    let mode = constraint("/mode", "eq", json!("fast"));
    let of = |changes: Value| Approval::of(but(&execution(), changes));
    let both = of(json!({"request_object_id": null, "input_hash": null, "input_constraints": [path, mode]}));
    case("execution-by-constraints-alone", "D88", both.for_request(json!({})), denied("approval.unbound"));
    let safe = json!({"tier": "safe"});
    case("safe-execution-by-constraints-alone", "D85, D88", both.for_request(safe.clone()), allowed());
    let risky = json!({"tier": "risky"});
    case("risky-execution-by-constraints-alone", "D88", both.for_request(risky.clone()), denied("approval.unbound"));
    let unbound = of(json!({"request_object_id": null}));
    case("risky-execution-of-any-request", "D88", unbound.for_request(risky.clone()), denied("approval.unbound"));
    case("safe-execution-of-any-request", "D88", unbound.for_request(safe.clone()), allowed());
    let unbound = of(json!({"input_hash": null, "input_constraints": [path, mode]}));
    case("risky-execution-of-any-input", "D88", unbound.for_request(risky), denied("approval.unbound"));
    let one = of(json!({"request_object_id": null, "input_hash": null, "input_constraints": [path]}));
    case("safe-execution-with-a-free-field", "D85", one.for_request(safe.clone()), denied("approval.uncovered_field"));
    let elsewhere = json!({"tier": "safe", "input": {"path": "/etc/a", "mode": "fast"}});
    case("safe-execution-elsewhere", "D86", both.for_request(elsewhere), denied("approval.constraint_failed"));
    let hashed = of(json!({"input_constraints": [constraint("/path", "suffix", json!("b"))]}));
    case(
        "execution-against-its-constraint",
        "D86",
        hashed.for_request(json!({})),
        denied("approval.constraint_failed"),
    );

    let many = Value::from(vec![mode; 65]);
    let long = json!([constraint("/mode", "neq", json!("a".repeat(4_094)))]);
    for (name, section, changes, code) in [
        ("65-constraints", "§5.2.1 rule 5", json!({"input_constraints": many}), "approval.too_many_constraints"),
        ("value-of-4097-bytes", "§5.2.1 rule 5", json!({"input_constraints": long}), "approval.value_too_large"),
        ("bound-to-nothing", "§5.2.1 rule 4", json!({"input_hash": null}), "approval.unbounded"),
    ] {
        topic.reject(op, &format!("execution-with-{name}"), section, of(changes).shown(), code);
    }
}

fn elevations(topic: &mut Topic) {
    let op = "approval.verify";
    let usual = Approval::of(elevation());
    let of = |changes: Value| Approval::of(but(&elevation(), changes));
    let other = |changes: Value| with(&provenance(), changes);
    for (name, section, input, out) in [
        (
            "elevation-of-another-operation",
            "D130",
            usual.for_request(json!({"operation": "files.writes"})),
            "approval.wrong_operation",
        ),
        (
            "elevation-of-another-claim",
            "D130",
            usual.for_request(json!({"provenance": other(json!({"created_at": NOW + 1}))})),
            "approval.wrong_provenance",
        ),
        (
            "elevation-of-less-integrity",
            "D130",
            usual.for_request(json!({"computed": other(json!({"integrity_label": 19}))})),
            "approval.worse_provenance",
        ),
        (
            "elevation-of-more-secrecy",
            "D130",
            usual.for_request(json!({"computed": other(json!({"confidentiality_label": 61}))})),
            "approval.worse_provenance",
        ),
        (
            "elevation-of-more-taint",
            "D130",
            usual.for_request(json!({"computed": other(json!({"taint": 3}))})),
            "approval.worse_provenance",
        ),
        (
            "elevation-for-another-request",
            "D83",
            usual.for_request(json!({"request_object_id": hex(random::<32>("other request"))})),
            "approval.wrong_request",
        ),
        ("elevation-of-another-input", "D83", usual.for_request(json!({"input": {}})), "approval.wrong_input"),
        (
            "elevation-of-any-request",
            "D83",
            of(json!({"request_object_id": null})).for_request(json!({})),
            "approval.unbound",
        ),
        ("elevation-of-any-input", "D83", of(json!({"input_hash": null})).for_request(json!({})), "approval.unbound"),
    ] {
        topic.gives(op, name, section, input, denied(out));
    }
    let better = other(json!({"integrity_label": 21, "confidentiality_label": 59, "taint": 0, "created_at": NOW + 9}));
    topic.gives(op, "elevation-of-better-data", "D130", usual.for_request(json!({"computed": better})), allowed());
    let free = of(json!({"request_object_id": null, "input_hash": null}));
    topic.gives(op, "safe-elevation-of-anything", "D83", free.for_request(json!({"tier": "safe"})), allowed());
}

fn declassifications(topic: &mut Topic) {
    let op = "approval.verify";
    let usual = Approval::of(declassification());
    let of = |changes: Value| Approval::of(but(&declassification(), changes));
    let sink = |zone: &str, level: u8| json!({"sink": {"zone": zone, "integrity": 0, "confidentiality": level}});
    let target = "approval.wrong_target";
    for (name, section, input, out) in [
        (
            "declassification-out-of-another-zone",
            "D130",
            of(json!({"from_zone": "z:private"})).for_request(json!({})),
            target,
        ),
        ("declassification-into-another-zone", "D130", usual.for_request(sink("z:community", 10)), target),
        ("declassification-to-a-lower-level", "D83", usual.for_request(sink("z:public", 9)), target),
        ("declassification-to-a-higher-level", "D83", usual.for_request(sink("z:public", 11)), target),
        ("declassification-to-an-unknown-place", "D83, D104", usual.for_request(json!({"sink": null})), target),
        (
            "declassification-of-another-object",
            "D130",
            usual.for_request(json!({"written": hex(random::<32>("secret"))})),
            "approval.wrong_objects",
        ),
        (
            "declassification-of-inline-data-not-named",
            "D83",
            usual.for_request(json!({"written": null})),
            "approval.wrong_objects",
        ),
        (
            "declassification-for-another-request",
            "D83",
            usual.for_request(json!({"request_object_id": hex(random::<32>("other request"))})),
            "approval.wrong_request",
        ),
        (
            "declassification-of-any-input",
            "D83",
            of(json!({"input_hash": null})).for_request(json!({})),
            "approval.unbound",
        ),
    ] {
        topic.gives(op, name, section, input, denied(out));
    }
    let unknown = of(json!({"target_confidentiality": 0}));
    topic.gives(op, "declassification-to-anywhere", "D83, D104", unknown.for_request(json!({"sink": null})), allowed());
    let inline = of(json!({"object_ids": [blob(random::<32>("request"))]}));
    topic.gives(op, "declassification-of-inline-data", "D83", inline.for_request(json!({"written": null})), allowed());
}
