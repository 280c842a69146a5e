//! Time (§4.2, D7): Unix time as an argument, and the one rule of validity windows.

mod calendar;

pub use calendar::Utc;

/// Seconds since the Unix epoch. Nothing in this family of crates reads a clock: time comes in as this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The time `seconds` after the Unix epoch.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// The time `seconds` later, or the last one there is.
    #[must_use]
    pub const fn saturating_add(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The time `seconds` earlier, or the first one there is.
    #[must_use]
    pub const fn saturating_sub(self, seconds: u64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }

    /// Seconds from `earlier` until this time; 0 if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl core::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl crate::cbor::Encode for Timestamp {
    #[inline]
    fn encode(&self, encoder: &mut crate::cbor::Encoder<'_>) {
        encoder.uint(self.0);
    }
}

impl<'b> crate::cbor::Decode<'b> for Timestamp {
    #[inline]
    fn decode(decoder: &mut crate::cbor::Decoder<'b>) -> Result<Self, crate::cbor::DecodeError> {
        decoder.uint().map(Self)
    }
}

/// Milliseconds since the Unix epoch: the time of machines whose timers are finer than a second. Nothing on the wire
/// has this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(u64);

impl Millis {
    /// The time that no timer reaches.
    pub const NEVER: Self = Self(u64::MAX);

    /// The time `milliseconds` after the Unix epoch.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The same time in whole seconds, rounded down.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        Timestamp(self.0 / 1000)
    }

    /// The time `milliseconds` later, or [`NEVER`](Self::NEVER).
    #[must_use]
    pub const fn saturating_add(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// The time `seconds` later, or [`NEVER`](Self::NEVER).
    #[must_use]
    pub const fn saturating_add_secs(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Milliseconds from `earlier` until this time; 0 if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<Timestamp> for Millis {
    fn from(time: Timestamp) -> Self {
        Self(time.0.saturating_mul(1000))
    }
}

/// How far clocks may differ (§4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimePolicy {
    /// The tolerated skew, in seconds.
    pub max_skew_secs: u64,
    /// Whether a node logs skew that it tolerated.
    pub log_skew_events: bool,
}

impl TimePolicy {
    /// The default tolerance: 120 s.
    pub const DEFAULT_SKEW_SECS: u64 = 120;
}

impl Default for TimePolicy {
    fn default() -> Self {
        Self { max_skew_secs: Self::DEFAULT_SKEW_SECS, log_skew_events: true }
    }
}

/// Why a thing is not valid now (D7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// It was issued later than now, by more than the tolerated skew.
    #[error("not yet valid")]
    NotYetValid,
    /// It expired.
    #[error("expired")]
    Expired,
}

/// From when to when a thing is valid: iff `iat ≤ now + 120` and `now ≤ exp + skew` (D7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidityWindow {
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl ValidityWindow {
    /// The check for tokens, handshakes and attestations: 120 s of skew at both ends.
    ///
    /// # Errors
    /// [`WindowError`]: which end failed.
    pub fn check(self, now: Timestamp) -> Result<(), WindowError> {
        self.check_with(now, TimePolicy::DEFAULT_SKEW_SECS)
    }

    /// The check for approvals, leases and secret access tokens: no skew at the upper end.
    ///
    /// # Errors
    /// [`WindowError`]: which end failed.
    pub fn check_strict(self, now: Timestamp) -> Result<(), WindowError> {
        self.check_with(now, 0)
    }

    fn check_with(self, now: Timestamp, upper_skew: u64) -> Result<(), WindowError> {
        if self.issued_at > now.saturating_add(TimePolicy::DEFAULT_SKEW_SECS) {
            return Err(WindowError::NotYetValid);
        }
        if now > self.expires_at.saturating_add(upper_skew) {
            return Err(WindowError::Expired);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Millis, Timestamp, ValidityWindow, WindowError};

    #[test]
    fn milliseconds_and_seconds() {
        let time = Millis::from_millis(1_700_000_000_999);
        assert_eq!(time.timestamp(), Timestamp::from_secs(1_700_000_000));
        assert_eq!(Millis::from(time.timestamp()).as_millis(), 1_700_000_000_000);
        assert_eq!(time.saturating_add(1).since(time), 1);
        assert_eq!(time.saturating_add_secs(2).since(time), 2000);
        assert_eq!(time.since(time.saturating_add(1)), 0);
        assert_eq!(time.saturating_add_secs(u64::MAX), Millis::NEVER);
    }

    #[test]
    fn window_bounds_are_inclusive() {
        let window = ValidityWindow { issued_at: Timestamp::from_secs(1000), expires_at: Timestamp::from_secs(2000) };
        let at = Timestamp::from_secs;
        assert_eq!(window.check(at(879)), Err(WindowError::NotYetValid));
        assert_eq!(window.check(at(880)), Ok(()));
        assert_eq!(window.check(at(2120)), Ok(()));
        assert_eq!(window.check(at(2121)), Err(WindowError::Expired));
        assert_eq!(window.check_strict(at(2000)), Ok(()));
        assert_eq!(window.check_strict(at(2001)), Err(WindowError::Expired));
    }
}
