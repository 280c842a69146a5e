//! Whether a node can run a connector (§11.1, negotiation requirements).

use fcp_core::error::Reason;

use super::feature::ProtocolFeature;
use super::version::{ProtocolVersion, Version};
use super::{Manifest, SandboxProfile};

/// What a node offers.
#[derive(Debug, Clone)]
pub struct MeshSupport {
    /// The mesh's version.
    pub mesh_version: Version,
    /// The protocol that it speaks.
    pub protocol: ProtocolVersion,
    /// The features that it has.
    pub features: Vec<ProtocolFeature>,
    /// The smallest datagram limit that it can keep to, in bytes.
    pub min_datagram_bytes: u16,
}

/// Why a node does not run a connector. It fails closed: every one of these refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incompatibility {
    /// The mesh is older than the connector needs.
    #[error("the connector needs mesh version {required}")]
    MeshVersion {
        /// What it needs.
        required: Version,
    },
    /// The protocol is another, or older.
    #[error("the connector needs protocol {required}")]
    Protocol {
        /// What it needs.
        required: ProtocolVersion,
    },
    /// The node lacks a feature.
    #[error("the connector needs the feature `{}`", .0.text())]
    Feature(ProtocolFeature),
    /// The node sends larger datagrams than the connector takes.
    #[error("the connector takes datagrams of {limit} bytes at most")]
    DatagramLimit {
        /// What it takes.
        limit: u16,
    },
}

impl Incompatibility {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        Reason::ManifestIncompatible
    }
}

impl Manifest {
    /// Whether a node that offers `support` can run the connector.
    ///
    /// # Errors
    /// Every [`Incompatibility`]; at least one.
    pub fn negotiate(&self, support: &MeshSupport) -> Result<(), Vec<Incompatibility>> {
        let needs = &self.protocol;
        let mut faults = Vec::new();
        if support.mesh_version < needs.min_mesh_version {
            faults.push(Incompatibility::MeshVersion { required: needs.min_mesh_version.clone() });
        }
        if !support.protocol.satisfies(&needs.min_protocol) {
            faults.push(Incompatibility::Protocol { required: needs.min_protocol.clone() });
        }
        let implied =
            (self.sandbox.profile == SandboxProfile::StrictPlus).then_some(ProtocolFeature::SandboxStrictPlus);
        for feature in needs.features.iter().copied().chain(implied) {
            let fault = Incompatibility::Feature(feature);
            if !support.features.contains(&feature) && !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        if support.min_datagram_bytes > needs.max_datagram_bytes {
            faults.push(Incompatibility::DatagramLimit { limit: needs.max_datagram_bytes });
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}
