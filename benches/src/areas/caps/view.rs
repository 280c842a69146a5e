//! What a verifier of the measured token holds: a mesh of two nodes and one zone, in which everything is in order.

use std::collections::BTreeMap;

use fcp_audit::freshness::{Frontier, RevocationFreshnessPolicy};
use fcp_audit::revocation::RevocationRegistry;
use fcp_caps::capability::{AgentHint, ApprovalMode, AuditLevel, Capability, IdempotencyClass};
use fcp_caps::grant::{CapabilityConstraints, CapabilityObject, Grantee, PlacementPolicy};
use fcp_caps::verify::TokenView;
use fcp_core::glob::Glob;
use fcp_core::id::{CapabilityId, NodeId, NodeTag, ObjectId, ObjectIdKey, TailscaleTag, ZoneId};
use fcp_core::identity::{AttestationTerms, NodeKeyAttestation, NodePublicKeys, TrustAnchors};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
use fcp_core::rand_core::{CryptoRng, SeedableRng as _};
use fcp_core::safety::{RiskLevel, SafetyTier};
use fcp_core::sign::{
    NodeEncryptionKey, NodeIssuancePublicKey, NodeSigningKey, NodeSigningPublicKey, OwnerKey, OwnerPublicKey,
    Signature, Signed, Unverified, Verified,
};
use fcp_core::time::Timestamp;
use fcp_core::zone_key::ZoneKeyAlgorithm;
use fcp_zones::manifest::{ManifestTerms, ZoneKeyManifest, ZoneKeys};
use fcp_zones::membership::{DeviceEnrollment, EnrollmentTerms, Member, admit};
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::policy::{PolicyTerms, TokenIssuer, ZonePolicy, ZonePolicyObject};
use fcp_zones::zone::{Levels, ZoneDefinitionObject, ZoneDirectory, ZoneTerms};

const LEVELS: Levels = Levels::new(80, 90);

/// The verifier's state.
pub(super) struct View {
    trust: TrustAnchors,
    revocations: RevocationRegistry,
    heads: PinnedHeads,
    frontier: Frontier,
    members: BTreeMap<NodeId, Member>,
    grants: BTreeMap<ObjectId, Verified<CapabilityObject>>,
    capabilities: BTreeMap<CapabilityId, Capability>,
}

impl View {
    /// The mesh of `issuer`, which mints under `issuance`, and `holder`, with a grant for each of `capabilities`.
    pub(super) fn new(
        [issuer, holder]: [&NodeId; 2],
        issuance: NodeIssuancePublicKey,
        capabilities: &[&str],
        checkpoint: ObjectId,
        now: Timestamp,
    ) -> Option<Self> {
        let owner = Owner { key: OwnerKey::from_seed([1; 32]), id_key: ObjectIdKey::from_bytes([0x1d; 32]), now };
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        let heads = owner.heads(issuer, &mut rng)?;
        let mut directory = ZoneDirectory::new();
        directory.pin(heads.definition().clone());
        let frontier = Frontier { checkpoint, checkpoint_seq: 42, created_at: now, complete: true };
        let mut view = Self {
            trust: TrustAnchors::new(owner.key.public()),
            revocations: RevocationRegistry::new(),
            heads,
            frontier,
            members: BTreeMap::new(),
            grants: BTreeMap::new(),
            capabilities: BTreeMap::new(),
        };
        for node in [issuer, holder] {
            let signing = NodeSigningKey::generate(&mut rng).public();
            let encryption = NodeEncryptionKey::generate(&mut rng).public();
            view.trust.install(owner.attest(node, &NodePublicKeys { signing, encryption, issuance })?, now).ok()?;
            let attestation = view.trust.current(node, &view.revocations, now)?;
            let enrollment = owner.enroll(node, signing)?;
            let member = admit(attestation, &enrollment, &directory, &view.revocations, now).into_result().ok()?;
            view.members.insert(node.clone(), member);
        }
        for name in capabilities {
            let id: CapabilityId = name.parse().ok()?;
            let grant = owner.grant(id.clone())?;
            view.grants.insert(grant.id(), grant);
            view.capabilities.insert(id.clone(), capability(id));
        }
        Some(view)
    }

    /// The ids of the grants, sorted.
    pub(super) fn grant_ids(&self) -> Vec<ObjectId> {
        self.grants.keys().copied().collect()
    }
}

