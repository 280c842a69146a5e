//! What an event is in its chain, whatever it says.

use fcp_core::cbor::{Decode, Encode};
use fcp_core::id::ObjectId;
use fcp_core::sign::{Signature, Signed as _, Verified};

use crate::event::AuditEvent;
use crate::revocation::RevocationEvent;

/// The end of a chain: its last event, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Tip {
    /// The last event.
    pub event: ObjectId,
    /// Its sequence.
    pub seq: u64,
}

/// A verified event's place in its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventLink {
    id: ObjectId,
    seq: u64,
    prev: Option<ObjectId>,
    subject: Subject,
}

/// What must stand in a chain only once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An audit event's signature, by which a repeated submission is recognized (D185).
    Signature(Signature),
    /// The revocation that a revocation event chains.
    Revocation(ObjectId),
}

impl EventLink {
    /// The place of an audit event.
    #[must_use]
    pub fn of_audit(event: &Verified<AuditEvent>) -> Self {
        Self { id: event.id(), seq: event.seq(), prev: event.prev(), subject: Subject::Signature(*event.signature()) }
    }

    /// The place of a revocation event.
    #[must_use]
    pub fn of_revocation(event: &Verified<RevocationEvent>) -> Self {
        let subject = Subject::Revocation(event.revocation_object_id);
        Self { id: event.id(), seq: event.seq, prev: event.prev, subject }
    }

    /// The event's id.
    #[must_use]
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// The event's sequence.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The event before it.
    #[must_use]
    pub const fn prev(&self) -> Option<ObjectId> {
        self.prev
    }

    /// What must stand in the chain only once.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// The event with its sequence.
    #[must_use]
    pub const fn tip(&self) -> Tip {
        Tip { event: self.id, seq: self.seq }
    }
}

/// What following a chain back to an earlier event shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// The chain contains it.
    Contains,
    /// The chain does not contain it.
    Diverges,
    /// This event is not held, so nobody can tell yet.
    Missing(Tip),
}

/// Follows the chain that ends in `tip` back to `earlier`, or to its beginning if there is no `earlier`.
///
/// `link` gives the verified event of an id, as far as it is held; `each` sees every event behind `earlier`, the last
/// first. The way is as long as the difference of the sequences: each event must carry exactly the next lower one.
pub fn walk(
    tip: Option<Tip>,
    earlier: Option<Tip>,
    mut link: impl FnMut(&ObjectId) -> Option<EventLink>,
    mut each: impl FnMut(&EventLink),
) -> Walk {
    let mut at = tip;
    let floor = earlier.map_or(0, |tip| tip.seq);
    while let Some(tip) = at {
        if tip.seq <= floor {
            break;
        }
        let Some(event) = link(&tip.event) else { return Walk::Missing(tip) };
        if event.seq != tip.seq {
            return Walk::Diverges;
        }
        each(&event);
        at = match (event.prev, event.seq.checked_sub(1)) {
            (Some(prev), Some(seq)) if seq > 0 => Some(Tip { event: prev, seq }),
            (None, Some(0)) => None,
            _ => return Walk::Diverges,
        };
    }
    if at == earlier { Walk::Contains } else { Walk::Diverges }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::ObjectId;

    use super::{EventLink, Subject, Tip, Walk, walk};

    fn id(number: u8) -> ObjectId {
        ObjectId::from_bytes([number; 32])
    }

    /// Events 1, 2, 3 in a row, and 12, 13 beside 2 and 3.
    fn link(wanted: &ObjectId) -> Option<EventLink> {
        [(1, 1, 0), (2, 2, 1), (3, 3, 2), (12, 2, 1), (13, 3, 12), (4, 4, 9)].into_iter().find_map(
            |(number, seq, prev)| {
                (id(number) == *wanted).then(|| EventLink {
                    id: id(number),
                    seq,
                    prev: (prev > 0).then(|| id(prev)),
                    subject: Subject::Revocation(ObjectId::ZERO),
                })
            },
        )
    }

    fn tip(number: u8, seq: u64) -> Option<Tip> {
        Some(Tip { event: id(number), seq })
    }

    #[test]
    fn walks_back_to_what_is_there() {
        let go = |from, to| walk(from, to, link, |_| ());
        assert_eq!(go(tip(3, 3), tip(1, 1)), Walk::Contains);
        assert_eq!(go(tip(3, 3), tip(3, 3)), Walk::Contains);
        assert_eq!(go(tip(3, 3), None), Walk::Contains);
        assert_eq!(go(None, None), Walk::Contains);
        assert_eq!(go(tip(13, 3), tip(2, 2)), Walk::Diverges, "a sibling of the earlier event");
        assert_eq!(go(tip(13, 3), tip(3, 3)), Walk::Diverges, "equal sequence, other event");
        assert_eq!(go(tip(1, 1), tip(3, 3)), Walk::Diverges, "the chain is shorter");
        assert_eq!(go(None, tip(1, 1)), Walk::Diverges, "the chain is empty");
        assert_eq!(go(tip(3, 2), tip(1, 1)), Walk::Diverges, "the event has another sequence");
        assert_eq!(go(tip(4, 4), tip(1, 1)), Walk::Missing(Tip { event: id(9), seq: 3 }));
        let mut seen = alloc::vec::Vec::new();
        walk(tip(3, 3), tip(1, 1), link, |event| seen.push(event.seq()));
        assert_eq!(seen, [3, 2]);
    }
}
