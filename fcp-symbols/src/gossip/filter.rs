//! Membership filters (§8.2, D132, D218): small, replaceable hints which items a node holds.
//!
//! A filter says *maybe* for every item that it was made of and for one in 256 of all others, and *no* for the rest. It
//! is the xor filter with 8-bit fingerprints of Graf and Lemire, over the items' [check hashes](super::GossipItem::check),
//! so that one hash of an item asks the filters of all peers.

use alloc::vec;
use alloc::vec::Vec;

use fcp_core::error::Reason;

/// The most keys of a filter: as much as one message holds with room to spare.
pub const MAX_FILTER_KEYS: u32 = 1 << 21;

/// Version and kind.
const HEAD: [u8; 2] = [1, 1];

/// Bytes before the fingerprints: head, seed, number of keys, length of a block.
const HEADER_LEN: usize = 18;

/// How many seeds are tried. Each fails rarely, and independently of the others.
const MAX_ATTEMPTS: u32 = 64;

/// From one seed to the next.
const SEED_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Why bytes are no filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no filter of version 1 and kind 1, or its lengths do not agree")]
pub struct FilterError;

impl FilterError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::GossipBadFilter
    }
}

/// Why no filter is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// There are more keys than a filter holds.
    #[error("more than 2097152 keys")]
    TooMany,
    /// No seed worked, which does not happen by chance.
    #[error("no seed gives a filter")]
    Seeds,
}

impl BuildError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::GossipFilterKeys
    }
}

/// A membership filter.
///
/// `u8 version = 1 ‖ u8 kind = 1 ‖ u64 seed ‖ u32 n ‖ u32 L ‖ 3L fingerprints`, integers little-endian,
/// `L = ⌊(⌊1.23 n⌋ + 32) / 3⌋`, `n ≤ 2^21`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XorFilter {
    seed: u64,
    keys: u32,
    block_len: u32,
    fingerprints: Vec<u8>,
}

/// How long each of the three blocks is for `keys` keys.
const fn block_len(keys: u32) -> u32 {
    // At most 2^21 keys: nothing overflows.
    keys.saturating_mul(123).wrapping_div(100).saturating_add(32).wrapping_div(3)
}

/// Where a key stands in each block, and its fingerprint.
#[derive(Debug, Clone, Copy)]
struct Mixed(u64);

impl Mixed {
    /// The finalizer of MurmurHash3 over hash and seed.
    #[inline]
    const fn of(hash: u64, seed: u64) -> Self {
        let mut mixed = hash.wrapping_add(seed);
        mixed = (mixed ^ mixed >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ mixed >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        Self(mixed ^ mixed >> 33)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the fingerprint is the low byte")]
    const fn fingerprint(self) -> u8 {
        (self.0 ^ self.0 >> 32) as u8
    }

    /// The three cells, one in each block.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "positions are taken from 32 bits, and are below 3L < 2^32")]
    fn cells(self, block_len: u32) -> [usize; 3] {
        let in_block = |rotated: u64| ((rotated as u32 as u64).wrapping_mul(block_len as u64) >> 32) as usize;
        let len = block_len as usize;
        [
            in_block(self.0),
            in_block(self.0.rotate_left(21)).wrapping_add(len),
            in_block(self.0.rotate_left(42)).wrapping_add(len).wrapping_add(len),
        ]
    }
}

/// A cell while a filter is made: how many keys stand in it, and all of them, one over the other.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    keys: u64,
    count: u32,
}

impl XorFilter {
    /// The filter of the items with these check hashes; the same hashes, in any order, and the same seed give the same
    /// filter (D218). A hash that stands twice counts once.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build(mut hashes: Vec<u64>, mut seed: u64) -> Result<Self, BuildError> {
        // Hashes that stand twice never come apart. They are looked for only where that went wrong: sorting costs about as
        // much as a filter.
        if let Some(filter) = Self::attempt(&hashes, seed) {
            return Ok(filter);
        }
        hashes.sort_unstable();
        hashes.dedup();
        if u32::try_from(hashes.len()).map_or(true, |keys| keys > MAX_FILTER_KEYS) {
            return Err(BuildError::TooMany);
        }
        for _ in 0..MAX_ATTEMPTS {
            if let Some(filter) = Self::attempt(&hashes, seed) {
                return Ok(filter);
            }
            seed = seed.wrapping_add(SEED_STEP);
        }
        Err(BuildError::Seeds)
    }

