//! Repair symbols as what they are: sums of the source symbols, each times a coefficient of GF(2^8).
//!
//! For one K the coefficients of each ESI are fixed. Nothing of RFC 6330 is repeated to find them: the library encodes
//! the K unit vectors as if they were source symbols of K bytes, and what comes out as the repair symbol of an ESI is
//! its row of coefficients.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use super::solver::{Intermediate, Plan};

/// The coefficients of all repair symbols of one K.
#[derive(Debug)]
pub(super) struct Rows {
    k: u16,
    /// Those of ESI K, K + 1…, which are the most used.
    first: Vec<u8>,
    /// What all others follow from.
    units: Intermediate,
}

impl Rows {
    /// The largest K that has them: beyond, they take too much memory.
    pub(super) const MAX_K: u16 = 2048;

    /// Those of `k`, whose plan `plan` is; nothing if `k` is too large, or 0.
    pub(super) fn new(k: u16, plan: &Plan) -> Option<Self> {
        if k == 0 || k > Self::MAX_K {
            return None;
        }
        let len = usize::from(k);
        let mut units = vec![0; len.saturating_mul(len)];
        for one in units.iter_mut().step_by(len.saturating_add(1)) {
            *one = 1;
        }
        let units = Intermediate::of_units(k, &units, plan);
        let mut first = Vec::with_capacity(Self::first_count(k).saturating_mul(len));
        for esi in (u32::from(k)..).take(Self::first_count(k)) {
            // The excluded ids are far beyond.
            first.extend_from_slice(&units.repair(esi)?);
        }
        Some(Self { k, first, units })
    }

    /// About how much memory those of `k` take: the first rows, and the unit vectors with what follows from them.
    pub(super) fn bytes(k: u16) -> usize {
        let len = usize::from(k);
        let held = len.saturating_mul(2).saturating_add(len.div_euclid(16)).saturating_add(64);
        held.saturating_add(Self::first_count(k)).saturating_mul(len.saturating_add(32))
    }

    /// How many are kept.
    fn first_count(k: u16) -> usize {
        usize::from(k).div_euclid(8).saturating_add(16)
    }

    /// The row of the repair symbol `esi`, which [`is_reachable`](super::solver::is_reachable).
    pub(super) fn row(&self, esi: u32) -> Option<Cow<'_, [u8]>> {
        match self.consecutive(esi, 1) {
            Some(row) => Some(row.into()),
            None => self.units.repair(esi).map(Cow::Owned),
        }
    }

    /// The rows of `count` repair symbols from `esi` on, if all are kept.
    pub(super) fn consecutive(&self, esi: u32, count: usize) -> Option<&[u8]> {
        let (len, index) = (usize::from(self.k), usize::try_from(esi.checked_sub(u32::from(self.k))?).ok()?);
        self.first.get(index.checked_mul(len)?..)?.get(..count.checked_mul(len)?)
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;
    use crate::raptor::solver::Plan;

    #[test]
    fn rows_are_there_for_every_k_up_to_the_limit() {
        assert!(Rows::new(0, &Plan::new(1)).is_none());
        for k in [1, 2, 7, 8, 9, 10, 64, 255, 300] {
            let rows = Rows::new(k, &Plan::new(k)).unwrap();
            for esi in [u32::from(k), u32::from(k) + 15, u32::from(k) + 1000, (1 << 24) - 1] {
                let row = rows.row(esi).unwrap();
                assert_eq!(row.len(), usize::from(k));
                assert!(row.iter().any(|coefficient| *coefficient != 0), "K = {k}, ESI {esi}");
            }
            assert!(rows.row(u32::from(k) - 1).is_none());
        }
    }

    /// With one source symbol, every repair symbol is a multiple of it.
    #[test]
    fn the_kept_rows_are_those_that_are_made() {
        let rows = Rows::new(20, &Plan::new(20)).unwrap();
        for esi in 20..38 {
            assert_eq!(rows.row(esi).unwrap(), rows.units.repair(esi).unwrap());
        }
        assert_eq!(rows.consecutive(21, 2).unwrap().len(), 40);
        assert!(rows.consecutive(37, 2).is_none() && rows.consecutive(19, 1).is_none());
    }
}
