//! Agents on this node (§8.1): their requests are authorized here, run by a connector, and written down.

mod memory;
mod view;

use std::collections::BTreeMap;

use fcp_audit::decision::DecisionReceipt;
use fcp_audit::event::{EventDetails, types};
use fcp_caps::authorize::{self, Authorized, OperationRule};
use fcp_caps::execution::{Begun, Effect, Execution, Outcome, Prepared, Running};
use fcp_caps::explain::Explanation;
use fcp_caps::invoke::{IdempotencyKey, Invoke, InvokeRequest};
use fcp_caps::pop::HolderNonce;
use fcp_caps::token::{CapabilityGrant, CapabilityToken, CheckpointBinding, TokenClaims};
use fcp_caps::verify::TokenView as _;
use fcp_core::cbor::{self, Value};
use fcp_core::decision::{Decision, Denial};
use fcp_core::id::{ConnectorId, Jti, NodeId, ObjectId, OperationId, PrincipalId, ZoneId};
use fcp_core::object::{MeshObject as _, Message as _, ObjectHeader, Provenance, StoredObject, TaintFlags};
use fcp_core::rand_core::Rng as _;
use fcp_core::sign::{Signed as _, Verified};
use fcp_core::store::ObjectStore as _;
use fcp_core::time::Timestamp;
use fcp_symbols::chunk::RawChunk;
use fcp_zones::flow::Bearer;
use fcp_zones::membership::Member;
use serde_json::json;
use tokio::sync::oneshot;

use super::Mesh;
use crate::clock;
use crate::control::ControlError;
use crate::params::Params;
use crate::supervisor::{Call, CallFailure, Supervisor};
use memory::Memory;
use view::NodeView;

type Answer = Result<serde_json::Value, ControlError>;
type Reply = oneshot::Sender<Answer>;

/// How many objects are listed at once.
const PAGE: usize = 256;

fn failed(error: impl std::fmt::Display) -> ControlError {
    ControlError::node("agent", error)
}

/// The connector that runs on this node, as decisions see it.
struct Installed {
    /// Its id.
    id: ConnectorId,
    /// What its manifest says of each operation.
    rules: BTreeMap<OperationId, OperationRule>,
    /// Its build, as tokens name it (D107).
    binary: ObjectId,
}

/// What this node knows for deciding about requests, beside its zones.
#[derive(Default)]
pub(crate) struct Agents {
    memory: Memory,
    members: BTreeMap<NodeId, Member>,
    checkpoints: BTreeMap<(ZoneId, u64), ObjectId>,
    provenances: BTreeMap<ObjectId, Provenance>,
    /// The connector that runs here.
    connector: Option<Installed>,
    /// What the connector is doing.
    running: BTreeMap<u64, (Running, Vec<ObjectId>, Reply)>,
    next_call: u64,
}

impl Agents {
    /// The connector is up.
    pub(crate) fn set_connector(&mut self, connector: &Supervisor) {
        self.connector = Some(Installed {
            id: connector.connector().clone(),
            rules: connector.operations().clone(),
            binary: connector.binary_audience(),
        });
    }

    /// Who belongs now.
    pub(crate) fn set_members(&mut self, members: impl IntoIterator<Item = Member>) {
        self.members = members.into_iter().map(|member| (member.node_id().clone(), member)).collect();
    }

    /// A checkpoint was accepted.
    pub(crate) fn note_checkpoint(&mut self, zone: &ZoneId, seq: u64, id: ObjectId) {
        self.checkpoints.insert((zone.clone(), seq), id);
    }
}