    /// The filter of hashes that differ, if this seed gives one.
    fn attempt(hashes: &[u64], seed: u64) -> Option<Self> {
        let keys = u32::try_from(hashes.len()).ok().filter(|keys| *keys <= MAX_FILTER_KEYS)?;
        let block_len = block_len(keys);
        Some(Self { seed, keys, block_len, fingerprints: fingerprints(hashes, seed, block_len)? })
    }

    /// Reads a filter.
    ///
    /// # Errors
    /// [`FilterError`], before anything is allocated.
    pub fn parse(bytes: &[u8]) -> Result<Self, FilterError> {
        let (head, rest) = bytes.split_first_chunk().ok_or(FilterError)?;
        let (seed, rest) = rest.split_first_chunk().ok_or(FilterError)?;
        let (keys, rest) = rest.split_first_chunk().ok_or(FilterError)?;
        let (len, fingerprints) = rest.split_first_chunk().ok_or(FilterError)?;
        let (keys, len) = (u32::from_le_bytes(*keys), u32::from_le_bytes(*len));
        let consistent = *head == HEAD
            && keys <= MAX_FILTER_KEYS
            && len == block_len(keys)
            && usize::try_from(len).is_ok_and(|len| len.checked_mul(3) == Some(fingerprints.len()));
        if !consistent {
            return Err(FilterError);
        }
        let seed = u64::from_le_bytes(*seed);
        Ok(Self { seed, keys, block_len: len, fingerprints: fingerprints.to_vec() })
    }

    /// The filter's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.encoded_len());
        bytes.extend_from_slice(&HEAD);
        bytes.extend_from_slice(&self.seed.to_le_bytes());
        bytes.extend_from_slice(&self.keys.to_le_bytes());
        bytes.extend_from_slice(&self.block_len.to_le_bytes());
        bytes.extend_from_slice(&self.fingerprints);
        bytes
    }

    /// How many bytes the filter has.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        self.fingerprints.len().saturating_add(HEADER_LEN)
    }

    /// Whether the item with this check hash may be among those that the filter was made of. If it was, the answer is
    /// yes; if not, it is yes once in 256 times.
    #[must_use]
    #[inline]
    pub fn contains(&self, hash: u64) -> bool {
        let mixed = Mixed::of(hash, self.seed);
        let [first, second, third] = mixed.cells(self.block_len);
        let (Some(first), Some(second), Some(third)) =
            (self.fingerprints.get(first), self.fingerprints.get(second), self.fingerprints.get(third))
        else {
            return false;
        };
        first ^ second ^ third == mixed.fingerprint()
    }

    /// The seed that the filter was made with.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// How many keys the filter was made of, as it says.
    #[must_use]
    pub const fn keys(&self) -> u32 {
        self.keys
    }
}

/// The fingerprints, if this seed gives any.
fn fingerprints(hashes: &[u64], seed: u64, block_len: u32) -> Option<Vec<u8>> {
    let count = usize::try_from(block_len).ok()?.checked_mul(3)?;
    let mut cells = vec![Cell::default(); count];
    for hash in hashes {
        let mixed = Mixed::of(*hash, seed);
        for at in mixed.cells(block_len) {
            let cell = cells.get_mut(at)?;
            cell.keys ^= mixed.0;
            cell.count = cell.count.wrapping_add(1);
        }
    }
    let order = peel(&mut cells, hashes.len(), block_len)?;
    drop(cells);
    let mut fingerprints = vec![0; count];
    for (mixed, at) in order.into_iter().rev() {
        // The key's own cell is still zero.
        let mut fingerprint = mixed.fingerprint();
        for other in mixed.cells(block_len) {
            fingerprint ^= fingerprints.get(other)?;
        }
        *fingerprints.get_mut(at)? = fingerprint;
    }
    Some(fingerprints)
}

/// The keys with a cell each that no key behind them stands in, if they all come apart (D218): cells that hold one key, from
/// the last one to the first, and each time first what thereby became a cell with one key.
fn peel(cells: &mut [Cell], keys: usize, block_len: u32) -> Option<Vec<(Mixed, usize)>> {
    let mut order = Vec::with_capacity(keys);
    let mut alone: Vec<usize> =
        cells.iter().enumerate().filter(|(_, cell)| cell.count == 1).map(|(at, _)| at).collect();
    while let Some(at) = alone.pop() {
        let cell = cells.get(at)?;
        if cell.count != 1 {
            continue;
        }
        let mixed = Mixed(cell.keys);
        order.push((mixed, at));
        for other in mixed.cells(block_len) {
            let cell = cells.get_mut(other)?;
            cell.keys ^= mixed.0;
            cell.count = cell.count.wrapping_sub(1);
            if cell.count == 1 {
                alone.push(other);
            }
        }
    }
    if order.len() == keys { Some(order) } else { None }
}

