//! Sending: many objects to many peers over several paths.

mod flight;
mod offer;
mod output;
mod peer;
mod transfer;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId};
use fcp_core::time::Millis;

use self::flight::Report;
pub use self::offer::{Goal, Offer, OfferError, Priority, SenderConfig};
pub use self::output::{Delivered, OfferKind, Outgoing, SenderOutput};
use self::peer::{Key, Next, Peer};
use self::transfer::{Outcome, Transfer};
use super::{Path, PathId};
use crate::esi::EsiSet;
use crate::message::{Authentic, DecodeStatus, SymbolAck};

/// What is known of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathFigures {
    /// How many bytes may be under way.
    pub window: u64,
    /// How many are.
    pub in_flight: u64,
    /// The smoothed round trip, in milliseconds.
    pub rtt_ms: u64,
    /// The smoothed share of losses, in basis points.
    pub loss_bps: u64,
    /// Whether nothing comes back from it, so that it is only probed.
    pub is_failing: bool,
}

/// Sends many objects to many peers over several paths at once (§4.5). The [module](super) shows the loop around it.
///
/// It holds no symbols: each output names those that are to be made now, and never more than the paths take. So its memory
/// is in proportion to what was offered and what is under way, whatever the objects' size.
///
/// **The law: after every call that takes `&mut self` and a time, drain [`poll_output`](Self::poll_output).**
#[derive(Debug)]
pub struct Sender {
    config: SenderConfig,
    peers: BTreeMap<Arc<NodeId>, Peer>,
    deadlines: BTreeSet<(Millis, Arc<NodeId>, Key)>,
    offers: usize,
    events: VecDeque<SenderOutput>,
    /// Who was served last.
    last: Option<Arc<NodeId>>,
    now: Millis,
    /// When a path takes more, as found at the last look.
    pacing: Millis,
    announced: Option<Millis>,
}

impl Sender {
    /// Nothing is to be sent.
    #[must_use]
    pub const fn new(config: SenderConfig) -> Self {
        Self {
            config,
            peers: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            offers: 0,
            events: VecDeque::new(),
            last: None,
            now: Millis::from_millis(0),
            pacing: Millis::NEVER,
            announced: None,
        }
    }

    /// The paths to a peer from now on, allowed ones only, the best first; none while there is no session with it.
    ///
    /// Whoever comes back is sent all that it was not known to have. Paths of kind `Stored` take nothing that is pushed.
    ///
    /// # Errors
    /// [`OfferError::Full`] if there are too many peers.
    pub fn set_paths(&mut self, now: Millis, peer: &NodeId, paths: &[Path]) -> Result<(), OfferError> {
        self.advance(now);
        if paths.is_empty() && !self.peers.contains_key(peer) {
            return Ok(());
        }
        let pacing = self.config.pacing;
        let now = self.now;
        let node = self.peer(peer)?;
        let Some(peer) = self.peers.get_mut(&node) else { return Ok(()) };
        let is_back = peer.set_paths(paths, pacing, now);
        let keys: Vec<Key> = peer.transfers.keys().copied().collect();
        for key in keys {
            if is_back && let Some(transfer) = peer.transfers.get_mut(&key) {
                let open = transfer.begin_again(now);
                peer.forget(open);
            }
            peer.queue(key);
            reschedule(&mut self.deadlines, peer, key);
        }
        if peer.paths.is_empty() && peer.transfers.is_empty() {
            self.peers.remove(&node);
        }
        Ok(())
    }

