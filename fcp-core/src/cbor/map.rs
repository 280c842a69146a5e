//! Maps whose keys are not known at compile time.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::decode::{Decode, Decoder};
use super::encode::{Encode, Encoder};
use super::error::{DecodeError, DecodeErrorKind};

/// A map from `K` to `V` that encodes in the bytewise order of its encoded keys (D24, G7).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Map<K, V> {
    entries: BTreeMap<K, V>,
}

impl<K: Ord, V> Map<K, V> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: BTreeMap::new() }
    }

    /// Puts `value` under `key` and returns what stood there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.entries.insert(key, value)
    }

    /// The value under `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// The entries, in the order of `K`.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        self.entries.iter()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<K: Ord, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self { entries: entries.into_iter().collect() }
    }
}

impl<K: Encode + Ord, V: Encode> Encode for Map<K, V> {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        let mut keyed: Vec<(Vec<u8>, &V)> =
            self.entries.iter().map(|(key, value)| (super::encode(key), value)).collect();
        keyed.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        encoder.map(keyed.len());
        for (key, value) in keyed {
            encoder.encoded_item(&key);
            value.encode(encoder);
        }
    }
}

impl<'b, K: Decode<'b> + Ord, V: Decode<'b>> Decode<'b> for Map<K, V> {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let mut entries = BTreeMap::new();
        let len = decoder.map()?;
        let mut previous: &[u8] = &[];
        for index in 0..len {
            let at = decoder.position();
            let before = decoder.remaining();
            let key = K::decode(decoder)?;
            let encoded = before.get(..decoder.position().saturating_sub(at)).unwrap_or_default();
            if index > 0 && encoded <= previous {
                let kind =
                    if encoded == previous { DecodeErrorKind::DuplicateKey } else { DecodeErrorKind::UnsortedKeys };
                return Err(DecodeError::new(kind, at));
            }
            previous = encoded;
            entries.insert(key, V::decode(decoder)?);
        }
        decoder.leave();
        Ok(Self { entries })
    }
}
