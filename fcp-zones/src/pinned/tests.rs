use fcp_core::decision::Decision;
use fcp_core::id::{CapabilityId, ConnectorId, ObjectId, ZoneId};
use fcp_core::safety::SafetyTier;

use super::PinnedHeads;
use crate::fixtures::{definition, heads, manifest, policy, principal};
use crate::policy::AccessRequest;

fn decide(heads: &PinnedHeads, capability: &str, tier: SafetyTier) -> Decision<()> {
    let request = AccessRequest {
        principal: &principal("user:anna"),
        connector: &ConnectorId::new("example.files").unwrap(),
        capability: &CapabilityId::new(capability).unwrap(),
    };
    heads.evaluate(&request, tier)
}

#[test]
fn heads_are_of_one_zone() {
    let (work, owner) = (ZoneId::work(), ZoneId::owner());
    let work_policy = policy(&work);
    let id = work_policy.id();
    assert!(PinnedHeads::new(definition(&owner, id), work_policy.clone(), manifest(&work)).is_err());
    assert!(PinnedHeads::new(definition(&work, id), policy(&owner), manifest(&work)).is_err());
    let error = PinnedHeads::new(definition(&work, id), work_policy, manifest(&owner)).unwrap_err();
    assert_eq!(error.reason().code(), "zone.heads_mismatch");
}

#[test]
fn a_denial_names_the_policy() {
    let heads = heads(&ZoneId::work());
    assert!(decide(&heads, "files.read", SafetyTier::Dangerous).is_allowed());
    let Decision::Deny(denial) = decide(&heads, "files.delete", SafetyTier::Safe) else { panic!("allowed") };
    assert_eq!(denial.reason.code(), "zone_policy.capability_denied");
    assert_eq!(denial.evidence, [heads.policy().id()]);
    let ceiling = heads.ceiling(&CapabilityId::new("files.delete").unwrap());
    assert_eq!(ceiling.reason().code(), "zone_policy.capability_denied");
}

#[test]
fn where_the_definition_means_another_policy_only_safe_reads_are_left() {
    let work = ZoneId::work();
    let other = ObjectId::from_bytes([5; 32]);
    let heads = PinnedHeads::new(definition(&work, other), policy(&work), manifest(&work)).unwrap();
    assert!(heads.is_degraded());
    assert!(decide(&heads, "files.read", SafetyTier::Safe).is_allowed());
    assert!(!decide(&heads, "files.delete", SafetyTier::Safe).is_allowed());
    for tier in [SafetyTier::Risky, SafetyTier::Dangerous, SafetyTier::Forbidden] {
        assert_eq!(decide(&heads, "files.read", tier).reason().code(), "zone_policy.degraded");
    }
}
