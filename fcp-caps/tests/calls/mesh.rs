//! A small mesh in which everything is in order, and a call in it, for tests that then break one thing.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "everything in here is known to be there")]

use std::collections::{BTreeMap, BTreeSet};

use fcp_audit::freshness::{Frontier, RevocationFreshnessPolicy};
use fcp_audit::revocation::{RevocationObject, RevocationRegistry, RevocationScope};
use fcp_caps::authorize::{Authorized, Budget, OperationRule, Reach, View, authorize};
use fcp_caps::capability::{AgentHint, ApprovalMode, AuditLevel, Capability, IdempotencyClass};
use fcp_caps::grant::{CapabilityConstraints, CapabilityObject, Grantee, PlacementPolicy, Spent};
use fcp_caps::invoke::{Invoke, InvokeRequest};
use fcp_caps::pop::{HolderNonce, Proof, ReplayCache};
use fcp_caps::token::{CapabilityGrant, CapabilityToken, CheckpointBinding, TokenClaims};
use fcp_caps::verify::TokenView;
use fcp_core::cbor::from_json;
use fcp_core::decision::Decision;
use fcp_core::glob::Glob;
use fcp_core::id::{
    CapabilityId, ConnectorId, InstanceId, Jti, NodeId, NodeTag, ObjectId, ObjectIdKey, OperationId, PrincipalId,
    TailscaleTag, ZoneId,
};
use fcp_core::identity::{AttestationTerms, NodeKeyAttestation, NodePublicKeys, TrustAnchors};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance, TaintFlags};
use fcp_core::rand_core::SeedableRng as _;
use fcp_core::safety::{RiskLevel, SafetyTier};
use fcp_core::sign::{
    ApproverKey, NodeEncryptionKey, NodeIssuanceKey, NodeSigningKey, OwnerKey, OwnerPublicKey, Signature, Signed,
    Unverified, Verified,
};
use fcp_core::time::Timestamp;
use fcp_core::zone_key::ZoneKeyAlgorithm;
use fcp_zones::approval::{ApprovalScope, ApprovalTerms, ApprovalToken, Declassification, Elevation, Execution};
use fcp_zones::flow::{Bearer, Client, Ingress, Marks, SanitizerReceipt};
use fcp_zones::manifest::{ManifestTerms, ZoneKeyManifest, ZoneKeys};
use fcp_zones::membership::{DeviceEnrollment, EnrollmentTerms, Member, admit};
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::policy::{Approver, ApproverScope, PolicyTerms, TokenIssuer, ZonePolicy, ZonePolicyObject};
use fcp_zones::resource::ResourceObject;
use fcp_zones::zone::{Levels, ZoneDefinitionObject, ZoneDirectory, ZoneTerms};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
pub(crate) const PRIVATE: Levels = Levels::new(80, 90);
pub(crate) const PUBLIC: Levels = Levels::new(20, 10);
pub(crate) const CHECKPOINT: ObjectId = ObjectId::from_bytes([0xc4; 32]);
pub(crate) const BINARY: ObjectId = ObjectId::from_bytes([0xb1; 32]);

pub(crate) fn key() -> ObjectIdKey {
    ObjectIdKey::from_bytes([0x1d; 32])
}

pub(crate) fn owner() -> OwnerKey {
    OwnerKey::from_seed([1; 32])
}

/// Who approves in z:private.
pub(crate) fn approver() -> ApproverKey {
    ApproverKey::from_seed([2; 32])
}

/// Runs connectors and issues tokens.
pub(crate) fn laptop() -> NodeId {
    NodeId::new("nLaptop").unwrap()
}

/// Holds tokens.
pub(crate) fn phone() -> NodeId {
    NodeId::new("nPhone").unwrap()
}

pub(crate) fn issuance(node: &NodeId) -> NodeIssuanceKey {
    NodeIssuanceKey::from_seed([node.as_bytes()[1]; 32])
}

pub(crate) fn signing(node: &NodeId) -> NodeSigningKey {
    NodeSigningKey::from_seed([node.as_bytes()[1].wrapping_add(1); 32])
}

pub(crate) fn connector() -> ConnectorId {
    ConnectorId::new("example.files").unwrap()
}

pub(crate) fn principal(text: &str) -> PrincipalId {
    PrincipalId::new(text).unwrap()
}

pub(crate) fn open<T>(draft: T) -> Verified<T>
where
    T: MeshObject<Opened = Unverified<T>> + Signed<Signer = OwnerPublicKey>,
{
    let stored = draft.signed_by(&owner()).seal(&key()).unwrap();
    stored.open::<T>().unwrap().verify(&owner().public()).unwrap()
}

