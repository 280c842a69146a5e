//! From the TOML tree to the manifest.

use data_encoding::BASE64;
use fcp_core::error::Reason;
use fcp_core::id::{CapabilityId, ConnectorId, ObjectId, ZoneId};
use fcp_core::sign::Signature;
use toml::de::DeTable;

use super::feature::ProtocolFeature;
use super::interface::InterfaceHash;
use super::operation;
use super::reader::{Faults, Item, Section};
use super::section::{
    Archetype, Attestation, Capabilities, ConnectorFormat, ConnectorInfo, CrdtType, EventCaps, ManifestSignature,
    OwnerPolicy, ProtocolRequirements, PublisherThreshold, SandboxConfig, SandboxProfile, Signatures, StateModel,
    StateSettings, SupplyChain, ZoneBindings,
};
use super::{MAX_MANIFEST, Manifest, without_signatures};

/// Reads a whole manifest and checks its interface hash.
pub(super) fn manifest(text: &str, faults: &Faults<'_>) -> Option<Manifest> {
    read(text, faults, true)
}

/// Reads a manifest whose interface hash may still be missing or wrong.
pub(super) fn draft(text: &str, faults: &Faults<'_>) -> Option<Manifest> {
    read(text, faults, false)
}

fn read(text: &str, faults: &Faults<'_>, check_hash: bool) -> Option<Manifest> {
    if text.len() > MAX_MANIFEST {
        faults.add(0, "", Reason::ManifestSyntax, "longer than 1 MiB");
        return None;
    }
    let (tree, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let offset = error.span().map_or(0, |span| span.start);
        faults.add(offset, "", Reason::ManifestSyntax, error.message());
    }
    if !errors.is_empty() {
        return None;
    }
    let root = Section::root(faults, tree.get_ref());
    let protocol = root.required_section("manifest").and_then(|section| protocol(section, check_hash));
    let connector = root.required_section("connector").and_then(connector);
    let zones = root.required_section("zones").and_then(zones);
    let capabilities = capabilities(root.section("capabilities"));
    let provides = root.section("provides");
    let mut operations: Vec<_> = provides
        .section("operations")
        .entries()
        .iter()
        .filter_map(|(name, _, item)| operation::operation(name, item))
        .collect();
    let mut events: Vec<_> = provides
        .section("events")
        .entries()
        .iter()
        .filter_map(|(topic, _, item)| operation::event(topic, item))
        .collect();
    provides.finish();
    operations.sort_by(|left, right| left.id.cmp(&right.id));
    events.sort_by(|left, right| left.topic.cmp(&right.topic));
    let event_caps = event_caps(root.section("event_caps"), events.is_empty());
    let sandbox = sandbox(root.section("sandbox"));
    let signatures = signatures(root.section("signatures"));
    let supply_chain = supply_chain(root.section("supply_chain"));
    let policy = owner_policy(root.section("policy"));
    let unsigned = root.value().map(without_signatures);
    root.finish();
    let manifest = Manifest {
        protocol: protocol?,
        connector: connector?,
        zones: zones?,
        capabilities,
        operations,
        events,
        event_caps,
        sandbox,
        signatures,
        supply_chain,
        policy,
        unsigned: unsigned?,
    };
    if check_hash && faults.is_empty() {
        let computed = InterfaceHash::of(&manifest);
        if computed != manifest.protocol.interface_hash {
            let message = format!("the interface is `{computed}`");
            let key = Section::root(faults, tree.get_ref()).required_section("manifest")?.required("interface_hash")?;
            key.fault(Reason::ManifestInterfaceHashMismatch, message);
        }
    }
    Some(manifest)
}

