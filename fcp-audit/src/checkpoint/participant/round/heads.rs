//! New heads for what has happened since the accepted checkpoint (D32, D185).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::{MeshObject as _, StoredObject};
use fcp_core::sign::Signature;
use fcp_core::time::{TimePolicy, Timestamp};

use super::super::{Context, Output, Participant, Recipients};
use crate::chain::{self, Room, Subject, Tip, Walk};
use crate::checkpoint::held::link;
use crate::checkpoint::message::{MAX_EVENT_BYTES, MAX_EVENTS};
use crate::checkpoint::overlay::Overlay;
use crate::checkpoint::voter::{ProposedHead, nested, tip_of};
use crate::checkpoint::{
    Ballot, ChainKind, CheckpointStatus, Collector, HeadProposal, SignedHead, View, Wanted, quorum,
};
use crate::head::{AuditHead, RevocationHead};
use crate::revocation::RevocationEvent;

/// A head that is being signed.
#[derive(Debug, Clone)]
pub(super) struct HeadRound {
    pub(super) kind: ChainKind,
    pub(super) stored: StoredObject,
    pub(super) tip: Tip,
    pub(super) collector: Collector,
}

/// Where a new head begins: the agreed end, or beyond it what signers have signed already.
struct Base {
    tip: Option<Tip>,
    /// The events behind the agreed end, the first first.
    events: Vec<StoredObject>,
    subjects: Vec<Subject>,
    /// A head at its end that some signed already.
    signed: Option<SignedHead>,
}

/// The end of a head that `node` says it signed, if it did.
fn lock_of(
    context: &Context<'_>,
    overlay: &mut Overlay<'_>,
    node: &NodeId,
    kind: ChainKind,
    signed: &SignedHead,
) -> Option<(Tip, SignedHead)> {
    let stored = overlay.read(&signed.head).ok()?;
    if Overlay::kind_of(&stored) != Some(kind) {
        return None;
    }
    let preimage = quorum::preimage_of(&stored)?;
    let at = stored.header().created_at;
    let tally = quorum::tally(&preimage, &signed.signatures, &context.view.keys, at, |signer| signer == node);
    if tally.count() == 0 {
        return None;
    }
    Some((tip_of(&stored, kind)?, SignedHead { head: signed.head.clone(), signatures: tally.verified }))
}

impl Participant {
    /// Drafts a head for each chain that has grown, votes for it and has the others sign.
    pub(super) fn propose_heads(
        &mut self,
        context: &Context<'_>,
        answers: &BTreeMap<NodeId, CheckpointStatus>,
        now: Timestamp,
    ) -> Vec<HeadRound> {
        let mut rounds = Vec::new();
        for kind in [ChainKind::Revocation, ChainKind::Audit] {
            let Some(base) = self.base(context, answers, kind) else { continue };
            let round = match kind {
                ChainKind::Audit => self.grow_audit(context, base, answers.len(), now),
                ChainKind::Revocation => self.grow_revocation(context, base, now),
            };
            if let Some((stored, tip, events)) = round {
                rounds.extend(self.propose_head(context, kind, (stored, tip), &events, answers, now));
            }
        }
        rounds
    }

    const fn agreed(&self, kind: ChainKind) -> Option<Tip> {
        match self.state.accepted() {
            None => None,
            Some(accepted) => match kind {
                ChainKind::Audit => accepted.audit(),
                ChainKind::Revocation => accepted.revocation(),
            },
        }
    }

