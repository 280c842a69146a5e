//! The header that every object begins with (§3.6).

use alloc::vec::Vec;

use super::{Message, ObjectPlacementPolicy, Provenance};
use crate::cbor::{Decode, Encode};
use crate::error::Reason;
use crate::id::{ObjectId, SchemaId, ZoneId};
use crate::time::Timestamp;

/// The header of an object (§3.6). It does not contain the object's id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = no_duplicates)]
pub struct ObjectHeader {
    /// The object's type.
    pub schema: SchemaId,
    /// The zone that it belongs to.
    pub zone_id: ZoneId,
    /// When it was created.
    pub created_at: Timestamp,
    /// Where its content comes from.
    pub provenance: Provenance,
    /// Objects of the same zone that live as long as this one, in the author's order, none twice (D39, G8).
    pub refs: Vec<ObjectId>,
    /// Objects of other zones, for audit only; none twice.
    pub foreign_refs: Vec<ObjectId>,
    /// How long to keep it, in seconds.
    pub ttl_secs: Option<u64>,
    /// How its symbols spread over the mesh.
    pub placement: Option<ObjectPlacementPolicy>,
}

impl ObjectHeader {
    /// A header for an object of `schema`, in the zone and at the time of its provenance, without references.
    #[must_use]
    pub fn new(schema: SchemaId, provenance: Provenance) -> Self {
        Self {
            schema,
            zone_id: provenance.current_zone.clone(),
            created_at: provenance.created_at,
            provenance,
            refs: Vec::new(),
            foreign_refs: Vec::new(),
            ttl_secs: None,
            placement: None,
        }
    }

    /// A header for an object of type `T`, in the zone and at the time of its provenance, without references.
    #[must_use]
    pub fn for_type<T: Message>(provenance: Provenance) -> Self {
        Self::new(SchemaId::of::<T>(), provenance)
    }

    /// The same header with these refs.
    #[must_use]
    pub fn with_refs(mut self, refs: Vec<ObjectId>) -> Self {
        self.refs = refs;
        self
    }

    /// The same header with this time to live, in seconds.
    #[must_use]
    pub const fn with_ttl(mut self, seconds: u64) -> Self {
        self.ttl_secs = Some(seconds);
        self
    }

    /// The same header with this placement policy.
    #[must_use]
    pub fn with_placement(mut self, placement: ObjectPlacementPolicy) -> Self {
        self.placement = Some(placement);
        self
    }

    /// Whether no reference stands twice.
    pub(super) fn has_duplicates(&self) -> bool {
        let twice = |refs: &[ObjectId]| {
            let mut sorted = refs.to_vec();
            sorted.sort_unstable();
            sorted.windows(2).any(|pair| matches!(pair, [left, right] if left == right))
        };
        twice(&self.refs) || twice(&self.foreign_refs)
    }
}

fn no_duplicates(header: &ObjectHeader) -> Result<(), Reason> {
    if header.has_duplicates() { Err(Reason::ObjectDuplicateRef) } else { Ok(()) }
}
