//! What this node knows of a zone: its keys, what holds in it, and what has happened.

use std::collections::{BTreeMap, BTreeSet};

use fcp_audit::AttestedKeys;
use fcp_audit::checkpoint::{Context, Governance, Held as _, HeldInMemory, Participant, View};
use fcp_audit::revocation::RevocationRegistry;
use fcp_caps::grant::CapabilityObject;
use fcp_core::id::{NodeId, ObjectId, ObjectIdKey, ZoneId, ZoneIdHash};
use fcp_core::identity::TrustAnchors;
use fcp_core::object::{Message, ObjectHeader, Provenance};
use fcp_core::sign::{NodeSigningKey, Verified};
use fcp_core::time::Timestamp;
use fcp_zones::keyring::ZoneKeyRing;
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::zone::Levels;

/// One zone.
pub(crate) struct Zone {
    id: ZoneId,
    hash: ZoneIdHash,
    /// The zone's keys.
    pub(crate) keyring: ZoneKeyRing,
    /// The objects that govern the zone, each verified.
    pub(crate) held: HeldInMemory,
    /// This node's part in the zone's checkpoints.
    pub(crate) participant: Participant,
    /// The participant's record, if it could not be written.
    pub(crate) unsaved: Option<Vec<u8>>,
    /// What the accepted checkpoint pins.
    pub(crate) pinned: Option<PinnedHeads>,
    /// What the owner granted.
    pub(crate) grants: BTreeMap<ObjectId, Verified<CapabilityObject>>,
    /// The agreed audit chain, by sequence.
    pub(crate) events: BTreeMap<u64, ObjectId>,
    /// Anchors whose checkpoint has not come yet.
    pub(crate) anchors: Vec<ObjectId>,
    /// Every anchor that is held.
    pub(crate) anchored: BTreeSet<ObjectId>,
    /// The newest definition, policy and manifest that are held.
    pub(crate) newest: Newest,
}

/// The newest governing objects, with the time that each was made.
#[derive(Default)]
pub(crate) struct Newest {
    pub(crate) definition: Option<(Timestamp, ObjectId)>,
    pub(crate) policy: Option<(Timestamp, ObjectId)>,
    pub(crate) manifest: Option<(Timestamp, ObjectId)>,
}

impl Newest {
    /// All three, once there are three.
    pub(crate) fn governance(&self) -> Option<Governance> {
        Some(Governance { definition: self.definition?.1, policy: self.policy?.1, manifest: self.manifest?.1 })
    }
}

impl Zone {
    /// A zone of which nothing is known yet but a first key.
    pub(crate) fn new(id: ZoneId, node: NodeId) -> Self {
        Self {
            hash: id.hash(),
            keyring: ZoneKeyRing::new(id.clone()),
            held: HeldInMemory::new(ObjectIdKey::public()),
            participant: Participant::new(id.clone(), node),
            unsaved: None,
            pinned: None,
            grants: BTreeMap::new(),
            events: BTreeMap::new(),
            anchors: Vec::new(),
            anchored: BTreeSet::new(),
            newest: Newest::default(),
            id,
        }
    }

    /// The zone's id.
    pub(crate) const fn id(&self) -> &ZoneId {
        &self.id
    }

    /// What frames call it.
    pub(crate) const fn hash(&self) -> ZoneIdHash {
        self.hash
    }

    /// Its levels, from its pinned definition; unknown levels otherwise (D74).
    pub(crate) fn levels(&self) -> Levels {
        self.pinned.as_ref().map_or(Levels::UNKNOWN, PinnedHeads::levels)
    }

    /// The header of an object of this zone.
    pub(crate) fn header<T: Message>(&self, now: Timestamp) -> ObjectHeader {
        ObjectHeader::for_type::<T>(self.provenance(now))
    }

    /// Untainted data of this zone.
    pub(crate) fn provenance(&self, now: Timestamp) -> Provenance {
        let Levels { integrity, confidentiality } = self.levels();
        Provenance::of_zone(self.id.clone(), integrity, confidentiality, now)
    }

    /// Gives the participant an input with everything that it judges by.
    pub(crate) fn drive<T>(
        &mut self,
        trust: &TrustAnchors,
        revocations: &RevocationRegistry,
        key: &NodeSigningKey,
        input: impl FnOnce(&mut Participant, &Context<'_>) -> T,
    ) -> T {
        let context = Context {
            view: View { keys: AttestedKeys::new(trust, revocations, &self.id), held: &self.held },
            levels: self.pinned.as_ref().map_or(Levels::UNKNOWN, PinnedHeads::levels),
            key: Some(key),
        };
        input(&mut self.participant, &context)
    }

    /// Follows the accepted checkpoint: heads, keys, and the agreed chain. Returns the events that have no place in
    /// `events` yet; they get it once that is on disk.
    pub(crate) fn pin(&mut self) -> Vec<(u64, ObjectId)> {
        let mut new = Vec::new();
        let Some(accepted) = self.participant.state().accepted() else { return new };
        let heads = accepted.checkpoint().heads();
        let at = accepted.checkpoint().header.created_at;
        let (definition, policy, manifest) = (
            self.held.definition(&heads.definition),
            self.held.policy(&heads.policy),
            self.held.manifest(&heads.manifest),
        );
        if let (Some(definition), Some(policy), Some(manifest)) = (definition, policy, manifest) {
            self.keyring.activate(&manifest, at);
            self.pinned = PinnedHeads::new(definition, policy, manifest).ok();
        }
        if let Some(tip) = accepted.audit() {
            self.held.set_agreed(tip.event);
            let mut at = Some(tip.event);
            while let Some(link) = at.and_then(|id| self.held.audit_event(&id)) {
                let Some(id) = at else { break };
                if self.events.contains_key(&link.seq()) {
                    break;
                }
                new.push((link.seq(), id));
                at = link.prev();
            }
        }
        new
    }
}
