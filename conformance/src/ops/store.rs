//! `gc.*`, `placement.*`, `repair.*`: what a node keeps, who holds what, and how that is mended (§3.6, §3.7, §21.3, D35,
//! D137, D209, D217, D220).

use std::collections::{BTreeMap, BTreeSet};

use fcp_core::device::NodeFacts;
use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::{DeviceSelector, ObjectPlacementPolicy, RetentionClass, StorageMeta};
use fcp_core::time::Timestamp;
use fcp_symbols::admission::Reputation;
use fcp_symbols::coverage::SymbolDistribution;
use fcp_symbols::esi::EsiSet;
use fcp_symbols::gc::{self, EvictionReason, GcObject, Inventory, Links};
use fcp_symbols::placement;
use fcp_symbols::repair;
use serde_json::{Map, Value, json};

use super::{Operation, operation};
use crate::fields::{Answer, Fields, array_of, text_of, uint_of};
use crate::hexadecimal;
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] =
    &[operation("gc.run", run), operation("placement.spread", spread), operation("repair.plan", plan)];

/// How many symbols a plan may be about, so that a small request does not make a large answer.
const MAX_SYMBOLS: u64 = 65_536;

fn object_ids(input: Fields<'_>, name: &str) -> Result<Vec<ObjectId>, Refusal> {
    input.list(name, |id, name| Ok(ObjectId::from_bytes(array_of(id, name)?)))
}

fn object_id(input: Fields<'_>, name: &str) -> Result<ObjectId, Refusal> {
    Ok(ObjectId::from_bytes(input.array(name)?))
}

fn retention(input: Fields<'_>) -> Result<RetentionClass, Refusal> {
    let value = input.value("retention")?;
    match value.as_str() {
        Some("pinned") => Ok(RetentionClass::Pinned),
        Some("ephemeral") => Ok(RetentionClass::Ephemeral),
        Some(_) => Err(Refusal::bad("`retention` is no class")),
        None => {
            let lease = Fields::of(value, "retention")?.object("lease")?;
            Ok(RetentionClass::Lease { expires_at: Timestamp::from_secs(lease.uint("expires_at")?) })
        }
    }
}

fn reputation(input: Fields<'_>, name: &str) -> Result<Reputation, Refusal> {
    let points = input.value(name)?.as_i64().and_then(|points| i32::try_from(points).ok());
    let points = points.filter(|points| (-1000..=1000).contains(points));
    points.map(Reputation::new).ok_or_else(|| Refusal::bad("`reputation` is not from -1000 to 1000"))
}

fn run(input: Fields<'_>) -> Result<Answer, Refusal> {
    let objects = input.list("objects", |object, name| {
        let object = Fields::of(object, name)?;
        let links = Links {
            refs: object_ids(object, "refs")?,
            prev: object.optional("prev", object_id)?,
            target: object.optional("target", object_id)?,
        };
        let meta = StorageMeta {
            retention: retention(object)?,
            received_at: Timestamp::from_secs(object.uint("received_at")?),
        };
        let reputation = object.optional("reputation", reputation)?.unwrap_or_default();
        Ok((links, GcObject { reputation, ..GcObject::new(object_id(object, "id")?, meta, object.uint("bytes")?) }))
    })?;
    let roots = [object_ids(input, "roots")?, object_ids(input, "pins")?].concat();
    let mut inventory = Inventory::new();
    for (links, object) in &objects {
        inventory.push(object.with_links(links));
    }
    let now = Timestamp::from_secs(input.uint("now")?);
    let plan = gc::collect(inventory, &roots, input.uint("quota_bytes")?, now);
    let hex = |id: &ObjectId| hexadecimal::encode(id.as_bytes());
    let reason = |reason| match reason {
        EvictionReason::Unreachable => "unreachable",
        EvictionReason::OverQuota => "over_quota",
        EvictionReason::WithTarget => "with_target",
    };
    Ok(Answer::new()
        .value("live", plan.live.iter().map(hex).collect())
        .value("evicted", plan.evicted.iter().map(|evicted| hex(&evicted.id)).collect())
        .value("reasons", plan.evicted.iter().map(|evicted| reason(evicted.reason)).collect())
        .value("over_quota_bytes", crate::fields::uint(plan.over_quota_bytes)))
}

