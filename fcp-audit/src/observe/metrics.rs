//! The metrics that every implementation has (§23.1), by name.

/// FCPS datagrams received.
pub const FCPS_DATAGRAMS_RX: &str = "fcps_datagrams_rx_total";
/// Datagrams whose session MAC did not verify.
pub const FCPS_DATAGRAMS_MAC_FAIL: &str = "fcps_datagrams_mac_fail_total";
/// Symbols that did not authenticate.
pub const FCPS_SYMBOLS_AEAD_FAIL: &str = "fcps_symbols_aead_fail_total";
/// Frames dropped as replays.
pub const FCPS_REPLAY_DROP: &str = "fcps_replay_drop_total";
/// Tokens whose signature or validity did not hold.
pub const CAPABILITY_TOKEN_VERIFY_FAIL: &str = "capability_token_verify_fail_total";
/// Operations denied for want of a capability.
pub const CAPABILITY_DENIED: &str = "capability_denied_total";
/// Egress requests let through.
pub const EGRESS_ALLOWED: &str = "egress_allowed_total";
/// Egress requests denied by network constraints.
pub const EGRESS_DENIED: &str = "egress_denied_total";
/// Egress requests that timed out.
pub const EGRESS_TIMEOUT: &str = "egress_timeout_total";

/// All counters that §23.1 names.
pub const REQUIRED_COUNTERS: [&str; 9] = [
    FCPS_DATAGRAMS_RX,
    FCPS_DATAGRAMS_MAC_FAIL,
    FCPS_SYMBOLS_AEAD_FAIL,
    FCPS_REPLAY_DROP,
    CAPABILITY_TOKEN_VERIFY_FAIL,
    CAPABILITY_DENIED,
    EGRESS_ALLOWED,
    EGRESS_DENIED,
    EGRESS_TIMEOUT,
];

/// Requests, by connector and operation.
pub const REQUESTS: &str = "requests_total";
/// Requests that failed, by connector and operation.
pub const REQUEST_ERRORS: &str = "request_errors_total";
/// How long requests took, in seconds, by connector and operation, with the quantiles of [`LATENCY_QUANTILES`].
pub const REQUEST_DURATION: &str = "request_duration_seconds";
/// The quantiles that are reported: p50, p95, p99.
pub const LATENCY_QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];
/// The process's memory in bytes.
pub const MEMORY: &str = "process_resident_memory_bytes";
/// The process's time on a processor, in seconds.
pub const CPU: &str = "process_cpu_seconds_total";
/// The process's open file handles.
pub const FILE_HANDLES: &str = "process_open_fds";
/// Requests denied by a rate limit.
pub const RATE_LIMIT_DENIED: &str = "rate_limit_denied_total";
/// Requests denied by a zone's policy.
pub const ZONE_DENIED: &str = "zone_denied_total";
/// Requests denied for the taint of their input.
pub const TAINT_DENIED: &str = "taint_denied_total";
