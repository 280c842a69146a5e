//! Whether an invoke may happen (§8.1): one call that may, each change by which it may not, and in which order that is
//! found out (D131).

mod data;
mod holder;
mod order;

use fcp_caps::pop::{HolderNonce, Proof};
use fcp_core::id::{Jti, ObjectId, ZoneId};
use fcp_core::time::Timestamp;
use serde_json::{Value, json};

use super::approvals::hash_of;
use super::identity::{NOW, node_keys, owner};
use super::samples::{self, blob};
use super::topic::{Topic, ask, flip, hex, object, random, unhex, with};
use super::verdicts::{self, id};

const OP: &str = "authorize";

/// What typed text is tainted with.
const USER: u32 = 8;

/// An approval's scope for the request of this id.
type Scope = fn(Value) -> Value;

/// What a call is made of.
#[derive(Clone)]
struct Call {
    /// Other claims of the token.
    claims: Value,
    /// The bit of the token that is turned over, counted in bytes from its end.
    flipped: Option<usize>,
    /// Other fields of the grant.
    grant: Value,
    /// Other fields of the zone's policy.
    policy: Value,
    /// Other fields of the request.
    request: Value,
    /// Other fields of the request that its id does not cover.
    presented: Value,
    /// The zone of the request.
    zone: ZoneId,
    /// The stored objects that the request's header refers to, with their provenance if it is known.
    refs: Vec<(ObjectId, Option<Value>)>,
    /// The resources that the request names.
    resources: Vec<Vec<u8>>,
    approvals: Vec<Scope>,
    prover: &'static str,
    nonce: HolderNonce,
    /// Other fields of the operation's rule.
    rule: Value,
    /// Other fields of what the token is held against.
    trust: Value,
    /// Other fields of the context.
    context: Value,
}

/// A call that may happen.
fn usual() -> Call {
    Call {
        claims: json!({}),
        flipped: None,
        grant: json!({}),
        policy: json!({}),
        request: json!({}),
        presented: json!({}),
        zone: ZoneId::work(),
        refs: Vec::new(),
        resources: vec![resource(json!({}))],
        approvals: Vec::new(),
        prover: "nLaptop",
        nonce: HolderNonce::of_epoch(Timestamp::from_secs(NOW + 10), random("proof")),
        rule: json!({}),
        trust: json!({}),
        context: json!({}),
    }
}

fn input() -> Value {
    json!({"path": "/tmp/a", "mode": "fast"})
}

/// The provenance of z:work itself, with `changes`.
fn provenance(changes: Value) -> Value {
    let own = json!({
        "origin_zone": "z:work", "current_zone": "z:work", "integrity_label": 60, "confidentiality_label": 60,
        "label_adjustments": [], "taint": 0, "taint_reductions": [], "zone_crossings": [], "created_at": NOW,
    });
    with(&own, changes)
}

/// What anybody could have written.
fn public() -> Value {
    provenance(json!({"origin_zone": "z:public", "integrity_label": 20, "taint": 1}))
}

/// What is too secret for z:work.
fn secret() -> Value {
    provenance(json!({"origin_zone": "z:private", "current_zone": "z:private", "confidentiality_label": 90}))
}

/// What a request says of itself that does not hide where it comes from.
fn confessed() -> Value {
    provenance(json!({"origin_zone": "z:public", "integrity_label": 20, "taint": 1 | USER}))
}

fn stored(label: &str, provenance: Value) -> (ObjectId, Option<Value>) {
    (ObjectId::from_bytes(random(label)), Some(provenance))
}

fn resource(changes: Value) -> Vec<u8> {
    let fields = json!({
        "connector_id": "example.files", "resource_type": "file", "resource_uri": "https://a.example/files/a",
        "created_at": NOW, "resource_integrity_level": 60, "resource_confidentiality_level": 60, "resource_taint": 0,
        "executed_by": "nDesk",
    });
    samples::resource(ZoneId::work(), &node_keys("nDesk").signing, with(&fields, changes))
}

