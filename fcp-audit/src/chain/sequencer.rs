//! Giving submitted events their places (D185).

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::ObjectIdKey;
use fcp_core::object::{MeshObject as _, StoredObject};
use fcp_core::sign::Signature;
use fcp_core::time::Timestamp;

use super::Tip;
use crate::event::SignedEvent;

/// What became of a submitted event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submitted {
    /// It waits for its place.
    Queued,
    /// It waits already, or has its place.
    Duplicate,
}

/// What a batch of events may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// How many.
    pub events: usize,
    /// How many bytes of canonical encoding.
    pub bytes: usize,
}

/// The events of one zone that wait for a place in its audit chain.
///
/// Every signer keeps one, so that whoever coordinates can put all that wait behind the agreed end of the chain. An
/// event leaves only when an accepted checkpoint's chain contains it: [`settle`](Self::settle). Until then it may be
/// placed again, behind another end, if an earlier attempt found no quorum.
#[derive(Debug, Clone)]
pub struct Sequencer {
    waiting: VecDeque<SignedEvent>,
    known: BTreeSet<Signature>,
    capacity: usize,
}

impl Sequencer {
    /// How many events wait at most, unless told otherwise.
    pub const DEFAULT_CAPACITY: usize = 4096;
    /// How much of the queue one node may fill: the others' events find room whatever it does.
    const SHARE: usize = 4;

    /// An empty queue for at most `capacity` events.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self { waiting: VecDeque::new(), known: BTreeSet::new(), capacity }
    }

    /// Queues an event. `is_sequenced` says whether the agreed chain contains an event with this signature.
    ///
    /// # Errors
    /// [`Reason::AuditQueueFull`]: the executing node submits the event again later.
    pub fn submit(
        &mut self,
        event: SignedEvent,
        is_sequenced: impl FnOnce(&Signature) -> bool,
    ) -> Result<Submitted, Reason> {
        let fingerprint = event.fingerprint();
        if self.known.contains(&fingerprint) || is_sequenced(&fingerprint) {
            return Ok(Submitted::Duplicate);
        }
        let own = self.waiting.iter().filter(|waiting| waiting.executed_by() == event.executed_by()).count();
        if self.waiting.len() >= self.capacity || own >= self.capacity.div_ceil(Self::SHARE) {
            return Err(Reason::AuditQueueFull);
        }
        self.known.insert(fingerprint);
        self.waiting.push_back(event);
        Ok(Submitted::Queued)
    }

    /// The events that wait, in the order of their arrival.
    pub fn waiting(&self) -> impl Iterator<Item = &SignedEvent> {
        self.waiting.iter()
    }

    /// How many events wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no event waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Forgets the events that do not count any more.
    pub fn retain(&mut self, counts: impl Fn(&SignedEvent) -> bool) {
        self.waiting.retain(|event| counts(event));
        self.known = self.waiting.iter().map(SignedEvent::fingerprint).collect();
    }

    /// Forgets the events with these signatures, which the agreed chain contains.
    pub fn settle(&mut self, fingerprints: impl IntoIterator<Item = Signature>) {
        for fingerprint in fingerprints {
            self.known.remove(&fingerprint);
        }
        let known = &self.known;
        self.waiting.retain(|event| known.contains(&event.fingerprint()));
    }

    /// Places waiting events behind `tip`, in the order of their arrival, and returns them with the new end: within
    /// `room`. `key_at` is the zone's key for objects created at a time (D16); `is_placed` says which events the chain up
    /// to `tip` contains already. The queue does not change.
    #[must_use]
    pub fn place(
        &self,
        tip: Option<Tip>,
        room: Room,
        key_at: impl Fn(Timestamp) -> Option<ObjectIdKey>,
        is_placed: impl Fn(&Signature) -> bool,
    ) -> (Vec<StoredObject>, Option<Tip>) {
        let mut tip = tip;
        let mut placed = Vec::new();
        let mut bytes = 0_usize;
        for event in self.waiting.iter().filter(|event| !is_placed(&event.fingerprint())).take(room.events) {
            let seq = tip.map_or(Some(1), |tip| tip.seq.checked_add(1));
            let Some(seq) = seq else { break };
            let event = event.event().clone().placed(tip.map(|tip| tip.event), seq);
            // A verified event fits its header; anything else is left out rather than breaking the chain.
            let Some(key) = key_at(event.header.created_at) else { continue };
            let Ok(stored) = event.seal(&key) else { continue };
            bytes = bytes.saturating_add(stored.canonical_bytes().len());
            if bytes > room.bytes {
                break;
            }
            tip = Some(Tip { event: stored.id(), seq });
            placed.push(stored);
        }
        (placed, tip)
    }
}
