//! A token by itself, offline.

use fcp_caps::grant::{CapabilityConstraints, Grantee};
use fcp_caps::token::{CapabilityGrant, CapabilityToken};
use fcp_caps::verify::Audience;
use fcp_core::decision::Decision;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::safety::SafetyTier;

use crate::mesh::{self, BINARY, CHECKPOINT, Case, NOW};

/// The reason for which the case's token is refused by itself, or `allow`.
fn verdict(case: &Case, tier: SafetyTier) -> &'static str {
    let cwt = case.invoke().request().capability_token.clone();
    judge(case, &cwt, tier)
}

fn judge(case: &Case, cwt: &[u8], tier: SafetyTier) -> &'static str {
    let token = match CapabilityToken::decode(cwt) {
        Ok(token) => token,
        Err(error) => return error.reason().code(),
    };
    let (zone, connector) = (ZoneId::private(), mesh::connector());
    let audience = Audience { zone: &zone, connector: &connector, instance: None, binary: Some(BINARY), tier };
    match CapabilityToken::verify(token.identified(&mesh::key()), &case.mesh, &audience, NOW) {
        Decision::Allow(token) => {
            assert!(token.evidence().contains(&token.token().id()) && token.evidence().contains(&CHECKPOINT));
            assert_eq!(token.claims(), &case.claims);
            "allow"
        }
        Decision::Deny(denial) => denial.reason.code(),
    }
}

#[test]
fn a_token_is_verified_from_what_is_held() {
    let case = Case::new("write");
    assert_eq!(verdict(&case, SafetyTier::Risky), "allow");
    let mut stale = Case::new("write");
    stale.mesh.frontier = None;
    assert_eq!(verdict(&stale, SafetyTier::Risky), "revocation.stale_frontier");
    let mut unbacked = Case::new("write");
    unbacked.claims.caps.push(CapabilityGrant { capability: "files.read".parse().unwrap(), operation: None });
    assert_eq!(verdict(&unbacked, SafetyTier::Risky), "grant.insufficient");
    let grant = mesh::grant("files.read", Grantee::Bearer, CapabilityConstraints::open());
    let id = unbacked.mesh.granted(grant);
    unbacked.claims.grant_object_ids.push(id);
    unbacked.claims.grant_object_ids.sort_unstable();
    assert_eq!(verdict(&unbacked, SafetyTier::Risky), "grant.bearer_not_safe");
    let mut long = Case::new("read");
    long.claims.exp = long.claims.iat.saturating_add(901);
    assert_eq!(verdict(&long, SafetyTier::Safe), "allow");
    assert_eq!(verdict(&long, SafetyTier::Risky), "token.bad_lifetime");
}

#[test]
fn every_changed_byte_of_a_token_is_refused() {
    let case = Case::new("write");
    let cwt = case.invoke().request().capability_token.clone();
    for index in 0..cwt.len() {
        let mut changed = cwt.clone();
        changed[index] ^= 1;
        let code = judge(&case, &changed, SafetyTier::Risky);
        let expected = [
            "token.malformed",
            "token.bad_claim",
            "token.unknown_claim",
            "token.issuer_unknown",
            "token.signature_invalid",
        ];
        assert!(expected.contains(&code), "byte {index}: {code}");
    }
}

#[test]
fn a_token_is_bounded() {
    let mut case = Case::new("read");
    let grants = (0..3_000_u32).map(|number| {
        let mut bytes = [0x99; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        ObjectId::from_bytes(bytes)
    });
    case.claims.grant_object_ids.extend(grants);
    assert_eq!(verdict(&case, SafetyTier::Safe), "token.too_large");
}
