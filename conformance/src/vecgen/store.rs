//! What a node keeps, who holds what, and how that is mended.

use serde_json::{Map, Value, json};

use super::topic::{Topic, hex, with};

/// An id of one byte, 32 times.
fn id(byte: u8) -> String {
    hex([byte; 32])
}

fn ids(bytes: &[u8]) -> Vec<String> {
    bytes.iter().copied().map(id).collect()
}

/// An ephemeral object of ten bytes that came at the second of its number.
fn object(byte: u8, refs: &[u8]) -> Value {
    json!({"id": id(byte), "refs": ids(refs), "retention": "ephemeral", "bytes": 10, "received_at": byte})
}

/// `gc.run`.
pub(super) fn collections() -> Topic {
    let mut topic = Topic::new("03-primitives", "collections");
    let (op, section) = ("gc.run", "§3.7, D35");
    let input = |objects: Vec<Value>, quota: u64| json!({"objects": objects, "roots": ids(&[1]), "pins": [], "quota_bytes": quota, "now": 1_000});
    let out = |live: &[u8], evicted: &[u8]| json!({"live": ids(live), "evicted": ids(evicted)});
    let leased = |byte: u8, refs: &[u8], until: u64| {
        with(&object(byte, refs), json!({"retention": {"lease": {"expires_at": until}}}))
    };
    let pinned = |byte: u8, refs: &[u8]| with(&object(byte, refs), json!({"retention": "pinned"}));

    let chain = vec![object(1, &[2, 3]), object(2, &[4]), object(3, &[]), object(4, &[]), object(5, &[4])];
    topic.gives(op, "reachable-from-the-checkpoint", section, input(chain.clone(), 1_000), out(&[1, 2, 3, 4], &[5]));
    topic.gives(op, "nothing-held", section, input(vec![], 1_000), out(&[], &[]));
    topic.gives(op, "no-root-held", section, input(vec![object(2, &[3]), object(3, &[])], 1_000), out(&[], &[2, 3]));
    let with_pins = with(&input(chain, 1_000), json!({"roots": [], "pins": ids(&[5])}));
    topic.gives(op, "reachable-from-a-pin", section, with_pins, out(&[4, 5], &[1, 2, 3]));
    let cycle = vec![object(1, &[2]), object(2, &[1]), object(3, &[4]), object(4, &[3])];
    topic.gives(op, "cycles", section, input(cycle, 1_000), out(&[1, 2], &[3, 4]));
    topic.gives(
        op,
        "reference-that-is-not-held",
        section,
        input(vec![object(1, &[2, 9]), object(2, &[])], 1_000),
        out(&[1, 2], &[]),
    );
    let audit = |byte: u8, prev: u8| with(&object(byte, &[]), json!({"prev": id(prev)}));
    let events = vec![object(1, &[4]), audit(4, 3), audit(3, 2), object(2, &[]), object(5, &[])];
    topic.gives(op, "audit-events-keep-those-before", "G8", input(events, 1_000), out(&[1, 2, 3, 4], &[5]));

    let class = vec![object(1, &[]), pinned(2, &[3]), object(3, &[]), object(4, &[])];
    topic.gives(op, "pinned-class-is-a-root", "§3.7, D217", input(class.clone(), 1_000), out(&[1, 2, 3], &[4]));
    topic.gives(op, "a-pin-does-not-hold-what-it-references", "D217", input(class, 0), out(&[1, 2], &[4, 3]));
    let lease =
        |until: u64| vec![object(1, &[]), leased(2, &[3], until), object(3, &[4]), object(4, &[]), object(5, &[])];
    topic.gives(op, "lease-that-runs", section, input(lease(1_001), 0), out(&[1, 2, 3, 4], &[5]));
    topic.gives(op, "lease-in-its-last-second", section, input(lease(1_000), 1_000), out(&[1], &[2, 3, 4, 5]));
    let reachable = vec![object(1, &[2]), leased(2, &[], 999)];
    topic.gives(op, "expired-and-reachable", "D217", input(reachable.clone(), 20), out(&[1, 2], &[]));
    topic.gives(op, "expired-under-pressure", "D217", input(reachable, 19), out(&[1], &[2]));

    let order = |changes: [Value; 6]| -> Vec<Value> {
        let base = |byte: u8| with(&object(byte, &[]), json!({"received_at": 50}));
        (2..).zip(changes).map(|(byte, change)| with(&base(byte), change)).collect()
    };
    // By age, then reputation, then size, then id.
    let objects = order([
        json!({}),
        json!({"bytes": 20}),
        json!({"reputation": -1}),
        json!({"reputation": 1, "bytes": 99}),
        json!({"received_at": 49, "reputation": 9}),
        json!({}),
    ]);
    topic.gives(op, "order-of-eviction", "D137", input(objects.clone(), 1_000), out(&[], &[6, 4, 3, 2, 7, 5]));
    let all = |quota: u64| input([vec![object(1, &[2, 3, 4, 5, 6, 7])], objects.clone()].concat(), quota);
    // 169 bytes: 10 for the root, and 10, 20, 10, 99, 10 and 10.
    topic.gives(op, "under-its-quota", "D35", all(169), out(&[1, 2, 3, 4, 5, 6, 7], &[]));
    topic.gives(op, "one-byte-above", "D35, D137", all(168), out(&[1, 2, 3, 4, 5, 7], &[6]));
    topic.gives(op, "far-above", "D35, D137", all(129), out(&[1, 2, 5, 7], &[6, 4, 3]));
    topic.gives(
        op,
        "no-room-at-all",
        "D35, D217",
        all(0),
        with(&out(&[1], &[6, 4, 3, 2, 7, 5]), json!({"over_quota_bytes": 10})),
    );
    let orphan = vec![object(1, &[2]), object(2, &[3]), object(3, &[])];
    topic.gives(op, "orphans-of-the-evicted-wait", "D217", input(orphan, 20), out(&[1, 3], &[2]));

    let set = |target: u8| with(&object(7, &[target]), json!({"target": id(target)}));
    topic.gives(
        op,
        "signatures-live-with-their-target",
        "D14",
        input(vec![object(1, &[2]), object(2, &[]), set(2)], 1_000),
        out(&[1, 2, 7], &[]),
    );
    topic.gives(
        op,
        "signatures-of-what-is-swept",
        "D14",
        input(vec![object(1, &[]), object(8, &[]), set(8)], 1_000),
        out(&[1], &[7, 8]),
    );
    topic.gives(
        op,
        "signatures-of-what-is-not-held",
        "D14",
        input(vec![object(1, &[]), set(9)], 1_000),
        out(&[1], &[7]),
    );
    let pressed = vec![object(1, &[2, 3]), object(2, &[]), object(3, &[]), set(2)];
    topic.gives(op, "signatures-go-behind-their-target", "D14, D217", input(pressed, 20), out(&[1, 3], &[2, 7]));
    topic
}

