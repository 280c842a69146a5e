//! Where a granted capability may run (§7.4).

use alloc::string::String;
use alloc::vec::Vec;

use fcp_core::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use fcp_core::error::Reason;
use fcp_core::glob::Glob;
use fcp_core::id::{ConnectorId, NodeId, NodeTag, ObjectId, SecretId, ZoneId};

/// Where a capability may run (§7.4).
///
/// ```cddl
/// placement-policy = { requires: [* device-requirement], prefers: [* device-preference], excludes: [* tstr],
///   zones: [* tstr] }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct PlacementPolicy {
    /// What a device must have.
    pub requires: Vec<DeviceRequirement>,
    /// What makes one device better than another.
    pub prefers: Vec<DevicePreference>,
    /// Devices that must not run it: patterns over node ids and tags (D174).
    pub excludes: Vec<Glob>,
    /// The zones to which it is bound. Empty binds it to none.
    pub zones: Vec<ZoneId>,
}

impl PlacementPolicy {
    /// Checks that this device may run what is granted, in this zone.
    ///
    /// Of what a device must have only its tags are attested. Every other requirement is taken as unmet, whatever the
    /// device says of itself. Preferences decide nothing.
    ///
    /// # Errors
    /// [`Reason::GrantDeviceNotAllowed`] or [`Reason::GrantDeviceUnproven`].
    pub fn check(&self, node: &NodeId, tags: &[NodeTag], zone: &ZoneId) -> Result<(), Reason> {
        let excluded =
            |pattern: &Glob| pattern.matches(node.as_str()) || tags.iter().any(|tag| pattern.matches(tag.as_str()));
        if self.excludes.iter().any(excluded) || !(self.zones.is_empty() || self.zones.contains(zone)) {
            return Err(Reason::GrantDeviceNotAllowed);
        }
        let proven = |requirement: &DeviceRequirement| match requirement {
            DeviceRequirement::TailscaleTag(tag) => tags.contains(tag),
            _ => false,
        };
        if self.requires.iter().all(proven) { Ok(()) } else { Err(Reason::GrantDeviceUnproven) }
    }
}

/// What a device must have (§7.4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum DeviceRequirement {
    /// A graphics processor.
    Gpu {
        /// Its least memory, in MiB.
        min_vram_mb: u32,
    },
    /// Memory.
    Memory {
        /// The least, in MiB.
        min_mb: u32,
    },
    /// Mains power.
    OnPower,
    /// An installed program.
    Software {
        /// Its name.
        name: String,
        /// Its version.
        version: Option<String>,
    },
    /// A network connection.
    Network {
        /// Its least bandwidth, in Mbit/s.
        min_bandwidth_mbps: Option<u32>,
    },
    /// An attested tag.
    TailscaleTag(NodeTag),
    /// A connector that is installed or can be fetched.
    ConnectorAvailable {
        /// The connector.
        connector_id: ConnectorId,
        /// Its least version.
        min_version: Option<String>,
    },
    /// A secret that can be put together there.
    SecretReconstructable {
        /// The secret.
        secret_id: SecretId,
        /// How many nodes must be able to help.
        min_nodes: u8,
    },
    /// Room in a zone's store.
    ZoneQuotaHeadroom {
        /// The zone.
        zone_id: ZoneId,
        /// The least room, in MiB.
        min_free_mb: u32,
    },
}

/// What makes one device better than another (§7.4), with a weight (D27).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum DevicePreference {
    /// Nearness.
    LowLatency {
        /// The latency that still counts, in milliseconds.
        max_ms: u32,
        /// How much it counts.
        weight_bps: WeightBps,
    },
    /// Strength.
    HighResources {
        /// How much it counts.
        weight_bps: WeightBps,
    },
    /// One device.
    SpecificDevice {
        /// The device.
        node_id: NodeId,
        /// How much it counts.
        weight_bps: WeightBps,
    },
    /// Having the data.
    DataLocality {
        /// The data.
        object_ids: Vec<ObjectId>,
        /// How much it counts.
        weight_bps: WeightBps,
    },
}

/// A weight in basis points: 10000 is 1, at most 1000000 (D27).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WeightBps(u32);

impl WeightBps {
    /// The largest weight.
    pub const MAX: Self = Self(1_000_000);
    /// The weight 1.
    pub const ONE: Self = Self(10_000);

