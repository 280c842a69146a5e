//! The messages of §4.2 and §9.5, and the objects of §20.1 and App. B.

use serde_json::json;

use super::{Sample, blob, drawn, vectors};
use crate::vecgen::identity::NOW;
use crate::vecgen::topic::{Topic, random};

/// Handshakes, requests, answers and chunks.
pub(in crate::vecgen) fn topic() -> Topic {
    let mut topic = Topic::new("09-wire", "objects");
    vectors(&mut topic, vec![hello(), small_hello(), retry(), ack(), request(), small_request(), response()]);
    vectors(&mut topic, vec![simulate(), simulated(), manifest(), chunk(), batch()]);
    topic
}

fn hello() -> Sample {
    Sample::message(
        "hello",
        "fcp.mesh:MeshSessionHello",
        "§4.2, D44, D46",
        json!({
            "from": "nLaptop", "to": "nServer01", "eph_pubkey": drawn::<32>("initiator key"),
            "nonce": drawn::<16>("hello nonce"), "cookie": drawn::<32>("cookie"), "timestamp": NOW, "suites": [2, 1, 200],
            "transport_limits": {"max_datagram_bytes": 1_400}, "signature": drawn::<64>("signature"),
            "attestations": [blob(b"attestation"), blob(b"enrollment")],
        }),
    )
    .faults(vec![
        ("no-suite", "D44", &["suites"], Some(json!([])), "session.bad_offer"),
        ("suite-twice", "D44", &["suites"], Some(json!([1, 1])), "session.bad_offer"),
        ("nine-suites", "D44", &["suites"], Some(json!([1, 2, 3, 4, 5, 6, 7, 8, 9])), "session.bad_offer"),
        ("suite-256", "D44", &["suites"], Some(json!([256])), "cbor.out_of_range"),
        ("limit-431", "D73", &["transport_limits", "max_datagram_bytes"], Some(json!(431)), "session.bad_limits"),
        ("five-attestations", "D46", &["attestations"], Some(json!([blob([]), blob([]), blob([]), blob([]), blob([])])), "session.attestations"),
        ("without-signature", "G4", &["signature"], None, "cbor.missing_key"),
        ("short-cookie", "G7", &["cookie"], Some(blob([0; 31])), "cbor.out_of_range"),
    ])
}

fn small_hello() -> Sample {
    Sample::message(
        "hello-without-options",
        "fcp.mesh:MeshSessionHello",
        "§4.2",
        json!({
            "from": "nLaptop", "to": "nServer01", "eph_pubkey": drawn::<32>("initiator key"),
            "nonce": drawn::<16>("hello nonce"), "timestamp": NOW, "suites": [1], "signature": drawn::<64>("signature"),
        }),
    )
}

fn retry() -> Sample {
    let fields = json!({"from": "nServer01", "to": "nLaptop", "cookie": drawn::<32>("cookie"), "timestamp": NOW});
    Sample::message("retry", "fcp.mesh:MeshSessionHelloRetry", "§4.2", fields).faults(vec![
        ("without-cookie", "§4.2", &["cookie"], None, "cbor.missing_key"),
        ("short-cookie", "G7", &["cookie"], Some(blob([0; 31])), "cbor.out_of_range"),
        ("signed", "D25", &["signature"], Some(drawn::<64>("signature")), "cbor.unknown_key"),
    ])
}

fn ack() -> Sample {
    Sample::message(
        "ack",
        "fcp.mesh:MeshSessionAck",
        "§4.2, D46",
        json!({
            "from": "nServer01", "to": "nLaptop", "eph_pubkey": drawn::<32>("responder key"),
            "nonce": drawn::<16>("ack nonce"), "session_id": drawn::<16>("session"), "suite": 2, "timestamp": NOW,
            "signature": drawn::<64>("signature"), "attestations": [],
        }),
    )
    .faults(vec![
        ("session-id-zero", "D47", &["session_id"], Some(blob([0; 16])), "session.bad_session_id"),
        ("session-id-like-a-frame", "D46", &["session_id"], Some(blob(b"FCPS000000000000")), "session.bad_session_id"),
    ])
}

fn provenance() -> serde_json::Value {
    json!({
        "origin_zone": "z:work", "current_zone": "z:work", "integrity_label": 60, "confidentiality_label": 60,
        "label_adjustments": [], "taint": 8, "taint_reductions": [], "zone_crossings": [], "created_at": NOW,
    })
}

