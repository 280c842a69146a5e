//! A few nodes and what lies between them, in virtual time.

use super::{GossipConfig, GossipError, GossipItem, GossipMessage, GossipSet, MeshGossip, Output};
use crate::gossip::random::Random;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::ControlPlaneObject;
use fcp_core::sign::NodeSigningKey;
use fcp_core::time::{Millis, Timestamp};
use std::collections::BTreeMap;

pub(super) const START: Timestamp = Timestamp::from_secs(1_700_000_000);

pub(super) fn zone() -> ZoneId {
    ZoneId::work()
}

pub(super) fn node(at: usize) -> NodeId {
    NodeId::new(&format!("nPeer{at}")).unwrap()
}

pub(super) fn item(at: u32) -> GossipItem {
    GossipItem::object(&ObjectId::from_bytes(*blake3::hash(&at.to_le_bytes()).as_bytes()))
}

pub(super) fn items(at: impl IntoIterator<Item = u32>) -> Vec<GossipItem> {
    at.into_iter().map(item).collect()
}

/// What the network does, and whether nodes fetch what they miss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    /// Per cent of the messages that are lost.
    pub(super) loss: u64,
    /// Per cent of the messages that arrive twice.
    pub(super) duplication: u64,
    /// How many milliseconds a message takes at most: what is sent later may arrive earlier.
    pub(super) delay: u64,
    pub(super) fetches: bool,
}

impl Default for Link {
    fn default() -> Self {
        Self { loss: 0, duplication: 0, delay: 1, fetches: true }
    }
}

#[derive(Debug)]
enum Event {
    Message {
        from: usize,
        bytes: Vec<u8>,
    },
    /// What was asked of another node by other means arrives.
    Fetched {
        from: usize,
        items: Vec<GossipItem>,
    },
}

#[derive(Debug)]
pub(super) struct Node {
    key: NodeSigningKey,
    pub(super) gossip: MeshGossip,
}

#[derive(Debug)]
pub(super) struct Net {
    pub(super) nodes: Vec<Node>,
    pub(super) now: Millis,
    link: Link,
    random: Random,
    /// By time, and then by the order of sending.
    events: BTreeMap<(Millis, u64), (usize, Event)>,
    sent: u64,
    /// How many bytes of gossip were sent.
    pub(super) bytes: usize,
    pub(super) refused: Vec<GossipError>,
    pub(super) most_missing: usize,
}

impl Net {
    pub(super) fn new(count: usize, config: GossipConfig, link: Link, seed: u64) -> Self {
        let now = Millis::from(START);
        let nodes = (0..count)
            .map(|at| {
                let mut gossip = MeshGossip::new(node(at), config, seed.wrapping_add(at as u64));
                gossip.set_members(now, &zone(), (0..count).map(node));
                Node { key: NodeSigningKey::from_seed([u8::try_from(at).unwrap(); 32]), gossip }
            })
            .collect();
        Self {
            nodes,
            now,
            link,
            random: Random::new(seed),
            events: BTreeMap::new(),
            sent: 0,
            bytes: 0,
            refused: Vec::new(),
            most_missing: 0,
        }
    }

    pub(super) fn admit(&mut self, at: usize, items: impl IntoIterator<Item = GossipItem>) {
        for item in items {
            self.nodes[at].gossip.insert(self.now, &zone(), item);
        }
    }

    fn equal(&mut self) -> bool {
        let digests: Vec<_> = self
            .nodes
            .iter()
            .map(|node| node.gossip.held(&zone(), GossipSet::Objects).unwrap().clone().digest())
            .collect();
        digests.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// When all nodes hold the same, if they do before `end`.
    pub(super) fn until_equal(&mut self, end: Millis) -> Option<Millis> {
        while self.now < end {
            let next = self.now.saturating_add(2_000).min(end);
            self.run(next);
            let counts: Vec<u32> =
                self.nodes.iter().map(|node| node.gossip.held(&zone(), GossipSet::Objects).unwrap().len()).collect();
            if counts.windows(2).all(|pair| pair[0] == pair[1]) && self.equal() {
                return Some(self.now);
            }
        }
        None
    }

    pub(super) fn run(&mut self, end: Millis) {
        loop {
            for at in 0..self.nodes.len() {
                if self.nodes[at].gossip.poll_timeout().is_some_and(|due| due <= self.now) {
                    let node = &mut self.nodes[at];
                    node.gossip.handle_timeout(self.now, &node.key);
                }
                self.drain(at);
            }
            let timers = self.nodes.iter().filter_map(|node| node.gossip.poll_timeout());
            let next = timers.chain(self.events.keys().next().map(|(at, _)| *at)).min().unwrap_or(end);
            if next > end {
                self.now = end;
                return;
            }
            self.now = self.now.max(next);
            while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let (to, event) = entry.remove();
                self.deliver(to, event);
                self.drain(to);
            }
        }
    }

    fn deliver(&mut self, to: usize, event: Event) {
        match event {
            Event::Message { from, bytes } => {
                let key = self.nodes[from].key.public();
                let object = ControlPlaneObject::parse(&bytes).unwrap();
                if let Err(error) = self.nodes[to].gossip.handle(self.now, &node(from), &key, &object) {
                    self.refused.push(error);
                }
            }
            Event::Fetched { from, items } => {
                for item in items {
                    if self.nodes[from].gossip.held(&zone(), GossipSet::Objects).unwrap().contains(&item) {
                        self.nodes[to].gossip.insert(self.now, &zone(), item);
                    }
                }
            }
        }
    }

    fn drain(&mut self, at: usize) {
        while let Some(output) = self.nodes[at].gossip.poll_output() {
            match output {
                Output::Send { peer, message } => self.send(at, &peer, &message),
                Output::Difference { peer, theirs, .. } => {
                    let missing = self.nodes[at].gossip.missing(&zone(), &peer, GossipSet::Objects).count();
                    self.most_missing = self.most_missing.max(missing);
                    let from = (0..self.nodes.len()).find(|at| node(*at) == peer).unwrap();
                    if self.link.fetches && !theirs.is_empty() {
                        self.later(at, Event::Fetched { from, items: theirs });
                    }
                }
                Output::Reconciled { .. } => {}
            }
        }
    }

    fn send(&mut self, from: usize, peer: &NodeId, message: &GossipMessage) {
        let to = (0..self.nodes.len()).find(|at| node(*at) == *peer).unwrap();
        let bytes = message.carry(60, 60, self.now.timestamp()).to_bytes();
        self.bytes += bytes.len();
        if self.random.below(100) < self.link.duplication {
            self.later(to, Event::Message { from, bytes: bytes.clone() });
        }
        if self.random.below(100) >= self.link.loss {
            self.later(to, Event::Message { from, bytes });
        }
    }

    fn later(&mut self, to: usize, event: Event) {
        let at = self.now.saturating_add(1 + self.random.below(self.link.delay));
        self.sent += 1;
        self.events.insert((at, self.sent), (to, event));
    }
}
