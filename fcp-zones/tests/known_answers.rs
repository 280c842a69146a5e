//! The bytes of each signed object of this crate, against another implementation.
//!
//! An object's id is the keyed hash of its header, body and signature, so one value binds every byte. The ids below were
//! computed from the CDDL of D200 and the structs of §5.2.1, §6.1 and §19.4 with the Python peer's CBOR, Ed25519 and
//! BLAKE3: created at 1700000000, object-id key 32 × 07, owner seed 32 × 01, approver seed 32 × 02, node seed 32 × 03.

use fcp_core::cbor::Value;
use fcp_core::glob::Glob;
use fcp_core::id::{
    ConnectorId, NodeId, ObjectId, ObjectIdKey, ObjectIdKeyId, OperationId, PrincipalId, TailscaleTag, ZoneId,
    ZoneKeyId,
};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance, TaintFlags};
use fcp_core::pointer::JsonPointer;
use fcp_core::rand_core::SeedableRng as _;
use fcp_core::sign::{ApproverKey, NodeSigningKey, OwnerKey, Signature, Signed as _};
use fcp_core::time::Timestamp;
use fcp_core::zone_key::{ZoneKey, ZoneKeyAlgorithm};
use fcp_zones::approval::{
    ApprovalScope, ApprovalTerms, ApprovalToken, ConstraintOp, Declassification, Elevation, Execution, InputConstraint,
    InputHash,
};
use fcp_zones::flow::SanitizerReceipt;
use fcp_zones::manifest::{ManifestTerms, ZoneKeyManifest, ZoneKeys, ZoneRekeyPolicy};
use fcp_zones::membership::{DeviceEnrollment, EnrollmentTerms, StoragePermission};
use fcp_zones::policy::{
    Approver, ApproverScope, PolicyTerms, TokenIssuer, ZonePolicy, ZonePolicyObject, ZoneSecurityProfile,
};
use fcp_zones::resource::{ResourceDigestAlgorithm, ResourceObject};
use fcp_zones::zone::{Levels, ZoneDefinitionObject, ZoneTerms, ZoneTransportPolicy};
use hex_literal::hex;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const WORK: Levels = Levels::new(60, 70);
const REQUEST: ObjectId = ObjectId::from_bytes([4; 32]);

mod given {
    use super::*;

    pub(super) fn owner() -> OwnerKey {
        OwnerKey::from_seed([1; 32])
    }

    pub(super) fn node_key() -> NodeSigningKey {
        NodeSigningKey::from_seed([3; 32])
    }

    pub(super) fn key() -> ObjectIdKey {
        ObjectIdKey::from_bytes([7; 32])
    }
}

use given::{key, node_key, owner};

#[test]
fn zone_definition() {
    let terms = ZoneTerms {
        zone_id: ZoneId::work(),
        name: "Work".into(),
        levels: WORK,
        symbol_port: 41_000,
        control_port: 41_001,
        tailscale_tag: TailscaleTag::new("tag:fcp-work").unwrap(),
        parent: Some(ZoneId::private()),
        transport_policy: Some(ZoneTransportPolicy::default()),
    };
    let (policy, prev) = (ObjectId::from_bytes([5; 32]), ObjectId::from_bytes([6; 32]));
    let definition = ZoneDefinitionObject::draft(terms, policy, Some(prev), NOW).signed_by(&owner());
    let expected = hex!("eb7deb4e004b719417c62e4f1cb836186329e4d6a3769ec60ed3c2edf7b6354f");
    assert_eq!(definition.seal(&key()).unwrap().id().as_bytes(), &expected);
}

