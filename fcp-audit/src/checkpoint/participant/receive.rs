//! What others send.

use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{EpochId, NodeId, ObjectId};
use fcp_core::object::{QuorumSignatureSet, StoredObject};
use fcp_core::sign::{QuorumSignature, SignatureSet, Verified};
use fcp_core::time::{TimePolicy, Timestamp};

use super::record::AnchorProof;
use super::round::Round;
use super::{Alert, Context, Deferred, FETCH_AGAIN_SECS, Output, Participant, RETRY_SECS, Recipients};
use crate::chain::{self, Subject, Submitted};
use crate::checkpoint::held::link;
use crate::checkpoint::message::MAX_SIDECAR;
use crate::checkpoint::overlay::Overlay;
use crate::checkpoint::turn;
use crate::checkpoint::voter::{Ballotable, ProposedHead};
use crate::checkpoint::{
    Acceptance, Ballot, ChainKind, CheckpointAnnounce, CheckpointMessage, CheckpointProposal, CheckpointQuery,
    CheckpointStatus, CheckpointVote, HeadProposal, HeadVote, Judgement, Offer, SignedHead, View, Wanted, ZoneAnchor,
    ZoneCheckpoint,
};

/// What became of a message.
pub(super) enum Received {
    Done,
    /// It waits for objects.
    Wait(Vec<Wanted>),
    /// It waits for its sender's turn.
    NotYet(Timestamp),
    Refused(Reason),
}

impl From<Reason> for Received {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

impl Participant {
    /// Takes a message; true if it waits for something.
    pub(super) fn receive(
        &mut self,
        context: &Context<'_>,
        from: &NodeId,
        message: CheckpointMessage,
        now: Timestamp,
    ) -> bool {
        let received = match &message {
            CheckpointMessage::Submission(submission) => match submission.clone().verify(&context.view.keys, now) {
                Ok(event) => match self.submit(context, event, now) {
                    Ok(Submitted::Queued | Submitted::Duplicate) => Received::Done,
                    Err(reason) => reason.into(),
                },
                Err(error) => error.reason().into(),
            },
            CheckpointMessage::HeadProposal(proposal) => self.receive_head(context, from, proposal, now),
            CheckpointMessage::HeadVote(vote) => self.receive_head_vote(context, from, vote),
            CheckpointMessage::Query(query) => self.answer(from, query, now),
            CheckpointMessage::Status(status) => self.receive_status(context, from, status),
            CheckpointMessage::Proposal(proposal) => self.receive_proposal(context, from, proposal, now),
            CheckpointMessage::Vote(vote) => self.receive_vote(context, from, vote),
            CheckpointMessage::Announce(announce) => self.receive_announce(context, from, announce, now),
        };
        let (wanted, not_before) = match received {
            Received::Done => return false,
            Received::Refused(reason) => {
                self.refused(from, reason);
                return false;
            }
            Received::Wait(wanted) => (wanted, None),
            Received::NotYet(time) => (Vec::new(), Some(time)),
        };
        self.defer(from, message, wanted, not_before, now);
        true
    }

    /// Keeps a message until it can be answered, and has fetched what it waits for.
    fn defer(
        &mut self,
        from: &NodeId,
        message: CheckpointMessage,
        wanted: Vec<Wanted>,
        not_before: Option<Timestamp>,
        now: Timestamp,
    ) {
        let anchored = matches!(&message, CheckpointMessage::Announce(announce) if announce.anchor.is_some());
        let place = (from.clone(), message.schema(), anchored);
        let before = self.deferred.get(&place).filter(|known| known.wanted == wanted).map(|known| known.asked);
        let asked = before.filter(|asked| now < asked.saturating_add(FETCH_AGAIN_SECS)).unwrap_or(now);
        if before != Some(asked) && !wanted.is_empty() {
            self.outputs.push_back(Output::Fetch { from: from.clone(), wanted: wanted.clone() });
        }
        self.deferred.insert(place, Deferred { message, wanted, asked, not_before });
    }

