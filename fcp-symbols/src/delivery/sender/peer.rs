//! One peer: its paths, and whose turn it is.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use fcp_core::id::{NodeId, ObjectId};
use fcp_core::time::Millis;

use super::super::pacing::{Pacer, Settled};
use super::super::{Pacing, Path, PathId, PathKind};
use super::flight::{PathView, PathViews};
use super::offer::Priority;
use super::output::{OfferKind, Outgoing};
use super::transfer::Transfer;
use crate::datagram::ENVELOPE_LEN;
use crate::fcps::{frame_len, symbols_that_fit};
use crate::raptor::SymbolSize;

/// What tells the offers of a peer apart.
pub(super) type Key = (ObjectId, OfferKind);

/// How many objects of a line go out in turn; the others wait until one of them is through.
const INTERLEAVED: usize = 4;
/// How many urgent datagrams go out for one of bulk, where both wait.
const URGENT_TURNS: u32 = 4;

#[derive(Debug)]
pub(super) struct PeerPath {
    pub(super) path: Path,
    pub(super) pacer: Pacer,
    /// Whether the caller could not send on it.
    pub(super) blocked: bool,
}

/// Transfers that have something to send, in turn.
#[derive(Debug, Default)]
struct Line {
    turn: VecDeque<Key>,
    waiting: VecDeque<Key>,
}

#[derive(Debug)]
pub(super) struct Peer {
    pub(super) node: Arc<NodeId>,
    pub(super) paths: Vec<PeerPath>,
    pub(super) transfers: BTreeMap<Key, Transfer>,
    urgent: Line,
    bulk: Line,
    /// Urgent datagrams since the last one of bulk.
    urgent_turns: u32,
}

/// What a peer can be sent now.
#[derive(Debug)]
pub(super) enum Next {
    Send(Outgoing, Key),
    /// Not before this time, as far as time decides.
    Wait(Millis),
}

impl Peer {
    pub(super) const fn new(node: Arc<NodeId>) -> Self {
        Self {
            node,
            paths: Vec::new(),
            transfers: BTreeMap::new(),
            urgent: Line { turn: VecDeque::new(), waiting: VecDeque::new() },
            bulk: Line { turn: VecDeque::new(), waiting: VecDeque::new() },
            urgent_turns: 0,
        }
    }

    /// Takes the paths of now, in the caller's order; paths that stay keep what is known of them. True if there were none
    /// and now are.
    pub(super) fn set_paths(&mut self, paths: &[Path], pacing: Pacing, now: Millis) -> bool {
        let mut old = core::mem::take(&mut self.paths);
        let was_away = old.is_empty();
        for path in paths.iter().filter(|path| path.kind != PathKind::Stored) {
            let known = old
                .iter()
                .position(|known| known.path.id == path.id && known.path.max_datagram_bytes == path.max_datagram_bytes);
            let state = match known {
                Some(index) => PeerPath { path: *path, ..old.swap_remove(index) },
                None => {
                    PeerPath { path: *path, pacer: Pacer::new(pacing, path.max_datagram_bytes, now), blocked: false }
                }
            };
            if self.paths.iter().all(|other| other.path.id != path.id) {
                self.paths.push(state);
            }
        }
        for gone in old {
            for transfer in self.transfers.values_mut() {
                transfer.forget_path(gone.path.id);
            }
        }
        was_away && !self.paths.is_empty()
    }

    /// What transfers reckon with.
    pub(super) fn views(&self) -> PathViews {
        let view = |path: &PeerPath| PathView {
            loss_bps: path.pacer.loss_bps(),
            loss_delay_ms: path.pacer.loss_delay_ms(),
            timeout_ms: path.pacer.wait_ms(),
            shortest_rtt_ms: path.pacer.shortest_rtt_ms(),
        };
        self.paths.iter().map(|path| (path.path.id, view(path))).collect()
    }

    pub(super) fn path_mut(&mut self, id: PathId) -> Option<&mut PeerPath> {
        self.paths.iter_mut().find(|path| path.path.id == id)
    }

    /// Tells the paths what became of what was under way on them, as was reported or is supposed.
    pub(super) fn settle(&mut self, settled: BTreeMap<PathId, Settled>, reported: bool, now: Millis) {
        for (id, settled) in settled {
            if let Some(path) = self.path_mut(id) {
                path.pacer.settle(now, settled, reported);
            }
        }
    }

    /// Tells the paths that this is not under way any more.
    pub(super) fn forget(&mut self, open: BTreeMap<PathId, u64>) {
        for (id, bytes) in open {
            if let Some(path) = self.path_mut(id) {
                path.pacer.forget(bytes);
            }
        }
    }

    /// Lets a transfer stand in line, if it has something to send and does not yet.
    pub(super) fn queue(&mut self, key: Key) {
        let Some(transfer) = self.transfers.get_mut(&key) else { return };
        if transfer.queued || transfer.ready() == 0 {
            return;
        }
        transfer.queued = true;
        match transfer.priority {
            Priority::Urgent => self.urgent.waiting.push_back(key),
            Priority::Bulk => self.bulk.waiting.push_back(key),
        }
    }

