//! Whether a token counts (§7.5): one mesh in which one does, and each change by which it does not.

use fcp_caps::token::CapabilityToken;
use fcp_core::cbor;
use fcp_core::id::{ObjectId, ObjectIdKey, ZoneId};
use fcp_core::object::Message as _;
use fcp_zones::membership::DeviceEnrollment;
use serde_json::{Value, json};

use super::identity::{NOW, attest, known, node_keys, owner};
use super::samples::{self, blob};
use super::topic::{Topic, ask, flip, hex, object, random, unhex, with};

const OP: &str = "token.verify";

/// The object-id key of the zone.
fn key() -> ObjectIdKey {
    ObjectIdKey::from_bytes(random("object id key"))
}

fn enrollment(node: &str, zones: &[&str]) -> Vec<u8> {
    let fields = json!({
        "node_id": node, "node_sig_pubkey": blob(node_keys(node).public().signing.as_bytes()), "allowed_zones": zones,
        "storage_permissions": [], "issued_at": NOW,
    });
    samples::owned("fcp.core:DeviceEnrollment", ZoneId::owner(), &[], fields)
}

fn enrollment_id(node: &str) -> ObjectId {
    let enrollment = known(DeviceEnrollment::from_body(&enrollment(node, &["z:private", "z:work"])));
    known(enrollment.seal_public()).id()
}

pub(super) fn definition() -> Vec<u8> {
    definition_of(&hex(random::<32>("policy")))
}

/// The definition of z:work with the policy of this id.
pub(super) fn definition_of(policy: &str) -> Vec<u8> {
    let fields = json!({
        "zone_id": "z:work", "name": "Work", "integrity_level": 60, "confidentiality_level": 60, "symbol_port": 7000,
        "control_port": 7001, "tailscale_tag": "tag:fcp-work", "policy_object_id": {"$hex": policy},
    });
    let policy = unhex(&Value::from(policy)).try_into().unwrap_or_default();
    samples::owned_with_refs(
        "fcp.core:ZoneDefinitionObject",
        ZoneId::work(),
        vec![ObjectId::from_bytes(policy)],
        fields,
    )
}

fn policy(issuers: &Value) -> Vec<u8> {
    policy_with(json!({"token_issuers": issuers}))
}

/// The policy of z:work, in which nDesk issues tokens to users, with `changes`.
pub(super) fn policy_with(changes: Value) -> Vec<u8> {
    let issuers = json!([{"node_id": "nDesk", "subs": ["user:*"]}]);
    let fields = json!({
        "zone_id": "z:work", "checkpoint_signers": ["nDesk"], "max_faults": 0, "approvers": [], "token_issuers": issuers,
        "policy": {
            "principals_allow": ["*"], "principals_deny": [], "connectors_allow": ["*"], "connectors_deny": [],
            "cap_allow": ["*"], "cap_deny": [],
        },
    });
    samples::owned("fcp.core:ZonePolicyObject", ZoneId::work(), &[], with(&fields, changes))
}

pub(super) fn manifest() -> Vec<u8> {
    let fields = json!({
        "zone_id": "z:work", "zone_key_id": blob(random::<8>("zone key id")), "algorithm": "chacha20poly1305",
        "valid_from": NOW, "object_id_key_id": blob(random::<8>("object id key id")), "wrapped_object_id_keys": [],
        "rekey_policy": {
            "epoch_ratchet_enabled": true, "overlap_secs": 300, "retain_epochs": 2, "rewrap_on_membership_change": true,
            "rotate_object_id_key_on_membership_change": false,
        },
        "wrapped_keys": [],
    });
    samples::owned("fcp.core:ZoneKeyManifest", ZoneId::work(), &[], fields)
}

/// A grant of `files.read` to the token's subject, with `changes`.
pub(super) fn grant(zone: ZoneId, changes: Value) -> Vec<u8> {
    let fields = json!({
        "capability_id": "files.read", "grantee": {"principal": "user:anna"}, "valid_from": NOW,
        "valid_until": NOW + 86_400,
        "constraints": {
            "resource_allow": ["https://a.example/files/"], "resource_deny": [], "max_calls": 100, "max_bytes": 1_000_000,
            "credential_allow": ["cred:notes"],
        },
        "placement": {"requires": [], "prefers": [], "excludes": [], "zones": []},
    });
    samples::owned("fcp.core:CapabilityObject", zone, &[], with(&fields, changes))
}

