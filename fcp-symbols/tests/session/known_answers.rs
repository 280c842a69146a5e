//! Answers that were computed independently, in Python with `cryptography`, `hmac` and `cbor2`, and with a BLAKE3 written
//! from its paper and checked against its official vectors.
//!
//! Ephemeral secrets are the bytes 00–1f and 20–3f, signing seeds 32 times 01 and 02, nonces 16 times 22 and 66, the session
//! id 16 times 77.

use super::support::{self, NOW, Scripted, known, local, node};
use fcp_core::aead::ChaChaKey;
use fcp_core::time::Millis;
use fcp_symbols::datagram::{self, Datagram, ENVELOPE_LEN, MacKey};
use fcp_symbols::fcpc::{open_frame, seal_frame};
use fcp_symbols::session::initiator::HelloSent;
use fcp_symbols::session::responder::{HelloCache, ReceivedHello};
use fcp_symbols::session::wire::WireMessage;
use fcp_symbols::session::{
    Agreement, Direction, KeyContext, MeshSessionHelloRetry, SessionCryptoSuite, SessionId, SessionKeys, Terms,
};
use fcp_symbols::signed_frame::SignedFcpsFrame;
use hex_literal::hex;

const HELLO: [u8; 247] = hex!(
    "46435048010001ec000000a862746f696e53657276657230316466726f6d676e4c6170746f70656e6f6e6365502222222222222222222222222222222266"
    "737569746573820102697369676e617475726558409df1406c78869b0915702cf3f153d025ee35eae9b69a77ec36bb517d3afb3001b17735c7d97dca3c1f"
    "5f59c63a060b806ef65a94307b32af178778c2b5c353006974696d657374616d701a6553f1006a6570685f7075626b657958208f40c5adb68f25624ae5b2"
    "14ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f707472616e73706f72745f6c696d697473a1726d61785f646174616772616d5f62797465731904b0"
);

const ACK: [u8; 232] = hex!(
    "46435048010003dd000000a862746f676e4c6170746f706466726f6d696e5365727665723031656e6f6e6365506666666666666666666666666666666665"
    "737569746501697369676e617475726558407bca683db4316d7db683fb266913b698e474a8edbcf2174a7168e8d068c258da97ef24b5531714bf36583e06"
    "e6afa980a84f3352b1730815d3b99414aad4c2036974696d657374616d701a6553f1006a6570685f7075626b65795820358072d6365880d1aeea329adf91"
    "21383851ed21a28e3b75e965d0d2cd1662546a73657373696f6e5f69645077777777777777777777777777777777"
);

const SHARED_SECRET: [u8; 32] = hex!("9663aa1da97e848a914a436d04163dfbb89178f107f1b5b77ed3854203382854");
const MAC_I2R: [u8; 32] = hex!("a88874bb0bfa3fae2f44159bbc7ef3a0a96bc9cd55696848d6b1d9f6aa79347a");
const MAC_R2I: [u8; 32] = hex!("1f69d91a7505959d039f96c006d551526d5e48a224491194f681c8c952065fe4");
const CONTEXT: [u8; 32] = hex!("061d106af91e46fc41d860fa548ade6e62e35d5456f1ec0537982b96ec68ce02");

fn session_id() -> SessionId {
    SessionId::from_bytes([0x77; 16]).unwrap_or_else(|_| unreachable!("the id is valid"))
}

fn has_known_keys(keys: &SessionKeys) -> bool {
    *keys.mac_i2r() == MAC_I2R && *keys.mac_r2i() == MAC_R2I && *keys.context() == CONTEXT
}

#[test]
fn key_schedule() {
    let keys = SessionKeys::derive(
        &SHARED_SECRET,
        KeyContext {
            session_id: &session_id(),
            initiator: &node("nLaptop"),
            responder: &node("nServer01"),
            hello_nonce: &[0x22; 16],
            ack_nonce: &[0x66; 16],
        },
    );
    assert!(has_known_keys(&keys));
}

