//! Canonical CBOR (§3.5, RFC 8949 §4.2.1): one encoder, one strict decoder.
//!
//! Every durable byte of the protocol is deterministic CBOR, and a decoder that accepts more than one encoding of a
//! value would give one meaning two object ids. So [`decode`] accepts exactly the bytes that [`encode`] writes: it
//! refuses indefinite lengths, heads that are not the shortest, unsorted or repeated map keys, tags, simple values
//! other than `true`, `false` and `null`, NaN, floats where none belong, invalid UTF-8, nesting deeper than
//! [`MAX_DEPTH`] and inputs longer than [`MAX_SIZE`] — in one pass, without encoding again to compare, and without
//! reserving memory for a length that is only claimed.
//!
//! Structs are maps with text keys equal to the field names, an absent option has no key at all, and enums are their
//! snake_case name or a one-entry map (G4, G5, D26). [`Encode`] and [`Decode`] are derived:
//!
//! ```
//! use fcp_core::cbor::{self, Decode, Encode};
//!
//! #[derive(Debug, PartialEq, Encode, Decode)]
//! struct Page { title: String, lines: Vec<String>, parent: Option<[u8; 4]> }
//!
//! let page = Page { title: "milk".into(), lines: vec![], parent: None };
//! let bytes = cbor::encode(&page);
//! assert_eq!(bytes, b"\xa2\x65lines\x80\x65title\x64milk");
//! assert_eq!(cbor::decode::<Page>(&bytes).unwrap(), page);
//!
//! let unsorted = b"\xa2\x65title\x64milk\x65lines\x80";
//! assert_eq!(cbor::decode::<Page>(unsorted).unwrap_err().reason().code(), "cbor.unsorted_keys");
//! ```

#[cfg(any(feature = "testkit", test))]
mod battery;
mod check;
mod decode;
mod encode;
mod error;
mod head;
mod impls;
mod json;
mod map;
mod value;

#[cfg(any(feature = "testkit", test))]
pub use battery::check_one_encoding;
pub use check::check;
pub use decode::{Decode, Decoder, FieldCursor};
pub use encode::{Encode, Encoder, encode, encode_into};
pub use error::{DecodeError, DecodeErrorKind};
pub use fcp_core_derive::{Decode, Encode};
pub use json::{JsonError, from_json, to_json};
pub use map::Map;
pub use value::{Entries, Float, Integer, Value};

/// The deepest nesting of arrays and maps that the decoder follows (D25).
pub const MAX_DEPTH: u8 = 64;

/// The longest input that the decoder reads, in bytes: 64 MiB (D25).
pub const MAX_SIZE: usize = 64 * 1024 * 1024;

/// Decodes one value that must fill `bytes` exactly.
///
/// # Errors
/// [`DecodeError`] with the first rule that `bytes` breaks and the offset where it does.
pub fn decode<'b, T: Decode<'b>>(bytes: &'b [u8]) -> Result<T, DecodeError> {
    let mut decoder = Decoder::new(bytes)?;
    let value = T::decode(&mut decoder)?;
    decoder.finish()?;
    Ok(value)
}

/// Decodes one value from the start of `bytes` and returns it with the bytes behind it.
///
/// # Errors
/// [`DecodeError`] with the first rule that the value's bytes break.
pub fn decode_prefix<'b, T: Decode<'b>>(bytes: &'b [u8]) -> Result<(T, &'b [u8]), DecodeError> {
    let mut decoder = Decoder::new(bytes)?;
    let value = T::decode(&mut decoder)?;
    Ok((value, decoder.remaining()))
}
