//! `lattice.*`, `policy.*`, `provenance.*`, `taint.*`, `transport.*`, `manifest_key.*`: zones and what flows through
//! them (§5, §6, appendix G, D74–D102).

use fcp_core::error::Reason;
use fcp_core::id::{CapabilityId, ConnectorId, NodeId, ObjectIdKey, PrincipalId};
use fcp_core::object::{MeshObject as _, Message as _, Provenance};
use fcp_core::safety::{PathClass, SafetyTier};
use fcp_core::sign::{NodeEncryptionKey, OwnerPublicKey};
use fcp_zones::flow::{self, Flow, Labels, Source, TaintDecision};
use fcp_zones::manifest::ZoneKeyManifest;
use fcp_zones::policy::{AccessRequest, ZonePolicy};
use fcp_zones::transport;
use fcp_zones::zone::{Levels, ZoneTransportPolicy};
use serde_json::json;

use super::{Operation, data, operation};
use crate::fields::{Answer, Fields};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("manifest_key.unwrap", unwrap_manifest),
    operation("lattice.flow", lattice_flow),
    operation("policy.evaluate", policy_evaluate),
    operation("provenance.merge", provenance_merge),
    operation("provenance.effective", provenance_effective),
    operation("taint.decide", taint_decide),
    operation("transport.select", transport_select),
];

pub(super) fn levels(fields: Fields<'_>) -> Result<Levels, Refusal> {
    Ok(Levels::new(fields.uint("integrity")?, fields.uint("confidentiality")?))
}

fn lattice_flow(input: Fields<'_>) -> Result<Answer, Refusal> {
    let verdict = match flow::flow(levels(input.object("from")?)?, levels(input.object("to")?)?) {
        Flow::Allow => "allow",
        Flow::NeedsElevation => "needs_elevation",
        Flow::NeedsDeclassification => "needs_declassification",
        Flow::NeedsBoth => "needs_both",
    };
    Ok(Answer::new().text("verdict", verdict))
}

fn policy_evaluate(input: Fields<'_>) -> Result<Answer, Refusal> {
    let policy: ZonePolicy = data::PLAIN.read(input.value("policy")?, "policy")?;
    let principal = PrincipalId::new(input.text("principal")?)?;
    let connector = ConnectorId::new(input.text("connector")?)?;
    let capability = CapabilityId::new(input.text("capability")?)?;
    let request = AccessRequest { principal: &principal, connector: &connector, capability: &capability };
    Ok(decision(policy.evaluate(&request).reason()))
}

/// A decision that is either of two.
fn decision(reason: Reason) -> Answer {
    let decision = if reason == Reason::Allow { "allow" } else { "deny" };
    Answer::new().text("decision", decision).text("reason", reason.code())
}

fn provenance(json: &serde_json::Value, name: &str) -> Result<Provenance, Refusal> {
    data::PROVENANCE.read(json, name)
}

fn provenance_merge(input: Fields<'_>) -> Result<Answer, Refusal> {
    let inputs = input.list("inputs", provenance)?;
    let sources: Vec<Source<'_>> = inputs.iter().map(Source::of).collect();
    Ok(Answer::new().value("provenance", data::written(&flow::merge(&sources)?)?))
}

fn provenance_effective(input: Fields<'_>) -> Result<Answer, Refusal> {
    let labels: Vec<serde_json::Value> = input
        .list("inputs", provenance)?
        .iter()
        .map(|provenance| {
            // Without objects at hand no adjustment and no reduction counts (D98).
            let labels = Labels::resolve(provenance, &[], &flow::NoEvidence);
            json!({
                "integrity": labels.integrity, "confidentiality": labels.confidentiality,
                "taint": labels.taint.bits(),
            })
        })
        .collect();
    Ok(Answer::new().value("labels", labels.into()))
}

fn taint_decide(input: Fields<'_>) -> Result<Answer, Refusal> {
    let provenance = provenance(input.value("provenance")?, "provenance")?;
    let tier = SafetyTier::from_name(input.text("safety_tier")?);
    let verdict = Labels::of(&provenance).can_invoke(tier, levels(input.object("target")?)?);
    let decision = match verdict {
        TaintDecision::Allow => "allow",
        TaintDecision::RequireElevation => "require_elevation",
        TaintDecision::Deny(_) => "deny",
    };
    Ok(Answer::new().text("decision", decision).text("reason", verdict.reason().code()))
}

const CLASSES: &[(&str, PathClass)] =
    &[("lan", PathClass::Lan), ("direct", PathClass::Direct), ("derp", PathClass::Derp), ("funnel", PathClass::Funnel)];

fn transport_select(input: Fields<'_>) -> Result<Answer, Refusal> {
    let explicit: Option<ZoneTransportPolicy> =
        input.optional("policy", |input, name| data::PLAIN.read(input.value(name)?, name))?;
    let policy = ZoneTransportPolicy::effective(explicit, levels(input.object("levels")?)?);
    let paths = input.list("paths", |path, name| {
        let path = Fields::of(path, name)?;
        Ok((path.text("id")?.to_owned(), path.choice("class", CLASSES)?))
    })?;
    Ok(Answer::new().value("paths", transport::select(&policy, paths).into()))
}

fn unwrap_manifest(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (body, node) = (input.bytes("manifest")?, NodeId::new(input.text("node")?)?);
    let (secret, owner) = (NodeEncryptionKey::from_bytes(input.array("secret")?), input.array("owner_key")?);
    let manifest = ZoneKeyManifest::from_body(&body)?;
    let now = manifest.valid_from();
    // Under which key its id is made is known only once it is opened; nothing here asks for the id.
    let received = manifest.seal(&ObjectIdKey::public())?.open::<ZoneKeyManifest>()?;
    let manifest = ZoneKeyManifest::verify(received, &OwnerPublicKey::from_bytes(&owner)?, now)?;
    let keys = manifest.unwrap_for(&node, &secret)?;
    Ok(Answer::new().bytes("zone_key", keys.zone_key.expose()).bytes("object_id_key", keys.object_id_key.expose()))
}