fn usual_grant() -> Vec<u8> {
    grant(ZoneId::work(), json!({}))
}

/// An object's id under the zone's key: its header is in its body.
pub(super) fn id(body: &[u8]) -> String {
    let value: cbor::Value = known(cbor::decode(&body[32..]));
    let header = value.get("header").map(cbor::encode).unwrap_or_default();
    let derived = json!({"header": hex(&header), "body": hex(body), "key": hex(random::<32>("object id key"))});
    let derived = ask("object.derive", &object(derived)).unwrap_or_default();
    derived["object_id"].as_str().unwrap_or_default().to_owned()
}

pub(super) fn claims(grants: &[Vec<u8>]) -> Value {
    let grants: Vec<String> = grants.iter().map(|grant| id(grant)).collect();
    json!({
        "iss": "z:work", "sub": "user:anna", "aud": "example.files", "exp": NOW + 300, "iat": NOW,
        "cti": hex(random::<16>("jti")), "iss_node": "nDesk", "grant_object_ids": grants,
        "caps": [{"capability": "files.read"}], "chk_id": hex(random::<32>("checkpoint 42")), "chk_seq": 42,
        "holder_node": "nLaptop", "aud_binary": hex(random::<32>("binary")),
    })
}

fn minted_by(node: &str, claims: &Value) -> Vec<u8> {
    let key = node_keys(node).issuance;
    let seed = random::<32>(&format!("{node} issuance"));
    let input = json!({"claims": claims, "kid": hex(key.public().kid().as_bytes()), "secret": hex(seed)});
    ask("token.mint", &object(input)).unwrap_or_default().get("cwt").map(unhex).unwrap_or_default()
}

/// A request about a token with these claims that draws on these grants.
pub(super) fn about(claims: &Value, grants: &[Vec<u8>]) -> Value {
    let listed = |bodies: &[Vec<u8>]| Value::from(bodies.iter().map(hex).collect::<Vec<_>>());
    let attestations = ["nDesk", "nLaptop"].map(|node| attest(node, None).to_body());
    let enrollments = ["nDesk", "nLaptop"].map(|node| enrollment(node, &["z:private", "z:work"]));
    json!({
        "cwt": hex(minted_by("nDesk", claims)), "now": NOW + 10,
        "audience": {
            "zone": "z:work", "connector": "example.files", "binary": hex(random::<32>("binary")), "tier": "risky",
        },
        "trust": {
            "owner_key": hex(owner().public().as_bytes()), "object_id_key": hex(random::<32>("object id key")),
            "attestations": listed(&attestations), "enrollments": listed(&enrollments), "definition": hex(definition()),
            "policy": hex(policy(&json!([{"node_id": "nDesk", "subs": ["user:*"]}]))), "manifest": hex(manifest()),
            "grants": listed(grants), "capabilities": [{"id": "files.read", "safety_tier": "risky"}], "revocations": [],
            "checkpoint": {"id": hex(random::<32>("checkpoint 42")), "seq": 42, "created_at": NOW},
            "freshness": {
                "max_checkpoint_age_secs": 300, "allow_safe_ops_in_degraded_mode": true,
                "allow_risky_ops_with_interactive_override": true,
            },
        },
    })
}

/// `input` with other values in some fields of one of its objects.
fn within(input: &Value, part: &str, changes: Value) -> Value {
    with(input, json!({part: with(&input[part], changes)}))
}

/// The usual request about a token with other claims.
fn claiming(changes: Value) -> Value {
    about(&with(&claims(&[usual_grant()]), changes), &[usual_grant()])
}

/// The usual request, in which the token draws on other grants.
fn drawing_on(grants: &[Vec<u8>]) -> Value {
    about(&claims(grants), grants)
}

struct Cases {
    topic: Topic,
}

