use fcp_core::cbor;
use fcp_core::glob::Glob;
use fcp_core::id::{CapabilityId, ConnectorId, PrincipalId};

use super::{AccessRequest, ZonePolicy};

fn globs(patterns: &[&str]) -> Vec<Glob> {
    patterns.iter().map(|pattern| Glob::new(pattern).unwrap()).collect()
}

fn open_policy() -> ZonePolicy {
    ZonePolicy {
        principals_allow: globs(&["*"]),
        connectors_allow: globs(&["*"]),
        cap_allow: globs(&["*"]),
        ..ZonePolicy::default()
    }
}

fn decide(policy: &ZonePolicy) -> &'static str {
    let (principal, connector, capability) = (
        PrincipalId::new("agent:scout").unwrap(),
        ConnectorId::new("example.notebook").unwrap(),
        CapabilityId::new("notebook.append").unwrap(),
    );
    let request = AccessRequest { principal: &principal, connector: &connector, capability: &capability };
    policy.evaluate(&request).reason().code()
}

#[test]
fn decides_as_the_table_says() {
    let open = open_policy();
    let table: &[(&str, ZonePolicy)] = &[
        ("allow", open.clone()),
        ("zone_policy.principal_not_allowed", ZonePolicy::default()),
        ("zone_policy.principal_denied", ZonePolicy { principals_deny: globs(&["agent:*"]), ..open.clone() }),
        ("zone_policy.principal_not_allowed", ZonePolicy { principals_allow: globs(&["user:*"]), ..open.clone() }),
        ("zone_policy.principal_not_allowed", ZonePolicy { principals_allow: globs(&[]), ..open.clone() }),
        ("zone_policy.connector_denied", ZonePolicy { connectors_deny: globs(&["example.*"]), ..open.clone() }),
        ("zone_policy.connector_not_allowed", ZonePolicy { connectors_allow: globs(&["other.*"]), ..open.clone() }),
        ("zone_policy.connector_not_allowed", ZonePolicy { connectors_allow: globs(&[]), ..open.clone() }),
        ("zone_policy.capability_denied", ZonePolicy { cap_deny: globs(&["*.append"]), ..open.clone() }),
        ("zone_policy.capability_not_allowed", ZonePolicy { cap_allow: globs(&["notebook.read"]), ..open.clone() }),
        ("zone_policy.capability_not_allowed", ZonePolicy { cap_allow: globs(&[]), ..open.clone() }),
        // `default_deny: true` is what absence means.
        ("zone_policy.principal_not_allowed", ZonePolicy { default_deny: Some(true), ..ZonePolicy::default() }),
        // Only empty lists are opened by `default_deny: false` (D77).
        ("allow", ZonePolicy { default_deny: Some(false), ..ZonePolicy::default() }),
        (
            "zone_policy.connector_not_allowed",
            ZonePolicy { default_deny: Some(false), connectors_allow: globs(&["other.*"]), ..ZonePolicy::default() },
        ),
        // A denial wins over an allowance, and principal before connector before capability (D78).
        (
            "zone_policy.principal_denied",
            ZonePolicy {
                principals_deny: globs(&["agent:scout"]),
                connectors_deny: globs(&["*"]),
                cap_deny: globs(&["*"]),
                ..open.clone()
            },
        ),
        (
            "zone_policy.connector_denied",
            ZonePolicy { connectors_deny: globs(&["*"]), cap_deny: globs(&["*"]), ..open.clone() },
        ),
        (
            "zone_policy.principal_not_allowed",
            ZonePolicy { principals_allow: globs(&["user:*"]), connectors_deny: globs(&["*"]), ..open },
        ),
    ];
    for (index, (expected, policy)) in table.iter().enumerate() {
        assert_eq!(decide(policy), *expected, "row {index}: {policy:?}");
    }
}

#[test]
fn the_ceiling_looks_at_capabilities_alone() {
    let policy =
        ZonePolicy { cap_allow: globs(&["files.*"]), cap_deny: globs(&["files.delete"]), ..Default::default() };
    let ceiling = |name| policy.ceiling(&CapabilityId::new(name).unwrap()).reason().code();
    assert_eq!(ceiling("files.read"), "allow");
    assert_eq!(ceiling("files.delete"), "zone_policy.capability_denied");
    assert_eq!(ceiling("mail.send"), "zone_policy.capability_not_allowed");
}

#[test]
fn absence_of_default_deny_is_kept() {
    for default_deny in [None, Some(true), Some(false)] {
        let policy = ZonePolicy { default_deny, ..open_policy() };
        let bytes = cbor::encode(&policy);
        assert_eq!(cbor::decode::<ZonePolicy>(&bytes).unwrap(), policy);
        assert_eq!(bytes.first(), Some(&if default_deny.is_none() { 0xa6 } else { 0xa7 }));
    }
}

#[test]
fn a_policy_with_a_bad_pattern_is_no_policy() {
    let long = "a".repeat(129);
    for pattern in [long.as_str(), "caf\u{e9}"] {
        let mut bytes = vec![0xa6];
        for key in
            ["cap_deny", "cap_allow", "connectors_deny", "principals_deny", "connectors_allow", "principals_allow"]
        {
            cbor::encode_into(key, &mut bytes);
            let patterns = if key == "cap_deny" { vec![pattern.to_owned()] } else { vec![] };
            cbor::encode_into(&patterns, &mut bytes);
        }
        assert_eq!(cbor::decode::<ZonePolicy>(&bytes).unwrap_err().reason().code(), "glob.invalid_pattern");
    }
}
