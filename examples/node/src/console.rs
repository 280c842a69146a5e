//! What the command line asks a node.

use std::path::Path;

use fcp_core::time::Timestamp;
use serde_json::{Value, json};

use crate::control::ControlClient;

fn connect(data: &Path) -> Result<ControlClient, String> {
    ControlClient::connect(data).map_err(|error| {
        format!("no node answers in `{}` ({error}): name its data folder with --data, and start it", data.display())
    })
}

/// Prints why a decision fell as it did.
pub(crate) fn explain(data: &Path, id: &str) -> Result<(), String> {
    let answer = connect(data)?.call("explain", &json!({"id": id})).map_err(|error| error.to_string())?;
    println!("{}", answer.get("text").and_then(Value::as_str).unwrap_or_default());
    Ok(())
}

/// Prints the newest events of a zone's chain.
pub(crate) fn audit_tail(data: &Path, zone: &str, count: u64) -> Result<(), String> {
    let params = json!({"zone": zone, "count": count});
    let answer = connect(data)?.call("audit.tail", &params).map_err(|error| error.to_string())?;
    for event in answer.get("events").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or("-").to_owned();
        let seq = event.get("seq").and_then(Value::as_u64).unwrap_or_default();
        let at = event
            .get("occurred_at")
            .and_then(Value::as_u64)
            .map_or_else(|| "-".to_owned(), |at| Timestamp::from_secs(at).utc().to_string());
        let (what, actor, operation) = (text("event_type"), text("actor"), text("operation"));
        // A decision's receipt: what `fcp explain` takes.
        let (id, receipt) = (text("id"), text("result"));
        println!("{seq:>6}  {at}  {id:.8}  {what:<24} {actor:<20} {operation:<16} {receipt:.8}");
    }
    Ok(())
}

/// Prints each object's coverage against its policy.
pub(crate) fn repair_status(data: &Path, zone: &str, json: bool) -> Result<(), String> {
    let answer = connect(data)?.call("repair.status", &json!({"zone": zone})).map_err(|error| error.to_string())?;
    if json {
        println!("{answer}");
        return Ok(());
    }
    let list = answer.get("objects").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let count = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64).unwrap_or_default();
    println!("{:<10} {:>16} {:>9} {:>17}  {:<9} repair", "object", "coverage", "nodes", "largest share", "policy");
    for object in list {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or("-");
        let of = |is: &str, wanted: &str| format!("{} / {}", count(object, is), count(object, wanted));
        let held = if object.get("satisfied").and_then(Value::as_bool) == Some(true) { "met" } else { "not met" };
        println!(
            "{:<10.8} {:>16} {:>9} {:>17}  {held:<9} {}",
            text("object"),
            of("coverage_bps", "target_coverage_bps"),
            of("nodes", "min_nodes"),
            of("max_node_fraction_bps", "allowed_node_fraction_bps"),
            text("activity"),
        );
    }
    let met = list.iter().filter(|object| object.get("satisfied").and_then(Value::as_bool) == Some(true)).count();
    println!(
        "{met} of {} objects of {zone} meet their policy; {} were repaired here",
        list.len(),
        count(&answer, "repaired")
    );
    Ok(())
}
