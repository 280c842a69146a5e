//! The objects of §3.8, §14.3 and §23.4.

use fcp_core::id::{ObjectId, ZoneId};
use serde_json::json;

use super::{Sample, blob, drawn, vectors};
use crate::vecgen::identity::{NOW, known};
use crate::vecgen::topic::{Topic, hex, unhex, with};

/// Checkpoints, heads, events, revocations and receipts.
pub(in crate::vecgen) fn topic() -> Topic {
    let mut topic = Topic::new("23-audit", "objects");
    vectors(&mut topic, vec![checkpoint(), first_checkpoint(), anchor(), revocation(), short_revocation()]);
    vectors(&mut topic, vec![checkpoint_after_skipped()]);
    vectors(&mut topic, vec![revocation_event(), first_revocation_event(), revocation_head()]);
    vectors(&mut topic, vec![event(), first_event(), audit_head(), denial(), allowance()]);
    preimages(&mut topic);
    topic
}

pub(super) fn checkpoint() -> Sample {
    Sample::unsigned(
        "checkpoint",
        "fcp.core:ZoneCheckpoint",
        "§3.8, D14, D34",
        json!({
            "zone_id": "z:work", "prev_checkpoint": drawn::<32>("checkpoint 41"), "rev_head": drawn::<32>("rev head"),
            "rev_seq": 7, "audit_head": drawn::<32>("audit head"), "audit_seq": 900,
            "zone_definition_head": drawn::<32>("definition"), "zone_policy_head": drawn::<32>("policy"),
            "active_zone_key_manifest": drawn::<32>("manifest"), "checkpoint_seq": 42, "as_of_epoch": NOW / 300,
            "quorum_signatures": [],
        }),
    )
    .refs(&["definition", "policy", "manifest", "rev head", "audit head", "policy step"])
    .faults(vec![
        ("sequence-zero", "D34", &["checkpoint_seq"], Some(json!(0)), "checkpoint.bad_sequence"),
        ("first-with-a-previous-one", "D34", &["checkpoint_seq"], Some(json!(1)), "checkpoint.bad_sequence"),
        ("without-a-previous-one", "D34", &["prev_checkpoint"], None, "checkpoint.bad_sequence"),
        ("head-without-sequence", "D34", &["rev_seq"], Some(json!(0)), "checkpoint.bad_heads"),
        ("of-another-epoch", "D32", &["as_of_epoch"], Some(json!(NOW / 300 + 1)), "checkpoint.bad_epoch"),
        (
            "inline-signatures",
            "D14",
            &["quorum_signatures"],
            Some(json!([
                {"signer_node": "nDesk", "signer_kid": blob([1; 8]), "sig": blob([1; 64])},
            ])),
            "object.inline_signatures",
        ),
        ("without-signatures", "G4", &["quorum_signatures"], None, "cbor.missing_key"),
        ("of-another-zone", "D13", &["zone_id"], Some(json!("z:private")), "object.zone_mismatch"),
        ("heads-not-in-refs", "G8", &["header", "refs"], Some(json!([])), "object.refs_mismatch"),
        (
            "refs-out-of-order",
            "G8",
            &["header", "refs"],
            Some(json!([
                drawn::<32>("policy"),
                drawn::<32>("definition"),
                drawn::<32>("manifest"),
                drawn::<32>("rev head"),
                drawn::<32>("audit head"),
            ])),
            "object.refs_mismatch",
        ),
        ("float-sequence", "§3.5 rule 5", &["checkpoint_seq"], Some(json!(42.0)), "cbor.float_not_allowed"),
    ])
}

fn first_checkpoint() -> Sample {
    Sample::unsigned(
        "first-checkpoint",
        "fcp.core:ZoneCheckpoint",
        "§3.8, D34, G8",
        json!({
            "zone_id": "z:work", "rev_head": blob([0; 32]), "rev_seq": 0, "audit_head": blob([0; 32]), "audit_seq": 0,
            "zone_definition_head": drawn::<32>("definition"), "zone_policy_head": drawn::<32>("policy"),
            "active_zone_key_manifest": drawn::<32>("manifest"), "checkpoint_seq": 1, "as_of_epoch": NOW / 300,
            "quorum_signatures": [],
        }),
    )
    .refs(&["definition", "policy", "manifest"])
    .faults(vec![("sequence-without-head", "D34", &["audit_seq"], Some(json!(1)), "checkpoint.bad_heads")])
}

