//! The owner-signed policy of a zone (§5.2.1, D200).

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::error::Reason;
use fcp_core::glob::Glob;
use fcp_core::id::{NodeId, ObjectId, PrincipalId, ZoneId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
use fcp_core::quorum::ByzantineModel;
use fcp_core::sign::{ApproverPublicKey, OwnerPublicKey, Signature};
use fcp_core::time::Timestamp;

use super::{ZonePolicy, ZoneSecurityProfile};
use crate::zone::Levels;

/// A zone's policy as its owner signs it (§5.2.1, D200).
///
/// A value of this type is consistent in itself: its lists are sorted, its signers can tolerate its faults, and its
/// security profile is one that this implementation can honor.
///
/// ```cddl
/// zone-policy-object = { header, zone_id: tstr, policy: zone-policy, checkpoint_signers: [+ tstr], max_faults: 0..255,
///   approvers: [* { principal: tstr, pubkey: bstr .size 32,
///                   scopes: [* "elevation" / "declassification" / "execution"] }],
///   token_issuers: [* { node_id: tstr, subs: [+ tstr] }],
///   ? security_profile: zone-security-profile, ? prev: bstr .size 32, signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:ZonePolicyObject@2.0.0", signer = OwnerPublicKey, check = consistent)]
pub struct ZonePolicyObject {
    header: ObjectHeader,
    zone_id: ZoneId,
    policy: ZonePolicy,
    checkpoint_signers: Vec<NodeId>,
    max_faults: u8,
    approvers: Vec<Approver>,
    token_issuers: Vec<TokenIssuer>,
    security_profile: Option<ZoneSecurityProfile>,
    prev: Option<ObjectId>,
    #[fcp(signature)]
    signature: Signature,
}

/// Somebody whose approvals count in a zone (D84). Sorted by principal, each once.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Approver {
    /// Who.
    pub principal: PrincipalId,
    /// The key that checks the approvals.
    pub pubkey: ApproverPublicKey,
    /// What they may approve, sorted by name, each once.
    pub scopes: Vec<ApproverScope>,
}

/// What can be approved (§5.2.1), in the order of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum ApproverScope {
    /// That data leaves for a less secret zone.
    Declassification,
    /// That an operation runs on input that its zone does not trust.
    Elevation,
    /// That an operation runs.
    Execution,
}

/// A node that may issue a zone's tokens, and for whom (D107). Sorted by node, each once.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TokenIssuer {
    /// The node.
    pub node_id: NodeId,
    /// Patterns of the principals that it may name, at least one, sorted, each once.
    pub subs: Vec<Glob>,
}

/// What the owner decides in a policy. Lists may be in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyTerms {
    /// The zone.
    pub zone_id: ZoneId,
    /// The zone's levels, for the object's provenance.
    pub levels: Levels,
    /// Who may use what.
    pub policy: ZonePolicy,
    /// The nodes whose quorum makes checkpoints: 1 to 255 of them.
    pub checkpoint_signers: Vec<NodeId>,
    /// How many of them may be faulty.
    pub max_faults: u8,
    /// Whose approvals count.
    pub approvers: Vec<Approver>,
    /// Who issues tokens.
    pub token_issuers: Vec<TokenIssuer>,
    /// How keys are agreed on; absent means by manifest.
    pub security_profile: Option<ZoneSecurityProfile>,
}

/// The terms contradict themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.meaning())]
pub struct PolicyError(Reason);

impl PolicyError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        self.0
    }
}

fn consistent(object: &ZonePolicyObject) -> Result<(), Reason> {
    let ordered = object.checkpoint_signers.is_sorted_by(|left, right| left < right)
        && object.approvers.is_sorted_by(|left, right| left.principal < right.principal)
        && object.approvers.iter().all(|approver| approver.scopes.is_sorted_by(|left, right| left < right))
        && object.token_issuers.is_sorted_by(|left, right| left.node_id < right.node_id)
        && object.token_issuers.iter().all(|issuer| issuer.subs.is_sorted_by(|left, right| left < right));
    if !ordered {
        return Err(Reason::ZonePolicyListOrder);
    }
    if object.token_issuers.iter().any(|issuer| issuer.subs.is_empty()) {
        return Err(Reason::CborOutOfRange);
    }
    model(&object.checkpoint_signers, object.max_faults)?;
    match &object.security_profile {
        Some(profile) if profile.zone_id != object.zone_id => Err(Reason::ObjectZoneMismatch),
        Some(profile) if !profile.is_supported() => Err(Reason::ZonePolicyUnsupportedProfile),
        _ => Ok(()),
    }
}

fn model(signers: &[NodeId], max_faults: u8) -> Result<ByzantineModel, Reason> {
    let count = u8::try_from(signers.len()).ok().filter(|count| *count > 0).ok_or(Reason::CborOutOfRange)?;
    ByzantineModel::new(count, max_faults).map_err(|error| error.reason())
}

