//! The three handshake messages (§4.2, D44, D46) and what their signatures cover (D42, D43).

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use fcp_core::error::Reason;
use fcp_core::id::NodeId;
use fcp_core::lp;
use fcp_core::object::Message;
use fcp_core::sign::{Preimage, Signature};
use fcp_core::time::Timestamp;

use super::{SessionId, SuiteId, SuiteOffer, TransportLimits};

/// The first message: initiator to responder (§4.2).
///
/// ```cddl
/// mesh-session-hello = { from: tstr, to: tstr, eph_pubkey: bstr .size 32, nonce: bstr .size 16, ? cookie: bstr .size 32,
///   timestamp: uint, suites: [1*8 0..255], ? transport_limits: transport-limits, signature: bstr .size 64,
///   ? attestations: [*4 bstr] }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.mesh:MeshSessionHello@2.0.0")]
pub struct MeshSessionHello {
    /// The initiator.
    pub from: NodeId,
    /// The responder.
    pub to: NodeId,
    /// The initiator's X25519 key for this session only.
    pub eph_pubkey: [u8; 32],
    /// Drawn at random for this attempt.
    pub nonce: [u8; 16],
    /// The responder's cookie, once it has demanded one.
    pub cookie: Option<[u8; 32]>,
    /// When the attempt began.
    pub timestamp: Timestamp,
    /// The suites, the most wanted first.
    pub suites: SuiteOffer,
    /// The largest datagram that the initiator sends; absent means 1200 bytes.
    pub transport_limits: Option<TransportLimits>,
    /// The initiator's signature over [`transcript`](Self::transcript).
    pub signature: Signature,
    /// Unsigned: what the responder may need to know the initiator's key (D46).
    pub attestations: Option<Attestations>,
}

impl MeshSessionHello {
    /// What the signature covers (D42): `FCP2-HELLO-V1` ‖ lp(from) ‖ lp(to) ‖ key ‖ nonce ‖ opt(cookie) ‖ time u64 ‖
    /// u8 count ‖ suites ‖ opt(limit u16).
    #[must_use]
    pub fn transcript(&self) -> Preimage {
        let mut bytes = Vec::with_capacity(256);
        lp::push(&mut bytes, self.from.as_bytes());
        lp::push(&mut bytes, self.to.as_bytes());
        bytes.extend_from_slice(&self.eph_pubkey);
        bytes.extend_from_slice(&self.nonce);
        lp::push_optional(&mut bytes, self.cookie.as_ref().map(<[u8; 32]>::as_slice));
        bytes.extend_from_slice(&self.timestamp.as_secs().to_le_bytes());
        self.push_suites_and_limits(&mut bytes);
        Preimage::transcript("FCP2-HELLO-V1", &[&bytes])
    }

    /// What transcript and cookie end alike with: u8 count ‖ suites ‖ opt(limit u16).
    pub(super) fn push_suites_and_limits(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.suites.count());
        bytes.extend_from_slice(self.suites.as_bytes());
        let limit = self.transport_limits.map(|limits| limits.max_datagram_bytes().to_le_bytes());
        lp::push_optional(bytes, limit.as_ref().map(<[u8; 2]>::as_slice));
    }
}

/// The answer that demands a cookie: responder to initiator (§4.2). Nobody signs it; all that it can do is to make the
/// initiator say its hello again.
///
/// ```cddl
/// mesh-session-hello-retry = { from: tstr, to: tstr, cookie: bstr .size 32, timestamp: uint }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.mesh:MeshSessionHelloRetry@2.0.0")]
pub struct MeshSessionHelloRetry {
    /// The responder.
    pub from: NodeId,
    /// The initiator.
    pub to: NodeId,
    /// What the hello must come back with.
    pub cookie: [u8; 32],
    /// When it was demanded.
    pub timestamp: Timestamp,
}

