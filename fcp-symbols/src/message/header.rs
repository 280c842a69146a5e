//! What all messages share: their header, and whose they are.

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ZoneId};
use fcp_core::object::{ControlPlaneObject, MeshObject, Message, ObjectError, ObjectHeader, Provenance, TaintFlags};
use fcp_core::time::Timestamp;

/// How long a message means something, in seconds (D72).
pub const TTL_SECS: u64 = 60;

/// The header of a message (D72): no references, 60 s to live, untainted provenance of its zone with the zone's levels.
#[must_use]
pub fn ephemeral_header<T: Message>(zone: ZoneId, integrity: u8, confidentiality: u8, now: Timestamp) -> ObjectHeader {
    ObjectHeader::for_type::<T>(Provenance::of_zone(zone, integrity, confidentiality, now)).with_ttl(TTL_SECS)
}

/// Checks that a message's header is one that [`ephemeral_header`] makes, whatever the zone's levels are, and that the
/// message is in that zone.
pub(super) fn check_header<T: Message>(header: &ObjectHeader, zone_id: &ZoneId) -> Result<(), Reason> {
    let provenance = &header.provenance;
    let plain = header.schema.as_str() == T::SCHEMA
        && header.refs.is_empty()
        && header.foreign_refs.is_empty()
        && header.ttl_secs == Some(TTL_SECS)
        && header.placement.is_none()
        && provenance.origin_zone == header.zone_id
        && provenance.current_zone == header.zone_id
        && provenance.taint == TaintFlags::empty()
        && provenance.origin_principal.is_none()
        && provenance.label_adjustments.is_empty()
        && provenance.taint_reductions.is_empty()
        && provenance.zone_crossings.is_empty();
    if !plain {
        return Err(Reason::SymbolMessageHeader);
    }
    if header.zone_id != *zone_id { Err(Reason::ObjectZoneMismatch) } else { Ok(()) }
}

/// Takes a message out of the control-plane object that it travelled in.
///
/// # Errors
/// [`ObjectError`] if the body is not canonical or of another type, or its header is not the object's (D13).
pub fn read<T: MeshObject>(object: &ControlPlaneObject) -> Result<T, ObjectError> {
    let message: T = object.message()?;
    if message.header() != object.header() {
        return Err(ObjectError::HeaderMismatch);
    }
    message.check()?;
    Ok(message)
}

/// A message of which it is known who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentic<T> {
    message: T,
    peer: NodeId,
}

impl<T> Authentic<T> {
    pub(super) const fn new(message: T, peer: NodeId) -> Self {
        Self { message, peer }
    }

    /// The message.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.message
    }

    /// Who sent it.
    #[must_use]
    pub const fn peer(&self) -> &NodeId {
        &self.peer
    }

    /// The message, taken out.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.message
    }
}