    /// Looks again at what waits: for a turn that has come, and, unless only `timed`, for objects.
    pub(super) fn retry_deferred(&mut self, context: &Context<'_>, now: Timestamp, timed: bool) {
        let ready = |waiting: &Deferred| match waiting.not_before {
            Some(time) => time <= now,
            None => !timed,
        };
        let ready = self.deferred.iter().filter(|(_, waiting)| ready(waiting));
        let again: Vec<_> = ready.map(|(place, waiting)| (place.clone(), waiting.message.clone())).collect();
        for (place, message) in again {
            if !self.receive(context, &place.0, message, now) {
                self.deferred.remove(&place);
            }
        }
    }

    /// Whether `from` may propose now: it is its turn, and this node's vote is kept for nobody else.
    fn in_turn(&mut self, from: &NodeId, created_at: Timestamp, now: Timestamp) -> Result<(), Received> {
        if from == &self.node {
            return Ok(());
        }
        let is_signer = self.state.accepted().is_some_and(|accepted| accepted.signers().contains(from));
        if !is_signer {
            return Err(Reason::CheckpointNotASigner.into());
        }
        let due = self.due().filter(|due| *due <= now).unwrap_or(now);
        self.due_since = Some(due);
        if self.hold.leader(now) != Some(from) {
            // A proposal may have been made in the epoch before this one.
            let near = created_at <= now && now.since(created_at) <= TimePolicy::DEFAULT_SKEW_SECS;
            let made = if near { created_at } else { now };
            match self.turn_of(from, due, [EpochId::of(now), EpochId::of(made)]) {
                Some(turn) if turn <= now => {}
                Some(turn) => return Err(Received::NotYet(turn)),
                None => return Err(Reason::CheckpointOutOfTurn.into()),
            }
        }
        self.turns.heard(from, now);
        // Both have just begun, and nobody has signed anything yet. Once: who is given way to again and again and proposes
        // nothing would hold up the zone.
        if matches!(self.round, Round::Asking(_)) && self.is_better(from, now) && self.yielded.insert(from.clone()) {
            self.yield_to(from, now);
        }
        self.hold.keep_for(from, now).map_err(Received::NotYet)?;
        if !matches!(self.round, Round::Voting(_)) {
            self.round = Round::Idle;
        }
        Ok(())
    }

    /// Whether `other` coordinates before this node.
    fn is_better(&self, other: &NodeId, now: Timestamp) -> bool {
        let Some(accepted) = self.state.accepted() else { return false };
        let rank = |node| turn::rank(self.state.zone(), EpochId::of(now), accepted.signers(), node);
        rank(other) < rank(&self.node)
    }

    /// Lets `other` coordinate, and the signers keep their votes for it.
    fn yield_to(&mut self, other: &NodeId, now: Timestamp) {
        self.round = Round::Idle;
        self.hold.give(other, now);
        self.ask_signers(false);
    }

    fn receive_head(
        &mut self,
        context: &Context<'_>,
        from: &NodeId,
        message: &HeadProposal,
        now: Timestamp,
    ) -> Received {
        let Some(key) = context.key else { return Received::Done };
        // Whose turn it is comes first: to check up to 512 events is work.
        let created_at = match StoredObject::claimed_header(&message.head) {
            Ok(header) => header.created_at,
            Err(error) => return error.reason().into(),
        };
        if let Err(received) = self.in_turn(from, created_at, now) {
            return received;
        }
        let mut overlay = Overlay::new(context.view.held);
        let head = match ProposedHead::read(message, &mut overlay, &self.state, &context.view) {
            Ok(head) => head,
            Err(reason) => return reason.into(),
        };
        let view = View { held: &overlay, ..context.view };
        let (target, ballot) = (head.stored.id(), self.votes.consider_head(&head, &self.state, &view, key, now));
        let signature = match self.settle_ballot(ballot, overlay.into_objects()) {
            Ok(signature) => signature,
            Err(received) => return received,
        };
        self.send(Recipients::Node(from.clone()), HeadVote { target, signature });
        Received::Done
    }

