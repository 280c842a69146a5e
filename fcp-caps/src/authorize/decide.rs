//! The checks, in order (D131).

use alloc::vec::Vec;

use fcp_audit::freshness::Freshness;
use fcp_core::decision::Decision;
use fcp_core::error::Reason;
use fcp_core::id::ObjectId;
use fcp_core::identity::NodeKeyAttestation;
use fcp_core::object::Provenance;
use fcp_core::safety::SafetyTier;
use fcp_core::sign::Verified;
use fcp_core::time::Timestamp;
use fcp_zones::approval::ApprovalScope;
use fcp_zones::flow::Bearer;
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::policy::AccessRequest;

use super::approvals::{self, Approvals, NotApproved};
use super::authorized::Findings;
use super::flow::{DataFlow, approved};
use super::holder::check_proof;
use super::{Authorized, Budget, Confirmed, OperationRule, View};
use crate::binding::{Call, check_elevation, check_execution};
use crate::capability::{ApprovalMode, IdempotencyClass};
use crate::evidence::{Evidence, Step};
use crate::grant::{Demand, ResourceUri};
use crate::invoke::Invoke;
use crate::token::{CapabilityToken, TokenClaims};
use crate::verify::{Audience, Runner, TokenSteps, covering};

/// The most approvals that a request may present: each may cost a signature.
pub const MAX_APPROVALS: usize = 64;

/// The most inputs that a request may name, and the most reductions that it may claim: each is held against each.
pub const MAX_INPUTS: usize = 1_024;

/// Decides whether an invoke may happen (§8.1, D131).
///
/// The reason of a denial is that of the first check that fails; its evidence is everything that was looked at until
/// then, sorted.
pub fn authorize(view: &impl View, invoke: Invoke, now: Timestamp) -> Decision<Authorized<Invoke>> {
    match check(view, &invoke, now) {
        Ok(findings) => Decision::Allow(Authorized { what: invoke, findings }),
        Err(denial) => Decision::Deny(denial),
    }
}

/// Decides whether an authorized invoke may still happen, immediately before its intent is written (D131): the token's
/// time, revocation and freshness, grants, policy and approvals, with the newest accepted checkpoint.
pub fn reauthorize(view: &impl View, authorized: &Authorized<Invoke>, now: Timestamp) -> Decision<Confirmed> {
    Decision::from(check_again(view, authorized, now))
}

