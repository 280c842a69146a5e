//! Step 9: the chain of what happened, from its first event; and one flipped byte.

use serde_json::json;

use super::super::Failure;
use super::super::mesh::{Devices, LAPTOP, PHONE};
use super::{Proof, State, short};
use crate::store::Store;

/// How far into an event the flipped byte is.
const OFFSET: usize = 200;

/// Step 9.
pub(super) fn run(devices: &mut Devices, _: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    for zone in ["z:owner", "z:private", "z:work", "z:public"] {
        let verified = devices.wait("a whole audit chain with at least one event", 15, |devices| {
            let verified = devices.call(LAPTOP, "audit.verify", &json!({"zone": zone}))?;
            // A chain without any event would be whole, too.
            let some = verified["events"].as_u64() >= Some(1);
            Ok((verified["whole"] == true && some).then_some(verified))
        })?;
        proof.line(format!(
            "{zone:<10} {} events, hashes, links and signatures verified from the first",
            verified["events"]
        ));
        proof.fact(zone, verified["events"].clone());
    }

    // Somebody with access to the phone's disk changes one byte of one event.
    let events = devices.call(PHONE, "audit.tail", &json!({"zone": "z:private", "count": 2}))?;
    let event = events["events"][0].clone();
    let id = event["id"].as_str().unwrap_or_default().parse().map_err(|_| "the phone has no event")?;
    devices.node(PHONE)?.kill().map_err(|error| error.to_string())?;
    let data = devices.node(PHONE)?.data();
    let damaged = Store::open(&data.join("store.redb")).and_then(|store| store.damage(&id, OFFSET));
    if !damaged.map_err(|error| error.to_string())? {
        return Err("the event is not on the phone's disk".into());
    }
    devices.node(PHONE)?.restart().map_err(|error| error.to_string())?;
    let found = devices.call(PHONE, "audit.verify", &json!({"zone": "z:private"}))?;
    if found["whole"] != false || found["seq"] != event["seq"] {
        return Err(format!("the flipped byte was not located: {found}"));
    }
    proof.line(format!(
        "one byte of event {} {} flipped on the phone's disk: found there, {}",
        event["seq"],
        short(&event["id"]),
        found["reason"].as_str().unwrap_or_default(),
    ));
    proof.fact("flipped", event["seq"].clone()).fact("found", found["seq"].clone());
    devices.announce()
}
