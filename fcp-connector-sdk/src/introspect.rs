//! What a connector tells about itself (§10.3, §22.1), as data: the answers to `describe`, `introspect` and
//! `capabilities`. All of it follows from the manifest.

use fcp_caps::capability::{AgentHint, ApprovalMode, IdempotencyClass, RateLimit};
use fcp_caps::grant::NetworkConstraints;
use fcp_core::cbor::{Decode, Encode, Value};
use fcp_core::error::Reason;
use fcp_core::id::{CapabilityId, ConnectorId, OperationId, ZoneId};
use fcp_core::safety::{RiskLevel, SafetyTier};

use crate::manifest::{InterfaceHash, Manifest};

/// The answer to `describe`: what the connector is.
///
/// ```cddl
/// description = { connector_id: tstr, name: tstr, version: tstr, description: tstr, archetypes: [* tstr], format: tstr,
///   state: tstr, home_zone: tstr, sandbox_profile: tstr, streaming: bool, replay: bool, min_buffer_events: uint,
///   interface_hash: tstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Description {
    /// Its id.
    pub connector_id: ConnectorId,
    /// Its name, for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does, for people.
    pub description: String,
    /// What it is for.
    pub archetypes: Vec<String>,
    /// What its binary is.
    pub format: String,
    /// How its state is kept.
    pub state: String,
    /// The zone that it belongs to.
    pub home_zone: ZoneId,
    /// How it is confined.
    pub sandbox_profile: String,
    /// Whether it emits events.
    pub streaming: bool,
    /// Whether its events can be replayed from a cursor.
    pub replay: bool,
    /// How many events must be kept at least.
    pub min_buffer_events: u64,
    /// The hash of its interface.
    pub interface_hash: InterfaceHash,
}

/// The answer to `introspect`: what an agent must know to use the connector well (§22.1).
///
/// ```cddl
/// introspection = { operations: [* operation-info], events: [* event-info], recovery_hints: [* recovery-hint] }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Introspection {
    /// The operations, by id.
    pub operations: Vec<OperationInfo>,
    /// The topics of its events.
    pub events: Vec<EventInfo>,
    /// What to do about the refusals that any operation can answer with. An error carries its own hint too.
    pub recovery_hints: Vec<RecoveryHint>,
}

/// What is to be known of an operation.
///
/// ```cddl
/// operation-info = { id: tstr, description: tstr, capability: tstr, risk_level: risk-level, safety_tier: safety-tier,
///   requires_approval: approval-mode, idempotency: idempotency-class, needs_idempotency_key: bool, ? rate_limit: tstr,
///   input_schema: any, output_schema: any, ? network_constraints: network-constraints, ai_hints: agent-hint }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct OperationInfo {
    /// Its id.
    pub id: OperationId,
    /// What it does.
    pub description: String,
    /// The capability that a caller needs.
    pub capability: CapabilityId,
    /// How bad it is if it goes wrong.
    pub risk_level: RiskLevel,
    /// How much it can do.
    pub safety_tier: SafetyTier,
    /// Who must agree first.
    pub requires_approval: ApprovalMode,
    /// What happens if it is asked for twice.
    pub idempotency: IdempotencyClass,
    /// Whether a call must carry an idempotency key.
    pub needs_idempotency_key: bool,
    /// How often it may be called.
    pub rate_limit: Option<RateLimit>,
    /// The JSON Schema of its input.
    pub input_schema: Value,
    /// The JSON Schema of its output.
    pub output_schema: Value,
    /// Where it may connect to.
    pub network_constraints: Option<NetworkConstraints>,
    /// When and how to use it.
    pub ai_hints: AgentHint,
}

/// What is to be known of a topic.
///
/// ```cddl
/// event-info = { topic: tstr, description: tstr, schema: any }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EventInfo {
    /// The topic.
    pub topic: String,
    /// What it tells.
    pub description: String,
    /// The JSON Schema of its data.
    pub schema: Value,
}

/// What to do about a refusal.
///
/// ```cddl
/// recovery-hint = { reason: tstr, hint: tstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RecoveryHint {
    /// The reason code.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

/// The answer to `capabilities`: everything that the connector needs, can use and must not get.
///
/// ```cddl
/// catalog = { required: [* tstr], optional: [* tstr], forbidden: [* tstr], operations: [* { operation: tstr, capability: tstr }] }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Catalog {
    /// It does not run without these.
    pub required: Vec<CapabilityId>,
    /// It can use these.
    pub optional: Vec<CapabilityId>,
    /// It never gets these.
    pub forbidden: Vec<CapabilityId>,
    /// What a caller needs for each operation.
    pub operations: Vec<OperationCapability>,
}

/// The capability that an operation needs.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct OperationCapability {
    /// The operation.
    pub operation: OperationId,
    /// What a caller needs for it.
    pub capability: CapabilityId,
}

/// The refusals that any operation can answer with.
const COMMON_REFUSALS: [Reason; 5] = [
    Reason::ExecutionBadInput,
    Reason::ExecutionBusy,
    Reason::ExecutionNotReady,
    Reason::ExecutionUnknownOperation,
    Reason::IdempotencyKeyRequired,
];

impl Manifest {
    /// The answer to `describe`.
    #[must_use]
    pub fn describe(&self) -> Description {
        let (connector, events) = (self.connector(), self.event_caps());
        Description {
            connector_id: connector.id.clone(),
            name: connector.name.clone(),
            version: connector.version.to_string(),
            description: connector.description.clone(),
            archetypes: connector.archetypes.iter().map(|archetype| archetype.name().to_owned()).collect(),
            format: connector.format.name().to_owned(),
            state: connector.state.model.name().to_owned(),
            home_zone: self.zones().home.clone(),
            sandbox_profile: self.sandbox().profile.name().to_owned(),
            streaming: events.streaming,
            replay: events.replay,
            min_buffer_events: events.min_buffer_events,
            interface_hash: self.interface_hash(),
        }
    }

    /// The answer to `introspect`.
    #[must_use]
    pub fn introspect(&self) -> Introspection {
        let operations = self.operations().iter().map(|operation| OperationInfo {
            id: operation.id.clone(),
            description: operation.description.clone(),
            capability: operation.capability.clone(),
            risk_level: operation.risk_level,
            safety_tier: operation.safety_tier,
            requires_approval: operation.requires_approval,
            idempotency: operation.idempotency,
            needs_idempotency_key: operation.needs_idempotency_key(),
            rate_limit: operation.rate_limit,
            input_schema: operation.input_schema.clone(),
            output_schema: operation.output_schema.clone(),
            network_constraints: operation.network_constraints.clone(),
            ai_hints: operation.ai_hints.clone(),
        });
        let events = self.events().iter().map(|event| EventInfo {
            topic: event.topic.clone(),
            description: event.description.clone(),
            schema: event.schema.clone(),
        });
        let hint = |reason: Reason| RecoveryHint { reason: reason.code().to_owned(), hint: reason.remedy().to_owned() };
        Introspection {
            operations: operations.collect(),
            events: events.collect(),
            recovery_hints: COMMON_REFUSALS.map(hint).to_vec(),
        }
    }

    /// The answer to `capabilities`.
    #[must_use]
    pub fn catalog(&self) -> Catalog {
        let own = self.capabilities();
        let operations = self.operations().iter().map(|operation| OperationCapability {
            operation: operation.id.clone(),
            capability: operation.capability.clone(),
        });
        Catalog {
            required: own.required.clone(),
            optional: own.optional.clone(),
            forbidden: own.forbidden.clone(),
            operations: operations.collect(),
        }
    }
}
