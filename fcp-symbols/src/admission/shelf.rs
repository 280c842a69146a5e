//! The quarantine of one zone.

use alloc::collections::{BTreeMap, BTreeSet};
use core::cmp::Reverse;

use fcp_core::id::{NodeId, ObjectId};
use fcp_core::time::Timestamp;

use super::Reputation;
use super::quarantine::Held;

/// What each peer sent, in the order in which it goes.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    bytes: u64,
    objects: u32,
    peers: BTreeMap<NodeId, Share>,
    /// Each peer with the time of its oldest object.
    heads: BTreeSet<(Timestamp, NodeId)>,
}

/// What one peer sent.
#[derive(Debug, Default)]
struct Share {
    bytes: u64,
    objects: BTreeMap<ObjectId, Held>,
    /// The objects in the order of D137, as far as that is about one peer.
    order: BTreeSet<(Timestamp, Reverse<u64>, ObjectId)>,
}

impl Share {
    fn head(&self) -> Option<Timestamp> {
        self.order.first().map(|(received_at, ..)| *received_at)
    }
}

impl Shelf {
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) const fn objects(&self) -> u32 {
        self.objects
    }

    /// The bytes and objects of a peer.
    pub(super) fn of_peer(&self, peer: &NodeId) -> (u64, u32) {
        let count = |share: &Share| u32::try_from(share.objects.len()).unwrap_or(u32::MAX);
        self.peers.get(peer).map_or((0, 0), |share| (share.bytes, count(share)))
    }

    pub(super) fn get(&self, peer: &NodeId, object: ObjectId) -> Option<Held> {
        self.peers.get(peer)?.objects.get(&object).copied()
    }

    pub(super) fn of_object(&self, object: ObjectId) -> impl Iterator<Item = (&NodeId, Held)> {
        self.peers.iter().filter_map(move |(peer, share)| Some((peer, *share.objects.get(&object)?)))
    }

    /// When the oldest came.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.heads.first().map(|(received_at, _)| *received_at)
    }

    /// Which of a peer's objects goes first.
    pub(super) fn first_of(&self, peer: &NodeId) -> Option<ObjectId> {
        self.peers.get(peer)?.order.first().map(|(.., object)| *object)
    }

    /// What goes first (D137). Of each peer it can only be what goes first of its own.
    pub(super) fn first(&self, reputation: &impl Fn(&NodeId) -> Reputation) -> Option<(NodeId, ObjectId)> {
        let oldest = self.oldest()?;
        let ties = self.heads.iter().take_while(|(received_at, _)| *received_at == oldest);
        let keys = ties.filter_map(|(_, peer)| {
            let (_, size, object) = self.peers.get(peer)?.order.first()?;
            Some((reputation(peer), *size, *object, peer))
        });
        keys.min().map(|(_, _, object, peer)| (peer.clone(), object))
    }

    /// Notes more bytes of an object.
    pub(super) fn add(&mut self, now: Timestamp, peer: &NodeId, object: ObjectId, bytes: u64) {
        if !self.peers.contains_key(peer) {
            self.peers.insert(peer.clone(), Share::default());
        }
        let Some(share) = self.peers.get_mut(peer) else { return };
        let head = share.head();
        let before = share.objects.get(&object).copied();
        let held = match before {
            Some(held) => {
                share.order.remove(&(held.received_at, Reverse(held.bytes), object));
                Held { bytes: held.bytes.saturating_add(bytes), ..held }
            }
            None => {
                self.objects = self.objects.saturating_add(1);
                Held { received_at: now, bytes }
            }
        };
        share.objects.insert(object, held);
        share.order.insert((held.received_at, Reverse(held.bytes), object));
        share.bytes = share.bytes.saturating_add(bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        let after = share.head();
        self.move_head(peer, head, after);
    }

    /// Takes out what a peer sent of an object.
    pub(super) fn remove(&mut self, peer: &NodeId, object: ObjectId) -> Option<(NodeId, ObjectId, Held)> {
        let share = self.peers.get_mut(peer)?;
        let head = share.head();
        let held = share.objects.remove(&object)?;
        share.order.remove(&(held.received_at, Reverse(held.bytes), object));
        share.bytes = share.bytes.saturating_sub(held.bytes);
        self.bytes = self.bytes.saturating_sub(held.bytes);
        self.objects = self.objects.saturating_sub(1);
        let after = share.head();
        if share.objects.is_empty() {
            self.peers.remove(peer);
        }
        self.move_head(peer, head, after);
        Some((peer.clone(), object, held))
    }

    fn move_head(&mut self, peer: &NodeId, before: Option<Timestamp>, after: Option<Timestamp>) {
        if before == after {
            return;
        }
        if let Some(before) = before {
            self.heads.remove(&(before, peer.clone()));
        }
        if let Some(after) = after {
            self.heads.insert((after, peer.clone()));
        }
    }
}
