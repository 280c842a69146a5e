//! Which symbols go out, of those that are held (D221).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;

/// Which symbols of an object a node can send.
pub trait HeldSymbols {
    /// The smallest ESI from `esi` on that is held.
    fn next_from(&self, esi: u32) -> Option<u32>;

    /// Whether `esi` is held.
    fn holds(&self, esi: u32) -> bool {
        self.next_from(esi) == Some(esi)
    }
}

impl HeldSymbols for BTreeSet<u32> {
    fn next_from(&self, esi: u32) -> Option<u32> {
        self.range(esi..).next().copied()
    }
}

/// What is made when it is asked for: whoever has the whole object has all of `0..MAX_ESI + 1`.
impl HeldSymbols for Range<u32> {
    fn next_from(&self, esi: u32) -> Option<u32> {
        Some(esi.max(self.start)).filter(|esi| *esi < self.end)
    }
}

/// At most `count` of the symbols that are `held`, none twice: first those that are named, in their order, then others from
/// `next` on and around. With where to go on.
pub(super) fn choose(named: &[u32], held: &impl HeldSymbols, next: u32, count: u32) -> (Vec<u32>, u32) {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut chosen = BTreeSet::new();
    let mut esis = Vec::new();
    for esi in named.iter().copied().filter(|esi| held.holds(*esi)) {
        if esis.len() >= count {
            return (esis, next);
        }
        if chosen.insert(esi) {
            esis.push(esi);
        }
    }
    let (mut at, mut around) = (next, false);
    while esis.len() < count {
        match held.next_from(at) {
            Some(esi) if around && esi >= next => break,
            Some(esi) => {
                if chosen.insert(esi) {
                    esis.push(esi);
                }
                at = esi.saturating_add(1);
            }
            None if around => break,
            None => (at, around) = (0, true),
        }
    }
    (esis, at)
}

#[cfg(test)]
mod tests {
    use super::{HeldSymbols as _, choose};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_is_named_goes_first_then_what_has_not_gone_yet() {
        let held: BTreeSet<u32> = [1, 2, 3, 5, 8].into();
        assert_eq!(choose(&[5, 4, 1, 5], &held, 0, 10), (vec![5, 1, 2, 3, 8], 0));
        assert_eq!(choose(&[5, 4, 1], &held, 3, 3), (vec![5, 1, 3], 4));
        assert_eq!(choose(&[5, 4, 1], &held, 3, 1), (vec![5], 3));
        assert_eq!(choose(&[], &held, 4, 3), (vec![5, 8, 1], 2));
        assert_eq!(choose(&[], &held, 9, 99), (vec![1, 2, 3, 5, 8], 9));
        assert_eq!(choose(&[], &BTreeSet::new(), 9, 99), (vec![], 0));
        assert_eq!(choose(&[7], &(0..10), 8, 4), (vec![7, 8, 9, 0], 1));
        assert_eq!(choose(&[7], &(4..10), 0, 2), (vec![7, 4], 5));
        assert!(!(4..10).holds(10) && !(4..10).holds(3) && (4..10).holds(9));
        assert_eq!(choose(&[], &(u32::MAX - 1..u32::MAX), u32::MAX, 9), (vec![u32::MAX - 1], u32::MAX));
    }

    proptest! {
        /// However it is asked for, all is sent that there is room for, and nothing twice; and in as many answers as it
        /// takes, everything is sent before anything is sent again.
        #[test]
        fn everything_has_its_turn(
            held in proptest::collection::btree_set(0_u32..50, 1..30),
            named in proptest::collection::vec(0_u32..60, 0..10),
            first in 0_u32..60,
            count in 1_u32..20,
        ) {
            let (esis, _) = choose(&named, &held, first, count);
            let set: BTreeSet<u32> = esis.iter().copied().collect();
            prop_assert_eq!(set.len(), esis.len());
            prop_assert!(set.is_subset(&held));
            prop_assert_eq!(set.len(), held.len().min(count as usize));
            let wanted: BTreeSet<u32> = named.iter().copied().filter(|esi| held.contains(esi)).collect();
            prop_assert!(set.is_superset(&wanted) || wanted.is_superset(&set));

            let (mut next, mut turns) = (first, Vec::new());
            while turns.len() < held.len() {
                let (esis, behind) = choose(&[], &held, next, count);
                (next, turns) = (behind, [turns, esis].concat());
            }
            let all: BTreeSet<u32> = turns.iter().take(held.len()).copied().collect();
            prop_assert_eq!(all, held);
        }
    }
}
