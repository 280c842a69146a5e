//! The first half of the checks: the request's form, its token, the holder's proof and the grants.

use fcp_caps::pop::HolderNonce;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::time::Timestamp;
use serde_json::{Value, json};

use super::{Call, Cases, OP, OWN, execution, resource, set, usual};
use crate::vecgen::identity::NOW;
use crate::vecgen::samples::{self, blob};
use crate::vecgen::topic::{hex, random, with};
use crate::vecgen::verdicts::id;

pub(super) fn form(cases: &mut Cases) {
    let unknown = "capability.unknown_operation";
    cases.deny("unknown-operation", "D102", unknown, |call| set(&mut call.rule, json!({"operation": "files.list"})));
    cases.deny("unknown-connector", "D102", unknown, |call| set(&mut call.rule, json!({"connector": "example.mail"})));
    let presenting = |count: u8| {
        move |call: &mut Call| {
            let ids: Vec<Value> = (0..count).map(|index| blob([index; 32])).collect();
            set(&mut call.presented, json!({"approval_tokens": ids}));
        }
    };
    cases.deny("65-approvals", "§8.1, D200", "approval.too_many", presenting(65));
    let many = |call: &mut Call| {
        // With the resource they are one too many.
        call.refs = (0..1_024_u64).map(|index| (ObjectId::from_bytes(random(&index.to_string())), None)).collect();
    };
    cases.deny("1025-inputs", "§8.1", "provenance.too_many_inputs", many);
    let garbage = |call: &mut Call| set(&mut call.request, json!({"capability_token": blob([0x80])}));
    cases.deny("no-token", "D109", "token.malformed", garbage);

    let context = usual().context();
    let section = "D115, D200";
    let mut rejected = |name: &str, call: Call, code: &str| {
        cases.topic.reject(OP, name, section, call.context(), code);
    };
    let elsewhere = Call { request: json!({"zone_id": "z:private"}), ..usual() };
    rejected("header-of-another-zone", elsewhere, "object.zone_mismatch");
    let unsorted = json!({"approval_tokens": [blob([2; 32]), blob([1; 32])]});
    rejected("approvals-unsorted", Call { presented: unsorted, ..usual() }, "object.list_order");
    let definition = with(&context, json!({"request": context["trust"]["definition"]}));
    cases.topic.reject(OP, "no-request", "§3.5", definition, "object.schema_mismatch");
    let header = hex(samples::header("fcp.core:InvokeResponse", ZoneId::work(), Vec::new()));
    let header = with(&context, json!({"header": header}));
    cases.topic.reject(OP, "header-of-another-schema", "§3.5", header, "object.schema_mismatch");
}

pub(super) fn token(cases: &mut Cases) {
    let claiming = |claims: Value| move |call: &mut Call| set(&mut call.claims, claims.clone());
    cases.deny("token-of-an-unknown-zone", "D74", "zone.unknown", claiming(json!({"iss": "z:private"})));
    cases.deny("changed-signature", "§7.5, D109", "token.signature_invalid", |call| call.flipped = Some(40));
    cases.deny("expired", "D7", "token.expired", claiming(json!({"iat": NOW - 300, "exp": NOW - 111})));
    cases.deny("risky-for-901-seconds", "D112", "token.bad_lifetime", claiming(json!({"exp": NOW + 901})));
    cases.deny("in-another-zone", "D107", "token.zone_mismatch", |call| call.zone = ZoneId::private());
    cases.deny("for-another-connector", "§7.5 rule 1", "token.aud_mismatch", claiming(json!({"aud": "example.mail"})));
    let instance = |call: &mut Call| {
        set(&mut call.claims, json!({"instance": "instance-1"}));
        set(&mut call.request, json!({"instance_id": "instance-2"}));
    };
    cases.deny("for-another-instance", "§7.5, D108", "token.instance_mismatch", instance);
    let build = json!({"binary": hex(random::<32>("other binary"))});
    cases.deny("another-build", "D107", "token.binary_mismatch", |call| set(&mut call.context, build.clone()));
    let issuers = |call: &mut Call| set(&mut call.policy, json!({"token_issuers": []}));
    cases.deny("no-issuer-listed", "D107, D200", "token.issuer_not_allowed", issuers);
    let trust = usual().token().1;
    let enrolled = |at: usize| json!({"enrollments": [trust["enrollments"][at]]});
    let issuer = |call: &mut Call| set(&mut call.trust, enrolled(1));
    cases.deny("issuer-not-enrolled", "D107, D181", "token.issuer_not_member", issuer);
    let holder = |call: &mut Call| set(&mut call.trust, enrolled(0));
    cases.deny("holder-not-enrolled", "D107, D181", "token.holder_not_member", holder);
}

