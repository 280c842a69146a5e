//! Signed frames (§4.2, D70): symbols for a peer with whom no session is open yet.
//!
//! ```text
//! FCPH type 4; body = lp(source) ‖ lp(dest) ‖ time u64 ‖ signature 64 ‖ frame
//! signed: FCP2-FRAME-SIG-V1 ‖ lp(source) ‖ lp(dest) ‖ time u64 ‖ frame
//! ```

use alloc::vec::Vec;
use core::borrow::Borrow;

use fcp_core::error::Reason;
use fcp_core::id::{IdError, NodeId};
use fcp_core::lp;
use fcp_core::sign::{NodeSigningKey, Preimage, Signature, SignatureError, VerifyingKey as _};
use fcp_core::time::{Millis, Timestamp};

use crate::datagram::frame_number;
use crate::seen::Seen;
use crate::session::wire::{WireError, WireMessage};
use crate::session::{Attestations, LocalNode, PeerKeys, Terms};

/// How many signed frames of one node are remembered at once.
const MAX_FRAMES_PER_NODE: usize = 1024;

/// Why a signed frame is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignedFrameError {
    /// The body ends inside its fields, or the frame has no whole header.
    #[error("signed frame is shorter than its headers")]
    TooShort,
    /// A node id is none.
    #[error("{0}")]
    NodeId(IdError),
    /// It does not fit into a message.
    #[error("{0}")]
    Wire(WireError),
    /// For another node, or from this one.
    #[error("signed frame is not between the expected nodes")]
    WrongPeer,
    /// A session with its source is open.
    #[error("a session with the source is open")]
    SessionExists,
    /// The node started so recently that it cannot know what it took before.
    #[error("signed frames are not accepted so soon after a start")]
    TooEarly,
    /// Its time is too far from now.
    #[error("time is too far from now")]
    ClockSkew,
    /// Its number is zero (D49).
    #[error("sequence is zero")]
    SeqZero,
    /// It came before.
    #[error("replayed signed frame")]
    Replayed,
    /// No valid attestation of the source is known.
    #[error("no valid attestation of the source is known")]
    UnknownPeer,
    /// The source did not sign it.
    #[error("{0}")]
    Signature(SignatureError),
    /// The frame's number was not drawn from this node's counter (D50).
    #[error("frame has a number that this instance did not give out")]
    ForeignNumber,
    /// There is no room to remember it.
    #[error("too many signed frames")]
    Overloaded,
}

impl SignedFrameError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::TooShort => Reason::FrameTooShort,
            Self::NodeId(error) => error.reason(),
            Self::Wire(error) => error.reason(),
            Self::WrongPeer => Reason::FrameWrongPeer,
            Self::SessionExists => Reason::FrameSessionExists,
            Self::TooEarly => Reason::FrameTooEarly,
            Self::ClockSkew => Reason::FrameClockSkew,
            Self::SeqZero => Reason::FrameSeqZero,
            Self::Replayed => Reason::FrameReplay,
            Self::UnknownPeer => Reason::AttestationMissing,
            Self::Signature(_) => Reason::FrameBadSignature,
            Self::ForeignNumber => Reason::FrameSeqMismatch,
            Self::Overloaded => Reason::SessionOverloaded,
        }
    }
}

/// A frame with its source's signature (§4.2, D70), as received: only a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedFcpsFrame<'b> {
    source: NodeId,
    dest: NodeId,
    timestamp: Timestamp,
    signature: Signature,
    frame: &'b [u8],
    instance: u64,
    seq: u64,
}

fn preimage(source: &NodeId, dest: &NodeId, timestamp: Timestamp, frame: &[u8]) -> Preimage {
    let mut head = Vec::with_capacity(144);
    lp::push(&mut head, source.as_bytes());
    lp::push(&mut head, dest.as_bytes());
    head.extend_from_slice(&timestamp.as_secs().to_le_bytes());
    Preimage::transcript("FCP2-FRAME-SIG-V1", &[&head, frame])
}

fn take<'b, const N: usize>(bytes: &mut &'b [u8]) -> Result<&'b [u8; N], SignedFrameError> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(SignedFrameError::TooShort)?;
    *bytes = rest;
    Ok(taken)
}

