//! `authorize`: whether an invoke may happen, with everything that the deciding node holds (§8.1, D131).

use std::collections::BTreeMap;

use fcp_audit::freshness::{Freshness, Frontier, RevocationFreshnessPolicy};
use fcp_audit::revocation::RevocationRegistry;
use fcp_caps::authorize::{Authorized, Budget, OperationRule, Reach, View, authorize};
use fcp_caps::capability::{ApprovalMode, Capability, IdempotencyClass};
use fcp_caps::grant::{CapabilityObject, Spent};
use fcp_caps::invoke::{Invoke, InvokeRequest};
use fcp_caps::pop::{HolderNonce, Proof};
use fcp_caps::verify::TokenView;
use fcp_core::cbor;
use fcp_core::decision::Decision;
use fcp_core::error::Reason;
use fcp_core::id::{
    CapabilityId, ConnectorId, InstanceId, Jti, NodeId, ObjectId, ObjectIdKey, OperationId, PrincipalId, ZoneId,
};
use fcp_core::identity::TrustAnchors;
use fcp_core::object::{MeshObject as _, Message as _, ObjectHeader, Provenance, TaintFlags};
use fcp_core::safety::SafetyTier;
use fcp_core::sign::{Unverified, Verified};
use fcp_core::time::Timestamp;
use fcp_zones::approval::ApprovalToken;
use fcp_zones::flow::{Bearer, Client, Ingress, Labels, Marks, SanitizerReceipt, Source};
use fcp_zones::membership::Member;
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::resource::ResourceObject;
use serde_json::{Value, json};

use super::verdicts::State;
use super::{Operation, audit, data, operation};
use crate::fields::{Answer, Fields, bytes_of};
use crate::hexadecimal;
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[operation("authorize", decide)];

fn decide(input: Fields<'_>) -> Result<Answer, Refusal> {
    let now = audit::time(input, "now")?;
    let node = Node::read(input, now)?;
    let header: ObjectHeader = cbor::decode(&input.bytes("header")?)?;
    let request = InvokeRequest::from_body(&input.bytes("request")?)?;
    let invoke = Invoke::new(header, request, &node.state.object_id_key).map_err(|error| error.reason())?;
    let decided = authorize(&node, invoke, now);
    let answer = Answer::new().text("reason", decided.reason().code());
    Ok(match decided {
        Decision::Deny(denial) => answer.text("verdict", "deny").value("evidence", listed(&denial.evidence)),
        Decision::Allow(authorized) => allowed(answer.text("verdict", "allow"), &authorized),
    })
}

/// What an allow found.
fn allowed(answer: Answer, authorized: &Authorized<Invoke>) -> Answer {
    let mode = match authorized.freshness() {
        Freshness::Fresh => "fresh",
        Freshness::Degraded => "degraded",
        Freshness::Overridden(_) => "overridden",
    };
    let labels = Labels::of(authorized.provenance());
    let approvals: Vec<ObjectId> = authorized.approvals().iter().map(|used| used.id).collect();
    let labels = json!({
        "integrity": labels.integrity, "confidentiality": labels.confidentiality, "taint": labels.taint.bits(),
    });
    answer
        .text("mode", mode)
        .bytes("request_object_id", authorized.invoke().id().as_bytes())
        .bytes("grant", authorized.grant().as_bytes())
        .value("labels", labels)
        .value("approvals", listed(&approvals))
        .value("evidence", listed(authorized.evidence()))
}

fn listed(ids: &[ObjectId]) -> Value {
    ids.iter().map(|id| hexadecimal::encode(id.as_bytes())).collect::<Vec<_>>().into()
}

/// What the deciding node holds, as a request tells it.
struct Node {
    state: State,
    id: NodeId,
    operations: Vec<(ConnectorId, OperationId, OperationRule)>,
    binary: Option<ObjectId>,
    challenge: Option<HolderNonce>,
    used: Vec<Proof>,
    approvals: BTreeMap<ObjectId, Unverified<ApprovalToken>>,
    resources: BTreeMap<ObjectId, Verified<ResourceObject>>,
    provenances: BTreeMap<ObjectId, Provenance>,
    marks: Marks,
    client: Client,
    ingress: Ingress,
    spent: BTreeMap<Budget, Spent>,
}

