//! Gossip of a node: what it holds, what others say they hold, and what it therefore fetches (§8.2).

use std::collections::BTreeSet;

use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::{ControlPlaneObject, StoredObject};
use fcp_core::rand_core::Rng as _;
use fcp_core::time::Millis;
use fcp_symbols::admission::{Admitted, Frontier, SchemaChecked};
use fcp_symbols::chunk::RawChunk;
use fcp_symbols::gossip::{GossipConfig, GossipMessage, GossipSet, MeshGossip, Output};
use rand_chacha::ChaCha8Rng;

use super::exchange::LEVEL;
use super::{Host, Outside};
use crate::simulate::cast::{cast, zone};

/// What the node pinned: nothing else reaches an object here.
struct Pins<'a>(&'a BTreeSet<ObjectId>);

impl Frontier for Pins<'_> {
    fn reaches(&self, _: &ZoneId, _: &ObjectId) -> bool {
        false
    }

    fn pins(&self, _: &ZoneId, object: &ObjectId) -> bool {
        self.0.contains(object)
    }
}

impl Host {
    /// A gossip machine for a new life, which knows what the disk holds.
    pub(super) fn new_gossip(&self, local: Millis, rng: &mut ChaCha8Rng) -> Option<MeshGossip> {
        if !self.settings.gossips {
            return None;
        }
        let mut gossip = MeshGossip::new(self.identity.name.clone(), GossipConfig::default(), rng.next_u64());
        gossip.set_members(local, &zone(), self.peers.iter().map(|(peer, _)| peer.clone()));
        for id in &self.disk.pinned {
            gossip.admitted(local, &Admitted::restored(zone(), *id), None);
        }
        Some(gossip)
    }

    /// Says of an object that it belongs to the zone, if it is pinned.
    pub(super) fn admit(&mut self, now: Millis, object: &StoredObject) {
        let local = self.local(now);
        let Some(gossip) = self.life.as_mut().and_then(|life| life.gossip.as_mut()) else { return };
        let check = |object: &StoredObject| object.open::<RawChunk>().map(|_| ()).map_err(|error| error.reason());
        if let Ok(checked) = SchemaChecked::new(object, check)
            && let Ok(admitted) = Admitted::new(&checked, &Pins(&self.disk.pinned))
        {
            gossip.admitted(local, &admitted, None);
        }
    }

    /// Lets gossip do what is due, and carries out what it says.
    pub(super) fn gossip(&mut self, out: &mut Outside<'_>) {
        let local = self.local(out.now);
        let Some(gossip) = self.life.as_mut().and_then(|life| life.gossip.as_mut()) else { return };
        if gossip.poll_timeout().is_some_and(|at| at <= local) {
            gossip.handle_timeout(local, &self.identity.key);
        }
        let outputs: Vec<Output> = core::iter::from_fn(|| gossip.poll_output()).collect();
        for output in outputs {
            match output {
                Output::Send { peer, message } => {
                    let object = message.carry(LEVEL, LEVEL, local.timestamp());
                    self.say(out, &peer, &object);
                }
                Output::Difference { set: GossipSet::Objects, theirs, .. } => {
                    theirs.iter().for_each(|item| self.want(out.now, item.object_id()));
                }
                Output::Difference { .. } | Output::Reconciled { .. } => {}
            }
        }
    }

    /// Takes a message of gossip; says whether it was one.
    pub(super) fn hear(&mut self, out: &mut Outside<'_>, peer: &NodeId, object: &ControlPlaneObject) -> bool {
        if !GossipMessage::is_carried_by(object) {
            return false;
        }
        let local = self.local(out.now);
        let Some(life) = &mut self.life else { return true };
        if let (Some(gossip), Some(attested)) = (&mut life.gossip, cast().attested(peer))
            && let Err(error) = gossip.handle(local, peer, &attested.key, object)
        {
            life.refused.push(error.reason().code());
        }
        self.gossip(out);
        true
    }

    /// Whether the node has heard of an object.
    pub(in crate::simulate) fn has_heard_of(&self, id: &ObjectId) -> bool {
        let gossip = self.life.as_ref().and_then(|life| life.gossip.as_ref());
        self.disk.wanted.contains(id) || gossip.is_some_and(|gossip| !gossip.find_sources(&zone(), id).is_empty())
    }
}
