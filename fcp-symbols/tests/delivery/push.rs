//! One node pushes objects to another.

use fcp_symbols::delivery::{Goal, OfferKind, PathId, PathKind};
use fcp_symbols::raptor::SymbolSize;

use crate::net::{Link, Net, block_of, object};

const T: SymbolSize = SymbolSize::DEFAULT;

#[test]
fn a_loss_is_made_up_for() {
    for loss in [0, 50, 100, 200, 300, 400, 500] {
        let (mut total, mut slowest) = (0, 0);
        for seed in 0..20 {
            let mut net = Net::new(seed, &["nA", "nB"]);
            net.join("nA", "nB", &[(PathKind::Direct, Link::lossy(loss), 1200)]);
            let thing = object(1, 64 * 1024);
            net.push("nA", "nB", &thing, T, Goal::Object);
            slowest = slowest.max(net.run(120_000));
            assert!(net.device("nB").got.contains_key(&thing.id()), "loss {loss} seed {seed}");
            let done = &net.device("nA").done;
            assert!(done.iter().any(|(what, _)| what.kind == OfferKind::Object), "loss {loss} seed {seed}");
            total += net.sent_of("nA", "nB", &thing);
        }
        let k = u32::from(block_of(&object(1, 64 * 1024), T).k());
        println!("loss {loss}: {} symbols of {k} on average, slowest {slowest} ms", total / 20);
    }
}

#[test]
fn a_dead_path_beside_a_good_one_is_left() {
    let mut net = Net::new(1, &["nA", "nB"]);
    net.join("nA", "nB", &[(PathKind::Lan, Link::DEAD, 1200), (PathKind::Relay, Link::GOOD, 1200)]);
    let thing = object(1, 256 * 1024);
    net.push("nA", "nB", &thing, T, Goal::Object);
    let took = net.run(30_000);
    assert!(net.device("nB").got.contains_key(&thing.id()));
    let (dead, good) = (net.on_path[&PathId::new(0)], net.on_path[&PathId::new(1)]);
    println!("{took} ms, {dead} into the void, {good} over the relay");
    assert!(dead < 80 && good >= 256, "{dead} {good}");
}
