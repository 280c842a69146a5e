//! What a node holds: governing objects that follow others, the two chains with their heads, and what is missing.

use fcp_core::id::{ObjectId, ZoneId};
use serde_json::{Value, json};

use super::{Point, QUORUM, Zone, accept, fork, id, id_hex, offered, refuse, wait};
use crate::vecgen::edit::{bytes, edit, list, text, uint};
use crate::vecgen::identity::{NOW, node_keys, owner};
use crate::vecgen::samples::{self, blob};
use crate::vecgen::topic::{hex, random, with};

/// A definition that follows another.
pub(super) fn definition_after(definition: &[u8]) -> Vec<u8> {
    let named = edit(definition, &["name"], text("Work again"));
    samples::signed_anew(&edit(&named, &["prev"], bytes(id(definition).as_bytes())), &owner())
}

/// A manifest of another zone key, which takes the place of the key that `before` names.
pub(super) fn rotated(manifest: &[u8], key: &str, before: &str) -> Vec<u8> {
    let new = edit(manifest, &["zone_key_id"], bytes(&random::<8>(key)));
    let new = edit(&new, &["prev_zone_key_id"], bytes(&random::<8>(before)));
    let new = edit(&new, &["header", "refs"], list([bytes(id(manifest).as_bytes())]));
    samples::signed_anew(&new, &owner())
}

/// The same zone key, wrapped a second later.
pub(super) fn rewrapped(manifest: &[u8]) -> Vec<u8> {
    samples::signed_anew(&edit(manifest, &["header", "created_at"], uint(NOW + 1)), &owner())
}

/// A chain: its events, then the head behind each.
struct Chain {
    events: Vec<Vec<u8>>,
    heads: Vec<Vec<u8>>,
}

impl Chain {
    fn of(
        labels: &[&str],
        event: impl Fn(&str, Option<ObjectId>, u64) -> Vec<u8>,
        head: fn(ObjectId, u64) -> Vec<u8>,
    ) -> Self {
        let (mut events, mut heads): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
        for (label, seq) in labels.iter().zip(1..) {
            let event = event(label, events.last().map(|event| id(event)), seq);
            heads.push(head(id(&event), seq));
            events.push(event);
        }
        Self { events, heads }
    }

    fn audit(labels: &[&str]) -> Self {
        let event = |label: &str, prev, seq| samples::audit_event(label, prev, seq, &node_keys("nDesk").signing).1;
        Self::of(labels, event, |event, seq| samples::audit_head(&hex(event.as_bytes()), seq))
    }

    fn revocation(labels: &[&str]) -> Self {
        let event = |label: &str, prev: Option<ObjectId>, seq: u64| {
            let revocation = ObjectId::from_bytes(random(label));
            let fields = json!({"revocation_object_id": blob(revocation.as_bytes()), "seq": seq, "occurred_at": NOW});
            let before = prev.map(|prev| json!({"prev": blob(prev.as_bytes())}));
            let fields = with(&fields, before.unwrap_or_else(|| json!({})));
            let refs = std::iter::once(revocation).chain(prev).collect();
            samples::signed_by("fcp.core:RevocationEvent", refs, fields, &node_keys("nLaptop").signing)
        };
        Self::of(labels, event, |event, seq| {
            let fields = json!({
                "zone_id": "z:work", "head_event": blob(event.as_bytes()), "head_seq": seq, "epoch_id": NOW / 300,
                "quorum_signatures": [],
            });
            samples::unsigned("fcp.core:RevocationHead", vec![event], fields)
        })
    }

    /// The head behind so many events, as a checkpoint names it.
    fn at(&self, seq: usize) -> (ObjectId, u64) {
        (id(&self.heads[seq - 1]), seq as u64)
    }

    /// So many events and the heads behind them.
    fn up_to(&self, seq: usize) -> Vec<Vec<u8>> {
        [&self.events[..seq], &self.heads[..seq]].concat()
    }
}

/// The zone's two chains, and others that part from them after their first event.
struct Chains {
    audit: Chain,
    other_audit: Chain,
    revocation: Chain,
    other_revocation: Chain,
}

impl Chains {
    fn new() -> Self {
        Self {
            audit: Chain::audit(&["invoked once", "invoked twice"]),
            other_audit: Chain::audit(&["invoked once", "invoked elsewhere"]),
            revocation: Chain::revocation(&["first revocation", "second revocation"]),
            other_revocation: Chain::revocation(&["first revocation", "other revocation"]),
        }
    }
}

/// A first checkpoint with events behind it, and the second that goes on from there.
fn with_chains(zone: &Zone, chains: &Chains, audit: usize, revocation: usize) -> Point {
    Point { audit: chains.audit.at(audit), revocation: chains.revocation.at(revocation), ..zone.first.clone() }
}