#[test]
fn zone_policy() {
    let globs = |patterns: &[&str]| patterns.iter().map(|pattern| Glob::new(pattern).unwrap()).collect::<Vec<_>>();
    let terms = PolicyTerms {
        zone_id: ZoneId::work(),
        levels: WORK,
        policy: ZonePolicy {
            principals_allow: globs(&["*"]),
            connectors_allow: globs(&["example.*"]),
            cap_allow: globs(&["*"]),
            cap_deny: globs(&["files.delete"]),
            default_deny: Some(true),
            ..ZonePolicy::default()
        },
        checkpoint_signers: ["n4", "n3", "n2", "n1"].map(|node| NodeId::new(node).unwrap()).to_vec(),
        max_faults: 1,
        approvers: vec![Approver {
            principal: PrincipalId::new("user:ben").unwrap(),
            pubkey: ApproverKey::from_seed([2; 32]).public(),
            scopes: vec![ApproverScope::Execution, ApproverScope::Elevation],
        }],
        token_issuers: vec![TokenIssuer { node_id: NodeId::new("n1").unwrap(), subs: globs(&["user:*", "agent:*"]) }],
        security_profile: Some(ZoneSecurityProfile::baseline(ZoneId::work())),
    };
    let policy = ZonePolicyObject::draft(terms, None, NOW).unwrap().signed_by(&owner());
    let expected = hex!("afdacbb6ba7e2f419e7546d086d11926d4a1871a1c4605eccdfea18970189cbb");
    assert_eq!(policy.seal(&key()).unwrap().id().as_bytes(), &expected);
}

#[test]
fn zone_key_manifest() {
    let keys = ZoneKeys {
        zone_key: ZoneKey::new(
            ZoneId::work(),
            ZoneKeyId::from_bytes([8; 8]),
            ZoneKeyAlgorithm::ChaCha20Poly1305,
            [0; 32],
        ),
        object_id_key_id: ObjectIdKeyId::from_bytes([9; 8]),
        object_id_key: key(),
    };
    let terms = ManifestTerms {
        levels: WORK,
        created_at: NOW,
        valid_from: NOW,
        valid_until: Some(NOW.saturating_add(86_400)),
        previous: None,
        rekey_policy: Some(ZoneRekeyPolicy {
            epoch_ratchet_enabled: true,
            overlap_secs: 600,
            retain_epochs: 2,
            rewrap_on_membership_change: true,
            rotate_object_id_key_on_membership_change: false,
        }),
    };
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
    let manifest = ZoneKeyManifest::draft(&terms, &keys, &[], &mut rng).unwrap().signed_by(&owner());
    let expected = hex!("e6b2b0d37d200f4359ccbdd129817d0cad538e66b7c1145eec869646705150ed");
    assert_eq!(manifest.seal(&key()).unwrap().id().as_bytes(), &expected);
}

#[test]
fn approvals() {
    let elevation = ApprovalScope::Elevation(Elevation {
        operation: OperationId::new("files.write").unwrap(),
        original_provenance: Provenance {
            taint: TaintFlags::PUBLIC_INPUT,
            ..Provenance::of_zone(ZoneId::public(), 20, 10, NOW)
        },
        target_integrity: 60,
        request_object_id: Some(REQUEST),
        input_hash: Some(InputHash::from_bytes([10; 32])),
    });
    let declassification = ApprovalScope::Declassification(Declassification {
        from_zone: ZoneId::work(),
        to_zone: ZoneId::public(),
        object_ids: vec![REQUEST],
        target_confidentiality: 10,
        request_object_id: None,
        input_hash: None,
    });
    let execution = ApprovalScope::Execution(Execution {
        connector_id: ConnectorId::new("example.files").unwrap(),
        method_pattern: Glob::new("files.*").unwrap(),
        request_object_id: None,
        input_hash: None,
        input_constraints: vec![InputConstraint {
            json_pointer: JsonPointer::new("/path").unwrap(),
            op: ConstraintOp::NotIn,
            value: Value::Array(vec![Value::from("/etc")]),
        }],
    });
    for (scope, expected) in [
        (elevation, hex!("56979b8289b4e6d79e82cb0ac62b9e8240014575d343e5b4b4bc794d3d196f22")),
        (declassification, hex!("7305e15f1008dd01da8eed3ed4fa4ad26cb1771455c7b63ac15a7ed0f65823fd")),
        (execution, hex!("3889f0384bc4395c136f72c5ed9528772314d486417d4d0772390b33158bbc3f")),
    ] {
        let terms = ApprovalTerms {
            zone_id: ZoneId::work(),
            levels: WORK,
            scope,
            justification: "because".into(),
            approved_by: PrincipalId::new("user:ben").unwrap(),
            approved_at: NOW,
            ttl_secs: 300,
        };
        let token = ApprovalToken::draft(terms).unwrap().signed_by(&ApproverKey::from_seed([2; 32]));
        assert_eq!(token.seal(&key()).unwrap().id().as_bytes(), &expected);
    }
}

