//! Giving signatures (D32, D172).

mod head;

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::decision::Denial;
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::StoredObject;
use fcp_core::sign::{NodeSigningKey, Preimage, QuorumSignature, QuorumSigned as _, SignatureSet};
use fcp_core::time::{TimePolicy, Timestamp};

use super::continuity::{self, Authority, Break, Pinned};
use super::held::{self, link, want};
use super::message::MAX_SIGNED;
use super::overlay::Overlay;
use super::state::Accepted;
use super::{
    CastVote, ChainKind, CheckpointProposal, CheckpointState, SignedHead, Signers, View, VotedCheckpoint, Wanted,
    ZoneCheckpoint, is_void, quorum,
};
use crate::chain::{self, Subject, Tip};

pub(super) use head::ProposedHead;

/// What a node answers to a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a ballot that nobody reads elects nothing"]
pub enum Ballot {
    /// It signs. The [`Votes`] have changed: have them on disk before the signature leaves (D32).
    Cast(QuorumSignature),
    /// It signed this before; nothing has changed.
    Again(QuorumSignature),
    /// These must be held to tell.
    Wait(Vec<Wanted>),
    /// It does not sign.
    Refuse(Denial),
}

/// The votes of one signer in one zone: what must survive a restart, so that it never votes twice (D32).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Votes {
    node: NodeId,
    /// One for each sequence behind the accepted one, in their order.
    cast: Vec<CastVote>,
    audit: Option<Lock>,
    revocation: Option<Lock>,
}

/// The furthest head of a chain that this node signed: another must lie on one chain with it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Lock {
    pub(super) tip: Tip,
    pub(super) signed: SignedHead,
}

/// A proposal as it was received, read.
pub(super) struct Ballotable<'a> {
    pub(super) stored: StoredObject,
    pub(super) message: &'a CheckpointProposal,
    /// The proposals of skipped sequences, with their votes.
    void: Vec<(StoredObject, &'a SignatureSet)>,
}

impl<'a> Ballotable<'a> {
    /// Reads a proposal and lays what it brings on top of what is held.
    pub(super) fn read(message: &'a CheckpointProposal, overlay: &mut Overlay<'_>) -> Result<Self, Reason> {
        for head in &message.heads {
            let stored = overlay.read(&head.head)?;
            Overlay::kind_of(&stored).ok_or(Reason::ObjectSchemaMismatch)?;
        }
        let mut void = Vec::new();
        for skipped in &message.void {
            void.push((overlay.read(&skipped.checkpoint)?, &skipped.votes));
        }
        Ok(Self { stored: overlay.read(&message.checkpoint)?, message, void })
    }
}

fn refuse(reason: Reason, evidence: impl IntoIterator<Item = ObjectId>) -> Ballot {
    Ballot::Refuse(Denial::new(reason).with_evidence(evidence))
}

impl Votes {
    /// The votes of a node that has not voted in the zone yet.
    #[must_use]
    pub const fn new(node: NodeId) -> Self {
        Self { node, cast: Vec::new(), audit: None, revocation: None }
    }

    /// The signer.
    #[must_use]
    pub const fn node(&self) -> &NodeId {
        &self.node
    }

    /// The votes for sequences behind the accepted one.
    #[must_use]
    pub fn open(&self) -> &[CastVote] {
        &self.cast
    }

    pub(super) const fn lock(&self, kind: ChainKind) -> Option<&Lock> {
        match kind {
            ChainKind::Audit => self.audit.as_ref(),
            ChainKind::Revocation => self.revocation.as_ref(),
        }
    }

    const fn lock_mut(&mut self, kind: ChainKind) -> &mut Option<Lock> {
        match kind {
            ChainKind::Audit => &mut self.audit,
            ChainKind::Revocation => &mut self.revocation,
        }
    }

