//! One node pushes objects to others.

use fcp_core::id::ZoneId;
use fcp_symbols::delivery::{Goal, Offer, OfferError, OfferKind, PathId, PathKind, Priority};
use fcp_symbols::esi::EsiSet;
use fcp_symbols::raptor::{Coding, SymbolSize};
use proptest::prelude::*;

use crate::net::{Link, Net, block_of, node, object};

const T: SymbolSize = SymbolSize::DEFAULT;

/// How many symbols are sent at most, on average, for 100 that the object has, at each rate of losses in a thousand. What a
/// sender that knew the losses would send is 100·1000/(1000−loss).
const SENT_AT_MOST: [(u32, u32); 7] = [(0, 107), (50, 115), (100, 122), (200, 140), (300, 160), (400, 190), (500, 230)];

#[test]
fn losses_are_made_up_for_with_few_more_symbols_than_were_lost() {
    for (loss, at_most) in SENT_AT_MOST {
        let (mut total, mut slowest) = (0, 0);
        for seed in 0..20 {
            let mut net = Net::new(seed, &["nA", "nB"]);
            net.join("nA", "nB", &[(PathKind::Direct, Link::lossy(loss), 1200)]);
            let thing = object(1, 64 * 1024);
            net.push("nA", "nB", &thing, T, Goal::Object);
            slowest = slowest.max(net.run(60_000));
            assert!(net.device("nB").got.contains_key(&thing.id()), "loss {loss} seed {seed}");
            let done = &net.device("nA").done;
            assert!(done.iter().any(|(what, _)| what.kind == OfferKind::Object), "loss {loss} seed {seed}");
            total += net.sent_of("nA", "nB", &thing);
        }
        let k = u32::from(block_of(&object(1, 64 * 1024), T).k());
        println!("loss {loss}: {} symbols of {k} on average, slowest {slowest} ms", total / 20);
        assert!(total * 100 <= 20 * k * at_most, "loss {loss}: {total} symbols of 20 times {k}");
    }
}

#[test]
fn repetitions_and_reordering_do_no_harm() {
    for seed in 0..10 {
        let mut net = Net::new(seed, &["nA", "nB"]);
        let link = Link { jitter_ms: 30, repeat: 300, loss: 50, ..Link::GOOD };
        net.join("nA", "nB", &[(PathKind::Direct, link, 1200), (PathKind::Relay, link, 1200)]);
        let thing = object(1, 256 * 1024);
        net.push("nA", "nB", &thing, T, Goal::Object);
        let took = net.run(30_000);
        assert!(net.device("nB").got.contains_key(&thing.id()));
        let (sent, k) = (net.sent_of("nA", "nB", &thing), u32::from(block_of(&thing, T).k()));
        assert!(sent * 100 <= k * 150, "seed {seed}: {sent} of {k} in {took} ms");
    }
}

#[test]
fn a_dead_path_beside_a_good_one_is_left() {
    let mut net = Net::new(1, &["nA", "nB"]);
    net.join("nA", "nB", &[(PathKind::Lan, Link::DEAD, 1200), (PathKind::Relay, Link::GOOD, 1200)]);
    let thing = object(1, 256 * 1024);
    net.push("nA", "nB", &thing, T, Goal::Object);
    let took = net.run(5_000);
    assert!(net.device("nB").got.contains_key(&thing.id()));
    let (dead, good) = (net.on_path[&PathId::new(0)], net.on_path[&PathId::new(1)]);
    assert!(dead <= 40 && good >= 256, "{took} ms, {dead} into the void, {good} over the relay");
}

#[test]
fn all_paths_are_used_and_the_better_one_more() {
    let mut net = Net::new(1, &["nA", "nB"]);
    let slow = Link { delay_ms: 80, per_ms: 1, loss: 100, ..Link::GOOD };
    net.join("nA", "nB", &[(PathKind::Direct, Link::GOOD, 1200), (PathKind::Relay, slow, 1200)]);
    let thing = object(1, 1024 * 1024);
    net.push("nA", "nB", &thing, T, Goal::Object);
    net.run(10_000);
    assert!(net.device("nB").got.contains_key(&thing.id()));
    let (good, bad) = (net.on_path[&PathId::new(0)], net.on_path[&PathId::new(1)]);
    assert!(bad >= 10 && good > 4 * bad, "{good} {bad}");
}

