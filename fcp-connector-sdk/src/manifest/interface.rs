//! The interface hash (§11.1 rule 5, D152): what callers depend on, in 32 bytes.

use std::fmt;
use std::str::FromStr;

use fcp_core::cbor::{self, Value};
use fcp_core::error::Reason;
use fcp_core::id::SchemaHash;

use super::Manifest;
use crate::operation::to_value;

/// What stands before the digits.
const PREFIX: &str = "blake3-256:fcp.interface.v2:";

/// The domain of the hash.
const DOMAIN: &[u8] = b"fcp.interface.v2";

/// The hash of a connector's interface: BLAKE3-256(`fcp.interface.v2` ‖ CBOR of the descriptor) (D152).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InterfaceHash([u8; 32]);

/// The text is no interface hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not `blake3-256:fcp.interface.v2:` and 64 lower-case hexadecimal digits")]
pub struct InterfaceHashError;

impl InterfaceHashError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::ManifestInterfaceHashSyntax
    }
}

impl InterfaceHash {
    /// The hash of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn of(manifest: &Manifest) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(DOMAIN);
        hasher.update(&cbor::encode(&descriptor(manifest)));
        Self(*hasher.finalize().as_bytes())
    }
}

/// The descriptor of D152.
///
/// ```cddl
/// interface-descriptor = { connector_id: tstr, archetypes: [* tstr], state: tstr,
///   capabilities: { required: [* tstr], optional: [* tstr], forbidden: [* tstr] },
///   operations: [* { id: tstr, capability: tstr, risk_level: tstr, safety_tier: tstr, idempotency: tstr,
///     requires_approval: tstr, input_schema: any, output_schema: any, ? network_constraints: network-constraints }],
///   events: [* { topic: tstr, schema: any }] }
/// ```
///
/// Its own lists are sorted by their UTF-8 bytes; what stands inside of schemas and network constraints keeps its order.
fn descriptor(manifest: &Manifest) -> Value {
    let texts = |texts: Vec<&str>| {
        let mut texts = texts;
        texts.sort_unstable();
        Value::Array(texts.into_iter().map(Value::from).collect())
    };
    let capabilities = &manifest.capabilities;
    let ids = |list: &[fcp_core::id::CapabilityId]| texts(list.iter().map(|id| id.as_str()).collect());
    let operations = manifest.operations.iter().map(|operation| {
        let mut entries = vec![
            ("id", Value::from(operation.id.as_str())),
            ("capability", Value::from(operation.capability.as_str())),
            ("risk_level", to_value(&operation.risk_level).unwrap_or(Value::Null)),
            ("safety_tier", Value::from(operation.safety_tier.name())),
            ("idempotency", Value::from(operation.idempotency.name())),
            ("requires_approval", Value::from(operation.requires_approval.name())),
            ("input_schema", operation.input_schema.clone()),
            ("output_schema", operation.output_schema.clone()),
        ];
        if let Some(constraints) = &operation.network_constraints {
            entries.push(("network_constraints", to_value(constraints).unwrap_or(Value::Null)));
        }
        Value::map(entries)
    });
    let events = manifest
        .events
        .iter()
        .map(|event| Value::map([("topic", Value::from(event.topic.as_str())), ("schema", event.schema.clone())]));
    Value::map([
        ("connector_id", Value::from(manifest.connector.id.as_str())),
        ("archetypes", texts(manifest.connector.archetypes.iter().map(|archetype| archetype.name()).collect())),
        ("state", Value::from(manifest.connector.state.model.name())),
        (
            "capabilities",
            Value::map([
                ("required", ids(&capabilities.required)),
                ("optional", ids(&capabilities.optional)),
                ("forbidden", ids(&capabilities.forbidden)),
            ]),
        ),
        ("operations", Value::Array(operations.collect())),
        ("events", Value::Array(events.collect())),
    ])
}

impl fmt::Display for InterfaceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for InterfaceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InterfaceHash({self})")
    }
}

impl FromStr for InterfaceHash {
    type Err = InterfaceHashError;

    fn from_str(text: &str) -> Result<Self, InterfaceHashError> {
        let digits = text.strip_prefix(PREFIX).ok_or(InterfaceHashError)?;
        let hash: SchemaHash = digits.parse().map_err(|_| InterfaceHashError)?;
        Ok(Self(*hash.as_bytes()))
    }
}

impl cbor::Encode for InterfaceHash {
    fn encode(&self, encoder: &mut cbor::Encoder<'_>) {
        encoder.text(&self.to_string());
    }
}

impl<'b> cbor::Decode<'b> for InterfaceHash {
    fn decode(decoder: &mut cbor::Decoder<'b>) -> Result<Self, cbor::DecodeError> {
        let offset = decoder.position();
        let parsed = decoder.text()?.parse();
        parsed.map_err(|error: InterfaceHashError| cbor::Decoder::invalid(offset, error.reason()))
    }
}