impl Node {
    fn read(input: Fields<'_>, now: Timestamp) -> Result<Self, Refusal> {
        let state = State::read(input.object("trust")?, now)?;
        let approvals = input.list("approvals", |body, name| {
            let approval = ApprovalToken::from_body(&bytes_of(body, name)?)?;
            let received = approval.seal(&state.object_id_key)?.open::<ApprovalToken>()?;
            Ok((received.id(), received))
        })?;
        let resources = input.list("resources", |body, name| {
            let resource = classified(&state, &bytes_of(body, name)?)?;
            Ok((resource.id(), resource))
        })?;
        let provenances = input.list("provenances", |item, name| {
            let item = Fields::of(item, name)?;
            let provenance = data::PROVENANCE.read(item.value("provenance")?, "provenance")?;
            Ok((ObjectId::from_bytes(item.array("id")?), provenance))
        })?;
        let mut marks = Marks::new();
        for (bearer, mark) in input.list("marks", mark)? {
            let _: bool = marks.deliver(&bearer, Source::of(&mark));
        }
        Ok(Self {
            id: NodeId::new(input.text("node")?)?,
            operations: input.list("operations", rule)?,
            binary: input.optional("binary", Fields::array)?.map(ObjectId::from_bytes),
            challenge: input.optional("challenge", Fields::array)?.map(HolderNonce::from_bytes),
            used: input.list("used_proofs", proof)?,
            approvals: approvals.into_iter().collect(),
            resources: resources.into_iter().collect(),
            provenances: provenances.into_iter().collect(),
            marks,
            client: input.choice("client", &[("person", Client::Person), ("agent", Client::Agent)])?,
            ingress: input.choice("ingress", &[("user", Ingress::User), ("public", Ingress::Public)])?,
            spent: input.list("spent", spent)?.into_iter().collect(),
            state,
        })
    }
}

/// A resource that the node which ran the connector signed (D105).
fn classified(state: &State, body: &[u8]) -> Result<Verified<ResourceObject>, Refusal> {
    let received = ResourceObject::from_body(body)?.seal(&state.object_id_key)?.open::<ResourceObject>()?;
    let attested = state.trust().all(&received.claimed().executed_by);
    let mut keys = attested.iter().map(|attestation| attestation.keys().signing);
    keys.find_map(|key| received.clone().verify(&key).ok()).ok_or_else(|| Reason::SignBadSignature.into())
}

/// What the connector's manifest says of an operation.
fn rule(value: &Value, name: &str) -> Result<(ConnectorId, OperationId, OperationRule), Refusal> {
    let fields = Fields::of(value, name)?;
    let unknown = |name: &str| Refusal::bad(format!("`{name}` is none of the operation's words"));
    let rule = OperationRule {
        capability: CapabilityId::new(fields.text("capability")?)?,
        tier: SafetyTier::from_name(fields.text("tier")?),
        idempotency: IdempotencyClass::from_name(fields.text("idempotency")?).ok_or_else(|| unknown("idempotency"))?,
        approval: ApprovalMode::from_name(fields.text("approval")?).ok_or_else(|| unknown("approval"))?,
        reach: fields.choice("reach", &[("mesh", Reach::Mesh), ("outside", Reach::Outside)])?,
    };
    Ok((ConnectorId::new(fields.text("connector")?)?, OperationId::new(fields.text("operation")?)?, rule))
}

fn proof(value: &Value, name: &str) -> Result<Proof, Refusal> {
    let fields = Fields::of(value, name)?;
    Ok(Proof {
        jti: Jti::from_bytes(fields.array("jti")?),
        request: ObjectId::from_bytes(fields.array("request_object_id")?),
        nonce: HolderNonce::from_bytes(fields.array("nonce")?),
    })
}

fn mark(value: &Value, name: &str) -> Result<(Bearer, Provenance), Refusal> {
    let fields = Fields::of(value, name)?;
    let bearer = Bearer {
        zone: ZoneId::new(fields.text("zone")?)?,
        sub: PrincipalId::new(fields.text("sub")?)?,
        holder_node: fields.optional("holder_node", Fields::text)?.map(NodeId::new).transpose()?,
    };
    Ok((bearer, data::PROVENANCE.read(fields.value("provenance")?, "provenance")?))
}

