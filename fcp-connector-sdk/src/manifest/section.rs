//! The sections of a manifest as data (§11.1, §11.2).

use fcp_core::error::Reason;
use fcp_core::id::{CapabilityId, ConnectorId, Kid, ObjectId, ZoneId};
use fcp_core::sign::Signature;

use super::feature::ProtocolFeature;
use super::interface::InterfaceHash;
use super::version::{ProtocolVersion, Version};

/// An enumeration of names, as manifests write them.
macro_rules! names {
    ($($(#[$doc:meta])* $enum:ident { $($(#[$variant_doc:meta])* $variant:ident $name:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $enum {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $enum {
            /// The name of this name, if there is one.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                [$(Self::$variant,)*].into_iter().find(|variant| variant.name() == name)
            }

            /// The name, as manifests write it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The names to choose from, for messages.
            pub(super) fn expected() -> String {
                let names: &[&str] = &[$(concat!("`", $name, "`"),)*];
                format!("one of {}", names.join(", "))
            }
        }
    )*};
}

names! {
    /// What a connector is for (§10.1).
    Archetype {
        /// Sends and receives messages.
        Bidirectional "bidirectional",
        /// Emits events.
        Streaming "streaming",
        /// Executes operations.
        Operational "operational",
        /// Stores and retrieves data.
        Storage "storage",
        /// Provides knowledge and search.
        Knowledge "knowledge",
    }

    /// What a connector's binary is (§10.1).
    ConnectorFormat {
        /// An executable of the operating system.
        Native "native",
        /// A WebAssembly component.
        Wasi "wasi",
    }

    /// What kind of replicated state a connector has (§10.4).
    CrdtType {
        /// A map in which the last write wins.
        LwwMap "lww_map",
        /// A set in which an addition wins over a removal that did not see it.
        OrSet "or_set",
        /// A counter that grows.
        GCounter "g_counter",
        /// A counter that grows and shrinks.
        PnCounter "pn_counter",
    }

    /// How strictly a connector is confined (§11.2).
    SandboxProfile {
        /// As strictly as a process can be; what holds where nothing is said (D159).
        Strict "strict",
        /// In a virtual machine of its own; a node that cannot do that does not run it (D159).
        StrictPlus "strict_plus",
        /// With a balance.
        Moderate "moderate",
        /// Hardly.
        Permissive "permissive",
    }
}

/// `[manifest]`: what the connector needs of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolRequirements {
    /// The least version of the mesh.
    pub min_mesh_version: Version,
    /// The least version of the protocol.
    pub min_protocol: ProtocolVersion,
    /// Features that the node must have.
    pub features: Vec<ProtocolFeature>,
    /// The largest datagram that it expects, in bytes.
    pub max_datagram_bytes: u16,
    /// The hash of its interface.
    pub interface_hash: InterfaceHash,
}

/// `[connector]`: what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorInfo {
    /// Its id.
    pub id: ConnectorId,
    /// Its name, for people.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// What it does, for people.
    pub description: String,
    /// What it is for, sorted, each once.
    pub archetypes: Vec<Archetype>,
    /// What its binary is.
    pub format: ConnectorFormat,
    /// How its state is kept.
    pub state: StateSettings,
}

/// How state is kept in the mesh (§10.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateModel {
    /// There is none.
    Stateless,
    /// One writer at a time, fenced by a lease.
    SingletonWriter,
    /// Many writers.
    Crdt(CrdtType),
}

impl StateModel {
    /// The model's name, as manifests write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stateless => "stateless",
            Self::SingletonWriter => "singleton_writer",
            Self::Crdt(_) => "crdt",
        }
    }
}

/// `[connector.state]` (§10.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateSettings {
    /// The model.
    pub model: StateModel,
    /// The version of the state's form.
    pub state_schema_version: Option<String>,
    /// What migrates older state.
    pub migration_hint: Option<String>,
    /// After how many updates a snapshot is due.
    pub snapshot_every_updates: Option<u64>,
    /// After how many bytes a snapshot is due.
    pub snapshot_every_bytes: Option<u64>,
}

