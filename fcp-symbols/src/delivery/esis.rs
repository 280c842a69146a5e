//! Sets of symbol numbers, as ranges.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use crate::admission::HeldSymbols;
use crate::message::EsiList;

/// A set of symbol numbers. Runs of consecutive numbers take the room of one, so that thousands of symbols cost nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Esis {
    /// Ascending, none empty, none touching the next.
    ranges: Vec<Range<u32>>,
}

impl Esis {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { ranges: Vec::new() }
    }

    /// How many numbers are in it.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.ranges.iter().fold(0, |sum: u32, range| sum.saturating_add(range.end.saturating_sub(range.start)))
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether `esi` is in it.
    #[must_use]
    pub fn contains(&self, esi: u32) -> bool {
        let index = self.ranges.partition_point(|range| range.end <= esi);
        self.ranges.get(index).is_some_and(|range| range.start <= esi)
    }

    /// The lowest number.
    #[must_use]
    pub fn first(&self) -> Option<u32> {
        self.ranges.first().map(|range| range.start)
    }

    /// The highest number.
    #[must_use]
    pub fn last(&self) -> Option<u32> {
        self.ranges.last().map(|range| range.end.saturating_sub(1))
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u32> {
        self.ranges.iter().cloned().flatten()
    }

    /// The ranges, ascending.
    #[must_use]
    pub fn ranges(&self) -> &[Range<u32>] {
        &self.ranges
    }

    /// Adds a number; false if it was there.
    pub fn insert(&mut self, esi: u32) -> bool {
        let Some(end) = esi.checked_add(1) else { return false };
        let index = self.ranges.partition_point(|range| range.end < esi);
        match self.ranges.get_mut(index) {
            Some(range) if range.start <= esi && esi < range.end => return false,
            Some(range) if range.end == esi => {
                range.end = end;
                let next = index.saturating_add(1);
                let joined = self.ranges.get(next).filter(|next| next.start == end).map(|next| next.end);
                if let Some(joined) = joined {
                    self.ranges.remove(next);
                    if let Some(range) = self.ranges.get_mut(index) {
                        range.end = joined;
                    }
                }
            }
            Some(range) if range.start == end => range.start = esi,
            _ => self.ranges.insert(index, esi..end),
        }
        true
    }

    /// Takes a number out; false if it was not there.
    pub fn remove(&mut self, esi: u32) -> bool {
        let index = self.ranges.partition_point(|range| range.end <= esi);
        let Some(range) = self.ranges.get_mut(index).filter(|range| range.start <= esi) else { return false };
        let (before, after) = (range.start..esi, esi.saturating_add(1)..range.end);
        match (before.is_empty(), after.is_empty()) {
            (true, true) => drop(self.ranges.remove(index)),
            (true, false) => *range = after,
            (false, true) => *range = before,
            (false, false) => {
                *range = before;
                self.ranges.insert(index.saturating_add(1), after);
            }
        }
        true
    }

    /// Takes the lowest number out.
    pub fn pop_first(&mut self) -> Option<u32> {
        let range = self.ranges.first_mut()?;
        let esi = range.start;
        range.start = esi.saturating_add(1);
        if range.start >= range.end {
            self.ranges.remove(0);
        }
        Some(esi)
    }

    /// Adds all of `other`.
    pub fn extend_from(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        let mut all = core::mem::take(&mut self.ranges);
        all.extend_from_slice(&other.ranges);
        *self = Self::merged(all);
    }

    /// The numbers that are in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        let mut ranges = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let both = a.start.max(b.start)..a.end.min(b.end);
            if !both.is_empty() {
                ranges.push(both);
            }
            if a.end <= b.end {
                left.next();
            } else {
                right.next();
            }
        }
        Self { ranges }
    }

    /// The numbers that are in this and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut gaps = Vec::with_capacity(other.ranges.len().saturating_add(1));
        let mut from = 0;
        for range in &other.ranges {
            if range.start > from {
                gaps.push(from..range.start);
            }
            from = range.end;
        }
        gaps.push(from..u32::MAX);
        self.intersection(&Self { ranges: gaps })
    }

    /// The first `count` numbers.
    #[must_use]
    pub fn head(&self, count: u32) -> Self {
        let mut left = count;
        let mut ranges = Vec::new();
        for range in &self.ranges {
            let take = left.min(range.end.saturating_sub(range.start));
            if take == 0 {
                break;
            }
            ranges.push(range.start..range.start.saturating_add(take));
            left = left.saturating_sub(take);
        }
        Self { ranges }
    }

    fn merged(mut ranges: Vec<Range<u32>>) -> Self {
        ranges.retain(|range| !range.is_empty());
        ranges.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<u32>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        Self { ranges: merged }
    }
}

