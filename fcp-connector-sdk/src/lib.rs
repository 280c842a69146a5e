#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// The attribute names this crate by its name, also in here.
extern crate self as fcp_connector_sdk;

// §10.1, §10.3: what a connector author writes with.
pub mod connector;
pub mod context;
pub mod effect;
pub mod egress;
pub mod error;
pub mod json;
pub mod operation;
#[cfg(feature = "testkit")]
pub mod testkit;

// §11.1, §22.1: what a connector says of itself.
pub mod introspect;
pub mod manifest;
pub mod schema;

// §9.2, §10.3: how it runs, and how a node speaks with it.
pub mod frame;
pub mod host;
pub mod message;
pub mod run;
pub mod serve;
pub mod service;
pub mod session;

pub use connector::{Connector, Health};
pub use context::Cx;
pub use error::Error;
pub use fcp_connector_sdk_derive::connector;
pub use fcp_core::cbor::Value;
pub use fcp_core::error::Reason;
pub use fcp_core::id::OperationId;
