//! What an object must have shown before it counts (§8.4.1, D135, D136).

use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::StoredObject;

/// What is known about an object that somebody sent (§8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectAdmissionClass {
    /// Nobody knows yet whether it belongs to the zone: `RetentionClass::Ephemeral` for a while, and not gossiped.
    Quarantined,
    /// It belongs to the zone: kept by the zone's rules, and gossiped.
    Admitted,
}

impl ObjectAdmissionClass {
    /// Whether it may stand in the sets, filters and tables of gossip.
    #[must_use]
    pub const fn is_gossiped(self) -> bool {
        matches!(self, Self::Admitted)
    }
}

/// Which objects belong to a zone: what the latest accepted checkpoint reaches, and what the owner pinned here (D135, D136).
pub trait Frontier {
    /// Whether the object is reachable from the zone's latest accepted checkpoint.
    fn reaches(&self, zone: &ZoneId, object: &ObjectId) -> bool;

    /// Whether the object is pinned on this node.
    fn pins(&self, zone: &ZoneId, object: &ObjectId) -> bool;
}

/// The proof that an object was put together, has its id, and is what its schema says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChecked {
    id: ObjectId,
    zone: ZoneId,
}

impl SchemaChecked {
    /// Has the schema of an object checked. That it has its id, every [`StoredObject`] proves.
    ///
    /// `check` opens it as what its header says that it is: as with [`StoredObject::open`], and with the signature's key
    /// where there is one. An object of a type that the node does not know is refused.
    ///
    /// # Errors
    /// The reason that `check` gives.
    pub fn new(object: &StoredObject, check: impl FnOnce(&StoredObject) -> Result<(), Reason>) -> Result<Self, Reason> {
        check(object)?;
        Ok(Self { id: object.id(), zone: object.header().zone_id.clone() })
    }

    /// The object.
    #[must_use]
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// Its zone.
    #[must_use]
    pub const fn zone(&self) -> &ZoneId {
        &self.zone
    }
}

/// The object is neither reachable from the zone's checkpoint nor pinned. It may become so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("object is neither reachable from the zone's checkpoint nor pinned")]
pub struct Unreachable;

impl Unreachable {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::AdmissionUnreachable
    }
}

/// The proof that an object belongs to its zone, which gossip asks for (§8.4.1).
///
/// What is in quarantine has only an id, and no id becomes this: an object must have been put together and checked, and the
/// zone's frontier must want it. What was admitted before a restart is [`restored`](Self::restored).
///
/// ```compile_fail
/// # use fcp_core::id::{ObjectId, ZoneId};
/// # use fcp_core::time::Millis;
/// # use fcp_symbols::gossip::MeshGossip;
/// # fn tell(gossip: &mut MeshGossip, now: Millis) {
/// gossip.admitted(now, &ObjectId::from_bytes([7; 32]), None);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    id: ObjectId,
    zone: ZoneId,
}

impl Admitted {
    /// Admits an object that is reachable or pinned. That somebody asked for it is no reason (D135).
    ///
    /// # Errors
    /// [`Unreachable`].
    pub fn new(object: &SchemaChecked, frontier: &impl Frontier) -> Result<Self, Unreachable> {
        let SchemaChecked { id, zone } = object;
        if frontier.reaches(zone, id) || frontier.pins(zone, id) {
            Ok(Self { id: *id, zone: zone.clone() })
        } else {
            Err(Unreachable)
        }
    }

    /// The proof for an object that this node admitted before, as its own store says: for a node that starts again.
    #[must_use]
    pub const fn restored(zone: ZoneId, id: ObjectId) -> Self {
        Self { id, zone }
    }

    /// The object.
    #[must_use]
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// Its zone.
    #[must_use]
    pub const fn zone(&self) -> &ZoneId {
        &self.zone
    }
}