#[test]
fn device_enrollment() {
    let terms = EnrollmentTerms {
        node_id: NodeId::new("nLaptop").unwrap(),
        node_sig_pubkey: node_key().public(),
        allowed_zones: vec![ZoneId::private(), ZoneId::work()],
        storage_permissions: vec![
            StoragePermission::StoreSymbols { zones: vec![ZoneId::work()] },
            StoragePermission::StoreSecretShares,
            StoragePermission::StoreAuditEvents,
        ],
        issued_at: NOW,
        expires_at: None,
    };
    let enrollment = DeviceEnrollment::draft(terms).unwrap().signed_by(&owner());
    let expected = hex!("71188cc2e25d158cbb7f3f0883812cefba459aa15a4a9a8c344b6210746bd14d");
    assert_eq!(enrollment.seal_public().unwrap().id().as_bytes(), &expected);
}

#[test]
fn sanitizer_receipt() {
    let provenance = Provenance::of_zone(ZoneId::work(), 60, 70, NOW);
    let receipt = SanitizerReceipt {
        header: ObjectHeader::for_type::<SanitizerReceipt>(provenance).with_refs(vec![REQUEST]),
        sanitizer_connector: ConnectorId::new("example.scanner").unwrap(),
        sanitizer_operation: OperationId::new("scan").unwrap(),
        inputs: vec![REQUEST],
        clears: TaintFlags::UNVERIFIED_LINK,
        findings: Some(Value::from("clean")),
        executed_at: NOW,
        executed_by: NodeId::new("nLaptop").unwrap(),
        signature: Signature::ABSENT,
    };
    let expected = hex!("ae1cd053b53d225db69c9c755f176a1c942af9dadf439cfc3db0acf5b5e72ed7");
    assert_eq!(receipt.signed_by(&node_key()).seal(&key()).unwrap().id().as_bytes(), &expected);
}

#[test]
fn resource() {
    let provenance = Provenance::of_zone(ZoneId::work(), 60, 70, NOW);
    let resource = ResourceObject {
        header: ObjectHeader::for_type::<ResourceObject>(provenance),
        connector_id: ConnectorId::new("example.chat").unwrap(),
        resource_type: "message".into(),
        resource_uri: "https://chat.example/m/1".into(),
        created_at: NOW,
        resource_digest: Some([10; 32]),
        resource_digest_alg: Some(ResourceDigestAlgorithm::Blake3),
        resource_size_bytes: Some(5),
        resource_content_type: None,
        retrieved_at: None,
        expires_at: None,
        resource_integrity_level: 20,
        resource_confidentiality_level: 10,
        resource_taint: TaintFlags::PUBLIC_INPUT,
        executed_by: NodeId::new("nLaptop").unwrap(),
        signature: Signature::ABSENT,
    };
    let expected = hex!("2ea69079e2376dddf0baf1146503b9d8e2129fa29860573ad687f1396d5cafd4");
    assert_eq!(resource.signed_by(&node_key()).seal(&key()).unwrap().id().as_bytes(), &expected);
}
