//! The objects of chapters 5, 6 and 19.

use fcp_core::id::ZoneId;
use fcp_core::sign::OwnerKey;
use serde_json::{Value as Json, json};

use super::{Sample, blob, drawn, vectors};
use crate::vecgen::identity::{NOW, node_keys};
use crate::vecgen::topic::{Topic, random};

/// Zone definitions, policies, approvals, receipts, resources and enrollments.
pub(in crate::vecgen) fn topic() -> Topic {
    let mut topic = Topic::new("05-zones", "objects");
    vectors(&mut topic, vec![definition(), small_definition(), policy(), small_policy()]);
    vectors(&mut topic, vec![elevation(), declassification(), execution(), receipt(), resource(), enrollment()]);
    topic
}

fn approver(label: &str) -> Json {
    blob(OwnerKey::from_seed(random(label)).public().as_bytes())
}

fn definition() -> Sample {
    Sample::signed(
        "definition",
        "fcp.core:ZoneDefinitionObject",
        "§5.2.1, D75, D200",
        json!({
            "zone_id": "z:work", "name": "Work", "integrity_level": 60, "confidentiality_level": 60,
            "symbol_port": 7000, "control_port": 65_535, "tailscale_tag": "tag:fcp-work", "parent": "z:private",
            "transport_policy": {"allow_derp": true, "allow_funnel": false, "allow_lan_broadcast": true},
            "policy_object_id": drawn::<32>("policy"), "prev": drawn::<32>("previous definition"),
        }),
    )
    .refs(&["policy"])
    .faults(vec![
        ("of-another-zone", "D13", &["zone_id"], Some(json!("z:private")), "object.zone_mismatch"),
        ("level-256", "D74", &["integrity_level"], Some(json!(256)), "cbor.out_of_range"),
        ("port-65536", "D200", &["symbol_port"], Some(json!(65_536)), "cbor.out_of_range"),
        ("without-tag", "D75", &["tailscale_tag"], None, "cbor.missing_key"),
        ("policy-not-in-refs", "G8", &["policy_object_id"], Some(drawn::<32>("other policy")), "object.refs_mismatch"),
        ("incomplete-transport-policy", "G4", &["transport_policy", "allow_derp"], None, "cbor.missing_key"),
        ("parent-without-prefix", "D21", &["parent"], Some(json!("private")), "id.zone_prefix"),
    ])
}

fn small_definition() -> Sample {
    Sample::signed(
        "definition-without-options",
        "fcp.core:ZoneDefinitionObject",
        "§5.2.1, D200",
        json!({
            "zone_id": "z:work", "name": "", "integrity_level": 0, "confidentiality_level": 255, "symbol_port": 0,
            "control_port": 0, "tailscale_tag": "tag:fcp-work", "policy_object_id": drawn::<32>("policy"),
        }),
    )
    .refs(&["policy"])
}