impl Cases {
    fn allow(&mut self, name: &str, section: &str, input: Value, mode: &str) {
        let out = json!({"verdict": "allow", "reason": "allow", "mode": mode});
        self.topic.gives(OP, name, section, input, out);
    }

    fn deny(&mut self, name: &str, section: &str, input: Value, reason: &str) {
        self.topic.gives(OP, name, section, input, json!({"verdict": "deny", "reason": reason}));
    }
}

/// `token.verify`.
pub(super) fn verdicts() -> Topic {
    let mut cases = Cases { topic: Topic::new("07-capabilities", "verdicts") };
    let usual = claiming(json!({}));
    cases.allow("usual", "§7.5", usual.clone(), "fresh");
    signature_and_time(&mut cases, &usual);
    audience(&mut cases, &usual);
    issuer_and_holder(&mut cases, &usual);
    revocation(&mut cases, &usual);
    checkpoint(&mut cases, &usual);
    grants(&mut cases, &usual);
    untrusted(&mut cases, &usual);
    cases.topic
}

fn signature_and_time(cases: &mut Cases, usual: &Value) {
    let cwt = unhex(&usual["cwt"]);
    let changed = with(usual, json!({"cwt": hex(flip(&cwt, cwt.len() - 40))}));
    cases.deny("changed-signature", "§7.5, D109", changed, "token.signature_invalid");
    let changed = with(usual, json!({"cwt": hex(flip(&cwt, cwt.len() - 70))}));
    cases.deny("changed-claim", "§7.5, D109", changed, "token.signature_invalid");
    let forged = with(usual, json!({"cwt": hex(minted_by("nLaptop", &claims(&[usual_grant()])))}));
    cases.deny("key-of-another-node", "§7.5, D107", forged, "token.issuer_unknown");
    let unattested = within(usual, "trust", json!({"attestations": [usual["trust"]["attestations"][1]]}));
    cases.deny("issuer-not-attested", "§7.5", unattested, "token.issuer_unknown");

    let issued = |at: u64| claiming(json!({"iat": at}));
    cases.allow("issued-within-the-skew-of-the-future", "D7, D113", issued(NOW + 130), "fresh");
    cases.deny("issued-in-the-future", "D7, D113", issued(NOW + 131), "token.not_yet_valid");
    let checkpoint = json!({"checkpoint": with(&usual["trust"]["checkpoint"], json!({"created_at": NOW + 400}))});
    let late = |now: u64| with(&within(usual, "trust", checkpoint.clone()), json!({"now": now}));
    cases.allow("expired-within-the-skew", "D7", late(NOW + 420), "fresh");
    cases.deny("expired", "D7", late(NOW + 421), "token.expired");
    cases.allow("risky-for-900-seconds", "D112", claiming(json!({"exp": NOW + 900})), "fresh");
    let long = claiming(json!({"exp": NOW + 901}));
    cases.allow("safe-for-901-seconds", "D112", within(&long, "audience", json!({"tier": "safe"})), "fresh");
    cases.deny("risky-for-901-seconds", "D112", long, "token.bad_lifetime");
}

fn audience(cases: &mut Cases, usual: &Value) {
    let shown = |changes: Value| within(usual, "audience", changes);
    cases.deny("shown-in-another-zone", "D107", shown(json!({"zone": "z:private"})), "token.zone_mismatch");
    let elsewhere = shown(json!({"connector": "example.mail"}));
    cases.deny("shown-to-another-connector", "§7.5 rule 1", elsewhere, "token.aud_mismatch");
    let other = json!({"binary": hex(random::<32>("other binary"))});
    cases.deny("another-build", "§7.5 rule 1, D107", shown(other), "token.binary_mismatch");
    cases.deny("unknown-build", "§7.5 rule 1, D107", shown(json!({"binary": null})), "token.binary_mismatch");
    let any_build = claiming(json!({"aud_binary": null}));
    cases.allow("safe-for-any-build", "§7.5 rule 1", within(&any_build, "audience", json!({"tier": "safe"})), "fresh");
    cases.deny("risky-for-any-build", "§7.5 rule 1", any_build, "token.binary_missing");
    let of_one = claiming(json!({"instance": "instance-1"}));
    let to = |instance: &str| within(&of_one, "audience", json!({"instance": instance}));
    cases.allow("for-this-instance", "§7.5, D108", to("instance-1"), "fresh");
    cases.deny("for-another-instance", "§7.5, D108", to("instance-2"), "token.instance_mismatch");
    cases.deny("for-an-instance-of-none", "§7.5, D108", of_one, "token.instance_mismatch");
    let with_instance = shown(json!({"instance": "instance-1"}));
    cases.allow("for-any-instance", "§7.5, D108", with_instance, "fresh");
}