    fn receive_proposal(
        &mut self,
        context: &Context<'_>,
        from: &NodeId,
        message: &CheckpointProposal,
        now: Timestamp,
    ) -> Received {
        let Some(key) = context.key else { return Received::Done };
        let mut overlay = Overlay::new(context.view.held);
        let proposal = match Ballotable::read(message, &mut overlay) {
            Ok(proposal) => proposal,
            Err(reason) => return reason.into(),
        };
        if let Err(received) = self.in_turn(from, proposal.stored.header().created_at, now) {
            return received;
        }
        let view = View { held: &overlay, ..context.view };
        let target = proposal.stored.id();
        let ballot = self.votes.consider(&proposal, &self.state, &view, key, now);
        if let Ballot::Refuse(denial) = &ballot
            && denial.reason == Reason::CheckpointWrongPrev
        {
            // One of the two is behind.
            self.ask(Recipients::Node(from.clone()), false);
        }
        let signature = match self.settle_ballot(ballot, overlay.into_objects()) {
            Ok(signature) => signature,
            Err(received) => return received,
        };
        self.send(Recipients::Node(from.clone()), CheckpointVote { target, signature });
        Received::Done
    }

    /// Makes a vote durable, with what it was given for.
    fn settle_ballot(&mut self, ballot: Ballot, brought: Vec<StoredObject>) -> Result<QuorumSignature, Received> {
        match ballot {
            Ballot::Cast(signature) => {
                self.store(brought);
                self.persist();
                Ok(signature)
            }
            Ballot::Again(signature) => Ok(signature),
            Ballot::Wait(wanted) => Err(Received::Wait(wanted)),
            Ballot::Refuse(denial) => Err(denial.reason.into()),
        }
    }

    /// Answers a question: with the open votes, and with the accepted checkpoint if the other is behind. Keeps the next
    /// vote for the other if it wants it and may have it.
    fn answer(&mut self, from: &NodeId, query: &CheckpointQuery, now: Timestamp) -> Received {
        let accepted = self.accepted_seq();
        if query.lead && query.checkpoint_seq == accepted {
            // Whether it may, the answer says.
            let _ = self.in_turn(from, now, now);
        } else {
            self.hold.release(from);
        }
        if query.checkpoint_seq > accepted {
            self.ask(Recipients::Node(from.clone()), false);
        }
        if query.checkpoint_seq < accepted {
            let anchored = self
                .proof
                .anchor
                .as_ref()
                .filter(|anchor| query.checkpoint_seq < anchor.checkpoint_seq || query.checkpoint_seq == 0);
            let first = anchored.map(|anchor| CheckpointAnnounce {
                checkpoint: anchor.checkpoint.clone(),
                signatures: None,
                heads: Vec::new(),
                anchor: Some(anchor.anchor.clone()),
            });
            if let Some(first) = first.filter(|first| first.checkpoint != self.proof.checkpoint) {
                self.send(Recipients::Node(from.clone()), first);
            }
            let announce = self.announcement(Vec::new());
            self.send(Recipients::Node(from.clone()), announce);
        }
        let furthest = |kind| -> Option<SignedHead> { self.votes.lock(kind).map(|lock| lock.signed.clone()) };
        let status = CheckpointStatus {
            checkpoint_seq: accepted,
            leader: self.hold.leader(now).cloned(),
            votes: self.votes.open().iter().take(ZoneCheckpoint::MAX_VOID).cloned().collect(),
            audit: furthest(ChainKind::Audit),
            revocation: furthest(ChainKind::Revocation),
        };
        self.send(Recipients::Node(from.clone()), status);
        Received::Done
    }

    /// The accepted checkpoint with what shows that it holds.
    pub(super) fn announcement(&self, heads: Vec<Vec<u8>>) -> CheckpointAnnounce {
        let anchor = self.proof.anchor.as_ref().filter(|anchor| anchor.checkpoint == self.proof.checkpoint);
        CheckpointAnnounce {
            checkpoint: self.proof.checkpoint.clone(),
            signatures: self.proof.signatures.clone(),
            heads,
            anchor: anchor.map(|anchor| anchor.anchor.clone()),
        }
    }

