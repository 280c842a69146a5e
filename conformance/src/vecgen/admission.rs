//! What a node does for others, and what it takes from them (§8.4, §9.2.1, §17.2).

use serde_json::{Value, json};

use super::identity::NOW;
use super::topic::{Topic, hex, with};

/// `budget.run`.
pub(super) fn budgets() -> Topic {
    let mut topic = Topic::new("08-mesh", "budgets");
    let (op, section) = ("budget.run", "§8.4, D216");
    let budget = json!({
        "max_bytes_per_min": 1_000, "max_symbols_per_min": 10, "max_failed_auth_per_min": 2, "max_inflight_decodes": 2,
        "max_decode_cpu_ms_per_min": 3,
    });
    // Seconds of time since a step of five seconds began; no step lies in the five seconds that are left to the node.
    let step = |seconds: u64, peer: &str, charge: &str, amount: u64| json!({"at_ms": (NOW / 5 * 5 + seconds) * 1_000, "peer": peer, "charge": charge, "amount": amount});
    let mut run = |name: &str, steps: &[Value], outcomes: &[&str]| {
        topic.gives(op, name, section, json!({"budget": budget, "steps": steps}), json!({"outcomes": outcomes}));
    };
    run(
        "bytes-of-a-minute",
        &[
            step(0, "nA", "bytes", 600),
            step(1, "nA", "bytes", 401),
            step(2, "nA", "bytes", 400),
            step(3, "nB", "bytes", 1_000),
            step(59, "nA", "bytes", 1),
            step(65, "nA", "bytes", 600),
        ],
        &["allow", "admission.bytes", "allow", "allow", "admission.bytes", "allow"],
    );
    run(
        "bytes-slide-and-do-not-begin-anew-with-the-minute",
        &[
            step(0, "nA", "bytes", 1),
            step(55, "nA", "bytes", 999),
            step(75, "nA", "bytes", 2),
            step(120, "nA", "bytes", 1_000),
        ],
        &["allow", "allow", "admission.bytes", "allow"],
    );
    run(
        "symbols-and-answers-have-their-own",
        &[
            step(0, "nA", "symbols", 10),
            step(0, "nA", "symbols", 1),
            step(0, "nA", "bytes", 1_000),
            step(0, "nA", "answer", 1_000),
            step(0, "nA", "answer", 1),
            step(0, "nB", "symbols", 11),
        ],
        &["allow", "admission.symbols", "allow", "allow", "admission.bytes", "admission.symbols"],
    );
    run(
        "who-fails-to-authenticate-is-not-heard",
        &[
            step(0, "nA", "failed_auth", 1),
            step(0, "nA", "bytes", 1),
            step(10, "nA", "failed_auth", 1),
            step(10, "nA", "bytes", 1),
            step(10, "nA", "symbols", 1),
            step(10, "nA", "begin_decode", 1),
            step(10, "nA", "answer", 1),
            step(10, "nB", "bytes", 1),
            step(65, "nA", "bytes", 1),
        ],
        &[
            "allow",
            "allow",
            "allow",
            "admission.failed_auth",
            "admission.failed_auth",
            "admission.failed_auth",
            "admission.failed_auth",
            "allow",
            "allow",
        ],
    );
    run(
        "decodes-in-flight-and-their-work",
        &[
            step(0, "nA", "begin_decode", 1),
            step(0, "nA", "begin_decode", 1),
            step(0, "nA", "begin_decode", 1),
            step(100, "nA", "begin_decode", 1),
            step(100, "nA", "end_decode", 1),
            step(100, "nA", "begin_decode", 1),
            step(100, "nA", "end_decode", 1),
            step(100, "nA", "work", 2_999_999),
            step(100, "nA", "begin_decode", 1),
            step(100, "nA", "end_decode", 1),
            step(100, "nA", "work", 1),
            step(100, "nA", "begin_decode", 1),
            step(165, "nA", "begin_decode", 1),
        ],
        &[
            "allow",
            "allow",
            "admission.inflight_decodes",
            "admission.inflight_decodes",
            "allow",
            "allow",
            "allow",
            "allow",
            "allow",
            "allow",
            "allow",
            "admission.decode_cpu",
            "allow",
        ],
    );
    let bad = json!({"budget": budget, "steps": [step(0, "n A", "bytes", 1)]});
    topic.reject(op, "bad-peer", "G1", bad, "id.bad_char");
    topic
}

