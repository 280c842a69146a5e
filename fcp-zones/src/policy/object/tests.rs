use fcp_core::id::{NodeId, ObjectIdKey, PrincipalId, ZoneId};
use fcp_core::object::{MeshObject as _, Message as _, StoredObject};
use fcp_core::quorum::OperationClass;
use fcp_core::sign::{ApproverKey, OwnerKey, Signed as _};
use fcp_core::time::Timestamp;

use super::super::{ZoneKeyMode, ZonePolicy, ZoneSecurityProfile};
use super::{Approver, ApproverScope, Levels, PolicyTerms, TokenIssuer, ZonePolicyObject};
use fcp_core::glob::Glob;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

fn principal(name: &str) -> PrincipalId {
    PrincipalId::new(name).unwrap()
}

fn terms() -> PolicyTerms {
    PolicyTerms {
        zone_id: ZoneId::work(),
        levels: Levels::new(60, 70),
        policy: ZonePolicy::default(),
        checkpoint_signers: ["n3", "n1", "n4", "n2"].map(node).to_vec(),
        max_faults: 1,
        approvers: vec![Approver {
            principal: principal("user:ben"),
            pubkey: ApproverKey::from_seed([2; 32]).public(),
            scopes: vec![ApproverScope::Execution, ApproverScope::Elevation],
        }],
        token_issuers: vec![
            TokenIssuer {
                node_id: node("n2"),
                subs: vec![Glob::new("user:*").unwrap(), Glob::new("agent:*").unwrap()],
            },
            TokenIssuer { node_id: node("n1"), subs: vec![Glob::new("user:anna").unwrap()] },
        ],
        security_profile: Some(ZoneSecurityProfile::baseline(ZoneId::work())),
    }
}

#[test]
fn answers_what_its_lists_say() {
    let policy = ZonePolicyObject::draft(terms(), None, NOW).unwrap();
    assert!(policy.is_checkpoint_signer(&node("n4")) && !policy.is_checkpoint_signer(&node("n5")));
    assert_eq!(policy.fault_model().required(OperationClass::NormalWrite), 3);
    assert!(policy.is_token_issuer(&node("n2"), &principal("agent:scout")));
    assert!(policy.is_token_issuer(&node("n1"), &principal("user:anna")));
    assert!(!policy.is_token_issuer(&node("n1"), &principal("user:ben")));
    assert!(!policy.is_token_issuer(&node("n3"), &principal("user:anna")));
    let key = ApproverKey::from_seed([2; 32]).public();
    assert_eq!(policy.approver(&principal("user:ben"), ApproverScope::Elevation), Some(&key));
    assert_eq!(policy.approver(&principal("user:ben"), ApproverScope::Declassification), None);
    assert_eq!(policy.approver(&principal("user:anna"), ApproverScope::Elevation), None);
}

#[test]
fn only_the_owner_makes_it_and_every_changed_byte_is_refused() {
    let owner = OwnerKey::from_seed([1; 32]);
    let key = ObjectIdKey::from_bytes([7; 32]);
    let policy = ZonePolicyObject::draft(terms(), None, NOW).unwrap().signed_by(&owner);
    let stored = policy.seal(&key).unwrap();
    let parsed = StoredObject::parse_as(stored.id(), stored.canonical_bytes(), &key).unwrap();
    let opened = parsed.open::<ZonePolicyObject>().unwrap();
    assert!(opened.clone().verify(&OwnerKey::from_seed([9; 32]).public()).is_err());
    assert_eq!(opened.verify(&owner.public()).unwrap().get(), &policy);

    let body = policy.to_body();
    for index in 0..body.len() {
        let mut changed = body.clone();
        changed[index] ^= 1;
        let accepted = ZonePolicyObject::from_body(&changed)
            .is_ok_and(|object| object.check().is_ok() && object.verify_signature(&owner.public()).is_ok());
        assert!(!accepted, "byte {index}");
    }
}

#[test]
fn contradictions_are_refused() {
    let refuse = |change: &dyn Fn(&mut PolicyTerms)| {
        let mut terms = terms();
        change(&mut terms);
        ZonePolicyObject::draft(terms, None, NOW).unwrap_err().reason().code()
    };
    assert_eq!(refuse(&|terms| terms.max_faults = 2), "quorum.too_few_nodes");
    assert_eq!(refuse(&|terms| terms.checkpoint_signers.clear()), "cbor.out_of_range");
    let many = |count: usize| (0..count).map(|index| node(&format!("n{index}"))).collect::<Vec<_>>();
    assert_eq!(refuse(&|terms| terms.checkpoint_signers = many(256)), "cbor.out_of_range");
    assert_eq!(refuse(&|terms| terms.checkpoint_signers.push(node("n1"))), "zone_policy.list_order");
    assert_eq!(refuse(&|terms| terms.approvers.extend(terms.approvers.clone())), "zone_policy.list_order");
    assert_eq!(refuse(&|terms| terms.approvers[0].scopes.push(ApproverScope::Elevation)), "zone_policy.list_order");
    assert_eq!(refuse(&|terms| terms.token_issuers.extend(terms.token_issuers.clone())), "zone_policy.list_order");
    assert_eq!(refuse(&|terms| terms.token_issuers[0].subs.clear()), "cbor.out_of_range");
    let profile = |change: &dyn Fn(&mut ZoneSecurityProfile)| {
        refuse(&|terms| terms.security_profile.as_mut().into_iter().for_each(change))
    };
    assert_eq!(profile(&|profile| profile.zone_id = ZoneId::owner()), "object.zone_mismatch");
    assert_eq!(profile(&|profile| profile.key_mode = ZoneKeyMode::MlsTreeKem), "zone_policy.unsupported_profile");
    assert_eq!(profile(&|profile| profile.require_pcs = true), "zone_policy.unsupported_profile");
}

#[test]
fn an_unsorted_policy_does_not_decode() {
    let mut policy = ZonePolicyObject::draft(terms(), None, NOW).unwrap();
    policy.checkpoint_signers.reverse();
    let error = ZonePolicyObject::from_body(&policy.to_body()).unwrap_err();
    assert_eq!(error.reason().code(), "zone_policy.list_order");
}