#[test]
fn a_narrow_path_is_not_flooded() {
    // Two datagrams a millisecond pass; what comes beyond that is dropped.
    let mut net = Net::new(1, &["nA", "nB"]);
    net.join("nA", "nB", &[(PathKind::Direct, Link { per_ms: 2, ..Link::GOOD }, 1200)]);
    let thing = object(1, 1024 * 1024);
    net.push("nA", "nB", &thing, T, Goal::Object);
    let took = net.run(20_000);
    let (sent, k) = (net.sent_of("nA", "nB", &thing), u32::from(block_of(&thing, T).k()));
    println!("{sent} symbols of {k} in {took} ms");
    assert!(sent * 100 <= k * 150, "{sent} of {k}");
}

#[test]
fn a_slow_control_stream_only_slows_down() {
    let mut net = Net::new(1, &["nA", "nB"]);
    net.control_ms = 900;
    net.join("nA", "nB", &[(PathKind::Direct, Link::lossy(100), 1200)]);
    let thing = object(1, 64 * 1024);
    net.push("nA", "nB", &thing, T, Goal::Object);
    net.run(30_000);
    assert!(net.device("nB").got.contains_key(&thing.id()));
    let (sent, k) = (net.sent_of("nA", "nB", &thing), u32::from(block_of(&thing, T).k()));
    assert!(sent <= 3 * k, "{sent} of {k}");
}

#[test]
fn several_symbols_share_a_datagram_that_holds_them() {
    let mut net = Net::new(1, &["nA", "nB"]);
    net.join("nA", "nB", &[(PathKind::Direct, Link::GOOD, 9000)]);
    let thing = object(1, 64 * 1024);
    net.push("nA", "nB", &thing, T, Goal::Object);
    net.run(5_000);
    let datagrams = net.on_path[&PathId::new(0)];
    // (9000 − 154) / 1046 are 8.
    assert!((9..=12).contains(&datagrams), "{datagrams}");
}

#[test]
fn a_small_object_does_not_wait_for_a_large_one_nor_the_large_one_for_many_small() {
    let mut net = Net::new(1, &["nA", "nB"]);
    net.join("nA", "nB", &[(PathKind::Direct, Link { per_ms: 2, ..Link::GOOD }, 1200)]);
    let large = object(0, 1024 * 1024);
    net.push("nA", "nB", &large, T, Goal::Object);
    let small: Vec<_> = (1..=200).map(|tag| object(tag, 3000)).collect();
    for thing in &small {
        net.push("nA", "nB", thing, T, Goal::Object);
    }
    net.run(30_000);
    let finished = |net: &mut Net, id| net.device("nB").got[&id].0 - crate::net::START;
    let last_small = small.iter().map(|thing| finished(&mut net, thing.id())).max().unwrap_or_default();
    let large_at = finished(&mut net, large.id());
    println!("200 small ones after {last_small} ms, the large one after {large_at} ms");
    assert!(last_small < large_at, "{last_small} {large_at}");
    assert_eq!(net.order.iter().position(|id| *id == small[0].id()), Some(0));
}

#[test]
fn bulk_moves_although_urgent_objects_never_end() {
    let mut net = Net::new(1, &["nA", "nB"]);
    net.join("nA", "nB", &[(PathKind::Direct, Link::GOOD, 1200)]);
    let endless = object(0, 2_000_000);
    let block = block_of(&endless, T);
    let offer = Offer::new(endless.id(), ZoneId::private(), block, Coding::RaptorQ, Goal::Object);
    net.push_offer("nA", "nB", &endless, T, offer.with_priority(Priority::Urgent));
    let bulk = object(1, 64 * 1024);
    net.push("nA", "nB", &bulk, T, Goal::Object);
    net.run(60_000);
    assert_eq!(net.order, [bulk.id(), endless.id()]);
}

