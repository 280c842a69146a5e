//! Encoding plans, kept for the next block of the same K.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::solver::Plan;

/// Encoding plans of recent values of K, at most as many as it was made for.
///
/// Making a plan costs more than encoding with it, and senders use few values of K: nearly all chunks have the same.
/// Hand one cache to every encoder of a thread.
pub struct PlanCache {
    /// The most recently used last.
    plans: Vec<(u16, Arc<Plan>)>,
    max_entries: usize,
}

impl PlanCache {
    /// A cache of at most `max_entries` plans; with 0, every plan is made anew.
    #[must_use]
    pub const fn new(max_entries: usize) -> Self {
        Self { plans: Vec::new(), max_entries }
    }

    /// How many plans it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.plans.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }

    /// The plan of `k`, made if it is not there, in the place of the one that was not used for longest.
    pub(super) fn plan(&mut self, k: u16) -> Arc<Plan> {
        let held = self.plans.iter().rposition(|(held, _)| *held == k).map(|index| self.plans.remove(index));
        let (_, plan) = held.unwrap_or_else(|| (k, Arc::new(Plan::new(k))));
        if self.plans.len() >= self.max_entries && !self.plans.is_empty() {
            self.plans.remove(0);
        }
        if self.max_entries > 0 {
            self.plans.push((k, Arc::clone(&plan)));
        }
        plan
    }
}

impl fmt::Debug for PlanCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.plans.iter().map(|(k, _)| k)).finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use super::PlanCache;

    #[test]
    fn keeps_the_most_recently_used() {
        let mut plans = PlanCache::new(2);
        let first = plans.plan(1);
        plans.plan(2);
        assert!(Arc::ptr_eq(&first, &plans.plan(1)), "found again");
        plans.plan(3);
        assert_eq!(alloc::format!("{plans:?}"), "{1, 3}");
        assert_eq!(plans.len(), 2);
    }

    #[test]
    fn of_no_size_keeps_nothing() {
        let mut plans = PlanCache::new(0);
        plans.plan(5);
        plans.plan(5);
        assert!(plans.is_empty());
    }
}
