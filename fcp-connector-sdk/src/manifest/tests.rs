use super::{
    Archetype, Incompatibility, InterfaceHash, Manifest, ManifestError, MeshSupport, ProtocolFeature, ProtocolVersion,
    SandboxProfile, StateModel,
};
use fcp_caps::capability::{ApprovalMode, IdempotencyClass};
use fcp_core::cbor::from_json;
use fcp_core::id::SchemaId;
use fcp_core::safety::{RiskLevel, SafetyTier};
use hex_literal::hex;

/// Computed apart from this code: the descriptor of D152 written out by hand, encoded and hashed by the Python peer.
const HASH: &str = "49a59fb60deac34376fa4185ffe412f4d6cdd4788b21c809f5bf4b0246752d1e";

fn sample() -> String {
    include_str!("tests/messenger.toml").replace("@HASH@", HASH)
}

/// The sample with `from`, which must occur, replaced by `to`.
fn with(from: &str, to: &str) -> Result<Manifest, ManifestError> {
    let text = sample();
    assert!(text.contains(from), "{from}");
    Manifest::parse(&text.replacen(from, to, 1))
}

fn codes(result: Result<Manifest, ManifestError>) -> Vec<&'static str> {
    result.map(|_| ()).unwrap_err().iter().map(|fault| fault.reason().code()).collect()
}

