//! How objects get from node to node: who misses one asks, who has it answers with symbols (§9.2.1, §4.4).

use std::collections::{BTreeMap, VecDeque};

use fcp_core::id::{EpochId, NodeId, ObjectId};
use fcp_core::object::{ControlPlaneObject, Message as _};
use fcp_core::rand_core::Rng as _;
use fcp_core::sign::{Signature, Signed as _};
use fcp_core::store::ObjectStore as _;
use fcp_core::time::{Millis, TimePolicy};
use fcp_symbols::envelope::SubkeyCache;
use fcp_symbols::fcpc::check_zone;
use fcp_symbols::message::{
    self, Arrival, DecodeStatus, Demand, EsiList, Feedback as _, MissingHint, SymbolAck, SymbolRequest,
};
use fcp_symbols::raptor::{Coding, Encoder};
use fcp_symbols::reassembly::{ContextKey, Reassembly};

use super::keeping::block_of;
use super::{Host, Outside, Settings};
use crate::simulate::cast::{cast, zone};

/// How many jobs wait at most; further requests go unanswered.
const MAX_JOBS: usize = 256;

/// How many objects are kept ready for encoding.
const MAX_ENCODERS: usize = 24;

/// The zone's levels, which headers of messages carry.
pub(super) const LEVEL: u8 = 60;

/// What a node fetches and serves.
#[derive(Debug)]
pub(in crate::simulate) struct Exchange {
    pub(in crate::simulate) reassembly: Reassembly,
    pub(super) subkeys: SubkeyCache,
    pub(super) encoders: BTreeMap<ObjectId, Encoder>,
    pub(super) outbox: VecDeque<Job>,
    wants: BTreeMap<ObjectId, Want>,
    /// Not before then is more sent.
    send_at: Millis,
}

/// Symbols of one object for one peer.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) to: NodeId,
    pub(super) object_id: ObjectId,
    pub(super) esis: VecDeque<u32>,
}

/// An object that the node should have and has not.
#[derive(Debug)]
struct Want {
    /// When it is asked for next.
    ask_at: Millis,
    /// How often it was asked for.
    turn: u32,
    /// The shape in which its symbols come.
    context: Option<ContextKey>,
}

impl Exchange {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            reassembly: Reassembly::new(settings.budgets.limits()),
            subkeys: SubkeyCache::new(64),
            encoders: BTreeMap::new(),
            outbox: VecDeque::new(),
            wants: BTreeMap::new(),
            send_at: Millis::default(),
        }
    }

    pub(super) fn want(&mut self, id: ObjectId, local: Millis) {
        self.wants.entry(id).or_insert(Want { ask_at: local, turn: 0, context: None });
    }

    /// Symbols of an object come in this shape.
    pub(super) fn note_context(&mut self, context: ContextKey) {
        if let Some(want) = self.wants.get_mut(&context.object_id) {
            want.context = Some(context);
        }
    }

    /// The object is here.
    pub(super) fn done(&mut self, id: ObjectId) {
        self.wants.remove(&id);
    }

    pub(super) fn may_send(&self, local: Millis) -> bool {
        !self.outbox.is_empty() && self.send_at <= local
    }

    pub(super) fn pause(&mut self, until: Millis) {
        self.send_at = until;
    }

    /// When it has something to do.
    pub(super) fn due(&self) -> Millis {
        let unfinished = self.reassembly.poll_timeout().map_or(Millis::NEVER, Millis::from);
        if self.outbox.is_empty() { unfinished } else { unfinished.min(self.send_at) }
    }
}

impl Host {
    /// Asks the next peer for each object that is missing and was not asked for recently.
    pub(super) fn ask_for_wanted(&mut self, out: &mut Outside<'_>) {
        let local = self.local(out.now);
        let Some(life) = &mut self.life else { return };
        life.exchange.reassembly.handle_timeout(local.timestamp());
        let peers: Vec<NodeId> = self
            .peers
            .iter()
            .filter(|(peer, _)| life.table.session_with(local, peer).is_some())
            .map(|(peer, _)| peer.clone())
            .collect();
        if peers.is_empty() {
            return;
        }
        let mut asked = Vec::new();
        for (id, want) in &mut life.exchange.wants {
            if want.ask_at > local {
                continue;
            }
            let turn = usize::try_from(want.turn).unwrap_or_default();
            let Some(peer) = turn.checked_rem(peers.len()).and_then(|index| peers.get(index)) else { continue };
            want.turn = want.turn.saturating_add(1);
            let jitter = u64::from(life.rng.next_u32()) % 300;
            want.ask_at = local.saturating_add(500_u64.saturating_add(jitter));
            asked.push((*id, peer.clone(), want.context));
        }
        for (id, peer, context) in asked {
            let request = self.request(id, context, local);
            self.say(out, &peer, &ControlPlaneObject::new(request.header.clone(), &request));
        }
    }

