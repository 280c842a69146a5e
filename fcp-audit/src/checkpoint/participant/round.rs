//! Proposing: ask, have heads signed, have the checkpoint signed, announce.

mod choose;
mod heads;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{EpochId, NodeId, ObjectId};
use fcp_core::object::{MeshObject as _, ObjectHeader, QuorumSignatureSet, StoredObject};
use fcp_core::sign::{QuorumSigned as _, SignatureSet};
use fcp_core::time::Timestamp;

use super::{Alert, Context, FETCH_AGAIN_SECS, Governance, Output, Participant, RETRY_SECS, Recipients};
use crate::checkpoint::continuity;
use crate::checkpoint::overlay::Overlay;
use crate::checkpoint::voter::Ballotable;
use crate::checkpoint::{
    Ballot, CheckpointProposal, CheckpointStatus, Collector, Heads, Judgement, Offer, SignedHead, View,
    VotedCheckpoint, Wanted, ZoneCheckpoint,
};
use choose::Choice;
use heads::HeadRound;

/// How long a proposer waits for the answers of those who are slow or away, in seconds.
const ASK_SECS: u64 = 1;
/// After how long a question that too few answered is asked anew, in seconds.
const ASK_AGAIN_SECS: u64 = 2;
/// How long a proposer waits for the signatures of heads, in seconds.
const HEADS_SECS: u64 = 4;
/// After how long a proposal is sent again, in seconds.
const RESEND_SECS: u64 = 2;
/// How often a proposal is sent before the proposer asks anew.
const MAX_SENDS: u8 = 5;
/// After how many proposals without a quorum a person is told.
const MAX_ATTEMPTS: u8 = 6;

/// How far this node's own proposal has come.
#[derive(Debug, Clone)]
pub(super) enum Round {
    Idle,
    Asking(Asking),
    Heads(HeadsRound),
    Voting(alloc::boxed::Box<Voting>),
}

/// The signers were asked what they voted for.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    started: Timestamp,
    asked: Timestamp,
    answers: BTreeMap<NodeId, Answer>,
}

/// What a signer answered, and to which question.
#[derive(Debug, Clone)]
struct Answer {
    asked: Timestamp,
    status: CheckpointStatus,
}

impl Asking {
    /// How many signers vote for nobody but `node` now; it follows itself.
    fn following(&self, node: &NodeId) -> u32 {
        let following = self.answers.values().filter(|answer| answer.status.leader.as_ref() == Some(node)).count();
        u32::try_from(following).unwrap_or(u32::MAX).saturating_add(1)
    }
}

/// New heads are being signed.
#[derive(Debug, Clone)]
pub(super) struct HeadsRound {
    started: Timestamp,
    seq: u64,
    void: Vec<VotedCheckpoint>,
    heads: Vec<HeadRound>,
}

impl HeadsRound {
    pub(super) fn collector(&mut self, target: &ObjectId) -> Option<&mut Collector> {
        self.heads.iter_mut().map(|head| &mut head.collector).find(|collector| collector.target() == *target)
    }
}

/// A checkpoint is being signed.
#[derive(Debug, Clone)]
pub(super) struct Voting {
    pub(super) seq: u64,
    pub(super) collector: Collector,
    stored: StoredObject,
    message: CheckpointProposal,
    sent: Timestamp,
    sends: u8,
    /// When objects were asked for that this node needs to vote itself.
    fetched: Option<Timestamp>,
}

impl Participant {
    pub(super) fn receive_status(
        &mut self,
        context: &Context<'_>,
        from: &NodeId,
        status: &CheckpointStatus,
    ) -> super::receive::Received {
        let is_signer = self.state.accepted().is_some_and(|accepted| accepted.signers().contains(from));
        // One answer of each signer to each question: checking votes is work.
        if let Round::Asking(asking) = &mut self.round
            && is_signer
            && asking.answers.get(from).is_none_or(|answer| answer.asked < asking.asked)
        {
            asking.answers.insert(from.clone(), Answer { asked: asking.asked, status: status.clone() });
            self.note_votes(context, from, status);
        }
        super::receive::Received::Done
    }

    /// Goes as far as it can now, and says when to go on.
    pub(super) fn advance(&mut self, context: &Context<'_>, now: Timestamp) {
        // Each pass ends in a later phase or in waiting; a round has three phases.
        for _ in 0..8 {
            if !self.step(context, now) {
                break;
            }
        }
        self.wake = self.next_wake(now);
        if matches!(self.round, Round::Heads(_)) && self.has_undelivered() {
            self.wake = Some(now);
        }
    }

    /// Whether the node has yet to hold something that this call gave out.
    fn has_undelivered(&self) -> bool {
        self.outputs.iter().any(|output| matches!(output, Output::Store(_)))
    }

