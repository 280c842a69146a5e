//! Quorum-signed heads of the two chains (§14.3, §23.4): this far the zone's nodes agree.
//!
//! A head's id and stored bytes have no signatures in them (D14). A [`RevocationHead`] counts with the signatures of
//! ⌈(n + f + 1) / 2⌉ signers, an [`AuditHead`] with those of n − f (D32).

use fcp_core::error::Reason;
use fcp_core::id::{EpochId, ObjectId, ZoneId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
use fcp_core::sign::InlineSignatures;

use crate::chain::Tip;

/// How far the zone's audit chain is agreed on (§23.4).
///
/// ```text
/// audit-head = { header, zone_id: tstr, head_event: bstr .size 32, head_seq: uint, coverage_bps: 0..10000,
///   epoch_id: uint, quorum_signatures: [] }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:AuditHead@2.0.0", check = audit_head_names_an_event)]
pub struct AuditHead {
    /// The header; its ref is the head event (G8).
    pub header: ObjectHeader,
    /// The zone.
    pub zone_id: ZoneId,
    /// The last event.
    #[fcp(strong)]
    pub head_event: ObjectId,
    /// Its sequence.
    pub head_seq: u64,
    /// How many of the zone's signers took part when the head was made, in basis points (D27).
    pub coverage_bps: u16,
    /// When it was made.
    pub epoch_id: EpochId,
    /// Always empty: the signatures travel beside it (D14).
    #[fcp(quorum)]
    pub quorum_signatures: InlineSignatures,
}

/// How far the zone's revocation chain is agreed on (§14.3).
///
/// ```text
/// revocation-head = { header, zone_id: tstr, head_event: bstr .size 32, head_seq: uint, epoch_id: uint,
///   quorum_signatures: [] }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:RevocationHead@2.0.0", check = revocation_head_names_an_event)]
pub struct RevocationHead {
    /// The header; its ref is the head event (G8).
    pub header: ObjectHeader,
    /// The zone.
    pub zone_id: ZoneId,
    /// The last event.
    #[fcp(strong)]
    pub head_event: ObjectId,
    /// Its sequence.
    pub head_seq: u64,
    /// When it was made.
    pub epoch_id: EpochId,
    /// Always empty: the signatures travel beside it (D14).
    #[fcp(quorum)]
    pub quorum_signatures: InlineSignatures,
}

/// An empty chain has no head: a head names an event, and the first has sequence 1 (D34).
fn names_an_event(event: &ObjectId, seq: u64) -> bool {
    seq >= 1 && !event.is_zero()
}

fn audit_head_names_an_event(head: &AuditHead) -> Result<(), Reason> {
    if !names_an_event(&head.head_event, head.head_seq) {
        return Err(Reason::AuditBadHead);
    }
    if head.coverage_bps > 10_000 { Err(Reason::CborOutOfRange) } else { Ok(()) }
}

fn revocation_head_names_an_event(head: &RevocationHead) -> Result<(), Reason> {
    if names_an_event(&head.head_event, head.head_seq) { Ok(()) } else { Err(Reason::RevocationBadHead) }
}

impl AuditHead {
    /// A head at `tip`, in the zone and at the time of `provenance`, for the quorum to sign.
    #[must_use]
    pub fn draft(provenance: Provenance, tip: Tip, coverage_bps: u16) -> Self {
        let header = ObjectHeader::for_type::<Self>(provenance).with_refs([tip.event].into());
        Self {
            zone_id: header.zone_id.clone(),
            head_event: tip.event,
            head_seq: tip.seq,
            coverage_bps: coverage_bps.min(10_000),
            epoch_id: EpochId::of(header.created_at),
            header,
            quorum_signatures: InlineSignatures,
        }
    }

    /// The event that it names.
    #[must_use]
    pub const fn tip(&self) -> Tip {
        Tip { event: self.head_event, seq: self.head_seq }
    }
}

impl RevocationHead {
    /// A head at `tip`, in the zone and at the time of `provenance`, for the quorum to sign.
    #[must_use]
    pub fn draft(provenance: Provenance, tip: Tip) -> Self {
        let header = ObjectHeader::for_type::<Self>(provenance).with_refs([tip.event].into());
        Self {
            zone_id: header.zone_id.clone(),
            head_event: tip.event,
            head_seq: tip.seq,
            epoch_id: EpochId::of(header.created_at),
            header,
            quorum_signatures: InlineSignatures,
        }
    }

    /// The event that it names.
    #[must_use]
    pub const fn tip(&self) -> Tip {
        Tip { event: self.head_event, seq: self.head_seq }
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::{ObjectId, ObjectIdKey, ZoneId};
    use fcp_core::object::{MeshObject as _, ObjectError, Provenance};
    use fcp_core::time::Timestamp;

    use super::{AuditHead, RevocationHead};
    use crate::chain::Tip;

    fn provenance() -> Provenance {
        Provenance::of_zone(ZoneId::private(), 80, 90, Timestamp::from_secs(1_700_000_000))
    }

    #[test]
    fn heads_open_as_what_they_are() {
        let key = ObjectIdKey::from_bytes([3; 32]);
        let tip = Tip { event: ObjectId::from_bytes([1; 32]), seq: 5 };
        let head = AuditHead::draft(provenance(), tip, 20_000);
        assert_eq!((head.coverage_bps, head.tip(), head.epoch_id.get()), (10_000, tip, 1_700_000_000 / 300));
        assert_eq!(head.seal(&key).unwrap().open::<AuditHead>().unwrap().claimed(), &head);
        let head = RevocationHead::draft(provenance(), tip);
        assert_eq!(head.seal(&key).unwrap().open::<RevocationHead>().unwrap().claimed().tip(), tip);
    }

    #[test]
    fn a_head_names_an_event_and_a_share() {
        let key = ObjectIdKey::from_bytes([3; 32]);
        let reason = |stored: &fcp_core::object::StoredObject| match stored.open::<AuditHead>() {
            Err(error) => error.reason().code(),
            Ok(_) => "allow",
        };
        for tip in [
            Tip { event: ObjectId::ZERO, seq: 0 },
            Tip { event: ObjectId::ZERO, seq: 1 },
            Tip { event: ObjectId::from_bytes([1; 32]), seq: 0 },
        ] {
            let mut head = AuditHead::draft(provenance(), tip, 0);
            head.header.refs.retain(|id| !id.is_zero());
            assert_eq!(reason(&head.seal(&key).unwrap()), "audit.bad_head");
            let mut head = RevocationHead::draft(provenance(), tip);
            head.header.refs.retain(|id| !id.is_zero());
            let error = head.seal(&key).unwrap().open::<RevocationHead>().unwrap_err();
            assert_eq!(error.reason().code(), "revocation.bad_head");
        }
        let tip = Tip { event: ObjectId::from_bytes([1; 32]), seq: 1 };
        let mut head = AuditHead::draft(provenance(), tip, 0);
        head.coverage_bps = 10_001;
        assert_eq!(reason(&head.seal(&key).unwrap()), "cbor.out_of_range");
        head.header.refs.clear();
        assert_eq!(head.seal(&key), Err(ObjectError::RefsMismatch));
    }
}
