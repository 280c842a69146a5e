//! The second half of the checks: policy, taint, secrecy, approvals and the idempotency key.

use fcp_core::id::ObjectId;
use serde_json::{Value, json};

use super::holder::revoking;
use super::{
    Call, Cases, OWN, Scope, USER, confessed, declassification, elevation, elevation_to, execution, provenance, public,
    resource, secret, set, stored, unblob,
};
use crate::vecgen::samples::blob;
use crate::vecgen::topic::{hex, random, with};
use crate::vecgen::verdicts::{self, id};

pub(super) fn policy(cases: &mut Cases) {
    let lists = |changes: Value| {
        let open = json!({
            "principals_allow": ["*"], "principals_deny": [], "connectors_allow": ["*"], "connectors_deny": [],
            "cap_allow": ["*"], "cap_deny": [],
        });
        move |call: &mut Call| set(&mut call.policy, json!({"policy": with(&open, changes.clone())}))
    };
    for (name, changes, reason) in [
        ("principal-denied", json!({"principals_deny": ["user:*"]}), "zone_policy.principal_denied"),
        ("connector-not-allowed", json!({"connectors_allow": ["other.*"]}), "zone_policy.connector_not_allowed"),
        ("capability-denied", json!({"cap_deny": ["files.read"]}), "zone_policy.capability_denied"),
    ] {
        cases.deny(name, "§5.3, D78", reason, lists(changes));
    }
    // The definition of other vectors names some other policy.
    let degraded = json!({"definition": hex(verdicts::definition())});
    let change = |call: &mut Call| set(&mut call.trust, degraded.clone());
    cases.deny("definition-with-another-policy", "D81", "zone_policy.degraded", change);
    let safe = |call: &mut Call| {
        change(call);
        set(&mut call.rule, json!({"tier": "safe"}));
    };
    cases.allow("safe-and-definition-with-another-policy", "D81", OWN, "fresh", safe);
}

fn tier(tier: &'static str) -> impl Fn(&mut Call) {
    move |call| set(&mut call.rule, json!({"tier": tier}))
}

pub(super) fn taint(cases: &mut Cases) {
    let unknown = |call: &mut Call| call.refs = vec![(ObjectId::from_bytes(random("nowhere")), None)];
    cases.deny("input-not-held", "D100", "provenance.unknown_input", unknown);
    cases.deny("forbidden", "§6.2, D102", "taint.forbidden_tier", tier("forbidden"));
    cases.deny("unknown-tier", "D102", "taint.forbidden_tier", tier("critical"));
    cases.allow("dangerous", "§6.2", OWN, "fresh", tier("dangerous"));
    let ingress = |call: &mut Call| set(&mut call.context, json!({"ingress": "public"}));
    cases.allow("risky-through-public-ingress", "D100", (60, 60, 1), "fresh", ingress);
    let dangerous = |call: &mut Call| {
        ingress(call);
        tier("dangerous")(call);
    };
    cases.deny("dangerous-through-public-ingress", "D100, D101", "taint.public_input_dangerous", dangerous);
    let said = |call: &mut Call| {
        tier("dangerous")(call);
        set(&mut call.request, json!({"provenance": provenance(json!({"taint": 1_u64 << 31}))}));
    };
    cases.deny("dangerous-by-its-own-word", "D94, D100", "taint.public_input_dangerous", said);

    let read = |call: &mut Call| call.refs = vec![stored("page", public())];
    cases.deny("risky-after-public-input", "§6.2", "taint.elevation_required", read);
    let safe = |call: &mut Call| {
        read(call);
        tier("safe")(call);
    };
    cases.allow("safe-after-public-input", "§6.2", (20, 60, 1 | USER), "fresh", safe);
    let elevated = |scope: Scope, claimed: Value| {
        move |call: &mut Call| {
            read(call);
            set(&mut call.request, json!({"provenance": claimed.clone()}));
            call.approvals = vec![scope];
        }
    };
    let name = "risky-after-public-input-elevated";
    cases.allow(name, "§6.3, D130", (20, 60, 1 | USER), "fresh", elevated(elevation, confessed()));
    let later = provenance(json!({"integrity_label": 20, "taint": 1 | USER}));
    cases.deny("elevated-for-another-claim", "D130", "approval.wrong_provenance", elevated(elevation, later));
    let hiding: Scope = |request| elevation_to(request, json!({"original_provenance": provenance(json!({}))}));
    let hidden = elevated(hiding, provenance(json!({})));
    cases.deny("elevated-for-better-than-it-is", "D130", "approval.worse_provenance", hidden);
    let low: Scope = |request| elevation_to(request, json!({"target_integrity": 59}));
    cases.deny("elevated-too-little", "§6.3, D83", "approval.wrong_target", elevated(low, confessed()));
    let other: Scope = |request| elevation_to(request, json!({"operation": "files.list"}));
    let other = elevated(other, confessed());
    cases.deny("elevated-for-another-operation", "D130", "approval.wrong_operation", other);
    let execution = elevated(execution, confessed());
    cases.deny("approved-but-not-elevated", "§6.2", "taint.elevation_required", execution);
}

