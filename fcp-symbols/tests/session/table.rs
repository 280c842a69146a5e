//! Tables over good and bad networks.

use super::pair::{Network, Pair, Side};
use super::support::{NOW, attested, frame, known, local, node, signing_key};
use core::net::SocketAddr;
use fcp_core::error::Reason;
use fcp_core::time::Millis;
use fcp_symbols::fcpc::FcpcError;
use fcp_symbols::session::wire::WireMessage;
use fcp_symbols::session::{
    Attestations, AttestedKey, CookiePolicy, LocalNode, MeshSessionAck, Role, SendError, SessionReplayPolicy, SuiteId,
    TableConfig, Terms, TransportLimits,
};

fn config() -> TableConfig {
    TableConfig { cookies: CookiePolicy::Never, ..TableConfig::default() }
}

fn elsewhere() -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 9], 9))
}

#[test]
fn frames_go_both_ways_once() {
    let mut pair = Pair::connected(&config());
    assert_eq!(pair.laptop.table.session_with(pair.now, &Side::Server.id()).unwrap().role(), Role::Initiator);
    assert_eq!(pair.server.table.session_with(pair.now, &Side::Laptop.id()).unwrap().role(), Role::Responder);
    for side in [Side::Laptop, Side::Server] {
        for _ in 0..3 {
            pair.send(side, 200).unwrap();
        }
        pair.run_ms(100);
    }
    assert_eq!((&pair.laptop.frames, &pair.server.frames), (&vec![1, 2, 3], &vec![1, 2, 3]));

    // Everything once more: frames are replays, and the hello was answered.
    for packet in pair.log.clone() {
        let side = if packet.to == pair.server.address { Side::Server } else { Side::Laptop };
        assert!(pair.deliver(side, packet.from, &packet.bytes).is_err());
    }
    assert_eq!((pair.laptop.refused("frame.replay"), pair.server.refused("frame.replay")), (3, 3));
    assert_eq!(pair.server.refused("session.replayed_hello"), 1);
    assert_eq!(pair.laptop.refused("session.unexpected_message"), 1);
    // And back to where they came from.
    for packet in pair.log.clone().split_off(2) {
        let side = if packet.to == pair.server.address { Side::Laptop } else { Side::Server };
        let error = pair.deliver(side, packet.to, &packet.bytes).unwrap_err();
        assert_eq!(error.reason().code(), "frame.mac_invalid");
    }
    assert_eq!((pair.laptop.open.len(), pair.server.open.len()), (1, 1));
}

#[test]
fn what_is_not_sealed_in_the_session_is_refused() {
    let mut pair = Pair::connected(&config());
    let (_, _, good) = pair.seal(Side::Laptop, 300).unwrap();
    let from = pair.laptop.address;
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 0x10;
        let code = pair.deliver(Side::Server, from, &changed).unwrap_err().reason().code();
        assert_eq!(code, if at < 16 { "session.unknown" } else { "frame.mac_invalid" }, "byte {at}");
    }
    for len in 0..154 {
        let code = pair.deliver(Side::Server, from, &good[..len]).unwrap_err().reason().code();
        assert_eq!(code, "frame.too_short");
    }
    let long = [&good[..], &[0; 900]].concat();
    assert_eq!(pair.deliver(Side::Server, from, &long).unwrap_err().reason().code(), "frame.too_large");
    pair.deliver(Side::Server, from, &good).unwrap();

    assert_eq!(pair.send(Side::Laptop, 1161), Err(SendError::Datagram(fcp_symbols::datagram::DatagramError::TooLarge)));
    pair.send(Side::Laptop, 1160).unwrap();
    let now = pair.now;
    let id = pair.laptop.table.next_frame().unwrap().instance();
    for (number, reason) in
        [((id, 0), "frame.seq_mismatch"), ((id, 99), "frame.seq_mismatch"), ((id ^ 1, 1), "frame.seq_mismatch")]
    {
        let mut bytes = [&[0; 40][..], &frame(number.0, number.1, 200)].concat();
        let error = pair.laptop.table.seal(now, &Side::Server.id(), &mut bytes).unwrap_err();
        assert_eq!(error.reason().code(), reason);
    }
    let mut short = vec![0; 153];
    let error = pair.laptop.table.seal(now, &Side::Server.id(), &mut short).unwrap_err();
    assert_eq!(error.reason().code(), "frame.too_short");
    let mut bytes = [&[0; 40][..], &frame(id, 1, 200)].concat();
    assert_eq!(pair.laptop.table.seal(now, &node("nOther"), &mut bytes), Err(SendError::NoSession));
}

#[test]
fn a_lost_hello_or_ack_is_said_again() {
    for lost in [Side::Laptop, Side::Server] {
        let mut pair = Pair::new(&config());
        pair.connect(Side::Laptop);
        if lost == Side::Server {
            pair.run_ms(7);
            assert_eq!((pair.laptop.established, pair.server.established), (0, 1));
        }
        pair.lose_all();
        pair.run_ms(1000);
        assert_eq!((pair.laptop.established, pair.server.established), (1, 1), "{lost:?}");
        assert_eq!(pair.laptop.open, pair.server.open);
        pair.send(Side::Laptop, 200).unwrap();
        pair.send(Side::Server, 200).unwrap();
        pair.run_ms(100);
        assert_eq!((pair.laptop.frames.len(), pair.server.frames.len()), (1, 1));
    }
}