#[test]
fn objects_and_peers_have_equal_parts() {
    let mut net = Net::new(1, &["nA", "nB", "nC"]);
    for peer in ["nB", "nC"] {
        net.join("nA", peer, &[(PathKind::Direct, Link { per_ms: 2, ..Link::GOOD }, 1200)]);
    }
    let things: Vec<_> = (0..3).map(|tag| object(tag, 200_000)).collect();
    for thing in &things {
        for peer in ["nB", "nC"] {
            net.push("nA", peer, thing, T, Goal::Object);
        }
    }
    net.run(30_000);
    for peer in ["nB", "nC"] {
        let times: Vec<u64> = things.iter().map(|thing| net.device(peer).got[&thing.id()].0).collect();
        let (first, last) = (times.iter().min().unwrap(), times.iter().max().unwrap());
        let begin = crate::net::START;
        assert!((last - begin) < 2 * (first - begin), "{times:?}");
    }
}

#[test]
fn many_objects_share_few_windows() {
    let mut net = Net::new(3, &["nA", "nB"]);
    net.join("nA", "nB", &[(PathKind::Direct, Link::lossy(20), 1200), (PathKind::Relay, Link::lossy(20), 1200)]);
    let things: Vec<_> = (0..100).map(|tag| object(tag, 20_000)).collect();
    for thing in &things {
        net.push("nA", "nB", thing, T, Goal::Object);
    }
    let took = net.run(60_000);
    assert_eq!(net.device("nB").got.len(), 100);
    let sent: u32 = things.iter().map(|thing| net.sent_of("nA", "nB", thing)).sum();
    let k: u32 = things.iter().map(|thing| u32::from(block_of(thing, T).k())).sum();
    println!("{sent} symbols of {k} in {took} ms, {} statuses", net.device("nB").statuses);
    assert!(sent * 100 <= k * 125);
    assert_eq!(net.device("nA").sender.offers(), 0);
    assert_eq!((net.device("nB").reassembly.bytes(), net.device("nB").receiver.bytes()), (0, 0));
    let path = net.device("nA").sender.path(&node("nB"), PathId::new(0)).unwrap();
    assert_eq!(path.in_flight, 0);
}

#[test]
fn a_run_is_sent_until_its_holder_has_it_and_no_longer() {
    for loss in [0, 100, 300, 500] {
        for seed in 0..10 {
            let mut net = Net::new(seed, &["nA", "nB"]);
            net.join("nA", "nB", &[(PathKind::Direct, Link::lossy(loss), 1200)]);
            let thing = object(1, 64 * 1024);
            net.push("nA", "nB", &thing, T, Goal::Hold(EsiSet::from(40..80)));
            net.run(120_000);
            let stored = &net.device("nB").stored[&(thing.id(), node("nA"))];
            assert!(stored.iter().copied().eq(40..80), "loss {loss} seed {seed}: {stored:?}");
            assert_eq!(net.device("nA").done[0].0.kind, OfferKind::Hold);
            let sent = net.sent_of("nA", "nB", &thing);
            assert!(sent <= if loss == 0 { 40 } else { 40 * 5 }, "loss {loss} seed {seed}: {sent}");
        }
    }
}

#[test]
fn nobody_there_is_a_reason() {
    let mut net = Net::new(1, &["nA", "nB"]);
    net.join("nA", "nB", &[(PathKind::Direct, Link::DEAD, 1200)]);
    let thing = object(1, 64 * 1024);
    net.push("nA", "nB", &thing, T, Goal::Object);
    net.run(60_000);
    assert_eq!(net.device("nA").gave_up[0].1, "symbol.unacknowledged");
    let sent = net.sent_of("nA", "nB", &thing);
    assert!(sent <= 69, "{sent}");

    let mut net = Net::new(1, &["nA", "nB"]);
    net.push("nA", "nB", &thing, T, Goal::Object);
    net.run(60_000);
    assert_eq!(net.device("nA").gave_up[0].1, "symbol.no_path");

    let mut net = Net::new(1, &["nA", "nB"]);
    net.join("nA", "nB", &[(PathKind::Direct, Link::lossy(500), 1200)]);
    let offer = Offer::new(thing.id(), ZoneId::private(), block_of(&thing, T), Coding::RaptorQ, Goal::Object);
    net.device("nB").mute = true;
    net.push_offer("nA", "nB", &thing, T, offer.with_max_symbols(70));
    net.run(60_000);
    assert_eq!(net.device("nA").gave_up[0].1, "symbol.send_limit");
    assert_eq!(net.sent_of("nA", "nB", &thing), 70);
}

