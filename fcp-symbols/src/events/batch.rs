//! The events of an epoch, as an object.

use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{ConnectorId, EpochId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
use fcp_core::time::Timestamp;

use super::EventEnvelope;

/// How many events a batch holds at most (D228).
pub const MAX_EVENTS: usize = 4096;

/// Events of one connector and one epoch (§20.1, D183, D228).
///
/// ```cddl
/// event-batch = { header: object-header, connector_id: tstr, epoch_id: uint, part: u32, events: [1*4096 event-envelope] }
/// ```
///
/// Events ascend by topic, then by place, none stands twice, and all happened in the epoch. The header's time is the first
/// second behind it, so that nothing in the object says when it was made.
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:EventBatch@2.0.0", check = is_a_batch)]
pub struct EventBatch {
    /// The header.
    pub header: ObjectHeader,
    /// Whose events they are.
    pub connector_id: ConnectorId,
    /// When they happened.
    pub epoch_id: EpochId,
    /// Which batch of the connector and the epoch this is, from 0.
    pub part: u32,
    /// The events.
    pub events: Vec<EventEnvelope>,
}

impl EventBatch {
    /// When a batch of `epoch` is dated: the first second behind it.
    #[must_use]
    pub const fn created_at(epoch: EpochId) -> Timestamp {
        epoch.saturating_add(1).start()
    }

    /// A batch of events that are in order.
    pub(super) fn new(
        provenance: &Provenance,
        connector_id: ConnectorId,
        epoch_id: EpochId,
        part: u32,
        events: Vec<EventEnvelope>,
    ) -> Self {
        let provenance = Provenance { created_at: Self::created_at(epoch_id), ..provenance.clone() };
        Self { header: ObjectHeader::for_type::<Self>(provenance), connector_id, epoch_id, part, events }
    }
}

fn is_a_batch(batch: &EventBatch) -> Result<(), Reason> {
    if batch.events.is_empty() || batch.events.len() > MAX_EVENTS {
        return Err(Reason::EventCount);
    }
    if !batch.events.is_sorted_by(|left, right| left.key() < right.key()) {
        return Err(Reason::EventOrder);
    }
    let of_epoch = |event: &EventEnvelope| EpochId::of(event.timestamp) == batch.epoch_id;
    let is_dated = batch.header.created_at == EventBatch::created_at(batch.epoch_id);
    if is_dated && batch.events.iter().all(of_epoch) { Ok(()) } else { Err(Reason::EventEpoch) }
}
