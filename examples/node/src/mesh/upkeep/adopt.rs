//! From symbols that came to an object that is admitted (§8.4.1, D135).

use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::{Message as _, StoredObject};
use fcp_core::time::Millis;
use fcp_symbols::admission::{Admitted, Frontier, SchemaChecked};
use fcp_symbols::chunk::{ChunkedObjectManifest, RawChunk};
use fcp_symbols::esi::EsiSet;
use fcp_symbols::gossip::GossipItem;
use fcp_symbols::raptor::{Block, SymbolSize};

use crate::clock;
use crate::mesh::{Mesh, log};
use crate::store::{AdmittedObject, StoreError};

/// How long symbols of an object have been here before it is put together: its other holders are to have theirs by then.
const ADOPT_AFTER_MS: u64 = 2_000;
/// How many objects are put together at once.
const MAX_ADOPTIONS: usize = 16;
/// How many objects may wait for it.
const MAX_WAITING: usize = 100_000;
/// How long to wait after the first failure; each further time twice as long.
const FIRST_PAUSE_MS: u64 = 10_000;
/// How many times an object is tried.
const MAX_ATTEMPTS: u32 = 8;

/// An object that is to be put together.
#[derive(Debug, Clone)]
pub(super) struct Adoption {
    object: ObjectId,
    zone: ZoneId,
    /// From when on.
    due: Millis,
    attempts: u32,
}

/// This node keeps what members of its zones spread to it: that is what it pins.
struct KeepsWhatMembersSpread;

impl Frontier for KeepsWhatMembersSpread {
    fn reaches(&self, _: &ZoneId, _: &ObjectId) -> bool {
        false
    }

    fn pins(&self, _: &ZoneId, _: &ObjectId) -> bool {
        true
    }
}

/// Opens an object of a type that is spread as symbols, as what its header says that it is.
fn check_schema(object: &StoredObject) -> Result<(), Reason> {
    match object.header().schema.as_str() {
        ChunkedObjectManifest::SCHEMA => object.open::<ChunkedObjectManifest>().map(drop),
        RawChunk::SCHEMA => object.open::<RawChunk>().map(drop),
        _ => return Err(Reason::ObjectSchemaMismatch),
    }
    .map_err(|error| error.reason())
}

impl Mesh {
    /// Symbols of an object came: it is to be put together and admitted, or more of it is to be told.
    pub(in crate::mesh) fn note_symbols(&mut self, zone: &ZoneId, object: ObjectId) {
        if self.upkeep.admitted.contains_key(&object) {
            if let Err(error) = self.tell_symbols(&object) {
                log(format_args!("symbols of {} are not told: {error}", object.short()));
            }
        } else if self.upkeep.waiting.len() < MAX_WAITING && self.upkeep.known.insert(object) {
            let due = clock::now_millis().saturating_add(ADOPT_AFTER_MS);
            self.upkeep.waiting.push_back(Adoption { object, zone: zone.clone(), due, attempts: 0 });
        }
    }

    /// This node made the object, or put it together: it belongs to its zone.
    pub(in crate::mesh) fn admit(&mut self, object: &StoredObject) {
        let id = object.id();
        let checked = SchemaChecked::new(object, check_schema);
        let proof = match checked.map(|checked| Admitted::new(&checked, &KeepsWhatMembersSpread)) {
            Ok(Ok(proof)) => proof,
            Ok(Err(error)) => return log(format_args!("{} is not admitted: {}", id.short(), error.reason())),
            Err(reason) => return log(format_args!("{} is not admitted: {reason}", id.short())),
        };
        let Ok(block) = Block::for_len(object.canonical_bytes().len(), SymbolSize::DEFAULT) else { return };
        let header = object.header();
        let record =
            AdmittedObject { zone_id: header.zone_id.clone(), k: block.k(), placement: header.placement.clone() };
        if let Err(error) = self.store.put_admitted(&id, &record) {
            return log(format_args!("{} is not admitted: {error}", id.short()));
        }
        self.tell_admitted(&proof, &record);
    }

