//! Held objects in memory, and the one door by which they come in.

use alloc::collections::{BTreeMap, BTreeSet};

use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, ObjectIdKey};
use fcp_core::object::{Message as _, ObjectError, QuorumSignatureSet, StoredObject};
use fcp_core::sign::{Signature, SignatureError, SignatureSet, Verified};
use fcp_core::time::Timestamp;
use fcp_zones::manifest::ZoneKeyManifest;
use fcp_zones::policy::ZonePolicyObject;
use fcp_zones::zone::ZoneDefinitionObject;

use super::Held;
use crate::AttestedKeys;
use crate::chain::{EventLink, Subject};
use crate::checkpoint::{ZoneAnchor, ZoneCheckpoint, quorum};
use crate::event::AuditEvent;
use crate::head::{AuditHead, RevocationHead};
use crate::revocation::{RevocationEvent, RevocationObject};

/// A zone's governing objects in memory: everything that checkpoints are judged by.
#[derive(Debug, Clone, Default)]
pub struct HeldInMemory {
    /// Each with the time from which on it is the key (D16).
    id_keys: BTreeMap<Timestamp, ObjectIdKey>,
    objects: BTreeMap<ObjectId, StoredObject>,
    definitions: BTreeMap<ObjectId, Verified<ZoneDefinitionObject>>,
    policies: BTreeMap<ObjectId, Verified<ZonePolicyObject>>,
    manifests: BTreeMap<ObjectId, Verified<ZoneKeyManifest>>,
    audit: BTreeMap<ObjectId, EventLink>,
    revocation: BTreeMap<ObjectId, EventLink>,
    signatures: BTreeMap<ObjectId, SignatureSet>,
    /// The sidecars of each target.
    sidecars: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    sequenced: BTreeSet<Signature>,
}

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admitted {
    /// A definition, policy, manifest, head, checkpoint or sidecar: nothing to do but to look again.
    Held,
    /// An event of a chain.
    Event(EventLink),
    /// A revocation: to be installed in the registry at once (D166).
    Revocation(Verified<RevocationObject>),
    /// An anchor: to be handed to the zone's participant with its checkpoint (D201).
    Anchor(Verified<ZoneAnchor>),
}

/// Why an object does not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmitError {
    /// It is of another zone.
    #[error("object of another zone")]
    WrongZone,
    /// It is not an acceptable object of its schema.
    #[error("{0}")]
    Object(ObjectError),
    /// Its signature does not verify.
    #[error("{0}")]
    Signature(SignatureError),
    /// Nobody who may sign it signed it, or the rule for its kind refuses it.
    #[error("{}", .0.meaning())]
    Refused(Reason),
    /// The object that the signatures are for is not held yet.
    #[error("signed object is not held")]
    TargetMissing(ObjectId),
    /// It governs nothing.
    #[error("not a governing object")]
    OtherSchema,
}

impl AdmitError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::WrongZone => Reason::CheckpointWrongZone,
            Self::Object(error) => error.reason(),
            Self::Signature(error) => error.reason(),
            Self::Refused(reason) => *reason,
            Self::TargetMissing(_) => Reason::CheckpointMissing,
            Self::OtherSchema => Reason::ObjectSchemaMismatch,
        }
    }
}

impl HeldInMemory {
    /// Nothing is held yet; ids are made with `id_key`.
    #[must_use]
    pub fn new(id_key: ObjectIdKey) -> Self {
        Self { id_keys: BTreeMap::from([(Timestamp::from_secs(0), id_key)]), ..Self::default() }
    }

    /// From `valid_from` on, ids are made with `id_key` (D16).
    pub fn set_id_key(&mut self, valid_from: Timestamp, id_key: ObjectIdKey) {
        self.id_keys.insert(valid_from, id_key);
    }

    /// Takes note that the agreed chain contains an event with this signature.
    pub fn set_sequenced(&mut self, fingerprint: Signature) {
        self.sequenced.insert(fingerprint);
    }

    /// The objects that carry signatures of `target`, to be sent along with it.
    pub fn sidecars(&self, target: &ObjectId) -> impl Iterator<Item = &StoredObject> {
        self.sidecars.get(target).into_iter().flatten().filter_map(|id| self.objects.get(id))
    }

    /// Forgets the bytes of an object; what was verified stays known.
    pub fn forget(&mut self, id: &ObjectId) {
        self.objects.remove(id);
    }

