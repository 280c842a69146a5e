//! What governs a zone now (§5.2.1, D81): the three objects that its accepted checkpoint names.

use fcp_core::decision::{Decision, Denial};
use fcp_core::error::Reason;
use fcp_core::id::{CapabilityId, ZoneId};
use fcp_core::quorum::ByzantineModel;
use fcp_core::safety::SafetyTier;
use fcp_core::sign::Verified;

use crate::manifest::ZoneKeyManifest;
use crate::policy::{AccessRequest, ZonePolicyObject};
use crate::zone::{Levels, ZoneDefinitionObject};

/// The definition, policy and key manifest that a zone's accepted checkpoint names.
///
/// This crate never sees a checkpoint: whoever accepted one puts the objects together here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedHeads {
    definition: Verified<ZoneDefinitionObject>,
    policy: Verified<ZonePolicyObject>,
    manifest: Verified<ZoneKeyManifest>,
}

/// The three objects are of different zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("heads of different zones")]
pub struct HeadsMismatch;

impl HeadsMismatch {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::ZoneHeadsMismatch
    }
}

impl PinnedHeads {
    /// The objects that one accepted checkpoint names as `zone_definition_head`, `zone_policy_head` and
    /// `active_zone_key_manifest`.
    ///
    /// # Errors
    /// [`HeadsMismatch`] if they are not of one zone.
    pub fn new(
        definition: Verified<ZoneDefinitionObject>,
        policy: Verified<ZonePolicyObject>,
        manifest: Verified<ZoneKeyManifest>,
    ) -> Result<Self, HeadsMismatch> {
        let one_zone = definition.zone_id == *policy.zone_id() && definition.zone_id == *manifest.zone_id();
        if one_zone { Ok(Self { definition, policy, manifest }) } else { Err(HeadsMismatch) }
    }

    /// The zone.
    #[must_use]
    pub fn zone_id(&self) -> &ZoneId {
        &self.definition.zone_id
    }

    /// The zone's levels, from its definition and nowhere else (D74).
    #[must_use]
    pub fn levels(&self) -> Levels {
        self.definition.levels()
    }

    /// The definition.
    #[must_use]
    pub const fn definition(&self) -> &Verified<ZoneDefinitionObject> {
        &self.definition
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Verified<ZonePolicyObject> {
        &self.policy
    }

    /// The key manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Verified<ZoneKeyManifest> {
        &self.manifest
    }

    /// How many checkpoint signers the zone has, and how many may be faulty (D180).
    #[must_use]
    pub fn fault_model(&self) -> ByzantineModel {
        self.policy.fault_model()
    }

    /// Whether the definition means another policy than the checkpoint: then only safe reads are left (D81).
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.definition.policy_object_id != self.policy.id()
    }

    /// Decides whether the zone lets somebody use a capability of this tier (§5.3, D76–D78, D81).
    pub fn evaluate(&self, request: &AccessRequest<'_>, tier: SafetyTier) -> Decision<()> {
        if self.is_degraded() && tier > SafetyTier::Safe {
            let denial = Denial::new(Reason::ZonePolicyDegraded);
            return Decision::Deny(denial.with_evidence([self.definition.id(), self.policy.id()]));
        }
        self.with_policy_as_evidence(self.policy.policy().evaluate(request))
    }

    /// Decides whether the zone lets anybody have a capability at all: the ceiling for connectors (§13.2, D160).
    pub fn ceiling(&self, capability: &CapabilityId) -> Decision<()> {
        self.with_policy_as_evidence(self.policy.policy().ceiling(capability))
    }

    fn with_policy_as_evidence(&self, decision: Decision<()>) -> Decision<()> {
        match decision {
            Decision::Deny(denial) => Decision::Deny(denial.with_evidence([self.policy.id()])),
            allow @ Decision::Allow(()) => allow,
        }
    }
}

#[cfg(test)]
mod tests;
