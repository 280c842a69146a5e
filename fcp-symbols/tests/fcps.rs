//! Frames against bytes that were computed elsewhere, and against hostile ones.

#![expect(clippy::arithmetic_side_effects, reason = "test arithmetic is on small numbers")]

mod common;

use common::{envelope, symbol_key, zone_key};
use fcp_core::id::NodeId;
use fcp_core::zone_key::ZoneKeyAlgorithm::{ChaCha20Poly1305, XChaCha20Poly1305};
use fcp_symbols::envelope::{EnvelopeError, SymbolKey};
use fcp_symbols::fcps::{
    DEFAULT_MAX_FRAME_LEN, Frame, FrameError, FrameFlags, FrameHeader, FrameMut, FrameWriter, WriteError, frame_len,
};
use fcp_symbols::raptor::{Coding, SymbolError, SymbolSize};
use hex_literal::hex;
use proptest::prelude::*;

// Header fields packed with `struct` in Python, symbols sealed as in the tests of the envelope: ESI 0 and 5, K = 2.
const KNOWN: [u8; 670] = hex!(
    "4643505301000404020000002c020000404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f0001"
    "a1a2a3a4a5a6a7a8f937c924fb82c40be1a3301ee6b600e70b3eb898dba0819756a813aaf311a0ce6a775600000000008877"
    "66554433221108070605040302010000000002009232f637cc2fd03917aa1cfc3170555b5fea77d5dcea5293679fcd0e64d2"
    "3dc8411c9a426298ce7cfb024713c1eb298ad4d6313e89721e78bf1ced5e234115e956df6654cddef856b6c90b2af9b29506"
    "8d33055ac7471ecd61112ff2a2eb95337d119b9005d926f8b0a2298a007f16405ec9b944695c57faf89baf80a6c07e681925"
    "495543da1f7c158629b2733f340853b90bfe06c34d2051b56e99c92bedf51369e1e7724fca154acfdb097182d0f100a7217d"
    "a11bbfacaceaee9989efea0f82f5f724f09656929b80aa69c5ff85179901765aeb0b66784dfe17ba8140afd99f6b3d4c2341"
    "a40ee494028b201dd9b951b651415e1e3cb09da3f9e1375c1f37f56cca6cb68c18c47feb3ad258eef13f0500000002002372"
    "023d9a455962739c94244c11bd338194a77544c6a4b74a632595697b9b92f307708b42ecbc7d56460e41ffcb15db5d32805a"
    "abb9a816a8b1a1d20afd02845a8f57636086006722d57e205d86c193e283c9053f1a197fa33662a2f9dd6c007655d2ced367"
    "cd7a58ef106339a0494123f3bd541c04011c5a33f5f5786bf22b561c6d877a5ef7490f4d6da90d840cefec36c68558a15f33"
    "7b0cc00731e38fd25e65099209851104e7df0af4be58a4c718fc19c02f5123c2d851888d5796bcf637f1decbd7d6ba3cd5af"
    "6073ef66afca277e152825857831883735efa2267e6b27b03f630c3902c3c3732e30d52d4520633e174a25ad83be8519d07c"
    "444194152afb7f65bed75a762c4de1936526a54c"
);

fn header() -> FrameHeader {
    let known = envelope();
    FrameHeader {
        flags: FrameFlags::SYMBOLS,
        object_id: known.object_id,
        symbol_size: SymbolSize::MIN,
        zone_key_id: known.zone_key_id,
        zone_id_hash: known.zone_id_hash,
        epoch_id: known.epoch_id,
        sender_instance_id: known.sender_instance_id,
        frame_seq: known.frame_seq,
    }
}

fn fill(symbol: &mut [u8], esi: usize) -> Result<(), SymbolError> {
    for (at, byte) in symbol.iter_mut().enumerate() {
        *byte = u8::try_from((at * 3 + esi) % 256).unwrap_or_default();
    }
    Ok(())
}

