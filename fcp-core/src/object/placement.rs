//! Where an object's symbols go (§3.6).

use alloc::string::String;
use alloc::vec::Vec;

use crate::cbor::{Decode, Encode};
use crate::error::Reason;
use crate::id::{CapabilityId, NodeId, NodeTag, ZoneId};

/// How an object's symbols spread over the mesh (§3.6). Ratios are basis points: 10000 is the whole.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = fraction_in_range)]
pub struct ObjectPlacementPolicy {
    /// At least this many nodes hold symbols.
    pub min_nodes: u8,
    /// No node holds more than this share of all symbols, 0 to 10000.
    pub max_node_fraction_bps: u16,
    /// Devices to prefer.
    pub preferred_devices: Vec<DeviceSelector>,
    /// Devices that get nothing.
    pub excluded_devices: Vec<DeviceSelector>,
    /// Distinct symbols over source symbols: 10000 is just enough, 15000 half as many again.
    pub target_coverage_bps: u32,
}

fn fraction_in_range(policy: &ObjectPlacementPolicy) -> Result<(), Reason> {
    if policy.max_node_fraction_bps > 10_000 { Err(Reason::CborOutOfRange) } else { Ok(()) }
}

/// Which devices a placement policy means (§3.6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum DeviceSelector {
    /// Devices with this tag.
    Tag(NodeTag),
    /// Devices of this class, such as `desktop`.
    Class(String),
    /// One device.
    NodeId(NodeId),
    /// Members of a zone.
    Zone(ZoneId),
    /// Devices with a capability.
    HasCapability(CapabilityId),
}

impl DeviceSelector {
    /// Whether the selector means this device.
    #[must_use]
    pub fn selects(&self, node: &crate::device::NodeFacts) -> bool {
        match self {
            Self::Tag(tag) => node.tags.contains(tag),
            Self::Class(class) => node.class == *class,
            Self::NodeId(id) => node.node_id == *id,
            Self::Zone(zone) => node.zones.contains(zone),
            Self::HasCapability(capability) => node.capabilities.contains(capability),
        }
    }
}