impl TokenView for View {
    fn trust(&self) -> &TrustAnchors {
        &self.trust
    }
    fn revocations(&self) -> &RevocationRegistry {
        &self.revocations
    }
    fn heads(&self, zone: &ZoneId) -> Option<&PinnedHeads> {
        (self.heads.zone_id() == zone).then_some(&self.heads)
    }
    fn frontier(&self, _: &ZoneId) -> Option<Frontier> {
        Some(self.frontier)
    }
    fn checkpoint(&self, _: &ZoneId, _: u64) -> Option<ObjectId> {
        None
    }
    fn is_forked(&self, _: &ZoneId, _: &ObjectId) -> bool {
        false
    }
    fn freshness(&self, _: &ZoneId) -> RevocationFreshnessPolicy {
        RevocationFreshnessPolicy::default()
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

fn capability(id: CapabilityId) -> Capability {
    Capability {
        name: id.as_str().into(),
        id,
        description: String::new(),
        risk_level: RiskLevel::Low,
        safety_tier: SafetyTier::Risky,
        parent: None,
        implies: vec![],
        conflicts_with: vec![],
        idempotency: IdempotencyClass::Strict,
        rate_limit: None,
        requires_approval: ApprovalMode::None,
        audit_level: AuditLevel::Low,
        agent_hint: AgentHint::default(),
    }
}

/// Who signs it all.
struct Owner {
    key: OwnerKey,
    id_key: ObjectIdKey,
    now: Timestamp,
}

impl Owner {
    fn sign<T>(&self, draft: T) -> Option<Verified<T>>
    where
        T: MeshObject<Opened = Unverified<T>> + Signed<Signer = OwnerPublicKey>,
    {
        let stored = draft.signed_by(&self.key).seal(&self.id_key).ok()?;
        stored.open::<T>().ok()?.verify(&self.key.public()).ok()
    }

    fn attest(&self, node: &NodeId, keys: &NodePublicKeys) -> Option<Unverified<NodeKeyAttestation>> {
        let terms = AttestationTerms {
            node_id: node.clone(),
            owner: self.key.public(),
            tags: vec![NodeTag::new("fcp-private").ok()?],
            issued_at: self.now,
            expires_at: self.now.saturating_add(30 * 86_400),
            nonce: *keys.signing.as_bytes(),
            posture: None,
        };
        let attestation = NodeKeyAttestation::draft(terms, keys).ok()?.signed_by(&self.key);
        NodeKeyAttestation::open(&attestation.seal()).ok()
    }

    fn enroll(&self, node: &NodeId, node_sig_pubkey: NodeSigningPublicKey) -> Option<Verified<DeviceEnrollment>> {
        let terms = EnrollmentTerms {
            node_id: node.clone(),
            node_sig_pubkey,
            allowed_zones: vec![ZoneId::private()],
            storage_permissions: vec![],
            issued_at: self.now,
            expires_at: None,
        };
        let draft = DeviceEnrollment::draft(terms).ok()?.signed_by(&self.key);
        let opened = draft.seal_public().ok()?.open::<DeviceEnrollment>().ok()?;
        DeviceEnrollment::verify(opened, &self.key.public(), self.now).ok()
    }

    fn heads(&self, issuer: &NodeId, rng: &mut impl CryptoRng) -> Option<PinnedHeads> {
        let (zone, now) = (ZoneId::private(), self.now);
        let any = || Some(vec![Glob::new("*").ok()?]);
        let terms = PolicyTerms {
            zone_id: zone.clone(),
            levels: LEVELS,
            policy: ZonePolicy {
                principals_allow: any()?,
                connectors_allow: any()?,
                cap_allow: any()?,
                ..ZonePolicy::default()
            },
            checkpoint_signers: vec![issuer.clone()],
            max_faults: 0,
            approvers: vec![],
            token_issuers: vec![TokenIssuer { node_id: issuer.clone(), subs: any()? }],
            security_profile: None,
        };
        let policy = self.sign(ZonePolicyObject::draft(terms, None, now).ok()?)?;
        let terms = ZoneTerms {
            zone_id: zone.clone(),
            name: zone.as_str().into(),
            levels: LEVELS,
            symbol_port: 1,
            control_port: 2,
            tailscale_tag: TailscaleTag::new(&zone.to_tailscale_tag().ok()?).ok()?,
            parent: None,
            transport_policy: None,
        };
        let definition = self.sign(ZoneDefinitionObject::draft(terms, policy.id(), None, now))?;
        let keys = ZoneKeys::generate(zone, ZoneKeyAlgorithm::ChaCha20Poly1305, rng);
        let terms = ManifestTerms {
            levels: LEVELS,
            created_at: now,
            valid_from: now,
            valid_until: None,
            previous: None,
            rekey_policy: None,
        };
        let manifest = self.sign(ZoneKeyManifest::draft(&terms, &keys, &[], rng).ok()?)?;
        PinnedHeads::new(definition, policy, manifest).ok()
    }

    fn grant(&self, capability_id: CapabilityId) -> Option<Verified<CapabilityObject>> {
        let provenance = Provenance::of_zone(ZoneId::private(), LEVELS.integrity, LEVELS.confidentiality, self.now);
        self.sign(CapabilityObject {
            header: ObjectHeader::for_type::<CapabilityObject>(provenance),
            capability_id,
            grantee: Grantee::Principal("agent:helper".parse().ok()?),
            constraints: CapabilityConstraints::open(),
            placement: PlacementPolicy::default(),
            valid_from: self.now,
            valid_until: self.now.saturating_add(86_400),
            signature: Signature::ABSENT,
        })
    }
}
