//! `budget.*`, `request.*`, `quarantine.*`, `diversity.*`: what a node does for others, and what it takes from them
//! (§8.4, §9.2.1, §17.2, D134–D137, D175, D216, D221, D222).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId, ZoneKeyId};
use fcp_core::sign::{NodeSigningKey, Signature, Signed as _};
use fcp_core::time::{Millis, TimePolicy, Timestamp};
use fcp_symbols::admission::{
    Admission, AdmissionLimits, AdmissionPolicy, AnswerError, Asker, DecodeGuard, Departed, Departure,
    ObjectAdmissionPolicy, PeerBudget, Quarantine, Reputation, Responder, ResponderLimits, Served, Source,
};
use fcp_symbols::diversity::{Diversity, DiversityPolicy};
use fcp_symbols::message::{
    Arrival, Authentic, DecodeStatus, Demand, EsiList, Feedback as _, MissingHint, SymbolDeliveryHint, SymbolRequest,
    ephemeral_header,
};
use serde_json::{Value, json};

use super::{Operation, operation};
use crate::fields::{Answer, Fields, text_of, uint_of};
use crate::hexadecimal;
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("budget.run", budget_run),
    operation("request.bound", request_bound),
    operation("request.run", request_run),
    operation("quarantine.run", quarantine_run),
    operation("diversity.verify", diversity_verify),
];

/// What a step does to a budget.
#[derive(Clone, Copy)]
enum Charge {
    Bytes,
    Symbols,
    FailedAuth,
    BeginDecode,
    EndDecode,
    Work,
    Answer,
}

const CHARGES: &[(&str, Charge)] = &[
    ("bytes", Charge::Bytes),
    ("symbols", Charge::Symbols),
    ("failed_auth", Charge::FailedAuth),
    ("begin_decode", Charge::BeginDecode),
    ("end_decode", Charge::EndDecode),
    ("work", Charge::Work),
    ("answer", Charge::Answer),
];

fn budget_run(input: Fields<'_>) -> Result<Answer, Refusal> {
    let budget = input.object("budget")?;
    let per_peer = PeerBudget {
        max_bytes_per_min: budget.uint("max_bytes_per_min")?,
        max_symbols_per_min: budget.uint("max_symbols_per_min")?,
        max_failed_auth_per_min: budget.uint("max_failed_auth_per_min")?,
        max_inflight_decodes: budget.uint("max_inflight_decodes")?,
        max_decode_cpu_ms_per_min: budget.uint("max_decode_cpu_ms_per_min")?,
    };
    let policy = AdmissionPolicy { per_peer, ..AdmissionPolicy::default() };
    let steps = input.list("steps", |step, name| {
        let step = Fields::of(step, name)?;
        let amount: u64 = step.optional("amount", Fields::uint)?.unwrap_or(1);
        Ok((step.uint("at_ms")?, NodeId::new(step.text("peer")?)?, step.choice("charge", CHARGES)?, amount))
    })?;
    let mut admission = Admission::new(policy, AdmissionLimits::default());
    let mut decodes: BTreeMap<NodeId, Vec<DecodeGuard>> = BTreeMap::new();
    let mut outcomes: Vec<&str> = Vec::new();
    for (at, peer, charge, amount) in steps {
        let (now, source) = (Millis::from_millis(at), Source::Peer(&peer));
        let outcome = match charge {
            Charge::Bytes => admission.admit_bytes(now, source, amount),
            Charge::Symbols => {
                let count = u32::try_from(amount).map_err(|_| Refusal::bad("`amount` is too large"))?;
                admission.admit_symbols(now, source, count)
            }
            Charge::Answer => admission.admit_answer(now, source, amount),
            Charge::BeginDecode => {
                admission.begin_decode(now, source).map(|decode| decodes.entry(peer.clone()).or_default().push(decode))
            }
            Charge::EndDecode => {
                decodes.get_mut(&peer).and_then(Vec::pop);
                Ok(())
            }
            Charge::FailedAuth => {
                admission.charge_failed_auth(now, source);
                Ok(())
            }
            Charge::Work => {
                admission.charge_work(now, source, amount);
                Ok(())
            }
        };
        outcomes.push(outcome.map_or_else(|error| error.reason().code(), |()| "allow"));
    }
    Ok(Answer::new().value("outcomes", outcomes.into()))
}

fn request_bound(input: Fields<'_>) -> Result<Answer, Refusal> {
    let demand = Demand {
        authenticated: input.truth("authenticated")?,
        max_symbols: input.uint("max_symbols")?,
        proof_of_need: input.uint("proof_of_need")?,
        k: input.uint("k")?,
        bytes_in: input.uint("bytes_in")?,
    };
    let bound = demand.bound();
    let answer = Answer::new().uint("symbols", bound.symbols);
    Ok(bound.bytes.into_iter().fold(answer, |answer, bytes| answer.uint("bytes", bytes)))
}

/// What happens to a responder.
enum Event {
    Request(Box<Authentic<SymbolRequest>>),
    Stranger(Box<SymbolRequest>, IpAddr, u64),
    Status(Box<Authentic<DecodeStatus>>),
    Ack(NodeId, ObjectId),
}

