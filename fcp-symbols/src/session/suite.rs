//! Suites and their offer (§4.2, D44).

use fcp_core::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use fcp_core::error::Reason;

/// What a session authenticates its datagrams with (§4.2). Both suites agree on keys by X25519 and HKDF-SHA256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionCryptoSuite {
    /// Number 1: HMAC-SHA256, the first 16 bytes.
    Suite1,
    /// Number 2: keyed BLAKE3, the first 16 bytes.
    Suite2,
}

impl SessionCryptoSuite {
    /// Every suite, in the order of preference of a node with hardware SHA-256.
    pub const ALL: [Self; 2] = [Self::Suite1, Self::Suite2];

    /// The suite's number on the wire.
    #[must_use]
    pub const fn id(self) -> SuiteId {
        match self {
            Self::Suite1 => SuiteId(1),
            Self::Suite2 => SuiteId(2),
        }
    }

    /// The suite of this number, if there is one.
    #[must_use]
    pub const fn from_id(id: SuiteId) -> Option<Self> {
        match id.0 {
            1 => Some(Self::Suite1),
            2 => Some(Self::Suite2),
            _ => None,
        }
    }
}

/// A suite's number, known or not (D44).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SuiteId(u8);

impl SuiteId {
    /// The number.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Encode for SuiteId {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.uint(u64::from(self.0));
    }
}

impl<'b> Decode<'b> for SuiteId {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        decoder.narrow().map(Self)
    }
}

/// How many suites an offer names at most.
const MAX_OFFERED: usize = 8;

/// An offer that names no suite, more than eight, or one twice (D44).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("offer is empty, longer than {MAX_OFFERED} or names a suite twice")]
pub struct OfferError;

impl OfferError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::SessionBadOffer
    }
}

/// What an initiator offers: 1 to 8 distinct suites in its order of preference (D44). Unknown numbers stay in it, because
/// the transcript covers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuiteOffer {
    ids: [u8; MAX_OFFERED],
    len: u8,
}

impl SuiteOffer {
    /// The offer of these suites, the most wanted first.
    ///
    /// # Errors
    /// [`OfferError`].
    pub fn new(suites: &[SuiteId]) -> Result<Self, OfferError> {
        let mut offer = Self { ids: [0; MAX_OFFERED], len: 0 };
        for suite in suites {
            offer.push(*suite)?;
        }
        if offer.len == 0 { Err(OfferError) } else { Ok(offer) }
    }

    /// The offer of every suite there is.
    pub(super) const fn of_all() -> Self {
        Self { ids: [1, 2, 0, 0, 0, 0, 0, 0], len: 2 }
    }

    fn push(&mut self, suite: SuiteId) -> Result<(), OfferError> {
        if self.as_bytes().contains(&suite.0) {
            return Err(OfferError);
        }
        *self.ids.get_mut(usize::from(self.len)).ok_or(OfferError)? = suite.0;
        self.len = self.len.saturating_add(1);
        Ok(())
    }

    /// The numbers, one byte each, as transcripts have them (D42).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.ids.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The number of suites, as transcripts have it.
    #[must_use]
    pub const fn count(&self) -> u8 {
        self.len
    }

    /// Whether the offer names `suite`.
    #[must_use]
    pub fn contains(&self, suite: SuiteId) -> bool {
        self.as_bytes().contains(&suite.0)
    }

    /// The first suite of the offer that is among `supported`: the initiator's order decides, unknown numbers are skipped
    /// (D44).
    #[must_use]
    pub fn select(&self, supported: &[SessionCryptoSuite]) -> Option<SessionCryptoSuite> {
        let known = self.as_bytes().iter().filter_map(|id| SessionCryptoSuite::from_id(SuiteId(*id)));
        known.into_iter().find(|suite| supported.contains(suite))
    }
}

/// An array of unsigned integers, in order (D44).
impl Encode for SuiteOffer {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.array(usize::from(self.len));
        self.as_bytes().iter().for_each(|id| SuiteId(*id).encode(encoder));
    }
}

impl<'b> Decode<'b> for SuiteOffer {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let refuse = |error: OfferError| Decoder::invalid(offset, error.reason());
        let count = decoder.array()?;
        if count == 0 || count > MAX_OFFERED {
            return Err(refuse(OfferError));
        }
        let mut offer = Self { ids: [0; MAX_OFFERED], len: 0 };
        for _ in 0..count {
            offer.push(SuiteId::decode(decoder)?).map_err(refuse)?;
        }
        decoder.leave();
        Ok(offer)
    }
}

#[cfg(test)]
mod tests {
    use super::{SessionCryptoSuite, SuiteId, SuiteOffer};
    use fcp_core::cbor;

    fn offer(ids: &[u8]) -> Option<SuiteOffer> {
        let ids: Vec<SuiteId> = ids.iter().copied().map(SuiteId::new).collect();
        SuiteOffer::new(&ids).ok()
    }

    #[test]
    fn the_initiators_order_decides() {
        use SessionCryptoSuite::{Suite1, Suite2};
        let select = |ids: &[u8], supported: &[_]| offer(ids).unwrap().select(supported);
        assert_eq!(select(&[1, 2], &[Suite2, Suite1]), Some(Suite1));
        assert_eq!(select(&[2, 1], &[Suite1, Suite2]), Some(Suite2));
        assert_eq!(select(&[9, 0, 255, 2], &SessionCryptoSuite::ALL), Some(Suite2));
        assert_eq!(select(&[2], &[Suite1]), None);
        assert_eq!(select(&[77], &SessionCryptoSuite::ALL), None);
    }

    #[test]
    fn an_offer_is_one_to_eight_distinct_numbers() {
        assert_eq!(SuiteOffer::new(&SessionCryptoSuite::ALL.map(SessionCryptoSuite::id)), Ok(SuiteOffer::of_all()));
        assert!(offer(&[]).is_none());
        assert!(offer(&[1, 2, 1]).is_none());
        assert!(offer(&[1, 2, 3, 4, 5, 6, 7, 8]).is_some());
        assert!(offer(&[1, 2, 3, 4, 5, 6, 7, 8, 9]).is_none());

        let read = |bytes: &[u8]| cbor::decode::<SuiteOffer>(bytes).map_err(|error| error.reason().code());
        assert_eq!(read(b"\x82\x02\x18\xff"), Ok(offer(&[2, 255]).unwrap()));
        assert_eq!(cbor::encode(&offer(&[2, 255]).unwrap()), b"\x82\x02\x18\xff");
        assert_eq!(read(b"\x80"), Err("session.bad_offer"));
        assert_eq!(read(b"\x82\x01\x01"), Err("session.bad_offer"));
        assert_eq!(read(b"\x89\x01\x02\x03\x04\x05\x06\x07\x08\x09"), Err("session.bad_offer"));
        assert_eq!(read(b"\x81\x19\x01\x00"), Err("cbor.out_of_range"));
        assert_eq!(read(b"\x42\x01\x02"), Err("cbor.unexpected_type"));
        assert_eq!(read(b"\x82\x01"), Err("cbor.unexpected_end"));
    }
}
