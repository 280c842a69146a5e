//! Symbols that a node keeps for the mesh, and their repair when devices leave (§3.6, §21.3).

use std::collections::{BTreeMap, VecDeque};

use fcp_core::device::NodeFacts;
use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::{ControlPlaneObject, ObjectPlacementPolicy, RetentionClass, StoredObject};
use fcp_core::sign::Signed as _;
use fcp_core::time::{Millis, Timestamp};
use fcp_symbols::esi::EsiSet;
use fcp_symbols::message::EsiList;
use fcp_symbols::raptor::{Block, Coding, Encoder};
use fcp_symbols::reassembly::{ContextKey, Reassembly, ReassemblyLimits, Step};
use fcp_symbols::repair::{RepairConfig, RepairController, RepairOutput};

use super::exchange::Job;
use super::{Host, Outside};
use crate::simulate::cast::{cast, zone};

/// How often a node looks for what is short.
const REPAIR: RepairConfig = RepairConfig {
    interval_ms: 5_000,
    max_repairs_per_cycle: 64,
    max_symbols_per_cycle: 8_192,
    max_examined_per_cycle: 4_096,
    patience_ms: 5_000,
    attempts: 4,
    takeover_ms: 20_000,
    settle_ms: 120_000,
};

/// How long after an object was put together symbols of it may still come that were asked for.
const LATE_MS: u64 = 3_000;

/// What a disk holds of an object that is spread over the mesh.
#[derive(Debug, Clone)]
pub(in crate::simulate) struct Kept {
    pub(in crate::simulate) block: Block,
    pub(in crate::simulate) policy: ObjectPlacementPolicy,
    pub(in crate::simulate) symbols: BTreeMap<u32, Vec<u8>>,
}

impl Kept {
    pub(in crate::simulate) fn esis(&self) -> EsiSet {
        let mut esis = EsiSet::new();
        self.symbols.keys().for_each(|esi| esis.insert(*esi..esi.saturating_add(1)));
        esis
    }
}

/// What is known of a node of the simulation.
pub(in crate::simulate) fn facts(node: &NodeId) -> NodeFacts {
    NodeFacts {
        node_id: node.clone(),
        tags: vec![],
        class: "desktop".into(),
        zones: vec![zone()],
        capabilities: vec![],
    }
}

/// The repair of one life.
#[derive(Debug)]
pub(super) struct Repair {
    controller: RepairController,
    /// Objects whose symbols come because they were asked for, not to be kept; answers may come late.
    fetching: BTreeMap<ObjectId, Millis>,
}

impl Host {
    /// A controller for a new life, which knows what the disk holds.
    pub(super) fn new_repair(&self, local: Millis) -> Option<Repair> {
        if !self.settings.keeps {
            return None;
        }
        let name = &self.identity.name;
        let mut controller = RepairController::new(zone(), name.clone(), REPAIR, local);
        controller.handle_node(local, facts(name), true);
        for (id, kept) in &self.disk.kept {
            controller.handle_object(*id, kept.block.k(), &kept.policy);
            controller.handle_holding(local, id, name, &kept.esis());
        }
        Some(Repair { controller, fetching: BTreeMap::new() })
    }

    /// Another node can be reached or not, and holds this.
    pub(in crate::simulate) fn learn(&mut self, now: Millis, node: &NodeId, holds: Option<&[(ObjectId, EsiSet)]>) {
        let local = self.local(now);
        let Some(repair) = self.life.as_mut().and_then(|life| life.repair.as_mut()) else { return };
        repair.controller.handle_node(local, facts(node), holds.is_some());
        for (id, esis) in holds.unwrap_or_default() {
            repair.controller.handle_holding(local, id, node, esis);
        }
    }

    /// When repair has something to do.
    pub(super) fn repair_due(&self) -> Millis {
        let repair = self.life.as_ref().and_then(|life| life.repair.as_ref());
        repair.map_or(Millis::NEVER, |repair| repair.controller.poll_timeout())
    }

    /// Does what repair wants done.
    pub(super) fn repair(&mut self, out: &mut Outside<'_>) {
        let local = self.local(out.now);
        let Some(repair) = self.life.as_mut().and_then(|life| life.repair.as_mut()) else { return };
        if repair.controller.poll_timeout() <= local {
            repair.controller.handle_timeout(local);
        }
        let outputs: Vec<RepairOutput> = core::iter::from_fn(|| repair.controller.poll_output()).collect();
        for output in outputs {
            match output {
                RepairOutput::Fetch { object, from, esis } => self.fetch(out, object, &from, &esis),
                RepairOutput::Send { object, to, esis } => self.spread(out, object, to, &esis),
                RepairOutput::Drop { object, esis } => {
                    if let Some(kept) = self.disk.kept.get_mut(&object) {
                        kept.symbols.retain(|esi, _| !esis.contains(*esi));
                    }
                }
                RepairOutput::Repaired { .. } | RepairOutput::GivenUp { .. } => {}
            }
        }
    }

