#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// The attribute names this crate by its name, also in here.
extern crate self as fcp_connector_sdk;

pub mod connector;
pub mod context;
pub mod effect;
pub mod egress;
pub mod error;
pub mod manifest;
pub mod operation;
pub mod run;
pub mod schema;

pub use connector::{Connector, Health};
pub use context::Cx;
pub use error::Error;
pub use fcp_connector_sdk_derive::connector;
pub use fcp_core::cbor::Value;
pub use fcp_core::error::Reason;
pub use fcp_core::id::OperationId;