fn issuer_and_holder(cases: &mut Cases, usual: &Value) {
    let issuers = |issuers: Value| within(usual, "trust", json!({"policy": hex(policy(&issuers))}));
    for (name, listed) in [
        ("no-issuer-listed", json!([])),
        ("another-issuer-listed", json!([{"node_id": "nLaptop", "subs": ["*"]}])),
        ("issuer-of-other-subjects", json!([{"node_id": "nDesk", "subs": ["agent:*", "user:ann"]}])),
    ] {
        cases.deny(name, "D107, D200", issuers(listed), "token.issuer_not_allowed");
    }
    let either = json!([{"node_id": "nDesk", "subs": ["agent:*", "user:ann?"]}]);
    cases.allow("issuer-of-this-subject-too", "D107, D200", issuers(either), "fresh");
    let enrolled = |desk: &[&str], laptop: &[&str]| {
        let enrollments = json!([hex(enrollment("nDesk", desk)), hex(enrollment("nLaptop", laptop))]);
        within(usual, "trust", json!({"enrollments": enrollments}))
    };
    let not_issuer = enrolled(&["z:private"], &["z:work"]);
    cases.deny("issuer-of-another-zone", "D107, D181", not_issuer, "token.issuer_not_member");
    let not_holder = enrolled(&["z:work"], &["z:private"]);
    cases.deny("holder-of-another-zone", "D107, D181", not_holder, "token.holder_not_member");
    let listed = |at: usize| within(usual, "trust", json!({"enrollments": [usual["trust"]["enrollments"][at]]}));
    cases.deny("issuer-not-enrolled", "D107, D181", listed(1), "token.issuer_not_member");
    cases.deny("holder-not-enrolled", "D107, D181", listed(0), "token.holder_not_member");
    let anybody = claiming(json!({"holder_node": null}));
    cases.allow("safe-without-holder", "D116", within(&anybody, "audience", json!({"tier": "safe"})), "fresh");
    cases.deny("risky-without-holder", "D116", anybody, "token.holder_missing");
}

fn revocation(cases: &mut Cases, usual: &Value) {
    let token = known(CapabilityToken::decode(&unhex(&usual["cwt"]))).id(&key());
    let revoking = |id: &str, zone: ZoneId, from: u64| {
        let revoked = json!([{"$hex": id}]);
        let fields = json!({"revoked": revoked, "scope": "capability", "reason": "lost", "effective_at": from});
        let body = samples::owned("fcp.core:RevocationObject", zone, &[], fields);
        within(usual, "trust", json!({"revocations": [hex(body)]}))
    };
    let attestation = |node: &str| hex(attest(node, None).id().as_bytes());
    let enrollment = |node: &str| hex(enrollment_id(node).as_bytes());
    for (name, id, reason) in [
        ("token-revoked", hex(token.as_bytes()), "revocation.token"),
        ("issuer-s-attestation-revoked", attestation("nDesk"), "revocation.issuer"),
        ("issuer-s-enrollment-revoked", enrollment("nDesk"), "revocation.issuer"),
        ("holder-s-attestation-revoked", attestation("nLaptop"), "revocation.holder"),
        ("holder-s-enrollment-revoked", enrollment("nLaptop"), "revocation.holder"),
        ("grant-revoked", id(&usual_grant()), "revocation.grant"),
        ("build-revoked", hex(random::<32>("binary")), "revocation.binary"),
        ("zone-key-revoked", id(&manifest()), "revocation.zone_key"),
    ] {
        cases.deny(name, "§14.3, D164, D165", revoking(&id, ZoneId::work(), NOW), reason);
    }
    let id = hex(token.as_bytes());
    cases.deny("token-revoked-everywhere", "D168", revoking(&id, ZoneId::owner(), NOW), "revocation.token");
    cases.allow("token-revoked-elsewhere", "D168", revoking(&id, ZoneId::private(), NOW), "fresh");
    cases.allow("token-revoked-later", "D166", revoking(&id, ZoneId::work(), NOW + 131), "fresh");
}

