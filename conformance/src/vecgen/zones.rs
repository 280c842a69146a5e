//! What flows where, who may use what, and the keys of a zone (§5, §6, appendix G).

use fcp_core::hpke::{self, Purpose, SealContext};
use fcp_core::id::ZoneId;
use fcp_core::time::Timestamp;
use serde_json::{Value, json};

use super::identity::{NOW, known, node, node_keys};
use super::samples;
use super::topic::{Topic, hex, random, rng, with};

/// `lattice.flow`.
pub(super) fn lattice() -> Topic {
    let mut topic = Topic::new("05-zones", "lattice");
    let levels =
        |integrity: u8, confidentiality: u8| json!({"integrity": integrity, "confidentiality": confidentiality});
    for (name, from, to, verdict) in [
        ("same", (80, 90), (80, 90), "allow"),
        ("down-in-integrity", (80, 90), (20, 90), "allow"),
        ("up-in-confidentiality", (80, 10), (80, 90), "allow"),
        ("private-to-public", (80, 90), (20, 10), "needs_declassification"),
        ("public-to-private", (20, 10), (80, 90), "needs_elevation"),
        ("up-and-down", (20, 90), (80, 10), "needs_both"),
        ("by-one-in-integrity", (79, 90), (80, 90), "needs_elevation"),
        ("by-one-in-confidentiality", (80, 90), (80, 89), "needs_declassification"),
        ("ends-of-the-scale", (0, 255), (255, 0), "needs_both"),
    ] {
        let input = json!({"from": levels(from.0, from.1), "to": levels(to.0, to.1)});
        topic.gives("lattice.flow", name, "§5.1, D74", input, json!({"verdict": verdict}));
    }
    topic
}

/// `policy.evaluate`.
pub(super) fn policies() -> Topic {
    let mut topic = Topic::new("05-zones", "policies");
    let policy = json!({
        "principals_allow": ["user:*"], "principals_deny": ["user:guest?"], "connectors_allow": ["example.*"],
        "connectors_deny": ["example.shell"], "cap_allow": ["files.*", "mail.read"], "cap_deny": ["files.delete"],
    });
    let input = |changes: Value, asked: [&str; 3]| {
        let [principal, connector, capability] = asked;
        json!({"policy": with(&policy, changes), "principal": principal, "connector": connector, "capability": capability})
    };
    let good = ["user:anna", "example.files", "files.read"];
    let empty = json!({
        "principals_allow": [], "principals_deny": [], "connectors_allow": [], "connectors_deny": [], "cap_allow": [], "cap_deny": [],
    });
    let open = with(&empty, json!({"default_deny": false}));
    let cases: [(&str, Value, [&str; 3], &str); 16] = [
        ("allowed", json!({}), good, "allow"),
        ("principal-not-allowed", json!({}), ["agent:anna", good[1], good[2]], "zone_policy.principal_not_allowed"),
        ("principal-denied", json!({}), ["user:guest1", good[1], good[2]], "zone_policy.principal_denied"),
        ("connector-not-allowed", json!({}), [good[0], "other.files", good[2]], "zone_policy.connector_not_allowed"),
        ("connector-denied", json!({}), [good[0], "example.shell", good[2]], "zone_policy.connector_denied"),
        ("capability-not-allowed", json!({}), [good[0], good[1], "mail.send"], "zone_policy.capability_not_allowed"),
        ("capability-denied", json!({}), [good[0], good[1], "files.delete"], "zone_policy.capability_denied"),
        ("deny-beats-allow", json!({"principals_deny": ["*"]}), good, "zone_policy.principal_denied"),
        (
            "principal-before-connector",
            json!({}),
            ["agent:anna", "example.shell", "mail.send"],
            "zone_policy.principal_not_allowed",
        ),
        (
            "connector-before-capability",
            json!({}),
            [good[0], "other.files", "files.delete"],
            "zone_policy.connector_not_allowed",
        ),
        ("empty-lists-deny", empty.clone(), good, "zone_policy.principal_not_allowed"),
        (
            "empty-lists-deny-when-said",
            with(&empty, json!({"default_deny": true})),
            good,
            "zone_policy.principal_not_allowed",
        ),
        ("empty-lists-allow-when-said", open.clone(), good, "allow"),
        (
            "a-list-is-enforced-all-the-same",
            with(&open, json!({"cap_allow": ["mail.*"]})),
            good,
            "zone_policy.capability_not_allowed",
        ),
        ("empty-connector-list-denies", json!({"connectors_allow": []}), good, "zone_policy.connector_not_allowed"),
        (
            "star-allows-any",
            with(&empty, json!({"principals_allow": ["*"], "connectors_allow": ["*"], "cap_allow": ["*"]})),
            good,
            "allow",
        ),
    ];
    for (name, changes, asked, reason) in cases {
        let decision = if reason == "allow" { "allow" } else { "deny" };
        let section = "§5.3, D76–D78";
        topic.gives(
            "policy.evaluate",
            name,
            section,
            input(changes, asked),
            json!({"decision": decision, "reason": reason}),
        );
    }
    let bad = input(json!({"cap_deny": ["ü"]}), good);
    topic.reject("policy.evaluate", "pattern-beyond-ascii", "D79", bad, "glob.invalid_pattern");
    let bad = input(json!({"cap_deny": ["a".repeat(129)]}), good);
    topic.reject("policy.evaluate", "pattern-of-129-bytes", "D79", bad, "glob.invalid_pattern");
    let bad = input(json!({}), ["anna@home", good[1], good[2]]);
    topic.reject("policy.evaluate", "principal-with-at-sign", "D23", bad, "id.bad_char");
    topic
}

