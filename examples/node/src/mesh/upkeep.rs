//! Upkeep: what this node holds is told to the zone's members, what they hold is learned, and coverage that a loss took is
//! brought back (§8.2, §8.4.1, §21.3).
//!
//! - `adopt`: symbols that a member sent are of an object that nobody has checked yet. This node puts it together once, and
//!   then it is admitted: this node keeps what members of its zones spread to it.
//! - `gossip`: what is admitted is told, and what others hold is compared.
//! - `repair`: what is short is repaired.

mod adopt;
mod gossip;
mod repair;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::{ObjectPlacementPolicy, StoredObject};
use fcp_core::time::Millis;
use fcp_symbols::admission::Admitted;
use fcp_symbols::gossip::{GossipConfig, MeshGossip};
use fcp_symbols::repair::RepairController;

use super::Mesh;
use crate::clock;
use crate::config::Upkeep as Intervals;
use crate::control::ControlError;
use adopt::Adoption;

/// How often members and their whereabouts are looked at.
const LOOK_EVERY_MS: u64 = 500;

/// What is under way.
pub(crate) struct Upkeep {
    intervals: Intervals,
    gossip: MeshGossip,
    zones: BTreeMap<ZoneId, ZoneUpkeep>,
    /// What is admitted.
    admitted: BTreeMap<ObjectId, Admitted>,
    /// Objects that are to be put together, in the order in which their symbols came.
    waiting: VecDeque<Adoption>,
    /// Objects that are waiting or being put together.
    known: BTreeSet<ObjectId>,
    /// Objects that are being put together, and since when.
    adopting: BTreeMap<ObjectId, Adoption>,
    /// Objects that are being put together to be repaired.
    fetching: BTreeMap<ObjectId, ZoneId>,
    /// Objects under repair, whole.
    whole: BTreeMap<ObjectId, StoredObject>,
    /// Since when a member cannot be reached.
    away: BTreeMap<NodeId, Millis>,
    look_at: Millis,
}

/// The upkeep of one zone.
struct ZoneUpkeep {
    zone: ZoneId,
    members: BTreeSet<NodeId>,
    /// Members whose symbols have been compared since they could be reached: of others it is not known what they hold.
    compared: BTreeSet<NodeId>,
    repair: RepairController,
    /// When symbols are compared again.
    compare_at: Millis,
    /// Objects whose coverage is looked after from a time on: before, their other holders are still getting to know them.
    tracking: VecDeque<(Millis, ObjectId, u16, ObjectPlacementPolicy)>,
}

impl Upkeep {
    /// Nothing is held yet. The seed spreads the timers of different nodes.
    pub(crate) fn new(local: NodeId, intervals: Intervals, seed: u64) -> Self {
        Self {
            intervals,
            gossip: MeshGossip::new(local, GossipConfig::default(), seed),
            zones: BTreeMap::new(),
            admitted: BTreeMap::new(),
            waiting: VecDeque::new(),
            known: BTreeSet::new(),
            adopting: BTreeMap::new(),
            fetching: BTreeMap::new(),
            whole: BTreeMap::new(),
            away: BTreeMap::new(),
            look_at: Millis::default(),
        }
    }
}

impl Mesh {
    /// Goes on where an earlier run ended.
    pub(crate) fn load_upkeep(&mut self) -> Result<(), ControlError> {
        let on_disk = |error| ControlError::node("store", error);
        self.look_at_members(clock::now_millis());
        for (id, object) in self.store.admitted().map_err(on_disk)? {
            let proof = Admitted::restored(object.zone_id.clone(), id);
            self.tell_admitted(&proof, &object);
        }
        for (id, zone) in self.store.held_objects().map_err(on_disk)? {
            self.note_symbols(&zone, id);
        }
        Ok(())
    }

    /// Does what is due.
    pub(super) fn upkeep_timeout(&mut self) {
        let now = clock::now_millis();
        if now >= self.upkeep.look_at {
            self.upkeep.look_at = now.saturating_add(LOOK_EVERY_MS);
            self.look_at_members(now);
            self.adopt_timeout(now);
        }
        self.gossip_timeout(now);
        self.repair_timeout(now);
    }

    /// Notes who belongs to each zone, and who can be reached.
    fn look_at_members(&mut self, now: Millis) {
        let zones: Vec<ZoneId> = self.zones.keys().cloned().collect();
        let connected: BTreeSet<NodeId> = self.connected_peers().into_iter().collect();
        self.upkeep.away.retain(|peer, _| !connected.contains(peer));
        for zone_id in zones {
            let facts = self.members.facts(self.trust.as_ref(), &self.revocations, &zone_id, now.timestamp());
            let members: BTreeSet<NodeId> = facts.iter().map(|facts| facts.node_id.clone()).collect();
            let local = &self.config.node_id;
            if !members.contains(local) {
                continue;
            }
            let upkeep = &mut self.upkeep;
            let zone = upkeep.zones.entry(zone_id.clone()).or_insert_with(|| {
                let repair = RepairController::new(zone_id.clone(), local.clone(), upkeep.intervals.repair(), now);
                ZoneUpkeep {
                    zone: zone_id.clone(),
                    members: BTreeSet::new(),
                    compared: BTreeSet::new(),
                    repair,
                    compare_at: now,
                    tracking: VecDeque::new(),
                }
            });
            if zone.members != members {
                upkeep.gossip.set_members(now, &zone_id, members.iter().cloned());
                zone.members = members;
            }
            for facts in facts {
                let here = connected.contains(&facts.node_id) || {
                    let since = *upkeep.away.entry(facts.node_id.clone()).or_insert(now);
                    now.since(since) < upkeep.intervals.away_after_ms
                };
                if !here {
                    zone.compared.remove(&facts.node_id);
                }
                let counts = facts.node_id == *local || zone.compared.contains(&facts.node_id);
                zone.repair.handle_node(now, facts, counts);
            }
        }
    }
}