impl ZonePolicyObject {
    /// A draft for the owner to sign, in the place of `prev`. Sorts the lists.
    ///
    /// # Errors
    /// [`PolicyError`] if somebody stands twice, no node signs, too few sign for the faults, an issuer has no pattern,
    /// or the security profile is of another zone or not supported.
    pub fn draft(terms: PolicyTerms, prev: Option<ObjectId>, created_at: Timestamp) -> Result<Self, PolicyError> {
        let Levels { integrity, confidentiality } = terms.levels;
        let provenance = Provenance::of_zone(terms.zone_id.clone(), integrity, confidentiality, created_at);
        let mut draft = Self {
            header: ObjectHeader::for_type::<Self>(provenance),
            zone_id: terms.zone_id,
            policy: terms.policy,
            checkpoint_signers: terms.checkpoint_signers,
            max_faults: terms.max_faults,
            approvers: terms.approvers,
            token_issuers: terms.token_issuers,
            security_profile: terms.security_profile,
            prev,
            signature: Signature::ABSENT,
        };
        draft.checkpoint_signers.sort_unstable();
        draft.approvers.sort_by(|left, right| left.principal.cmp(&right.principal));
        draft.approvers.iter_mut().for_each(|approver| approver.scopes.sort_unstable());
        draft.token_issuers.sort_by(|left, right| left.node_id.cmp(&right.node_id));
        draft.token_issuers.iter_mut().for_each(|issuer| issuer.subs.sort_unstable());
        consistent(&draft).map_err(PolicyError)?;
        Ok(draft)
    }

    /// The zone.
    #[must_use]
    pub const fn zone_id(&self) -> &ZoneId {
        &self.zone_id
    }

    /// Who may use what.
    #[must_use]
    pub const fn policy(&self) -> &ZonePolicy {
        &self.policy
    }

    /// The nodes whose quorum makes checkpoints, sorted.
    #[must_use]
    pub fn checkpoint_signers(&self) -> &[NodeId] {
        &self.checkpoint_signers
    }

    /// Whether `node` is one of the checkpoint signers.
    #[must_use]
    pub fn is_checkpoint_signer(&self, node: &NodeId) -> bool {
        self.checkpoint_signers.binary_search(node).is_ok()
    }

    /// How many checkpoint signers there are, and how many may be faulty (D180).
    #[must_use]
    pub fn fault_model(&self) -> ByzantineModel {
        // A policy without a model does not exist, see `consistent`; no quorum would be large enough for it.
        model(&self.checkpoint_signers, self.max_faults).unwrap_or(ByzantineModel::LARGEST)
    }

    /// Whose approvals count, sorted by principal.
    #[must_use]
    pub fn approvers(&self) -> &[Approver] {
        &self.approvers
    }

    /// The key of `principal`, if the policy lists it for `scope` (D84). For anybody else only the owner approves.
    #[must_use]
    pub fn approver(&self, principal: &PrincipalId, scope: ApproverScope) -> Option<&ApproverPublicKey> {
        let index = self.approvers.binary_search_by(|approver| approver.principal.cmp(principal)).ok()?;
        let approver = self.approvers.get(index)?;
        approver.scopes.contains(&scope).then_some(&approver.pubkey)
    }

    /// Who issues tokens, sorted by node.
    #[must_use]
    pub fn token_issuers(&self) -> &[TokenIssuer] {
        &self.token_issuers
    }

    /// Whether `node` may issue tokens that name `sub` (D107).
    #[must_use]
    pub fn is_token_issuer(&self, node: &NodeId, sub: &PrincipalId) -> bool {
        let index = self.token_issuers.binary_search_by(|issuer| issuer.node_id.cmp(node));
        index
            .ok()
            .and_then(|index| self.token_issuers.get(index))
            .is_some_and(|issuer| issuer.subs.iter().any(|pattern| pattern.matches(sub.as_str())))
    }

    /// How keys are agreed on; absent means by manifest.
    #[must_use]
    pub const fn security_profile(&self) -> Option<&ZoneSecurityProfile> {
        self.security_profile.as_ref()
    }

    /// The policy that this one takes the place of.
    #[must_use]
    pub const fn prev(&self) -> Option<ObjectId> {
        self.prev
    }

    /// What the owner decided, to be changed for the next policy.
    #[must_use]
    pub fn terms(&self) -> PolicyTerms {
        let provenance = &self.header.provenance;
        PolicyTerms {
            zone_id: self.zone_id.clone(),
            levels: Levels::new(provenance.integrity_label, provenance.confidentiality_label),
            policy: self.policy.clone(),
            checkpoint_signers: self.checkpoint_signers.clone(),
            max_faults: self.max_faults,
            approvers: self.approvers.clone(),
            token_issuers: self.token_issuers.clone(),
            security_profile: self.security_profile.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
