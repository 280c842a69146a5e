//! Accepting checkpoints (§3.8, D32, D33, D201).

use alloc::boxed::Box;
use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::decision::Denial;
use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::StoredObject;
use fcp_core::sign::{QuorumSigned as _, SignatureSet, Verified};
use fcp_core::time::{TimePolicy, Timestamp};
use fcp_zones::pinned::PinnedHeads;

use super::continuity::{self, Authority, Before, Break};
use super::held::{link, want};
use super::{ChainKind, Held, Signers, Wanted, ZoneAnchor, ZoneCheckpoint, quorum, steps};
use crate::AttestedKeys;
use crate::chain::{self, EventLink, Subject, Tip, Walk};
use crate::freshness::Frontier;
use crate::revocation::RevocationRegistry;

/// What checkpoints are judged by: whom this node trusts and what it holds.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The attested keys, for the zone.
    pub keys: AttestedKeys<'a>,
    /// The zone's objects.
    pub held: &'a dyn Held,
}

/// The checkpoint that holds in a zone, with what later ones are judged by.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Accepted {
    id: ObjectId,
    checkpoint: ZoneCheckpoint,
    /// The signers of the policy that it pins: the next one's validators.
    signers: Signers,
    /// The signers that it was itself validated by.
    validators: Signers,
    revocation: Option<Tip>,
    audit: Option<Tip>,
    /// The policy step that the next one cites: this one, or an earlier one.
    step: ObjectId,
}

impl Accepted {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// The checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &ZoneCheckpoint {
        &self.checkpoint
    }

    /// Its sequence.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.checkpoint.checkpoint_seq
    }

    /// The signers that the next checkpoint needs a quorum of (D32).
    #[must_use]
    pub const fn signers(&self) -> &Signers {
        &self.signers
    }

    /// The end of the revocation chain.
    #[must_use]
    pub const fn revocation(&self) -> Option<Tip> {
        self.revocation
    }

    /// The end of the audit chain.
    #[must_use]
    pub const fn audit(&self) -> Option<Tip> {
        self.audit
    }

    /// The policy step that the next checkpoint cites (D201): the last checkpoint whose policy was not its
    /// predecessor's. A zone's first counts as one.
    #[must_use]
    pub const fn policy_step(&self) -> ObjectId {
        self.step
    }

    pub(super) const fn before(&self) -> Before<'_> {
        Before { checkpoint: &self.checkpoint, revocation: self.revocation, audit: self.audit }
    }
}

/// Two checkpoints, each with a quorum, that cannot both hold (§3.8 rule 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Fork {
    /// The sequence at which they part, or the lowest that is known.
    pub seq: u64,
    /// The accepted one.
    pub ours: ObjectId,
    /// The other one.
    pub theirs: ObjectId,
}

/// Which checkpoint holds in a zone, as far as this node knows: the part of it that survives a restart (§3.8 rule 4).
///
/// It only ever moves forward: [`judge`](Self::judge) says what a received checkpoint is worth, [`apply`](Self::apply)
/// takes an accepted one. Encode it and have it on disk before anything is done on the strength of a change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CheckpointState {
    zone: ZoneId,
    accepted: Option<Accepted>,
    /// The generation of the last accepted anchor.
    generation: Option<u64>,
    fork: Option<Fork>,
}

/// A received checkpoint with what speaks for it.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    /// The checkpoint.
    pub checkpoint: &'a StoredObject,
    /// The signatures that came with it.
    pub signatures: &'a SignatureSet,
    /// The anchor that names it, if there is one.
    pub anchor: Option<&'a Verified<ZoneAnchor>>,
}

/// What a received checkpoint is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a judgement that nobody reads decides nothing"]
pub enum Judgement {
    /// It holds from now on.
    Accept(Box<Acceptance>),
    /// It is the accepted one.
    Known,
    /// It may hold; these must be held to tell.
    Wait(Vec<Wanted>),
    /// It does not hold.
    Refuse(Denial),
    /// It has a quorum and contradicts the accepted one: freeze and alert.
    Fork(Fork),
}

/// A checkpoint that was judged to hold, for [`CheckpointState::apply`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    accepted: Accepted,
    anchor: Option<u64>,
}

impl Judgement {
    /// The reason code: [`Reason::Allow`] for what holds, or why it does not, or not yet.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Accept(_) | Self::Known => Reason::Allow,
            Self::Wait(_) => Reason::CheckpointMissing,
            Self::Refuse(denial) => denial.reason,
            Self::Fork(_) => Reason::CheckpointFork,
        }
    }
}

impl Acceptance {
    /// The checkpoint.
    #[must_use]
    pub const fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// Whether it holds by the owner's anchor, which is audited and alerted (D201).
    #[must_use]
    pub const fn is_anchored(&self) -> bool {
        self.anchor.is_some()
    }
}

fn refuse(reason: Reason, evidence: impl IntoIterator<Item = ObjectId>) -> Judgement {
    Judgement::Refuse(Denial::new(reason).with_evidence(evidence))
}

