//! Nodes that end and begin again.

use super::transfers::publish_some;
use crate::simulate::cast::cast;
use crate::simulate::host::Settings;
use crate::simulate::network::Conditions;
use crate::simulate::world::{Brief, World};

/// Nodes crash at any time and come back with their disks.
pub(super) fn crash(brief: Brief) -> World {
    let mut world = World::new(brief, (3, 6), Settings::default()).mesh().started();
    world.network.common = Conditions { loss: 20, jitter_ms: 20, ..Conditions::GOOD };
    let (everybody, mut ids) = (world.everybody(), Vec::new());
    for _ in 0..8 {
        ids.extend(publish_some(&mut world, 1, 20_000));
        let before = world.dice.between(50, 3000);
        world.run_ms(before);
        let victim = world.dice.index(everybody.len());
        world.crash(victim);
        let down = world.dice.between(1, 8000);
        world.run_ms(down);
        world.start(victim);
    }
    world.must_arrive(180_000, &everybody, &ids);
    world.must_connect(60_000);
    world
}

/// A node's disk is put back to an earlier state, or a copy of the node is started beside it.
pub(super) fn snapshot(brief: Brief) -> World {
    let mut world = World::new(brief, (3, 5), Settings::default()).mesh().started();
    world.network.common = Conditions { loss: 20, jitter_ms: 20, ..Conditions::GOOD };
    let everybody = world.everybody();
    let victim = world.dice.index(everybody.len());
    let mut ids = publish_some(&mut world, 2, 15_000);
    let before = world.dice.between(500, 4000);
    world.run_ms(before);
    let snapshot = world.host(victim).map(|host| host.disk.clone()).unwrap_or_default();
    // By others: what only the victim had would be gone with its disk.
    let others: Vec<usize> = everybody.iter().copied().filter(|host| *host != victim).collect();
    for _ in 0..2 {
        let host = world.dice.pick(&others).copied().unwrap_or_default();
        let len = world.dice.between(1, 15_000);
        let id = world.publish(host, usize::try_from(len).unwrap_or_default());
        world.everybody_wants(id);
        ids.push(id);
    }
    let after = world.dice.between(500, 4000);
    world.run_ms(after);

    let peers = world.host(victim).map(|host| host.peers.clone()).unwrap_or_default();
    if world.dice.permille(500) {
        // The copy has the same name, key and disk, and lives beside the original for a while.
        let disk = snapshot.clone();
        let copy = world.add(|host| {
            host.identity = cast().node(victim);
            host.true_name = cast().node(victim).name.clone();
            host.peers = peers;
            host.disk = disk;
        });
        world.start(copy);
        let beside = world.dice.between(2000, 10_000);
        world.run_ms(beside);
        world.crash(copy);
        world.hosts.truncate(everybody.len());
    }
    world.crash(victim);
    if let Some(host) = world.hosts.get_mut(victim) {
        host.disk = snapshot;
    }
    world.start(victim);
    // What the snapshot does not know must be asked for anew.
    ids.iter().for_each(|id| world.want(victim, *id));
    world.must_arrive(180_000, &everybody, &ids);
    world.must_connect(60_000);
    world
}