/// The answer that opens the session: responder to initiator (§4.2).
///
/// ```cddl
/// mesh-session-ack = { from: tstr, to: tstr, eph_pubkey: bstr .size 32, nonce: bstr .size 16, session_id: bstr .size 16,
///   suite: 0..255, timestamp: uint, signature: bstr .size 64, ? attestations: [*4 bstr] }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.mesh:MeshSessionAck@2.0.0")]
pub struct MeshSessionAck {
    /// The responder.
    pub from: NodeId,
    /// The initiator.
    pub to: NodeId,
    /// The responder's X25519 key for this session only.
    pub eph_pubkey: [u8; 32],
    /// Drawn at random for this answer.
    pub nonce: [u8; 16],
    /// The session's id, drawn at random.
    pub session_id: SessionId,
    /// The suite that the responder chose from the offer.
    pub suite: SuiteId,
    /// When it answered.
    pub timestamp: Timestamp,
    /// The responder's signature over [`transcript`](Self::transcript).
    pub signature: Signature,
    /// Unsigned: what the initiator may need to know the responder's key (D46).
    pub attestations: Option<Attestations>,
}

impl MeshSessionAck {
    /// What the signature covers (D42, D43): `FCP2-ACK-V1` ‖ lp(from) ‖ lp(to) ‖ key ‖ nonce ‖ session id ‖ suite u8 ‖
    /// time u64 ‖ the hello's key ‖ the hello's nonce.
    #[must_use]
    pub fn transcript(&self, hello_eph_pubkey: &[u8; 32], hello_nonce: &[u8; 16]) -> Preimage {
        let mut bytes = Vec::with_capacity(320);
        lp::push(&mut bytes, self.from.as_bytes());
        lp::push(&mut bytes, self.to.as_bytes());
        bytes.extend_from_slice(&self.eph_pubkey);
        bytes.extend_from_slice(&self.nonce);
        bytes.extend_from_slice(self.session_id.as_bytes());
        bytes.push(self.suite.get());
        bytes.extend_from_slice(&self.timestamp.as_secs().to_le_bytes());
        bytes.extend_from_slice(hello_eph_pubkey);
        bytes.extend_from_slice(hello_nonce);
        Preimage::transcript("FCP2-ACK-V1", &[&bytes])
    }
}

/// More than four attestations (D46).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {} attestations", Attestations::MAX)]
pub struct AttestationsError;

impl AttestationsError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::SessionAttestations
    }
}

/// Canonical bytes of the sender's own attestation and enrollment, at most four objects (D46).
///
/// Nothing signs the list and nothing vouches for it: each object verifies itself, under the owner's key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attestations(Vec<Vec<u8>>);

impl Attestations {
    /// How many objects a message carries at most.
    pub const MAX: usize = 4;

    /// These objects' canonical bytes.
    ///
    /// # Errors
    /// [`AttestationsError`] for more than four.
    pub fn new(objects: Vec<Vec<u8>>) -> Result<Self, AttestationsError> {
        if objects.len() > Self::MAX { Err(AttestationsError) } else { Ok(Self(objects)) }
    }

    /// The objects' bytes, as received.
    #[must_use]
    pub fn objects(&self) -> &[Vec<u8>] {
        &self.0
    }

    /// The length of all objects together, in bytes.
    pub(super) fn total_len(&self) -> usize {
        self.0.iter().fold(0, |sum, object| sum.saturating_add(object.len()))
    }
}

impl Encode for Attestations {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        self.0.encode(encoder);
    }
}

