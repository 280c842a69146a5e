//! Garbage collection (§3.7, D35, D137, D217): what of a zone's objects a node keeps, and what goes first when it must.
//!
//! A node lists what it holds of **one zone** in an [`Inventory`] and names its roots: the latest checkpoint it accepted,
//! and whatever it pins. Nothing else of the protocol is known here. [`collect`] answers with a [`GcPlan`], a value: the
//! ids that stay, and those that go, in order, each with its reason. A [`Collector`] does the same in bounded steps.
//!
//! - A root, and an object of the class `Pinned`, stays and makes reachable what it references (D217).
//! - While a lease runs, its object stays with all that it references.
//! - Anything else stays while it is reachable and the zone is under its quota; what goes first is the oldest, then that
//!   of the peer with the lowest reputation, then the largest, then the smaller id (D137).
//! - `foreign_refs` are never followed: another zone keeps its own objects (§3.7). Of a checkpoint's chain nothing is
//!   kept but what `refs` list (G8); an audit event keeps the one before it; a signature set lives with its target (D14).
//!
//! ```
//! use fcp_core::id::ObjectId;
//! use fcp_core::object::{RetentionClass, StorageMeta};
//! use fcp_core::time::Timestamp;
//! use fcp_symbols::gc::{self, GcObject, Inventory};
//!
//! let [checkpoint, policy, old] = [1, 2, 3].map(|byte| ObjectId::from_bytes([byte; 32]));
//! let meta = StorageMeta { retention: RetentionClass::Ephemeral, received_at: Timestamp::from_secs(1) };
//! let mut zone = Inventory::new();
//! for (id, refs) in [(checkpoint, &[policy][..]), (policy, &[]), (old, &[])] {
//!     zone.push(GcObject { refs, ..GcObject::new(id, meta, 100) });
//! }
//! let plan = gc::collect(zone, &[checkpoint], u64::MAX, Timestamp::from_secs(2));
//! assert_eq!(plan.live, [checkpoint, policy]);
//! assert_eq!(plan.evicted[0].id, old);
//! ```

mod collector;
mod index;
mod inventory;
mod links;
mod plan;

pub use collector::{Collector, collect};
pub use inventory::{GcObject, Inventory};
pub use links::Links;
pub use plan::{Evicted, EvictionReason, GcPlan};

#[cfg(test)]
mod tests;