    /// One transition; false if there is nothing to do but to wait.
    fn step(&mut self, context: &Context<'_>, now: Timestamp) -> bool {
        match core::mem::replace(&mut self.round, Round::Idle) {
            Round::Idle => self.begin(context, now),
            Round::Asking(asking) => self.after_asking(context, asking, now),
            Round::Heads(round) => self.after_heads(context, round, now),
            Round::Voting(voting) => self.after_voting(context, *voting, now),
        }
    }

    /// When it is this node's turn, if it is to propose at all.
    fn own_turn(&self, now: Timestamp) -> Option<Timestamp> {
        if self.state.fork().is_some() {
            return None;
        }
        let epoch = EpochId::of(now);
        let turn = self.turn_of(&self.node, self.due()?, [epoch, epoch])?;
        Some(self.idle_until.map_or(turn, |until| until.max(turn)))
    }

    fn begin(&mut self, context: &Context<'_>, now: Timestamp) -> bool {
        if context.key.is_none() || self.own_turn(now).is_none_or(|turn| turn > now) {
            return false;
        }
        if let Err(until) = self.hold.keep_for(&self.node, now) {
            self.idle_until = Some(until);
            return false;
        }
        self.ask_signers(true);
        self.round = Round::Asking(Asking { started: now, asked: now, answers: BTreeMap::new() });
        true
    }

    fn after_asking(&mut self, context: &Context<'_>, mut asking: Asking, now: Timestamp) -> bool {
        let Some(accepted) = self.state.accepted() else { return false };
        let signers = accepted.signers().clone();
        let following = asking.following(&self.node);
        let waited = now >= asking.started.saturating_add(ASK_SECS);
        if following < signers.count() && !(following >= signers.quorum() && waited) {
            if now >= asking.asked.saturating_add(ASK_AGAIN_SECS) {
                if let Err(until) = self.hold.keep_for(&self.node, now) {
                    self.idle_until = Some(until);
                    return true;
                }
                asking.asked = now;
                self.ask_signers(true);
            }
            self.round = Round::Asking(asking);
            return false;
        }
        let mut answers: BTreeMap<NodeId, CheckpointStatus> =
            asking.answers.into_iter().map(|(node, answer)| (node, answer.status)).collect();
        answers.insert(self.node.clone(), self.own_status());
        match self.choose(context, &answers, now) {
            Choice::Adopt { seq, message } => {
                if !self.propose(context, seq, *message, now) {
                    self.idle_until = Some(now.saturating_add(RESEND_SECS));
                }
            }
            Choice::Fresh { seq, void } => {
                let heads = self.propose_heads(context, &answers, now);
                self.round = Round::Heads(HeadsRound { started: now, seq, void, heads });
            }
            Choice::Stuck { seq } => {
                self.report_stuck(seq);
                self.idle_until = Some(now.saturating_add(RETRY_SECS));
            }
        }
        true
    }

    fn report_stuck(&mut self, seq: u64) {
        if self.stuck.replace(seq) != Some(seq) {
            self.outputs.push_back(Output::Alert(Alert::Stuck { seq }));
        }
    }

    fn after_heads(&mut self, context: &Context<'_>, round: HeadsRound, now: Timestamp) -> bool {
        let complete = round.heads.iter().all(|head| head.collector.is_complete());
        if self.has_undelivered() || (!complete && now < round.started.saturating_add(HEADS_SECS)) {
            self.round = Round::Heads(round);
            return false;
        }
        let mut signed = Vec::new();
        for head in round.heads.iter().filter(|head| head.collector.is_complete()) {
            let canonical = head.stored.canonical_bytes().to_vec();
            signed.push(SignedHead { head: canonical, signatures: head.collector.signatures().clone() });
            let sidecar = self.sidecar(context, &head.collector, now);
            self.store([Some(head.stored.clone()), sidecar].into_iter().flatten());
        }
        let message = self.draft(context, &round, signed, now);
        // What this node would not sign, it does not propose; unless it only has voted for something else already.
        let usable = message.map(|message| (self.would_vote(context, round.seq, &message, now), message));
        let proposed = match usable {
            Some((Ok(()), message)) => self.propose(context, round.seq, message, now),
            Some((Err(reason), _)) => {
                let own = self.node.clone();
                self.refused(&own, reason);
                false
            }
            None => false,
        };
        if !proposed {
            self.idle_until = Some(now.saturating_add(RETRY_SECS));
        }
        true
    }

