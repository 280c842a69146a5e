//! Chains, revocation and freshness (§14.3, §23.4).

use fcp_core::id::ObjectId;
use serde_json::{Value, json};

use super::identity::{NOW, attest, node_keys, owner};
use super::samples;
use super::topic::{Topic, ask, flip, hex, object, random, unhex, with};

/// An event of a chain: its id and its canonical bytes.
type Event = (String, Vec<u8>);

/// `revocation.check`.
pub(super) fn revocations() -> Topic {
    let mut topic = Topic::new("14-lifecycle", "revocations");
    let (op, section) = ("revocation.check", "§14.3, D166, D168");
    let owner_key = hex(samples::signer_key());
    let id = |label: &str| hex(random::<32>(label));
    let input = |revocations: Vec<Vec<u8>>, now: u64, zone: &str| {
        let revocations: Vec<String> = revocations.iter().map(hex).collect();
        json!({
            "owner_key": owner_key, "revocations": revocations, "now": now,
            "ids": [{"id": id("token"), "zone": zone}, {"id": id("grant"), "zone": zone}],
        })
    };
    let revoke =
        |labels: &[&str], zone: &str, from: u64, until: Option<u64>| samples::revocation(labels, zone, from, until);
    let gives = |topic: &mut Topic, name: &str, input: Value, revoked: [bool; 2]| {
        topic.gives(op, name, section, input, json!({"revoked": revoked}));
    };
    let now = || vec![revoke(&["token"], "z:work", NOW, None)];
    gives(&mut topic, "nothing-revoked", input(Vec::new(), NOW, "z:work"), [false, false]);
    gives(&mut topic, "one-of-two", input(now(), NOW, "z:work"), [true, false]);
    gives(&mut topic, "in-another-zone", input(now(), NOW, "z:private"), [false, false]);
    let everywhere = vec![revoke(&["token", "grant"], "z:owner", NOW, None)];
    gives(&mut topic, "of-the-owner-s-zone", input(everywhere, NOW, "z:private"), [true, true]);
    gives(&mut topic, "within-the-skew-before", input(now(), NOW - 120, "z:work"), [true, false]);
    gives(&mut topic, "before-the-skew", input(now(), NOW - 121, "z:work"), [false, false]);
    let short = || vec![revoke(&["token"], "z:work", NOW, Some(NOW + 1_000))];
    gives(&mut topic, "within-the-skew-after", input(short(), NOW + 1_119, "z:work"), [true, false]);
    gives(&mut topic, "after-the-skew", input(short(), NOW + 1_120, "z:work"), [false, false]);
    let both = [now(), short()].concat();
    gives(&mut topic, "a-short-one-does-not-end-a-permanent-one", input(both, NOW + 5_000, "z:work"), [true, false]);
    let stranger = with(&input(now(), NOW, "z:work"), json!({"owner_key": hex(owner().public().as_bytes())}));
    topic.reject(op, "signed-by-another-key", "§14.3", stranger, "sign.bad_signature");
    topic
}

/// `freshness.decide`.
pub(super) fn freshness() -> Topic {
    let mut topic = Topic::new("14-lifecycle", "freshness");
    let policy = |safe: bool, risky: bool| {
        json!({
            "max_checkpoint_age_secs": 300, "allow_safe_ops_in_degraded_mode": safe,
            "allow_risky_ops_with_interactive_override": risky,
        })
    };
    let base = json!({
        "tier": "dangerous", "checkpoint_created_at": NOW, "checkpoint_seq": 42, "chk_seq": 42,
        "policy": policy(true, true), "now": NOW + 10,
    });
    let late = json!({"now": NOW + 1_000});
    let (stale, behind) = ("revocation.stale_frontier", "checkpoint.behind");
    for (name, section, changes, verdict, reason, mode) in [
        ("fresh", "§14.3.1, D162", json!({}), "allow", "allow", Some("fresh")),
        ("as-old-as-can-be", "D162", json!({"now": NOW + 300}), "allow", "allow", Some("fresh")),
        ("one-second-older", "D162", json!({"now": NOW + 301}), "deny", stale, None),
        ("within-the-skew-of-the-future", "D163", json!({"now": NOW - 120}), "allow", "allow", Some("fresh")),
        ("of-the-future", "D163", json!({"now": NOW - 121}), "deny", stale, None),
        ("ahead-of-the-token", "D162", json!({"checkpoint_seq": 43}), "allow", "allow", Some("fresh")),
        ("behind-the-token", "D162", json!({"checkpoint_seq": 41}), "deny", behind, None),
        ("without-a-bound", "D111", json!({"chk_seq": null}), "allow", "allow", Some("fresh")),
        ("no-checkpoint", "D162", json!({"checkpoint_created_at": null, "checkpoint_seq": null}), "deny", stale, None),
        ("not-all-revocations-held", "D162", json!({"complete": false}), "deny", "revocation.incomplete", None),
        (
            "safe-in-degraded-mode",
            "§14.3.1, D162",
            with(&late, json!({"tier": "safe"})),
            "allow",
            "allow",
            Some("degraded"),
        ),
        (
            "safe-without-degraded-mode",
            "§14.3.1",
            with(&late, json!({"tier": "safe", "policy": policy(false, true)})),
            "deny",
            stale,
            None,
        ),
        (
            "risky-overridden",
            "D162",
            with(&late, json!({"tier": "risky", "approval": true})),
            "allow",
            "allow",
            Some("overridden"),
        ),
        ("risky-without-approval", "D162", with(&late, json!({"tier": "risky"})), "deny", stale, None),
        (
            "risky-without-the-flag",
            "D162",
            with(&late, json!({"tier": "risky", "approval": true, "policy": policy(true, false)})),
            "deny",
            stale,
            None,
        ),
        ("dangerous-never", "D162", with(&late, json!({"approval": true})), "deny", stale, None),
    ] {
        let mut out = json!({"verdict": verdict, "reason": reason});
        if let Some(mode) = mode {
            out = with(&out, json!({"mode": mode}));
        }
        topic.gives("freshness.decide", name, section, with(&base, changes), out);
    }
    topic
}

