//! The token, the node that holds it, and the history under which it was minted.

use fcp_audit::freshness::Freshness;
use fcp_caps::grant::{CapabilityConstraints, Grantee};
use fcp_caps::pop::{HolderNonce, Proof};
use fcp_caps::token::{CapabilityGrant, CapabilityToken, CheckpointBinding};
use fcp_core::glob::Glob;
use fcp_core::id::{ConnectorId, ObjectId, ZoneId};
use fcp_core::object::Provenance;
use fcp_core::sign::{NodeIssuanceKey, NodeSigningKey};
use fcp_zones::membership::admit;
use fcp_zones::zone::ZoneDirectory;

use crate::helpers::{denied, reason, trusting};
use crate::mesh::{self, BINARY, CHECKPOINT, Case, NOW, PRIVATE};

#[test]
fn the_token_and_its_time() {
    denied("write", "token.malformed", "no token", |case| case.request.capability_token = vec![0x84]);
    denied("write", "capability.unknown_operation", "operation", |case| {
        case.request.operation = "rename".parse().unwrap();
    });
    denied("write", "token.issuer_unknown", "a key that nobody attested", |case| {
        case.issuer = NodeIssuanceKey::from_seed([99; 32]);
    });
    denied("write", "token.issuer_unknown", "another node's name", |case| case.claims.iss_node = mesh::phone());
    denied("write", "token.signature_invalid", "a changed signature", |case| {
        let mut cwt = CapabilityToken::mint(case.claims.clone(), &case.issuer).unwrap().to_cwt();
        *cwt.last_mut().unwrap() ^= 1;
        case.request.capability_token = cwt;
    });
    denied("write", "token.bad_lifetime", "901 s for a risky operation", |case| {
        case.claims.exp = case.claims.iat.saturating_add(901);
    });
    denied("write", "token.not_yet_valid", "issued in the future", |case| {
        case.claims.iat = NOW.saturating_add(121);
    });
    denied("write", "token.expired", "expired", |case| {
        case.claims.iat = NOW.saturating_sub(500);
        case.claims.exp = NOW.saturating_sub(121);
    });
    let mut long = Case::new("read");
    long.claims.exp = long.claims.iat.saturating_add(86_400);
    assert_eq!(reason(&long), "allow", "a day for a safe operation");
}

#[test]
fn whom_the_token_is_for() {
    denied("write", "token.zone_mismatch", "zone", |case| case.claims.iss_zone = ZoneId::public());
    denied("write", "token.aud_mismatch", "connector", |case| {
        case.claims.aud = ConnectorId::new("example.other").unwrap();
    });
    denied("write", "token.instance_mismatch", "instance", |case| {
        case.claims.instance = Some("inst:two".parse().unwrap());
    });
    denied("write", "token.binary_missing", "no build", |case| case.claims.aud_binary = None);
    denied("write", "token.binary_mismatch", "another build runs", |case| {
        case.mesh.binary = Some(ObjectId::from_bytes([0xb2; 32]));
    });
    denied("write", "token.binary_mismatch", "nobody knows what runs", |case| case.mesh.binary = None);
    denied("write", "token.issuer_not_allowed", "policy", |case| {
        let mut terms = mesh::policy_terms(&ZoneId::private(), PRIVATE);
        terms.token_issuers[0].subs = vec![Glob::new("user:*").unwrap()];
        case.mesh.heads.insert(ZoneId::private(), mesh::heads(&ZoneId::private(), PRIVATE, terms));
    });
    denied("write", "zone.unknown", "no heads", |case| drop(case.mesh.heads.remove(&ZoneId::private())));
    for (node, code) in [(mesh::laptop(), "token.issuer_not_member"), (mesh::phone(), "token.holder_not_member")] {
        denied("write", code, "enrolled elsewhere", |case| {
            let enrollment = mesh::enroll(&node, &[ZoneId::public()]);
            let mut zones = ZoneDirectory::new();
            case.mesh.heads.values().for_each(|heads| drop(zones.pin(heads.definition().clone())));
            let revoked = &case.mesh.revocations;
            let attestation = case.mesh.trust.current(&node, revoked, NOW).unwrap();
            let member = admit(attestation, &enrollment, &zones, revoked, NOW);
            case.mesh.members.insert(node.clone(), member.into_result().unwrap());
        });
        denied("write", code, "not enrolled", |case| drop(case.mesh.members.remove(&node)));
    }
    denied("write", "token.holder_missing", "no holder", |case| {
        case.claims.holder_node = None;
        case.holder = None;
    });
    let mut safe = Case::new("read");
    (safe.claims.holder_node, safe.claims.aud_binary, safe.holder) = (None, None, None);
    assert_eq!(reason(&safe), "allow", "a safe operation needs neither holder nor build");
}

