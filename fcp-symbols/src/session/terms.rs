//! What a node offers and accepts in handshakes, and what one agrees on.

use alloc::vec::Vec;

use fcp_core::id::NodeId;
use fcp_core::time::{TimePolicy, Timestamp};

use super::keys::SessionKeys;
use super::{
    AttestedKey, HandshakeError, OfferError, Role, SessionCryptoSuite, SessionId, SuiteOffer, TransportLimits,
};

/// What a node offers and accepts in handshakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    suites: Vec<SessionCryptoSuite>,
    offer: SuiteOffer,
    limits: TransportLimits,
    max_skew_secs: u64,
}

impl Terms {
    /// These suites, the most wanted first, and the largest datagram that the node sends and receives.
    ///
    /// # Errors
    /// [`OfferError`] if no suite is named, or one twice.
    pub fn new(suites: &[SessionCryptoSuite], limits: TransportLimits) -> Result<Self, OfferError> {
        let ids: Vec<_> = suites.iter().map(|suite| suite.id()).collect();
        let offer = SuiteOffer::new(&ids)?;
        Ok(Self { suites: suites.to_vec(), offer, limits, max_skew_secs: TimePolicy::DEFAULT_SKEW_SECS })
    }

    /// The same terms with another tolerance for clocks; the default is 120 s (§4.2).
    #[must_use]
    pub const fn with_skew(mut self, policy: TimePolicy) -> Self {
        self.max_skew_secs = policy.max_skew_secs;
        self
    }

    /// The suites, the most wanted first.
    #[must_use]
    pub fn suites(&self) -> &[SessionCryptoSuite] {
        &self.suites
    }

    /// The offer of these suites.
    #[must_use]
    pub const fn offer(&self) -> SuiteOffer {
        self.offer
    }

    /// The node's own limit.
    #[must_use]
    pub const fn limits(&self) -> TransportLimits {
        self.limits
    }

    /// How far clocks may differ, in seconds.
    #[must_use]
    pub const fn max_skew_secs(&self) -> u64 {
        self.max_skew_secs
    }

    /// Whether a message of this time is acceptable now (D7).
    pub(crate) const fn check_time(&self, sent: Timestamp, now: Timestamp) -> bool {
        sent.since(now) <= self.max_skew_secs && now.since(sent) <= self.max_skew_secs
    }

    pub(super) const fn fresh(&self, sent: Timestamp, now: Timestamp) -> Result<(), HandshakeError> {
        if self.check_time(sent, now) { Ok(()) } else { Err(HandshakeError::ClockSkew) }
    }
}

impl Default for Terms {
    fn default() -> Self {
        let suites = SessionCryptoSuite::ALL;
        let offer = SuiteOffer::of_all();
        let limits = TransportLimits::default();
        Self { suites: suites.to_vec(), offer, limits, max_skew_secs: TimePolicy::DEFAULT_SKEW_SECS }
    }
}

/// What a finished handshake agreed on: everything that a [`Session`](super::Session) begins with.
#[derive(Debug)]
pub struct Agreement {
    pub(super) session_id: SessionId,
    pub(super) peer: NodeId,
    pub(super) peer_key: AttestedKey,
    pub(super) role: Role,
    pub(super) suite: SessionCryptoSuite,
    pub(super) keys: SessionKeys,
    pub(super) max_datagram_bytes: u16,
    /// The largest datagram that the initiator may send: what its hello says (D43).
    pub(super) announced: u16,
}

impl Agreement {
    /// The session's id.
    #[must_use]
    pub const fn session_id(&self) -> &SessionId {
        &self.session_id
    }

    /// The authenticated peer.
    #[must_use]
    pub const fn peer(&self) -> &NodeId {
        &self.peer
    }

    /// The key that the peer was authenticated with.
    #[must_use]
    pub const fn peer_key(&self) -> &AttestedKey {
        &self.peer_key
    }

    /// Which end this node is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> SessionCryptoSuite {
        self.suite
    }

    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &SessionKeys {
        &self.keys
    }

    /// The largest datagram that this node may send in the session (D43).
    #[must_use]
    pub const fn max_datagram_bytes(&self) -> u16 {
        self.max_datagram_bytes
    }
}
