//! Zones on this node: objects in, checkpoints along, everything kept on disk.

mod bootstrap;
mod events;

use fcp_audit::AttestedKeys;
use fcp_audit::bootstrap::Offered;
use fcp_audit::checkpoint::{
    Admitted, Alert, CheckpointMessage, Held as _, Output, Participant, Recipients, ZoneAnchor, ZoneCheckpoint,
};
use fcp_audit::event::{AuditEvent, types};
use fcp_audit::head::{AuditHead, RevocationHead};
use fcp_audit::revocation::{RevocationEvent, RevocationObject};
use fcp_caps::grant::CapabilityObject;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::{
    ControlPlaneObject, Message, ObjectHeader, QuorumSignatureSet, RetentionClass, StorageMeta, StoredObject,
};
use fcp_core::store::ObjectStore as _;
use fcp_zones::manifest::ZoneKeyManifest;
use fcp_zones::policy::ZonePolicyObject;
use fcp_zones::zone::ZoneDefinitionObject;
use serde_json::{Value, json};

use super::{Mesh, log};
use crate::clock;
use crate::control::ControlError;
use crate::store::{StateKey, StoreError};
use crate::zone::Zone;
use events::KeptEvent;

/// The order in which objects build on each other: keys, then whatever the owner signed, then chains, then checkpoints.
fn rank(schema: &str) -> u8 {
    match schema {
        ZoneKeyManifest::SCHEMA => 0,
        ZonePolicyObject::SCHEMA => 1,
        ZoneDefinitionObject::SCHEMA => 2,
        CapabilityObject::SCHEMA => 3,
        RevocationObject::SCHEMA => 4,
        RevocationEvent::SCHEMA => 5,
        AuditEvent::SCHEMA => 6,
        RevocationHead::SCHEMA | AuditHead::SCHEMA => 7,
        ZoneCheckpoint::SCHEMA => 8,
        QuorumSignatureSet::SCHEMA => 9,
        ZoneAnchor::SCHEMA => 10,
        _ => OTHER,
    }
}

/// The rank of what no zone stands on.
const OTHER: u8 = 11;

/// Whether this is something that a zone stands on: what nodes hand on to each other (D201).
fn is_foundation(canonical: &[u8]) -> bool {
    rank_of(canonical) < OTHER
}

fn rank_of(canonical: &[u8]) -> u8 {
    StoredObject::claimed_header(canonical).map_or(u8::MAX, |header| rank(header.schema.as_str()))
}

/// What an object was that this node took.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// A revocation that was not known: somebody may no longer belong.
    Revocation,
    Other,
}

fn store_failed(error: StoreError) -> ControlError {
    ControlError::node("store", error)
}

impl Mesh {
    /// A zone that this node knows.
    pub(crate) fn zone(&self, id: &ZoneId) -> Result<&Zone, ControlError> {
        self.zones.get(id).ok_or_else(|| ControlError::node("zone", format_args!("this node does not know {id}")))
    }

    /// The header of a message about a zone.
    pub(crate) fn message_header<T: Message>(&self, zone: &ZoneId) -> ObjectHeader {
        match self.zones.get(zone) {
            Some(known) => known.header::<T>(clock::now()),
            None => Zone::new(zone.clone(), self.config.node_id.clone()).header::<T>(clock::now()),
        }
        .with_ttl(60)
    }

    /// Loads what an earlier run kept.
    pub(crate) fn load_zones(&mut self) -> Result<(), ControlError> {
        for zone in self.store.zones().map_err(store_failed)? {
            let record: Option<Vec<u8>> =
                self.store.state(&StateKey::new("participant", &zone)).map_err(store_failed)?;
            let node = self.config.node_id.clone();
            let mut known = Zone::new(zone.clone(), node.clone());
            if let Some(record) = record {
                known.participant = Participant::restore(&record).map_err(|error| {
                    ControlError::node("store", format_args!("the votes of {zone} are damaged ({error}): restore them"))
                })?;
            }
            self.zones.insert(zone.clone(), known);
            let mut after = None;
            let mut objects = Vec::new();
            loop {
                let page = self.store.list(&zone, after.as_ref(), 256).map_err(store_failed)?;
                for listed in &page {
                    if let Some(entry) = self.store.get(&listed.id).map_err(store_failed)? {
                        objects.push(Offered { id: listed.id, canonical: entry.canonical });
                    }
                }
                after = page.last().map(|listed| listed.id);
                if page.len() < 256 {
                    break;
                }
            }
            self.take_objects(&zone, objects, false);
            let places = self.store.states::<ObjectId>(&format!("chain/{zone}")).map_err(store_failed)?;
            if let Some(known) = self.zones.get_mut(&zone) {
                known.events = places.into_iter().filter_map(|(seq, event)| Some((seq.parse().ok()?, event))).collect();
            }
            self.pin_zone(&zone);
        }
        for (key, kept) in self.store.states::<KeptEvent>("event").map_err(store_failed)? {
            self.queue_event(&kept, &key);
        }
        self.start_zones();
        self.members_changed();
        Ok(())
    }