pub(crate) fn attest(node: &NodeId, tags: &[&str], from: Timestamp, nonce: u8) -> NodeKeyAttestation {
    // Nodes do not share nonces.
    let mut nonce = [nonce; 32];
    nonce.iter_mut().skip(1).zip(node.as_bytes()).for_each(|(byte, of_node)| *byte = *of_node);
    let terms = AttestationTerms {
        node_id: node.clone(),
        owner: owner().public(),
        tags: tags.iter().map(|tag| NodeTag::new(tag).unwrap()).collect(),
        issued_at: from,
        expires_at: from.saturating_add(30 * 86_400),
        nonce,
        posture: None,
    };
    let keys = NodePublicKeys {
        signing: signing(node).public(),
        encryption: NodeEncryptionKey::from_bytes([node.as_bytes()[1]; 32]).public(),
        issuance: issuance(node).public(),
    };
    NodeKeyAttestation::draft(terms, &keys).unwrap().signed_by(&owner())
}

pub(crate) fn enroll(node: &NodeId, zones: &[ZoneId]) -> Verified<DeviceEnrollment> {
    let terms = EnrollmentTerms {
        node_id: node.clone(),
        node_sig_pubkey: signing(node).public(),
        allowed_zones: zones.to_vec(),
        storage_permissions: vec![],
        issued_at: NOW.saturating_sub(1_000),
        expires_at: None,
    };
    let draft = DeviceEnrollment::draft(terms).unwrap().signed_by(&owner());
    let opened = draft.seal_public().unwrap().open::<DeviceEnrollment>().unwrap();
    DeviceEnrollment::verify(opened, &owner().public(), NOW).unwrap()
}

pub(crate) fn policy_terms(zone: &ZoneId, levels: Levels) -> PolicyTerms {
    let any = || vec![Glob::new("*").unwrap()];
    let scopes = vec![ApproverScope::Declassification, ApproverScope::Elevation, ApproverScope::Execution];
    PolicyTerms {
        zone_id: zone.clone(),
        levels,
        policy: ZonePolicy {
            principals_allow: any(),
            connectors_allow: any(),
            cap_allow: any(),
            ..ZonePolicy::default()
        },
        checkpoint_signers: vec![laptop()],
        max_faults: 0,
        approvers: vec![Approver { principal: principal("user:anna"), pubkey: approver().public(), scopes }],
        token_issuers: vec![TokenIssuer { node_id: laptop(), subs: any() }],
        security_profile: None,
    }
}

pub(crate) fn heads(zone: &ZoneId, levels: Levels, terms: PolicyTerms) -> PinnedHeads {
    let policy = open(ZonePolicyObject::draft(terms, None, NOW).unwrap());
    let terms = ZoneTerms {
        zone_id: zone.clone(),
        name: zone.as_str().into(),
        levels,
        symbol_port: 1,
        control_port: 2,
        tailscale_tag: TailscaleTag::new(&zone.to_tailscale_tag().unwrap()).unwrap(),
        parent: None,
        transport_policy: None,
    };
    let definition = open(ZoneDefinitionObject::draft(terms, policy.id(), None, NOW));
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
    let keys = ZoneKeys::generate(zone.clone(), ZoneKeyAlgorithm::ChaCha20Poly1305, &mut rng);
    let terms = ManifestTerms {
        levels,
        created_at: NOW,
        valid_from: NOW,
        valid_until: None,
        previous: None,
        rekey_policy: None,
    };
    let manifest = open(ZoneKeyManifest::draft(&terms, &keys, &[], &mut rng).unwrap());
    PinnedHeads::new(definition, policy, manifest).unwrap()
}

pub(crate) fn grant(capability: &str, grantee: Grantee, constraints: CapabilityConstraints) -> CapabilityObject {
    let (integrity, confidentiality) = (PRIVATE.integrity, PRIVATE.confidentiality);
    let provenance = Provenance::of_zone(ZoneId::private(), integrity, confidentiality, NOW);
    CapabilityObject {
        header: ObjectHeader::for_type::<CapabilityObject>(provenance),
        capability_id: CapabilityId::new(capability).unwrap(),
        grantee,
        constraints,
        placement: PlacementPolicy::default(),
        valid_from: NOW.saturating_sub(1_000),
        valid_until: NOW.saturating_add(100_000),
        signature: Signature::ABSENT,
    }
}

