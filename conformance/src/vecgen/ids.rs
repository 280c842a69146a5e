//! Identifiers and what is hashed from them (§3.3–§3.4.2).

use serde_json::json;

use super::topic::Topic;

const CANONICAL: [&str; 8] =
    ["principal", "connector", "capability", "operation", "role", "secret", "credential", "instance"];

/// `id.check`.
pub(super) fn identifiers() -> Topic {
    let mut topic = Topic::new("03-primitives", "ids");
    let op = "id.check";
    for kind in CANONICAL {
        let section = "§3.4.2";
        let text = |text: &str| json!({"kind": kind, "text": text});
        topic.accept(op, kind, section, text("user:anna.w-1_x"));
        topic.accept(op, &format!("{kind}-of-128-bytes"), section, text(&"a".repeat(128)));
        topic.reject(op, &format!("{kind}-of-129-bytes"), section, text(&"a".repeat(129)), "id.too_long");
        topic.reject(op, &format!("{kind}-upper-case"), section, text("useR"), "id.uppercase");
    }
    let section = "§3.4.2, D23";
    for (name, text, code) in [
        ("empty", "", "id.empty"),
        ("greek-rho", "ρaypal", "id.not_ascii"),
        ("begins-with-a-dot", ".user", "id.bad_first"),
        ("begins-with-a-colon", ":user", "id.bad_first"),
        ("begins-with-a-hyphen", "-user", "id.bad_first"),
        ("space", "us er", "id.bad_char"),
        ("at-sign", "user@home", "id.bad_char"),
        ("slash", "telegram/setup", "id.bad_char"),
        ("star", "files.*", "id.bad_char"),
        ("newline-at-the-end", "user\n", "id.bad_char"),
        ("zero-byte", "user\0", "id.bad_char"),
    ] {
        topic.reject(op, &format!("principal-{name}"), section, json!({"kind": "principal", "text": text}), code);
    }
    topic.accept(op, "principal-begins-with-a-digit", section, json!({"kind": "principal", "text": "0"}));

    let zone = |text: &str| json!({"kind": "zone", "text": text});
    let section = "§3.4, D21";
    for text in ["z:owner", "z:a", "z:0", "z:work_2:team-a"] {
        topic.accept(op, &format!("zone-{}", text.replace([':', '_'], "-")), section, zone(text));
    }
    topic.accept(op, "zone-of-64-bytes", section, zone(&format!("z:{}", "a".repeat(62))));
    for (name, text, code) in [
        ("empty", "", "id.empty"),
        ("without-prefix", "private", "id.zone_prefix"),
        ("prefix-alone", "z:", "id.bad_first"),
        ("begins-with-a-hyphen", "z:-a", "id.bad_first"),
        ("begins-with-a-colon", "z::a", "id.bad_first"),
        ("dot", "z:a.b", "id.bad_char"),
        ("upper-case", "z:Work", "id.uppercase"),
        ("not-ascii", "z:wörk", "id.not_ascii"),
    ] {
        topic.reject(op, &format!("zone-{name}"), section, zone(text), code);
    }
    topic.reject(op, "zone-of-65-bytes", section, zone(&format!("z:{}", "a".repeat(63))), "id.too_long");

    let node = |text: &str| json!({"kind": "node", "text": text});
    let section = "G1, D2";
    topic.accept(op, "node", section, node("nKrT7Y2CNTRL"));
    topic.accept(op, "node-of-all-characters", section, node("!~\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}"));
    topic.accept(op, "node-of-64-bytes", section, node(&"N".repeat(64)));
    for (name, text, code) in [
        ("empty", "", "id.empty"),
        ("space", "n 1", "id.bad_char"),
        ("delete", "n\u{7f}", "id.bad_char"),
        ("not-ascii", "nö", "id.not_ascii"),
    ] {
        topic.reject(op, &format!("node-{name}"), section, node(text), code);
    }
    topic.reject(op, "node-of-65-bytes", section, node(&"n".repeat(65)), "id.too_long");

    let tag = |text: &str| json!({"kind": "tag", "text": text});
    let section = "§2.2 rule 4, D6";
    topic.accept(op, "tag", section, tag("fcp-private"));
    topic.accept(op, "tag-of-64-bytes", section, tag(&"t".repeat(64)));
    topic.reject(op, "tag-of-65-bytes", section, tag(&"t".repeat(65)), "id.too_long");
    topic.reject(op, "tag-upper-case", section, tag("Fcp"), "id.uppercase");
    topic.reject(op, "tag-begins-with-a-colon", section, tag(":fcp"), "id.bad_first");
    topic
}