    /// Verifies an object as its kind demands and holds it.
    ///
    /// Revocation events of any attested node come in: who signed checkpoints at their time is not known here, and only
    /// those count that a head with a quorum of signers leads to.
    ///
    /// # Errors
    /// [`AdmitError`] if it is not acceptable; nothing is held then.
    pub fn admit(
        &mut self,
        stored: &StoredObject,
        keys: &AttestedKeys<'_>,
        now: Timestamp,
    ) -> Result<Admitted, AdmitError> {
        let (id, owner) = (stored.id(), keys.trust().owner());
        if stored.header().zone_id != *keys.zone() {
            return Err(AdmitError::WrongZone);
        }
        let schema = stored.schema_hash();
        let mut admitted = Admitted::Held;
        if schema == ZoneDefinitionObject::SCHEMA_HASH {
            let received = stored.open::<ZoneDefinitionObject>().map_err(AdmitError::Object)?;
            self.definitions.insert(id, received.verify(owner).map_err(AdmitError::Signature)?);
        } else if schema == ZonePolicyObject::SCHEMA_HASH {
            let received = stored.open::<ZonePolicyObject>().map_err(AdmitError::Object)?;
            self.policies.insert(id, received.verify(owner).map_err(AdmitError::Signature)?);
        } else if schema == ZoneKeyManifest::SCHEMA_HASH {
            let received = stored.open::<ZoneKeyManifest>().map_err(AdmitError::Object)?;
            let verified = ZoneKeyManifest::verify(received, owner, now);
            self.manifests.insert(id, verified.map_err(|error| AdmitError::Refused(error.reason()))?);
        } else if schema == AuditEvent::SCHEMA_HASH {
            let received = stored.open::<AuditEvent>().map_err(AdmitError::Object)?;
            if received.claimed().seq() == 0 {
                return Err(AdmitError::Refused(Reason::AuditBadSequence));
            }
            let verified = AuditEvent::verify(received, keys, None);
            let link = EventLink::of_audit(&verified.map_err(|error| AdmitError::Refused(error.reason()))?.event);
            self.audit.insert(id, link);
            admitted = Admitted::Event(link);
        } else if schema == RevocationEvent::SCHEMA_HASH {
            let received = stored.open::<RevocationEvent>().map_err(AdmitError::Object)?;
            let verified = RevocationEvent::verify(received, keys, |_| true);
            let link = EventLink::of_revocation(&verified.map_err(|error| AdmitError::Refused(error.reason()))?);
            self.revocation.insert(id, link);
            admitted = Admitted::Event(link);
        } else if schema == RevocationObject::SCHEMA_HASH {
            let received = stored.open::<RevocationObject>().map_err(AdmitError::Object)?;
            admitted = Admitted::Revocation(received.verify(owner).map_err(AdmitError::Signature)?);
        } else if schema == ZoneAnchor::SCHEMA_HASH {
            let received = stored.open::<ZoneAnchor>().map_err(AdmitError::Object)?;
            admitted = Admitted::Anchor(received.verify(owner).map_err(AdmitError::Signature)?);
        } else if schema == QuorumSignatureSet::SCHEMA_HASH {
            let set = stored.open::<QuorumSignatureSet>().map_err(AdmitError::Object)?;
            let target = self.objects.get(&set.target).ok_or(AdmitError::TargetMissing(set.target))?;
            let preimage = quorum::preimage_of(target).ok_or(AdmitError::OtherSchema)?;
            let verified = quorum::tally(&preimage, &set.signatures, keys, target.header().created_at, |_| true);
            self.sidecars.entry(set.target).or_default().insert(id);
            let known = self.signatures.entry(set.target).or_default();
            verified.verified.as_slice().iter().for_each(|signature| known.insert(signature.clone()));
        } else if schema == ZoneCheckpoint::SCHEMA_HASH {
            stored.open::<ZoneCheckpoint>().map_err(AdmitError::Object)?;
        } else if schema == AuditHead::SCHEMA_HASH {
            stored.open::<AuditHead>().map_err(AdmitError::Object)?;
        } else if schema == RevocationHead::SCHEMA_HASH {
            stored.open::<RevocationHead>().map_err(AdmitError::Object)?;
        } else {
            return Err(AdmitError::OtherSchema);
        }
        self.objects.insert(id, stored.clone());
        Ok(admitted)
    }

    /// Takes note of an agreed audit chain's events, from `tip` back to the first that is noted already.
    pub fn set_agreed(&mut self, tip: ObjectId) {
        let mut at = Some(tip);
        while let Some(event) = at.and_then(|id| self.audit.get(&id)) {
            let Subject::Signature(fingerprint) = event.subject() else { break };
            if !self.sequenced.insert(fingerprint) {
                break;
            }
            at = event.prev();
        }
    }
}

impl Held for HeldInMemory {
    fn id_key(&self, created_at: Timestamp) -> Option<ObjectIdKey> {
        self.id_keys.range(..=created_at).next_back().map(|(_, key)| key.clone())
    }

    fn object(&self, id: &ObjectId) -> Option<StoredObject> {
        self.objects.get(id).cloned()
    }

    fn definition(&self, id: &ObjectId) -> Option<Verified<ZoneDefinitionObject>> {
        self.definitions.get(id).cloned()
    }

    fn policy(&self, id: &ObjectId) -> Option<Verified<ZonePolicyObject>> {
        self.policies.get(id).cloned()
    }

    fn manifest(&self, id: &ObjectId) -> Option<Verified<ZoneKeyManifest>> {
        self.manifests.get(id).cloned()
    }

    fn audit_event(&self, id: &ObjectId) -> Option<EventLink> {
        self.audit.get(id).copied()
    }

    fn revocation_event(&self, id: &ObjectId) -> Option<EventLink> {
        self.revocation.get(id).copied()
    }

    fn signatures(&self, target: &ObjectId) -> SignatureSet {
        self.signatures.get(target).cloned().unwrap_or_default()
    }

    fn is_sequenced(&self, fingerprint: &Signature) -> bool {
        self.sequenced.contains(fingerprint)
    }
}