/// The state of the laptop.
pub(crate) struct Mesh {
    pub(crate) trust: TrustAnchors,
    pub(crate) revocations: RevocationRegistry,
    pub(crate) heads: BTreeMap<ZoneId, PinnedHeads>,
    pub(crate) frontier: Option<Frontier>,
    pub(crate) checkpoints: BTreeMap<u64, ObjectId>,
    pub(crate) forked: BTreeSet<ObjectId>,
    pub(crate) freshness: RevocationFreshnessPolicy,
    pub(crate) members: BTreeMap<NodeId, Member>,
    pub(crate) grants: BTreeMap<ObjectId, Verified<CapabilityObject>>,
    pub(crate) capabilities: BTreeMap<CapabilityId, Capability>,
    pub(crate) node: NodeId,
    pub(crate) id_key: ObjectIdKey,
    pub(crate) operations: BTreeMap<OperationId, OperationRule>,
    pub(crate) binary: Option<ObjectId>,
    pub(crate) challenge: Option<HolderNonce>,
    pub(crate) replay: ReplayCache,
    pub(crate) approvals: BTreeMap<ObjectId, Unverified<ApprovalToken>>,
    pub(crate) resources: BTreeMap<ObjectId, Verified<ResourceObject>>,
    pub(crate) provenances: BTreeMap<ObjectId, Provenance>,
    pub(crate) receipts: BTreeMap<ObjectId, Verified<SanitizerReceipt>>,
    pub(crate) sanitizes: TaintFlags,
    pub(crate) marks: Marks,
    pub(crate) client: Client,
    pub(crate) ingress: Ingress,
    pub(crate) spent: BTreeMap<Budget, Spent>,
}

impl TokenView for Mesh {
    fn trust(&self) -> &TrustAnchors {
        &self.trust
    }
    fn revocations(&self) -> &RevocationRegistry {
        &self.revocations
    }
    fn heads(&self, zone: &ZoneId) -> Option<&PinnedHeads> {
        self.heads.get(zone)
    }
    fn frontier(&self, _: &ZoneId) -> Option<Frontier> {
        self.frontier
    }
    fn checkpoint(&self, _: &ZoneId, seq: u64) -> Option<ObjectId> {
        self.checkpoints.get(&seq).copied()
    }
    fn is_forked(&self, _: &ZoneId, checkpoint: &ObjectId) -> bool {
        self.forked.contains(checkpoint)
    }
    fn freshness(&self, _: &ZoneId) -> RevocationFreshnessPolicy {
        self.freshness
    }
    fn member(&self, node: &NodeId) -> Option<&Member> {
        self.members.get(node)
    }
    fn grant(&self, id: &ObjectId) -> Option<&Verified<CapabilityObject>> {
        self.grants.get(id)
    }
    fn capability(&self, id: &CapabilityId) -> Option<&Capability> {
        self.capabilities.get(id)
    }
}

impl View for Mesh {
    fn node(&self) -> &NodeId {
        &self.node
    }
    fn object_id_key(&self, zone: &ZoneId, _: Timestamp) -> Option<&ObjectIdKey> {
        self.heads.contains_key(zone).then_some(&self.id_key)
    }
    fn operation(&self, own: &ConnectorId, operation: &OperationId) -> Option<&OperationRule> {
        self.operations.get(operation).filter(|_| *own == connector())
    }
    fn binary(&self, _: &ConnectorId, _: Option<&InstanceId>) -> Option<ObjectId> {
        self.binary
    }
    fn challenge(&self, _: &Jti) -> Option<HolderNonce> {
        self.challenge
    }
    fn is_used(&self, proof: &Proof) -> bool {
        self.replay.contains(proof)
    }
    fn approval(&self, id: &ObjectId) -> Option<&Unverified<ApprovalToken>> {
        self.approvals.get(id)
    }
    fn resource(&self, id: &ObjectId) -> Option<&Verified<ResourceObject>> {
        self.resources.get(id)
    }
    fn provenance(&self, id: &ObjectId) -> Option<&Provenance> {
        self.provenances.get(id)
    }
    fn applied_approval(&self, _: &ObjectId) -> Option<&Verified<ApprovalToken>> {
        None
    }
    fn sanitizer_receipt(&self, id: &ObjectId) -> Option<&Verified<SanitizerReceipt>> {
        self.receipts.get(id)
    }
    fn sanitizes(&self, _: &ConnectorId, _: &OperationId) -> TaintFlags {
        self.sanitizes
    }
    fn marks(&self) -> &Marks {
        &self.marks
    }
    fn client(&self, _: &Bearer) -> Client {
        self.client
    }
    fn ingress(&self, _: &ObjectId) -> Ingress {
        self.ingress
    }
    fn spent(&self, budget: Budget) -> Spent {
        self.spent.get(&budget).copied().unwrap_or_default()
    }
}

