//! How well objects' symbols cover them (§8.3, §21.3, D184), in basis points.
//!
//! [`CoverageEvaluation`] is about one object and whoever holds symbols of it; a [`SymbolDistribution`] keeps who that is.
//! A [`CoverageIndex`] does so for all objects of a zone that have a placement policy: when a node leaves or comes back,
//! only the objects are looked at again that the node holds symbols of, and whichever object falls short of its policy
//! is found at once, the most endangered first.

mod distribution;
mod evaluation;
mod index;

pub use distribution::{DistributedState, SymbolDistribution};
pub use evaluation::CoverageEvaluation;
pub use index::{CoverageIndex, CoverageTotals, Urgency};

pub(crate) use evaluation::bps;
