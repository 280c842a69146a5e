//! The messages of §3.8 and §23.4: how a zone's signers agree, and how a node catches up.

use fcp_core::cbor;
use serde_json::{Map, Value as Json, json};

use super::{Sample, blob, drawn, history, sign, vectors};
use crate::vecgen::edit::edit;
use crate::vecgen::identity::{NOW, known, node_keys};
use crate::vecgen::topic::{Topic, with};

/// Submissions, proposals, votes, questions and answers, and the messages for catching up.
pub(in crate::vecgen) fn topic() -> Topic {
    let mut topic = Topic::new("23-audit", "messages");
    vectors(&mut topic, vec![submission(), head_proposal(), head_vote(), query(), status(), first_status()]);
    vectors(&mut topic, vec![proposal(), small_proposal(), vote(), announcement(), small_announcement()]);
    vectors(&mut topic, vec![heads_request(), events_request(), objects_request(), bundle()]);
    topic
}

/// The bytes that stand for an object.
fn canonical(label: &str) -> Json {
    blob(format!("canonical bytes of {label}"))
}

/// A quorum's signature by `node`.
fn signature(node: &str) -> Json {
    let kid = node_keys(node).public().signing.kid();
    json!({"signer_node": node, "signer_kid": blob(kid.as_bytes()), "sig": drawn::<64>(&format!("vote of {node}"))})
}

/// Signatures in the order in which a set has them, then in another, then one twice.
fn unsorted() -> Option<Json> {
    Some(json!([signature("nLaptop"), signature("nDesk")]))
}

fn message(name: &'static str, schema: &'static str, section: &'static str, fields: Json) -> Sample {
    Sample::message(name, schema, section, fields)
}

fn submission() -> Sample {
    let event = history::event_of("submitted", None, 0);
    // The same event with its header and signature, as its message carries it.
    let body = sign(&edit(&event.body(), &["prev"], None));
    let event = known(cbor::decode::<cbor::Value>(&body[32..]));
    let kid = node_keys("nLaptop").public().signing.kid();
    message(
        "audit-submission",
        "fcp.core:AuditSubmission",
        "§23.4, D185, D210",
        json!({"executed_by": "nLaptop", "signer_kid": blob(kid.as_bytes()), "event": super::json_of(&event)}),
    )
    .faults(vec![
        ("with-a-place", "D210", &["event", "seq"], Some(json!(1)), "audit.sequenced"),
        (
            "with-a-previous-event",
            "D185, D210",
            &["event", "prev"],
            Some(drawn::<32>("previous")),
            "audit.bad_sequence",
        ),
        ("short-key-id", "G7", &["signer_kid"], Some(blob([1; 7])), "cbor.out_of_range"),
        ("of-no-node", "D24", &["executed_by"], Some(json!("")), "id.empty"),
        ("event-without-signature", "G4", &["event", "signature"], None, "cbor.missing_key"),
        ("event-as-bytes", "D210", &["event"], Some(canonical("event")), "cbor.unexpected_type"),
    ])
}

fn head_proposal() -> Sample {
    message(
        "head-proposal",
        "fcp.core:HeadProposal",
        "§3.8, D211",
        json!({"head": canonical("head"), "events": [canonical("event 8"), canonical("event 9")]}),
    )
    .faults(vec![
        ("of-513-events", "D211", &["events"], Some((0..513).map(|_| blob([])).collect()), "cbor.out_of_range"),
        ("event-as-a-map", "D211", &["events", "0"], Some(json!({})), "cbor.unexpected_type"),
        ("without-head", "D211", &["head"], None, "cbor.missing_key"),
    ])
}

fn head_vote() -> Sample {
    message(
        "head-vote",
        "fcp.core:HeadVote",
        "§3.8, D29, D211",
        json!({"target": drawn::<32>("head"), "signature": signature("nDesk")}),
    )
    .faults(vec![
        ("short-signature", "G7", &["signature", "sig"], Some(blob([1; 63])), "cbor.out_of_range"),
        ("signature-without-key-id", "D29", &["signature", "signer_kid"], None, "cbor.missing_key"),
        ("signature-as-a-tuple", "D29", &["signature"], Some(json!(["nDesk"])), "cbor.unexpected_type"),
    ])
}

