//! What nodes say to each other about symbols (§4.4, §9.2.1, D71, D72, D134): requests, feedback, and how much a request may
//! be answered with.
//!
//! The messages travel as control-plane objects, are not stored and have no id. [`read`] takes one out of its object, and
//! [`SymbolRequest::authenticate`] or [`Feedback::authenticate`] tells whose it is: only [`Authentic`] messages are acted on.
//!
//! ```
//! use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId, ZoneKeyId};
//! use fcp_core::object::ControlPlaneObject;
//! use fcp_core::time::Timestamp;
//! use fcp_symbols::message::{self, Arrival, Authentic, DecodeStatus, EsiList, Feedback as _};
//!
//! let now = Timestamp::from_secs(1_700_000_000);
//! let status = DecodeStatus {
//!     header: message::ephemeral_header::<DecodeStatus>(ZoneId::work(), 60, 60, now),
//!     object_id: ObjectId::from_bytes([7; 32]),
//!     zone_id: ZoneId::work(),
//!     zone_key_id: ZoneKeyId::from_bytes([1; 8]),
//!     epoch_id: EpochId::of(now),
//!     received_unique: 62,
//!     required: 65,
//!     missing_hint: Some(message::MissingHint::new(EsiList::new(vec![3, 17, 40])?)?),
//!     signature: None,
//! };
//! let object = ControlPlaneObject::new(status.header.clone(), &status);
//!
//! let peer = NodeId::new("nServer01").unwrap();
//! let received: DecodeStatus = message::read(&ControlPlaneObject::parse(&object.to_bytes()).unwrap()).unwrap();
//! let received: Authentic<DecodeStatus> = received.authenticate(Arrival::InSession { peer: &peer })?;
//! assert_eq!(received.get().missing_hint.as_ref().unwrap().esis().as_slice(), [3, 17, 40]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bound;
mod error;
mod esi;
mod feedback;
mod header;
mod request;

pub use bound::{Demand, MAX_AMPLIFICATION, MAX_RESPONSE_SYMBOLS, MAX_SYMBOLS_WITHOUT_PROOF, ResponseBound};
pub use error::MessageError;
pub use esi::{EsiError, EsiList, MAX_MISSING, MAX_WANTED, MissingHint};
pub use feedback::{Arrival, DecodeStatus, Feedback, SymbolAck};
pub use header::{Authentic, TTL_SECS, ephemeral_header, read};
pub use request::{SymbolDeliveryHint, SymbolRequest};