/// Chains that go on, stay, end earlier and part.
pub(super) fn chains(zone: &mut Zone) {
    let chains = Chains::new();
    let first = with_chains(zone, &chains, 1, 1);
    let next = first.next(&first.body());
    let held = zone.holding(&[chains.audit.up_to(2), chains.revocation.up_to(2)].concat());
    let (audit, revocation) = (chains.audit.at(2), chains.revocation.at(2));
    for (name, second) in [
        ("chains-as-before", next.clone()),
        ("longer-audit-chain", Point { audit, ..next.clone() }),
        ("longer-revocation-chain", Point { revocation, ..next.clone() }),
        ("both-chains-longer", Point { audit, revocation, ..next.clone() }),
    ] {
        let request = offered(&held, &[first.anchored(0)], second.signed(&QUORUM));
        zone.gives(name, "D33, D34", request, accept(false, &first.body()));
    }
    let begin = Point { audit, revocation, ..zone.second.clone() };
    let request = offered(&held, &[zone.first.anchored(0)], begin.signed(&QUORUM));
    zone.gives("chains-begin", "D33, D34", request, accept(false, &zone.first.body()));

    let first = with_chains(zone, &chains, 2, 2);
    let next = first.next(&first.body());
    let after = |point: &Point| offered(&held, &[first.anchored(0)], point.signed(&QUORUM));
    let (shorter_audit, shorter_revocation) = (
        Point { audit: chains.audit.at(1), ..next.clone() },
        Point { revocation: chains.revocation.at(1), ..next.clone() },
    );
    zone.gives("shorter-audit-chain", "D33", after(&shorter_audit), refuse("checkpoint.regress"));
    zone.gives("shorter-revocation-chain", "D33", after(&shorter_revocation), refuse("checkpoint.regress"));
    let empty = Point { audit: (ObjectId::ZERO, 0), ..next.clone() };
    zone.gives("audit-chain-emptied", "D33, D34", after(&empty), refuse("checkpoint.regress"));
    let renumbered = Point { audit: (audit.0, 3), ..next.clone() };
    zone.gives("head-of-another-sequence", "D34", after(&renumbered), refuse("checkpoint.bad_heads"));

    // Chains that leave out what was agreed.
    let others = [&chains.other_audit, &chains.other_revocation];
    let others = others.iter().flat_map(|chain| [&chain.events[1], &chain.heads[1]]).cloned();
    let held: Vec<_> = held.into_iter().chain(others).collect();
    let (other_audit, other_revocation) = (chains.other_audit.at(2), chains.other_revocation.at(2));
    for (name, second) in [
        ("audit-chain-parts", Point { audit: other_audit, ..next.clone() }),
        ("revocation-chain-parts", Point { revocation: other_revocation, ..next.clone() }),
    ] {
        let request = offered(&held, &[first.anchored(0)], second.signed(&QUORUM));
        zone.gives(name, "§3.8 rule 5, D33", request, fork(&first, &second));
    }
    let parted = Point { audit: other_audit, ..next.clone() };
    let held = [held, vec![first.body()]].concat();
    let request = offered(&held, &[first.anchored(0)], parted.anchored(1));
    zone.gives("anchor-whose-audit-chain-parts", "D33, D201", request, refuse("checkpoint.not_descended"));
    let forked = [first.anchored(0), parted.signed(&QUORUM)];
    let request = offered(&held, &forked, parted.anchored(1));
    zone.gives("repair-by-an-audit-chain-that-parts", "D33, D201", request, accept(true, &first.body()));
}