/// `[zones]`: where the connector may work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneBindings {
    /// The zone that it belongs to.
    pub home: ZoneId,
    /// Zones that requests may come from.
    pub allowed_sources: Vec<ZoneId>,
    /// Zones that results may go to.
    pub allowed_targets: Vec<ZoneId>,
    /// Zones that it must not touch.
    pub forbidden: Vec<ZoneId>,
}

/// `[capabilities]`: what the connector needs and what it must not get. Sorted, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// It does not run without these.
    pub required: Vec<CapabilityId>,
    /// It can use these.
    pub optional: Vec<CapabilityId>,
    /// It never gets these.
    pub forbidden: Vec<CapabilityId>,
}

/// `[event_caps]`: what the connector can do with events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventCaps {
    /// It emits events.
    pub streaming: bool,
    /// Its events can be replayed from a cursor.
    pub replay: bool,
    /// How many events must be kept at least.
    pub min_buffer_events: u64,
}

/// `[sandbox]` (§11.2, D159).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxConfig {
    /// How strictly.
    pub profile: SandboxProfile,
    /// The most memory, in MiB.
    pub memory_mb: u32,
    /// The most of one processor, in percent.
    pub cpu_percent: u8,
    /// The most time for one operation, in milliseconds.
    pub wall_clock_timeout_ms: u64,
    /// Paths that it can read, as written.
    pub fs_readonly_paths: Vec<String>,
    /// Paths that it can write, as written.
    pub fs_writable_paths: Vec<String>,
    /// Whether it cannot start processes.
    pub deny_exec: bool,
    /// Whether it cannot trace processes.
    pub deny_ptrace: bool,
}

impl Default for SandboxConfig {
    /// What holds where a manifest says nothing: strict (D159).
    fn default() -> Self {
        Self {
            profile: SandboxProfile::Strict,
            memory_mb: 256,
            cpu_percent: 50,
            wall_clock_timeout_ms: 30_000,
            fs_readonly_paths: Vec::new(),
            fs_writable_paths: Vec::new(),
            deny_exec: true,
            deny_ptrace: true,
        }
    }
}

/// A signature over the manifest and its binary, with the key that made it (D153).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManifestSignature {
    /// The key's id.
    pub kid: Kid,
    /// The signature.
    pub signature: Signature,
}

/// How many of a publisher's keys must sign: `k-of-n`, 1 ≤ k ≤ n ≤ 255 (D155).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublisherThreshold {
    /// How many must.
    pub k: u8,
    /// How many there are, for people.
    pub n: u8,
}

impl PublisherThreshold {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (k, n) = text.split_once("-of-")?;
        let number = |digits: &str| {
            let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u8>().ok().filter(|_| plain)
        };
        let threshold = Self { k: number(k)?, n: number(n)? };
        (threshold.k <= threshold.n).then_some(threshold)
    }
}

/// `[signatures]`: who vouches for the manifest. Empty before it is published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signatures {
    /// The publisher's signatures, each key once.
    pub publisher: Vec<ManifestSignature>,
    /// How many of them must be good.
    pub publisher_threshold: Option<PublisherThreshold>,
    /// The registry's signature.
    pub registry: Option<ManifestSignature>,
    /// The entry of a transparency log.
    pub transparency_log_entry: Option<ObjectId>,
}

/// What is attested of a connector's making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// The kind, such as `in-toto`.
    pub kind: String,
    /// The attestation.
    pub object_id: ObjectId,
}

/// `[supply_chain]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SupplyChain {
    /// The attestations.
    pub attestations: Vec<Attestation>,
}

/// `[policy]`: what a connector asks its owner to require. The owner's own policy may ask for more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnerPolicy {
    /// Whether it must stand in a transparency log.
    pub require_transparency_log: bool,
    /// Kinds of attestations that it must have.
    pub require_attestation_types: Vec<String>,
    /// The least SLSA level.
    pub min_slsa_level: u8,
    /// Who may have built it.
    pub trusted_builders: Vec<String>,
}

impl Capabilities {
    /// Whether the lists contradict each other, and with which capability.
    pub(super) fn contradiction(&self) -> Option<(&CapabilityId, Reason)> {
        let wanted = self.required.iter().chain(&self.optional);
        wanted.into_iter().find(|id| self.forbidden.contains(id)).map(|id| (id, Reason::ManifestContradiction))
    }
}