/// A revocation of this id in z:work.
pub(super) fn revoking(id: &str) -> Value {
    let fields = json!({"revoked": [{"$hex": id}], "scope": "capability", "reason": "lost", "effective_at": NOW});
    json!({"revocations": [hex(samples::owned("fcp.core:RevocationObject", ZoneId::work(), &[], fields))]})
}

pub(super) fn revocation(cases: &mut Cases) {
    let grant = |call: &mut Call| set(&mut call.trust, revoking(&id(&usual().grant())));
    cases.deny("grant-revoked", "§14.3, D165", "revocation.grant", grant);
    let binary = |call: &mut Call| set(&mut call.trust, revoking(&hex(random::<32>("binary"))));
    cases.deny("build-revoked", "§14.3, D165", "revocation.binary", binary);
    let held = |changes: Value| {
        move |call: &mut Call| {
            let checkpoint = with(&usual().token().1["checkpoint"], changes.clone());
            set(&mut call.trust, json!({"checkpoint": checkpoint}));
        }
    };
    let old = held(json!({"created_at": NOW - 291}));
    let fork = held(json!({"id": hex(random::<32>("checkpoint of a fork"))}));
    cases.deny("other-checkpoint-42", "D111", "token.checkpoint_fork", fork);
    let behind = held(json!({"id": hex(random::<32>("checkpoint 41")), "seq": 41}));
    cases.deny("checkpoint-41-held", "D111, D162", "checkpoint.behind", &behind);
    cases.deny("revocations-missing", "D162", "revocation.incomplete", held(json!({"complete": false})));
    cases.deny("checkpoint-too-old", "D162", "revocation.stale_frontier", &old);
    let safe = |call: &mut Call| {
        old(call);
        set(&mut call.rule, json!({"tier": "safe"}));
    };
    cases.allow("safe-and-checkpoint-too-old", "§14.3.1", OWN, "degraded", safe);
    let approved = |call: &mut Call| {
        old(call);
        call.approvals = vec![execution];
    };
    cases.allow("approved-and-checkpoint-too-old", "§14.3.1, D162", OWN, "overridden", approved);
    let unbound = |call: &mut Call| {
        old(call);
        call.approvals = vec![|_| execution(blob(random::<32>("other request")))];
    };
    let name = "other-request-approved-and-checkpoint-too-old";
    cases.deny(name, "§14.3.1, D162", "revocation.stale_frontier", unbound);
    let behind = |call: &mut Call| {
        behind(call);
        call.approvals = vec![execution];
    };
    cases.deny("approved-and-checkpoint-41-held", "D162", "checkpoint.behind", behind);
}

pub(super) fn proof(cases: &mut Cases) {
    let elsewhere = |call: &mut Call| set(&mut call.request, json!({"target_node": "nPhone"}));
    cases.deny("for-another-node", "D114", "execution.wrong_node", elsewhere);
    for (name, left_out) in [("no-nonce", "holder_nonce"), ("no-proof", "holder_proof")] {
        let change = |call: &mut Call| set(&mut call.presented, json!({left_out: null}));
        cases.deny(name, "§7.5 rule 4, D116", "holder_proof.missing", change);
    }
    let at = |secs: u64| HolderNonce::of_epoch(Timestamp::from_secs(secs), random("proof"));
    let bad = "holder_proof.bad_nonce";
    cases.allow("nonce-of-the-epoch-before", "D114", OWN, "fresh", |call| call.nonce = at(NOW + 10 - 300));
    cases.deny("nonce-of-two-epochs-before", "D114", bad, |call| call.nonce = at(NOW + 10 - 600));
    cases.deny("nonce-of-two-epochs-later", "D114", bad, |call| call.nonce = at(NOW + 10 + 600));
    let challenged = |call: &mut Call| set(&mut call.context, json!({"challenge": hex(random::<16>("challenge"))}));
    cases.deny("nonce-instead-of-the-challenge", "D114", bad, challenged);
    let answered = |call: &mut Call| {
        challenged(call);
        call.nonce = HolderNonce::from_bytes(random("challenge"));
    };
    cases.allow("challenge-answered", "D114", OWN, "fresh", answered);
    let signature = "holder_proof.bad_signature";
    cases.deny("proof-of-another-node", "§7.5 rule 4, D114", signature, |call| call.prover = "nDesk");
    let used = |nonce: HolderNonce| {
        let proof = json!({
            "jti": hex(random::<16>("jti")), "request_object_id": hex(usual().id().as_bytes()),
            "nonce": hex(nonce.as_bytes()),
        });
        move |call: &mut Call| set(&mut call.context, json!({"used_proofs": [proof.clone()]}))
    };
    cases.deny("proof-used-before", "D114", "holder_proof.replayed", used(usual().nonce));
    cases.allow("another-proof-used-before", "D114", OWN, "fresh", used(at(NOW - 290)));
}

