//! Step 8: a device comes back from its disk and refuses old news. And the coordinator may be killed, too.

use serde_json::{Value, json};

use super::super::Failure;
use super::super::mesh::{DESKTOP, Devices, LAPTOP, NAMES, PHONE, SERVER};
use super::sessions::everybody_meets;
use super::{Proof, State, short};

/// What is said to a checkpoint that lies before the accepted one (D33).
const ROLLBACK: &str = "checkpoint.rollback";
/// What the note in the chain is called that is written after the coordinator is gone.
const NOTE: &str = "demo.failover";

/// What one node says of one zone.
fn zone(devices: &mut Devices, index: usize, zone: &str) -> Result<Value, Failure> {
    let status = devices.call(index, "status", &json!({}))?;
    let found = status["zones"].as_array().into_iter().flatten().find(|known| known["zone"] == zone);
    Ok(found.cloned().unwrap_or_default())
}

/// The number of a checkpoint, which must be there.
fn seq(checkpoint: &Value) -> Result<u64, Failure> {
    checkpoint["seq"].as_u64().ok_or_else(|| format!("this is no checkpoint: {checkpoint}"))
}

/// Step 8.
pub(super) fn run(devices: &mut Devices, state: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    let old = seq(&state.old_checkpoint)?;
    let ahead = devices.wait("a checkpoint that the desktop does not have", 15, |devices| {
        let known = seq(&zone(devices, LAPTOP, "z:private")?)?;
        Ok((known > old).then_some(known))
    })?;
    devices.node(DESKTOP)?.restart().map_err(|error| error.to_string())?;
    // Nobody knows yet where it is now, so this is what its disk told it.
    let kept = seq(&zone(devices, DESKTOP, "z:private")?)?;
    if kept < old {
        return Err(format!("the desktop had checkpoint {old} and came back with {kept}"));
    }
    devices.announce()?;
    everybody_meets(devices, 3)?;
    let caught_up = devices.wait("the desktop's catching up", 15, |devices| {
        let (own, others) = (zone(devices, DESKTOP, "z:private")?, zone(devices, SERVER, "z:private")?);
        Ok((seq(&own)? >= ahead && own["checkpoint"] == others["checkpoint"]).then_some(own))
    })?;
    proof.line(format!(
        "the desktop came back with checkpoint {kept} and caught up to {} {}",
        caught_up["seq"],
        short(&caught_up["checkpoint"]),
    ));

    let signatures = devices.owner_signs([DESKTOP, PHONE], state.shares.get(..1).unwrap_or_default())?;
    proof.line(format!(
        "its share of the owner key was opened again: the desktop and the phone signed as the owner, {}",
        signatures.first().map(short).unwrap_or_default(),
    ));

    let before = devices.call(DESKTOP, "refusals", &json!({}))?["count"].as_u64().ok_or("nothing is counted")?;
    let id = |index: usize| devices.ids().get(index).cloned().ok_or("there is no such device");
    let (desktop, server) = (id(DESKTOP)?, id(SERVER)?);
    let push = json!({"zone": "z:private", "to": desktop, "message": state.old_checkpoint["message"]});
    devices.call(SERVER, "checkpoint.push", &push)?;
    let refusal = devices.wait("the refusal of an old checkpoint", 10, |devices| {
        let newest = devices.call(DESKTOP, "refusals", &json!({}))?["newest"].take();
        let this_one = |refusal: &&Value| {
            refusal["number"].as_u64() > Some(before)
                && refusal["zone"] == "z:private"
                && refusal["from"] == *server
                && refusal["reason"] == ROLLBACK
        };
        Ok(newest.as_array().into_iter().flatten().find(this_one).cloned())
    })?;
    let after = zone(devices, DESKTOP, "z:private")?;
    if seq(&after)? < seq(&caught_up)? {
        return Err("the desktop went back to an older checkpoint".into());
    }
    proof.line(format!(
        "the server offered checkpoint {old} {} again: {}",
        short(&state.old_checkpoint["id"]),
        refusal["reason"].as_str().unwrap_or_default(),
    ));
    proof.fact("came_back_with", kept).fact("caught_up_to", caught_up["seq"].clone());
    proof.fact("refusal", refusal["reason"].clone());
    Ok(())
}

/// With `--kill-coordinator`: whoever coordinates a zone is killed, and the rest go on (D172).
pub(super) fn failover(devices: &mut Devices, _: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    let ranking = devices.call(LAPTOP, "zone.coordinator", &json!({"zone": "z:work"}))?;
    let coordinator = ranking["ranking"][0].as_str().unwrap_or_default().to_owned();
    let ids = devices.ids();
    let index = ids.iter().position(|id| *id == coordinator).ok_or("nobody coordinates")?;
    devices.node(index)?.kill().map_err(|error| error.to_string())?;
    let witness = *devices.running().first().ok_or("nobody is left")?;
    let before = seq(&zone(devices, witness, "z:work")?)?;
    devices.call(witness, "audit.note", &json!({"zone": "z:work", "event_type": NOTE}))?;
    let after = devices.wait("a checkpoint without the coordinator", 15, |devices| {
        let now = zone(devices, witness, "z:work")?;
        Ok((seq(&now)? > before).then_some(now))
    })?;
    let event = devices.wait("the same event in everybody's chain", 15, agreed_note)?;
    let name = NAMES.get(index).copied().unwrap_or_default();
    proof.line(format!(
        "the {name} coordinated z:work and was killed; checkpoint {} {} came without it",
        after["seq"],
        short(&after["checkpoint"]),
    ));
    proof.line(format!(
        "what was noted afterwards is event {} {} in the chain of all that are left",
        event["seq"],
        short(&event["id"]),
    ));
    proof.fact("killed", name).fact("seq", after["seq"].clone()).fact("event", event["id"].clone());
    Ok(())
}

/// The note, once it is one and the same event of every running node's chain, below a checkpoint that holds there.
fn agreed_note(devices: &mut Devices) -> Result<Option<Value>, Failure> {
    let mut agreed: Option<Value> = None;
    for index in devices.running() {
        let verified = devices.call(index, "audit.verify", &json!({"zone": "z:work"}))?;
        let tail = devices.call(index, "audit.tail", &json!({"zone": "z:work", "count": 20}))?;
        let event = tail["events"].as_array().into_iter().flatten().find(|event| event["event_type"] == NOTE);
        let Some(event) = event.filter(|_| verified["whole"] == true) else { return Ok(None) };
        if event["seq"].as_u64().is_none_or(|seq| Some(seq) > verified["head"].as_u64()) {
            return Ok(None);
        }
        if agreed.as_ref().is_some_and(|other| other["id"] != event["id"]) {
            return Ok(None);
        }
        agreed = Some(event.clone());
    }
    Ok(agreed)
}
