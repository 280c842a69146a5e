//! One symbol of 1024 bytes in a datagram of 1200: frame, AEAD in place and the session's MAC, against AEAD and MAC alone.
//!
//! Both sides write the same bytes under the same keys, which is checked before anything is measured. Then one number is
//! sealed again and again with other bytes, which no sender may do: only the time matters here.

use std::hint::black_box;

use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId, ZoneKeyId};
use fcp_core::zone_key::{ZoneKey, ZoneKeyAlgorithm, nonce12};
use fcp_symbols::datagram::{self, Datagram, ENVELOPE_LEN, MAC_LEN, MacKey};
use fcp_symbols::envelope::{AAD_LEN, SymbolKey, TAG_LEN};
use fcp_symbols::fcps::{FrameFlags, FrameHeader, FrameMut, FrameWriter, HEADER_LEN};
use fcp_symbols::raptor::SymbolSize;
use fcp_symbols::session::{Direction, SessionCryptoSuite, SessionId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey};
use sha2::Sha256;

use crate::measure::{Goal, Pair};

/// A datagram's length: envelope, header and one symbol with ESI, K and tag (§4.3.1).
const DATAGRAM_LEN: usize = 1200;

/// What a MAC covers before the frame: session id, direction, sequence (D48).
const PREFIX_LEN: usize = 25;

/// What a MAC covers.
const COVERED_LEN: usize = PREFIX_LEN + DATAGRAM_LEN - ENVELOPE_LEN;

/// Where the symbol stands in that: behind the header, its ESI and its K.
const SYMBOL_AT: usize = PREFIX_LEN + HEADER_LEN + 6;

const MAC_KEY: [u8; 32] = [4; 32];
const DIRECTION: Direction = Direction::InitiatorToResponder;
const ESI: u32 = 5;
const K: u16 = 64;

/// What a sender and a receiver hold of each other.
struct Ours {
    key: SymbolKey,
    mac: MacKey,
    session_id: SessionId,
    header: FrameHeader,
}

impl Ours {
    /// Seals the symbol that stands in `datagram` and writes everything around it.
    fn seal(&self, datagram: &mut [u8; DATAGRAM_LEN]) -> Option<()> {
        let (_, frame) = datagram.split_at_mut(ENVELOPE_LEN);
        let mut writer = FrameWriter::new(frame, self.header).ok()?;
        writer.seal(ESI, K, &self.key, |_| Ok(())).ok()?;
        writer.finish().ok()?;
        datagram::seal(&self.mac, &self.session_id, DIRECTION, datagram).ok()
    }

    /// Checks a datagram and opens its symbol where it lies.
    fn open<'d>(&self, datagram: &'d mut [u8; DATAGRAM_LEN]) -> Option<&'d [u8]> {
        Datagram::parse(datagram, DATAGRAM_LEN).ok()?.authenticate(&self.mac, DIRECTION).ok()?;
        let (_, frame) = datagram.split_at_mut(ENVELOPE_LEN);
        let mut symbols = FrameMut::parse(frame, DATAGRAM_LEN).ok()?.open(&self.key).ok()?;
        Some(symbols.next()?.ok()?.data)
    }
}

/// The cryptography alone: keys ready, everything around the symbol written already.
struct Bare {
    aead: LessSafeKey,
    nonce: [u8; 12],
    aad: [u8; AAD_LEN],
    mac: BareMac,
}

enum BareMac {
    Hmac(Hmac<Sha256>),
    Blake3([u8; 32]),
}

impl BareMac {
    fn tag(&self, covered: &[u8]) -> [u8; 32] {
        match self {
            Self::Hmac(keyed) => keyed.clone().chain_update(covered).finalize().into_bytes().into(),
            Self::Blake3(key) => *blake3::keyed_hash(key, covered).as_bytes(),
        }
    }
}

impl Bare {
    /// Seals the symbol that stands in `covered` and gives the MAC over all of it.
    fn seal(&self, covered: &mut [u8; COVERED_LEN]) -> Option<[u8; 32]> {
        let (symbol, slot) = covered.split_at_mut(SYMBOL_AT).1.split_last_chunk_mut::<TAG_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let tag = self.aead.seal_in_place_separate_tag(nonce, Aad::from(self.aad), symbol).ok()?;
        slot.copy_from_slice(tag.as_ref());
        Some(self.mac.tag(covered))
    }

    /// Compares the MAC and opens the symbol where it lies.
    fn open<'d>(&self, covered: &'d mut [u8; COVERED_LEN], mac: &[u8; MAC_LEN]) -> Option<&'d [u8]> {
        self.mac.tag(covered).starts_with(mac).then_some(())?;
        let (symbol, tag) = covered.split_at_mut(SYMBOL_AT).1.split_last_chunk_mut::<TAG_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let tag = Tag::from(*tag);
        let opened = self.aead.open_in_place_separate_tag(nonce, Aad::from(self.aad), tag, symbol, 0..).ok()?;
        Some(opened)
    }
}