    /// Takes symbols of an object for a peer. A second offer of the same kind and object adds what is new in it.
    ///
    /// # Errors
    /// [`OfferError`].
    pub fn offer(&mut self, now: Millis, peer: &NodeId, offer: Offer) -> Result<(), OfferError> {
        self.advance(now);
        if let Goal::Hold(esis) | Goal::Answer(esis) = &offer.goal
            && esis.last().is_some_and(|last| !offer.block.has(last, offer.coding))
        {
            return Err(OfferError::Esi);
        }
        let now = self.now;
        let key = (offer.object_id, kind_of(&offer.goal));
        let node = self.peer(peer)?;
        let Some(peer) = self.peers.get_mut(&node) else { return Err(OfferError::Full) };
        let same = |held: &Transfer| (held.block, held.coding) == (offer.block, offer.coding);
        match peer.transfers.get_mut(&key) {
            Some(transfer) if same(transfer) => transfer.merge(offer, now),
            held => {
                let is_new = held.is_none();
                if is_new {
                    if self.offers >= self.config.max_offers || peer.transfers.len() >= self.config.max_offers_per_peer
                    {
                        return Err(OfferError::Full);
                    }
                    self.offers = self.offers.saturating_add(1);
                } else {
                    drop_transfer(&mut self.deadlines, peer, key);
                }
                peer.transfers.insert(key, Transfer::new(offer, self.config.repair_ratio_bps, now));
            }
        }
        peer.queue(key);
        reschedule(&mut self.deadlines, peer, key);
        self.end_if_over(&node, key);
        Ok(())
    }

    /// Forgets what a peer was to have of an object; says nothing of it.
    pub fn cancel(&mut self, now: Millis, peer: &NodeId, object_id: ObjectId) {
        self.advance(now);
        let Some(peer) = self.peers.get_mut(peer) else { return };
        for kind in KINDS {
            if drop_transfer(&mut self.deadlines, peer, (object_id, kind)).is_some() {
                self.offers = self.offers.saturating_sub(1);
            }
        }
    }

    /// A peer says how far it is with an object.
    ///
    /// `required` tells two things apart: who restores the object says how much that takes, who only holds symbols says 0
    /// and counts those that it has from this node (D223).
    pub fn handle_status(&mut self, now: Millis, status: &Authentic<DecodeStatus>) {
        self.advance(now);
        let (now, status, from) = (self.now, status.get(), status.peer());
        let Some((node, _)) = self.peers.get_key_value(from) else { return };
        let node = Arc::clone(node);
        let missing = status.missing_hint.as_ref().map(|hint| EsiSet::from(hint.esis()));
        let report = Report { received: status.received_unique, required: status.required, missing: missing.as_ref() };
        for kind in KINDS {
            let key = (status.object_id, kind);
            let Some(peer) = self.peers.get_mut(&node) else { return };
            let views = peer.views();
            let Some(transfer) = peer.transfers.get_mut(&key) else { continue };
            let is_holding = kind == OfferKind::Hold;
            if is_holding != (status.required == 0) || transfer.zone_id != status.zone_id {
                continue;
            }
            let reported = transfer.report(now, &report, &views);
            if let Some(measured) = reported.measured
                && let Some(path) = peer.path_mut(measured.path)
            {
                path.pacer.measured(measured.elapsed_ms, measured.sure);
            }
            peer.settle(reported.settled, true, now);
            peer.queue(key);
            reschedule(&mut self.deadlines, peer, key);
            self.end(&node, key, reported.outcome);
        }
    }

    /// A peer says that it has an object. What it is to hold of it is another matter.
    pub fn handle_ack(&mut self, now: Millis, ack: &Authentic<SymbolAck>) {
        self.advance(now);
        let (ack, from) = (ack.get(), ack.peer());
        let Some((node, _)) = self.peers.get_key_value(from) else { return };
        let node = Arc::clone(node);
        for kind in [OfferKind::Object, OfferKind::Answer] {
            let key = (ack.object_id, kind);
            let held = self.peers.get(&node).and_then(|peer| peer.transfers.get(&key));
            if held.is_some_and(|transfer| transfer.zone_id == ack.zone_id) {
                self.end(&node, key, Outcome::Done);
            }
        }
    }

    /// The caller could not send a frame, because its socket takes no more: the symbols are the next to go out, and the
    /// path is left alone until [`handle_writable`](Self::handle_writable).
    ///
    /// A frame number that was drawn for it is not to be used again (D51).
    pub fn handle_unsent(&mut self, now: Millis, frame: &Outgoing) {
        self.advance(now);
        let Some(peer) = self.peers.get_mut(&frame.peer) else { return };
        if let Some(path) = peer.path_mut(frame.path) {
            path.blocked = true;
        }
        let key = (frame.object_id, frame.kind);
        let Some(transfer) = peer.transfers.get_mut(&key) else { return };
        let bytes = transfer.put_back(&frame.esis, frame.path);
        peer.forget([(frame.path, bytes)].into());
        peer.queue(key);
        reschedule(&mut self.deadlines, peer, key);
    }