    /// The next checkpoint with the heads that were signed.
    fn draft(
        &self,
        context: &Context<'_>,
        round: &HeadsRound,
        signed: Vec<SignedHead>,
        now: Timestamp,
    ) -> Option<CheckpointProposal> {
        let accepted = self.state.accepted()?;
        let mut heads = accepted.checkpoint().heads();
        let pinned = Governance::of(&heads);
        let newest = self.newest.unwrap_or(pinned);
        let governance = continuity::next_governance(&context.view, pinned, newest);
        (heads.definition, heads.policy, heads.manifest) =
            (governance.definition, governance.policy, governance.manifest);
        for head in round.heads.iter().filter(|head| head.collector.is_complete()) {
            head.put(&mut heads);
        }
        let key = context.view.held.id_key(now)?;
        let mut overlay = Overlay::new(context.view.held);
        let void: Vec<ObjectId> = round
            .void
            .iter()
            .filter_map(|skipped| overlay.read(&skipped.checkpoint).ok())
            .map(|own| own.id())
            .collect();
        let provenance = self.provenance(context, now);
        let (prev, step) = (Some(accepted.id()), Some(accepted.policy_step()));
        let checkpoint = ZoneCheckpoint::draft(provenance, heads, prev, round.seq, &void, step);
        let stored = checkpoint.seal(&key).ok()?;
        Some(CheckpointProposal {
            checkpoint: stored.canonical_bytes().to_vec(),
            heads: signed,
            votes: SignatureSet::new(),
            void: round.void.clone(),
        })
    }

    /// Whether this node would vote for `message` if it had not voted for that sequence yet.
    fn would_vote(
        &self,
        context: &Context<'_>,
        seq: u64,
        message: &CheckpointProposal,
        now: Timestamp,
    ) -> Result<(), Reason> {
        let key = context.key.ok_or(Reason::CheckpointNotASigner)?;
        let mut overlay = Overlay::new(context.view.held);
        let proposal = Ballotable::read(message, &mut overlay)?;
        let view = View { held: &overlay, ..context.view };
        match self.votes.without(seq).consider(&proposal, &self.state, &view, key, now) {
            Ballot::Cast(_) | Ballot::Again(_) => Ok(()),
            Ballot::Wait(_) => Err(Reason::CheckpointMissing),
            Ballot::Refuse(denial) => Err(denial.reason),
        }
    }

    /// Has the signers vote for a proposal. False if the proposal is none.
    fn propose(&mut self, context: &Context<'_>, seq: u64, mut message: CheckpointProposal, now: Timestamp) -> bool {
        let Some(accepted) = self.state.accepted() else { return false };
        let signers = accepted.signers().clone();
        let mut overlay = Overlay::new(context.view.held);
        let Ok(proposal) = Ballotable::read(&message, &mut overlay) else { return false };
        let Ok(received) = proposal.stored.open::<ZoneCheckpoint>() else { return false };
        let stored = proposal.stored.clone();
        let (preimage, created_at) = (received.claimed().quorum_preimage(), stored.header().created_at);
        let quorum = signers.quorum();
        let mut collector = Collector::new(stored.id(), preimage, created_at, signers, quorum);
        collector.add_all(&message.votes, &context.view.keys);
        message.votes = collector.signatures().clone();
        self.due_since.get_or_insert(now);
        let others = self.other_signers();
        if !others.is_empty() {
            self.send(Recipients::Signers(others), message.clone());
        }
        let mut voting = Voting { seq, collector, stored, message, sent: now, sends: 1, fetched: None };
        self.vote_last(context, &mut voting, now);
        self.round = Round::Voting(alloc::boxed::Box::new(voting));
        true
    }

    /// Votes for this node's own proposal once its vote completes the quorum. One that nobody has seen yet must not bind
    /// this node: cut off from the others, it could vote for nothing else when it is back (D214).
    fn vote_last(&mut self, context: &Context<'_>, voting: &mut Voting, now: Timestamp) {
        let Some(key) = context.key else { return };
        let collector = &mut voting.collector;
        let waits = voting.fetched.is_some_and(|fetched| now < fetched.saturating_add(FETCH_AGAIN_SECS));
        if waits || !collector.lacks_one() {
            return;
        }
        let mut overlay = Overlay::new(context.view.held);
        let Ok(proposal) = Ballotable::read(&voting.message, &mut overlay) else { return };
        let view = View { held: &overlay, ..context.view };
        match self.votes.consider(&proposal, &self.state, &view, key, now) {
            Ballot::Cast(signature) => {
                self.store(overlay.into_objects());
                self.persist();
                collector.add(&signature, &context.view.keys);
            }
            Ballot::Again(signature) => {
                collector.add(&signature, &context.view.keys);
            }
            Ballot::Wait(wanted) => {
                voting.fetched = Some(now);
                self.fetch_from_voter(collector.signatures(), wanted);
            }
            Ballot::Refuse(_) => {}
        }
    }

