//! Founding a mesh: the first attestations, zones, keys and checkpoints, drafted on one node for the owner to sign.
//!
//! Some drafts name others by their ids, and an id covers the signature; so there are rounds. A round's drafts go out, their
//! signatures come back, and the next round follows, until everything is signed.

use std::collections::BTreeMap;

use fcp_audit::checkpoint::{Heads, ZoneAnchor, ZoneCheckpoint};
use fcp_caps::grant::CapabilityObject;
use fcp_core::id::{NodeId, NodeTag, ObjectId, ObjectIdKey, ZoneId};
use fcp_core::identity::{AttestationTerms, NodeKeyAttestation, NodePublicKeys};
use fcp_core::object::{MeshObject, Message, ObjectError, Provenance, StoredObject};
use fcp_core::owner::OwnerKeyShare;
use fcp_core::rand_core::CryptoRng;
use fcp_core::sign::{OwnerPublicKey, Signature, Signed};
use fcp_core::time::Timestamp;
use fcp_core::zone_key::ZoneKeyAlgorithm;
use fcp_zones::manifest::{ManifestTerms, Recipient, ZoneKeyManifest, ZoneKeys};
use fcp_zones::membership::{DeviceEnrollment, EnrollmentTerms, StoragePermission};
use fcp_zones::policy::{PolicyTerms, ZonePolicyObject};
use fcp_zones::zone::{Levels, ZoneDefinitionObject, ZoneTerms};

use crate::control::ControlError;

/// A device that the mesh is founded with.
pub(crate) struct Founder {
    pub(crate) node: NodeId,
    pub(crate) keys: NodePublicKeys,
    pub(crate) tags: Vec<NodeTag>,
}

/// A zone that the mesh is founded with.
pub(crate) struct FoundedZone {
    pub(crate) definition: ZoneTerms,
    pub(crate) policy: PolicyTerms,
    /// Grants in this zone: made of the zone's provenance.
    pub(crate) grants: Vec<CapabilityObject>,
}

/// What the mesh is founded with.
pub(crate) struct Plan {
    pub(crate) owner: OwnerPublicKey,
    pub(crate) founders: Vec<Founder>,
    pub(crate) zones: Vec<FoundedZone>,
    pub(crate) shares: Vec<OwnerKeyShare>,
    /// How long attestations are valid, in seconds.
    pub(crate) attested_secs: u64,
    pub(crate) now: Timestamp,
}

/// Puts a signature into an object and makes its stored form.
type Sign = dyn FnOnce(Signature, &ObjectIdKey) -> Result<StoredObject, ObjectError> + Send;

/// An object that waits for the owner's signature.
struct Draft {
    body: Vec<u8>,
    key: ObjectIdKey,
    sign: Box<Sign>,
}

impl Draft {
    fn of<T: MeshObject + Signed + Send + 'static>(draft: T, key: &ObjectIdKey) -> Self {
        Self {
            body: draft.to_body(),
            key: key.clone(),
            sign: Box::new(move |signature, key| draft.with_signature(signature).seal(key)),
        }
    }

    fn attestation(draft: NodeKeyAttestation) -> Self {
        Self {
            body: draft.to_body(),
            key: ObjectIdKey::public(),
            sign: Box::new(move |signature, _| Ok(draft.with_signature(signature).seal())),
        }
    }
}

/// A founding that is under way.
pub(crate) struct Founding {
    zones: BTreeMap<ZoneId, (Levels, ZoneKeys, ZoneTerms)>,
    now: Timestamp,
    round: Round,
    drafts: Vec<Draft>,
    signed: Vec<StoredObject>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Whatever names nothing.
    First,
    /// Definitions, which name policies.
    Definitions,
    /// Anchors, which name checkpoints, which name everything.
    Anchors,
    Done,
}

fn failed(error: impl std::fmt::Display) -> ControlError {
    ControlError::node("founding", error)
}