#[test]
fn handshake() {
    let (laptop, server, terms) = (local("nLaptop", 1), local("nServer01", 2), Terms::default());
    let ephemeral: Vec<u8> = (0..64).collect();

    let mut rng = Scripted::new(&[&ephemeral[..32], &[0x22; 16]]);
    let sent = HelloSent::start(&laptop, server.node_id(), &terms, NOW, &mut rng).unwrap();
    assert_eq!(sent.bytes(), HELLO);

    let Ok(WireMessage::Hello(hello)) = WireMessage::parse(&HELLO) else { panic!("the hello is well-formed") };
    let mut answered = HelloCache::new(&terms, 8);
    // A session with this id is open already, so it is not drawn.
    let mut rng = Scripted::new(&[&ephemeral[32..], &[0x66; 16], &[0x99; 16], &[0; 16], &[0x77; 16]]);
    let (responder, ack) = ReceivedHello::read(hello, server.node_id(), &terms, NOW)
        .unwrap()
        .admit()
        .verify(&answered, &mut known, NOW)
        .unwrap()
        .accept(&server, &terms, &mut answered, |id| *id.as_bytes() == [0x99; 16], Millis::from(NOW), &mut rng)
        .unwrap();
    assert_eq!(WireMessage::Ack(ack).to_bytes().unwrap(), ACK);

    let Ok(WireMessage::Ack(ack)) = WireMessage::parse(&ACK) else { panic!("the ack is well-formed") };
    let initiator = sent.handle_ack(&ack, &terms, &mut known, |_| false, NOW).unwrap();
    for (agreement, peer) in [(&initiator, "nServer01"), (&responder, "nLaptop")] {
        let agreement: &Agreement = agreement;
        assert!(has_known_keys(agreement.keys()));
        assert_eq!(*agreement.session_id(), session_id());
        assert_eq!(agreement.peer().as_str(), peer);
        assert_eq!(agreement.suite(), SessionCryptoSuite::Suite1);
        assert_eq!(agreement.max_datagram_bytes(), 1200);
    }
}

#[test]
fn retry() {
    let retry =
        MeshSessionHelloRetry { from: node("nServer01"), to: node("nLaptop"), cookie: [0x44; 32], timestamp: NOW };
    let expected = hex!(
        "4643504801000253000000a462746f676e4c6170746f706466726f6d696e536572766572303166636f6f6b6965582044444444444444444444444444"
        "444444444444444444444444444444444444446974696d657374616d701a6553f100"
    );
    assert_eq!(WireMessage::HelloRetry(retry.clone()).to_bytes().unwrap(), expected);
    assert_eq!(WireMessage::parse(&expected).unwrap(), WireMessage::HelloRetry(retry));
}

#[test]
fn datagrams() {
    use Direction::{InitiatorToResponder, ResponderToInitiator};
    use SessionCryptoSuite::{Suite1, Suite2};
    // The frame: bytes 0 to 97, instance 0x1122334455667788, sequence 0x0102030405060708, then multiples of 7.
    let frame: Vec<u8> = (0_u8..98)
        .chain(0x1122_3344_5566_7788_u64.to_le_bytes())
        .chain(0x0102_0304_0506_0708_u64.to_le_bytes())
        .chain((0_u32..1046).map(|index| index.wrapping_mul(7).to_le_bytes()[0]))
        .collect();
    assert_eq!(frame.len(), 1160);
    for (suite, direction, key, mac) in [
        (Suite1, InitiatorToResponder, &MAC_I2R, hex!("fac23df1ecc000cfb76e629831d424ad")),
        (Suite1, ResponderToInitiator, &MAC_R2I, hex!("5ab915f795e216137c23036e790d4db3")),
        (Suite2, InitiatorToResponder, &MAC_I2R, hex!("88f585598197c699090044c56af441a7")),
        (Suite2, ResponderToInitiator, &MAC_R2I, hex!("2f91984e43b883108046d515e66e8791")),
    ] {
        let key = MacKey::new(suite, key);
        let mut buffer = [&[0; ENVELOPE_LEN][..], &frame].concat();
        datagram::seal(&key, &session_id(), direction, &mut buffer).unwrap();
        let expected = [&[0x77; 16][..], &hex!("0807060504030201"), &mac, &frame].concat();
        assert_eq!(buffer, expected);

        let datagram = Datagram::parse(&buffer, 1200).unwrap();
        assert_eq!(datagram.frame(), frame);
        let opened = datagram.authenticate(&key, direction).unwrap();
        assert_eq!((opened.instance, opened.seq), (0x1122_3344_5566_7788, 0x0102_0304_0506_0708));
        assert_eq!(Datagram::parse(&buffer, 1199).unwrap_err().reason().code(), "frame.too_large");
        assert_eq!(Datagram::parse(&buffer[..153], 1200).unwrap_err().reason().code(), "frame.too_short");
        let other = if direction == InitiatorToResponder { ResponderToInitiator } else { InitiatorToResponder };
        let reflected = Datagram::parse(&buffer, 1200).unwrap().authenticate(&key, other);
        assert_eq!(reflected.unwrap_err().reason().code(), "frame.mac_invalid");
    }
}

