//! What tells contexts apart.

use fcp_core::id::ObjectId;

use crate::raptor::{Block, Coding};

/// What symbols must have in common to be decoded together (D61).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextKey {
    /// The object.
    pub object_id: ObjectId,
    /// K and the symbol size.
    pub block: Block,
    /// What the symbols are.
    pub coding: Coding,
}

impl ContextKey {
    /// The first key that contexts of `object_id` may have, in their order.
    pub(super) const fn first_of(object_id: ObjectId) -> Self {
        Self { object_id, block: Block::SMALLEST, coding: Coding::Raw }
    }
}
