//! How large datagrams may be (§4.3.1, D43, D73).

use fcp_core::cbor::{Decode, Encode};
use fcp_core::error::Reason;

/// The size of a datagram that every node supports, and the limit where none was negotiated (§4.3.1).
pub const DEFAULT_MAX_DATAGRAM_BYTES: u16 = 1200;

/// A limit below 432 bytes, which no symbol fits, or above 65507, which no UDP payload reaches (D73).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("datagram limit is not from {} to {} bytes", TransportLimits::MIN, TransportLimits::MAX)]
pub struct LimitsError;

impl LimitsError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::SessionBadLimits
    }
}

/// The largest UDP payload that a node sends to its peer as a symbol datagram (§4.2).
///
/// CDDL: `transport-limits = { max_datagram_bytes: 432..65507 }`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[fcp(check = in_bounds)]
pub struct TransportLimits {
    max_datagram_bytes: u16,
}

fn in_bounds(limits: &TransportLimits) -> Result<(), Reason> {
    let bounds = TransportLimits::MIN..=TransportLimits::MAX;
    if bounds.contains(&limits.max_datagram_bytes) { Ok(()) } else { Err(LimitsError.reason()) }
}

impl TransportLimits {
    /// The smallest limit: envelope, frame header and one symbol of 256 bytes (D73).
    pub const MIN: u16 = 432;

    /// The largest limit: a UDP payload over IPv4 (D73).
    pub const MAX: u16 = 65_507;

    /// This limit.
    ///
    /// # Errors
    /// [`LimitsError`].
    pub fn new(max_datagram_bytes: u16) -> Result<Self, LimitsError> {
        let limits = Self { max_datagram_bytes };
        in_bounds(&limits).map_err(|_| LimitsError)?;
        Ok(limits)
    }

    /// The largest UDP payload, envelope included.
    #[must_use]
    pub const fn max_datagram_bytes(self) -> u16 {
        self.max_datagram_bytes
    }
}

impl Default for TransportLimits {
    fn default() -> Self {
        Self { max_datagram_bytes: DEFAULT_MAX_DATAGRAM_BYTES }
    }
}

/// The limit that a responder keeps to: the smaller of its own and the hello's, or 1200 bytes if the hello names none
/// (D43).
#[must_use]
pub fn effective_limit(own: TransportLimits, hello: Option<TransportLimits>) -> u16 {
    match hello {
        Some(hello) => own.max_datagram_bytes.min(hello.max_datagram_bytes),
        None => DEFAULT_MAX_DATAGRAM_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use super::{TransportLimits, effective_limit};
    use fcp_core::cbor;

    #[test]
    fn limits_have_bounds() {
        for (bytes, valid) in [(0, false), (431, false), (432, true), (65_507, true), (65_508, false)] {
            assert_eq!(TransportLimits::new(bytes).is_ok(), valid, "{bytes}");
        }
        let read = |bytes: &[u8]| cbor::decode::<TransportLimits>(bytes).map_err(|error| error.reason().code());
        assert_eq!(read(b"\xa1\x72max_datagram_bytes\x19\x04\xb0"), Ok(TransportLimits::default()));
        assert_eq!(read(b"\xa1\x72max_datagram_bytes\x19\x01\xaf"), Err("session.bad_limits"));
        assert_eq!(read(b"\xa1\x72max_datagram_bytes\x19\xff\xff"), Err("session.bad_limits"));
        assert_eq!(read(b"\xa1\x72max_datagram_bytes\x1a\x00\x01\x00\x00"), Err("cbor.out_of_range"));
    }

    #[test]
    fn the_smaller_limit_holds_and_silence_means_1200() {
        let limit = |bytes| TransportLimits::new(bytes).unwrap();
        assert_eq!(effective_limit(limit(9000), Some(limit(1400))), 1400);
        assert_eq!(effective_limit(limit(600), Some(limit(1400))), 600);
        assert_eq!(effective_limit(limit(9000), None), 1200);
        assert_eq!(effective_limit(limit(600), None), 1200);
    }
}