/// What has to be held first: each vector lacks one thing.
pub(super) fn missing(zone: &mut Zone) {
    for (index, name) in ["definition-not-held", "policy-not-held", "manifest-not-held"].into_iter().enumerate() {
        let mut held = zone.governing.clone();
        let missing = held.remove(index);
        let request = offered(&held, &[], zone.first.anchored(0));
        zone.gives(name, "D32", request, wait(json!({"object": id_hex(&missing)})));
    }
    let (definition, step) = (definition_after(&zone.governing[0]), zone.step());
    let third = Point { definition: id(&definition), ..zone.third.clone() };
    let request = zone.after_two(&[], third.signed(&QUORUM));
    zone.gives("new-definition-not-held", "D32, D90", request, wait(json!({"object": id_hex(&definition)})));
    let request = zone.after_first(&[], step.signed(&QUORUM));
    let object = wait(json!({"object": id_hex(&zone.next_policy)}));
    zone.gives("new-policy-not-held", "D32", request, object);
    let request = zone.after_two(&[], zone.third.anchored(1));
    zone.gives(
        "step-of-an-anchored-one-not-held",
        "D201, D213",
        request,
        wait(json!({"object": id_hex(&zone.first.body())})),
    );

    let chains = Chains::new();
    let held = [chains.audit.up_to(2), chains.revocation.up_to(2)].concat();
    let second = Point { audit: chains.audit.at(2), revocation: chains.revocation.at(2), ..zone.second.clone() };
    let events = |chain: &str, tip: &[u8], seq: u64| {
        wait(json!({"events": {"chain": chain, "tip": id_hex(tip), "seq": seq, "after": 0}}))
    };
    let object = |body: &[u8]| wait(json!({"object": id_hex(body)}));
    let (audit, revocation) = (&chains.audit, &chains.revocation);
    for (name, lacking, out) in [
        ("audit-head-not-held", &audit.heads[1], object(&audit.heads[1])),
        ("revocation-head-not-held", &revocation.heads[1], object(&revocation.heads[1])),
        ("last-audit-event-not-held", &audit.events[1], events("audit", &audit.events[1], 2)),
        ("first-audit-event-not-held", &audit.events[0], events("audit", &audit.events[0], 1)),
        ("last-revocation-event-not-held", &revocation.events[1], events("revocation", &revocation.events[1], 2)),
        ("first-revocation-event-not-held", &revocation.events[0], events("revocation", &revocation.events[0], 1)),
    ] {
        let rest: Vec<_> = held.iter().filter(|body| *body != lacking).cloned().collect();
        let request = zone.after_first(&rest, second.signed(&QUORUM));
        zone.gives(name, "D32, D33", request, out);
    }
    let first = with_chains(zone, &chains, 1, 1);
    let next = Point { audit: chains.audit.at(2), ..first.next(&first.body()) };
    let rest: Vec<_> = held.iter().filter(|body| **body != audit.events[1]).cloned().collect();
    let request = offered(&zone.holding(&rest), &[first.anchored(0)], next.signed(&QUORUM));
    let tip = id_hex(&audit.events[1]);
    let out = wait(json!({"events": {"chain": "audit", "tip": tip, "seq": 2, "after": 1}}));
    zone.gives("event-behind-the-accepted-ones-not-held", "D32, D33", request, out);
}

/// What no node would hold: the request itself is refused.
pub(super) fn unacceptable(zone: &mut Zone) {
    let usual = || zone.second.signed(&QUORUM);
    let forged = |body: &[u8]| samples::signed_anew(body, &node_keys("nDesk").signing);
    let holding = |body: Vec<u8>| offered(&[body], &[], usual());
    let event = Chains::new().audit.events[0].clone();
    let elsewhere = edit(&zone.first.body(), &["zone_id"], text("z:private"));
    let elsewhere = edit(&elsewhere, &["header", "zone_id"], text("z:private"));
    let anchored = with(&zone.first.anchored(0), json!({"anchor": hex(forged(&zone.first.anchor(0, json!({}))))}));
    let mut swapped = usual();
    swapped["set"] = zone.third.signed(&QUORUM)["set"].clone();
    let foreign = samples::sidecar(ZoneId::private(), id(&zone.second.body()).as_bytes(), json!([]));
    let refused: Vec<(&str, &str, Value, &str)> = vec![
        ("definition-not-of-the-owner", "§3.5.1", holding(forged(&zone.governing[0])), "sign.bad_signature"),
        ("policy-not-of-the-owner", "§3.5.1", holding(forged(&zone.governing[1])), "sign.bad_signature"),
        ("manifest-not-of-the-owner", "§3.5.1", holding(forged(&zone.governing[2])), "sign.bad_signature"),
        (
            "event-of-nobody",
            "§23.4",
            holding(samples::signed_anew(&event, &node_keys("nStranger").signing)),
            "audit.bad_signature",
        ),
        ("held-object-of-another-zone", "§3.8", holding(elsewhere), "checkpoint.wrong_zone"),
        (
            "sidecar-of-what-is-not-held",
            "D14",
            holding(super::sidecar(&zone.first.body(), &QUORUM)),
            "checkpoint.missing",
        ),
        ("anchor-not-of-the-owner", "D201", offered(&zone.governing, &[], anchored), "sign.bad_signature"),
        ("set-of-another-checkpoint", "D14", zone.after_first(&[], swapped), "object.id_mismatch"),
        (
            "set-of-another-zone",
            "D14",
            zone.after_first(&[], with(&usual(), json!({"set": hex(foreign)}))),
            "object.zone_mismatch",
        ),
        (
            "of-another-owner",
            "§2.2",
            with(
                &zone.after_first(&[], usual()),
                json!({"owner_key": hex(node_keys("nDesk").public().signing.as_bytes())}),
            ),
            "attestation.wrong_owner",
        ),
    ];
    for (name, section, request, code) in refused {
        zone.topic.reject(super::OP, name, section, request, code);
    }
}
