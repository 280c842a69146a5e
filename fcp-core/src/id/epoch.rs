//! Epochs (§3.2, D17).

use crate::time::Timestamp;

/// A stretch of 300 seconds: the granularity is constant in version 1 (D17).
///
/// Events within one epoch have no defined order; epochs are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochId(u64);

impl EpochId {
    /// The length of an epoch, in seconds.
    pub const SECONDS: u64 = 300;

    /// The epoch of this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The epoch that `time` falls into.
    #[must_use]
    pub const fn of(time: Timestamp) -> Self {
        Self(time.as_secs() / Self::SECONDS)
    }

    /// The epoch's number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// When the epoch begins.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp::from_secs(self.0.saturating_mul(Self::SECONDS))
    }

    /// The epoch `by` later, or the last one there is.
    #[must_use]
    pub const fn saturating_add(self, by: u64) -> Self {
        Self(self.0.saturating_add(by))
    }

    /// The epoch `by` earlier, or the first one there is.
    #[must_use]
    pub const fn saturating_sub(self, by: u64) -> Self {
        Self(self.0.saturating_sub(by))
    }
}

impl core::fmt::Display for EpochId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl crate::cbor::Encode for EpochId {
    fn encode(&self, encoder: &mut crate::cbor::Encoder<'_>) {
        encoder.uint(self.0);
    }
}

impl<'b> crate::cbor::Decode<'b> for EpochId {
    fn decode(decoder: &mut crate::cbor::Decoder<'b>) -> Result<Self, crate::cbor::DecodeError> {
        decoder.uint().map(Self)
    }
}