fn node_ids(input: Fields<'_>, name: &str) -> Result<Vec<NodeId>, Refusal> {
    input.list(name, |node, name| Ok(NodeId::new(text_of(node, name)?)?))
}

/// The policy, whose selectors are single nodes.
fn policy(input: Fields<'_>) -> Result<ObjectPlacementPolicy, Refusal> {
    let policy = input.object("policy")?;
    let selectors = |name: &str| -> Result<Vec<DeviceSelector>, Refusal> {
        let nodes = policy.optional(name, node_ids)?.unwrap_or_default();
        Ok(nodes.into_iter().map(DeviceSelector::NodeId).collect())
    };
    let fraction: u16 = policy.uint("max_node_fraction_bps")?;
    if fraction > 10_000 {
        return Err(Refusal::bad("`max_node_fraction_bps` is more than 10000"));
    }
    Ok(ObjectPlacementPolicy {
        min_nodes: policy.uint("min_nodes")?,
        max_node_fraction_bps: fraction,
        preferred_devices: selectors("preferred")?,
        excluded_devices: selectors("excluded")?,
        target_coverage_bps: policy.uint("target_coverage_bps")?,
    })
}

/// Nodes of which nothing is known but their ids.
fn facts(input: Fields<'_>) -> Result<Vec<NodeFacts>, Refusal> {
    let facts = |node_id| NodeFacts {
        node_id,
        tags: Vec::new(),
        class: String::new(),
        zones: Vec::new(),
        capabilities: Vec::new(),
    };
    Ok(node_ids(input, "nodes")?.into_iter().map(facts).collect())
}

/// The K of an object that is not too large for an answer.
fn small(input: Fields<'_>, policy: &ObjectPlacementPolicy) -> Result<u16, Refusal> {
    let k: u16 = input.uint("k")?;
    let symbols = u64::from(k).saturating_mul(u64::from(policy.target_coverage_bps)).div_ceil(10_000);
    if symbols > MAX_SYMBOLS && symbols <= u64::from(fcp_symbols::raptor::MAX_ESI) {
        return Err(Refusal::bad(format!("more than {MAX_SYMBOLS} symbols")));
    }
    Ok(k)
}

fn spread(input: Fields<'_>) -> Result<Answer, Refusal> {
    let policy = policy(input)?;
    let runs = placement::spread(&policy, &facts(input)?, small(input, &policy)?)?;
    let runs: Vec<Value> = runs
        .iter()
        .map(|(node, run)| json!({"node": node.as_str(), "first": run.start, "count": run.end.saturating_sub(run.start)}))
        .collect();
    Ok(Answer::new().value("runs", runs.into()))
}

/// Who holds what: `{node: [esi]}`.
pub(super) fn holdings(input: Fields<'_>) -> Result<BTreeMap<NodeId, BTreeSet<u32>>, Refusal> {
    let holdings = input.value("holdings")?.as_object().ok_or_else(|| Refusal::bad("`holdings` is not an object"))?;
    holdings
        .iter()
        .map(|(node, esis)| {
            let esis = esis.as_array().ok_or_else(|| Refusal::bad("`holdings` has no arrays"))?;
            let esis = esis.iter().map(|esi| uint_of(esi, "holdings")).collect::<Result<_, _>>()?;
            Ok((NodeId::new(node)?, esis))
        })
        .collect()
}

fn plan(input: Fields<'_>) -> Result<Answer, Refusal> {
    let policy = policy(input)?;
    let mut held = SymbolDistribution::new(ObjectId::ZERO, small(input, &policy)?);
    for (node, esis) in holdings(input)? {
        held.note(&node, &esis.into_iter().collect());
    }
    let this = NodeId::new(input.text("this")?)?;
    let plan = repair::plan(&policy, &facts(input)?, &held, &this, input.flag("whole", false)?)?;
    let orders = |orders: &[(NodeId, EsiSet)]| -> Value {
        let order = |(node, esis): &(NodeId, EsiSet)| (node.to_string(), esis.iter().collect::<Vec<_>>().into());
        orders.iter().map(order).collect::<Map<String, Value>>().into()
    };
    Ok(Answer::new()
        .value("adds", orders(&plan.rebalance.adds))
        .value("drops", orders(&plan.rebalance.drops))
        .value("fetch", orders(&plan.fetch))
        .value("out_of_reach", plan.out_of_reach.into())
        .value("enough_nodes", plan.rebalance.unmet.is_none().into()))
}
