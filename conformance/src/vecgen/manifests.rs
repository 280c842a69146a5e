//! Connector manifests (§11.1): a whole one, a small one, and each change by which it is none.

use fcp_connector_sdk::manifest::Manifest;
use serde_json::{Value, json};

use super::topic::{Topic, ask, object};

/// A manifest with everything in it, whose interface hash is still to come.
const WHOLE: &str = include_str!("manifest.toml");

/// A manifest with nothing that can be left out.
const SMALL: &str = r#"
connector = { id = "a", name = "", version = "0.0.0", description = "", archetypes = ["storage"], format = "wasi" }
zones.home = "z:work"
[manifest]
format = "fcp-connector-manifest"
schema_version = "2.1"
min_mesh_version = "0.0.0"
min_protocol = "fcp2-sym/2.0"
protocol_features = []
max_datagram_bytes = 432
interface_hash = "blake3-256:fcp.interface.v2:@HASH@"
"#;

fn input(text: &str) -> Value {
    json!({"toml": text})
}

/// The text with the hash that its interface has.
fn hashed(text: &str) -> String {
    let hash = ask("manifest.interface_hash", &object(input(text))).unwrap_or_default();
    text.replace("@HASH@", hash.get("hash").and_then(Value::as_str).unwrap_or_default())
}

/// The whole manifest with `from`, which must be there, replaced by `to`.
fn but(from: &str, to: &str) -> String {
    assert!(WHOLE.contains(from), "the manifest has no {from}");
    WHOLE.replacen(from, to, 1)
}

/// `manifest.interface_hash`.
pub(super) fn hashes() -> Topic {
    let mut topic = Topic::new("11-connectors", "interface-hashes");
    let (op, section) = ("manifest.interface_hash", "§11.1 rule 5, D152");
    let whole = topic.accept(op, "whole", section, input(WHOLE));
    topic.accept(op, "small", section, input(SMALL));
    let draft = but("interface_hash = \"blake3-256:fcp.interface.v2:@HASH@\"\n", "");
    topic.gives(op, "whatever-it-says", section, input(&draft), Value::Object(whole.clone()));
    for (name, from, to) in [
        ("descriptions-do-not-count", "Sends mail", "Sends many mails"),
        ("versions-do-not-count", "1.2.3-rc.1", "1.2.4"),
        ("hints-do-not-count", "Use to send a mail.", "Use to write to people."),
        ("rate-limits-do-not-count", "60/min", "1/day"),
        (
            "the-order-of-archetypes-does-not-count",
            "[\"streaming\", \"bidirectional\"]",
            "[\"bidirectional\", \"streaming\"]",
        ),
        (
            "the-order-of-capabilities-does-not-count",
            "\"network.tls.sni\", \"network.dns\"",
            "\"network.dns\", \"network.tls.sni\"",
        ),
        (
            "defaults-count-as-written",
            "port_allow = [465]",
            "port_allow = [465], require_sni = true, max_redirects = 5",
        ),
        ("prefixes-of-pins-do-not-count", "base64:47DEQ", "47DEQ"),
        (
            "older-spelling-of-the-state",
            "[connector.state]\nmodel = \"singleton_writer\"",
            "singleton_writer = true\n[connector.state]",
        ),
        ("sandboxes-do-not-count", "memory_mb = 128", "memory_mb = 64"),
        ("signatures-do-not-count", "1-of-3", "1-of-2"),
    ] {
        topic.gives(op, name, section, input(&but(from, to)), Value::Object(whole.clone()));
    }
    for (name, from, to) in [
        ("other-connector", "example.mail", "example.post"),
        ("other-archetypes", "\"streaming\", ", ""),
        ("other-state", "model = \"singleton_writer\"", "model = \"stateless\""),
        ("crdt", "model = \"singleton_writer\"", "model = \"crdt\"\ncrdt_type = \"or_set\""),
        ("other-capability", "capability = \"mail.send\"", "capability = \"mail.post\""),
        ("other-risk", "risk_level = \"medium\"", "risk_level = \"critical\""),
        ("other-tier", "safety_tier = \"safe\"", "safety_tier = \"risky\""),
        ("unknown-tier", "safety_tier = \"safe\"", "safety_tier = \"harmless\""),
        ("other-approval", "requires_approval = \"none\"", "requires_approval = \"interactive\""),
        ("other-idempotency", "idempotency = \"none\"", "idempotency = \"strict\""),
        ("other-input-schema", "maxLength = 254", "maxLength = 255"),
        ("other-output-schema", "output_schema = { type = \"object\" }", "output_schema = { type = \"array\" }"),
        ("other-order-inside-a-schema", "required = [\"from\"]", "required = [\"from\", \"date\"]"),
        ("schema-with-large-numbers", "maxLength = 254", "maxLength = 9_007_199_254_740_993"),
        ("other-port", "port_allow = [465]", "port_allow = [465, 587]"),
        ("other-limit", "port_allow = [465]", "port_allow = [465], max_response_bytes = 1"),
        (
            "addresses",
            "port_allow = [465]",
            "port_allow = [465], ip_allow = [\"192.0.2.1\", \"2001:db8::1\"], cidr_deny = [\"10.0.0.0/8\"]",
        ),
        ("no-optional-capability", "optional = [\"storage.persistent\"]", "optional = []"),
        (
            "no-events",
            "[provides.events.\"mail.received\"]\ndescription = \"A mail came in\"\nschema = { type = \"object\", required = [\"from\"] }\n",
            "",
        ),
    ] {
        let out = topic.accept(op, name, section, input(&but(from, to)));
        if out == whole {
            topic.faults.push(format!("{op}/{name} does not change the hash"));
        }
    }
    topic.reject(op, "no-toml", "§11.1", input("[manifest"), "manifest.syntax");
    topic.reject(op, "with-a-fault-elsewhere", "§11.1", input(&but("z:work", "work")), "id.zone_prefix");
    topic
}