/// As many skipped proposals as may stand before the policy step.
fn checkpoint_after_skipped() -> Sample {
    let heads = ["definition", "policy", "manifest", "rev head", "audit head"].map(drawn::<32>);
    let refs =
        |count: u8| heads.iter().cloned().chain((0..count).map(|n| blob([n; 32]))).collect::<serde_json::Value>();
    let skipped = (1..=17_u8).map(|n| ObjectId::from_bytes([n; 32]));
    let sample = Sample {
        name: "checkpoint-after-skipped-sequences",
        section: "§3.8, D172, D213",
        fields: with(&checkpoint().fields, json!({"checkpoint_seq": 59})),
        ..checkpoint()
    };
    let mut all = sample.refs.clone().unwrap_or_default();
    all.truncate(heads.len());
    all.extend(skipped);
    Sample { refs: Some(all), ..sample }.faults(vec![
        ("17-skipped", "D213", &["header", "refs"], Some(refs(18)), "object.refs_mismatch"),
        ("without-an-audit-head", "G8", &["header", "refs", "4"], None, "object.refs_mismatch"),
        ("reference-twice", "D39", &["header", "refs", "6"], Some(blob([1; 32])), "object.duplicate_ref"),
    ])
}

fn anchor() -> Sample {
    Sample::signed(
        "anchor",
        "fcp.core:ZoneAnchor",
        "D201",
        json!({
            "zone_id": "z:work", "generation": 0, "checkpoint": drawn::<32>("checkpoint 1"), "checkpoint_seq": 1,
            "policy": drawn::<32>("policy"),
        }),
    )
    .refs(&["checkpoint 1", "policy"])
    .faults(vec![(
        "policy-not-in-refs",
        "G8",
        &["policy"],
        Some(drawn::<32>("other policy")),
        "object.refs_mismatch",
    )])
}

fn revocation() -> Sample {
    Sample::signed(
        "revocation",
        "fcp.core:RevocationObject",
        "§14.3",
        json!({
            "revoked": [drawn::<32>("token"), drawn::<32>("grant")], "scope": "capability", "reason": "lost phone",
            "effective_at": NOW, "expires_at": NOW + 3_600,
        }),
    )
    .faults(vec![
        ("unknown-scope", "G5", &["scope"], Some(json!("everything")), "cbor.unknown_variant"),
        ("short-id", "G7", &["revoked", "0"], Some(blob([1; 31])), "cbor.out_of_range"),
    ])
}

/// A revocation of the ids of `labels`.
pub(super) fn revocation_of(labels: &[&str], zone: &str, from: u64, until: Option<u64>) -> Sample {
    let revoked: Vec<_> = labels.iter().map(|label| drawn::<32>(label)).collect();
    let mut fields = json!({"revoked": revoked, "scope": "capability", "reason": "lost", "effective_at": from});
    if let Some(until) = until {
        fields = with(&fields, json!({"expires_at": until}));
    }
    Sample::signed("revocation", "fcp.core:RevocationObject", "§14.3", fields).zone(known(ZoneId::new(zone)))
}

/// An audit event of z:work.
pub(super) fn event_of(label: &str, prev: Option<ObjectId>, seq: u64) -> Sample {
    let mut fields = json!({
        "correlation_id": drawn::<16>(label), "event_type": "capability.invoke", "actor": "user:anna",
        "zone_id": "z:work", "seq": seq, "occurred_at": NOW,
    });
    if let Some(prev) = prev {
        fields = with(&fields, json!({"prev": blob(prev.as_bytes())}));
    }
    Sample::signed("event", "fcp.core:AuditEvent", "§23.4", fields)
}

