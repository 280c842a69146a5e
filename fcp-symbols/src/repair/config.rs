//! How much repair costs at most.

/// The bounds of a [`RepairController`](super::RepairController); all local, none on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepairConfig {
    /// How long after one cycle the next begins (§21.3), in milliseconds.
    pub interval_ms: u64,
    /// How many objects are under repair at most, and so how many a cycle begins with (§21.3, D220).
    pub max_repairs_per_cycle: u32,
    /// How many symbols a cycle fetches and sends at most; the first object of a cycle may need more.
    pub max_symbols_per_cycle: u32,
    /// How many short objects a cycle looks at, of those that it can do nothing for, too.
    pub max_examined_per_cycle: u32,
    /// How long the first answer is waited for; each further time twice as long. In milliseconds.
    pub patience_ms: u64,
    /// How many times something is asked for or sent, the first time included.
    pub attempts: u8,
    /// After how much longer the next node steps in for one that should repair, in milliseconds.
    pub takeover_ms: u64,
    /// How long a plan to give symbols up must have stood, in milliseconds.
    pub settle_ms: u64,
}

impl Default for RepairConfig {
    /// A cycle a minute, of at most 64 objects and 8192 symbols.
    fn default() -> Self {
        Self {
            interval_ms: 60_000,
            max_repairs_per_cycle: 64,
            max_symbols_per_cycle: 8_192,
            max_examined_per_cycle: 4_096,
            patience_ms: 5_000,
            attempts: 4,
            takeover_ms: 150_000,
            settle_ms: 600_000,
        }
    }
}