    /// The next frame for this peer.
    pub(super) fn next(&mut self, now: Millis) -> Next {
        let largest = self.paths.iter().map(|path| path.path.max_datagram_bytes).max().unwrap_or_default();
        self.urgent.refill(&mut self.transfers, largest);
        self.bulk.refill(&mut self.transfers, largest);
        if self.urgent.turn.is_empty() && self.bulk.turn.is_empty() {
            return Next::Wait(Millis::NEVER);
        }
        let mut wait = Millis::NEVER;
        // Dead paths are probed when it is time to; the others in the order of the caller.
        let mut order: Vec<usize> = (0..self.paths.len()).collect();
        order.sort_by_key(|index| self.paths.get(*index).is_none_or(|path| !path.pacer.is_failing()));
        let alive = self.paths.iter().any(|path| !path.pacer.is_failing() && !path.blocked);
        for index in order {
            let Some(path) = self.paths.get_mut(index).filter(|path| !path.blocked) else { continue };
            let (max, probing) = (path.path.max_datagram_bytes, path.pacer.is_failing() && alive);
            match path.pacer.allows(now, u64::try_from(max).unwrap_or(u64::MAX)) {
                Ok(()) => {}
                Err(at) => {
                    wait = wait.min(at);
                    continue;
                }
            }
            if let Some(key) = self.choose(max, probing) {
                return self.send(key, index, now).map_or(Next::Wait(wait), |frame| Next::Send(frame, key));
            }
        }
        Next::Wait(wait)
    }

    /// Whose turn it is on a path with datagrams of `max` bytes.
    fn choose(&mut self, max: usize, probing: bool) -> Option<Key> {
        let urgent_first = self.urgent_turns < URGENT_TURNS || self.bulk.turn.is_empty();
        let lines = if urgent_first { [&mut self.urgent, &mut self.bulk] } else { [&mut self.bulk, &mut self.urgent] };
        lines.into_iter().find_map(|line| line.choose(&mut self.transfers, max, probing))
    }

    /// Takes a frame of a transfer for a path.
    fn send(&mut self, key: Key, index: usize, now: Millis) -> Option<Outgoing> {
        let interleaved = self.urgent.turn.len().saturating_add(self.bulk.turn.len());
        let PeerPath { path, pacer, .. } = self.paths.get_mut(index)?;
        let transfer = self.transfers.get_mut(&key)?;
        let size = transfer.block.symbol_size();
        let count = transfer.ready().min(fit(path.max_datagram_bytes, size));
        let bytes = datagram_len(count, size);
        let each = bytes.checked_div(u64::from(count))?;
        let esis = transfer.take(count, path.id, each, now);
        pacer.sent(now, each.saturating_mul(u64::from(count)));
        transfer.deficit = transfer.deficit.saturating_sub(bytes);
        // Twice in each window somebody asks; those who take turns share that.
        let share = u64::try_from(interleaved.max(1)).unwrap_or(u64::MAX).saturating_mul(2);
        let ask_after = if pacer.is_full() { 1 } else { pacer.window().checked_div(share).unwrap_or_default() };
        let flags = transfer.flags(path.id, count, ask_after, now);
        self.urgent_turns = match transfer.priority {
            Priority::Urgent => self.urgent_turns.saturating_add(1),
            Priority::Bulk => 0,
        };
        Some(Outgoing {
            path: path.id,
            peer: Arc::clone(&self.node),
            kind: transfer.kind,
            zone_id: transfer.zone_id.clone(),
            object_id: key.0,
            block: transfer.block,
            coding: transfer.coding,
            flags,
            esis,
        })
    }
}

impl Line {
    /// Lets the next ones take turns in the place of those who are through, or whose symbols no datagram holds.
    fn refill(&mut self, transfers: &mut BTreeMap<Key, Transfer>, largest: usize) {
        let is_ready = |transfers: &mut BTreeMap<Key, Transfer>, key: &Key| {
            let Some(transfer) = transfers.get_mut(key) else { return false };
            if transfer.ready() == 0 || fit(largest, transfer.block.symbol_size()) == 0 {
                (transfer.queued, transfer.deficit) = (false, 0);
            }
            transfer.queued
        };
        self.turn.retain(|key| is_ready(transfers, key));
        while self.turn.len() < INTERLEAVED
            && let Some(key) = self.waiting.pop_front()
        {
            if is_ready(transfers, &key) {
                self.turn.push_back(key);
            }
        }
    }

    /// Deficit round robin: whoever has saved enough for a frame, the others save a datagram more.
    fn choose(&mut self, transfers: &mut BTreeMap<Key, Transfer>, max: usize, probing: bool) -> Option<Key> {
        let quantum = u64::try_from(max).unwrap_or(u64::MAX);
        for _ in 0..self.turn.len().saturating_mul(2) {
            let key = *self.turn.front()?;
            let Some(transfer) = transfers.get_mut(&key) else {
                self.turn.pop_front();
                continue;
            };
            let fit = fit(max, transfer.block.symbol_size());
            let ready = transfer.ready();
            let cost = datagram_len(ready.min(fit), transfer.block.symbol_size());
            // What would be the last is not put at risk on a path that answers nothing.
            let fits = fit > 0 && ready > 0 && !(probing && ready <= fit);
            if fits && transfer.deficit >= cost {
                return Some(key);
            }
            if fits {
                transfer.deficit = transfer.deficit.saturating_add(quantum).min(quantum.saturating_mul(2));
            }
            self.turn.rotate_left(1);
        }
        None
    }
}

/// How many symbols fit a datagram.
fn fit(max_datagram_bytes: usize, size: SymbolSize) -> u32 {
    let count = symbols_that_fit(max_datagram_bytes.saturating_sub(ENVELOPE_LEN), size);
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// How long a datagram of so many symbols is.
fn datagram_len(count: u32, size: SymbolSize) -> u64 {
    let frame = frame_len(usize::try_from(count).unwrap_or(usize::MAX), size);
    u64::try_from(frame.saturating_add(ENVELOPE_LEN)).unwrap_or(u64::MAX)
}