    /// A path takes frames again.
    pub fn handle_writable(&mut self, now: Millis, peer: &NodeId, path: PathId) {
        self.advance(now);
        if let Some(path) = self.peers.get_mut(peer).and_then(|peer| peer.path_mut(path)) {
            path.blocked = false;
        }
    }

    /// Does what is due: waits no longer for answers, and gives up.
    pub fn handle_timeout(&mut self, now: Millis) {
        self.advance(now);
        let now = self.now;
        while let Some((due, node, key)) = self.deadlines.first().cloned()
            && due <= now
        {
            self.deadlines.remove(&(due, Arc::clone(&node), key));
            let Some(peer) = self.peers.get_mut(&node) else { continue };
            let views = peer.views();
            let Some(transfer) = peer.transfers.get_mut(&key) else { continue };
            transfer.indexed = Millis::NEVER;
            if transfer.deadline(&views) > now {
                reschedule(&mut self.deadlines, peer, key);
                continue;
            }
            if transfer.is_hopeless(now) {
                let fits = !peer.paths.is_empty();
                self.give_up(&node, key, if fits { Reason::SymbolUnacknowledged } else { Reason::SymbolNoPath });
                continue;
            }
            let (settled, asked) = transfer.time_out(now, &views);
            let outcome = transfer.outcome();
            if let Some(path) = asked.and_then(|path| peer.path_mut(path)) {
                path.pacer.timed_out(now);
            }
            peer.settle(settled, false, now);
            peer.queue(key);
            reschedule(&mut self.deadlines, peer, key);
            self.end(&node, key, outcome);
        }
    }