    /// Forgets what a newly accepted checkpoint has settled.
    pub(super) fn settle(&mut self, accepted: &Accepted, view: &View<'_>) {
        self.cast.retain(|vote| vote.checkpoint_seq > accepted.seq());
        for (kind, agreed) in [(ChainKind::Audit, accepted.audit()), (ChainKind::Revocation, accepted.revocation())] {
            // A lock that the agreed chain contains is done with; one that cannot lie on the agreed chain can never
            // have had a quorum, for any two share an honest node.
            let beyond = self.lock(kind).is_some_and(|lock| {
                lock.tip.seq > agreed.map_or(0, |tip| tip.seq)
                    && chain::walk(Some(lock.tip), agreed, link(view.held, kind), |_| ()) != chain::Walk::Diverges
            });
            if !beyond {
                *self.lock_mut(kind) = None;
            }
        }
    }

    /// Considers a proposal for a checkpoint: votes at most once for each sequence, and only for what continues the
    /// accepted checkpoint with heads that are held, verified and descended (D32).
    pub(super) fn consider(
        &mut self,
        proposal: &Ballotable<'_>,
        state: &CheckpointState,
        view: &View<'_>,
        key: &NodeSigningKey,
        now: Timestamp,
    ) -> Ballot {
        let id = proposal.stored.id();
        let received = match proposal.stored.open::<ZoneCheckpoint>() {
            Ok(received) => received,
            Err(error) => return refuse(error.reason(), []),
        };
        let checkpoint = received.claimed();
        let Some(accepted) = state.accepted() else { return refuse(Reason::CheckpointNoAnchor, [id]) };
        if let Some(reason) = self.ineligible(state, accepted) {
            return refuse(reason, [id]);
        }
        if proposal.stored.canonical_bytes().len() > MAX_SIGNED {
            return refuse(Reason::CheckpointTooLarge, [id]);
        }
        if checkpoint.zone_id != *state.zone() {
            return refuse(Reason::CheckpointWrongZone, [id]);
        }
        if checkpoint.checkpoint_seq <= accepted.seq() {
            return refuse(Reason::CheckpointRollback, [id, accepted.id()]);
        }
        if let Some(vote) = self.cast.iter().find(|vote| vote.checkpoint_seq == checkpoint.checkpoint_seq) {
            return if vote.proposal.checkpoint == proposal.message.checkpoint {
                Ballot::Again(vote.signature.clone())
            } else {
                refuse(Reason::CheckpointAlreadyVoted, [id])
            };
        }
        if let Err(reason) = continues(proposal, checkpoint, accepted, view) {
            return refuse(reason, [id, accepted.id()]);
        }
        if !timely(proposal, checkpoint, accepted, view, now) {
            return refuse(Reason::CheckpointClockSkew, [id]);
        }
        let pinned = match continuity::check(view, Some(accepted.before()), checkpoint, Authority::Quorum, now) {
            Ok(pinned) => pinned,
            Err(Break::Wait(wanted)) => return Ballot::Wait(wanted),
            Err(Break::Refuse(reason)) => return refuse(reason, [id]),
            Err(Break::Diverges(_)) => return refuse(Reason::CheckpointNotDescended, [id]),
        };
        match heads_verified(proposal.message, checkpoint, &pinned, accepted, view) {
            Ok(wanted) if wanted.is_empty() => {}
            Ok(wanted) => return Ballot::Wait(wanted),
            Err(reason) => return refuse(reason, [id]),
        }
        let signature = quorum::sign(&checkpoint.quorum_preimage(), &self.node, key);
        let mut kept = verified(proposal, checkpoint, accepted.signers(), view);
        kept.votes.insert(signature.clone());
        let vote = CastVote { checkpoint_seq: checkpoint.checkpoint_seq, proposal: kept, signature: signature.clone() };
        let place = self.cast.partition_point(|own| own.checkpoint_seq < vote.checkpoint_seq);
        self.cast.insert(place, vote);
        Ballot::Cast(signature)
    }

