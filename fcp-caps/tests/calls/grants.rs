//! What the owner granted, and what the zone lets happen.

use fcp_caps::authorize::Budget;
use fcp_caps::grant::{CapabilityConstraints, DeviceRequirement, Grantee, Spent};
use fcp_caps::token::CapabilityGrant;
use fcp_core::id::{NodeTag, ObjectId, ZoneId};
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::policy::ZonePolicy;

use crate::helpers::{denied, glob, provenance, reason, regrant};
use crate::mesh::{self, Case, NOW, PRIVATE};

#[test]
fn grants() {
    denied("write", "capability.insufficient", "another capability", |case| {
        case.claims.caps[0].capability = "files.read".parse().unwrap();
        regrant(case, |_| {});
    });
    denied("write", "capability.insufficient", "for another operation only", |case| {
        case.claims.caps[0].operation = Some("append".parse().unwrap());
    });
    denied("write", "grant.missing", "not held", |case| case.mesh.grants.clear());
    denied("write", "grant.missing", "none cited is the one that is held", |case| {
        case.claims.grant_object_ids.push(ObjectId::from_bytes([0xff; 32]));
    });
    denied("write", "grant.insufficient", "none cited", |case| case.claims.grant_object_ids.clear());
    denied("write", "grant.insufficient", "claims more than is granted", |case| {
        case.claims.caps.push(CapabilityGrant { capability: "files.read".parse().unwrap(), operation: None });
    });
    denied("write", "grant.wrong_zone", "zone", |case| {
        regrant(case, |grant| grant.header.zone_id = ZoneId::public());
    });
    denied("write", "grant.not_valid", "ends too early", |case| {
        regrant(case, |grant| grant.valid_until = NOW.saturating_add(299));
    });
    denied("write", "grant.not_valid", "begins too late", |case| {
        regrant(case, |grant| grant.valid_from = NOW.saturating_sub(9));
    });
    denied("write", "grant.wrong_grantee", "somebody else's", |case| {
        regrant(case, |grant| grant.grantee = Grantee::Principal(mesh::principal("agent:other")));
    });
    denied("write", "grant.wrong_grantee", "another tag", |case| {
        regrant(case, |grant| grant.grantee = Grantee::Tag(NodeTag::new("fcp-work").unwrap()));
    });
    denied("write", "grant.bearer_not_safe", "bearer", |case| {
        regrant(case, |grant| grant.grantee = Grantee::Bearer);
    });
    denied("write", "capability.conflict", "two that exclude each other", |case| {
        let other = "files.read".parse().unwrap();
        case.mesh.capabilities.get_mut(&other).unwrap().conflicts_with = vec!["files.write".parse().unwrap()];
        case.claims.caps.push(CapabilityGrant { capability: other, operation: None });
        let grant = mesh::grant("files.read", Grantee::Bearer, CapabilityConstraints::open());
        let id = case.mesh.granted(grant);
        case.claims.grant_object_ids.push(id);
    });
    denied("write", "token.attenuation_expands", "attenuation", |case| {
        regrant(case, |grant| grant.constraints.resource_allow = vec!["https://a.example/".into()]);
        case.claims.attenuation = Some(CapabilityConstraints::open());
    });
    for grantee in [Grantee::Zone(ZoneId::private()), Grantee::Tag(NodeTag::new("fcp-private").unwrap())] {
        let mut case = Case::new("write");
        regrant(&mut case, |grant| grant.grantee = grantee);
        assert_eq!(reason(&case), "allow");
    }
    let mut bearer = Case::new("read");
    regrant(&mut bearer, |grant| grant.grantee = Grantee::Bearer);
    assert_eq!(reason(&bearer), "allow");
}

#[test]
fn budgets() {
    denied("write", "grant.calls_spent", "of the grant", |case| {
        regrant(case, |grant| grant.constraints.max_calls = Some(3));
        let budget = Budget::Grant(case.claims.grant_object_ids[0]);
        case.mesh.spent.insert(budget, Spent { calls: 3, bytes: 0 });
    });
    denied("write", "grant.bytes_spent", "of the grant", |case| {
        regrant(case, |grant| grant.constraints.max_bytes = Some(18));
    });
    denied("write", "grant.calls_spent", "of the attenuation", |case| {
        let attenuation = CapabilityConstraints { max_calls: Some(1), ..CapabilityConstraints::open() };
        case.claims.attenuation = Some(attenuation);
        case.mesh.spent.insert(Budget::Token(case.claims.jti), Spent { calls: 1, bytes: 0 });
    });
    let mut last = Case::new("write");
    regrant(&mut last, |grant| grant.constraints.max_calls = Some(3));
    last.mesh.spent.insert(Budget::Grant(last.claims.grant_object_ids[0]), Spent { calls: 2, bytes: 0 });
    assert_eq!(reason(&last), "allow");
}

#[test]
fn placement() {
    denied("write", "grant.device_not_allowed", "an excluded device", |case| {
        regrant(case, |grant| grant.placement.excludes.push(glob("n*")));
    });
    denied("write", "grant.device_unproven", "mains power", |case| {
        regrant(case, |grant| grant.placement.requires.push(DeviceRequirement::OnPower));
    });
}

