//! The zones that a mesh is founded with: `z:owner`, `z:private`, `z:work`, `z:public`.

use fcp_caps::grant::{CapabilityConstraints, CapabilityObject, Grantee, PlacementPolicy};
use fcp_core::glob::Glob;
use fcp_core::id::{NodeId, ZoneId};
use fcp_core::object::{Message as _, ObjectHeader, Provenance, StoredObject};
use fcp_core::sign::Signature;
use fcp_core::time::Timestamp;
use fcp_zones::policy::{PolicyTerms, TokenIssuer, ZonePolicy};
use fcp_zones::zone::{Levels, ZoneTerms};

use super::founding::{FoundedZone, Founder};
use crate::control::ControlError;

/// Name, integrity, confidentiality and ports of each zone (§5.1).
const ZONES: [(&str, u8, u8, u16); 4] =
    [("owner", 100, 100, 7100), ("private", 80, 90, 7110), ("work", 60, 70, 7120), ("public", 20, 10, 7130)];
/// What an agent may do with files in `z:private`; what of it is allowed when is decided with every request.
const FILE_CAPABILITIES: [&str; 4] = ["files.list", "files.read", "files.write", "files.delete"];
/// How long grants are valid, in seconds.
const GRANTED_SECS: u64 = 30 * 86_400;

fn failed(error: impl std::fmt::Display) -> ControlError {
    ControlError::node("founding", error)
}

fn globs(patterns: &[&str]) -> Result<Vec<Glob>, ControlError> {
    patterns.iter().map(|pattern| Glob::new(pattern).map_err(failed)).collect()
}

/// The standard zones with every founder as a signer; as many of them may be faulty as their number permits.
pub(super) fn zones(founders: &[Founder], now: Timestamp) -> Result<Vec<FoundedZone>, ControlError> {
    let signers: Vec<NodeId> = founders.iter().map(|founder| founder.node.clone()).collect();
    let faults = signers.len().saturating_sub(1).checked_div(3).unwrap_or_default();
    let max_faults = u8::try_from(faults).map_err(failed)?;
    let zones = ZONES.iter().map(|(name, integrity, confidentiality, port)| {
        let zone_id = ZoneId::new(&format!("z:{name}")).map_err(failed)?;
        let levels = Levels::new(*integrity, *confidentiality);
        let issuers =
            signers.iter().map(|node| Ok(TokenIssuer { node_id: node.clone(), subs: globs(&["agent:*", "user:*"])? }));
        let policy = PolicyTerms {
            zone_id: zone_id.clone(),
            levels,
            policy: ZonePolicy {
                principals_allow: globs(&["agent:*", "user:*"])?,
                connectors_allow: globs(&["example.*", "fcp.*"])?,
                cap_allow: globs(&["files.*"])?,
                default_deny: Some(true),
                ..ZonePolicy::default()
            },
            checkpoint_signers: signers.clone(),
            max_faults,
            approvers: Vec::new(),
            token_issuers: issuers.collect::<Result<_, ControlError>>()?,
            security_profile: None,
        };
        let definition = ZoneTerms {
            zone_id: zone_id.clone(),
            name: (*name).to_owned(),
            levels,
            symbol_port: *port,
            control_port: port.saturating_add(1),
            tailscale_tag: zone_id.to_tailscale_tag().map_err(failed)?.parse().map_err(failed)?,
            parent: None,
            transport_policy: None,
        };
        let grants = if *name == "private" { grants(&zone_id, levels, now)? } else { Vec::new() };
        Ok(FoundedZone { definition, policy, grants })
    });
    zones.collect()
}

/// One grant for each capability, to the agent `agent:assistant`.
fn grants(zone: &ZoneId, levels: Levels, now: Timestamp) -> Result<Vec<CapabilityObject>, ControlError> {
    let grant = |capability: &&str| {
        let provenance = Provenance::of_zone(zone.clone(), levels.integrity, levels.confidentiality, now);
        Ok(CapabilityObject {
            header: ObjectHeader::for_type::<CapabilityObject>(provenance),
            capability_id: capability.parse().map_err(failed)?,
            grantee: Grantee::Principal("agent:assistant".parse().map_err(failed)?),
            constraints: CapabilityConstraints {
                resource_allow: vec!["*".to_owned()],
                ..CapabilityConstraints::default()
            },
            placement: PlacementPolicy::default(),
            valid_from: now,
            valid_until: now.saturating_add(GRANTED_SECS),
            signature: Signature::ABSENT,
        })
    };
    FILE_CAPABILITIES.iter().map(grant).collect()
}

/// Whether the object's id is under the public key, so that every peer can compute it (D4).
pub(super) fn is_public(stored: &StoredObject) -> bool {
    let schema = stored.schema_hash();
    schema == fcp_core::identity::NodeKeyAttestation::SCHEMA_HASH
        || schema == fcp_zones::membership::DeviceEnrollment::SCHEMA_HASH
}