    /// The best end to go on from: the one that the most answering signers can still sign beyond, and of those the
    /// furthest. Who signed something that the end does not contain cannot. Nothing, if events are missing to tell: they
    /// are asked for.
    fn base(
        &mut self,
        context: &Context<'_>,
        answers: &BTreeMap<NodeId, CheckpointStatus>,
        kind: ChainKind,
    ) -> Option<Base> {
        let agreed = self.agreed(kind);
        let after = agreed.map_or(0, |tip| tip.seq);
        let mut overlay = Overlay::new(context.view.held);
        let mut locks: Vec<(Tip, SignedHead)> = Vec::new();
        for (node, status) in answers {
            let signed = match kind {
                ChainKind::Audit => &status.audit,
                ChainKind::Revocation => &status.revocation,
            };
            let Some((tip, signed)) =
                signed.as_ref().and_then(|signed| lock_of(context, &mut overlay, node, kind, signed))
            else {
                continue;
            };
            if tip.seq <= after {
                continue;
            }
            match chain::walk(Some(tip), agreed, link(context.view.held, kind), |_| ()) {
                Walk::Missing(tip) => {
                    let wanted = Vec::from([Wanted::Events { chain: kind, tip, after }]);
                    self.outputs.push_back(Output::Fetch { from: node.clone(), wanted });
                    return None;
                }
                Walk::Contains | Walk::Diverges => locks.push((tip, signed)),
            }
        }
        let view = View { held: &overlay, ..context.view };
        let mut ends: Vec<(Option<Tip>, Option<SignedHead>)> = Vec::from([(agreed, None)]);
        for (tip, signed) in &locks {
            if chain::walk(Some(*tip), agreed, link(view.held, kind), |_| ()) == Walk::Contains {
                ends.push((Some(*tip), Some(signed.clone())));
            }
        }
        let left_behind = |end: &Option<Tip>| {
            let contains = |lock: &Tip| {
                end.is_some_and(|end| end.seq >= lock.seq && nested(end, *lock, kind, &view).unwrap_or(false))
            };
            locks.iter().filter(|(lock, _)| !contains(lock)).count()
        };
        ends.sort_by_cached_key(|(end, _)| {
            let (seq, event) = end.map_or((0, ObjectId::ZERO), |tip| (tip.seq, tip.event));
            (left_behind(end), core::cmp::Reverse(seq), event)
        });
        let (tip, signed) = ends.into_iter().next()?;
        let (mut ids, mut subjects) = (Vec::new(), Vec::new());
        chain::walk(tip, agreed, link(view.held, kind), |event| {
            ids.push(event.id());
            subjects.push(event.subject());
        });
        let events = ids.iter().rev().map(|id| view.held.object(id)).collect::<Option<Vec<_>>>()?;
        Some(Base { tip, events, subjects, signed })
    }

    fn grow_audit(
        &mut self,
        context: &Context<'_>,
        base: Base,
        answers: usize,
        now: Timestamp,
    ) -> Option<(StoredObject, Tip, Vec<StoredObject>)> {
        let key = context.view.held.id_key(now)?;
        self.sequencer.retain(|event| event.still_counts(&context.view.keys, now));
        let placed: BTreeSet<Signature> = base
            .subjects
            .iter()
            .filter_map(|subject| match subject {
                Subject::Signature(signature) => Some(*signature),
                Subject::Revocation(_) => None,
            })
            .collect();
        let used: usize = base.events.iter().map(|event| event.canonical_bytes().len()).sum();
        let room =
            Room { events: MAX_EVENTS.saturating_sub(base.events.len()), bytes: MAX_EVENT_BYTES.saturating_sub(used) };
        let key_at = |at| context.view.held.id_key(at);
        let (new, tip) = self.sequencer.place(base.tip, room, key_at, |signature| placed.contains(signature));
        let mut events = base.events;
        events.extend(new.iter().cloned());
        let tip = tip.filter(|_| !events.is_empty())?;
        if new.is_empty()
            && let Some(stored) = self.signed_already(context, base.signed, now)
        {
            return Some((stored, tip, events));
        }
        let signers = self.state.accepted()?.signers().count();
        let answered = u32::try_from(answers).unwrap_or(u32::MAX).saturating_mul(10_000);
        let coverage = u16::try_from(answered.checked_div(signers).unwrap_or(0)).unwrap_or(u16::MAX);
        let head = AuditHead::draft(self.provenance(context, now), tip, coverage);
        Some((head.seal(&key).ok()?, tip, events))
    }