fn request() -> Sample {
    let mut approvals = [random::<32>("approval 1"), random::<32>("approval 2")];
    approvals.sort_unstable();
    let [first, second] = approvals;
    Sample::message(
        "invoke-request",
        "fcp.core:InvokeRequest",
        "§9.5, D142, D200",
        json!({
            "id": "request-1", "connector_id": "example.files", "operation": "files.write", "zone_id": "z:work",
            "target_node": "nDesk", "input": {"path": "/tmp/a", "ratio": 0.5, "tags": [null, true, -1]},
            "capability_token": blob(b"token"), "provenance": provenance(), "resources": [drawn::<32>("resource")],
            "approval_tokens": [blob(first), blob(second)], "idempotency_key": "order-17",
            "trace_context": {"trace_id": drawn::<16>("trace"), "span_id": drawn::<8>("span"), "flags": 0},
            "instance_id": "instance-1", "deadline_ms": NOW * 1_000, "lease_seq": 3,
            "holder_nonce": drawn::<16>("holder nonce"), "holder_proof": drawn::<64>("holder proof"),
        }),
    )
    .faults(vec![
        (
            "approvals-unsorted",
            "D200",
            &["approval_tokens"],
            Some(json!([blob(second), blob(first)])),
            "object.list_order",
        ),
        ("resource-twice", "D200", &["resources"], Some(json!([blob(first), blob(first)])), "object.list_order"),
        ("without-target", "D114", &["target_node"], None, "cbor.missing_key"),
        ("nonce-of-15-bytes", "D114", &["holder_nonce"], Some(blob([0; 15])), "cbor.out_of_range"),
        ("null-for-an-absent-option", "G4", &["instance_id"], Some(json!(null)), "cbor.unexpected_type"),
        ("operation-with-a-slash", "D23", &["operation"], Some(json!("files/write")), "id.bad_char"),
        ("float-deadline", "§3.5 rule 5", &["deadline_ms"], Some(json!(1.5)), "cbor.float_not_allowed"),
    ])
}

fn small_request() -> Sample {
    Sample::message(
        "invoke-request-without-options",
        "fcp.core:InvokeRequest",
        "§9.5, D200",
        json!({
            "id": "", "connector_id": "a", "operation": "b", "zone_id": "z:work", "target_node": "n", "input": null,
            "capability_token": blob([]), "provenance": provenance(), "resources": [], "approval_tokens": [],
        }),
    )
}

fn response() -> Sample {
    Sample::message(
        "invoke-response",
        "fcp.core:InvokeResponse",
        "§9.5",
        json!({
            "id": "request-1", "result": {"written": 17}, "resource_object_ids": [drawn::<32>("resource")],
            "next_cursor": "page-2", "receipt": drawn::<32>("receipt"),
        }),
    )
    .faults(vec![
        ("without-result", "G4", &["result"], None, "cbor.missing_key"),
        ("short-resource", "G7", &["resource_object_ids", "0"], Some(blob([0; 31])), "cbor.out_of_range"),
        ("receipt-as-text", "G7", &["receipt"], Some(json!("receipt")), "cbor.unexpected_type"),
    ])
}

fn simulate() -> Sample {
    Sample::message(
        "simulate-request",
        "fcp.core:SimulateRequest",
        "§9.5",
        json!({
            "id": "request-2", "operation": "files.write", "input": [], "capability_token": blob(b"token"),
            "estimate_cost": true, "check_availability": false,
        }),
    )
    .faults(vec![
        ("token-as-text", "G7", &["capability_token"], Some(json!("token")), "cbor.unexpected_type"),
        ("without-input", "G4", &["input"], None, "cbor.missing_key"),
        ("truth-as-a-number", "G7", &["estimate_cost"], Some(json!(1)), "cbor.unexpected_type"),
    ])
}

fn simulated() -> Sample {
    Sample::message(
        "simulate-response",
        "fcp.core:SimulateResponse",
        "§9.5",
        json!({
            "id": "request-2", "would_succeed": false, "failure_reason": "grant.insufficient",
            "missing_capabilities": ["files.write"],
            "estimated_cost": {
                "api_credits": 1, "estimated_duration_ms": 20, "estimated_bytes": 300,
                "currency": {"amount_cents": 4, "currency_code": "EUR"},
            },
            "availability": {"available": true, "rate_limit_remaining": 5, "rate_limit_reset_at": NOW},
        }),
    )
    .faults(vec![
        ("currency-without-code", "G4", &["estimated_cost", "currency", "currency_code"], None, "cbor.missing_key"),
        (
            "wide-remainder",
            "G7",
            &["availability", "rate_limit_remaining"],
            Some(json!(1_u64 << 32)),
            "cbor.out_of_range",
        ),
        ("without-verdict", "G4", &["would_succeed"], None, "cbor.missing_key"),
    ])
}

