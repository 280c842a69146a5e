//! Collecting events until their epoch is over.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use fcp_core::cbor;
use fcp_core::error::Reason;
use fcp_core::id::{ConnectorId, EpochId};
use fcp_core::object::Provenance;
use fcp_core::time::Timestamp;

use super::{EventBatch, EventEnvelope, MAX_EVENTS};

/// How many bytes of events go into one batch, so that it stays below the size at which objects are chunked (App. B).
const MAX_BATCH_BYTES: usize = 192 * 1024;

/// The bounds of an [`EpochBuffer`]; all local.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventLimits {
    /// How many bytes of events wait at most.
    pub max_bytes: usize,
    /// How many events wait, and how many are remembered, at most.
    pub max_events: usize,
    /// For how many epochs behind its own an event is taken.
    pub late_epochs: u64,
    /// How long after its end an epoch is still waited for, in seconds.
    pub grace_secs: u64,
}

impl Default for EventLimits {
    /// 8 MiB, 65,536 events, an hour, half a minute.
    fn default() -> Self {
        Self { max_bytes: 8 * 1024 * 1024, max_events: 65_536, late_epochs: 12, grace_secs: 30 }
    }
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It waits for its batch.
    Taken,
    /// It is there already, or was in a batch.
    Known,
    /// Another event has its place in the topic. The one whose encoding is the smaller stays, whichever came first.
    Conflict {
        /// Whether that is this one.
        replaced: bool,
    },
}

/// Why an event is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Its epoch is over for too long.
    #[error("the event is too late")]
    TooLate,
    /// Its epoch is more than one ahead.
    #[error("the event lies in the future")]
    TooEarly,
    /// The buffer is full: the source has to wait.
    #[error("the buffer of events is full")]
    Full,
    /// Its topic or its cursor is too long.
    #[error("topic or cursor is longer than 256 bytes")]
    TooLong,
}

impl EventError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::TooLate => Reason::EventTooLate,
            Self::TooEarly => Reason::EventTooEarly,
            Self::Full => Reason::EventBufferFull,
            Self::TooLong => Reason::CborOutOfRange,
        }
    }
}

type Key = (String, u64);

/// Events of an epoch that wait.
#[derive(Debug, Default)]
struct Open {
    /// Each with its encoding.
    events: BTreeMap<Key, (EventEnvelope, Vec<u8>)>,
    due: Timestamp,
}

/// What was put into batches.
#[derive(Debug, Default)]
struct Closed {
    keys: BTreeSet<Key>,
    parts: u32,
}

/// The events of one connector in one zone, by epochs (§20.1).
#[derive(Debug)]
pub struct EpochBuffer {
    connector: ConnectorId,
    limits: EventLimits,
    open: BTreeMap<EpochId, Open>,
    closed: BTreeMap<EpochId, Closed>,
    waiting: usize,
    bytes: usize,
    remembered: usize,
    /// No event of an earlier epoch is taken: what was in its batches has been forgotten.
    oldest: EpochId,
}

impl EpochBuffer {
    /// An empty buffer.
    #[must_use]
    pub const fn new(connector: ConnectorId, limits: EventLimits) -> Self {
        Self {
            connector,
            limits,
            open: BTreeMap::new(),
            closed: BTreeMap::new(),
            waiting: 0,
            bytes: 0,
            remembered: 0,
            oldest: EpochId::new(0),
        }
    }