#[test]
fn an_answer_is_repeated_a_few_times_and_only_to_its_address() {
    let mut pair = Pair::new(&config());
    pair.connect(Side::Laptop);
    let hello = pair.log[0].clone();
    pair.lose_all();
    pair.deliver(Side::Server, hello.from, &hello.bytes).unwrap();
    let code = |error: fcp_symbols::session::ReceiveError| error.reason().code();
    assert_eq!(pair.deliver(Side::Server, elsewhere(), &hello.bytes).map_err(code), Err("session.replayed_hello"));
    for _ in 0..8 {
        pair.deliver(Side::Server, hello.from, &hello.bytes).unwrap();
    }
    assert_eq!(pair.deliver(Side::Server, hello.from, &hello.bytes).map_err(code), Err("session.replayed_hello"));
    assert_eq!(pair.log.len(), 1 + 9);
    assert_eq!((pair.server.lookups, pair.server.established), (1, 1), "each answer is the same one");
    assert!(pair.log[1..].iter().all(|packet| packet.bytes == pair.log[1].bytes && packet.to == hello.from));
}

#[test]
fn nobody_there() {
    let mut pair = Pair::new(&config());
    pair.network.loss = 100;
    pair.connect(Side::Laptop);
    pair.connect(Side::Laptop);
    pair.run_secs(11);
    assert_eq!(pair.laptop.failed, [Reason::SessionTimedOut]);
    // At 0, 0.5, 1.5, 3.5, 5.5, 7.5 and 9.5 s.
    assert_eq!(pair.log.len(), 7);
    assert!(pair.log.iter().all(|packet| packet.bytes == pair.log[0].bytes));
    pair.network.loss = 0;
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    assert_eq!(pair.laptop.established, 1);
}

#[test]
fn a_bad_network_is_overcome() {
    for seed in 0..100 {
        let mut pair = Pair::with(&config(), &TableConfig { cookies: CookiePolicy::Always, ..config() }, seed);
        pair.network = Network { loss: 30, duplicates: 30, jitter_ms: 400 };
        pair.connect(Side::Laptop);
        let mut sent = [Vec::new(), Vec::new()];
        for round in 0..500 {
            pair.run_ms(50);
            if !pair.laptop.failed.is_empty() {
                // A cookie that outlived its key, or five losses in a row.
                pair.laptop.failed.clear();
                pair.connect(Side::Laptop);
            }
            let both = pair.laptop.established > 0 && pair.server.established > 0;
            for (side, sent) in [Side::Laptop, Side::Server].into_iter().zip(&mut sent) {
                match pair.send(side, 200) {
                    Ok(seq) => sent.push((seq, both)),
                    Err(error) => assert!(error == SendError::NoSession, "seed {seed}, round {round}: {error}"),
                }
            }
        }
        pair.run_secs(2);
        assert!(pair.laptop.established >= 1 && pair.server.established >= 1, "seed {seed}");
        for (sent, end) in sent.iter().zip([&pair.server, &pair.laptop]) {
            let mut arrived = end.frames.clone();
            arrived.sort_unstable();
            assert!(arrived.windows(2).all(|pair| pair[0] < pair[1]), "seed {seed}: nothing arrives twice");
            assert!(arrived.iter().all(|seq| sent.iter().any(|(number, _)| number == seq)), "seed {seed}");
            let due = sent.iter().filter(|(_, both)| *both).count();
            assert!(arrived.len() * 10 > due * 6, "seed {seed}: {} of {due}", arrived.len());
        }
        let strange = |code: &&str| {
            !["frame.replay", "session.replayed_hello", "session.unexpected_message", "session.unknown"].contains(code)
        };
        for end in [&pair.laptop, &pair.server] {
            assert_eq!(end.refused.keys().find(|code| strange(code)), None, "seed {seed}");
        }
    }
}

#[test]
fn a_demanded_cookie_leaves_nothing_behind() {
    let mut pair = Pair::with(&config(), &TableConfig { cookies: CookiePolicy::Always, ..config() }, 0);
    pair.connect(Side::Laptop);
    let hello = pair.log[0].clone();
    pair.lose_all();
    // A flood from everywhere: an answer each, shorter than the hello, and nobody's key is looked up.
    for port in 1..500 {
        pair.deliver(Side::Server, SocketAddr::from(([203, 0, 113, 1], port)), &hello.bytes).unwrap();
    }
    assert_eq!((pair.server.lookups, pair.server.table.sessions().count()), (0, 0));
    assert!(pair.log[1..].iter().all(|packet| packet.bytes.len() < hello.bytes.len()));
    pair.lose_all();
    pair.run_secs(1);
    assert_eq!((pair.laptop.established, pair.server.established), (1, 1));
    assert_eq!((pair.laptop.lookups, pair.server.lookups), (1, 1));

    // A second cookie for the same handshake goes nowhere.
    pair.connect(Side::Laptop);
    pair.run_ms(8);
    let retry = pair.log.last().unwrap().clone();
    assert_eq!(retry.to, pair.laptop.address);
    pair.deliver(Side::Laptop, retry.from, &retry.bytes).unwrap();
    let again = pair.deliver(Side::Laptop, retry.from, &retry.bytes).unwrap_err();
    assert_eq!(again.reason().code(), "session.unexpected_message");
    let strange = pair.deliver(Side::Laptop, elsewhere(), &retry.bytes).unwrap_err();
    assert_eq!(strange.reason().code(), "session.unexpected_message");
}

