//! Invokes (§9.5, D87, D115, D142, D200): what a caller sends, under the one id that it has everywhere.
//!
//! A request travels with what was made for its presentation: approvals, a lease's number and the holder's proof. Its id
//! covers everything else (D115), so that approving or proving a request does not make another request of it.
//! [`Invoke`] is a request that was taken apart into the two.

mod idempotency_key;
mod message;
mod request;
mod simulate;

pub use idempotency_key::{IdempotencyKey, IdempotencyKeyError};
pub use message::{InvokeRequest, InvokeResponse, Presentation};
pub use request::{Invoke, InvokeError};
pub use simulate::{CostEstimate, CurrencyCost, ResourceAvailability, SimulateRequest, SimulateResponse};
