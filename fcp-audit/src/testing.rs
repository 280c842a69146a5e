//! A small mesh for the tests: an owner and some attested nodes with keys from fixed seeds.

use alloc::vec::Vec;

use fcp_core::id::{NodeId, ObjectIdKey, PrincipalId, ZoneId};
use fcp_core::identity::{AttestationTerms, NodeKeyAttestation, NodePublicKeys, TrustAnchors};
use fcp_core::object::{MeshObject, Provenance, StoredObject};
use fcp_core::sign::{NodeEncryptionKey, NodeIssuanceKey, NodeSigningKey, OwnerKey, Signed as _, Verified};
use fcp_core::time::Timestamp;

use crate::AttestedKeys;
use crate::event::{AuditEvent, EventDetails, SignedEvent};
use crate::revocation::{RevocationObject, RevocationRegistry, RevocationScope};

/// When the tests begin; everything is attested then.
pub(crate) const START: u64 = 1_700_000_100;

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_secs(START + seconds)
}

pub(crate) fn provenance(now: Timestamp) -> Provenance {
    Provenance::of_zone(ZoneId::private(), 80, 90, now)
}

pub(crate) struct Mesh {
    pub(crate) owner: OwnerKey,
    pub(crate) zone: ZoneId,
    pub(crate) ids: ObjectIdKey,
    pub(crate) nodes: Vec<NodeId>,
    pub(crate) trust: TrustAnchors,
    pub(crate) revocations: RevocationRegistry,
}

impl Mesh {
    /// `count` nodes, named n0, n1, …
    pub(crate) fn new(count: u8) -> Self {
        let owner = OwnerKey::from_seed([200; 32]);
        let mut trust = TrustAnchors::new(owner.public());
        let nodes: Vec<NodeId> = (0..count).map(|number| NodeId::new(&alloc::format!("n{number}")).unwrap()).collect();
        for (number, node) in (0..count).zip(&nodes) {
            let stored = Self::attestation(&owner, node, number, at(0)).seal();
            trust.install(NodeKeyAttestation::open(&stored).unwrap(), at(0)).unwrap();
        }
        Self {
            owner,
            zone: ZoneId::private(),
            ids: ObjectIdKey::from_bytes([9; 32]),
            nodes,
            trust,
            revocations: RevocationRegistry::new(),
        }
    }

    pub(crate) fn attestation(owner: &OwnerKey, node: &NodeId, number: u8, issued_at: Timestamp) -> NodeKeyAttestation {
        let terms = AttestationTerms {
            node_id: node.clone(),
            owner: owner.public(),
            tags: Vec::new(),
            issued_at,
            expires_at: issued_at.saturating_add(30 * 86_400),
            nonce: [number; 32],
            posture: None,
        };
        let keys = NodePublicKeys {
            signing: Self::key(number).public(),
            encryption: NodeEncryptionKey::from_bytes([100 + number; 32]).public(),
            issuance: NodeIssuanceKey::from_seed([150 + number; 32]).public(),
        };
        NodeKeyAttestation::draft(terms, &keys).unwrap().signed_by(owner)
    }

    /// The signing key of node `number`.
    pub(crate) fn key(number: u8) -> NodeSigningKey {
        NodeSigningKey::from_seed([number + 1; 32])
    }

    pub(crate) fn keys(&self) -> AttestedKeys<'_> {
        AttestedKeys::new(&self.trust, &self.revocations, &self.zone)
    }

    pub(crate) fn seal<T: MeshObject>(&self, object: &T) -> StoredObject {
        object.seal(&self.ids).unwrap()
    }

    /// A signed event by node `number`, that says `event_type`.
    pub(crate) fn event(&self, number: u8, event_type: &str, now: Timestamp) -> SignedEvent {
        let details = EventDetails::new(event_type, PrincipalId::new("user:anna").unwrap(), [number; 16], now);
        let draft = AuditEvent::draft(provenance(now), details);
        SignedEvent::sign(draft, self.nodes[usize::from(number)].clone(), &Self::key(number))
    }

    /// A revocation by the owner of the ids whose bytes are all the same.
    pub(crate) fn revocation(
        &self,
        zone: ZoneId,
        ids: &[u8],
        effective_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Verified<RevocationObject> {
        let ids = ids.iter().map(|byte| fcp_core::id::ObjectId::from_bytes([*byte; 32])).collect();
        let provenance = Provenance::of_zone(zone, 80, 90, effective_at);
        let draft = RevocationObject::draft(provenance, ids, RevocationScope::Capability, "test")
            .with_window(effective_at, expires_at)
            .signed_by(&self.owner);
        self.seal(&draft).open::<RevocationObject>().unwrap().verify(&self.owner.public()).unwrap()
    }
}
