//! What strangers, and peers that mean harm, can do to a table: nothing.

use core::net::SocketAddr;

use fcp_core::rand_core::SeedableRng as _;
use fcp_core::sign::Signature;
use fcp_core::time::Millis;
use fcp_symbols::session::wire::WireMessage;
use fcp_symbols::session::{
    Attestations, CookiePolicy, LocalNode, MeshSessionHello, Output, SessionCryptoSuite, SessionReplayPolicy,
    SessionTable, SuiteOffer, TableConfig, TransportLimits,
};
use rand_chacha::ChaCha20Rng;

use super::pair::{Packet, Pair, Side};
use super::support::{NOW, frame, known, local, node};

fn config() -> TableConfig {
    TableConfig { cookies: CookiePolicy::Never, ..TableConfig::default() }
}

fn hello_of(packet: &Packet) -> MeshSessionHello {
    let Ok(WireMessage::Hello(hello)) = WireMessage::parse(&packet.bytes) else { panic!("a hello") };
    hello
}

/// 100,000 hellos from as many addresses, with whatever a stranger can put into them.
fn flood(cookies: CookiePolicy, most_lookups: usize) {
    let now = Millis::from(NOW);
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut table = SessionTable::new(local("nServer01", 2), TableConfig { cookies, ..config() }, now, &mut rng);
    let mut pair = Pair::new(&config());
    pair.connect(Side::Laptop);
    let mut hello = hello_of(pair.log.first().unwrap());
    let before = table.load();
    let (mut lookups, mut longest) = (0, 0);
    for index in 0..100_000_u32 {
        hello.nonce[..4].copy_from_slice(&index.to_le_bytes());
        hello.signature = Signature::from_bytes([u8::try_from(index % 251).unwrap(); 64]);
        hello.from = node(if index % 3 == 0 { "nNobody" } else { "nLaptop" });
        hello.cookie = (index % 7 == 0).then_some([9; 32]);
        hello.attestations = (index % 1000 == 0).then(|| Attestations::new(vec![vec![7; 4000]; 4]).unwrap());
        let mut bytes = WireMessage::Hello(hello.clone()).to_bytes().unwrap();
        let from = SocketAddr::from((index.to_be_bytes(), 4000));
        let mut peers = |node: &_, offered: &_, at| {
            lookups += 1;
            known(node, offered, at)
        };
        let _ = table.handle_datagram(now, from, &mut bytes, &mut peers, &mut rng);
        while let Some(output) = table.poll_output() {
            let Output::Send { to, bytes: answer } = output else { panic!("{output:?}") };
            assert!(to == from && answer.len() < bytes.len(), "a retry, to where the hello came from");
            longest = longest.max(answer.len());
        }
    }
    assert_eq!(table.load(), before, "nothing is kept of any");
    assert!(lookups <= most_lookups, "{lookups} keys were looked up");
    assert!(longest > 0);

    // And the right one gets through, with one more message each way.
    let mut pair = Pair::with(&config(), &TableConfig { cookies, ..config() }, 0);
    pair.server.table = table;
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    assert_eq!((pair.laptop.established, pair.server.established), (1, 1));
}

#[test]
fn a_flood_of_hellos_costs_no_memory() {
    flood(CookiePolicy::Always, 0);
    // Some signatures are checked each second, and the clock stands still.
    flood(CookiePolicy::default(), 64);
}

/// Without demanding cookies a table checks signatures, and keeps nothing all the same.
#[test]
fn strangers_without_cookies_leave_nothing_either() {
    let mut pair = Pair::new(&config());
    pair.connect(Side::Laptop);
    let packet = pair.log[0].clone();
    pair.lose_all();
    let before = pair.server.table.load();
    let mut hello = hello_of(&packet);
    for index in 0..200_u8 {
        hello.nonce[0] = index;
        let bytes = WireMessage::Hello(hello.clone()).to_bytes().unwrap();
        let known = hello.nonce == hello_of(&packet).nonce;
        assert_eq!(pair.deliver(Side::Server, packet.from, &bytes).is_ok(), known);
        if known {
            pair.server.table.disconnect(&Side::Laptop.id(), fcp_core::error::Reason::SessionClosed);
            pair.drain(Side::Server);
        }
    }
    let after = pair.server.table.load();
    assert!(after.hellos <= 1 && (after.peers, after.sessions) == (before.peers, before.sessions));
}

