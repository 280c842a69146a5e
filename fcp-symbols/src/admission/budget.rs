//! How much anybody may cost.

/// How many units of decoding work are taken for a millisecond of one core. Decoders count units and never read a clock.
pub const WORK_PER_MS: u64 = 1_000_000;

/// What one peer may cost (§8.4). Minutes slide (D216).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerBudget {
    /// Bytes in, and as many bytes of answers out: 64 MiB by default.
    pub max_bytes_per_min: u64,
    /// Symbols in: 200,000 by default.
    pub max_symbols_per_min: u32,
    /// Datagrams, messages and symbols that did not authenticate: 100 by default.
    pub max_failed_auth_per_min: u32,
    /// Objects that it began and that are unfinished: 32 by default.
    pub max_inflight_decodes: u32,
    /// Decoding and encoding for it, in milliseconds of [`WORK_PER_MS`] units each: 5,000 by default.
    pub max_decode_cpu_ms_per_min: u64,
}

impl Default for PeerBudget {
    fn default() -> Self {
        Self {
            max_bytes_per_min: 64 * 1024 * 1024,
            max_symbols_per_min: 200_000,
            max_failed_auth_per_min: 100,
            max_inflight_decodes: 32,
            max_decode_cpu_ms_per_min: 5_000,
        }
    }
}

impl PeerBudget {
    /// The most work per minute, in units.
    pub(super) const fn max_work(&self) -> u64 {
        self.max_decode_cpu_ms_per_min.saturating_mul(WORK_PER_MS)
    }
}

/// What a node admits (§8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionPolicy {
    /// What each peer may cost.
    pub per_peer: PeerBudget,
    /// Whether a request that nobody authenticated is refused even where its zone is open to strangers: true by default.
    /// `z:public` is exempt (§8.4).
    pub require_authenticated_requests: bool,
}

impl Default for AdmissionPolicy {
    fn default() -> Self {
        Self { per_peer: PeerBudget::default(), require_authenticated_requests: true }
    }
}

/// How many accounts there are, and what those are allowed whom nobody knows. An account takes about 1.3 KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// Peers with an account of their own: 1024 by default.
    pub max_peers: usize,
    /// Addresses with an account of their own: 4096 by default.
    pub max_addresses: usize,
    /// What each address may cost whose sender did not authenticate: by default 1 MiB, 1,000 symbols, 100 failures, one
    /// decode and 50 ms.
    pub per_address: PeerBudget,
    /// How many leading bits of an IPv4 address are one account: 32 by default.
    pub ipv4_prefix: u8,
    /// How many leading bits of an IPv6 address are one account: 64 by default.
    pub ipv6_prefix: u8,
}

impl Default for AdmissionLimits {
    fn default() -> Self {
        let per_address = PeerBudget {
            max_bytes_per_min: 1024 * 1024,
            max_symbols_per_min: 1_000,
            max_failed_auth_per_min: 100,
            max_inflight_decodes: 1,
            max_decode_cpu_ms_per_min: 50,
        };
        Self { max_peers: 1024, max_addresses: 4096, per_address, ipv4_prefix: 32, ipv6_prefix: 64 }
    }
}