/// What a node answers requests from.
impl HeldSymbols for Esis {
    fn next_from(&self, esi: u32) -> Option<u32> {
        let index = self.ranges.partition_point(|range| range.end <= esi);
        self.ranges.get(index).map(|range| range.start.max(esi))
    }
}

impl From<Range<u32>> for Esis {
    fn from(range: Range<u32>) -> Self {
        Self { ranges: if range.is_empty() { Vec::new() } else { vec![range] } }
    }
}

impl From<&EsiList> for Esis {
    fn from(list: &EsiList) -> Self {
        list.as_slice().iter().copied().collect()
    }
}

impl FromIterator<u32> for Esis {
    fn from_iter<I: IntoIterator<Item = u32>>(esis: I) -> Self {
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for esi in esis {
            match ranges.last_mut() {
                Some(last) if last.end == esi && esi < u32::MAX => last.end = esi.saturating_add(1),
                _ => ranges.push(esi..esi.saturating_add(1)),
            }
        }
        Self::merged(ranges)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::Esis;
    use crate::admission::HeldSymbols as _;
    use proptest::prelude::*;

    fn model(esis: &Esis) -> BTreeSet<u32> {
        esis.iter().collect()
    }

    #[test]
    fn ranges_join_and_part() {
        let mut esis = Esis::from(5..8);
        assert!(esis.insert(9) && esis.insert(8) && !esis.insert(6) && esis.insert(4));
        assert_eq!(esis, Esis::from(4..10));
        assert!(esis.remove(6) && !esis.remove(6) && esis.remove(4) && esis.remove(9));
        assert_eq!(esis.ranges(), [5..6, 7..9]);
        assert_eq!((esis.first(), esis.last(), esis.count()), (Some(5), Some(8), 3));
        assert_eq!(esis.pop_first(), Some(5));
        assert_eq!(esis.head(1), Esis::from(7..8));
        assert!(Esis::from(3..3).is_empty() && Esis::new().pop_first().is_none());
    }

    fn some_set() -> impl Strategy<Value = Esis> {
        prop::collection::vec(0_u32..60, 0..60).prop_map(|esis| esis.into_iter().collect())
    }

    proptest! {
        #[test]
        fn behaves_as_a_set(left in some_set(), right in some_set(), one in 0_u32..60, count in 0_u32..70) {
            let (a, b) = (model(&left), model(&right));
            prop_assert_eq!(left.count() as usize, a.len());
            prop_assert_eq!(left.contains(one), a.contains(&one));
            prop_assert_eq!(left.next_from(one), a.range(one..).next().copied());
            prop_assert_eq!(model(&left.intersection(&right)), &a & &b);
            prop_assert_eq!(model(&left.difference(&right)), a.difference(&b).copied().collect());
            let mut union = left.clone();
            union.extend_from(&right);
            prop_assert_eq!(model(&union), &a | &b);
            prop_assert_eq!(model(&left.head(count)), a.iter().copied().take(count as usize).collect());
            let (mut changed, mut expected) = (left.clone(), a.clone());
            prop_assert_eq!(changed.insert(one), expected.insert(one));
            prop_assert_eq!(model(&changed), expected);
            prop_assert_eq!(changed.iter().collect::<Esis>(), changed, "one form");
            let (mut changed, mut expected) = (left, a);
            prop_assert_eq!(changed.remove(one), expected.remove(&one));
            prop_assert_eq!(model(&changed), expected);
            prop_assert_eq!(changed.iter().collect::<Esis>(), changed);
        }
    }
}
