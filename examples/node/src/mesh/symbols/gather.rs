//! Gathering: an object is put together from this node's own symbols and everybody else's.

use std::collections::BTreeMap;

use fcp_core::error::Reason;
use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId};
use fcp_core::object::{ControlPlaneObject, StoredObject};
use fcp_core::sign::{Signature, Signed as _};
use fcp_core::time::Millis;
use fcp_symbols::chunk::{ChunkedObjectManifest, Joiner};
use fcp_symbols::message::{self, DecodeStatus, EsiList, MissingHint, SymbolRequest, ephemeral_header};
use fcp_symbols::raptor::{Block, Coding, SymbolSize};
use fcp_symbols::reassembly::{ContextKey, ReassemblyError, Step};

use super::pool::Pool;
use crate::clock;
use crate::control::ControlError;
use crate::mesh::{Mesh, log};
use crate::store::StoreError;

/// How long a gathering waits before it asks again.
const ASK_AGAIN_MS: u64 = 400;
/// After how long without a new symbol a gathering has failed.
const GIVE_UP_MS: u64 = 8_000;

/// An object that is wanted.
pub(super) struct Gathering {
    zone: ZoneId,
    /// Everything that came, by source.
    pool: Pool,
    asked_at: Millis,
    progress_at: Millis,
}

impl Mesh {
    /// Begins to gather an object for the console.
    pub(crate) fn gather(&mut self, zone_id: &ZoneId, object: ObjectId) {
        self.transfers.asked_for.insert(object);
        self.begin_to_gather(zone_id, object);
    }

    /// Begins to gather an object that is to be admitted or repaired; [`take_for_upkeep`](Self::take_for_upkeep) tells what
    /// became of it.
    pub(in crate::mesh) fn gather_for_upkeep(&mut self, zone_id: &ZoneId, object: ObjectId) {
        self.begin_to_gather(zone_id, object);
    }

    /// What became of an object that was gathered for upkeep; nothing while it is under way.
    pub(in crate::mesh) fn take_for_upkeep(&mut self, object: &ObjectId) -> Option<Result<StoredObject, ControlError>> {
        if self.transfers.gathering.contains_key(object) {
            return None;
        }
        let asked_for = self.transfers.asked_for.contains(object);
        let gathered = &mut self.transfers.gathered;
        let outcome = if asked_for { gathered.get(object).cloned() } else { gathered.remove(object) };
        Some(outcome.unwrap_or_else(|| Err(ControlError::node("gather", "somebody else took the object"))))
    }

    /// Begins to gather an object from this node's own symbols and everybody else's.
    fn begin_to_gather(&mut self, zone_id: &ZoneId, object: ObjectId) {
        let done = matches!(self.transfers.gathered.get(&object), Some(Ok(_)));
        if done || self.transfers.gathering.contains_key(&object) {
            return;
        }
        self.transfers.gathered.remove(&object);
        let whole = self.store.spread_object(&object).ok().flatten();
        if let Some(whole) = whole.and_then(|canonical| self.open_candidate(object, &canonical)) {
            self.transfers.gathered.insert(object, Ok(whole));
            return;
        }
        let now = clock::now_millis();
        let gathering = Gathering { zone: zone_id.clone(), pool: Pool::default(), asked_at: now, progress_at: now };
        self.transfers.gathering.insert(object, gathering);
        self.pump_symbols();
        if let Err(error) = self.feed_held(object) {
            log(format_args!("stored symbols of {} are not used: {error}", object.short()));
        }
        self.ask(zone_id, object);
    }