fn check(view: &impl View, invoke: &Invoke, now: Timestamp) -> Step<Findings> {
    let request = invoke.request();
    let deny = |reason: Reason| Evidence::default().deny(reason);

    // Canonical form, and what is asked for.
    let rule = view.operation(&request.connector_id, &request.operation);
    let rule = rule.ok_or_else(|| deny(Reason::CapabilityUnknownOperation))?;
    if invoke.presentation().approval_tokens.len() > MAX_APPROVALS {
        return Err(deny(Reason::ApprovalTooMany));
    }
    if invoke.inputs().len() > MAX_INPUTS || request.provenance.taint_reductions.len() > MAX_INPUTS {
        return Err(deny(Reason::ProvenanceTooManyInputs));
    }
    let token = CapabilityToken::decode(&request.capability_token).map_err(|error| deny(error.reason()))?;
    let key = view.object_id_key(&token.claims().iss_zone, token.claims().iat);
    let received = token.clone().identified(key.ok_or_else(|| deny(Reason::ZoneUnknown))?);

    // The token's signature and time, and whom it is for.
    let audience = audience(view, invoke, rule);
    let mut steps = TokenSteps::new(view, &audience, now);
    let token = steps.authentic(received)?;
    let claims = token.claims();
    steps.addressed(claims)?;
    let heads = steps.heads(&claims.iss_zone)?;
    let call = call(invoke, rule);
    let mut approvals = Approvals::new(view, heads, &invoke.presentation().approval_tokens, now);

    // Revocation and freshness.
    let holder = steps.unrevoked(&token)?;
    let freshness = fresh(&mut steps, claims, &mut approvals, &call)?;

    // The holder's proof.
    let holder = steps.attested(claims, holder)?;
    if request.target_node != *view.node() {
        return Err(steps.evidence.deny(Reason::ExecutionWrongNode));
    }
    let proof = match holder {
        Some(holder) => {
            Some(check_proof(view, invoke, claims.jti, holder, now).map_err(|reason| steps.evidence.deny(reason))?)
        }
        None => None,
    };

    // Grants.
    let grant = granted(&mut steps, invoke, rule, claims, holder)?;

    // The zone's policy.
    allowed_by_policy(&mut steps, heads, invoke, rule, claims)?;

    // Tier and taint, then confidentiality.
    let bearer =
        Bearer { zone: claims.iss_zone.clone(), sub: claims.sub.clone(), holder_node: claims.holder_node.clone() };
    let data = DataFlow { view, invoke, bearer: &bearer, levels: heads.levels(), call, now };
    let evidence = &mut steps.evidence;
    let computed = data.recompute(evidence)?;
    data.may_drive(&computed, &mut approvals, evidence)?;
    let provenance = data.may_leave(&computed, rule.reach, &mut approvals, evidence)?;

    // Approval of the execution itself.
    if rule.approval.needs_token() {
        approved(execution_approval(&mut approvals, rule.approval, &call, invoke, &computed), evidence)?;
    }

    // The idempotency key; what was done under it is looked up only now.
    let needs_key = match rule.tier {
        SafetyTier::Safe => false,
        SafetyTier::Risky => rule.idempotency != IdempotencyClass::BestEffort,
        SafetyTier::Dangerous | SafetyTier::Forbidden => true,
    };
    if needs_key && request.idempotency_key.is_none() {
        return Err(evidence.deny(Reason::IdempotencyKeyRequired));
    }

    let approvals = approvals.into_used();
    let evidence = steps.evidence.sorted();
    let rule = rule.clone();
    Ok(Findings { rule, bearer, grant, proof, freshness, provenance, approvals, evidence, decided_at: now, token })
}

fn check_again(view: &impl View, authorized: &Authorized<Invoke>, now: Timestamp) -> Step<Confirmed> {
    let (invoke, findings) = (authorized.invoke(), &authorized.findings);
    let (claims, rule) = (findings.token.claims(), &findings.rule);
    let audience = audience(view, invoke, rule);
    let mut steps = TokenSteps::new(view, &audience, now);
    steps.evidence.add(findings.token.id());
    steps.in_time(claims)?;
    steps.addressed(claims)?;
    let heads = steps.heads(&claims.iss_zone)?;
    let mut approvals = Approvals::new(view, heads, &invoke.presentation().approval_tokens, now);
    let holder = steps.unrevoked(&findings.token)?;
    fresh(&mut steps, claims, &mut approvals, &call(invoke, rule))?;
    let holder = steps.attested(claims, holder)?;
    granted(&mut steps, invoke, rule, claims, holder)?;
    allowed_by_policy(&mut steps, heads, invoke, rule, claims)?;
    for approval in &findings.approvals {
        steps.evidence.add(approval.id);
        approvals::verify(view, heads, &approval.id, now).map_err(|(_, reason)| steps.evidence.deny(reason))?;
    }
    let checkpoint = view.frontier(&claims.iss_zone).map(|frontier| frontier.checkpoint);
    Ok(Confirmed { request: invoke.id(), checkpoint, at: now })
}

fn audience<'a>(view: &impl View, invoke: &'a Invoke, rule: &OperationRule) -> Audience<'a> {
    let request = invoke.request();
    Audience {
        zone: &request.zone_id,
        connector: &request.connector_id,
        instance: request.instance_id.as_ref(),
        binary: view.binary(&request.connector_id, request.instance_id.as_ref()),
        tier: rule.tier,
    }
}

fn call<'a>(invoke: &'a Invoke, rule: &OperationRule) -> Call<'a> {
    let request = invoke.request();
    Call {
        connector: &request.connector_id,
        operation: &request.operation,
        tier: rule.tier,
        request: invoke.id(),
        input: &request.input,
        input_hash: invoke.input_hash(),
    }
}

