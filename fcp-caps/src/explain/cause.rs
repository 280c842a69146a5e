//! What a reason means in this very case.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::glob::Glob;
use fcp_core::safety::SafetyTier;
use fcp_zones::policy::ApproverScope;

use super::scene::Scene;
use super::{Detail, flow, grant, text};
use crate::authorize::View;
use crate::token::TokenClaims;

/// What the receipt's reason says about this very case, where there is more to say than in general.
pub(super) fn detail<V: View>(scene: &Scene<'_, V>) -> Option<Detail> {
    let reason = scene.receipt.reason()?;
    flow::detail(scene, reason)
        .or_else(|| token(scene, reason))
        .or_else(|| grant::detail(scene, reason))
        .or_else(|| policy(scene, reason))
        .or_else(|| state(scene, reason))
}

fn token<V: View>(scene: &Scene<'_, V>, reason: Reason) -> Option<Detail> {
    let (claims, request) = (scene.claims()?, scene.request?);
    let now = scene.receipt.decided_at;
    let (cause, unless) = match reason {
        Reason::TokenExpired => (
            format!("the token expired at {}, {} s before", claims.exp.utc(), now.since(claims.exp)),
            "a token of this moment had been presented".into(),
        ),
        Reason::TokenNotYetValid => (
            format!("the token was issued for {}, {} s ahead", claims.iat.utc(), claims.iat.since(now)),
            "issuer and verifier had agreed on the time".into(),
        ),
        Reason::TokenBadLifetime => {
            let tier = scene.rule().map_or(SafetyTier::Forbidden, |rule| rule.tier);
            let most = TokenClaims::max_lifetime_secs(tier);
            (
                format!("the token lives {} s, for a {} operation", claims.lifetime_secs(), tier.name()),
                format!("it had been minted for 1 to {most} s"),
            )
        }
        Reason::TokenZoneMismatch => (
            format!("the token is of {}, and the request of {}", claims.iss_zone, request.zone_id),
            format!("the token had been one of {}", request.zone_id),
        ),
        Reason::TokenAudMismatch => (
            format!("the token is meant for {}, and the request for {}", claims.aud, request.connector_id),
            format!("the token had been minted for {}", request.connector_id),
        ),
        Reason::TokenIssuerNotAllowed => {
            let issuers = scene.heads().map(|heads| heads.policy().token_issuers()).unwrap_or_default();
            let own = issuers.iter().find(|issuer| issuer.node_id == claims.iss_node);
            let subs = text::list(own.into_iter().flat_map(|issuer| &issuer.subs).map(Glob::as_str), "nobody");
            (
                format!("{} may issue tokens for {subs}, and this one is for {}", claims.iss_node, claims.sub),
                format!("the policy had listed {} with a pattern that matches {}", claims.iss_node, claims.sub),
            )
        }
        Reason::CapabilityInsufficient => {
            let needed = &scene.rule()?.capability;
            let given = claims.caps.iter().map(|cap| match &cap.operation {
                Some(operation) => format!("{} for {operation}", cap.capability),
                None => cap.capability.to_string(),
            });
            (
                format!("the token gives {}, and {} takes {needed}", text::list(given, "nothing"), request.operation),
                format!("the token had given {needed}"),
            )
        }
        Reason::ExecutionWrongNode => (
            format!("the request is for {}, and this is {}", request.target_node, scene.view.node()),
            format!("it had been sent to {}", request.target_node),
        ),
        _ => return None,
    };
    Some(Detail { cause, unless })
}

fn policy<V: View>(scene: &Scene<'_, V>, reason: Reason) -> Option<Detail> {
    let (claims, request, heads) = (scene.claims()?, scene.request?, scene.heads()?);
    let rules = heads.policy().policy();
    let (sub, connector) = (claims.sub.as_str(), request.connector_id.as_str());
    let capability = scene.rule().map(|rule| rule.capability.as_str()).unwrap_or_default();
    let (denied, who, list, name) = match reason {
        Reason::ZonePolicyPrincipalDenied => (true, sub, &rules.principals_deny, "principals_deny"),
        Reason::ZonePolicyPrincipalNotAllowed => (false, sub, &rules.principals_allow, "principals_allow"),
        Reason::ZonePolicyConnectorDenied => (true, connector, &rules.connectors_deny, "connectors_deny"),
        Reason::ZonePolicyConnectorNotAllowed => (false, connector, &rules.connectors_allow, "connectors_allow"),
        Reason::ZonePolicyCapabilityDenied => (true, capability, &rules.cap_deny, "cap_deny"),
        Reason::ZonePolicyCapabilityNotAllowed => (false, capability, &rules.cap_allow, "cap_allow"),
        _ => return None,
    };
    let (policy, zone) = (heads.policy().id().short(), scene.zone());
    let (cause, unless) = if denied {
        let matching = text::list(list.iter().filter(|own| own.matches(who)).map(Glob::as_str), "nothing");
        (
            format!("policy {policy} of {zone} denies {who}: {name} has {matching}"),
            format!("the owner had taken {matching} out of {name}"),
        )
    } else {
        let all = text::list(list.iter().map(Glob::as_str), "nothing");
        (
            format!("policy {policy} of {zone} does not allow {who}: {name} has {all}"),
            format!("the owner had added a pattern that matches {who} to {name}"),
        )
    };
    Some(Detail { cause, unless })
}

/// Freshness, revocation and approval of the execution.
fn state<V: View>(scene: &Scene<'_, V>, reason: Reason) -> Option<Detail> {
    let (view, zone, now) = (scene.view, scene.zone(), scene.receipt.decided_at);
    let evidence = scene.receipt.evidence();
    let (cause, unless) = match reason {
        Reason::RevocationStaleFrontier => {
            let most = view.freshness(zone).max_checkpoint_age_secs;
            let held = view.frontier(zone).filter(|held| evidence.contains(&held.checkpoint));
            let cause = held.map_or_else(
                || "no checkpoint was held".into(),
                |held| format!("checkpoint {} was {} s old", held.checkpoint_seq, now.since(held.created_at)),
            );
            (cause, format!("a checkpoint of the last {most} s had been held"))
        }
        Reason::CheckpointBehind => {
            let named = scene.claims()?.checkpoint?.seq;
            (
                format!("the token was minted under checkpoint {named}, which was not held"),
                format!("checkpoint {named} or a later one had been accepted"),
            )
        }
        Reason::RevocationToken
        | Reason::RevocationIssuer
        | Reason::RevocationHolder
        | Reason::RevocationGrant
        | Reason::RevocationBinary
        | Reason::RevocationZoneKey
        | Reason::RevocationApproval => {
            let revoked = evidence.iter().filter(|id| view.revocations().revoked_by(id, zone, now).is_some());
            let named: Vec<String> =
                revoked.map(|id| format!("{} {}", super::evidence::label(scene, id), id.short())).collect();
            if named.is_empty() {
                return None;
            }
            (format!("{} is revoked", text::list(named, "nothing")), "one that is not had been used".into())
        }
        Reason::ApprovalRequired => {
            let request = scene.receipt.request_object_id.short();
            let approvers = scene.approvers(ApproverScope::Execution);
            (
                format!("{} runs only with an approval, and none for it was presented", scene.what()),
                format!("an approval of request {request} and its input had been presented, from {approvers}"),
            )
        }
        _ => return None,
    };
    Some(Detail { cause, unless })
}