#[test]
fn cookies_are_demanded_under_load() {
    let policy = CookiePolicy::Above { hellos_per_second: 3 };
    let mut pair = Pair::with(&config(), &TableConfig { cookies: policy, ..config() }, 0);
    let mut hellos = Vec::new();
    for _ in 0..5 {
        pair.connect(Side::Laptop);
        hellos.push(pair.log.last().unwrap().clone());
        pair.laptop.table.disconnect(&Side::Server.id(), Reason::SessionClosed);
        pair.lose_all();
    }
    for hello in &hellos {
        pair.deliver(Side::Server, hello.from, &hello.bytes).unwrap();
        pair.lose_all();
    }
    assert_eq!(pair.server.lookups, 3, "the fourth and fifth are asked for a cookie");
    pair.run_secs(1);
    pair.deliver(Side::Server, hellos[4].from, &hellos[4].bytes).unwrap();
    assert_eq!(pair.server.lookups, 4, "the next second has its own");
}

#[test]
fn a_short_hello_gets_no_long_answer() {
    let above = TableConfig { cookies: CookiePolicy::default(), ..config() };
    let mut pair = Pair::new(&above);
    let objects = Attestations::new(vec![vec![7; 900], vec![8; 700]]).unwrap();
    pair.server.table.local_attested(local("nServer01", 2).with_attestations(objects));
    pair.connect(Side::Laptop);
    pair.run_ms(6);
    let (hello, answer) = (pair.log[0].bytes.len(), pair.log[1].bytes.len());
    assert!(answer < hello, "a retry, not an ack");
    pair.run_ms(100);
    assert_eq!((pair.laptop.established, pair.server.established), (1, 1));
}

#[test]
fn sessions_renew_themselves_by_time() {
    let replay = SessionReplayPolicy::default().rekey_after_seconds(1000);
    let mut pair = Pair::connected(&TableConfig { replay, ..config() });
    let first = pair.laptop.open[0];
    for _ in 0..100 {
        pair.run_secs(10);
        pair.send(Side::Laptop, 200).unwrap();
        pair.send(Side::Server, 200).unwrap();
    }
    pair.run_secs(1);
    // The initiator renewed at 900 s, and the first frame in the new session ended the old one.
    assert_eq!((pair.laptop.established, pair.server.established), (2, 2));
    assert_eq!(pair.laptop.closed, [Reason::SessionReplaced]);
    assert_eq!(pair.server.closed, [Reason::SessionReplaced]);
    assert_ne!(pair.laptop.open[0], first);
    assert_eq!((pair.laptop.frames.len(), pair.server.frames.len()), (100, 100));
}

#[test]
fn sessions_renew_themselves_by_volume() {
    let by_frames = SessionReplayPolicy::default().rekey_after_frames(50);
    let by_bytes = SessionReplayPolicy::default().rekey_after_bytes(50 * 240);
    for replay in [by_frames, by_bytes] {
        let mut pair = Pair::connected(&TableConfig { replay, ..config() });
        for side in [Side::Laptop, Side::Server] {
            for _ in 0..100 {
                pair.send(side, 200).unwrap();
                pair.run_ms(50);
            }
        }
        assert!(pair.laptop.established >= 4, "{}", pair.laptop.established);
        assert_eq!((pair.laptop.frames.len(), pair.server.frames.len()), (100, 100));
        assert!(pair.laptop.closed.iter().all(|reason| *reason == Reason::SessionReplaced));
    }
}

#[test]
fn a_renewal_that_fails_is_tried_again() {
    let replay = SessionReplayPolicy::default().rekey_after_frames(100);
    let mut pair = Pair::connected(&TableConfig { replay, ..config() });
    pair.network.loss = 100;
    for _ in 0..95 {
        pair.send(Side::Laptop, 200).unwrap();
        pair.run_ms(100);
    }
    pair.run_secs(11);
    assert_eq!((pair.laptop.failed.len(), pair.laptop.established), (1, 1));
    pair.network.loss = 0;
    pair.run_secs(20);
    assert_eq!(pair.laptop.established, 2);
}

#[test]
fn a_sender_stops_at_each_threshold() {
    let default = SessionReplayPolicy::default();
    for (replay, frames) in [(default.rekey_after_frames(10), 10), (default.rekey_after_bytes(10 * 240 + 239), 10)] {
        let mut pair = Pair::connected(&TableConfig { replay, ..config() });
        pair.network.loss = 100;
        for _ in 0..frames {
            pair.send(Side::Laptop, 200).unwrap();
        }
        for _ in 0..3 {
            assert_eq!(pair.send(Side::Laptop, 200), Err(SendError::RekeyRequired));
        }
        assert!(pair.send(Side::Server, 200).is_ok(), "each direction has its own");
    }
    let mut pair = Pair::connected(&TableConfig { replay: default.rekey_after_seconds(100), ..config() });
    pair.network.loss = 100;
    pair.run_ms(100_000 - 95);
    pair.send(Side::Laptop, 200).unwrap();
    pair.run_ms(10);
    assert_eq!(pair.send(Side::Laptop, 200), Err(SendError::RekeyRequired));
}