    /// The votes as if none had been given for this sequence: for asking whether a proposal is worth one.
    pub(super) fn without(&self, seq: u64) -> Self {
        let mut votes = self.clone();
        votes.cast.retain(|vote| vote.checkpoint_seq != seq);
        votes
    }

    /// Why this node signs nothing at all now.
    fn ineligible(&self, state: &CheckpointState, accepted: &Accepted) -> Option<Reason> {
        if state.fork().is_some() {
            Some(Reason::CheckpointFrozen)
        } else if accepted.signers().contains(&self.node) {
            None
        } else {
            Some(Reason::CheckpointNotASigner)
        }
    }
}

/// The proposal with the signatures alone that verify: what is kept and shown to others (D14).
fn verified(
    proposal: &Ballotable<'_>,
    checkpoint: &ZoneCheckpoint,
    signers: &Signers,
    view: &View<'_>,
) -> CheckpointProposal {
    let count = |preimage: &Preimage, signatures: &SignatureSet, at: Timestamp| {
        quorum::tally(preimage, signatures, &view.keys, at, |node| signers.contains(node)).verified
    };
    let message = proposal.message;
    let heads = message.heads.iter().map(|signed| {
        let stored = view.held.object(&checkpoint.audit_head).filter(|head| head.canonical_bytes() == signed.head);
        let stored = stored.or_else(|| view.held.object(&checkpoint.rev_head));
        let stored = stored.filter(|head| head.canonical_bytes() == signed.head);
        let signatures = stored
            .and_then(|head| Some(count(&quorum::preimage_of(&head)?, &signed.signatures, head.header().created_at)));
        SignedHead { head: signed.head.clone(), signatures: signatures.unwrap_or_default() }
    });
    let void = proposal.void.iter().zip(&message.void).filter_map(|((stored, votes), skipped)| {
        let votes = count(&quorum::preimage_of(stored)?, votes, stored.header().created_at);
        Some(VotedCheckpoint { checkpoint: skipped.checkpoint.clone(), votes })
    });
    CheckpointProposal {
        checkpoint: message.checkpoint.clone(),
        heads: heads.collect(),
        votes: count(&checkpoint.quorum_preimage(), &message.votes, checkpoint.header.created_at),
        void: void.collect(),
    }
}

/// Sequence, predecessor, skipped sequences and policy step (D32, D172, D201).
fn continues(
    proposal: &Ballotable<'_>,
    checkpoint: &ZoneCheckpoint,
    accepted: &Accepted,
    view: &View<'_>,
) -> Result<(), Reason> {
    if checkpoint.prev_checkpoint != Some(accepted.id()) {
        return Err(Reason::CheckpointWrongPrev);
    }
    let signers = accepted.signers();
    let skipped = accepted.seq().saturating_add(1)..checkpoint.checkpoint_seq;
    let many = checkpoint.checkpoint_seq.saturating_sub(accepted.seq());
    if many > u64::try_from(ZoneCheckpoint::MAX_VOID).unwrap_or(u64::MAX) {
        return Err(Reason::CheckpointNotVoid);
    }
    for seq in skipped {
        let mut tallies = Vec::new();
        for (stored, votes) in &proposal.void {
            let received = stored.open::<ZoneCheckpoint>().map_err(|error| error.reason())?;
            let own = received.claimed();
            if own.checkpoint_seq == seq && own.zone_id == checkpoint.zone_id {
                let eligible = |node: &NodeId| signers.contains(node);
                let at = own.header.created_at;
                tallies.push(quorum::tally(&own.quorum_preimage(), votes, &view.keys, at, eligible).verified);
            }
        }
        if !is_void(signers, &tallies) {
            return Err(Reason::CheckpointNotVoid);
        }
    }
    let void = proposal.void.iter().map(|(stored, _)| stored.id());
    let expected = void.chain([accepted.policy_step()]);
    if checkpoint.tail_refs().iter().copied().eq(expected) { Ok(()) } else { Err(Reason::ObjectRefsMismatch) }
}

