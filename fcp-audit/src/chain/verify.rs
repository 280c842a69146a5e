//! Checking an audit chain from its first event, in memory that does not grow with it.

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ObjectIdKey, ZoneId};
use fcp_core::object::{ObjectError, StoredObject};

use super::Tip;
use crate::AttestedKeys;
use crate::event::{AuditEvent, SequencedEvent};
use crate::head::AuditHead;

/// Where a chain breaks, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("event {seq}: {}", .reason.meaning())]
pub struct ChainFault {
    /// The place of the first event that is wrong.
    pub seq: u64,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Checks the events of a zone's audit chain one after the other (§23.4, D185).
///
/// It remembers only the last event, so a chain of any length is checked in constant memory. Whatever byte of a stored
/// event was changed, the fault names that event: its bytes no longer decode, its link or sequence no longer fits, or
/// its signature no longer verifies. After a fault the verifier stands where it stood.
#[derive(Debug, Clone)]
pub struct AuditVerifier {
    zone: ZoneId,
    tip: Option<Tip>,
    /// Who signed the last event: the best guess for the next.
    likely: Option<NodeId>,
}

impl AuditVerifier {
    /// Begins with the first event of the zone's chain.
    #[must_use]
    pub const fn from_start(zone: ZoneId) -> Self {
        Self::after(zone, None)
    }

    /// Goes on behind `tip`, which was checked before.
    #[must_use]
    pub const fn after(zone: ZoneId, tip: Option<Tip>) -> Self {
        Self { zone, tip, likely: None }
    }

    /// The last event that was checked.
    #[must_use]
    pub const fn tip(&self) -> Option<Tip> {
        self.tip
    }

    /// The sequence that the next event must have.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.tip.map_or(1, |tip| tip.seq.saturating_add(1))
    }

    /// Checks the next event's canonical bytes. `id` is what the bytes are stored under, and `id_key` the key of that
    /// time (D16).
    ///
    /// # Errors
    /// [`ChainFault`] at the next sequence.
    pub fn push_bytes(
        &mut self,
        id: &ObjectId,
        canonical: &[u8],
        id_key: &ObjectIdKey,
        keys: &AttestedKeys<'_>,
    ) -> Result<SequencedEvent, ChainFault> {
        let stored = StoredObject::parse_as(*id, canonical, id_key).map_err(|error| self.fault(error.reason()))?;
        self.push(&stored, keys)
    }

    /// Checks the next event.
    ///
    /// # Errors
    /// [`ChainFault`] at the next sequence.
    pub fn push(&mut self, stored: &StoredObject, keys: &AttestedKeys<'_>) -> Result<SequencedEvent, ChainFault> {
        let checked = self.check(stored, keys).map_err(|reason| self.fault(reason))?;
        self.tip = Some(Tip { event: checked.event.id(), seq: checked.event.seq() });
        self.likely = Some(checked.executed_by.clone());
        Ok(checked)
    }

    /// Checks that `head` is the end of the chain.
    ///
    /// # Errors
    /// [`ChainFault`] at the head's sequence, or at the chain's end if the head is further on.
    pub fn finish(&self, head: &AuditHead) -> Result<(), ChainFault> {
        let seq = head.head_seq.min(self.next_seq());
        if head.zone_id != self.zone {
            return Err(ChainFault { seq, reason: Reason::AuditWrongZone });
        }
        if self.tip == Some(head.tip()) { Ok(()) } else { Err(ChainFault { seq, reason: Reason::AuditBadHead }) }
    }

    fn check(&self, stored: &StoredObject, keys: &AttestedKeys<'_>) -> Result<SequencedEvent, Reason> {
        let received = stored.open::<AuditEvent>().map_err(|error: ObjectError| error.reason())?;
        let claimed = received.claimed();
        if claimed.zone_id != self.zone {
            return Err(Reason::AuditWrongZone);
        }
        if claimed.seq() != self.next_seq() || claimed.seq() == 0 {
            return Err(Reason::AuditBadSequence);
        }
        if claimed.prev() != self.tip.map(|tip| tip.event) {
            return Err(Reason::AuditBrokenLink);
        }
        AuditEvent::verify(received, keys, self.likely.as_ref()).map_err(|error| error.reason())
    }

    fn fault(&self, reason: Reason) -> ChainFault {
        ChainFault { seq: self.next_seq(), reason }
    }
}
