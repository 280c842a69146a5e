//! `checkpoint.*`, `audit.*`, `revocation.*`, `freshness.*`: what happened and what holds (§3.8, §14.3, §23.4,
//! D31, D161–D168, D185).

use fcp_audit::AttestedKeys;
use fcp_audit::chain::AuditVerifier;
use fcp_audit::checkpoint::ZoneCheckpoint;
use fcp_audit::freshness::{self, Freshness, Frontier, RevocationFreshnessPolicy};
use fcp_audit::head::AuditHead;
use fcp_audit::revocation::{RevocationObject, RevocationRegistry};
use fcp_core::decision::Decision;
use fcp_core::id::{ObjectId, ObjectIdKey, ZoneId};
use fcp_core::identity::{NodeKeyAttestation, TrustAnchors};
use fcp_core::object::{MeshObject as _, Message as _};
use fcp_core::safety::SafetyTier;
use fcp_core::sign::{OwnerPublicKey, QuorumSigned as _};
use fcp_core::time::Timestamp;

use super::{Operation, ids, objects, operation};
use crate::fields::{self, Answer, Fields, array_of, bytes_of, text_of};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("checkpoint.preimage", checkpoint_preimage),
    operation("audit.verify_chain", verify_chain),
    operation("revocation.check", revocation_check),
    operation("freshness.decide", freshness_decide),
];

fn checkpoint_preimage(input: Fields<'_>) -> Result<Answer, Refusal> {
    let checkpoint = ZoneCheckpoint::from_body(&input.bytes("obj")?)?;
    Ok(Answer::new().bytes("preimage", checkpoint.quorum_preimage().as_bytes()))
}

pub(super) fn owner(input: Fields<'_>) -> Result<OwnerPublicKey, Refusal> {
    Ok(OwnerPublicKey::from_bytes(&input.array("owner_key")?)?)
}

pub(super) fn time(input: Fields<'_>, name: &str) -> Result<Timestamp, Refusal> {
    Ok(Timestamp::from_secs(input.uint(name)?))
}

/// The owner of `owner_key` and everybody in `attestations`.
pub(super) fn attested(input: Fields<'_>) -> Result<TrustAnchors, Refusal> {
    let mut trust = TrustAnchors::new(owner(input)?);
    for body in input.list("attestations", bytes_of)? {
        let attestation = NodeKeyAttestation::from_body(&body)?;
        trust.install_historic(NodeKeyAttestation::open(&attestation.seal())?)?;
    }
    Ok(trust)
}

fn verify_chain(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (zone, key) = (ids::zone(input)?, objects::key(input, "object_id_key")?);
    let trust = attested(input)?;
    let events = input.list("events", |event, name| {
        let event = Fields::of(event, name)?;
        Ok((ObjectId::from_bytes(event.array("object_id")?), event.bytes("canonical")?))
    })?;
    let head = input.optional("head", Fields::bytes)?.map(|body| AuditHead::from_body(&body)).transpose()?;
    let nothing = RevocationRegistry::new();
    let keys = AttestedKeys::new(&trust, &nothing, &zone);
    let mut verifier = AuditVerifier::from_start(zone.clone());
    let mut fault = None;
    for (id, canonical) in &events {
        if let Err(found) = verifier.push_bytes(id, canonical, &key, &keys) {
            fault = Some(found);
            break;
        }
    }
    let fault = fault.or_else(|| head.and_then(|head| verifier.finish(&head).err()));
    Ok(match fault {
        None => Answer::new().text("verdict", "allow").text("reason", "allow"),
        Some(fault) => Answer::new()
            .text("verdict", "deny")
            .text("reason", fault.reason.code())
            .value("seq", fields::uint(fault.seq)),
    })
}

/// The revocations in the field `name`, which the owner of `owner_key` signed.
pub(super) fn registry(input: Fields<'_>, name: &str) -> Result<RevocationRegistry, Refusal> {
    let (owner, mut registry) = (owner(input)?, RevocationRegistry::new());
    for body in input.list(name, bytes_of)? {
        // The id under which a revocation is stored plays no part in what it revokes.
        let stored = RevocationObject::from_body(&body)?.seal(&ObjectIdKey::public())?;
        registry.install(&stored.open::<RevocationObject>()?.verify(&owner)?);
    }
    Ok(registry)
}

fn revocation_check(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (registry, now) = (registry(input, "revocations")?, time(input, "now")?);
    let revoked = input.list("ids", |id, name| {
        let asked = Fields::of(id, name)?;
        let (id, zone) = (array_of(asked.value("id")?, "id")?, ZoneId::new(text_of(asked.value("zone")?, "zone")?)?);
        Ok(registry.revoked_by(&ObjectId::from_bytes(id), &zone, now).is_some())
    })?;
    Ok(Answer::new().value("revoked", revoked.into()))
}

pub(super) fn freshness_policy(policy: Fields<'_>) -> Result<RevocationFreshnessPolicy, Refusal> {
    Ok(RevocationFreshnessPolicy {
        max_checkpoint_age_secs: policy.uint("max_checkpoint_age_secs")?,
        allow_safe_ops_in_degraded_mode: policy.truth("allow_safe_ops_in_degraded_mode")?,
        allow_risky_ops_with_interactive_override: policy.truth("allow_risky_ops_with_interactive_override")?,
    })
}

fn freshness_decide(input: Fields<'_>) -> Result<Answer, Refusal> {
    let policy = freshness_policy(input.object("policy")?)?;
    let frontier = input.optional("checkpoint_created_at", time)?.map(|created_at| {
        Ok::<Frontier, Refusal>(Frontier {
            checkpoint: ObjectId::ZERO,
            checkpoint_seq: input.uint("checkpoint_seq")?,
            created_at,
            complete: input.flag("complete", true)?,
        })
    });
    let (frontier, now) = (frontier.transpose()?, time(input, "now")?);
    let needed = input.optional("chk_seq", Fields::uint)?;
    let approval = input.flag("approval", false)?.then_some(ObjectId::ZERO);
    let tier = SafetyTier::from_name(input.text("tier")?);
    let decided = freshness::decide(tier, frontier.as_ref(), needed, approval, &policy, now);
    let answer = Answer::new().text("reason", decided.reason().code());
    Ok(match decided {
        Decision::Deny(_) => answer.text("verdict", "deny"),
        Decision::Allow(how) => answer.text("verdict", "allow").text(
            "mode",
            match how {
                Freshness::Fresh => "fresh",
                Freshness::Degraded => "degraded",
                Freshness::Overridden(_) => "overridden",
            },
        ),
    })
}
