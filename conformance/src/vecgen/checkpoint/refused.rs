//! Checkpoints that do not hold, and those that contradict the accepted one.

use std::slice::from_ref;

use fcp_core::id::{ObjectId, ZoneId};
use serde_json::{Value, json};

use super::{NEXT_QUORUM, Point, QUORUM, SIGNERS, Zone, fork, held, id, offered, refuse, signed, vote};
use crate::vecgen::edit::{edit, text, uint};
use crate::vecgen::identity::{NOW, attest};
use crate::vecgen::samples::{self, blob};
use crate::vecgen::topic::{hex, with};

/// A refusal for each rule.
pub(super) fn refused(zone: &mut Zone) {
    malformed(zone);
    quorum(zone);
    anchors(zone);
    order(zone);
    governing(zone);
}

fn malformed(zone: &mut Zone) {
    let third = zone.third.body();
    let steps = |tail: Vec<ObjectId>| Point { tail, ..zone.third.clone() }.body();
    let many: Vec<ObjectId> = (1..=18).map(|n| ObjectId::from_bytes([n; 32])).collect();
    let inline = samples::value_of(&json!([vote(&third, "nDesk")]));
    let with_key = |path: &str, number: u64| edit(&third, &[path], uint(number));
    for (name, section, body, reason) in [
        ("epoch-of-another-time", "D32", with_key("as_of_epoch", NOW / 300 + 1), "checkpoint.bad_epoch"),
        ("head-without-a-sequence", "D34", with_key("audit_seq", 1), "checkpoint.bad_heads"),
        ("first-with-a-previous-one", "D34", with_key("checkpoint_seq", 1), "checkpoint.bad_sequence"),
        ("inline-signatures", "D14", edit(&third, &["quorum_signatures"], Some(inline)), "object.inline_signatures"),
        ("heads-not-in-refs", "G8", edit(&third, &["header", "refs", "0"], None), "object.refs_mismatch"),
        ("more-refs-than-can-be", "D213", steps(many), "object.refs_mismatch"),
    ] {
        let request = zone.after_two(&[], signed(&body, &QUORUM));
        zone.gives(name, section, request, refuse(reason));
    }
    let head = samples::some_audit_head();
    let request = zone.after_two(&[], json!({"obj": hex(head)}));
    zone.gives("not-a-checkpoint", "§3.5", request, refuse("object.schema_mismatch"));
    let elsewhere = edit(&third, &["zone_id"], text("z:private"));
    let elsewhere = edit(&elsewhere, &["header", "zone_id"], text("z:private"));
    let votes = QUORUM.map(|node| vote(&elsewhere, node));
    let set = samples::sidecar(ZoneId::private(), id(&elsewhere).as_bytes(), votes.into_iter().collect());
    let request = zone.after_two(&[], json!({"obj": hex(elsewhere), "set": hex(set)}));
    zone.gives("of-another-zone", "§3.8", request, refuse("checkpoint.wrong_zone"));
}

/// Two signatures count, and the third does not.
fn quorum(zone: &mut Zone) {
    let no_quorum = || refuse("checkpoint.no_quorum");
    let request = zone.after_two(&[], zone.third.signed(&QUORUM[..2]));
    zone.gives("one-too-few", "D32", request, no_quorum());
    let request = zone.after_two(&[], json!({"obj": hex(zone.third.body())}));
    zone.gives("without-signatures", "D32", request, no_quorum());
    let request = zone.after_two(&[], zone.third.signed(&["nDesk", "nLaptop", "nTablet"]));
    zone.gives("signed-by-a-node-that-is-no-signer", "D32", request, no_quorum());
    let third = zone.third.body();
    let with_third = |last: Value| {
        let votes = json!([vote(&third, "nDesk"), vote(&third, "nLaptop"), last]);
        let set = samples::sidecar(ZoneId::work(), id(&third).as_bytes(), votes);
        json!({"obj": hex(&third), "set": hex(set)})
    };
    let own = vote(&third, "nServer");
    for (name, section, last) in [
        ("signature-of-another-checkpoint", "D14, D30", vote(&zone.second.body(), "nServer")),
        ("signature-of-another-node", "D30", with(&own, json!({"sig": vote(&third, "nPhone")["sig"]}))),
        ("unknown-key-id", "D14", with(&own, json!({"signer_kid": blob([1; 8])}))),
    ] {
        let request = zone.after_two(&[], with_third(last));
        zone.gives(name, section, request, no_quorum());
    }
    let usual = zone.after_two(&[], zone.third.signed(&QUORUM));
    // The second checkpoint has a signature more, so that only the third lacks one.
    let earlier = json!([zone.first.anchored(0), zone.second.signed(&SIGNERS)]);
    let without = |node: &str| -> Vec<Value> {
        let listed = usual["attestations"].as_array().cloned().unwrap_or_default();
        let own = hex(fcp_core::object::Message::to_body(&attest(node, None)));
        listed.into_iter().filter(|attestation| *attestation != own).collect()
    };
    let request = with(&usual, json!({"attestations": without("nServer"), "earlier": earlier}));
    zone.gives("signer-not-attested", "D201", request, no_quorum());
    let revoking = |from: u64| {
        let fields = json!({
            "revoked": [blob(attest("nServer", None).id().as_bytes())], "scope": "node_attestation", "reason": "lost",
            "effective_at": from,
        });
        let body = samples::owned("fcp.core:RevocationObject", ZoneId::work(), &[], fields);
        with(&usual, json!({"revocations": [hex(body)], "earlier": earlier}))
    };
    let (then, later) = (revoking(NOW), revoking(NOW + 1));
    zone.gives("signer-s-attestation-revoked", "D201", then, no_quorum());
    zone.gives("attestation-revoked-after-signing", "D201", later, super::accept(false, &zone.first.body()));
    let step = zone.step();
    let request = zone.after_first(from_ref(&zone.next_policy), step.signed(&NEXT_QUORUM));
    zone.gives("new-policy-by-its-own-signers", "D32", request, no_quorum());
    let request = zone.after_two(&[], zone.sibling().signed(&QUORUM[..2]));
    zone.gives("sibling-without-a-quorum", "D32, D33", request, no_quorum());
    let request = zone.after_first(&[], zone.third.signed(&QUORUM[..2]));
    zone.gives("catching-up-with-one-too-few", "D32, D201", request, no_quorum());
}

