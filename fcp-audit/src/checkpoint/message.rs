//! What the signers of a zone say to each other about checkpoints (§3.8, D32, D172, D201).
//!
//! Objects travel as their canonical bytes. Every message is a control-plane message in the zone that it is about.

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, SchemaHash};
use fcp_core::object::{Message, ObjectError};
use fcp_core::sign::{QuorumSignature, SignatureSet};

use crate::event::AuditSubmission;

/// The most events that one proposal of a head carries.
pub(super) const MAX_EVENTS: usize = 512;
/// The most bytes of events that one proposal of a head carries: it is one message of at most 4 MiB (D138).
pub(super) const MAX_EVENT_BYTES: usize = 2 * 1024 * 1024;
/// The most signatures of one object: there are no more signers (D200).
const MAX_SIGNATURES: usize = 255;
/// The longest head or checkpoint that a signer signs, in bytes. They are far shorter; what somebody padded would not fit
/// the messages that hand it on.
pub(super) const MAX_SIGNED: usize = 16 * 1024;
/// The longest set of signatures as an object, in bytes.
pub(super) const MAX_SIDECAR: usize = 64 * 1024;
/// The most open votes that one answer carries, and skipped sequences that one proposal explains.
const MAX_OPEN: usize = super::ZoneCheckpoint::MAX_VOID;

/// A coordinator asks the signers to sign a head, and shows them the events that lead there.
///
/// ```text
/// head-proposal = { head: bstr, events: [* bstr] }     ; an AuditHead or RevocationHead; at most 512 events, in order
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:HeadProposal@2.0.0", check = few_events)]
pub struct HeadProposal {
    /// The head.
    pub head: Vec<u8>,
    /// The events behind the agreed end of the chain, the first first.
    pub events: Vec<Vec<u8>>,
}

fn few_events(proposal: &HeadProposal) -> Result<(), Reason> {
    if proposal.events.len() <= MAX_EVENTS { Ok(()) } else { Err(Reason::CborOutOfRange) }
}

/// A signer's signature of a head.
///
/// ```text
/// head-vote = { target: bstr .size 32, signature: quorum-signature }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:HeadVote@2.0.0")]
pub struct HeadVote {
    /// The head.
    pub target: ObjectId,
    /// The signature.
    pub signature: QuorumSignature,
}

/// A node asks what the others accepted and voted for, and, to coordinate, for their votes.
///
/// ```text
/// checkpoint-query = { checkpoint_seq: uint, lead: bool }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:CheckpointQuery@2.0.0")]
pub struct CheckpointQuery {
    /// The sequence that the asking node has accepted; 0 for none.
    pub checkpoint_seq: u64,
    /// Whether the asking node wants to coordinate the next sequence. A question without it takes back one with it.
    pub lead: bool,
}

/// A signer's answer: what it accepted, every vote that is still open, and for whom it keeps its next one.
///
/// ```text
/// checkpoint-status = { checkpoint_seq: uint, ? leader: tstr, votes: [* cast-vote], ? audit: signed-head,
///   ? revocation: signed-head }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:CheckpointStatus@2.0.0", check = few_votes)]
pub struct CheckpointStatus {
    /// The sequence that the answering node has accepted; 0 for none.
    pub checkpoint_seq: u64,
    /// The signer whose proposals alone the answering one votes for at present.
    pub leader: Option<NodeId>,
    /// Its votes for later sequences, in their order.
    pub votes: Vec<CastVote>,
    /// The furthest audit head that it signed, if it lies beyond the accepted one.
    pub audit: Option<SignedHead>,
    /// The furthest revocation head that it signed, if it lies beyond the accepted one.
    pub revocation: Option<SignedHead>,
}

fn few_votes(status: &CheckpointStatus) -> Result<(), Reason> {
    let sorted = status.votes.is_sorted_by(|left, right| left.checkpoint_seq < right.checkpoint_seq);
    if sorted && status.votes.len() <= MAX_OPEN { Ok(()) } else { Err(Reason::CborOutOfRange) }
}

/// A vote that a signer gave, with all that it was given for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CastVote {
    /// The proposal's sequence.
    pub checkpoint_seq: u64,
    /// The proposal.
    pub proposal: CheckpointProposal,
    /// The vote.
    pub signature: QuorumSignature,
}

/// A head with signatures.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedHead {
    /// The head.
    pub head: Vec<u8>,
    /// Signatures of it.
    pub signatures: SignatureSet,
}