/// `manifest.check`.
pub(super) fn checks() -> Topic {
    let mut topic = Topic::new("11-connectors", "manifests");
    let op = "manifest.check";
    topic.accept(op, "whole", "§11.1, D107", input(&hashed(WHOLE)));
    topic.accept(op, "small", "§11.1, D107", input(&hashed(SMALL)));
    for (name, section, from, to) in [
        ("unknown-tier-is-forbidden", "D102", "safety_tier = \"safe\"", "safety_tier = \"harmless\""),
        (
            "dangerous-and-strict",
            "§9.5",
            "safety_tier = \"risky\"\nrequires_approval = \"policy\"\nrate_limit = \"60/min\"\nidempotency = \"best_effort\"",
            "safety_tier = \"dangerous\"\nrequires_approval = \"policy\"\nidempotency = \"strict\"",
        ),
        ("older-spelling-of-the-state", "§10.4", "[connector.state]", "singleton_writer = true\n[connector.state]"),
        ("threshold-of-255", "D155", "1-of-3", "255-of-255"),
        ("host-that-is-an-address", "D124", "\"smtp.mail.example\"", "\"192.0.2.1\""),
        (
            "schema-that-refers-to-its-own-part",
            "§11.1",
            "maxLength = 254",
            "\"$ref\" = \"#/properties/to/$defs/s\", \"$defs\" = { s = { minLength = 1 } }",
        ),
        ("threshold-of-all", "§11.1", "publisher_threshold = \"1-of-3\"", "publisher_threshold = \"3-of-3\""),
    ] {
        topic.accept(op, name, section, input(&hashed(&but(from, to))));
    }
    let accept_other = but(
        "[signatures]",
        "[signatures]\nregistry_signature = { kid = \"0011223344556678\", sig = \"base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\" }",
    );
    topic.accept(op, "registry-signs-too", "D153", input(&hashed(&accept_other)));
    let twice = accept_other.replace("6678", "6677").replace("@HASH@", &"0".repeat(64));
    topic.reject(op, "registry-signs-with-the-publisher-s-key", "D153", input(&twice), "manifest.duplicate");
    for (name, section, from, to, code) in FAULTS {
        let text = but(from, to).replace("@HASH@", &"0".repeat(64));
        // Only one rule may refuse it, or the order in which an implementation looks at the keys would decide.
        let other = Manifest::parse(&text)
            .err()
            .and_then(|error| error.iter().find(|fault| fault.reason().code() != code).map(ToString::to_string));
        topic.faults.extend(other.map(|fault| format!("{op}/{name} has another fault: {fault}")));
        topic.reject(op, name, section, input(&text), code);
    }
    let wrong = WHOLE.replace("@HASH@", &"0".repeat(64));
    topic.reject(op, "wrong-hash", "§11.1 rule 5, D152", input(&wrong), "manifest.interface_hash_mismatch");
    let upper = hashed(WHOLE);
    let digits = upper.split("v2:").nth(1).and_then(|rest| rest.get(..64)).unwrap_or_default().to_owned();
    let upper = upper.replace(&digits, &digits.to_uppercase());
    topic.reject(op, "hash-in-upper-case", "D152", input(&upper), "manifest.interface_hash_syntax");
    for (name, text) in [("unclosed-table", "[manifest"), ("key-twice", "a = 1\na = 2"), ("control-character", "\u{0}")]
    {
        topic.reject(op, name, "§11.1", input(text), "manifest.syntax");
    }
    topic
}

