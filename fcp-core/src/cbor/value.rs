//! Open fields: any canonical item with text keys, such as the input of an operation (D28).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::decode::{Decode, Decoder};
use super::encode::{Encode, Encoder};
use super::error::{DecodeError, DecodeErrorKind};
use super::head::major;

/// Any value that a `Value`-typed field may carry: floats allowed, map keys text only (D28).
///
/// Two values are equal iff their canonical encodings are: `1` and `1.0` differ, and so do `0.0` and `-0.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Null.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Integer(Integer),
    /// A finite float.
    Float(Float),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text string.
    Text(String),
    /// A sequence.
    Array(Vec<Value>),
    /// Entries in canonical key order, each key once.
    Map(Entries),
}

impl Value {
    /// The value under `key`, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.get(key),
            _ => None,
        }
    }

    /// The text, if this is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if this is an unsigned integer.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Integer(integer) => integer.as_u64(),
            _ => None,
        }
    }

    /// A map of `entries`; of two entries with one key the later stays.
    #[must_use]
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(Integer::from(number))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Integer::from(number))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<Self>> for Value {
    fn from(items: Vec<Self>) -> Self {
        Self::Array(items)
    }
}

/// The entries of a [`Value::Map`]: each key once, in the bytewise order of the encoded keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entries(Vec<(String, Value)>);

/// The bytewise order of encoded text keys: shorter first, then by bytes.
fn key_order(left: &str, right: &str) -> core::cmp::Ordering {
    left.len().cmp(&right.len()).then_with(|| left.as_bytes().cmp(right.as_bytes()))
}

impl Entries {
    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let index = self.0.binary_search_by(|(own, _)| key_order(own, key)).ok()?;
        self.0.get(index).map(|(_, value)| value)
    }

    /// The entries in canonical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The entries in canonical order, as they are kept.
    pub(crate) fn as_slice(&self) -> &[(String, Value)] {
        &self.0
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts `value` under `key` and returns what stood there.
    pub fn insert(&mut self, key: String, value: Value) -> Option<Value> {
        match self.0.binary_search_by(|(own, _)| key_order(own, &key)) {
            Ok(index) => self.0.get_mut(index).map(|(_, own)| core::mem::replace(own, value)),
            Err(index) => {
                self.0.insert(index, (key, value));
                None
            }
        }
    }
}

impl Entries {
    /// Entries in any order, each with a mark; if keys repeat, the least mark of a repetition. Sorted once, so that
    /// many keys cost no more than their number.
    pub(super) fn from_distinct<M: Ord + Copy>(mut marked: Vec<(String, Value, M)>) -> Result<Self, M> {
        marked.sort_by(|(left, ..), (right, ..)| key_order(left, right));
        let mut repeated = None;
        let mut entries: Vec<(String, Value)> = Vec::with_capacity(marked.len());
        for (key, value, mark) in marked {
            if entries.last().is_some_and(|(previous, _)| *previous == key) {
                repeated = Some(repeated.map_or(mark, |least: M| least.min(mark)));
            } else {
                entries.push((key, value));
            }
        }
        repeated.map_or(Ok(Self(entries)), Err)
    }
}

impl FromIterator<(String, Value)> for Entries {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(entries: I) -> Self {
        let mut sorted: Vec<(String, Value)> = entries.into_iter().collect();
        sorted.sort_by(|(left, _), (right, _)| key_order(left, right));
        // The sort is stable: of two entries with one key, the later follows and stays.
        sorted.dedup_by(|(later, value), (earlier, kept)| {
            let repeats = later == earlier;
            if repeats {
                core::mem::swap(value, kept);
            }
            repeats
        });
        Self(sorted)
    }
}

/// An integer of CBOR's range, −2⁶⁴ to 2⁶⁴ − 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Integer(i128);

impl Integer {
    /// The integer −1 − `argument`.
    #[must_use]
    pub fn negative(argument: u64) -> Self {
        Self(!i128::from(argument))
    }