fn checkpoint(cases: &mut Cases, usual: &Value) {
    let held = |changes: Value, tier: &str| {
        let checkpoint = json!({"checkpoint": with(&usual["trust"]["checkpoint"], changes)});
        within(&within(usual, "trust", checkpoint), "audience", json!({"tier": tier}))
    };
    let other = hex(random::<32>("checkpoint of a fork"));
    cases.deny("other-checkpoint-42", "D111", held(json!({"id": other}), "risky"), "token.checkpoint_fork");
    cases.deny("safe-and-other-checkpoint-42", "D111", held(json!({"id": other}), "safe"), "token.checkpoint_fork");
    let ahead = held(json!({"id": hex(random::<32>("checkpoint 43")), "seq": 43}), "risky");
    cases.allow("checkpoint-43-held", "D111", ahead.clone(), "fresh");
    let was = |id: &str| within(&ahead, "trust", json!({"known_checkpoints": [{"seq": 42, "id": id}]}));
    cases.allow("checkpoint-42-was-this-one", "D111", was(&hex(random::<32>("checkpoint 42"))), "fresh");
    cases.deny("checkpoint-42-was-another-one", "D111", was(&other), "token.checkpoint_fork");
    let forked = within(&ahead, "trust", json!({"forks": [hex(random::<32>("checkpoint 42"))]}));
    cases.deny("checkpoint-42-is-of-a-fork", "D111", forked, "token.checkpoint_fork");
    let behind = |tier: &str| held(json!({"id": hex(random::<32>("checkpoint 41")), "seq": 41}), tier);
    cases.deny("checkpoint-41-held", "D111, D162", behind("risky"), "checkpoint.behind");
    cases.allow("safe-and-checkpoint-41-held", "§14.3.1", behind("safe"), "degraded");
    let old = |tier: &str| held(json!({"created_at": NOW - 291}), tier);
    cases.deny("checkpoint-too-old", "D162", old("risky"), "revocation.stale_frontier");
    cases.allow("safe-and-checkpoint-too-old", "§14.3.1", old("safe"), "degraded");
    let incomplete = held(json!({"complete": false}), "risky");
    cases.deny("revocations-missing", "D162", incomplete, "revocation.incomplete");
    let none = within(usual, "trust", json!({"checkpoint": null}));
    cases.deny("no-checkpoint-held", "D162", none, "revocation.stale_frontier");
}

