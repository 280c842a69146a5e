//! Symbols: spreading an object over the mesh, serving what is held, gathering what is wanted.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::rc::Rc;

use fcp_core::error::Reason;
use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId};
use fcp_core::object::{ControlPlaneObject, MeshObject as _, ObjectPlacementPolicy, StoredObject};
use fcp_core::sign::{Signature, Signed as _};
use fcp_core::time::{Millis, TimePolicy};
use fcp_symbols::chunk::{self, ChunkedObjectManifest, Joiner};
use fcp_symbols::datagram::ENVELOPE_LEN;
use fcp_symbols::envelope::check_epoch;
use fcp_symbols::fcps::{FrameFlags, FrameHeader, FrameMut, FrameWriter, frame_len};
use fcp_symbols::message::{
    self, Arrival, DecodeStatus, Demand, EsiList, Feedback as _, MissingHint, SymbolRequest, ephemeral_header,
};
use fcp_symbols::placement;
use fcp_symbols::raptor::{Block, Coding, Encoder, SymbolError, SymbolSize};
use fcp_symbols::reassembly::{ContextKey, Step};

use super::{Mesh, log};
use crate::clock;
use crate::control::ControlError;
use crate::store::{StoredSymbol, SymbolShape};

/// How many datagrams go out before the node looks at what came in.
const BURST: usize = 64;
/// How long a gathering waits before it asks again.
const ASK_AGAIN_MS: u64 = 400;
/// After how long without a new symbol a gathering has failed.
const GIVE_UP_MS: u64 = 8_000;

/// A symbol that waits to be sent.
struct Outgoing {
    peer: NodeId,
    zone: ZoneId,
    object: ObjectId,
    esi: u32,
    k: u16,
    symbol_size: SymbolSize,
    flags: FrameFlags,
    data: Vec<u8>,
}

/// What is under way.
#[derive(Default)]
pub(crate) struct Transfers {
    outgoing: VecDeque<Outgoing>,
    /// Symbols that came and are written together.
    incoming: Vec<StoredSymbol>,
    gathering: BTreeMap<ObjectId, Gathering>,
    /// Runs of symbols that a peer has not confirmed to hold.
    unconfirmed: BTreeMap<(ObjectId, NodeId), Run>,
    /// What has been gathered, until somebody takes it.
    gathered: BTreeMap<ObjectId, Result<StoredObject, ControlError>>,
    /// How many symbols each source contributed to the objects that were gathered.
    pub(crate) sources: BTreeMap<NodeId, u64>,
}

/// A peer's run of an object's symbols.
struct Run {
    object: Rc<StoredObject>,
    zone: ZoneId,
    esis: Range<u32>,
    sent_at: Millis,
}

/// An object that is wanted.
struct Gathering {
    zone: ZoneId,
    /// In which shape its symbols come.
    context: Option<ContextKey>,
    asked_at: Millis,
    progress_at: Millis,
}