fn manifest() -> Sample {
    Sample::unsigned(
        "chunk-manifest",
        "fcp.core:ChunkedObjectManifest",
        "App. B, D39, D193",
        json!({
            "total_len": 3_000, "chunk_size": 1_024, "payload_hash": drawn::<32>("payload hash"),
            "chunks": [drawn::<32>("chunk a"), drawn::<32>("chunk a"), drawn::<32>("chunk b")],
        }),
    )
    .refs(&["chunk a", "chunk b"])
    .faults(vec![
        ("one-chunk-too-few", "D193", &["total_len"], Some(json!(3_073)), "chunk.count"),
        ("chunk-size-1023", "D193", &["chunk_size"], Some(json!(1_023)), "chunk.bad_size"),
        ("chunk-not-in-refs", "G8", &["header", "refs"], Some(json!([drawn::<32>("chunk a")])), "object.refs_mismatch"),
    ])
}

fn chunk() -> Sample {
    Sample::unsigned("chunk", "fcp.core:RawChunk", "App. B, D193", json!({"bytes": blob([7; 1_024])})).faults(vec![
        ("without-bytes", "G4", &["bytes"], None, "cbor.missing_key"),
        ("bytes-as-text", "G7", &["bytes"], Some(json!("bytes")), "cbor.unexpected_type"),
        ("with-its-index", "D25", &["index"], Some(json!(0)), "cbor.unknown_key"),
    ])
}

/// The epoch of the batch: 300 s that are over at [`BATCH_AT`].
const BATCH_EPOCH: u64 = NOW / 300;
const BATCH_AT: u64 = (BATCH_EPOCH + 1) * 300;

fn batch() -> Sample {
    let event = |topic: &str, seq: u64, at: u64| {
        json!({
            "topic": topic, "timestamp": at, "seq": seq, "cursor": format!("{topic}@{seq}"), "requires_ack": seq == 1,
            "data": {"line": "milk", "weight": 1.5},
        })
    };
    let events = [event("note", 0, BATCH_AT - 300), event("note", 1, BATCH_AT - 1), event("notebook", 0, NOW)];
    let many: Vec<_> = (0..4_097).map(|seq| event("n", seq, NOW)).collect();
    let with = |index: usize, field: &str, value: serde_json::Value| {
        let mut events = events.clone();
        events[index][field] = value;
        Some(json!(events))
    };
    let sample = Sample::unsigned(
        "event-batch",
        "fcp.core:EventBatch",
        "§9.6, §20.1, D183, D228",
        json!({"connector_id": "example.notebook", "epoch_id": BATCH_EPOCH, "part": 0, "events": events.clone()}),
    );
    let [first, second, third] = &events;
    Sample { created_at: BATCH_AT, ..sample }.faults(vec![
        ("no-event", "D228", &["events"], Some(json!([])), "event.count"),
        ("4097-events", "D228", &["events"], Some(json!(many)), "event.count"),
        ("topics-exchanged", "D228", &["events"], Some(json!([third, first, second])), "event.order"),
        ("places-exchanged", "D228", &["events"], Some(json!([second, first, third])), "event.order"),
        ("event-twice", "D228", &["events"], Some(json!([first, first])), "event.order"),
        ("event-of-the-next-epoch", "D228", &["events"], with(1, "timestamp", json!(BATCH_AT)), "event.epoch"),
        ("event-of-the-epoch-before", "D228", &["events"], with(0, "timestamp", json!(BATCH_AT - 301)), "event.epoch"),
        ("of-another-epoch", "D228", &["epoch_id"], Some(json!(BATCH_EPOCH - 1)), "event.epoch"),
        ("dated-within-its-epoch", "D228", &["header", "created_at"], Some(json!(BATCH_AT - 1)), "event.epoch"),
        ("cursor-of-257", "D147", &["events"], with(0, "cursor", json!("c".repeat(257))), "cbor.out_of_range"),
        ("topic-of-257", "D228", &["events"], with(0, "topic", json!("t".repeat(257))), "cbor.out_of_range"),
        ("without-connector", "G4", &["connector_id"], None, "cbor.missing_key"),
        ("without-part", "G4", &["part"], None, "cbor.missing_key"),
        ("data-left-out", "G4", &["events"], Some(json!([{"topic": "a"}])), "cbor.missing_key"),
    ])
}
