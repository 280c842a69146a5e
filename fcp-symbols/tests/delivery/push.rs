//! One node pushes objects to another.

use fcp_symbols::delivery::{Goal, OfferKind, PathKind};
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