/// `audit.verify_chain`.
pub(super) fn chains() -> Topic {
    let mut topic = Topic::new("23-audit", "chains");
    let (op, section) = ("audit.verify_chain", "§23.4, D185");
    let events = chain(&["nLaptop", "nDesk", "nLaptop"]);
    let listed = |events: &[Event]| -> Vec<Value> {
        events.iter().map(|(id, canonical)| json!({"object_id": id, "canonical": hex(canonical)})).collect()
    };
    let attestations: Vec<String> =
        ["nLaptop", "nDesk"].map(|node| hex(fcp_core::object::Message::to_body(&attest(node, None)))).into();
    let base = json!({
        "zone": "z:work", "object_id_key": hex(random::<32>("object id key")), "owner_key": hex(owner().public().as_bytes()),
        "attestations": attestations, "events": listed(&events),
    });
    let allow = json!({"verdict": "allow", "reason": "allow"});
    let deny = |reason: &str, seq: u64| json!({"verdict": "deny", "reason": reason, "seq": seq});
    topic.gives(op, "three-events-of-two-nodes", section, base.clone(), allow.clone());
    topic.gives(op, "no-event", section, with(&base, json!({"events": []})), allow.clone());
    let (last, _) = &events[2];
    let head = |event: &str, seq: u64| json!({"head": hex(samples::audit_head(event, seq))});
    topic.gives(op, "with-its-head", section, with(&base, head(last, 3)), allow);
    topic.gives(op, "head-further-on", "§23.4, D34", with(&base, head(last, 4)), deny("audit.bad_head", 4));
    topic.gives(
        op,
        "head-of-another-event",
        "§23.4, D34",
        with(&base, head(&hex(random::<32>("other")), 3)),
        deny("audit.bad_head", 3),
    );
    let edited = |change: &dyn Fn(&mut Vec<Event>)| {
        let mut events = events.clone();
        change(&mut events);
        with(&base, json!({"events": listed(&events)}))
    };
    topic.gives(op, "first-missing", section, edited(&|events| drop(events.remove(0))), deny("audit.bad_sequence", 1));
    topic.gives(op, "second-missing", section, edited(&|events| drop(events.remove(1))), deny("audit.bad_sequence", 2));
    topic.gives(
        op,
        "event-twice",
        section,
        edited(&|events| events.insert(1, events[0].clone())),
        deny("audit.bad_sequence", 2),
    );
    let renamed = edited(&|events| events[1].0 = hex(flip(&unhex(&json!(events[1].0)), 0)));
    topic.gives(op, "another-id", "§3.1", renamed, deny("object.id_mismatch", 2));
    let other = chain(&["nDesk", "nLaptop", "nDesk"]);
    topic.gives(
        op,
        "from-another-chain",
        section,
        edited(&|events| events[1] = other[1].clone()),
        deny("audit.broken_link", 2),
    );
    let unattested = with(&base, json!({"attestations": [attestations[0]]}));
    topic.gives(op, "of-an-unattested-node", section, unattested, deny("audit.bad_signature", 2));
    let elsewhere = with(&base, json!({"zone": "z:private"}));
    topic.gives(op, "of-another-zone", section, elsewhere, deny("audit.wrong_zone", 1));
    topic
}

/// A chain of events by these nodes: each event's id and canonical bytes.
fn chain(nodes: &[&str]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for (index, name) in nodes.iter().enumerate() {
        let prev = events.last().map(|(id, _)| json!(id)).map(|id| unhex(&id));
        let prev = prev.and_then(|prev| <[u8; 32]>::try_from(prev).ok()).map(ObjectId::from_bytes);
        let (header, body) =
            samples::audit_event(&format!("{name} {index}"), prev, index as u64 + 1, &node_keys(name).signing);
        let derived = json!({"header": hex(header), "body": hex(body), "key": hex(random::<32>("object id key"))});
        let derived = ask("object.derive", &object(derived)).unwrap_or_default();
        let id = derived["object_id"].as_str().unwrap_or_default().to_owned();
        events.push((id, unhex(&derived["canonical"])));
    }
    events
}