fn capability(id: &str, tier: SafetyTier) -> (CapabilityId, Capability) {
    let id = CapabilityId::new(id).unwrap();
    let capability = Capability {
        id: id.clone(),
        name: id.as_str().into(),
        description: String::new(),
        risk_level: RiskLevel::Low,
        safety_tier: tier,
        parent: None,
        implies: vec![],
        conflicts_with: vec![],
        idempotency: IdempotencyClass::Strict,
        rate_limit: None,
        requires_approval: ApprovalMode::None,
        audit_level: AuditLevel::Low,
        agent_hint: AgentHint::default(),
    };
    (id, capability)
}

/// The operations of the connector: each with the capability `files.` and its own name.
pub(crate) const OPERATIONS: [(&str, SafetyTier); 5] = [
    ("read", SafetyTier::Safe),
    ("write", SafetyTier::Risky),
    ("delete", SafetyTier::Dangerous),
    ("publish", SafetyTier::Risky),
    ("explode", SafetyTier::Forbidden),
];

impl Mesh {
    pub(crate) fn new() -> Self {
        let zones = [(ZoneId::private(), PRIVATE), (ZoneId::public(), PUBLIC)];
        let heads: BTreeMap<ZoneId, PinnedHeads> = zones
            .iter()
            .map(|(zone, levels)| (zone.clone(), heads(zone, *levels, policy_terms(zone, *levels))))
            .collect();
        let mut directory = ZoneDirectory::new();
        for pinned in heads.values() {
            directory.pin(pinned.definition().clone());
        }
        let mut mesh = Self {
            trust: TrustAnchors::new(owner().public()),
            revocations: RevocationRegistry::new(),
            heads,
            frontier: Some(Frontier {
                checkpoint: CHECKPOINT,
                checkpoint_seq: 42,
                created_at: NOW.saturating_sub(30),
                complete: true,
            }),
            checkpoints: BTreeMap::from([(41, ObjectId::from_bytes([0xc3; 32]))]),
            forked: BTreeSet::new(),
            freshness: RevocationFreshnessPolicy::default(),
            members: BTreeMap::new(),
            grants: BTreeMap::new(),
            capabilities: OPERATIONS.iter().map(|(name, tier)| capability(&format!("files.{name}"), *tier)).collect(),
            node: laptop(),
            id_key: key(),
            operations: OPERATIONS
                .iter()
                .map(|(name, tier)| {
                    let rule = OperationRule {
                        capability: CapabilityId::new(&format!("files.{name}")).unwrap(),
                        tier: *tier,
                        idempotency: IdempotencyClass::Strict,
                        approval: ApprovalMode::None,
                        reach: if *name == "publish" { Reach::Outside } else { Reach::Mesh },
                    };
                    (OperationId::new(name).unwrap(), rule)
                })
                .collect(),
            binary: Some(BINARY),
            challenge: None,
            replay: ReplayCache::new(16),
            approvals: BTreeMap::new(),
            resources: BTreeMap::new(),
            provenances: BTreeMap::new(),
            receipts: BTreeMap::new(),
            sanitizes: TaintFlags::all(),
            marks: Marks::new(),
            client: Client::Agent,
            ingress: Ingress::User,
            spent: BTreeMap::new(),
        };
        for node in [laptop(), phone()] {
            let tags = ["fcp-private", "fcp-public"];
            let attested = attest(&node, &tags, NOW.saturating_sub(1_000), 1).seal();
            mesh.trust.install(NodeKeyAttestation::open(&attested).unwrap(), NOW).unwrap();
            let enrollment = enroll(&node, &[ZoneId::private(), ZoneId::public()]);
            let attestation = mesh.trust.current(&node, &mesh.revocations, NOW).unwrap();
            let admitted = admit(attestation, &enrollment, &directory, &mesh.revocations, NOW);
            mesh.members.insert(node, admitted.into_result().unwrap());
        }
        mesh
    }

    /// Takes a grant by the owner.
    pub(crate) fn granted(&mut self, grant: CapabilityObject) -> ObjectId {
        let grant = open(grant);
        let id = grant.id();
        self.grants.insert(id, grant);
        id
    }