    pub(super) fn request(&self, object_id: ObjectId, context: Option<ContextKey>, local: Millis) -> SymbolRequest {
        let now = local.timestamp();
        let zone_key_id = cast().zone_key(self.settings.extended).id();
        let reassembly = self.life.as_ref().map(|life| &life.exchange.reassembly);
        let progress = context.and_then(|context| Some((context, reassembly?.progress(&context)?)));
        let decode_status = progress.and_then(|(context, progress)| {
            let missing = reassembly?.missing(&context, message::MAX_MISSING);
            Some(DecodeStatus {
                header: message::ephemeral_header::<DecodeStatus>(zone(), LEVEL, LEVEL, now),
                object_id,
                zone_id: zone(),
                zone_key_id,
                epoch_id: EpochId::of(now),
                received_unique: progress.received,
                required: progress.required,
                missing_hint: Some(MissingHint::new(EsiList::new(missing).ok()?).ok()?),
                signature: None,
            })
        });
        let missing = progress.map_or(message::MAX_SYMBOLS_WITHOUT_PROOF, |(_, progress)| {
            let missing = progress.required.saturating_sub(progress.received);
            missing.saturating_add(missing / 4).saturating_add(2)
        });
        SymbolRequest {
            header: message::ephemeral_header::<SymbolRequest>(zone(), LEVEL, LEVEL, now),
            object_id,
            zone_id: zone(),
            zone_key_id,
            max_symbols: missing,
            want_esi: None,
            decode_status,
            delivery_hint: None,
            requested_at: now,
            requester: self.identity.name.clone(),
            signature: Signature::ABSENT,
        }
        .signed_by(&self.identity.key)
    }

    /// Takes a control-plane message of `peer`.
    pub(super) fn message(&mut self, out: &mut Outside<'_>, peer: &NodeId, object: &ControlPlaneObject) {
        if check_zone(object.header(), &[zone()], &[zone()]).is_err() {
            return;
        }
        if self.hear(out, peer, object) {
            return;
        }
        let local = self.local(out.now);
        if object.schema_hash() == SymbolRequest::SCHEMA_HASH {
            if let Ok(request) = message::read(object) {
                let bytes_in = object.body().len();
                self.serve(peer, request, bytes_in, local);
                self.pump(out);
            }
        } else if let Ok(ack) = message::read::<SymbolAck>(object)
            && let Ok(ack) = ack.authenticate(Arrival::InSession { peer })
            && let Some(life) = &mut self.life
        {
            let id = ack.get().object_id;
            life.exchange.outbox.retain(|job| job.object_id != id || job.to != *peer);
        }
    }

    /// Answers a request with symbols, as many as it may be answered with (D134).
    fn serve(&mut self, peer: &NodeId, request: SymbolRequest, bytes_in: usize, local: Millis) {
        let Some(attested) = cast().attested(peer) else { return };
        let (policy, now) = (TimePolicy::default(), local.timestamp());
        let Ok(request) = request.authenticate(Some(peer), &attested.key, policy, now) else { return };
        let id = request.get().object_id;
        self.prepare(id);
        let kept = self.disk.kept.get(&id);
        let Some(life) = &mut self.life else { return };
        let encoder = life.exchange.encoders.get(&id);
        let Some(block) = block_of(encoder, kept) else { return };
        let bytes_in = u64::try_from(bytes_in).unwrap_or(u64::MAX);
        let bound = Demand::of(request.get(), true, block.k(), bytes_in).bound();
        // Enough to restore the object over a network that loses some.
        let enough = block.required().saturating_add(u32::from(block.k()) / 4).saturating_add(2);
        let count = usize::try_from(bound.symbols.min(enough)).unwrap_or_default();
        let hint = request.get().decode_status.as_ref().and_then(|status| status.missing_hint.as_ref());
        let named: Vec<u32> = match (&request.get().want_esi, hint) {
            (Some(wanted), _) => wanted.as_slice().to_vec(),
            (None, Some(hint)) => hint.esis().as_slice().to_vec(),
            (None, None) => (0..u32::from(block.k())).collect(),
        };
        // Repair symbols from a place of this node's own: another one that answers, too, sends others.
        let start = u32::from(block.k()).saturating_add(life.rng.next_u32() % 0x1_0000);
        let makes = encoder.is_some();
        let has = |esi: &u32| makes || kept.is_some_and(|kept| kept.symbols.contains_key(esi));
        let repair = (start..).take(if makes { count } else { 0 });
        let named = named.into_iter().filter(|esi| block.has(*esi, Coding::RaptorQ) && has(esi));
        let esis: VecDeque<u32> = named.chain(repair).take(count).collect();
        // A new request takes the place of the one before.
        life.exchange.outbox.retain(|job| job.object_id != id || job.to != *peer);
        if life.exchange.outbox.len() < MAX_JOBS {
            life.exchange.outbox.push_back(Job { to: peer.clone(), object_id: id, esis });
        }
    }

    /// Makes an object ready for encoding, if it is here.
    pub(super) fn prepare(&mut self, id: ObjectId) -> bool {
        let Ok(entry) = self.disk.objects.get(&id);
        let (Some(entry), Some(life)) = (entry, &mut self.life) else { return false };
        let encoders = &mut life.exchange.encoders;
        if encoders.contains_key(&id) {
            return true;
        }
        if encoders.len() >= MAX_ENCODERS {
            let waiting = &life.exchange.outbox;
            encoders.retain(|id, _| waiting.iter().any(|job| job.object_id == *id));
        }
        let encoder = Encoder::new(&entry.canonical, self.settings.symbol_size);
        encoder.is_ok_and(|encoder| encoders.insert(id, encoder).is_none())
    }
}

/// Says that an object arrived.
pub(super) fn ack(object_id: ObjectId, local: Millis, extended: bool) -> SymbolAck {
    let now = local.timestamp();
    SymbolAck {
        header: message::ephemeral_header::<SymbolAck>(zone(), LEVEL, LEVEL, now),
        object_id,
        zone_id: zone(),
        zone_key_id: cast().zone_key(extended).id(),
        epoch_id: EpochId::of(now),
        reconstructed_object_id: None,
        signature: None,
    }
}
