//! What a table holds about one session, one handshake and one peer.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::net::SocketAddr;

use fcp_core::id::NodeId;
use fcp_core::rand_core::CryptoRng;
use fcp_core::sign::{NodeSigningKey, Preimage, Signature};
use fcp_core::time::Millis;

use super::TableConfig;
use crate::session::initiator::{HelloRetried, HelloSent};
use crate::session::{HandshakeError, LocalNode, MeshSessionHello, Role, Session, SessionId};

/// How many sessions with one peer are open at most: the current one, its successor, and what crossed on the way.
pub(super) const MAX_SESSIONS_PER_PEER: usize = 4;

/// How often an answer is given again to the same hello.
const MAX_REPEATS: u8 = 8;

/// How many times as long as what came from an unproven address an answer to it may be (D134).
pub(super) const MAX_AMPLIFICATION: usize = 3;

/// How many wrong answers that cost a signature check a handshake puts up with.
pub(super) const MAX_WRONG_ANSWERS: u8 = 16;

/// A peer with sessions or a handshake.
#[derive(Debug, Default)]
pub(super) struct Peer {
    /// Oldest first.
    pub(super) sessions: Vec<SessionId>,
    /// This node's own handshake with it.
    pub(super) outbound: Option<Outbound>,
}

/// An open session.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) session: Box<Session>,
    /// Where the peer was when the session was opened.
    pub(super) address: SocketAddr,
    /// Where its newest frame came from, if from elsewhere.
    pub(super) detour: Option<Detour>,
    /// Whether the peer has shown that it has the keys.
    pub(super) confirmed: bool,
    /// Until when it may do so, and the session counts as one with it meanwhile (D227).
    pub(super) confirm_by: Millis,
    /// How many bytes may be sent until then; no limit if it is known that the peer is at the address (D226).
    pub(super) credit: Option<usize>,
    /// Until then, the answer that made the session, in case it got lost.
    pub(super) answer: Option<Box<Answer>>,
}

/// An address that the peer's newest frame came from. Whoever saw the frame may have sent it on from there, so no more goes
/// there than three times the bytes that came (D226).
#[derive(Debug, Clone, Copy)]
pub(super) struct Detour {
    address: SocketAddr,
    credit: usize,
}

impl Live {
    /// The peer's newest frame came from there, in a datagram of `len` bytes.
    pub(super) fn heard_from(&mut self, from: SocketAddr, len: usize) {
        if from == self.address {
            self.detour = None;
            return;
        }
        let credit = self.detour.filter(|detour| detour.address == from).map_or(0, |detour| detour.credit);
        let credit = credit.saturating_add(len.saturating_mul(MAX_AMPLIFICATION));
        self.detour = Some(Detour { address: from, credit });
    }

    /// Where the next datagram, of `len` bytes, is to be sent.
    pub(super) fn route(&mut self, len: usize) -> SocketAddr {
        self.credit = self.credit.map(|credit| credit.saturating_sub(len));
        if let Some(detour) = &mut self.detour
            && let Some(credit) = detour.credit.checked_sub(len)
        {
            detour.credit = credit;
            return detour.address;
        }
        self.address
    }

    /// Whether the peer certainly has the session: it answered, or has used it.
    pub(super) fn is_known_to_peer(&self) -> bool {
        self.confirmed || self.session.role() == Role::Initiator
    }

    /// Whether there is reason to think that the peer has the session, and to send it `len` bytes: somebody who repeats an
    /// old hello would have it open, too.
    pub(super) fn counts(&self, now: Millis, len: usize) -> bool {
        self.is_known_to_peer() || (now <= self.confirm_by && self.credit.is_none_or(|credit| len <= credit))
    }
}

/// The ack of a session, with the hello that it answers.
#[derive(Debug)]
pub(super) struct Answer {
    transcript: Preimage,
    signature: Signature,
    pub(super) bytes: Vec<u8>,
    repeats: u8,
}

impl Answer {
    /// The answer to this hello, without bytes yet.
    pub(super) fn new(hello: &MeshSessionHello) -> Self {
        Self { transcript: hello.transcript(), signature: hello.signature, bytes: Vec::new(), repeats: 0 }
    }

    /// The ack once more, for the very same hello.
    pub(super) fn repeat(&mut self, hello: &MeshSessionHello) -> Option<Vec<u8>> {
        let same = self.signature == hello.signature && self.transcript == hello.transcript();
        if !same || self.repeats >= MAX_REPEATS {
            return None;
        }
        self.repeats = self.repeats.saturating_add(1);
        Some(self.bytes.clone())
    }
}

/// A handshake of this node's own.
#[derive(Debug)]
pub(super) struct Outbound {
    pub(super) state: State,
    /// Where the hello goes.
    pub(super) address: SocketAddr,
    /// Where the peer was heard from meanwhile.
    pub(super) other_address: Option<SocketAddr>,
    pub(super) wrong_answers: u8,
    pub(super) started: Millis,
    pub(super) resend_at: Millis,
    pub(super) resend_after_ms: u64,
}

#[derive(Debug)]
pub(super) enum State {
    Sent(HelloSent),
    Retried(HelloRetried),
}

impl Outbound {
    pub(super) fn start<K: Borrow<NodeSigningKey>>(
        local: &LocalNode<K>,
        peer: &NodeId,
        address: SocketAddr,
        config: &TableConfig,
        now: Millis,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, HandshakeError> {
        let hello = HelloSent::start(local, peer, &config.terms, now.timestamp(), rng).map_err(HandshakeError::Wire)?;
        Ok(Self {
            state: State::Sent(hello),
            address,
            other_address: None,
            wrong_answers: 0,
            started: now,
            resend_at: now.saturating_add(config.resend_after_ms),
            resend_after_ms: config.resend_after_ms,
        })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match &self.state {
            State::Sent(hello) => hello.bytes(),
            State::Retried(hello) => hello.bytes(),
        }
    }

    /// Whether an answer may come from there.
    pub(super) fn expects_from(&self, source: SocketAddr) -> bool {
        self.address == source || self.other_address == Some(source)
    }

    fn ends_at(&self, config: &TableConfig) -> Millis {
        self.started.saturating_add(config.handshake_timeout_ms)
    }

    pub(super) fn due(&self, config: &TableConfig) -> Millis {
        self.resend_at.min(self.ends_at(config))
    }

    pub(super) fn has_failed(&self, config: &TableConfig, now: Millis) -> bool {
        now >= self.ends_at(config)
    }

    /// Whether the hello is to be sent again; the next time, after twice as long, up to four times the first interval.
    pub(super) fn resend(&mut self, config: &TableConfig, now: Millis) -> bool {
        if now < self.resend_at {
            return false;
        }
        let longest = config.resend_after_ms.saturating_mul(4).max(1);
        self.resend_after_ms = self.resend_after_ms.saturating_mul(2).clamp(1, longest);
        self.resend_at = now.saturating_add(self.resend_after_ms);
        true
    }

    /// The hello changed: it is sent at once, and again after the first interval.
    pub(super) fn restart_timer(&mut self, config: &TableConfig, now: Millis) {
        self.resend_after_ms = config.resend_after_ms;
        self.resend_at = now.saturating_add(self.resend_after_ms);
    }
}
