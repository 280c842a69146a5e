//! The scalar forms of G7 for the standard library's types.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::decode::{Decode, Decoder};
use super::encode::{Encode, Encoder};
use super::error::{DecodeError, DecodeErrorKind};

macro_rules! unsigned {
    ($($type:ty),*) => {$(
        impl Encode for $type {
            #[inline]
            fn encode(&self, encoder: &mut Encoder<'_>) {
                encoder.uint(u64::from(*self));
            }
        }

        impl<'b> Decode<'b> for $type {
            #[inline]
            fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
                decoder.narrow()
            }
        }
    )*};
}

unsigned!(u16, u32, u64);

/// A single byte is an unsigned integer; a sequence of bytes is a byte string.
impl Encode for u8 {
    #[inline]
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.uint(u64::from(*self));
    }

    #[inline]
    fn encode_sequence(items: &[Self], encoder: &mut Encoder<'_>) {
        encoder.bytes(items);
    }
}

impl<'b> Decode<'b> for u8 {
    #[inline]
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        decoder.narrow()
    }

    #[inline]
    fn decode_sequence(decoder: &mut Decoder<'b>) -> Result<Vec<Self>, DecodeError> {
        decoder.bytes().map(<[u8]>::to_vec)
    }
}

impl Encode for i64 {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.int(*self);
    }
}

impl<'b> Decode<'b> for i64 {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let value = decoder.integer()?;
        value.as_i64().ok_or(DecodeError::new(DecodeErrorKind::OutOfRange, offset))
    }
}

impl Encode for bool {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bool(*self);
    }
}

impl<'b> Decode<'b> for bool {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        decoder.bool()
    }
}

impl Encode for str {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.text(self);
    }
}

impl Encode for String {
    #[inline]
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.text(self);
    }
}

impl<'b> Decode<'b> for String {
    #[inline]
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        decoder.text().map(str::to_owned)
    }
}

impl<'b> Decode<'b> for &'b str {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        decoder.text()
    }
}

impl<'b> Decode<'b> for &'b [u8] {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        decoder.bytes()
    }
}

impl<const N: usize> Encode for [u8; N] {
    #[inline]
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bytes(self);
    }
}

impl<'b, const N: usize> Decode<'b> for [u8; N] {
    #[inline]
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        decoder.byte_array()
    }
}

impl<T: Encode> Encode for [T] {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        T::encode_sequence(self, encoder);
    }
}

impl<T: Encode> Encode for Vec<T> {
    #[inline]
    fn encode(&self, encoder: &mut Encoder<'_>) {
        T::encode_sequence(self, encoder);
    }
}

impl<'b, T: Decode<'b>> Decode<'b> for Vec<T> {
    #[inline]
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        T::decode_sequence(decoder)
    }
}

/// An option is its value, or its key is left out. Outside of a struct's field an absent option has no encoding, so
/// options do not nest and do not stand in arrays.
impl<T: Encode> Encode for Option<T> {
    #[inline]
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = self {
            value.encode(encoder);
        }
    }

    #[inline]
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<'b, T: Decode<'b>> Decode<'b> for Option<T> {
    #[inline]
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        T::decode(decoder).map(Some)
    }

    #[inline]
    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    #[inline]
    fn encode(&self, encoder: &mut Encoder<'_>) {
        (**self).encode(encoder);
    }

    #[inline]
    fn is_absent(&self) -> bool {
        (**self).is_absent()
    }
}

impl<T: Encode> Encode for Box<T> {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        (**self).encode(encoder);
    }
}

impl<'b, T: Decode<'b>> Decode<'b> for Box<T> {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        T::decode(decoder).map(Self::new)
    }
}

/// An address is its canonical text (G7): dotted decimal, or RFC 5952.
impl Encode for IpAddr {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.text(&alloc::format!("{self}"));
    }
}

impl<'b> Decode<'b> for IpAddr {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let text = decoder.text()?;
        text.parse()
            .ok()
            .filter(|address: &Self| alloc::format!("{address}") == text)
            .ok_or_else(|| Decoder::invalid(offset, crate::error::Reason::IdIpAddress))
    }
}
