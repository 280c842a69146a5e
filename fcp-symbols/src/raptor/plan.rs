//! What was worked out for recent values of K, kept for the next block of the same K.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use fcp_gf256::Kernel;

use super::cost::{self, Cost};
use super::rows::Rows;
use super::solver::Plan;

/// How much memory a cache takes at most, unless told otherwise.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Up to here, coefficients are made when a K is met first: all objects of the default configuration are below. Beyond, they
/// are made when it is met again.
pub(super) const MAX_EAGER_K: u16 = 320;

/// Encoding plans and coefficients of recent values of K.
///
/// Making them costs more than encoding with them, and senders use few values of K: nearly all chunks have the same.
/// Hand one cache to every encoder and decoder of a thread. It holds no more values of K than it was made for, and
/// no more than about 32 MiB, unless told otherwise: one K takes about 2·K² + 2000·K bytes, which is 200 KiB for the 64
/// symbols of an ordinary chunk, 4 MiB for 1024 and 13 MiB for 2048. Larger ones have a plan only.
pub struct PlanCache {
    /// The most recently used last.
    entries: Vec<Entry>,
    max_entries: usize,
    max_bytes: usize,
    kernel: Kernel,
}

/// What is held of one K.
struct Entry {
    k: u16,
    plan: Option<Arc<Plan>>,
    rows: Option<Arc<Rows>>,
}

impl Entry {
    fn bytes(&self) -> usize {
        let plan = if self.plan.is_some() { Plan::bytes(self.k) } else { 0 };
        let rows = if self.rows.is_some() { Rows::bytes(self.k) } else { 0 };
        plan.saturating_add(rows)
    }
}

impl PlanCache {
    /// A cache of at most `max_entries` values of K; with 0, everything is made anew.
    #[must_use]
    pub fn new(max_entries: usize) -> Self {
        Self { entries: Vec::new(), max_entries, max_bytes: MAX_BYTES, kernel: Kernel::best() }
    }

    /// The same cache within about `bytes` of memory.
    #[must_use]
    pub const fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// The same cache for coders that multiply with `kernel`, not with the best that this processor has: all give the
    /// same bytes, so this is for comparing them.
    #[must_use]
    pub const fn with_kernel(mut self, kernel: Kernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// What its coders multiply with.
    #[must_use]
    pub const fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// How many values of K it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// About how much memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.entries.iter().map(Entry::bytes).fold(0, usize::saturating_add)
    }

    /// The plan of `k`, made if it is not there.
    pub(super) fn plan(&mut self, k: u16) -> Arc<Plan> {
        let mut entry = self.take(k);
        let plan = Arc::clone(entry.plan.get_or_insert_with(|| Arc::new(Plan::new(k))));
        self.put(entry);
        plan
    }

    /// The coefficients of `k`, made if they are not there; nothing if K is too large for them.
    pub(super) fn rows(&mut self, k: u16) -> Option<Arc<Rows>> {
        if k > Rows::MAX_K {
            return None;
        }
        let mut entry = self.take(k);
        if entry.rows.is_none() {
            let plan = entry.plan.get_or_insert_with(|| Arc::new(Plan::new(k)));
            entry.rows = Rows::new(k, plan).map(Arc::new);
        }
        let rows = entry.rows.clone();
        self.put(entry);
        rows
    }

    /// What the coefficients of `k` cost now: nothing if they are there.
    pub(super) fn preparation(&self, k: u16) -> Cost {
        if self.held(k).is_some_and(|entry| entry.rows.is_some()) { Cost::NOTHING } else { cost::preparation(k) }
    }

    /// Whether the coefficients of `k` are there or will pay off. Remembers that `k` was met.
    pub(super) fn pays_off(&mut self, k: u16) -> bool {
        if k > Rows::MAX_K {
            return false;
        }
        let known = self.held(k).is_some();
        if !known {
            self.put(Entry { k, plan: None, rows: None });
        }
        known || k <= MAX_EAGER_K
    }

    fn held(&self, k: u16) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.k == k)
    }

    fn take(&mut self, k: u16) -> Entry {
        let held = self.entries.iter().rposition(|entry| entry.k == k).map(|index| self.entries.remove(index));
        held.unwrap_or(Entry { k, plan: None, rows: None })
    }

    /// Keeps an entry, in the place of those that were not used for longest.
    fn put(&mut self, entry: Entry) {
        let most = self.max_bytes.saturating_sub(entry.bytes());
        while !self.entries.is_empty() && (self.entries.len() >= self.max_entries || self.bytes() > most) {
            self.entries.remove(0);
        }
        if self.max_entries > 0 && entry.bytes() <= self.max_bytes {
            self.entries.push(entry);
        }
    }
}

impl fmt::Debug for PlanCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.iter().map(|entry| entry.k)).finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use super::{PlanCache, Rows};

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
        assert!(plans.rows(5).is_some() && plans.pays_off(5));
        assert!(plans.is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let mut plans = PlanCache::new(100).with_max_bytes(1_000_000);
        for k in 1..=64 {
            assert!(plans.rows(k).is_some());
            assert!(plans.bytes() <= 1_000_000, "{} with {k}", plans.bytes());
        }
        assert!(plans.len() > 2);
        let mut none = PlanCache::new(100).with_max_bytes(1000);
        assert!(none.rows(64).is_some(), "made, and not kept");
        assert!(none.is_empty());
    }

    #[test]
    fn large_ones_have_to_be_met_twice() {
        let mut plans = PlanCache::new(4);
        assert!(plans.pays_off(320));
        assert!(!plans.pays_off(321) && plans.pays_off(321));
        assert!(!plans.pays_off(Rows::MAX_K + 1) && !plans.pays_off(Rows::MAX_K + 1));
        assert!(plans.rows(Rows::MAX_K + 1).is_none());
        assert!(plans.preparation(321).work > 0);
        plans.rows(321);
        assert_eq!(plans.preparation(321).work, 0);
    }
}
