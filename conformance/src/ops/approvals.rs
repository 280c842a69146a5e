//! `constraint.*`, `approval.*`: what an approval is for, and whether it counts (§5.2.1, D7, D83–D88, D130).

use fcp_caps::binding::{Call, check_declassification, check_elevation, check_execution, check_input};
use fcp_core::cbor::{self, Value};
use fcp_core::error::Reason;
use fcp_core::id::{ConnectorId, ObjectId, OperationId, ZoneId};
use fcp_core::object::{MeshObject as _, Message as _, Provenance};
use fcp_core::pointer::JsonPointer;
use fcp_core::safety::SafetyTier;
use fcp_core::sign::Verified;
use fcp_zones::approval::{ApprovalScope, ApprovalToken, ConstraintOp, Execution, InputConstraint, InputHash};
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::resource::Sink;

use super::verdicts::Owned;
use super::{Operation, audit, cbor as json, data, objects, operation, zones};
use crate::fields::{Answer, Fields};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] =
    &[operation("constraint.check", constraint_check), operation("approval.verify", approval_verify)];

const OPS: &[(&str, ConstraintOp)] = &[
    ("eq", ConstraintOp::Eq),
    ("neq", ConstraintOp::Neq),
    ("in", ConstraintOp::In),
    ("not_in", ConstraintOp::NotIn),
    ("prefix", ConstraintOp::Prefix),
    ("suffix", ConstraintOp::Suffix),
    ("contains", ConstraintOp::Contains),
];

/// The verdict that a check comes to.
fn verdict(checked: Result<(), Reason>) -> Answer {
    let (verdict, reason) = match checked {
        Ok(()) => ("allow", Reason::Allow),
        Err(reason) => ("deny", reason),
    };
    Answer::new().text("verdict", verdict).text("reason", reason.code())
}

fn constraint(input: &serde_json::Value, name: &str) -> Result<InputConstraint, Refusal> {
    let fields = Fields::of(input, name)?;
    Ok(InputConstraint {
        json_pointer: JsonPointer::new(fields.text("json_pointer")?)?,
        op: fields.choice("op", OPS)?,
        value: json::value_of(fields.value("value")?)?,
    })
}

fn constraint_check(input: Fields<'_>) -> Result<Answer, Refusal> {
    let constraints = input.list("constraints", constraint)?;
    let hash = input.optional("input_hash", Fields::array)?.map(InputHash::from_bytes);
    let value = json::value_of(input.value("input")?)?;
    // The limits of a list are those of an approval that holds it.
    let mut fields = vec![
        ("connector_id", Value::from("a")),
        ("method_pattern", Value::from("*")),
        ("input_constraints", cbor::decode(&cbor::encode(&constraints))?),
    ];
    fields.extend(hash.map(|hash| ("input_hash", Value::from(hash.as_bytes().to_vec()))));
    let execution: Execution = cbor::decode(&cbor::encode(&Value::map(fields)))?;
    Ok(verdict(match hash {
        Some(hash) if hash != InputHash::of(&value) => Err(Reason::ApprovalWrongInput),
        hash => check_input(&execution.input_constraints, &value, hash.is_some()),
    }))
}

fn approval_verify(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (body, now, trust) = (input.bytes("approval")?, audit::time(input, "now")?, input.object("trust")?);
    let (owner, key) = (audit::owner(trust)?, objects::key(trust, "object_id_key")?);
    let owned = Owned { owner, key: &key };
    let heads = PinnedHeads::new(
        owned.object(&trust.bytes("definition")?)?,
        owned.object(&trust.bytes("policy")?)?,
        owned.object(&trust.bytes("manifest")?)?,
    )
    .map_err(|mismatch| mismatch.reason())?;
    let revocations = audit::registry(trust, "revocations")?;
    let received = ApprovalToken::from_body(&body)?.seal(&key)?.open::<ApprovalToken>()?;
    let request = input.optional("request", |input, name| Request::read(input.object(name)?))?;
    Ok(verdict(match ApprovalToken::verify(received, &heads, &owner, now) {
        Err(error) => Err(error.reason()),
        Ok(token) if revocations.revoked_by(&token.id(), heads.zone_id(), now).is_some() => {
            Err(Reason::RevocationApproval)
        }
        Ok(token) => request.map_or(Ok(()), |request| request.check(&token, heads.zone_id())),
    }))
}

/// The call that an approval is held against.
struct Request {
    connector: ConnectorId,
    operation: OperationId,
    tier: SafetyTier,
    id: ObjectId,
    input: Value,
    claimed: Provenance,
    computed: Provenance,
    sink: Option<(ZoneId, fcp_zones::zone::Levels)>,
    written: ObjectId,
}

impl Request {
    fn read(input: Fields<'_>) -> Result<Self, Refusal> {
        let provenance = |name: &str| data::PROVENANCE.read::<Provenance>(input.value(name)?, name);
        let id = ObjectId::from_bytes(input.array("request_object_id")?);
        Ok(Self {
            connector: ConnectorId::new(input.text("connector")?)?,
            operation: OperationId::new(input.text("operation")?)?,
            tier: SafetyTier::from_name(input.text("tier")?),
            input: json::value_of(input.value("input")?)?,
            claimed: provenance("provenance")?,
            computed: provenance("computed")?,
            sink: input.optional("sink", |input, name| {
                let sink = input.object(name)?;
                Ok((ZoneId::new(sink.text("zone")?)?, zones::levels(sink)?))
            })?,
            written: input.optional("written", Fields::array)?.map_or(id, ObjectId::from_bytes),
            id,
        })
    }

    fn check(&self, token: &Verified<ApprovalToken>, from: &ZoneId) -> Result<(), Reason> {
        let hash = InputHash::of(&self.input);
        let call = Call {
            connector: &self.connector,
            operation: &self.operation,
            tier: self.tier,
            request: self.id,
            input: &self.input,
            input_hash: &hash,
        };
        match &token.scope {
            ApprovalScope::Execution(execution) => check_execution(execution, &call),
            ApprovalScope::Elevation(elevation) => check_elevation(elevation, &call, &self.claimed, &self.computed),
            ApprovalScope::Declassification(approval) => {
                let sink = self.sink.as_ref().map_or(Sink::Unknown, |(zone, levels)| Sink::Zone(zone, *levels));
                check_declassification(approval, &call, from, &sink, self.written)
            }
        }
    }
}
