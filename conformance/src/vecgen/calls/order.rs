//! The order of the checks (D131).

use fcp_core::id::ObjectId;
use serde_json::json;

use super::data::given;
use super::holder::revoking;
use super::{Call, Cases, secret, set};
use crate::vecgen::identity::NOW;
use crate::vecgen::topic::{hex, random};

/// A stage: its name, the reason for which it denies, and what breaks it alone.
type Stage = (&'static str, &'static str, fn(&mut Call));

/// The stages of D131, in order.
const STAGES: [Stage; 16] = [
    ("operation", "capability.unknown_operation", |call| set(&mut call.context, json!({"operations": []}))),
    ("signature", "token.signature_invalid", |call| call.flipped = Some(40)),
    ("time", "token.expired", |call| set(&mut call.claims, json!({"iat": NOW - 300, "exp": NOW - 111}))),
    ("audience", "token.aud_mismatch", |call| set(&mut call.claims, json!({"aud": "example.mail"}))),
    ("issuer", "token.issuer_not_allowed", |call| set(&mut call.policy, json!({"token_issuers": []}))),
    ("revocation", "revocation.binary", |call| set(&mut call.trust, revoking(&hex(random::<32>("binary"))))),
    ("freshness", "revocation.stale_frontier", |call| set(&mut call.trust, json!({"checkpoint": null}))),
    ("node", "execution.wrong_node", |call| set(&mut call.context, json!({"node": "nPhone"}))),
    ("proof", "holder_proof.bad_signature", |call| call.prover = "nDesk"),
    ("grants", "grant.wrong_grantee", |call| set(&mut call.grant, json!({"grantee": {"principal": "user:bob"}}))),
    ("policy", "zone_policy.capability_not_allowed", |call| {
        let lists = json!({
            "principals_allow": ["*"], "principals_deny": [], "connectors_allow": ["*"], "connectors_deny": [],
            "cap_allow": [], "cap_deny": [],
        });
        set(&mut call.policy, json!({"policy": lists}));
    }),
    ("provenance", "provenance.unknown_input", |call| {
        call.refs = vec![(ObjectId::from_bytes(random("nowhere")), None)];
    }),
    ("taint", "taint.public_input_dangerous", |call| {
        set(&mut call.context, json!({"ingress": "public"}));
        set(&mut call.rule, json!({"tier": "dangerous"}));
    }),
    ("confidentiality", "crossing.declassification_required", given_secrets),
    ("approval", "approval.required", |call| set(&mut call.rule, json!({"approval": "interactive"}))),
    ("idempotency", "idempotency.key_required", |call| set(&mut call.request, json!({"idempotency_key": null}))),
];

fn given_secrets(call: &mut Call) {
    given("nLaptop", "agent", secret())(call);
}

/// Where a stage and all after it fail, it is the stage that is reported.
pub(super) fn order(cases: &mut Cases) {
    for (at, (name, reason, _)) in STAGES.iter().enumerate() {
        cases.deny(&format!("{name}-and-all-after-it"), "D131", reason, |call| {
            for (.., change) in &STAGES[at..] {
                change(call);
            }
        });
    }
}