fn query() -> Sample {
    message(
        "checkpoint-query",
        "fcp.core:CheckpointQuery",
        "§3.8, D211, D214",
        json!({"checkpoint_seq": 41, "lead": true}),
    )
    .faults(vec![
        ("without-lead", "D214", &["lead"], None, "cbor.missing_key"),
        ("lead-as-a-number", "D214", &["lead"], Some(json!(1)), "cbor.unexpected_type"),
        ("below-zero", "D211", &["checkpoint_seq"], Some(json!(-1)), "cbor.unexpected_type"),
    ])
}

/// A proposal with everything in it.
fn proposal_fields() -> Json {
    json!({
        "checkpoint": canonical("checkpoint 44"),
        "heads": [
            {"head": canonical("audit head"), "signatures": [signature("nDesk"), signature("nLaptop")]},
            {"head": canonical("revocation head"), "signatures": []},
        ],
        "votes": [signature("nDesk")],
        "void": [{"checkpoint": canonical("checkpoint 43"), "votes": [signature("nLaptop"), signature("nPhone")]}],
    })
}

fn cast_vote(checkpoint_seq: u64) -> Json {
    json!({"checkpoint_seq": checkpoint_seq, "proposal": proposal_fields(), "signature": signature("nDesk")})
}

fn status() -> Sample {
    let many: Json = (42..59).map(cast_vote).collect();
    message(
        "checkpoint-status",
        "fcp.core:CheckpointStatus",
        "§3.8, D211, D214",
        json!({
            "checkpoint_seq": 41, "leader": "nPhone", "votes": [cast_vote(43), cast_vote(44)],
            "audit": {"head": canonical("audit head"), "signatures": [signature("nDesk")]},
            "revocation": {"head": canonical("revocation head"), "signatures": []},
        }),
    )
    .faults(vec![
        ("votes-unsorted", "D211", &["votes"], Some(json!([cast_vote(44), cast_vote(43)])), "cbor.out_of_range"),
        (
            "two-votes-of-one-sequence",
            "D32",
            &["votes"],
            Some(json!([cast_vote(43), cast_vote(43)])),
            "cbor.out_of_range",
        ),
        ("of-17-votes", "D211, D213", &["votes"], Some(many), "cbor.out_of_range"),
        ("leader-without-a-name", "D24, D214", &["leader"], Some(json!("")), "id.empty"),
        ("null-for-no-leader", "G4", &["leader"], Some(json!(null)), "cbor.unexpected_type"),
        (
            "signatures-unsorted",
            "D30",
            &["votes", "0", "proposal", "heads", "0", "signatures"],
            unsorted(),
            "quorum.signature_order",
        ),
        ("head-without-signatures", "D211", &["audit", "signatures"], None, "cbor.missing_key"),
        ("vote-without-signature", "D211", &["votes", "1", "signature"], None, "cbor.missing_key"),
    ])
}

/// What a node answers that has accepted nothing, and follows nobody.
fn first_status() -> Sample {
    message(
        "first-checkpoint-status",
        "fcp.core:CheckpointStatus",
        "§3.8, D211, D214",
        json!({"checkpoint_seq": 0, "votes": []}),
    )
}

fn proposal() -> Sample {
    let void = |count: usize| Some((0..count).map(|_| json!({"checkpoint": blob([]), "votes": []})).collect());
    let head = || json!({"head": blob([]), "signatures": []});
    message("checkpoint-proposal", "fcp.core:CheckpointProposal", "§3.8, D172, D211", proposal_fields()).faults(vec![
        ("of-three-heads", "D211", &["heads"], Some(json!([head(), head(), head()])), "cbor.out_of_range"),
        ("of-17-skipped", "D213", &["void"], void(17), "cbor.out_of_range"),
        ("votes-unsorted", "D30", &["votes"], unsorted(), "quorum.signature_order"),
        (
            "vote-twice",
            "D30",
            &["votes"],
            Some(json!([signature("nDesk"), signature("nDesk")])),
            "quorum.signature_order",
        ),
        ("skipped-votes-unsorted", "D30", &["void", "0", "votes"], unsorted(), "quorum.signature_order"),
        ("without-void", "D211", &["void"], None, "cbor.missing_key"),
        ("checkpoint-as-text", "D211", &["checkpoint"], Some(json!("checkpoint")), "cbor.unexpected_type"),
    ])
}

fn small_proposal() -> Sample {
    message(
        "checkpoint-proposal-alone",
        "fcp.core:CheckpointProposal",
        "§3.8, D211",
        with(&proposal_fields(), json!({"heads": [], "votes": [], "void": []})),
    )
}

