//! Events by epochs (§9.6, §20.1, D183, D228): what a connector tells is collected, and becomes an object when its epoch is
//! over.
//!
//! An [`EpochBuffer`] takes [`EventEnvelope`]s in any order, each once, in bounded memory. An epoch that is over becomes
//! one or several [`EventBatch`]es, whose bytes depend on nothing but which events there were: whatever order they came
//! in, the object and its id are the same. What comes late goes into a further batch of its epoch, until it is too late.
//!
//! ```
//! use fcp_core::cbor::Value;
//! use fcp_core::id::{ConnectorId, EpochId, ObjectIdKey, ZoneId};
//! use fcp_core::object::{MeshObject, Provenance};
//! use fcp_core::time::Timestamp;
//! use fcp_symbols::events::{EpochBuffer, EventEnvelope, EventLimits};
//!
//! let epoch = EpochId::new(5_000_000);
//! let event = |seq| EventEnvelope {
//!     topic: "note.added".into(), timestamp: epoch.start().saturating_add(seq), seq, cursor: String::new(),
//!     requires_ack: false, data: Value::Null,
//! };
//! let provenance = Provenance::of_zone(ZoneId::work(), 60, 60, epoch.start());
//! let over = epoch.saturating_add(1).start().saturating_add(30);
//! let sealed = [[0, 1, 2], [2, 0, 1]].map(|order| {
//!     let mut buffer = EpochBuffer::new(ConnectorId::new("example.notebook").unwrap(), EventLimits::default());
//!     for seq in order {
//!         buffer.offer(epoch.start(), event(seq)).unwrap();
//!     }
//!     let batches = buffer.finalize(over, &provenance);
//!     batches[0].seal(&ObjectIdKey::public()).unwrap()
//! });
//! assert_eq!(sealed[0], sealed[1]);
//! ```

mod batch;
mod buffer;
mod envelope;

pub use batch::{EventBatch, MAX_EVENTS};
pub use buffer::{EpochBuffer, EventError, EventLimits, Offered};
pub use envelope::{EventEnvelope, MAX_TEXT};
