//! What stands on the wire: frames, datagrams, control frames, handshake messages.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use fcp_core::aead::ChaChaKey;
use fcp_core::id::{EpochId, NodeId, ZoneId, ZoneKeyId};
use fcp_core::rand_core::SeedableRng as _;
use fcp_core::time::Millis;
use fcp_core::zone_key::{ZoneKey, ZoneKeyAlgorithm};
use fcp_symbols::datagram::{self, Datagram, DatagramError, ENVELOPE_LEN, MacKey};
use fcp_symbols::envelope::{SymbolKey, check_epoch};
use fcp_symbols::fcpc::{self, FcpcReader, FcpcReceiver, FcpcSender, FlowLimits};
use fcp_symbols::fcps::{Frame, FrameMut, FrameWriter, HEADER_LEN, MAX_SYMBOLS};
use fcp_symbols::session::responder::{CookieCheck, ReceivedHello};
use fcp_symbols::session::wire::{self, WireMessage};
use fcp_symbols::session::{CookieKeys, Direction, SessionCryptoSuite, SessionId, Terms};
use fcp_symbols::signed_frame::SignedFcpsFrame;

use super::input::Input;
use super::pair;

/// The longest frame that the target takes: as long as a datagram can be.
const MAX_FRAME: usize = 65_467;

/// The view, the view that may be written to and a frame that is written anew agree; opening changes nothing but symbols
/// that open.
pub(super) fn fcps(bytes: &[u8]) {
    let parsed = Frame::parse(bytes, MAX_FRAME);
    let mut own = bytes.to_vec();
    assert_eq!(FrameMut::parse(&mut own, MAX_FRAME).map(|frame| *frame.header()), parsed.map(|frame| *frame.header()));
    let Ok(frame) = parsed else { return };
    let header = *frame.header();
    assert!((1..=MAX_SYMBOLS).contains(&frame.symbols().len()));
    assert_eq!(datagram::frame_number(bytes), Ok((header.sender_instance_id, header.frame_seq)));
    let mut copy = vec![0; bytes.len()];
    let mut writer = FrameWriter::new(&mut copy, header).expect("its header can be written");
    for symbol in frame.symbols() {
        writer.push_sealed(symbol.esi, symbol.k, symbol.data, symbol.tag).expect("its symbols can be written");
    }
    assert_eq!(writer.finish().expect("it can be finished"), bytes, "another encoding was accepted");

    // Sealed under the key that the header names or not: whoever has the key finds out.
    for algorithm in [ZoneKeyAlgorithm::ChaCha20Poly1305, ZoneKeyAlgorithm::XChaCha20Poly1305] {
        let zone_key = ZoneKey::new(ZoneId::work(), ZoneKeyId::from_bytes([1; 8]), algorithm, [2; 32]);
        let key = SymbolKey::derive(&zone_key, &pair::node(false), header.sender_instance_id);
        let mut own = bytes.to_vec();
        let frame = FrameMut::parse(&mut own, MAX_FRAME).expect("it was read before");
        let Ok(opened) = frame.open(&key) else { continue };
        let opened: Vec<bool> = opened.map(|symbol| symbol.is_ok()).collect();
        let frame = Frame::parse(bytes, MAX_FRAME).expect("it was read before");
        assert_eq!(opened.len(), frame.symbols().len());
    }
    let _ = check_epoch(header.epoch_id, EpochId::new(5_666_666), 2);
}

/// A datagram is taken apart into what it is made of, and only the right MAC passes.
pub(super) fn datagram(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let suite = SessionCryptoSuite::ALL[input.below(2)];
    let direction = [Direction::InitiatorToResponder, Direction::ResponderToInitiator][input.below(2)];
    let limit = usize::from(input.u16());
    let bytes = input.rest();
    let key = MacKey::new(suite, &[3; 32]);
    let parsed = match Datagram::parse(bytes, limit) {
        Ok(parsed) => parsed,
        Err(DatagramError::TooLarge) => return assert!(bytes.len() > limit),
        Err(_) => return assert!(bytes.len() < ENVELOPE_LEN + HEADER_LEN),
    };
    assert_eq!([&parsed.session_id()[..], &bytes[16..40], parsed.frame()].concat(), bytes);
    if parsed.authenticate(&key, direction).is_ok() {
        let mut again = bytes.to_vec();
        let id = SessionId::from_bytes(*parsed.session_id());
        if let Ok(id) = id {
            datagram::seal(&key, &id, direction, &mut again).expect("it has a frame");
            assert_eq!(again, bytes, "another MAC was accepted");
        }
    }
    // And the frame in it, sealed anew, comes back.
    let id = SessionId::from_bytes([9; 16]).expect("an id");
    let mut sealed = bytes.to_vec();
    datagram::seal(&key, &id, direction, &mut sealed).expect("it has a frame");
    let number = Datagram::parse(&sealed, sealed.len()).and_then(|datagram| datagram.authenticate(&key, direction));
    let (instance, seq) = datagram::frame_number(parsed.frame()).expect("it has a header");
    assert!(number.is_ok_and(|number| (number.instance, number.seq) == (instance, seq)));
}

/// The two ends of a stream that both sides know.
fn stream_ends() -> (FcpcSender, FcpcReceiver, FcpcReceiver) {
    let (mut here, mut there) = pair::sessions();
    let (sender, _) = here.take_streams().expect("its streams");
    let (_, receiver) = there.take_streams().expect("its streams");
    let (mut other, mut same) = pair::sessions();
    let _ = other.take_streams();
    let (_, second) = same.take_streams().expect("its streams");
    (sender, receiver, second)
}