/// Freshness; a Risky call may have an approval in its place, if the zone's policy lets it (D162).
fn fresh<V: View>(
    steps: &mut TokenSteps<'_, V>,
    claims: &TokenClaims,
    approvals: &mut Approvals<'_, V>,
    call: &Call<'_>,
) -> Step<Freshness> {
    let denial = match steps.fresh(claims, None) {
        Err(denial) if call.tier == SafetyTier::Risky => denial,
        decided => return decided,
    };
    if !steps.view.freshness(&claims.iss_zone).allow_risky_ops_with_interactive_override {
        return Err(denial);
    }
    let found = approvals.find(denial.reason, |approval| match &approval.scope {
        ApprovalScope::Execution(execution) => Some(check_execution(execution, call)),
        _ => None,
    });
    let Ok(approval) = found else { return Err(denial) };
    steps.evidence.add(approval);
    steps.fresh(claims, Some(approval))
}

/// The one grant that covers the call (D117), within the token's attenuation.
fn granted<V: View>(
    steps: &mut TokenSteps<'_, V>,
    invoke: &Invoke,
    rule: &OperationRule,
    claims: &TokenClaims,
    holder: Option<&Verified<NodeKeyAttestation>>,
) -> Step<ObjectId> {
    let (view, request) = (steps.view, invoke.request());
    if !claims.gives(&rule.capability, &request.operation) {
        return Err(steps.evidence.deny(Reason::CapabilityInsufficient));
    }
    let units = steps.backed(claims, holder)?;
    let mut resources = Vec::with_capacity(request.resources.len());
    for id in &request.resources {
        steps.evidence.add(*id);
        let Some(resource) = view.resource(id) else { return Err(steps.evidence.deny(Reason::GrantResourceUnknown)) };
        let uri = ResourceUri::new(&resource.resource_uri);
        resources.push(uri.map_err(|error| steps.evidence.deny(error.reason()))?);
    }
    let demand = Demand { resources, input_bytes: invoke.input_len() };
    let holding = steps.holding(claims, holder);
    let runner = view.trust().current(view.node(), view.revocations(), steps.now);
    let runner = Runner { node: view.node(), tags: runner.map(|attested| attested.tags()).unwrap_or_default() };
    let unit =
        covering(&units, &rule.capability, &holding, &runner, &demand, |grant| view.spent(Budget::Grant(*grant)))
            .map_err(|reason| steps.evidence.deny(reason))?;
    if let Some(attenuation) = &claims.attenuation {
        let spent = view.spent(Budget::Token(claims.jti));
        attenuation.check(&demand, spent).map_err(|reason| steps.evidence.deny(reason))?;
    }
    Ok(unit.id)
}

fn allowed_by_policy<V: View>(
    steps: &mut TokenSteps<'_, V>,
    heads: &PinnedHeads,
    invoke: &Invoke,
    rule: &OperationRule,
    claims: &TokenClaims,
) -> Step<()> {
    let request = AccessRequest {
        principal: &claims.sub,
        connector: &invoke.request().connector_id,
        capability: &rule.capability,
    };
    heads.evaluate(&request, rule.tier).into_result().map_err(|denial| steps.evidence.complete(denial))
}

/// The approval of the execution, or, where any approval will do, an elevation that is bound to this call.
fn execution_approval<V: View>(
    approvals: &mut Approvals<'_, V>,
    mode: ApprovalMode,
    call: &Call<'_>,
    invoke: &Invoke,
    computed: &Provenance,
) -> Result<ObjectId, NotApproved> {
    approvals.find(Reason::ApprovalRequired, |approval| match &approval.scope {
        ApprovalScope::Execution(execution) => Some(check_execution(execution, call)),
        ApprovalScope::Elevation(elevation) if mode == ApprovalMode::ApprovalRequired => {
            let bound = elevation.request_object_id.is_some() && elevation.input_hash.is_some();
            let checked = check_elevation(elevation, call, &invoke.request().provenance, computed);
            Some(checked.and(if bound { Ok(()) } else { Err(Reason::ApprovalUnbound) }))
        }
        _ => None,
    })
}