    /// The integer, if it is not negative.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        u64::try_from(self.0).ok()
    }

    /// The integer, if it fits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        i64::try_from(self.0).ok()
    }

    /// The integer.
    #[must_use]
    pub const fn as_i128(self) -> i128 {
        self.0
    }
}

impl From<u64> for Integer {
    fn from(number: u64) -> Self {
        Self(i128::from(number))
    }
}

impl From<i64> for Integer {
    fn from(number: i64) -> Self {
        Self(i128::from(number))
    }
}

/// A finite float. Equality is that of the bits, so `-0.0` is not `0.0`.
#[derive(Debug, Clone, Copy)]
pub struct Float(f64);

impl Float {
    /// A finite `number`, or nothing.
    #[must_use]
    pub const fn new(number: f64) -> Option<Self> {
        if number.is_finite() { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Float {}

impl Encode for Float {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.float(self.0);
    }
}

/// Only schemas that allow floats use this (§3.5 rule 5, D28): the inputs and outputs of operations.
impl<'b> Decode<'b> for Float {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        decoder.float().map(Self)
    }
}

impl Encode for Integer {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        match u64::try_from(self.0) {
            Ok(number) => encoder.uint(number),
            Err(_) => encoder.negative(u64::try_from(!self.0).unwrap_or(u64::MAX)),
        }
    }
}

impl Encode for Value {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        match self {
            Self::Null => encoder.null(),
            Self::Bool(truth) => encoder.bool(*truth),
            Self::Integer(integer) => integer.encode(encoder),
            Self::Float(float) => encoder.float(float.0),
            Self::Bytes(bytes) => encoder.bytes(bytes),
            Self::Text(text) => encoder.text(text),
            Self::Array(items) => items.encode(encoder),
            Self::Map(Entries(entries)) => {
                encoder.map(entries.len());
                for (key, value) in entries {
                    encoder.text(key);
                    value.encode(encoder);
                }
            }
        }
    }
}

impl<'b> Decode<'b> for Value {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        match decoder.peek_major() {
            None => Err(decoder.error(DecodeErrorKind::UnexpectedEnd)),
            Some(major::UINT | major::NEGATIVE) => decoder.integer().map(Self::Integer),
            Some(major::BYTES) => decoder.bytes().map(|bytes| Self::Bytes(bytes.to_vec())),
            Some(major::TEXT) => decoder.text().map(|text| Self::Text(text.to_owned())),
            Some(major::ARRAY) => Vec::decode(decoder).map(Self::Array),
            Some(major::MAP) => entries(decoder).map(Self::Map),
            Some(_) => match decoder.remaining().first().map(|initial| initial & 0x1f) {
                Some(20 | 21) => decoder.bool().map(Self::Bool),
                Some(25..=27) => decoder.float().map(|number| Self::Float(Float(number))),
                _ => decoder.null().map(|()| Self::Null),
            },
        }
    }
}

fn entries(decoder: &mut Decoder<'_>) -> Result<Entries, DecodeError> {
    let len = decoder.map()?;
    let mut entries: Vec<(String, Value)> = Vec::with_capacity(len.min(64));
    for _ in 0..len {
        let at = decoder.position();
        if decoder.peek_major().is_some_and(|major| major != major::TEXT) {
            decoder.skip()?;
            return Err(DecodeError::new(DecodeErrorKind::KeyType, at));
        }
        let key = decoder.text()?;
        if let Some((previous, _)) = entries.last() {
            let kind = match key_order(previous, key) {
                core::cmp::Ordering::Less => None,
                core::cmp::Ordering::Equal => Some(DecodeErrorKind::DuplicateKey),
                core::cmp::Ordering::Greater => Some(DecodeErrorKind::UnsortedKeys),
            };
            if let Some(kind) = kind {
                return Err(DecodeError::new(kind, at));
            }
        }
        entries.push((key.to_owned(), Value::decode(decoder)?));
    }
    decoder.leave();
    Ok(Entries(entries))
}
