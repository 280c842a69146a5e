//! `id.*`, `schema.*`, `zone.*`: identifiers and their hashes (§3.3–§3.4.2, D19–D23).

use fcp_core::id::{
    CapabilityId, ConnectorId, CredentialId, IdError, InstanceId, NodeId, NodeTag, OperationId, PrincipalId, RoleId,
    SchemaId, SecretId, ZoneId,
};

use super::{Operation, operation};
use crate::fields::{Answer, Fields};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("id.check", check),
    operation("schema.hash", schema_hash),
    operation("zone.hash", zone_hash),
    operation("zone.tag", zone_tag),
    operation("zone.from_tag", zone_from_tag),
];

type Check = fn(&str) -> Result<(), IdError>;

/// The kinds of identifiers.
const KINDS: &[(&str, Check)] = &[
    ("principal", |text| PrincipalId::new(text).map(drop)),
    ("connector", |text| ConnectorId::new(text).map(drop)),
    ("capability", |text| CapabilityId::new(text).map(drop)),
    ("operation", |text| OperationId::new(text).map(drop)),
    ("role", |text| RoleId::new(text).map(drop)),
    ("secret", |text| SecretId::new(text).map(drop)),
    ("credential", |text| CredentialId::new(text).map(drop)),
    ("instance", |text| InstanceId::new(text).map(drop)),
    ("zone", |text| ZoneId::new(text).map(drop)),
    ("node", |text| NodeId::new(text).map(drop)),
    ("tag", |text| NodeTag::new(text).map(drop)),
];

fn check(input: Fields<'_>) -> Result<Answer, Refusal> {
    input.choice("kind", KINDS)?(input.text("text")?)?;
    Ok(Answer::new())
}

/// The schema id that the fields {namespace, name, version} name.
pub(super) fn schema(fields: Fields<'_>) -> Result<SchemaId, Refusal> {
    let (namespace, name, version) = (fields.text("namespace")?, fields.text("name")?, fields.text("version")?);
    let schema = SchemaId::new(&format!("{namespace}:{name}@{version}"))?;
    // A part that holds a separator of its own would otherwise be read as another part.
    if (schema.namespace(), schema.name()) == (namespace, name) {
        Ok(schema)
    } else {
        Err(fcp_core::error::Reason::IdSchemaSyntax.into())
    }
}

/// The zone in the field `zone`.
pub(super) fn zone(fields: Fields<'_>) -> Result<ZoneId, Refusal> {
    Ok(ZoneId::new(fields.text("zone")?)?)
}

fn schema_hash(input: Fields<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::new().bytes("hash", schema(input)?.hash().as_bytes()))
}

fn zone_hash(input: Fields<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::new().bytes("hash", zone(input)?.hash().as_bytes()))
}

fn zone_tag(input: Fields<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::new().text("tag", &zone(input)?.to_tailscale_tag()?))
}

fn zone_from_tag(input: Fields<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::new().text("zone", ZoneId::from_tailscale_tag(input.text("tag")?)?.as_str()))
}