/// An audit head of z:work.
pub(super) fn head_of(event: &str, seq: u64) -> Sample {
    let event = unhex(&json!(event));
    let id = ObjectId::from_bytes(event.clone().try_into().unwrap_or_default());
    let sample = Sample::unsigned(
        "head",
        "fcp.core:AuditHead",
        "§23.4",
        json!({
            "zone_id": "z:work", "head_event": blob(&event), "head_seq": seq, "coverage_bps": 10_000,
            "epoch_id": NOW / 300, "quorum_signatures": [],
        }),
    );
    Sample { refs: Some(vec![id]), ..sample }
}

fn short_revocation() -> Sample {
    Sample::signed(
        "revocation-for-ever",
        "fcp.core:RevocationObject",
        "§14.3",
        json!({"revoked": [], "scope": "connector_binary", "reason": "", "effective_at": 0}),
    )
}

fn revocation_event() -> Sample {
    Sample::signed(
        "revocation-event",
        "fcp.core:RevocationEvent",
        "§14.3, D167",
        json!({
            "revocation_object_id": drawn::<32>("revocation"), "prev": drawn::<32>("revocation event 6"), "seq": 7,
            "occurred_at": NOW,
        }),
    )
    .refs(&["revocation", "revocation event 6"])
    .faults(vec![
        ("sequence-zero", "D167", &["seq"], Some(json!(0)), "revocation.bad_sequence"),
        ("first-with-a-previous-one", "D167", &["seq"], Some(json!(1)), "revocation.bad_sequence"),
        ("previous-not-in-refs", "G8", &["prev"], Some(drawn::<32>("other")), "object.refs_mismatch"),
    ])
}

fn first_revocation_event() -> Sample {
    Sample::signed(
        "first-revocation-event",
        "fcp.core:RevocationEvent",
        "§14.3, D167",
        json!({"revocation_object_id": drawn::<32>("revocation"), "seq": 1, "occurred_at": NOW}),
    )
    .refs(&["revocation"])
    .faults(vec![("second-without-a-previous-one", "D167", &["seq"], Some(json!(2)), "revocation.bad_sequence")])
}

pub(super) fn revocation_head() -> Sample {
    Sample::unsigned(
        "revocation-head",
        "fcp.core:RevocationHead",
        "§14.3, D14",
        json!({
            "zone_id": "z:work", "head_event": drawn::<32>("revocation event 7"), "head_seq": 7, "epoch_id": NOW / 300,
            "quorum_signatures": [],
        }),
    )
    .refs(&["revocation event 7"])
    .faults(vec![
        ("sequence-zero", "D34", &["head_seq"], Some(json!(0)), "revocation.bad_head"),
        ("event-not-in-refs", "G8", &["header", "refs"], Some(json!([])), "object.refs_mismatch"),
    ])
}

fn event() -> Sample {
    Sample::signed(
        "audit-event",
        "fcp.core:AuditEvent",
        "§23.4, D185",
        json!({
            "correlation_id": drawn::<16>("correlation"),
            "trace_context": {"trace_id": drawn::<16>("trace"), "span_id": drawn::<8>("span"), "flags": 1},
            "event_type": "capability.invoke", "actor": "user:anna", "zone_id": "z:work", "connector_id": "example.files",
            "operation": "files.read", "capability_token_jti": drawn::<16>("jti"),
            "request_object_id": drawn::<32>("request"), "result_object_id": drawn::<32>("result"),
            "prev": drawn::<32>("audit event 899"), "seq": 900, "occurred_at": NOW,
        }),
    )
    .refs(&["request", "result"])
    .faults(vec![
        ("without-a-previous-one", "D185", &["prev"], None, "audit.bad_sequence"),
        ("first-with-a-previous-one", "D185", &["seq"], Some(json!(1)), "audit.bad_sequence"),
        ("result-not-in-refs", "G8", &["result_object_id"], None, "object.refs_mismatch"),
        ("short-correlation-id", "G7", &["correlation_id"], Some(blob([1; 15])), "cbor.out_of_range"),
        ("wide-trace-flags", "G7", &["trace_context", "flags"], Some(json!(256)), "cbor.out_of_range"),
        ("actor-with-at-sign", "D23", &["actor"], Some(json!("anna@home")), "id.bad_char"),
    ])
}