    fn grow_revocation(
        &self,
        context: &Context<'_>,
        base: Base,
        now: Timestamp,
    ) -> Option<(StoredObject, Tip, Vec<StoredObject>)> {
        let (id_key, signing) = (context.view.held.id_key(now)?, context.key?);
        let (mut tip, mut events) = (base.tip, base.events);
        let known = events.len();
        for revocation in self.unchained(context) {
            if events.len() >= MAX_EVENTS {
                break;
            }
            if base.subjects.contains(&Subject::Revocation(revocation)) {
                continue;
            }
            let draft = RevocationEvent::draft(self.provenance(context, now), revocation, tip)?;
            let seq = draft.seq;
            let stored = draft.signed_by_node(signing).seal(&id_key).ok()?;
            tip = Some(Tip { event: stored.id(), seq });
            events.push(stored);
        }
        let tip = tip.filter(|_| !events.is_empty())?;
        if events.len() == known
            && let Some(stored) = self.signed_already(context, base.signed, now)
        {
            return Some((stored, tip, events));
        }
        let head = RevocationHead::draft(self.provenance(context, now), tip);
        Some((head.seal(&id_key).ok()?, tip, events))
    }

    /// A head that some signed already, if it is new enough for the others to sign too.
    fn signed_already(
        &self,
        context: &Context<'_>,
        signed: Option<SignedHead>,
        now: Timestamp,
    ) -> Option<StoredObject> {
        let mut overlay = Overlay::new(context.view.held);
        let stored = overlay.read(&signed?.head).ok()?;
        let limit = TimePolicy::DEFAULT_SKEW_SECS.saturating_div(2);
        let at = stored.header().created_at;
        (at <= now.saturating_add(limit) && now.since(at) <= limit).then_some(stored)
    }

    fn propose_head(
        &mut self,
        context: &Context<'_>,
        kind: ChainKind,
        (stored, tip): (StoredObject, Tip),
        events: &[StoredObject],
        answers: &BTreeMap<NodeId, CheckpointStatus>,
        now: Timestamp,
    ) -> Option<HeadRound> {
        let signers = self.state.accepted()?.signers().clone();
        let required = match kind {
            ChainKind::Audit => signers.audit_quorum(),
            ChainKind::Revocation => signers.quorum(),
        };
        let preimage = quorum::preimage_of(&stored)?;
        let mut collector = Collector::new(stored.id(), preimage, stored.header().created_at, signers, required);
        // What others signed of this very head.
        for status in answers.values() {
            for signed in [&status.audit, &status.revocation].into_iter().flatten() {
                if signed.head == stored.canonical_bytes() {
                    collector.add_all(&signed.signatures, &context.view.keys);
                }
            }
        }
        let message = HeadProposal {
            head: stored.canonical_bytes().to_vec(),
            events: events.iter().map(|event| event.canonical_bytes().to_vec()).collect(),
        };
        let mut overlay = Overlay::new(context.view.held);
        let head = ProposedHead::read(&message, &mut overlay, &self.state, &context.view).ok()?;
        let view = View { held: &overlay, ..context.view };
        match self.votes.consider_head(&head, &self.state, &view, context.key?, now) {
            Ballot::Cast(signature) => {
                collector.add(&signature, &context.view.keys);
                self.store(overlay.into_objects());
                self.persist();
            }
            Ballot::Again(signature) => {
                collector.add(&signature, &context.view.keys);
            }
            Ballot::Wait(_) | Ballot::Refuse(_) => {}
        }
        let others = self.other_signers();
        if !others.is_empty() {
            self.send(Recipients::Signers(others), message);
        }
        Some(HeadRound { kind, stored, tip, collector })
    }
}
