//! Everything that is read from text.

use core::fmt::Display;
use core::str::FromStr;

use fcp_caps::capability::RateLimit;
use fcp_caps::grant::{ResourceUri, allows, denies};
use fcp_caps::invoke::IdempotencyKey;
use fcp_connector_sdk::effect::{FileScope, RelativePath};
use fcp_connector_sdk::manifest::{InterfaceHash, Manifest, ProtocolFeature, ProtocolVersion, Version};
use fcp_connector_sdk::schema::Schema;
use fcp_core::cbor;
use fcp_core::error::{ErrorCode, Reason};
use fcp_core::glob::Glob;
use fcp_core::id::{
    CapabilityId, ConnectorId, CredentialId, InstanceId, Jti, Kid, NodeId, NodeTag, ObjectId, OperationId, PrincipalId,
    RoleId, SchemaHash, SchemaId, SecretId, TailscaleTag, ZoneId, ZoneIdHash, ZoneKeyId,
};
use fcp_core::pointer::JsonPointer;

use super::input::two_texts;

/// What is written is read back as the same.
fn both_ways<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let written = value.to_string();
        assert!(written.parse::<T>().is_ok_and(|again| again == value), "`{text}` is written as `{written}`");
    }
}

/// Checks one text.
type Check = fn(&str);

/// Each kind of text.
pub(super) const KINDS: &[(&str, Check)] = &[
    ("capability", both_ways::<CapabilityId>),
    ("connector", both_ways::<ConnectorId>),
    ("credential", both_ways::<CredentialId>),
    ("instance", both_ways::<InstanceId>),
    ("operation", both_ways::<OperationId>),
    ("principal", both_ways::<PrincipalId>),
    ("role", both_ways::<RoleId>),
    ("secret", both_ways::<SecretId>),
    ("zone", both_ways::<ZoneId>),
    ("node", both_ways::<NodeId>),
    ("tag", both_ways::<NodeTag>),
    ("tailscale_tag", both_ways::<TailscaleTag>),
    ("schema", both_ways::<SchemaId>),
    ("object_id", both_ways::<ObjectId>),
    ("jti", both_ways::<Jti>),
    ("kid", both_ways::<Kid>),
    ("schema_hash", both_ways::<SchemaHash>),
    ("zone_hash", both_ways::<ZoneIdHash>),
    ("zone_key_id", both_ways::<ZoneKeyId>),
    ("reason", both_ways::<Reason>),
    ("error_code", both_ways::<ErrorCode>),
    ("rate_limit", both_ways::<RateLimit>),
    ("version", both_ways::<Version>),
    ("protocol_version", both_ways::<ProtocolVersion>),
    ("interface_hash", both_ways::<InterfaceHash>),
    ("path", both_ways::<RelativePath>),
    ("scope", both_ways::<FileScope>),
    ("idempotency_key", both_ways::<IdempotencyKey>),
    ("node_bytes", |text| assert_eq!(NodeId::from_bytes(text.as_bytes()), NodeId::new(text))),
    ("zone_of_tag", |text| {
        if let Ok(zone) = ZoneId::from_tailscale_tag(text) {
            assert_eq!(zone.to_tailscale_tag().ok().as_deref(), Some(text));
        }
    }),
    ("feature", |text| {
        if let Some(feature) = ProtocolFeature::from_text(text) {
            assert_eq!(feature.text(), text);
        }
    }),
    ("resource", |text| {
        let (pattern, uri) = text.split_once('\0').unwrap_or((text, ""));
        if let (true, Ok(uri)) = (allows(pattern, uri), ResourceUri::new(uri)) {
            assert!(
                denies(pattern, &uri.to_string()),
                "a pattern that allows also denies, where it stands in a denial"
            );
        }
    }),
];

/// The kind is the first byte; the text is the rest.
pub(super) fn texts(bytes: &[u8]) {
    let Some((kind, text)) = bytes.split_first() else { return };
    let Ok(text) = core::str::from_utf8(text) else { return };
    let (_, check) = KINDS[usize::from(*kind) % KINDS.len()];
    check(text);
}

/// D79 word for word, in the way of the textbook: whether the first `i` bytes of the pattern match the first `j` of the
/// text.
fn naive(pattern: &[u8], text: &[u8]) -> bool {
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for own in pattern {
        let mut next = vec![false; text.len() + 1];
        next[0] = row[0] && *own == b'*';
        for (at, byte) in text.iter().enumerate() {
            next[at + 1] = match own {
                b'*' => row[at + 1] || next[at],
                b'?' => row[at],
                own => row[at] && own == byte,
            };
        }
        row = next;
    }
    row[text.len()]
}

/// Patterns match what the naive model matches.
pub(super) fn glob(bytes: &[u8]) {
    let Some((pattern, text)) = two_texts(bytes) else { return };
    both_ways::<Glob>(pattern);
    if let Ok(glob) = Glob::new(pattern)
        && text.len() <= 4096
    {
        assert_eq!(glob.matches(text), naive(pattern.as_bytes(), text.as_bytes()), "`{pattern}`, `{text}`");
    }
}

/// A pointer leads where its tokens say, and to every leaf that is listed.
pub(super) fn pointer(bytes: &[u8]) {
    let Some((pointer, json)) = two_texts(bytes) else { return };
    both_ways::<JsonPointer>(pointer);
    let Ok(value) = cbor::from_json(json) else { return };
    if let Ok(pointer) = JsonPointer::new(pointer) {
        assert!(!pointer.is_ancestor_of(&pointer));
        let _ = pointer.resolve(&value);
    }
    for leaf in fcp_core::pointer::leaves(&value).take(64) {
        assert!(leaf.resolve(&value).is_ok(), "a leaf is listed and not there");
    }
}

/// Manifests are read or refused with every fault, and both readers agree.
pub(super) fn manifest(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    match Manifest::parse(text) {
        Ok(manifest) => {
            assert!(Manifest::compute_interface_hash(text).is_ok(), "read, but without an interface");
            assert_eq!(Manifest::parse(text).map(|again| again.hash()), Ok(manifest.hash()));
        }
        Err(error) => assert!(!error.to_string().is_empty() && !error.reason().code().is_empty()),
    }
}

/// JSON Schemas and what is held against them.
pub(super) fn schema(bytes: &[u8]) {
    let Some((schema, instance)) = two_texts(bytes) else { return };
    let Ok(schema) = cbor::from_json(schema) else { return };
    if let (Ok(schema), Ok(instance)) = (Schema::compile(&schema), cbor::from_json(instance)) {
        let first = schema.check(&instance);
        assert_eq!(schema.check(&instance), first);
    }
}
