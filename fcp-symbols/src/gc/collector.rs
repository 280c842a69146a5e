//! Mark and sweep.

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::ops::Range;

use fcp_core::id::ObjectId;
use fcp_core::object::RetentionClass;
use fcp_core::time::Timestamp;

use super::index::Index;
use super::inventory::Entry;
use super::{Evicted, EvictionReason, GcPlan, Inventory};

/// Something leads to it.
const LIVE: u8 = 1;
/// A running lease leads to it.
const LEASED: u8 = 2;
/// It is a root itself.
const ROOT: u8 = 4;
/// It goes.
const GOES: u8 = 8;
/// Its links were followed once.
const FOLLOWED: u8 = 16;

/// A collection under way: [`step`](Self::step) until it is done, then [`finish`](Self::finish).
///
/// It works on the inventory as it was. If objects are stored meanwhile, [`shade`](Self::shade) what they reference, so
/// that nothing goes that became reachable; the new objects themselves are not in the inventory and so do not go.
#[derive(Debug)]
pub struct Collector {
    inventory: Inventory,
    index: Index,
    marks: Vec<u8>,
    /// Signature sets by their targets.
    sidecars: Vec<(u32, u32)>,
    /// What is marked and whose links were not followed yet.
    pending: Vec<u32>,
    /// The object whose links are being followed: its marks, and which links are left.
    current: Option<(u8, Range<usize>)>,
    quota_bytes: u64,
    missing_links: u64,
}

impl Collector {
    /// Begins a collection: sorts the ids once, and marks the roots. `roots` are the zone's latest checkpoint and the
    /// node's explicit pins; objects of the class `Pinned` are roots whether they are named or not.
    #[must_use]
    pub fn new(inventory: Inventory, roots: &[ObjectId], quota_bytes: u64, now: Timestamp) -> Self {
        let index = Index::new(&inventory.entries);
        let marks = vec![0; inventory.len()];
        let mut collector = Self {
            inventory,
            index,
            marks,
            sidecars: Vec::new(),
            pending: Vec::new(),
            current: None,
            quota_bytes,
            missing_links: 0,
        };
        collector.attach();
        let indices = 0..collector.inventory.len();
        for at in indices {
            match collector.inventory.entries.get(at).map(|entry| entry.meta.retention) {
                Some(RetentionClass::Pinned) => collector.mark(at, LIVE | ROOT),
                Some(RetentionClass::Lease { expires_at }) if now < expires_at => collector.mark(at, LIVE | LEASED),
                _ => {}
            }
        }
        for root in roots {
            if let Some(at) = collector.find(root) {
                collector.mark(at, LIVE | ROOT);
            }
        }
        collector
    }

    /// Finds the target of each signature set.
    fn attach(&mut self) {
        let targets = self.inventory.entries.iter().zip(0_u32..).filter(|(entry, _)| entry.has_target);
        let mut sidecars = Vec::new();
        for (entry, sidecar) in targets {
            let target = entry.links_end.checked_sub(1).and_then(|last| self.inventory.links.get(last));
            let target = target.and_then(|target| self.find(target)).and_then(|at| u32::try_from(at).ok());
            sidecars.extend(target.map(|target| (target, sidecar)));
        }
        sidecars.sort_unstable();
        self.sidecars = sidecars;
    }

    fn find(&self, id: &ObjectId) -> Option<usize> {
        self.index.find(&self.inventory.entries, id)
    }

    fn mark(&mut self, at: usize, marks: u8) {
        let Some(known) = self.marks.get_mut(at) else { return };
        let is_news = marks & !*known & (LIVE | LEASED) != 0;
        *known |= marks & (LIVE | LEASED | ROOT);
        if is_news && let Ok(at) = u32::try_from(at) {
            self.pending.push(at);
        }
    }

    fn sidecars_of(&self, at: usize) -> Range<usize> {
        let Ok(at) = u32::try_from(at) else { return 0..0 };
        let start = self.sidecars.partition_point(|(target, _)| *target < at);
        let count =
            self.sidecars.get(start..).unwrap_or_default().iter().take_while(|(target, _)| *target == at).count();
        start..start.saturating_add(count)
    }

    fn sidecar(&self, place: usize) -> Option<usize> {
        usize::try_from(self.sidecars.get(place)?.1).ok()
    }

    /// Something outside of the inventory references `id` since the collection began: it stays.
    pub fn shade(&mut self, id: &ObjectId) {
        if let Some(at) = self.find(id) {
            self.mark(at, LIVE);
        }
    }