/// `schema.hash`, `zone.hash`, `zone.tag`, `zone.from_tag`.
pub(super) fn names() -> Topic {
    let mut topic = Topic::new("03-primitives", "names");
    let schema =
        |namespace: &str, name: &str, version: &str| json!({"namespace": namespace, "name": name, "version": version});
    let (op, section) = ("schema.hash", "§3.3, D19");
    topic.accept(op, "capability-object", section, schema("fcp.core", "CapabilityObject", "2.0.0"));
    topic.accept(op, "session-hello", section, schema("fcp.mesh", "MeshSessionHello", "2.0.0"));
    topic.accept(op, "somebody-s-own", section, schema("com.example", "Note", "1.12.3"));
    topic.accept(op, "version-of-many-digits", section, schema("a", "B", "0.0.99999999999999999999999"));
    topic.accept(op, "256-bytes", section, schema(&"a".repeat(248), "B", "1.0.0"));
    topic.reject(op, "257-bytes", section, schema(&"a".repeat(249), "B", "1.0.0"), "id.too_long");
    for (name, (namespace, schema_name, version)) in [
        ("colon-in-namespace", ("fcp:core", "Note", "1.0.0")),
        ("at-sign-in-name", ("fcp.core", "Note@1", "1.0.0")),
        ("upper-case-namespace", ("Fcp", "Note", "1.0.0")),
        ("namespace-begins-with-a-dot", (".fcp", "Note", "1.0.0")),
        ("empty-namespace", ("", "Note", "1.0.0")),
        ("empty-name", ("fcp.core", "", "1.0.0")),
        ("name-begins-with-a-digit", ("fcp.core", "1Note", "1.0.0")),
        ("hyphen-in-name", ("fcp.core", "My-Note", "1.0.0")),
        ("two-part-version", ("fcp.core", "Note", "1.0")),
        ("four-part-version", ("fcp.core", "Note", "1.0.0.0")),
        ("leading-zero", ("fcp.core", "Note", "1.01.0")),
        ("pre-release", ("fcp.core", "Note", "1.0.0-rc.1")),
        ("build", ("fcp.core", "Note", "1.0.0+7")),
        ("empty-version-part", ("fcp.core", "Note", "1..0")),
        ("signed-version", ("fcp.core", "Note", "1.0.-1")),
    ] {
        topic.reject(op, name, section, schema(namespace, schema_name, version), "id.schema_syntax");
    }

    let (op, section) = ("zone.hash", "§3.4");
    for zone in ["z:owner", "z:private", "z:work", "z:community", "z:public"] {
        topic.accept(op, &zone.replace("z:", ""), section, json!({"zone": zone}));
    }
    topic.reject(op, "without-prefix", "§3.4, D21", json!({"zone": "owner"}), "id.zone_prefix");

    let (op, section) = ("zone.tag", "§3.4, D22");
    topic.gives(op, "private", section, json!({"zone": "z:private"}), json!({"tag": "tag:fcp-private"}));
    topic.gives(op, "hyphen", section, json!({"zone": "z:team-2"}), json!({"tag": "tag:fcp-team-2"}));
    topic.reject(op, "colon", section, json!({"zone": "z:a:b"}), "id.tag_not_derivable");
    topic.reject(op, "underscore", section, json!({"zone": "z:a_b"}), "id.tag_not_derivable");
    topic.reject(op, "no-zone", "§3.4, D21", json!({"zone": "private"}), "id.zone_prefix");

    let op = "zone.from_tag";
    topic.gives(op, "private", section, json!({"tag": "tag:fcp-private"}), json!({"zone": "z:private"}));
    topic.gives(op, "team-2", section, json!({"tag": "tag:fcp-team-2"}), json!({"zone": "z:team-2"}));
    for (name, tag, code) in [
        ("without-prefix", "fcp-private", "id.tag_not_derivable"),
        ("other-prefix", "tag:server", "id.tag_not_derivable"),
        ("colon", "tag:fcp-a:b", "id.tag_not_derivable"),
        ("underscore", "tag:fcp-a_b", "id.tag_not_derivable"),
        ("nothing-behind-the-prefix", "tag:fcp-", "id.bad_first"),
        ("upper-case", "tag:fcp-A", "id.uppercase"),
        ("dot", "tag:fcp-a.b", "id.bad_char"),
    ] {
        topic.reject(op, name, section, json!({"tag": tag}), code);
    }
    topic
}
