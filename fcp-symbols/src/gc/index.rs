//! Finding an object by its id.

use alloc::vec;
use alloc::vec::Vec;

use fcp_core::id::ObjectId;

use super::inventory::Entry;

/// At most this many bits of an id choose its bucket.
const MAX_BITS: u32 = 20;

/// The ids, sorted, with a table over their first bits. Whatever the ids are, a lookup costs no more than a binary search.
#[derive(Debug)]
pub(super) struct Index {
    /// The first eight bytes of an id, and where its entry stands.
    slots: Vec<(u64, u32)>,
    /// Where in `slots` each bucket begins.
    buckets: Vec<u32>,
    shift: u32,
}

fn prefix(id: &ObjectId) -> u64 {
    u64::from_be_bytes(id.as_bytes().first_chunk().copied().unwrap_or_default())
}

fn entry(entries: &[Entry], at: u32) -> Option<&Entry> {
    entries.get(usize::try_from(at).ok()?)
}

impl Index {
    pub(super) fn new(entries: &[Entry]) -> Self {
        let mut slots: Vec<(u64, u32)> = entries.iter().map(|entry| prefix(&entry.id)).zip(0..).collect();
        slots.sort_unstable_by(|(left, left_at), (right, right_at)| {
            let ids = || {
                let id = |at| entry(entries, at).map(|entry| entry.id);
                id(*left_at).cmp(&id(*right_at))
            };
            left.cmp(right).then_with(ids).then(left_at.cmp(right_at))
        });
        slots.dedup_by(|(later, later_at), (first, first_at)| {
            let id = |at| entry(entries, at).map(|entry| entry.id);
            later == first && id(*later_at) == id(*first_at)
        });

        let bits = slots.len().checked_ilog2().unwrap_or_default().min(MAX_BITS);
        let shift = u64::BITS.saturating_sub(bits);
        let mut buckets = vec![0_u32; 1_usize.checked_shl(bits).unwrap_or(1).saturating_add(1)];
        for (prefix, _) in &slots {
            if let Some(count) = buckets.get_mut(bucket(*prefix, shift).saturating_add(1)) {
                *count = count.saturating_add(1);
            }
        }
        let mut sum = 0_u32;
        for count in &mut buckets {
            sum = sum.saturating_add(*count);
            *count = sum;
        }
        Self { slots, buckets, shift }
    }

    /// Where the object stands, if it is held.
    pub(super) fn find(&self, entries: &[Entry], id: &ObjectId) -> Option<usize> {
        let prefix = prefix(id);
        let bucket = bucket(prefix, self.shift);
        let bound = |at: usize| usize::try_from(*self.buckets.get(at)?).ok();
        let slots = self.slots.get(bound(bucket)?..bound(bucket.saturating_add(1))?)?;
        let found = slots.binary_search_by(|(other, at)| {
            other.cmp(&prefix).then_with(|| entry(entries, *at).map(|entry| entry.id).cmp(&Some(*id)))
        });
        usize::try_from(slots.get(found.ok()?)?.1).ok()
    }

    /// Where every object stands, each once, by id.
    pub(super) fn in_order(&self) -> impl Iterator<Item = usize> {
        self.slots.iter().filter_map(|(_, at)| usize::try_from(*at).ok())
    }
}

fn bucket(prefix: u64, shift: u32) -> usize {
    usize::try_from(prefix.checked_shr(shift).unwrap_or_default()).unwrap_or(usize::MAX)
}
