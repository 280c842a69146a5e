//! Why a handshake message is refused.

use fcp_core::error::Reason;
use fcp_core::sign::SignatureError;

use super::keys::ZeroSharedSecret;
use super::wire::WireError;

/// Why a handshake message is refused. The message has no effect; a handshake that is under way goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The bytes are no message.
    #[error("{0}")]
    Wire(WireError),
    /// For another node, from this one, or not from the node that was asked.
    #[error("message is not between the expected nodes")]
    WrongPeer,
    /// Its time is too far from now (D7).
    #[error("time is too far from now")]
    ClockSkew,
    /// None of the offered suites is supported.
    #[error("no common suite")]
    NoCommonSuite,
    /// The answer's suite was not in the offer (D43).
    #[error("suite was not offered")]
    SuiteNotOffered,
    /// The cookie is not this hello's, or too old (D45).
    #[error("invalid cookie")]
    CookieInvalid,
    /// The hello was answered before (D47).
    #[error("replayed hello")]
    ReplayedHello,
    /// No valid attestation of the peer is known.
    #[error("no valid attestation of the peer is known")]
    UnknownPeer,
    /// The peer did not sign it.
    #[error("{0}")]
    Signature(SignatureError),
    /// The peer's ephemeral key has small order.
    #[error("{0}")]
    ZeroSharedSecret(ZeroSharedSecret),
    /// The answer's session id names a session that is open (D47).
    #[error("session id is in use")]
    SessionIdInUse,
    /// No hello is under way that it could answer, or the hello was retried before (D44).
    #[error("message answers no hello that is under way")]
    Unexpected,
    /// Both nodes said hello at once, and this node's goes ahead.
    #[error("this node's own hello goes ahead")]
    Collision,
    /// A table is full.
    #[error("too many sessions or hellos")]
    Overloaded,
}

impl HandshakeError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Wire(error) => error.reason(),
            Self::WrongPeer => Reason::SessionWrongPeer,
            Self::ClockSkew => Reason::SessionClockSkew,
            Self::NoCommonSuite => Reason::SessionNoCommonSuite,
            Self::SuiteNotOffered => Reason::SessionSuiteNotOffered,
            Self::CookieInvalid => Reason::SessionCookieInvalid,
            Self::ReplayedHello => Reason::SessionReplayedHello,
            Self::UnknownPeer => Reason::AttestationMissing,
            Self::Signature(_) => Reason::SessionBadSignature,
            Self::ZeroSharedSecret(error) => error.reason(),
            Self::SessionIdInUse => Reason::SessionIdInUse,
            Self::Unexpected => Reason::SessionUnexpected,
            Self::Collision => Reason::SessionCollision,
            Self::Overloaded => Reason::SessionOverloaded,
        }
    }
}
