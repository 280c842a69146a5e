//! Checkpoints (§3.8): the quorum-signed root of everything that holds in a zone.
//!
//! A [`ZoneCheckpoint`] pins the zone's definition, policy and key manifest and the ends of its two chains. The first
//! one, and one that repairs a fork, holds by the owner's [`ZoneAnchor`]; every other by the signatures of a quorum of
//! the [`Signers`] that the policy of the one before it names (D32, D201).
//!
//! | part | what it does |
//! |---|---|
//! | [`CheckpointState`] | judges what is received and remembers what holds: forward only, forks freeze (D33) |
//! | [`Votes`] | remembers what this node signed: one vote for each sequence, heads on one chain only (D32) |
//! | [`Collector`] | counts signatures until there are enough (D14, D179) |
//! | [`Participant`] | puts them together with turns and failover (D171, D172): what a node runs |
//! | [`Held`] | what the node holds; what is missing comes back as [`Wanted`] |
//!
//! # One round
//!
//! Something changed, or the accepted checkpoint is 100 s old (D163). The signer whose turn it is
//!
//! 1. **asks** the others what they have voted for, and waits for a quorum of answers. Is there a proposal that can
//!    still win, it goes on with that one at step 3;
//! 2. has the new ends of the chains **signed**: it gives waiting audit events and revocations their places, and sends
//!    events and head;
//! 3. **proposes** the checkpoint, and collects votes;
//! 4. **announces** it with its signatures to every member.
//!
//! If it falls silent, the next in rank begins two seconds later. A sequence that provably nobody can win is skipped
//! ([`is_void`]); one that may or may not have been won waits for the owner ([`Alert::Stuck`]).

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