    /// Feeds what is on this node's disk, each symbol as its source's.
    fn feed_held(&mut self, object_id: ObjectId) -> Result<(), StoreError> {
        let this = self.config.node_id.clone();
        for held in self.store.symbol_holdings(&object_id)? {
            let symbol_size = SymbolSize::new(held.shape.symbol_size).map_err(|_| StoreError::Damaged("shape"))?;
            let block = Block::new(held.shape.k, symbol_size).map_err(|_| StoreError::Damaged("shape"))?;
            let key = ContextKey { object_id, block, coding: Coding::RaptorQ };
            for (esi, data) in self.store.symbols(&object_id, &held.source)? {
                self.feed(&key, (&held.source, &this), esi, &data);
            }
        }
        Ok(())
    }

    /// Asks every peer of the zone for symbols of an object.
    fn ask(&mut self, zone_id: &ZoneId, object: ObjectId) {
        let Some(gathering) = self.transfers.gathering.get(&object) else { return };
        let status = gathering.pool.best().and_then(|context| {
            let progress = self.reassembly.progress(&context)?;
            let missing = EsiList::new(self.reassembly.missing(&context, message::MAX_MISSING)).ok()?;
            Some((progress, MissingHint::new(missing).ok()))
        });
        let now = clock::now();
        let Ok(zone) = self.zone(zone_id) else { return };
        let Ok(key) = zone.keyring.sealing_key(&self.revocations, now) else { return };
        let levels = zone.levels();
        let header = ephemeral_header::<DecodeStatus>(zone_id.clone(), levels.integrity, levels.confidentiality, now);
        let decode_status = status.map(|(progress, missing_hint)| DecodeStatus {
            header,
            object_id: object,
            zone_id: zone_id.clone(),
            zone_key_id: key.id(),
            epoch_id: EpochId::of(now),
            received_unique: progress.received,
            required: progress.required,
            missing_hint,
            signature: None,
        });
        let request = SymbolRequest {
            header: ephemeral_header::<SymbolRequest>(zone_id.clone(), levels.integrity, levels.confidentiality, now),
            object_id: object,
            zone_id: zone_id.clone(),
            zone_key_id: key.id(),
            max_symbols: message::MAX_RESPONSE_SYMBOLS,
            want_esi: None,
            decode_status,
            delivery_hint: None,
            requested_at: now,
            requester: self.config.node_id.clone(),
            signature: Signature::ABSENT,
        };
        let request = request.signed_by(&self.keys.0.signing);
        let message = ControlPlaneObject::new(request.header.clone(), &request);
        for peer in self.connected_peers() {
            self.send_object(&peer, message.clone());
        }
    }

    /// Gives a symbol to the reassembly and takes what comes of it. The source is who vouches for the symbol, the giver
    /// whoever had it: this node itself for what was on its disk.
    pub(super) fn feed(&mut self, key: &ContextKey, (source, giver): (&NodeId, &NodeId), esi: u32, data: &[u8]) {
        let now = clock::now_millis();
        let Some(gathering) = self.transfers.gathering.get_mut(&key.object_id) else { return };
        if gathering.pool.keep(key, source, esi, data) {
            gathering.progress_at = now;
            let asked_for = self.transfers.asked_for.contains(&key.object_id);
            let count = self.transfers.sources.entry(giver.clone()).or_default();
            *count = count.saturating_add(u64::from(asked_for));
        }
        match self.reassembly.handle_symbol(now.timestamp(), key, source, esi, data) {
            Ok(Step::Candidate(candidate)) => {
                let mut next = Some(candidate);
                while let Some(candidate) = next {
                    let opened = self.open_candidate(key.object_id, candidate.bytes());
                    next = self.reassembly.settle(candidate, opened.as_ref());
                    if let Some(object) = opened {
                        self.finish_gathering(object);
                        break;
                    }
                }
            }
            // That it is refused was told when it was found out.
            Ok(Step::Waiting(_) | Step::Ignored) | Err(ReassemblyError::SourceRefused) => {}
            Err(error) => log(format_args!("refused a symbol of {source}: {}", error.reason())),
        }
        while let Some(fault) = self.reassembly.poll_fault() {
            log(format_args!("{} sent wrong symbols of {}: {}", fault.source, fault.object_id.short(), fault.reason));
        }
    }

