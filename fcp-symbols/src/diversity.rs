//! Whether symbols come from enough sources (§17.2, D175).
//!
//! Count symbols only after their frames were authenticated: a source is a session's peer, or who signed the frame.
//!
//! ```
//! use fcp_core::id::{NodeId, ZoneId};
//! use fcp_symbols::diversity::{Diversity, DiversityPolicy};
//!
//! let policy = DiversityPolicy { min_nodes: 2, min_zones: 1, max_node_fraction_bps: 6000 };
//! let (laptop, phone) = (NodeId::new("nLaptop")?, NodeId::new("nPhone")?);
//! let attested = [ZoneId::private()];                         // the zones of each source's attestation
//!
//! let mut diversity = Diversity::new();
//! for esi in 0..3 {
//!     diversity.note(&laptop, esi);
//! }
//! let figures = diversity.figures(|_| &attested);
//! assert_eq!(policy.verify(figures).reason().code(), "diversity.nodes");
//! diversity.note(&phone, 0);
//! diversity.note(&phone, 7);
//! assert!(policy.verify(diversity.figures(|_| &attested)).is_allowed());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::collections::{BTreeMap, BTreeSet};

use fcp_core::decision::Decision;
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ZoneId};

/// From how many sources the symbols of an object must come (§17.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiversityPolicy {
    /// How many nodes at least.
    pub min_nodes: u8,
    /// How many zones at least that the nodes are attested for.
    pub min_zones: u8,
    /// The largest part that one node may give, in basis points.
    pub max_node_fraction_bps: u16,
}

/// Who gave which symbols of an object.
#[derive(Debug, Clone, Default)]
pub struct Diversity {
    sources: BTreeMap<NodeId, BTreeSet<u32>>,
}

/// What a [`DiversityPolicy`] looks at (D175).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiversityFigures {
    /// Nodes that gave any symbol.
    pub nodes: u32,
    /// Zones that these are attested for, each counted once.
    pub zones: u32,
    /// Different pairs of a node and a symbol.
    pub symbols: u64,
    /// The largest part that one node gave, in basis points, rounded down; 0 of nothing.
    pub max_node_fraction_bps: u16,
}

/// The first figure that is not as the policy wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Shortfall {
    /// Too few nodes.
    #[error("symbols of {found} nodes, and {needed} are needed")]
    Nodes {
        /// How many gave symbols.
        found: u32,
        /// How many must.
        needed: u32,
    },
    /// Too few zones.
    #[error("symbols of nodes in {found} zones, and {needed} are needed")]
    Zones {
        /// How many the nodes are attested for.
        found: u32,
        /// How many they must be.
        needed: u32,
    },
    /// One node gave too much.
    #[error("one node gave {found} basis points of the symbols, and may give {allowed}")]
    NodeFraction {
        /// How much one node gave, in basis points.
        found: u16,
        /// How much one may give.
        allowed: u16,
    },
}

impl Shortfall {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Nodes { .. } => Reason::DiversityNodes,
            Self::Zones { .. } => Reason::DiversityZones,
            Self::NodeFraction { .. } => Reason::DiversityNodeFraction,
        }
    }
}

impl Diversity {
    /// Nobody gave anything yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { sources: BTreeMap::new() }
    }

    /// `source` gave a symbol. The same one counts once.
    pub fn note(&mut self, source: &NodeId, esi: u32) {
        if let Some(esis) = self.sources.get_mut(source) {
            esis.insert(esi);
        } else {
            self.sources.insert(source.clone(), [esi].into());
        }
    }

    /// Nothing of `source` counts: it turned out to have sent wrong symbols.
    pub fn forget(&mut self, source: &NodeId) {
        self.sources.remove(source);
    }

    /// The figures, where `zones` gives the zones that a node is attested for.
    #[must_use]
    pub fn figures<'z, I: IntoIterator<Item = &'z ZoneId>>(
        &self,
        mut zones: impl FnMut(&NodeId) -> I,
    ) -> DiversityFigures {
        let attested: BTreeSet<&ZoneId> = self.sources.keys().flat_map(&mut zones).collect();
        let of = |esis: &BTreeSet<u32>| u64::try_from(esis.len()).unwrap_or(u64::MAX);
        let symbols = self.sources.values().map(of).fold(0, u64::saturating_add);
        let most = self.sources.values().map(of).max().unwrap_or(0);
        let fraction = most.saturating_mul(10_000).checked_div(symbols).unwrap_or(0);
        DiversityFigures {
            nodes: u32::try_from(self.sources.len()).unwrap_or(u32::MAX),
            zones: u32::try_from(attested.len()).unwrap_or(u32::MAX),
            symbols,
            max_node_fraction_bps: u16::try_from(fraction).unwrap_or(u16::MAX),
        }
    }
}