    fn receive_head_vote(&mut self, context: &Context<'_>, from: &NodeId, vote: &HeadVote) -> Received {
        let Round::Heads(round) = &mut self.round else { return Received::Done };
        let Some(collector) = round.collector(&vote.target) else { return Received::Done };
        if vote.signature.signer_node == *from && collector.add(&vote.signature, &context.view.keys) {
            Received::Done
        } else {
            Reason::SignBadSignature.into()
        }
    }

    fn receive_vote(&mut self, context: &Context<'_>, from: &NodeId, vote: &CheckpointVote) -> Received {
        let Round::Voting(round) = &mut self.round else { return Received::Done };
        if round.collector.target() != vote.target {
            return Received::Done;
        }
        let seq = round.seq;
        if vote.signature.signer_node != *from || !round.collector.add(&vote.signature, &context.view.keys) {
            return Reason::SignBadSignature.into();
        }
        self.saw_vote(from, seq, vote.target);
        Received::Done
    }

    /// Takes note of a verified vote, and tells if the node voted for something else before.
    pub(super) fn saw_vote(&mut self, node: &NodeId, seq: u64, target: ObjectId) {
        let before = *self.seen.entry((seq, node.clone())).or_insert(target);
        if before != target && self.faulty.insert(node.clone()) {
            let alert = Alert::Equivocation { node: node.clone(), seq, one: before, other: target };
            self.outputs.push_back(Output::Alert(alert));
        }
    }

    fn receive_announce(
        &mut self,
        context: &Context<'_>,
        from: &NodeId,
        message: &CheckpointAnnounce,
        now: Timestamp,
    ) -> Received {
        let mut overlay = Overlay::new(context.view.held);
        for head in &message.heads {
            match overlay.read(head) {
                Ok(stored) if Overlay::kind_of(&stored).is_some() => {}
                Ok(_) => return Reason::ObjectSchemaMismatch.into(),
                Err(reason) => return reason.into(),
            }
        }
        let checkpoint = match overlay.read(&message.checkpoint) {
            Ok(checkpoint) => checkpoint,
            Err(reason) => return reason.into(),
        };
        let mut signatures = SignatureSet::new();
        if let Some(canonical) = &message.signatures {
            if canonical.len() > MAX_SIDECAR {
                return Reason::CheckpointTooLarge.into();
            }
            let opened = overlay
                .read(canonical)
                .and_then(|stored| stored.open::<QuorumSignatureSet>().map_err(|error| error.reason()));
            match opened {
                Ok(set) if set.target == checkpoint.id() => signatures = set.get().signatures.clone(),
                Ok(_) => return Reason::ObjectIdMismatch.into(),
                Err(reason) => return reason.into(),
            }
        }
        let anchor = match &message.anchor {
            None => None,
            Some(canonical) => match self.read_anchor(context, &mut overlay, canonical) {
                Ok(anchor) => Some(anchor),
                Err(reason) => return reason.into(),
            },
        };
        let view = View { held: &overlay, ..context.view };
        let verified = anchor.as_ref().map(|(anchor, _)| anchor);
        let offer = Offer { checkpoint: &checkpoint, signatures: &signatures, anchor: verified };
        match self.state.judge(&offer, &view, now) {
            Judgement::Accept(acceptance) => {
                self.store(overlay.into_objects());
                let anchor = anchor.map(|(_, stored)| stored);
                self.accept(context, *acceptance, &checkpoint, message.signatures.clone(), anchor.as_ref(), now);
                Received::Done
            }
            Judgement::Known => Received::Done,
            Judgement::Wait(wanted) => Received::Wait(wanted),
            Judgement::Refuse(denial) => {
                self.refused(from, denial);
                Received::Done
            }
            Judgement::Fork(fork) => {
                self.store(overlay.into_objects());
                self.freeze(fork);
                Received::Done
            }
        }
    }

    fn read_anchor(
        &self,
        context: &Context<'_>,
        overlay: &mut Overlay<'_>,
        canonical: &[u8],
    ) -> Result<(Verified<ZoneAnchor>, StoredObject), Reason> {
        let stored = overlay.read(canonical)?;
        if stored.header().zone_id != *self.state.zone() {
            return Err(Reason::CheckpointWrongZone);
        }
        let received = stored.open::<ZoneAnchor>().map_err(|error| error.reason())?;
        let verified = received.verify(context.view.keys.trust().owner()).map_err(|error| error.reason())?;
        Ok((verified, stored))
    }