/// `request.bound` and `request.run`.
pub(super) fn requests() -> Topic {
    let mut topic = Topic::new("09-wire", "requests");
    let (op, section) = ("request.bound", "§8.4, §9.2.1, D134");
    let full = json!({"authenticated": true, "max_symbols": 5_000, "proof_of_need": 10, "k": 64, "bytes_in": 400});
    for (name, changes, symbols, bytes) in [
        ("k-and-what-is-needed", json!({}), 74, None),
        ("at-most-1024", json!({"k": 2_000}), 1_024, None),
        ("at-most-what-it-takes", json!({"max_symbols": 7}), 7, None),
        ("nothing-taken", json!({"max_symbols": 0}), 0, None),
        ("without-proof-of-need", json!({"proof_of_need": 0}), 32, None),
        ("without-proof-of-need-and-takes-31", json!({"proof_of_need": 0, "max_symbols": 31}), 31, None),
        ("unauthenticated", json!({"authenticated": false}), 32, Some(1_200)),
        ("unauthenticated-and-takes-3", json!({"authenticated": false, "max_symbols": 3}), 3, Some(1_200)),
        ("huge-need", json!({"proof_of_need": 4_294_967_295_u64, "k": 65_535}), 1_024, None),
    ] {
        let out = match bytes {
            Some(bytes) => json!({"symbols": symbols, "bytes": bytes}),
            None => json!({"symbols": symbols}),
        };
        topic.gives(op, name, section, with(&full, changes), out);
    }
    runs(&mut topic);
    topic
}

