//! A small mesh for the tests of this crate: one owner, a few zones, four nodes.

use fcp_core::glob::Glob;
use fcp_core::id::{NodeId, NodeTag, ObjectId, ObjectIdKey, PrincipalId, TailscaleTag, ZoneId};
use fcp_core::identity::{AttestationTerms, NodeKeyAttestation, NodeSecretKeys};
use fcp_core::object::{MeshObject, StoredObject};
use fcp_core::rand_core::SeedableRng as _;
use fcp_core::sign::{ApproverKey, OwnerKey, Signed, Unverified, Verified};
use fcp_core::time::Timestamp;
use fcp_core::zone_key::ZoneKeyAlgorithm;
use rand_chacha::ChaCha20Rng;

use crate::approval::{ApprovalScope, ApprovalTerms, ApprovalToken};
use crate::manifest::{ManifestTerms, Recipient, ZoneKeyManifest, ZoneKeys, ZoneRekeyPolicy};
use crate::pinned::PinnedHeads;
use crate::policy::{Approver, ApproverScope, PolicyTerms, TokenIssuer, ZonePolicy, ZonePolicyObject};
use crate::zone::{Levels, ZoneDefinitionObject, ZoneDirectory, ZoneTerms};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

pub(crate) const RATCHETED: ZoneRekeyPolicy = ZoneRekeyPolicy {
    epoch_ratchet_enabled: true,
    overlap_secs: 600,
    retain_epochs: 2,
    rewrap_on_membership_change: true,
    rotate_object_id_key_on_membership_change: false,
};

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn owner() -> OwnerKey {
    OwnerKey::from_seed([1; 32])
}

/// The key of `user:ben`, whom every policy lists.
pub(crate) fn ben() -> ApproverKey {
    ApproverKey::from_seed([2; 32])
}

pub(crate) fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

pub(crate) fn principal(name: &str) -> PrincipalId {
    PrincipalId::new(name).unwrap()
}

pub(crate) fn object_id_key() -> ObjectIdKey {
    ObjectIdKey::from_bytes([7; 32])
}

/// A signed object on its way through bytes.
pub(crate) fn received<T: MeshObject<Opened = Unverified<T>>>(object: &T, key: &ObjectIdKey) -> Unverified<T> {
    let stored = object.seal(key).unwrap();
    StoredObject::parse_as(stored.id(), stored.canonical_bytes(), key).unwrap().open::<T>().unwrap()
}

pub(crate) fn verified<T>(
    draft: T,
    key: &<T::Signer as fcp_core::sign::VerifyingKey>::Secret,
    public: &T::Signer,
) -> Verified<T>
where
    T: MeshObject<Opened = Unverified<T>> + Signed,
{
    received(&draft.signed_by(key), &object_id_key()).verify(public).unwrap()
}

pub(crate) fn levels(zone: &ZoneId) -> Levels {
    match zone.as_str() {
        "z:owner" => Levels::new(100, 100),
        "z:private" => Levels::new(80, 90),
        "z:work" => Levels::new(60, 70),
        "z:community" => Levels::new(40, 40),
        _ => Levels::new(20, 10),
    }
}

pub(crate) fn definition(zone: &ZoneId, policy: ObjectId) -> Verified<ZoneDefinitionObject> {
    let terms = ZoneTerms {
        zone_id: zone.clone(),
        name: zone.to_string(),
        levels: levels(zone),
        symbol_port: 41_000,
        control_port: 41_001,
        tailscale_tag: TailscaleTag::new(&zone.to_tailscale_tag().unwrap()).unwrap(),
        parent: None,
        transport_policy: None,
    };
    verified(ZoneDefinitionObject::draft(terms, policy, None, NOW), &owner(), &owner().public())
}

