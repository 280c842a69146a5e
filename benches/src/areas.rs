//! The claims, layer by layer.

mod core;

use crate::Area;
use crate::measure::Pair;

/// Every pair of `area`, or of all.
pub(crate) fn pairs(area: Option<Area>) -> Vec<Pair> {
    let wanted = |candidate: Area| area.is_none_or(|area| area == candidate);
    let mut pairs = Vec::new();
    if wanted(Area::Core) {
        pairs.extend(core::pairs());
    }
    pairs
}