#[test]
fn a_load_is_what_the_table_holds() {
    let mut pair = Pair::connected(&config());
    pair.connect(Side::Laptop);
    let load = pair.laptop.table.load();
    assert_eq!((load.peers, load.sessions, load.handshakes, load.hellos, load.outputs), (1, 1, 1, 0, 0));
    let load = pair.server.table.load();
    assert_eq!((load.peers, load.sessions, load.handshakes, load.hellos), (1, 1, 0, 1));
    pair.server.table.disconnect(&Side::Laptop.id(), fcp_core::error::Reason::SessionClosed);
    let load = pair.server.table.load();
    assert_eq!((load.peers, load.sessions, load.hellos, load.outputs), (0, 0, 1, 1));
}

/// Whoever changes what is offered on the way gets no session at all, not a weaker one.
#[test]
fn no_offer_is_changed_on_the_way() {
    let changes: [fn(&mut MeshSessionHello); 5] = [
        |hello| hello.suites = SuiteOffer::new(&[SessionCryptoSuite::Suite1.id()]).unwrap(),
        |hello| {
            let turned = [SessionCryptoSuite::Suite2.id(), SessionCryptoSuite::Suite1.id()];
            hello.suites = SuiteOffer::new(&turned).unwrap();
        },
        |hello| hello.transport_limits = None,
        |hello| hello.transport_limits = Some(TransportLimits::new(432).unwrap()),
        |hello| hello.cookie = Some([1; 32]),
    ];
    for change in changes {
        let mut pair = Pair::new(&config());
        pair.connect(Side::Laptop);
        let packet = pair.log[0].clone();
        pair.lose_all();
        let mut hello = hello_of(&packet);
        change(&mut hello);
        let bytes = WireMessage::Hello(hello).to_bytes().unwrap();
        let refused = pair.deliver(Side::Server, packet.from, &bytes).unwrap_err();
        assert_eq!(refused.reason().code(), "session.bad_signature");
        pair.run_secs(2);
        let suites = [Side::Laptop, Side::Server].map(|side| {
            let now = pair.now;
            pair.end(side).table.session_with(now, &side.other().id()).unwrap().suite()
        });
        assert_eq!(suites, [SessionCryptoSuite::Suite1; 2]);
    }
}

/// Answers belong to one hello, and datagrams to one session, even between the same two nodes.
#[test]
fn nothing_is_spliced() {
    let mut pair = Pair::new(&config());
    pair.connect(Side::Laptop);
    pair.run_ms(6);
    let first_ack = pair.log[1].clone();
    pair.lose_all();
    pair.laptop.table.disconnect(&Side::Server.id(), fcp_core::error::Reason::SessionClosed);
    pair.drain(Side::Laptop);
    pair.connect(Side::Laptop);
    let spliced = pair.deliver(Side::Laptop, first_ack.from, &first_ack.bytes).unwrap_err();
    assert_eq!(spliced.reason().code(), "session.bad_signature");
    pair.run_ms(100);
    assert_eq!(pair.laptop.established, 1);

    // Two sessions at once.
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    let ids = pair.laptop.open.clone();
    let (_, _, sealed) = pair.seal(Side::Laptop, 300).unwrap();
    assert_eq!(sealed[..16], *ids[1].as_bytes());
    let mut spliced = sealed.clone();
    spliced[..16].copy_from_slice(ids[0].as_bytes());
    let from = pair.laptop.address;
    assert_eq!(pair.deliver(Side::Server, from, &spliced).unwrap_err().reason().code(), "frame.mac_invalid");
    // And its own way back, in either session.
    for bytes in [&sealed, &spliced] {
        let server = pair.server.address;
        assert_eq!(pair.deliver(Side::Laptop, server, bytes).unwrap_err().reason().code(), "frame.mac_invalid");
    }
    pair.deliver(Side::Server, from, &sealed).unwrap();
}

/// The same for control streams: frames of another session, direction or place end the stream.
#[test]
fn no_control_frame_is_spliced() {
    let mut pair = Pair::connected(&config());
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    let (old, new) = (pair.laptop.open[0], pair.laptop.open[1]);
    let (mut to_old, _) = pair.laptop.table.take_streams(&old).unwrap();
    let (mut to_new, mut from_new) = pair.laptop.table.take_streams(&new).unwrap();
    let (_, mut receiver) = pair.server.table.take_streams(&new).unwrap();
    let (mut foreign, mut own) = (Vec::new(), Vec::new());
    to_old.seal_into(b"of the older one", &mut foreign).unwrap();
    to_new.seal_into(b"of the newer one", &mut own).unwrap();
    assert_eq!(from_new.handle_bytes(&mut &own[..]).unwrap_err().reason().code(), "fcpc.aead_invalid");
    foreign[6..22].copy_from_slice(new.as_bytes());
    assert_eq!(receiver.handle_bytes(&mut &foreign[..]).unwrap_err().reason().code(), "fcpc.aead_invalid");
    assert!(receiver.handle_bytes(&mut &own[..]).is_err(), "the stream is broken for good");
}

