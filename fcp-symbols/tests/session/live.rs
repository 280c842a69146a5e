//! One session at both ends, without a table around it.

use super::support::{NOW, frame, known, local, node};
use fcp_core::rand_core::SeedableRng as _;
use fcp_core::time::Millis;
use fcp_symbols::datagram::ENVELOPE_LEN;
use fcp_symbols::session::initiator::HelloSent;
use fcp_symbols::session::responder::{HelloCache, ReceivedHello};
use fcp_symbols::session::wire::WireMessage;
use fcp_symbols::session::{Session, SessionCryptoSuite, SessionReplayPolicy, Terms, TransportLimits};

const START: Millis = Millis::from_millis(1_700_000_000_000);

/// Both ends of a session of this suite.
fn ends(suite: SessionCryptoSuite) -> (Session, Session) {
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(3);
    let (laptop, server) = (local("nLaptop", 1), local("nServer01", 2));
    let terms = Terms::new(&[suite], TransportLimits::default()).unwrap();
    let sent = HelloSent::start(&laptop, &node("nServer01"), &terms, NOW, &mut rng).unwrap();
    let Ok(WireMessage::Hello(hello)) = WireMessage::parse(sent.bytes()) else { panic!("a hello") };
    let mut answered = HelloCache::new(&terms, 1);
    let (there, ack) = ReceivedHello::read(hello, server.node_id(), &terms, NOW)
        .unwrap()
        .admit()
        .verify(&answered, &mut known, NOW)
        .unwrap()
        .accept(&server, &terms, &mut answered, |_| false, START, &mut rng)
        .unwrap();
    let here = sent.handle_ack(&ack, &terms, &mut known, |_| false, NOW).unwrap();
    let open = |agreement| {
        Session::open(agreement, laptop.expires_at(), terms.limits(), SessionReplayPolicy::default(), START)
    };
    (open(here), open(there))
}

fn sealed(by: &mut Session, instance: u64, seq: u64) -> Vec<u8> {
    let mut bytes = [&[0; ENVELOPE_LEN][..], &frame(instance, seq, 300)].concat();
    by.seal(START, &mut bytes).unwrap();
    bytes
}

#[test]
fn each_suite_carries_frames_both_ways() {
    for suite in SessionCryptoSuite::ALL {
        let (mut here, mut there) = ends(suite);
        assert_eq!((here.suite(), there.suite()), (suite, suite));
        let one_way = |from: &mut Session, to: &mut Session, seq| {
            let mut bytes = sealed(from, 7, seq);
            let received = to.receive(START, &mut bytes).unwrap();
            assert_eq!((received.instance, received.seq, received.frame.len()), (7, seq, 300));
            assert_eq!(to.receive(START, &mut bytes).unwrap_err().reason().code(), "frame.replay");
            assert_eq!(from.receive(START, &mut bytes).unwrap_err().reason().code(), "frame.mac_invalid");
        };
        for seq in 1..4 {
            one_way(&mut here, &mut there, seq);
            one_way(&mut there, &mut here, seq);
        }
        assert_eq!((here.sent(), here.received()), (there.sent(), there.received()));
        assert_eq!((here.sent().frames, here.sent().bytes), (3, 3 * 340));
    }
}

#[test]
fn numbers_begin_with_one_and_instances_are_few() {
    let (mut here, mut there) = ends(SessionCryptoSuite::Suite1);
    let mut code = |instance, seq| {
        let mut bytes = sealed(&mut here, instance, seq);
        there.receive(START, &mut bytes).map_or_else(|error| error.reason().code(), |_| "")
    };
    assert_eq!(code(1, 0), "frame.seq_zero");
    assert_eq!(code(1, 900), "");
    assert_eq!(code(1, 772), "frame.replay");
    assert_eq!(code(1, 773), "");
    for instance in 2..=4 {
        assert_eq!(code(instance, 1), "");
    }
    assert_eq!(code(5, 1), "frame.instances");
    assert_eq!(code(4, 2), "");
}

#[test]
fn a_session_is_over_after_its_time_and_the_grace() {
    let (mut here, mut there) = ends(SessionCryptoSuite::Suite2);
    let mut bytes = sealed(&mut here, 1, 1);
    // A day, and a minute of grace; the attestations live two minutes of skew longer than a day.
    let (last, after) = (START.saturating_add(86_460_000), START.saturating_add(86_460_001));
    assert_eq!((there.over(last), there.ends_at()), (None, after));
    assert_eq!(there.over(after).unwrap().code(), "session.expired");
    assert_eq!(there.receive(after, &mut bytes).unwrap_err().reason().code(), "session.expired");
    there.receive(last, &mut bytes).unwrap();

    let mut frame = bytes;
    assert!(here.seal(START.saturating_add(86_400_000), &mut frame).is_ok());
    let late = here.seal(START.saturating_add(86_400_001), &mut frame).unwrap_err();
    assert_eq!(late.reason().code(), "session.rekey_required");
    assert_eq!(here.seal(after, &mut frame).unwrap_err().reason().code(), "session.expired");
}
