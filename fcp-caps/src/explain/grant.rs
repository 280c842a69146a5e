//! Grants in words.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::sign::Verified;

use super::scene::Scene;
use super::{Detail, text};
use crate::authorize::View;
use crate::grant::{CapabilityConstraints, CapabilityObject, Grantee, allows, denies};

/// The cited grants of the operation's capability.
fn cited<'a, V: View>(scene: &Scene<'a, V>) -> Vec<&'a Verified<CapabilityObject>> {
    let needed = scene.rule().map(|rule| &rule.capability);
    let ids = scene.claims().map(|claims| claims.grant_object_ids.as_slice()).unwrap_or_default();
    let grants = ids.iter().filter_map(|id| scene.view.grant(id));
    grants.filter(|grant| Some(&grant.capability_id) == needed).collect()
}

fn grantee(grantee: &Grantee) -> String {
    match grantee {
        Grantee::Principal(principal) => principal.to_string(),
        Grantee::Zone(zone) => format!("everybody in {zone}"),
        Grantee::Tag(tag) => format!("devices with the tag {tag}"),
        Grantee::Bearer => "whoever shows it, for safe operations".into(),
    }
}

pub(super) fn detail<V: View>(scene: &Scene<'_, V>, reason: Reason) -> Option<Detail> {
    let (claims, grants) = (scene.claims()?, cited(scene));
    let each = |say: &dyn Fn(&CapabilityObject) -> String| {
        let said = grants.iter().map(|grant| format!("grant {} {}", grant.id().short(), say(grant)));
        text::list(said, "no grant of the capability is cited")
    };
    let (cause, unless) = match reason {
        Reason::GrantMissing => {
            let missing = claims.grant_object_ids.iter().filter(|id| scene.view.grant(id).is_none());
            (format!("grant {} is not held", text::ids(missing)), "it had been fetched before".into())
        }
        Reason::GrantInsufficient => {
            let held: Vec<_> = claims.grant_object_ids.iter().filter_map(|id| scene.view.grant(id)).collect();
            let claimed = claims.caps.iter().map(|cap| &cap.capability);
            let bare = claimed.filter(|capability| held.iter().all(|grant| grant.capability_id != **capability));
            let bare = text::list(bare, "what the token claims");
            (
                format!("no cited grant gives {bare}"),
                format!("the token had cited a grant of {bare}, or not claimed it"),
            )
        }
        Reason::GrantWrongGrantee | Reason::GrantBearerNotSafe => {
            (each(&|grant| format!("is for {}", grantee(&grant.grantee))), format!("one had been for {}", claims.sub))
        }
        Reason::GrantNotValid => {
            let window = |grant: &CapabilityObject| {
                format!("is valid from {} to {}", grant.valid_from.utc(), grant.valid_until.utc())
            };
            (each(&window), format!("one had covered {} to {}", claims.iat.utc(), claims.exp.utc()))
        }
        Reason::GrantResourceNotAllowed | Reason::GrantResourceDenied => {
            let bounds: Vec<&CapabilityConstraints> =
                grants.iter().map(|grant| &grant.constraints).chain(&claims.attenuation).collect();
            let outside = |uri: &str| {
                bounds.iter().any(|bounds| {
                    bounds.resource_deny.iter().any(|pattern| denies(pattern, uri))
                        || !bounds.resource_allow.iter().any(|pattern| allows(pattern, uri))
                })
            };
            let resources = scene.request?.resources.iter().filter_map(|id| scene.view.resource(id));
            let uris = resources.map(|resource| resource.resource_uri.as_str()).filter(|uri| outside(uri));
            let uris = text::list(uris, "a resource");
            let allowed = text::list(bounds.iter().flat_map(|bounds| &bounds.resource_allow), "nothing");
            let denied = text::list(bounds.iter().flat_map(|bounds| &bounds.resource_deny), "nothing");
            (
                format!("{uris} is outside of what is allowed: {allowed}, without {denied}"),
                format!("one grant had allowed {uris}, and the token's attenuation too"),
            )
        }
        _ => return None,
    };
    Some(Detail { cause, unless })
}