#[test]
fn a_receiver_goes_on_for_a_minute() {
    // The laptop keeps to no threshold of its own.
    let server = TableConfig { replay: SessionReplayPolicy::default().rekey_after_frames(5), ..config() };
    let mut pair = Pair::with(&config(), &server, 0);
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    for _ in 0..5 {
        pair.send(Side::Laptop, 200).unwrap();
    }
    pair.run_ms(50);
    // Renewal is prevented: what the server says is lost.
    pair.lose_all();
    let from = pair.laptop.address;
    for (wait, good) in [(59_000, true), (800, true), (1000, false)] {
        pair.now = pair.now.saturating_add(wait);
        let (_, _, bytes) = pair.seal(Side::Laptop, 200).unwrap();
        let received = pair.deliver(Side::Server, from, &bytes).map_err(|error| error.reason().code());
        assert_eq!(received.is_ok(), good, "{wait}: {received:?}");
        pair.lose_all();
    }
    assert_eq!(pair.server.refused("session.expired"), 1);
    assert!(pair.server.closed.contains(&Reason::SessionExpired));

    let server = TableConfig { replay: SessionReplayPolicy::default().rekey_after_seconds(100), ..config() };
    let mut pair = Pair::with(&config(), &server, 0);
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    pair.network.loss = 100;
    pair.run_ms(159_890);
    let (_, _, bytes) = pair.seal(Side::Laptop, 200).unwrap();
    pair.deliver(Side::Server, from, &bytes).unwrap();
    pair.run_ms(100);
    assert_eq!(pair.server.closed, [Reason::SessionExpired]);
}

#[test]
fn the_older_session_stays_until_the_newer_one_is_used() {
    let mut pair = Pair::connected(&config());
    let old = pair.laptop.open[0];
    pair.send(Side::Laptop, 200).unwrap();
    pair.run_ms(50);
    let (_, _, late) = pair.seal(Side::Laptop, 200).unwrap();
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    assert_eq!((pair.laptop.open.len(), pair.server.open.len()), (2, 2));
    let new = pair.laptop.open[1];
    // The initiator uses the new one at once; the responder waits for that.
    assert_eq!(pair.laptop.table.session_with(pair.now, &Side::Server.id()).unwrap().id(), &new);
    assert_eq!(pair.server.table.session_with(pair.now, &Side::Laptop.id()).unwrap().id(), &old);
    pair.send(Side::Server, 200).unwrap();
    pair.run_ms(50);
    assert_eq!((pair.laptop.frames.len(), pair.laptop.open.len()), (1, 2));

    pair.send(Side::Laptop, 200).unwrap();
    pair.run_ms(50);
    assert_eq!(pair.server.open, [new]);
    assert_eq!(pair.server.table.session_with(pair.now, &Side::Laptop.id()).unwrap().id(), &new);
    let error = pair.deliver(Side::Server, elsewhere(), &late).unwrap_err();
    assert_eq!(error.reason().code(), "session.unknown");
    pair.send(Side::Server, 200).unwrap();
    pair.run_ms(50);
    assert_eq!(pair.laptop.open, [new]);
}

#[test]
fn both_at_once_makes_one_session() {
    for (jitter_ms, seed) in (0..30).map(|seed| (u32::try_from(seed % 3).unwrap() * 300, seed)) {
        let mut pair = Pair::with(&config(), &config(), seed);
        pair.network.jitter_ms = jitter_ms;
        pair.connect(Side::Laptop);
        pair.connect(Side::Server);
        pair.run_secs(5);
        assert!(!pair.laptop.open.is_empty(), "seed {seed}");
        let role = pair.laptop.table.session(&pair.laptop.open[0].clone()).unwrap().role();
        if jitter_ms == 0 {
            // `nLaptop` is the smaller id.
            assert_eq!((pair.laptop.established, pair.server.established, role), (1, 1, Role::Initiator));
            assert!(pair.laptop.refused("session.collision") >= 1);
        }
        assert!(pair.laptop.failed.is_empty() && pair.server.failed.is_empty(), "seed {seed}");
        for _ in 0..5 {
            pair.send(Side::Laptop, 200).unwrap();
            pair.send(Side::Server, 200).unwrap();
            pair.run_secs(1);
        }
        assert_eq!((pair.laptop.frames.len(), pair.server.frames.len()), (5, 5), "seed {seed}");
    }
}

#[test]
fn the_smaller_id_learns_where_the_other_one_is() {
    let mut pair = Pair::new(&config());
    let (now, nowhere) = (pair.now, elsewhere());
    let mut rng = super::support::Scripted::new(&[&[5; 200]]);
    pair.laptop.table.connect(now, &Side::Server.id(), nowhere, &mut rng).unwrap();
    pair.drain(Side::Laptop);
    pair.connect(Side::Server);
    pair.run_ms(100);
    assert_eq!((pair.laptop.established, pair.server.established), (1, 1));
    assert_eq!(pair.laptop.refused("session.collision"), 1);
}

