//! The states of the handshake, one message at a time.

use super::support::{NOW, attested, known, local, node, signing_key};
use core::net::SocketAddr;
use fcp_core::id::NodeId;
use fcp_core::rand_core::SeedableRng as _;
use fcp_core::sign::{Preimage, Signature, SigningKey as _};
use fcp_core::time::{Millis, TimePolicy, Timestamp};
use fcp_symbols::session::initiator::{HelloRetried, HelloSent};
use fcp_symbols::session::responder::{CookieCheck, HelloCache, ReceivedHello};
use fcp_symbols::session::wire::WireMessage;
use fcp_symbols::session::{
    Agreement, Attestations, AttestedKey, CookieKeys, HandshakeError, LocalNode, MeshSessionAck, MeshSessionHello,
    MeshSessionHelloRetry, SessionCryptoSuite, SuiteId, Terms, TransportLimits,
};
use rand_chacha::ChaCha20Rng;

fn address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 4000))
}

/// A responder, `nServer01`, that answers one hello at a time.
struct Responder {
    local: LocalNode,
    terms: Terms,
    answered: HelloCache,
    cookies: Option<CookieKeys>,
    now: Timestamp,
    rng: ChaCha20Rng,
}

/// What a responder says to a hello.
enum Answer {
    Retry(MeshSessionHelloRetry),
    Ack(Box<(Agreement, MeshSessionAck)>),
}

impl Responder {
    fn new(terms: Terms) -> Self {
        let answered = HelloCache::new(&terms, 100);
        let rng = ChaCha20Rng::seed_from_u64(2);
        Self { local: local("nServer01", 2), terms, answered, cookies: None, now: NOW, rng }
    }

    fn demanding_cookies(mut self) -> Self {
        self.cookies = Some(CookieKeys::new(Millis::from(NOW), &mut self.rng));
        self
    }

    fn answer_message(&mut self, hello: MeshSessionHello) -> Result<Answer, HandshakeError> {
        let received = ReceivedHello::read(hello, self.local.node_id(), &self.terms, self.now)?;
        let admitted = match &self.cookies {
            None => received.admit(),
            Some(cookies) => match received.demand_cookie(cookies, address(), self.now)? {
                CookieCheck::Admitted(admitted) => admitted,
                CookieCheck::Challenged(retry) => return Ok(Answer::Retry(retry)),
            },
        };
        let verified = admitted.verify(&self.answered, &mut known, self.now)?;
        let now = Millis::from(self.now);
        verified
            .accept(&self.local, &self.terms, &mut self.answered, |_| false, now, &mut self.rng)
            .map(|accepted| Answer::Ack(Box::new(accepted)))
    }

    fn answer(&mut self, bytes: &[u8]) -> Result<Answer, HandshakeError> {
        match WireMessage::parse(bytes).map_err(HandshakeError::Wire)? {
            WireMessage::Hello(hello) => self.answer_message(hello),
            _ => Err(HandshakeError::Unexpected),
        }
    }

    fn ack(&mut self, bytes: &[u8]) -> (Agreement, MeshSessionAck) {
        match self.answer(bytes) {
            Ok(Answer::Ack(accepted)) => *accepted,
            Ok(Answer::Retry(_)) => unreachable!("no cookie is demanded"),
            Err(error) => unreachable!("{error}"),
        }
    }

    fn code(&mut self, bytes: &[u8]) -> &'static str {
        self.answer(bytes).err().map_or("", |error| error.reason().code())
    }
}

fn hello_with(terms: &Terms, seed: u64) -> HelloSent {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    match HelloSent::start(&local("nLaptop", 1), &node("nServer01"), terms, NOW, &mut rng) {
        Ok(sent) => sent,
        Err(error) => unreachable!("{error}"),
    }
}

fn hello() -> HelloSent {
    hello_with(&Terms::default(), 1)
}

fn message(bytes: &[u8]) -> MeshSessionHello {
    match WireMessage::parse(bytes) {
        Ok(WireMessage::Hello(hello)) => hello,
        other => unreachable!("{other:?}"),
    }
}

/// A hello of the laptop with a change, signed again.
fn forged(change: impl FnOnce(&mut MeshSessionHello)) -> MeshSessionHello {
    let mut hello = message(hello().bytes());
    change(&mut hello);
    hello.signature = signing_key(1).sign(&hello.transcript());
    hello
}