    /// A weight, if it is in range.
    #[must_use]
    pub const fn new(bps: u32) -> Option<Self> {
        if bps <= Self::MAX.0 { Some(Self(bps)) } else { None }
    }

    /// The weight in basis points.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Encode for WeightBps {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.uint(u64::from(self.0));
    }
}

impl<'b> Decode<'b> for WeightBps {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        Self::new(decoder.narrow()?).ok_or_else(|| Decoder::invalid(offset, Reason::CborOutOfRange))
    }
}

#[cfg(test)]
mod tests {
    use super::{DevicePreference, DeviceRequirement, PlacementPolicy, WeightBps};
    use fcp_core::cbor;
    use fcp_core::glob::Glob;
    use fcp_core::id::{NodeId, NodeTag, ZoneId};

    #[test]
    fn weights_are_integers_in_range() {
        let low_latency = DevicePreference::LowLatency { max_ms: 50, weight_bps: WeightBps::ONE };
        // {"low_latency": {"max_ms": 50, "weight_bps": 10000}}, by hand from RFC 8949.
        let expected = b"\xa1\x6blow_latency\xa2\x66max_ms\x18\x32\x6aweight_bps\x19\x27\x10";
        assert_eq!(cbor::encode(&low_latency), expected);
        assert_eq!(cbor::decode::<DevicePreference>(expected).unwrap(), low_latency);

        let too_much = b"\xa1\x6ehigh_resources\xa1\x6aweight_bps\x1a\x00\x0f\x42\x41";
        assert_eq!(cbor::decode::<DevicePreference>(too_much).unwrap_err().reason().code(), "cbor.out_of_range");
        let float = b"\xa1\x6ehigh_resources\xa1\x6aweight_bps\xf9\x3c\x00";
        assert_eq!(cbor::decode::<DevicePreference>(float).unwrap_err().reason().code(), "cbor.float_not_allowed");
    }

    #[test]
    fn a_policy_survives_its_encoding() {
        let policy = PlacementPolicy {
            requires: vec![DeviceRequirement::OnPower, DeviceRequirement::Gpu { min_vram_mb: 8192 }],
            prefers: vec![DevicePreference::HighResources { weight_bps: WeightBps::MAX }],
            excludes: vec![Glob::new("phone-*").unwrap()],
            zones: vec![ZoneId::work()],
        };
        assert_eq!(cbor::decode::<PlacementPolicy>(&cbor::encode(&policy)).unwrap(), policy);
    }

    fn check(change: impl FnOnce(&mut PlacementPolicy)) -> &'static str {
        let mut policy = PlacementPolicy::default();
        change(&mut policy);
        let tags = [NodeTag::new("fcp-work").unwrap(), NodeTag::new("server").unwrap()];
        let outcome = policy.check(&NodeId::new("nServer").unwrap(), &tags, &ZoneId::work());
        outcome.map_or_else(|reason| reason.code(), |()| "allow")
    }

    #[test]
    fn what_is_not_attested_is_not_there() {
        let require = |requirement| check(|policy| policy.requires.push(requirement));
        assert_eq!(check(|_| ()), "allow");
        assert_eq!(require(DeviceRequirement::TailscaleTag(NodeTag::new("server").unwrap())), "allow");
        assert_eq!(require(DeviceRequirement::TailscaleTag(NodeTag::new("phone").unwrap())), "grant.device_unproven");
        assert_eq!(require(DeviceRequirement::OnPower), "grant.device_unproven");
        assert_eq!(require(DeviceRequirement::Memory { min_mb: 0 }), "grant.device_unproven");
    }

    #[test]
    fn what_is_excluded_stays_out() {
        let exclude = |pattern| check(|policy| policy.excludes.push(Glob::new(pattern).unwrap()));
        assert_eq!(exclude("nLaptop"), "allow");
        assert_eq!(exclude("nServer"), "grant.device_not_allowed");
        assert_eq!(exclude("serv*"), "grant.device_not_allowed", "a tag");
        assert_eq!(check(|policy| policy.zones = vec![ZoneId::private(), ZoneId::work()]), "allow");
        assert_eq!(check(|policy| policy.zones = vec![ZoneId::private()]), "grant.device_not_allowed");
    }
}