fn first_event() -> Sample {
    Sample::signed(
        "first-audit-event",
        "fcp.core:AuditEvent",
        "§23.4, D185",
        json!({
            "correlation_id": drawn::<16>("correlation"), "event_type": "zone.created", "actor": "owner",
            "zone_id": "z:work", "seq": 1, "occurred_at": NOW,
        }),
    )
}

pub(super) fn audit_head() -> Sample {
    Sample::unsigned(
        "audit-head",
        "fcp.core:AuditHead",
        "§23.4, D14, D27",
        json!({
            "zone_id": "z:work", "head_event": drawn::<32>("audit event 900"), "head_seq": 900, "coverage_bps": 7_500,
            "epoch_id": NOW / 300, "quorum_signatures": [],
        }),
    )
    .refs(&["audit event 900"])
    .faults(vec![
        ("coverage-above-the-whole", "D27", &["coverage_bps"], Some(json!(10_001)), "cbor.out_of_range"),
        ("coverage-as-a-float", "D27", &["coverage_bps"], Some(json!(0.75)), "cbor.float_not_allowed"),
        ("sequence-zero", "D34", &["head_seq"], Some(json!(0)), "audit.bad_head"),
    ])
}

fn denial() -> Sample {
    let mut evidence = [crate::vecgen::topic::random::<32>("token"), crate::vecgen::topic::random::<32>("policy")];
    evidence.sort_unstable();
    let [first, second] = evidence;
    Sample::signed(
        "denial",
        "fcp.core:DecisionReceipt",
        "§23.4, D190",
        json!({
            "request_object_id": drawn::<32>("request"), "decision": "deny", "reason_code": "taint.public_input_dangerous",
            "message": "The text came from z:public.", "evidence": [blob(first), blob(second)], "decided_at": NOW,
            "decided_by": "nLaptop",
        }),
    )
    .faults(vec![
        ("evidence-unsorted", "D190", &["evidence"], Some(json!([blob(second), blob(first)])), "audit.evidence_order"),
        ("evidence-twice", "D190", &["evidence"], Some(json!([blob(first), blob(first)])), "audit.evidence_order"),
        ("for-no-reason", "D189", &["reason_code"], Some(json!("allow")), "audit.bad_receipt"),
        ("code-in-upper-case", "D189", &["reason_code"], Some(json!("Taint.public")), "audit.bad_receipt"),
        ("unknown-decision", "G5", &["decision"], Some(json!("maybe")), "cbor.unknown_variant"),
    ])
}

fn allowance() -> Sample {
    Sample::signed(
        "allowance",
        "fcp.core:DecisionReceipt",
        "§23.4, D190",
        json!({
            "request_object_id": drawn::<32>("request"), "decision": "allow", "reason_code": "allow", "evidence": [],
            "decided_at": NOW, "decided_by": "nLaptop",
        }),
    )
}

/// What a quorum signs: a digest for checkpoints (D31), the view itself for heads.
fn preimages(topic: &mut Topic) {
    for sample in [checkpoint(), first_checkpoint()] {
        let obj = json!({"obj": hex(sample.body())});
        topic.accept("checkpoint.preimage", sample.name, "§3.8 rule 1, D31", obj.clone());
        topic.accept("sign.preimage", sample.name, "§3.8 rule 1, D31", obj);
    }
    for sample in [revocation_head(), audit_head()] {
        topic.accept("sign.preimage", sample.name, "§3.5.1, D31", json!({"obj": hex(sample.body())}));
    }
    let other = json!({"obj": hex(audit_head().body())});
    topic.reject("checkpoint.preimage", "of-another-schema", "§3.5", other, "object.schema_mismatch");
}
