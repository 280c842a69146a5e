//! What to propose, given what the signers voted for (D172).

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId};
use fcp_core::sign::{QuorumSigned as _, SignatureSet};
use fcp_core::time::{TimePolicy, Timestamp};

use super::super::{Context, Participant};
use crate::checkpoint::overlay::Overlay;
use crate::checkpoint::{
    ChainKind, CheckpointProposal, CheckpointStatus, VotedCheckpoint, ZoneCheckpoint, is_void, quorum,
};

/// What to propose.
pub(super) enum Choice {
    /// What others voted for already.
    Adopt { seq: u64, message: Box<CheckpointProposal> },
    /// Something new, behind sequences that are void.
    Fresh { seq: u64, void: Vec<VotedCheckpoint> },
    /// Nothing can be done without an anchor.
    Stuck { seq: u64 },
}

/// A proposal that somebody voted for.
struct Voted {
    /// As each voter showed it: this node's own first.
    messages: Vec<CheckpointProposal>,
    checkpoint: ZoneCheckpoint,
    /// Verified.
    votes: SignatureSet,
}

impl Participant {
    /// What this node itself answers to its question.
    pub(super) fn own_status(&self) -> CheckpointStatus {
        CheckpointStatus {
            checkpoint_seq: self.accepted_seq(),
            leader: Some(self.node.clone()),
            votes: self.votes.open().to_vec(),
            audit: self.votes.lock(ChainKind::Audit).map(|lock| lock.signed.clone()),
            revocation: self.votes.lock(ChainKind::Revocation).map(|lock| lock.signed.clone()),
        }
    }

    /// Looks for nodes that voted twice.
    pub(super) fn note_votes(&mut self, context: &Context<'_>, from: &NodeId, status: &CheckpointStatus) {
        let answers = BTreeMap::from([(from.clone(), status.clone())]);
        let first = self.accepted_seq().saturating_add(1);
        let beyond = u64::try_from(ZoneCheckpoint::MAX_VOID).unwrap_or(u64::MAX);
        let open = first..first.saturating_add(beyond);
        for vote in status.votes.iter().filter(|vote| open.contains(&vote.checkpoint_seq)) {
            for (target, voted) in self.voted(context, &answers, vote.checkpoint_seq) {
                for signature in voted.votes.as_slice() {
                    self.saw_vote(&signature.signer_node, vote.checkpoint_seq, target);
                }
            }
        }
    }

    /// The proposals of a sequence for which the answers show votes, each with all votes that verify.
    fn voted(
        &self,
        context: &Context<'_>,
        answers: &BTreeMap<NodeId, CheckpointStatus>,
        seq: u64,
    ) -> BTreeMap<ObjectId, Voted> {
        let mut proposals: BTreeMap<ObjectId, Voted> = BTreeMap::new();
        let Some(accepted) = self.state.accepted() else { return proposals };
        let signers = accepted.signers();
        let own_first = answers.get(&self.node).into_iter();
        let others = answers.iter().filter(|(node, _)| **node != self.node).map(|(_, status)| status);
        for status in own_first.chain(others) {
            let Some(vote) = status.votes.iter().find(|vote| vote.checkpoint_seq == seq) else { continue };
            let mut overlay = Overlay::new(context.view.held);
            let Ok(stored) = overlay.read(&vote.proposal.checkpoint) else { continue };
            let Ok(received) = stored.open::<ZoneCheckpoint>() else { continue };
            let checkpoint = received.claimed();
            if checkpoint.checkpoint_seq != seq || checkpoint.zone_id != *self.state.zone() {
                continue;
            }
            let mut shown = vote.proposal.votes.clone();
            shown.insert(vote.signature.clone());
            let at = checkpoint.header.created_at;
            let eligible = |node: &NodeId| signers.contains(node);
            let tally = quorum::tally(&checkpoint.quorum_preimage(), &shown, &context.view.keys, at, eligible);
            if tally.count() == 0 {
                continue;
            }
            let known = proposals.entry(stored.id()).or_insert_with(|| Voted {
                messages: Vec::new(),
                checkpoint: checkpoint.clone(),
                votes: SignatureSet::new(),
            });
            known.messages.push(vote.proposal.clone());
            tally.verified.as_slice().iter().for_each(|signature| known.votes.insert(signature.clone()));
        }
        proposals
    }

    /// Decides by the answers of the signers, this node's own among them.
    pub(super) fn choose(
        &self,
        context: &Context<'_>,
        answers: &BTreeMap<NodeId, CheckpointStatus>,
        now: Timestamp,
    ) -> Choice {
        let mut void = Vec::new();
        let first = self.accepted_seq().saturating_add(1);
        let Some(accepted) = self.state.accepted() else { return Choice::Stuck { seq: first } };
        let signers = accepted.signers();
        let beyond = u64::try_from(ZoneCheckpoint::MAX_VOID).unwrap_or(u64::MAX);
        for seq in first..first.saturating_add(beyond) {
            let proposals = self.voted(context, answers, seq);
            if is_void(signers, proposals.values().map(|voted| &voted.votes)) {
                void.extend(proposals.into_values().filter_map(|voted| {
                    let checkpoint = voted.messages.into_iter().next()?.checkpoint;
                    Some(VotedCheckpoint { checkpoint, votes: voted.votes })
                }));
                if void.len() > ZoneCheckpoint::MAX_VOID {
                    return Choice::Stuck { seq };
                }
                continue;
            }
            let voters: BTreeSet<NodeId> = proposals
                .values()
                .flat_map(|voted| voted.votes.as_slice().iter().map(|vote| vote.signer_node.clone()))
                .collect();
            let unvoted = signers.count().saturating_sub(count(voters.len()));
            let skew = TimePolicy::DEFAULT_SKEW_SECS;
            let usable = |voted: &Voted| {
                let continues = voted.checkpoint.prev_checkpoint == Some(accepted.id());
                let votes = count(voted.votes.as_slice().len());
                let at = voted.checkpoint.header.created_at;
                let new = at >= now.saturating_sub(skew) && at <= now.saturating_add(skew);
                let revived = votes > u32::from(signers.max_faults());
                continues && (new || revived) && votes.saturating_add(unvoted) >= signers.quorum()
            };
            // The most votes; of equals, the smallest id. Only what this node would vote for itself, or what it cannot tell
            // while more signers vouch for it than can be faulty.
            let mut candidates: Vec<Voted> = proposals.into_values().filter(usable).collect();
            candidates.sort_by_key(|voted| core::cmp::Reverse(voted.votes.as_slice().len()));
            let vouched = |voted: &Voted| count(voted.votes.as_slice().len()) > u32::from(signers.max_faults());
            let best = candidates.into_iter().find_map(|voted| {
                let vouched = vouched(&voted);
                let Voted { messages, votes, .. } = voted;
                let with_votes = |message| CheckpointProposal { votes: votes.clone(), ..message };
                messages.into_iter().map(with_votes).find(|message| match self.would_vote(context, seq, message, now) {
                    Ok(()) => true,
                    Err(reason) => vouched && reason == Reason::CheckpointMissing,
                })
            });
            return match best {
                Some(message) => Choice::Adopt { seq, message: Box::new(message) },
                None if unvoted >= signers.quorum() => Choice::Fresh { seq, void },
                None => Choice::Stuck { seq },
            };
        }
        Choice::Stuck { seq: first }
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