fn anchors(zone: &mut Zone) {
    let governing = zone.holding(&[zone.first.body()]);
    let request = offered(&governing, &[], zone.first.signed(&SIGNERS));
    zone.gives("first-without-an-anchor", "D201", request, refuse("checkpoint.no_anchor"));
    let request = offered(&governing, &[], zone.third.signed(&SIGNERS));
    zone.gives("later-one-without-an-anchor", "D201", request, refuse("checkpoint.no_anchor"));
    let third = zone.third.clone();
    let other = |changes: Value| json!({"obj": hex(third.body()), "anchor": hex(third.anchor(1, changes))});
    for (name, offer) in [
        ("anchor-of-another-checkpoint", other(json!({"checkpoint": blob(id(&zone.second.body()).as_bytes())}))),
        ("anchor-with-another-sequence", other(json!({"checkpoint_seq": 4}))),
        ("anchor-with-another-policy", other(json!({"policy": blob(id(&zone.next_policy).as_bytes())}))),
    ] {
        let request = offered(&governing, &zone.two(), offer);
        zone.gives(name, "D201", request, refuse("checkpoint.anchor_mismatch"));
    }
    let request = offered(&governing, &[], third.anchored(0));
    zone.gives("generation-0-for-a-later-one", "D201", request, refuse("checkpoint.anchor_mismatch"));
    for (name, before) in [("generation-as-before", 1), ("generation-lower-than-before", 2)] {
        let request = offered(&governing, &[zone.first.anchored(0), zone.second.anchored(before)], third.anchored(1));
        zone.gives(name, "D201", request, refuse("checkpoint.anchor_generation"));
    }
}

/// Sequences and epochs only rise.
fn order(zone: &mut Zone) {
    let held = zone.holding(&[zone.first.body()]);
    let three = [zone.two(), vec![zone.third.signed(&QUORUM)]].concat();
    let request = offered(&held, &three, zone.second.signed(&QUORUM));
    zone.gives("before-the-accepted-one", "§3.8 rule 4, D33", request, refuse("checkpoint.rollback"));
    let request = offered(&held, &three, zone.second.anchored(1));
    zone.gives("anchor-before-the-accepted-one", "D33, D201", request, refuse("checkpoint.rollback"));
    let second = Point { created_at: NOW + 300, ..zone.second.clone() };
    let third = Point { created_at: NOW, ..second.next(&zone.first.body()) };
    let earlier = [zone.first.anchored(0), second.signed(&QUORUM)];
    let late = json!({"now": NOW + 310});
    let request = with(&offered(&held, &earlier, third.signed(&QUORUM)), late.clone());
    zone.gives("epoch-before-the-accepted-one", "D33", request, refuse("checkpoint.regress"));
    let request = with(&offered(&held, &earlier, third.anchored(1)), late);
    zone.gives("anchor-of-an-earlier-epoch", "D33, D201", request, refuse("checkpoint.regress"));
}