/// `request.run`.
fn runs(topic: &mut Topic) {
    let (op, section) = ("request.run", "§9.2.1, D134, D221");
    let ask = |peer: &str, at: u64, object: u8, fields: Value| {
        let step =
            json!({"kind": "request", "peer": peer, "at": NOW + at, "object": hex([object; 32]), "max_symbols": 9});
        with(&step, fields)
    };
    let tell = |peer: &str, received: u32, missing: &[u32]| {
        let step = json!({
            "kind": "status", "peer": peer, "at": NOW, "object": hex([1; 32]), "received": received, "required": 9,
        });
        if missing.is_empty() { step } else { with(&step, json!({"missing": missing})) }
    };
    let held: Vec<u32> = (0..20).chain([100, 200]).collect();
    let mut run = |name: &str, steps: &[Value], answers: Value| {
        let input = json!({"k": 8, "bytes_per_symbol": 1_200, "first": 4, "held": held, "steps": steps});
        topic.gives(op, name, section, input, json!({"answers": answers}));
    };
    run(
        "named-first",
        &[
            ask("nA", 0, 1, json!({"want": [2, 7, 50, 100], "missing": [3, 7]})),
            ask("nA", 0, 2, json!({"max_symbols": 2, "want": [2, 100], "missing": [3]})),
            ask("nA", 0, 3, json!({"max_symbols": 3, "missing": [7, 9]})),
            ask("nA", 0, 4, json!({"max_symbols": 0})),
        ],
        json!([[2, 7, 100, 3, 4, 5, 6, 8, 9], [2, 100], [7, 9, 4], []]),
    );
    run(
        "goes-on-behind-what-was-sent",
        &[
            ask("nA", 0, 1, json!({"max_symbols": 12})),
            ask("nB", 0, 1, json!({"max_symbols": 2})),
            ask("nA", 1, 1, json!({"max_symbols": 9, "want": [0]})),
            ask("nA", 2, 1, json!({"max_symbols": 40})),
            ask("nA", 2, 2, json!({"max_symbols": 1})),
        ],
        json!([
            [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            [4, 5],
            [0, 16, 17, 18, 19, 100, 200, 1, 2],
            [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 100, 200, 0, 1, 2],
            [4],
        ]),
    );
    run(
        "answered-once",
        &[
            ask("nA", 0, 1, json!({"max_symbols": 1})),
            ask("nA", 0, 1, json!({"max_symbols": 1})),
            ask("nB", 0, 1, json!({"max_symbols": 1})),
            ask("nA", 0, 1, json!({"max_symbols": 2})),
            ask("nA", 1, 1, json!({"max_symbols": 1})),
        ],
        json!([[4], "admission.replayed", [4], [5, 6], [7]]),
    );
    run(
        "a-hint-and-statuses",
        &[
            ask("nA", 0, 1, json!({"stop_after": 3})),
            tell("nA", 3, &[]),
            tell("nB", 3, &[]),
            tell("nA", 5, &[1, 6, 300]),
            tell("nA", 5, &[]),
        ],
        json!([[4, 5, 6], [7, 8, 9], [], [1, 6, 10], []]),
    );
    let holds = with(&tell("nA", 3, &[6]), json!({"required": 0}));
    run(
        "a-holder-s-status-is-none",
        &[ask("nA", 0, 1, json!({"stop_after": 3})), holds, tell("nA", 4, &[6])],
        json!([[4, 5, 6], [], [6, 7, 8]]),
    );
    run(
        "whole-and-acknowledged",
        &[
            ask("nA", 0, 1, json!({"stop_after": 3})),
            tell("nA", 9, &[]),
            tell("nA", 3, &[]),
            ask("nA", 1, 1, json!({"stop_after": 1})),
            json!({"kind": "ack", "peer": "nA", "at": NOW, "object": hex([1; 32])}),
            tell("nA", 3, &[]),
        ],
        json!([[4, 5, 6], [], [], [4], [], []]),
    );
    strangers(topic);
    let input = json!({
        "k": 8, "bytes_per_symbol": 1_200, "first": 4, "held": held,
        "steps": [ask("nA", 0, 1, json!({"want": [3, 2]}))],
    });
    topic.reject(op, "wants-out-of-order", "§9.2.1, D200", input, "symbol.bad_want");
}

/// `request.run` by those that nobody vouches for.
fn strangers(topic: &mut Topic) {
    let (op, section) = ("request.run", "§8.4, §9.2.1, D134, D221");
    let ask = |from: &str, bytes_in: u64, max_symbols: u32| {
        json!({
            "kind": "request", "from": from, "bytes_in": bytes_in, "at": NOW, "object": hex([1; 32]),
            "max_symbols": max_symbols,
        })
    };
    let input = json!({
        "k": 8, "bytes_per_symbol": 1_000, "first": 0, "held": (0..100).collect::<Vec<u32>>(), "open_to_strangers": true,
        "steps": [
            ask("192.0.2.1", 300, 5),
            ask("192.0.2.1", 700, 5),
            ask("192.0.2.1", 700, 1),
            ask("192.0.2.2", 20_000, 50),
            ask("192.0.2.1", 20_000, 2),
        ],
    });
    let first: Vec<u32> = (0..32).collect();
    let answers = json!(["admission.amplification", [0, 1], [0], first, [0, 1]]);
    topic.gives(op, "three-times-what-a-stranger-sent", section, input.clone(), json!({"answers": answers}));
    let closed = with(&input, json!({"open_to_strangers": null, "steps": [ask("192.0.2.1", 20_000, 2)]}));
    let answers = json!(["admission.unauthenticated"]);
    topic.gives(op, "closed-to-strangers", section, closed, json!({"answers": answers}));
}

/// `quarantine.run`.
pub(super) fn quarantine() -> Topic {
    let mut topic = Topic::new("08-mesh", "quarantine");
    let (op, section) = ("quarantine.run", "§8.4.1, D137, D222");
    let policy = json!({
        "max_quarantine_bytes_per_zone": 100, "max_quarantine_objects_per_zone": 8, "max_quarantine_bytes_per_peer": 60,
        "max_quarantine_objects_per_peer": 4, "quarantine_ttl_secs": 50,
    });
    let id = |object: u8| hex([object; 32]);
    let add = |at: u64, peer: &str, object: u8, bytes: u64| json!({"at": NOW + at, "peer": peer, "object": id(object), "bytes": bytes});
    let gone = |why: &str, which: &[(&str, u8)]| {
        which.iter().map(|(peer, object)| json!({"peer": peer, "object": id(*object), "why": why})).collect::<Value>()
    };
    let (none, over) = (json!([]), json!("admission.quarantine_quota"));
    let mut run =
        |name: &str, reputations: Value, steps: &[Value], outcomes: &[Value], (bytes, objects): (u64, u32)| {
            let input = json!({"policy": policy, "reputations": reputations, "steps": steps});
            let out = json!({"outcomes": outcomes, "bytes": bytes, "objects": objects});
            topic.gives(op, name, section, input, out);
        };
    run(
        "a-peer-makes-room-for-itself",
        json!({}),
        &[
            add(0, "nA", 1, 30),
            add(1, "nB", 1, 30),
            add(2, "nA", 2, 30),
            add(3, "nA", 3, 1),
            add(4, "nA", 2, 30),
            add(5, "nA", 2, 31),
            add(5, "nB", 4, 61),
        ],
        &[
            none.clone(),
            none.clone(),
            none.clone(),
            gone("peer_quota", &[("nA", 1)]),
            gone("peer_quota", &[("nA", 2)]),
            over.clone(),
            over,
        ],
        (61, 3),
    );
    run(
        "a-fifth-object-of-a-peer",
        json!({}),
        &[add(3, "nA", 1, 1), add(1, "nA", 2, 1), add(2, "nA", 3, 1), add(4, "nA", 4, 1), add(5, "nA", 5, 1)],
        &[none.clone(), none.clone(), none.clone(), none.clone(), gone("peer_quota", &[("nA", 2)])],
        (4, 4),
    );
    let order = [
        add(1, "nA", 9, 10),
        add(0, "nA", 1, 10),
        add(0, "nB", 2, 5),
        add(0, "nB", 3, 6),
        add(0, "nA", 5, 11),
        add(0, "nA", 4, 11),
        add(2, "nC", 10, 60),
        add(2, "nD", 10, 40),
    ];
    let kept = [none.clone(), none.clone(), none.clone(), none.clone(), none.clone(), none.clone()];
    let mut worst_first = kept.to_vec();
    worst_first.push(gone("zone_quota", &[("nB", 3), ("nB", 2), ("nA", 4)]));
    worst_first.push(gone("zone_quota", &[("nA", 5), ("nA", 1), ("nA", 9)]));
    run("oldest-then-worst-then-largest-then-smallest-id", json!({"nB": -1}), &order, &worst_first, (100, 2));
    let mut largest_first = kept.to_vec();
    largest_first.push(gone("zone_quota", &[("nA", 4), ("nA", 5)]));
    largest_first.push(gone("zone_quota", &[("nA", 1), ("nB", 3), ("nB", 2), ("nA", 9)]));
    run("all-equally-known", json!({}), &order, &largest_first, (100, 2));
    run(
        "one-object-of-two-peers-goes-in-two-turns",
        json!({"nB": 5}),
        &[add(0, "nA", 1, 40), add(0, "nB", 1, 50), add(1, "nC", 2, 20), add(1, "nC", 3, 40)],
        &[none.clone(), none.clone(), gone("zone_quota", &[("nA", 1)]), gone("zone_quota", &[("nB", 1)])],
        (60, 2),
    );
    run(
        "a-ninth-object-of-the-zone",
        json!({}),
        &[
            add(0, "nA", 1, 1),
            add(1, "nA", 2, 1),
            add(1, "nA", 3, 1),
            add(1, "nB", 1, 1),
            add(1, "nB", 2, 1),
            add(1, "nB", 3, 1),
            add(1, "nC", 1, 1),
            add(1, "nC", 2, 1),
            add(2, "nC", 2, 1),
            add(2, "nC", 3, 1),
        ],
        &[&vec![none.clone(); 9][..], &[gone("zone_quota", &[("nA", 1)])]].concat(),
        (9, 8),
    );
    run(
        "time-is-over",
        json!({}),
        &[
            add(0, "nB", 1, 1),
            add(0, "nA", 2, 1),
            add(40, "nA", 2, 1),
            json!({"at": NOW + 49}),
            json!({"at": NOW + 50}),
            add(50, "nA", 3, 1),
            add(60, "nA", 4, 1),
            add(60, "nB", 4, 1),
            json!({"at": NOW + 60, "peer": "nA"}),
            json!({"at": NOW + 60, "object": id(4)}),
            json!({"at": NOW + 60, "object": id(4)}),
        ],
        &[
            none.clone(),
            none.clone(),
            none.clone(),
            none.clone(),
            gone("expired", &[("nA", 2), ("nB", 1)]),
            none.clone(),
            none.clone(),
            none.clone(),
            gone("forgotten", &[("nA", 3), ("nA", 4)]),
            gone("forgotten", &[("nB", 4)]),
            none,
        ],
        (0, 0),
    );
    let bad = json!({"policy": policy, "reputations": {}, "steps": [add(0, "n A", 1, 1)]});
    topic.reject(op, "bad-peer", "G1", bad, "id.bad_char");
    topic
}

/// `diversity.verify`.
pub(super) fn diversity() -> Topic {
    let mut topic = Topic::new("17-security", "diversity");
    let (op, section) = ("diversity.verify", "§17.2, D175");
    let symbols = |given: &[(&str, u32)]| {
        given.iter().map(|(source, esi)| json!({"source": source, "esi": esi})).collect::<Value>()
    };
    let policy = json!({"min_nodes": 3, "min_zones": 2, "max_node_fraction_bps": 5_000});
    // Four pairs of a node and a symbol, two of them of one node.
    let given = symbols(&[("nA", 1), ("nA", 2), ("nB", 1), ("nC", 1), ("nA", 1), ("nC", 1)]);
    let zones = json!({"nA": ["z:private", "z:work"], "nB": ["z:work"], "nC": [], "nOther": ["z:owner"]});
    let good = json!({"policy": policy, "symbols": given, "zones": zones});
    let figures = json!({
        "nodes": 3, "zones": 2, "symbols": 4, "max_node_fraction_bps": 5_000, "verdict": "allow", "reason": "allow",
    });
    topic.gives(op, "each-pair-counts-once", section, good.clone(), figures.clone());
    for (name, limits, reason) in [
        ("too-few-nodes", json!({"min_nodes": 4, "min_zones": 3, "max_node_fraction_bps": 0}), "diversity.nodes"),
        ("too-few-zones", json!({"min_zones": 3, "max_node_fraction_bps": 0}), "diversity.zones"),
        ("too-much-of-one-node", json!({"max_node_fraction_bps": 4_999}), "diversity.node_fraction"),
    ] {
        let out = with(&figures, json!({"verdict": "deny", "reason": reason}));
        topic.gives(op, name, section, with(&good, json!({"policy": with(&policy, limits)})), out);
    }
    let thirds = with(&good, json!({"symbols": symbols(&[("nA", 1), ("nB", 1), ("nC", 1)])}));
    let out = with(&figures, json!({"symbols": 3, "max_node_fraction_bps": 3_333}));
    topic.gives(op, "rounded-down", section, thirds, out);
    let nothing = json!({
        "policy": {"min_nodes": 0, "min_zones": 0, "max_node_fraction_bps": 0}, "symbols": [], "zones": {},
    });
    let out = with(&figures, json!({"nodes": 0, "zones": 0, "symbols": 0, "max_node_fraction_bps": 0}));
    topic.gives(op, "nothing-given-and-nothing-asked", section, nothing, out);
    let bad = with(&good, json!({"symbols": symbols(&[("n A", 1)])}));
    topic.reject(op, "bad-source", "G1", bad, "id.bad_char");
    topic.reject(op, "bad-zone", "D21", with(&good, json!({"zones": {"nA": ["work"]}})), "id.zone_prefix");
    topic
}
