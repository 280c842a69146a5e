//! Many objects at once, from the symbols of many sources, in bounded memory (D61).
//!
//! Symbols of one object may come in different shapes: each (object, K, T, coding) is a context of its own, at most
//! four an object. A context decodes the symbols of all its sources together. Only the object's id tells whether the
//! outcome is right, so the caller checks it and says so with [`settle`](Reassembly::settle). If it is wrong, the
//! context takes its sources apart and tries each on its own, and who turns out to have sent wrong symbols is reported
//! by [`poll_fault`](Reassembly::poll_fault): one bad frame cannot keep an object from anybody. Sources that send different
//! bytes as one symbol are reported at once by [`poll_conflict`](Reassembly::poll_conflict), before it is known who of them is right.
//!
//! Decoding is work that others cause. What a symbol may cost is limited, by the table's limits and by the budget of its
//! source if one is [given](Reassembly::handle_symbol_within), and what was spent for whom is told by
//! [`poll_spent`](Reassembly::poll_spent): in units that are counted, not in time that was taken.
//!
//! A [`Reassembly`] reads no clock: after every call, drain `poll_fault`, `poll_conflict` and `poll_spent`; call
//! [`handle_timeout`](Reassembly::handle_timeout) when the time of [`poll_timeout`](Reassembly::poll_timeout) has come.
//!
//! ```
//! use fcp_core::id::{NodeId, ObjectIdKey, ZoneId};
//! use fcp_core::object::{MeshObject, ObjectHeader, Provenance, StoredObject};
//! use fcp_core::time::Timestamp;
//! use fcp_symbols::chunk::RawChunk;
//! use fcp_symbols::raptor::{Encoder, SymbolSize};
//! use fcp_symbols::reassembly::{ContextKey, Reassembly, ReassemblyLimits, Step};
//!
//! # let now = Timestamp::from_secs(1_700_000_000);
//! # let object_id_key = ObjectIdKey::from_bytes([7; 32]);
//! # let header = ObjectHeader::for_type::<RawChunk>(Provenance::of_zone(ZoneId::private(), 80, 90, now));
//! let object = RawChunk { header, bytes: vec![1; 3000] }.seal(&object_id_key)?;
//! let encoder = Encoder::new(object.canonical_bytes(), SymbolSize::DEFAULT)?;
//! let key = ContextKey { object_id: object.id(), block: encoder.block(), coding: encoder.coding() };
//! let peer = NodeId::new("nPhone")?;
//!
//! let mut reassembly = Reassembly::new(ReassemblyLimits::default());
//! let mut restored = None;
//! for (esi, symbol) in (0..).zip(encoder.source_symbols()) {
//!     match reassembly.handle_symbol(now, &key, &peer, esi, symbol)? {
//!         Step::Waiting(progress) => assert!(progress.received < progress.required), // a `DecodeStatus` to send
//!         Step::Ignored => {}
//!         Step::Candidate(candidate) => {
//!             let opened = StoredObject::parse_as(key.object_id, candidate.bytes(), &object_id_key);
//!             assert_eq!(reassembly.settle(candidate, opened.as_ref().ok()), None);
//!             restored = opened.ok(); // a `SymbolAck` to send
//!         }
//!     }
//! }
//! assert_eq!(restored, Some(object));
//! assert_eq!(reassembly.poll_fault(), None);
//! assert!(reassembly.poll_spent().is_some_and(|spent| spent.source == peer));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod budget;
mod context;
mod error;
mod key;
mod limits;
mod means;
mod step;
mod table;

pub use error::ReassemblyError;
pub use key::ContextKey;
pub use limits::{MAX_CONTEXTS_PER_OBJECT, ReassemblyLimits};
pub use step::{Candidate, Conflict, Fault, Progress, Spent, Step};
pub use table::Reassembly;
