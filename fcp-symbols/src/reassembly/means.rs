//! What decoding takes, and who pays for it.

use alloc::collections::BTreeMap;

use fcp_core::id::NodeId;

use super::step::Faults;
use crate::raptor::{DecodeBudget, PlanCache};

/// How many sources' work is kept until somebody asks for it.
const MAX_SOURCES: usize = 4096;

/// What a context decodes with.
#[derive(Debug)]
pub(super) struct Means<'a> {
    pub(super) plans: &'a mut PlanCache,
    pub(super) budget: &'a mut DecodeBudget,
    pub(super) faults: &'a mut Faults,
}

/// The work that was done for each source and that nobody has asked for yet.
#[derive(Debug, Default)]
pub(super) struct Bills(BTreeMap<NodeId, u64>);

impl Bills {
    /// Adds to the bill of a source; what the 4097th source costs is forgotten.
    pub(super) fn add(&mut self, source: &NodeId, work: u64) {
        if work == 0 {
            return;
        }
        if let Some(bill) = self.0.get_mut(source) {
            *bill = bill.saturating_add(work);
        } else if self.0.len() < MAX_SOURCES {
            self.0.insert(source.clone(), work);
        }
    }

    /// Shares out `work` in proportion to what each source gave, or to `last` if none gave anything.
    pub(super) fn share<'a>(
        &mut self,
        work: u64,
        shares: impl Iterator<Item = (&'a NodeId, usize)> + Clone,
        last: Option<&NodeId>,
    ) {
        let whole = shares.clone().fold(0_u128, |sum, (_, share)| sum.saturating_add(share as u128));
        if whole == 0 {
            last.into_iter().for_each(|last| self.add(last, work));
            return;
        }
        for (source, share) in shares {
            let part = u128::from(work).saturating_mul(share as u128).div_ceil(whole);
            self.add(source, u64::try_from(part).unwrap_or(u64::MAX));
        }
    }

    /// The next bill.
    pub(super) fn pop(&mut self) -> Option<(NodeId, u64)> {
        self.0.pop_first()
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::NodeId;

    use super::Bills;

    #[test]
    fn work_is_shared_in_proportion() {
        let [a, b] = ["a", "b"].map(|name| NodeId::new(name).unwrap());
        let mut bills = Bills::default();
        bills.share(10, [(&a, 1), (&b, 2)].into_iter(), None);
        bills.share(5, [(&a, 0)].into_iter(), Some(&b));
        bills.share(5, core::iter::empty(), None);
        bills.add(&a, 0);
        assert_eq!(bills.pop(), Some((a, 4)), "rounded up");
        assert_eq!(bills.pop(), Some((b, 7 + 5)));
        assert_eq!(bills.pop(), None);
    }
}