pub(super) fn grants(cases: &mut Cases) {
    let insufficient = "capability.insufficient";
    let list = |call: &mut Call| set(&mut call.rule, json!({"capability": "files.list"}));
    cases.deny("capability-not-in-the-token", "§7.5", insufficient, list);
    let caps = |operation: &'static str| {
        move |call: &mut Call| {
            set(&mut call.claims, json!({"caps": [{"capability": "files.read", "operation": operation}]}));
        }
    };
    cases.deny("token-for-another-operation", "§7.5", insufficient, caps("files.list"));
    cases.allow("token-for-this-operation", "§7.5", OWN, "fresh", caps("files.read"));
    let missing = |call: &mut Call| set(&mut call.trust, json!({"grants": []}));
    cases.deny("grant-not-held", "§7.5, D129", "grant.missing", missing);
    let granting = |changes: Value| move |call: &mut Call| set(&mut call.grant, changes.clone());
    let bob = granting(json!({"grantee": {"principal": "user:bob"}}));
    cases.deny("granted-to-another", "D118", "grant.wrong_grantee", bob);
    let placed = |changes: Value| {
        let anywhere = json!({"requires": [], "prefers": [], "excludes": [], "zones": []});
        granting(json!({"placement": with(&anywhere, changes)}))
    };
    let excluded = "grant.device_not_allowed";
    cases.deny("device-excluded", "§7.4, D174", excluded, placed(json!({"excludes": ["nDes*"]})));
    cases.deny("device-excluded-by-its-tag", "§7.4, D174", excluded, placed(json!({"excludes": ["fcp-work"]})));
    cases.deny("placed-in-another-zone", "§7.4, D174", excluded, placed(json!({"zones": ["z:private"]})));
    let power = placed(json!({"requires": ["on_power"]}));
    cases.deny("device-without-proof-of-power", "§7.4", "grant.device_unproven", power);
    let tag = placed(json!({"requires": [{"tailscale_tag": "fcp-work"}]}));
    cases.allow("device-with-its-tag", "§7.4", OWN, "fresh", tag);

    let unknown = |call: &mut Call| set(&mut call.context, json!({"resources": []}));
    cases.deny("resource-not-held", "D121", "grant.resource_unknown", unknown);
    let naming =
        |uri: &'static str| move |call: &mut Call| call.resources = vec![resource(json!({"resource_uri": uri}))];
    let bad = "grant.bad_resource_uri";
    cases.deny("resource-above-its-folder", "D121", bad, naming("https://a.example/files/../b"));
    cases.deny("resource-with-a-host-in-upper-case", "D121", bad, naming("https://A.example/files/a"));
    let other = naming("https://a.example/filesystem");
    cases.deny("resource-in-another-folder", "§7.3, D121", "grant.resource_not_allowed", other);
    let denying = granting(json!({"constraints": {
        "resource_allow": ["https://a.example/"], "resource_deny": ["https://a.example/files/"], "credential_allow": [],
    }}));
    cases.deny("resource-denied", "§7.3, D121", "grant.resource_denied", denying);

    let spent = |calls: u32, bytes: u64| {
        let spent = json!({"grant": id(&usual().grant()), "calls": calls, "bytes": bytes});
        move |call: &mut Call| set(&mut call.context, json!({"spent": [spent.clone()]}))
    };
    // The input has 23 bytes.
    cases.allow("last-call-and-bytes", "§7.3, D122", OWN, "fresh", spent(99, 1_000_000 - 23));
    cases.deny("calls-spent", "§7.3, D122", "grant.calls_spent", spent(100, 0));
    cases.deny("bytes-spent", "§7.3, D122", "grant.bytes_spent", spent(0, 1_000_000 - 22));
    let attenuated = |calls: u32| {
        move |call: &mut Call| {
            let bounds = json!({
                "resource_allow": ["https://a.example/files/"], "resource_deny": [], "max_calls": 5, "credential_allow": [],
            });
            set(&mut call.claims, json!({"attenuation": bounds}));
            set(&mut call.context, json!({"spent": [{"jti": hex(random::<16>("jti")), "calls": calls, "bytes": 0}]}));
        }
    };
    cases.allow("last-call-of-the-token", "§7.5, D122", OWN, "fresh", attenuated(4));
    cases.deny("calls-of-the-token-spent", "§7.5, D122", "grant.calls_spent", attenuated(5));
}