fn protocol(section: Section<'_, '_>, check_hash: bool) -> Option<ProtocolRequirements> {
    let exactly = |key: &'static str, expected: &str| {
        section.required(key)?.name(|text| (text == expected).then_some(()), &format!("`{expected}`"))
    };
    let format = exactly("format", "fcp-connector-manifest");
    let schema_version = exactly("schema_version", "2.1");
    let min_mesh_version =
        section.required("min_mesh_version").and_then(|item| item.parse(str::parse, |_| Reason::ManifestBadVersion));
    let min_protocol =
        section.required("min_protocol").and_then(|item| item.parse(str::parse, |_| Reason::ManifestBadVersion));
    let features = section.required("protocol_features").and_then(|item| item.list(feature));
    let max_datagram_bytes = section.required("max_datagram_bytes").and_then(|item| item.integer(432, 65_507));
    let interface_hash = if check_hash {
        let item = section.required("interface_hash");
        item.and_then(|item| item.parse(str::parse, |_| Reason::ManifestInterfaceHashSyntax))
    } else {
        section.optional("interface_hash");
        Some(InterfaceHash::from_bytes([0; 32]))
    };
    section.finish();
    let ((), ()) = (format?, schema_version?);
    Some(ProtocolRequirements {
        min_mesh_version: min_mesh_version?,
        min_protocol: min_protocol?,
        features: features?,
        max_datagram_bytes: max_datagram_bytes?,
        interface_hash: interface_hash?,
    })
}

fn feature(item: &Item<'_, '_>) -> Option<ProtocolFeature> {
    let feature = ProtocolFeature::from_text(item.text()?);
    if feature.is_none() {
        item.fault(Reason::ManifestUnknownFeature, "no protocol feature has this name (D157)");
    }
    feature
}

fn connector(section: Section<'_, '_>) -> Option<ConnectorInfo> {
    let text = |key| section.required(key).and_then(|item: Item<'_, '_>| item.text().map(str::to_owned));
    let id = section.required("id").and_then(|item| item.parse(ConnectorId::new, |error| error.reason()));
    let (name, description) = (text("name"), text("description"));
    let version = section.required("version").and_then(|item| item.parse(str::parse, |_| Reason::ManifestBadVersion));
    let archetypes = section.required("archetypes").and_then(|item| {
        let mut list = item.list(|item| item.name(Archetype::from_name, &Archetype::expected()))?;
        if list.is_empty() {
            item.fault(Reason::ManifestBadValue, "a connector has at least one archetype");
        }
        list.sort_by_key(|archetype| archetype.name());
        Some(list)
    });
    let format =
        section.required("format").and_then(|item| item.name(ConnectorFormat::from_name, &ConnectorFormat::expected()));
    let legacy = section.optional("singleton_writer");
    let state = state(section.section("state"), legacy);
    section.finish();
    Some(ConnectorInfo {
        id: id?,
        name: name?,
        version: version?,
        description: description?,
        archetypes: archetypes?,
        format: format?,
        state: state?,
    })
}

/// `singleton_writer = true` is the older spelling of `model = "singleton_writer"` (§10.4).
fn state(section: Section<'_, '_>, legacy: Option<Item<'_, '_>>) -> Option<StateSettings> {
    let text = |key| section.optional(key).and_then(|item: Item<'_, '_>| item.text().map(str::to_owned));
    let number = |key| section.optional(key).and_then(|item: Item<'_, '_>| item.integer(1, i64::MAX));
    let named = section.optional("model");
    let crdt = section.optional("crdt_type");
    let crdt_type = crdt.as_ref().and_then(|item| item.name(CrdtType::from_name, &CrdtType::expected()));
    let singleton = legacy.as_ref().and_then(Item::boolean);
    let expected = "one of `stateless`, `singleton_writer`, `crdt`";
    let name = match &named {
        Some(item) => item.text(),
        None if singleton == Some(true) => Some("singleton_writer"),
        None => Some("stateless"),
    };
    let model = match name? {
        "stateless" => Some(StateModel::Stateless),
        "singleton_writer" => Some(StateModel::SingletonWriter),
        "crdt" if crdt.is_some() => crdt_type.map(StateModel::Crdt),
        "crdt" => {
            section.required("crdt_type");
            None
        }
        _ => named.as_ref().and_then(|item| item.name(|_| None, expected)),
    };
    if let (Some(item), Some(StateModel::Stateless | StateModel::SingletonWriter)) = (&crdt, model) {
        item.fault(Reason::ManifestContradiction, "only the model `crdt` has a type");
    }
    if let (Some(item), Some(singleton), Some(model)) = (&legacy, singleton, model)
        && singleton != (model == StateModel::SingletonWriter)
    {
        item.fault(Reason::ManifestContradiction, "contradicts `state.model`");
    }
    let settings = StateSettings {
        model: StateModel::Stateless,
        state_schema_version: text("state_schema_version"),
        migration_hint: text("migration_hint"),
        snapshot_every_updates: number("snapshot_every_updates"),
        snapshot_every_bytes: number("snapshot_every_bytes"),
    };
    section.finish();
    Some(StateSettings { model: model?, ..settings })
}

