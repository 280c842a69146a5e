//! What a node wants, and from whom.

use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ZoneId};

use super::super::PathKind;
use crate::esi::EsiSet;
use crate::raptor::Block;

/// How long a want waits for a new symbol unless it says otherwise, in milliseconds.
const PATIENCE_MS: u64 = 8_000;

/// What a source has of an object, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// Nobody knows.
    Unknown,
    /// The object itself: any symbol of it.
    Everything,
    /// These symbols.
    Symbols(EsiSet),
}

/// Who may have symbols of an object, and where along they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The peer.
    pub peer: NodeId,
    /// The best path to it.
    pub path: PathKind,
    /// What it has.
    pub holds: Holds,
}

/// How to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// The sources are asked at once.
    Ask,
    /// Symbols come already: the sources are asked when they no longer do.
    Listen,
}

/// An object that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// The object.
    pub object_id: ObjectId,
    /// Its zone.
    pub zone_id: ZoneId,
    /// Its shape, if that is known, as of a manifest's chunks: then the first request already says what is missing.
    pub block: Option<Block>,
    /// Who may have symbols of it.
    pub sources: Vec<Source>,
    /// How to begin.
    pub begin: Begin,
    /// After how long without a new symbol it has failed, in milliseconds: 8000.
    pub patience_ms: u64,
}

impl Want {
    /// An object to be asked for at once.
    #[must_use]
    pub const fn new(object_id: ObjectId, zone_id: ZoneId, sources: Vec<Source>) -> Self {
        Self { object_id, zone_id, block: None, sources, begin: Begin::Ask, patience_ms: PATIENCE_MS }
    }

    /// An object of which symbols come already.
    #[must_use]
    pub fn pushed(object_id: ObjectId, zone_id: ZoneId, sources: Vec<Source>) -> Self {
        Self { begin: Begin::Listen, ..Self::new(object_id, zone_id, sources) }
    }

    /// The same in a known shape.
    #[must_use]
    pub const fn with_block(mut self, block: Block) -> Self {
        self.block = Some(block);
        self
    }

    /// The same with another patience.
    #[must_use]
    pub const fn with_patience_ms(mut self, patience_ms: u64) -> Self {
        self.patience_ms = patience_ms;
        self
    }
}

/// What a receiver is set up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// How many objects are gathered at once: 64. Further ones wait in the order in which they were wanted.
    pub max_active: usize,
    /// How many wait at most: 65,536.
    pub max_waiting: usize,
    /// How many sources an object has at most: 64.
    pub max_sources: usize,
    /// How many bytes of symbols are kept to do without a faulty source: 64 MiB.
    pub max_bytes: usize,
    /// How many objects that are there are remembered, so that late symbols of them are answered: 1024.
    pub max_remembered: usize,
    /// How many sources' figures are kept: 1024.
    pub max_figures: usize,
    /// The shortest time between two statuses to one source about one object, in milliseconds: 20.
    pub status_interval_ms: u64,
    /// How long nothing may come before sources are asked again, in milliseconds: 400.
    pub ask_again_ms: u64,
}

impl Default for ReceiverConfig {
    fn default() -> Self {
        Self {
            max_active: 64,
            max_waiting: 65_536,
            max_sources: 64,
            max_bytes: 64 * 1024 * 1024,
            max_remembered: 1024,
            max_figures: 1024,
            status_interval_ms: 20,
            ask_again_ms: 400,
        }
    }
}

/// Why a want is not taken: as much as may be is wanted already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many objects are wanted")]
pub struct WantError;

impl WantError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::SymbolDeliveryFull
    }
}