fn accept(sent: HelloSent, ack: &MeshSessionAck) -> Result<Agreement, (HelloSent, &'static str)> {
    sent.handle_ack(ack, &Terms::default(), &mut known, |_| false, NOW)
        .map_err(|refused| (refused.state, refused.error.reason().code()))
}

#[test]
fn both_ends_agree() {
    let sent = hello();
    let (there, ack) = Responder::new(Terms::default()).ack(sent.bytes());
    let here = accept(sent, &ack).unwrap();
    assert_eq!(here.keys().mac_i2r(), there.keys().mac_i2r());
    assert_eq!(here.keys().mac_r2i(), there.keys().mac_r2i());
    assert_eq!(here.keys().context(), there.keys().context());
    assert_ne!(here.keys().mac_i2r(), here.keys().mac_r2i());
    assert_eq!((here.session_id(), here.suite()), (there.session_id(), there.suite()));
    assert_eq!((here.peer().as_str(), there.peer().as_str()), ("nServer01", "nLaptop"));
    assert_eq!((here.peer_key(), there.peer_key()), (&attested(2), &attested(1)));
}

#[test]
fn every_changed_byte_of_a_hello_is_refused() {
    let sent = hello();
    let mut responder = Responder::new(Terms::default());
    for at in 0..sent.bytes().len() {
        for mask in [1, 0x20, 0x80, 0xff] {
            let mut changed = sent.bytes().to_vec();
            changed[at] ^= mask;
            assert_ne!(responder.code(&changed), "", "byte {at}, mask {mask:#x}");
        }
    }
    for len in 0..sent.bytes().len() {
        assert_ne!(responder.code(&sent.bytes()[..len]), "");
    }
    assert_ne!(responder.code(&[sent.bytes(), &[0]].concat()), "");
    responder.ack(sent.bytes());
}

#[test]
fn every_changed_byte_of_an_ack_is_refused() {
    let mut sent = hello();
    let (_, ack) = Responder::new(Terms::default()).ack(sent.bytes());
    let bytes = WireMessage::Ack(ack.clone()).to_bytes().unwrap();
    for at in 0..bytes.len() {
        for mask in [1, 0x20, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= mask;
            let Ok(WireMessage::Ack(changed)) = WireMessage::parse(&changed) else { continue };
            sent = accept(sent, &changed).unwrap_err().0;
        }
    }
    accept(sent, &ack).unwrap();
}

fn retried(sent: HelloSent, retry: &MeshSessionHelloRetry) -> Result<HelloRetried, (HelloSent, &'static str)> {
    sent.handle_retry(retry, &local("nLaptop", 1), &Terms::default(), NOW)
        .map_err(|refused| (refused.state, refused.error.reason().code()))
}

#[test]
fn a_cookie_is_shown_before_anything_is_remembered() {
    let mut responder = Responder::new(Terms::default()).demanding_cookies();
    let sent = hello();
    let first = message(sent.bytes());
    let Ok(Answer::Retry(retry)) = responder.answer(sent.bytes()) else { panic!("a cookie is demanded") };
    let sent = retried(sent, &retry).unwrap();
    let second = message(sent.bytes());
    assert_eq!(second.cookie, Some(retry.cookie));
    assert_eq!((second.eph_pubkey, second.nonce, second.timestamp), (first.eph_pubkey, first.nonce, first.timestamp));
    assert_ne!(second.signature, first.signature);

    let Ok(Answer::Ack(accepted)) = responder.answer(sent.bytes()) else { panic!("the cookie is right") };
    let here = sent.handle_ack(&accepted.1, &Terms::default(), &mut known, |_| false, NOW).unwrap();
    assert_eq!(here.keys().context(), accepted.0.keys().context());
    assert_eq!(responder.code(sent_again(&retry).bytes()), "session.replayed_hello");
}

/// The retried hello of the same randomness.
fn sent_again(retry: &MeshSessionHelloRetry) -> HelloRetried {
    retried(hello(), retry).unwrap_or_else(|_| unreachable!("the retry is acceptable"))
}