/// What the bearer of this node was given before.
pub(super) fn given(node: &'static str, client: &'static str, what: Value) -> impl Fn(&mut Call) {
    let mark = json!({"zone": "z:private", "sub": "user:anna", "holder_node": node, "provenance": what});
    move |call| set(&mut call.context, json!({"marks": [mark.clone()], "client": client}))
}

pub(super) fn secrecy(cases: &mut Cases) {
    let required = "crossing.declassification_required";
    let read = |call: &mut Call| call.refs = vec![stored("letter", secret())];
    cases.deny("secret-input", "§8.1, D103", required, read);
    let written: Scope = |request| declassification(request, "z:private", vec![random("letter")], 60);
    let declassified = |scope: Scope| {
        move |call: &mut Call| {
            read(call);
            call.approvals = vec![scope];
        }
    };
    cases.allow("secret-input-declassified", "§8.1, D83", OWN, "fresh", declassified(written));
    let other: Scope = |request| declassification(request, "z:private", vec![random("diary")], 60);
    cases.deny("other-input-declassified", "D130", "approval.wrong_objects", declassified(other));
    let other: Scope = |request| declassification(request, "z:owner", vec![random("letter")], 60);
    cases.deny("declassified-out-of-another-zone", "D130", "approval.wrong_target", declassified(other));

    cases.deny("agent-that-was-given-secrets", "D100, D103", required, given("nLaptop", "agent", secret()));
    cases.allow("person-that-was-given-secrets", "D100", OWN, "fresh", given("nLaptop", "person", secret()));
    cases.allow("agent-elsewhere-given-secrets", "D100", OWN, "fresh", given("nPhone", "agent", secret()));
    let page = given("nLaptop", "agent", public());
    cases.deny("agent-that-was-given-public-input", "D100", "taint.elevation_required", page);
    let inline: Scope = |request| declassification(request.clone(), "z:work", vec![unblob(&request)], 60);
    let looked_at = |call: &mut Call| {
        given("nLaptop", "agent", secret())(call);
        call.approvals = vec![inline];
    };
    cases.allow("request-of-an-agent-declassified", "D83, D100", OWN, "fresh", looked_at);
    let said = |call: &mut Call| {
        set(&mut call.request, json!({"provenance": provenance(json!({"confidentiality_label": 61}))}));
    };
    cases.deny("secret-by-its-own-word", "D100, D103", required, said);

    let outside = |level: u8| {
        move |call: &mut Call| {
            set(&mut call.rule, json!({"reach": "outside"}));
            call.resources = vec![resource(json!({"resource_confidentiality_level": level}))];
        }
    };
    cases.allow("to-a-resource-as-secret", "§8.1, D104", OWN, "fresh", outside(60));
    cases.deny("to-a-resource-less-secret", "§8.1, D104", required, outside(59));
    let nowhere = |call: &mut Call| {
        outside(60)(call);
        call.resources = Vec::new();
    };
    cases.deny("to-nobody-knows-where", "D104", required, nowhere);
    let safe = |call: &mut Call| {
        nowhere(call);
        tier("safe")(call);
    };
    cases.allow("safe-to-nobody-knows-where", "D104", OWN, "fresh", safe);
    let sink: Scope = |request| {
        let target = resource(json!({"resource_confidentiality_level": 10}));
        let target = unblob(&json!({"$hex": id(&target)}));
        declassification(request.clone(), "z:work", vec![unblob(&request), target], 10)
    };
    let leaving = |scope: Scope| {
        move |call: &mut Call| {
            outside(10)(call);
            call.approvals = vec![scope];
        }
    };
    cases.allow("to-a-resource-by-approval", "§8.1, D83", OWN, "fresh", leaving(sink));
    let any: Scope = |request| declassification(request.clone(), "z:work", vec![unblob(&request)], 10);
    cases.deny("to-a-resource-that-is-not-named", "D83", "approval.wrong_target", leaving(any));
}

