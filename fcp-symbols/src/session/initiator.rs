//! The initiator's side of the handshake (§4.2): each state is consumed by the message that ends it.
//!
//! ```text
//! HelloSent ──retry──► HelloRetried
//!     │                     │
//!     └────────ack──────────┴───► Agreement
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::borrow::Borrow;

use fcp_core::id::NodeId;
use fcp_core::rand_core::CryptoRng;
use fcp_core::sign::{NodeSigningKey, Signature, VerifyingKey as _};
use fcp_core::time::Timestamp;

use super::keys::{EphemeralKey, KeyContext};
use super::wire::{WireError, WireMessage};
use super::{
    Agreement, Attestations, HandshakeError, LocalNode, MeshSessionAck, MeshSessionHello, MeshSessionHelloRetry,
    PeerKeys, Role, SessionCryptoSuite, SessionId, SessionKeys, Terms,
};

/// A message was refused; the state stands as before, for anybody can send anything.
#[derive(Debug)]
pub struct Refused<S> {
    /// The state.
    pub state: S,
    /// Why.
    pub error: HandshakeError,
}

/// What both states hold: the hello, its bytes and the key behind it.
struct Attempt {
    hello: MeshSessionHello,
    bytes: Vec<u8>,
    key: EphemeralKey,
}

impl Attempt {
    /// Signs the hello as it stands and frames it.
    fn sign<K: Borrow<NodeSigningKey>>(&mut self, local: &LocalNode<K>) -> Result<(), WireError> {
        self.hello.signature = local.sign(&self.hello.transcript());
        self.bytes = WireMessage::Hello(self.hello.clone()).to_bytes()?;
        Ok(())
    }

    fn accept(
        &self,
        ack: &MeshSessionAck,
        terms: &Terms,
        peers: &mut impl PeerKeys,
        is_live: impl Fn(&SessionId) -> bool,
        now: Timestamp,
    ) -> Result<Agreement, HandshakeError> {
        if ack.from != self.hello.to || ack.to != self.hello.from {
            return Err(HandshakeError::WrongPeer);
        }
        terms.fresh(ack.timestamp, now)?;
        let suite = SessionCryptoSuite::from_id(ack.suite)
            .filter(|suite| self.hello.suites.contains(suite.id()))
            .ok_or(HandshakeError::SuiteNotOffered)?;
        if is_live(&ack.session_id) {
            return Err(HandshakeError::SessionIdInUse);
        }
        let none = Attestations::default();
        let peer_key = peers
            .attested_key(&ack.from, ack.attestations.as_ref().unwrap_or(&none), now)
            .ok_or(HandshakeError::UnknownPeer)?;
        let transcript = ack.transcript(&self.hello.eph_pubkey, &self.hello.nonce);
        peer_key.key.verify(&transcript, &ack.signature).map_err(HandshakeError::Signature)?;
        let shared = self.key.agree(&ack.eph_pubkey).map_err(HandshakeError::ZeroSharedSecret)?;
        let context = KeyContext {
            session_id: &ack.session_id,
            initiator: &ack.to,
            responder: &ack.from,
            hello_nonce: &self.hello.nonce,
            ack_nonce: &ack.nonce,
        };
        let announced = self.hello.transport_limits.unwrap_or_default().max_datagram_bytes();
        Ok(Agreement {
            session_id: ack.session_id,
            peer: ack.from.clone(),
            peer_key,
            role: Role::Initiator,
            suite,
            keys: SessionKeys::derive(&shared, context),
            max_datagram_bytes: announced,
            announced,
        })
    }
}

/// A hello is on its way; the answer is an ack, or once a retry.
pub struct HelloSent(Box<Attempt>);

impl HelloSent {
    /// Says hello to `peer`. [`bytes`](Self::bytes) are to be sent, and sent again unchanged while no answer comes.
    ///
    /// # Errors
    /// [`WireError::TooLarge`] if this node's attestations do not fit into a message.
    pub fn start<K: Borrow<NodeSigningKey>>(
        local: &LocalNode<K>,
        peer: &NodeId,
        terms: &Terms,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, WireError> {
        let key = EphemeralKey::generate(rng);
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        let hello = MeshSessionHello {
            from: local.node_id().clone(),
            to: peer.clone(),
            eph_pubkey: key.public(),
            nonce,
            cookie: None,
            timestamp: now,
            suites: terms.offer(),
            transport_limits: Some(terms.limits()),
            signature: Signature::ABSENT,
            attestations: local.attestations().cloned(),
        };
        let mut attempt = Attempt { hello, bytes: Vec::new(), key };
        attempt.sign(local)?;
        Ok(Self(Box::new(attempt)))
    }

    /// The framed hello.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// Takes the responder's cookie: the same hello, with the cookie and signed again (D44, D45). A second retry has
    /// nowhere to go, since [`HelloRetried`] takes none.
    ///
    /// # Errors
    /// [`Refused`] with [`HandshakeError`], and this state back.
    pub fn handle_retry<K: Borrow<NodeSigningKey>>(
        mut self,
        retry: &MeshSessionHelloRetry,
        local: &LocalNode<K>,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<HelloRetried, Refused<Self>> {
        let hello = &self.0.hello;
        if retry.from != hello.to || retry.to != hello.from {
            return Err(Refused { state: self, error: HandshakeError::WrongPeer });
        }
        if let Err(error) = terms.fresh(retry.timestamp, now) {
            return Err(Refused { state: self, error });
        }
        self.0.hello.cookie = Some(retry.cookie);
        match self.0.sign(local) {
            Ok(()) => Ok(HelloRetried(self.0)),
            Err(error) => {
                self.0.hello.cookie = None;
                Err(Refused { state: self, error: HandshakeError::Wire(error) })
            }
        }
    }

    /// Takes the responder's answer. `is_live` tells the ids of open sessions (D47).
    ///
    /// # Errors
    /// [`Refused`] with [`HandshakeError`], and this state back.
    pub fn handle_ack(
        self,
        ack: &MeshSessionAck,
        terms: &Terms,
        peers: &mut impl PeerKeys,
        is_live: impl Fn(&SessionId) -> bool,
        now: Timestamp,
    ) -> Result<Agreement, Refused<Self>> {
        self.0.accept(ack, terms, peers, is_live, now).map_err(|error| Refused { state: self, error })
    }
}

/// The hello went out once more, with a cookie; the answer is an ack.
pub struct HelloRetried(Box<Attempt>);

impl HelloRetried {
    /// The framed hello, with its cookie.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// Takes the responder's answer. `is_live` tells the ids of open sessions (D47).
    ///
    /// # Errors
    /// [`Refused`] with [`HandshakeError`], and this state back.
    pub fn handle_ack(
        self,
        ack: &MeshSessionAck,
        terms: &Terms,
        peers: &mut impl PeerKeys,
        is_live: impl Fn(&SessionId) -> bool,
        now: Timestamp,
    ) -> Result<Agreement, Refused<Self>> {
        self.0.accept(ack, terms, peers, is_live, now).map_err(|error| Refused { state: self, error })
    }
}

impl core::fmt::Debug for HelloSent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "HelloSent(to {}, ..)", self.0.hello.to)
    }
}

impl core::fmt::Debug for HelloRetried {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "HelloRetried(to {}, ..)", self.0.hello.to)
    }
}
