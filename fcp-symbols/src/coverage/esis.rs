//! Sets of symbol numbers, as runs.

use alloc::vec::Vec;
use core::ops::Range;

use crate::raptor::MAX_ESI;

/// A set of ESIs as ascending runs that neither touch nor overlap: what a node holds is mostly one run (§3.6).
///
/// Takes eight bytes a run. Numbers above 2^24 − 1 are no ESIs (D61), but do no harm here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct EsiSet(Vec<Range<u32>>);

impl EsiSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many ESIs there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.iter().fold(0, |sum, run| sum.saturating_add(len(run)))
    }

    /// The runs, ascending.
    #[must_use]
    pub fn runs(&self) -> &[Range<u32>] {
        &self.0
    }

    /// The ESIs, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u32> {
        self.0.iter().cloned().flatten()
    }

    /// Whether `esi` is in it.
    #[must_use]
    pub fn contains(&self, esi: u32) -> bool {
        let after = self.0.partition_point(|run| run.start <= esi);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|run| run.contains(&esi))
    }

    /// Adds a run.
    pub fn insert(&mut self, run: Range<u32>) {
        if run.is_empty() {
            return;
        }
        // The runs that touch the new one, all of which become one with it.
        let first = self.0.partition_point(|other| other.end < run.start);
        let last = self.0.partition_point(|other| other.start <= run.end);
        let touched = self.0.get(first..last).unwrap_or_default();
        let start = touched.first().map_or(run.start, |other| other.start.min(run.start));
        let end = touched.last().map_or(run.end, |other| other.end.max(run.end));
        self.0.splice(first..last.max(first), core::iter::once(start..end));
    }

    /// Takes a run out.
    pub fn remove(&mut self, run: Range<u32>) {
        if run.is_empty() {
            return;
        }
        let first = self.0.partition_point(|other| other.end <= run.start);
        let last = self.0.partition_point(|other| other.start < run.end).max(first);
        let touched = self.0.get(first..last).unwrap_or_default();
        let before = touched.first().map(|other| other.start..run.start);
        let behind = touched.last().map(|other| run.end..other.end);
        let left: Vec<_> = before.into_iter().chain(behind).filter(|run| !run.is_empty()).collect();
        self.0.splice(first..last, left);
    }

    /// What is in both or either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut union = self.clone();
        union.extend(other.0.iter().cloned());
        union
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut difference = self.clone();
        for run in &other.0 {
            difference.remove(run.clone());
        }
        difference
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.difference(&self.difference(other))
    }

    /// The `count` lowest ESIs that are not in it, or nothing if the code has no more (D61).
    #[must_use]
    pub fn lowest_absent(&self, count: u32) -> Option<Self> {
        let (mut found, mut left, mut next) = (Self::new(), count, 0_u32);
        let behind = MAX_ESI.saturating_add(1);
        for run in self.0.iter().cloned().chain(core::iter::once(behind..behind)) {
            let gap = next..run.start.min(next.saturating_add(left)).min(behind);
            left = left.saturating_sub(len(&gap));
            found.insert(gap);
            if left == 0 {
                return Some(found);
            }
            next = run.end;
        }
        None
    }

    /// Takes the `count` lowest of its ESIs out of it, or all if they are fewer.
    pub fn take_lowest(&mut self, count: u32) -> Self {
        let taken = self.lowest(count);
        if let Some(last) = taken.0.last() {
            self.remove(0..last.end);
        }
        taken
    }

    /// The `count` lowest of its ESIs, or all if they are fewer.
    #[must_use]
    pub fn lowest(&self, count: u32) -> Self {
        let mut left = count;
        let runs = self.0.iter().map_while(|run| {
            let end = run.end.min(run.start.saturating_add(left));
            left = left.saturating_sub(len(run));
            (run.start < end).then_some(run.start..end)
        });
        Self(runs.collect())
    }
}

