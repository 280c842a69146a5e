//! One node's part in a zone's checkpoints, as a machine without input and output.

mod hold;
mod receive;
mod record;
mod round;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use fcp_core::cbor::{self, DecodeError};
use fcp_core::decision::Denial;
use fcp_core::error::Reason;
use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId};
use fcp_core::object::{Provenance, StoredObject};
use fcp_core::sign::{NodeSigningKey, Verified};
use fcp_core::time::Timestamp;
use fcp_zones::zone::Levels;

use super::held::link;
use super::turn::Turns;
use super::{
    ChainKind, CheckpointMessage, CheckpointQuery, CheckpointState, Fork, Heads, View, Votes, Wanted, ZoneAnchor,
};
use crate::chain::{self, Sequencer, Subject, Submitted, Walk};
use crate::event::SignedEvent;
use hold::Hold;
use record::{Proof, Record};
use round::Round;

/// How long changes are collected before a checkpoint is proposed, in seconds (D163).
const BATCH_SECS: u64 = 1;
/// The age of the accepted checkpoint at which another is proposed though nothing changed, in seconds (D163).
const REFRESH_SECS: u64 = 100;
/// How many events are submitted again at once.
const MAX_AGAIN: usize = 64;
/// After how long objects that did not come are asked for again, in seconds.
const FETCH_AGAIN_SECS: u64 = 5;
/// How long a node waits before it tries again what could not work.
const RETRY_SECS: u64 = 30;

/// What a [`Participant`] needs at each step beside its own state.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Whom this node trusts and what it holds. What was given out as [`Output::Store`] must be held at the next step.
    pub view: View<'a>,
    /// The zone's levels, for what this node writes.
    pub levels: Levels,
    /// This node's signing key. Without it, the node follows and never signs.
    pub key: Option<&'a NodeSigningKey>,
}

/// The newest definition, policy and manifest that a node holds, each verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Governance {
    /// The definition.
    pub definition: ObjectId,
    /// The policy.
    pub policy: ObjectId,
    /// The manifest.
    pub manifest: ObjectId,
}

impl Governance {
    /// What a checkpoint names.
    pub(super) const fn of(heads: &Heads) -> Self {
        Self { definition: heads.definition, policy: heads.policy, manifest: heads.manifest }
    }
}

/// To whom a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipients {
    /// One node.
    Node(NodeId),
    /// These signers.
    Signers(Vec<NodeId>),
    /// Every other member of the zone.
    Members,
}

/// What a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alert {
    /// The zone is frozen: have the owner issue an anchor.
    Fork(Fork),
    /// An anchor was accepted: record it in the audit chain (D201).
    Anchored {
        /// The checkpoint that it named.
        checkpoint: ObjectId,
        /// The anchor's generation.
        generation: u64,
    },
    /// A signer voted for two proposals of one sequence: it is faulty.
    Equivocation {
        /// The signer.
        node: NodeId,
        /// The sequence.
        seq: u64,
        /// One proposal.
        one: ObjectId,
        /// The other one.
        other: ObjectId,
    },
    /// No proposal of this sequence can reach a quorum, and it cannot be skipped; or for more than a minute none did,
    /// although a quorum answered. If the signers that are away stay away, have the owner issue an anchor (D172).
    Stuck {
        /// The sequence.
        seq: u64,
    },
}

/// What the node does for a [`Participant`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Have these bytes on disk in the place of the last ones, then call [`Participant::handle_persisted`]. Nothing else
    /// comes out before.
    Persist(Vec<u8>),
    /// Hold this object: it was verified as its kind demands.
    Store(Box<StoredObject>),
    /// Send a message.
    Send {
        /// To whom.
        to: Recipients,
        /// What.
        message: CheckpointMessage,
    },
    /// Get these objects, preferably from that node; then call [`Participant::handle_held`].
    Fetch {
        /// Who has them.
        from: NodeId,
        /// What.
        wanted: Vec<Wanted>,
    },
    /// A checkpoint holds from now on: bring the revocation registry up to it (see
    /// [`RevocationRegistry::advance_to`](crate::revocation::RevocationRegistry::advance_to)), pin it, let the one
    /// before go.
    Accepted {
        /// The checkpoint.
        checkpoint: ObjectId,
        /// Its sequence.
        seq: u64,
    },
    /// Something from this node was refused: log it (§23.2), and charge it where it was not an honest mistake.
    Refused {
        /// Who sent it.
        from: NodeId,
        /// Why, and what it was.
        denial: Denial,
    },
    /// Tell a person.
    Alert(Alert),
}