    /// Tries to make an object without one of its sources, and tells whose symbols were wrong.
    fn gather_without_one(&mut self, id: ObjectId) {
        let Some(mut gathering) = self.transfers.gathering.remove(&id) else { return };
        let Some(object) = gathering.pool.decode_without_one(|bytes| self.open_candidate(id, bytes)) else {
            self.transfers.gathering.insert(id, gathering);
            return;
        };
        for source in gathering.pool.wrong_sources(object.canonical_bytes()) {
            log(format_args!("{source} sent wrong symbols of {}: {}", id.short(), Reason::ObjectIdMismatch));
        }
        self.reassembly.abandon(id);
        self.finish_gathering(object);
    }

    fn finish_gathering(&mut self, object: StoredObject) {
        self.transfers.gathering.remove(&object.id());
        self.transfers.gathered.insert(object.id(), Ok(object));
    }

    /// Checks bytes against the id that they were gathered for (D16, D60).
    fn open_candidate(&self, id: ObjectId, canonical: &[u8]) -> Option<StoredObject> {
        let header = StoredObject::claimed_header(canonical).ok()?;
        let zone = self.zones.get(&header.zone_id)?;
        let key = zone.keyring.object_id_key_at(header.created_at).ok()?;
        StoredObject::parse_as(id, canonical, key).ok()
    }

    /// Whether an object has been gathered, or why not; nothing while it is under way.
    pub(crate) fn gathered(&self, object: &ObjectId) -> Option<Result<(), ControlError>> {
        let outcome = self.transfers.gathered.get(object)?;
        Some(outcome.as_ref().map(drop).map_err(Clone::clone))
    }

    /// Puts the gathered chunks of a file together, and forgets them.
    pub(crate) fn join_gathered(&mut self, root: &ObjectId) -> Result<Vec<u8>, ControlError> {
        let failed = |error: &dyn std::fmt::Display| ControlError::node("get", error);
        let gathered = std::mem::take(&mut self.transfers.gathered);
        self.transfers.asked_for.clear();
        let objects: BTreeMap<ObjectId, StoredObject> =
            gathered.into_iter().filter_map(|(id, outcome)| Some((id, outcome.ok()?))).collect();
        let manifest = objects.get(root).ok_or_else(|| failed(&"the manifest has not been gathered"))?;
        let manifest = manifest.open::<ChunkedObjectManifest>().map_err(|error| failed(&error))?;
        let mut joiner = Joiner::new(&manifest);
        let mut payload = Vec::new();
        while let Some(id) = joiner.wants() {
            let chunk = objects.get(&id).ok_or_else(|| failed(&"a chunk has not been gathered"))?;
            payload.extend(joiner.take(chunk).map_err(|error| failed(&error))?);
        }
        joiner.finish().map_err(|error| failed(&error))?;
        Ok(payload)
    }

    /// Asks again, tries without a faulty source, or gives up.
    pub(super) fn gather_timeout(&mut self, now: Millis) {
        let mut again = Vec::new();
        for (object, gathering) in &mut self.transfers.gathering {
            if now.since(gathering.asked_at) > ASK_AGAIN_MS {
                gathering.asked_at = now;
                again.push((gathering.zone.clone(), *object));
            }
        }
        for (zone, object) in again {
            self.gather_without_one(object);
            let Some(gathering) = self.transfers.gathering.get(&object) else { continue };
            if now.since(gathering.progress_at) <= GIVE_UP_MS {
                self.ask(&zone, object);
                continue;
            }
            self.transfers.gathering.remove(&object);
            self.reassembly.abandon(object);
            let message = format!("nobody has enough symbols of {}", object.short());
            let failed = ControlError::reason(Reason::SymbolInsufficient, message);
            self.transfers.gathered.insert(object, Err(failed));
        }
    }
}