fn policy() -> Sample {
    Sample::signed(
        "policy",
        "fcp.core:ZonePolicyObject",
        "§5.2.1, §5.3, D200",
        json!({
            "zone_id": "z:work",
            "policy": {
                "principals_allow": ["user:*"], "principals_deny": ["user:guest?"], "connectors_allow": ["*"],
                "connectors_deny": [], "cap_allow": ["files.*", "mail.read"], "cap_deny": [], "default_deny": true,
            },
            "checkpoint_signers": ["nDesk", "nLaptop", "nPhone", "nServer"], "max_faults": 1,
            "approvers": [
                {"principal": "user:anna", "pubkey": approver("anna"), "scopes": ["declassification", "elevation", "execution"]},
                {"principal": "user:bob", "pubkey": approver("bob"), "scopes": []},
            ],
            "token_issuers": [{"node_id": "nDesk", "subs": ["*"]}, {"node_id": "nLaptop", "subs": ["agent:*", "user:*"]}],
            "security_profile": {
                "zone_id": "z:work", "key_mode": "manifest_distributed", "require_pcs": false, "max_epoch_secs": 86_400,
            },
            "prev": drawn::<32>("previous policy"),
        }),
    )
    .faults(vec![
        ("signers-unsorted", "D200", &["checkpoint_signers"], Some(json!(["nLaptop", "nDesk", "nPhone", "nServer"])), "zone_policy.list_order"),
        ("signer-twice", "D200", &["checkpoint_signers"], Some(json!(["nDesk", "nDesk", "nLaptop", "nPhone"])), "zone_policy.list_order"),
        ("approvers-unsorted", "D200", &["approvers"], Some(json!([
            {"principal": "user:bob", "pubkey": approver("bob"), "scopes": []},
            {"principal": "user:anna", "pubkey": approver("anna"), "scopes": []},
        ])), "zone_policy.list_order"),
        ("scopes-unsorted", "D200", &["approvers", "0", "scopes"], Some(json!(["elevation", "declassification"])), "zone_policy.list_order"),
        ("issuers-unsorted", "D200", &["token_issuers"], Some(json!([
            {"node_id": "nLaptop", "subs": ["*"]}, {"node_id": "nDesk", "subs": ["*"]},
        ])), "zone_policy.list_order"),
        ("issuer-without-pattern", "D200", &["token_issuers", "0", "subs"], Some(json!([])), "cbor.out_of_range"),
        ("no-signers", "D32", &["checkpoint_signers"], Some(json!([])), "cbor.out_of_range"),
        ("too-many-faults", "D200", &["max_faults"], Some(json!(2)), "quorum.too_few_nodes"),
        ("pattern-of-129-bytes", "D79", &["policy", "cap_allow", "0"], Some(json!("a".repeat(129))), "glob.invalid_pattern"),
        ("pattern-beyond-ascii", "D79", &["policy", "cap_allow", "0"], Some(json!("ü")), "glob.invalid_pattern"),
        ("unknown-scope", "G5", &["approvers", "0", "scopes", "0"], Some(json!("dismissal")), "cbor.unknown_variant"),
        ("without-cap-deny", "G4", &["policy", "cap_deny"], None, "cbor.missing_key"),
    ])
}

fn small_policy() -> Sample {
    Sample::signed(
        "policy-of-one-node",
        "fcp.core:ZonePolicyObject",
        "§5.2.1, D200",
        json!({
            "zone_id": "z:work", "checkpoint_signers": ["nDesk"], "max_faults": 0, "approvers": [], "token_issuers": [],
            "policy": {
                "principals_allow": [], "principals_deny": [], "connectors_allow": [], "connectors_deny": [],
                "cap_allow": [], "cap_deny": [],
            },
        }),
    )
}

/// A key manifest of z:work with these boxes.
pub(super) fn manifest(object_id_keys: Json, zone_keys: Json) -> Sample {
    Sample::signed(
        "manifest",
        "fcp.core:ZoneKeyManifest",
        "§5.2.1, D37",
        json!({
            "zone_id": "z:work", "zone_key_id": drawn::<8>("zone key id"), "algorithm": "chacha20poly1305",
            "valid_from": NOW, "valid_until": NOW + 86_400, "prev_zone_key_id": drawn::<8>("previous zone key id"),
            "object_id_key_id": drawn::<8>("object id key id"), "wrapped_object_id_keys": object_id_keys,
            "rekey_policy": {
                "epoch_ratchet_enabled": true, "overlap_secs": 300, "retain_epochs": 2,
                "rewrap_on_membership_change": true, "rotate_object_id_key_on_membership_change": false,
            },
            "wrapped_keys": zone_keys,
        }),
    )
    .refs(&["previous manifest"])
}

fn provenance() -> Json {
    json!({
        "origin_zone": "z:public", "current_zone": "z:work", "integrity_label": 20, "confidentiality_label": 60,
        "label_adjustments": [], "taint": 1, "taint_reductions": [], "zone_crossings": [], "created_at": NOW,
    })
}

fn approval(name: &'static str, section: &'static str, scope: Json) -> Sample {
    Sample::signed(
        name,
        "fcp.core:ApprovalToken",
        section,
        json!({
            "scope": scope, "justification": "Because I say so.", "approved_by": "user:anna", "approved_at": NOW,
            "expires_at": NOW + 300,
        }),
    )
}

fn elevation() -> Sample {
    approval(
        "elevation",
        "§5.2.1, D26, D83",
        json!({"elevation": {
            "operation": "files.delete", "original_provenance": provenance(), "target_integrity": 60,
            "request_object_id": drawn::<32>("request"), "input_hash": drawn::<32>("input hash"),
        }}),
    )
    .faults(vec![
        ("without-target", "D83", &["scope", "elevation", "target_integrity"], None, "cbor.missing_key"),
        ("in-rust-spelling", "G5", &["scope"], Some(json!({"Elevation": {}})), "cbor.unknown_variant"),
        ("scope-as-text", "G5", &["scope"], Some(json!(7)), "cbor.unexpected_type"),
        ("short-input-hash", "G7", &["scope", "elevation", "input_hash"], Some(blob([0; 31])), "cbor.out_of_range"),
    ])
}