    fn after_voting(&mut self, context: &Context<'_>, mut voting: Voting, now: Timestamp) -> bool {
        self.vote_last(context, &mut voting, now);
        if voting.collector.is_complete() {
            if !self.announce(context, &voting, now) {
                self.idle_until = Some(now.saturating_add(RESEND_SECS));
            }
            return true;
        }
        if now >= voting.sent.saturating_add(RESEND_SECS) {
            if voting.sends >= MAX_SENDS {
                // Somebody may have voted for something else, or be away: ask again.
                self.attempts = self.attempts.saturating_add(1);
                if self.attempts >= MAX_ATTEMPTS {
                    self.report_stuck(voting.seq);
                }
                return true;
            }
            (voting.sent, voting.sends) = (now, voting.sends.saturating_add(1));
            voting.message.votes = voting.collector.signatures().clone();
            let others = self.other_signers();
            self.send(Recipients::Signers(others), voting.message.clone());
        }
        self.round = Round::Voting(alloc::boxed::Box::new(voting));
        false
    }

    /// The quorum signed: the checkpoint holds.
    fn announce(&mut self, context: &Context<'_>, voting: &Voting, now: Timestamp) -> bool {
        let mut overlay = Overlay::new(context.view.held);
        let heads: Vec<Vec<u8>> = voting.message.heads.iter().map(|signed| signed.head.clone()).collect();
        for head in &heads {
            let _ = overlay.read(head);
        }
        overlay.add(&voting.stored);
        let Some(sidecar) = self.sidecar(context, &voting.collector, now) else { return false };
        let view = View { held: &overlay, ..context.view };
        let offer = Offer { checkpoint: &voting.stored, signatures: voting.collector.signatures(), anchor: None };
        match self.state.judge(&offer, &view, now) {
            Judgement::Accept(acceptance) => {
                self.store(overlay.into_objects());
                self.store([sidecar.clone()]);
                let signatures = Some(sidecar.canonical_bytes().to_vec());
                self.accept(context, *acceptance, &voting.stored, signatures, None, now);
                let announce = self.announcement(heads);
                self.send(Recipients::Members, announce);
                true
            }
            Judgement::Wait(wanted) => {
                self.fetch_from_voter(voting.collector.signatures(), wanted);
                false
            }
            Judgement::Known | Judgement::Fork(_) => false,
            Judgement::Refuse(denial) => {
                let own = self.node.clone();
                self.refused(&own, denial);
                false
            }
        }
    }

    /// Whoever voted for a proposal holds what it names.
    fn fetch_from_voter(&mut self, votes: &SignatureSet, wanted: Vec<Wanted>) {
        let voter = votes.as_slice().iter().map(|vote| &vote.signer_node).find(|node| **node != self.node);
        if let Some(from) = voter.cloned() {
            self.outputs.push_back(Output::Fetch { from, wanted });
        }
    }

    /// What was collected, as an object beside its target (D14).
    fn sidecar(&self, context: &Context<'_>, collector: &Collector, now: Timestamp) -> Option<StoredObject> {
        let header = ObjectHeader::for_type::<QuorumSignatureSet>(self.provenance(context, now));
        let set = QuorumSignatureSet {
            header: header.with_refs([collector.target()].into()),
            target: collector.target(),
            signatures: collector.signatures().clone(),
        };
        set.seal(&context.view.held.id_key(now)?).ok()
    }

    fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let round = match &self.round {
            // At the beginning of an epoch the ranks change.
            Round::Idle => self.own_turn(now).map(|turn| {
                let epoch = EpochId::of(now).saturating_add(1).start();
                if turn > now { turn.min(epoch.max(self.idle_until.unwrap_or(epoch))) } else { turn }
            }),
            Round::Asking(asking) => {
                let answered = asking.started.saturating_add(ASK_SECS);
                let again = asking.asked.saturating_add(ASK_AGAIN_SECS);
                Some(if answered > now { answered } else { again })
            }
            Round::Heads(round) => Some(round.started.saturating_add(HEADS_SECS)),
            Round::Voting(voting) => Some(voting.sent.saturating_add(RESEND_SECS)),
        };
        let deferred = self.deferred.values().filter_map(|waiting| waiting.not_before).min();
        [round, deferred].into_iter().flatten().min()
    }
}

impl HeadRound {
    /// Puts the signed head among those of the checkpoint.
    fn put(&self, heads: &mut Heads) {
        let named = (self.stored.id(), self.tip.seq);
        match self.kind {
            crate::checkpoint::ChainKind::Audit => heads.audit = named,
            crate::checkpoint::ChainKind::Revocation => heads.revocation = named,
        }
    }
}