#[test]
fn a_datagram_and_its_frame_have_one_number() {
    let key = MacKey::new(SessionCryptoSuite::Suite1, &MAC_I2R);
    let direction = Direction::InitiatorToResponder;
    let frame = support::frame(1, 5, 200);
    let mac = key.tag(session_id().as_bytes(), direction, 6, &frame);
    let bytes: Vec<u8> =
        [0x77; 16].into_iter().chain(6_u64.to_le_bytes()).chain(mac).chain(frame.iter().copied()).collect();
    let error = Datagram::parse(&bytes, 1200).unwrap().authenticate(&key, direction).unwrap_err();
    assert_eq!(error.reason().code(), "frame.seq_mismatch");
}

#[test]
fn control_plane_frames() {
    let key = ChaChaKey::new(&CONTEXT);
    let cases: [(Direction, u64, &[u8], &[u8]); 3] = [
        (
            Direction::InitiatorToResponder,
            1,
            b"control plane",
            &hex!(
                "46435043010077777777777777777777777777777777010000000000000001000d000000903c7a4073a492d9b344f3dcb577c7c631d4d3c1613a"
                "963ba411b44b0e"
            ),
        ),
        (
            Direction::ResponderToInitiator,
            1,
            b"",
            &hex!(
                "464350430100777777777777777777777777777777770100000000000000010000000000d350f7c309f5211c1c4e9eb7df5a0b93"
            ),
        ),
        (
            Direction::InitiatorToResponder,
            2,
            &[0xab; 20],
            &hex!(
                "464350430100777777777777777777777777777777770200000000000000010014000000cf99811c59a87a58331b006873ed767e8613e955eada"
                "997687ccd1c77a8e407736f6c4a3"
            ),
        ),
    ];
    for (direction, seq, plaintext, expected) in cases {
        let mut out = Vec::new();
        seal_frame(&key, &session_id(), direction, seq, plaintext, &mut out).unwrap();
        assert_eq!(out, expected);
        let (header, opened) = open_frame(&key, &session_id(), direction, expected).unwrap();
        assert_eq!((header.seq, header.flags, opened.as_slice()), (seq, 1, plaintext));
    }
}

#[test]
fn signed_frame() {
    let frame: Vec<u8> = [0xab; 98]
        .into_iter()
        .chain(7_u64.to_le_bytes())
        .chain(1_u64.to_le_bytes())
        .chain(b"symbols".iter().copied())
        .collect();
    let sealed = SignedFcpsFrame::seal(&local("nA", 1), &node("nB"), NOW, &frame).unwrap();
    let expected: Vec<u8> = hex!(
        "46435048010004c900000002006e4102006e4200f1536500000000b2f506296fc9be0e7ea95be5f28ba22d6c8d14819718805c7bdc70eab7630c66d3"
        "d1a1f21bbea84141fad259713cde73063c2516b0dc64e0585953e797b7b90a"
    )
    .into_iter()
    .chain(frame.iter().copied())
    .collect();
    assert_eq!(sealed, expected);
}