/// Definition, policy and manifest descend from the accepted ones, and the manifest is not revoked.
fn governing(zone: &mut Zone) {
    let not_descended = || refuse("checkpoint.not_descended");
    let signed_by_owner = |body: Vec<u8>| samples::signed_anew(&body, &crate::vecgen::identity::owner());
    let definition = signed_by_owner(edit(&zone.governing[0], &["name"], text("Another")));
    let third = Point { definition: id(&definition), ..zone.third.clone() };
    let request = zone.after_two(&[definition], third.signed(&QUORUM));
    zone.gives("definition-that-does-not-descend", "D32, D90", request, not_descended());
    let policy = super::policy(&super::NEXT_SIGNERS, None);
    let third = Point { policy: id(&policy), ..zone.third.clone() };
    let request = zone.after_two(&[policy], third.signed(&QUORUM));
    zone.gives("policy-that-does-not-descend", "D32", request, not_descended());
    let step = zone.step();
    let earlier = [zone.first.anchored(0), step.signed(&QUORUM)];
    let back = Point { policy: zone.first.policy, ..step.next(&step.body()) };
    let held = zone.holding(from_ref(&zone.next_policy));
    let request = offered(&held, &earlier, back.signed(&NEXT_QUORUM));
    zone.gives("previous-policy-again", "D32", request, not_descended());
    let unrelated = held::rotated(&zone.governing[2], "second zone key", "unknown zone key");
    let third = Point { manifest: id(&unrelated), ..zone.third.clone() };
    let request = zone.after_two(&[unrelated], third.signed(&QUORUM));
    zone.gives("zone-key-that-does-not-follow", "D90", request, not_descended());
    let second_key = held::rotated(&zone.governing[2], "second zone key", "zone key id");
    let third_key = held::rotated(&second_key, "third zone key", "second zone key");
    let third = Point { manifest: id(&third_key), ..zone.third.clone() };
    let held = [second_key.clone(), third_key];
    let request = zone.after_two(&held, third.signed(&QUORUM));
    zone.gives("zone-key-after-the-next", "D90", request, not_descended());
    let request = zone.after_first(&held, third.signed(&QUORUM));
    zone.gives("catching-up-over-a-zone-key", "D90, D201", request, super::accept(false, &zone.first.body()));
    let third = Point { manifest: id(&second_key), ..zone.third.clone() };
    let revoking = |place: ZoneId, from: u64| {
        let fields = json!({
            "revoked": [blob(id(&second_key).as_bytes())], "scope": "zone_key", "reason": "lost", "effective_at": from,
        });
        let body = samples::owned("fcp.core:RevocationObject", place, &[], fields);
        let request = zone.after_two(from_ref(&second_key), third.signed(&QUORUM));
        with(&request, json!({"revocations": [hex(body)]}))
    };
    let (here, everywhere) = (revoking(ZoneId::work(), NOW), revoking(ZoneId::owner(), NOW));
    let (elsewhere, later) = (revoking(ZoneId::private(), NOW), revoking(ZoneId::work(), NOW + 131));
    let first = zone.first.body();
    zone.gives("manifest-revoked", "D90", here, refuse("checkpoint.revoked_manifest"));
    zone.gives("manifest-revoked-everywhere", "D90, D168", everywhere, refuse("checkpoint.revoked_manifest"));
    zone.gives("manifest-revoked-elsewhere", "D90, D168", elsewhere, super::accept(false, &first));
    zone.gives("manifest-revoked-later", "D90, D166", later, super::accept(false, &first));
    let fields = json!({
        "revoked": [blob(zone.first.manifest.as_bytes())], "scope": "zone_key", "reason": "lost", "effective_at": NOW,
    });
    let body = samples::owned("fcp.core:RevocationObject", ZoneId::work(), &[], fields);
    let request = offered(&zone.governing, &[], zone.first.anchored(0));
    let request = with(&request, json!({"revocations": [hex(body)]}));
    zone.gives("anchor-with-a-revoked-manifest", "D90, D201", request, refuse("checkpoint.revoked_manifest"));
}

/// A quorum behind each of two that cannot both hold.
pub(super) fn forks(zone: &mut Zone) {
    let (second, sibling) = (zone.second.clone(), zone.sibling());
    let request = zone.after_two(&[], sibling.signed(&QUORUM));
    zone.gives("sibling", "§3.8 rule 5, D33", request, fork(&second, &sibling));
    let nephew = sibling.next(&zone.first.body());
    let request = zone.after_two(&[], nephew.signed(&QUORUM));
    zone.gives("next-after-a-sibling", "§3.8 rule 5, D33", request, fork(&second, &nephew));
    let step = zone.step();
    let request = zone.after_two(from_ref(&zone.next_policy), step.signed(&QUORUM));
    zone.gives("sibling-with-a-new-policy", "§3.8 rule 5, D33", request, fork(&second, &step));
    let earlier = [zone.first.anchored(0), step.signed(&QUORUM)];
    let held = zone.holding(from_ref(&zone.next_policy));
    let request = offered(&held, &earlier, second.signed(&QUORUM));
    zone.gives("sibling-of-a-policy-step", "D32, D33", request, fork(&step, &second));
    zone.topic.note("It is validated as the accepted one was, by the policy before both.");
    let forked = [zone.two(), vec![sibling.signed(&QUORUM)]].concat();
    let request = offered(&zone.holding(&[]), &forked, zone.third.signed(&QUORUM));
    zone.gives("next-while-frozen", "D33", request, refuse("checkpoint.frozen"));
    let request = offered(&zone.holding(&[]), &forked, sibling.signed(&QUORUM));
    zone.gives("sibling-again-while-frozen", "D33", request, refuse("checkpoint.frozen"));
}