fn grants(cases: &mut Cases, usual: &Value) {
    let with_grant = |changes: Value| drawing_on(&[grant(ZoneId::work(), changes)]);
    let missing = within(usual, "trust", json!({"grants": []}));
    cases.deny("grant-not-held", "§7.5, D129", missing, "grant.missing");
    let elsewhere = drawing_on(&[grant(ZoneId::private(), json!({}))]);
    cases.deny("grant-of-another-zone", "D107", elsewhere, "grant.wrong_zone");
    let both = drawing_on(&[usual_grant(), grant(ZoneId::private(), json!({"capability_id": "files.list"}))]);
    cases.deny("one-grant-of-another-zone", "D107", both, "grant.wrong_zone");
    for (name, section, changes, reason) in [
        ("grant-of-another-capability", "D123", json!({"capability_id": "files.list"}), "grant.insufficient"),
        ("grant-of-the-parent", "D123", json!({"capability_id": "files"}), "grant.insufficient"),
        ("granted-after-the-token", "D118", json!({"valid_from": NOW + 1}), "grant.not_valid"),
        ("grant-ends-before-the-token", "D118", json!({"valid_until": NOW + 299}), "grant.not_valid"),
        ("granted-to-another", "D118", json!({"grantee": {"principal": "user:bob"}}), "grant.wrong_grantee"),
        ("granted-to-another-zone", "D118", json!({"grantee": {"zone": "z:private"}}), "grant.wrong_grantee"),
        ("granted-to-another-tag", "D118", json!({"grantee": {"tag": "fcp-public"}}), "grant.wrong_grantee"),
        ("granted-to-the-bearer", "D118", json!({"grantee": "bearer"}), "grant.bearer_not_safe"),
    ] {
        cases.deny(name, section, with_grant(changes), reason);
    }
    for (name, changes) in [
        ("grant-as-long-as-the-token", json!({"valid_until": NOW + 300})),
        ("granted-to-the-zone", json!({"grantee": {"zone": "z:work"}})),
        ("granted-to-a-tag", json!({"grantee": {"tag": "fcp-private"}})),
    ] {
        cases.allow(name, "D118", with_grant(changes), "fresh");
    }
    let safe = within(&with_grant(json!({"grantee": "bearer"})), "audience", json!({"tier": "safe"}));
    cases.allow("granted-to-the-bearer-of-something-safe", "D118", safe, "fresh");
    two_capabilities(cases);

    let attenuated = |bounds: Value| {
        let none = json!({"resource_allow": [], "resource_deny": [], "credential_allow": []});
        claiming(json!({"attenuation": with(&none, bounds)}))
    };
    for (name, bounds) in [
        ("attenuated-to-nothing", json!({})),
        ("attenuated", json!({"resource_allow": ["https://a.example/files/a"], "max_calls": 100, "max_bytes": 1})),
        ("attenuated-to-the-credential", json!({"credential_allow": ["cred:notes"]})),
        ("attenuated-by-more-denials", json!({"resource_deny": ["https://"]})),
    ] {
        cases.allow(name, "§7.5, D121", attenuated(bounds), "fresh");
    }
    for (name, bounds) in [
        ("attenuation-with-one-call-more", json!({"max_calls": 101})),
        ("attenuation-with-one-byte-more", json!({"max_bytes": 1_000_001})),
        ("attenuation-to-everything", json!({"resource_allow": ["*"]})),
        ("attenuation-to-the-folder-above", json!({"resource_allow": ["https://a.example/"]})),
        ("attenuation-with-another-credential", json!({"credential_allow": ["cred:mail"]})),
    ] {
        cases.deny(name, "§7.5, D121", attenuated(bounds), "token.attenuation_expands");
    }
}

fn two_capabilities(cases: &mut Cases) {
    let grants = [usual_grant(), grant(ZoneId::work(), json!({"capability_id": "files.list"}))];
    let caps = json!({"caps": [{"capability": "files.list"}, {"capability": "files.read"}]});
    let two = about(&with(&claims(&grants), caps.clone()), &grants);
    cases.allow("two-capabilities-of-two-grants", "§7.5, D123", two.clone(), "fresh");
    let meaning = |conflicts: Value| json!({"capabilities": [{"id": "files.read", "safety_tier": "risky", "conflicts_with": conflicts}]});
    let excluded = within(&two, "trust", meaning(json!(["files.list"])));
    cases.deny("capabilities-that-conflict", "D123", excluded, "capability.conflict");
    let unrelated = within(&two, "trust", meaning(json!(["files.write"])));
    cases.allow("capabilities-that-conflict-with-others", "D123", unrelated, "fresh");
    cases.deny("one-of-two-capabilities-not-granted", "§7.5", claiming(caps), "grant.insufficient");
}

/// What the mesh's owner did not sign.
fn untrusted(cases: &mut Cases, usual: &Value) {
    let manifest = json!({"manifest": hex(samples::zone_key_manifest(json!([]), json!([])))});
    let revocations = json!({"revocations": [hex(samples::revocation(&["token"], "z:work", NOW, None))]});
    for (name, of_another) in [("manifest-of-another-owner", manifest), ("revocation-of-another-owner", revocations)] {
        cases.topic.reject(OP, name, "§3.5.1", within(usual, "trust", of_another), "sign.bad_signature");
    }
}
