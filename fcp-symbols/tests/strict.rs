//! One encoding of everything: each type through the batteries of `fcp-core`, each frame through changes of its bytes.

#![expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "test arithmetic is on small numbers")]

mod common;

use common::{header_for, key};
use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId, ZoneKeyId};
use fcp_core::object::{MeshObject as _, check_message, check_object, check_signed};
use fcp_core::sign::{NodeSigningKey, Signature, Signed as _};
use fcp_core::time::Timestamp;
use fcp_symbols::chunk::{self, ChunkSize, ChunkedObjectManifest, RawChunk};
use fcp_symbols::fcps::{Frame, FrameFlags, FrameHeader, FrameWriter};
use fcp_symbols::message::{
    DecodeStatus, EsiList, Feedback as _, MissingHint, SymbolAck, SymbolDeliveryHint, SymbolRequest, ephemeral_header,
};
use fcp_symbols::raptor::SymbolSize;
use fcp_symbols::session::wire::WireMessage;
use fcp_symbols::session::{
    Attestations, LocalNode, MeshSessionAck, MeshSessionHello, MeshSessionHelloRetry, SessionId, SuiteId, SuiteOffer,
    TransportLimits,
};
use fcp_symbols::signed_frame::SignedFcpsFrame;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap_or_else(|error| unreachable!("{error}"))
}

fn signing_key() -> NodeSigningKey {
    NodeSigningKey::from_seed([1; 32])
}

fn status() -> DecodeStatus {
    let hint = EsiList::new(vec![0, 23, 24, 70_000]).and_then(MissingHint::new);
    DecodeStatus {
        header: ephemeral_header::<DecodeStatus>(ZoneId::work(), 60, 60, NOW),
        object_id: ObjectId::from_bytes([7; 32]),
        zone_id: ZoneId::work(),
        zone_key_id: ZoneKeyId::from_bytes([1; 8]),
        epoch_id: EpochId::of(NOW),
        received_unique: 62,
        required: 65,
        missing_hint: Some(hint.unwrap_or_else(|error| unreachable!("{error}"))),
        signature: None,
    }
}

#[test]
fn chunks_and_their_manifest() {
    let payload: Vec<u8> = (0..2500_u32).map(|at| at.to_le_bytes()[0]).collect();
    let header = header_for::<ChunkedObjectManifest>(ZoneId::work()).with_ttl(3600);
    let (manifest, chunks) = chunk::split(&payload, header, ChunkSize::MIN, &key()).unwrap();
    assert_eq!(chunks.len(), 3);
    check_object(&manifest, &key());
    let header = header_for::<RawChunk>(ZoneId::work());
    check_object(&RawChunk { header, bytes: vec![1, 2, 3] }, &key());
}

#[test]
fn feedback() {
    check_object(&status(), &key());
    check_object(&status().signed_by(&signing_key()), &key());
    let ack = SymbolAck {
        header: ephemeral_header::<SymbolAck>(ZoneId::work(), 60, 60, NOW),
        object_id: ObjectId::from_bytes([7; 32]),
        zone_id: ZoneId::work(),
        zone_key_id: ZoneKeyId::from_bytes([1; 8]),
        epoch_id: EpochId::of(NOW),
        reconstructed_object_id: Some(ObjectId::from_bytes([8; 32])),
        signature: None,
    };
    check_object(&ack.clone().signed_by(&signing_key()), &key());
    // What is signed is the message as it is without a signature, whatever signature it has (D71).
    for signature in [None, Some(Signature::from_bytes([9; 64]))] {
        assert_eq!(ack.clone().with_signature(signature).preimage(), ack.preimage());
    }
}

#[test]
fn requests() {
    let request = SymbolRequest {
        header: ephemeral_header::<SymbolRequest>(ZoneId::work(), 60, 60, NOW),
        object_id: ObjectId::from_bytes([7; 32]),
        zone_id: ZoneId::work(),
        zone_key_id: ZoneKeyId::from_bytes([1; 8]),
        max_symbols: 300,
        want_esi: Some(EsiList::new(vec![4, 9]).unwrap()),
        decode_status: Some(status()),
        delivery_hint: Some(SymbolDeliveryHint { stop_after_symbols: 70, preferred_symbol_size: None }),
        requested_at: NOW,
        requester: node("nPeer"),
        signature: Signature::ABSENT,
    };
    let request = request.signed_by(&signing_key());
    check_object(&request, &key());
    check_signed(request, &[]);
    check_message(&SymbolDeliveryHint { stop_after_symbols: 70, preferred_symbol_size: Some(1024) });
}

fn hello() -> MeshSessionHello {
    let suites = [SuiteId::new(2), SuiteId::new(1), SuiteId::new(200)];
    MeshSessionHello {
        from: node("nLaptop"),
        to: node("nServer01"),
        eph_pubkey: [0x11; 32],
        nonce: [0x22; 16],
        cookie: Some([0x44; 32]),
        timestamp: NOW,
        suites: SuiteOffer::new(&suites).unwrap_or_else(|error| unreachable!("{error}")),
        transport_limits: Some(TransportLimits::default()),
        signature: Signature::from_bytes([0x33; 64]),
        attestations: Attestations::new(vec![vec![1, 2, 3], vec![]]).ok(),
    }
}