#[test]
fn sessions_end_with_an_attestation() {
    // The laptop's attestation is valid for 300 s more; both close once it is out of the skew.
    let short = NOW.saturating_add(300);
    let mut pair = Pair::new(&config());
    pair.laptop.table.local_attested(LocalNode::new(node("nLaptop"), signing_key(1), short));
    pair.connect(Side::Laptop);
    let keys = |peer: &_, offered: &_, at| {
        let attested = known(peer, offered, at)?;
        Some(if *peer == node("nLaptop") { AttestedKey { expires_at: short, ..attested } } else { attested })
    };
    let hello = pair.log[0].clone();
    pair.lose_all();
    pair.deliver_asking(Side::Server, hello.from, &hello.bytes, keys).unwrap();
    pair.run_ms(100);
    assert_eq!((pair.laptop.open.len(), pair.server.open.len()), (1, 1));
    pair.run_ms(420_800);
    assert_eq!((pair.laptop.open.len(), pair.server.open.len()), (1, 1));
    pair.run_ms(200);
    assert_eq!(pair.laptop.closed, [Reason::AttestationExpired]);
    assert_eq!(pair.server.closed, [Reason::AttestationExpired]);
    assert_eq!(pair.send(Side::Laptop, 200), Err(SendError::NoSession));
}

#[test]
fn a_new_attestation_keeps_or_ends_a_session() {
    let mut pair = Pair::connected(&config());
    let later = AttestedKey { expires_at: NOW.saturating_add(200_000), ..attested(1) };
    pair.server.table.peer_attested(&Side::Laptop.id(), later);
    let later = LocalNode::new(node("nServer01"), signing_key(2), NOW.saturating_add(200_000));
    pair.server.table.local_attested(later);
    pair.drain(Side::Server);
    assert_eq!(pair.server.open.len(), 1);
    let session = pair.server.table.session(&pair.server.open[0]).unwrap();
    assert_eq!(session.ends_at(), Millis::from_millis(pair.now.as_millis() - 95 + 86_460_001), "a day and a minute");

    pair.server.table.peer_attested(&Side::Laptop.id(), attested(9));
    pair.drain(Side::Server);
    assert_eq!((pair.server.open.len(), pair.server.closed.clone()), (0, vec![Reason::SessionKeyReplaced]));

    let mut pair = Pair::connected(&config());
    pair.laptop.table.local_attested(LocalNode::new(node("nLaptop"), signing_key(7), NOW.saturating_add(86_400)));
    pair.drain(Side::Laptop);
    assert_eq!(pair.laptop.closed, [Reason::SessionKeyReplaced]);

    // A peer that comes back with another key ends what was open under the old one.
    let mut pair = Pair::connected(&config());
    pair.laptop.table.local_attested(LocalNode::new(node("nLaptop"), signing_key(7), NOW.saturating_add(86_400)));
    pair.drain(Side::Laptop);
    pair.connect(Side::Laptop);
    let hello = pair.log.last().unwrap().clone();
    pair.deliver_asking(Side::Server, hello.from, &hello.bytes, |_, _, _| Some(attested(7))).unwrap();
    assert_eq!((pair.server.closed.clone(), pair.server.open.len()), (vec![Reason::SessionKeyReplaced], 1));
}

#[test]
fn a_revoked_peer_is_cut_off_at_once() {
    let mut pair = Pair::connected(&config());
    pair.connect(Side::Server);
    pair.server.table.disconnect(&Side::Laptop.id(), Reason::AttestationRevoked);
    pair.drain(Side::Server);
    assert_eq!(pair.server.closed, [Reason::AttestationRevoked]);
    assert_eq!(pair.server.failed, [Reason::AttestationRevoked]);
    pair.send(Side::Laptop, 200).unwrap();
    pair.run_ms(50);
    assert!(pair.server.frames.is_empty());
    assert_eq!(pair.server.refused("session.unknown"), 1);
    assert_eq!(pair.send(Side::Server, 200), Err(SendError::NoSession));
}

#[test]
fn a_reset_drops_everything_and_draws_a_new_instance() {
    let mut pair = Pair::connected(&config());
    let before = pair.laptop.table.next_frame().unwrap();
    let now = pair.now;
    let mut rng = super::support::Scripted::new(&[&[5; 400]]);
    pair.laptop.table.reset(now, &mut rng);
    pair.drain(Side::Laptop);
    assert_eq!(pair.laptop.closed, [Reason::SessionReset]);
    let after = pair.laptop.table.next_frame().unwrap();
    assert_ne!(after.instance(), before.instance());
    assert_eq!(after.seq(), 1);
    // The other side still holds its end, until the laptop is back.
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    pair.send(Side::Laptop, 200).unwrap();
    pair.run_ms(100);
    assert_eq!((pair.server.open.len(), pair.server.frames.len()), (1, 1));
}

