//! Time (§4.2, D7): Unix seconds as an argument, and the one rule of validity windows.

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
    use super::{Timestamp, ValidityWindow, WindowError};

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