impl<'b> Decode<'b> for Attestations {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let count = decoder.array()?;
        if count > Self::MAX {
            return Err(Decoder::invalid(offset, AttestationsError.reason()));
        }
        let objects = (0..count).map(|_| decoder.bytes().map(<[u8]>::to_vec)).collect::<Result<_, _>>()?;
        decoder.leave();
        Ok(Self(objects))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Attestations, MeshSessionAck, MeshSessionHello, SessionId, SuiteId, SuiteOffer, TransportLimits};
    use fcp_core::cbor;
    use fcp_core::id::NodeId;
    use fcp_core::sign::Signature;
    use fcp_core::time::Timestamp;
    use hex_literal::hex;

    pub(in crate::session) fn hello() -> MeshSessionHello {
        MeshSessionHello {
            from: NodeId::new("nLaptop").unwrap(),
            to: NodeId::new("nServer01").unwrap(),
            eph_pubkey: [0x11; 32],
            nonce: [0x22; 16],
            cookie: None,
            timestamp: Timestamp::from_secs(1_700_000_000),
            suites: SuiteOffer::new(&[SuiteId::new(2), SuiteId::new(1), SuiteId::new(200)]).unwrap(),
            transport_limits: None,
            signature: Signature::from_bytes([0x33; 64]),
            attestations: None,
        }
    }

    // Each transcript written field by field from D42 by hand: ASCII, u16 and u64 little-endian.
    #[test]
    fn hello_transcript() {
        let mut hello = hello();
        assert_eq!(
            hello.transcript().as_bytes(),
            [
                b"FCP2-HELLO-V1".as_slice(),
                b"\x07\x00nLaptop",
                b"\x09\x00nServer01",
                &[0x11; 32],
                &[0x22; 16],
                b"\x00",
                &hex!("00f1536500000000"),
                b"\x03\x02\x01\xc8",
                b"\x00",
            ]
            .concat()
        );
        hello.cookie = Some([0x44; 32]);
        hello.transport_limits = Some(TransportLimits::new(1400).unwrap());
        assert_eq!(
            hello.transcript().as_bytes(),
            [
                b"FCP2-HELLO-V1".as_slice(),
                b"\x07\x00nLaptop",
                b"\x09\x00nServer01",
                &[0x11; 32],
                &[0x22; 16],
                b"\x01",
                &[0x44; 32],
                &hex!("00f1536500000000"),
                b"\x03\x02\x01\xc8",
                b"\x01\x78\x05",
            ]
            .concat()
        );
    }

    #[test]
    fn ack_transcript() {
        let ack = MeshSessionAck {
            from: NodeId::new("nServer01").unwrap(),
            to: NodeId::new("nLaptop").unwrap(),
            eph_pubkey: [0x55; 32],
            nonce: [0x66; 16],
            session_id: SessionId::from_bytes([0x77; 16]).unwrap(),
            suite: SuiteId::new(2),
            timestamp: Timestamp::from_secs(1_700_000_001),
            signature: Signature::from_bytes([0x33; 64]),
            attestations: None,
        };
        assert_eq!(
            ack.transcript(&[0x11; 32], &[0x22; 16]).as_bytes(),
            [
                b"FCP2-ACK-V1".as_slice(),
                b"\x09\x00nServer01",
                b"\x07\x00nLaptop",
                &[0x55; 32],
                &[0x66; 16],
                &[0x77; 16],
                b"\x02",
                &hex!("01f1536500000000"),
                &[0x11; 32],
                &[0x22; 16],
            ]
            .concat()
        );
    }

    #[test]
    fn attestations_are_bounded_and_kept_as_received() {
        let mut hello = hello();
        for attestations in [None, Some(vec![]), Some(vec![vec![1, 2, 3], vec![]]), Some(vec![vec![9]; 4])] {
            hello.attestations = attestations.map(|objects| Attestations::new(objects).unwrap());
            assert_eq!(cbor::decode::<MeshSessionHello>(&cbor::encode(&hello)).unwrap(), hello);
        }
        assert!(Attestations::new(vec![vec![]; 5]).is_err());
        let five = cbor::decode::<Attestations>(b"\x85\x40\x40\x40\x40\x40").unwrap_err();
        assert_eq!(five.reason().code(), "session.attestations");
    }

    #[test]
    fn a_bad_session_id_is_no_ack() {
        let error = cbor::decode::<SessionId>(b"\x50FCPH000000000000").unwrap_err();
        assert_eq!(error.reason().code(), "session.bad_session_id");
    }
}