/// Whether the proposal was created about now (D32). An older one counts too if more signers voted for it than can be
/// faulty: one of them saw it when it was new, and without this a node that slept could leave the sequence stuck (D212).
fn timely(
    proposal: &Ballotable<'_>,
    checkpoint: &ZoneCheckpoint,
    accepted: &Accepted,
    view: &View<'_>,
    now: Timestamp,
) -> bool {
    let created_at = checkpoint.header.created_at;
    let skew = TimePolicy::DEFAULT_SKEW_SECS;
    if created_at > now.saturating_add(skew) {
        return false;
    }
    if created_at >= now.saturating_sub(skew) {
        return true;
    }
    let signers = accepted.signers();
    let eligible = |node: &NodeId| signers.contains(node);
    let votes = &proposal.message.votes;
    let tally = quorum::tally(&checkpoint.quorum_preimage(), votes, &view.keys, created_at, eligible);
    tally.count() > u32::from(signers.max_faults())
}

/// Whether new heads have their quorum, and each revocation of the new events is there. Returns what is missing.
fn heads_verified(
    message: &CheckpointProposal,
    checkpoint: &ZoneCheckpoint,
    pinned: &Pinned,
    accepted: &Accepted,
    view: &View<'_>,
) -> Result<Vec<Wanted>, Reason> {
    let signers = accepted.signers();
    let before = accepted.checkpoint();
    for (head, known, required) in [
        (checkpoint.rev_head, before.rev_head, signers.quorum()),
        (checkpoint.audit_head, before.audit_head, signers.audit_quorum()),
    ] {
        if head == known {
            continue;
        }
        let stored = view.held.object(&head).ok_or(Reason::CheckpointMissing)?;
        let preimage = quorum::preimage_of(&stored).ok_or(Reason::ObjectSchemaMismatch)?;
        let at = stored.header().created_at;
        let mut collector = super::Collector::new(head, preimage, at, signers.clone(), required);
        for signed in message.heads.iter().filter(|signed| signed.head == stored.canonical_bytes()) {
            collector.add_all(&signed.signatures, &view.keys);
        }
        if !collector.is_complete() {
            collector.add_all(&view.held.signatures(&head), &view.keys);
        }
        if !collector.is_complete() {
            return Err(Reason::CheckpointNoQuorum);
        }
    }
    let events = link(view.held, ChainKind::Revocation);
    Ok(revocations_missing(pinned.revocation, accepted.revocation(), events, view))
}

/// The revocations of the events between two ends that are not installed.
fn revocations_missing(
    tip: Option<Tip>,
    earlier: Option<Tip>,
    events: impl FnMut(&ObjectId) -> Option<chain::EventLink>,
    view: &View<'_>,
) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let zone = view.keys.zone();
    chain::walk(tip, earlier, events, |event| {
        if let Subject::Revocation(id) = event.subject()
            && !view.keys.revocations().contains(zone, &id)
        {
            want(&mut wanted, Wanted::Revocation(id));
        }
    });
    wanted
}

/// Reads a head's event and time.
pub(super) fn tip_of(stored: &StoredObject, kind: ChainKind) -> Option<Tip> {
    match kind {
        ChainKind::Audit => stored.open::<crate::head::AuditHead>().ok().map(|head| head.claimed().tip()),
        ChainKind::Revocation => stored.open::<crate::head::RevocationHead>().ok().map(|head| head.claimed().tip()),
    }
}

/// Whether the chains that end in the two tips are one: the longer contains the shorter. Nothing, if events are missing.
pub(super) fn nested(left: Tip, right: Tip, kind: ChainKind, view: &View<'_>) -> Result<bool, Tip> {
    let (longer, shorter) = if left.seq >= right.seq { (left, right) } else { (right, left) };
    match chain::walk(Some(longer), Some(shorter), held::link(view.held, kind), |_| ()) {
        chain::Walk::Contains => Ok(true),
        chain::Walk::Diverges => Ok(false),
        chain::Walk::Missing(tip) => Err(tip),
    }
}