fn policy(min_nodes: u8, fraction: u16, coverage: u32) -> Value {
    json!({"min_nodes": min_nodes, "max_node_fraction_bps": fraction, "target_coverage_bps": coverage})
}

/// `placement.spread`.
pub(super) fn placements() -> Topic {
    let mut topic = Topic::new("20-coding", "placements");
    let (op, section) = ("placement.spread", "§3.6, D209");
    let input = |policy: Value, nodes: &[&str], k: u64| json!({"policy": policy, "nodes": nodes, "k": k});
    let out = |runs: &[(&str, u32, u32)]| {
        let runs: Vec<Value> =
            runs.iter().map(|(node, first, count)| json!({"node": node, "first": first, "count": count})).collect();
        json!({"runs": runs})
    };
    let four = ["nD", "nB", "nA", "nC"];
    topic.gives(
        op,
        "evenly",
        section,
        input(policy(3, 3_000, 15_000), &four, 64),
        out(&[("nA", 0, 24), ("nB", 24, 24), ("nC", 48, 24), ("nD", 72, 24)]),
    );
    topic.gives(
        op,
        "remainder-to-the-first",
        section,
        input(policy(3, 3_000, 15_000), &four, 66),
        out(&[("nA", 0, 25), ("nB", 25, 25), ("nC", 50, 25), ("nD", 75, 24)]),
    );
    // Of 8 symbols two each; of 7, two are 28.57 %. At a largest share of 25 % there must be eight.
    topic.gives(
        op,
        "small-object-in-equal-shares",
        "D209",
        input(policy(1, 2_500, 10_000), &four, 7),
        out(&[("nA", 0, 2), ("nB", 2, 2), ("nC", 4, 2), ("nD", 6, 2)]),
    );
    let preferring = with(&policy(3, 3_000, 15_000), json!({"preferred": ["nC"]}));
    topic.gives(
        op,
        "preferred-first",
        section,
        input(preferring, &four, 66),
        out(&[("nC", 0, 25), ("nA", 25, 25), ("nB", 50, 25), ("nD", 75, 24)]),
    );
    let excluding = with(&policy(2, 5_000, 10_000), json!({"excluded": ["nA", "nD"]}));
    topic.gives(op, "excluded-get-nothing", section, input(excluding, &four, 10), out(&[("nB", 0, 5), ("nC", 5, 5)]));
    topic.gives(
        op,
        "one-node-holds-all",
        section,
        input(policy(1, 10_000, 10_000), &["nA"], 10),
        out(&[("nA", 0, 10)]),
    );
    topic.reject(
        op,
        "fewer-nodes-than-the-least",
        section,
        input(policy(5, 10_000, 10_000), &four, 10),
        "symbol.placement_nodes",
    );
    topic.reject(
        op,
        "fewer-nodes-than-the-share-permits",
        "D209",
        input(policy(1, 2_499, 10_000), &four, 10),
        "symbol.placement_nodes",
    );
    topic.reject(op, "no-share-for-anybody", "D209", input(policy(1, 0, 10_000), &four, 10), "symbol.placement_nodes");
    topic.reject(op, "no-node", section, input(policy(0, 10_000, 10_000), &[], 10), "symbol.placement_nodes");
    topic.reject(
        op,
        "more-symbols-than-there-are",
        "D61",
        input(policy(1, 10_000, 4_000_000), &four, 56_403),
        "symbol.placement_coverage",
    );
    topic.reject(op, "bad-node", "G1", input(policy(1, 10_000, 10_000), &["n 1"], 10), "id.bad_char");
    topic
}