#[test]
fn every_changed_byte_of_a_retry_leads_nowhere() {
    let mut responder = Responder::new(Terms::default()).demanding_cookies();
    let Ok(Answer::Retry(retry)) = responder.answer(hello().bytes()) else { panic!("a cookie is demanded") };
    let bytes = WireMessage::HelloRetry(retry.clone()).to_bytes().unwrap();
    for at in 0..bytes.len() {
        for mask in [1, 0x20, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= mask;
            let Ok(WireMessage::HelloRetry(changed)) = WireMessage::parse(&changed) else { continue };
            let Ok(sent) = retried(hello(), &changed) else { continue };
            if changed.cookie == retry.cookie {
                // Nobody signs a retry, and a time within the skew is as good as another.
                assert_ne!(changed.timestamp, retry.timestamp);
            } else {
                assert_eq!(responder.code(sent.bytes()), "session.cookie_invalid", "byte {at}");
            }
        }
    }
    let mut foreign = retry.clone();
    foreign.from = node("nOther");
    assert_eq!(retried(hello(), &foreign).unwrap_err().1, "session.wrong_peer");
    let late = MeshSessionHelloRetry { timestamp: NOW.saturating_add(121), ..retry };
    assert_eq!(retried(hello(), &late).unwrap_err().1, "session.clock_skew");
}

#[test]
fn every_changed_byte_of_a_retried_hello_is_refused() {
    let mut responder = Responder::new(Terms::default()).demanding_cookies();
    let Ok(Answer::Retry(retry)) = responder.answer(hello().bytes()) else { panic!("a cookie is demanded") };
    let sent = sent_again(&retry);
    for at in 0..sent.bytes().len() {
        let mut changed = sent.bytes().to_vec();
        changed[at] ^= 1;
        assert!(responder.answer(&changed).is_err(), "byte {at}");
    }
    assert!(matches!(responder.answer(sent.bytes()), Ok(Answer::Ack(_))));
}

#[test]
fn nobody_is_looked_up_before_the_cookie_is_right() {
    let mut responder = Responder::new(Terms::default()).demanding_cookies();
    let cookies = responder.cookies.take().unwrap();
    let read = |hello| ReceivedHello::read(hello, &node("nServer01"), &Terms::default(), NOW).unwrap();
    let wrong = forged(|hello| hello.cookie = Some([9; 32]));
    let refused = read(wrong).demand_cookie(&cookies, address(), NOW);
    assert_eq!(refused.unwrap_err().reason().code(), "session.cookie_invalid");

    let elsewhere = SocketAddr::from(([192, 0, 2, 1], 4001));
    let CookieCheck::Challenged(retry) =
        read(message(hello().bytes())).demand_cookie(&cookies, elsewhere, NOW).unwrap()
    else {
        panic!("a cookie is demanded");
    };
    let moved = message(sent_again(&retry).bytes());
    let refused = read(moved).demand_cookie(&cookies, address(), NOW);
    assert_eq!(refused.unwrap_err().reason().code(), "session.cookie_invalid");
}

#[test]
fn a_hello_is_answered_once() {
    let mut responder = Responder::new(Terms::default());
    let sent = hello();
    responder.ack(sent.bytes());
    assert_eq!(responder.code(sent.bytes()), "session.replayed_hello");
    // In the last second in which its time is acceptable, it is still remembered.
    responder.now = NOW.saturating_add(120);
    assert_eq!(responder.code(sent.bytes()), "session.replayed_hello");
    responder.now = NOW.saturating_add(121);
    assert_eq!(responder.code(sent.bytes()), "session.clock_skew");

    let early = Responder { now: NOW.saturating_sub(120), ..Responder::new(Terms::default()) };
    let mut responder = early;
    responder.ack(sent.bytes());
    for later in [0, 240] {
        responder.now = NOW.saturating_sub(120).saturating_add(later);
        responder.ack(hello_with(&Terms::default(), later.wrapping_add(77)).bytes());
        assert_eq!(responder.code(sent.bytes()), "session.replayed_hello");
    }
}

#[test]
fn a_full_memory_of_hellos_refuses_more() {
    let mut responder = Responder::new(Terms::default());
    responder.answered = HelloCache::new(&Terms::default(), 2);
    for seed in [1, 2] {
        responder.ack(hello_with(&Terms::default(), seed).bytes());
    }
    assert_eq!(responder.code(hello_with(&Terms::default(), 3).bytes()), "session.overloaded");
}

