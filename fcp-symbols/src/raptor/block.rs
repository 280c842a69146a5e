//! The shape of a block: how many source symbols, and how long each is.

use super::SymbolError;
use super::source::LENGTH_LEN;

/// The most source symbols that one block has: the limit of RFC 6330 (D61). Larger objects are chunked.
pub const MAX_SOURCE_SYMBOLS: u16 = 56_403;

/// The highest encoding symbol id: 24 bits (D61).
pub const MAX_ESI: u32 = (1 << 24) - 1;

/// How many bytes a symbol has: 256..=16384, a multiple of 8 (D59, D68).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolSize(u16);

impl SymbolSize {
    /// The smallest size.
    pub const MIN: Self = Self(256);
    /// The size that fits a datagram of 1200 bytes with all its headers (§4.3.1).
    pub const DEFAULT: Self = Self(1024);
    /// The largest size.
    pub const MAX: Self = Self(16_384);

    /// The size of `bytes`.
    ///
    /// # Errors
    /// [`SymbolError::Size`] if it is outside of 256..=16384 or no multiple of 8.
    pub const fn new(bytes: u16) -> Result<Self, SymbolError> {
        if bytes < Self::MIN.0 || bytes > Self::MAX.0 || !bytes.is_multiple_of(8) {
            return Err(SymbolError::Size);
        }
        Ok(Self(bytes))
    }

    /// The size in bytes.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The size in bytes, to measure buffers with.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

impl Default for SymbolSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What the symbols of a block are: the frame flag RAPTORQ (§4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coding {
    /// Source symbols as they are, ESI 0..K; every one is needed (D63).
    Raw,
    /// RaptorQ: the first K are the source symbols, all further ones repair.
    RaptorQ,
}

/// The shape of one object's block: K source symbols of T bytes (D59).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block {
    k: u16,
    symbol_size: SymbolSize,
}

impl Block {
    /// The first of all blocks in their order: one symbol of the smallest size.
    pub(crate) const SMALLEST: Self = Self { k: 1, symbol_size: SymbolSize::MIN };

    /// The block of `k` symbols.
    ///
    /// # Errors
    /// [`SymbolError::SourceCount`] if `k` is outside of 1..=56403 (D61).
    pub const fn new(k: u16, symbol_size: SymbolSize) -> Result<Self, SymbolError> {
        if k == 0 || k > MAX_SOURCE_SYMBOLS {
            return Err(SymbolError::SourceCount);
        }
        Ok(Self { k, symbol_size })
    }

    /// The block that `len` bytes need, their length field included (D60).
    ///
    /// # Errors
    /// [`SymbolError::TooLarge`] if that is more than 56403 symbols: the object must be chunked (D61).
    pub fn for_len(len: usize, symbol_size: SymbolSize) -> Result<Self, SymbolError> {
        let framed = len.checked_add(LENGTH_LEN).ok_or(SymbolError::TooLarge)?;
        let k = u16::try_from(framed.div_ceil(symbol_size.as_usize())).map_err(|_| SymbolError::TooLarge)?;
        if k > MAX_SOURCE_SYMBOLS { Err(SymbolError::TooLarge) } else { Ok(Self { k, symbol_size }) }
    }

    /// K: how many source symbols there are.
    #[must_use]
    pub const fn k(self) -> u16 {
        self.k
    }

    /// T: how long a symbol is.
    #[must_use]
    pub const fn symbol_size(self) -> SymbolSize {
        self.symbol_size
    }

    /// K·T: the length of all source symbols together.
    #[must_use]
    pub const fn source_len(self) -> usize {
        // At most 56403 · 16384 < 2^30.
        (self.k as usize).saturating_mul(self.symbol_size.as_usize())
    }

    /// How many symbols a sender should plan with: K + ceil(K · 2 / 1000). Advisory; decoding is tried from K on (D62).
    #[must_use]
    pub const fn required(self) -> u32 {
        let k = self.k as u32;
        k.saturating_add(k.saturating_mul(2).div_ceil(1000))
    }

    /// Whether `coding` has a symbol of this id: up to 2^24 − 1 with RaptorQ, below K without (D61, D63).
    #[must_use]
    pub const fn has(self, esi: u32, coding: Coding) -> bool {
        match coding {
            Coding::Raw => esi < self.k as u32,
            Coding::RaptorQ => esi <= MAX_ESI,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, Coding, MAX_ESI, SymbolSize};
    use crate::raptor::SymbolError;

    #[test]
    fn symbol_sizes() {
        for size in [256, 264, 1024, 16_384] {
            assert_eq!(SymbolSize::new(size).unwrap().get(), size);
        }
        for size in [0, 8, 248, 255, 257, 260, 1023, 16_385, 16_392, u16::MAX] {
            assert_eq!(SymbolSize::new(size), Err(SymbolError::Size), "{size}");
        }
    }

    #[test]
    fn source_counts() {
        let of = |k| Block::new(k, SymbolSize::DEFAULT);
        assert_eq!(of(0), Err(SymbolError::SourceCount));
        assert_eq!(of(1).unwrap().source_len(), 1024);
        assert_eq!(of(56_403).unwrap().k(), 56_403);
        assert_eq!(of(56_404), Err(SymbolError::SourceCount));
    }

    #[test]
    fn the_length_field_counts() {
        let k_of = |len| Block::for_len(len, SymbolSize::DEFAULT).map(Block::k);
        assert_eq!(k_of(0), Ok(1));
        assert_eq!(k_of(1016), Ok(1));
        assert_eq!(k_of(1017), Ok(2));
        assert_eq!(k_of(56_403 * 1024 - 8), Ok(56_403));
        assert_eq!(k_of(56_403 * 1024 - 7), Err(SymbolError::TooLarge));
        assert_eq!(k_of(64 * 1024 * 1024), Err(SymbolError::TooLarge));
        assert_eq!(k_of(usize::MAX), Err(SymbolError::TooLarge));
    }

    #[test]
    fn required_rounds_up() {
        for (k, required) in [(1, 2), (499, 500), (500, 501), (501, 503), (1000, 1002), (56_403, 56_516)] {
            assert_eq!(Block::new(k, SymbolSize::DEFAULT).unwrap().required(), required, "{k}");
        }
    }

    #[test]
    fn symbol_ids() {
        let block = Block::new(4, SymbolSize::DEFAULT).unwrap();
        assert!(block.has(3, Coding::Raw) && !block.has(4, Coding::Raw));
        assert!(block.has(MAX_ESI, Coding::RaptorQ) && !block.has(MAX_ESI + 1, Coding::RaptorQ));
    }
}