    /// Lets gossip and repair know an object that is admitted.
    pub(super) fn tell_admitted(&mut self, proof: &Admitted, object: &AdmittedObject) {
        let (id, now) = (proof.id(), clock::now_millis());
        self.upkeep.gossip.admitted(now, proof, None);
        self.upkeep.admitted.insert(id, proof.clone());
        if let Some(zone) = self.upkeep.zones.get_mut(&object.zone_id)
            && let Some(placement) = &object.placement
        {
            let from = now.saturating_add(self.upkeep.intervals.interval_ms.saturating_mul(2));
            zone.tracking.push_back((from, id, object.k, placement.clone()));
        }
        if let Err(error) = self.tell_symbols(&id) {
            log(format_args!("symbols of {} are not told: {error}", id.short()));
        }
    }

    /// Which symbols of an object are here, whoever sent them.
    pub(super) fn held_esis(&self, id: &ObjectId) -> Result<EsiSet, StoreError> {
        let mut held = EsiSet::new();
        for holding in self.store.symbol_holdings(id)? {
            held.extend(self.store.symbol_esis(id, &holding.source)?.into_iter().map(|esi| esi..esi.saturating_add(1)));
        }
        Ok(held)
    }

    /// Tells which symbols of an admitted object are here.
    fn tell_symbols(&mut self, id: &ObjectId) -> Result<(), StoreError> {
        let Some(proof) = self.upkeep.admitted.get(id).cloned() else { return Ok(()) };
        let (now, held) = (clock::now_millis(), self.held_esis(id)?);
        for esi in held.iter() {
            self.upkeep.gossip.admitted(now, &proof, Some(esi));
        }
        if let Some(zone) = self.upkeep.zones.get_mut(proof.zone()) {
            zone.repair.handle_holding(now, id, &self.config.node_id, &held);
        }
        Ok(())
    }

    /// Symbols of an admitted object are here no more.
    pub(super) fn tell_dropped(&mut self, now: Millis, zone: &ZoneId, object: ObjectId, esis: &EsiSet) {
        for item in esis.iter().filter_map(|esi| GossipItem::symbol(&object, esi)) {
            self.upkeep.gossip.evicted(now, zone, &item);
        }
    }

    /// Begins to put objects together, and takes those that are.
    pub(super) fn adopt_timeout(&mut self, now: Millis) {
        let adopting: Vec<ObjectId> = self.upkeep.adopting.keys().copied().collect();
        for id in adopting {
            match self.take_for_upkeep(&id) {
                None => {}
                Some(Ok(object)) => {
                    self.upkeep.adopting.remove(&id);
                    self.upkeep.known.remove(&id);
                    self.admit(&object);
                }
                Some(Err(_)) => {
                    let Some(mut adoption) = self.upkeep.adopting.remove(&id) else { continue };
                    let pause = FIRST_PAUSE_MS.saturating_mul(2_u64.saturating_pow(adoption.attempts));
                    adoption.attempts = adoption.attempts.saturating_add(1);
                    adoption.due = now.saturating_add(pause);
                    if adoption.attempts < MAX_ATTEMPTS {
                        self.upkeep.waiting.push_back(adoption);
                    } else {
                        self.upkeep.known.remove(&id);
                        log(format_args!("{} never came together, and is not admitted", id.short()));
                    }
                }
            }
        }
        let mut later = Vec::new();
        while self.upkeep.adopting.len() < MAX_ADOPTIONS
            && let Some(adoption) = self.upkeep.waiting.pop_front()
        {
            if adoption.due > now {
                later.push(adoption);
                if later.len() >= MAX_ADOPTIONS {
                    break;
                }
                continue;
            }
            self.gather_for_upkeep(&adoption.zone, adoption.object);
            self.upkeep.adopting.insert(adoption.object, adoption);
        }
        for adoption in later.into_iter().rev() {
            self.upkeep.waiting.push_front(adoption);
        }
    }
}