#[test]
fn clocks_may_differ_by_two_minutes() {
    let ack_of = |now: Timestamp| Responder { now, ..Responder::new(Terms::default()) }.answer(hello().bytes());
    for (shift, good) in [(120, true), (121, false)] {
        assert_eq!(ack_of(NOW.saturating_add(shift)).is_ok(), good);
        assert_eq!(ack_of(NOW.saturating_sub(shift)).is_ok(), good);
    }
    let strict = Terms::default().with_skew(TimePolicy { max_skew_secs: 5, log_skew_events: false });
    let mut responder = Responder { now: NOW.saturating_add(6), ..Responder::new(strict) };
    assert_eq!(responder.code(hello().bytes()), "session.clock_skew");

    let (_, ack) = Responder { now: NOW.saturating_add(120), ..Responder::new(Terms::default()) }.ack(hello().bytes());
    accept(hello(), &ack).unwrap();
    let refused = hello().handle_ack(&ack, &Terms::default(), &mut known, |_| false, NOW.saturating_sub(1));
    assert_eq!(refused.unwrap_err().error.reason().code(), "session.clock_skew");
}

#[test]
fn suites() {
    use SessionCryptoSuite::{Suite1, Suite2};
    let terms = |suites: &[_]| Terms::new(suites, TransportLimits::default()).unwrap();
    for (offered, supported, chosen) in [
        (&[Suite1, Suite2][..], &[Suite2, Suite1][..], Suite1),
        (&[Suite2, Suite1], &[Suite1, Suite2], Suite2),
        (&[Suite1, Suite2], &[Suite2], Suite2),
    ] {
        let sent = hello_with(&terms(offered), 1);
        let (there, ack) = Responder::new(terms(supported)).ack(sent.bytes());
        let here = accept(sent, &ack).unwrap();
        assert_eq!((here.suite(), there.suite()), (chosen, chosen));
    }
    let mut responder = Responder::new(terms(&[Suite2]));
    assert_eq!(responder.code(hello_with(&terms(&[Suite1]), 1).bytes()), "session.no_common_suite");

    // A properly signed answer with a suite that was not offered, or that nobody knows.
    let sent = hello_with(&terms(&[Suite1]), 1);
    let (_, ack) = Responder::new(Terms::default()).ack(sent.bytes());
    let mut state = sent;
    for suite in [2, 3] {
        let ack = signed_ack(&ack, &message(state.bytes()), |ack| ack.suite = SuiteId::new(suite));
        let (back, code) = accept(state, &ack).unwrap_err();
        assert_eq!(code, "session.suite_not_offered");
        state = back;
    }
}

/// An ack of the server with a change, signed again.
fn signed_ack(
    ack: &MeshSessionAck,
    hello: &MeshSessionHello,
    change: impl FnOnce(&mut MeshSessionAck),
) -> MeshSessionAck {
    let mut ack = ack.clone();
    change(&mut ack);
    ack.signature = signing_key(2).sign(&ack.transcript(&hello.eph_pubkey, &hello.nonce));
    ack
}

#[test]
fn only_the_right_nodes_talk() {
    let mut responder = Responder::new(Terms::default());
    let mut code = |hello| responder.answer_message(hello).err().map(|error| error.reason().code());
    assert_eq!(code(forged(|hello| hello.to = node("nOther"))), Some("session.wrong_peer"));
    assert_eq!(code(forged(|hello| hello.from = node("nServer01"))), Some("session.wrong_peer"));
    assert_eq!(code(forged(|hello| hello.from = node("nStranger"))), Some("attestation.missing"));
    let mut unsigned = message(hello().bytes());
    unsigned.signature = Signature::ABSENT;
    assert_eq!(code(unsigned), Some("session.bad_signature"));
    let mut by_another = message(hello().bytes());
    by_another.signature = signing_key(2).sign(&by_another.transcript());
    assert_eq!(code(by_another), Some("session.bad_signature"));
    let mut of_something_else = message(hello().bytes());
    of_something_else.signature = signing_key(1).sign(&Preimage::transcript("FCP2-ACK-V1", &[]));
    assert_eq!(code(of_something_else), Some("session.bad_signature"));

    let sent = hello();
    let said = message(sent.bytes());
    let (_, ack) = Responder::new(Terms::default()).ack(sent.bytes());
    let (sent, code) = accept(sent, &signed_ack(&ack, &said, |ack| ack.from = node("nLaptop"))).unwrap_err();
    assert_eq!(code, "session.wrong_peer");
    let (sent, code) = accept(sent, &signed_ack(&ack, &said, |ack| ack.to = node("nServer01"))).unwrap_err();
    assert_eq!(code, "session.wrong_peer");
    // The answer to another hello of the same node.
    let other = hello_with(&Terms::default(), 99);
    let (_, foreign) = Responder::new(Terms::default()).ack(other.bytes());
    let (sent, code) = accept(sent, &foreign).unwrap_err();
    assert_eq!(code, "session.bad_signature");
    accept(sent, &ack).unwrap();
}