pub(super) fn approvals(cases: &mut Cases) {
    let needing = |mode: &'static str, approvals: Vec<Scope>| {
        move |call: &mut Call| {
            set(&mut call.rule, json!({"approval": mode}));
            call.approvals = approvals.clone();
        }
    };
    let section = "§7.2, §8.1";
    cases.deny("not-approved", section, "approval.required", needing("interactive", Vec::new()));
    cases.allow("left-to-the-policy", section, OWN, "fresh", needing("policy", Vec::new()));
    cases.allow("approved", section, OWN, "fresh", needing("interactive", vec![execution]));
    cases.allow("approved-in-any-way", section, OWN, "fresh", needing("approval_required", vec![execution]));
    let claimed: Scope =
        |request| elevation_to(request, json!({"original_provenance": provenance(json!({"taint": 8}))}));
    let elevated = |mode: &'static str| {
        move |call: &mut Call| {
            needing(mode, vec![claimed])(call);
            set(&mut call.request, json!({"provenance": provenance(json!({"taint": 8}))}));
        }
    };
    cases.allow("approved-by-an-elevation", section, OWN, "fresh", elevated("approval_required"));
    cases.deny("an-elevation-is-no-execution", section, "approval.required", elevated("interactive"));
    let other: Scope = |_| execution(blob(random::<32>("other request")));
    cases.deny("other-request-approved", "D83", "approval.wrong_request", needing("interactive", vec![other]));
    let unheld = |call: &mut Call| {
        needing("interactive", vec![execution])(call);
        set(&mut call.context, json!({"approvals": []}));
    };
    cases.deny("approval-not-held", "§5.2.1", "approval.missing", unheld);
    let revoked = |call: &mut Call| {
        needing("interactive", vec![execution])(call);
        let [id] = &call.approval_ids()[..] else { return };
        set(&mut call.trust, revoking(id));
    };
    cases.deny("approval-revoked", "D130, D165", "revocation.approval", revoked);
}

pub(super) fn idempotency(cases: &mut Cases) {
    let without = |tier: &'static str, class: &'static str| {
        move |call: &mut Call| {
            set(&mut call.rule, json!({"tier": tier, "idempotency": class}));
            set(&mut call.request, json!({"idempotency_key": null}));
        }
    };
    let required = "idempotency.key_required";
    cases.deny("risky-without-key", "D144", required, without("risky", "strict"));
    cases.deny("dangerous-without-key", "D144", required, without("dangerous", "best_effort"));
    cases.allow("best-effort-without-key", "D144", OWN, "fresh", without("risky", "best_effort"));
    cases.allow("safe-without-key", "D144", OWN, "fresh", without("safe", "strict"));
}
