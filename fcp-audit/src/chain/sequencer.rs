//! Giving submitted events their places (D185).

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::ObjectIdKey;
use fcp_core::object::{MeshObject as _, StoredObject};
use fcp_core::sign::Signature;

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
    /// How many bytes of events are placed at once: they travel in one message of at most 4 MiB (D138).
    pub const MAX_BATCH_BYTES: usize = 1024 * 1024;

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
        if self.waiting.len() >= self.capacity {
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

    /// Forgets the events with these signatures, which the agreed chain contains.
    pub fn settle(&mut self, fingerprints: impl IntoIterator<Item = Signature>) {
        for fingerprint in fingerprints {
            self.known.remove(&fingerprint);
        }
        let known = &self.known;
        self.waiting.retain(|event| known.contains(&event.fingerprint()));
    }

    /// Places waiting events behind `tip`, in the order of their arrival, and returns them with the new end: at most
    /// `limit`, and no more than [`MAX_BATCH_BYTES`](Self::MAX_BATCH_BYTES). `is_placed` says which of them the chain up to `tip` contains already. The queue does not change.
    #[must_use]
    pub fn place(
        &self,
        tip: Option<Tip>,
        limit: usize,
        key: &ObjectIdKey,
        is_placed: impl Fn(&Signature) -> bool,
    ) -> (Vec<StoredObject>, Option<Tip>) {
        let mut tip = tip;
        let mut placed = Vec::new();
        let mut bytes = 0_usize;
        for event in self.waiting.iter().filter(|event| !is_placed(&event.fingerprint())).take(limit) {
            let seq = tip.map_or(Some(1), |tip| tip.seq.checked_add(1));
            let Some(seq) = seq else { break };
            let event = event.event().clone().placed(tip.map(|tip| tip.event), seq);
            // A verified event fits its header; anything else is left out rather than breaking the chain.
            let Ok(stored) = event.seal(key) else { continue };
            bytes = bytes.saturating_add(stored.canonical_bytes().len());
            if bytes > Self::MAX_BATCH_BYTES && !placed.is_empty() {
                break;
            }
            tip = Some(Tip { event: stored.id(), seq });
            placed.push(stored);
        }
        (placed, tip)
    }
}