    /// The next thing to do. Call until it gives `None`, after every other call.
    pub fn poll_output(&mut self) -> Option<SenderOutput> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        if let Some(frame) = self.next_frame() {
            return Some(SenderOutput::Send(frame));
        }
        let wake = self.deadlines.first().map_or(Millis::NEVER, |(due, ..)| *due).min(self.pacing);
        if wake == Millis::NEVER || self.announced == Some(wake) {
            return None;
        }
        self.announced = Some(wake);
        Some(SenderOutput::Wake(wake))
    }

    /// How many offers are under way.
    #[must_use]
    pub const fn offers(&self) -> usize {
        self.offers
    }

    /// How many of them are for one peer.
    #[must_use]
    pub fn offers_for(&self, peer: &NodeId) -> usize {
        self.peers.get(peer).map_or(0, |peer| peer.transfers.len())
    }

    /// How many symbols could go out, if the paths took them at once.
    #[must_use]
    pub fn ready(&self) -> u64 {
        let transfers = self.peers.values().flat_map(|peer| peer.transfers.values());
        transfers.fold(0, |sum: u64, transfer| sum.saturating_add(u64::from(transfer.ready())))
    }

    /// What is known of a path.
    #[must_use]
    pub fn path(&self, peer: &NodeId, path: PathId) -> Option<PathFigures> {
        let path = self.peers.get(peer)?.paths.iter().find(|known| known.path.id == path)?;
        Some(PathFigures {
            window: path.pacer.window(),
            in_flight: path.pacer.in_flight(),
            rtt_ms: path.pacer.rtt_ms(),
            loss_bps: path.pacer.loss_bps(),
            is_failing: path.pacer.is_failing(),
        })
    }

    fn advance(&mut self, now: Millis) {
        self.now = self.now.max(now);
        self.announced = None;
    }

    /// The peer's entry, made if it is not there.
    fn peer(&mut self, peer: &NodeId) -> Result<Arc<NodeId>, OfferError> {
        if let Some((node, _)) = self.peers.get_key_value(peer) {
            return Ok(Arc::clone(node));
        }
        if self.peers.len() >= self.config.max_peers {
            return Err(OfferError::Full);
        }
        let node = Arc::new(peer.clone());
        self.peers.insert(Arc::clone(&node), Peer::new(Arc::clone(&node)));
        Ok(node)
    }

    /// The next frame: peers have their turns one after the other.
    fn next_frame(&mut self) -> Option<Outgoing> {
        self.pacing = Millis::NEVER;
        let Some(last) = self.last.clone() else { return self.frame_of((Bound::Unbounded, Bound::Unbounded)) };
        self.frame_of((Bound::Excluded(Arc::clone(&last)), Bound::Unbounded))
            .or_else(|| self.frame_of((Bound::Unbounded, Bound::Included(last))))
    }

    /// The next frame for one of these peers.
    fn frame_of(&mut self, peers: (Bound<Arc<NodeId>>, Bound<Arc<NodeId>>)) -> Option<Outgoing> {
        for (node, peer) in self.peers.range_mut::<Arc<NodeId>, _>(peers) {
            match peer.next(self.now) {
                Next::Send(frame, key) => {
                    reschedule(&mut self.deadlines, peer, key);
                    self.last = Some(Arc::clone(node));
                    return Some(frame);
                }
                Next::Wait(at) => self.pacing = self.pacing.min(at),
            }
        }
        None
    }

    fn end_if_over(&mut self, node: &Arc<NodeId>, key: Key) {
        let held = self.peers.get(node).and_then(|peer| peer.transfers.get(&key));
        if let Some(outcome) = held.map(Transfer::outcome) {
            self.end(node, key, outcome);
        }
    }

    fn end(&mut self, node: &Arc<NodeId>, key: Key, outcome: Outcome) {
        match outcome {
            Outcome::Open => {}
            Outcome::LimitReached => self.give_up(node, key, Reason::SymbolSendLimit),
            Outcome::Done => {
                if let Some(what) = self.take(node, key) {
                    self.events.push_back(SenderOutput::Done(what));
                }
            }
        }
    }

    fn give_up(&mut self, node: &Arc<NodeId>, key: Key, reason: Reason) {
        if let Some(what) = self.take(node, key) {
            self.events.push_back(SenderOutput::GaveUp { what, reason });
        }
    }

    /// Takes a transfer out.
    fn take(&mut self, node: &Arc<NodeId>, key: Key) -> Option<Delivered> {
        let peer = self.peers.get_mut(node)?;
        let sent = drop_transfer(&mut self.deadlines, peer, key)?;
        self.offers = self.offers.saturating_sub(1);
        if peer.paths.is_empty() && peer.transfers.is_empty() {
            self.peers.remove(node);
        }
        Some(Delivered { object_id: key.0, peer: Arc::clone(node), kind: key.1, sent })
    }
}

const KINDS: [OfferKind; 3] = [OfferKind::Object, OfferKind::Hold, OfferKind::Answer];

const fn kind_of(goal: &Goal) -> OfferKind {
    match goal {
        Goal::Object => OfferKind::Object,
        Goal::Hold(_) => OfferKind::Hold,
        Goal::Answer(_) => OfferKind::Answer,
    }
}

/// Takes a transfer out of everything; gives how many symbols it sent.
fn drop_transfer(deadlines: &mut BTreeSet<(Millis, Arc<NodeId>, Key)>, peer: &mut Peer, key: Key) -> Option<u32> {
    let views = peer.views();
    let mut transfer = peer.transfers.remove(&key)?;
    deadlines.remove(&(transfer.indexed, Arc::clone(&peer.node), key));
    let (settled, rest) = transfer.settle_all(&views);
    peer.settle(settled, true, Millis::from_millis(0));
    peer.forget(rest);
    Some(transfer.sent)
}

/// Brings a transfer's deadline forward. One that lies further back is found out when it comes.
fn reschedule(deadlines: &mut BTreeSet<(Millis, Arc<NodeId>, Key)>, peer: &mut Peer, key: Key) {
    let views = peer.views();
    let node = Arc::clone(&peer.node);
    let Some(transfer) = peer.transfers.get_mut(&key) else { return };
    let due = transfer.deadline(&views);
    if due < transfer.indexed {
        deadlines.remove(&(transfer.indexed, Arc::clone(&node), key));
        transfer.indexed = due;
        if due != Millis::NEVER {
            deadlines.insert((due, node, key));
        }
    }
}
