//! A network and members that mean harm.

use std::collections::VecDeque;

use fcp_symbols::session::{CookiePolicy, TableLoad};

use super::transfers::publish_some;
use crate::simulate::adversary::hello;
use crate::simulate::cast::{cast, nowhere};
use crate::simulate::host::{Conduct, Settings};
use crate::simulate::ledger::Check;
use crate::simulate::network::Conditions;
use crate::simulate::world::{Brief, World};

/// One datagram in ten arrives with other bytes than were sent.
pub(super) fn corruption(brief: Brief) -> World {
    let mut world = World::new(brief, (2, 5), Settings::default()).mesh();
    let corrupted = u32::try_from(world.dice.between(20, 250)).unwrap_or_default();
    world.network.common = Conditions { corrupted, duplicates: 50, jitter_ms: 30, ..Conditions::GOOD };
    let mut world = world.started();
    let everybody = world.everybody();
    let ids = publish_some(&mut world, 4, 25_000);
    world.must_arrive(180_000, &everybody, &ids);
    world
}

/// Somebody records everything and plays it again, to whom it was for and to others, also after restarts.
pub(super) fn replay(brief: Brief) -> World {
    let mut world = World::new(brief, (2, 5), Settings::default()).mesh();
    world.tap = Some(VecDeque::new());
    world.network.common = Conditions { loss: 50, jitter_ms: 20, ..Conditions::GOOD };
    let mut world = world.started();
    let (everybody, mut ids) = (world.everybody(), Vec::new());
    for _ in 0..10 {
        ids.extend(publish_some(&mut world, 1, 12_000));
        let count = world.dice.between(20, 150);
        world.replay(count);
        let pause = world.dice.between(100, 3000);
        world.run_ms(pause);
        if world.dice.permille(200) {
            let victim = world.dice.index(everybody.len());
            world.crash(victim);
            world.start(victim);
        }
    }
    world.must_arrive(180_000, &everybody, &ids);
    world
}

/// Hellos from addresses that nobody answers at: of strangers, and recorded or stolen ones of members. The tables of the
/// node that they reach stay as they are, and it goes on talking to its peers.
pub(super) fn flood(brief: Brief) -> World {
    flood_under(brief, CookiePolicy::Always)
}

/// As `flood`, under another policy.
pub(in crate::simulate) fn flood_under(brief: Brief, cookies: CookiePolicy) -> World {
    let settings = Settings { cookies, ..Settings::default() };
    let mut world = World::new(brief, (2, 4), settings).mesh().started();
    world.must_connect(20_000);
    let Some(target) = world.host(0).map(|host| (host.address, host.identity.name.clone())) else { return world };
    let before = table_sizes(&world, 0);
    let mut rng = world.dice.split();
    // Somebody got hold of a member's key, and speaks for it from wherever it likes.
    let speakers = [&cast().stranger, cast().node(49)];
    for round in 0..4 {
        for index in 0..40_u64 {
            let from = nowhere(index.saturating_add(world.dice.below(3).saturating_mul(40)));
            let speaker = world.dice.pick(&speakers).copied().unwrap_or(&cast().stranger);
            let bytes = hello(speaker, &target.1, world.now.timestamp(), &mut rng);
            for _ in 0..world.dice.between(1, 3) {
                let delay = world.dice.between(0, 400);
                world.inject(delay, from, target.0, bytes.clone());
            }
        }
        world.run_ms(500);
        let after = table_sizes(&world, 0);
        if after != before {
            let what = format!("after {round} rounds of a flood, the tables hold {after:?} instead of {before:?}");
            world.ledger.violate(Check::Memory, what);
        }
    }
    let everybody = world.everybody();
    let ids = publish_some(&mut world, 1, 5000);
    world.must_arrive(60_000, &everybody, &ids);
    world
}

/// How much a host's table holds, and how many unfinished objects it has.
fn table_sizes(world: &World, index: usize) -> Option<(TableLoad, usize)> {
    let life = world.host(index)?.life.as_ref()?;
    Some((life.table.load(), life.exchange.reassembly.contexts()))
}

/// Anything but messages, from anywhere, while objects move.
pub(super) fn garbage(brief: Brief) -> World {
    let mut world = World::new(brief, (2, 4), Settings::default()).mesh();
    world.tap = Some(VecDeque::new());
    let mut world = world.started();
    let (everybody, mut ids) = (world.everybody(), Vec::new());
    for _ in 0..6 {
        ids.extend(publish_some(&mut world, 1, 8000));
        for index in &everybody {
            let Some(address) = world.host(*index).map(|host| host.address) else { continue };
            let count = world.dice.between(20, 100);
            world.litter(address, count);
        }
        let pause = world.dice.between(100, 2000);
        world.run_ms(pause);
    }
    world.must_arrive(120_000, &everybody, &ids);
    world.must_connect(30_000);
    world
}

/// One member, or two, send wrong symbols: objects arrive all the same, and who lied is named.
pub(super) fn liar(brief: Brief) -> World {
    let mut world = World::new(brief, (4, 6), Settings::default()).mesh();
    let count = world.dice.index(2).saturating_add(1);
    let liars = world.dice.choose(count, world.hosts.len());
    for liar in &liars {
        if let Some(host) = world.hosts.get_mut(*liar) {
            host.conduct = Conduct::Liar;
            world.ledger.lies(host.identity.name.as_str());
        }
    }
    let mut world = world.started();
    let honest: Vec<usize> = world.everybody().into_iter().filter(|host| !liars.contains(host)).collect();
    let mut ids = Vec::new();
    for _ in 0..4 {
        let host = world.dice.pick(&honest).copied().unwrap_or_default();
        let len = world.dice.between(1, 12_000);
        let id = world.publish(host, usize::try_from(len).unwrap_or_default());
        // Liars have it, too, or else they could not answer.
        if let Some(object) = world.published.get(&id).cloned() {
            let now = world.now;
            for liar in &liars {
                if let Some(host) = world.hosts.get_mut(*liar) {
                    host.keep(now, &object);
                }
            }
        }
        world.everybody_wants(id);
        ids.push(id);
    }
    world.must_arrive(240_000, &honest, &ids);
    world
}
