//! Step 1: each node makes its keys, and three of them the owner's.

use serde_json::{Value, json};

use super::super::Failure;
use super::super::mesh::{DESKTOP, Devices, LAPTOP, NAMES, PHONE, nonce};
use super::{Proof, State};

/// The participants of the owner key.
const PARTICIPANTS: [usize; 3] = [DESKTOP, LAPTOP, PHONE];

pub(super) fn run(devices: &mut Devices, state: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    let statuses = devices.statuses()?;
    for (name, status) in NAMES.iter().zip(&statuses) {
        let fingerprint = status["fingerprint"].as_str().unwrap_or_default();
        proof.line(format!("{name:<8} {} (process {})", fingerprint, status["pid"]));
    }
    proof.fact("fingerprints", statuses.iter().map(|status| status["fingerprint"].clone()).collect::<Vec<_>>());

    // What a person does: compare the fingerprints, and tell every participant who takes part.
    let roster: Vec<&Value> = PARTICIPANTS.iter().filter_map(|index| statuses.get(*index)).collect();
    let begin = json!({"threshold": 2, "nonce": nonce()?, "roster": roster});
    let mut round1 = Vec::new();
    for index in PARTICIPANTS {
        round1.push(devices.call(index, "owner.begin", &begin)?["package"].clone());
    }
    let others = |own: usize, packages: &[Value]| -> Vec<Value> {
        let pairs = PARTICIPANTS.iter().zip(packages);
        pairs.filter(|(index, _)| **index != own).map(|(_, package)| package.clone()).collect()
    };
    let mut round2: Vec<Value> = Vec::new();
    for index in PARTICIPANTS {
        let answer = devices.call(index, "owner.round2", &json!({"packages": others(index, &round1)}))?;
        round2.extend(answer["packages"].as_array().cloned().unwrap_or_default());
    }
    let ids = devices.ids();
    let mut owners = Vec::new();
    for index in PARTICIPANTS {
        let own = ids.get(index).cloned().unwrap_or_default();
        let for_own = round2.iter().filter(|package| package["to"] == own.as_str());
        let packages: Vec<Value> = for_own.map(|package| package["package"].clone()).collect();
        let answer = devices.call(index, "owner.finish", &json!({"packages": packages}))?;
        owners.push(answer["owner"].as_str().unwrap_or_default().to_owned());
        state.shares.push(answer["share"].clone());
    }
    let Some(owner) = owners.first().cloned() else { return Err("nobody made an owner key".into()) };
    if owners.iter().any(|other| *other != owner) {
        return Err("the participants do not agree on the owner key".into());
    }
    proof.line(format!("owner    {} by FROST key generation among three processes; any two sign", short(&owner)));
    proof.line(format!(
        "carried  {} signed packages, {} of them sealed to one recipient",
        round1.len().saturating_add(round2.len()),
        round2.len()
    ));
    proof.fact("owner", owner.clone()).fact("threshold", "2-of-3");
    state.owner = owner;
    Ok(())
}

fn short(key: &str) -> &str {
    key.get(..16).unwrap_or(key)
}
