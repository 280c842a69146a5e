//! Checkpoints (§3.8): the quorum-signed root of everything that holds in a zone.

mod anchor;
mod continuity;
mod held;
mod message;
mod object;
mod overlay;
mod participant;
mod quorum;
mod signers;
mod state;
mod steps;
mod turn;
mod void;
mod voter;

pub use anchor::ZoneAnchor;
pub use held::{AdmitError, Admitted, ChainKind, Held, HeldInMemory, Wanted};
pub use message::{
    CastVote, CheckpointAnnounce, CheckpointMessage, CheckpointProposal, CheckpointQuery, CheckpointStatus,
    CheckpointVote, HeadProposal, HeadVote, SignedHead, VotedCheckpoint,
};
pub use object::{Heads, ZoneCheckpoint};
pub use participant::{Alert, Context, Governance, Output, Participant, Recipients};
pub use quorum::Collector;
pub use signers::Signers;
pub use state::{Acceptance, Accepted, CheckpointState, Fork, Judgement, Offer, View};
pub use turn::{FAILOVER_SECS, rank};
pub use void::is_void;
pub use voter::{Ballot, Votes};

#[cfg(test)]
mod tests;
