//! Spreading: an object is on this node's disk before anybody is told, and leaves it when every holder has its run.

use std::collections::BTreeMap;

use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::{ControlPlaneObject, MeshObject as _, ObjectPlacementPolicy, StoredObject};
use fcp_core::time::Millis;
use fcp_symbols::chunk::{self, ChunkedObjectManifest};
use fcp_symbols::esi::EsiSet;
use fcp_symbols::fcps::FrameFlags;
use fcp_symbols::message::{self, Arrival, DecodeStatus, Feedback as _};
use fcp_symbols::placement;
use fcp_symbols::raptor::{Encoder, SymbolError, SymbolSize};

use super::outbox::{Outgoing, Queued};
use super::runs::Part;
use crate::clock;
use crate::control::ControlError;
use crate::mesh::{Mesh, log};
use crate::store::{PlacedRun, Spread, StoreError, StoredSymbol, SymbolShape};

/// While less than this waits for a peer, more of its runs are encoded.
const REFILL_BELOW: usize = 256 * 1024;
/// How many objects are encoded before the node looks at what came in.
const OBJECTS_AT_ONCE: usize = 8;

fn on_disk(error: StoreError) -> ControlError {
    ControlError::node("store", error)
}

impl Mesh {
    /// Cuts `payload` into chunks and places everything on the zone's members. When this returns, the file is on this
    /// node's disk; it goes out from there.
    pub(crate) fn put_file(
        &mut self,
        zone_id: &ZoneId,
        payload: &[u8],
        placement: ObjectPlacementPolicy,
    ) -> Result<(ObjectId, Vec<ObjectId>), ControlError> {
        let now = clock::now();
        let failed = |error: &dyn std::fmt::Display| ControlError::node("put", error);
        let zone = self.zone(zone_id)?;
        let header = zone.header::<ChunkedObjectManifest>(now).with_placement(placement.clone());
        let key =
            zone.keyring.object_id_key_at(now).map_err(|error| ControlError::reason(error.reason(), error))?.clone();
        let chunk_size = Self::raptor_config().chunk_size();
        let (manifest, chunks) = chunk::split(payload, header, chunk_size, &key).map_err(|error| failed(&error))?;
        let manifest = manifest.seal(&key).map_err(|error| failed(&error))?;
        let root = manifest.id();
        let mut ids = vec![root];
        ids.extend(chunks.iter().map(StoredObject::id));
        let mut spread = Spread::default();
        for object in std::iter::once(&manifest).chain(&chunks) {
            self.place(zone_id, object, &placement, &mut spread)?;
        }
        self.store.begin_spread(&spread, &self.config.node_id).map_err(on_disk)?;
        self.expect_runs(spread.runs);
        for object in std::iter::once(&manifest).chain(&chunks) {
            self.admit(object);
        }
        ids.dedup();
        Ok((root, ids))
    }

    /// Adds one object to a spread: each member's run, and the symbols of this node's own.
    fn place(
        &mut self,
        zone_id: &ZoneId,
        object: &StoredObject,
        policy: &ObjectPlacementPolicy,
        spread: &mut Spread,
    ) -> Result<(), ControlError> {
        let facts = self.members.facts(self.trust.as_ref(), &self.revocations, zone_id, clock::now());
        let symbol_size = SymbolSize::DEFAULT;
        let refused = |error: SymbolError| ControlError::reason(error.reason(), error);
        let mut encoder = Encoder::new(object.canonical_bytes(), symbol_size).map_err(refused)?;
        let k = encoder.block().k();
        let placed =
            placement::spread(policy, &facts, k).map_err(|error| ControlError::reason(error.reason(), error))?;
        let shape = SymbolShape { zone_id: zone_id.clone(), k, symbol_size: symbol_size.get() };
        let (object_id, source) = (object.id(), &self.config.node_id);
        let mut others = false;
        for (holder, esis) in placed {
            if holder != *source {
                others = true;
                spread.runs.push(PlacedRun { object_id, holder, zone_id: zone_id.clone(), esis });
                continue;
            }
            for esi in esis {
                let mut data = vec![0; symbol_size.as_usize()];
                encoder.write_symbol(esi, &mut self.plans, &mut data).map_err(refused)?;
                spread.own.push(StoredSymbol { object_id, source: source.clone(), esi, data, shape: shape.clone() });
            }
        }
        if others {
            spread.objects.push((object_id, object.canonical_bytes().to_vec()));
        }
        Ok(())
    }

    /// Goes on with what an earlier run had not finished spreading.
    pub(crate) fn load_transfers(&mut self) -> Result<(), ControlError> {
        let runs = self.store.unconfirmed_runs().map_err(on_disk)?;
        if !runs.is_empty() {
            log(format_args!("{} runs of symbols are still to be confirmed", runs.len()));
        }
        self.expect_runs(runs);
        Ok(())
    }

    fn expect_runs(&mut self, runs: Vec<PlacedRun>) {
        let now = clock::now_millis();
        for PlacedRun { object_id, holder, zone_id, esis } in runs {
            self.transfers.runs.insert(&holder, object_id, zone_id, esis, now);
        }
    }