fn request_run(input: Fields<'_>) -> Result<Answer, Refusal> {
    let served = Served {
        k: input.uint("k")?,
        bytes_per_symbol: input.uint("bytes_per_symbol")?,
        work_per_symbol: 0,
        first: input.uint("first")?,
        open_to_strangers: input.flag("open_to_strangers", false)?,
    };
    let held: BTreeSet<u32> = input.list("held", uint_of)?.into_iter().collect();
    let steps = input.list("steps", |step, name| {
        let step = Fields::of(step, name)?;
        Ok((Timestamp::from_secs(step.uint("at")?), event(step)?))
    })?;
    let mut admission = Admission::new(AdmissionPolicy::default(), AdmissionLimits::default());
    let mut responder = Responder::new(ResponderLimits::default());
    let mut answers: Vec<Value> = Vec::new();
    for (at, event) in steps {
        let now = Millis::from(at);
        let answer = match event {
            Event::Request(request) => responder.answer(now, &mut admission, Asker::Peer(&request), &served, &held),
            Event::Stranger(request, from, bytes_in) => {
                let asker = Asker::Stranger { request: &request, from, bytes_in };
                let admitted = admission.admit_bytes(now, Source::Stranger(from), bytes_in);
                admitted
                    .map_err(AnswerError::from)
                    .and_then(|()| responder.answer(now, &mut admission, asker, &served, &held))
            }
            Event::Status(status) => responder.handle_status(now, &mut admission, &status, &served, &held),
            Event::Ack(peer, object) => {
                responder.stop(&peer, object);
                Ok(Vec::new())
            }
        };
        answers.push(answer.map_or_else(|error| error.reason().code().into(), Value::from));
    }
    Ok(Answer::new().value("answers", answers.into()))
}

/// One of a step's `request`, `status` and `ack`.
fn event(step: Fields<'_>) -> Result<Event, Refusal> {
    let (object, at) = (ObjectId::from_bytes(step.array("object")?), Timestamp::from_secs(step.uint("at")?));
    let missing = step.optional("missing", esis)?;
    let zone = if step.has("from") { ZoneId::public() } else { ZoneId::work() };
    let status = |received_unique, required| -> Result<DecodeStatus, Refusal> {
        Ok(DecodeStatus {
            header: ephemeral_header::<DecodeStatus>(zone.clone(), 0, 0, at),
            object_id: object,
            zone_id: zone.clone(),
            zone_key_id: ZoneKeyId::from_bytes([0; 8]),
            epoch_id: EpochId::of(at),
            received_unique,
            required,
            missing_hint: missing.clone().map(MissingHint::new).transpose().map_err(|error| error.reason())?,
            signature: None,
        })
    };
    let kind = step.choice("kind", &[("request", 0_u8), ("status", 1), ("ack", 2)])?;
    let peer = |step: Fields<'_>| Ok::<_, Refusal>(NodeId::new(step.text("peer")?)?);
    if kind == 2 {
        return Ok(Event::Ack(peer(step)?, object));
    }
    if kind == 1 {
        let peer = peer(step)?;
        let status = status(step.uint("received")?, step.uint("required")?)?;
        let status = status.authenticate(Arrival::InSession { peer: &peer }).map_err(|error| error.reason())?;
        return Ok(Event::Status(Box::new(status)));
    }
    let from = step.optional("from", |step, name| {
        step.text(name)?.parse::<IpAddr>().map_err(|_| Refusal::bad("`from` is not an address"))
    })?;
    let request = SymbolRequest {
        header: ephemeral_header::<SymbolRequest>(zone.clone(), 0, 0, at),
        object_id: object,
        zone_id: zone.clone(),
        zone_key_id: ZoneKeyId::from_bytes([0; 8]),
        max_symbols: step.uint("max_symbols")?,
        want_esi: step.optional("want", esis)?,
        decode_status: if missing.is_some() { Some(status(0, 0)?) } else { None },
        delivery_hint: step
            .optional("stop_after", Fields::uint)?
            .map(|stop_after_symbols| SymbolDeliveryHint { stop_after_symbols, preferred_symbol_size: None }),
        requested_at: at,
        requester: if from.is_some() { NodeId::new("stranger")? } else { peer(step)? },
        signature: Signature::ABSENT,
    };
    Ok(match from {
        Some(from) => Event::Stranger(Box::new(request), from, step.uint("bytes_in")?),
        None => {
            let key = NodeSigningKey::from_seed([1; 32]);
            let request = request.signed_by(&key);
            let request = request.authenticate(None, &key.public(), TimePolicy::default(), at);
            Event::Request(Box::new(request.map_err(|error| error.reason())?))
        }
    })
}

fn esis(input: Fields<'_>, name: &str) -> Result<EsiList, Refusal> {
    EsiList::new(input.list(name, uint_of)?).map_err(|error| error.reason().into())
}

