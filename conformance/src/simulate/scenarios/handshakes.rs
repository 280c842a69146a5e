//! Sessions: opened, kept and renewed.

use crate::simulate::clock::Clock;
use crate::simulate::host::Settings;
use crate::simulate::ledger::Thresholds;
use crate::simulate::network::Conditions;
use crate::simulate::world::{Brief, World};

/// Everybody calls everybody at once, over a bad network, with clocks that are a little wrong.
pub(super) fn handshake(brief: Brief) -> World {
    let mut world = World::new(brief, (2, 7), Settings::default()).mesh();
    world.network.common = Conditions::drawn(&mut world.dice);
    for index in world.everybody() {
        let clock = Clock {
            ahead_ms: i64::try_from(world.dice.below(60_000)).unwrap_or_default().saturating_sub(30_000),
            drift_ppm: i32::try_from(world.dice.below(400)).unwrap_or_default().saturating_sub(200),
            set_at: world.now,
        };
        if let Some(host) = world.hosts.get_mut(index) {
            host.clock = clock;
        }
    }
    let mut world = world.started();
    world.must_connect(60_000);
    world
}

/// One node's clock is off by more than is tolerated: nobody opens a session with it, until it is set right.
pub(super) fn skew(brief: Brief) -> World {
    let mut world = World::new(brief, (3, 6), Settings::default()).mesh();
    let seconds = i64::try_from(world.dice.between(125, 4000)).unwrap_or_default();
    let sign = if world.dice.permille(500) { 1 } else { -1 };
    let wrong = world.dice.index(world.hosts.len());
    let set_at = world.now;
    if let Some(host) = world.hosts.get_mut(wrong) {
        let ahead_ms = seconds.saturating_mul(1000).saturating_mul(sign);
        host.clock = Clock { ahead_ms, drift_ppm: 0, set_at };
    }
    let mut world = world.started();
    world.run_ms(20_000);
    world.must_have_no_session(wrong);
    // A clock that jumps is a new start (D50).
    world.crash(wrong);
    if let Some(host) = world.hosts.get_mut(wrong) {
        host.clock = Clock::default();
    }
    world.start(wrong);
    world.must_connect(60_000);
    world
}

/// Thresholds of frames, bytes and time are low, and objects keep moving.
pub(super) fn rekey(brief: Brief) -> World {
    let thresholds = Thresholds { frames: 200, seconds: 90, bytes: 150_000 };
    let mut world = World::new(brief, (2, 4), Settings { thresholds, ..Settings::default() }).mesh().started();
    world.network.common = Conditions { loss: 30, jitter_ms: 20, ..Conditions::GOOD };
    let (everybody, mut ids) = (world.everybody(), Vec::new());
    for _ in 0..12 {
        let host = world.dice.index(everybody.len());
        let len = world.dice.between(2000, 30_000);
        let id = world.publish(host, usize::try_from(len).unwrap_or_default());
        world.everybody_wants(id);
        ids.push(id);
        let pause = world.dice.between(1000, 25_000);
        world.run_ms(pause);
    }
    world.must_arrive(120_000, &everybody, &ids);
    world.must_connect(60_000);
    world
}
