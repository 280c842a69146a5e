//! Step 3: handshakes between all pairs, and everybody learns what holds.

use serde_json::{Value, json};

use super::super::Failure;
use super::super::mesh::{DESKTOP, Devices};
use super::{Proof, State, short};

pub(super) fn run(devices: &mut Devices, state: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    devices.announce()?;
    let statuses = everybody_meets(devices, 3)?;
    let mut pairs = 0_u32;
    for status in &statuses {
        let initiated =
            status["sessions"].as_array().into_iter().flatten().filter(|session| session["role"] == "initiator");
        for session in initiated {
            pairs = pairs.saturating_add(1);
            proof.line(format!(
                "{} with {}: session {}, suite {}, after a cookie",
                status["node_id"].as_str().unwrap_or_default(),
                session["peer"].as_str().unwrap_or_default(),
                short(&session["id"]),
                session["suite"],
            ));
        }
    }
    proof.fact("pairs", pairs);
    let zones = devices.wait("checkpoint 1 of every zone on every node", 10, |devices| {
        let statuses = devices.statuses()?;
        let all = statuses
            .iter()
            .all(|status| zones(status).len() == 4 && zones(status).iter().all(|zone| zone["seq"].as_u64() >= Some(1)));
        Ok(all.then(|| statuses.first().map(zones).unwrap_or_default()))
    })?;
    for zone in zones {
        proof.line(format!(
            "{} checkpoint {} {} on all four",
            zone["zone"].as_str().unwrap_or_default(),
            zone["seq"],
            short(&zone["checkpoint"])
        ));
    }
    state.old_checkpoint = devices.call(DESKTOP, "checkpoint.export", &json!({"zone": "z:private"}))?;
    Ok(())
}

fn zones(status: &Value) -> Vec<Value> {
    status["zones"].as_array().cloned().unwrap_or_default()
}

/// Waits until every running node has sessions and control streams with `others` more.
pub(super) fn everybody_meets(devices: &mut Devices, others: usize) -> Result<Vec<Value>, Failure> {
    devices.wait("sessions between all pairs", 10, |devices| {
        let mut statuses = Vec::new();
        for index in devices.running() {
            statuses.push(devices.call(index, "status", &json!({}))?);
        }
        let met = |status: &Value| status["streams"].as_array().is_some_and(|streams| streams.len() >= others);
        Ok(statuses.iter().all(met).then_some(statuses))
    })
}