fn zone(item: &Item<'_, '_>) -> Option<ZoneId> {
    item.parse(ZoneId::new, |error| error.reason())
}

fn zones(section: Section<'_, '_>) -> Option<ZoneBindings> {
    let list = |key| section.optional(key).and_then(|item: Item<'_, '_>| item.list(zone)).unwrap_or_default();
    let home_item = section.required("home");
    let home = home_item.as_ref().and_then(zone);
    let (allowed_sources, allowed_targets) = (list("allowed_sources"), list("allowed_targets"));
    let forbidden_item = section.optional("forbidden");
    let forbidden = forbidden_item.as_ref().and_then(|item| item.list(zone)).unwrap_or_default();
    let mut wanted = home.iter().chain(&allowed_sources).chain(&allowed_targets);
    if let (Some(both), Some(item)) = (wanted.find(|zone| forbidden.contains(zone)), &forbidden_item) {
        item.fault(Reason::ManifestContradiction, format!("`{both}` is wanted elsewhere"));
    }
    section.finish();
    Some(ZoneBindings { home: home?, allowed_sources, allowed_targets, forbidden })
}

fn capabilities(section: Section<'_, '_>) -> Capabilities {
    let list = |key| {
        let found = section.optional(key).and_then(|item: Item<'_, '_>| item.list(operation::capability));
        let mut ids: Vec<CapabilityId> = found.unwrap_or_default();
        ids.sort();
        ids
    };
    let capabilities =
        Capabilities { required: list("required"), optional: list("optional"), forbidden: list("forbidden") };
    if let Some((id, reason)) = capabilities.contradiction() {
        section.fault(reason, format!("`{id}` is wanted and forbidden"));
    }
    section.finish();
    capabilities
}

fn event_caps(section: Section<'_, '_>, no_events: bool) -> EventCaps {
    let truth = |key| section.optional(key).and_then(|item: Item<'_, '_>| item.boolean()).unwrap_or_default();
    let caps = EventCaps {
        streaming: truth("streaming"),
        replay: truth("replay"),
        min_buffer_events: section
            .optional("min_buffer_events")
            .and_then(|item| item.integer(0, i64::MAX))
            .unwrap_or_default(),
    };
    if caps.replay && !caps.streaming {
        section.fault(Reason::ManifestContradiction, "replay needs streaming");
    }
    if !no_events && !caps.streaming {
        section.fault(Reason::ManifestContradiction, "the manifest provides events, so `streaming` is true");
    }
    section.finish();
    caps
}

fn sandbox(section: Section<'_, '_>) -> SandboxConfig {
    let mut config = SandboxConfig::default();
    macro_rules! read {
        ($($field:ident: $how:expr;)*) => {$(
            if let Some(item) = section.optional(stringify!($field))
                && let Some(value) = $how(&item)
            {
                config.$field = value;
            }
        )*};
    }
    let paths = |item: &Item<'_, '_>| item.list(|item| item.text().map(str::to_owned));
    read! {
        profile: |item: &Item<'_, '_>| item.name(SandboxProfile::from_name, &SandboxProfile::expected());
        memory_mb: |item: &Item<'_, '_>| item.integer(1, i64::from(u32::MAX));
        cpu_percent: |item: &Item<'_, '_>| item.integer(1, 100);
        wall_clock_timeout_ms: |item: &Item<'_, '_>| item.integer(1, i64::MAX);
        fs_readonly_paths: paths;
        fs_writable_paths: paths;
        deny_exec: Item::boolean;
        deny_ptrace: Item::boolean;
    }
    section.finish();
    config
}

