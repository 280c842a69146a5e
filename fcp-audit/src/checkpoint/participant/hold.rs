//! For whom a signer keeps its vote (D214).

use fcp_core::id::NodeId;
use fcp_core::time::Timestamp;

/// For how long a vote is kept for one signer after its last message, in seconds.
const HOLD_SECS: u64 = 5;
/// How often messages of the same signer prolong that: more, and a faulty one could keep a vote for good.
const MAX_RENEWALS: u8 = 3;

/// The signer whose proposals this one looks at, for a while. Two that begin at the same time thus do not split the
/// votes of one sequence between them. It is a courtesy and no promise: what a signer voted for is what binds it, and a
/// restart may forget this.
#[derive(Debug, Clone, Default)]
pub(super) struct Hold(Option<Kept>);

#[derive(Debug, Clone)]
struct Kept {
    leader: NodeId,
    until: Timestamp,
    renewals: u8,
    /// Who asked in vain meanwhile: it comes before the leader comes again.
    next: Option<NodeId>,
}

impl Hold {
    /// For whom the vote is kept now.
    pub(super) fn leader(&self, now: Timestamp) -> Option<&NodeId> {
        self.0.as_ref().filter(|kept| now < kept.until).map(|kept| &kept.leader)
    }

    /// Keeps the vote for `node`.
    ///
    /// # Errors
    /// Until when it is kept for another.
    pub(super) fn keep_for(&mut self, node: &NodeId, now: Timestamp) -> Result<(), Timestamp> {
        let renewed = now.saturating_add(HOLD_SECS);
        if let Some(kept) = &mut self.0 {
            if now < kept.until {
                if kept.leader != *node {
                    kept.next.get_or_insert_with(|| node.clone());
                    return Err(kept.until);
                }
                if kept.renewals < MAX_RENEWALS {
                    (kept.until, kept.renewals) = (renewed, kept.renewals.saturating_add(1));
                }
                return Ok(());
            }
            let reserved = kept.until.saturating_add(HOLD_SECS);
            if now < reserved && kept.next.as_ref().is_some_and(|next| next != node) {
                return Err(reserved);
            }
        }
        self.give(node, now);
        Ok(())
    }

    /// Keeps the vote for `node`, whoever it was kept for.
    pub(super) fn give(&mut self, node: &NodeId, now: Timestamp) {
        let until = now.saturating_add(HOLD_SECS);
        self.0 = Some(Kept { leader: node.clone(), until, renewals: 0, next: None });
    }

    /// `node` no longer wants the vote.
    pub(super) fn release(&mut self, node: &NodeId) {
        self.0.take_if(|kept| kept.leader == *node);
    }

    /// The sequence is settled.
    pub(super) fn reset(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::NodeId;
    use fcp_core::time::Timestamp;

    use super::Hold;

    #[test]
    fn a_vote_is_kept_for_one_and_then_for_the_next() {
        let [one, other, third] = ["one", "other", "third"].map(|name| NodeId::new(name).unwrap());
        let at = Timestamp::from_secs;
        let mut hold = Hold::default();
        assert_eq!(hold.leader(at(10)), None);
        assert_eq!(hold.keep_for(&one, at(10)), Ok(()));
        assert_eq!(hold.leader(at(14)), Some(&one));
        assert_eq!(hold.keep_for(&other, at(12)), Err(at(15)));
        assert_eq!(hold.keep_for(&third, at(13)), Err(at(15)));
        // It goes on as long as it says something, but not for ever.
        for second in [14, 18, 22, 26] {
            assert_eq!(hold.keep_for(&one, at(second)), Ok(()));
        }
        assert_eq!(hold.leader(at(26)), Some(&one));
        assert_eq!(hold.leader(at(27)), None);
        // Whoever asked first in vain comes first.
        assert_eq!(hold.keep_for(&one, at(27)), Err(at(32)));
        assert_eq!(hold.keep_for(&third, at(27)), Err(at(32)));
        assert_eq!(hold.keep_for(&other, at(28)), Ok(()));
        assert_eq!(hold.leader(at(28)), Some(&other));

        hold.release(&one);
        assert_eq!(hold.leader(at(28)), Some(&other), "not its own");
        hold.release(&other);
        assert_eq!(hold.keep_for(&one, at(28)), Ok(()));
        hold.give(&other, at(29));
        assert_eq!(hold.keep_for(&one, at(30)), Err(at(34)));
        hold.reset();
        assert_eq!(hold.keep_for(&one, at(30)), Ok(()));
        // If the next one does not come, it is anybody's again.
        assert_eq!(hold.keep_for(&other, at(31)), Err(at(35)));
        assert_eq!(hold.keep_for(&third, at(39)), Err(at(40)));
        assert_eq!(hold.keep_for(&third, at(40)), Ok(()));
    }
}