pub(crate) fn policy(zone: &ZoneId) -> Verified<ZonePolicyObject> {
    let any = || vec![Glob::new("*").unwrap()];
    let terms = PolicyTerms {
        zone_id: zone.clone(),
        levels: levels(zone),
        policy: ZonePolicy {
            principals_allow: any(),
            connectors_allow: any(),
            cap_allow: any(),
            cap_deny: vec![Glob::new("files.delete").unwrap()],
            ..ZonePolicy::default()
        },
        checkpoint_signers: ["n1", "n2", "n3", "n4"].map(node).to_vec(),
        max_faults: 1,
        approvers: vec![Approver {
            principal: principal("user:ben"),
            pubkey: ben().public(),
            scopes: vec![ApproverScope::Elevation, ApproverScope::Execution],
        }],
        token_issuers: vec![TokenIssuer { node_id: node("n1"), subs: any() }],
        security_profile: None,
    };
    verified(ZonePolicyObject::draft(terms, None, NOW).unwrap(), &owner(), &owner().public())
}

/// Four nodes with keys of their own.
pub(crate) fn nodes() -> Vec<(NodeId, NodeSecretKeys)> {
    let mut rng = rng(40);
    ["n1", "n2", "n3", "n4"].map(|name| (node(name), NodeSecretKeys::generate(&mut rng))).into()
}

pub(crate) fn recipients(nodes: &[(NodeId, NodeSecretKeys)]) -> Vec<Recipient> {
    nodes.iter().map(|(id, keys)| Recipient { node_id: id.clone(), key: keys.encryption.public() }).collect()
}

pub(crate) fn manifest_terms<'a>(created_at: Timestamp) -> ManifestTerms<'a> {
    ManifestTerms {
        levels: Levels::new(60, 70),
        created_at,
        valid_from: created_at,
        valid_until: None,
        previous: None,
        rekey_policy: None,
    }
}

pub(crate) fn zone_keys(zone: &ZoneId, seed: u64) -> ZoneKeys {
    ZoneKeys::generate(zone.clone(), ZoneKeyAlgorithm::ChaCha20Poly1305, &mut rng(seed))
}

pub(crate) fn manifest(zone: &ZoneId) -> Verified<ZoneKeyManifest> {
    let keys = zone_keys(zone, 50);
    let draft = ZoneKeyManifest::draft(&manifest_terms(NOW), &keys, &recipients(&nodes()), &mut rng(51)).unwrap();
    verified(draft, &owner(), &owner().public())
}

pub(crate) fn heads(zone: &ZoneId) -> PinnedHeads {
    let policy = policy(zone);
    PinnedHeads::new(definition(zone, policy.id()), policy, manifest(zone)).unwrap()
}

/// The five zones of §5.1.
pub(crate) fn directory() -> ZoneDirectory {
    let mut zones = ZoneDirectory::new();
    for zone in [ZoneId::owner(), ZoneId::private(), ZoneId::work(), ZoneId::community(), ZoneId::public()] {
        assert!(zones.pin(definition(&zone, ObjectId::from_bytes([5; 32]))).is_none());
    }
    zones
}

/// An approval that the owner gives in `zone` at [`NOW`].
pub(crate) fn approval(zone: &ZoneId, scope: ApprovalScope) -> Verified<ApprovalToken> {
    let terms = ApprovalTerms {
        zone_id: zone.clone(),
        levels: levels(zone),
        scope,
        justification: "looked at it".into(),
        approved_by: principal("user:anna"),
        approved_at: NOW,
        ttl_secs: ApprovalToken::DEFAULT_TTL_SECS,
    };
    // The owner's key in the role of an approver's: the same seed.
    let key = ApproverKey::from_seed(*owner().expose_seed());
    let token = ApprovalToken::draft(terms).unwrap().signed_by(&key);
    ApprovalToken::verify(received(&token, &object_id_key()), &heads(zone), &owner().public(), NOW).unwrap()
}

pub(crate) fn attestation(id: &NodeId, keys: &NodeSecretKeys, tags: &[&str]) -> Verified<NodeKeyAttestation> {
    let terms = AttestationTerms {
        node_id: id.clone(),
        owner: owner().public(),
        tags: tags.iter().map(|tag| NodeTag::new(tag).unwrap()).collect(),
        issued_at: NOW,
        expires_at: NOW.saturating_add(86_400),
        nonce: [9; 32],
        posture: None,
    };
    let stored = NodeKeyAttestation::draft(terms, &keys.public()).unwrap().signed_by(&owner()).seal();
    NodeKeyAttestation::verify(NodeKeyAttestation::open(&stored).unwrap(), &owner().public(), NOW).unwrap()
}
