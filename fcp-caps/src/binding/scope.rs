//! The three scopes of an approval, each against one call.

use fcp_core::cbor::Value;
use fcp_core::error::Reason;
use fcp_core::id::{ConnectorId, ObjectId, OperationId, ZoneId};
use fcp_core::object::Provenance;
use fcp_core::safety::SafetyTier;
use fcp_zones::approval::{Declassification, Elevation, Execution, InputHash};
use fcp_zones::flow::Labels;
use fcp_zones::resource::Sink;

use super::check_input;

/// The call that an approval is held against.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The connector.
    pub connector: &'a ConnectorId,
    /// The operation.
    pub operation: &'a OperationId,
    /// How much the operation can do.
    pub tier: SafetyTier,
    /// The request's id (D115).
    pub request: ObjectId,
    /// The input.
    pub input: &'a Value,
    /// The input's hash (D87).
    pub input_hash: &'a InputHash,
}

impl Call<'_> {
    /// Whether what an approval says of request and input fits; from Risky on it must say both (D83, D88).
    fn check_content(&self, request: Option<ObjectId>, hash: Option<&InputHash>) -> Result<(), Reason> {
        if request.is_some_and(|request| request != self.request) {
            return Err(Reason::ApprovalWrongRequest);
        }
        if hash.is_some_and(|hash| hash != self.input_hash) {
            return Err(Reason::ApprovalWrongInput);
        }
        let bound = request.is_some() && hash.is_some();
        if self.tier > SafetyTier::Safe && !bound { Err(Reason::ApprovalUnbound) } else { Ok(()) }
    }
}

/// Checks that an approval of execution is meant for this call (§5.2.1, D85–D88).
///
/// # Errors
/// The reason of the first condition that fails.
pub fn check_execution(execution: &Execution, call: &Call<'_>) -> Result<(), Reason> {
    if execution.connector_id != *call.connector || !execution.method_pattern.matches(call.operation.as_str()) {
        return Err(Reason::ApprovalWrongOperation);
    }
    call.check_content(execution.request_object_id, execution.input_hash.as_ref())?;
    check_input(&execution.input_constraints, call.input, execution.input_hash.is_some())
}

/// Checks that an elevation is meant for this call (§6.3, D83, D130): same operation, made out for the provenance that
/// the request `claimed`, and what was `computed` counts no worse than that.
///
/// # Errors
/// The reason of the first condition that fails.
pub fn check_elevation(
    elevation: &Elevation,
    call: &Call<'_>,
    claimed: &Provenance,
    computed: &Provenance,
) -> Result<(), Reason> {
    if elevation.operation != *call.operation {
        return Err(Reason::ApprovalWrongOperation);
    }
    if elevation.original_provenance != *claimed {
        return Err(Reason::ApprovalWrongProvenance);
    }
    if !Labels::of(computed).no_worse_than(Labels::of(claimed)) {
        return Err(Reason::ApprovalWorseProvenance);
    }
    call.check_content(elevation.request_object_id, elevation.input_hash.as_ref())
}

/// Checks that a declassification is meant for this call (§6.1, D83, D130): what is `written`, from this zone, to this
/// sink. The request's id stands for its inline data.
///
/// # Errors
/// The reason of the first condition that fails.
pub fn check_declassification(
    approval: &Declassification,
    call: &Call<'_>,
    from: &ZoneId,
    sink: &Sink<'_>,
    written: ObjectId,
) -> Result<(), Reason> {
    if approval.from_zone != *from || !sink.is_target_of(approval) {
        return Err(Reason::ApprovalWrongTarget);
    }
    if !approval.object_ids.contains(&written) {
        return Err(Reason::ApprovalWrongObjects);
    }
    call.check_content(approval.request_object_id, approval.input_hash.as_ref())
}
