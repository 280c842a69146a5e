//! `token.verify`: whether a token counts (§7.5, D107–D118, D123, D162–D165).

use std::collections::BTreeMap;

use fcp_audit::freshness::{Freshness, Frontier, RevocationFreshnessPolicy};
use fcp_audit::revocation::{RevocationObject, RevocationRegistry};
use fcp_caps::capability::{AgentHint, ApprovalMode, AuditLevel, Capability, IdempotencyClass};
use fcp_caps::grant::CapabilityObject;
use fcp_caps::token::CapabilityToken;
use fcp_caps::verify::{Audience, TokenView};
use fcp_core::decision::Decision;
use fcp_core::id::{CapabilityId, ConnectorId, InstanceId, NodeId, ObjectId, ObjectIdKey, ZoneId};
use fcp_core::identity::{NodeKeyAttestation, TrustAnchors};
use fcp_core::object::{MeshObject, Message as _};
use fcp_core::revoked::NothingRevoked;
use fcp_core::safety::{RiskLevel, SafetyTier};
use fcp_core::sign::{OwnerPublicKey, Signed, Unverified, Verified};
use fcp_core::time::Timestamp;
use fcp_zones::manifest::ZoneKeyManifest;
use fcp_zones::membership::{self, DeviceEnrollment, Member};
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::policy::ZonePolicyObject;
use fcp_zones::zone::{ZoneDefinitionObject, ZoneDirectory};
use serde_json::Value;

use super::{Operation, audit, objects, operation};
use crate::fields::{Answer, Fields, array_of, bytes_of, text_of};
use crate::hexadecimal;
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[operation("token.verify", token_verify)];

fn token_verify(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (token, now) = (CapabilityToken::decode(&input.bytes("cwt")?)?, audit::time(input, "now")?);
    let state = State::read(input.object("trust")?, now)?;
    let audience = input.object("audience")?;
    let (zone, connector) = (ZoneId::new(audience.text("zone")?)?, ConnectorId::new(audience.text("connector")?)?);
    let instance = audience.optional("instance", Fields::text)?.map(InstanceId::new).transpose()?;
    let audience = Audience {
        zone: &zone,
        connector: &connector,
        instance: instance.as_ref(),
        binary: audience.optional("binary", Fields::array)?.map(ObjectId::from_bytes),
        tier: SafetyTier::from_name(audience.text("tier")?),
    };
    let decided = CapabilityToken::verify(token.identified(&state.object_id_key), &state, &audience, now);
    let answer = Answer::new().text("reason", decided.reason().code());
    let listed = |ids: &[ObjectId]| ids.iter().map(|id| hexadecimal::encode(id.as_bytes())).collect::<Vec<_>>();
    Ok(match decided {
        Decision::Deny(denial) => answer.text("verdict", "deny").value("evidence", listed(&denial.evidence).into()),
        Decision::Allow(token) => answer
            .text("verdict", "allow")
            .text("mode", if token.freshness() == Freshness::Fresh { "fresh" } else { "degraded" })
            .value("evidence", listed(token.evidence()).into()),
    })
}

/// What a verifier holds, as a request tells it.
pub(super) struct State {
    pub(super) object_id_key: ObjectIdKey,
    trust: TrustAnchors,
    members: BTreeMap<NodeId, Member>,
    heads: PinnedHeads,
    revocations: RevocationRegistry,
    frontier: Option<Frontier>,
    checkpoints: BTreeMap<u64, ObjectId>,
    forks: Vec<ObjectId>,
    freshness: RevocationFreshnessPolicy,
    grants: BTreeMap<ObjectId, Verified<CapabilityObject>>,
    capabilities: BTreeMap<CapabilityId, Capability>,
}