/// `transport.select`.
pub(super) fn transports() -> Topic {
    let mut topic = Topic::new("05-zones", "transports");
    let paths = json!([
        {"id": "public", "class": "funnel"}, {"id": "relay", "class": "derp"}, {"id": "tunnel", "class": "direct"},
        {"id": "cable", "class": "lan"}, {"id": "second-tunnel", "class": "direct"},
    ]);
    let policy =
        |derp: bool, funnel: bool| json!({"allow_derp": derp, "allow_funnel": funnel, "allow_lan_broadcast": false});
    let direct = ["cable", "tunnel", "second-tunnel"];
    let (relayed, public) = ([&direct[..], &["relay"]].concat(), [&direct[..], &["relay", "public"]].concat());
    for (name, levels, policy, out) in [
        ("owner-by-default", (100, 100), None, direct.to_vec()),
        ("private-by-default", (80, 90), None, relayed.clone()),
        ("below-the-relay-bound-by-default", (100, 99), None, relayed.clone()),
        ("owner-with-relay", (100, 100), Some(policy(true, false)), relayed.clone()),
        ("private-without-relay", (80, 90), Some(policy(false, false)), direct.to_vec()),
        ("funnel-where-both-levels-are-low", (40, 40), Some(policy(true, true)), public),
        ("funnel-above-in-integrity", (41, 40), Some(policy(true, true)), relayed.clone()),
        ("funnel-above-in-confidentiality", (40, 41), Some(policy(true, true)), relayed.clone()),
        ("no-funnel-by-default", (20, 10), None, relayed),
    ] {
        let mut input = json!({"levels": {"integrity": levels.0, "confidentiality": levels.1}, "paths": paths});
        if let Some(policy) = policy {
            input = with(&input, json!({"policy": policy}));
        }
        topic.gives("transport.select", name, "App. G, D92", input, json!({"paths": out}));
    }
    topic
}

/// A provenance in z:work.
fn provenance() -> Value {
    json!({
        "origin_zone": "z:work", "current_zone": "z:work", "integrity_label": 60, "confidentiality_label": 60,
        "label_adjustments": [], "origin_principal": "user:anna", "taint": 8, "taint_reductions": [],
        "zone_crossings": [], "created_at": NOW,
    })
}

fn crossing(from: &str, to: &str, at: u64) -> Value {
    json!({"from_zone": from, "to_zone": to, "crossed_at": at})
}