impl Mesh {
    /// Cuts `payload` into chunks, encodes everything and spreads the symbols over the zone's members.
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
        for object in std::iter::once(&manifest).chain(&chunks) {
            self.spread(zone_id, object, &placement)?;
        }
        ids.dedup();
        Ok((root, ids))
    }

    /// Encodes one object and sends each member its run of symbols; this node keeps its own.
    pub(crate) fn spread(
        &mut self,
        zone_id: &ZoneId,
        object: &StoredObject,
        policy: &ObjectPlacementPolicy,
    ) -> Result<(), ControlError> {
        let facts = self.members.facts(self.trust.as_ref(), &self.revocations, zone_id, clock::now());
        let symbol_size = SymbolSize::DEFAULT;
        let refused = |error: fcp_symbols::raptor::SymbolError| ControlError::reason(error.reason(), error);
        let mut encoder = Encoder::new(object.canonical_bytes(), symbol_size).map_err(refused)?;
        let k = encoder.block().k();
        let runs = placement::spread(policy, &facts, k).map_err(|error| ControlError::reason(error.reason(), error))?;
        let shape = SymbolShape { zone_id: zone_id.clone(), k, symbol_size: symbol_size.get() };
        let object = Rc::new(object.clone());
        let mut own = Vec::new();
        for (node, esis) in runs {
            if node == self.config.node_id {
                for esi in esis {
                    let mut data = vec![0; symbol_size.as_usize()];
                    encoder.write_symbol(esi, &mut self.plans, &mut data).map_err(refused)?;
                    own.push(StoredSymbol { object_id: object.id(), esi, data, shape: shape.clone() });
                }
                continue;
            }
            self.queue_run(&mut encoder, &node, zone_id, object.id(), esis.clone()).map_err(refused)?;
            let run = Run { object: Rc::clone(&object), zone: zone_id.clone(), esis, sent_at: clock::now_millis() };
            self.transfers.unconfirmed.insert((object.id(), node), run);
        }
        self.store.put_symbols(&own).map_err(|error| ControlError::node("store", error))?;
        Ok(())
    }

    /// Queues a run of symbols for a peer; the last asks for an answer.
    fn queue_run(
        &mut self,
        encoder: &mut Encoder,
        peer: &NodeId,
        zone: &ZoneId,
        object: ObjectId,
        esis: Range<u32>,
    ) -> Result<(), SymbolError> {
        let block = encoder.block();
        let last = esis.end.saturating_sub(1);
        for esi in esis {
            let mut data = vec![0; block.symbol_size().as_usize()];
            encoder.write_symbol(esi, &mut self.plans, &mut data)?;
            let mut flags = FrameFlags::ENCRYPTED | FrameFlags::RAPTORQ;
            if esi == last {
                flags |= FrameFlags::REQUIRES_ACK;
            }
            self.transfers.outgoing.push_back(Outgoing {
                peer: peer.clone(),
                zone: zone.clone(),
                object,
                esi,
                k: block.k(),
                symbol_size: block.symbol_size(),
                flags,
                data,
            });
        }
        Ok(())
    }

    /// Sends again what peers have not confirmed: datagrams may be lost.
    fn resend(&mut self, now: Millis) {
        if !self.transfers.outgoing.is_empty() {
            return;
        }
        let due = |run: &Run| now.since(run.sent_at) > ASK_AGAIN_MS;
        let late: Vec<(ObjectId, NodeId)> =
            self.transfers.unconfirmed.iter().filter(|(_, run)| due(run)).map(|(key, _)| key.clone()).collect();
        for (id, peer) in late {
            let Some(run) = self.transfers.unconfirmed.get_mut(&(id, peer.clone())) else { continue };
            run.sent_at = now;
            let (object, zone, esis) = (Rc::clone(&run.object), run.zone.clone(), run.esis.clone());
            let Ok(mut encoder) = Encoder::new(object.canonical_bytes(), SymbolSize::DEFAULT) else { continue };
            if let Err(error) = self.queue_run(&mut encoder, &peer, &zone, id, esis) {
                log(format_args!("symbols of {} were not sent again: {error}", id.short()));
            }
        }
    }

    /// How many symbols wait to be sent.
    pub(crate) fn outgoing(&self) -> usize {
        self.transfers.outgoing.len()
    }

    /// Sends what waits, a burst at a time, and writes what came.
    pub(crate) fn pump_symbols(&mut self) {
        for _ in 0..BURST {
            let Some(symbol) = self.transfers.outgoing.pop_front() else { break };
            if let Err(error) = self.send_symbol(&symbol) {
                log(format_args!("a symbol for {} was not sent: {error}", symbol.peer));
            }
        }
        let batch = std::mem::take(&mut self.transfers.incoming);
        if !batch.is_empty()
            && let Err(error) = self.store.put_symbols(&batch)
        {
            log(format_args!("{} symbols were not stored: {error}", batch.len()));
        }
    }

    /// Seals a symbol under this node's own subkey, frames it, and sends the datagram (§4.1–§4.3, D58).
    fn send_symbol(&mut self, symbol: &Outgoing) -> Result<(), String> {
        let now = clock::now_millis();
        let epoch = EpochId::of(now.timestamp());
        let table = self.table.as_mut().ok_or("there are no sessions")?;
        let number = table.next_frame().map_err(|error| error.to_string())?;
        let zone = self.zones.get(&symbol.zone).ok_or("the zone is not known")?;
        let zone_key =
            zone.keyring.sealing_key(&self.revocations, now.timestamp()).map_err(|error| error.to_string())?;
        let key = self.subkeys.get(zone_key, epoch, &self.config.node_id, number.instance());
        let header = FrameHeader {
            flags: symbol.flags,
            object_id: symbol.object,
            symbol_size: symbol.symbol_size,
            zone_key_id: zone_key.id(),
            zone_id_hash: symbol.zone.hash(),
            epoch_id: epoch,
            sender_instance_id: number.instance(),
            frame_seq: number.seq(),
        };
        let mut datagram = vec![0; ENVELOPE_LEN.saturating_add(frame_len(1, symbol.symbol_size))];
        let buffer = datagram.get_mut(ENVELOPE_LEN..).unwrap_or_default();
        let mut writer = FrameWriter::new(buffer, header).map_err(|error| error.to_string())?;
        let fill = |slot: &mut [u8]| {
            slot.copy_from_slice(&symbol.data);
            Ok(())
        };
        writer.seal(symbol.esi, symbol.k, key, fill).map_err(|error| error.to_string())?;
        writer.finish().map_err(|error| error.to_string())?;
        let address = table.seal(now, &symbol.peer, &mut datagram).map_err(|error| error.to_string())?;
        // Two carriers, one format (§4.3.1): every second frame goes over QUIC where a connection stands.
        if number.seq() & 1 == 0 && self.net.send_datagram(&symbol.peer, datagram.clone()) {
            return Ok(());
        }
        if self.net.send_udp(address, &datagram) { Ok(()) } else { Err("the socket takes no more".into()) }
    }

    /// Opens an authenticated frame's symbols (D52, from the zone key on) and keeps them.
    pub(super) fn handle_frame(&mut self, peer: &NodeId, bytes: &mut [u8]) {
        let now = clock::now_millis();
        let Ok(frame) = FrameMut::parse(bytes, 65_536) else { return };
        let header = *frame.header();
        let Some(zone) = self.zones.values().find(|zone| zone.hash() == header.zone_id_hash) else { return };
        let zone_id = zone.id().clone();
        let member =
            self.trust.as_ref().and_then(|trust| self.members.member(trust, &self.revocations, peer, now.timestamp()));
        if !member.is_some_and(|member| member.zones.contains(&zone_id)) {
            log(format_args!("refused a frame of {peer}: {}", Reason::SessionNotAMember));
            return;
        }
        if check_epoch(header.epoch_id, EpochId::of(now.timestamp()), 1).is_err() {
            log(format_args!("refused a frame of {peer}: {}", Reason::SymbolEpoch));
            return;
        }
        let opening =
            zone.keyring.opening_key(&header.zone_key_id, header.epoch_id, &self.revocations, now.timestamp());
        let zone_key = match opening {
            Ok(key) => key,
            Err(error) => return log(format_args!("refused a frame of {peer}: {}", error.reason())),
        };
        let key = self.subkeys.get(zone_key, header.epoch_id, peer, header.sender_instance_id);
        let Ok(symbols) = frame.open(key) else { return };
        let mut opened = Vec::new();
        for symbol in symbols {
            match symbol {
                Ok(symbol) => opened.push((symbol.esi, symbol.block, symbol.data.to_vec())),
                Err(refused) => log(format_args!("refused a symbol of {peer}: {}", refused.error.reason())),
            }
        }
        for (esi, block, data) in opened {
            self.take_symbol(peer, &zone_id, &header, esi, block, data);
        }
        if header.flags.contains(FrameFlags::REQUIRES_ACK) {
            self.acknowledge(peer, &zone_id, &header);
        }
    }

    /// A symbol goes to whoever gathers its object, or to the store.
    fn take_symbol(
        &mut self,
        peer: &NodeId,
        zone_id: &ZoneId,
        header: &FrameHeader,
        esi: u32,
        block: Block,
        data: Vec<u8>,
    ) {
        let shape = SymbolShape { zone_id: zone_id.clone(), k: block.k(), symbol_size: block.symbol_size().get() };
        if self.transfers.gathering.contains_key(&header.object_id) {
            let key = ContextKey { object_id: header.object_id, block, coding: header.coding() };
            self.feed(&key, peer, esi, &data);
        } else if !self.transfers.gathered.contains_key(&header.object_id) {
            self.transfers.incoming.push(StoredSymbol { object_id: header.object_id, esi, data, shape });
        }
    }

    /// Tells the sender how many symbols of the object are here, so that it sends again what is missing (§4.4).
    fn acknowledge(&mut self, peer: &NodeId, zone_id: &ZoneId, frame: &FrameHeader) {
        self.pump_symbols();
        let held = self.store.symbol_esis(&frame.object_id).unwrap_or_default();
        let required = self.store.symbol_shape(&frame.object_id).ok().flatten().map_or(0, |shape| u32::from(shape.k));
        let Ok(zone) = self.zone(zone_id) else { return };
        let levels = zone.levels();
        let now = clock::now();
        let status = DecodeStatus {
            header: ephemeral_header::<DecodeStatus>(zone_id.clone(), levels.integrity, levels.confidentiality, now),
            object_id: frame.object_id,
            zone_id: zone_id.clone(),
            zone_key_id: frame.zone_key_id,
            epoch_id: EpochId::of(now),
            received_unique: u32::try_from(held.len()).unwrap_or(u32::MAX),
            required,
            missing_hint: None,
            signature: None,
        };
        self.send_object(peer, ControlPlaneObject::new(status.header.clone(), &status));
    }

    /// A peer says what it holds of an object that this node spreads.
    pub(super) fn handle_decode_status(&mut self, peer: &NodeId, object: &ControlPlaneObject) {
        let Ok(status) = message::read::<DecodeStatus>(object) else { return };
        let Ok(status) = status.authenticate(Arrival::InSession { peer }) else { return };
        let status = status.into_inner();
        let key = (status.object_id, peer.clone());
        let confirmed = |run: &Run| usize::try_from(status.received_unique).is_ok_and(|held| held >= run.esis.len());
        if self.transfers.unconfirmed.get(&key).is_some_and(confirmed) {
            self.transfers.unconfirmed.remove(&key);
        }
    }

    /// Begins to gather an object from this node's own symbols and everybody else's.
    pub(crate) fn gather(&mut self, zone_id: &ZoneId, object: ObjectId) {
        if self.transfers.gathering.contains_key(&object) || self.transfers.gathered.contains_key(&object) {
            return;
        }
        let now = clock::now_millis();
        let gathering = Gathering { zone: zone_id.clone(), context: None, asked_at: now, progress_at: now };
        self.transfers.gathering.insert(object, gathering);
        self.pump_symbols();
        if let (Ok(Some(shape)), Ok(own)) = (self.store.symbol_shape(&object), self.store.symbols(&object))
            && let Ok(symbol_size) = SymbolSize::new(shape.symbol_size)
            && let Ok(block) = Block::new(shape.k, symbol_size)
        {
            let key = ContextKey { object_id: object, block, coding: Coding::RaptorQ };
            let this = self.config.node_id.clone();
            for (esi, data) in own {
                self.feed(&key, &this, esi, &data);
            }
        }
        self.ask(zone_id, object);
    }

    /// Asks every peer of the zone for symbols of an object.
    fn ask(&mut self, zone_id: &ZoneId, object: ObjectId) {
        if !self.transfers.gathering.contains_key(&object) {
            return;
        }
        let now = clock::now();
        let Ok(zone) = self.zone(zone_id) else { return };
        let Ok(key) = zone.keyring.sealing_key(&self.revocations, now) else { return };
        let levels = zone.levels();
        let status =
            self.transfers.gathering.get(&object).and_then(|gathering| gathering.context).and_then(|context| {
                let progress = self.reassembly.progress(&context)?;
                let missing = EsiList::new(self.reassembly.missing(&context, message::MAX_MISSING)).ok()?;
                Some((progress, MissingHint::new(missing).ok()))
            });
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

    /// Answers a request with symbols that this node holds, within the bound of D134.
    pub(super) fn handle_symbol_request(&mut self, peer: &NodeId, object: &ControlPlaneObject) {
        let Ok(request) = message::read::<SymbolRequest>(object) else { return };
        let Some(key) = self.peer_key(peer) else { return };
        let authenticated = request.authenticate(Some(peer), &key, TimePolicy::default(), clock::now());
        let Ok(request) = authenticated else { return };
        let request = request.into_inner();
        self.pump_symbols();
        let (Ok(Some(shape)), Ok(held)) =
            (self.store.symbol_shape(&request.object_id), self.store.symbols(&request.object_id))
        else {
            return;
        };
        let Ok(symbol_size) = SymbolSize::new(shape.symbol_size) else { return };
        let bound = Demand::of(&request, true, shape.k, 0).bound().symbols;
        let wanted: Option<BTreeSet<u32>> =
            request.want_esi.as_ref().map(|list| list.as_slice().iter().copied().collect());
        let chosen = held.into_iter().filter(|(esi, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(esi)));
        for (esi, data) in chosen.take(usize::try_from(bound).unwrap_or(usize::MAX)) {
            self.transfers.outgoing.push_back(Outgoing {
                peer: peer.clone(),
                zone: shape.zone_id.clone(),
                object: request.object_id,
                esi,
                k: shape.k,
                symbol_size,
                flags: FrameFlags::ENCRYPTED | FrameFlags::RAPTORQ | FrameFlags::RESPONSE,
                data,
            });
        }
    }

    /// Gives a symbol to the reassembly and takes what comes of it.
    fn feed(&mut self, key: &ContextKey, source: &NodeId, esi: u32, data: &[u8]) {
        let now = clock::now_millis();
        match self.reassembly.handle_symbol(now.timestamp(), key, source, esi, data) {
            Ok(Step::Waiting(_)) => {
                if let Some(gathering) = self.transfers.gathering.get_mut(&key.object_id) {
                    gathering.progress_at = now;
                    gathering.context = Some(*key);
                }
                let count = self.transfers.sources.entry(source.clone()).or_default();
                *count = count.saturating_add(1);
            }
            Ok(Step::Candidate(candidate)) => {
                let count = self.transfers.sources.entry(source.clone()).or_default();
                *count = count.saturating_add(1);
                let mut next = Some(candidate);
                while let Some(candidate) = next {
                    let opened = self.open_candidate(key.object_id, candidate.bytes());
                    next = self.reassembly.settle(candidate, opened.as_ref());
                    if let Some(object) = opened {
                        self.transfers.gathering.remove(&key.object_id);
                        self.transfers.gathered.insert(key.object_id, Ok(object));
                        break;
                    }
                }
            }
            Ok(Step::Ignored) => {}
            Err(error) => log(format_args!("refused a symbol of {source}: {}", error.reason())),
        }
        while let Some(fault) = self.reassembly.poll_fault() {
            log(format_args!("{} sent wrong symbols of {}: {}", fault.source, fault.object_id.short(), fault.reason));
        }
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

    /// Asks again, gives up, sends and writes.
    pub(super) fn transfer_timeout(&mut self) {
        let now = clock::now_millis();
        let mut again = Vec::new();
        let mut over = Vec::new();
        for (object, gathering) in &mut self.transfers.gathering {
            if now.since(gathering.progress_at) > GIVE_UP_MS {
                over.push(*object);
            } else if now.since(gathering.asked_at) > ASK_AGAIN_MS {
                gathering.asked_at = now;
                again.push((gathering.zone.clone(), *object));
            }
        }
        for object in over {
            self.transfers.gathering.remove(&object);
            self.reassembly.abandon(object);
            let message = format!("nobody has enough symbols of {}", object.short());
            let failed = ControlError::reason(Reason::SymbolInsufficient, message);
            self.transfers.gathered.insert(object, Err(failed));
        }
        for (zone, object) in again {
            self.ask(&zone, object);
        }
        self.resend(now);
        self.pump_symbols();
    }
}
