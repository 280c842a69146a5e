//! What a node holds of a zone.

use alloc::vec::Vec;

use fcp_core::id::ObjectId;
use fcp_core::object::{RetentionClass, StorageMeta};

use super::Links;
use crate::admission::Reputation;

/// One object of a zone, as garbage collection sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GcObject<'r> {
    /// Its id.
    pub id: ObjectId,
    /// What it keeps alive: the header's `refs`, never its `foreign_refs` (§3.7).
    pub refs: &'r [ObjectId],
    /// The event before it, for an audit event, whose header cannot list it (G8). Nothing for any other object.
    pub prev: Option<ObjectId>,
    /// The object that it lives and dies with, for a signature set (D14). Nothing for any other object.
    pub target: Option<ObjectId>,
    /// The node's notes on it.
    pub meta: StorageMeta,
    /// What it takes of the quota.
    pub bytes: u64,
    /// The reputation of the peer that it came from; 0 where nothing is known (D137).
    pub reputation: Reputation,
}

impl GcObject<'static> {
    /// An object that references nothing, of nobody in particular.
    #[must_use]
    pub fn new(id: ObjectId, meta: StorageMeta, bytes: u64) -> Self {
        Self { id, refs: &[], prev: None, target: None, meta, bytes, reputation: Reputation::default() }
    }
}

impl<'r> GcObject<'r> {
    /// The same object with these links.
    #[must_use]
    pub fn with_links(self, links: &'r Links) -> Self {
        Self { refs: &links.refs, prev: links.prev, target: links.target, ..self }
    }
}

/// An object without its links.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) id: ObjectId,
    pub(super) bytes: u64,
    pub(super) meta: StorageMeta,
    /// Where its links end; they begin where those of the entry before end.
    pub(super) links_end: usize,
    pub(super) reputation: Reputation,
    /// Whether it lives with a target, which then is its last link.
    pub(super) has_target: bool,
}

/// Everything that a node holds of one zone, in any order.
///
/// Takes 80 bytes an object and 32 a link; a collection adds about 25 bytes an object while it runs.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    pub(super) entries: Vec<Entry>,
    pub(super) links: Vec<ObjectId>,
}

impl Inventory {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new(), links: Vec::new() }
    }

    /// Nothing, with room for `objects` that have `links` together.
    #[must_use]
    pub fn with_capacity(objects: usize, links: usize) -> Self {
        Self { entries: Vec::with_capacity(objects), links: Vec::with_capacity(links) }
    }

    /// Adds an object. If its id is there already, the first one counts.
    pub fn push(&mut self, object: GcObject<'_>) {
        self.links.extend_from_slice(object.refs);
        self.links.extend(object.prev);
        self.links.extend(object.target);
        self.entries.push(Entry {
            id: object.id,
            bytes: object.bytes,
            meta: object.meta,
            links_end: self.links.len(),
            reputation: object.reputation,
            has_target: object.target.is_some(),
        });
    }

    /// How many objects there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where the links of the object at `at` stand.
    pub(super) fn links_of(&self, at: usize) -> core::ops::Range<usize> {
        let start = at.checked_sub(1).and_then(|before| self.entries.get(before)).map_or(0, |entry| entry.links_end);
        start..self.entries.get(at).map_or(start, |entry| entry.links_end)
    }
}

impl<'r> Extend<GcObject<'r>> for Inventory {
    fn extend<I: IntoIterator<Item = GcObject<'r>>>(&mut self, objects: I) {
        objects.into_iter().for_each(|object| self.push(object));
    }
}

impl<'r> FromIterator<GcObject<'r>> for Inventory {
    fn from_iter<I: IntoIterator<Item = GcObject<'r>>>(objects: I) -> Self {
        let mut inventory = Self::new();
        inventory.extend(objects);
        inventory
    }
}

impl Entry {
    /// Whether only an unpin lets it go.
    pub(super) const fn is_pinned(&self) -> bool {
        matches!(self.meta.retention, RetentionClass::Pinned)
    }
}
