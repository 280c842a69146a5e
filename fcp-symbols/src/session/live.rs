//! One open session.

use alloc::sync::Arc;

use fcp_core::error::Reason;
use fcp_core::id::NodeId;
use fcp_core::time::{Millis, TimePolicy, Timestamp};

use super::policy::{Share, Volume};
use super::{Agreement, AttestedKey, Role, SessionCryptoSuite, SessionId, SessionReplayPolicy, TransportLimits};
use crate::datagram::{self, AuthenticNumber, Datagram, DatagramError, ENVELOPE_LEN, MacKey};
use crate::fcpc::{FcpcReceiver, FcpcSender};
use crate::replay::{ReplayError, ReplayWindows};

/// Why a datagram is not sent in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// No session with the peer is open.
    #[error("no session with the peer is open")]
    NoSession,
    /// The session has reached a threshold (D54).
    #[error("session has reached a threshold")]
    RekeyRequired,
    /// The session is over.
    #[error("session is over")]
    Expired,
    /// The frame does not fit, or is none.
    #[error("{0}")]
    Datagram(DatagramError),
    /// The frame's number was not drawn from this node's counter (D50).
    #[error("frame has a number that this instance did not give out")]
    ForeignNumber,
}

impl SendError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::NoSession => Reason::SessionUnknown,
            Self::RekeyRequired => Reason::SessionRekeyRequired,
            Self::Expired => Reason::SessionExpired,
            Self::Datagram(error) => error.reason(),
            Self::ForeignNumber => Reason::FrameSeqMismatch,
        }
    }
}

/// Why a session does not take a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The session is over.
    #[error("session is over")]
    Expired,
    /// It is not what the peer sent.
    #[error("{0}")]
    Datagram(DatagramError),
    /// It came before.
    #[error("{0}")]
    Replay(ReplayError),
}

impl OpenError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Expired => Reason::SessionExpired,
            Self::Datagram(error) => error.reason(),
            Self::Replay(error) => error.reason(),
        }
    }
}

/// A frame that the session's peer sent, for the first time (D52, up to the replay window).
#[derive(Debug, PartialEq, Eq)]
pub struct AuthenticFrame<'d> {
    /// The frame, where it stands in the datagram, so that its symbols can be opened in place.
    pub frame: &'d mut [u8],
    /// The sender instance id of the frame's header.
    pub instance: u64,
    /// The frame sequence.
    pub seq: u64,
}

impl<'d> AuthenticFrame<'d> {
    pub(super) fn of(bytes: &'d mut [u8], number: AuthenticNumber) -> Self {
        let frame = bytes.get_mut(ENVELOPE_LEN..).unwrap_or_default();
        Self { frame, instance: number.instance, seq: number.seq }
    }
}

/// One open session with one peer: both MAC keys, the replay windows, and how long it may live.
///
/// Use a [`SessionTable`](super::SessionTable) unless there is exactly one session and somebody else minds its time.
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    peer: Arc<NodeId>,
    peer_key: AttestedKey,
    role: Role,
    suite: SessionCryptoSuite,
    send_key: MacKey,
    receive_key: MacKey,
    streams: Option<(FcpcSender, FcpcReceiver)>,
    max_send: usize,
    max_receive: usize,
    windows: ReplayWindows,
    policy: SessionReplayPolicy,
    sent: Volume,
    received: Volume,
    /// The last moment at which the time threshold lets it send.
    send_until: Millis,
    /// When a threshold and the grace after it will have passed.
    expires_at: Millis,
    /// When an attestation of either side will have expired.
    attested_until: Millis,
    /// When the next session should be begun.
    rekey_at: Millis,
    /// Whether a volume has come near to its threshold, which brings that forward once.
    near: bool,
}

/// When a thing that expires then is no longer valid, with the tolerated skew (D7).
fn end_of(expires_at: Timestamp) -> Millis {
    Millis::from(expires_at.saturating_add(TimePolicy::DEFAULT_SKEW_SECS).saturating_add(1))
}

impl Session {
    /// Opens what a handshake agreed on. `local_expires_at` is when this node's own attestation expires, and `own` the
    /// largest datagram that it wants; it takes what the hello announced, as nothing tells an initiator of less (D225), and
    /// 1200 bytes in any case (§4.3.1).
    #[must_use]
    pub fn open(
        agreement: Agreement,
        local_expires_at: Timestamp,
        own: TransportLimits,
        policy: SessionReplayPolicy,
        now: Millis,
    ) -> Self {
        let Agreement { session_id, peer, peer_key, role, suite, keys, max_datagram_bytes, announced } = agreement;
        let (send, receive) = match role {
            Role::Initiator => (keys.mac_i2r(), keys.mac_r2i()),
            Role::Responder => (keys.mac_r2i(), keys.mac_i2r()),
        };
        let share = Share::of(role);
        let send_until = now.saturating_add_secs(policy.seconds());
        let least = TransportLimits::default().max_datagram_bytes();
        let max_receive = own.max_datagram_bytes().max(announced).max(least);
        Self {
            id: session_id,
            peer: Arc::new(peer),
            peer_key,
            role,
            suite,
            send_key: MacKey::new(suite, send),
            receive_key: MacKey::new(suite, receive),
            streams: Some((
                FcpcSender::new(keys.context(), session_id, role.sends()),
                FcpcReceiver::new(keys.context(), session_id, role.receives()),
            )),
            max_send: usize::from(max_datagram_bytes),
            max_receive: usize::from(max_receive),
            windows: policy.windows(),
            policy,
            sent: Volume::default(),
            received: Volume::default(),
            send_until,
            expires_at: grace_after(send_until),
            attested_until: end_of(peer_key.expires_at).min(end_of(local_expires_at)),
            rekey_at: now.saturating_add(share.before(policy.seconds().saturating_mul(1000))),
            near: false,
        }
    }

