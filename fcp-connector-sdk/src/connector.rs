//! The trait that a connector implements.

use std::future::Future;

use fcp_core::cbor::{Decode, Encode, Value};
use fcp_core::error::Reason;
use fcp_core::id::OperationId;

use crate::context::Cx;
use crate::error::Error;

/// A connector: a pure program with effects.
///
/// The manifest says what it is and what its operations are; [`configure`](Self::configure) builds it, so a value of
/// this type *is* configured; [`invoke`](Self::invoke) runs an operation. Everything else of the standard methods
/// (§10.3) — `handshake`, `describe`, `introspect`, `capabilities` — follows from the manifest, and the SDK answers it.
///
/// Use the attribute [`connector`](macro@crate::connector) rather than writing this trait out.
pub trait Connector: Sized + 'static {
    /// The manifest (§11.1), as TOML.
    const MANIFEST: &'static str;

    /// The operations that [`invoke`](Self::invoke) knows. They must be exactly those of the manifest.
    const OPERATIONS: &'static [&'static str];

    /// Builds the connector from its configuration. A later configuration builds another, for later calls.
    fn configure(cx: &Cx, configuration: Value) -> impl Future<Output = Result<Self, Error>>;

    /// Runs `operation` on `input`, which fits the operation's input schema.
    fn invoke(&self, cx: &Cx, operation: &OperationId, input: Value) -> impl Future<Output = Result<Value, Error>>;

    /// Whether operations can succeed at the moment.
    fn health(&self, cx: &Cx) -> impl Future<Output = Result<Health, Error>> {
        let _ = cx;
        async { Ok(Health::Ready) }
    }

    /// Puts things in order before the end. No call runs any more.
    fn shutdown(&self, cx: &Cx) -> impl Future<Output = Result<(), Error>> {
        let _ = cx;
        async { Ok(()) }
    }
}

/// Whether a connector can work.
///
/// ```cddl
/// health = "ready" / { degraded: { message: tstr } } / { failing: { message: tstr } }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Health {
    /// It can.
    Ready,
    /// It can do some of its work.
    Degraded {
        /// What it cannot do.
        message: String,
    },
    /// It cannot.
    Failing {
        /// Why.
        message: String,
    },
}

/// Builds a connector that has no settings.
///
/// # Errors
/// `execution.bad_configuration` if `configuration` is anything but the empty map.
pub fn without_configuration<C: Default>(configuration: &Value) -> Result<C, Error> {
    match configuration {
        Value::Map(entries) if entries.is_empty() => Ok(C::default()),
        _ => Err(Error::new(Reason::ExecutionBadConfiguration, "this connector has no settings")),
    }
}

/// Reads settings of the form of `T`.
///
/// # Errors
/// `execution.bad_configuration` with what does not fit.
pub fn read_configuration<T: for<'b> Decode<'b>>(configuration: &Value) -> Result<T, Error> {
    crate::operation::from_value(configuration)
        .map_err(|error| Error::new(Reason::ExecutionBadConfiguration, error.message()))
}
