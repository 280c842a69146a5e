//! One node gathers objects from others.

use fcp_core::id::{ObjectId, ZoneId};
use fcp_symbols::delivery::{Begin, Holds, PathKind, Source, Want};
use fcp_symbols::esi::EsiSet;
use fcp_symbols::raptor::SymbolSize;

use crate::net::{Link, Net, block_of, node, object};

const T: SymbolSize = SymbolSize::DEFAULT;
const HOLDERS: [&str; 3] = ["nB", "nC", "nD"];

fn source(peer: &str, path: PathKind, holds: Holds) -> Source {
    Source { peer: node(peer), path, holds }
}

fn joined(seed: u64, loss: u32) -> Net {
    let mut net = Net::new(seed, &["nA", "nB", "nC", "nD"]);
    for peer in HOLDERS {
        net.join("nA", peer, &[(PathKind::Direct, Link::lossy(loss), 1200)]);
    }
    net
}

fn want(net: &mut Net, want: Want) {
    let now = net.at();
    let device = net.device("nA");
    device.receiver.want(now, &device.reassembly, want).unwrap_or_else(|error| unreachable!("{error}"));
}

#[test]
fn runs_of_several_holders_come_together_whether_or_not_they_are_known() {
    for loss in [0, 100, 300] {
        for known in [false, true] {
            let (mut total, mut slowest) = (0, 0);
            for seed in 0..10 {
                let mut net = joined(seed, loss);
                let thing = object(1, 64 * 1024);
                let mut sources = vec![];
                for (peer, run) in HOLDERS.iter().zip([0..33_u32, 33..66, 66..99]) {
                    net.hold(peer, &thing, T, Some(EsiSet::from(run.clone())));
                    let holds = if known { Holds::Symbols(EsiSet::from(run)) } else { Holds::Unknown };
                    sources.push(source(peer, PathKind::Direct, holds));
                }
                let wanted = Want::new(thing.id(), ZoneId::private(), sources);
                want(&mut net, if known { wanted.with_block(block_of(&thing, T)) } else { wanted });
                slowest = slowest.max(net.run(60_000));
                assert!(net.device("nA").got.contains_key(&thing.id()), "loss {loss} known {known} seed {seed}");
                total += HOLDERS.iter().map(|peer| net.sent_of(peer, "nA", &thing)).sum::<u32>();
                // Each is told once that it is enough.
                assert!(net.device("nA").acks <= 3);
            }
            println!("loss {loss}, known {known}: {} symbols of 65, slowest {slowest} ms", total / 10);
            assert!(total <= 10 * 65 * if loss < 300 { 2 } else { 3 });
        }
    }
}

#[test]
fn whole_copies_are_asked_for_different_symbols_by_their_share() {
    let mut net = joined(1, 0);
    let thing = object(1, 200_000);
    for peer in HOLDERS {
        net.hold(peer, &thing, T, None);
    }
    let sources = vec![
        source("nB", PathKind::Lan, Holds::Everything),
        source("nC", PathKind::Direct, Holds::Everything),
        source("nD", PathKind::Relay, Holds::Everything),
    ];
    want(&mut net, Want::new(thing.id(), ZoneId::private(), sources).with_block(block_of(&thing, T)));
    net.run(10_000);
    let (_, shares) = &net.device("nA").got[&thing.id()];
    let symbols: Vec<u64> = shares.iter().map(|(_, share)| share.symbols).collect();
    assert!(symbols[0] > symbols[1] && symbols[1] > symbols[2] && symbols[2] > 10, "{symbols:?}");
    assert!(shares.iter().all(|(_, share)| share.repeated == 0));
    let sent: u32 = HOLDERS.iter().map(|peer| net.sent_of(peer, "nA", &thing)).sum();
    assert!(sent <= block_of(&thing, T).required() + 10, "{sent}");
    let figures: Vec<_> = net.device("nA").receiver.figures().map(|(_, figures)| *figures).collect();
    assert!(figures.iter().all(|figures| figures.share.bytes == figures.share.symbols * 1024));
    assert!(figures.iter().all(|figures| figures.bytes_per_sec() > 0));
}