    /// Takes the owner's revocation of `id` in z:private.
    pub(crate) fn revoke(&mut self, id: ObjectId) {
        let provenance = Provenance::of_zone(ZoneId::private(), 80, 90, NOW.saturating_sub(10));
        let draft = RevocationObject::draft(provenance, vec![id], RevocationScope::Capability, "test");
        assert!(self.revocations.install(&open(draft)));
    }

    /// Takes an approval by the approver of z:private.
    pub(crate) fn approved(&mut self, scope: ApprovalScope) -> ObjectId {
        self.approved_by(scope, NOW, &approver())
    }

    pub(crate) fn approved_by(&mut self, scope: ApprovalScope, at: Timestamp, by: &ApproverKey) -> ObjectId {
        let terms = ApprovalTerms {
            zone_id: ZoneId::private(),
            levels: PRIVATE,
            scope,
            justification: "test".into(),
            approved_by: principal("user:anna"),
            approved_at: at,
            ttl_secs: 300,
        };
        let draft = ApprovalToken::draft(terms).unwrap().signed_by(by);
        let opened = draft.seal(&key()).unwrap().open::<ApprovalToken>().unwrap();
        let id = opened.id();
        self.approvals.insert(id, opened);
        id
    }

    /// A resource outside of the mesh, as the laptop classified it.
    pub(crate) fn resource(&mut self, uri: &str, confidentiality: u8) -> ObjectId {
        self.resource_with(uri, confidentiality, TaintFlags::empty())
    }

    pub(crate) fn resource_with(&mut self, uri: &str, confidentiality: u8, taint: TaintFlags) -> ObjectId {
        let provenance = Provenance::of_zone(ZoneId::private(), PRIVATE.integrity, PRIVATE.confidentiality, NOW);
        let resource = ResourceObject {
            header: ObjectHeader::for_type::<ResourceObject>(provenance.clone()),
            connector_id: connector(),
            resource_type: "file".into(),
            resource_uri: uri.into(),
            created_at: NOW,
            resource_digest: None,
            resource_digest_alg: None,
            resource_size_bytes: None,
            resource_content_type: None,
            retrieved_at: None,
            expires_at: None,
            resource_integrity_level: 0,
            resource_confidentiality_level: confidentiality,
            resource_taint: taint,
            executed_by: laptop(),
            signature: Signature::ABSENT,
        };
        let node = signing(&laptop());
        let stored = resource.signed_by(&node).seal(&key()).unwrap();
        let verified = stored.open::<ResourceObject>().unwrap().verify(&node.public()).unwrap();
        let id = verified.id();
        self.resources.insert(id, verified);
        self.provenances.insert(id, provenance);
        id
    }

    /// The laptop's word that a sanitizer found `input` free of `clears`.
    pub(crate) fn sanitized(&mut self, input: ObjectId, clears: TaintFlags) -> ObjectId {
        let provenance = Provenance::of_zone(ZoneId::private(), PRIVATE.integrity, PRIVATE.confidentiality, NOW);
        let receipt = SanitizerReceipt {
            header: ObjectHeader::for_type::<SanitizerReceipt>(provenance).with_refs(vec![input]),
            sanitizer_connector: ConnectorId::new("example.scanner").unwrap(),
            sanitizer_operation: OperationId::new("scan").unwrap(),
            inputs: vec![input],
            clears,
            findings: None,
            executed_at: NOW,
            executed_by: laptop(),
            signature: Signature::ABSENT,
        };
        let node = signing(&laptop());
        let stored = receipt.signed_by(&node).seal(&key()).unwrap();
        let verified = stored.open::<SanitizerReceipt>().unwrap().verify(&node.public()).unwrap();
        let id = verified.id();
        self.receipts.insert(id, verified);
        id
    }

    /// Stores something with this provenance.
    pub(crate) fn stored(&mut self, byte: u8, provenance: Provenance) -> ObjectId {
        let id = ObjectId::from_bytes([byte; 32]);
        self.provenances.insert(id, provenance);
        id
    }
}

/// A call in the mesh: everything that goes into it, before it is signed.
pub(crate) struct Case {
    pub(crate) mesh: Mesh,
    pub(crate) claims: TokenClaims,
    pub(crate) header: ObjectHeader,
    pub(crate) request: InvokeRequest,
    pub(crate) issuer: NodeIssuanceKey,
    pub(crate) holder: Option<NodeSigningKey>,
    pub(crate) nonce: HolderNonce,
    pub(crate) now: Timestamp,
}