    /// Takes what a founding made on this node.
    pub(crate) fn found_zones(&mut self, objects: Vec<StoredObject>) -> Result<(), ControlError> {
        let zones: std::collections::BTreeSet<ZoneId> =
            objects.iter().map(|stored| stored.header().zone_id.clone()).collect();
        for zone in zones {
            let of_zone = objects.iter().filter(|stored| stored.header().zone_id == zone);
            let offered =
                of_zone.map(|stored| Offered { id: stored.id(), canonical: stored.canonical_bytes().to_vec() });
            self.take_objects(&zone, offered.collect(), true);
        }
        self.start_zones();
        self.members_changed();
        Ok(())
    }

    /// Asks the others what they have accepted.
    fn start_zones(&mut self) {
        let now = clock::now();
        let Some(trust) = &self.trust else { return };
        for zone in self.zones.values_mut() {
            zone.drive(trust, &self.revocations, &self.keys.0.signing, |participant, context| {
                participant.handle_start(context, now);
            });
        }
    }

    /// Takes objects of a zone in the order in which they build on each other; keeps those that verify.
    pub(crate) fn take_objects(&mut self, zone: &ZoneId, mut objects: Vec<Offered>, keep: bool) {
        objects.sort_by_key(|offered| rank_of(&offered.canonical));
        let mut revoked = false;
        for offered in &objects {
            match self.take_object(zone, offered, keep) {
                Ok(taken) => revoked |= taken == Taken::Revocation,
                Err(why) => log(format_args!("refused {} in {zone}: {why}", offered.id.short())),
            }
        }
        if revoked {
            self.members_changed();
        }
        self.settle_anchors(zone);
        let now = clock::now();
        let (Some(trust), Some(known)) = (&self.trust, self.zones.get_mut(zone)) else { return };
        let newest = known.newest.governance();
        known.drive(trust, &self.revocations, &self.keys.0.signing, |participant, context| {
            participant.handle_held(context, newest, now);
        });
    }

    fn take_object(&mut self, zone_id: &ZoneId, offered: &Offered, keep: bool) -> Result<Taken, String> {
        let mut taken = Taken::Other;
        let now = clock::now();
        let trust = self.trust.as_ref().ok_or("no owner is known")?;
        let header = StoredObject::claimed_header(&offered.canonical).map_err(|error| error.reason().to_string())?;
        if header.schema.as_str() == ZoneKeyManifest::SCHEMA {
            // A zone begins with a key for it.
            let mut fresh = None;
            let known = self.zones.get_mut(zone_id);
            let zone = known.unwrap_or_else(|| fresh.insert(Zone::new(zone_id.clone(), self.config.node_id.clone())));
            if zone.held.manifest(&offered.id).is_none() {
                let own = (&self.config.node_id, &self.keys.0.encryption);
                let accepted = zone.keyring.accept(offered.id, &offered.canonical, own, trust.owner(), now);
                let manifest = accepted.map_err(|error| error.reason().to_string())?.manifest;
                let key = zone.keyring.object_id_key_at(manifest.valid_from()).map_err(|error| error.to_string())?;
                zone.held.set_id_key(manifest.valid_from(), key.clone());
            }
            if let Some(fresh) = fresh {
                self.zones.insert(zone_id.clone(), fresh);
            }
        }
        let zone = self.zones.get_mut(zone_id).ok_or("this node has no key of the zone")?;
        let key = zone.keyring.object_id_key_at(header.created_at).map_err(|error| error.reason().to_string())?;
        let stored = StoredObject::parse_as(offered.id, &offered.canonical, key);
        let stored = stored.map_err(|error| error.reason().to_string())?;
        if header.schema.as_str() == CapabilityObject::SCHEMA {
            let grant = stored.open::<CapabilityObject>().map_err(|error| error.reason().to_string())?;
            let grant = grant.verify(trust.owner()).map_err(|error| error.reason().to_string())?;
            zone.grants.insert(grant.id(), grant);
        } else if rank(header.schema.as_str()) < OTHER {
            let keys = AttestedKeys::new(trust, &self.revocations, zone_id);
            let admitted = zone.held.admit(&stored, &keys, now);
            match admitted.map_err(|error| error.reason().to_string())? {
                Admitted::Revocation(revocation) => {
                    if self.revocations.install(&revocation) {
                        taken = Taken::Revocation;
                    }
                }
                Admitted::Anchor(anchor) => {
                    zone.anchors.push(anchor.id());
                    zone.anchored.insert(anchor.id());
                }
                Admitted::Held | Admitted::Event(_) => {}
            }
            let slot = match header.schema.as_str() {
                ZoneDefinitionObject::SCHEMA => Some(&mut zone.newest.definition),
                ZonePolicyObject::SCHEMA => Some(&mut zone.newest.policy),
                ZoneKeyManifest::SCHEMA => Some(&mut zone.newest.manifest),
                _ => None,
            };
            if let Some(slot) = slot {
                *slot = (*slot).max(Some((header.created_at, stored.id())));
            }
        }
        if keep {
            self.keep(&stored).map_err(|error| error.to_string())?;
        }
        Ok(taken)
    }