#[test]
fn a_faulty_source_is_named_and_done_without() {
    for (liar, known) in [("nB", false), ("nC", false), ("nD", true), ("nB", true)] {
        let mut net = joined(1, 0);
        let thing = object(1, 64 * 1024);
        let mut sources = vec![];
        for (peer, run) in HOLDERS.iter().zip([0..40_u32, 40..80, 80..120]) {
            net.hold(peer, &thing, T, Some(EsiSet::from(run.clone())));
            let holds = if known { Holds::Symbols(EsiSet::from(run)) } else { Holds::Unknown };
            sources.push(source(peer, PathKind::Direct, holds));
        }
        net.device(liar).held.get_mut(&thing.id()).unwrap().wrong = true;
        want(&mut net, Want::new(thing.id(), ZoneId::private(), sources).with_block(block_of(&thing, T)));
        net.run(60_000);
        assert!(net.device("nA").got.contains_key(&thing.id()), "{liar}");
        assert_eq!(net.device("nA").faults, [node(liar)], "known {known}");
    }
}

#[test]
fn what_nobody_has_is_given_up_with_a_reason() {
    let mut net = joined(1, 0);
    let thing = object(1, 64 * 1024);
    for (peer, run) in HOLDERS.iter().zip([0..20_u32, 20..40, 40..60]) {
        net.hold(peer, &thing, T, Some(EsiSet::from(run)));
    }
    let sources = || HOLDERS.iter().map(|peer| source(peer, PathKind::Direct, Holds::Unknown)).collect();
    want(&mut net, Want::new(thing.id(), ZoneId::private(), sources()));
    let took = net.run(60_000);
    assert_eq!(net.device("nA").missed[&thing.id()], "symbol.insufficient");
    assert!((8_000..15_000).contains(&took), "{took}");
    assert_eq!((net.device("nA").reassembly.bytes(), net.device("nA").receiver.bytes()), (0, 0));

    let mut net = joined(1, 0);
    net.hold("nB", &thing, T, None);
    net.device("nB").held.get_mut(&thing.id()).unwrap().wrong = true;
    let sources = vec![source("nB", PathKind::Direct, Holds::Everything)];
    want(&mut net, Want::new(thing.id(), ZoneId::private(), sources));
    net.run(60_000);
    assert_eq!(net.device("nA").missed[&thing.id()], "symbol.source_refused");
    assert_eq!(net.device("nA").faults, [node("nB")]);
}

#[test]
fn a_dead_source_is_made_up_for_by_the_others() {
    let mut net = joined(1, 0);
    net.join("nA", "nB", &[(PathKind::Direct, Link::DEAD, 1200)]);
    let thing = object(1, 64 * 1024);
    for peer in HOLDERS {
        net.hold(peer, &thing, T, None);
    }
    let sources = HOLDERS.iter().map(|peer| source(peer, PathKind::Direct, Holds::Everything)).collect();
    want(&mut net, Want::new(thing.id(), ZoneId::private(), sources).with_block(block_of(&thing, T)));
    let took = net.run(30_000);
    assert!(net.device("nA").got.contains_key(&thing.id()));
    assert!(took < 5_000, "{took}");
}

#[test]
fn many_objects_come_in_the_order_in_which_they_were_wanted() {
    let mut net = joined(1, 20);
    let things: Vec<_> = (0..200).map(|tag| object(tag, 5_000)).collect();
    for thing in &things {
        for peer in HOLDERS {
            net.hold(peer, thing, T, None);
        }
        let sources = HOLDERS.iter().map(|peer| source(peer, PathKind::Direct, Holds::Unknown)).collect();
        want(&mut net, Want::new(thing.id(), ZoneId::private(), sources));
    }
    net.run(60_000);
    assert_eq!(net.device("nA").got.len(), 200);
    let place = |id: ObjectId| net.order.iter().position(|other| *other == id).unwrap_or_default();
    // 64 at once: nobody is overtaken by more than those, but for what was lost.
    let early = things.iter().take(64).filter(|thing| place(thing.id()) < 128).count();
    assert!(early >= 60, "{early}");
}

#[test]
fn a_want_that_listens_asks_only_when_nothing_comes() {
    let mut net = joined(1, 0);
    let thing = object(1, 30_000);
    net.hold("nB", &thing, T, None);
    let mut wanted = Want::new(thing.id(), ZoneId::private(), vec![source("nB", PathKind::Direct, Holds::Everything)]);
    wanted.begin = Begin::Listen;
    want(&mut net, wanted);
    let took = net.run(10_000);
    assert!(net.device("nA").got.contains_key(&thing.id()));
    assert!(took >= 400, "{took}");
}