impl Case {
    /// A call of `operation` that is in order.
    pub(crate) fn new(operation: &str) -> Self {
        let mut mesh = Mesh::new();
        let grantee = Grantee::Principal(principal("agent:helper"));
        let id = mesh.granted(grant(&format!("files.{operation}"), grantee, CapabilityConstraints::open()));
        let provenance = Provenance::of_zone(ZoneId::private(), PRIVATE.integrity, PRIVATE.confidentiality, NOW);
        let claims = TokenClaims {
            iss_zone: ZoneId::private(),
            sub: principal("agent:helper"),
            aud: connector(),
            exp: NOW.saturating_add(300),
            iat: NOW.saturating_sub(10),
            jti: Jti::from_bytes([7; 16]),
            iss_node: laptop(),
            grant_object_ids: vec![id],
            caps: vec![CapabilityGrant {
                capability: CapabilityId::new(&format!("files.{operation}")).unwrap(),
                operation: None,
            }],
            attenuation: None,
            holder_node: Some(phone()),
            checkpoint: Some(CheckpointBinding { id: CHECKPOINT, seq: 42 }),
            aud_binary: Some(BINARY),
            instance: None,
        };
        let request = InvokeRequest {
            id: "call-1".into(),
            connector_id: connector(),
            operation: OperationId::new(operation).unwrap(),
            zone_id: ZoneId::private(),
            target_node: laptop(),
            input: from_json(r#"{"path":"/notes/a.txt"}"#).unwrap(),
            capability_token: vec![],
            provenance: provenance.clone(),
            resources: vec![],
            approval_tokens: vec![],
            idempotency_key: Some("once".parse().unwrap()),
            trace_context: None,
            instance_id: None,
            deadline_ms: None,
            lease_seq: None,
            holder_nonce: None,
            holder_proof: None,
        };
        Self {
            mesh,
            claims,
            header: ObjectHeader::for_type::<InvokeRequest>(provenance),
            request,
            issuer: issuance(&laptop()),
            holder: Some(signing(&phone())),
            nonce: HolderNonce::of_epoch(NOW, [9; 8]),
            now: NOW,
        }
    }

    /// The request as it is sent.
    pub(crate) fn invoke(&self) -> Invoke {
        let mut request = self.request.clone();
        if request.capability_token.is_empty() {
            request.capability_token = CapabilityToken::mint(self.claims.clone(), &self.issuer).unwrap().to_cwt();
        }
        let invoke = Invoke::new(self.header.clone(), request, &key()).unwrap();
        match &self.holder {
            Some(holder) => invoke.proved(self.claims.jti, self.nonce, holder),
            None => invoke,
        }
    }

    /// The decision.
    pub(crate) fn decide(&self) -> Decision<Authorized<Invoke>> {
        authorize(&self.mesh, self.invoke(), self.now)
    }

    /// The call's approval of execution, which names request and input.
    pub(crate) fn execution(&self) -> Execution {
        let invoke = self.invoke();
        Execution {
            connector_id: connector(),
            method_pattern: Glob::new(self.request.operation.as_str()).unwrap(),
            request_object_id: Some(invoke.id()),
            input_hash: Some(*invoke.input_hash()),
            input_constraints: vec![],
        }
    }

    /// The call's elevation to the level of z:private.
    pub(crate) fn elevation(&self) -> Elevation {
        let invoke = self.invoke();
        Elevation {
            operation: self.request.operation.clone(),
            original_provenance: self.request.provenance.clone(),
            target_integrity: PRIVATE.integrity,
            request_object_id: Some(invoke.id()),
            input_hash: Some(*invoke.input_hash()),
        }
    }

    /// The declassification of `objects` and the call itself, from z:private to `to`.
    pub(crate) fn declassification(&self, to: &ZoneId, level: u8, objects: &[ObjectId]) -> Declassification {
        let invoke = self.invoke();
        Declassification {
            from_zone: ZoneId::private(),
            to_zone: to.clone(),
            object_ids: objects.iter().copied().chain([invoke.id()]).collect(),
            target_confidentiality: level,
            request_object_id: Some(invoke.id()),
            input_hash: Some(*invoke.input_hash()),
        }
    }

    /// Approves the call and presents the approval.
    pub(crate) fn approve(&mut self, scope: ApprovalScope) -> ObjectId {
        let id = self.mesh.approved(scope);
        self.request.approval_tokens.push(id);
        self.request.approval_tokens.sort_unstable();
        id
    }
}