impl Founding {
    /// Drafts the first round.
    pub(crate) fn begin(plan: Plan, rng: &mut impl CryptoRng) -> Result<Self, ControlError> {
        let now = plan.now;
        let mut drafts = Vec::new();
        let zone_ids: Vec<ZoneId> = plan.zones.iter().map(|zone| zone.definition.zone_id.clone()).collect();
        for founder in &plan.founders {
            let mut nonce = [0; 32];
            rng.fill_bytes(&mut nonce);
            let terms = AttestationTerms {
                node_id: founder.node.clone(),
                owner: plan.owner,
                tags: founder.tags.clone(),
                issued_at: now,
                expires_at: now.saturating_add(plan.attested_secs),
                nonce,
                posture: None,
            };
            drafts.push(Draft::attestation(NodeKeyAttestation::draft(terms, &founder.keys).map_err(failed)?));
            let enrollment = DeviceEnrollment::draft(EnrollmentTerms {
                node_id: founder.node.clone(),
                node_sig_pubkey: founder.keys.signing,
                allowed_zones: zone_ids.clone(),
                storage_permissions: vec![
                    StoragePermission::StoreSymbols { zones: zone_ids.clone() },
                    StoragePermission::StoreSecretShares,
                    StoragePermission::StoreAuditEvents,
                ],
                issued_at: now,
                expires_at: Some(now.saturating_add(plan.attested_secs)),
            });
            let enrollment = enrollment.map_err(failed)?;
            drafts.push(Draft::of(enrollment, &ObjectIdKey::public()));
        }
        let recipients: Vec<Recipient> = plan
            .founders
            .iter()
            .map(|founder| Recipient { node_id: founder.node.clone(), key: founder.keys.encryption })
            .collect();
        let mut zones = BTreeMap::new();
        for zone in plan.zones {
            let (id, levels) = (zone.definition.zone_id.clone(), zone.definition.levels);
            let keys = ZoneKeys::generate(id.clone(), ZoneKeyAlgorithm::ChaCha20Poly1305, rng);
            let terms = ManifestTerms {
                levels,
                created_at: now,
                valid_from: now,
                valid_until: None,
                previous: None,
                rekey_policy: None,
            };
            let manifest = ZoneKeyManifest::draft(&terms, &keys, &recipients, rng).map_err(failed)?;
            drafts.push(Draft::of(manifest, &keys.object_id_key));
            let policy = ZonePolicyObject::draft(zone.policy, None, now).map_err(failed)?;
            drafts.push(Draft::of(policy, &keys.object_id_key));
            for grant in zone.grants {
                drafts.push(Draft::of(grant, &keys.object_id_key));
            }
            zones.insert(id, (levels, keys, zone.definition));
        }
        if let Some((_, keys, _)) = zones.get(&ZoneId::owner()) {
            drafts.extend(plan.shares.into_iter().map(|share| Draft::of(share, &keys.object_id_key)));
        }
        Ok(Self { zones, now, round: Round::First, drafts, signed: Vec::new() })
    }

    /// What waits for signatures: schema-prefixed bodies.
    pub(crate) fn drafts(&self) -> impl Iterator<Item = &[u8]> {
        self.drafts.iter().map(|draft| draft.body.as_slice())
    }

    /// Takes the round's signatures, in the order of the drafts; true when everything is signed.
    pub(crate) fn signed(&mut self, signatures: Vec<Signature>) -> Result<bool, ControlError> {
        if signatures.len() != self.drafts.len() {
            return Err(failed("each draft needs one signature"));
        }
        let drafts = std::mem::take(&mut self.drafts);
        for (draft, signature) in drafts.into_iter().zip(signatures) {
            self.signed.push((draft.sign)(signature, &draft.key).map_err(failed)?);
        }
        self.round = match self.round {
            Round::First => {
                self.draft_definitions()?;
                Round::Definitions
            }
            Round::Definitions => {
                self.draft_anchors()?;
                Round::Anchors
            }
            Round::Anchors | Round::Done => Round::Done,
        };
        Ok(self.round == Round::Done)
    }

    /// Everything that was signed, and the checkpoints.
    pub(crate) fn into_objects(self) -> Vec<StoredObject> {
        self.signed
    }

    /// The signed object of type `T` in `zone`.
    fn id_of<T: Message>(&self, zone: &ZoneId) -> Result<ObjectId, ControlError> {
        self.signed
            .iter()
            .find(|stored| stored.header().zone_id == *zone && stored.schema_hash() == T::SCHEMA_HASH)
            .map(StoredObject::id)
            .ok_or_else(|| failed("a zone lacks one of its objects"))
    }

    fn draft_definitions(&mut self) -> Result<(), ControlError> {
        let mut drafts = Vec::new();
        for (zone, (_, keys, terms)) in &self.zones {
            let policy = self.id_of::<ZonePolicyObject>(zone)?;
            let definition = ZoneDefinitionObject::draft(terms.clone(), policy, None, self.now);
            drafts.push(Draft::of(definition, &keys.object_id_key));
        }
        self.drafts = drafts;
        Ok(())
    }

    fn draft_anchors(&mut self) -> Result<(), ControlError> {
        let mut drafts = Vec::new();
        let mut checkpoints = Vec::new();
        for (zone, (levels, keys, _)) in &self.zones {
            let provenance = Provenance::of_zone(zone.clone(), levels.integrity, levels.confidentiality, self.now);
            let heads = Heads {
                definition: self.id_of::<ZoneDefinitionObject>(zone)?,
                policy: self.id_of::<ZonePolicyObject>(zone)?,
                manifest: self.id_of::<ZoneKeyManifest>(zone)?,
                revocation: (ObjectId::ZERO, 0),
                audit: (ObjectId::ZERO, 0),
            };
            let checkpoint = ZoneCheckpoint::first(provenance.clone(), heads);
            let stored = checkpoint.seal(&keys.object_id_key).map_err(failed)?;
            drafts.push(Draft::of(ZoneAnchor::draft(provenance, 0, stored.id(), &checkpoint), &keys.object_id_key));
            checkpoints.push(stored);
        }
        self.signed.extend(checkpoints);
        self.drafts = drafts;
        Ok(())
    }
}