fn take_node(bytes: &mut &[u8]) -> Result<NodeId, SignedFrameError> {
    let len = u16::from_le_bytes(*take(bytes)?);
    let (id, rest) = bytes.split_at_checked(usize::from(len)).ok_or(SignedFrameError::TooShort)?;
    *bytes = rest;
    NodeId::from_bytes(id).map_err(SignedFrameError::NodeId)
}

impl<'b> SignedFcpsFrame<'b> {
    /// Signs a frame for `dest` and frames it for the wire. The number in the frame's header counts as sealed.
    ///
    /// # Errors
    /// [`SignedFrameError::TooShort`] without a whole frame header, [`SignedFrameError::Wire`] if it is too long.
    pub fn seal<K: Borrow<NodeSigningKey>>(
        local: &LocalNode<K>,
        dest: &NodeId,
        timestamp: Timestamp,
        frame: &[u8],
    ) -> Result<Vec<u8>, SignedFrameError> {
        frame_number(frame).map_err(|_| SignedFrameError::TooShort)?;
        let signature = local.sign(&preimage(local.node_id(), dest, timestamp, frame));
        let mut body = Vec::with_capacity(frame.len().saturating_add(224));
        lp::push(&mut body, local.node_id().as_bytes());
        lp::push(&mut body, dest.as_bytes());
        body.extend_from_slice(&timestamp.as_secs().to_le_bytes());
        body.extend_from_slice(signature.as_bytes());
        body.extend_from_slice(frame);
        WireMessage::SignedFrame(&body).to_bytes().map_err(SignedFrameError::Wire)
    }

    /// Reads the body of a message of type 4.
    ///
    /// # Errors
    /// [`SignedFrameError::TooShort`] or [`SignedFrameError::NodeId`].
    pub fn parse(body: &'b [u8]) -> Result<Self, SignedFrameError> {
        let mut rest = body;
        let source = take_node(&mut rest)?;
        let dest = take_node(&mut rest)?;
        let timestamp = Timestamp::from_secs(u64::from_le_bytes(*take(&mut rest)?));
        let signature = Signature::from_bytes(*take(&mut rest)?);
        let (instance, seq) = frame_number(rest).map_err(|_| SignedFrameError::TooShort)?;
        Ok(Self { source, dest, timestamp, signature, frame: rest, instance, seq })
    }

    /// Who claims to have sent it.
    #[must_use]
    pub const fn source(&self) -> &NodeId {
        &self.source
    }

    /// What the signature covers.
    #[must_use]
    pub fn preimage(&self) -> Preimage {
        preimage(&self.source, &self.dest, self.timestamp, self.frame)
    }
}

/// Decides which signed frames are taken (D70), and remembers them.
#[derive(Debug)]
pub struct SignedFrameGate {
    seen: Seen<(u64, u64)>,
    open_at: Millis,
}

/// One signed frame that was taken, to be stored across a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenFrame {
    /// Its source.
    pub source: NodeId,
    /// The source's instance.
    pub instance: u64,
    /// The frame's number.
    pub seq: u64,
    /// Until when it must be remembered.
    pub until: Millis,
}

/// For how long a signed frame is remembered: twice the skew, and the rest of a second on either side.
const fn keep_secs(terms: &Terms) -> u64 {
    terms.max_skew_secs().saturating_mul(2).saturating_add(2)
}

impl SignedFrameGate {
    /// A gate that remembers at most `max_frames`. Since nobody knows what was taken before the start, it opens after twice
    /// the tolerated skew.
    #[must_use]
    pub fn new(terms: &Terms, started: Millis, max_frames: usize) -> Self {
        let keep_secs = keep_secs(terms);
        let seen = Seen::new(keep_secs.saturating_mul(1000), MAX_FRAMES_PER_NODE, max_frames);
        Self { seen, open_at: started.saturating_add_secs(keep_secs) }
    }

    /// Closes the gate as after a start, and forgets nothing: the clock or the process is not what it was (D50), and what
    /// was taken before may be among what comes.
    pub(crate) fn close_again(&mut self, terms: &Terms, now: Millis) {
        self.open_at = now.saturating_add_secs(keep_secs(terms));
    }

    /// How many signed frames are remembered.
    pub(crate) fn remembered(&self) -> usize {
        self.seen.len()
    }