/// One node's part in the checkpoints of one zone (§3.8, D32, D33, D172, D201).
///
/// A signer queues audit events, votes for what others propose, and proposes when it is its turn: it asks the signers
/// what they voted for and to vote for nobody else, has new audit and revocation heads signed, then the checkpoint, and
/// announces it. It proposes
/// what others voted for already rather than something of its own, so that a coordinator's end costs two seconds and
/// not a sequence. Every other member accepts what is announced.
///
/// **After every call, drain [`poll_output`](Self::poll_output) until it returns nothing, and call
/// [`handle_timeout`](Self::handle_timeout) at [`poll_timeout`](Self::poll_timeout).** Outputs are in order: what comes
/// behind an [`Output::Persist`] comes only when it was confirmed, so that no signature leaves before its vote is on
/// disk.
///
/// ```
/// use fcp_audit::checkpoint::{Context, Output, Participant};
/// use fcp_core::time::Timestamp;
///
/// fn drain(participant: &mut Participant, now: Timestamp, mut act: impl FnMut(Output)) -> Option<Timestamp> {
///     while let Some(output) = participant.poll_output() {
///         let persist = matches!(output, Output::Persist(_));
///         act(output);
///         if persist {
///             participant.handle_persisted();
///         }
///     }
///     participant.poll_timeout(now)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Participant {
    node: NodeId,
    state: CheckpointState,
    votes: Votes,
    proof: Proof,
    sequencer: Sequencer,
    newest: Option<Governance>,
    /// Since when something waits for a checkpoint.
    changed_at: Option<Timestamp>,
    /// Since when the next sequence is due, as far as a proposal of another node told.
    due_since: Option<Timestamp>,
    turns: Turns,
    hold: Hold,
    /// Whom this node gave way to for the sequence that is due.
    yielded: BTreeSet<NodeId>,
    /// How often a proposal of this node for that sequence got no quorum.
    attempts: u8,
    round: Round,
    /// Before this, no round of one's own.
    idle_until: Option<Timestamp>,
    /// The last message of each node and kind, with an anchor or without, that waits for objects or for its node's turn.
    deferred: BTreeMap<(NodeId, &'static str, bool), Deferred>,
    /// For whom each signer voted, by sequence.
    seen: BTreeMap<(u64, NodeId), ObjectId>,
    /// Who voted twice, as far as a person was told.
    faulty: BTreeSet<NodeId>,
    stuck: Option<u64>,
    outputs: VecDeque<Output>,
    /// Whether a `Persist` is out and not confirmed.
    unconfirmed: bool,
    /// When to call again.
    wake: Option<Timestamp>,
}

/// A message that cannot be answered yet.
#[derive(Debug, Clone)]
struct Deferred {
    message: CheckpointMessage,
    /// What it waits for.
    wanted: Vec<Wanted>,
    /// When that was asked for, so as not to ask again and again.
    asked: Timestamp,
    /// From when on its sender may propose.
    not_before: Option<Timestamp>,
}

impl Participant {
    /// A node that knows nothing of the zone yet.
    #[must_use]
    pub fn new(zone: ZoneId, node: NodeId) -> Self {
        let record = Record { state: CheckpointState::new(zone), votes: Votes::new(node), proof: Proof::default() };
        Self::from_record(record)
    }

    /// A node that starts again with what it last had on disk.
    ///
    /// # Errors
    /// [`DecodeError`] if these are not the bytes of an [`Output::Persist`]. Do not begin anew then: a signer that
    /// forgot its votes may vote twice.
    pub fn restore(persisted: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode(persisted).map(Self::from_record)
    }

    fn from_record(record: Record) -> Self {
        Self {
            node: record.votes.node().clone(),
            state: record.state,
            votes: record.votes,
            proof: record.proof,
            sequencer: Sequencer::new(Sequencer::DEFAULT_CAPACITY),
            newest: None,
            changed_at: None,
            due_since: None,
            turns: Turns::default(),
            hold: Hold::default(),
            yielded: BTreeSet::new(),
            attempts: 0,
            round: Round::Idle,
            idle_until: None,
            deferred: BTreeMap::new(),
            seen: BTreeMap::new(),
            faulty: BTreeSet::new(),
            stuck: None,
            outputs: VecDeque::new(),
            unconfirmed: false,
            wake: None,
        }
    }