#[test]
fn revocations() {
    let revoked = |code: &str, what: fn(&Case) -> ObjectId| {
        denied("write", code, code, |case| {
            let id = what(case);
            case.mesh.revoke(id);
            let denial = case.decide().into_result().unwrap_err();
            assert!(denial.evidence.contains(&id), "{code}: the revoked id is evidence");
        });
    };
    revoked("revocation.token", |case| {
        CapabilityToken::mint(case.claims.clone(), &case.issuer).unwrap().id(&mesh::key())
    });
    revoked("revocation.issuer", |case| case.mesh.trust.all(&mesh::laptop())[0].id());
    revoked("revocation.issuer", |case| case.mesh.members[&mesh::laptop()].evidence()[1]);
    revoked("revocation.holder", |case| case.mesh.trust.all(&mesh::phone())[0].id());
    revoked("revocation.holder", |case| case.mesh.members[&mesh::phone()].evidence()[1]);
    revoked("revocation.grant", |case| case.claims.grant_object_ids[0]);
    revoked("revocation.binary", |_| BINARY);
    revoked("revocation.zone_key", |case| case.mesh.heads[&ZoneId::private()].manifest().id());
}

#[test]
fn attestations_of_the_day() {
    let long_ago = NOW.saturating_sub(31 * 86_400);
    let now = NOW.saturating_sub(1_000);
    let tags = ["fcp-private", "fcp-public"];
    let attest = |node, from, nonce| mesh::attest(node, &tags, from, nonce);
    let (laptop, phone) = (mesh::laptop(), mesh::phone());
    denied("write", "attestation.expired", "the issuer's", |case| {
        case.mesh.trust = trusting(&[attest(&laptop, long_ago, 1), attest(&phone, now, 1)]);
    });
    denied("write", "attestation.expired", "the holder's", |case| {
        case.mesh.trust = trusting(&[attest(&laptop, now, 1), attest(&phone, long_ago, 1)]);
    });
    denied("write", "holder_proof.holder_unknown", "the holder's is missing", |case| {
        case.mesh.trust = trusting(&[attest(&laptop, now, 1)]);
    });
    // A revoked attestation does no harm where another one counts.
    let mut renewed = Case::new("write");
    let revoked = renewed.mesh.trust.all(&phone)[0].id();
    renewed.mesh.trust =
        trusting(&[attest(&laptop, now, 1), attest(&phone, now, 1), attest(&phone, now.saturating_sub(5), 2)]);
    renewed.mesh.revoke(revoked);
    assert_eq!(reason(&renewed), "allow");
}

