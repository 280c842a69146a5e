//! Quorums and coordinators (§15.1, §18.2).

use serde_json::json;

use super::topic::{Topic, hex, random, with};

/// `lease.coordinator`.
pub(super) fn coordinators() -> Topic {
    let mut topic = Topic::new("15-execution", "coordinators");
    let (op, section) = ("lease.coordinator", "§15.1, D171");
    let nodes = ["nDesk", "nLaptop", "nPhone", "nServer", "nTablet"];
    let base = json!({"zone": "z:work", "subject": hex([0; 32]), "nodes": nodes});
    for subject in 0..8 {
        let subject = hex(random::<32>(&format!("subject {subject}")));
        topic.accept(op, &format!("subject-{}", &subject[..4]), section, with(&base, json!({"subject": subject})));
    }
    topic.accept(op, "zero-subject", section, base.clone());
    topic.accept(op, "other-zone", section, with(&base, json!({"zone": "z:private"})));
    let reversed: Vec<&str> = nodes.iter().rev().copied().collect();
    topic.accept(op, "order-does-not-matter", section, with(&base, json!({"nodes": reversed})));
    topic.accept(op, "one-node", section, with(&base, json!({"nodes": ["nDesk"]})));
    topic.accept(op, "a-node-twice", section, with(&base, json!({"nodes": ["nDesk", "nLaptop", "nDesk"]})));
    topic.accept(
        op,
        "length-prefixes-keep-parts-apart",
        section,
        with(&base, json!({"zone": "z:workn", "nodes": ["Desk", "nDesk"]})),
    );
    topic.reject(op, "bad-zone", "D21", with(&base, json!({"zone": "work"})), "id.zone_prefix");
    topic.reject(op, "bad-node", "G1", with(&base, json!({"nodes": ["n 1"]})), "id.bad_char");
    topic
}

/// `quorum.required`.
pub(super) fn sizes() -> Topic {
    let mut topic = Topic::new("18-trust", "quorums");
    let (op, section) = ("quorum.required", "§18.2, D179");
    // By ⌈(n + f + 1) / 2⌉ and n − f.
    for (n, f, normal, critical) in [
        (1, 0, 1, 1),
        (2, 0, 2, 2),
        (3, 0, 2, 3),
        (4, 1, 3, 3),
        (5, 1, 4, 4),
        (6, 1, 4, 5),
        (7, 2, 5, 5),
        (10, 3, 7, 7),
        (255, 84, 170, 171),
        (255, 0, 128, 255),
    ] {
        for (class, signatures) in
            [("read_only", 1), ("normal_write", normal), ("critical_write", critical), ("unanimous", n)]
        {
            let name = format!("{}-of-{n}-with-{f}-faults", class.replace('_', "-"));
            topic.gives(op, &name, section, json!({"n": n, "f": f, "class": class}), json!({"signatures": signatures}));
        }
    }
    for (n, f) in [(0, 0), (3, 1), (6, 2), (254, 85), (255, 255)] {
        let input = json!({"n": n, "f": f, "class": "normal_write"});
        topic.reject(op, &format!("{n}-nodes-with-{f}-faults"), section, input, "quorum.too_few_nodes");
    }
    topic
}
