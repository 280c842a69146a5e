//! `session.*`, `datagram.*`, `replay.*`, `fcpc.*`: sessions and what they carry (§4.2, §9.4, D40–D53, D138–D140).

use fcp_core::aead::ChaChaKey;
use fcp_core::id::NodeId;
use fcp_core::sign::Signature;
use fcp_core::time::Timestamp;
use fcp_symbols::datagram::{self, Datagram, ENVELOPE_LEN, MacKey};
use fcp_symbols::fcpc::{self, FLAG_ENCRYPTED, FcpcError};
use fcp_symbols::replay::{ReplayError, ReplayWindow};
use fcp_symbols::session::{
    DEFAULT_MAX_DATAGRAM_BYTES, Direction, HandshakeError, KeyContext, MeshSessionAck, MeshSessionHello,
    SessionCryptoSuite, SessionId, SessionKeys, SuiteId, SuiteOffer, TransportLimits, ZeroSharedSecret,
};

use super::{Operation, operation};
use crate::fields::{Answer, Fields, uint_of};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("session.hello_transcript", hello_transcript),
    operation("session.ack_transcript", ack_transcript),
    operation("session.keys", keys),
    operation("session.select_suite", select_suite),
    operation("datagram.seal", datagram_seal),
    operation("datagram.open", datagram_open),
    operation("replay.run", replay_run),
    operation("fcpc.seal", fcpc_seal),
    operation("fcpc.open", fcpc_open),
];

const DIRECTIONS: &[(&str, Direction)] =
    &[("i2r", Direction::InitiatorToResponder), ("r2i", Direction::ResponderToInitiator)];

fn node(input: Fields<'_>, name: &str) -> Result<NodeId, Refusal> {
    Ok(NodeId::new(input.text(name)?)?)
}

fn session_id(input: Fields<'_>) -> Result<SessionId, Refusal> {
    Ok(SessionId::from_bytes(input.array("session_id")?)?)
}

fn suites(input: Fields<'_>, name: &str) -> Result<Vec<SuiteId>, Refusal> {
    input.list(name, |suite, name| uint_of(suite, name).map(SuiteId::new))
}

fn timestamp(input: Fields<'_>) -> Result<Timestamp, Refusal> {
    Ok(Timestamp::from_secs(input.uint("timestamp")?))
}

fn hello_transcript(input: Fields<'_>) -> Result<Answer, Refusal> {
    let limits = input.optional("transport_limits", Fields::object)?;
    let limits = limits.map(|limits| limits.uint("max_datagram_bytes")).transpose()?;
    let hello = MeshSessionHello {
        from: node(input, "from")?,
        to: node(input, "to")?,
        eph_pubkey: input.array("eph_pubkey")?,
        nonce: input.array("nonce")?,
        cookie: input.optional("cookie", Fields::array)?,
        timestamp: timestamp(input)?,
        suites: SuiteOffer::new(&suites(input, "suites")?)?,
        transport_limits: limits.map(TransportLimits::new).transpose()?,
        signature: Signature::ABSENT,
        attestations: None,
    };
    Ok(Answer::new().bytes("transcript", hello.transcript().as_bytes()))
}

fn ack_transcript(input: Fields<'_>) -> Result<Answer, Refusal> {
    let ack = MeshSessionAck {
        from: node(input, "from")?,
        to: node(input, "to")?,
        eph_pubkey: input.array("eph_pubkey")?,
        nonce: input.array("nonce")?,
        session_id: session_id(input)?,
        suite: SuiteId::new(input.uint("suite")?),
        timestamp: timestamp(input)?,
        signature: Signature::ABSENT,
        attestations: None,
    };
    let (hello_key, hello_nonce) = (input.array("hello_eph_pubkey")?, input.array("hello_nonce")?);
    Ok(Answer::new().bytes("transcript", ack.transcript(&hello_key, &hello_nonce).as_bytes()))
}

fn keys(input: Fields<'_>) -> Result<Answer, Refusal> {
    let shared_secret: [u8; 32] = input.array("shared_secret")?;
    // The crates refuse it where the exchange is made, so that no key schedule ever sees it (D47).
    if shared_secret == [0; 32] {
        return Err(ZeroSharedSecret.into());
    }
    let (initiator, responder) = (node(input, "initiator")?, node(input, "responder")?);
    let keys = SessionKeys::derive(
        &shared_secret,
        KeyContext {
            session_id: &session_id(input)?,
            initiator: &initiator,
            responder: &responder,
            hello_nonce: &input.array("hello_nonce")?,
            ack_nonce: &input.array("ack_nonce")?,
        },
    );
    Ok(Answer::new()
        .bytes("k_mac_i2r", keys.mac_i2r())
        .bytes("k_mac_r2i", keys.mac_r2i())
        .bytes("k_ctx", keys.context()))
}