    /// The same gate, open at once, with everything that was [`taken`](Self::taken) before the restart.
    ///
    /// # Errors
    /// [`SignedFrameError::Overloaded`] if that is more than the gate remembers.
    pub fn restore(mut self, taken: impl IntoIterator<Item = TakenFrame>) -> Result<Self, SignedFrameError> {
        for frame in taken {
            self.seen
                .restore(frame.until, &frame.source, (frame.instance, frame.seq))
                .map_err(|_| SignedFrameError::Overloaded)?;
        }
        self.open_at = Millis::default();
        Ok(self)
    }

    /// What must be stored, in this order, for the gate to open at once after a restart.
    pub fn taken(&self) -> impl Iterator<Item = TakenFrame> {
        self.seen.entries().map(|(until, source, (instance, seq))| TakenFrame {
            source: source.clone(),
            instance: *instance,
            seq: *seq,
            until,
        })
    }

    /// Takes a signed frame, once, and gives its frame bytes. `has_session` tells whether a session with its source is
    /// open: then the peer sends inside of it.
    ///
    /// # Errors
    /// [`SignedFrameError`] with the first check that fails; the signature is checked last.
    pub fn admit<'b>(
        &mut self,
        signed: SignedFcpsFrame<'b>,
        local: &NodeId,
        has_session: bool,
        terms: &Terms,
        peers: &mut impl PeerKeys,
        now: Millis,
    ) -> Result<(NodeId, &'b [u8]), SignedFrameError> {
        if signed.dest != *local || signed.source == *local {
            return Err(SignedFrameError::WrongPeer);
        }
        if has_session {
            return Err(SignedFrameError::SessionExists);
        }
        if now < self.open_at {
            return Err(SignedFrameError::TooEarly);
        }
        if !terms.check_time(signed.timestamp, now.timestamp()) {
            return Err(SignedFrameError::ClockSkew);
        }
        if signed.seq == 0 {
            return Err(SignedFrameError::SeqZero);
        }
        self.seen.expire(now);
        let number = (signed.instance, signed.seq);
        if self.seen.contains(&signed.source, &number) {
            return Err(SignedFrameError::Replayed);
        }
        let attested = peers
            .attested_key(&signed.source, &Attestations::default(), now.timestamp())
            .ok_or(SignedFrameError::UnknownPeer)?;
        attested.key.verify(&signed.preimage(), &signed.signature).map_err(SignedFrameError::Signature)?;
        self.seen.insert(now, &signed.source, number).map_err(|_| SignedFrameError::Overloaded)?;
        Ok((signed.source, signed.frame))
    }
}

#[cfg(test)]
mod tests {
    use super::{SignedFcpsFrame, SignedFrameError, SignedFrameGate};
    use crate::session::wire::WireMessage;
    use crate::session::{Attestations, AttestedKey, LocalNode, Terms};
    use fcp_core::id::NodeId;
    use fcp_core::sign::NodeSigningKey;
    use fcp_core::time::{Millis, Timestamp};

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn local(name: &str, seed: u8) -> LocalNode {
        LocalNode::new(NodeId::new(name).unwrap(), NodeSigningKey::from_seed([seed; 32]), NOW.saturating_add(86_400))
    }

    fn frame(seq: u64) -> Vec<u8> {
        let mut frame = vec![0xab; 98];
        frame.extend_from_slice(&7_u64.to_le_bytes());
        frame.extend_from_slice(&seq.to_le_bytes());
        frame.extend_from_slice(b"symbols");
        frame
    }

    struct Bench {
        gate: SignedFrameGate,
        has_session: bool,
    }

    impl Bench {
        fn new() -> Self {
            Self { gate: SignedFrameGate::new(&Terms::default(), Millis::default(), 3), has_session: false }
        }