impl State {
    pub(super) fn read(input: Fields<'_>, now: Timestamp) -> Result<Self, Refusal> {
        let (owner, key) = (audit::owner(input)?, objects::key(input, "object_id_key")?);
        let owned = Owned { owner, key: &key };
        let definition: Verified<ZoneDefinitionObject> = owned.object(&input.bytes("definition")?)?;
        let policy: Verified<ZonePolicyObject> = owned.object(&input.bytes("policy")?)?;
        let manifest: Verified<ZoneKeyManifest> = owned.object(&input.bytes("manifest")?)?;
        let mut directory = ZoneDirectory::new();
        drop(directory.pin(definition.clone()));
        let mut trust = TrustAnchors::new(owner);
        for body in input.list("attestations", bytes_of)? {
            let attestation = NodeKeyAttestation::from_body(&body)?;
            trust.install_historic(NodeKeyAttestation::open(&attestation.seal())?)?;
        }
        let mut members = BTreeMap::new();
        for body in input.list("enrollments", bytes_of)? {
            let public = Owned { owner, key: &ObjectIdKey::public() };
            let enrollment: Verified<DeviceEnrollment> = public.object(&body)?;
            // What is revoked since a node was let in is a matter of its own, and comes later.
            let attested = trust.current(enrollment.node_id(), &NothingRevoked, now);
            let admitted = attested
                .map(|attestation| membership::admit(attestation, &enrollment, &directory, &NothingRevoked, now));
            if let Some(Decision::Allow(member)) = admitted {
                members.insert(member.node_id().clone(), member);
            }
        }
        let mut revocations = RevocationRegistry::new();
        for body in input.list("revocations", bytes_of)? {
            revocations.install(&owned.object::<RevocationObject>(&body)?);
        }
        let grants = input.list("grants", |body, name| {
            let grant: Verified<CapabilityObject> = owned.object(&bytes_of(body, name)?)?;
            Ok((grant.id(), grant))
        })?;
        let known = input.optional("known_checkpoints", |input, name| {
            input.list(name, |known, name| {
                let known = Fields::of(known, name)?;
                Ok((known.uint("seq")?, ObjectId::from_bytes(known.array("id")?)))
            })
        })?;
        let forks = input.optional("forks", |input, name| {
            input.list(name, |id, name| Ok(ObjectId::from_bytes(array_of(id, name)?)))
        })?;
        Ok(Self {
            trust,
            members,
            heads: PinnedHeads::new(definition, policy, manifest).map_err(|mismatch| mismatch.reason())?,
            revocations,
            frontier: input.optional("checkpoint", |input, name| frontier(input.object(name)?))?,
            checkpoints: known.unwrap_or_default().into_iter().collect(),
            forks: forks.unwrap_or_default(),
            freshness: audit::freshness_policy(input.object("freshness")?)?,
            grants: grants.into_iter().collect(),
            capabilities: input.list("capabilities", capability)?.into_iter().collect(),
            object_id_key: key,
        })
    }
}

/// What the owner signs.
pub(super) struct Owned<'k> {
    pub(super) owner: OwnerPublicKey,
    pub(super) key: &'k ObjectIdKey,
}

impl Owned<'_> {
    pub(super) fn object<T>(&self, body: &[u8]) -> Result<Verified<T>, Refusal>
    where
        T: MeshObject<Opened = Unverified<T>> + Signed<Signer = OwnerPublicKey>,
    {
        Ok(T::from_body(body)?.seal(self.key)?.open::<T>()?.verify(&self.owner)?)
    }
}

fn frontier(checkpoint: Fields<'_>) -> Result<Frontier, Refusal> {
    Ok(Frontier {
        checkpoint: ObjectId::from_bytes(checkpoint.array("id")?),
        checkpoint_seq: checkpoint.uint("seq")?,
        created_at: audit::time(checkpoint, "created_at")?,
        complete: checkpoint.flag("complete", true)?,
    })
}

/// What a capability means, as far as a token is concerned.
fn capability(value: &Value, name: &str) -> Result<(CapabilityId, Capability), Refusal> {
    let fields = Fields::of(value, name)?;
    let id = CapabilityId::new(fields.text("id")?)?;
    let conflicts = fields.optional("conflicts_with", |fields, name| {
        fields.list(name, |other, name| Ok(CapabilityId::new(text_of(other, name)?)?))
    })?;
    let capability = Capability {
        id: id.clone(),
        name: String::new(),
        description: String::new(),
        risk_level: RiskLevel::Low,
        safety_tier: SafetyTier::from_name(fields.text("safety_tier")?),
        parent: None,
        implies: Vec::new(),
        conflicts_with: conflicts.unwrap_or_default(),
        idempotency: IdempotencyClass::Strict,
        rate_limit: None,
        requires_approval: ApprovalMode::None,
        audit_level: AuditLevel::Low,
        agent_hint: AgentHint::default(),
    };
    Ok((id, capability))
}

impl TokenView for State {
    fn trust(&self) -> &TrustAnchors {
        &self.trust
    }

    fn revocations(&self) -> &RevocationRegistry {
        &self.revocations
    }

    fn heads(&self, zone: &ZoneId) -> Option<&PinnedHeads> {
        Some(&self.heads).filter(|heads| heads.zone_id() == zone)
    }

    fn frontier(&self, zone: &ZoneId) -> Option<Frontier> {
        self.frontier.filter(|_| self.heads.zone_id() == zone)
    }

    fn checkpoint(&self, _: &ZoneId, seq: u64) -> Option<ObjectId> {
        self.checkpoints.get(&seq).copied()
    }

    fn is_forked(&self, _: &ZoneId, checkpoint: &ObjectId) -> bool {
        self.forks.contains(checkpoint)
    }

    fn freshness(&self, _: &ZoneId) -> RevocationFreshnessPolicy {
        self.freshness
    }

    fn member(&self, node: &NodeId) -> Option<&Member> {
        self.members.get(node)
    }

    fn grant(&self, id: &ObjectId) -> Option<&Verified<CapabilityObject>> {
        self.grants.get(id)
    }

    fn capability(&self, id: &CapabilityId) -> Option<&Capability> {
        self.capabilities.get(id)
    }
}
