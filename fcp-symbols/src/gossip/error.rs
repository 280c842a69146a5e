//! Why a message of gossip is refused.

use fcp_core::error::Reason;
use fcp_core::object::ObjectError;
use fcp_core::sign::SignatureError;

use super::{BuildError, PeelError};

/// Why a message of gossip is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GossipError {
    /// The sender is not a member of the zone, or this node takes no part in it.
    #[error("not a member of the zone")]
    NotAMember,
    /// The sender has used up what is done for it (§8.4).
    #[error("the peer has used up what is done for it in a minute")]
    Budget,
    /// The object is none of the messages of gossip, or a wrong one.
    #[error("{0}")]
    Object(#[from] ObjectError),
    /// A summary of another node.
    #[error("summary of another node")]
    WrongSender,
    /// The sender did not sign its summary.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// A summary whose time is too far from now (D133).
    #[error("time is too far from now")]
    ClockSkew,
    /// A summary that is not newer than the one before (D133).
    #[error("not newer than the last summary")]
    Stale,
    /// An answer to nothing that is waited for.
    #[error("answer to no request")]
    Unasked,
    /// A table that contradicts itself or the own set.
    #[error("the table contradicts itself or the own set")]
    Inconsistent,
    /// What is asked for cannot be made.
    #[error("{0}")]
    Filter(#[from] BuildError),
}

impl GossipError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::NotAMember => Reason::SessionNotAMember,
            Self::Budget => Reason::GossipBudget,
            Self::Object(error) => error.reason(),
            Self::WrongSender => Reason::GossipWrongSender,
            Self::Signature(error) => error.reason(),
            Self::ClockSkew => Reason::GossipClockSkew,
            Self::Stale => Reason::GossipStale,
            Self::Unasked => Reason::GossipUnasked,
            Self::Inconsistent => PeelError::Inconsistent.reason(),
            Self::Filter(error) => error.reason(),
        }
    }
}