    /// An anchor that the owner gave this node itself.
    pub(super) fn receive_anchor(
        &mut self,
        context: &Context<'_>,
        (anchor, stored): (&Verified<ZoneAnchor>, &StoredObject),
        checkpoint: &StoredObject,
        now: Timestamp,
    ) {
        let signatures = SignatureSet::new();
        let offer = Offer { checkpoint, signatures: &signatures, anchor: Some(anchor) };
        let own = self.node.clone();
        match self.state.judge(&offer, &context.view, now) {
            Judgement::Accept(acceptance) => {
                self.store([checkpoint.clone(), stored.clone()]);
                self.accept(context, *acceptance, checkpoint, None, Some(stored), now);
                let announce = self.announcement(Vec::new());
                self.send(Recipients::Members, announce);
            }
            Judgement::Known => {}
            Judgement::Wait(wanted) => {
                let message = CheckpointAnnounce {
                    checkpoint: checkpoint.canonical_bytes().to_vec(),
                    signatures: None,
                    heads: Vec::new(),
                    anchor: Some(stored.canonical_bytes().to_vec()),
                };
                self.defer(&own, message.into(), wanted, None, now);
            }
            Judgement::Refuse(denial) => self.refused(&own, denial),
            Judgement::Fork(fork) => self.freeze(fork),
        }
    }

    fn freeze(&mut self, fork: crate::checkpoint::Fork) {
        self.state.freeze(fork);
        self.round = Round::Idle;
        self.persist();
        self.outputs.push_back(Output::Alert(Alert::Fork(fork)));
    }

    /// Takes a checkpoint that holds. What it is made of was given out to be stored already.
    pub(super) fn accept(
        &mut self,
        context: &Context<'_>,
        acceptance: Acceptance,
        checkpoint: &StoredObject,
        signatures: Option<Vec<u8>>,
        anchor: Option<&StoredObject>,
        now: Timestamp,
    ) {
        let heads_before = self.state.accepted().map(|accepted| accepted.checkpoint().heads());
        let progress = heads_before != Some(acceptance.accepted().checkpoint().heads());
        let before = self.state.accepted().and_then(super::super::Accepted::audit);
        let (id, seq) = (acceptance.accepted().id(), acceptance.accepted().seq());
        let mut settled = Vec::new();
        chain::walk(acceptance.accepted().audit(), before, link(context.view.held, ChainKind::Audit), |event| {
            if let Subject::Signature(signature) = event.subject() {
                settled.push(signature);
            }
        });
        self.sequencer.settle(settled);
        self.submit_again(acceptance.accepted().checkpoint().header.created_at);
        let anchored = acceptance.is_anchored();
        self.state.apply(acceptance);
        if let Some(accepted) = self.state.accepted() {
            self.votes.settle(accepted, &context.view);
        }
        self.proof.checkpoint = checkpoint.canonical_bytes().to_vec();
        self.proof.signatures = signatures;
        if let Some(anchor) = anchor {
            self.proof.anchor = Some(AnchorProof {
                anchor: anchor.canonical_bytes().to_vec(),
                checkpoint: self.proof.checkpoint.clone(),
                checkpoint_seq: seq,
            });
        }
        self.turns.reset();
        self.hold.reset();
        self.yielded.clear();
        self.attempts = 0;
        self.round = Round::Idle;
        (self.due_since, self.idle_until, self.stuck) = (None, None, None);
        self.seen.clear();
        // What this checkpoint could not take along, the next one most likely cannot either.
        let again = if progress { now } else { now.saturating_add(RETRY_SECS) };
        self.changed_at = self.has_changes(context).then_some(again);
        self.persist();
        self.outputs.push_back(Output::Accepted { checkpoint: id, seq });
        if anchored {
            let generation = self.state.generation().unwrap_or_default();
            self.outputs.push_back(Output::Alert(Alert::Anchored { checkpoint: id, generation }));
        }
    }
}
