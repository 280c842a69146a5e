//! The owner's definition of a zone (§5.2.1, D75, D200).

use alloc::string::String;
use alloc::vec;

use fcp_core::id::{ObjectId, TailscaleTag, ZoneId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
use fcp_core::sign::{OwnerPublicKey, Signature};
use fcp_core::time::Timestamp;

use super::{Levels, ZoneTransportPolicy};

/// A zone as its owner defines it (§5.2.1, D200). Who may do what in it is in the policy object that it names.
///
/// ```cddl
/// zone-definition-object = { header, zone_id: tstr, name: tstr, integrity_level: 0..255, confidentiality_level: 0..255,
///   symbol_port: 0..65535, control_port: 0..65535, tailscale_tag: tstr, ? parent: tstr,
///   ? transport_policy: zone-transport-policy, policy_object_id: bstr .size 32, ? prev: bstr .size 32,
///   signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:ZoneDefinitionObject@2.0.0", signer = OwnerPublicKey)]
pub struct ZoneDefinitionObject {
    /// The header; `refs` is exactly the policy.
    pub header: ObjectHeader,
    /// The zone.
    pub zone_id: ZoneId,
    /// Its name, for people.
    pub name: String,
    /// How far input from this zone is trusted.
    pub integrity_level: u8,
    /// How secret its data is.
    pub confidentiality_level: u8,
    /// The port of its symbols.
    pub symbol_port: u16,
    /// The port of its gossip and control plane.
    pub control_port: u16,
    /// The ACL tag of its members (D75).
    pub tailscale_tag: TailscaleTag,
    /// The zone that it is a part of, whose levels it does not exceed (§5.1 rule 2).
    pub parent: Option<ZoneId>,
    /// Which transports it permits; [`transport`](Self::transport) says what holds.
    pub transport_policy: Option<ZoneTransportPolicy>,
    /// Its policy.
    #[fcp(strong)]
    pub policy_object_id: ObjectId,
    /// The definition that this one takes the place of.
    pub prev: Option<ObjectId>,
    /// The owner's signature.
    #[fcp(signature)]
    pub signature: Signature,
}

/// What the owner decides about a zone, beside its policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneTerms {
    /// The zone.
    pub zone_id: ZoneId,
    /// Its name, for people.
    pub name: String,
    /// Its levels.
    pub levels: Levels,
    /// The port of its symbols.
    pub symbol_port: u16,
    /// The port of its gossip and control plane.
    pub control_port: u16,
    /// The ACL tag of its members.
    pub tailscale_tag: TailscaleTag,
    /// The zone that it is a part of.
    pub parent: Option<ZoneId>,
    /// Which transports it permits.
    pub transport_policy: Option<ZoneTransportPolicy>,
}

impl ZoneDefinitionObject {
    /// A draft for the owner to sign: the zone under `policy`, in the place of `prev`.
    #[must_use]
    pub fn draft(terms: ZoneTerms, policy: ObjectId, prev: Option<ObjectId>, created_at: Timestamp) -> Self {
        let Levels { integrity, confidentiality } = terms.levels;
        let provenance = Provenance::of_zone(terms.zone_id.clone(), integrity, confidentiality, created_at);
        Self {
            header: ObjectHeader::for_type::<Self>(provenance).with_refs(vec![policy]),
            zone_id: terms.zone_id,
            name: terms.name,
            integrity_level: integrity,
            confidentiality_level: confidentiality,
            symbol_port: terms.symbol_port,
            control_port: terms.control_port,
            tailscale_tag: terms.tailscale_tag,
            parent: terms.parent,
            transport_policy: terms.transport_policy,
            policy_object_id: policy,
            prev,
            signature: Signature::ABSENT,
        }
    }

    /// The zone's levels.
    #[must_use]
    pub const fn levels(&self) -> Levels {
        Levels::new(self.integrity_level, self.confidentiality_level)
    }

    /// Which transports the zone permits, with the defaults where the definition is silent (D92).
    #[must_use]
    pub fn transport(&self) -> ZoneTransportPolicy {
        ZoneTransportPolicy::effective(self.transport_policy, self.levels())
    }
}
