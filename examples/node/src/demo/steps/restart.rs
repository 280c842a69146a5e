//! Step 8: a device comes back from its disk and refuses old news. And the coordinator may be killed, too.

use serde_json::{Value, json};

use super::super::Failure;
use super::super::mesh::{DESKTOP, Devices, LAPTOP, NAMES, PHONE, SERVER};
use super::sessions::everybody_meets;
use super::{Proof, State, short};

/// What one node says of one zone.
fn zone(devices: &mut Devices, index: usize, zone: &str) -> Result<Value, Failure> {
    let status = devices.call(index, "status", &json!({}))?;
    let found = status["zones"].as_array().into_iter().flatten().find(|known| known["zone"] == zone);
    Ok(found.cloned().unwrap_or_default())
}

/// Step 8.
pub(super) fn run(devices: &mut Devices, state: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    let ahead = devices.wait("a checkpoint that the desktop does not have", 15, |devices| {
        let known = zone(devices, LAPTOP, "z:private")?;
        Ok((known["seq"].as_u64() > state.old_checkpoint["seq"].as_u64()).then_some(known))
    })?;
    devices.node(DESKTOP)?.restart().map_err(|error| error.to_string())?;
    let kept = zone(devices, DESKTOP, "z:private")?;
    devices.announce()?;
    everybody_meets(devices, 3)?;
    let caught_up = devices.wait("the desktop's catching up", 15, |devices| {
        let (own, others) = (zone(devices, DESKTOP, "z:private")?, zone(devices, SERVER, "z:private")?);
        Ok((own["seq"].as_u64() >= ahead["seq"].as_u64() && own["checkpoint"] == others["checkpoint"]).then_some(own))
    })?;
    proof.line(format!(
        "the desktop came back with checkpoint {} and caught up to {} {}",
        kept["seq"],
        caught_up["seq"],
        short(&caught_up["checkpoint"]),
    ));

    let signatures = devices.owner_signs([DESKTOP, PHONE], state.shares.get(..1).unwrap_or_default())?;
    proof.line(format!(
        "its share of the owner key was opened again: the desktop and the phone signed as the owner, {}",
        signatures.first().map(short).unwrap_or_default(),
    ));

    let before = refusals(devices)?;
    let desktop = devices.ids().get(DESKTOP).cloned().unwrap_or_default();
    let push = json!({"zone": "z:private", "to": desktop, "message": state.old_checkpoint["message"]});
    devices.call(SERVER, "checkpoint.push", &push)?;
    let refusal = devices.wait("the refusal of an old checkpoint", 10, |devices| {
        let now = refusals(devices)?;
        Ok((now.len() > before.len()).then(|| now.last().cloned().unwrap_or_default()))
    })?;
    let after = zone(devices, DESKTOP, "z:private")?;
    if after["seq"].as_u64() < caught_up["seq"].as_u64() {
        return Err("the desktop went back to an older checkpoint".into());
    }
    proof.line(format!(
        "the server offered checkpoint {} {} again: {}",
        state.old_checkpoint["seq"],
        short(&state.old_checkpoint["id"]),
        refusal[2].as_str().unwrap_or_default(),
    ));
    proof.fact("caught_up_to", caught_up["seq"].clone()).fact("refusal", refusal[2].clone());
    Ok(())
}

fn refusals(devices: &mut Devices) -> Result<Vec<Value>, Failure> {
    Ok(devices.call(DESKTOP, "refusals", &json!({}))?["refusals"].as_array().cloned().unwrap_or_default())
}

/// With `--kill-coordinator`: whoever coordinates a zone is killed, and the rest go on (D172).
pub(super) fn failover(devices: &mut Devices, _: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    let ranking = devices.call(LAPTOP, "zone.coordinator", &json!({"zone": "z:work"}))?;
    let coordinator = ranking["ranking"][0].as_str().unwrap_or_default().to_owned();
    let ids = devices.ids();
    let index = ids.iter().position(|id| *id == coordinator).ok_or("nobody coordinates")?;
    devices.node(index)?.kill().map_err(|error| error.to_string())?;
    let witness = *devices.running().first().ok_or("nobody is left")?;
    let before = zone(devices, witness, "z:work")?;
    devices.call(witness, "audit.note", &json!({"zone": "z:work", "event_type": "demo.failover"}))?;
    let after = devices.wait("a checkpoint without the coordinator", 15, |devices| {
        let now = zone(devices, witness, "z:work")?;
        Ok((now["seq"].as_u64() > before["seq"].as_u64()).then_some(now))
    })?;
    let name = NAMES.get(index).copied().unwrap_or_default();
    proof.line(format!(
        "the {name} coordinated z:work and was killed; checkpoint {} {} came from the next in rank",
        after["seq"],
        short(&after["checkpoint"]),
    ));
    proof.fact("killed", name).fact("seq", after["seq"].clone());
    Ok(())
}
