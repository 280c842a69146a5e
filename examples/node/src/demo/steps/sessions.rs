//! Step 3: handshakes between all pairs, and everybody learns what holds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::Failure;
use super::super::mesh::{DESKTOP, Devices};
use super::{Proof, State, short};

/// How many pairs four devices make.
const PAIRS: usize = 6;

pub(super) fn run(devices: &mut Devices, state: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    devices.announce()?;
    let statuses = everybody_meets(devices, 3)?;
    let mut pairs = BTreeSet::new();
    for status in &statuses {
        let initiated =
            status["sessions"].as_array().into_iter().flatten().filter(|session| session["role"] == "initiator");
        for session in initiated {
            let (own, peer) =
                (status["node_id"].as_str().unwrap_or_default(), session["peer"].as_str().unwrap_or_default());
            pairs.insert((own.min(peer).to_owned(), own.max(peer).to_owned()));
            proof.line(format!("{own} with {peer}: session {}, suite {}", short(&session["id"]), session["suite"]));
        }
    }
    if pairs.len() != PAIRS {
        return Err(format!("{} of {PAIRS} pairs have a session", pairs.len()));
    }
    let shown = cookies(&statuses)?;
    proof.line(format!("each answered only after a cookie: {shown} were demanded and shown, none was waived"));
    proof.fact("pairs", pairs.len()).fact("cookies", shown);
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

/// How many hellos came back with the cookie that was demanded of them: every hello that was let pass at all, and at least
/// one for each session that was answered.
fn cookies(statuses: &[Value]) -> Result<u64, Failure> {
    let mut total = 0_u64;
    for status in statuses {
        let sessions = status["sessions"].as_array().into_iter().flatten();
        let answered = sessions.filter(|session| session["role"] == "responder").count();
        let counts = &status["cookies"];
        let count = |name: &str| counts[name].as_u64().ok_or_else(|| format!("no cookies are counted: {counts}"));
        let (demanded, shown, waived) = (count("demanded")?, count("shown")?, count("waived")?);
        if waived != 0 || demanded < shown || usize::try_from(shown).is_ok_and(|shown| shown < answered) {
            return Err(format!("{}: {answered} sessions were answered, but {counts}", status["node_id"]));
        }
        total = total.saturating_add(shown);
    }
    Ok(total)
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