    /// Writes an object to disk, pinned: what governs a zone is never evicted.
    pub(crate) fn keep(&mut self, stored: &StoredObject) -> Result<(), StoreError> {
        let meta = StorageMeta { retention: RetentionClass::Pinned, received_at: clock::now() };
        self.store.put(stored, meta).map(drop)
    }

    /// Hands anchors over whose checkpoint is there.
    fn settle_anchors(&mut self, zone_id: &ZoneId) {
        let now = clock::now();
        let (Some(trust), Some(zone)) = (&self.trust, self.zones.get_mut(zone_id)) else { return };
        for id in std::mem::take(&mut zone.anchors) {
            let Some(stored) = zone.held.object(&id) else { continue };
            let verified = stored.open::<ZoneAnchor>().ok().and_then(|anchor| anchor.verify(trust.owner()).ok());
            let Some(anchor) = verified else { continue };
            if zone.participant.state().generation().is_some_and(|known| anchor.generation <= known) {
                continue;
            }
            match zone.held.object(&anchor.checkpoint) {
                Some(checkpoint) => {
                    zone.drive(trust, &self.revocations, &self.keys.0.signing, |participant, context| {
                        participant.handle_anchor(context, (&anchor, &stored), &checkpoint, now);
                    });
                }
                None => zone.anchors.push(id),
            }
        }
    }

    /// Carries out what the zones' participants say.
    pub(super) fn drain_zones(&mut self) {
        let ids: Vec<ZoneId> = self.zones.keys().cloned().collect();
        let mut changed = false;
        for id in ids {
            while let Some(output) = self.zones.get_mut(&id).and_then(|zone| zone.participant.poll_output()) {
                changed |= matches!(output, Output::Accepted { .. });
                self.act(&id, output);
            }
        }
        if changed {
            self.members_changed();
            self.drain_sessions();
        }
    }

    fn act(&mut self, id: &ZoneId, output: Output) {
        match output {
            Output::Persist(record) => self.persist(id, record),
            Output::Store(stored) => {
                let offered = Offered { id: stored.id(), canonical: stored.canonical_bytes().to_vec() };
                match self.take_object(id, &offered, true) {
                    Ok(Taken::Revocation) => self.members_changed(),
                    Ok(Taken::Other) => {}
                    Err(why) => log(format_args!("did not hold {}: {why}", stored.id().short())),
                }
            }
            Output::Send { to, message } => self.send_checkpoint_message(id, &to, &message),
            Output::Fetch { from, wanted } => self.fetch(id, &from, &wanted),
            Output::Accepted { checkpoint, seq } => self.accepted(id, checkpoint, seq),
            Output::Refused { from, denial } => {
                log(format_args!("{id}: refused something of {from}: {}", denial.reason));
                self.refusals.push(id, &from, denial.reason);
            }
            Output::Alert(alert) => {
                log(format_args!("ALERT {id}: {alert:?}"));
                if matches!(alert, Alert::Anchored { .. })
                    && let Err(error) = self.note(id, types::CHECKPOINT_ANCHORED)
                {
                    log(format_args!("{id}: the anchor was not recorded: {error}"));
                }
            }
        }
    }

    /// Writes a participant's record. Until that works it says nothing more, and is asked nothing more: no vote leaves
    /// that is not on disk.
    fn persist(&mut self, id: &ZoneId, record: Vec<u8>) {
        let Some(zone) = self.zones.get_mut(id) else { return };
        match self.store.put_state(&StateKey::new("participant", id), &record) {
            Ok(()) => {
                if zone.unsaved.take().is_some() {
                    log(format_args!("{id} goes on"));
                }
                zone.participant.handle_persisted();
            }
            Err(error) => {
                if zone.unsaved.replace(record).is_none() {
                    log(format_args!("{id} stands still until this can be written: {error}"));
                }
            }
        }
    }

