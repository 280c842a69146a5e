//! The objects of §7.3 and §9.5.

use serde_json::{Value as Json, json};

use super::{Sample, blob, drawn, vectors};
use crate::vecgen::identity::NOW;
use crate::vecgen::topic::{Topic, random};

/// Grants, intents and receipts.
pub(in crate::vecgen) fn topic() -> Topic {
    let mut topic = Topic::new("07-capabilities", "objects");
    vectors(&mut topic, vec![grant(), bearer(), intent(), small_intent(), receipt()]);
    topic
}

/// Constraints with everything in them.
fn constraints() -> Json {
    json!({
        "resource_allow": ["https://a.example/files/"], "resource_deny": ["https://a.example/files/private"],
        "max_calls": 100, "max_bytes": 1_000_000, "idempotency_scope": "request",
        "network": {
            "host_allow": ["api.example", "*.cdn.example"], "port_allow": [443], "ip_allow": ["192.0.2.7", "2001:db8::1"],
            "cidr_deny": ["198.51.100.0/24"], "deny_localhost": true, "deny_private_ranges": true,
            "deny_tailnet_ranges": true, "require_sni": true, "spki_pins": [], "deny_ip_literals": true,
            "require_host_canonicalization": true, "dns_max_ips": 16, "max_redirects": 5, "connect_timeout_ms": 10_000,
            "total_timeout_ms": 60_000, "max_response_bytes": 10_485_760,
        },
        "credential_allow": ["cred:notes"],
    })
}

fn grant() -> Sample {
    Sample::signed(
        "grant",
        "fcp.core:CapabilityObject",
        "§7.3, §7.4, D119",
        json!({
            "capability_id": "files.read", "grantee": {"principal": "user:anna"}, "constraints": constraints(),
            "placement": {
                "requires": [
                    {"gpu": {"min_vram_mb": 8_192}}, {"memory": {"min_mb": 1_024}}, "on_power",
                    {"software": {"name": "ffmpeg", "version": "7.1"}}, {"network": {"min_bandwidth_mbps": 100}},
                    {"tailscale_tag": "fcp-work"}, {"connector_available": {"connector_id": "example.files"}},
                    {"secret_reconstructable": {"secret_id": "secret:notes", "min_nodes": 2}},
                    {"zone_quota_headroom": {"zone_id": "z:work", "min_free_mb": 64}},
                ],
                "prefers": [
                    {"low_latency": {"max_ms": 20, "weight_bps": 10_000}}, {"high_resources": {"weight_bps": 1}},
                    {"specific_device": {"node_id": "nDesk", "weight_bps": 1_000_000}},
                    {"data_locality": {"object_ids": [drawn::<32>("object")], "weight_bps": 5_000}},
                ],
                "excludes": ["nPhone*"], "zones": ["z:work"],
            },
            "valid_from": NOW, "valid_until": NOW + 86_400,
        }),
    )
    .faults(vec![
        ("capability-with-a-star", "D23", &["capability_id"], Some(json!("files.*")), "id.bad_char"),
        ("unknown-grantee", "G5", &["grantee"], Some(json!({"everybody": true})), "cbor.unknown_variant"),
        (
            "weight-as-a-float",
            "D27",
            &["placement", "prefers", "0", "low_latency", "weight_bps"],
            Some(json!(0.5)),
            "cbor.float_not_allowed",
        ),
        (
            "weight-above-a-million",
            "D27",
            &["placement", "prefers", "0", "low_latency", "weight_bps"],
            Some(json!(1_000_001)),
            "cbor.out_of_range",
        ),
        (
            "address-with-leading-zeros",
            "G7",
            &["constraints", "network", "ip_allow", "0"],
            Some(json!("192.0.2.007")),
            "id.ip_address",
        ),
        (
            "address-not-compressed",
            "G7",
            &["constraints", "network", "ip_allow", "1"],
            Some(json!("2001:db8:0:0:0:0:0:1")),
            "id.ip_address",
        ),
        ("without-credential-list", "G4", &["constraints", "credential_allow"], None, "cbor.missing_key"),
        ("network-without-a-flag", "G4", &["constraints", "network", "require_sni"], None, "cbor.missing_key"),
    ])
}

fn bearer() -> Sample {
    Sample::signed(
        "bearer-grant",
        "fcp.core:CapabilityObject",
        "§7.3, G5",
        json!({
            "capability_id": "notes.read", "grantee": "bearer",
            "constraints": {"resource_allow": [], "resource_deny": [], "credential_allow": []},
            "placement": {"requires": [], "prefers": [], "excludes": [], "zones": []},
            "valid_from": 0, "valid_until": NOW,
        }),
    )
}

fn intent() -> Sample {
    Sample::signed(
        "intent",
        "fcp.core:OperationIntent",
        "§9.5, D131",
        json!({
            "request_object_id": drawn::<32>("request"), "capability_token_jti": drawn::<16>("jti"),
            "idempotency_key": "order-17", "planned_at": NOW, "planned_by": "nLaptop", "lease_seq": 3,
            "upstream_idempotency": "upstream-17",
        }),
    )
    .refs(&["lease", "checkpoint 42"])
    .faults(vec![
        (
            "lease-not-in-refs",
            "G8",
            &["header", "refs"],
            Some(json!([drawn::<32>("checkpoint 42")])),
            "object.refs_mismatch",
        ),
        (
            "refs-with-one-too-many",
            "G8",
            &["header", "refs"],
            Some(json!([drawn::<32>("lease"), drawn::<32>("checkpoint 42"), drawn::<32>("other"),])),
            "object.refs_mismatch",
        ),
        ("lease-of-zeros", "G8", &["header", "refs", "0"], Some(blob([0; 32])), "object.refs_mismatch"),
        ("empty-idempotency-key", "D143", &["idempotency_key"], Some(json!("")), "idempotency.bad_key"),
        (
            "idempotency-key-of-129-bytes",
            "D143",
            &["idempotency_key"],
            Some(json!("k".repeat(129))),
            "idempotency.bad_key",
        ),
        ("short-jti", "G7", &["capability_token_jti"], Some(blob([0; 15])), "cbor.out_of_range"),
    ])
}

fn small_intent() -> Sample {
    Sample::signed(
        "intent-without-lease",
        "fcp.core:OperationIntent",
        "§9.5, D131",
        json!({
            "request_object_id": drawn::<32>("request"), "capability_token_jti": drawn::<16>("jti"), "planned_at": NOW,
            "planned_by": "nLaptop",
        }),
    )
    .refs(&["checkpoint 42"])
}

fn receipt() -> Sample {
    Sample::signed(
        "receipt",
        "fcp.core:OperationReceipt",
        "§9.5",
        json!({
            "request_object_id": drawn::<32>("request"), "idempotency_key": "order-17",
            "outcome_object_ids": [drawn::<32>("outcome")], "resource_object_ids": [blob(random::<32>("resource"))],
            "executed_at": NOW, "executed_by": "nLaptop",
        }),
    )
    .refs(&["intent", "request"])
    .faults(vec![
        (
            "request-not-in-refs",
            "G8",
            &["header", "refs"],
            Some(json!([drawn::<32>("intent")])),
            "object.refs_mismatch",
        ),
        (
            "refs-out-of-order",
            "G8",
            &["header", "refs"],
            Some(json!([drawn::<32>("request"), drawn::<32>("intent")])),
            "object.refs_mismatch",
        ),
    ])
}
