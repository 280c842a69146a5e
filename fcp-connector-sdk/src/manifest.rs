//! The connector manifest (§11.1): what a connector is, as a text that people sign and machines check.
//!
//! [`Manifest::parse`] reads the TOML and reports every fault with its line and column, not only the first. Unknown
//! keys are faults, floats and dates do not occur (D153), and the interface hash must be that of the operations and
//! events that stand beside it (D152). A `Manifest` that exists is valid.
//!
//! ```
//! use fcp_connector_sdk::manifest::Manifest;
//!
//! let faults = Manifest::parse("[manifest]\nformat = \"toml\"\ncolour = 1\n").unwrap_err();
//! let first = faults.iter().next().unwrap();
//! assert_eq!((first.line(), first.column(), first.reason().code()), (1, 1, "manifest.missing_key"));
//! let unknown = faults.iter().find(|fault| fault.line() == 3).unwrap();
//! assert_eq!(unknown.to_string(), "3:1: manifest.colour: unknown key (manifest.unknown_key)");
//! ```

mod fault;
mod feature;
mod interface;
mod negotiate;
mod network;
mod operation;
mod read;
mod reader;
mod section;
mod version;

pub use fault::{ManifestError, ManifestFault};
pub use feature::ProtocolFeature;
pub use interface::{InterfaceHash, InterfaceHashError};
pub use negotiate::{Incompatibility, MeshSupport};
pub use operation::{EventSpec, OperationSpec};
pub use section::{
    Archetype, Attestation, Capabilities, ConnectorFormat, ConnectorInfo, CrdtType, EventCaps, ManifestSignature,
    OwnerPolicy, ProtocolRequirements, PublisherThreshold, SandboxConfig, SandboxProfile, Signatures, StateModel,
    StateSettings, SupplyChain, ZoneBindings,
};
pub use version::{ProtocolVersion, Version, VersionError};

use fcp_core::cbor::{Entries, Value, encode};
use fcp_core::id::OperationId;

use reader::Faults;

/// The longest manifest, in bytes.
pub const MAX_MANIFEST: usize = 1024 * 1024;

/// The schema hash of `fcp.core:ConnectorManifest@2.0.0` (§3.3, D20).
const SCHEMA_HASH: [u8; 32] = [
    0xa7, 0x9d, 0x40, 0xfd, 0xe3, 0xd2, 0x38, 0xd6, 0x6c, 0xc6, 0x77, 0x8c, 0xc3, 0x31, 0x61, 0x5d, 0xbc, 0x23, 0xc7,
    0x2b, 0x2c, 0xa3, 0xb1, 0x9d, 0x21, 0xe2, 0xaa, 0x0a, 0x53, 0xae, 0x12, 0x30,
];

/// A valid manifest.
#[derive(Debug, Clone)]
pub struct Manifest {
    pub(crate) protocol: ProtocolRequirements,
    pub(crate) connector: ConnectorInfo,
    pub(crate) zones: ZoneBindings,
    pub(crate) capabilities: Capabilities,
    pub(crate) operations: Vec<OperationSpec>,
    pub(crate) events: Vec<EventSpec>,
    pub(crate) event_caps: EventCaps,
    pub(crate) sandbox: SandboxConfig,
    pub(crate) signatures: Signatures,
    pub(crate) supply_chain: SupplyChain,
    pub(crate) policy: OwnerPolicy,
    pub(crate) unsigned: Value,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] with every fault that was found, in the order of the text.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let faults = Faults::new(text);
        match read::manifest(text, &faults) {
            Some(manifest) if faults.is_empty() => Ok(manifest),
            _ => Err(faults.into_error()),
        }
    }

    /// `[manifest]`: what the connector needs of a node.
    #[must_use]
    pub const fn protocol(&self) -> &ProtocolRequirements {
        &self.protocol
    }

    /// `[connector]`: what it is.
    #[must_use]
    pub const fn connector(&self) -> &ConnectorInfo {
        &self.connector
    }

    /// `[zones]`: where it may work.
    #[must_use]
    pub const fn zones(&self) -> &ZoneBindings {
        &self.zones
    }

    /// `[capabilities]`: what it needs and what it must not get.
    #[must_use]
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// `[provides.operations]`, in the bytewise order of the ids.
    #[must_use]
    pub fn operations(&self) -> &[OperationSpec] {
        &self.operations
    }

    /// The operation of this id.
    #[must_use]
    pub fn operation(&self, id: &OperationId) -> Option<&OperationSpec> {
        self.operations.iter().find(|operation| operation.id == *id)
    }

    /// `[provides.events]`, in the bytewise order of the topics.
    #[must_use]
    pub fn events(&self) -> &[EventSpec] {
        &self.events
    }

    /// The topic of this name.
    #[must_use]
    pub fn event(&self, topic: &str) -> Option<&EventSpec> {
        self.events.iter().find(|event| event.topic == topic)
    }

    /// `[event_caps]`: what it can do with events.
    #[must_use]
    pub const fn event_caps(&self) -> &EventCaps {
        &self.event_caps
    }

    /// `[sandbox]`: how it is confined (§11.2, D159).
    #[must_use]
    pub const fn sandbox(&self) -> &SandboxConfig {
        &self.sandbox
    }

    /// `[signatures]`: who vouches for it.
    #[must_use]
    pub const fn signatures(&self) -> &Signatures {
        &self.signatures
    }

    /// `[supply_chain]`: what is attested of its making.
    #[must_use]
    pub const fn supply_chain(&self) -> &SupplyChain {
        &self.supply_chain
    }

    /// `[policy]`: what it asks its owner to require.
    #[must_use]
    pub const fn policy(&self) -> &OwnerPolicy {
        &self.policy
    }

    /// The interface hash (§11.1 rule 5, D152).
    #[must_use]
    pub const fn interface_hash(&self) -> InterfaceHash {
        self.protocol.interface_hash
    }

    /// The manifest as tokens name it in `aud_binary` (D107): BLAKE3-256(schema hash ‖ CBOR of
    /// [`unsigned_value`](Self::unsigned_value)).
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&SCHEMA_HASH);
        hasher.update(&encode(&self.unsigned));
        *hasher.finalize().as_bytes()
    }

    /// The interface hash that a manifest of these operations and events must have, whatever it says: for authors.
    ///
    /// # Errors
    /// [`ManifestError`] with every other fault.
    pub fn compute_interface_hash(text: &str) -> Result<InterfaceHash, ManifestError> {
        let faults = Faults::new(text);
        match read::draft(text, &faults) {
            Some(manifest) if faults.is_empty() => Ok(InterfaceHash::of(&manifest)),
            _ => Err(faults.into_error()),
        }
    }

    /// The manifest without `signatures`, as its signatures cover it (D153): the TOML's values as CBOR.
    #[must_use]
    pub const fn unsigned_value(&self) -> &Value {
        &self.unsigned
    }
}

/// The entries of `value` without `signatures`.
pub(crate) fn without_signatures(value: Value) -> Value {
    match value {
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .filter(|(key, _)| *key != "signatures")
                .map(|(key, value)| (key.to_owned(), value.clone()))
                .collect::<Entries>(),
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests;
