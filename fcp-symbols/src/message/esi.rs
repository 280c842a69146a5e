//! Lists of symbol numbers.

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use fcp_core::error::Reason;

use crate::raptor::MAX_ESI;

/// How many symbols a request names at most: more would not be answered (D134).
pub const MAX_WANTED: usize = 1024;

/// How many symbols a hint names at most (D71).
pub const MAX_MISSING: usize = 256;

/// A list that is not strictly ascending, too long, or names a number above 2^24 − 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("symbol numbers are not strictly ascending, too many, or too high")]
pub struct EsiError;

impl EsiError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::SymbolBadWant
    }
}

/// Symbol numbers, strictly ascending, at most 1024, none above 2^24 − 1 (D61, D200): an array of unsigned integers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EsiList(Vec<u32>);

impl EsiList {
    /// These numbers.
    ///
    /// # Errors
    /// [`EsiError`].
    pub fn new(esis: Vec<u32>) -> Result<Self, EsiError> {
        let ascending = esis.is_sorted_by(|left, right| left < right);
        let in_range = esis.last().is_none_or(|last| *last <= MAX_ESI);
        if ascending && in_range && esis.len() <= MAX_WANTED { Ok(Self(esis)) } else { Err(EsiError) }
    }

    /// The numbers, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

impl Encode for EsiList {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        self.0.encode(encoder);
    }
}

impl<'b> Decode<'b> for EsiList {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let refuse = |error: EsiError| Decoder::invalid(offset, error.reason());
        let count = decoder.array()?;
        if count > MAX_WANTED {
            return Err(refuse(EsiError));
        }
        let esis = (0..count).map(|_| decoder.narrow()).collect::<Result<_, _>>()?;
        decoder.leave();
        Self::new(esis).map_err(refuse)
    }
}

/// The missing symbols that a decode status names, at most 256 (D71): a byte string of their numbers, each u32 LE.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MissingHint(EsiList);

impl MissingHint {
    /// These numbers.
    ///
    /// # Errors
    /// [`EsiError`] for more than 256.
    pub fn new(esis: EsiList) -> Result<Self, EsiError> {
        if esis.as_slice().len() > MAX_MISSING { Err(EsiError) } else { Ok(Self(esis)) }
    }

    /// The numbers.
    #[must_use]
    pub const fn esis(&self) -> &EsiList {
        &self.0
    }
}

impl Encode for MissingHint {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        let bytes: Vec<u8> = self.0.as_slice().iter().flat_map(|esi| esi.to_le_bytes()).collect();
        encoder.bytes(&bytes);
    }
}

impl<'b> Decode<'b> for MissingHint {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let refuse = || Decoder::invalid(offset, Reason::SymbolBadHint);
        let (esis, rest) = decoder.bytes()?.as_chunks::<4>();
        if !rest.is_empty() || esis.len() > MAX_MISSING {
            return Err(refuse());
        }
        let esis = esis.iter().map(|esi| u32::from_le_bytes(*esi)).collect();
        EsiList::new(esis).and_then(Self::new).map_err(|_| refuse())
    }
}

#[cfg(test)]
mod tests {
    use super::{EsiList, MissingHint};
    use fcp_core::cbor;

    #[test]
    fn lists_are_ascending_and_bounded() {
        let list = |esis: &[u32]| EsiList::new(esis.to_vec());
        assert!(list(&[]).is_ok() && list(&[0, 1, 16_777_215]).is_ok());
        assert!(list(&[1, 0]).is_err() && list(&[1, 1]).is_err() && list(&[16_777_216]).is_err());
        assert!(EsiList::new((0..1024).collect()).is_ok() && EsiList::new((0..1025).collect()).is_err());

        let read = |bytes: &[u8]| cbor::decode::<EsiList>(bytes).map_err(|error| error.reason().code());
        assert_eq!(read(b"\x82\x01\x18\x20"), Ok(list(&[1, 32]).unwrap()));
        assert_eq!(cbor::encode(&list(&[1, 32]).unwrap()), b"\x82\x01\x18\x20");
        assert_eq!(read(b"\x82\x02\x01"), Err("symbol.bad_want"));
        assert_eq!(read(b"\x82\x01\x01"), Err("symbol.bad_want"));
        assert_eq!(read(b"\x81\x1a\x01\x00\x00\x00"), Err("symbol.bad_want"));
        assert_eq!(read(&cbor::encode(&vec![0_u32; 1025])), Err("symbol.bad_want"));
    }

    #[test]
    fn hints_are_bytes() {
        let read = |bytes: &[u8]| cbor::decode::<MissingHint>(bytes).map_err(|error| error.reason().code());
        let hint = MissingHint::new(EsiList::new(vec![3, 258]).unwrap()).unwrap();
        assert_eq!(cbor::encode(&hint), b"\x48\x03\0\0\0\x02\x01\0\0");
        assert_eq!(read(b"\x48\x03\0\0\0\x02\x01\0\0"), Ok(hint));
        assert_eq!(read(b"\x40"), Ok(MissingHint::default()));
        for bad in [&b"\x43\x03\0\0"[..], b"\x48\x02\x01\0\0\x03\0\0\0", b"\x48\x03\0\0\0\x03\0\0\0", b"\x44\0\0\0\x01"]
        {
            assert_eq!(read(bad), Err("symbol.bad_hint"), "{bad:?}");
        }
        let many: Vec<u8> = (0..257_u32).flat_map(u32::to_le_bytes).collect();
        assert_eq!(read(&cbor::encode(many.as_slice())), Err("symbol.bad_hint"));
        assert_eq!(read(&cbor::encode(&many[4..])).map(|hint| hint.esis().count()), Ok(256));
        assert!(MissingHint::new(EsiList::new((0..257).collect()).unwrap()).is_err());
    }
}