    /// Queues the symbols of runs that are due, for peers with a session and room in their queues. Datagrams may be
    /// lost: what is not confirmed is due again after a pause.
    pub(super) fn queue_runs(&mut self, now: Millis) {
        let mut due: BTreeMap<ObjectId, Vec<(NodeId, Part)>> = BTreeMap::new();
        for peer in self.transfers.runs.peers() {
            let away = self.table.as_ref().is_none_or(|table| table.session_with(now, &peer).is_none());
            if self.transfers.runs.set_away(&peer, away, now) && away {
                log(format_args!("{} runs of symbols wait for {peer}", self.transfers.runs.len_of(&peer)));
            }
            let mut again = 0_usize;
            for _ in 0..OBJECTS_AT_ONCE {
                if self.transfers.outbox.bytes(&peer) >= REFILL_BELOW {
                    break;
                }
                let Some(part) = self.transfers.runs.next_part(&peer, now) else { break };
                again = again.saturating_add(usize::from(part.again));
                due.entry(part.object).or_default().push((peer.clone(), part));
            }
            if again > 0 {
                log(format_args!("{again} runs of symbols that {peer} has not confirmed are sent again"));
            }
        }
        for (object, parts) in due {
            if let Err(error) = self.queue_parts(object, parts) {
                log(format_args!("symbols of {} are not sent: {error}", object.short()));
            }
        }
    }

    /// Encodes an object once, for everybody who is to have symbols of it now.
    fn queue_parts(&mut self, object: ObjectId, parts: Vec<(NodeId, Part)>) -> Result<(), ControlError> {
        let canonical = self.store.spread_object(&object).map_err(on_disk)?;
        let canonical = canonical.ok_or_else(|| ControlError::node("store", "the object is gone"))?;
        let refused = |error: SymbolError| ControlError::reason(error.reason(), error);
        let mut encoder = Encoder::new(&canonical, SymbolSize::DEFAULT).map_err(refused)?;
        let block = encoder.block();
        for (peer, part) in parts {
            let last = part.esis.end.saturating_sub(1);
            for esi in part.esis {
                let mut data = vec![0; block.symbol_size().as_usize()];
                encoder.write_symbol(esi, &mut self.plans, &mut data).map_err(refused)?;
                let mut flags = FrameFlags::ENCRYPTED | FrameFlags::RAPTORQ;
                if part.ends && esi == last {
                    flags |= FrameFlags::REQUIRES_ACK;
                }
                let symbol = Outgoing { zone: part.zone.clone(), object, esi, block, flags, data };
                // What finds no room now is sent when the run is due again.
                if self.transfers.outbox.push(&peer, symbol) == Queued::Full {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Queues symbols of an object that a peer is to hold, each in a frame of its own.
    ///
    /// # Errors
    /// If there is no room for all of them.
    pub(in crate::mesh) fn queue_symbols(
        &mut self,
        peer: &NodeId,
        zone: &ZoneId,
        object: &StoredObject,
        esis: &EsiSet,
    ) -> Result<(), ControlError> {
        let refused = |error: SymbolError| ControlError::reason(error.reason(), error);
        let mut encoder = Encoder::new(object.canonical_bytes(), SymbolSize::DEFAULT).map_err(refused)?;
        let block = encoder.block();
        let last = esis.iter().next_back();
        for esi in esis.iter() {
            let mut data = vec![0; block.symbol_size().as_usize()];
            encoder.write_symbol(esi, &mut self.plans, &mut data).map_err(refused)?;
            let mut flags = FrameFlags::ENCRYPTED | FrameFlags::RAPTORQ;
            if Some(esi) == last {
                flags |= FrameFlags::REQUIRES_ACK;
            }
            let symbol = Outgoing { zone: zone.clone(), object: object.id(), esi, block, flags, data };
            if self.transfers.outbox.push(peer, symbol) == Queued::Full {
                return Err(ControlError::node("send", format_args!("too much waits for {peer}")));
            }
        }
        Ok(())
    }

    /// Keeps symbols of an object here.
    pub(in crate::mesh) fn keep_symbols(
        &mut self,
        zone_id: &ZoneId,
        object: &StoredObject,
        esis: &EsiSet,
    ) -> Result<(), ControlError> {
        let refused = |error: SymbolError| ControlError::reason(error.reason(), error);
        let mut encoder = Encoder::new(object.canonical_bytes(), SymbolSize::DEFAULT).map_err(refused)?;
        let (block, source) = (encoder.block(), self.config.node_id.clone());
        let symbol_size = block.symbol_size();
        let shape = SymbolShape { zone_id: zone_id.clone(), k: block.k(), symbol_size: symbol_size.get() };
        let mut batch = Vec::new();
        for esi in esis.iter() {
            let mut data = vec![0; symbol_size.as_usize()];
            encoder.write_symbol(esi, &mut self.plans, &mut data).map_err(refused)?;
            let (object_id, source, shape) = (object.id(), source.clone(), shape.clone());
            batch.push(StoredSymbol { object_id, source, esi, data, shape });
        }
        self.store.put_symbols(&batch, &source, u64::MAX).map(drop).map_err(on_disk)
    }

    /// A peer says what it holds of an object that this node spreads.
    pub(in crate::mesh) fn handle_decode_status(&mut self, peer: &NodeId, object: &ControlPlaneObject) {
        let Ok(status) = message::read::<DecodeStatus>(object) else { return };
        let Ok(status) = status.authenticate(Arrival::InSession { peer }) else { return };
        let status = status.into_inner();
        if self.transfers.runs.confirm(peer, status.object_id, status.received_unique) {
            self.transfers.confirmed.push((status.object_id, peer.clone()));
        }
    }

    /// Takes confirmed runs off the disk, and the objects that everybody holds. If the node is killed before, they are
    /// sent and confirmed once more.
    pub(super) fn release_confirmed(&mut self) {
        if self.transfers.confirmed.is_empty() {
            return;
        }
        let confirmed = std::mem::take(&mut self.transfers.confirmed);
        if let Err(error) = self.store.confirm_runs(&confirmed) {
            log(format_args!("{} confirmations were not noted: {error}", confirmed.len()));
        } else if self.unconfirmed() == 0 {
            log("every run of symbols is confirmed");
        }
    }
}
