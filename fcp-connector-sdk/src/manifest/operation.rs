//! Operations and events of a manifest (§11.1).

use std::sync::Arc;

use fcp_caps::capability::{AgentHint, ApprovalMode, IdempotencyClass, RateLimit};
use fcp_caps::grant::NetworkConstraints;
use fcp_caps::taxonomy;
use fcp_core::cbor::{Value, decode, encode};
use fcp_core::error::Reason;
use fcp_core::id::{CapabilityId, OperationId};
use fcp_core::safety::{RiskLevel, SafetyTier};

use super::network;
use super::reader::{Item, Section};
use crate::schema::{Schema, Violation};

/// An operation as the manifest has it.
#[derive(Debug, Clone)]
pub struct OperationSpec {
    /// Its id.
    pub id: OperationId,
    /// What it does, for people.
    pub description: String,
    /// The capability that a caller needs.
    pub capability: CapabilityId,
    /// How bad it is if it goes wrong, for people.
    pub risk_level: RiskLevel,
    /// How much it can do, for enforcement; a tier that nobody knows is forbidden (D102).
    pub safety_tier: SafetyTier,
    /// Who must agree first.
    pub requires_approval: ApprovalMode,
    /// How often it may be called (D158).
    pub rate_limit: Option<RateLimit>,
    /// What happens if it is asked for twice.
    pub idempotency: IdempotencyClass,
    /// The JSON Schema of its input.
    pub input_schema: Value,
    /// The JSON Schema of its output.
    pub output_schema: Value,
    /// Where it may connect to; if nothing is said, nowhere (D128).
    pub network_constraints: Option<NetworkConstraints>,
    /// What an agent should know.
    pub ai_hints: AgentHint,
    input: Arc<Schema>,
    output: Arc<Schema>,
}

impl OperationSpec {
    /// Checks an input against the schema.
    ///
    /// # Errors
    /// [`Violation`] with the first place that does not fit.
    pub fn check_input(&self, input: &Value) -> Result<(), Violation> {
        self.input.check(input)
    }

    /// Checks an output against the schema.
    ///
    /// # Errors
    /// [`Violation`] with the first place that does not fit.
    pub fn check_output(&self, output: &Value) -> Result<(), Violation> {
        self.output.check(output)
    }

    /// Whether a call must carry an idempotency key: it has a class of `strict` and is not safe (D144).
    #[must_use]
    pub fn needs_idempotency_key(&self) -> bool {
        self.idempotency == IdempotencyClass::Strict && self.safety_tier > SafetyTier::Safe
    }
}

/// A topic of events as the manifest has it.
#[derive(Debug, Clone)]
pub struct EventSpec {
    /// The topic.
    pub topic: String,
    /// What it tells, for people.
    pub description: String,
    /// The JSON Schema of its data.
    pub schema: Value,
    compiled: Arc<Schema>,
}

impl EventSpec {
    /// Checks an event's data against the schema.
    ///
    /// # Errors
    /// [`Violation`] with the first place that does not fit.
    pub fn check(&self, data: &Value) -> Result<(), Violation> {
        self.compiled.check(data)
    }
}

/// Reads an entry of `[provides.operations]`.
pub(super) fn operation(name: &str, name_item: &Item<'_, '_>) -> Option<OperationSpec> {
    let id = OperationId::new(name).map_err(|error| name_item.fault(error.reason(), error.to_string())).ok();
    let section = name_item.table()?;
    let description = section.required("description").and_then(|item| item.text());
    let capability = section.required("capability").and_then(|item| capability(&item));
    let risk_level = section.required("risk_level").and_then(|item| {
        // The names are those of the wire.
        item.name(|name| decode(&encode(name)).ok(), "one of `low`, `medium`, `high`, `critical`")
    });
    let safety_tier = section.required("safety_tier").and_then(|item| item.text()).map(SafetyTier::from_name);
    let requires_approval = section.required("requires_approval").and_then(|item| {
        item.name(ApprovalMode::from_name, "one of `none`, `policy`, `interactive`, `approval_required`")
    });
    let rate_limit = section
        .optional("rate_limit")
        .and_then(|item| item.parse(str::parse::<RateLimit>, |_| Reason::CapabilityBadRateLimit));
    let idempotency = section.required("idempotency").and_then(|item| {
        let class = item.name(IdempotencyClass::from_name, "one of `none`, `best_effort`, `strict`")?;
        if safety_tier == Some(SafetyTier::Dangerous) && class != IdempotencyClass::Strict {
            item.fault(Reason::ManifestContradiction, "a dangerous operation is `strict` (§9.5)");
        }
        Some(class)
    });
    let input = section.required("input_schema").and_then(|item| schema(&item));
    let output = section.required("output_schema").and_then(|item| schema(&item));
    let network_constraints = section.optional("network_constraints").and_then(|item| item.table()).map(network::read);
    let ai_hints = section.required_section("ai_hints").and_then(hints);
    section.finish();
    let ((input_schema, input), (output_schema, output)) = (input?, output?);
    Some(OperationSpec {
        id: id?,
        description: description?.to_owned(),
        capability: capability?,
        risk_level: risk_level?,
        safety_tier: safety_tier?,
        requires_approval: requires_approval?,
        rate_limit,
        idempotency: idempotency?,
        input_schema,
        output_schema,
        network_constraints,
        ai_hints: ai_hints?,
        input,
        output,
    })
}

/// Reads an entry of `[provides.events]`.
pub(super) fn event(topic: &str, item: &Item<'_, '_>) -> Option<EventSpec> {
    if topic.is_empty() || topic.len() > 128 || topic.chars().any(char::is_control) {
        item.fault(Reason::ManifestBadValue, "a topic has 1 to 128 bytes and no control character");
    }
    let section = item.table()?;
    let description = section.required("description").and_then(|item| item.text());
    let found = section.required("schema").and_then(|item| schema(&item));
    section.finish();
    let (schema, compiled) = found?;
    Some(EventSpec { topic: topic.to_owned(), description: description?.to_owned(), schema, compiled })
}

/// A capability whose name carries no host (§11.1).
pub(super) fn capability(item: &Item<'_, '_>) -> Option<CapabilityId> {
    let id = item.parse(CapabilityId::new, |error| error.reason())?;
    if let Err(reason) = taxonomy::check_name(&id) {
        item.fault(reason, reason.meaning());
    }
    Some(id)
}

fn schema(item: &Item<'_, '_>) -> Option<(Value, Arc<Schema>)> {
    item.table()?;
    let value = item.value()?;
    match Schema::compile(&value) {
        Ok(schema) => Some((value, Arc::new(schema))),
        Err(error) => {
            item.fault(Reason::ManifestBadSchema, error.to_string());
            None
        }
    }
}

fn hints(section: Section<'_, '_>) -> Option<AgentHint> {
    let texts = |item: Option<Item<'_, '_>>| {
        item.and_then(|item| item.list(|item| item.text().map(str::to_owned))).unwrap_or_default()
    };
    let when_to_use = section.required("when_to_use").and_then(|item| {
        let text = item.text()?;
        if text.trim().is_empty() {
            item.fault(Reason::ManifestBadValue, "an agent needs to know when to use the operation");
        }
        Some(text.to_owned())
    });
    let hint = AgentHint {
        when_to_use: String::new(),
        common_mistakes: texts(section.optional("common_mistakes")),
        examples: texts(section.optional("examples")),
        related: section.optional("related").and_then(|item| item.list(capability)).unwrap_or_default(),
    };
    section.finish();
    Some(AgentHint { when_to_use: when_to_use?, ..hint })
}