#[test]
fn who_comes_back_is_sent_the_rest() {
    let mut net = Net::new(1, &["nA", "nB"]);
    let paths = [(PathKind::Direct, Link::lossy(1000), 1200)];
    net.join("nA", "nB", &paths);
    let thing = object(1, 64 * 1024);
    net.push("nA", "nB", &thing, T, Goal::Hold(EsiSet::from(0..30)));
    let now = net.at();
    net.device("nA").sender.set_paths(now, &node("nB"), &[]).unwrap();
    net.join("nA", "nB", &[(PathKind::Direct, Link::GOOD, 1200)]);
    net.run(5_000);
    assert_eq!(net.device("nA").done.len(), 1);
}

#[test]
fn symbols_that_the_coding_has_not_are_not_offered() {
    let mut net = Net::new(1, &["nA", "nB"]);
    let (thing, now) = (object(1, 3000), net.at());
    let offer =
        |coding, esis: EsiSet| Offer::new(thing.id(), ZoneId::private(), block_of(&thing, T), coding, Goal::Hold(esis));
    let sender = &mut net.device("nA").sender;
    let refused = sender.offer(now, &node("nB"), offer(Coding::Raw, EsiSet::from(0..5))).unwrap_err();
    assert_eq!((refused, refused.reason().code()), (OfferError::Esi, "symbol.bad_esi"));
    assert!(sender.offer(now, &node("nB"), offer(Coding::RaptorQ, EsiSet::from(0..(1 << 24) + 1))).is_err());
    assert!(sender.offer(now, &node("nB"), offer(Coding::RaptorQ, EsiSet::from(0..1 << 24))).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the network does, each delivery ends, and nothing is left behind.
    #[test]
    fn every_delivery_ends(
        seed: u64,
        paths in prop::collection::vec((1_u64..200, 0_u64..100, 0_u32..600, 0_u32..200, 0_u64..4, 600_usize..9000), 1..4),
        lengths in prop::collection::vec(1_usize..60_000, 1..6),
        small in any::<bool>(),
    ) {
        let mut net = Net::new(seed, &["nA", "nB"]);
        let size = if small { SymbolSize::MIN } else { SymbolSize::new(512).unwrap() };
        let link = |(delay_ms, jitter_ms, loss, repeat, per_ms, mtu)| {
            (PathKind::Direct, Link { delay_ms, jitter_ms, loss, repeat, per_ms }, mtu)
        };
        let paths: Vec<_> = paths.into_iter().map(link).collect();
        net.join("nA", "nB", &paths);
        let things: Vec<_> = lengths.iter().zip(0..).map(|(len, tag)| object(tag, *len)).collect();
        for thing in &things {
            net.push("nA", "nB", thing, size, Goal::Object);
        }
        net.run(600_000);
        let device = net.device("nA");
        let ended = device.done.iter().filter(|(what, _)| what.kind == OfferKind::Object).count() + device.gave_up.len();
        prop_assert!(ended >= things.len());
        prop_assert_eq!(device.sender.offers(), 0);
        for thing in &things {
            let k = block_of(thing, size).required();
            prop_assert!(net.sent_of("nA", "nB", thing) <= 16 * k + 200, "no more than was allowed and asked for");
        }
        prop_assert_eq!((net.device("nB").reassembly.bytes(), net.device("nB").receiver.bytes()), (0, 0));
    }
}