/// What is spent of a grant's bounds or, by its `jti`, of a token's attenuation.
fn spent(value: &Value, name: &str) -> Result<(Budget, Spent), Refusal> {
    let fields = Fields::of(value, name)?;
    let budget = match fields.optional("grant", Fields::array)? {
        Some(grant) => Budget::Grant(ObjectId::from_bytes(grant)),
        None => Budget::Token(Jti::from_bytes(fields.array("jti")?)),
    };
    Ok((budget, Spent { calls: fields.uint("calls")?, bytes: fields.uint("bytes")? }))
}

impl TokenView for Node {
    fn trust(&self) -> &TrustAnchors {
        self.state.trust()
    }

    fn revocations(&self) -> &RevocationRegistry {
        self.state.revocations()
    }

    fn heads(&self, zone: &ZoneId) -> Option<&PinnedHeads> {
        self.state.heads(zone)
    }

    fn frontier(&self, zone: &ZoneId) -> Option<Frontier> {
        self.state.frontier(zone)
    }

    fn checkpoint(&self, zone: &ZoneId, seq: u64) -> Option<ObjectId> {
        self.state.checkpoint(zone, seq)
    }

    fn is_forked(&self, zone: &ZoneId, checkpoint: &ObjectId) -> bool {
        self.state.is_forked(zone, checkpoint)
    }

    fn freshness(&self, zone: &ZoneId) -> RevocationFreshnessPolicy {
        self.state.freshness(zone)
    }

    fn member(&self, node: &NodeId) -> Option<&Member> {
        self.state.member(node)
    }

    fn grant(&self, id: &ObjectId) -> Option<&Verified<CapabilityObject>> {
        self.state.grant(id)
    }

    fn capability(&self, id: &CapabilityId) -> Option<&Capability> {
        self.state.capability(id)
    }
}

impl View for Node {
    fn node(&self) -> &NodeId {
        &self.id
    }

    fn object_id_key(&self, zone: &ZoneId, _: Timestamp) -> Option<&ObjectIdKey> {
        self.state.heads(zone).map(|_| &self.state.object_id_key)
    }

    fn operation(&self, connector: &ConnectorId, operation: &OperationId) -> Option<&OperationRule> {
        let mut all = self.operations.iter();
        all.find(|(of, name, _)| of == connector && name == operation).map(|(_, _, rule)| rule)
    }

    fn binary(&self, _: &ConnectorId, _: Option<&InstanceId>) -> Option<ObjectId> {
        self.binary
    }

    fn challenge(&self, _: &Jti) -> Option<HolderNonce> {
        self.challenge
    }

    fn is_used(&self, proof: &Proof) -> bool {
        self.used.contains(proof)
    }

    fn approval(&self, id: &ObjectId) -> Option<&Unverified<ApprovalToken>> {
        self.approvals.get(id)
    }

    fn resource(&self, id: &ObjectId) -> Option<&Verified<ResourceObject>> {
        self.resources.get(id)
    }

    fn provenance(&self, id: &ObjectId) -> Option<&Provenance> {
        self.provenances.get(id)
    }

    // Nothing backs the adjustments and reductions of a provenance here: they count as if nobody had made them (D98).

    fn applied_approval(&self, _: &ObjectId) -> Option<&Verified<ApprovalToken>> {
        None
    }

    fn sanitizer_receipt(&self, _: &ObjectId) -> Option<&Verified<SanitizerReceipt>> {
        None
    }

    fn sanitizes(&self, _: &ConnectorId, _: &OperationId) -> TaintFlags {
        TaintFlags::empty()
    }

    fn marks(&self) -> &Marks {
        &self.marks
    }

    fn client(&self, _: &Bearer) -> Client {
        self.client
    }

    fn ingress(&self, _: &ObjectId) -> Ingress {
        self.ingress
    }

    fn spent(&self, budget: Budget) -> Spent {
        self.spent.get(&budget).copied().unwrap_or_default()
    }
}