impl Mesh {
    /// What decisions read.
    fn view(&self) -> Result<NodeView<'_>, ControlError> {
        let trust = self.trust.as_ref().ok_or_else(|| failed("no owner is known"))?;
        let (node, zones, agents) = (&self.config.node_id, &self.zones, &self.agents);
        Ok(NodeView { node, trust, revocations: &self.revocations, zones, agents })
    }

    /// Text from anybody becomes an object of `z:public`, with the taint that this means (§6.1).
    pub(super) fn public_ingest(&mut self, params: Params<'_>) -> Answer {
        let text = params.text("text")?;
        let now = clock::now();
        let zone = self.zone(&ZoneId::public())?;
        let mut provenance = zone.provenance(now);
        provenance.taint = TaintFlags::PUBLIC_INPUT | TaintFlags::PROMPT_SURFACE;
        let header = ObjectHeader::for_type::<RawChunk>(provenance.clone());
        let key = zone.keyring.object_id_key_at(now).map_err(failed)?;
        let stored = RawChunk { header, bytes: text.as_bytes().to_vec() }.seal(key).map_err(failed)?;
        self.keep(&stored).map_err(failed)?;
        self.agents.provenances.insert(stored.id(), provenance);
        Ok(json!({"id": stored.id().to_string()}))
    }

    /// An agent is given an object to read: from then on whatever it says may contain it (D100).
    pub(super) fn agent_deliver(&mut self, params: Params<'_>) -> Answer {
        let id: ObjectId = params.parsed("object")?;
        let bearer = self.bearer(params)?;
        let stored = self.opened(&id)?.ok_or_else(|| failed("the object is not here"))?;
        let provenance = stored.header().provenance.clone();
        self.deliver(&bearer, &provenance)?;
        let chunk = stored.open::<RawChunk>().map_err(failed)?;
        Ok(json!({"text": String::from_utf8_lossy(&chunk.bytes)}))
    }

    /// A kept object, whose id is checked anew.
    fn opened(&self, id: &ObjectId) -> Result<Option<StoredObject>, ControlError> {
        let Some(entry) = self.store.get(id).map_err(failed)? else { return Ok(None) };
        let header = StoredObject::claimed_header(&entry.canonical).map_err(failed)?;
        let keyring = &self.zone(&header.zone_id)?.keyring;
        let key = keyring.object_id_key_at(header.created_at).map_err(failed)?;
        StoredObject::parse_as(*id, &entry.canonical, key).map(Some).map_err(failed)
    }

    fn bearer(&self, params: Params<'_>) -> Result<Bearer, ControlError> {
        let holder_node = Some(self.config.node_id.clone());
        Ok(Bearer { zone: params.parsed("zone")?, sub: params.parsed("sub")?, holder_node })
    }

    fn deliver(&mut self, bearer: &Bearer, provenance: &Provenance) -> Result<(), ControlError> {
        self.agents.memory.deliver(&self.store, bearer, provenance).map_err(failed)
    }

    /// A token for one operation of the connector, minted by this node for an agent on it (§7.5).
    fn mint(
        &mut self,
        zone_id: &ZoneId,
        sub: &PrincipalId,
        operation: &OperationId,
        now: Timestamp,
    ) -> Result<CapabilityToken, ControlError> {
        let mut jti = [0; 16];
        self.rng.fill_bytes(&mut jti);
        let connector = self.agents.connector.as_ref().ok_or_else(|| failed("no connector runs here"))?;
        let rule = connector.rules.get(operation).ok_or_else(|| failed("the connector has no such operation"))?;
        let zone = self.zone(zone_id)?;
        let accepted = zone.participant.state().accepted().ok_or_else(|| failed("no checkpoint holds yet"))?;
        let grants = zone.grants.values().filter(|grant| grant.capability_id == rule.capability);
        let claims = TokenClaims {
            iss_zone: zone_id.clone(),
            sub: sub.clone(),
            aud: connector.id.clone(),
            iat: now,
            exp: now.saturating_add(TokenClaims::DEFAULT_TTL_SECS),
            jti: Jti::from_bytes(jti),
            iss_node: self.config.node_id.clone(),
            grant_object_ids: grants.map(Verified::id).collect(),
            caps: vec![CapabilityGrant { capability: rule.capability.clone(), operation: Some(operation.clone()) }],
            attenuation: None,
            holder_node: Some(self.config.node_id.clone()),
            checkpoint: Some(CheckpointBinding { id: accepted.id(), seq: accepted.seq() }),
            aud_binary: Some(connector.binary),
            instance: None,
        };
        CapabilityToken::mint(claims, &self.keys.0.issuance).map_err(failed)
    }

    /// An agent on this node asks for an operation of the connector.
    pub(super) fn agent_invoke(&mut self, params: Params<'_>, reply: Reply) {
        let outcome = self.begin_invoke(params);
        match outcome {
            Ok(Started::Answered(answer)) => drop(reply.send(Ok(answer))),
            Ok(Started::Running(running, evidence)) => self.run(running, evidence, reply),
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    fn begin_invoke(&mut self, params: Params<'_>) -> Result<Started, ControlError> {
        let now = clock::now();
        let (zone_id, sub): (ZoneId, PrincipalId) = (params.parsed("zone")?, params.parsed("sub")?);
        let operation: OperationId = params.parsed("operation")?;
        let input = cbor::from_json(params.text("input")?).map_err(failed)?;
        let mut resources = Vec::new();
        for source in params.list("sources")? {
            resources.push(source.0.as_str().unwrap_or_default().parse::<ObjectId>().map_err(failed)?);
        }
        resources.sort_unstable();
        let token = self.mint(&zone_id, &sub, &operation, now)?;
        let connector = self.agents.connector.as_ref().ok_or_else(|| failed("no connector runs here"))?.id.clone();
        let mut random = [0; 8];
        self.rng.fill_bytes(&mut random);
        let zone = self.zone(&zone_id)?;
        let name = crate::params::hex(&random);
        let request = InvokeRequest {
            id: name.clone(),
            connector_id: connector,
            operation,
            zone_id: zone_id.clone(),
            target_node: self.config.node_id.clone(),
            input,
            capability_token: token.to_cwt(),
            provenance: zone.provenance(now).by(sub),
            resources: Vec::new(),
            approval_tokens: Vec::new(),
            idempotency_key: Some(IdempotencyKey::new(&name).map_err(failed)?),
            trace_context: None,
            instance_id: None,
            deadline_ms: None,
            lease_seq: None,
            holder_nonce: None,
            holder_proof: None,
        };
        let mut header = zone.header::<InvokeRequest>(now);
        header.foreign_refs = resources;
        let key = zone.keyring.object_id_key_at(now).map_err(failed)?;
        let invoke = Invoke::new(header, request, key).map_err(failed)?;
        let nonce = HolderNonce::of_epoch(now, random);
        let invoke = invoke.proved(token.claims().jti, nonce, &self.keys.0.signing);
        self.keep(invoke.stored()).map_err(failed)?;
        self.decide(&zone_id, invoke, now)
    }

    /// Decides about a request and gets everything ready for it, and writes down what came of that before anything
    /// happens.
    fn decide(&mut self, zone_id: &ZoneId, invoke: Invoke, now: Timestamp) -> Result<Started, ControlError> {
        let request = invoke.request().clone();
        let id = invoke.id();
        let decision = authorize::authorize(&self.view()?, invoke, now);
        let allowed = authorize::draft_receipt(&self.view()?, zone_id, id, &decision, now);
        let ready = match decision {
            Decision::Allow(authorized) => self.make_ready(authorized, now)?,
            Decision::Deny(denial) => Decision::Deny(denial),
        };
        let (draft, event_type) = match &ready {
            Decision::Allow(_) => (allowed, types::CAPABILITY_INVOKE),
            Decision::Deny(denial) => {
                let denied = Decision::<Authorized<Invoke>>::Deny(denial.clone());
                (authorize::draft_receipt(&self.view()?, zone_id, id, &denied, now), types::SECURITY_VIOLATION)
            }
        };
        let receipt = self.store_receipt(zone_id, draft)?;
        self.record_invoke(zone_id, &request, id, receipt, event_type, now)?;
        Ok(match ready {
            Decision::Deny(denial) => Started::Answered(denied(&denial, receipt, id)),
            Decision::Allow(Ready::Repeated(before)) => {
                Started::Answered(json!({"outcome": "repeated", "receipt": before.to_string()}))
            }
            Decision::Allow(Ready::Run { prepared, evidence }) => {
                if let Some(intent) = prepared.intent().cloned() {
                    self.keep(&intent).map_err(failed)?;
                }
                let mut written = vec![receipt, id];
                written.extend(evidence);
                Started::Running(prepared.stored(), written)
            }
        })
    }

    /// Everything about an allowed request that can still be refused.
    fn make_ready(&mut self, authorized: Authorized<Invoke>, now: Timestamp) -> Result<Decision<Ready>, ControlError> {
        let evidence = authorized.evidence().to_vec();
        let (proof, expires_at) = (authorized.proof().copied(), authorized.token().claims().exp);
        let execution = match Execution::begin(authorized, None, self.agents.memory.used_mut(), now) {
            Decision::Allow(Begun::Run(execution)) => execution,
            Decision::Allow(Begun::Repeated(before)) => return Ok(Decision::Allow(Ready::Repeated(before))),
            Decision::Deny(denial) => return Ok(Decision::Deny(denial)),
        };
        if let Some(proof) = proof {
            Memory::keep_proof(&self.store, &proof, expires_at).map_err(failed)?;
        }
        Ok(match execution.prepare(&self.view()?, None, &self.keys.0.signing, now) {
            Decision::Allow(prepared) => Decision::Allow(Ready::Run { prepared: Box::new(prepared), evidence }),
            Decision::Deny(denial) => Decision::Deny(denial),
        })
    }

    fn store_receipt(&mut self, zone_id: &ZoneId, draft: DecisionReceipt) -> Result<ObjectId, ControlError> {
        let zone = self.zone(zone_id)?;
        let key = zone.keyring.object_id_key_at(draft.decided_at).map_err(failed)?;
        let stored = draft.signed_by(&self.keys.0.signing).seal(key).map_err(failed)?;
        self.keep(&stored).map_err(failed)?;
        Ok(stored.id())
    }

    fn record_invoke(
        &mut self,
        zone: &ZoneId,
        request: &InvokeRequest,
        id: ObjectId,
        receipt: ObjectId,
        event_type: &str,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        let token = CapabilityToken::decode(&request.capability_token).map_err(failed)?;
        let correlation = id.as_bytes().first_chunk().copied().unwrap_or_default();
        let details = EventDetails {
            connector_id: Some(request.connector_id.clone()),
            operation: Some(request.operation.clone()),
            capability_token_jti: Some(token.claims().jti),
            request_object_id: Some(id),
            result_object_id: Some(receipt),
            ..EventDetails::new(event_type, token.claims().sub.clone(), correlation, now)
        };
        self.record_event(zone, details)
    }

    /// Has the connector do it; its answer comes back as an event.
    fn run(&mut self, running: Running, written: Vec<ObjectId>, reply: Reply) {
        if let Err(error) = self.agents.memory.charge(&self.store, &running.charges()) {
            return drop(reply.send(Err(failed(error))));
        }
        let call = self.agents.next_call;
        self.agents.next_call = call.wrapping_add(1);
        self.host_calls.push((call, Call::of(&running, clock::now_millis())));
        self.agents.running.insert(call, (running, written, reply));
    }

    /// The connector answered.
    pub(crate) fn handle_host(&mut self, call: u64, outcome: Result<Value, CallFailure>) {
        let Some((running, written, reply)) = self.agents.running.remove(&call) else { return };
        let answer = self.finish_invoke(running, &written, outcome);
        let _ = reply.send(answer);
        self.drain();
    }

    fn finish_invoke(&mut self, running: Running, written: &[ObjectId], outcome: Result<Value, CallFailure>) -> Answer {
        let now = clock::now();
        let output = outcome.map_err(|failure| ControlError::reason(failure.error.reason(), failure))?;
        let effect = Effect { output, outcome: Outcome::default(), next_cursor: None };
        let finished = running.finish(effect, &self.view()?, &self.keys.0.signing, now).map_err(failed)?;
        if let Some(receipt) = finished.receipt().cloned() {
            self.keep(&receipt).map_err(failed)?;
        }
        self.keep(&finished.stored_response().clone()).map_err(failed)?;
        self.agents.memory.charge(&self.store, finished.charges()).map_err(failed)?;
        // That it was invoked is in the chain since it was decided.
        for event in finished.events().iter().filter(|event| event.event().event_type != types::CAPABILITY_INVOKE) {
            self.record_signed(event.clone())?;
        }
        let (bearer, provenance) = finished.delivery();
        let (bearer, provenance) = (bearer.clone(), provenance.clone());
        self.deliver(&bearer, &provenance)?;
        let output: serde_json::Value =
            serde_json::from_str(&cbor::to_json(&finished.response().result)).map_err(failed)?;
        let ids: Vec<String> = written.iter().map(ObjectId::to_string).collect();
        Ok(json!({
            "outcome": "allowed",
            "receipt": ids.first(),
            "request": ids.get(1),
            "evidence": ids.get(2..),
            "response": finished.stored_response().id().to_string(),
            "output": output,
        }))
    }

    /// Says why a decision fell as it did, from its receipt.
    pub(super) fn explain(&self, params: Params<'_>) -> Answer {
        let wanted = params.text("id")?.to_ascii_lowercase();
        for zone in self.zones.values() {
            let mut after = None;
            loop {
                let page = self.store.list(zone.id(), after.as_ref(), PAGE).map_err(failed)?;
                for listed in page.iter().filter(|listed| listed.id.to_string().starts_with(&wanted)) {
                    if let Some(text) = self.explain_receipt(&listed.id)? {
                        return Ok(json!({"id": listed.id.to_string(), "text": text}));
                    }
                }
                after = page.last().map(|listed| listed.id);
                if page.len() < PAGE {
                    break;
                }
            }
        }
        Err(ControlError::node(
            "unknown",
            format_args!("this node has no decision receipt that begins with `{wanted}`"),
        ))
    }

    fn explain_receipt(&self, id: &ObjectId) -> Result<Option<String>, ControlError> {
        let Some(stored) = self.opened(id)? else { return Ok(None) };
        if stored.schema_hash() != DecisionReceipt::SCHEMA_HASH {
            return Ok(None);
        }
        let receipt = stored.open::<DecisionReceipt>().map_err(failed)?;
        let view = self.view()?;
        let member = view.member(&receipt.claimed().decided_by);
        let member = member.ok_or_else(|| failed("the deciding node is not known"))?;
        let receipt = receipt.verify(&member.keys().signing).map_err(failed)?;
        let request = self.opened(&receipt.request_object_id)?;
        let request = request.and_then(|stored| InvokeRequest::from_body(stored.body()).ok());
        Ok(Some(Explanation::of(&receipt, request.as_ref(), &view).to_string()))
    }

    /// Brings what decisions read up to the members and checkpoints of now.
    pub(super) fn refresh_agents(&mut self) {
        let now = clock::now();
        let Some(trust) = &self.trust else { return };
        let members: Vec<Member> =
            trust.nodes().filter_map(|node| self.members.admitted(trust, &self.revocations, node, now)).collect();
        self.agents.set_members(members);
        for zone in self.zones.values() {
            if let Some(accepted) = zone.participant.state().accepted() {
                self.agents.note_checkpoint(zone.id(), accepted.seq(), accepted.id());
            }
        }
    }

    /// Loads what an earlier run knew.
    pub(super) fn load_agents(&mut self) -> Result<(), ControlError> {
        self.agents.memory = Memory::load(&self.store, clock::now()).map_err(failed)?;
        let zones: Vec<ZoneId> = self.zones.keys().cloned().collect();
        for zone in zones {
            let mut after = None;
            loop {
                let page = self.store.list(&zone, after.as_ref(), PAGE).map_err(failed)?;
                for listed in &page {
                    // What does not open is nothing that a request can name.
                    let Ok(Some(stored)) = self.opened(&listed.id) else { continue };
                    if stored.schema_hash() == RawChunk::SCHEMA_HASH {
                        self.agents.provenances.insert(listed.id, stored.header().provenance.clone());
                    }
                }
                after = page.last().map(|listed| listed.id);
                if page.len() < PAGE {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// A request that nothing stands against any more.
enum Ready {
    /// It was executed before, with this receipt.
    Repeated(ObjectId),
    Run {
        prepared: Box<Prepared>,
        evidence: Vec<ObjectId>,
    },
}

/// How far a request got at once.
enum Started {
    Answered(serde_json::Value),
    Running(Running, Vec<ObjectId>),
}

fn denied(denial: &Denial, receipt: ObjectId, request: ObjectId) -> serde_json::Value {
    json!({
        "outcome": "denied",
        "reason": denial.reason.code(),
        "receipt": receipt.to_string(),
        "request": request.to_string(),
        "evidence": denial.evidence.iter().map(ObjectId::to_string).collect::<Vec<_>>(),
    })
}