#[test]
fn the_known_frame_is_written() {
    let key = symbol_key(ChaCha20Poly1305);
    let mut buffer = [0xee; 700];
    let mut writer = FrameWriter::new(&mut buffer, header()).unwrap();
    assert_eq!(writer.room(), 2);
    writer.seal(0, 2, &key, |symbol| fill(symbol, 0)).unwrap();
    writer.seal(5, 2, &key, |symbol| fill(symbol, 5)).unwrap();
    assert_eq!(writer.seal(6, 2, &key, |symbol| fill(symbol, 6)), Err(WriteError::Full));
    assert_eq!(*writer.finish().unwrap(), KNOWN);
    assert_eq!(buffer[670..], [0xee; 30], "nothing is written behind it");
}

#[test]
fn the_known_frame_is_read() {
    let frame = Frame::parse(&KNOWN, 670).unwrap();
    assert_eq!(*frame.header(), header());
    assert_eq!(frame.header().coding(), Coding::RaptorQ);
    assert_eq!(frame.symbols().map(|symbol| (symbol.esi, symbol.k)).collect::<Vec<_>>(), [(0, 2), (5, 2)]);

    let mut copy = [0; 700];
    let mut writer = FrameWriter::new(&mut copy, *frame.header()).unwrap();
    for symbol in frame.symbols() {
        writer.push_sealed(symbol.esi, symbol.k, symbol.data, symbol.tag).unwrap();
    }
    assert_eq!(*writer.finish().unwrap(), KNOWN);
}

#[test]
fn symbols_open_where_they_lie() {
    let key = symbol_key(ChaCha20Poly1305);
    let mut bytes = KNOWN;
    let frame = FrameMut::parse(&mut bytes, DEFAULT_MAX_FRAME_LEN).unwrap();
    assert_eq!(frame.as_frame(), Frame::parse(&KNOWN, DEFAULT_MAX_FRAME_LEN).unwrap());
    let opened: Vec<_> = frame.open(&key).unwrap().map(|symbol| symbol.unwrap()).collect();
    for (symbol, esi) in opened.iter().zip([0, 5]) {
        let mut expected = [0; 256];
        fill(&mut expected, esi).unwrap();
        assert_eq!((symbol.esi as usize, symbol.block.k(), symbol.data), (esi, 2, &expected[..]));
    }
}

#[test]
fn the_key_must_be_the_headers() {
    let mut bytes = KNOWN;
    let node = NodeId::new("nLaptop1CNTRL").unwrap();
    let other_instance = SymbolKey::derive(&zone_key(ChaCha20Poly1305), &node, 1);
    let frame = FrameMut::parse(&mut bytes, DEFAULT_MAX_FRAME_LEN).unwrap();
    assert_eq!(frame.open(&other_instance).err(), Some(EnvelopeError::KeyMismatch));
}

/// Whatever byte of a sealed frame changes, no symbol opens that was touched, and none that shares what was touched.
#[test]
fn every_byte_is_authenticated() {
    let key = symbol_key(ChaCha20Poly1305);
    for at in 0..KNOWN.len() {
        for flip in [1, 0x80] {
            let mut bytes = KNOWN;
            bytes[at] ^= flip;
            let Ok(frame) = FrameMut::parse(&mut bytes, DEFAULT_MAX_FRAME_LEN) else {
                assert!(at < 120 || (392..398).contains(&at), "byte {at} is of no header");
                continue;
            };
            let Ok(symbols) = frame.open(&key) else {
                assert!((50..106).contains(&at), "byte {at} names no key");
                continue;
            };
            let opened: Vec<_> = symbols.map(|symbol| symbol.is_ok()).collect();
            let expected = match at {
                // The datagram's MAC covers the flags; symbols do not depend on them (D57).
                6 | 7 => [true, true],
                ..114 => [false, false],
                114..392 => [false, true],
                _ => [true, false],
            };
            assert_eq!(opened, expected, "byte {at}");
        }
    }
}

/// A frame with one change of the known one's bytes.
fn with(changes: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = KNOWN.to_vec();
    for (at, new) in changes {
        bytes.splice(*at..*at + new.len(), new.iter().copied());
    }
    bytes
}

