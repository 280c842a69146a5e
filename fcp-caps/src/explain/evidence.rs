//! What an id of the evidence is.

use alloc::format;
use alloc::string::String;

use fcp_core::id::ObjectId;

use super::scene::Scene;
use crate::authorize::View;

/// The kind of the object with this id, and what tells it from others of its kind.
pub(super) fn label<V: View>(scene: &Scene<'_, V>, id: &ObjectId) -> String {
    let (view, zone) = (scene.view, scene.zone());
    if scene.token_id() == Some(*id) {
        return "token".into();
    }
    if scene.claims().is_some_and(|claims| claims.aud_binary == Some(*id)) {
        return "build".into();
    }
    if view.grant(id).is_some() || scene.claims().is_some_and(|claims| claims.grant_object_ids.contains(id)) {
        return "grant".into();
    }
    if let Some(heads) = scene.heads() {
        let pinned = [
            (heads.policy().id(), "policy"),
            (heads.definition().id(), "definition"),
            (heads.manifest().id(), "key manifest"),
        ];
        if let Some((_, label)) = pinned.iter().find(|(own, _)| own == id) {
            return (*label).into();
        }
    }
    if let Some(frontier) = view.frontier(zone).filter(|frontier| frontier.checkpoint == *id) {
        return format!("checkpoint {}", frontier.checkpoint_seq);
    }
    for node in view.trust().nodes() {
        if view.trust().all(node).iter().any(|attestation| attestation.id() == *id) {
            return format!("attestation of {node}");
        }
        if view.member(node).is_some_and(|member| member.evidence().contains(id)) {
            return format!("enrollment of {node}");
        }
    }
    if view.approval(id).is_some() {
        return "approval".into();
    }
    if view.sanitizer_receipt(id).is_some() {
        return "sanitizer receipt".into();
    }
    if let Some(resource) = view.resource(id) {
        return format!("resource {}", resource.resource_uri);
    }
    if view.provenance(id).is_some() {
        return "input".into();
    }
    if view.revocations().contains(zone, id) {
        return "revocation".into();
    }
    "object".into()
}
