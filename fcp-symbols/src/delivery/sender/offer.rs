//! What a node offers to deliver.

use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, ZoneId};

use super::super::Pacing;
use crate::esi::EsiSet;
use crate::raptor::{Block, Coding};

/// How long an offer waits for progress unless it says otherwise, in milliseconds.
const PATIENCE_MS: u64 = 30_000;

/// How many source symbols an object has at most that goes ahead of larger ones.
const SMALL: u16 = 8;

/// What a peer is to have in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// The object. With RaptorQ no symbol is sent twice: what is lost is made up for with fresh ones.
    Object,
    /// Exactly these symbols, on its disk (§3.6): again and again, until it says that it holds them.
    Hold(EsiSet),
    /// These symbols, once: it asked for them, and asks again for what it misses (§9.2.1).
    Answer(EsiSet),
}

/// What goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Ahead of bulk, which keeps a fifth of each path.
    Urgent,
    /// Everything else.
    Bulk,
}

/// Symbols of one object for one peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The object.
    pub object_id: ObjectId,
    /// Its zone.
    pub zone_id: ZoneId,
    /// Its shape.
    pub block: Block,
    /// What its symbols are.
    pub coding: Coding,
    /// What the peer is to have in the end.
    pub goal: Goal,
    /// What goes first: objects of up to eight symbols, unless said otherwise.
    pub priority: Priority,
    /// Whether it is an object of the control plane, sent as symbols (§9.3).
    pub control_plane: bool,
    /// How many symbols are sent at most, repetitions included: for an answer, what admission allows (D134).
    pub max_symbols: u32,
    /// After how long without progress the offer has failed, in milliseconds: 30,000, and never for what is to be held.
    pub patience_ms: u64,
}

impl Offer {
    /// An offer with the defaults of its goal: eight times as many symbols as the object needs and 64 more, for an answer
    /// exactly its symbols, for what is to be held no bound.
    #[must_use]
    pub fn new(object_id: ObjectId, zone_id: ZoneId, block: Block, coding: Coding, goal: Goal) -> Self {
        let (max_symbols, patience_ms) = match &goal {
            Goal::Object => (block.required().saturating_mul(8).saturating_add(64), PATIENCE_MS),
            Goal::Hold(_) => (u32::MAX, u64::MAX),
            Goal::Answer(esis) => (esis.count(), PATIENCE_MS),
        };
        let priority = if block.k() <= SMALL { Priority::Urgent } else { Priority::Bulk };
        Self { object_id, zone_id, block, coding, goal, priority, control_plane: false, max_symbols, patience_ms }
    }

    /// The same with this priority.
    #[must_use]
    pub const fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// The same as an object of the control plane, which goes ahead.
    #[must_use]
    pub const fn of_control_plane(mut self) -> Self {
        (self.control_plane, self.priority) = (true, Priority::Urgent);
        self
    }

    /// The same with at most so many symbols.
    #[must_use]
    pub const fn with_max_symbols(mut self, max_symbols: u32) -> Self {
        self.max_symbols = max_symbols;
        self
    }

    /// The same with another patience.
    #[must_use]
    pub const fn with_patience_ms(mut self, patience_ms: u64) -> Self {
        self.patience_ms = patience_ms;
        self
    }
}

/// What a sender is set up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderConfig {
    /// How paths are paced.
    pub pacing: Pacing,
    /// How many offers are under way at most: 65,536.
    pub max_offers: usize,
    /// How many of them for one peer: 4096.
    pub max_offers_per_peer: usize,
    /// How many peers at most: 1024.
    pub max_peers: usize,
    /// The share of repair symbols that is sent before anybody complains, in basis points: 500 (App. B).
    pub repair_ratio_bps: u16,
}

impl Default for SenderConfig {
    fn default() -> Self {
        Self {
            pacing: Pacing::default(),
            max_offers: 65_536,
            max_offers_per_peer: 4096,
            max_peers: 1024,
            repair_ratio_bps: 500,
        }
    }
}

/// Why an offer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OfferError {
    /// As much as may be is under way: offer it again when something is done.
    #[error("too many deliveries are under way")]
    Full,
    /// A symbol is named that the coding does not have.
    #[error("no symbol has this encoding symbol id")]
    Esi,
}

impl OfferError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Full => Reason::SymbolDeliveryFull,
            Self::Esi => Reason::SymbolBadEsi,
        }
    }
}