/// A coordinator asks the signers to sign a checkpoint.
///
/// ```text
/// checkpoint-proposal = { checkpoint: bstr, heads: [* signed-head], votes: [* quorum-signature],
///   void: [* voted-checkpoint] }
/// signed-head = { head: bstr, signatures: [* quorum-signature] }
/// voted-checkpoint = { checkpoint: bstr, votes: [* quorum-signature] }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:CheckpointProposal@2.0.0", check = bounded)]
pub struct CheckpointProposal {
    /// The checkpoint.
    pub checkpoint: Vec<u8>,
    /// The heads that it names, as far as they are new.
    pub heads: Vec<SignedHead>,
    /// The votes so far.
    pub votes: SignatureSet,
    /// The proposals of the skipped sequences with all votes, which show that none can reach a quorum (D172).
    pub void: Vec<VotedCheckpoint>,
}

fn bounded(proposal: &CheckpointProposal) -> Result<(), Reason> {
    let few = |signatures: &SignatureSet| signatures.as_slice().len() <= MAX_SIGNATURES;
    let bounded = proposal.heads.len() <= 2
        && proposal.void.len() <= MAX_OPEN
        && few(&proposal.votes)
        && proposal.heads.iter().all(|signed| few(&signed.signatures))
        && proposal.void.iter().all(|voted| few(&voted.votes));
    if bounded { Ok(()) } else { Err(Reason::CborOutOfRange) }
}

/// A proposal with votes for it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct VotedCheckpoint {
    /// The proposal.
    pub checkpoint: Vec<u8>,
    /// The votes.
    pub votes: SignatureSet,
}

/// A signer's vote for a checkpoint.
///
/// ```text
/// checkpoint-vote = { target: bstr .size 32, signature: quorum-signature }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:CheckpointVote@2.0.0")]
pub struct CheckpointVote {
    /// The proposal.
    pub target: ObjectId,
    /// The vote.
    pub signature: QuorumSignature,
}

/// A checkpoint that holds, with what shows it.
///
/// ```text
/// checkpoint-announce = { checkpoint: bstr, ? signatures: bstr, heads: [* bstr], ? anchor: bstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:CheckpointAnnounce@2.0.0", check = two_heads)]
pub struct CheckpointAnnounce {
    /// The checkpoint.
    pub checkpoint: Vec<u8>,
    /// Its `QuorumSignatureSet`, if it has one.
    pub signatures: Option<Vec<u8>>,
    /// The heads that it names.
    pub heads: Vec<Vec<u8>>,
    /// The anchor that names it, if there is one.
    pub anchor: Option<Vec<u8>>,
}

fn two_heads(announce: &CheckpointAnnounce) -> Result<(), Reason> {
    if announce.heads.len() <= 2 { Ok(()) } else { Err(Reason::CborOutOfRange) }
}

/// Any of the messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointMessage {
    /// An event to be sequenced.
    Submission(AuditSubmission),
    /// A head to be signed.
    HeadProposal(HeadProposal),
    /// A head's signature.
    HeadVote(HeadVote),
    /// A question.
    Query(CheckpointQuery),
    /// Its answer.
    Status(CheckpointStatus),
    /// A checkpoint to be signed.
    Proposal(CheckpointProposal),
    /// A checkpoint's signature.
    Vote(CheckpointVote),
    /// A checkpoint that holds.
    Announce(CheckpointAnnounce),
}

macro_rules! dispatch {
    ($($variant:ident $message:ident;)*) => {
        impl CheckpointMessage {
            /// Whether a body of this schema is one of the messages.
            #[must_use]
            pub fn has_schema(schema: &SchemaHash) -> bool {
                [$($message::SCHEMA_HASH),*].contains(schema)
            }

            /// Reads the body of a control-plane message: a schema hash and canonical CBOR.
            ///
            /// # Errors
            /// [`ObjectError`] if it is none of the messages, or not canonical.
            pub fn from_body(body: &[u8]) -> Result<Self, ObjectError> {
                let schema = body.first_chunk::<32>().map(|hash| SchemaHash::from_bytes(*hash));
                $(if schema == Some($message::SCHEMA_HASH) {
                    return $message::from_body(body).map(Self::$variant);
                })*
                Err(ObjectError::SchemaMismatch)
            }

            /// The body of a control-plane message.
            #[must_use]
            pub fn to_body(&self) -> Vec<u8> {
                match self {
                    $(Self::$variant(message) => message.to_body(),)*
                }
            }

            /// The schema id, for the message's header.
            #[must_use]
            pub const fn schema(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $message::SCHEMA,)*
                }
            }
        }

        $(impl From<$message> for CheckpointMessage {
            fn from(message: $message) -> Self {
                Self::$variant(message)
            }
        })*
    };
}

dispatch! {
    Submission AuditSubmission;
    HeadProposal HeadProposal;
    HeadVote HeadVote;
    Query CheckpointQuery;
    Status CheckpointStatus;
    Proposal CheckpointProposal;
    Vote CheckpointVote;
    Announce CheckpointAnnounce;
}