#[test]
fn checkpoints_and_freshness() {
    let other = ObjectId::from_bytes([0xee; 32]);
    denied("write", "token.checkpoint_fork", "same number, other id", |case| {
        case.claims.checkpoint = Some(CheckpointBinding { id: other, seq: 42 });
    });
    denied("write", "token.checkpoint_fork", "an earlier number, other id", |case| {
        case.claims.checkpoint = Some(CheckpointBinding { id: other, seq: 41 });
    });
    denied("write", "token.checkpoint_fork", "known to be forked", |case| {
        case.claims.checkpoint = Some(CheckpointBinding { id: other, seq: 7 });
        case.mesh.forked.insert(other);
    });
    denied("write", "checkpoint.behind", "a later number", |case| {
        case.claims.checkpoint = Some(CheckpointBinding { id: other, seq: 43 });
    });
    denied("write", "revocation.stale_frontier", "too old", |case| {
        case.mesh.frontier.as_mut().unwrap().created_at = NOW.saturating_sub(301);
    });
    denied("write", "revocation.stale_frontier", "none", |case| case.mesh.frontier = None);
    denied("write", "revocation.incomplete", "revocations missing", |case| {
        case.mesh.frontier.as_mut().unwrap().complete = false;
    });
    let mut earlier = Case::new("write");
    earlier.claims.checkpoint = Some(CheckpointBinding { id: earlier.mesh.checkpoints[&41], seq: 41 });
    assert_eq!(reason(&earlier), "allow");

    let mut degraded = Case::new("read");
    degraded.mesh.frontier = None;
    let allowed = degraded.decide().into_result().unwrap();
    assert_eq!(allowed.freshness(), Freshness::Degraded);
    degraded.mesh.freshness.allow_safe_ops_in_degraded_mode = false;
    assert_eq!(reason(&degraded), "revocation.stale_frontier");
}

#[test]
fn only_public_safe_calls_go_without_a_checkpoint() {
    let public = |operation: &str| {
        let mut case = Case::new(operation);
        let zone = ZoneId::public();
        let provenance = Provenance::of_zone(zone.clone(), 20, 10, NOW);
        let mut grant =
            mesh::grant(&format!("files.{operation}"), Grantee::Zone(zone.clone()), CapabilityConstraints::open());
        grant.header.zone_id = zone.clone();
        case.claims.grant_object_ids = vec![case.mesh.granted(grant)];
        case.claims.iss_zone = zone.clone();
        case.claims.checkpoint = None;
        case.request.zone_id = zone.clone();
        case.request.provenance = provenance.clone();
        case.header.zone_id = zone;
        case.header.provenance = provenance;
        case
    };
    assert_eq!(reason(&public("read")), "allow");
    assert_eq!(reason(&public("write")), "token.checkpoint_missing");
    let mut mixed = public("read");
    mixed.claims.caps.push(CapabilityGrant { capability: "files.write".parse().unwrap(), operation: None });
    assert_eq!(reason(&mixed), "token.checkpoint_missing", "a risky capability beside it");
    let mut bound = public("write");
    bound.claims.checkpoint = Some(CheckpointBinding { id: CHECKPOINT, seq: 42 });
    assert_eq!(reason(&bound), "allow");
}

#[test]
fn the_holder_and_its_proof() {
    denied("write", "execution.wrong_node", "for another node", |case| case.request.target_node = mesh::phone());
    denied("write", "holder_proof.missing", "no proof", |case| case.holder = None);
    denied("write", "holder_proof.bad_nonce", "of an old epoch", |case| {
        case.nonce = HolderNonce::of_epoch(NOW.saturating_sub(600), [9; 8]);
    });
    denied("write", "holder_proof.bad_nonce", "not the challenge", |case| {
        case.mesh.challenge = Some(HolderNonce::from_bytes([3; 16]));
    });
    denied("write", "holder_proof.bad_signature", "another node signed", |case| {
        case.holder = Some(NodeSigningKey::from_seed([98; 32]));
    });
    denied("write", "holder_proof.bad_signature", "another key of the same node signed", |case| {
        case.holder = Some(NodeSigningKey::from_seed([mesh::phone().as_bytes()[1]; 32]));
    });
    denied("write", "holder_proof.replayed", "used before", |case| {
        let invoke = case.invoke();
        let proof = Proof { jti: case.claims.jti, request: invoke.id(), nonce: case.nonce };
        case.mesh.replay.insert(proof, case.claims.exp, NOW).unwrap();
    });
    denied("read", "holder_proof.missing", "a safe call by a token with a holder", |case| case.holder = None);
    let mut challenged = Case::new("write");
    challenged.mesh.challenge = Some(HolderNonce::from_bytes([3; 16]));
    challenged.nonce = HolderNonce::from_bytes([3; 16]);
    assert_eq!(reason(&challenged), "allow");
}
