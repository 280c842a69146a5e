//! The one place where the node reads the clock; everything below takes the time as an argument.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fcp_core::time::{Millis, Timestamp};

/// Now, in seconds.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_secs(now_millis().as_millis() / 1000)
}

/// Now, in milliseconds since the Unix epoch.
pub(crate) fn now_millis() -> Millis {
    Millis::from_millis(u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX))
}

/// Now, in nanoseconds since the Unix epoch.
pub(crate) fn now_nanos() -> u128 {
    since_epoch().as_nanos()
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// How many milliseconds the clock on the wall is before the one that only counts how long the system runs, from an
/// arbitrary start: it stays the same as long as both run on.
#[expect(clippy::disallowed_methods, reason = "this is the other clock, which shows when the first one jumps")]
pub(crate) fn wall_ahead_of_steady() -> i128 {
    static START: OnceLock<Instant> = OnceLock::new();
    let steady = START.get_or_init(Instant::now).elapsed();
    let millis = |duration: Duration| i128::try_from(duration.as_millis()).unwrap_or(i128::MAX);
    millis(since_epoch()).saturating_sub(millis(steady))
}