fn vote() -> Sample {
    message(
        "checkpoint-vote",
        "fcp.core:CheckpointVote",
        "§3.8, D29, D211",
        json!({"target": drawn::<32>("checkpoint 44"), "signature": signature("nLaptop")}),
    )
    .faults(vec![
        ("for-a-short-id", "G7", &["target"], Some(blob([1; 31])), "cbor.out_of_range"),
        (
            "of-two-signers",
            "D211",
            &["signature"],
            Some(json!([signature("nDesk"), signature("nLaptop")])),
            "cbor.unexpected_type",
        ),
    ])
}

fn announcement() -> Sample {
    message(
        "checkpoint-announce",
        "fcp.core:CheckpointAnnounce",
        "§3.8, D201, D211",
        json!({
            "checkpoint": canonical("checkpoint 44"), "signatures": canonical("signatures"), "anchor": canonical("anchor"),
            "heads": [canonical("audit head"), canonical("revocation head")],
        }),
    )
    .faults(vec![
        ("of-three-heads", "D211", &["heads"], Some(json!([blob([]), blob([]), blob([])])), "cbor.out_of_range"),
        ("signatures-as-a-list", "D211", &["signatures"], Some(json!([signature("nDesk")])), "cbor.unexpected_type"),
        ("without-heads", "D211", &["heads"], None, "cbor.missing_key"),
    ])
}

fn small_announcement() -> Sample {
    let fields = json!({"checkpoint": canonical("checkpoint 44"), "heads": []});
    message("checkpoint-announce-alone", "fcp.core:CheckpointAnnounce", "§3.8, D211", fields)
}

fn bootstrap_request(name: &'static str, wanted: Json) -> Sample {
    let fields = json!({"zone_id": "z:work", "wanted": wanted});
    message(name, "fcp.core:BootstrapRequest", "D201, D205", fields)
}

fn heads_request() -> Sample {
    bootstrap_request("bootstrap-request-for-heads", json!("heads")).faults(vec![
        ("of-another-kind", "G5, D205", &["wanted"], Some(json!("everything")), "cbor.unknown_variant"),
        ("as-a-map", "G5", &["wanted"], Some(json!({"heads": {}})), "cbor.unknown_variant"),
        ("in-no-zone", "D21", &["zone_id"], Some(json!("work")), "id.zone_prefix"),
    ])
}

fn events_request() -> Sample {
    let wanted = json!({"events": {"revocation": true, "from": NOW}});
    bootstrap_request("bootstrap-request-for-events", wanted).faults(vec![
        ("from-nowhere", "D205", &["wanted", "events", "from"], None, "cbor.missing_key"),
        ("of-no-chain", "D205", &["wanted", "events", "revocation"], None, "cbor.missing_key"),
        ("as-text", "G5", &["wanted"], Some(json!("events")), "cbor.unknown_variant"),
    ])
}

fn objects_request() -> Sample {
    let ids = |count: usize| -> Json { (0..count).map(|_| blob([1; 32])).collect() };
    bootstrap_request("bootstrap-request-for-objects", json!({"objects": [drawn::<32>("a"), drawn::<32>("b")]})).faults(
        vec![
            ("of-513", "D205", &["wanted", "objects"], Some(ids(513)), "cbor.out_of_range"),
            ("short-id", "G7", &["wanted", "objects", "1"], Some(blob([1; 31])), "cbor.out_of_range"),
        ],
    )
}

fn bundle() -> Sample {
    let offered = |label: &str| json!({"id": drawn::<32>(label), "canonical": canonical(label)});
    let many: Json = (0..513)
        .map(|_| Json::Object(Map::from_iter([("id".to_owned(), blob([1; 32])), ("canonical".to_owned(), blob([]))])))
        .collect();
    message(
        "bootstrap-bundle",
        "fcp.core:BootstrapBundle",
        "D201, D205",
        json!({"zone_id": "z:work", "objects": [offered("attestation"), offered("anchor")]}),
    )
    .faults(vec![
        ("of-513", "D205", &["objects"], Some(many), "cbor.out_of_range"),
        ("object-without-bytes", "D205", &["objects", "0", "canonical"], None, "cbor.missing_key"),
        ("object-as-bytes", "D205", &["objects", "0"], Some(canonical("anchor")), "cbor.unexpected_type"),
    ])
}
