//! Reading the head of an item: major type and argument, in the shortest form only.

use super::error::DecodeErrorKind;

/// The eight major types of RFC 8949, as bits 5–7 of the initial byte.
pub(super) mod major {
    pub(in crate::cbor) const UINT: u8 = 0;
    pub(in crate::cbor) const NEGATIVE: u8 = 1;
    pub(in crate::cbor) const BYTES: u8 = 2;
    pub(in crate::cbor) const TEXT: u8 = 3;
    pub(in crate::cbor) const ARRAY: u8 = 4;
    pub(in crate::cbor) const MAP: u8 = 5;
    pub(in crate::cbor) const TAG: u8 = 6;
    pub(in crate::cbor) const SIMPLE: u8 = 7;
}

/// A canonical head of major type 0 to 5.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) major: u8,
    pub(super) argument: u64,
    /// How many bytes the head takes: 1, 2, 3, 5 or 9.
    pub(super) len: usize,
}

/// Reads the head at the start of `input`.
///
/// Major type 7 is left to the caller, who knows whether floats are allowed: the head then carries the additional
/// information in `argument` and `len` 1.
#[inline]
pub(super) fn read(input: &[u8]) -> Result<Head, DecodeErrorKind> {
    let (&initial, rest) = input.split_first().ok_or(DecodeErrorKind::UnexpectedEnd)?;
    let (major, info) = (initial >> 5, initial & 0x1f);
    if info < 24 && major < major::TAG {
        return Ok(Head { major, argument: u64::from(info), len: 1 });
    }
    if major == major::TAG {
        return Err(DecodeErrorKind::Tag);
    }
    if major == major::SIMPLE {
        return Ok(Head { major, argument: u64::from(info), len: 1 });
    }
    let (argument, len, shortest) = match info {
        24 => (u64::from(*rest.first().ok_or(DecodeErrorKind::UnexpectedEnd)?), 2, 24),
        25 => (u64::from(u16::from_be_bytes(array(rest)?)), 3, 1 << 8),
        26 => (u64::from(u32::from_be_bytes(array(rest)?)), 5, 1 << 16),
        27 => (u64::from_be_bytes(array(rest)?), 9, 1 << 32),
        31 if matches!(major, major::BYTES | major::TEXT | major::ARRAY | major::MAP) => {
            return Err(DecodeErrorKind::IndefiniteLength);
        }
        _ => return Err(DecodeErrorKind::ReservedHead),
    };
    if argument < shortest {
        return Err(DecodeErrorKind::NonShortestHead);
    }
    Ok(Head { major, argument, len })
}

#[inline]
fn array<const N: usize>(rest: &[u8]) -> Result<[u8; N], DecodeErrorKind> {
    rest.first_chunk::<N>().copied().ok_or(DecodeErrorKind::UnexpectedEnd)
}
