//! What an operator sees (§23.1, §23.2): the names of the required metrics, and log records that cannot leak.

mod log;
pub mod metrics;

pub use log::{Diagnostics, LogEvent, LogRecord};
