#![expect(clippy::arithmetic_side_effects, reason = "a test counts with small numbers")]

mod net;

use super::super::{
    Cells, GossipItem, GossipList, GossipMessage, GossipRequest, GossipSet, GossipSummary, GossipTable, Iblt, IdRange,
    MembershipFilter, SetDigest, Want, XorFilter,
};
use super::{GossipConfig, GossipError, Knowledge, MeshGossip, Output};
use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId};
use fcp_core::sign::{NodeSigningKey, Signature, Signed as _};
use fcp_core::time::{Millis, Timestamp};
use net::{Link, Net, START, item, items, node, zone};
use proptest::prelude::*;
use std::collections::BTreeSet;

#[test]
fn sets_that_differ_by_little_or_much_become_equal() {
    let config = GossipConfig::default();
    for (common, left, right) in
        [(0, 0, 0), (0, 1, 0), (500, 0, 1), (5_000, 20, 30), (20_000, 500, 500), (0, 0, 3_000), (2_000, 3_000, 4_000)]
    {
        let mut net = Net::new(2, config, Link::default(), 1);
        net.admit(0, items(0..common + left));
        net.admit(1, items((0..common).chain(common + left..common + left + right)));
        let rounds = net.until_equal(Millis::from(START).saturating_add_secs(600));
        assert!(rounds.is_some(), "{common} {left} {right}");
        assert_eq!(net.refused, [], "{common} {left} {right}");
    }
}

#[test]
fn a_thousand_of_many_cost_little() {
    let mut net = Net::new(2, GossipConfig::default(), Link::default(), 3);
    net.admit(0, items(0..20_000));
    net.admit(1, items(1_000..20_000));
    assert!(net.until_equal(Millis::from(START).saturating_add_secs(60)).is_some());
    // Both ask for a table of 1536 cells, after summaries with tables of 128; one list of all ids would be 640 kB.
    assert!(net.bytes < 2 * 1_536 * 48 + 5 * 7_000, "{}", net.bytes);
}

#[test]
fn thousands_come_over_in_parts() {
    let config = GossipConfig { max_missing_per_peer: 2_000, ..GossipConfig::default() };
    let mut net = Net::new(2, config, Link::default(), 4);
    net.admit(0, items(0..25_000));
    net.admit(1, items(6_000..25_000));
    assert!(net.until_equal(Millis::from(START).saturating_add_secs(600)).is_some());
    assert!(net.most_missing <= 2_000 + 2_000, "{}", net.most_missing);
}

#[test]
fn who_was_away_for_long_catches_up_and_works_by_the_minute() {
    let config = GossipConfig { max_reconciled_per_min: 4_000, max_served_per_min: 6_000, ..GossipConfig::default() };
    let mut net = Net::new(2, config, Link::default(), 5);
    net.admit(0, items(0..20_000));
    net.admit(1, items(6_000..20_000));
    let took = net.until_equal(Millis::from(START).saturating_add_secs(1_800)).unwrap();
    assert!(took.since(Millis::from(START)) > 60_000, "{took:?}");
}

#[test]
fn what_nobody_fetches_holds_nothing_up_for_ever() {
    let config = GossipConfig { max_missing_per_peer: 500, ..GossipConfig::default() };
    let mut net = Net::new(2, config, Link { fetches: false, ..Link::default() }, 9);
    net.admit(0, items(0..20_000));
    net.admit(1, items(6_000..20_000));
    net.run(Millis::from(START).saturating_add_secs(600));
    assert_eq!(net.nodes[1].gossip.missing(&zone(), &node(0), GossipSet::Objects).count(), 6_000);
}

