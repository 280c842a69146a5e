//! What is known of a device, for device selectors (§3.6).

use alloc::string::String;
use alloc::vec::Vec;

use crate::id::{CapabilityId, NodeId, NodeTag, ZoneId};

/// What the mesh knows of a node: from its attestation and enrollment, and what it says of its hardware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFacts {
    /// The node.
    pub node_id: NodeId,
    /// Its attested tags.
    pub tags: Vec<NodeTag>,
    /// Its class, such as `desktop` or `phone`.
    pub class: String,
    /// The zones that it is a member of.
    pub zones: Vec<ZoneId>,
    /// What it can do.
    pub capabilities: Vec<CapabilityId>,
}