/// `provenance.merge` and `provenance.effective`.
pub(super) fn merging() -> Topic {
    let mut topic = Topic::new("06-provenance", "merging");
    let (op, section) = ("provenance.merge", "§6.2, D95–D97");
    let one = provenance();
    let public = with(
        &one,
        json!({
            "origin_zone": "z:public", "integrity_label": 20, "confidentiality_label": 10, "taint": 1,
            "origin_principal": "user:bob", "created_at": NOW + 5, "zone_crossings": [crossing("z:public", "z:work", NOW + 5)],
        }),
    );
    let secret = with(&one, json!({"confidentiality_label": 200, "origin_principal": null, "created_at": NOW - 5}));
    let input = |inputs: &[&Value]| json!({"inputs": inputs});
    topic.accept(op, "one-input", section, input(&[&one]));
    topic.accept(op, "lowest-integrity-highest-secrecy", section, input(&[&one, &public, &secret]));
    topic.accept(op, "order-does-not-matter", section, input(&[&secret, &public, &one]));
    topic.accept(op, "same-principal-stays", section, input(&[&one, &with(&one, json!({"created_at": NOW + 1}))]));
    topic.accept(op, "missing-principal-is-another", section, input(&[&one, &secret]));
    let unknown = with(&one, json!({"taint": 1_u64 << 31}));
    topic.accept(op, "unknown-taints-stay", "D94", input(&[&one, &unknown]));
    let adjusted = with(
        &one,
        json!({
            "label_adjustments": [{"integrity_elevated": {"to": 90, "by_approval": hex([1; 32]), "applied_at": NOW}}],
            "taint_reductions": [{"clears": 8, "by_receipt": hex([2; 32]), "applied_at": NOW}],
        }),
    );
    topic.accept(op, "adjustments-and-reductions-end", "D95, D96, D98", input(&[&adjusted, &public]));
    let same_level = with(&one, json!({"origin_zone": "z:community"}));
    topic.accept(op, "ties-go-to-the-smallest-zone", "D97", input(&[&one, &same_level]));
    let crossings: Vec<Value> = (0..70).map(|index| crossing("z:public", "z:work", NOW + index)).collect();
    let many = with(&one, json!({"zone_crossings": crossings}));
    topic.accept(op, "newest-64-crossings", "D97", input(&[&many, &many]));
    topic.reject(op, "nothing", "D97", input(&[]), "provenance.empty");
    topic.reject(
        op,
        "zone-without-prefix",
        "D21",
        input(&[&with(&one, json!({"origin_zone": "work"}))]),
        "id.zone_prefix",
    );

    let op = "provenance.effective";
    topic.accept(op, "as-they-stand", "§6.2, D98", input(&[&one, &public, &unknown]));
    topic.accept(op, "without-evidence-nothing-counts", "D98, D99", input(&[&adjusted]));
    topic
}

/// `taint.decide`.
pub(super) fn taints() -> Topic {
    let mut topic = Topic::new("06-provenance", "taints");
    let (op, section) = ("taint.decide", "§6.2, D94, D101, D102");
    const ELEVATE: (&str, &str) = ("require_elevation", "taint.elevation_required");
    const PUBLIC: (&str, &str) = ("deny", "taint.public_input_dangerous");
    const FORBIDDEN: (&str, &str) = ("deny", "taint.forbidden_tier");
    const ALLOW: (&str, &str) = ("allow", "allow");
    for (name, integrity, taint, tier, verdict) in [
        ("forbidden-is-forbidden", 255, 0, "forbidden", FORBIDDEN),
        ("forbidden-comes-first", 0, 1, "forbidden", FORBIDDEN),
        ("unknown-tier", 255, 0, "critical", FORBIDDEN),
        ("tier-in-upper-case", 255, 0, "Safe", FORBIDDEN),
        ("clean-and-dangerous", 80, 0, "dangerous", ALLOW),
        ("public-and-dangerous", 255, 1, "dangerous", PUBLIC),
        ("public-before-elevation", 0, 1, "dangerous", PUBLIC),
        ("unknown-taint-counts-as-public", 255, 1 << 5, "dangerous", PUBLIC),
        ("highest-taint-counts-as-public", 255, 1 << 31, "dangerous", PUBLIC),
        ("other-taints-and-dangerous", 255, 0b11110, "dangerous", ALLOW),
        ("too-low-for-dangerous", 79, 0, "dangerous", ELEVATE),
        ("public-and-risky", 80, 1, "risky", ALLOW),
        ("too-low-for-risky", 79, 0, "risky", ELEVATE),
        ("too-low-and-public-for-risky", 79, 1, "risky", ELEVATE),
        ("safe-is-safe", 0, u64::from(u32::MAX), "safe", ALLOW),
    ] {
        let input = json!({
            "provenance": with(&provenance(), json!({"integrity_label": integrity, "taint": taint})),
            "safety_tier": tier, "target": {"integrity": 80, "confidentiality": 90},
        });
        topic.gives(op, name, section, input, json!({"decision": verdict.0, "reason": verdict.1}));
    }
    topic
}

