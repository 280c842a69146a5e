//! The responder's side of the handshake (§4.2): each state is consumed by the check that it has yet to pass.
//!
//! ```text
//! ReceivedHello ──(cookie)──► AdmittedHello ──signature──► VerifiedHello ──► Agreement and ack
//!       └── retry, and nothing is remembered
//! ```
//!
//! The order is that of cost: whoever has not shown a cookie where one is demanded gets no public-key work and no memory.

use alloc::boxed::Box;
use core::borrow::Borrow;
use core::net::SocketAddr;

use fcp_core::id::NodeId;
use fcp_core::rand_core::CryptoRng;
use fcp_core::sign::{NodeSigningKey, Signature, VerifyingKey as _};
use fcp_core::time::{Millis, Timestamp};

use super::keys::{EphemeralKey, KeyContext};
use super::limits::effective_limit;
use super::{
    Agreement, Attestations, AttestedKey, CookieKeys, HandshakeError, LocalNode, MeshSessionAck, MeshSessionHello,
    MeshSessionHelloRetry, PeerKeys, Role, SessionCryptoSuite, SessionId, SessionKeys, Terms,
};
use crate::seen::Seen;

/// How many hellos of one node are remembered at once.
const MAX_HELLOS_PER_NODE: usize = 64;

/// Which hellos were answered (D47): the nonces of each initiator, for twice the tolerated skew.
#[derive(Debug)]
pub struct HelloCache(Seen<[u8; 16]>);

impl HelloCache {
    /// An empty cache for at most `max_hellos`, under these terms. A full cache refuses further hellos.
    #[must_use]
    pub fn new(terms: &Terms, max_hellos: usize) -> Self {
        // A hello is acceptable for twice the skew and the rest of a second that its time was rounded to.
        let keep_secs = terms.max_skew_secs().saturating_mul(2).saturating_add(2);
        Self(Seen::new(keep_secs.saturating_mul(1000), MAX_HELLOS_PER_NODE, max_hellos))
    }

    /// How many hellos are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.0.len()
    }
}

/// A hello that is well-formed, for this node, of this time, and offers a suite that this node has. Nothing else is known
/// about it.
#[derive(Debug)]
pub struct ReceivedHello {
    hello: Box<MeshSessionHello>,
    suite: SessionCryptoSuite,
}

/// What becomes of a hello where a cookie is demanded.
#[derive(Debug)]
pub enum CookieCheck {
    /// It carries the cookie.
    Admitted(AdmittedHello),
    /// It carries none: this is the answer.
    Challenged(MeshSessionHelloRetry),
}

