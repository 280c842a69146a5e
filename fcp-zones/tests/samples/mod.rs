//! One sample of each signed object of this crate, as full as it can be.

#![expect(clippy::unwrap_used, reason = "the texts are valid")]

use fcp_core::cbor::Value;
use fcp_core::glob::Glob;
use fcp_core::id::{
    ConnectorId, NodeId, ObjectId, ObjectIdKey, ObjectIdKeyId, OperationId, PrincipalId, TailscaleTag, ZoneId,
    ZoneKeyId,
};
use fcp_core::object::{MeshObject as _, ObjectHeader, Provenance, TaintFlags};
use fcp_core::pointer::JsonPointer;
use fcp_core::rand_core::SeedableRng as _;
use fcp_core::sign::{ApproverKey, NodeSigningKey, OwnerKey, Signature, Signed as _, Verified};
use fcp_core::time::Timestamp;
use fcp_core::zone_key::{ZoneKey, ZoneKeyAlgorithm};
use fcp_zones::approval::{
    ApprovalScope, ApprovalTerms, ApprovalToken, ConstraintOp, Declassification, Elevation, Execution, InputConstraint,
    InputHash,
};
use fcp_zones::flow::SanitizerReceipt;
use fcp_zones::manifest::{ManifestTerms, Recipient, ZoneKeyManifest, ZoneKeys, ZoneRekeyPolicy};
use fcp_zones::membership::{DeviceEnrollment, EnrollmentTerms, StoragePermission};
use fcp_zones::policy::{
    Approver, ApproverScope, PolicyTerms, TokenIssuer, ZonePolicy, ZonePolicyObject, ZoneSecurityProfile,
};
use fcp_zones::resource::{ResourceDigestAlgorithm, ResourceObject};
use fcp_zones::zone::{Levels, ZoneDefinitionObject, ZoneTerms, ZoneTransportPolicy};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const WORK: Levels = Levels::new(60, 70);
const REQUEST: ObjectId = ObjectId::from_bytes([4; 32]);

pub(crate) fn owner() -> OwnerKey {
    OwnerKey::from_seed([1; 32])
}

pub(crate) fn node_key() -> NodeSigningKey {
    NodeSigningKey::from_seed([3; 32])
}

pub(crate) fn key() -> ObjectIdKey {
    ObjectIdKey::from_bytes([7; 32])
}

/// A definition with a parent and one before it.
pub(crate) fn definition() -> ZoneDefinitionObject {
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
    ZoneDefinitionObject::draft(terms, policy, Some(prev), NOW).signed_by(&owner())
}

/// A policy with an approver, an issuer and a profile.
pub(crate) fn policy() -> ZonePolicyObject {
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
    ZonePolicyObject::draft(terms, None, NOW).unwrap().signed_by(&owner())
}

/// A manifest of the same keys for `members`; one in the place of `previous` is a second younger.
pub(crate) fn manifest(previous: Option<&Verified<ZoneKeyManifest>>, members: &[Recipient]) -> ZoneKeyManifest {
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
    let from = previous.map_or(NOW, |previous| previous.header().created_at.saturating_add(1));
    let terms = ManifestTerms {
        levels: WORK,
        created_at: from,
        valid_from: from,
        valid_until: Some(NOW.saturating_add(86_400)),
        previous,
        rekey_policy: Some(ZoneRekeyPolicy {
            epoch_ratchet_enabled: true,
            overlap_secs: 600,
            retain_epochs: 2,
            rewrap_on_membership_change: true,
            rotate_object_id_key_on_membership_change: false,
        }),
    };
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
    ZoneKeyManifest::draft(&terms, &keys, members, &mut rng).unwrap().signed_by(&owner())
}

/// An approval of each kind.
pub(crate) fn approvals() -> [ApprovalToken; 3] {
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
    [elevation, declassification, execution].map(|scope| {
        let terms = ApprovalTerms {
            zone_id: ZoneId::work(),
            levels: WORK,
            scope,
            justification: "because".into(),
            approved_by: PrincipalId::new("user:ben").unwrap(),
            approved_at: NOW,
            ttl_secs: 300,
        };
        ApprovalToken::draft(terms).unwrap().signed_by(&ApproverKey::from_seed([2; 32]))
    })
}

/// An enrollment with every permission.
pub(crate) fn enrollment() -> DeviceEnrollment {
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
    DeviceEnrollment::draft(terms).unwrap().signed_by(&owner())
}

/// A receipt with findings.
pub(crate) fn receipt() -> SanitizerReceipt {
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
    receipt.signed_by(&node_key())
}

/// A resource with a digest.
pub(crate) fn resource() -> ResourceObject {
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
    resource.signed_by(&node_key())
}