#[test]
fn each_rule_refuses() {
    let refused =
        |bytes: &[u8]| Frame::parse(bytes, DEFAULT_MAX_FRAME_LEN).map(|_| ()).map_err(|error| error.reason().code());
    assert_eq!(refused(&KNOWN), Ok(()));
    for (code, bytes) in [
        ("frame.too_short", Vec::new()),
        ("frame.too_short", KNOWN[..113].to_vec()),
        ("frame.bad_magic", with(&[(0, b"FCPC")])),
        ("frame.unsupported_version", with(&[(4, &[0, 0])])),
        ("frame.unsupported_version", with(&[(4, &[2, 0])])),
        ("frame.unsupported_version", with(&[(4, &[1, 1])])),
        ("frame.bad_flags", with(&[(6, &[0x00, 0x04])])),
        ("frame.bad_flags", with(&[(6, &[0x06, 0x04])])),
        ("frame.bad_flags", with(&[(6, &[0x84, 0x04])])),
        ("frame.bad_flags", with(&[(6, &[0x04, 0x05])])),
        ("frame.bad_flags", with(&[(6, &[0x04, 0x14])])),
        ("frame.bad_flags", with(&[(6, &[0x04, 0x84])])),
        ("frame.symbol_count", with(&[(8, &[0; 4])])),
        ("frame.symbol_count", with(&[(8, &[1, 1, 0, 0])])),
        ("frame.symbol_count", with(&[(8, &[0xff; 4])])),
        ("frame.symbol_size", with(&[(48, &[0xff, 0x00])])),
        ("frame.symbol_size", with(&[(48, &[0x04, 0x01])])),
        ("frame.symbol_size", with(&[(48, &[0x08, 0x40])])),
        ("frame.symbol_size", with(&[(48, &[0, 0])])),
        ("frame.length_mismatch", with(&[(12, &[0x2d, 0x02])])),
        ("frame.length_mismatch", with(&[(8, &[1])])),
        ("frame.length_mismatch", with(&[(48, &[0x08, 0x01])])),
        ("frame.length_mismatch", KNOWN[..669].to_vec()),
        ("frame.length_mismatch", [&KNOWN[..], &[0]].concat()),
        ("frame.length_mismatch", KNOWN[..114].to_vec()),
        ("frame.bad_k", with(&[(118, &[0, 0])])),
        ("frame.bad_k", with(&[(396, &[0x54, 0xdc])])),
        ("frame.bad_esi", with(&[(114, &[0, 0, 0, 1])])),
        ("frame.bad_esi", with(&[(392, &[0xff; 4])])),
        ("frame.duplicate_esi", with(&[(392, &[0; 4])])),
        // Without RAPTORQ, the ESI must be below K (D63).
        ("frame.bad_esi", with(&[(6, &[0x04, 0x00])])),
    ] {
        assert_eq!(refused(&bytes), Err(code));
    }
    for bytes in [
        with(&[(118, &[0x53, 0xdc]), (396, &[1, 0])]),
        with(&[(114, &[0xff, 0xff, 0xff, 0])]),
        with(&[(6, &[0x04, 0x00]), (392, &[1])]),
        with(&[(6, &[0x7d, 0x0e])]),
    ] {
        assert_eq!(refused(&bytes), Ok(()));
    }
}

#[test]
fn the_receivers_limit_comes_first() {
    assert_eq!(Frame::parse(&KNOWN, 669).unwrap_err(), FrameError::TooLarge);
    // 256 symbols of 16384 bytes are more than 4 MiB.
    let largest = vec![0; frame_len(256, SymbolSize::MAX)];
    assert_eq!(Frame::parse(&largest, DEFAULT_MAX_FRAME_LEN).unwrap_err(), FrameError::TooLarge);
    assert_eq!(Frame::parse(&largest, usize::MAX).unwrap_err(), FrameError::BadMagic);
}

