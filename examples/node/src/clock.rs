//! The one place where the node reads the clock; everything below takes the time as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use fcp_core::time::{Millis, Timestamp};

/// Now, in seconds.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_secs(now_millis().as_millis() / 1000)
}

/// Now, in milliseconds since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
pub(crate) fn now_millis() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