fn signatures(section: Section<'_, '_>) -> Signatures {
    let publisher_item = section.optional("publisher_signatures");
    let publisher = publisher_item.as_ref().and_then(|item| item.list(signature)).unwrap_or_default();
    let threshold = section.optional("publisher_threshold");
    let signatures = Signatures {
        publisher,
        publisher_threshold: threshold
            .as_ref()
            .and_then(|item| item.name(PublisherThreshold::parse, "`k-of-n` with 1 ≤ k ≤ n ≤ 255, such as `2-of-3`")),
        registry: section.optional("registry_signature").and_then(|item| signature(&item)),
        transparency_log_entry: section.optional("transparency_log_entry").and_then(|item| object_id(&item)),
    };
    let kids: Vec<_> = signatures.publisher.iter().chain(&signatures.registry).map(|signature| signature.kid).collect();
    if kids.iter().enumerate().any(|(index, kid)| kids.iter().skip(index.saturating_add(1)).any(|other| other == kid)) {
        section.fault(Reason::ManifestDuplicate, "a key signs once, in one role (D153)");
    }
    if let (Some(item), None) = (&publisher_item, &threshold) {
        item.fault(Reason::ManifestMissingKey, "signatures need a `publisher_threshold`");
    }
    section.finish();
    signatures
}

fn signature(item: &Item<'_, '_>) -> Option<ManifestSignature> {
    let section = item.table()?;
    let kid = section.required("kid").and_then(|item| item.parse(str::parse, |_| Reason::IdBadHex));
    let signature = section.required("sig").and_then(|item| {
        let digits = item.text()?.strip_prefix("base64:");
        let bytes = digits.and_then(|digits| BASE64.decode(digits.as_bytes()).ok());
        let signature = bytes.and_then(|bytes| <[u8; 64]>::try_from(bytes).ok()).map(Signature::from_bytes);
        if signature.is_none() {
            item.fault(Reason::ManifestBadValue, "expected `base64:` and the base64 of 64 bytes");
        }
        signature
    });
    section.finish();
    Some(ManifestSignature { kid: kid?, signature: signature? })
}

fn object_id(item: &Item<'_, '_>) -> Option<ObjectId> {
    let id = item.text()?.strip_prefix("objectid:").and_then(|digits| digits.parse().ok());
    if id.is_none() {
        item.fault(Reason::ManifestBadValue, "expected `objectid:` and 64 lower-case hexadecimal digits");
    }
    id
}

fn supply_chain(section: Section<'_, '_>) -> SupplyChain {
    let attestation = |item: &Item<'_, '_>| {
        let section = item.table()?;
        let kind = section.required("type").and_then(|item| item.text().map(str::to_owned));
        let object_id = section.required("object_id").and_then(|item| object_id(&item));
        section.finish();
        Some(Attestation { kind: kind?, object_id: object_id? })
    };
    let attestations = section.optional("attestations").and_then(|item| item.list(attestation)).unwrap_or_default();
    section.finish();
    SupplyChain { attestations }
}

fn owner_policy(section: Section<'_, '_>) -> OwnerPolicy {
    let texts = |key| {
        let found =
            section.optional(key).and_then(|item: Item<'_, '_>| item.list(|item| item.text().map(str::to_owned)));
        found.unwrap_or_default()
    };
    let policy = OwnerPolicy {
        require_transparency_log: section
            .optional("require_transparency_log")
            .and_then(|item| item.boolean())
            .unwrap_or_default(),
        require_attestation_types: texts("require_attestation_types"),
        min_slsa_level: section.optional("min_slsa_level").and_then(|item| item.integer(0, 4)).unwrap_or_default(),
        trusted_builders: texts("trusted_builders"),
    };
    section.finish();
    policy
}