/// A clock that is wrong for a while keeps nobody out once it is right.
#[test]
fn clocks_jump_and_come_back() {
    let right = Millis::from(NOW);
    let wrong = right.saturating_add_secs(86_000);
    let mut pair = Pair::new(&TableConfig { max_hellos: 4, cookies: CookiePolicy::Always, ..config() });
    pair.now = wrong;
    for _ in 0..4 {
        pair.connect(Side::Laptop);
        pair.run_ms(100);
    }
    assert_eq!(pair.server.table.load().hellos, 4);
    // What was taken in that time is remembered for when it comes, and its place is given back afterwards.
    pair.now = right;
    for side in [Side::Laptop, Side::Server] {
        let mut rng = ChaCha20Rng::seed_from_u64(9);
        pair.end(side).table.reset(right, &mut rng);
        pair.drain(side);
    }
    assert_eq!(pair.server.table.load().hellos, 4);
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    assert_eq!(pair.server.refused("session.overloaded"), 1, "a full memory takes nothing new");
    pair.run_secs(11);

    let mut pair = Pair::new(&TableConfig { max_hellos: 4, ..config() });
    pair.now = wrong;
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    pair.now = right;
    for round in 0..20 {
        for side in [Side::Laptop, Side::Server] {
            let (now, mut rng) = (pair.now, ChaCha20Rng::seed_from_u64(round));
            pair.end(side).table.reset(now, &mut rng);
            pair.drain(side);
        }
        pair.connect(Side::Laptop);
        pair.run_secs(200);
        assert_eq!((pair.laptop.open.len(), pair.server.open.len()), (1, 1), "round {round}");
    }
}

/// After a reset, what was taken before is not taken again, whatever the clock says (D50, D70).
#[test]
fn a_reset_forgets_no_signed_frame() {
    let mut pair = Pair::new(&config());
    pair.run_secs(300);
    let now = pair.now;
    let number = pair.laptop.table.next_frame().unwrap();
    let bytes = frame(number.instance(), number.seq(), 300);
    let signed = pair.laptop.table.seal_signed(now, &Side::Server.id(), &bytes).unwrap();
    let from = pair.laptop.address;
    pair.deliver(Side::Server, from, &signed).unwrap();
    // The clock goes back by 290 s, and the gate has opened again when the frame's time comes round.
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    pair.now = Millis::from_millis(now.as_millis() - 290_000);
    let back = pair.now;
    pair.server.table.reset(back, &mut rng);
    pair.drain(Side::Server);
    assert_eq!(pair.deliver(Side::Server, from, &signed).unwrap_err().reason().code(), "frame.too_early");
    pair.run_secs(280);
    assert_eq!(pair.deliver(Side::Server, from, &signed).unwrap_err().reason().code(), "frame.replay");
}

/// A node whose own attestation has expired opens no session that lives.
#[test]
fn an_expired_node_ends_what_it_opens() {
    let mut pair = Pair::new(&config());
    pair.laptop.table.local_attested(LocalNode::new(
        node("nLaptop"),
        super::support::signing_key(1),
        NOW.saturating_sub(121),
    ));
    pair.connect(Side::Laptop);
    pair.run_ms(100);
    assert_eq!(pair.laptop.closed, [fcp_core::error::Reason::AttestationExpired]);
    assert!(pair.laptop.open.is_empty() && pair.send(Side::Laptop, 200).is_err());
}

/// Both ends reach a threshold at once, on a network that loses and reorders: every frame that is sent is sent in a
/// session that may carry it, and renewal goes on.
#[test]
fn both_ends_renew_at_once_on_a_bad_network() {
    let replay = SessionReplayPolicy::default().rekey_after_frames(40).with_window(1024).unwrap();
    for seed in 0..20 {
        let mut pair = Pair::with(&TableConfig { replay, ..config() }, &TableConfig { replay, ..config() }, seed);
        pair.connect(Side::Laptop);
        pair.run_ms(100);
        pair.network = super::pair::Network { loss: 10, duplicates: 20, jitter_ms: 80 };
        let mut refused = 0;
        for _ in 0..400 {
            for side in [Side::Laptop, Side::Server] {
                refused += usize::from(pair.send(side, 200).is_err());
            }
            pair.run_ms(200);
        }
        assert!(pair.laptop.established >= 9, "seed {seed}: {}", pair.laptop.established);
        assert!(refused < 80, "seed {seed}: {refused}");
        for end in [&pair.laptop, &pair.server] {
            let mut frames = end.frames.clone();
            let all = frames.len();
            frames.sort_unstable();
            frames.dedup();
            assert_eq!(frames.len(), all, "seed {seed}: nothing twice");
            assert!(end.open.len() <= 4 && end.table.load().sessions == end.open.len());
        }
    }
}
