//! Who is at the two ends of a handshake.

use core::borrow::Borrow;

use fcp_core::id::NodeId;
use fcp_core::sign::{NodeSigningKey, NodeSigningPublicKey, Preimage, Signature, SigningKey as _};
use fcp_core::time::Timestamp;

use super::Attestations;

/// A peer's signing key, as its attestation gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttestedKey {
    /// The key.
    pub key: NodeSigningPublicKey,
    /// When the attestation expires, and with it every session (D54).
    pub expires_at: Timestamp,
}

/// Knows the signing keys of peers: usually the trust anchors of `fcp_core::identity`.
///
/// A closure of the same arguments will do.
pub trait PeerKeys {
    /// The signing key of `node` that is attested, enrolled, not revoked and valid at `now` (§2.2, D181).
    ///
    /// `offered` is what the peer sent along to be known by, unverified: an implementation may first install what
    /// verifies under the owner's key.
    fn attested_key(&mut self, node: &NodeId, offered: &Attestations, now: Timestamp) -> Option<AttestedKey>;
}

impl<F: FnMut(&NodeId, &Attestations, Timestamp) -> Option<AttestedKey>> PeerKeys for F {
    fn attested_key(&mut self, node: &NodeId, offered: &Attestations, now: Timestamp) -> Option<AttestedKey> {
        self(node, offered, now)
    }
}

/// This node, as handshakes need it. `K` holds the signing key: the key itself, a reference or a shared pointer.
#[derive(Debug, Clone)]
pub struct LocalNode<K = NodeSigningKey> {
    node_id: NodeId,
    key: K,
    attestations: Attestations,
    expires_at: Timestamp,
}

impl<K: Borrow<NodeSigningKey>> LocalNode<K> {
    /// This node: its id, its signing key, and when its own attestation expires.
    #[must_use]
    pub fn new(node_id: NodeId, key: K, expires_at: Timestamp) -> Self {
        Self { node_id, key, attestations: Attestations::default(), expires_at }
    }

    /// The same node, which sends these objects along in its handshakes.
    #[must_use]
    pub fn with_attestations(mut self, attestations: Attestations) -> Self {
        self.attestations = attestations;
        self
    }

    /// The node's id.
    #[must_use]
    pub const fn node_id(&self) -> &NodeId {
        &self.node_id
    }

    /// When the node's attestation expires.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The public half of the signing key.
    #[must_use]
    pub fn public_key(&self) -> NodeSigningPublicKey {
        self.key.borrow().public()
    }

    pub(crate) fn sign(&self, preimage: &Preimage) -> Signature {
        self.key.borrow().sign(preimage)
    }

    /// What to send along, if anything.
    pub(super) fn attestations(&self) -> Option<&Attestations> {
        Some(&self.attestations).filter(|attestations| !attestations.objects().is_empty())
    }
}

/// Which end of the handshake a node is: the direction byte of its datagrams and frames (D48).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It said hello.
    Initiator,
    /// It answered.
    Responder,
}

/// From which end bytes come: a MAC and a nonce cover it, so nothing can be sent back to its sender (D48).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the handshake's initiator: 0.
    InitiatorToResponder = 0,
    /// From its responder: 1.
    ResponderToInitiator = 1,
}

impl Direction {
    /// The direction's byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }
}

impl Role {
    /// The direction of what this end sends.
    #[must_use]
    pub const fn sends(self) -> Direction {
        match self {
            Self::Initiator => Direction::InitiatorToResponder,
            Self::Responder => Direction::ResponderToInitiator,
        }
    }

    /// The direction of what this end receives.
    #[must_use]
    pub const fn receives(self) -> Direction {
        match self {
            Self::Initiator => Direction::ResponderToInitiator,
            Self::Responder => Direction::InitiatorToResponder,
        }
    }
}
