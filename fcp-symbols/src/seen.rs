//! What has been seen before, for a bounded time and in bounded memory.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use fcp_core::id::NodeId;
use fcp_core::time::Millis;

/// Remembers (node, token) pairs that were authenticated, each for the same time.
///
/// A full cache takes nothing new: forgetting early would let a replay through. One node cannot fill it for the others.
#[derive(Debug)]
pub(crate) struct Seen<T> {
    by_node: BTreeMap<NodeId, BTreeSet<T>>,
    /// In the order of expiry, which is that of arrival unless the clock was set back.
    queue: VecDeque<(Millis, NodeId, T)>,
    keep_ms: u64,
    max_per_node: usize,
    max_total: usize,
}

/// There is no room to remember one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl<T: Ord + Copy> Seen<T> {
    pub(crate) const fn new(keep_ms: u64, max_per_node: usize, max_total: usize) -> Self {
        Self { by_node: BTreeMap::new(), queue: VecDeque::new(), keep_ms, max_per_node, max_total }
    }

    /// Whether the pair was remembered and its time is not over.
    pub(crate) fn contains(&self, node: &NodeId, token: &T) -> bool {
        self.by_node.get(node).is_some_and(|tokens| tokens.contains(token))
    }

    /// Forgets what is older than the cache's time.
    pub(crate) fn expire(&mut self, now: Millis) {
        while let Some((until, node, token)) = self.queue.front() {
            if *until > now {
                break;
            }
            if let Some(tokens) = self.by_node.get_mut(node) {
                tokens.remove(token);
                if tokens.is_empty() {
                    self.by_node.remove(node);
                }
            }
            self.queue.pop_front();
        }
    }

    /// Remembers the pair from `now` on.
    pub(crate) fn insert(&mut self, now: Millis, node: &NodeId, token: T) -> Result<(), Full> {
        self.insert_until(now.saturating_add(self.keep_ms), node, token)
    }

    fn insert_until(&mut self, until: Millis, node: &NodeId, token: T) -> Result<(), Full> {
        let of_node = self.by_node.get(node).map_or(0, BTreeSet::len);
        if self.queue.len() >= self.max_total || of_node >= self.max_per_node {
            return Err(Full);
        }
        if self.by_node.entry(node.clone()).or_default().insert(token) {
            // At the end, unless the clock was set back: what was taken before must not keep this one longer than its time.
            let at = self.queue.partition_point(|(other, ..)| *other <= until);
            self.queue.insert(at, (until, node.clone(), token));
        }
        Ok(())
    }

    /// What is remembered, with the end of its time, in the order of expiry.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Millis, &NodeId, &T)> {
        self.queue.iter().map(|(until, node, token)| (*until, node, token))
    }

    /// How many pairs are remembered.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Takes over what [`entries`](Self::entries) gave before a restart.
    pub(crate) fn restore(&mut self, until: Millis, node: &NodeId, token: T) -> Result<(), Full> {
        self.insert_until(until, node, token)
    }
}

#[cfg(test)]
mod tests {
    use super::{Full, Seen};
    use fcp_core::id::NodeId;
    use fcp_core::time::Millis;

    #[test]
    fn it_remembers_for_its_time_and_within_its_bounds() {
        let (anna, ben, carl) =
            (NodeId::new("anna").unwrap(), NodeId::new("ben").unwrap(), NodeId::new("carl").unwrap());
        let at = Millis::from_millis;
        let mut seen = Seen::new(240, 2, 3);
        assert_eq!(seen.insert(at(0), &anna, 1), Ok(()));
        assert_eq!(seen.insert(at(10), &anna, 2), Ok(()));
        assert_eq!(seen.insert(at(10), &anna, 3), Err(Full), "one node has its share");
        assert_eq!(seen.insert(at(20), &ben, 1), Ok(()));
        assert_eq!(seen.insert(at(20), &carl, 1), Err(Full), "the cache is full");
        assert!(seen.contains(&anna, &1) && seen.contains(&ben, &1) && !seen.contains(&ben, &2));

        seen.expire(at(239));
        assert!(seen.contains(&anna, &1));
        seen.expire(at(240));
        assert!(!seen.contains(&anna, &1) && seen.contains(&anna, &2));
        assert_eq!(seen.insert(at(240), &carl, 1), Ok(()));
        seen.expire(at(1000));
        assert_eq!((seen.entries().count(), seen.len()), (0, 0));
        assert!(seen.by_node.is_empty());
    }

    #[test]
    fn a_clock_that_was_set_back_fills_no_cache() {
        let anna = NodeId::new("anna").unwrap();
        let at = Millis::from_millis;
        let mut seen = Seen::new(240, 2, 2);
        // The clock is a day fast, and then right again.
        seen.insert(at(86_400_000), &anna, 1).unwrap();
        for (round, token) in (0..100).zip(2..) {
            seen.expire(at(round * 240));
            assert_eq!(seen.insert(at(round * 240), &anna, token), Ok(()), "round {round}");
        }
        assert!(seen.contains(&anna, &1), "it comes again when that day comes");
        seen.expire(at(86_400_240));
        assert_eq!(seen.len(), 0);
    }
}
