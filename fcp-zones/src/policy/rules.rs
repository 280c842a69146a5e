//! The patterns of a policy and what they decide (§5.3).

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::decision::Decision;
use fcp_core::error::Reason;
use fcp_core::glob::Glob;
use fcp_core::id::{CapabilityId, ConnectorId, PrincipalId};

/// Who may use what in a zone, as patterns (§5.3). What no pattern allows is denied.
///
/// ```
/// use fcp_core::glob::Glob;
/// use fcp_core::id::{CapabilityId, ConnectorId, PrincipalId};
/// use fcp_zones::policy::{AccessRequest, ZonePolicy};
///
/// let policy = ZonePolicy {
///     principals_allow: vec![Glob::new("user:*")?],
///     connectors_allow: vec![Glob::new("example.*")?],
///     cap_allow: vec![Glob::new("*")?],
///     cap_deny: vec![Glob::new("files.delete")?],
///     ..ZonePolicy::default()
/// };
/// let request = AccessRequest {
///     principal: &PrincipalId::new("user:anna")?,
///     connector: &ConnectorId::new("example.notebook")?,
///     capability: &CapabilityId::new("files.delete")?,
/// };
/// assert_eq!(policy.evaluate(&request).reason().code(), "zone_policy.capability_denied");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct ZonePolicy {
    /// Principals that are allowed; empty allows nobody, unless `default_deny` is false (D76, D77).
    pub principals_allow: Vec<Glob>,
    /// Principals that are denied, whatever allows them.
    pub principals_deny: Vec<Glob>,
    /// Connectors that are allowed.
    pub connectors_allow: Vec<Glob>,
    /// Connectors that are denied.
    pub connectors_deny: Vec<Glob>,
    /// Capabilities that are allowed.
    pub cap_allow: Vec<Glob>,
    /// Capabilities that are denied.
    pub cap_deny: Vec<Glob>,
    /// Whether an *empty* allow list denies; absent means that it does (D76). Any other allow list is always enforced
    /// (D77).
    pub default_deny: Option<bool>,
}

/// What a policy is asked about: somebody wants to use a capability of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessRequest<'a> {
    /// Who.
    pub principal: &'a PrincipalId,
    /// By which connector.
    pub connector: &'a ConnectorId,
    /// What for.
    pub capability: &'a CapabilityId,
}

impl ZonePolicy {
    /// Decides a request: principal, then connector, then capability, and in each what denies before what allows
    /// (D78).
    pub fn evaluate(&self, request: &AccessRequest<'_>) -> Decision<()> {
        self.checked(request).map_err(Into::into).into()
    }

    fn checked(&self, request: &AccessRequest<'_>) -> Result<(), Reason> {
        self.dimension(
            request.principal.as_str(),
            (&self.principals_deny, Reason::ZonePolicyPrincipalDenied),
            (&self.principals_allow, Reason::ZonePolicyPrincipalNotAllowed),
        )?;
        self.dimension(
            request.connector.as_str(),
            (&self.connectors_deny, Reason::ZonePolicyConnectorDenied),
            (&self.connectors_allow, Reason::ZonePolicyConnectorNotAllowed),
        )?;
        self.capability(request.capability)
    }

    /// Decides whether the zone lets anybody have a capability at all: the ceiling for what a connector may ask for
    /// (§13.2, D160).
    pub fn ceiling(&self, capability: &CapabilityId) -> Decision<()> {
        self.capability(capability).map_err(Into::into).into()
    }

    fn capability(&self, capability: &CapabilityId) -> Result<(), Reason> {
        self.dimension(
            capability.as_str(),
            (&self.cap_deny, Reason::ZonePolicyCapabilityDenied),
            (&self.cap_allow, Reason::ZonePolicyCapabilityNotAllowed),
        )
    }

    fn dimension(
        &self,
        name: &str,
        (deny, denied): (&[Glob], Reason),
        (allow, not_allowed): (&[Glob], Reason),
    ) -> Result<(), Reason> {
        let matches = |patterns: &[Glob]| patterns.iter().any(|pattern| pattern.matches(name));
        if matches(deny) {
            return Err(denied);
        }
        let allowed = if allow.is_empty() { self.default_deny == Some(false) } else { matches(allow) };
        if allowed { Ok(()) } else { Err(not_allowed) }
    }
}

#[cfg(test)]
mod tests;