    /// The session's id.
    #[must_use]
    pub const fn id(&self) -> &SessionId {
        &self.id
    }

    /// The authenticated peer.
    #[must_use]
    pub const fn peer(&self) -> &Arc<NodeId> {
        &self.peer
    }

    /// The signing key that the peer was authenticated with, and until when it is attested.
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

    /// The largest datagram that may be sent, in bytes, envelope included.
    #[must_use]
    pub const fn max_datagram_bytes(&self) -> usize {
        self.max_send
    }

    /// What was sent.
    #[must_use]
    pub const fn sent(&self) -> Volume {
        self.sent
    }

    /// What was received and authentic.
    #[must_use]
    pub const fn received(&self) -> Volume {
        self.received
    }

    /// Why the session is over, if it is (D54).
    #[must_use]
    pub fn over(&self, now: Millis) -> Option<Reason> {
        if now >= self.attested_until {
            Some(Reason::AttestationExpired)
        } else if now >= self.expires_at {
            Some(Reason::SessionExpired)
        } else {
            None
        }
    }

    /// When the session will be over, unless it reaches another threshold before.
    #[must_use]
    pub fn ends_at(&self) -> Millis {
        self.attested_until.min(self.expires_at)
    }

    /// When the next session should be begun, so that it is there before this one stops sending.
    #[must_use]
    pub const fn rekey_at(&self) -> Millis {
        self.rekey_at
    }

    /// Takes the two ends of the session's control-plane stream (§9.4). There is one stream in a session, so this gives
    /// something once.
    #[must_use]
    pub const fn take_streams(&mut self) -> Option<(FcpcSender, FcpcReceiver)> {
        self.streams.take()
    }

    /// Puts off the end of the session: new attestations of the same keys.
    pub(super) fn attested(&mut self, peer: AttestedKey, local_expires_at: Timestamp) {
        self.peer_key = peer;
        self.attested_until = end_of(peer.expires_at).min(end_of(local_expires_at));
    }

    /// Puts off the next attempt to renew the session.
    pub(super) const fn postpone_rekey(&mut self, until: Millis) {
        self.rekey_at = until;
    }

    /// Whether the session's thresholds let it send a datagram of `len` bytes (D54).
    #[must_use]
    pub fn may_send(&self, now: Millis, len: usize) -> bool {
        now <= self.send_until && self.policy.allows(self.sent, len as u64)
    }

    /// Writes the envelope of the frame that stands in `buffer` behind [`ENVELOPE_LEN`] bytes of
    /// room. The number in the frame's header must never have been sealed with other bytes (D50, D51).
    ///
    /// # Errors
    /// [`SendError`]; nothing is to be sent then.
    pub fn seal(&mut self, now: Millis, buffer: &mut [u8]) -> Result<(), SendError> {
        if now >= self.ends_at() {
            return Err(SendError::Expired);
        }
        if !self.may_send(now, buffer.len()) {
            return Err(SendError::RekeyRequired);
        }
        if buffer.len() > self.max_send {
            return Err(SendError::Datagram(DatagramError::TooLarge));
        }
        datagram::seal(&self.send_key, &self.id, self.role.sends(), buffer).map_err(SendError::Datagram)?;
        self.sent.add(buffer.len() as u64);
        self.bring_rekey_forward(now, self.sent);
        Ok(())
    }

    fn bring_rekey_forward(&mut self, now: Millis, volume: Volume) {
        let share = Share::of(self.role);
        if !self.near && self.policy.near(volume, share) {
            self.near = true;
            self.rekey_at = self.rekey_at.min(now);
        }
    }

    /// Opens a datagram that names this session, in the order of D52: length, MAC, sequence, replay window.
    ///
    /// # Errors
    /// [`OpenError`] with the first check that fails.
    pub fn receive<'d>(&mut self, now: Millis, bytes: &'d mut [u8]) -> Result<AuthenticFrame<'d>, OpenError> {
        let datagram = Datagram::parse(bytes, self.max_receive).map_err(OpenError::Datagram)?;
        let number = self.receive_parsed(now, &datagram, bytes.len())?;
        Ok(AuthenticFrame::of(bytes, number))
    }

    /// As [`receive`](Self::receive), for a datagram of `len` bytes that was taken apart to find the session.
    pub(super) fn receive_parsed(
        &mut self,
        now: Millis,
        datagram: &Datagram<'_>,
        len: usize,
    ) -> Result<AuthenticNumber, OpenError> {
        if len > self.max_receive {
            return Err(OpenError::Datagram(DatagramError::TooLarge));
        }
        if now >= self.ends_at() {
            return Err(OpenError::Expired);
        }
        let direction = self.role.receives();
        let number = datagram.authenticate(&self.receive_key, direction).map_err(OpenError::Datagram)?;
        self.windows.accept(number.instance, number.seq).map_err(OpenError::Replay)?;
        self.received.add(len as u64);
        if self.policy.reached(self.received) {
            self.expires_at = self.expires_at.min(grace_after(now));
        }
        self.bring_rekey_forward(now, self.received);
        Ok(number)
    }

    /// Whether no higher number of its instance has come yet: where this frame came from is where the peer is.
    pub(super) fn is_newest(&self, number: AuthenticNumber) -> bool {
        self.windows.highest(number.instance) == number.seq
    }
}

/// The first moment after the grace that follows `threshold`.
const fn grace_after(threshold: Millis) -> Millis {
    threshold.saturating_add_secs(SessionReplayPolicy::GRACE_SECS).saturating_add(1)
}