/// `manifest_key.unwrap` and `zonekey.epoch`.
pub(super) fn keys() -> Topic {
    let mut topic = Topic::new("05-zones", "keys");
    let (op, section) = ("manifest_key.unwrap", "§5.2.1, D36, D37");
    let members = ["nDesk", "nLaptop"];
    let manifest =
        samples::zone_key_manifest(wrapped("FCP2-OBJECTID-KEY", &members), wrapped("FCP2-ZONE-KEY", &members));
    let secret = |node: &str| hex(node_keys(node).encryption.expose_bytes().as_slice());
    let base = json!({
        "manifest": hex(&manifest), "node": "nLaptop", "secret": secret("nLaptop"), "owner_key": hex(samples::signer_key()),
    });
    let keys = json!({"zone_key": hex(random::<32>("zone key")), "object_id_key": hex(random::<32>("object id key"))});
    topic.gives(op, "a-member", section, base.clone(), keys.clone());
    topic.gives(op, "another-member", section, with(&base, json!({"node": "nDesk", "secret": secret("nDesk")})), keys);
    topic.reject(
        op,
        "not-a-member",
        section,
        with(&base, json!({"node": "nPhone", "secret": secret("nPhone")})),
        "zone_key.not_a_member",
    );
    topic.reject(
        op,
        "member-with-another-key",
        section,
        with(&base, json!({"secret": secret("nDesk")})),
        "zone_key.not_a_member",
    );
    topic.reject(
        op,
        "another-owner",
        "§5.2.1",
        with(&base, json!({"owner_key": hex(node_keys("nDesk").public().signing.as_bytes())})),
        "sign.bad_signature",
    );
    let swapped =
        samples::zone_key_manifest(wrapped("FCP2-ZONE-KEY", &members), wrapped("FCP2-OBJECTID-KEY", &members));
    topic.reject(op, "boxes-exchanged", "D36", with(&base, json!({"manifest": hex(swapped)})), "hpke.open_failed");
    let reversed = samples::zone_key_manifest(
        wrapped("FCP2-OBJECTID-KEY", &["nLaptop", "nDesk"]),
        wrapped("FCP2-ZONE-KEY", &members),
    );
    topic.reject(op, "boxes-unsorted", "D200", with(&base, json!({"manifest": hex(reversed)})), "zone_key.list_order");
    let short =
        samples::zone_key_manifest(wrapped("FCP2-OBJECTID-KEY", &members), wrap("FCP2-ZONE-KEY", &members, &[7; 31]));
    topic.reject(op, "key-of-31-bytes", section, with(&base, json!({"manifest": hex(short)})), "zone_key.length");

    let (op, section) = ("zonekey.epoch", "§5.2, D91");
    let first = NOW / 300;
    let base = json!({
        "zone_key": hex(random::<32>("zone key")), "zone_key_id": hex(random::<8>("zone key id")), "valid_from": NOW,
        "epoch": first,
    });
    topic.accept(op, "first-epoch", section, base.clone());
    topic.accept(op, "next-epoch", section, with(&base, json!({"epoch": first + 1})));
    topic.accept(op, "hundredth-epoch", section, with(&base, json!({"epoch": first + 100})));
    topic.accept(op, "later-in-the-first-epoch", section, with(&base, json!({"valid_from": first * 300 + 299})));
    topic.accept(op, "other-key-id", section, with(&base, json!({"zone_key_id": hex([0; 8])})));
    topic.reject(op, "before-the-manifest", section, with(&base, json!({"epoch": first - 1})), "zone_key.no_epoch_key");
    topic.reject(
        op,
        "too-far",
        section,
        with(&base, json!({"epoch": first + (1 << 20) + 1})),
        "zone_key.ratchet_too_far",
    );
    topic
}

/// The boxes of a manifest's key for `members`.
fn wrapped(purpose: &str, members: &[&str]) -> Value {
    let label = if purpose == "FCP2-ZONE-KEY" { "zone key" } else { "object id key" };
    wrap(purpose, members, &random::<32>(label))
}

fn wrap(purpose: &str, members: &[&str], key: &[u8]) -> Value {
    let kind = if purpose == "FCP2-ZONE-KEY" { Purpose::ZoneKey } else { Purpose::ObjectIdKey };
    members
        .iter()
        .map(|member| {
            let public = node_keys(member).public().encryption;
            let context = SealContext {
                purpose: kind,
                zone: ZoneId::work().hash(),
                recipient: node(member),
                issued_at: Timestamp::from_secs(NOW),
            };
            let sealed = known(hpke::seal(&public, &context, key, &mut rng(&format!("{member} {purpose}"))));
            json!({
                "node_id": member, "node_enc_kid": {"$hex": hex(public.kid().as_bytes())}, "issued_at": NOW,
                "sealed_key": samples::json_of(&sealed),
            })
        })
        .collect()
}