fn len(run: &Range<u32>) -> u32 {
    run.end.saturating_sub(run.start)
}

impl From<Range<u32>> for EsiSet {
    fn from(run: Range<u32>) -> Self {
        let mut set = Self::new();
        set.insert(run);
        set
    }
}

impl Extend<Range<u32>> for EsiSet {
    fn extend<I: IntoIterator<Item = Range<u32>>>(&mut self, runs: I) {
        runs.into_iter().for_each(|run| self.insert(run));
    }
}

impl FromIterator<Range<u32>> for EsiSet {
    fn from_iter<I: IntoIterator<Item = Range<u32>>>(runs: I) -> Self {
        let mut runs: Vec<Range<u32>> = runs.into_iter().filter(|run| !run.is_empty()).collect();
        runs.sort_unstable_by_key(|run| run.start);
        runs.dedup_by(|later, run| {
            let touches = later.start <= run.end;
            if touches {
                run.end = run.end.max(later.end);
            }
            touches
        });
        Self(runs)
    }
}

/// Of single numbers; the largest there is cannot be in a set.
impl FromIterator<u32> for EsiSet {
    fn from_iter<I: IntoIterator<Item = u32>>(esis: I) -> Self {
        esis.into_iter().map(|esi| esi..esi.saturating_add(1)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::EsiSet;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn is_a_set(steps in prop::collection::vec((any::<bool>(), 0_u32..40, 0_u32..12), 0..30), count in 0_u32..60) {
            let (mut ours, mut model) = (EsiSet::new(), BTreeSet::new());
            for (add, start, len) in steps {
                let run = start..start.saturating_add(len);
                if add {
                    ours.insert(run.clone());
                    model.extend(run);
                } else {
                    ours.remove(run.clone());
                    model.retain(|esi| !run.contains(esi));
                }
                prop_assert!(ours.iter().eq(model.iter().copied()));
                prop_assert!(ours.runs().windows(2).all(|pair| pair[0].end < pair[1].start));
            }
            prop_assert_eq!(ours.count() as usize, model.len());
            prop_assert!((0..60).all(|esi| ours.contains(esi) == model.contains(&esi)));
            prop_assert!(ours.lowest(count).iter().eq(model.iter().copied().take(count as usize)));
            let (mut rest, lowest) = (ours.clone(), ours.lowest(count));
            prop_assert_eq!(&rest.take_lowest(count), &lowest);
            prop_assert_eq!(rest, ours.difference(&lowest));
            let absent = (0..).filter(|esi| !model.contains(esi)).take(count as usize);
            prop_assert!(ours.lowest_absent(count).unwrap().iter().eq(absent));
            let other: EsiSet = [5..9, 20..30].into_iter().collect();
            let in_other = |esi: &u32| other.contains(*esi);
            prop_assert!(ours.difference(&other).iter().eq(model.iter().copied().filter(|esi| !in_other(esi))));
            prop_assert!(ours.intersection(&other).iter().eq(model.iter().copied().filter(in_other)));
            prop_assert_eq!(ours.union(&other), ours.iter().chain(other.iter()).collect());
            let jumbled = other.runs().iter().chain(ours.runs()).rev().cloned();
            prop_assert_eq!(ours.union(&other), jumbled.collect());
        }
    }

    #[test]
    fn the_code_has_an_end() {
        let all = EsiSet::from(0..1 << 24);
        assert_eq!(all.lowest_absent(0), Some(EsiSet::new()));
        assert_eq!(all.lowest_absent(1), None);
        assert_eq!(EsiSet::from(0..16_777_214).lowest_absent(2), Some(EsiSet::from(16_777_214..16_777_216)));
        assert_eq!(EsiSet::from(0..16_777_214).lowest_absent(3), None);
        let all_there_are = EsiSet::from(0..u32::MAX);
        assert_eq!((all_there_are.count(), all_there_are.lowest_absent(1)), (u32::MAX, None));
    }
}