/// With what binds an approval to the request of this id.
fn bound(request: Value, scope: Value) -> Value {
    with(&json!({"request_object_id": request, "input_hash": blob(hash_of(&input()))}), scope)
}

fn execution(request: Value) -> Value {
    let scope = json!({"connector_id": "example.files", "method_pattern": "files.*", "input_constraints": []});
    json!({"execution": bound(request, scope)})
}

fn elevation_to(request: Value, changes: Value) -> Value {
    let scope = json!({"operation": "files.read", "original_provenance": confessed(), "target_integrity": 60});
    json!({"elevation": bound(request, with(&scope, changes))})
}

fn elevation(request: Value) -> Value {
    elevation_to(request, json!({}))
}

fn declassification(request: Value, from: &str, objects: Vec<[u8; 32]>, level: u8) -> Value {
    let mut objects = objects;
    objects.sort_unstable();
    let objects: Vec<Value> = objects.iter().map(blob).collect();
    let scope = json!({"from_zone": from, "to_zone": "z:work", "object_ids": objects, "target_confidentiality": level});
    json!({"declassification": bound(request, scope)})
}

fn unblob(id: &Value) -> [u8; 32] {
    unhex(&id["$hex"]).try_into().unwrap_or_default()
}

impl Call {
    fn key() -> String {
        hex(random::<32>("object id key"))
    }

    fn grant(&self) -> Vec<u8> {
        verdicts::grant(ZoneId::work(), self.grant.clone())
    }

    /// The token's request with everything that it is held against.
    fn token(&self) -> (Vec<u8>, Value) {
        let grants = [self.grant()];
        let shown = verdicts::about(&with(&verdicts::claims(&grants), self.claims.clone()), &grants);
        let policy = verdicts::policy_with(self.policy.clone());
        let definition = verdicts::definition_of(&id(&policy));
        let heads = json!({"policy": hex(policy), "definition": hex(definition)});
        let cwt = unhex(&shown["cwt"]);
        let cwt = self.flipped.map_or(cwt.clone(), |place| flip(&cwt, cwt.len() - place));
        (cwt, with(&with(&shown["trust"], heads), self.trust.clone()))
    }

    /// The request without a presentation, by its fields.
    fn fields(&self) -> Value {
        let mut resources: Vec<String> = self.resources.iter().map(|resource| id(resource)).collect();
        resources.sort_unstable();
        let resources: Vec<Value> = resources.into_iter().map(|id| json!({"$hex": id})).collect();
        let fields = json!({
            "id": "request-1", "connector_id": "example.files", "operation": "files.read", "zone_id": self.zone.as_str(),
            "target_node": "nDesk", "input": input(), "capability_token": blob(self.token().0),
            "provenance": provenance(json!({})), "resources": resources, "approval_tokens": [],
            "idempotency_key": "order-17",
        });
        with(&fields, self.request.clone())
    }

    fn header(&self) -> Vec<u8> {
        samples::header("fcp.core:InvokeRequest", self.zone.clone(), self.refs.iter().map(|(id, _)| *id).collect())
    }

    /// The request's id, which does not cover its presentation (D115).
    fn id(&self) -> ObjectId {
        let body = samples::message("fcp.core:InvokeRequest", self.fields());
        let derive = json!({"header": hex(self.header()), "body": hex(body), "key": Self::key()});
        let derived = ask("object.derive", &object(derive)).unwrap_or_default();
        let id = derived.get("object_id").map(unhex).unwrap_or_default();
        ObjectId::from_bytes(id.try_into().unwrap_or_default())
    }

    fn approvals(&self) -> Vec<Vec<u8>> {
        let request = blob(self.id().as_bytes());
        let approval = |scope: &Scope| {
            let fields = json!({
                "scope": scope(request.clone()), "justification": "Because I say so.", "approved_by": "user:anna",
                "approved_at": NOW, "expires_at": NOW + 300,
            });
            samples::approval(ZoneId::work(), &owner(), fields)
        };
        self.approvals.iter().map(approval).collect()
    }

