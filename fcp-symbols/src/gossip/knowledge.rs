//! What is known of a set of a peer: exactly, where a reconciliation said so, else from its filter.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use fcp_core::time::Millis;

use super::config::GossipConfig;
use super::{Difference, GossipItem, HeldItems, IdRange, SetDigest, XorFilter};

/// Whether a peer holds an item, as far as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Knowledge {
    /// It does: reconciling told so.
    Held,
    /// It probably does: its filter has the item, as it has one of 256 that it does not hold.
    Likely,
    /// Nothing is known.
    Unknown,
    /// It does not, or did not when it said last.
    Absent,
}

/// A peer's filters of one set.
#[derive(Debug)]
struct Filters {
    digest: SetDigest,
    bits: u8,
    /// From the first part on, as many as there was room for.
    parts: Vec<XorFilter>,
}

impl Filters {
    fn bytes(&self) -> usize {
        self.parts.iter().map(XorFilter::encoded_len).sum()
    }

    fn knows(&self, item: &GossipItem) -> Knowledge {
        let [first, second, ..] = *item.as_bytes();
        let leading = u32::from(u16::from_be_bytes([first, second]));
        let part = usize::try_from(leading << self.bits >> 16).ok().and_then(|at| self.parts.get(at));
        match part.map(|part| part.contains(item.check())) {
            Some(true) => Knowledge::Likely,
            Some(false) => Knowledge::Absent,
            None => Knowledge::Unknown,
        }
    }
}

/// One set of a peer.
#[derive(Debug, Default)]
pub(super) struct SetView {
    /// The digest of the last summary.
    pub(super) digest: Option<SetDigest>,
    filters: Option<Filters>,
    /// When the next filter may be asked for.
    pub(super) filter_at: Millis,
    /// What the peer holds and this node did not, and what the other way round, with the run that found it.
    has: BTreeMap<GossipItem, u32>,
    lacks: BTreeMap<GossipItem, u32>,
    /// Up to which of the own items the last whole run compared, unless it found more than is remembered.
    as_of: Option<u64>,
    run: u32,
    overflown: bool,
    /// How many of `has` are missing here.
    missing: usize,
}

impl SetView {
    /// A reconciliation begins.
    pub(super) const fn begin_run(&mut self) {
        self.run = self.run.wrapping_add(1);
        self.overflown = false;
    }

    /// What a part of a reconciliation found: what the peer has in addition, and what it has not.
    pub(super) fn learn(&mut self, found: &Difference, held: &HeldItems, config: &GossipConfig) {
        for item in &found.added {
            self.lacks.remove(item);
            if self.has.len() >= config.max_known_per_peer {
                self.has.retain(|item, _| !held.contains(item));
            }
            if self.has.len() < config.max_known_per_peer && self.has.insert(*item, self.run).is_none() {
                self.missing = self.missing.saturating_add(1);
            }
        }
        for item in &found.removed {
            self.has.remove(item);
            if self.lacks.len() < config.max_known_per_peer {
                self.lacks.insert(*item, self.run);
            } else {
                self.overflown = true;
            }
        }
    }

    /// A reconciliation has compared everything; what it did not find again no longer differs. `as_of` is the own set's
    /// serial number when it began.
    pub(super) fn end_run(&mut self, as_of: u64, held: &HeldItems) {
        let run = self.run;
        self.has.retain(|_, found| *found == run);
        self.lacks.retain(|_, found| *found == run);
        self.as_of = Some(as_of).filter(|_| !self.overflown);
        self.missing = self.has.keys().filter(|item| !held.contains(item)).count();
    }

    /// The peer's set is the own one.
    pub(super) fn in_sync(&mut self, held: &HeldItems) {
        self.begin_run();
        self.end_run(held.serial(), held);
    }

    /// An item came into the own set.
    pub(super) fn came(&mut self, item: &GossipItem) {
        if self.has.contains_key(item) {
            self.missing = self.missing.saturating_sub(1);
        }
    }

    /// An item went from the own set.
    pub(super) fn went(&mut self, item: &GossipItem) {
        if self.has.contains_key(item) {
            self.missing = self.missing.saturating_add(1);
        }
    }

    /// How many items the peer is known to hold that are missing here.
    pub(super) const fn missing(&self) -> usize {
        self.missing
    }

    /// The items that the peer is known to hold.
    pub(super) fn has(&self) -> impl Iterator<Item = &GossipItem> {
        self.has.keys()
    }

    /// Whether the filters are of the last summary's set.
    pub(super) fn has_filters(&self) -> bool {
        self.digest.is_some() && self.filters.as_ref().map(|filters| filters.digest) == self.digest
    }

    /// Takes in a filter; says whether there is room for those behind it.
    pub(super) fn take_filter(
        &mut self,
        range: IdRange,
        digest: SetDigest,
        filter: XorFilter,
        config: &GossipConfig,
    ) -> bool {
        if range.prefix() == 0 {
            self.filters = Some(Filters { digest, bits: range.bits(), parts: Vec::new() });
        }
        let Some(filters) = &mut self.filters else { return false };
        let expected = filters.bits == range.bits() && filters.parts.len() == usize::from(range.prefix());
        let fits = filters.bytes().saturating_add(filter.encoded_len()) <= config.max_filter_bytes_per_peer;
        if expected && fits {
            filters.parts.push(filter);
        }
        expected && fits
    }

    /// Whether the peer holds an item.
    pub(super) fn knows(&self, item: &GossipItem, held: &HeldItems) -> Knowledge {
        if self.has.contains_key(item) {
            return Knowledge::Held;
        }
        if self.lacks.contains_key(item) {
            return Knowledge::Absent;
        }
        if held.serial_of(item).zip(self.as_of).is_some_and(|(serial, as_of)| serial <= as_of) {
            return Knowledge::Held;
        }
        self.filters.as_ref().map_or(Knowledge::Unknown, |filters| filters.knows(item))
    }
}