#[test]
fn the_peer_is_where_its_newest_frame_came_from() {
    let mut pair = Pair::connected(&config());
    let (_, _, first) = pair.seal(Side::Laptop, 200).unwrap();
    let (_, _, second) = pair.seal(Side::Laptop, 200).unwrap();
    pair.deliver(Side::Server, elsewhere(), &second).unwrap();
    assert_eq!(pair.seal(Side::Server, 200).unwrap().1, elsewhere());
    // An older one that was held back somewhere moves nobody.
    pair.deliver(Side::Server, SocketAddr::from(([203, 0, 113, 77], 7)), &first).unwrap();
    assert_eq!(pair.seal(Side::Server, 200).unwrap().1, elsewhere());
}

#[test]
fn a_session_that_nobody_uses_does_not_count_for_long() {
    let mut pair = Pair::new(&config());
    pair.connect(Side::Laptop);
    let hello = pair.log.first().unwrap().bytes.clone();
    // The laptop has gone, and somebody else repeats its hello.
    pair.lose_all();
    let from = pair.laptop.address;
    pair.deliver(Side::Server, from, &hello).unwrap();
    let answer = pair.log.last().unwrap().bytes.len();
    pair.lose_all();
    let laptop = Side::Laptop.id();
    assert!(pair.server.table.session_with(pair.now, &laptop).is_some());
    // Without a cookie, the address has proved nothing: it gets three times the hello and no more.
    let credit = 3 * hello.len() - answer;
    pair.seal(Side::Server, credit - 40 - 160).unwrap();
    assert_eq!(pair.seal(Side::Server, 121).unwrap_err().reason().code(), "session.unknown");
    pair.seal(Side::Server, 120).unwrap();
    assert!(pair.seal(Side::Server, 114).is_err());
    let (now, later) = (pair.now, pair.now.saturating_add(20_001));
    assert!(pair.server.table.session_with(now.saturating_add(20_000), &laptop).is_some());
    assert!(pair.server.table.session_with(later, &laptop).is_none(), "so that the server says hello itself");
    assert_eq!(pair.server.table.sessions().count(), 1, "but should the laptop use it, it is there");
}

#[test]
fn a_late_initiator_finds_its_session() {
    let mut pair = Pair::connected(&config());
    pair.run_secs(60);
    let now = pair.now;
    assert!(pair.server.table.session_with(now, &Side::Laptop.id()).is_none());
    pair.send(Side::Laptop, 200).unwrap();
    pair.run_ms(50);
    assert_eq!(pair.server.frames.len(), 1);
    assert!(pair.server.table.session_with(now, &Side::Laptop.id()).is_some());
}

#[test]
fn an_address_that_proved_nothing_gets_three_times_what_came_from_there() {
    let mut pair = Pair::connected(&config());
    let home = pair.laptop.address;
    // Somebody who sees the laptop's frames is quicker than the laptop.
    let (_, _, taken) = pair.seal(Side::Laptop, 200).unwrap();
    pair.deliver(Side::Server, elsewhere(), &taken).unwrap();
    let mut to = |len| pair.seal(Side::Server, len).unwrap().1;
    assert_eq!(to(500), elsewhere());
    // 540 of three times 240 bytes are used up.
    assert_eq!(to(200), home);
    assert_eq!(to(114), elsewhere());
    assert_eq!(to(114), home);
    // The next one gives more, and the first from home again takes it away.
    let (_, _, second) = pair.seal(Side::Laptop, 200).unwrap();
    pair.deliver(Side::Server, elsewhere(), &second).unwrap();
    assert_eq!(pair.seal(Side::Server, 500).unwrap().1, elsewhere());
    let (_, _, third) = pair.seal(Side::Laptop, 200).unwrap();
    pair.deliver(Side::Server, home, &third).unwrap();
    assert_eq!(pair.seal(Side::Server, 114).unwrap().1, home);
}

#[test]
fn signed_frames_go_before_a_session_and_not_beside_one() {
    let mut pair = Pair::new(&config());
    let signed = |pair: &mut Pair| {
        let now = pair.now;
        let number = pair.laptop.table.next_frame().unwrap();
        let frame = frame(number.instance(), number.seq(), 300);
        pair.laptop.table.seal_signed(now, &Side::Server.id(), &frame)
    };
    let from = pair.laptop.address;
    let early = signed(&mut pair).unwrap();
    assert_eq!(pair.deliver(Side::Server, from, &early).unwrap_err().reason().code(), "frame.too_early");
    pair.run_secs(300);
    let bytes = signed(&mut pair).unwrap();
    pair.deliver(Side::Server, from, &bytes).unwrap();
    assert_eq!(pair.deliver(Side::Server, from, &bytes).unwrap_err().reason().code(), "frame.replay");
    assert_eq!(pair.server.signed_frames, 1);
    let held_back = signed(&mut pair).unwrap();

    pair.connect(Side::Laptop);
    pair.run_ms(100);
    assert_eq!(signed(&mut pair).unwrap_err().reason().code(), "frame.session_exists");
    assert_eq!(pair.deliver(Side::Server, from, &held_back).unwrap_err().reason().code(), "frame.session_exists");
    let now = pair.now;
    let foreign = pair.laptop.table.seal_signed(now, &node("nOther"), &frame(1, 1, 200));
    assert_eq!(foreign.unwrap_err().reason().code(), "frame.seq_mismatch");
}