    /// Tries again to write what could not be written.
    fn persist_again(&mut self) {
        let unsaved = self.zones.iter().filter_map(|(id, zone)| Some((id.clone(), zone.unsaved.clone()?)));
        for (id, record) in unsaved.collect::<Vec<_>>() {
            self.persist(&id, record);
        }
    }

    fn accepted(&mut self, id: &ZoneId, checkpoint: ObjectId, seq: u64) {
        log(format_args!("{id}: checkpoint {seq} {} holds", checkpoint.short()));
        self.pin_zone(id);
        let Some(zone) = self.zones.get(id) else { return };
        let tip = zone.participant.state().accepted().and_then(|accepted| accepted.revocation());
        let held = &zone.held;
        if let Err(error) = self.revocations.advance_to(id, tip, |event| held.revocation_event(event)) {
            log(format_args!("{id}: the revocation chain is not complete: {error}"));
        }
        let settled: Vec<String> = self.settled_events(id);
        for key in settled {
            let _ = self.store.remove_state(&StateKey::new("event", key));
        }
    }

    /// Follows the accepted checkpoint, and notes on disk which event has which place.
    fn pin_zone(&mut self, id: &ZoneId) {
        let Some(zone) = self.zones.get_mut(id) else { return };
        let new = zone.pin();
        let key = |seq: &u64| StateKey::new("chain", format_args!("{id}/{seq:020}"));
        let places: Vec<_> = new.iter().map(|(seq, event)| (key(seq), *event)).collect();
        match self.store.put_states(places.iter().map(|(key, event)| (key, event))) {
            Ok(()) => zone.events.extend(new),
            // They are noted with the next checkpoint.
            Err(error) => log(format_args!("{id}: the places of {} events were not noted: {error}", new.len())),
        }
        if let Some(pinned) = self.zones.get(id).and_then(|zone| zone.pinned.as_ref()) {
            self.members.definitions.pin(pinned.definition().clone());
        }
    }

    pub(super) fn send_checkpoint_message(&mut self, id: &ZoneId, to: &Recipients, message: &CheckpointMessage) {
        let Ok(schema) = message.schema().parse() else { return };
        let provenance = match self.zone(id) {
            Ok(zone) => zone.provenance(clock::now()),
            Err(_) => return,
        };
        let header = ObjectHeader::new(schema, provenance).with_ttl(60);
        let Ok(object) = ControlPlaneObject::from_parts(header, message.to_body()) else { return };
        let recipients = match to {
            Recipients::Node(node) => vec![node.clone()],
            Recipients::Signers(nodes) => nodes.clone(),
            Recipients::Members => self.connected_peers(),
        };
        for node in recipients {
            if self.zones_of(&node).contains(id) {
                self.send_object(&node, object.clone());
            }
        }
    }

    /// A message about a zone's checkpoints, or nothing that is known.
    pub(super) fn handle_zone_message(&mut self, peer: &NodeId, id: &ZoneId, object: &ControlPlaneObject) {
        if !CheckpointMessage::has_schema(&object.schema_hash()) {
            return log(format_args!("{peer} sent a message that this node does not know: {}", object.header().schema));
        }
        let Ok(message) = CheckpointMessage::from_body(object.body()) else {
            return log(format_args!("{peer} sent a malformed message"));
        };
        let now = clock::now();
        let zone = self.zones.get_mut(id).filter(|zone| zone.unsaved.is_none());
        let (Some(trust), Some(zone)) = (&self.trust, zone) else { return };
        zone.drive(trust, &self.revocations, &self.keys.0.signing, |participant, context| {
            participant.handle_message(context, peer, message, now);
        });
    }

    /// What is due in the zones.
    pub(super) fn zone_timeout(&mut self) {
        self.persist_again();
        let now = clock::now();
        let Some(trust) = &self.trust else { return };
        for zone in self.zones.values_mut().filter(|zone| zone.unsaved.is_none()) {
            if zone.participant.poll_timeout(now).is_some_and(|due| due <= now) {
                zone.drive(trust, &self.revocations, &self.keys.0.signing, |participant, context| {
                    participant.handle_timeout(context, now);
                });
            }
        }
    }

    /// What holds in each zone, for the console.
    pub(crate) fn zones_status(&self) -> Vec<Value> {
        let status = self.zones.values().map(|zone| {
            let accepted = zone.participant.state().accepted();
            json!({
                "zone": zone.id().as_str(),
                "seq": accepted.map_or(0, |accepted| accepted.seq()),
                "checkpoint": accepted.map(|accepted| accepted.id().to_string()),
                "created_at": accepted.map(|accepted| accepted.checkpoint().header.created_at.as_secs()),
                "audit_seq": accepted.map_or(0, |accepted| accepted.checkpoint().audit_seq),
                "waiting": zone.participant.waiting_events(),
                "grants": zone.grants.len(),
            })
        });
        status.collect()
    }
}