impl CheckpointState {
    /// A zone of which no checkpoint is accepted yet.
    #[must_use]
    pub const fn new(zone: ZoneId) -> Self {
        Self { zone, accepted: None, generation: None, fork: None }
    }

    /// The zone.
    #[must_use]
    pub const fn zone(&self) -> &ZoneId {
        &self.zone
    }

    /// The accepted checkpoint.
    #[must_use]
    pub const fn accepted(&self) -> Option<&Accepted> {
        self.accepted.as_ref()
    }

    /// The generation of the last anchor.
    #[must_use]
    pub const fn generation(&self) -> Option<u64> {
        self.generation
    }

    /// The fork that froze the zone, until an anchor repairs it.
    #[must_use]
    pub const fn fork(&self) -> Option<Fork> {
        self.fork
    }

    /// The accepted checkpoint as freshness sees it (D162, D163).
    #[must_use]
    pub fn frontier(&self, revocations: &RevocationRegistry) -> Option<Frontier> {
        let accepted = self.accepted.as_ref()?;
        Some(Frontier {
            checkpoint: accepted.id,
            checkpoint_seq: accepted.seq(),
            created_at: accepted.checkpoint.header.created_at,
            complete: revocations.tip(&self.zone) == accepted.revocation(),
        })
    }

    /// What is missing for the accepted checkpoint's revocations to be complete (D162). Without any of it, the registry
    /// can be brought up to the checkpoint.
    #[must_use]
    pub fn missing_revocations(&self, revocations: &RevocationRegistry, held: &dyn Held) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        let Some(tip) = self.accepted.as_ref().and_then(Accepted::revocation) else { return wanted };
        let known = revocations.tip(&self.zone);
        let mut needed = |event: &EventLink| {
            if let Subject::Revocation(id) = event.subject()
                && !revocations.contains(&self.zone, &id)
            {
                want(&mut wanted, Wanted::Revocation(id));
            }
        };
        let chain = ChainKind::Revocation;
        let mut walked = chain::walk(Some(tip), known, link(held, chain), &mut needed);
        if walked == Walk::Diverges {
            walked = chain::walk(Some(tip), None, link(held, chain), &mut needed);
        }
        if let Walk::Missing(tip) = walked {
            let after = known.map_or(0, |known| known.seq).min(tip.seq.saturating_sub(1));
            want(&mut wanted, Wanted::Events { chain, tip, after });
        }
        wanted
    }

    /// The objects that the accepted checkpoint pins, if they are held.
    #[must_use]
    pub fn pinned_heads(&self, held: &dyn Held) -> Option<PinnedHeads> {
        let heads = self.accepted.as_ref()?.checkpoint.heads();
        let (definition, policy) = (held.definition(&heads.definition)?, held.policy(&heads.policy)?);
        PinnedHeads::new(definition, policy, held.manifest(&heads.manifest)?).ok()
    }

    /// Judges a received checkpoint.
    ///
    /// A checkpoint with a quorum continues the accepted one by sequence and heads; an anchor stands for the quorum, and
    /// may take the place of a fork (D33, D201). Signatures count by the keys of the time when it was created.
    pub fn judge(&self, offer: &Offer<'_>, view: &View<'_>, now: Timestamp) -> Judgement {
        let id = offer.checkpoint.id();
        let received = match offer.checkpoint.open::<ZoneCheckpoint>() {
            Ok(received) => received,
            Err(error) => return refuse(error.reason(), []),
        };
        let checkpoint = received.claimed();
        if checkpoint.zone_id != self.zone {
            return refuse(Reason::CheckpointWrongZone, [id]);
        }
        if checkpoint.header.created_at > now.saturating_add(TimePolicy::DEFAULT_SKEW_SECS) {
            return refuse(Reason::CheckpointFuture, [id]);
        }
        match (offer.anchor, &self.accepted) {
            (Some(anchor), _) => self.judge_anchored(anchor, id, checkpoint, view, now),
            (None, None) => refuse(Reason::CheckpointNoAnchor, [id]),
            (None, Some(accepted)) => self.judge_signed(accepted, offer, checkpoint, view, now),
        }
    }

    fn judge_anchored(
        &self,
        anchor: &Verified<ZoneAnchor>,
        id: ObjectId,
        checkpoint: &ZoneCheckpoint,
        view: &View<'_>,
        now: Timestamp,
    ) -> Judgement {
        if !anchor.names(&id, checkpoint) {
            return refuse(Reason::CheckpointAnchorMismatch, [id, anchor.id()]);
        }
        let accepted = self.accepted.as_ref();
        if self.generation.is_some_and(|last| anchor.generation <= last) {
            let known = accepted.is_some_and(|accepted| accepted.id == id);
            return if known {
                Judgement::Known
            } else {
                refuse(Reason::CheckpointAnchorGeneration, [id, anchor.id()])
            };
        }
        if let Some(accepted) = accepted
            && checkpoint.checkpoint_seq < accepted.seq()
        {
            return refuse(Reason::CheckpointRollback, [id, accepted.id]);
        }
        // Another checkpoint in the place of the accepted one is a fork, seen or not, and the anchor repairs it.
        let replaces = accepted.is_some_and(|own| own.seq() == checkpoint.checkpoint_seq && own.id != id);
        let authority = if replaces || self.fork.is_some() { Authority::OwnerAfterFork } else { Authority::Owner };
        let pinned = match continuity::check(view, accepted.map(Accepted::before), checkpoint, authority, now) {
            Ok(pinned) => pinned,
            Err(broken) => return self.broken(broken, id, false),
        };
        let step = match steps::step_of_anchored(view, id, checkpoint) {
            Ok(step) => step,
            Err(wanted) => return Judgement::Wait([wanted].into()),
        };
        let accepted = Accepted {
            id,
            checkpoint: checkpoint.clone(),
            validators: pinned.signers.clone(),
            signers: pinned.signers,
            revocation: pinned.revocation,
            audit: pinned.audit,
            step,
        };
        Judgement::Accept(Box::new(Acceptance { accepted, anchor: Some(anchor.generation) }))
    }

    fn judge_signed(
        &self,
        accepted: &Accepted,
        offer: &Offer<'_>,
        checkpoint: &ZoneCheckpoint,
        view: &View<'_>,
        now: Timestamp,
    ) -> Judgement {
        let id = offer.checkpoint.id();
        let seq = checkpoint.checkpoint_seq;
        if id == accepted.id {
            return Judgement::Known;
        }
        if seq < accepted.seq() {
            return refuse(Reason::CheckpointRollback, [id, accepted.id]);
        }
        if self.fork.is_some() {
            return refuse(Reason::CheckpointFrozen, [id, accepted.id]);
        }
        let next = accepted.seq().checked_add(1) == Some(seq);
        let (validators, policy_before) = if seq == accepted.seq() {
            (accepted.validators.clone(), accepted.checkpoint.zone_policy_head)
        } else if next {
            (accepted.signers.clone(), accepted.checkpoint.zone_policy_head)
        } else {
            match steps::validators(view, accepted, checkpoint) {
                Ok(validated) => validated,
                Err(broken) => return self.broken(broken, id, false),
            }
        };
        let at = checkpoint.header.created_at;
        let preimage = checkpoint.quorum_preimage();
        let tally = quorum::tally(&preimage, offer.signatures, &view.keys, at, |node| validators.contains(node));
        if tally.count() < validators.quorum() {
            return refuse(Reason::CheckpointNoQuorum, [id]);
        }
        let fork = Fork { seq: accepted.seq(), ours: accepted.id, theirs: id };
        // Equal sequence, or a successor of something else in the accepted one's place.
        if seq == accepted.seq() || (next && checkpoint.prev_checkpoint != Some(accepted.id)) {
            return Judgement::Fork(fork);
        }
        let before = Some(accepted.before());
        let pinned = match continuity::check(view, before, checkpoint, Authority::Quorum, now) {
            Ok(pinned) => pinned,
            Err(broken) => return self.broken(broken, id, true),
        };
        let is_step = checkpoint.zone_policy_head != policy_before;
        let cited = checkpoint.tail_refs().last().copied().filter(|_| !next);
        let step = if is_step { id } else { cited.unwrap_or(accepted.step) };
        let accepted = Accepted {
            id,
            checkpoint: checkpoint.clone(),
            signers: pinned.signers,
            validators,
            revocation: pinned.revocation,
            audit: pinned.audit,
            step,
        };
        Judgement::Accept(Box::new(Acceptance { accepted, anchor: None }))
    }

    /// What a break in continuity means: a chain with a quorum behind it that leaves out what was agreed is a fork.
    fn broken(&self, broken: Break, id: ObjectId, signed: bool) -> Judgement {
        match (broken, &self.accepted) {
            (Break::Wait(wanted), _) => Judgement::Wait(wanted),
            (Break::Diverges(_), Some(accepted)) if signed => {
                Judgement::Fork(Fork { seq: accepted.seq(), ours: accepted.id, theirs: id })
            }
            (Break::Diverges(_), _) => refuse(Reason::CheckpointNotDescended, [id]),
            (Break::Refuse(reason), _) => refuse(reason, [id]),
        }
    }

    /// Takes a checkpoint that was judged to hold.
    pub fn apply(&mut self, acceptance: Acceptance) {
        if acceptance.anchor.is_some() {
            self.generation = acceptance.anchor;
            self.fork = None;
        }
        self.accepted = Some(acceptance.accepted);
    }

    /// Freezes the zone: nothing is accepted, proposed or voted for until an anchor repairs it (D33).
    pub fn freeze(&mut self, fork: Fork) {
        self.fork.get_or_insert(fork);
    }
}