#[test]
fn tables_are_bounded() {
    let mut pair = Pair::new(&TableConfig { max_sessions: 2, max_handshakes: 1, ..config() });
    let (now, address) = (pair.now, pair.server.address);
    let mut rng = super::support::Scripted::new(&[&[5; 4000]]);
    assert!(pair.laptop.table.connect(now, &node("nLaptop"), address, &mut rng).is_err());
    pair.laptop.table.connect(now, &node("nA"), address, &mut rng).unwrap();
    let refused = pair.laptop.table.connect(now, &node("nB"), address, &mut rng).unwrap_err();
    assert_eq!(refused.reason().code(), "session.overloaded");
    pair.drain(Side::Laptop);
    pair.run_secs(11);
    assert_eq!(pair.laptop.failed.len(), 1);

    for expected in [1, 2, 2] {
        pair.connect(Side::Laptop);
        pair.run_ms(100);
        assert_eq!(pair.server.open.len(), expected);
    }
    assert!(pair.server.refused("session.overloaded") >= 1);
}

#[test]
fn one_peer_has_a_few_sessions_at_most() {
    let mut pair = Pair::connected(&config());
    pair.send(Side::Laptop, 200).unwrap();
    pair.run_ms(50);
    let used = pair.server.open[0];
    for _ in 0..20 {
        pair.connect(Side::Laptop);
        pair.run_ms(50);
    }
    assert_eq!((pair.laptop.open.len(), pair.server.open.len()), (4, 4));
    assert!(pair.server.open.contains(&used), "those that were never used go first");
}

#[test]
fn wrong_answers_are_not_checked_for_ever() {
    let mut pair = Pair::new(&config());
    pair.connect(Side::Laptop);
    pair.run_ms(6);
    let mut ack = pair.log[1].clone();
    pair.lose_all();
    let last = ack.bytes.len() - 1;
    ack.bytes[last - 5] ^= 1;
    let mut codes = Vec::new();
    for _ in 0..40 {
        codes.push(pair.deliver(Side::Laptop, ack.from, &ack.bytes).unwrap_err().reason().code());
    }
    assert_eq!(codes.iter().filter(|code| **code == "session.bad_signature").count(), 16);
    assert_eq!(pair.laptop.lookups, 16);
    // And none from elsewhere.
    assert_eq!(
        pair.deliver(Side::Laptop, elsewhere(), &ack.bytes).unwrap_err().reason().code(),
        "session.unexpected_message"
    );
    assert_eq!(pair.laptop.lookups, 16);
}

/// Answers that cost nothing to refuse can come from anybody who knows two names: they do not keep the peer's out.
#[test]
fn cheap_wrong_answers_do_not_shut_out_the_right_one() {
    let mut pair = Pair::new(&config());
    pair.connect(Side::Laptop);
    pair.run_ms(6);
    let right = pair.log[1].clone();
    pair.lose_all();
    let forged = |change: fn(&mut MeshSessionAck)| {
        let Ok(WireMessage::Ack(mut ack)) = WireMessage::parse(&right.bytes) else { panic!("an answer") };
        change(&mut ack);
        WireMessage::Ack(ack).to_bytes().unwrap()
    };
    let stale = forged(|ack| ack.timestamp = ack.timestamp.saturating_sub(1000));
    let not_offered = forged(|ack| ack.suite = SuiteId::new(77));
    for _ in 0..40 {
        for (bytes, code) in [(&stale, "session.clock_skew"), (&not_offered, "session.suite_not_offered")] {
            let refused = pair.deliver(Side::Laptop, right.from, bytes).unwrap_err();
            assert_eq!(refused.reason().code(), code);
        }
    }
    assert_eq!(pair.laptop.lookups, 0);
    pair.deliver(Side::Laptop, right.from, &right.bytes).unwrap();
    assert_eq!(pair.laptop.table.sessions().count(), 1);
}

#[test]
fn a_session_has_one_control_stream() {
    let mut pair = Pair::connected(&config());
    let id = pair.laptop.open[0];
    let (mut to_server, mut from_server) = pair.laptop.table.take_streams(&id).unwrap();
    let (mut to_laptop, mut from_laptop) = pair.server.table.take_streams(&id).unwrap();
    assert!(pair.laptop.table.take_streams(&id).is_none());

    let mut stream = Vec::new();
    to_server.seal_into(b"one", &mut stream).unwrap();
    to_server.seal_into(b"two", &mut stream).unwrap();
    let mut rest = &stream[..];
    assert_eq!(from_laptop.handle_bytes(&mut rest).unwrap().unwrap(), b"one");
    assert_eq!(from_laptop.handle_bytes(&mut rest).unwrap().unwrap(), b"two");
    assert_eq!(from_laptop.handle_bytes(&mut rest).unwrap(), None);

    let mut stream = Vec::new();
    to_laptop.seal_into(b"back", &mut stream).unwrap();
    assert_eq!(from_server.handle_bytes(&mut &stream[..]).unwrap().unwrap(), b"back");
    assert_eq!(from_laptop.handle_bytes(&mut &stream[..]), Err(FcpcError::BadSequence(1)));
    pair.server.table.close(&id, Reason::FcpcBadSequence);
    pair.drain(Side::Server);
    assert_eq!(pair.server.closed, [Reason::FcpcBadSequence]);

    // A frame on the stream of a newer session ends the older one, as a datagram would.
    let mut pair = Pair::connected(&config());
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    let new = pair.server.open[1];
    pair.server.table.confirm(&new);
    pair.drain(Side::Server);
    assert_eq!(pair.server.open, [new]);
}