#[test]
fn a_writer_makes_no_frame_that_a_reader_refuses() {
    let key = symbol_key(ChaCha20Poly1305);
    let mut buffer = [0; 2000];
    for flags in
        [FrameFlags::RAPTORQ, FrameFlags::SYMBOLS | FrameFlags::COMPRESSED, FrameFlags::from_bits_retain(0x1404)]
    {
        let error = FrameWriter::new(&mut buffer, FrameHeader { flags, ..header() }).unwrap_err();
        assert_eq!(error, WriteError::Frame(FrameError::BadFlags(flags.bits())));
    }
    assert_eq!(FrameWriter::new(&mut [0; 113], header()).unwrap_err(), WriteError::Full);
    let empty = FrameWriter::new(&mut buffer, header()).unwrap();
    assert_eq!(empty.finish().unwrap_err(), WriteError::Frame(FrameError::SymbolCount(0)));

    let raw = FrameHeader { flags: FrameFlags::ENCRYPTED, ..header() };
    let mut writer = FrameWriter::new(&mut buffer, raw).unwrap();
    let mut seal = |esi, k| writer.seal(esi, k, &key, |_| Ok(()));
    assert_eq!(seal(1, 2), Ok(()));
    assert_eq!(seal(1, 2), Err(WriteError::Frame(FrameError::DuplicateEsi)));
    assert_eq!(seal(2, 2), Err(WriteError::Frame(FrameError::BadEsi(2))));
    assert_eq!(seal(0, 0), Err(WriteError::Frame(FrameError::BadK(0))));
    assert_eq!(seal(0, 56_404), Err(WriteError::Frame(FrameError::BadK(56_404))));
    assert_eq!(writer.push_sealed(0, 2, &[0; 255], &[0; 16]), Err(WriteError::Symbol(SymbolError::WrongLength)));
    let refused = writer.seal(0, 2, &key, |_| Err(SymbolError::Esi));
    assert_eq!(refused, Err(WriteError::Symbol(SymbolError::Esi)));
    let other = SymbolKey::derive(&zone_key(ChaCha20Poly1305), &NodeId::new("nLaptop1CNTRL").unwrap(), 1);
    assert_eq!(writer.seal(0, 2, &other, |_| Ok(())), Err(WriteError::Envelope(EnvelopeError::KeyMismatch)));
    let frame = writer.finish().unwrap();
    assert_eq!(frame.len(), frame_len(1, SymbolSize::MIN), "what failed left no trace");
    assert_eq!(Frame::parse(frame, DEFAULT_MAX_FRAME_LEN).unwrap().symbols().len(), 1);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
        let _ = Frame::parse(&bytes, DEFAULT_MAX_FRAME_LEN);
    }

    /// Random bytes behind a header that is nearly right reach the checks of symbols.
    #[test]
    fn nearly_right_frames_never_panic(changes in prop::collection::vec((0_usize..670, any::<u8>()), 1..6), cut in 0_usize..671) {
        let mut bytes = KNOWN.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes.truncate(cut.max(114));
        let key = symbol_key(ChaCha20Poly1305);
        if let Ok(frame) = FrameMut::parse(&mut bytes, DEFAULT_MAX_FRAME_LEN) && let Ok(symbols) = frame.open(&key) {
            prop_assert!(symbols.count() <= 256);
        }
    }

    #[test]
    fn frames_of_any_shape_survive(
        esis in prop::collection::btree_set(0_u32..1 << 24, 1..20),
        k in 1_u16..=56_403,
        size in (32_u16..40).prop_map(|eighth| eighth * 8),
        algorithm in prop_oneof![Just(ChaCha20Poly1305), Just(XChaCha20Poly1305)],
    ) {
        let key = symbol_key(algorithm);
        let symbol_size = SymbolSize::new(size).unwrap();
        let mut buffer = vec![0; frame_len(esis.len(), symbol_size)];
        let mut writer = FrameWriter::new(&mut buffer, FrameHeader { symbol_size, ..header() }).unwrap();
        for esi in &esis {
            writer.seal(*esi, k, &key, |symbol| fill(symbol, *esi as usize)).unwrap();
        }
        let frame = FrameMut::parse(writer.finish().unwrap(), DEFAULT_MAX_FRAME_LEN).unwrap();
        let opened: Vec<u32> = frame.open(&key).unwrap().map(|symbol| symbol.unwrap().esi).collect();
        prop_assert_eq!(opened, esis.into_iter().collect::<Vec<_>>());
    }
}
