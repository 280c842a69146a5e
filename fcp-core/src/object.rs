//! Objects (§3.6): everything that is stored, audited, cached or pinned.
//!
//! An object is a header and a body; its id is the keyed hash of their canonical bytes. [`MeshObject::seal`] makes the
//! bytes, [`StoredObject::open`] takes them apart again and refuses everything but the one form that `seal` writes.
//!
//! ```
//! use fcp_core::id::{ObjectIdKey, ZoneId};
//! use fcp_core::object::{MeshObject, ObjectHeader, Provenance, StoredObject};
//! use fcp_core::sign::Verified;
//! use fcp_core::time::Timestamp;
//!
//! #[derive(Debug, Clone, PartialEq, MeshObject)]
//! #[fcp(schema = "com.example:Note@1.0.0")]
//! struct Note { header: ObjectHeader, title: String, body: String }
//!
//! let key = ObjectIdKey::from_bytes([7; 32]);
//! let provenance = Provenance::of_zone(ZoneId::private(), 80, 90, Timestamp::from_secs(1_700_000_000));
//! let header = ObjectHeader::for_type::<Note>(provenance);
//! let note = Note { header, title: "groceries".into(), body: "milk".into() };
//!
//! let stored = note.seal(&key)?;
//! let received = StoredObject::parse(stored.canonical_bytes(), &key)?;
//! let back: Verified<Note> = received.open::<Note>()?;
//! assert_eq!(back.title, "groceries");
//! assert_eq!(back.id(), stored.id());
//! # Ok::<(), fcp_core::object::ObjectError>(())
//! ```
//!
//! With the feature `testkit`, `check_object`, `check_message` and `check_signed` put a type of your own through all that
//! holds for every type.

#[cfg(any(feature = "testkit", test))]
mod battery;
mod control;
mod error;
mod header;
mod mesh_object;
mod message;
mod placement;
mod provenance;
mod registry;
mod retention;
mod signature_set;
mod stored;

#[cfg(any(feature = "testkit", test))]
pub use battery::{check_message, check_object, check_signed};
pub use control::ControlPlaneObject;
pub use error::ObjectError;
pub use fcp_core_derive::{MeshObject, Message};
pub use header::ObjectHeader;
pub use mesh_object::{MeshObject, Opened, StrongRef};
pub use message::Message;
pub use placement::{DeviceSelector, ObjectPlacementPolicy};
pub use provenance::{LabelAdjustment, Provenance, TaintFlags, TaintReduction, ZoneCrossing};
pub use registry::{Retention, SCHEMAS, SchemaEntry, Signer, ZoneRule, schema_by_hash};
pub use retention::{RetentionClass, StorageMeta};
pub use signature_set::QuorumSignatureSet;
pub use stored::StoredObject;
