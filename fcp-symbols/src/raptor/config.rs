//! What a sender and a receiver are set up with (App. B).

use super::block::MAX_SOURCE_SYMBOLS;
use super::{Block, SymbolSize};
use crate::chunk::ChunkSize;

/// The configuration of App. B, with its defaults. Local to a node: nothing of it is negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RaptorQConfig {
    symbol_size: SymbolSize,
    repair_ratio_bps: u16,
    max_object_size: u32,
    decode_timeout_secs: u32,
    max_chunk_threshold: u32,
    chunk_size: ChunkSize,
}

/// Why a configuration is refused (D192).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Payloads up to the chunk threshold would need more than 56403 symbols.
    #[error("chunk threshold is above 56403 symbols")]
    Threshold,
    /// A chunk would be above the threshold and have to be chunked itself.
    #[error("chunk size is above the chunk threshold")]
    ChunkSize,
}

impl Default for RaptorQConfig {
    fn default() -> Self {
        Self {
            symbol_size: SymbolSize::DEFAULT,
            repair_ratio_bps: 500,
            max_object_size: 64 * 1024 * 1024,
            decode_timeout_secs: 30,
            max_chunk_threshold: 256 * 1024,
            chunk_size: ChunkSize::DEFAULT,
        }
    }
}

impl RaptorQConfig {
    /// The same configuration with this symbol size.
    ///
    /// # Errors
    /// [`ConfigError::Threshold`] if the chunk threshold is too high for it.
    pub fn with_symbol_size(mut self, symbol_size: SymbolSize) -> Result<Self, ConfigError> {
        self.symbol_size = symbol_size;
        self.checked()
    }

    /// The same configuration with this share of repair symbols, in basis points: 500 is 5 %.
    #[must_use]
    pub const fn with_repair_ratio_bps(mut self, repair_ratio_bps: u16) -> Self {
        self.repair_ratio_bps = repair_ratio_bps;
        self
    }

    /// The same configuration with this limit for objects, in bytes.
    #[must_use]
    pub const fn with_max_object_size(mut self, bytes: u32) -> Self {
        self.max_object_size = bytes;
        self
    }

    /// The same configuration with this time until an unfinished object is given up, in seconds.
    #[must_use]
    pub const fn with_decode_timeout_secs(mut self, seconds: u32) -> Self {
        self.decode_timeout_secs = seconds;
        self
    }

    /// The same configuration with payloads above `max_chunk_threshold` bytes cut into chunks of `chunk_size`.
    ///
    /// # Errors
    /// [`ConfigError`] if the threshold is above 56403 symbols or below the chunk size.
    pub fn with_chunking(mut self, max_chunk_threshold: u32, chunk_size: ChunkSize) -> Result<Self, ConfigError> {
        self.max_chunk_threshold = max_chunk_threshold;
        self.chunk_size = chunk_size;
        self.checked()
    }

    fn checked(self) -> Result<Self, ConfigError> {
        let most = u32::from(MAX_SOURCE_SYMBOLS).saturating_mul(u32::from(self.symbol_size.get()));
        if self.max_chunk_threshold > most {
            return Err(ConfigError::Threshold);
        }
        if self.chunk_size.get() > self.max_chunk_threshold {
            return Err(ConfigError::ChunkSize);
        }
        Ok(self)
    }

    /// The symbol size: 1024 by default.
    #[must_use]
    pub const fn symbol_size(&self) -> SymbolSize {
        self.symbol_size
    }

    /// The share of repair symbols that a sender adds, in basis points: 500 (5 %) by default.
    #[must_use]
    pub const fn repair_ratio_bps(&self) -> u16 {
        self.repair_ratio_bps
    }

    /// The largest object that is taken, in bytes: 64 MiB by default.
    #[must_use]
    pub const fn max_object_size(&self) -> u32 {
        self.max_object_size
    }

    /// When an unfinished object is given up, in seconds: 30 by default.
    #[must_use]
    pub const fn decode_timeout_secs(&self) -> u32 {
        self.decode_timeout_secs
    }

    /// The largest payload that travels in one piece, in bytes: 256 KiB by default.
    #[must_use]
    pub const fn max_chunk_threshold(&self) -> u32 {
        self.max_chunk_threshold
    }

    /// The chunk size: 64 KiB by default.
    #[must_use]
    pub const fn chunk_size(&self) -> ChunkSize {
        self.chunk_size
    }

    /// Whether a payload of `len` bytes must be chunked: the raw payload counts, before any framing (D192).
    #[must_use]
    pub fn must_chunk(&self, len: u64) -> bool {
        len > u64::from(self.max_chunk_threshold)
    }

    /// How many repair symbols a sender adds to `block`: ceil(K · ratio), a local choice (D194).
    #[must_use]
    pub fn repair_symbols(&self, block: Block) -> u32 {
        u32::from(block.k()).saturating_mul(u32::from(self.repair_ratio_bps)).div_ceil(10_000)
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, RaptorQConfig};
    use crate::chunk::ChunkSize;
    use crate::raptor::{Block, SymbolSize};

    #[test]
    fn defaults_are_those_of_the_appendix() {
        let config = RaptorQConfig::default();
        assert_eq!(config.symbol_size().get(), 1024);
        assert_eq!(config.repair_ratio_bps(), 500);
        assert_eq!(config.max_object_size(), 67_108_864);
        assert_eq!(config.decode_timeout_secs(), 30);
        assert_eq!(config.max_chunk_threshold(), 262_144);
        assert_eq!(config.chunk_size().get(), 65_536);
        assert_eq!(config.checked(), Ok(config));
        assert!(!config.must_chunk(262_144) && config.must_chunk(262_145));
    }

    #[test]
    fn repair_symbols_round_up() {
        let config = RaptorQConfig::default();
        for (k, repair) in [(1, 1), (20, 1), (21, 2), (64, 4), (1000, 50), (56_403, 2821)] {
            assert_eq!(config.repair_symbols(Block::new(k, SymbolSize::DEFAULT).unwrap()), repair, "{k}");
        }
        assert_eq!(config.with_repair_ratio_bps(0).repair_symbols(Block::new(9, SymbolSize::DEFAULT).unwrap()), 0);
    }

    #[test]
    fn thresholds_stay_within_one_block() {
        let config = RaptorQConfig::default();
        let most = 56_403 * 1024;
        assert!(config.with_chunking(most, ChunkSize::DEFAULT).is_ok());
        assert_eq!(config.with_chunking(most + 1, ChunkSize::DEFAULT), Err(ConfigError::Threshold));
        let high = config.with_chunking(most, ChunkSize::DEFAULT).unwrap();
        assert_eq!(high.with_symbol_size(SymbolSize::MIN), Err(ConfigError::Threshold));
        assert_eq!(config.with_chunking(65_535, ChunkSize::DEFAULT), Err(ConfigError::ChunkSize));
    }
}