fn declassification() -> Sample {
    approval(
        "declassification",
        "§5.2.1, D83",
        json!({"declassification": {
            "from_zone": "z:work", "to_zone": "z:public", "object_ids": [drawn::<32>("object")],
            "target_confidentiality": 10,
        }}),
    )
}

fn execution() -> Sample {
    approval(
        "execution",
        "§5.2.1, D86",
        json!({"execution": {
            "connector_id": "example.files", "method_pattern": "files.*",
            "input_constraints": [
                {"json_pointer": "/path", "op": "prefix", "value": "/tmp/"},
                {"json_pointer": "/mode", "op": "not_in", "value": ["hard", 1.5, null, {"a": true}]},
            ],
        }}),
    )
    .faults(vec![
        (
            "unknown-comparison",
            "G5",
            &["scope", "execution", "input_constraints", "0", "op"],
            Some(json!("like")),
            "cbor.unknown_variant",
        ),
        (
            "pointer-without-slash",
            "§5.2.1, RFC 6901",
            &["scope", "execution", "input_constraints", "0", "json_pointer"],
            Some(json!("path")),
            "pointer.syntax",
        ),
        (
            "long-pattern",
            "D79",
            &["scope", "execution", "method_pattern"],
            Some(json!("*".repeat(129))),
            "glob.invalid_pattern",
        ),
    ])
}

fn receipt() -> Sample {
    Sample::signed(
        "sanitizer-receipt",
        "fcp.core:SanitizerReceipt",
        "§6.1",
        json!({
            "sanitizer_connector": "example.scanner", "sanitizer_operation": "scan.links",
            "inputs": [drawn::<32>("input 1"), drawn::<32>("input 2")], "clears": 4,
            "findings": {"links": 3, "score": 0.25}, "executed_at": NOW, "executed_by": "nDesk",
        }),
    )
    .refs(&["input 1", "input 2"])
    .faults(vec![
        ("inputs-not-in-refs", "G8", &["inputs"], Some(json!([drawn::<32>("input 2")])), "object.refs_mismatch"),
        ("clears-more-than-32-bits", "D94", &["clears"], Some(json!(4_294_967_296_u64)), "cbor.out_of_range"),
    ])
}

fn resource() -> Sample {
    Sample::signed(
        "resource",
        "fcp.core:ResourceObject",
        "§6.1, D104, D105",
        json!({
            "connector_id": "example.files", "resource_type": "file", "resource_uri": "file:///tmp/a", "created_at": NOW,
            "resource_digest": drawn::<32>("digest"), "resource_digest_alg": "blake3-256", "resource_size_bytes": 17,
            "resource_content_type": "text/plain", "retrieved_at": NOW, "expires_at": NOW + 60,
            "resource_integrity_level": 20, "resource_confidentiality_level": 10, "resource_taint": 3,
            "executed_by": "nDesk",
        }),
    )
    .faults(vec![
        ("digest-without-algorithm", "D106", &["resource_digest_alg"], None, "resource.digest_incomplete"),
        ("algorithm-without-digest", "D106", &["resource_digest"], None, "resource.digest_incomplete"),
        ("sha-256", "D106", &["resource_digest_alg"], Some(json!("sha256")), "resource.digest_algorithm"),
        ("without-classification", "D104", &["resource_confidentiality_level"], None, "cbor.missing_key"),
    ])
}

fn enrollment() -> Sample {
    Sample::signed(
        "enrollment",
        "fcp.core:DeviceEnrollment",
        "§19.4, D181",
        json!({
            "node_id": "nLaptop", "node_sig_pubkey": blob(node_keys("nLaptop").public().signing.as_bytes()),
            "allowed_zones": ["z:private", "z:work"],
            "storage_permissions": [{"store_symbols": {"zones": ["z:work"]}}, "store_secret_shares", "store_audit_events"],
            "issued_at": NOW, "expires_at": NOW + 86_400,
        }),
    )
    .zone(ZoneId::owner())
    .faults(vec![
        ("unknown-permission", "G5", &["storage_permissions", "1"], Some(json!("store_everything")), "cbor.unknown_variant"),
    ])
}