    fn approval_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.approvals().iter().map(|approval| id(approval)).collect();
        ids.sort_unstable();
        ids
    }

    /// The context of the decision.
    fn context(&self) -> Value {
        let proof = Proof { jti: Jti::from_bytes(random("jti")), request: self.id(), nonce: self.nonce };
        let signature = proof.sign(&node_keys(self.prover).signing);
        let approvals: Vec<Value> = self.approval_ids().into_iter().map(|id| json!({"$hex": id})).collect();
        let presented = json!({
            "approval_tokens": approvals, "holder_nonce": blob(self.nonce.as_bytes()),
            "holder_proof": blob(signature.as_bytes()),
        });
        let whole = with(&with(&self.fields(), presented), self.presented.clone());
        let rule = json!({
            "connector": "example.files", "operation": "files.read", "capability": "files.read", "tier": "risky",
            "idempotency": "strict", "approval": "none", "reach": "mesh",
        });
        let known = self.refs.iter().filter_map(|(id, provenance)| Some((hex(id.as_bytes()), provenance.clone()?)));
        let resources = self.resources.iter().map(|resource| (id(resource), provenance(json!({}))));
        let provenances: Vec<Value> =
            resources.chain(known).map(|(id, provenance)| json!({"id": id, "provenance": provenance})).collect();
        let usual = json!({
            "header": hex(self.header()), "request": hex(samples::message("fcp.core:InvokeRequest", whole)),
            "now": NOW + 10, "node": "nDesk", "binary": hex(random::<32>("binary")), "trust": self.token().1,
            "operations": [with(&rule, self.rule.clone())], "used_proofs": [],
            "approvals": self.approvals().iter().map(hex).collect::<Vec<_>>(),
            "resources": self.resources.iter().map(hex).collect::<Vec<_>>(), "provenances": provenances, "marks": [],
            "client": "person", "ingress": "user", "spent": [],
        });
        with(&usual, self.context.clone())
    }
}

/// Other values in some fields, beside those that are changed already.
fn set(fields: &mut Value, changes: Value) {
    for (name, value) in object(changes) {
        fields[name] = value;
    }
}

struct Cases {
    topic: Topic,
}

impl Cases {
    /// A call that may happen: as whose data it counts then, and whether every approval was needed.
    fn allow(&mut self, name: &str, section: &str, labels: (u8, u8, u32), mode: &str, change: impl Fn(&mut Call)) {
        let mut call = usual();
        change(&mut call);
        let (integrity, confidentiality, taint) = labels;
        let out = json!({
            "verdict": "allow", "reason": "allow", "mode": mode, "request_object_id": hex(call.id().as_bytes()),
            "grant": id(&call.grant()), "approvals": call.approval_ids(),
            "labels": {"integrity": integrity, "confidentiality": confidentiality, "taint": taint},
        });
        self.topic.gives(OP, name, section, call.context(), out);
    }

    fn deny(&mut self, name: &str, section: &str, reason: &str, change: impl Fn(&mut Call)) {
        let mut call = usual();
        change(&mut call);
        self.topic.gives(OP, name, section, call.context(), json!({"verdict": "deny", "reason": reason}));
    }
}

/// What the zone's own data counts as when somebody typed it.
const OWN: (u8, u8, u32) = (60, 60, USER);

/// `authorize`.
pub(super) fn calls() -> Topic {
    let mut cases = Cases { topic: Topic::new("08-mesh", "calls") };
    cases.allow("usual", "§8.1, D131", OWN, "fresh", |_| ());
    holder::form(&mut cases);
    holder::token(&mut cases);
    holder::revocation(&mut cases);
    holder::proof(&mut cases);
    holder::grants(&mut cases);
    data::policy(&mut cases);
    data::taint(&mut cases);
    data::secrecy(&mut cases);
    data::approvals(&mut cases);
    data::idempotency(&mut cases);
    order::order(&mut cases);
    cases.topic
}