impl DiversityPolicy {
    /// What is wrong with the figures: nodes first, then zones, then the largest part.
    #[must_use]
    pub fn shortfall(&self, figures: &DiversityFigures) -> Option<Shortfall> {
        let DiversityFigures { nodes, zones, max_node_fraction_bps: found, .. } = *figures;
        let (min_nodes, min_zones) = (u32::from(self.min_nodes), u32::from(self.min_zones));
        if nodes < min_nodes {
            Some(Shortfall::Nodes { found: nodes, needed: min_nodes })
        } else if zones < min_zones {
            Some(Shortfall::Zones { found: zones, needed: min_zones })
        } else if found > self.max_node_fraction_bps {
            Some(Shortfall::NodeFraction { found, allowed: self.max_node_fraction_bps })
        } else {
            None
        }
    }

    /// Whether symbols with these figures come from enough sources (§17.2, D175).
    pub fn verify(&self, figures: DiversityFigures) -> Decision<DiversityFigures> {
        match self.shortfall(&figures) {
            None => Decision::Allow(figures),
            Some(shortfall) => Decision::deny(shortfall.reason()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Diversity, DiversityFigures, DiversityPolicy, Shortfall};
    use fcp_core::id::{NodeId, ZoneId};
    use std::string::ToString as _;

    fn node(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    #[test]
    fn pairs_of_node_and_symbol_count_once() {
        let mut diversity = Diversity::new();
        let (private, work) = (ZoneId::private(), ZoneId::work());
        let figures = |diversity: &Diversity| {
            diversity.figures(|node| match node.as_str() {
                "a" => vec![&private, &work],
                "b" => vec![&work],
                _ => vec![],
            })
        };
        let nothing = DiversityFigures { nodes: 0, zones: 0, symbols: 0, max_node_fraction_bps: 0 };
        assert_eq!(figures(&diversity), nothing);
        for (source, esi) in [("a", 1), ("a", 1), ("a", 2), ("b", 1), ("c", 1), ("b", 1), ("c", 1)] {
            diversity.note(&node(source), esi);
        }
        let all = DiversityFigures { nodes: 3, zones: 2, symbols: 4, max_node_fraction_bps: 5_000 };
        assert_eq!(figures(&diversity), all);
        diversity.forget(&node("a"));
        assert_eq!(figures(&diversity), DiversityFigures { nodes: 2, zones: 1, symbols: 2, ..all });
        diversity.note(&node("b"), 2);
        assert_eq!(figures(&diversity).max_node_fraction_bps, 6_666);
    }

    #[test]
    fn every_limit_is_held() {
        let policy = DiversityPolicy { min_nodes: 3, min_zones: 2, max_node_fraction_bps: 5_000 };
        let good = DiversityFigures { nodes: 3, zones: 2, symbols: 4, max_node_fraction_bps: 5_000 };
        assert!(policy.verify(good).is_allowed());
        let refused = |figures| (policy.shortfall(&figures), policy.verify(figures).reason().code());
        let nodes = Shortfall::Nodes { found: 2, needed: 3 };
        assert_eq!(refused(DiversityFigures { nodes: 2, zones: 1, ..good }), (Some(nodes), "diversity.nodes"));
        let zones = Shortfall::Zones { found: 1, needed: 2 };
        let figures = DiversityFigures { zones: 1, max_node_fraction_bps: 5_001, ..good };
        assert_eq!(refused(figures), (Some(zones), "diversity.zones"));
        let fraction = Shortfall::NodeFraction { found: 5_001, allowed: 5_000 };
        let figures = DiversityFigures { max_node_fraction_bps: 5_001, ..good };
        assert_eq!(refused(figures), (Some(fraction), "diversity.node_fraction"));
        assert_eq!(fraction.to_string(), "one node gave 5001 basis points of the symbols, and may give 5000");
        let nothing = DiversityPolicy { min_nodes: 0, min_zones: 0, max_node_fraction_bps: 0 };
        assert!(nothing.verify(Diversity::new().figures(|_| [])).is_allowed());
    }
}