fn retry() -> MeshSessionHelloRetry {
    MeshSessionHelloRetry { from: node("nServer01"), to: node("nLaptop"), cookie: [0x44; 32], timestamp: NOW }
}

fn ack() -> MeshSessionAck {
    MeshSessionAck {
        from: node("nServer01"),
        to: node("nLaptop"),
        eph_pubkey: [0x55; 32],
        nonce: [0x66; 16],
        session_id: SessionId::from_bytes([0x77; 16]).unwrap_or_else(|error| unreachable!("{error}")),
        suite: SuiteId::new(2),
        timestamp: NOW,
        signature: Signature::from_bytes([0x33; 64]),
        attestations: Attestations::new(vec![vec![9; 30]]).ok(),
    }
}

#[test]
fn handshake_messages() {
    check_message(&hello());
    check_message(&retry());
    check_message(&ack());
}

/// A frame of two symbols of the smallest size.
fn frame() -> Vec<u8> {
    let header = FrameHeader {
        flags: FrameFlags::SYMBOLS,
        object_id: ObjectId::from_bytes([3; 32]),
        symbol_size: SymbolSize::MIN,
        zone_key_id: ZoneKeyId::from_bytes([1; 8]),
        zone_id_hash: ZoneId::work().hash(),
        epoch_id: EpochId::of(NOW),
        sender_instance_id: 77,
        frame_seq: 5,
    };
    let mut buffer = [0; 700];
    let mut writer = FrameWriter::new(&mut buffer, header).unwrap_or_else(|error| unreachable!("{error}"));
    for esi in [0, 5] {
        assert_eq!(writer.push_sealed(esi, 2, &[0xab; 256], &[0xcd; 16]), Ok(()));
    }
    writer.finish().map(|frame| frame.to_vec()).unwrap_or_default()
}

/// What a reader took, written again.
fn rewritten(frame: &Frame<'_>) -> Vec<u8> {
    let mut buffer = vec![0; 70_000];
    let mut writer = FrameWriter::new(&mut buffer, *frame.header()).unwrap_or_else(|error| unreachable!("{error}"));
    for symbol in frame.symbols() {
        assert_eq!(writer.push_sealed(symbol.esi, symbol.k, symbol.data, symbol.tag), Ok(()));
    }
    writer.finish().map(|frame| frame.to_vec()).unwrap_or_default()
}

/// A few changes: of a byte, of the length, of a piece that moves.
fn changed(mut bytes: Vec<u8>, changes: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    for (at, kind, value) in changes {
        let at = at.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
        match kind % 8 {
            0 if bytes.len() > 1 => drop(bytes.remove(at)),
            1 => bytes.insert(at, *value),
            2 => bytes.truncate(at.max(1)),
            3 => bytes.extend_from_slice(&vec![*value; usize::from(*value)]),
            // Mostly where lengths, counts and flags are.
            4 | 5 => {
                let at = at % bytes.len().min(16);
                bytes[at] = *value;
            }
            _ => bytes[at] ^= value,
        }
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn frames_have_one_form(changes in changes()) {
        let bytes = changed(frame(), &changes);
        if let Ok(read) = Frame::parse(&bytes, 100_000) {
            prop_assert_eq!(rewritten(&read), bytes);
        }
    }

    #[test]
    fn handshake_messages_have_one_form(which in 0..4_u8, changes in changes()) {
        let message = match which {
            0 => WireMessage::Hello(hello()),
            1 => WireMessage::HelloRetry(retry()),
            2 => WireMessage::Ack(ack()),
            _ => WireMessage::SignedFrame(b"a body"),
        };
        let bytes = changed(message.to_bytes().unwrap(), &changes);
        if let Ok(read) = WireMessage::parse(&bytes) {
            prop_assert_eq!(read.to_bytes().unwrap(), bytes);
        }
    }

    /// The signed bytes are the body without the signature, so a body that is read has no part that is not covered.
    #[test]
    fn signed_frames_have_one_form(changes in changes()) {
        let local = LocalNode::new(node("nA"), signing_key(), NOW.saturating_add(86_400));
        let sealed = SignedFcpsFrame::seal(&local, &node("nServer01"), NOW, &frame()).unwrap();
        let bytes = changed(sealed, &changes);
        let Ok(WireMessage::SignedFrame(body)) = WireMessage::parse(&bytes) else { return Ok(()) };
        if let Ok(read) = SignedFcpsFrame::parse(body) {
            let source_len = read.source().as_bytes().len();
            let dest_at = 2 + source_len;
            let dest_len = usize::from(u16::from_le_bytes([body[dest_at], body[dest_at + 1]]));
            let signature_at = dest_at + 2 + dest_len + 8;
            let covered = [b"FCP2-FRAME-SIG-V1", &body[..signature_at], &body[signature_at + 64..]].concat();
            let preimage = read.preimage();
            prop_assert_eq!(preimage.as_bytes(), covered);
        }
    }
}

#[test]
fn samples_are_what_they_should_be() {
    let bytes = frame();
    assert_eq!(Frame::parse(&bytes, 700).map(|frame| frame.symbols().len()), Ok(2));
    assert_eq!(Frame::parse(&bytes, 700).map(|frame| rewritten(&frame)), Ok(bytes));
    assert!(status().seal(&key()).is_ok());
}