    /// Follows at most `links` links; true when everything that can be reached has been.
    pub fn step(&mut self, links: usize) -> bool {
        let mut left = links;
        loop {
            if let Some((marks, mut rest)) = self.current.take() {
                while let Some(link) = rest.next() {
                    self.follow(link, marks);
                    left = left.saturating_sub(1);
                    if left == 0 {
                        self.current = Some((marks, rest));
                        return false;
                    }
                }
            }
            let Some(at) = self.pending.pop().and_then(|at| usize::try_from(at).ok()) else { return true };
            // An object without links costs as much as one link.
            left = left.saturating_sub(1);
            let Some(known) = self.marks.get_mut(at) else { continue };
            let marks = *known & (LIVE | LEASED | FOLLOWED);
            *known |= FOLLOWED;
            for place in self.sidecars_of(at) {
                if let Some(sidecar) = self.sidecar(place) {
                    self.mark(sidecar, marks);
                }
            }
            self.current = Some((marks, self.inventory.links_of(at)));
            if left == 0 {
                return false;
            }
        }
    }

    fn follow(&mut self, link: usize, marks: u8) {
        match self.inventory.links.get(link).map(|id| self.find(id)) {
            Some(Some(at)) => self.mark(at, marks),
            Some(None) if marks & FOLLOWED == 0 => self.missing_links = self.missing_links.saturating_add(1),
            _ => {}
        }
    }

    /// Goes through what is left of the first half, and says what stays and what goes.
    #[must_use]
    pub fn finish(mut self) -> GcPlan {
        while !self.step(usize::MAX) {}
        let mut plan = GcPlan { missing_links: self.missing_links, ..GcPlan::default() };
        let mut swept = self.those(|_, marks| marks & LIVE == 0);
        self.in_eviction_order(&mut swept);
        for at in swept {
            self.evict(at, EvictionReason::Unreachable, &mut plan);
        }
        plan.kept_bytes = self
            .those(|_, marks| marks & GOES == 0)
            .into_iter()
            .fold(0, |sum: u64, at| sum.saturating_add(self.entry(at).map_or(0, |entry| entry.bytes)));
        if plan.kept_bytes > self.quota_bytes {
            let may_go = |entry: &Entry, marks| marks & (LEASED | ROOT | GOES) == 0 && !entry.has_target;
            let mut candidates = self.those(may_go);
            self.in_eviction_order(&mut candidates);
            for at in candidates {
                if plan.kept_bytes <= self.quota_bytes {
                    break;
                }
                self.evict_with_sidecars(at, &mut plan);
            }
        }
        plan.over_quota_bytes = plan.kept_bytes.saturating_sub(self.quota_bytes);
        let stays = |at: &usize| self.marks.get(*at).is_some_and(|marks| marks & GOES == 0);
        plan.live = self.index.in_order().filter(stays).filter_map(|at| Some(self.entry(at)?.id)).collect();
        plan
    }

    fn entry(&self, at: usize) -> Option<&Entry> {
        self.inventory.entries.get(at)
    }

    /// Where the objects stand that `wanted` picks by their entry and marks.
    fn those(&self, wanted: impl Fn(&Entry, u8) -> bool) -> Vec<usize> {
        let picked =
            |at: &usize| self.entry(*at).zip(self.marks.get(*at)).is_some_and(|(entry, marks)| wanted(entry, *marks));
        self.index.in_order().filter(picked).collect()
    }

    /// Oldest first, then by reputation, then largest first, then by id (D137).
    fn in_eviction_order(&self, objects: &mut [usize]) {
        let key = |entry: &Entry| (entry.meta.received_at, entry.reputation, Reverse(entry.bytes), entry.id);
        objects.sort_unstable_by_key(|at| self.entry(*at).map(key));
    }

    fn evict(&mut self, at: usize, reason: EvictionReason, plan: &mut GcPlan) {
        let Some(entry) = self.inventory.entries.get(at).filter(|entry| !entry.is_pinned()) else { return };
        plan.evicted.push(Evicted { id: entry.id, bytes: entry.bytes, reason });
        plan.freed_bytes = plan.freed_bytes.saturating_add(entry.bytes);
        plan.kept_bytes = plan.kept_bytes.saturating_sub(entry.bytes);
        if let Some(marks) = self.marks.get_mut(at) {
            *marks |= GOES;
        }
    }

    fn evict_with_sidecars(&mut self, at: usize, plan: &mut GcPlan) {
        self.evict(at, EvictionReason::OverQuota, plan);
        for place in self.sidecars_of(at) {
            let Some(sidecar) = self.sidecar(place) else { continue };
            if self.marks.get(sidecar).is_some_and(|marks| marks & (LEASED | ROOT | GOES) == 0) {
                self.evict(sidecar, EvictionReason::WithTarget, plan);
            }
        }
    }
}

/// What of a zone stays and what goes, at once (§3.7).
#[must_use]
pub fn collect(inventory: Inventory, roots: &[ObjectId], quota_bytes: u64, now: Timestamp) -> GcPlan {
    Collector::new(inventory, roots, quota_bytes, now).finish()
}
