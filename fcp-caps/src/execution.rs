//! From an authorized request to its answer (§9.5, D122, D131, D143, D146), and what is written down on the way.
//!
//! Nothing but an `Authorized<Invoke>` begins an [`Execution`]. From there each step gives what has to be done before
//! the next one is possible: [`prepare`](Execution::prepare) the intent, store it, run the effect, write the receipt,
//! the answer and the audit events. So there is no way to have an effect without an intent before it, or an answer
//! without a receipt.
//!
//! ```text
//! Authorized<Invoke> ──begin──► Execution ──prepare──► Prepared ──stored──► Running ──finish──► Finished
//!                        │                    │            intent                 effect            receipt, answer,
//!                        ├─► Repeated         └─► denied                                            audit events
//!                        └─► denied
//! ```

mod begin;
mod finish;
mod intent;
mod prepare;
mod receipt;

pub use begin::{Begun, Execution, Prior};
pub use finish::{Effect, Finished};
pub use intent::{HeldLease, IntentTerms, OperationIntent};
pub use prepare::{Prepared, Running};
pub use receipt::{OperationReceipt, Outcome};
