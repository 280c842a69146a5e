//! The claims, layer by layer.

pub mod caps;
pub mod core;
pub mod symbols;

use clap::ValueEnum;

use crate::figure::Question;
use crate::measure::{Contest, Pair};

/// The layers that have claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Area {
    /// The codec and content addresses.
    Core,
    /// Datagrams, the fountain code and gossip.
    Symbols,
    /// Tokens.
    Caps,
}

/// Every contest of `area`, or of all.
#[must_use]
pub fn contests(area: Option<Area>) -> Vec<Contest> {
    if area.is_none_or(|area| area == Area::Symbols) { symbols::contests() } else { Vec::new() }
}

/// Every question of `area`, or of all.
#[must_use]
pub fn questions(area: Option<Area>) -> Vec<Question> {
    if area.is_none_or(|area| area == Area::Symbols) { symbols::questions() } else { Vec::new() }
}

/// Every pair of `area`, or of all.
#[must_use]
pub fn pairs(area: Option<Area>) -> Vec<Pair> {
    let wanted = |candidate: Area| area.is_none_or(|area| area == candidate);
    let mut pairs = Vec::new();
    if wanted(Area::Core) {
        pairs.extend(core::pairs());
    }
    if wanted(Area::Symbols) {
        pairs.extend(symbols::pairs());
    }
    if wanted(Area::Caps) {
        pairs.extend(caps::pairs());
    }
    pairs
}
