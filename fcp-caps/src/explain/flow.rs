//! Taint, integrity and confidentiality in words.

use alloc::format;
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::ObjectId;
use fcp_core::object::Provenance;
use fcp_zones::flow::{Client, Ingress, Labels};
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::policy::ApproverScope;
use fcp_zones::zone::Levels;

use super::scene::Scene;
use super::{Detail, text};
use crate::authorize::View;

pub(super) fn detail<V: View>(scene: &Scene<'_, V>, reason: Reason) -> Option<Detail> {
    match reason {
        Reason::TaintPublicInputDangerous => Some(public_input(scene)),
        Reason::TaintElevationRequired => Some(elevation(scene)),
        Reason::TaintForbiddenTier => Some(Detail {
            cause: format!("{} is forbidden, whoever asks for it", scene.what()),
            unless: "its connector had declared a tier that can be allowed".into(),
        }),
        Reason::CrossingDeclassificationRequired => Some(declassification(scene)),
        Reason::ProvenanceUnknownInput => Some(unknown_input(scene)),
        _ => None,
    }
}

/// The objects of the evidence that have a provenance: the inputs that the request names.
fn inputs<'a, V: View>(scene: &Scene<'a, V>) -> impl Iterator<Item = (ObjectId, &'a Provenance)> + use<'a, V> {
    let view = scene.view;
    scene.receipt.evidence().iter().filter_map(move |id| Some((*id, view.provenance(id)?)))
}

fn levels<V: View>(scene: &Scene<'_, V>) -> Levels {
    scene.heads().map_or(Levels::UNKNOWN, PinnedHeads::levels)
}

/// What an agent was given before (D100).
fn mark<V: View>(scene: &Scene<'_, V>) -> Option<Provenance> {
    let bearer = scene.bearer()?;
    match scene.view.client(&bearer) {
        Client::Agent => scene.view.marks().inherited(&bearer),
        Client::Person => None,
    }
}

/// Where the public input came from: a named input, the way in, the agent's past, or the caller's own word.
fn public_input<V: View>(scene: &Scene<'_, V>) -> Detail {
    let public: Vec<(ObjectId, &Provenance)> =
        inputs(scene).filter(|(_, provenance)| Labels::of(provenance).is_public()).collect();
    if let Some((_, provenance)) = public.first() {
        let (named, zone) = (text::ids(public.iter().map(|(id, _)| id)), &provenance.origin_zone);
        return Detail {
            cause: format!("what asked for this came from {zone} (input {named}), and nothing cleared it"),
            unless: format!("a sanitizer receipt had covered {named} and cleared PUBLIC_INPUT"),
        };
    }
    if scene.view.ingress(&scene.receipt.request_object_id) == Ingress::Public {
        return Detail {
            cause: "the request came in through public ingress".into(),
            unless: "somebody whom the zone knows had asked for it".into(),
        };
    }
    if let Some(mark) = mark(scene).filter(|mark| Labels::of(mark).is_public()) {
        let zone = &mark.origin_zone;
        return Detail {
            cause: format!("the agent was given public input from {zone} before, and may have put it in here"),
            unless: "the agent had only been given what a sanitizer cleared; a new principal has no such past".into(),
        };
    }
    Detail {
        cause: "the request says of itself that it carries public input".into(),
        unless: "a sanitizer receipt had covered everything that it names and cleared PUBLIC_INPUT".into(),
    }
}

fn elevation<V: View>(scene: &Scene<'_, V>) -> Detail {
    let needed = levels(scene).integrity;
    let lowest = inputs(scene).min_by_key(|(_, provenance)| provenance.integrity_label);
    let source = match lowest.filter(|(_, provenance)| provenance.integrity_label < needed) {
        Some((id, provenance)) => {
            format!("input {} from {} has integrity {}", id.short(), provenance.origin_zone, provenance.integrity_label)
        }
        None => match mark(scene).filter(|mark| mark.integrity_label < needed) {
            Some(mark) => format!("the agent was given input of integrity {} before", mark.integrity_label),
            None => "the request says of itself that its integrity is lower".into(),
        },
    };
    let (request, approvers) = (scene.receipt.request_object_id.short(), scene.approvers(ApproverScope::Elevation));
    Detail {
        cause: format!("{source}, and {} asks for {needed}", scene.zone()),
        unless: format!("an elevation of request {request} to {needed} had been presented, from {approvers}"),
    }
}

fn declassification<V: View>(scene: &Scene<'_, V>) -> Detail {
    let (zone, own) = (scene.zone(), levels(scene).confidentiality);
    let secret = inputs(scene).find(|(_, provenance)| provenance.confidentiality_label > own);
    let request = scene.receipt.request_object_id.short();
    let (cause, leaving) = match secret {
        Some((id, provenance)) => {
            let (from, level) = (&provenance.current_zone, provenance.confidentiality_label);
            let id = id.short();
            (format!("input {id} of {from} has confidentiality {level}, and {zone} only {own}"), format!("input {id}"))
        }
        None => {
            let (place, level) = least_secret_sink(scene);
            let cause = if level < own {
                format!("the request may be as secret as {zone}, which is {own}, and {place} is only {level}")
            } else {
                format!("the request carries more than the confidentiality of {zone}, which is {own}")
            };
            (cause, format!("request {request}"))
        }
    };
    let approvers = scene.approvers(ApproverScope::Declassification);
    Detail { cause, unless: format!("a declassification of {leaving} had been presented, from {approvers}") }
}

/// The least secret place that the request would write to, and how secret it is.
fn least_secret_sink<'a, V: View>(scene: &Scene<'a, V>) -> (&'a str, u8) {
    let resources = scene.request.into_iter().flat_map(|request| &request.resources);
    let classified = resources.filter_map(|id| scene.view.resource(id));
    let lowest = classified.min_by_key(|resource| resource.resource_confidentiality_level);
    let unknown = ("a place outside that nobody classified", 0);
    lowest.map_or(unknown, |resource| (resource.resource_uri.as_str(), resource.resource_confidentiality_level))
}

fn unknown_input<V: View>(scene: &Scene<'_, V>) -> Detail {
    let unknown = scene.receipt.evidence().iter().filter(|id| super::evidence::label(scene, id) == "object");
    let unknown = text::ids(unknown);
    Detail {
        cause: format!("input {unknown} is not held, so nobody knows where it comes from"),
        unless: "it had been stored here before it was named".into(),
    }
}