#[test]
fn knowledge_is_exact_after_reconciling() {
    let mut net = Net::new(2, GossipConfig::default(), Link { fetches: false, ..Link::default() }, 6);
    net.admit(0, items(0..300));
    net.admit(1, items(290..310));
    net.run(Millis::from(START).saturating_add_secs(20));
    let (gossip, peer) = (&net.nodes[0].gossip, node(1));
    let knows = |at| gossip.knowledge(&zone(), &peer, &item(at));
    assert_eq!((knows(0), knows(295), knows(305), knows(400)), {
        use Knowledge::{Absent, Held, Unknown};
        (Absent, Held, Held, Unknown)
    });
    assert_eq!(gossip.missing(&zone(), &peer, GossipSet::Objects).count(), 10);
    assert_eq!(gossip.find_sources(&zone(), &item(305).object_id()).len(), 1);
    assert_eq!(gossip.find_sources(&zone(), &item(0).object_id()), []);
    // What comes in later is not known of the peer.
    let now = net.now;
    let gossip = &mut net.nodes[0].gossip;
    assert!(gossip.insert(now, &zone(), item(900)) && !gossip.insert(now, &zone(), item(900)));
    assert!(gossip.insert(now, &zone(), item(305)));
    assert_eq!(gossip.knowledge(&zone(), &peer, &item(900)), Knowledge::Unknown);
    assert_eq!(gossip.missing(&zone(), &peer, GossipSet::Objects).count(), 9);
    assert!(gossip.evicted(now, &zone(), &item(305)) && !gossip.evicted(now, &zone(), &item(305)));
    assert_eq!(gossip.missing(&zone(), &peer, GossipSet::Objects).count(), 10);
}

#[test]
fn symbols_are_guessed_from_filters_and_known_on_demand() {
    let symbol = |at: u32| GossipItem::symbol(&item(at / 4).object_id(), at % 4).unwrap();
    let mut net = Net::new(2, GossipConfig::default(), Link { fetches: false, ..Link::default() }, 7);
    net.admit(0, items(0..50));
    net.admit(1, items(0..50));
    net.admit(0, (0..200).filter(|at| at % 2 == 0).map(symbol));
    net.admit(1, (0..200).filter(|at| at % 2 == 1).map(symbol));
    net.run(Millis::from(START).saturating_add_secs(20));
    let peer = node(1);
    let likely = |net: &Net, of: u32| {
        let knows = |at: &u32| net.nodes[0].gossip.knowledge(&zone(), &peer, &symbol(*at)) == Knowledge::Likely;
        (0..200).filter(|at| at % 2 == of).filter(knows).count()
    };
    assert_eq!(likely(&net, 1), 100);
    assert!(likely(&net, 0) < 5);
    net.nodes[0].gossip.reconcile(&zone(), &peer, GossipSet::Symbols).unwrap();
    net.run(net.now.saturating_add_secs(20));
    for at in 0..200 {
        let expected = if at % 2 == 1 { Knowledge::Held } else { Knowledge::Absent };
        assert_eq!(net.nodes[0].gossip.knowledge(&zone(), &peer, &symbol(at)), expected);
    }
    assert_eq!(net.refused, []);
}

/// A node that hears from `nPeer1`, and that peer's key.
fn listener() -> (MeshGossip, NodeSigningKey, Millis) {
    let now = Millis::from(START);
    let mut gossip = MeshGossip::new(node(0), GossipConfig::default(), 1);
    gossip.set_members(now, &zone(), [node(0), node(1)]);
    (gossip, NodeSigningKey::from_seed([1; 32]), now)
}

fn summary(timestamp: Timestamp, iblt: Iblt, digest: u8) -> GossipSummary {
    GossipSummary {
        from: node(1),
        zone_id: zone(),
        epoch_id: EpochId::of(timestamp),
        object_filter_digest: SetDigest::from_bytes([digest; 32]),
        symbol_filter_digest: SetDigest::of(GossipSet::Symbols, 0, [].iter()),
        iblt,
        timestamp,
        signature: Signature::ABSENT,
    }
}

fn hear(
    gossip: &mut MeshGossip,
    now: Millis,
    peer: &NodeId,
    message: impl Into<GossipMessage>,
) -> Result<(), GossipError> {
    let key = NodeSigningKey::from_seed([1; 32]).public();
    gossip.handle(now, peer, &key, &message.into().carry(60, 60, now.timestamp()))
}

fn outputs(gossip: &mut MeshGossip) -> Vec<Output> {
    std::iter::from_fn(|| gossip.poll_output()).collect()
}