/// Both sides under the same keys.
fn sides(suite: SessionCryptoSuite) -> Option<(Ours, Bare)> {
    let (sender, instance) = (NodeId::new("nLaptop").ok()?, 77);
    let zone_key =
        ZoneKey::new(ZoneId::private(), ZoneKeyId::from_bytes([1; 8]), ZoneKeyAlgorithm::ChaCha20Poly1305, [2; 32]);
    let key = SymbolKey::derive(&zone_key, &sender, instance);
    let header = FrameHeader {
        flags: FrameFlags::SYMBOLS,
        object_id: ObjectId::from_bytes([3; 32]),
        symbol_size: SymbolSize::DEFAULT,
        zone_key_id: key.zone_key_id(),
        zone_id_hash: *key.zone_id_hash(),
        epoch_id: EpochId::new(5_666_666),
        sender_instance_id: instance,
        frame_seq: 9,
    };
    let bare = Bare {
        aead: LessSafeKey::new(
            UnboundKey::new(&CHACHA20_POLY1305, &*zone_key.sender_key_bytes(&sender, instance)).ok()?,
        ),
        nonce: nonce12(header.frame_seq, ESI),
        aad: header.envelope(ESI, K).aad(),
        mac: match suite {
            SessionCryptoSuite::Suite1 => BareMac::Hmac(Hmac::new_from_slice(&MAC_KEY).ok()?),
            SessionCryptoSuite::Suite2 => BareMac::Blake3(MAC_KEY),
        },
    };
    let session_id = SessionId::from_bytes([5; 16]).ok()?;
    Some((Ours { key, mac: MacKey::new(suite, &MAC_KEY), session_id, header }, bare))
}

/// A sealed datagram, and of it what its MAC covers.
fn sealed(ours: &Ours) -> Option<([u8; DATAGRAM_LEN], [u8; COVERED_LEN])> {
    let mut datagram = [0x5a; DATAGRAM_LEN];
    ours.seal(&mut datagram)?;
    let (_, frame) = datagram.split_at(ENVELOPE_LEN);
    let seq = ours.header.frame_seq.to_le_bytes();
    let covered = [ours.session_id.as_bytes(), &[DIRECTION.byte()][..], &seq, frame].concat().try_into().ok()?;
    Some((datagram, covered))
}

/// The MAC of a datagram.
fn mac_of(datagram: &[u8; DATAGRAM_LEN]) -> Option<[u8; MAC_LEN]> {
    datagram.split_at(ENVELOPE_LEN).0.last_chunk().copied()
}

/// Sealing and opening under one suite.
pub(super) fn of_suite(suite: SessionCryptoSuite) -> Vec<Pair> {
    prepare(suite).unwrap_or_else(|| unreachable!("the keys and lengths are valid, and both sides agree"))
}

fn prepare(suite: SessionCryptoSuite) -> Option<Vec<Pair>> {
    let (ours, bare) = sides(suite)?;
    let (sealed, covered) = sealed(&ours)?;
    let mac = mac_of(&sealed)?;

    // Both open the same bytes to the same symbol, and seal it to the same bytes again.
    let (mut datagram, mut bare_bytes) = (sealed, covered);
    assert!(ours.open(&mut datagram)? == [0x5a; 1024] && bare.open(&mut bare_bytes, &mac)? == [0x5a; 1024]);
    assert!(bare.seal(&mut bare_bytes)?.starts_with(&mac) && bare_bytes == covered, "both must write the same bytes");

    let [seal_name, open_name, peer_name] = match suite {
        SessionCryptoSuite::Suite1 => ["datagram seal, suite 1", "datagram open, suite 1", "ring, HMAC-SHA256"],
        SessionCryptoSuite::Suite2 => ["datagram seal, suite 2", "datagram open, suite 2", "ring, BLAKE3 keyed"],
    };
    let (opener, bare_opener) = sides(suite)?;
    Some(vec![
        Pair {
            name: seal_name,
            ours: Box::new(move || {
                black_box(ours.seal(black_box(&mut datagram)));
            }),
            peer_name,
            peer: Box::new(move || {
                black_box(bare.seal(black_box(&mut bare_bytes)));
            }),
            goal: Goal::AtMost(1.15),
        },
        Pair {
            name: open_name,
            ours: Box::new(move || {
                let mut datagram = *black_box(&sealed);
                black_box(opener.open(&mut datagram));
            }),
            peer_name,
            peer: Box::new(move || {
                let mut bytes = *black_box(&covered);
                black_box(bare_opener.open(&mut bytes, &mac));
            }),
            goal: Goal::AtMost(1.15),
        },
    ])
}