#[cfg(test)]
mod tests {
    use super::{BuildError, MAX_FILTER_KEYS, XorFilter};
    use proptest::prelude::*;

    fn hashes(count: u64) -> Vec<u64> {
        (1..=count).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)).collect()
    }

    #[test]
    fn never_misses_and_is_the_same_however_it_was_fed() {
        for count in [0, 1, 2, 3, 10, 100, 5_000] {
            let mut keys = hashes(count);
            let filter = XorFilter::build(keys.clone(), 7).unwrap();
            assert!(keys.iter().all(|key| filter.contains(*key)), "{count}");
            assert_eq!(u64::from(filter.keys()), count);
            assert_eq!(XorFilter::parse(&filter.to_bytes()).as_ref(), Ok(&filter));
            keys.reverse();
            keys.extend_from_slice(&keys.clone());
            assert_eq!(XorFilter::build(keys, 7).as_ref(), Ok(&filter), "{count}");
        }
        let filter = XorFilter::build(hashes(20_000), 1).unwrap();
        assert!(filter.encoded_len() * 8 <= 20_000 * 99 / 10);
        let others = (1..=200_000_u64).map(|at| at.wrapping_mul(0xd129_0d3e_5b4f_7a63));
        let hits = others.filter(|other| filter.contains(*other)).count();
        assert!((650..=910).contains(&hits), "{hits} of 200000, where 781 are expected");
    }

    #[test]
    fn too_many_keys_are_refused() {
        let mut keys = vec![5; MAX_FILTER_KEYS as usize + 1];
        assert_eq!(XorFilter::build(keys.clone(), 0).unwrap().keys(), 1);
        for (key, at) in keys.iter_mut().zip(0..) {
            *key = at;
        }
        assert_eq!(XorFilter::build(keys, 0), Err(BuildError::TooMany));
    }

    #[test]
    fn only_filters_are_read() {
        let filter = XorFilter::build(hashes(9), 0x0102_0304_0506_0708).unwrap();
        let bytes = filter.to_bytes();
        // Version, kind, seed, n = 9, L = ⌊(11 + 32) / 3⌋ = 14.
        assert_eq!(bytes[..18], *b"\x01\x01\x08\x07\x06\x05\x04\x03\x02\x01\x09\0\0\0\x0e\0\0\0");
        assert_eq!(bytes.len(), 18 + 42);
        for len in 0..bytes.len() {
            assert!(XorFilter::parse(&bytes[..len]).is_err());
        }
        let changed = |at: usize, value: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            XorFilter::parse(&bytes)
        };
        for (at, value) in [(0, 2), (1, 0), (1, 2), (10, 12), (13, 1), (14, 15), (17, 1)] {
            assert!(changed(at, value).is_err(), "byte {at}");
        }
        // One key more or less may go into blocks of the same length.
        assert!(changed(10, 10).is_ok() && changed(18, 1).is_ok());
        assert!(XorFilter::parse(&[&bytes[..], &[0]].concat()).is_err());
        // The largest lengths, without the bytes.
        assert!(XorFilter::parse(b"\x01\x01\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff").is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_read_answers_every_question(
            keys in prop::collection::vec(any::<u64>(), 0..60),
            seed: u64,
            garbage in prop::collection::vec(any::<u8>(), 0..200),
            others in prop::collection::vec(any::<u64>(), 0..60),
        ) {
            let filter = XorFilter::build(keys.clone(), seed).unwrap();
            prop_assert!(keys.iter().all(|key| filter.contains(*key)));
            let mut bytes = filter.to_bytes();
            for (place, byte) in bytes.iter_mut().skip(18).zip(&garbage) {
                *place = *byte;
            }
            let hostile = XorFilter::parse(&bytes).unwrap();
            for other in others {
                let _ = hostile.contains(other);
            }
            let _ = XorFilter::parse(&garbage);
        }
    }
}