#[test]
fn only_fresh_summaries_of_members_count() {
    let (mut gossip, key, now) = listener();
    let summary = |at: Timestamp| summary(at, Iblt::new(128).unwrap(), 1);
    let code = |gossip: &mut MeshGossip, peer: &NodeId, message: GossipSummary| {
        hear(gossip, now, peer, message).map_err(|error| error.reason().code())
    };
    assert_eq!(code(&mut gossip, &node(2), summary(START).signed_by(&key)), Err("session.not_a_member"));
    assert_eq!(code(&mut gossip, &node(1), summary(START)), Err("sign.malformed"));
    let other = NodeSigningKey::from_seed([2; 32]);
    assert_eq!(code(&mut gossip, &node(1), summary(START).signed_by(&other)), Err("sign.bad_signature"));
    let mut of_other = summary(START);
    of_other.from = node(2);
    assert_eq!(code(&mut gossip, &node(1), of_other.signed_by(&key)), Err("gossip.wrong_sender"));
    for (at, expected) in [
        (START.saturating_sub(121), Err("gossip.clock_skew")),
        (START.saturating_add(121), Err("gossip.clock_skew")),
        (START, Ok(())),
        (START, Err("gossip.stale")),
        (START.saturating_sub(1), Err("gossip.stale")),
        (START.saturating_add(1), Ok(())),
    ] {
        assert_eq!(code(&mut gossip, &node(1), summary(at).signed_by(&key)), expected);
    }
    let mut elsewhere = summary(START);
    elsewhere.zone_id = ZoneId::private();
    assert_eq!(code(&mut gossip, &node(1), elsewhere.signed_by(&key)), Err("session.not_a_member"));
    gossip.leave(&zone());
    assert_eq!(code(&mut gossip, &node(1), summary(START).signed_by(&key)), Err("session.not_a_member"));
    assert_eq!(gossip.reconcile(&zone(), &node(1), GossipSet::Objects), Err(GossipError::NotAMember));
}

#[test]
fn a_lying_table_changes_nothing_and_costs_its_sender() {
    let (mut gossip, key, now) = listener();
    for item in items(0..100) {
        gossip.insert(now, &zone(), item);
    }
    // A table of this node's set without one item that it holds, and with a symbol among the objects; then one in which an
    // item that this node does not hold is taken away.
    let mut with_a_symbol = Iblt::new(128).unwrap();
    let mut without_a_stranger = Iblt::new(128).unwrap();
    for item in items(0..100) {
        with_a_symbol.insert(&item);
        without_a_stranger.insert(&item);
    }
    with_a_symbol.insert(&GossipItem::symbol(&item(5).object_id(), 7).unwrap());
    without_a_stranger.remove(&item(200));
    for (at, table) in (0..).zip([with_a_symbol, without_a_stranger]) {
        let later = now.saturating_add_secs(100 * at);
        let summary = summary(later.timestamp(), table, 9).signed_by(&key);
        assert_eq!(hear(&mut gossip, later, &node(1), summary), Err(GossipError::Inconsistent));
        assert_eq!(outputs(&mut gossip), []);
        assert_eq!(gossip.held(&zone(), GossipSet::Objects).unwrap().len(), 100);
        assert_eq!(gossip.missing(&zone(), &node(1), GossipSet::Objects).count(), 0);
        // It is left alone: a table in which too much differs leads to no request.
        let again = later.saturating_add_secs(1);
        let full = items(300..900).iter().fold(Iblt::new(128).unwrap(), |mut table, item| {
            table.insert(item);
            table
        });
        let honest = self::summary(again.timestamp(), full, 8).signed_by(&key);
        assert_eq!(hear(&mut gossip, again, &node(1), honest), Ok(()));
        assert_eq!(outputs(&mut gossip), []);
    }
}

#[test]
fn what_was_not_asked_for_is_refused() {
    let (mut gossip, _, now) = listener();
    let (zone_id, set, range, n) = (zone(), GossipSet::Objects, IdRange::ALL, 0);
    let digest = SetDigest::from_bytes([0; 32]);
    let filter = XorFilter::build(Vec::new(), 1).unwrap();
    let unasked: [GossipMessage; 3] = [
        GossipTable { zone_id: zone_id.clone(), set, range, n, iblt: Iblt::new(128).unwrap() }.into(),
        GossipList::new(zone_id.clone(), set, range, n, [].iter()).into(),
        MembershipFilter { zone_id: zone_id.clone(), set, range, n, digest, filter }.into(),
    ];
    for message in &unasked {
        assert_eq!(hear(&mut gossip, now, &node(1), message.clone()), Err(GossipError::Unasked));
    }
    gossip.reconcile(&zone_id, &node(1), set).unwrap();
    gossip.handle_timeout(now, &NodeSigningKey::from_seed([0; 32]));
    let cells = Cells::new(128).unwrap();
    let asked = GossipRequest { zone_id, set, range, want: Want::Table(cells) };
    assert!(outputs(&mut gossip).contains(&Output::Send { peer: node(1), message: asked.into() }));
    for message in &unasked[1..] {
        assert_eq!(hear(&mut gossip, now, &node(1), message.clone()), Err(GossipError::Unasked));
    }
    assert_eq!(hear(&mut gossip, now, &node(1), unasked[0].clone()), Ok(()));
    assert_eq!(hear(&mut gossip, now, &node(1), unasked[0].clone()), Err(GossipError::Unasked));
}