#[test]
fn resources() {
    let allowed = || vec!["https://a.example/x/".to_owned()];
    let naming = |uri: &str| {
        let mut case = Case::new("write");
        regrant(&mut case, |grant| {
            grant.constraints.resource_allow = allowed();
            grant.constraints.resource_deny = vec!["https://a.example/x/private".into()];
        });
        let id = case.mesh.resource(uri, PRIVATE.confidentiality);
        case.request.resources = vec![id];
        case
    };
    for (uri, expected) in [
        ("https://a.example/x/1", "allow"),
        ("https://a.example/x", "grant.resource_not_allowed"),
        ("https://a.example/y/1", "grant.resource_not_allowed"),
        ("https://a.example.evil/x/1", "grant.resource_not_allowed"),
        ("https://a.example/x/private/1", "grant.resource_denied"),
        ("https://a.example/x/../y", "grant.bad_resource_uri"),
        ("https://A.example/x/1", "grant.bad_resource_uri"),
    ] {
        assert_eq!(reason(&naming(uri)), expected, "{uri}");
    }
    let mut attenuated = naming("https://a.example/x/1");
    let attenuation =
        CapabilityConstraints { resource_allow: vec!["https://a.example/x/2".into()], ..Default::default() };
    attenuated.claims.attenuation = Some(attenuation);
    assert_eq!(reason(&attenuated), "grant.resource_not_allowed");
    denied("write", "grant.resource_unknown", "not held", |case| {
        case.request.resources = vec![ObjectId::from_bytes([5; 32])];
        let id = case.request.resources[0];
        case.mesh.provenances.insert(id, provenance(80, 90));
    });
}

/// D117: what one grant lacks, another one does not lend it.
#[test]
fn grants_do_not_mix() {
    let bounded = |uris: &[&str], calls: u32| CapabilityConstraints {
        resource_allow: uris.iter().map(|uri| (*uri).into()).collect(),
        max_calls: Some(calls),
        ..CapabilityConstraints::default()
    };
    let naming = |uris: &[&str]| {
        let mut case = Case::new("write");
        let agent = || Grantee::Principal(mesh::principal("agent:helper"));
        let one = case.mesh.granted(mesh::grant("files.write", agent(), bounded(&["https://a.example/"], 9)));
        let other = case.mesh.granted(mesh::grant("files.write", agent(), bounded(&["https://b.example/"], 1)));
        case.claims.grant_object_ids = vec![one, other];
        let mut ids: Vec<ObjectId> = uris.iter().map(|uri| case.mesh.resource(uri, PRIVATE.confidentiality)).collect();
        ids.sort_unstable();
        case.request.resources = ids;
        case.mesh.spent.insert(Budget::Grant(other), Spent { calls: 1, bytes: 0 });
        (case, one)
    };
    let (one, id) = naming(&["https://a.example/1"]);
    assert_eq!(one.decide().into_result().unwrap().grant(), id);
    // The second grant allows the resource and has no call left; the first has calls left.
    assert_eq!(reason(&naming(&["https://b.example/1"]).0), "grant.calls_spent");
    // Each resource is allowed by one of them.
    assert_eq!(reason(&naming(&["https://a.example/1", "https://b.example/1"]).0), "grant.resource_not_allowed");

    // Nor does the right grantee of one capability lend itself to another.
    let mut case = Case::new("write");
    let other =
        mesh::grant("files.write", Grantee::Principal(mesh::principal("agent:other")), CapabilityConstraints::open());
    let mine =
        mesh::grant("files.read", Grantee::Principal(mesh::principal("agent:helper")), CapabilityConstraints::open());
    case.claims.grant_object_ids = vec![case.mesh.granted(other), case.mesh.granted(mine)];
    assert_eq!(reason(&case), "grant.wrong_grantee");
}

#[test]
fn the_policy_of_the_zone() {
    let with = |change: fn(&mut ZonePolicy)| {
        move |case: &mut Case| {
            let mut terms = mesh::policy_terms(&ZoneId::private(), PRIVATE);
            change(&mut terms.policy);
            case.mesh.heads.insert(ZoneId::private(), mesh::heads(&ZoneId::private(), PRIVATE, terms));
        }
    };
    denied("write", "zone_policy.principal_denied", "", with(|own| own.principals_deny = vec![glob("agent:*")]));
    denied("write", "zone_policy.principal_not_allowed", "", with(|own| own.principals_allow = vec![glob("user:*")]));
    denied("write", "zone_policy.connector_denied", "", with(|own| own.connectors_deny = vec![glob("example.*")]));
    denied("write", "zone_policy.connector_not_allowed", "", with(|own| own.connectors_allow.clear()));
    denied("write", "zone_policy.capability_denied", "", with(|own| own.cap_deny = vec![glob("files.write")]));
    denied("write", "zone_policy.capability_not_allowed", "", with(|own| own.cap_allow = vec![glob("files.r*")]));
    for (operation, expected) in [("write", "zone_policy.degraded"), ("read", "allow")] {
        let mut case = Case::new(operation);
        let zone = ZoneId::private();
        let mut terms = mesh::policy_terms(&zone, PRIVATE);
        terms.max_faults = 0;
        terms.policy.cap_deny = vec![glob("nothing")];
        let (old, new) = (&case.mesh.heads[&zone], mesh::heads(&zone, PRIVATE, terms));
        let mixed = PinnedHeads::new(old.definition().clone(), new.policy().clone(), new.manifest().clone());
        case.mesh.heads.insert(zone, mixed.unwrap());
        assert_eq!(reason(&case), expected, "the definition names another policy");
    }
}