#[test]
fn a_whole_manifest() {
    let manifest = Manifest::parse(&sample()).unwrap();
    assert_eq!(manifest.interface_hash().to_string(), format!("blake3-256:fcp.interface.v2:{HASH}"));
    assert_eq!(manifest.connector().archetypes, [Archetype::Bidirectional, Archetype::Streaming]);
    assert_eq!(manifest.connector().state.model, StateModel::SingletonWriter);
    assert_eq!(manifest.zones().home.as_str(), "z:community");
    assert_eq!(manifest.capabilities().required[0].as_str(), "network.dns");
    let ids: Vec<&str> = manifest.operations().iter().map(|operation| operation.id.as_str()).collect();
    assert_eq!(ids, ["chats.list", "send_message"]);
    let send = &manifest.operations()[1];
    assert_eq!((send.risk_level, send.safety_tier), (RiskLevel::Medium, SafetyTier::Risky));
    assert_eq!((send.requires_approval, send.idempotency), (ApprovalMode::Policy, IdempotencyClass::BestEffort));
    assert_eq!(send.rate_limit.unwrap().to_string(), "60/min");
    assert!(send.network_constraints.as_ref().unwrap().deny_localhost);
    assert_eq!(send.ai_hints.common_mistakes.len(), 2);
    assert_eq!(manifest.events()[0].topic, "message.received");
    assert_eq!(manifest.sandbox().profile, SandboxProfile::Moderate);
    assert_eq!((manifest.sandbox().memory_mb, manifest.sandbox().cpu_percent), (128, 50));
    assert!(manifest.sandbox().deny_exec);
    assert_eq!(manifest.signatures().publisher_threshold.unwrap().k, 1);
    assert_eq!(manifest.supply_chain().attestations[0].kind, "in-toto");
    assert_eq!(manifest.policy().min_slsa_level, 2);
    assert_eq!(manifest.unsigned_value().get("signatures"), None);
    assert_eq!(manifest.unsigned_value().get("policy").unwrap().get("min_slsa_level").unwrap().as_u64(), Some(2));
    send.check_input(&from_json(r#"{"chat_resource":"r","text":"milk"}"#).unwrap()).unwrap();
    assert_eq!(
        send.check_input(&from_json(r#"{"chat_resource":"r","text":1}"#).unwrap()).unwrap_err().pointer(),
        "/text"
    );
}

/// Computed apart from this code: Python's TOML reader, and encoder and BLAKE3 of the Python peer.
#[test]
fn tokens_name_the_manifest_by_its_hash() {
    let schema = SchemaId::new("fcp.core:ConnectorManifest@2.0.0").unwrap();
    assert_eq!(schema.hash().as_bytes(), &super::SCHEMA_HASH);
    let expected = hex!("bca7c7def9214af1982bc91cf3d636670551cbd07c5316d9d67f589ec1a2a760");
    assert_eq!(Manifest::parse(&sample()).unwrap().hash(), expected);
    assert_eq!(with("1-of-3", "1-of-2").unwrap().hash(), expected);
    assert_ne!(with("2026.1.0", "2026.1.1").unwrap().hash(), expected);
}

#[test]
fn a_missing_sandbox_is_strict() {
    let text = sample();
    let (before, rest) = text.split_once("[sandbox]").unwrap();
    let (_, after) = rest.split_once("[signatures]").unwrap();
    let manifest = Manifest::parse(&format!("{before}[signatures]{after}")).unwrap();
    assert_eq!(manifest.sandbox().profile, SandboxProfile::Strict);
}

#[test]
fn an_unknown_tier_is_forbidden() {
    let text = sample().replace("safety_tier = \"risky\"", "safety_tier = \"critical\"");
    let hash = Manifest::compute_interface_hash(&text).unwrap();
    let manifest =
        Manifest::parse(&text.replace(HASH, &hash.to_string()["blake3-256:fcp.interface.v2:".len()..])).unwrap();
    assert_eq!(manifest.operations()[1].safety_tier, SafetyTier::Forbidden);
}

#[test]
fn the_hash_is_that_of_the_interface_and_nothing_else() {
    let hash = |text: &str| Manifest::compute_interface_hash(text).unwrap();
    let text = sample();
    assert_eq!(hash(&text).to_string(), Manifest::parse(&text).unwrap().interface_hash().to_string());
    for (from, to) in [
        ("Sends messages", "Sends many messages"),
        ("rate_limit = \"60/min\"\n", ""),
        ("memory_mb = 128", "memory_mb = 64"),
        ("host_allow = [\"api.messenger.example\"]", "require_sni = true, host_allow = [\"api.messenger.example\"]"),
        ("[\"streaming\", \"bidirectional\"]", "[\"bidirectional\", \"streaming\"]"),
        ("base64:47DEQ", "47DEQ"),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(hash(&text.replace(from, to)), hash(&text), "{from}");
    }
    for (from, to) in [
        ("model = \"singleton_writer\"", "model = \"stateless\""),
        ("maxLength = 4096", "maxLength = 4097"),
        ("port_allow = [443]", "port_allow = [443, 8443]"),
        ("requires_approval = \"policy\"", "requires_approval = \"interactive\""),
        ("optional = [\"media.upload\"]", "optional = []"),
        ("schema = { type = \"object\", required = [\"text\"] }", "schema = { type = \"object\" }"),
    ] {
        assert!(text.contains(from), "{from}");
        assert_ne!(hash(&text.replace(from, to)), hash(&text), "{from}");
        assert_eq!(codes(with(from, to)), ["manifest.interface_hash_mismatch"], "{from}");
    }
}

#[test]
fn a_wrong_hash_says_the_right_one() {
    let error = with(HASH, &"0".repeat(64)).map(|_| ()).unwrap_err();
    let fault = error.iter().next().unwrap();
    assert_eq!((fault.line(), fault.column(), fault.path()), (8, 18, "manifest.interface_hash"));
    assert!(fault.message().contains(HASH));
    for other in ["sha256:fcp.interface.v2:", "blake3-256:fcp.interface.v1:", "blake3-256:"] {
        assert_eq!(codes(with("blake3-256:fcp.interface.v2:", other)), ["manifest.interface_hash_syntax"]);
    }
    assert!(format!("blake3-256:fcp.interface.v2:{}", "A".repeat(64)).parse::<InterfaceHash>().is_err());
}

#[test]
fn each_rule_has_its_reason_and_place() {
    for (from, to, code, line) in [
        ("format = \"fcp-connector-manifest\"", "format = \"other\"", "manifest.bad_value", 2),
        ("schema_version = \"2.1\"", "schema_version = \"2.0\"", "manifest.bad_value", 3),
        ("min_mesh_version = \"2.0.0\"", "min_mesh_version = \"2.0\"", "manifest.bad_version", 4),
        ("min_mesh_version = \"2.0.0\"", "min_mesh_version = 2", "manifest.wrong_type", 4),
        ("fcp2-sym/2.0", "fcp2-sym", "manifest.bad_version", 5),
        ("egress.dns_rebind_protection", "Egress.dns_rebind_protection", "manifest.unknown_feature", 6),
        ("\"egress.dns_rebind_protection\"", "\"fcps.aead.xchacha20poly1305\"", "manifest.duplicate", 6),
        ("max_datagram_bytes = 1200", "max_datagram_bytes = 100", "manifest.bad_value", 7),
        ("id = \"example.messenger\"", "id = \"Example\"", "id.uppercase", 11),
        ("version = \"2026.1.0\"", "version = \"2026.01.0\"", "manifest.bad_version", 13),
        ("\"streaming\", ", "\"steaming\", ", "manifest.bad_value", 15),
        ("archetypes = [\"streaming\", \"bidirectional\"]", "archetypes = []", "manifest.bad_value", 15),
        ("format = \"native\"", "format = \"jar\"", "manifest.bad_value", 16),
        ("format = \"native\"", "format = \"native\"\nsingleton_writer = false", "manifest.contradiction", 17),
        ("model = \"singleton_writer\"", "model = \"SingletonWriter\"", "manifest.bad_value", 19),
        ("model = \"singleton_writer\"", "model = \"crdt\"", "manifest.missing_key", 18),
        ("state_schema_version = \"1\"", "crdt_type = \"or_set\"", "manifest.contradiction", 20),
        ("snapshot_every_updates = 5000", "snapshot_every_updates = 0", "manifest.bad_value", 21),
        ("home = \"z:community\"", "home = \"community\"", "id.zone_prefix", 24),
        ("forbidden = [\"z:public\"]", "forbidden = [\"z:owner\"]", "manifest.contradiction", 27),
        ("\"network.egress\"]", "\"network.egress:a.example\"]", "capability.host_in_id", 30),
        ("\"media.upload\"", "\"system.exec\"", "manifest.contradiction", 29),
        ("risk_level = \"medium\"", "risk_level = \"mild\"", "manifest.bad_value", 37),
        ("safety_tier = \"risky\"", "safety_tier = \"dangerous\"", "manifest.contradiction", 41),
        ("requires_approval = \"policy\"", "requires_approval = \"maybe\"", "manifest.bad_value", 39),
        ("60/min", "060/min", "capability.bad_rate_limit", 40),
        ("best_effort", "sometimes", "manifest.bad_value", 41),
        ("maxLength = 4096", "maxLength = 4096.5", "manifest.float_or_date", 42),
        ("maxLength = 4096", "maxLength = 2026-01-01", "manifest.float_or_date", 42),
        ("maxLength = 4096", "maxLength = -1", "manifest.bad_schema", 42),
        ("api.messenger.example", "*.example", "manifest.bad_value", 44),
        ("api.messenger.example", "API.messenger.example", "manifest.bad_value", 44),
        ("api.messenger.example", "a.*.example", "manifest.bad_value", 44),
        ("port_allow = [443]", "port_allow = [0]", "manifest.bad_value", 44),
        ("port_allow = [443]", "port_allow = []", "manifest.bad_value", 44),
        ("port_allow = [443], ", "", "manifest.missing_key", 44),
        ("base64:47DEQ", "base64:47DE", "manifest.bad_value", 44),
        ("host_allow = [\"api.messenger.example\"]", "hosts = []", "manifest.unknown_key", 44),
        ("when_to_use = \"Use to post", "why = \"Use to post", "manifest.missing_key", 46),
        ("\"chats.list\"", "\"Chats.list\"", "id.uppercase", 50),
        ("streaming = true", "streaming = false", "manifest.contradiction", 65),
        ("profile = \"moderate\"", "profile = \"loose\"", "manifest.bad_value", 71),
        ("memory_mb = 128", "memory_gb = 1", "manifest.unknown_key", 72),
        ("0011223344556677", "pubkey1", "id.bad_hex", 77),
        ("sig = \"base64:", "sig = \"", "manifest.bad_value", 77),
        ("1-of-3", "4-of-3", "manifest.bad_value", 79),
        ("1-of-3", "0-of-3", "manifest.bad_value", 79),
        ("publisher_threshold = \"1-of-3\"\n", "", "manifest.missing_key", 76),
        ("transparency_log_entry = \"objectid:", "transparency_log_entry = \"", "manifest.bad_value", 80),
        ("min_slsa_level = 2", "min_slsa_level = 5", "manifest.bad_value", 90),
        ("[policy]", "[polici]", "manifest.unknown_key", 87),
    ] {
        let error = with(from, to).map(|_| ()).unwrap_err();
        let found: Vec<_> = error.iter().map(|fault| (fault.reason().code(), fault.line())).collect();
        assert!(found.contains(&(code, line)), "{from} -> {to}: {error}");
    }
}

#[test]
fn every_fault_is_reported_in_order() {
    let text = sample().replace("risky", "dangerous").replace("z:community", "community").replace("[443]", "443");
    let error = Manifest::parse(&text).map(|_| ()).unwrap_err();
    let lines: Vec<usize> = error.iter().map(super::ManifestFault::line).collect();
    assert_eq!(lines, [24, 25, 26, 41, 44]);
    assert!(error.to_string().starts_with("24:8: zones.home: "), "{error}");
}

#[test]
fn texts_that_are_no_manifest() {
    for (text, code) in [
        ("", "manifest.missing_key"),
        ("[manifest", "manifest.syntax"),
        ("a = 1\na = 2", "manifest.syntax"),
        ("manifest = 1", "manifest.wrong_type"),
        ("\u{0}", "manifest.syntax"),
    ] {
        let found = codes(Manifest::parse(text));
        assert!(found.contains(&code), "{text:?}: {found:?}");
    }
    assert_eq!(codes(Manifest::parse(&"#".repeat(super::MAX_MANIFEST + 1))), ["manifest.syntax"]);
    // Columns count characters: the fault stands behind two letters of two bytes each.
    let error = Manifest::parse("\"ää\" = { b = 1, b = 2 }").map(|_| ()).unwrap_err();
    assert_eq!(error.iter().next().unwrap().column(), 17);
}

#[test]
fn negotiation_fails_closed() {
    let manifest = Manifest::parse(&sample()).unwrap();
    let support = MeshSupport {
        mesh_version: "2.0.0".parse().unwrap(),
        protocol: ProtocolVersion::current(),
        features: ProtocolFeature::ALL.to_vec(),
        min_datagram_bytes: 1200,
    };
    manifest.negotiate(&support).unwrap();
    let refused = |support: &MeshSupport| manifest.negotiate(support).unwrap_err();
    let old = MeshSupport { mesh_version: "2.0.0-rc.1".parse().unwrap(), ..support.clone() };
    assert_eq!(refused(&old), [Incompatibility::MeshVersion { required: "2.0.0".parse().unwrap() }]);
    let other = MeshSupport { protocol: "fcp2-sym/3.0".parse().unwrap(), ..support.clone() };
    assert!(matches!(refused(&other)[..], [Incompatibility::Protocol { .. }]));
    let bare = MeshSupport { features: vec![ProtocolFeature::FcpsXChaCha20], ..support.clone() };
    assert_eq!(refused(&bare), [Incompatibility::Feature(ProtocolFeature::EgressDnsRebind)]);
    let large = MeshSupport { min_datagram_bytes: 1201, ..support };
    assert_eq!(refused(&large), [Incompatibility::DatagramLimit { limit: 1200 }]);
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[\\[\\]a-z=\"\n.{}0-9, ]{0,200}") {
        let _ = Manifest::parse(&text);
    }

    #[test]
    fn no_damaged_manifest_panics(at in 0_usize..4000, with in "[ -~]{0,4}", cut in 0_usize..8) {
        let mut text = sample();
        let end = at.saturating_add(cut).min(text.len());
        if at < end {
            text.replace_range(at..end, &with);
        }
        let _ = Manifest::parse(&text);
    }
}
