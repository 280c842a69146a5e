//! The definition itself, and the two rules that look at several definitions at once (D123).

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::id::CapabilityId;
use fcp_core::safety::{RiskLevel, SafetyTier};

use super::{ApprovalMode, AuditLevel, IdempotencyClass, RateLimit};

/// What a capability means (§7.2).
///
/// ```cddl
/// capability = { id: tstr, name: tstr, description: tstr, risk_level: risk-level, safety_tier: safety-tier,
///   ? parent: tstr, implies: [* tstr], conflicts_with: [* tstr], idempotency: idempotency-class, ? rate_limit: tstr,
///   requires_approval: approval-mode, audit_level: "low" / "medium" / "high", agent_hint: agent-hint }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Capability {
    /// The capability's id, such as `telegram.send_message`.
    pub id: CapabilityId,
    /// Its name, for people.
    pub name: String,
    /// What it allows, for people.
    pub description: String,
    /// How bad it is if it goes wrong, for people.
    pub risk_level: RiskLevel,
    /// How much it can do, for enforcement.
    pub safety_tier: SafetyTier,
    /// The capability that it is a part of: for reading only, a grant of the parent does not grant it (D123).
    pub parent: Option<CapabilityId>,
    /// Capabilities that a token gets with it when it is minted (D123).
    pub implies: Vec<CapabilityId>,
    /// Capabilities that may not stand in one token with it (D123).
    pub conflicts_with: Vec<CapabilityId>,
    /// What happens if it is used twice.
    pub idempotency: IdempotencyClass,
    /// How often it may be used.
    pub rate_limit: Option<RateLimit>,
    /// Who must agree first.
    pub requires_approval: ApprovalMode,
    /// How much of its use is recorded.
    pub audit_level: AuditLevel,
    /// What an agent should know.
    pub agent_hint: AgentHint,
}

/// What an agent should know before it uses a capability (§7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct AgentHint {
    /// When to use it.
    pub when_to_use: String,
    /// What often goes wrong.
    pub common_mistakes: Vec<String>,
    /// What a good use looks like.
    pub examples: Vec<String>,
    /// What else might fit.
    pub related: Vec<CapabilityId>,
}

/// `granted` with everything that its capabilities imply, directly or not, in order, each once (D123).
///
/// This is for minting. A verifier compares ids and never expands.
#[must_use]
pub fn expand_implied<'d>(
    granted: impl IntoIterator<Item = CapabilityId>,
    definition: impl Fn(&CapabilityId) -> Option<&'d Capability>,
) -> Vec<CapabilityId> {
    let mut waiting: Vec<CapabilityId> = granted.into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if let Some(capability) = definition(&id)
            && !found.contains(&id)
        {
            waiting.extend(capability.implies.iter().cloned());
        }
        found.insert(id);
    }
    found.into_iter().collect()
}

/// The first two of `held` that may not stand in one token (D123), whichever of them says so.
#[must_use]
pub fn find_conflict<'h, 'd>(
    held: &'h [CapabilityId],
    definition: impl Fn(&CapabilityId) -> Option<&'d Capability>,
) -> Option<(&'h CapabilityId, &'h CapabilityId)> {
    held.iter().find_map(|id| {
        let conflicts = &definition(id)?.conflicts_with;
        held.iter().find(|other| *other != id && conflicts.contains(other)).map(|other| (id, other))
    })
}

#[cfg(test)]
mod tests {
    use super::{AgentHint, Capability, expand_implied, find_conflict};
    use crate::capability::{ApprovalMode, AuditLevel, IdempotencyClass};
    use fcp_core::cbor;
    use fcp_core::id::CapabilityId;
    use fcp_core::safety::{RiskLevel, SafetyTier};

    fn id(text: &str) -> CapabilityId {
        CapabilityId::new(text).unwrap()
    }

    fn capability(name: &str, implies: &[&str], conflicts: &[&str]) -> Capability {
        Capability {
            id: id(name),
            name: name.into(),
            description: String::new(),
            risk_level: RiskLevel::Low,
            safety_tier: SafetyTier::Safe,
            parent: None,
            implies: implies.iter().map(|text| id(text)).collect(),
            conflicts_with: conflicts.iter().map(|text| id(text)).collect(),
            idempotency: IdempotencyClass::Strict,
            rate_limit: Some("60/min".parse().unwrap()),
            requires_approval: ApprovalMode::None,
            audit_level: AuditLevel::Low,
            agent_hint: AgentHint::default(),
        }
    }

    #[test]
    fn implications_are_followed_once_even_in_a_circle() {
        let known = [
            capability("files.admin", &["files.write"], &[]),
            capability("files.write", &["files.read", "files.admin"], &[]),
            capability("files.read", &["files.stat"], &[]),
        ];
        let definition = |wanted: &CapabilityId| known.iter().find(|own| own.id == *wanted);
        let expanded = expand_implied([id("files.write")], definition);
        assert_eq!(expanded, ["files.admin", "files.read", "files.stat", "files.write"].map(id));
        assert_eq!(expand_implied([id("files.read")], definition), ["files.read", "files.stat"].map(id));
        assert_eq!(expand_implied([], definition), []);
    }

    #[test]
    fn a_conflict_counts_whichever_side_names_it() {
        let known = [capability("pay.propose", &[], &["pay.approve"]), capability("pay.approve", &[], &[])];
        let definition = |wanted: &CapabilityId| known.iter().find(|own| own.id == *wanted);
        let held = ["pay.approve", "pay.list", "pay.propose"].map(id);
        assert_eq!(find_conflict(&held, definition), Some((&held[2], &held[0])));
        assert_eq!(find_conflict(&held[..2], definition), None);
        let narcissist = [capability("a.b", &[], &["a.b"])];
        assert_eq!(find_conflict(&[id("a.b")], |_| narcissist.first()), None);
    }

    #[test]
    fn a_definition_survives_its_encoding() {
        let before = capability("files.write", &["files.read"], &["files.audit"]);
        assert_eq!(cbor::decode::<Capability>(&cbor::encode(&before)).unwrap(), before);
    }
}