        fn take(&mut self, bytes: &[u8], now: Timestamp) -> Result<Vec<u8>, &'static str> {
            let peers = |node: &NodeId, _: &Attestations, _: Timestamp| {
                let key = NodeSigningKey::from_seed([1; 32]).public();
                (node.as_str() == "nA").then_some(AttestedKey { key, expires_at: NOW.saturating_add(86_400) })
            };
            let mut peers = peers;
            let mut read = || -> Result<Vec<u8>, SignedFrameError> {
                let message = WireMessage::parse(bytes).map_err(SignedFrameError::Wire)?;
                let WireMessage::SignedFrame(body) = message else { return Err(SignedFrameError::WrongPeer) };
                let signed = SignedFcpsFrame::parse(body)?;
                let here = NodeId::new("nB").unwrap();
                let terms = Terms::default();
                let (_, frame) =
                    self.gate.admit(signed, &here, self.has_session, &terms, &mut peers, Millis::from(now))?;
                Ok(frame.to_vec())
            };
            read().map_err(|error| error.reason().code())
        }
    }

    fn to_b(seq: u64) -> Vec<u8> {
        SignedFcpsFrame::seal(&local("nA", 1), &NodeId::new("nB").unwrap(), NOW, &frame(seq)).unwrap()
    }

    #[test]
    fn it_is_taken_once_from_its_source_in_time() {
        let mut bench = Bench::new();
        assert_eq!(bench.take(&to_b(1), NOW), Ok(frame(1)));
        assert_eq!(bench.take(&to_b(1), NOW), Err("frame.replay"));
        assert_eq!(bench.take(&to_b(1), NOW.saturating_add(120)), Err("frame.replay"));
        assert_eq!(bench.take(&to_b(1), NOW.saturating_add(121)), Err("frame.clock_skew"));
        assert_eq!(bench.take(&to_b(2), NOW.saturating_sub(120)), Ok(frame(2)));
        assert_eq!(bench.take(&to_b(3), NOW.saturating_sub(121)), Err("frame.clock_skew"));
        assert_eq!(bench.take(&to_b(0), NOW), Err("frame.seq_zero"));

        bench.has_session = true;
        assert_eq!(bench.take(&to_b(4), NOW), Err("frame.session_exists"));
        bench.has_session = false;

        let to = |from: &LocalNode, dest: &str| {
            SignedFcpsFrame::seal(from, &NodeId::new(dest).unwrap(), NOW, &frame(9)).unwrap()
        };
        assert_eq!(bench.take(&to(&local("nA", 1), "nC"), NOW), Err("frame.wrong_peer"));
        assert_eq!(bench.take(&to(&local("nB", 1), "nB"), NOW), Err("frame.wrong_peer"));
        assert_eq!(bench.take(&to(&local("nX", 1), "nB"), NOW), Err("attestation.missing"));
        assert_eq!(bench.take(&to(&local("nA", 2), "nB"), NOW), Err("frame.bad_signature"));

        assert_eq!(bench.take(&to_b(5), NOW), Ok(frame(5)));
        assert_eq!(bench.take(&to_b(6), NOW), Err("session.overloaded"), "full caches take nothing new");
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let good = to_b(1);
        for at in 0..good.len() {
            for bit in [1, 0x80] {
                let mut changed = good.clone();
                changed[at] ^= bit;
                assert!(Bench::new().take(&changed, NOW).is_err(), "byte {at}");
            }
        }
        for len in 0..good.len() {
            assert!(Bench::new().take(&good[..len], NOW).is_err());
        }
    }

    #[test]
    fn after_a_start_it_waits_or_remembers() {
        let started = Millis::from(NOW);
        let gate = || SignedFrameGate::new(&Terms::default(), started, 10);
        let mut bench = Bench { gate: gate(), has_session: false };
        let late =
            SignedFcpsFrame::seal(&local("nA", 1), &NodeId::new("nB").unwrap(), NOW.saturating_add(300), &frame(8));
        assert_eq!(bench.take(&to_b(1), NOW), Err("frame.too_early"));
        assert_eq!(bench.take(late.as_ref().unwrap(), NOW.saturating_add(240)), Err("frame.too_early"));
        assert_eq!(bench.take(late.as_ref().unwrap(), NOW.saturating_add(242)), Ok(frame(8)));

        let mut before = Bench::new();
        before.take(&to_b(1), NOW).unwrap();
        let mut after = Bench { gate: gate().restore(before.gate.taken()).unwrap(), has_session: false };
        assert_eq!(after.take(&to_b(1), NOW), Err("frame.replay"));
        assert_eq!(after.take(&to_b(2), NOW), Ok(frame(2)));
        assert!(SignedFrameGate::new(&Terms::default(), started, 0).restore(before.gate.taken()).is_err());
    }
}
