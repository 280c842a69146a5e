//! What is held is told, and what others hold is compared (§8.2).

use std::collections::BTreeMap;

use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::{ControlPlaneObject, Message as _};
use fcp_core::time::Millis;
use fcp_symbols::esi::EsiSet;
use fcp_symbols::gossip::{
    GossipError, GossipList, GossipRequest, GossipSet, GossipSummary, GossipTable, Knowledge, MembershipFilter, Output,
};

use crate::clock;
use crate::mesh::{Mesh, log};

impl Mesh {
    /// Takes an object of a peer, if it is a message of gossip.
    pub(in crate::mesh) fn handle_gossip(&mut self, peer: &NodeId, object: &ControlPlaneObject) -> bool {
        let kinds = [
            GossipSummary::SCHEMA_HASH,
            GossipRequest::SCHEMA_HASH,
            GossipTable::SCHEMA_HASH,
            GossipList::SCHEMA_HASH,
            MembershipFilter::SCHEMA_HASH,
        ];
        if !kinds.contains(&object.schema_hash()) {
            return false;
        }
        let Some(key) = self.peer_key(peer) else { return true };
        match self.upkeep.gossip.handle(clock::now_millis(), peer, &key, object) {
            // What was asked for before the peer's set changed may still be answered.
            Ok(()) | Err(GossipError::Unasked) => {}
            Err(error) => log(format_args!("refused gossip of {peer}: {}", error.reason())),
        }
        self.drain_gossip();
        true
    }

    /// A control stream to a peer is there.
    pub(in crate::mesh) fn greet_with_gossip(&mut self, peer: &NodeId) {
        self.upkeep.gossip.greet(peer);
    }

    /// Sends the summaries that are due, and compares symbols now and then.
    pub(super) fn gossip_timeout(&mut self, now: Millis) {
        let connected = self.connected_peers();
        let upkeep = &mut self.upkeep;
        for (zone_id, zone) in &mut upkeep.zones {
            if now < zone.compare_at {
                continue;
            }
            zone.compare_at = now.saturating_add(upkeep.intervals.interval_ms);
            for peer in connected.iter().filter(|peer| zone.members.contains(*peer)) {
                if upkeep.gossip.is_reconciling(zone_id, peer) {
                    continue;
                }
                // Both are members, so this cannot fail.
                let _ = upkeep.gossip.reconcile(zone_id, peer, GossipSet::Symbols);
            }
        }
        if upkeep.gossip.poll_timeout().is_some_and(|due| due <= now) {
            upkeep.gossip.handle_timeout(now, &self.keys.0.signing);
            self.drain_gossip();
        }
    }

    fn drain_gossip(&mut self) {
        while let Some(output) = self.upkeep.gossip.poll_output() {
            match output {
                Output::Send { peer, message } => {
                    if !self.connected_peers().contains(&peer) {
                        continue;
                    }
                    let Ok(zone) = self.zone(message.zone_id()) else { continue };
                    let levels = zone.levels();
                    let object = message.carry(levels.integrity, levels.confidentiality, clock::now());
                    self.send_object(&peer, object);
                }
                Output::Reconciled { zone, peer, set: GossipSet::Symbols } => self.note_holdings(&zone, &peer),
                Output::Reconciled { .. } | Output::Difference { .. } => {}
            }
        }
    }

    /// What a peer holds has been compared with what this node holds: repair is to know.
    ///
    /// What a peer has not admitted yet it does not tell of. So nothing is concluded of objects of which it names no symbol.
    fn note_holdings(&mut self, zone_id: &ZoneId, peer: &NodeId) {
        let now = clock::now_millis();
        let mut held: BTreeMap<ObjectId, EsiSet> = BTreeMap::new();
        let gossip = &self.upkeep.gossip;
        let theirs = gossip.missing(zone_id, peer, GossipSet::Symbols).copied();
        let own = gossip
            .held(zone_id, GossipSet::Symbols)
            .into_iter()
            .flat_map(|held| held.range(fcp_symbols::gossip::IdRange::ALL));
        let both = own.filter(|item| gossip.knowledge(zone_id, peer, item) == Knowledge::Held).copied();
        for item in theirs.chain(both) {
            if let Some(esi) = item.esi() {
                held.entry(item.object_id()).or_default().insert(esi..esi.saturating_add(1));
            }
        }
        let Some(zone) = self.upkeep.zones.get_mut(zone_id) else { return };
        let objects: Vec<ObjectId> = zone.repair.index().objects().copied().collect();
        for object in objects {
            if let Some(esis) = held.remove(&object) {
                zone.repair.handle_holding(now, &object, peer, &esis);
            }
        }
        zone.compared.insert(peer.clone());
    }
}