fn select_suite(input: Fields<'_>) -> Result<Answer, Refusal> {
    let offer = SuiteOffer::new(&suites(input, "offered")?)?;
    // Suites that these crates do not have cannot be supported.
    let supported: Vec<SessionCryptoSuite> =
        suites(input, "supported")?.into_iter().filter_map(SessionCryptoSuite::from_id).collect();
    let suite = offer.select(&supported).ok_or(HandshakeError::NoCommonSuite)?;
    Ok(Answer::new().uint("suite", suite.id().get()))
}

fn mac_key(input: Fields<'_>) -> Result<MacKey, Refusal> {
    let suite = SessionCryptoSuite::from_id(SuiteId::new(input.uint("suite")?));
    Ok(MacKey::new(suite.ok_or_else(|| Refusal::bad("`suite` is none of this version"))?, &input.array("key")?))
}

fn max_datagram_bytes(input: Fields<'_>) -> Result<usize, Refusal> {
    Ok(input.optional("max_datagram_bytes", Fields::uint)?.unwrap_or(DEFAULT_MAX_DATAGRAM_BYTES).into())
}

fn datagram_seal(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (key, direction, session_id) = (mac_key(input)?, input.choice("direction", DIRECTIONS)?, session_id(input)?);
    let (seq, frame): (u64, _) = (input.uint("seq")?, input.bytes("frame")?);
    let (_, number) = datagram::frame_number(&frame)?;
    // The crates write the frame's own number; a request that names another one asks for what they cannot make.
    if seq != number {
        return Err(datagram::DatagramError::SeqMismatch.into());
    }
    let mut bytes = [vec![0; ENVELOPE_LEN], frame].concat();
    if bytes.len() > max_datagram_bytes(input)? {
        return Err(datagram::DatagramError::TooLarge.into());
    }
    if seq == 0 {
        return Err(ReplayError::Zero.into());
    }
    datagram::seal(&key, &session_id, direction, &mut bytes)?;
    Ok(Answer::new().bytes("datagram", &bytes))
}

fn datagram_open(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (key, direction, bytes) = (mac_key(input)?, input.choice("direction", DIRECTIONS)?, input.bytes("datagram")?);
    let datagram = Datagram::parse(&bytes, max_datagram_bytes(input)?)?;
    let number = datagram.authenticate(&key, direction)?;
    // Receivers refuse it by their replay window (D49).
    if number.seq == 0 {
        return Err(ReplayError::Zero.into());
    }
    Ok(Answer::new().value("seq", crate::fields::uint(number.seq)).bytes("frame", datagram.frame()))
}

fn replay_run(input: Fields<'_>) -> Result<Answer, Refusal> {
    let mut window = ReplayWindow::new(input.uint("window")?).map_err(|error| Refusal::bad(error.to_string()))?;
    let seqs = input.list("seqs", uint_of)?;
    let accepted: Vec<bool> = seqs.into_iter().map(|seq| window.accept(seq).is_ok()).collect();
    Ok(Answer::new().value("accepted", accepted.into()))
}

fn fcpc_seal(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (key, session_id, direction) = (ChaChaKey::new(&input.array("k_ctx")?), session_id(input)?, direction(input)?);
    let (seq, flags, plaintext): (u64, u16, _) = (input.uint("seq")?, input.uint("flags")?, input.bytes("plaintext")?);
    if flags != FLAG_ENCRYPTED {
        return Err(FcpcError::BadFlags(flags).into());
    }
    if seq == 0 {
        return Err(FcpcError::BadSequence(seq).into());
    }
    let mut frame = Vec::new();
    fcpc::seal_frame(&key, &session_id, direction, seq, &plaintext, &mut frame)?;
    Ok(Answer::new().bytes("frame", &frame))
}

fn direction(input: Fields<'_>) -> Result<Direction, Refusal> {
    input.choice("direction", DIRECTIONS)
}

fn fcpc_open(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (key, session_id, direction) = (ChaChaKey::new(&input.array("k_ctx")?), session_id(input)?, direction(input)?);
    let (header, plaintext) = fcpc::open_frame(&key, &session_id, direction, &input.bytes("frame")?)?;
    if header.seq == 0 {
        return Err(FcpcError::BadSequence(header.seq).into());
    }
    Ok(Answer::new()
        .bytes("plaintext", &plaintext)
        .value("seq", crate::fields::uint(header.seq))
        .uint("flags", header.flags))
}