/// `repair.plan`.
pub(super) fn repairs() -> Topic {
    let mut topic = Topic::new("20-coding", "repairs");
    let (op, section) = ("repair.plan", "§21.3, D220");
    let some = |from: u32, to: u32| (from..to).collect::<Vec<u32>>();
    let five =
        json!({"nA": some(0, 20), "nB": some(20, 39), "nC": some(39, 58), "nD": some(58, 77), "nE": some(77, 96)});
    let input = |nodes: &[&str], holdings: &Value| {
        json!({
            "policy": policy(3, 3_000, 15_000), "nodes": nodes, "k": 64, "holdings": holdings, "this": "nB", "whole": true,
        })
    };
    let orders = |orders: &[(&str, u32, u32)]| -> Value {
        orders
            .iter()
            .map(|(node, from, to)| ((*node).to_owned(), json!(some(*from, *to))))
            .collect::<Map<_, _>>()
            .into()
    };
    let out = |adds: &[(&str, u32, u32)], drops: &[(&str, u32, u32)]| json!({"adds": orders(adds), "drops": orders(drops), "fetch": {}, "out_of_reach": false, "enough_nodes": true});
    let all = ["nA", "nB", "nC", "nD", "nE"];
    topic.gives(op, "satisfied", section, input(&all, &five), out(&[], &[]));
    let adds = [("nB", 96, 101), ("nC", 101, 106), ("nD", 106, 111), ("nE", 111, 116)];
    topic.gives(op, "one-is-gone", section, input(&all[1..], &five), out(&adds, &[]));
    topic.gives(
        op,
        "a-new-node-changes-nothing",
        section,
        input(&["nA", "nB", "nC", "nD", "nE", "nF"], &five),
        out(&[], &[]),
    );
    // nF holds nothing and gets as many as each other has; one is left then, for the smallest id.
    let replaced = [("nB", 96, 97), ("nF", 97, 116)];
    let nodes = ["nB", "nC", "nD", "nE", "nF"];
    topic.gives(op, "a-new-node-in-place-of-one", section, input(&nodes, &five), out(&replaced, &[]));
    let few = with(&out(&[("nA", 77, 84), ("nB", 84, 91), ("nC", 91, 96)], &[]), json!({"enough_nodes": false}));
    let three = json!({"nA": some(0, 25), "nB": some(25, 50), "nC": some(50, 77)});
    topic.gives(op, "too-few-nodes", "D220", input(&["nA", "nB", "nC"], &three), few);
    let preferring = with(&policy(3, 3_000, 15_000), json!({"preferred": ["nE"]}));
    let mut adds = vec![("nE", 97, 98)];
    let short = json!({"nA": some(0, 20), "nB": some(20, 39), "nC": some(39, 58), "nD": some(58, 77), "nE": some(77, 95), "nZ": [95, 96]});
    topic.gives(op, "to-who-has-least", section, input(&all, &short), out(&adds, &[]));
    adds = vec![("nE", 96, 97)];
    let short = json!({"nA": some(0, 19), "nB": some(19, 38), "nC": some(38, 57), "nD": some(57, 76), "nE": some(76, 95), "nZ": [95]});
    topic.gives(
        op,
        "of-equals-to-the-preferred",
        section,
        with(&input(&all, &short), json!({"policy": preferring})),
        out(&adds, &[]),
    );

    // The largest share is half. First the other one gets its part, then what is above goes: what stands twice first.
    let half =
        |holdings: Value| with(&input(&["nA", "nB"], &holdings), json!({"policy": policy(2, 5_000, 10_000), "k": 10}));
    topic.gives(op, "all-on-one", section, half(json!({"nA": some(0, 10)})), out(&[("nB", 10, 15)], &[]));
    topic.gives(
        op,
        "above-the-largest-share",
        section,
        half(json!({"nA": some(0, 10), "nB": some(10, 15)})),
        out(&[], &[("nA", 5, 10)]),
    );
    let twice = json!({"nA": some(0, 8), "nB": some(2, 6)});
    topic.gives(op, "twice-goes-first", "D220", with(&half(twice), json!({"k": 8})), out(&[], &[("nA", 2, 6)]));
    let excluding = with(&policy(2, 5_000, 15_000), json!({"excluded": ["nC"]}));
    let on_three = json!({"nA": some(0, 8), "nB": some(8, 15), "nC": some(15, 20)});
    let emptied = with(&input(&["nA", "nB", "nC"], &on_three), json!({"policy": excluding, "k": 10}));
    topic.gives(op, "excluded-with-enough-elsewhere", "D220", emptied, out(&[("nB", 20, 21)], &[]));

    // What this node lacks to make symbols from: 64 and two more, of which it has 19; 16 each from the other three.
    let fetching = with(&input(&all[1..], &five), json!({"whole": null}));
    let fetch = orders(&[("nC", 39, 55), ("nD", 58, 74), ("nE", 77, 92)]);
    let adds = [("nB", 96, 101), ("nC", 101, 106), ("nD", 106, 111), ("nE", 111, 116)];
    topic.gives(op, "fetches-in-equal-parts", section, fetching, with(&out(&adds, &[]), json!({"fetch": fetch})));
    let lost = with(&input(&all[..3], &five), json!({"whole": false}));
    topic.gives(op, "out-of-reach", section, lost, json!({"fetch": {}, "out_of_reach": true}));
    let nobody = json!({"adds": {}, "drops": {}, "fetch": {}, "enough_nodes": false});
    topic.gives(op, "nobody-is-there", section, input(&[], &five), nobody);
    let many = json!({"policy": policy(1, 10_000, 4_000_000), "k": 56_403});
    topic.reject(
        op,
        "more-symbols-than-there-are",
        "D61",
        with(&input(&all, &five), many),
        "symbol.placement_coverage",
    );
    topic.reject(op, "bad-node", "G1", with(&input(&all, &five), json!({"this": ""})), "id.empty");
    topic
}