fn quarantine_run(input: Fields<'_>) -> Result<Answer, Refusal> {
    let policy = input.object("policy")?;
    let mut quarantine = Quarantine::new(ObjectAdmissionPolicy {
        max_quarantine_bytes_per_zone: policy.uint("max_quarantine_bytes_per_zone")?,
        max_quarantine_objects_per_zone: policy.uint("max_quarantine_objects_per_zone")?,
        max_quarantine_bytes_per_peer: policy.uint("max_quarantine_bytes_per_peer")?,
        max_quarantine_objects_per_peer: policy.uint("max_quarantine_objects_per_peer")?,
        quarantine_ttl_secs: policy.uint("quarantine_ttl_secs")?,
    });
    let bad = || Refusal::bad("`reputations` are no whole numbers of peers");
    let reputations = input.value("reputations")?.as_object().ok_or_else(bad)?;
    let reputations: BTreeMap<NodeId, Reputation> = reputations
        .iter()
        .map(|(peer, points)| {
            let points = points.as_i64().and_then(|points| i32::try_from(points).ok()).ok_or_else(bad)?;
            Ok((NodeId::new(peer)?, Reputation::new(points)))
        })
        .collect::<Result<_, Refusal>>()?;
    let reputation = |peer: &NodeId| reputations.get(peer).copied().unwrap_or_default();
    let steps = input.list("steps", Fields::of)?;
    let (mut outcomes, zone) = (Vec::new(), ZoneId::work());
    for step in steps {
        let now = Timestamp::from_secs(step.uint("at")?);
        let peer = step.optional("peer", Fields::text)?.map(NodeId::new).transpose()?;
        let object = step.optional("object", Fields::array)?.map(ObjectId::from_bytes);
        let departed = match (step.optional("bytes", Fields::uint)?, peer, object) {
            (Some(bytes), Some(peer), Some(object)) => quarantine.add(now, &zone, &peer, object, bytes, reputation),
            (None, None, Some(object)) => Ok(sorted(quarantine.forget(&zone, object))),
            (None, Some(peer), None) => Ok(sorted(quarantine.forget_peer(&peer))),
            (None, None, None) => Ok(sorted(quarantine.expire(now))),
            _ => return Err(Refusal::bad("a step of `steps` says neither what comes nor what goes")),
        };
        outcomes.push(departed.map_or_else(
            |error| error.reason().code().into(),
            |departed| departed.iter().map(gone).collect::<Value>(),
        ));
    }
    let (bytes, objects) = quarantine.of_zone(&zone);
    Ok(Answer::new().value("outcomes", outcomes.into()).uint("bytes", bytes).uint("objects", objects))
}

/// What went together, and in no order that matters.
fn sorted(mut departed: Vec<Departed>) -> Vec<Departed> {
    departed.sort_by(|left, right| (&left.peer, left.object).cmp(&(&right.peer, right.object)));
    departed
}

fn gone(departed: &Departed) -> Value {
    let why = match departed.why {
        Departure::Expired => "expired",
        Departure::PeerQuota => "peer_quota",
        Departure::ZoneQuota => "zone_quota",
        Departure::Promoted => "promoted",
        Departure::Forgotten => "forgotten",
    };
    json!({"peer": departed.peer.as_str(), "object": hexadecimal::encode(departed.object.as_bytes()), "why": why})
}

fn diversity_verify(input: Fields<'_>) -> Result<Answer, Refusal> {
    let policy = input.object("policy")?;
    let policy = DiversityPolicy {
        min_nodes: policy.uint("min_nodes")?,
        min_zones: policy.uint("min_zones")?,
        max_node_fraction_bps: policy.uint("max_node_fraction_bps")?,
    };
    let zones = input.value("zones")?.as_object().ok_or_else(|| Refusal::bad("`zones` is not an object"))?;
    let zones: BTreeMap<NodeId, Vec<ZoneId>> = zones
        .iter()
        .map(|(node, zones)| {
            let zones = zones.as_array().ok_or_else(|| Refusal::bad("`zones` has no arrays"))?;
            let zones = zones.iter().map(|zone| Ok(ZoneId::new(text_of(zone, "zones")?)?));
            Ok((NodeId::new(node)?, zones.collect::<Result<_, Refusal>>()?))
        })
        .collect::<Result<_, Refusal>>()?;
    let mut diversity = Diversity::new();
    for (source, esi) in input.list("symbols", |symbol, name| {
        let symbol = Fields::of(symbol, name)?;
        Ok((NodeId::new(symbol.text("source")?)?, symbol.uint("esi")?))
    })? {
        diversity.note(&source, esi);
    }
    let figures = diversity.figures(|node| zones.get(node).into_iter().flatten());
    let decision = policy.verify(figures);
    Ok(Answer::new()
        .uint("nodes", figures.nodes)
        .uint("zones", figures.zones)
        .uint("symbols", figures.symbols)
        .uint("max_node_fraction_bps", figures.max_node_fraction_bps)
        .text("verdict", if decision.is_allowed() { "allow" } else { "deny" })
        .text("reason", decision.reason().code()))
}