/// However a stream is cut, the same frames come out of it, and whatever is changed in it ends it for good.
pub(super) fn fcpc(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (mut sender, mut receiver, twin) = stream_ends();
    let limits = FlowLimits::new(usize::from(input.u16()), usize::from(input.u16()));
    let mut reader = FcpcReader::new(twin, limits);
    let (mut stream, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..input.below(6) {
        let len = usize::from(input.u8());
        let plaintext = input.bytes(len).to_vec();
        sender.seal_into(&plaintext, &mut stream).expect("it is short");
        plain.push(plaintext);
    }
    // Something changes on the way, or strange bytes follow.
    let (at, mask) = (usize::from(input.u16()), input.u8());
    let changed = mask != 0 && at < stream.len();
    if changed {
        stream[at] ^= mask;
    }
    let tail_len = usize::from(input.u8());
    stream.extend_from_slice(input.bytes(tail_len));

    let whole = {
        let (mut rest, mut frames) = (&stream[..], Vec::new());
        let end = loop {
            match receiver.handle_bytes(&mut rest) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        if let Some(error) = end {
            assert_eq!(receiver.handle_bytes(&mut &b"FCPC"[..]), Err(error), "the first error is the last word");
        }
        (frames, end)
    };
    assert!(whole.0.len() <= plain.len() && whole.0 == plain[..whole.0.len()], "a frame that nobody sent");
    if !changed {
        assert_eq!(whole.0.len(), plain.len(), "a frame was lost");
    }
    let (mut frames, mut end) = (Vec::new(), None);
    for mut piece in input.pieces(&stream) {
        while end.is_none() && !piece.is_empty() {
            if let Err(error) = reader.handle_bytes(&mut piece) {
                end = Some(error);
            }
            assert!(reader.waiting() < limits.high() + 308, "one frame beyond the mark at most");
            while !reader.flow().is_go() {
                frames.extend(reader.pop());
            }
        }
    }
    frames.extend(core::iter::from_fn(|| reader.pop()));
    assert_eq!((frames, end), whole, "cutting changed the stream");

    let (key, id) = (ChaChaKey::new(&[1; 32]), SessionId::from_bytes([9; 16]).expect("an id"));
    let _ = fcpc::open_frame(&key, &id, Direction::InitiatorToResponder, &stream);
}

/// Handshake messages and signed frames.
pub(super) fn wire(bytes: &[u8]) {
    let Ok(message) = WireMessage::parse(bytes) else { return };
    assert!(wire::is_framed(bytes));
    assert_eq!(message.to_bytes().as_deref(), Ok(bytes), "another encoding was accepted");
    match message {
        WireMessage::Hello(hello) => assert!(hello.transcript().as_bytes().starts_with(b"FCP2-HELLO-V1")),
        WireMessage::SignedFrame(body) => signed_frame(body),
        WireMessage::HelloRetry(_) | WireMessage::Ack(_) => {}
    }
}

/// The body of a signed frame: everything in it but the signature is covered by the signature.
pub(super) fn signed_frame(bytes: &[u8]) {
    let Ok(signed) = SignedFcpsFrame::parse(bytes) else { return };
    let preimage = signed.preimage();
    assert!(preimage.as_bytes().len() > bytes.len() - 64, "something is not covered");
    assert!(datagram::frame_number(&bytes[bytes.len().saturating_sub(HEADER_LEN)..]).is_ok());
    assert!(NodeId::new(signed.source().as_str()).is_ok());
}

/// A hello passes where a cookie is demanded only with the cookie that was demanded for it.
pub(super) fn hello(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let source = SocketAddr::new(IpAddr::V4(Ipv4Addr::from(input.array())), input.u16());
    let other = SocketAddr::new(IpAddr::V4(Ipv4Addr::from(input.array())), input.u16());
    let Ok(WireMessage::Hello(hello)) = WireMessage::parse(input.rest()) else { return };
    let (terms, now) = (Terms::default(), hello.timestamp);
    let start = Millis::from(now);
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
    let mut keys = CookieKeys::new(start, &mut rng);
    let to = hello.to.clone();
    let read = |hello| ReceivedHello::read(hello, &to, &terms, now);
    let Ok(received) = read(hello.clone()) else { return };
    match received.demand_cookie(&keys, source, now) {
        Ok(CookieCheck::Admitted(_)) => panic!("a cookie was guessed"),
        Err(_) => assert!(hello.cookie.is_some()),
        Ok(CookieCheck::Challenged(retry)) => {
            assert!(hello.cookie.is_none());
            let mut retried = hello;
            retried.cookie = Some(retry.cookie);
            let admitted = |keys: &CookieKeys, from| {
                let received = read(retried.clone()).expect("it was read before");
                matches!(received.demand_cookie(keys, from, now), Ok(CookieCheck::Admitted(_)))
            };
            assert!(admitted(&keys, source));
            assert_eq!(admitted(&keys, other), source == other, "a cookie is for one address");
            keys.rotate(start.saturating_add_secs(60), &mut rng);
            assert!(admitted(&keys, source), "the previous key still counts");
            keys.rotate(start.saturating_add_secs(120), &mut rng);
            assert!(!admitted(&keys, source), "and the one before it does not");
        }
    }
}
