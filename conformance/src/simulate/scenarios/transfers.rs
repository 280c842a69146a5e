//! Objects cross networks of all kinds.

use fcp_core::id::ObjectId;

use crate::simulate::cast::address_of;
use crate::simulate::host::Settings;
use crate::simulate::network::Conditions;
use crate::simulate::world::{Brief, World};

/// Publishes a few objects, each at some host, and wants them everywhere.
pub(super) fn publish_some(world: &mut World, count: u64, longest: u64) -> Vec<ObjectId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let host = world.dice.index(world.hosts.len());
        let len = world.dice.between(1, longest);
        let id = world.publish(host, usize::try_from(len).unwrap_or_default());
        world.everybody_wants(id);
        ids.push(id);
    }
    ids
}

/// Objects of all sizes go everywhere, over a bad network.
pub(super) fn transfer(brief: Brief) -> World {
    let extended = brief.seed.is_multiple_of(2);
    let mut world = World::new(brief, (2, 6), Settings { extended, ..Settings::default() }).mesh();
    world.network.common = Conditions::drawn(&mut world.dice);
    let mut world = world.started();
    let everybody = world.everybody();
    let ids = publish_some(&mut world, 4, 40_000);
    world.must_arrive(180_000, &everybody, &ids);
    world
}

/// One way is good, the way back narrow, slow and lossy.
pub(super) fn asymmetric(brief: Brief) -> World {
    let mut world = World::new(brief, (2, 4), Settings::default()).mesh();
    let bad = Conditions {
        delay_ms: world.dice.between(50, 300),
        jitter_ms: 50,
        loss: 150,
        bursts: 10,
        rate: Some((world.dice.between(20_000, 100_000), 300)),
        ..Conditions::GOOD
    };
    for (here, there) in pairs(world.hosts.len()) {
        if here < there {
            world.network.set(address_of(here), address_of(there), bad);
        }
    }
    let mut world = world.started();
    let everybody = world.everybody();
    let ids = publish_some(&mut world, 3, 30_000);
    world.must_arrive(240_000, &everybody, &ids);
    world
}

/// Nodes send datagrams of different sizes, each as large as its paths take.
pub(super) fn mtu(brief: Brief) -> World {
    let mut world = World::new(brief, (2, 5), Settings::default()).mesh();
    let limits: Vec<u16> =
        world.everybody().iter().map(|_| u16::try_from(world.dice.between(432, 9000)).unwrap_or(1200)).collect();
    for (host, limit) in world.hosts.iter_mut().zip(&limits) {
        host.settings.datagram_bytes = *limit;
    }
    for (here, there) in pairs(limits.len()) {
        // Every path takes 1200 bytes (§4.3.1), and no more than that or the sender's limit.
        let mtu = usize::from(limits.get(here).copied().unwrap_or_default().max(1200));
        world.network.set(address_of(here), address_of(there), Conditions { mtu, ..Conditions::GOOD });
    }
    let mut world = world.started();
    let everybody = world.everybody();
    let ids = publish_some(&mut world, 3, 30_000);
    world.must_arrive(120_000, &everybody, &ids);
    world
}

/// Islands form and join again, while objects are published on all of them.
pub(super) fn partition(brief: Brief) -> World {
    let mut world = World::new(brief, (4, 8), Settings::default()).mesh().started();
    world.network.common = Conditions { loss: 20, jitter_ms: 20, ..Conditions::GOOD };
    world.run_ms(2000);
    let (everybody, mut ids) = (world.everybody(), Vec::new());
    for _ in 0..3 {
        for host in &everybody {
            let island = world.dice.index(3);
            world.network.strand(address_of(*host), island);
        }
        ids.extend(publish_some(&mut world, 2, 15_000));
        let apart = world.dice.between(1000, 40_000);
        world.run_ms(apart);
        world.network.join();
        let together = world.dice.between(0, 3000);
        world.run_ms(together);
    }
    world.must_arrive(180_000, &everybody, &ids);
    world.must_connect(60_000);
    world
}

/// Nobody is told what there is. Islands form, for minutes or hours, objects are published on all of them, and nodes crash;
/// at the end all hold the same, but for what is in quarantine.
pub(super) fn gossip(brief: Brief) -> World {
    let mut world = World::new(brief, (3, 6), Settings { gossips: true, ..Settings::default() }).mesh().started();
    world.network.common = Conditions { loss: 20, jitter_ms: 20, ..Conditions::GOOD };
    let (everybody, mut ids, mut kept) = (world.everybody(), Vec::new(), Vec::new());
    for _ in 0..2 {
        for host in &everybody {
            let island = world.dice.index(3);
            world.network.strand(address_of(*host), island);
        }
        // Few objects fit a summary; many take a table of their own.
        let most = if world.dice.permille(250) { 150 } else { 10 };
        for _ in 0..world.dice.between(1, most) {
            let host = world.dice.index(everybody.len());
            let len = world.dice.between(1, 600);
            ids.push(world.publish(host, usize::try_from(len).unwrap_or_default()));
        }
        let host = world.dice.index(everybody.len());
        kept.push((host, world.quarantine(host, 300)));
        let longest = if world.dice.permille(250) { 7_200_000 } else { 120_000 };
        let apart = world.dice.between(1000, longest);
        world.run_ms(apart);
        if world.dice.permille(500) {
            let victim = world.dice.index(everybody.len());
            world.crash(victim);
            world.start(victim);
        }
        world.network.join();
        let together = world.dice.between(0, 20_000);
        world.run_ms(together);
    }
    world.must_arrive(300_000, &everybody, &ids);
    for (host, id) in kept {
        world.must_stay_at(host, id);
    }
    world
}

/// Many nodes, each of which talks to a few: objects pass from peer to peer.
pub(super) fn crowd(brief: Brief) -> World {
    let mut world = World::new(brief, (10, 50), Settings::default()).mesh();
    world.network.common = Conditions { delay_ms: 30, jitter_ms: 30, loss: 30, ..Conditions::GOOD };
    let mut world = world.started();
    let everybody = world.everybody();
    let ids = publish_some(&mut world, 2, 6000);
    world.must_arrive(240_000, &everybody, &ids);
    world
}

/// All ordered pairs.
fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |here| (0..count).map(move |there| (here, there))).filter(|(here, there)| here != there)
}