    /// What holds in the zone.
    #[must_use]
    pub const fn state(&self) -> &CheckpointState {
        &self.state
    }

    /// What this node voted for.
    #[must_use]
    pub const fn votes(&self) -> &Votes {
        &self.votes
    }

    /// How many audit events wait for their place.
    #[must_use]
    pub fn waiting_events(&self) -> usize {
        self.sequencer.len()
    }

    /// The node started, or can reach others again: asks what they have accepted.
    pub fn handle_start(&mut self, context: &Context<'_>, now: Timestamp) {
        self.ask(Recipients::Members, false);
        if self.has_changes(context) {
            self.changed_at.get_or_insert(now);
        }
        self.advance(context, now);
    }

    /// This node executed something and signed the event: queues it here and with the other signers (D185).
    ///
    /// The node keeps the event on disk and calls this again after a restart, until the agreed chain contains it.
    ///
    /// # Errors
    /// [`Reason::AuditQueueFull`], or [`Reason::AuditWrongZone`].
    pub fn handle_event(
        &mut self,
        context: &Context<'_>,
        event: SignedEvent,
        now: Timestamp,
    ) -> Result<Submitted, Reason> {
        let signers = self.other_signers();
        if !signers.is_empty() {
            self.send(Recipients::Signers(signers), event.submission());
        }
        let submitted = self.submit(context, event, now)?;
        self.advance(context, now);
        Ok(submitted)
    }

    fn submit(&mut self, context: &Context<'_>, event: SignedEvent, now: Timestamp) -> Result<Submitted, Reason> {
        if event.event().zone_id != *self.state.zone() {
            return Err(Reason::AuditWrongZone);
        }
        let submitted = self.sequencer.submit(event, |signature| context.view.held.is_sequenced(signature))?;
        if submitted == Submitted::Queued {
            self.changed_at.get_or_insert(now);
        }
        Ok(submitted)
    }

    /// Sends this node's own events again that wait since before a checkpoint was made: its coordinator did not have them.
    fn submit_again(&mut self, made: Timestamp) {
        let signers = self.other_signers();
        let own = self.sequencer.waiting().filter(|event| *event.executed_by() == self.node);
        let late = own.filter(|event| event.event().occurred_at < made).take(MAX_AGAIN);
        let submissions: Vec<_> = late.map(SignedEvent::submission).collect();
        for submission in submissions {
            self.send(Recipients::Signers(signers.clone()), submission);
        }
    }

    /// The node holds more than before: a newer definition, policy or manifest to be pinned, a revocation, or what
    /// [`Output::Fetch`] asked for.
    pub fn handle_held(&mut self, context: &Context<'_>, newest: Option<Governance>, now: Timestamp) {
        self.newest = newest.or(self.newest);
        if self.has_changes(context) {
            self.changed_at.get_or_insert(now);
        }
        self.retry_deferred(context, now, false);
        self.advance(context, now);
    }

    /// The owner issued an anchor: `checkpoint` is the one that it names (D201).
    pub fn handle_anchor(
        &mut self,
        context: &Context<'_>,
        anchor: (&Verified<ZoneAnchor>, &StoredObject),
        checkpoint: &StoredObject,
        now: Timestamp,
    ) {
        self.receive_anchor(context, anchor, checkpoint, now);
        self.advance(context, now);
    }

    /// A member of the zone sent a message.
    pub fn handle_message(&mut self, context: &Context<'_>, from: &NodeId, message: CheckpointMessage, now: Timestamp) {
        self.receive(context, from, message, now);
        self.advance(context, now);
    }

    /// The last [`Output::Persist`] is on disk.
    pub fn handle_persisted(&mut self) {
        self.unconfirmed = false;
    }

    /// It is the time that [`poll_timeout`](Self::poll_timeout) named, or later.
    pub fn handle_timeout(&mut self, context: &Context<'_>, now: Timestamp) {
        self.retry_deferred(context, now, true);
        self.advance(context, now);
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.unconfirmed {
            return None;
        }
        let output = self.outputs.pop_front()?;
        self.unconfirmed = matches!(output, Output::Persist(_));
        Some(output)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing happens before.
    #[must_use]
    pub fn poll_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        self.wake.map(|wake| wake.max(now))
    }

