//! What is short is repaired (§21.3).

use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::time::Millis;
use fcp_symbols::esi::EsiSet;
use fcp_symbols::repair::{RepairActivity, RepairOutput};
use serde_json::{Value, json};

use crate::control::ControlError;
use crate::mesh::{Mesh, log};
use crate::params::Params;

impl Mesh {
    /// Begins a cycle if one is due, and goes on with what is under repair.
    pub(super) fn repair_timeout(&mut self, now: Millis) {
        let fetching: Vec<(ObjectId, ZoneId)> =
            self.upkeep.fetching.iter().map(|(id, zone)| (*id, zone.clone())).collect();
        for (id, zone_id) in fetching {
            let Some(outcome) = self.take_for_upkeep(&id) else { continue };
            self.upkeep.fetching.remove(&id);
            let Some(zone) = self.upkeep.zones.get_mut(&zone_id) else { continue };
            // What did not come together is asked for again when the controller says so.
            if let Ok(object) = outcome {
                self.upkeep.whole.insert(id, object);
                zone.repair.handle_whole(now, &id);
            }
        }
        self.track(now);
        let mut outputs = Vec::new();
        for (zone_id, zone) in &mut self.upkeep.zones {
            if zone.repair.poll_timeout() <= now {
                zone.repair.handle_timeout(now);
            }
            while let Some(output) = zone.repair.poll_output() {
                outputs.push((zone_id.clone(), output));
            }
        }
        for (zone_id, output) in outputs {
            self.carry_out_repair(now, &zone_id, output);
        }
    }

    /// Has the coverage looked after of objects that everybody had the time to get to know.
    fn track(&mut self, now: Millis) {
        let mut begun = Vec::new();
        for zone in self.upkeep.zones.values_mut() {
            while let Some((_, id, k, policy)) = zone.tracking.pop_front_if(|(from, ..)| *from <= now) {
                zone.repair.handle_object(id, k, &policy);
                begun.push((zone.zone.clone(), id));
            }
        }
        for (zone_id, id) in begun {
            let held = self.held_esis(&id).unwrap_or_default();
            if let Some(zone) = self.upkeep.zones.get_mut(&zone_id) {
                zone.repair.handle_holding(now, &id, &self.config.node_id, &held);
            }
        }
    }

    fn carry_out_repair(&mut self, now: Millis, zone_id: &ZoneId, output: RepairOutput) {
        match output {
            // Whoever has symbols is asked, as for any object: others of them do as well.
            RepairOutput::Fetch { object, .. } => {
                self.gather_for_upkeep(zone_id, object);
                self.upkeep.fetching.insert(object, zone_id.clone());
            }
            RepairOutput::Send { object, to, esis } => self.send_repair(now, zone_id, object, &to, &esis),
            RepairOutput::Drop { object, esis } => match self.store.drop_symbols(&object, &esis) {
                Ok(()) => self.tell_dropped(now, zone_id, object, &esis),
                Err(error) => log(format_args!("symbols of {} are kept: {error}", object.short())),
            },
            RepairOutput::Repaired { object, before, after } => {
                self.upkeep.whole.remove(&object);
                if let Some(zone) = self.upkeep.zones.get_mut(zone_id) {
                    zone.repair.handle_not_whole(&object);
                }
                let (before, after) = (before.coverage_bps, after.coverage_bps);
                log(format_args!("repaired {} of {zone_id}: {before} to {after} bps", object.short()));
            }
            RepairOutput::GivenUp { object, failures } => {
                self.upkeep.whole.remove(&object);
                if let Some(zone) = self.upkeep.zones.get_mut(zone_id) {
                    zone.repair.handle_not_whole(&object);
                }
                log(format_args!(
                    "{} of {zone_id} is not repaired: attempt {failures} came to nothing",
                    object.short()
                ));
            }
        }
    }

    /// Makes fresh symbols. That they arrived, gossip tells; until then the controller has them made again.
    fn send_repair(&mut self, now: Millis, zone_id: &ZoneId, object: ObjectId, to: &NodeId, esis: &EsiSet) {
        let Some(whole) = self.upkeep.whole.get(&object).cloned() else { return };
        let outcome = if *to == self.config.node_id {
            self.keep_symbols(zone_id, &whole, esis).map(|()| self.note_symbols(zone_id, object))
        } else {
            self.queue_symbols(to, zone_id, &whole, esis)
        };
        if let Err(error) = outcome {
            log(format_args!("{} is not repaired: {error}", object.short()));
            if let Some(zone) = self.upkeep.zones.get_mut(zone_id) {
                zone.repair.handle_refused(now, &object, to);
            }
        }
    }

    /// Coverage against policy, object by object.
    pub(in crate::mesh) fn repair_status(&self, params: Params<'_>) -> Result<Value, ControlError> {
        let zone_id: ZoneId = params.parsed("zone")?;
        let zone = self.upkeep.zones.get(&zone_id);
        let zone =
            zone.ok_or_else(|| ControlError::node("zone", format_args!("this node is not a member of {zone_id}")))?;
        let objects: Vec<Value> = zone
            .repair
            .object_statuses()
            .map(|status| {
                let activity = match status.activity {
                    RepairActivity::None => "none",
                    RepairActivity::Due => "due",
                    RepairActivity::Waiting { .. } => "waiting",
                    RepairActivity::Fetching => "fetching",
                    RepairActivity::Sending => "sending",
                    RepairActivity::Stuck => "stuck",
                };
                json!({
                    "object": status.object_id.to_string(),
                    "nodes": status.evaluation.distinct_nodes, "min_nodes": status.policy.min_nodes,
                    "coverage_bps": status.evaluation.coverage_bps,
                    "target_coverage_bps": status.policy.target_coverage_bps,
                    "max_node_fraction_bps": status.evaluation.max_node_fraction_bps,
                    "allowed_node_fraction_bps": status.policy.max_node_fraction_bps,
                    "available": status.evaluation.is_available, "satisfied": status.is_satisfied,
                    "activity": activity,
                })
            })
            .collect();
        let status = zone.repair.status();
        Ok(json!({
            "zone": zone_id.as_str(), "objects": objects, "repaired": status.repaired, "given_up": status.given_up,
            "symbols": status.symbols,
        }))
    }
}
