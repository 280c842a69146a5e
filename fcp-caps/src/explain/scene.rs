//! What the receipt is about, as far as it is held.

use alloc::format;
use alloc::string::{String, ToString as _};

use fcp_audit::decision::DecisionReceipt;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_zones::flow::Bearer;
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::policy::ApproverScope;

use super::text;
use crate::authorize::{OperationRule, View};
use crate::invoke::InvokeRequest;
use crate::token::{CapabilityToken, TokenClaims};

/// The receipt, the request and its token, and the state that they are looked up in.
pub(super) struct Scene<'a, V> {
    pub(super) receipt: &'a DecisionReceipt,
    pub(super) request: Option<&'a InvokeRequest>,
    pub(super) view: &'a V,
    token: Option<CapabilityToken>,
}

impl<'a, V: View> Scene<'a, V> {
    pub(super) fn new(receipt: &'a DecisionReceipt, request: Option<&'a InvokeRequest>, view: &'a V) -> Self {
        let token = request.and_then(|request| CapabilityToken::decode(&request.capability_token).ok());
        Self { receipt, request, view, token }
    }

    pub(super) fn zone(&self) -> &'a ZoneId {
        &self.receipt.header.zone_id
    }

    pub(super) fn heads(&self) -> Option<&'a PinnedHeads> {
        self.view.heads(self.zone())
    }

    pub(super) fn claims(&self) -> Option<&TokenClaims> {
        self.token.as_ref().map(CapabilityToken::claims)
    }

    pub(super) fn token_id(&self) -> Option<ObjectId> {
        let token = self.token.as_ref()?;
        self.view.object_id_key(&token.claims().iss_zone, token.claims().iat).map(|key| token.id(key))
    }

    pub(super) fn bearer(&self) -> Option<Bearer> {
        let claims = self.claims()?;
        let (zone, sub) = (claims.iss_zone.clone(), claims.sub.clone());
        Some(Bearer { zone, sub, holder_node: claims.holder_node.clone() })
    }

    pub(super) fn rule(&self) -> Option<&'a OperationRule> {
        let request = self.request?;
        self.view.operation(&request.connector_id, &request.operation)
    }

    /// The operation, or else the request's id.
    pub(super) fn what(&self) -> String {
        let short = self.receipt.request_object_id.short();
        self.request.map_or_else(|| format!("request {short}"), |request| request.operation.to_string())
    }

    /// Who may approve in this scope.
    pub(super) fn approvers(&self, scope: ApproverScope) -> String {
        let listed = self.heads().map(|heads| heads.policy().approvers()).unwrap_or_default();
        let names = listed.iter().filter(|approver| approver.scopes.contains(&scope));
        text::list(names.map(|approver| &approver.principal), "the owner")
    }
}
