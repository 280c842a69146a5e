//! What a table is told and what it says.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;

use fcp_core::error::Reason;
use fcp_core::id::NodeId;
use fcp_core::time::Millis;

use crate::datagram::DatagramError;
use crate::session::{AuthenticFrame, HandshakeError, OpenError, Role, SessionId, SessionReplayPolicy, Terms};
use crate::signed_frame::SignedFrameError;

/// When a responder demands a cookie (§4.2, D45).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookiePolicy {
    /// Of everybody.
    Always,
    /// Once it has checked as many signatures of hellos in one second, and wherever its answer would be more than three
    /// times as long as the hello (D134).
    Above {
        /// How many hellos in a second are answered at once.
        hellos_per_second: u32,
    },
    /// Of nobody: for carriers that make sure of addresses themselves.
    Never,
}

impl Default for CookiePolicy {
    fn default() -> Self {
        Self::Above { hellos_per_second: 64 }
    }
}

/// What became of the hellos that a table had to let pass or challenge, since it was made. Hellos that were refused or
/// only answered again are not among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CookieCounts {
    /// Answered with a demand for a cookie.
    pub demanded: u64,
    /// Let pass with the cookie that was demanded.
    pub shown: u64,
    /// Let pass without one.
    pub waived: u64,
}

/// What a table holds: its memory is made of these, each bounded by its [`TableConfig`], but for outputs, which wait for
/// whoever drains them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TableLoad {
    /// Peers with a session or a handshake.
    pub peers: usize,
    /// Open sessions.
    pub sessions: usize,
    /// Handshakes of this node's own that are under way.
    pub handshakes: usize,
    /// Answered hellos that are remembered (D47).
    pub hellos: usize,
    /// Signed frames that are remembered (D70).
    pub signed_frames: usize,
    /// Outputs that nobody has asked for yet.
    pub outputs: usize,
}

/// How a table behaves.
#[derive(Debug, Clone)]
pub struct TableConfig {
    /// Suites, datagram limit and tolerance for clocks.
    pub terms: Terms,
    /// Reorder window and thresholds.
    pub replay: SessionReplayPolicy,
    /// When cookies are demanded.
    pub cookies: CookiePolicy,
    /// After how many milliseconds an unanswered hello is sent again; twice as many each time, up to four
    /// times as many.
    pub resend_after_ms: u64,
    /// After how many milliseconds without an answer a handshake has failed.
    pub handshake_timeout_ms: u64,
    /// How many sessions are open at most.
    pub max_sessions: usize,
    /// How many handshakes of this node's own are under way at most.
    pub max_handshakes: usize,
    /// How many answered hellos are remembered at most (D47).
    pub max_hellos: usize,
    /// How many signed frames are remembered at most (D70).
    pub max_signed_frames: usize,
}

impl Default for TableConfig {
    fn default() -> Self {
        Self {
            terms: Terms::default(),
            replay: SessionReplayPolicy::default(),
            cookies: CookiePolicy::default(),
            resend_after_ms: 500,
            handshake_timeout_ms: 10_000,
            max_sessions: 1024,
            max_handshakes: 256,
            max_hellos: 8192,
            max_signed_frames: 8192,
        }
    }
}

/// What is to be done next, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes there.
    Send {
        /// Where to.
        to: SocketAddr,
        /// One handshake message.
        bytes: Vec<u8>,
    },
    /// Call [`handle_timeout`](super::SessionTable::handle_timeout) then; it takes the place of every earlier time.
    Wake(Millis),
    /// A session is open.
    Established {
        /// The authenticated peer.
        peer: Arc<NodeId>,
        /// The session's id.
        session: SessionId,
        /// Which end this node is.
        role: Role,
    },
    /// A session is over.
    Closed {
        /// The peer.
        peer: Arc<NodeId>,
        /// The session's id.
        session: SessionId,
        /// Why.
        reason: Reason,
    },
    /// A handshake of this node's own came to nothing.
    Failed {
        /// The peer.
        peer: NodeId,
        /// Why.
        reason: Reason,
    },
}

/// What a datagram was.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'d> {
    /// A frame of a session: from this peer, for the first time (D52, up to the replay window).
    Frame {
        /// The authenticated peer, which is the source of its symbols (D58).
        peer: Arc<NodeId>,
        /// The session.
        session: SessionId,
        /// The frame.
        frame: AuthenticFrame<'d>,
    },
    /// A signed frame of a peer without a session (D70).
    SignedFrame {
        /// The authenticated source.
        source: NodeId,
        /// The frame, where it stands in the message.
        frame: &'d mut [u8],
    },
    /// A handshake message; what follows from it is in the outputs.
    Handshake,
}

/// Why a datagram is refused. It changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// It is too short or too long for a datagram.
    #[error("{0}")]
    Datagram(DatagramError),
    /// It names no open session.
    #[error("no such session")]
    UnknownSession,
    /// The session does not take it.
    #[error("{0}")]
    Session(OpenError),
    /// A handshake message that is refused.
    #[error("{0}")]
    Handshake(HandshakeError),
    /// A signed frame that is refused.
    #[error("{0}")]
    SignedFrame(SignedFrameError),
}

impl ReceiveError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Datagram(error) => error.reason(),
            Self::UnknownSession => Reason::SessionUnknown,
            Self::Session(error) => error.reason(),
            Self::Handshake(error) => error.reason(),
            Self::SignedFrame(error) => error.reason(),
        }
    }
}
