//! Step 2: the owner attests the nodes and founds four zones.

use serde_json::{Value, json};

use super::super::Failure;
use super::super::mesh::{DESKTOP, Devices, LAPTOP};
use super::{Proof, State, short};

pub(super) fn run(devices: &mut Devices, state: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    let statuses = devices.statuses()?;
    for index in devices.running() {
        devices.call(index, "owner.trust", &json!({"owner": state.owner}))?;
    }
    let founders: Vec<Value> = statuses
        .iter()
        .map(|status| {
            json!({
                "node_id": status["node_id"], "signing": status["signing"], "encryption": status["encryption"],
                "issuance": status["issuance"], "tags": status["tags"],
            })
        })
        .collect();
    let mut answer = devices.call(DESKTOP, "found.begin", &json!({"founders": founders, "shares": state.shares}))?;
    let mut signed = 0_usize;
    while answer["done"] != true {
        let drafts = answer["drafts"].as_array().cloned().unwrap_or_default();
        let signatures = devices.owner_signs([DESKTOP, LAPTOP], &drafts)?;
        signed = signed.saturating_add(signatures.len());
        answer = devices.call(DESKTOP, "found.signed", &json!({"signatures": signatures}))?;
    }
    for index in devices.running() {
        devices.call(index, "members.install", &json!({"objects": answer["public"]}))?;
    }
    let objects = answer["objects"].as_array().cloned().unwrap_or_default();
    for zone in ["z:owner", "z:private", "z:work", "z:public"] {
        let of = |schema: &str| {
            let found = objects.iter().find(|object| object["zone"] == zone && object["schema"] == schema);
            found.map(|object| short(&object["id"])).unwrap_or_else(|| "-".to_owned())
        };
        proof.line(format!(
            "{zone:<10} definition {}  policy {}  keys {}  checkpoint {}  anchor {}",
            of("ZoneDefinitionObject"),
            of("ZonePolicyObject"),
            of("ZoneKeyManifest"),
            of("ZoneCheckpoint"),
            of("ZoneAnchor"),
        ));
    }
    proof.line(format!("{signed} objects signed by the owner key: two of three processes each time, plain Ed25519"));
    proof.fact("objects", objects).fact("owner_signatures", signed);
    Ok(())
}
