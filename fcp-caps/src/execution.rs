//! What an executing node writes down (§9.5): the intent before the effect, the receipt after it.

mod intent;
mod receipt;

pub use intent::{HeldLease, IntentTerms, OperationIntent};
pub use receipt::{OperationReceipt, Outcome};
