//! Sets of symbol numbers.

use alloc::vec::Vec;
use core::ops::Range;

use crate::admission::HeldSymbols;
use crate::message::EsiList;
use crate::raptor::MAX_ESI;

/// A set of ESIs as ascending runs that neither touch nor overlap: what a node holds of an object is mostly one run (§3.6).
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

    /// The lowest ESI.
    #[must_use]
    pub fn first(&self) -> Option<u32> {
        self.0.first().map(|run| run.start)
    }

    /// The highest ESI.
    #[must_use]
    pub fn last(&self) -> Option<u32> {
        self.0.last().map(|run| run.end.saturating_sub(1))
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

    /// Adds one ESI; false if it was there.
    pub fn insert_esi(&mut self, esi: u32) -> bool {
        let is_new = !self.contains(esi);
        if is_new {
            self.insert(esi..esi.saturating_add(1));
        }
        is_new
    }

    /// Takes one ESI out; false if it was not there.
    pub fn remove_esi(&mut self, esi: u32) -> bool {
        let was_there = self.contains(esi);
        if was_there {
            self.remove(esi..esi.saturating_add(1));
        }
        was_there
    }

    /// Takes the lowest ESI out.
    pub fn pop_first(&mut self) -> Option<u32> {
        let run = self.0.first_mut()?;
        let esi = run.start;
        run.start = esi.saturating_add(1);
        if run.start >= run.end {
            self.0.remove(0);
        }
        Some(esi)
    }

    /// What is in both or either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut runs = self.0.clone();
        runs.extend_from_slice(&other.0);
        Self::merged(runs)
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut gaps = Vec::with_capacity(other.0.len().saturating_add(1));
        let mut from = 0;
        for run in &other.0 {
            if run.start > from {
                gaps.push(from..run.start);
            }
            from = run.end;
        }
        gaps.push(from..u32::MAX);
        self.intersection(&Self(gaps))
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut runs = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let both = a.start.max(b.start)..a.end.min(b.end);
            if !both.is_empty() {
                runs.push(both);
            }
            if a.end <= b.end {
                left.next();
            } else {
                right.next();
            }
        }
        Self(runs)
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
        if let Some(last) = taken.last() {
            self.remove(0..last.saturating_add(1));
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

    fn merged(mut runs: Vec<Range<u32>>) -> Self {
        runs.retain(|run| !run.is_empty());
        runs.sort_unstable_by_key(|run| run.start);
        let mut merged: Vec<Range<u32>> = Vec::with_capacity(runs.len());
        for run in runs {
            match merged.last_mut() {
                Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
                _ => merged.push(run),
            }
        }
        Self(merged)
    }
}

fn len(run: &Range<u32>) -> u32 {
    run.end.saturating_sub(run.start)
}

/// What a node answers requests from.
impl HeldSymbols for EsiSet {
    fn next_from(&self, esi: u32) -> Option<u32> {
        let index = self.0.partition_point(|run| run.end <= esi);
        self.0.get(index).map(|run| run.start.max(esi))
    }
}

impl From<Range<u32>> for EsiSet {
    fn from(run: Range<u32>) -> Self {
        Self::merged(alloc::vec![run])
    }
}

impl From<&EsiList> for EsiSet {
    fn from(list: &EsiList) -> Self {
        list.as_slice().iter().copied().collect()
    }
}

impl Extend<Range<u32>> for EsiSet {
    fn extend<I: IntoIterator<Item = Range<u32>>>(&mut self, runs: I) {
        let mut all = core::mem::take(&mut self.0);
        all.extend(runs);
        *self = Self::merged(all);
    }
}

impl FromIterator<Range<u32>> for EsiSet {
    fn from_iter<I: IntoIterator<Item = Range<u32>>>(runs: I) -> Self {
        Self::merged(runs.into_iter().collect())
    }
}

/// Of single numbers; the largest there is cannot be in a set.
impl FromIterator<u32> for EsiSet {
    fn from_iter<I: IntoIterator<Item = u32>>(esis: I) -> Self {
        let mut runs: Vec<Range<u32>> = Vec::new();
        for esi in esis {
            match runs.last_mut() {
                Some(last) if last.end == esi => last.end = esi.saturating_add(1),
                _ => runs.push(esi..esi.saturating_add(1)),
            }
        }
        Self::merged(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::EsiSet;
    use crate::admission::HeldSymbols as _;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn is_a_set(
            steps in prop::collection::vec((any::<bool>(), 0_u32..40, 0_u32..12), 0..30),
            others in prop::collection::vec(0_u32..60, 0..60),
            count in 0_u32..60,
            one in 0_u32..60,
        ) {
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
            prop_assert_eq!((ours.first(), ours.last()), (model.first().copied(), model.last().copied()));
            prop_assert!((0..60).all(|esi| ours.contains(esi) == model.contains(&esi)));
            prop_assert_eq!(ours.next_from(one), model.range(one..).next().copied());
            prop_assert!(ours.lowest(count).iter().eq(model.iter().copied().take(count as usize)));
            let (mut rest, lowest) = (ours.clone(), ours.lowest(count));
            prop_assert_eq!(&rest.take_lowest(count), &lowest);
            prop_assert_eq!(rest, ours.difference(&lowest));
            let absent = (0..).filter(|esi| !model.contains(esi)).take(count as usize);
            prop_assert!(ours.lowest_absent(count).unwrap().iter().eq(absent));

            let (other, of_other): (EsiSet, BTreeSet<u32>) = (others.iter().copied().collect(), others.into_iter().collect());
            prop_assert!(other.iter().eq(of_other.iter().copied()));
            prop_assert!(ours.difference(&other).iter().eq(model.difference(&of_other).copied()));
            prop_assert!(ours.intersection(&other).iter().eq(model.intersection(&of_other).copied()));
            prop_assert!(ours.union(&other).iter().eq(model.union(&of_other).copied()));
            let mut extended = ours.clone();
            extended.extend(other.runs().iter().cloned());
            prop_assert_eq!(extended, ours.union(&other));

            prop_assert_eq!(ours.insert_esi(one), model.insert(one));
            prop_assert_eq!(ours.pop_first(), model.pop_first());
            prop_assert_eq!(ours.remove_esi(one), model.remove(&one));
            prop_assert!(ours.iter().eq(model.iter().copied()));
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
        let last: EsiSet = [u32::MAX - 1, u32::MAX].into_iter().collect();
        assert_eq!(last, EsiSet::from(u32::MAX - 1..u32::MAX));
        assert!(EsiSet::new().pop_first().is_none());
    }
}