#[test]
fn keys_of_small_order_are_refused() {
    let mut responder = Responder::new(Terms::default());
    let low = hex_literal::hex!("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
    for (seed, key) in [(1, [0; 32]), (2, low)] {
        let hello = forged(|hello| {
            hello.eph_pubkey = key;
            hello.nonce = [seed; 16];
        });
        let error = responder.answer_message(hello).err().unwrap();
        assert_eq!(error.reason().code(), "session.zero_shared_secret");

        let sent = self::hello();
        let (_, ack) = Responder::new(Terms::default()).ack(sent.bytes());
        let ack = signed_ack(&ack, &message(sent.bytes()), |ack| ack.eph_pubkey = key);
        assert_eq!(accept(sent, &ack).unwrap_err().1, "session.zero_shared_secret");
    }
}

#[test]
fn a_live_session_id_is_refused() {
    let sent = hello();
    let (_, ack) = Responder::new(Terms::default()).ack(sent.bytes());
    let refused = sent.handle_ack(&ack, &Terms::default(), &mut known, |id| *id == ack.session_id, NOW).unwrap_err();
    assert_eq!(refused.error.reason().code(), "session.id_in_use");
    accept(refused.state, &ack).unwrap();
}

#[test]
fn attestations_are_shown_to_whoever_knows_keys() {
    let objects = Attestations::new(vec![b"attestation".to_vec(), b"enrollment".to_vec()]).unwrap();
    let laptop = local("nLaptop", 1).with_attestations(objects.clone());
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let terms = Terms::default();
    let sent = HelloSent::start(&laptop, &node("nServer01"), &terms, NOW, &mut rng).unwrap();

    // A responder who knows the laptop only once it has read what came along.
    let mut installed = Vec::new();
    let mut learning = |peer: &NodeId, offered: &Attestations, _: Timestamp| -> Option<AttestedKey> {
        installed.push((peer.clone(), offered.clone()));
        (*offered == objects).then(|| attested(1))
    };
    let mut answered = HelloCache::new(&terms, 10);
    let server = local("nServer01", 2).with_attestations(objects.clone());
    let verified = ReceivedHello::read(message(sent.bytes()), server.node_id(), &terms, NOW)
        .unwrap()
        .admit()
        .verify(&answered, &mut learning, NOW)
        .unwrap();
    assert_eq!(installed, [(node("nLaptop"), objects.clone())]);
    let (_, ack) = verified.accept(&server, &terms, &mut answered, |_| false, Millis::from(NOW), &mut rng).unwrap();
    assert_eq!(ack.attestations, Some(objects.clone()));
    let mut offered = None;
    let mut asked = |_: &NodeId, objects: &Attestations, _: Timestamp| -> Option<AttestedKey> {
        offered = Some(objects.clone());
        Some(attested(2))
    };
    sent.handle_ack(&ack, &terms, &mut asked, |_| false, NOW).unwrap();
    assert_eq!(offered, Some(objects));

    let too_much = Attestations::new(vec![vec![0; 5000]; 4]).unwrap();
    let laptop = local("nLaptop", 1).with_attestations(too_much);
    let refused = HelloSent::start(&laptop, &node("nServer01"), &terms, NOW, &mut rng);
    assert_eq!(refused.unwrap_err().reason().code(), "session.too_large");
}

#[test]
fn limits_are_the_smaller_ones() {
    let terms = |bytes| Terms::new(&SessionCryptoSuite::ALL, TransportLimits::new(bytes).unwrap()).unwrap();
    for (initiator, responder, theirs) in [(9000, 1400, 1400), (1300, 9000, 1300), (1200, 1200, 1200)] {
        let sent = hello_with(&terms(initiator), 1);
        let (there, ack) = Responder::new(terms(responder)).ack(sent.bytes());
        assert_eq!(there.max_datagram_bytes(), theirs);
        assert_eq!(accept(sent, &ack).unwrap().max_datagram_bytes(), initiator);
    }
    let silent = forged(|hello| hello.transport_limits = None);
    let answer = Responder::new(terms(9000)).answer_message(silent);
    assert!(matches!(answer, Ok(Answer::Ack(accepted)) if accepted.0.max_datagram_bytes() == 1200));
}