    /// Takes an event.
    ///
    /// # Errors
    /// [`EventError`] if its time is out of bounds, or the buffer is.
    pub fn offer(&mut self, now: Timestamp, event: EventEnvelope) -> Result<Offered, EventError> {
        event.check().map_err(|_| EventError::TooLong)?;
        let (epoch, current) = (EpochId::of(event.timestamp), EpochId::of(now));
        if epoch > current.saturating_add(1) {
            return Err(EventError::TooEarly);
        }
        if epoch < current.saturating_sub(self.limits.late_epochs) || epoch < self.oldest {
            return Err(EventError::TooLate);
        }
        let key = (event.topic.clone(), event.seq);
        if self.closed.get(&epoch).is_some_and(|closed| closed.keys.contains(&key)) {
            return Ok(Offered::Known);
        }
        let encoded = cbor::encode(&event);
        let known = self.open.get_mut(&epoch).and_then(|open| open.events.get_mut(&key));
        if let Some((there, there_encoded)) = known {
            if *there_encoded == encoded {
                return Ok(Offered::Known);
            }
            let replaced = encoded < *there_encoded;
            if replaced {
                self.bytes = self.bytes.saturating_sub(there_encoded.len()).saturating_add(encoded.len());
                (*there, *there_encoded) = (event, encoded);
            }
            return Ok(Offered::Conflict { replaced });
        }
        let bytes = self.bytes.saturating_add(encoded.len());
        if bytes > self.limits.max_bytes || self.waiting >= self.limits.max_events {
            return Err(EventError::Full);
        }
        // What is late waits for others like it until the current epoch is over.
        let end = EventBatch::created_at(epoch.max(if epoch < current { current } else { epoch }));
        let due = end.saturating_add(self.limits.grace_secs);
        let open = self.open.entry(epoch).or_insert_with(|| Open { due, ..Open::default() });
        open.events.insert(key, (event, encoded));
        self.bytes = bytes;
        self.waiting = self.waiting.saturating_add(1);
        Ok(Offered::Taken)
    }

    /// When [`finalize`](Self::finalize) has something to do, if anything waits.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.open.values().map(|open| open.due).min()
    }

    /// How many events wait, and how many bytes they have.
    #[must_use]
    pub const fn waiting(&self) -> (usize, usize) {
        (self.waiting, self.bytes)
    }

    /// The batches of the epochs that are over, in order. Zone and labels are those of `provenance`; its time is not used.
    pub fn finalize(&mut self, now: Timestamp, provenance: &Provenance) -> Vec<EventBatch> {
        let over: Vec<EpochId> =
            self.open.iter().filter(|(_, open)| open.due <= now).map(|(epoch, _)| *epoch).collect();
        let mut batches = Vec::new();
        for epoch in over {
            let Some(open) = self.open.remove(&epoch) else { continue };
            let closed = self.closed.entry(epoch).or_default();
            let mut part: Vec<EventEnvelope> = Vec::new();
            let mut part_bytes = 0_usize;
            self.waiting = self.waiting.saturating_sub(open.events.len());
            self.remembered = self.remembered.saturating_add(open.events.len());
            let mut close = |part: Vec<EventEnvelope>, parts: &mut u32| {
                batches.push(EventBatch::new(provenance, self.connector.clone(), epoch, *parts, part));
                *parts = parts.saturating_add(1);
            };
            for (key, (event, encoded)) in open.events {
                self.bytes = self.bytes.saturating_sub(encoded.len());
                let grown = part_bytes.saturating_add(encoded.len());
                if part.len() == MAX_EVENTS || (!part.is_empty() && grown > MAX_BATCH_BYTES) {
                    close(core::mem::take(&mut part), &mut closed.parts);
                    part_bytes = 0;
                }
                part_bytes = part_bytes.saturating_add(encoded.len());
                part.push(event);
                closed.keys.insert(key);
            }
            close(part, &mut closed.parts);
        }
        self.forget(now);
        batches
    }

    /// Forgets what was in batches of epochs of which nothing is taken any more, and the oldest beyond the limit.
    fn forget(&mut self, now: Timestamp) {
        let late = EpochId::of(now).saturating_sub(self.limits.late_epochs);
        while let Some(first) = self.closed.first_entry() {
            if *first.key() >= late && self.remembered <= self.limits.max_events {
                break;
            }
            self.oldest = self.oldest.max(first.key().saturating_add(1));
            self.remembered = self.remembered.saturating_sub(first.get().keys.len());
            first.remove();
        }
    }
}

#[cfg(test)]
mod tests;