    /// Asks a node for symbols, to put an object together with what is here.
    fn fetch(&mut self, out: &mut Outside<'_>, id: ObjectId, from: &NodeId, esis: &EsiSet) {
        let local = self.local(out.now);
        let Some(life) = &mut self.life else { return };
        if let Some(repair) = &mut life.repair {
            repair.fetching.insert(id, Millis::NEVER);
        }
        if let Some(kept) = self.disk.kept.get(&id) {
            let key = ContextKey { object_id: id, block: kept.block, coding: Coding::RaptorQ };
            for (esi, data) in &kept.symbols {
                // Alone they do not suffice, or nobody would be asked.
                let (reassembly, now) = (&mut life.exchange.reassembly, local.timestamp());
                let _ = reassembly.handle_symbol(now, &key, &self.identity.name, *esi, data);
            }
        }
        let mut request = self.request(id, None, local);
        let wanted = EsiList::new(esis.iter().take(fcp_symbols::message::MAX_WANTED).collect());
        request.max_symbols = esis.count();
        request.want_esi = wanted.ok();
        let request = request.signed_by(&self.identity.key);
        self.say(out, from, &ControlPlaneObject::new(request.header.clone(), &request));
    }

    /// Makes symbols of an object for a node, or for this one.
    fn spread(&mut self, out: &mut Outside<'_>, id: ObjectId, to: NodeId, esis: &EsiSet) {
        let local = self.local(out.now);
        self.assemble(out.now, id);
        if !self.prepare(id) {
            return;
        }
        let Some(life) = &mut self.life else { return };
        if to != self.identity.name {
            let esis: VecDeque<u32> = esis.iter().collect();
            life.exchange.outbox.push_back(Job { to, object_id: id, esis });
            return;
        }
        let Some(encoder) = life.exchange.encoders.get_mut(&id) else { return };
        for esi in esis.iter() {
            let mut data = vec![0; encoder.block().symbol_size().as_usize()];
            if encoder.write_symbol(esi, out.plans, &mut data).is_ok()
                && let Some(kept) = self.disk.kept.get_mut(&id)
            {
                kept.symbols.insert(esi, data);
            }
        }
        if let Some(repair) = &mut life.repair {
            repair.controller.handle_confirmed(local, &id, &to, esis);
        }
    }

    /// Puts an object together of the symbols on this disk, if they suffice.
    fn assemble(&mut self, now: Millis, id: ObjectId) {
        if self.has(&id) {
            return;
        }
        let Some(object) = self.disk.kept.get(&id).and_then(|kept| restore(id, kept.block, &kept.symbols)) else {
            return;
        };
        self.store(now, &object, RetentionClass::Ephemeral);
    }

    /// Whether a symbol of an object is for keeping: the object is spread over the mesh, and not put together here.
    pub(super) fn keeps(&self, id: &ObjectId, local: Millis) -> bool {
        let repair = self.life.as_ref().and_then(|life| life.repair.as_ref());
        repair.is_some_and(|repair| repair.fetching.get(id).is_none_or(|until| *until <= local))
            && self.disk.kept.contains_key(id)
    }

    /// Keeps a symbol.
    pub(super) fn keep_symbol(&mut self, now: Millis, id: ObjectId, esi: u32, data: Vec<u8>) {
        let local = self.local(now);
        let Some(kept) = self.disk.kept.get_mut(&id) else { return };
        kept.symbols.insert(esi, data);
        let esis = kept.esis();
        if let Some(repair) = self.life.as_mut().and_then(|life| life.repair.as_mut()) {
            repair.controller.handle_holding(local, &id, &self.identity.name, &esis);
        }
    }

    /// An object was put together: symbols can be made of it.
    pub(super) fn is_whole(&mut self, now: Millis, id: &ObjectId) {
        let local = self.local(now);
        if let Some(repair) = self.life.as_mut().and_then(|life| life.repair.as_mut())
            && let Some(until) = repair.fetching.get_mut(id).filter(|until| **until == Millis::NEVER)
        {
            *until = local.saturating_add(LATE_MS);
            repair.controller.handle_whole(local, id);
        }
    }
}

/// The object that these symbols make.
pub(in crate::simulate) fn restore(
    id: ObjectId,
    block: Block,
    symbols: &BTreeMap<u32, Vec<u8>>,
) -> Option<StoredObject> {
    let mut reassembly = Reassembly::new(ReassemblyLimits::default());
    let key = ContextKey { object_id: id, block, coding: Coding::RaptorQ };
    let (now, source) = (Timestamp::default(), &cast().stranger.name);
    symbols.iter().find_map(|(esi, data)| match reassembly.handle_symbol(now, &key, source, *esi, data) {
        Ok(Step::Candidate(candidate)) => StoredObject::parse_as(id, candidate.bytes(), &cast().object_id_key).ok(),
        _ => None,
    })
}

/// The shape of an object, of which the node has the bytes or symbols.
pub(super) fn block_of(encoder: Option<&Encoder>, kept: Option<&Kept>) -> Option<Block> {
    encoder.map(Encoder::block).or_else(|| kept.map(|kept| kept.block))
}
