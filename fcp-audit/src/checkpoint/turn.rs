//! Whose turn it is to coordinate (D171, D172).

use alloc::collections::BTreeMap;

use fcp_core::id::{EpochId, NodeId, ZoneId};
use fcp_core::quorum::{checkpoint_subject, rendezvous};
use fcp_core::time::Timestamp;

use super::Signers;

/// How long each rank waits for the one before it, in seconds (D172).
pub const FAILOVER_SECS: u64 = 2;

/// The rank of `node` among the signers in an epoch: 0 coordinates (D171). Nothing for a stranger.
#[must_use]
pub fn rank(zone: &ZoneId, epoch: EpochId, signers: &Signers, node: &NodeId) -> Option<u64> {
    let ranking = rendezvous(zone, &checkpoint_subject(epoch), signers.nodes());
    ranking.iter().position(|ranked| *ranked == node).and_then(|rank| u64::try_from(rank).ok())
}

/// How often one signer's proposals for one sequence keep the ranks behind it waiting: more, and a faulty coordinator
/// could hold up a zone with proposals that lead nowhere.
const MAX_HEARD: u8 = 4;

/// Since when nothing was heard of a coordinator that something was due from.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns {
    /// When each signer last proposed something for the sequence that is due, and how often it did.
    heard: BTreeMap<NodeId, (Timestamp, u8)>,
}

impl Turns {
    /// A signer proposed something.
    pub(super) fn heard(&mut self, node: &NodeId, now: Timestamp) {
        let (last, count) = self.heard.entry(node.clone()).or_insert((now, 0));
        if *count < MAX_HEARD {
            *last = now;
            *count = count.saturating_add(1);
        }
    }

    /// The next sequence is due; nothing was heard yet.
    pub(super) fn reset(&mut self) {
        self.heard.clear();
    }

    /// From when on `node` may coordinate, if something is due since `due`: when all better ranks were silent for 2·r
    /// seconds (D172).
    pub(super) fn from(
        &self,
        zone: &ZoneId,
        epoch: EpochId,
        signers: &Signers,
        node: &NodeId,
        due: Timestamp,
    ) -> Option<Timestamp> {
        let ranking = rendezvous(zone, &checkpoint_subject(epoch), signers.nodes());
        let rank = ranking.iter().position(|ranked| *ranked == node)?;
        let better = ranking.iter().take(rank);
        let last = better.filter_map(|ranked| self.heard.get(*ranked)).map(|(last, _)| *last).max();
        let quiet = last.map_or(due, |last| last.max(due));
        Some(quiet.saturating_add(u64::try_from(rank).ok()?.saturating_mul(FAILOVER_SECS)))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use fcp_core::id::{EpochId, NodeId, ZoneId};
    use fcp_core::time::Timestamp;

    use super::{Signers, Turns, rank};

    #[test]
    fn each_rank_waits_for_the_better_ones() {
        let nodes: Vec<NodeId> = (0..4).map(|number| NodeId::new(&alloc::format!("n{number}")).unwrap()).collect();
        let signers = Signers::new(nodes.clone(), 1).unwrap();
        let (zone, epoch) = (ZoneId::private(), EpochId::new(7));
        let mut ranked = nodes.clone();
        ranked.sort_by_key(|node| rank(&zone, epoch, &signers, node));
        assert_eq!(
            ranked.iter().map(|node| rank(&zone, epoch, &signers, node)).collect::<Vec<_>>(),
            [Some(0), Some(1), Some(2), Some(3)]
        );
        assert_eq!(rank(&zone, epoch, &signers, &NodeId::new("stranger").unwrap()), None);

        let at = Timestamp::from_secs;
        let mut turns = Turns::default();
        let from = |turns: &Turns, rank: usize| turns.from(&zone, epoch, &signers, &ranked[rank], at(100)).unwrap();
        assert_eq!([0, 1, 2, 3].map(|rank| from(&turns, rank).as_secs()), [100, 102, 104, 106]);
        turns.heard(&ranked[1], at(103));
        assert_eq!([0, 1, 2, 3].map(|rank| from(&turns, rank).as_secs()), [100, 102, 107, 109]);
        turns.heard(&ranked[3], at(120));
        assert_eq!([0, 1, 2, 3].map(|rank| from(&turns, rank).as_secs()), [100, 102, 107, 109]);
        for second in 130..140 {
            turns.heard(&ranked[0], at(second));
        }
        assert_eq!(from(&turns, 1).as_secs(), 133 + 2, "only so often");
        turns.reset();
        assert_eq!(from(&turns, 2).as_secs(), 104);
    }
}
