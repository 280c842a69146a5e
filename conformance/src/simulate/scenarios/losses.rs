//! Devices that leave for good.

use std::collections::BTreeMap;

use fcp_core::id::ObjectId;
use fcp_core::object::ObjectPlacementPolicy;
use fcp_symbols::coverage::CoverageEvaluation;
use fcp_symbols::esi::EsiSet;
use fcp_symbols::placement::spread;
use fcp_symbols::raptor::{Encoder, PlanCache};

use crate::simulate::host::keeping::{Kept, facts, restore};
use crate::simulate::host::{Host, Settings};
use crate::simulate::ledger::Check;
use crate::simulate::network::Conditions;
use crate::simulate::world::{Brief, World};

/// How often nodes hear what others keep, in milliseconds.
const HEARSAY_MS: u64 = 2_000;

/// Symbols of some objects are spread over all nodes. Twice a device is lost, and the rest brings coverage back to policy.
pub(super) fn loss(brief: Brief) -> World {
    loss_repaired_within(brief, 120_000)
}

/// As `loss`, with so much time for repair.
pub(in crate::simulate) fn loss_repaired_within(brief: Brief, within_ms: u64) -> World {
    let mut world = World::new(brief, (5, 8), Settings { keeps: true, ..Settings::default() }).mesh();
    world.network.common = Conditions { loss: 30, jitter_ms: 20, ..Conditions::GOOD };
    let policy = ObjectPlacementPolicy {
        min_nodes: 3,
        max_node_fraction_bps: 5_000,
        preferred_devices: vec![],
        excluded_devices: vec![],
        target_coverage_bps: 20_000,
    };
    let objects = world.dice.between(1, 6);
    let ids: Vec<ObjectId> = (0..objects).filter_map(|_| place(&mut world, &policy)).collect();
    let mut world = world.started();
    world.must_connect(30_000);
    for _ in 0..2 {
        let alive: Vec<usize> = alive(&world).map(|host| host.index).collect();
        let victim = world.dice.pick(&alive).copied().unwrap_or_default();
        world.crash(victim);
        let end = world.now.saturating_add(within_ms);
        while world.now < end && !short(&world, &ids, &policy).is_empty() {
            hearsay(&mut world);
            world.run_ms(HEARSAY_MS.min(within_ms));
        }
        for id in short(&world, &ids, &policy) {
            let coverage = coverage(&world, &id);
            let what = format!("{id} is short of its policy after host {victim} was lost: {coverage:?}");
            world.ledger.violate(Check::Coverage, what);
        }
    }
    for id in ids {
        if !is_restorable(&world, id) {
            world.ledger.violate(Check::ObjectMissing, format!("what is kept of {id} does not make it any more"));
        }
    }
    world
}

/// Makes an object and puts its symbols onto the disks, as the policy asks.
fn place(world: &mut World, policy: &ObjectPlacementPolicy) -> Option<ObjectId> {
    let len = usize::try_from(world.dice.between(500, 12_000)).unwrap_or_default();
    let object = world.object(len);
    let id = object.id();
    let mut encoder = Encoder::new(object.canonical_bytes(), Settings::default().symbol_size).ok()?;
    let block = encoder.block();
    let nodes: Vec<_> = world.hosts.iter().map(|host| facts(&host.identity.name)).collect();
    let runs = spread(policy, &nodes, block.k()).ok()?;
    let mut plans = PlanCache::new(1);
    for host in &mut world.hosts {
        let mut kept = Kept { block, policy: policy.clone(), symbols: BTreeMap::new() };
        let run = runs.iter().find(|(node, _)| *node == host.identity.name).map(|(_, run)| run.clone());
        for esi in run.unwrap_or_default() {
            let mut data = vec![0; block.symbol_size().as_usize()];
            encoder.write_symbol(esi, &mut plans, &mut data).ok()?;
            kept.symbols.insert(esi, data);
        }
        host.disk.kept.insert(id, kept);
    }
    world.published.insert(id, object);
    Some(id)
}

fn alive(world: &World) -> impl Iterator<Item = &Host> {
    world.hosts.iter().filter(|host| host.life.is_some())
}

/// Everybody hears who is there, and what they keep.
fn hearsay(world: &mut World) {
    let now = world.now;
    let holdings: Vec<_> = world
        .hosts
        .iter()
        .map(|host| {
            let kept: Vec<(ObjectId, EsiSet)> = host.disk.kept.iter().map(|(id, kept)| (*id, kept.esis())).collect();
            (host.identity.name.clone(), host.life.is_some().then_some(kept))
        })
        .collect();
    for host in &mut world.hosts {
        let name = &host.identity.name;
        for (node, holds) in holdings.iter().filter(|(node, _)| node != name) {
            host.learn(now, node, holds.as_deref());
        }
    }
}

/// The objects that are not covered as they should be.
fn short(world: &World, ids: &[ObjectId], policy: &ObjectPlacementPolicy) -> Vec<ObjectId> {
    ids.iter().filter(|id| !coverage(world, id).satisfies(policy)).copied().collect()
}

/// What the symbols of an object are worth that are on the disks of hosts that are up.
fn coverage(world: &World, id: &ObjectId) -> CoverageEvaluation {
    let sets: Vec<EsiSet> = alive(world).filter_map(|host| Some(host.disk.kept.get(id)?.esis())).collect();
    let k = world.hosts.iter().find_map(|host| host.disk.kept.get(id)).map_or(1, |kept| kept.block.k());
    CoverageEvaluation::of_sets(k, &sets)
}

/// Whether the symbols that are left make the object.
fn is_restorable(world: &World, id: ObjectId) -> bool {
    let mut symbols = BTreeMap::new();
    let mut block = None;
    for kept in alive(world).filter_map(|host| host.disk.kept.get(&id)) {
        block = Some(kept.block);
        symbols.extend(kept.symbols.iter().map(|(esi, data)| (*esi, data.clone())));
    }
    let restored = block.and_then(|block| restore(id, block, &symbols));
    restored.as_ref() == world.published.get(&id)
}
