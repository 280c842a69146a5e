//! How often a node speaks of what it holds, and how much it does for others (§8.4, D219).

use fcp_core::time::TimePolicy;

/// Intervals and limits of gossip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GossipConfig {
    /// How long after a summary the next one goes out, in milliseconds; a quarter more or less.
    pub summary_interval_ms: u64,
    /// How long after a summary the next one goes out where something changed, in milliseconds; not below 1000.
    pub change_interval_ms: u64,
    /// How long an answer is waited for, in milliseconds.
    pub request_timeout_ms: u64,
    /// How often a request is made until the peer is left alone for a while.
    pub max_attempts: u32,
    /// How long a peer is left alone that does not answer or contradicts itself, and how long reconciling waits for missing
    /// items, in milliseconds.
    pub rest_ms: u64,
    /// How long after a filter the next one of the same set is asked for, in milliseconds.
    pub filter_interval_ms: u64,
    /// Units of work that are done for a peer in a minute (D219).
    pub max_served_per_min: u64,
    /// Units of work that reconciling with a peer may take in a minute (D219).
    pub max_reconciled_per_min: u64,
    /// How many items that a peer holds, and that are missing here, are learned before the next ones are asked for.
    pub max_missing_per_peer: usize,
    /// How many items are remembered of a peer, in which its set differs from the own one; in either direction.
    pub max_known_per_peer: usize,
    /// How many bytes of filters are remembered of a peer, for each set.
    pub max_filter_bytes_per_peer: usize,
    /// How far clocks may differ.
    pub time: TimePolicy,
}

impl Default for GossipConfig {
    fn default() -> Self {
        Self {
            summary_interval_ms: 30_000,
            change_interval_ms: 2_000,
            request_timeout_ms: 10_000,
            max_attempts: 4,
            rest_ms: 60_000,
            filter_interval_ms: 300_000,
            max_served_per_min: 1_000_000,
            max_reconciled_per_min: 1_000_000,
            max_missing_per_peer: 16_384,
            max_known_per_peer: 65_536,
            max_filter_bytes_per_peer: 4 << 20,
            time: TimePolicy::default(),
        }
    }
}
