//! How often a capability may be used (§7.2, §11.1, D158), as text.

use core::fmt;
use core::str::FromStr;

use fcp_core::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use fcp_core::error::Reason;

/// The units of a limit, as they are written, and their seconds.
const UNITS: [(&str, u64); 5] = [("s", 1), ("sec", 1), ("min", 60), ("hour", 3_600), ("day", 86_400)];

/// A number of uses in a stretch of time, such as `60/min` (D158).
///
/// Grammar: `^[1-9][0-9]{0,8}/(s|sec|min|hour|day)$`. It means a bucket of that many uses that fills up continuously.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateLimit {
    uses: u32,
    unit: &'static str,
    seconds: u64,
}

/// The text is no rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a rate limit such as `60/min`")]
pub struct RateLimitError;

impl RateLimitError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::CapabilityBadRateLimit
    }
}

impl RateLimit {
    /// How many uses the bucket holds.
    #[must_use]
    pub const fn uses(self) -> u32 {
        self.uses
    }

    /// In how many seconds an empty bucket is full again.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.seconds
    }
}

impl FromStr for RateLimit {
    type Err = RateLimitError;

    fn from_str(text: &str) -> Result<Self, RateLimitError> {
        let (digits, unit) = text.split_once('/').ok_or(RateLimitError)?;
        let (unit, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or(RateLimitError)?;
        let plain = digits.len() <= 9 && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        let uses = digits.parse().ok().filter(|_| plain).ok_or(RateLimitError)?;
        Ok(Self { uses, unit, seconds })
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.uses, self.unit)
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RateLimit({self})")
    }
}

impl Encode for RateLimit {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.text(&alloc::format!("{self}"));
    }
}

impl<'b> Decode<'b> for RateLimit {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let text = decoder.text()?;
        text.parse().map_err(|error: RateLimitError| Decoder::invalid(offset, error.reason()))
    }
}

#[cfg(test)]
mod tests {
    use super::RateLimit;
    use fcp_core::cbor;

    #[test]
    fn the_grammar_is_exact() {
        for (text, uses, seconds) in [
            ("60/min", 60, 60),
            ("1/s", 1, 1),
            ("1/sec", 1, 1),
            ("999999999/day", 999_999_999, 86_400),
            ("5/hour", 5, 3_600),
        ] {
            let limit: RateLimit = text.parse().unwrap();
            assert_eq!((limit.uses(), limit.seconds(), limit.to_string().as_str()), (uses, seconds, text));
            assert_eq!(cbor::decode::<RateLimit>(&cbor::encode(&limit)).unwrap(), limit);
        }
        for text in [
            "",
            "60",
            "/min",
            "0/min",
            "060/min",
            "+6/min",
            "1000000000/s",
            "60/minute",
            "60/min ",
            "6 0/min",
            "60//min",
        ] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
            let refused = cbor::decode::<RateLimit>(&cbor::encode(text)).unwrap_err();
            assert_eq!(refused.reason().code(), "capability.bad_rate_limit");
        }
    }
}
