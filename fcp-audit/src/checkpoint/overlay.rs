//! What a message brings along, beside what is held already.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ObjectIdKey};
use fcp_core::object::{Message as _, StoredObject};
use fcp_core::sign::{Signature, SignatureSet, Verified};
use fcp_core::time::Timestamp;
use fcp_zones::manifest::ZoneKeyManifest;
use fcp_zones::policy::ZonePolicyObject;
use fcp_zones::zone::ZoneDefinitionObject;

use super::{ChainKind, Held};
use crate::AttestedKeys;
use crate::chain::EventLink;
use crate::event::AuditEvent;
use crate::head::{AuditHead, RevocationHead};
use crate::revocation::RevocationEvent;

/// Held objects and those of one message on top. Heads and checkpoints come in by their id alone, events verified.
pub(super) struct Overlay<'a> {
    below: &'a dyn Held,
    objects: BTreeMap<ObjectId, StoredObject>,
    /// In which order they came: what one is about comes before it.
    order: Vec<ObjectId>,
    audit: BTreeMap<ObjectId, EventLink>,
    revocation: BTreeMap<ObjectId, EventLink>,
}

impl<'a> Overlay<'a> {
    pub(super) const fn new(below: &'a dyn Held) -> Self {
        Self { below, objects: BTreeMap::new(), order: Vec::new(), audit: BTreeMap::new(), revocation: BTreeMap::new() }
    }

    /// Reads canonical bytes under the key of the time at which the object was created (D16), and lays it on top.
    pub(super) fn read(&mut self, canonical: &[u8]) -> Result<StoredObject, Reason> {
        let header = StoredObject::claimed_header(canonical).map_err(|error| error.reason())?;
        let key = self.below.id_key(header.created_at).ok_or(Reason::CheckpointMissing)?;
        let stored = StoredObject::parse(canonical, &key).map_err(|error| error.reason())?;
        self.add(&stored);
        Ok(stored)
    }

    /// Lays an object on top.
    pub(super) fn add(&mut self, stored: &StoredObject) {
        if self.objects.insert(stored.id(), stored.clone()).is_none() {
            self.order.push(stored.id());
        }
    }

    /// Reads an event, verifies it and lays it on top.
    pub(super) fn read_event(
        &mut self,
        canonical: &[u8],
        keys: &AttestedKeys<'_>,
        may_sign: impl Fn(&NodeId) -> bool,
    ) -> Result<EventLink, Reason> {
        let stored = self.read(canonical)?;
        let id = stored.id();
        if stored.header().zone_id != *keys.zone() {
            return Err(Reason::CheckpointWrongZone);
        }
        if stored.schema_hash() == RevocationEvent::SCHEMA_HASH {
            if let Some(link) = self.revocation_event(&id) {
                return Ok(link);
            }
            let received = stored.open::<RevocationEvent>().map_err(|error| error.reason())?;
            let event = RevocationEvent::verify(received, keys, may_sign).map_err(|error| error.reason())?;
            let link = EventLink::of_revocation(&event);
            self.revocation.insert(id, link);
            return Ok(link);
        }
        if let Some(link) = self.audit_event(&id) {
            return Ok(link);
        }
        let received = stored.open::<AuditEvent>().map_err(|error| error.reason())?;
        if received.claimed().seq() == 0 {
            return Err(Reason::AuditBadSequence);
        }
        let likely = None;
        let event = AuditEvent::verify(received, keys, likely).map_err(|error| error.reason())?;
        let link = EventLink::of_audit(&event.event);
        self.audit.insert(id, link);
        Ok(link)
    }

    /// Which chain a head is of, by its schema.
    pub(super) fn kind_of(stored: &StoredObject) -> Option<ChainKind> {
        let schema = stored.schema_hash();
        if schema == AuditHead::SCHEMA_HASH {
            Some(ChainKind::Audit)
        } else if schema == RevocationHead::SCHEMA_HASH {
            Some(ChainKind::Revocation)
        } else {
            None
        }
    }

    /// What is on top, in the order in which it came.
    pub(super) fn into_objects(mut self) -> Vec<StoredObject> {
        self.order.iter().filter_map(|id| self.objects.remove(id)).collect()
    }
}

impl Held for Overlay<'_> {
    fn id_key(&self, created_at: Timestamp) -> Option<ObjectIdKey> {
        self.below.id_key(created_at)
    }

    fn object(&self, id: &ObjectId) -> Option<StoredObject> {
        self.objects.get(id).cloned().or_else(|| self.below.object(id))
    }

    fn definition(&self, id: &ObjectId) -> Option<Verified<ZoneDefinitionObject>> {
        self.below.definition(id)
    }

    fn policy(&self, id: &ObjectId) -> Option<Verified<ZonePolicyObject>> {
        self.below.policy(id)
    }

    fn manifest(&self, id: &ObjectId) -> Option<Verified<ZoneKeyManifest>> {
        self.below.manifest(id)
    }

    fn audit_event(&self, id: &ObjectId) -> Option<EventLink> {
        self.audit.get(id).copied().or_else(|| self.below.audit_event(id))
    }

    fn revocation_event(&self, id: &ObjectId) -> Option<EventLink> {
        self.revocation.get(id).copied().or_else(|| self.below.revocation_event(id))
    }

    fn signatures(&self, target: &ObjectId) -> SignatureSet {
        self.below.signatures(target)
    }

    fn is_sequenced(&self, fingerprint: &Signature) -> bool {
        self.below.is_sequenced(fingerprint)
    }
}