    /// The sequence that is accepted, or 0.
    fn accepted_seq(&self) -> u64 {
        self.state.accepted().map_or(0, super::Accepted::seq)
    }

    /// The signers of the next checkpoint but this node.
    fn other_signers(&self) -> Vec<NodeId> {
        let signers = self.state.accepted().map(|accepted| accepted.signers().nodes()).unwrap_or_default();
        signers.iter().filter(|signer| **signer != self.node).cloned().collect()
    }

    /// Whether something waits for a checkpoint.
    fn has_changes(&self, context: &Context<'_>) -> bool {
        let Some(accepted) = self.state.accepted() else { return false };
        let pinned = Governance::of(&accepted.checkpoint().heads());
        !self.sequencer.is_empty()
            || self.newest.is_some_and(|newest| newest != pinned)
            || !self.unchained(context).is_empty()
    }

    /// The revocations that wait for a place in the chain. The registry may not have come up to the accepted checkpoint
    /// yet; as long as nobody can tell what lies between, none does.
    fn unchained(&self, context: &Context<'_>) -> Vec<ObjectId> {
        let revocations = context.view.keys.revocations();
        let (zone, agreed) = (self.state.zone(), self.state.accepted().and_then(super::Accepted::revocation));
        let mut chained = BTreeSet::new();
        let walked =
            chain::walk(agreed, revocations.tip(zone), link(context.view.held, ChainKind::Revocation), |event| {
                if let Subject::Revocation(id) = event.subject() {
                    chained.insert(id);
                }
            });
        if walked != Walk::Contains {
            return Vec::new();
        }
        revocations.unchained(zone).filter(|id| !chained.contains(id)).collect()
    }

    /// Since when the next sequence is due, as far as this node knows.
    fn due(&self) -> Option<Timestamp> {
        let created_at = self.state.accepted()?.checkpoint().header.created_at;
        let refresh = created_at.saturating_add(REFRESH_SECS);
        let changed = self.changed_at.map(|changed| changed.saturating_add(BATCH_SECS));
        [Some(refresh), changed, self.due_since].into_iter().flatten().min()
    }

    /// From when on `node` may propose: in this epoch, or in that of what it proposed.
    fn turn_of(&self, node: &NodeId, due: Timestamp, epochs: [EpochId; 2]) -> Option<Timestamp> {
        let signers = self.state.accepted()?.signers();
        let from = |epoch| self.turns.from(self.state.zone(), epoch, signers, node, due);
        epochs.into_iter().filter_map(from).min()
    }

    fn provenance(&self, context: &Context<'_>, now: Timestamp) -> Provenance {
        let Levels { integrity, confidentiality } = context.levels;
        Provenance::of_zone(self.state.zone().clone(), integrity, confidentiality, now)
    }

    fn ask_signers(&mut self, lead: bool) {
        let others = self.other_signers();
        if !others.is_empty() {
            self.ask(Recipients::Signers(others), lead);
        }
    }

    /// Asks what others have accepted and voted for; and that they vote for nobody else, if this node is to `lead`.
    fn ask(&mut self, to: Recipients, lead: bool) {
        let query = CheckpointQuery { checkpoint_seq: self.accepted_seq(), lead };
        self.send(to, query);
    }

    fn send(&mut self, to: Recipients, message: impl Into<CheckpointMessage>) {
        self.outputs.push_back(Output::Send { to, message: message.into() });
    }

    fn store(&mut self, objects: impl IntoIterator<Item = StoredObject>) {
        self.outputs.extend(objects.into_iter().map(|object| Output::Store(Box::new(object))));
    }

    fn refused(&mut self, from: &NodeId, denial: impl Into<Denial>) {
        self.outputs.push_back(Output::Refused { from: from.clone(), denial: denial.into() });
    }

    fn persist(&mut self) {
        let record = Record { state: self.state.clone(), votes: self.votes.clone(), proof: self.proof.clone() };
        self.outputs.push_back(Output::Persist(cbor::encode(&record)));
    }
}

#[cfg(test)]
mod tests;