impl ReceivedHello {
    /// Takes a hello that arrived for `local`.
    ///
    /// # Errors
    /// [`HandshakeError::WrongPeer`], [`HandshakeError::ClockSkew`] or [`HandshakeError::NoCommonSuite`].
    pub fn read(
        hello: MeshSessionHello,
        local: &NodeId,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Self, HandshakeError> {
        if hello.to != *local || hello.from == *local {
            return Err(HandshakeError::WrongPeer);
        }
        terms.fresh(hello.timestamp, now)?;
        let suite = hello.suites.select(terms.suites()).ok_or(HandshakeError::NoCommonSuite)?;
        Ok(Self { hello: Box::new(hello), suite })
    }

    /// What it claims.
    #[must_use]
    pub const fn claimed(&self) -> &MeshSessionHello {
        &self.hello
    }

    /// Goes on without a cookie.
    #[must_use]
    pub fn admit(self) -> AdmittedHello {
        AdmittedHello(self)
    }

    /// Goes on with the cookie that the hello must carry, or answers with one (D45).
    ///
    /// # Errors
    /// [`HandshakeError::CookieInvalid`] if it carries another.
    pub fn demand_cookie(
        self,
        cookies: &CookieKeys,
        source: SocketAddr,
        now: Timestamp,
    ) -> Result<CookieCheck, HandshakeError> {
        match &self.hello.cookie {
            None => Ok(CookieCheck::Challenged(MeshSessionHelloRetry {
                from: self.hello.to.clone(),
                to: self.hello.from.clone(),
                cookie: cookies.bake(&self.hello, source),
                timestamp: now,
            })),
            Some(cookie) if cookies.accepts(cookie, &self.hello, source) => Ok(CookieCheck::Admitted(self.admit())),
            Some(_) => Err(HandshakeError::CookieInvalid),
        }
    }
}

/// A hello whose signature is worth checking.
#[derive(Debug)]
pub struct AdmittedHello(ReceivedHello);

impl AdmittedHello {
    /// Checks that the hello was not answered before, and that the initiator signed it.
    ///
    /// # Errors
    /// [`HandshakeError::ReplayedHello`], [`HandshakeError::UnknownPeer`] or [`HandshakeError::Signature`].
    pub fn verify(
        self,
        answered: &HelloCache,
        peers: &mut impl PeerKeys,
        now: Timestamp,
    ) -> Result<VerifiedHello, HandshakeError> {
        let ReceivedHello { hello, suite } = self.0;
        if answered.0.contains(&hello.from, &hello.nonce) {
            return Err(HandshakeError::ReplayedHello);
        }
        let none = Attestations::default();
        let peer_key = peers
            .attested_key(&hello.from, hello.attestations.as_ref().unwrap_or(&none), now)
            .ok_or(HandshakeError::UnknownPeer)?;
        peer_key.key.verify(&hello.transcript(), &hello.signature).map_err(HandshakeError::Signature)?;
        Ok(VerifiedHello { hello, suite, peer_key })
    }
}

/// A hello that the initiator signed, and that was not answered yet.
#[derive(Debug)]
pub struct VerifiedHello {
    hello: Box<MeshSessionHello>,
    suite: SessionCryptoSuite,
    peer_key: AttestedKey,
}

impl VerifiedHello {
    /// The initiator's hello.
    #[must_use]
    pub const fn hello(&self) -> &MeshSessionHello {
        &self.hello
    }

    /// Answers the hello: remembers it, draws the session's id and keys, and signs the ack. `is_live` tells the ids of
    /// open sessions (D47).
    ///
    /// # Errors
    /// [`HandshakeError::Overloaded`] if `answered` is full, [`HandshakeError::ZeroSharedSecret`].
    pub fn accept<K: Borrow<NodeSigningKey>>(
        self,
        local: &LocalNode<K>,
        terms: &Terms,
        answered: &mut HelloCache,
        is_live: impl Fn(&SessionId) -> bool,
        now: Millis,
        rng: &mut impl CryptoRng,
    ) -> Result<(Agreement, MeshSessionAck), HandshakeError> {
        let Self { hello, suite, peer_key } = self;
        answered.0.expire(now);
        answered.0.insert(now, &hello.from, hello.nonce).map_err(|_| HandshakeError::Overloaded)?;
        let key = EphemeralKey::generate(rng);
        let shared = key.agree(&hello.eph_pubkey).map_err(HandshakeError::ZeroSharedSecret)?;
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        let session_id = SessionId::draw(rng, is_live).ok_or(HandshakeError::Overloaded)?;
        let mut ack = MeshSessionAck {
            from: hello.to.clone(),
            to: hello.from.clone(),
            eph_pubkey: key.public(),
            nonce,
            session_id,
            suite: suite.id(),
            timestamp: now.timestamp(),
            signature: Signature::ABSENT,
            attestations: local.attestations().cloned(),
        };
        ack.signature = local.sign(&ack.transcript(&hello.eph_pubkey, &hello.nonce));
        let context = KeyContext {
            session_id: &session_id,
            initiator: &hello.from,
            responder: &hello.to,
            hello_nonce: &hello.nonce,
            ack_nonce: &ack.nonce,
        };
        let agreement = Agreement {
            session_id,
            peer: hello.from.clone(),
            peer_key,
            role: Role::Responder,
            suite,
            keys: SessionKeys::derive(&shared, context),
            max_datagram_bytes: effective_limit(terms.limits(), hello.transport_limits),
            announced: hello.transport_limits.unwrap_or_default().max_datagram_bytes(),
        };
        Ok((agreement, ack))
    }
}