/// A name, the rule, what is replaced by what, and the one code that it is refused with.
type Fault = (&'static str, &'static str, &'static str, &'static str, &'static str);

const FAULTS: [Fault; 58] = [
    ("other-format", "§11.1", "format = \"fcp-connector-manifest\"", "format = \"other\"", "manifest.bad_value"),
    ("other-schema-version", "§11.1", "schema_version = \"2.1\"", "schema_version = \"2.0\"", "manifest.bad_value"),
    ("mesh-version-of-two-parts", "D156", "\"2.0.0\"", "\"2.0\"", "manifest.bad_version"),
    ("mesh-version-with-a-zero-before", "D156", "\"2.0.0\"", "\"02.0.0\"", "manifest.bad_version"),
    ("mesh-version-with-v", "D156", "\"2.0.0\"", "\"v2.0.0\"", "manifest.bad_version"),
    ("mesh-version-with-empty-pre-release", "D156", "\"2.0.0\"", "\"2.0.0-\"", "manifest.bad_version"),
    ("mesh-version-as-a-number", "§11.1", "\"2.0.0\"", "2", "manifest.wrong_type"),
    ("protocol-without-version", "§11.1 rule 2", "fcp2-sym/2.0", "fcp2-sym", "manifest.bad_version"),
    ("protocol-of-three-parts", "D156", "fcp2-sym/2.0", "fcp2-sym/2.0.0", "manifest.bad_version"),
    ("protocol-in-upper-case", "D156", "fcp2-sym/2.0", "FCP2-sym/2.0", "manifest.bad_version"),
    ("unknown-feature", "§11.1 rule 3, D157", "egress.spki_pins", "egress.spki", "manifest.unknown_feature"),
    ("feature-in-another-case", "D157", "egress.spki_pins", "egress.SPKI_pins", "manifest.unknown_feature"),
    ("feature-twice", "§11.1", "egress.spki_pins", "fcps.aead.xchacha20poly1305", "manifest.duplicate"),
    ("datagrams-of-431-bytes", "D73", "max_datagram_bytes = 1200", "max_datagram_bytes = 431", "manifest.bad_value"),
    (
        "datagrams-of-65508-bytes",
        "D73",
        "max_datagram_bytes = 1200",
        "max_datagram_bytes = 65508",
        "manifest.bad_value",
    ),
    ("hash-of-another-algorithm", "D152", "blake3-256:fcp", "sha256:fcp", "manifest.interface_hash_syntax"),
    ("hash-of-another-domain", "D152", "fcp.interface.v2", "fcp.interface.v1", "manifest.interface_hash_syntax"),
    (
        "no-hash",
        "§11.1 rule 5",
        "interface_hash = \"blake3-256:fcp.interface.v2:@HASH@\"\n",
        "",
        "manifest.missing_key",
    ),
    ("connector-in-upper-case", "§3.4.2", "\"example.mail\"", "\"Example\"", "id.uppercase"),
    ("version-with-a-zero-before", "D156", "1.2.3-rc.1", "1.2.03", "manifest.bad_version"),
    ("unknown-archetype", "§10.1", "\"streaming\", ", "\"steaming\", ", "manifest.bad_value"),
    ("archetype-twice", "§11.1", "\"streaming\", ", "\"bidirectional\", ", "manifest.duplicate"),
    ("unknown-connector-format", "§10.1", "format = \"native\"", "format = \"jar\"", "manifest.bad_value"),
    (
        "older-spelling-contradicts",
        "§10.4",
        "[connector.state]",
        "singleton_writer = false\n[connector.state]",
        "manifest.contradiction",
    ),
    ("unknown-model", "§10.4", "model = \"singleton_writer\"", "model = \"SingletonWriter\"", "manifest.bad_value"),
    ("crdt-without-type", "§10.4", "model = \"singleton_writer\"", "model = \"crdt\"", "manifest.missing_key"),
    ("type-without-crdt", "§10.4", "state_schema_version = \"1\"", "crdt_type = \"or_set\"", "manifest.contradiction"),
    (
        "snapshot-after-nothing",
        "§10.4",
        "snapshot_every_updates = 5000",
        "snapshot_every_updates = 0",
        "manifest.bad_value",
    ),
    ("home-in-no-zone", "D21", "home = \"z:work\"", "home = \"work\"", "id.zone_prefix"),
    ("home-forbidden", "§11.1", "forbidden = [\"z:public\"]", "forbidden = [\"z:work\"]", "manifest.contradiction"),
    ("host-in-a-capability", "§7.1", "\"network.egress\"]", "\"network.egress:a.example\"]", "capability.host_in_id"),
    ("capability-wanted-and-forbidden", "§11.1", "[\"system.exec\"]", "[\"network.dns\"]", "manifest.contradiction"),
    ("unknown-risk", "§7.2", "risk_level = \"medium\"", "risk_level = \"mild\"", "manifest.bad_value"),
    (
        "dangerous-and-not-strict",
        "§9.5",
        "safety_tier = \"risky\"",
        "safety_tier = \"dangerous\"",
        "manifest.contradiction",
    ),
    (
        "unknown-approval",
        "§7.2",
        "requires_approval = \"policy\"",
        "requires_approval = \"maybe\"",
        "manifest.bad_value",
    ),
    ("rate-with-a-zero-before", "D158", "60/min", "060/min", "capability.bad_rate_limit"),
    ("rate-of-another-unit", "D158", "60/min", "60/minute", "capability.bad_rate_limit"),
    ("unknown-idempotency", "§9.5", "best_effort", "sometimes", "manifest.bad_value"),
    ("float-in-a-schema", "D153", "maxLength = 254", "maximum = 4096.5", "manifest.float_or_date"),
    ("date-in-a-schema", "D153", "maxLength = 254", "const = 2026-01-01", "manifest.float_or_date"),
    ("schema-that-is-none", "§11.1", "maxLength = 254", "maxLength = -1", "manifest.bad_schema"),
    (
        "schema-that-refers-elsewhere",
        "§11.1",
        "maxLength = 254",
        "\"$ref\" = \"https://schemas.example/a.json\"",
        "manifest.bad_schema",
    ),
    ("host-under-one-label", "D125", "*.mail.example", "*.example", "manifest.bad_value"),
    ("host-in-upper-case", "D124", "smtp.mail.example", "SMTP.mail.example", "manifest.bad_value"),
    ("host-with-a-star-inside", "D124", "smtp.mail.example", "smtp.*.example", "manifest.bad_value"),
    ("no-ports", "D124", "port_allow = [465]", "port_allow = []", "manifest.bad_value"),
    ("port-zero", "D124", "port_allow = [465]", "port_allow = [0]", "manifest.bad_value"),
    ("without-ports", "D124", "port_allow = [465], ", "", "manifest.missing_key"),
    ("short-pin", "§7.3", "base64:47DEQpj8", "base64:47DE", "manifest.bad_value"),
    ("unknown-constraint", "§7.3", "port_allow = [465]", "port_allow = [465], ports = [1]", "manifest.unknown_key"),
    ("events-without-streaming", "§9.6", "streaming = true\nreplay = true", "replay = false", "manifest.contradiction"),
    ("unknown-sandbox", "§11.2", "profile = \"moderate\"", "profile = \"loose\"", "manifest.bad_value"),
    ("unknown-sandbox-key", "§11.2", "memory_mb = 128", "memory_gb = 1", "manifest.unknown_key"),
    ("key-id-that-is-none", "D153", "0011223344556677", "pubkey1", "id.bad_hex"),
    ("signature-without-prefix", "D153", "sig = \"base64:", "sig = \"", "manifest.bad_value"),
    ("threshold-above-its-keys", "D155", "1-of-3", "4-of-3", "manifest.bad_value"),
    ("slsa-level-5", "§13.1", "min_slsa_level = 2", "min_slsa_level = 5", "manifest.bad_value"),
    ("unknown-section", "§11.1", "[policy]", "[polici]", "manifest.unknown_key"),
];