#[test]
fn work_for_a_peer_is_bounded() {
    let (mut gossip, _, now) = listener();
    for item in items(0..2_000) {
        gossip.insert(now, &zone(), item);
    }
    let request = GossipRequest { zone_id: zone(), set: GossipSet::Objects, range: IdRange::ALL, want: Want::List };
    let answered = (0..10_000).filter(|_| hear(&mut gossip, now, &node(1), request.clone()).is_ok()).count();
    assert_eq!(answered, 500, "a million units, of 2001 each");
    assert_eq!(hear(&mut gossip, now, &node(1), request.clone()), Err(GossipError::Budget));
    let later = now.saturating_add_secs(70);
    assert_eq!(hear(&mut gossip, later, &node(1), request), Ok(()));
}

#[test]
fn a_silent_peer_is_asked_a_few_times_and_then_left_alone() {
    let (mut gossip, _, now) = listener();
    let key = NodeSigningKey::from_seed([0; 32]);
    gossip.reconcile(&zone(), &node(1), GossipSet::Objects).unwrap();
    let (mut asked, mut at) = (Vec::new(), now);
    while at < now.saturating_add_secs(600) {
        gossip.handle_timeout(at, &key);
        for output in outputs(&mut gossip) {
            if let Output::Send { message: GossipMessage::Request(_), .. } = output {
                asked.push(at.since(now) / 1000);
            }
        }
        at = gossip.poll_timeout().unwrap().max(at.saturating_add(1));
    }
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert!(!gossip.is_reconciling(&zone(), &node(1)));
}

#[test]
fn strangers_hear_nothing() {
    let mut net = Net::new(3, GossipConfig::default(), Link::default(), 8);
    // The third node believes that it is a member; the others know better.
    for at in 0..2 {
        net.nodes[at].gossip.set_members(net.now, &zone(), [node(0), node(1)]);
    }
    net.admit(0, items(0..10));
    net.run(Millis::from(START).saturating_add_secs(120));
    let held = |at: usize| net.nodes[at].gossip.held(&zone(), GossipSet::Objects).unwrap().len();
    assert_eq!((held(1), held(2)), (10, 0));
    assert!(net.refused.iter().all(|error| *error == GossipError::NotAMember) && !net.refused.is_empty());
}

#[test]
fn zones_are_apart() {
    let now = Millis::from(START);
    let mut gossip = MeshGossip::new(node(0), GossipConfig::default(), 1);
    gossip.set_members(now, &zone(), [node(1)]);
    gossip.set_members(now, &ZoneId::private(), [node(2)]);
    assert!(gossip.insert(now, &zone(), item(1)));
    assert!(!gossip.insert(now, &ZoneId::public(), item(1)), "no part is taken in that zone");
    assert_eq!(gossip.held(&ZoneId::private(), GossipSet::Objects).map(super::HeldItems::len), Some(0));
    gossip.handle_timeout(now.saturating_add_secs(5), &NodeSigningKey::from_seed([0; 32]));
    let sent: BTreeSet<(NodeId, ZoneId)> = outputs(&mut gossip)
        .into_iter()
        .filter_map(|output| match output {
            Output::Send { peer, message } => Some((peer, message.zone_id().clone())),
            _ => None,
        })
        .collect();
    assert_eq!(sent, [(node(1), zone()), (node(2), ZoneId::private())].into());
}