#[test]
fn a_larger_limit_holds_where_both_have_it() {
    let with = |bytes| TableConfig {
        terms: Terms::new(&fcp_symbols::session::SessionCryptoSuite::ALL, TransportLimits::new(bytes).unwrap())
            .unwrap(),
        ..config()
    };
    let mut pair = Pair::with(&with(9000), &with(4000), 0);
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    assert_eq!(pair.laptop.table.session_with(pair.now, &Side::Server.id()).unwrap().max_datagram_bytes(), 9000);
    assert_eq!(pair.server.table.session_with(pair.now, &Side::Laptop.id()).unwrap().max_datagram_bytes(), 4000);
    pair.send(Side::Laptop, 200).unwrap();
    pair.run_ms(50);
    pair.send(Side::Server, 3960).unwrap();
    assert!(pair.send(Side::Server, 3961).is_err());
    pair.run_ms(50);
    assert_eq!(pair.laptop.frames.len(), 1);
    // Nothing told the laptop of the server's limit, so the server takes what the hello announced.
    pair.send(Side::Laptop, 8960).unwrap();
    pair.run_ms(50);
    assert_eq!(pair.server.frames.len(), 2);
    let (_, _, mut longer) = pair.seal(Side::Laptop, 8960).unwrap();
    longer.push(0);
    let from = pair.laptop.address;
    assert_eq!(pair.deliver(Side::Server, from, &longer).unwrap_err().reason().code(), "frame.too_large");
}

#[test]
fn a_wider_window_takes_more_reordering() {
    let wide = SessionReplayPolicy::default().with_window(1024).unwrap();
    for (replay, taken) in [(SessionReplayPolicy::default(), 128), (wide, 300)] {
        let mut pair = Pair::connected(&TableConfig { replay, ..config() });
        let from = pair.laptop.address;
        let sealed: Vec<_> = (0..300).map(|_| pair.seal(Side::Laptop, 200).unwrap().2).collect();
        for bytes in sealed.iter().rev() {
            let _ = pair.deliver(Side::Server, from, bytes);
        }
        assert_eq!(pair.server.frames.len(), taken);
    }
    assert!(SessionReplayPolicy::default().with_window(0).is_err());
    assert!(SessionReplayPolicy::default().with_window(4097).is_err());
}

mod noise {
    use super::{Pair, Side, config, elsewhere};
    use proptest::prelude::*;

    fn noise() -> impl Strategy<Value = Vec<u8>> {
        let body = prop::collection::vec(any::<u8>(), 0..400);
        let prefix = prop_oneof![
            Just(vec![]),
            Just(b"FCPH".to_vec()),
            (1_u8..=4).prop_map(|kind| vec![b'F', b'C', b'P', b'H', 1, 0, kind]),
        ];
        let framed = (1_u8..=4, prop::collection::vec(any::<u8>(), 0..400)).prop_map(|(kind, body)| {
            let len = u32::try_from(body.len()).unwrap_or_default().to_le_bytes();
            [&[b'F', b'C', b'P', b'H', 1, 0, kind][..], &len, &body].concat()
        });
        prop_oneof![(prefix, body).prop_map(|(prefix, body)| [prefix, body].concat()), framed]
    }

    proptest! {
        #[test]
        fn random_bytes_change_nothing(datagrams in prop::collection::vec(noise(), 1..20)) {
            let mut pair = Pair::connected(&config());
            pair.connect(Side::Server);
            pair.lose_all();
            for bytes in datagrams {
                prop_assert!(pair.deliver(Side::Laptop, elsewhere(), &bytes).is_err());
                let from = pair.laptop.address;
                prop_assert!(pair.deliver(Side::Server, from, &bytes).is_err());
            }
            prop_assert_eq!((pair.laptop.open.len(), pair.server.open.len()), (1, 1));
            pair.send(Side::Laptop, 200).unwrap();
            pair.run_ms(50);
            prop_assert_eq!(pair.server.frames.len(), 1);
        }

        #[test]
        fn damaged_messages_change_nothing(at in 0_usize..600, mask in 1_u8..=255, cut in 0_usize..600) {
            let mut pair = Pair::new(&config());
            pair.connect(Side::Laptop);
            pair.run_ms(6);
            let messages = pair.log.clone();
            pair.lose_all();
            for (message, side) in messages.into_iter().zip([Side::Server, Side::Laptop]) {
                let mut damaged = message.bytes.clone();
                let index = at % damaged.len();
                damaged[index] ^= mask;
                prop_assert!(pair.deliver(side, message.from, &damaged).is_err());
                let _ = pair.deliver(side, message.from, &message.bytes[..cut % message.bytes.len()]);
            }
            prop_assert_eq!((pair.laptop.open.len(), pair.server.open.len()), (0, 1));
        }
    }
}
