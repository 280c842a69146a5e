//! What unfinished objects may cost.

use crate::raptor::RaptorQConfig;

/// How many shapes of one object are reassembled at once (D61).
pub const MAX_CONTEXTS_PER_OBJECT: usize = 4;

/// What unfinished objects may cost, in all and per source. A symbol costs its bytes and a little more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReassemblyLimits {
    /// All symbols held, in bytes: 256 MiB by default.
    pub max_bytes: usize,
    /// The symbols of one source, in bytes: 64 MiB by default.
    pub max_bytes_per_source: usize,
    /// The largest object, in bytes of all its source symbols: 64 MiB by default.
    pub max_object_len: usize,
    /// The most source symbols of an object: 2048 by default.
    ///
    /// Ordinary symbols take time in proportion to K, symbols that a sender chose for it in proportion to K² and, beyond
    /// 2048, to its cube (D208). Payloads of 256 KiB need 1030 symbols of the smallest size.
    pub max_source_symbols: u16,
    /// What one symbol may make decoding cost, in units of about a nanosecond: two billion by default, which suffices for
    /// all that the other limits admit. Whoever knows what a source may cost gives less, with
    /// [`handle_symbol_within`](super::Reassembly::handle_symbol_within).
    pub max_decode_work: u64,
    /// What decoding may take of memory beside the symbols, in bytes: 512 MiB by default.
    pub max_decode_bytes: usize,
    /// All contexts: 4096 by default.
    pub max_contexts: usize,
    /// The contexts that one source began: 256 by default.
    pub max_contexts_per_source: usize,
    /// The sources of one context: 64 by default.
    pub max_sources_per_context: usize,
    /// When a context is given up that nothing new came for, in seconds: 30 by default.
    pub timeout_secs: u32,
}

impl Default for ReassemblyLimits {
    fn default() -> Self {
        Self::of(&RaptorQConfig::default())
    }
}

impl ReassemblyLimits {
    /// The limits of a receiver with this configuration: its largest object and its time-out, and else the defaults.
    #[must_use]
    pub fn of(config: &RaptorQConfig) -> Self {
        let max_object_len = usize::try_from(config.max_object_size()).unwrap_or(usize::MAX);
        Self {
            max_bytes: 256 * 1024 * 1024,
            max_bytes_per_source: 64 * 1024 * 1024,
            max_object_len,
            max_source_symbols: 2048,
            max_decode_work: 2_000_000_000,
            max_decode_bytes: 512 * 1024 * 1024,
            max_contexts: 4096,
            max_contexts_per_source: 256,
            max_sources_per_context: 64,
            timeout_secs: config.decode_timeout_secs(),
        }
    }
}