#[test]
fn who_greets_gets_the_summary_again() {
    let (mut gossip, _, now) = listener();
    let key = NodeSigningKey::from_seed([0; 32]);
    let later = now.saturating_add_secs(3);
    gossip.handle_timeout(later, &key);
    let first = outputs(&mut gossip);
    assert_eq!(first.len(), 1);
    gossip.greet(&node(1));
    gossip.greet(&ObjectId::from_bytes([1; 32]).short().parse().unwrap_or_else(|_| node(9)));
    assert_eq!(gossip.poll_timeout(), Some(Millis::default()));
    gossip.handle_timeout(later, &key);
    assert_eq!(outputs(&mut gossip), first);
    gossip.handle_timeout(later, &key);
    assert_eq!(outputs(&mut gossip), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn peers_converge_whatever_the_network_does(
        nodes in 2_usize..6,
        seed: u64,
        loss in 0_u64..40,
        duplication in 0_u64..30,
        delay in 1_u64..8_000,
        common in 0_u32..400,
        own in prop::collection::vec(0_u32..300, 6),
        forgetful: bool,
    ) {
        let link = Link { loss, duplication, delay, fetches: true };
        // Little to remember and to miss at once, so that rounds are cut short.
        let small = GossipConfig { max_missing_per_peer: 100, max_known_per_peer: 150, ..GossipConfig::default() };
        let mut net = Net::new(nodes, if forgetful { small } else { GossipConfig::default() }, link, seed);
        for (at, own) in own.iter().take(nodes).enumerate() {
            let start = 1_000 * u32::try_from(at + 1).unwrap();
            net.admit(at, items((0..common).chain(start..start + own)));
        }
        let expected: u32 = common + own[..nodes].iter().sum::<u32>();
        prop_assert!(net.until_equal(Millis::from(START).saturating_add_secs(7_200)).is_some());
        let held = net.nodes[0].gossip.held(&zone(), GossipSet::Objects).unwrap();
        prop_assert_eq!(held.len(), expected, "nothing is made up");
        let fault = net.refused.iter().find(|error| !matches!(error, GossipError::Unasked | GossipError::Stale));
        prop_assert_eq!(fault, None, "honest nodes contradict nobody");
    }

    #[test]
    fn hostile_messages_change_nothing(
        kinds in prop::collection::vec((0_u8..5, any::<u64>(), any::<u8>()), 1..40),
    ) {
        let (mut gossip, key, mut now) = listener();
        let own = NodeSigningKey::from_seed([0; 32]);
        for item in items(0..50) {
            gossip.insert(now, &zone(), item);
        }
        gossip.reconcile(&zone(), &node(1), GossipSet::Objects).unwrap();
        for (kind, seed, byte) in kinds {
            now = now.saturating_add(seed % 30_000);
            gossip.handle_timeout(now, &own);
            let mut asked = None;
            for output in outputs(&mut gossip) {
                if let Output::Send { message: GossipMessage::Request(request), .. } = output {
                    asked = Some(request);
                }
            }
            let (set, range, want) = asked.map_or(
                (GossipSet::Objects, IdRange::ALL, Want::List),
                |asked| (asked.set, asked.range, asked.want),
            );
            let cells = if let Want::Table(cells) = want { cells.get() } else { 128 };
            let mut bytes = Iblt::new(cells).unwrap().to_bytes();
            for (at, place) in bytes.iter_mut().skip(6).enumerate() {
                *place = if byte < 128 { 0 } else { seed.rotate_left(u32::try_from(at % 64).unwrap()).to_le_bytes()[0] };
            }
            let iblt = Iblt::parse(&bytes).unwrap();
            let n = u32::from(byte) * 70_000;
            let message: GossipMessage = match kind {
                0 => summary(now.timestamp(), iblt, byte).signed_by(&key).into(),
                1 => GossipTable { zone_id: zone(), set, range, n, iblt }.into(),
                2 => GossipList::new(zone(), set, range, n.max(65_537), [].iter()).into(),
                3 => {
                    let filter = XorFilter::build(vec![seed], seed).unwrap();
                    let digest = SetDigest::from_bytes([byte; 32]);
                    MembershipFilter { zone_id: zone(), set, range, n: n.max(1), digest, filter }.into()
                }
                _ => GossipRequest { zone_id: zone(), set, range, want }.into(),
            };
            let _ = hear(&mut gossip, now, &node(1), message);
        }
        let held = gossip.held(&zone(), GossipSet::Objects).unwrap();
        prop_assert!(held.range(IdRange::ALL).copied().collect::<BTreeSet<_>>() == items(0..50).into_iter().collect());
    }
}
