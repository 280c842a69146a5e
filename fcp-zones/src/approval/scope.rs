//! What an approval is for (§5.2.1).

use alloc::vec::Vec;

use fcp_core::cbor::{self, Decode, Encode, Value};
use fcp_core::error::Reason;
use fcp_core::glob::Glob;
use fcp_core::id::{ConnectorId, ObjectId, OperationId, ZoneId};
use fcp_core::object::Provenance;
use fcp_core::pointer::JsonPointer;

use super::InputHash;
use crate::policy::ApproverScope;

/// What an approval is for (§5.2.1, D26): `{"elevation": {…}}` and so on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ApprovalScope {
    /// An operation may run on input that its zone does not trust.
    Elevation(Elevation),
    /// Objects may leave for a less secret zone.
    Declassification(Declassification),
    /// An operation may run.
    Execution(Execution),
}

impl ApprovalScope {
    /// What an approver must be listed for (D84).
    #[must_use]
    pub const fn kind(&self) -> ApproverScope {
        match self {
            Self::Elevation(_) => ApproverScope::Elevation,
            Self::Declassification(_) => ApproverScope::Declassification,
            Self::Execution(_) => ApproverScope::Execution,
        }
    }
}

/// An operation may run on input that its zone does not trust (§5.2.1, D83).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Elevation {
    /// The operation.
    pub operation: OperationId,
    /// Where the input comes from, exactly.
    pub original_provenance: Provenance,
    /// The integrity that it counts as: not above that of the approval's zone.
    pub target_integrity: u8,
    /// The request; required for Risky and above.
    pub request_object_id: Option<ObjectId>,
    /// The hash of the request's input; required for Risky and above.
    pub input_hash: Option<InputHash>,
}

/// Objects may leave for a less secret zone (§5.2.1, D83).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Declassification {
    /// The zone that they leave.
    pub from_zone: ZoneId,
    /// The zone that they go to.
    pub to_zone: ZoneId,
    /// The objects.
    pub object_ids: Vec<ObjectId>,
    /// The confidentiality that they count as there.
    pub target_confidentiality: u8,
    /// The request; required for Risky and above.
    pub request_object_id: Option<ObjectId>,
    /// The hash of the request's input; required for Risky and above.
    pub input_hash: Option<InputHash>,
}

/// An operation may run (§5.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = bounded)]
pub struct Execution {
    /// The connector.
    pub connector_id: ConnectorId,
    /// The operations, as a pattern over their ids.
    pub method_pattern: Glob,
    /// The request; required for Risky and above (D88).
    pub request_object_id: Option<ObjectId>,
    /// The hash of the request's input; required for Risky and above (D88).
    pub input_hash: Option<InputHash>,
    /// What the input must be like; at least one constraint if there is no hash (§5.2.1 rule 4).
    pub input_constraints: Vec<InputConstraint>,
}

/// A condition on one place of an operation's input (§5.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct InputConstraint {
    /// The place.
    pub json_pointer: JsonPointer,
    /// How to compare.
    pub op: ConstraintOp,
    /// With what.
    pub value: Value,
}

/// How a constraint compares (§5.2.1, D86).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum ConstraintOp {
    /// Equal.
    Eq,
    /// There, and not equal.
    Neq,
    /// One of an array.
    In,
    /// There, and none of an array.
    NotIn,
    /// Begins with a text.
    Prefix,
    /// Ends with a text.
    Suffix,
    /// Contains a text, or an item.
    Contains,
}

impl Execution {
    /// How many constraints an approval may have (§5.2.1 rule 5).
    pub const MAX_CONSTRAINTS: usize = 64;
    /// How long a constraint's value may be, in bytes of its encoding (§5.2.1 rule 5).
    pub const MAX_VALUE_LEN: usize = 4096;
}

/// The limits of §5.2.1 rules 4 and 5, for decoders and drafts.
pub(super) fn bounded(execution: &Execution) -> Result<(), Reason> {
    let constraints = &execution.input_constraints;
    if constraints.len() > Execution::MAX_CONSTRAINTS {
        return Err(Reason::ApprovalTooManyConstraints);
    }
    if constraints.iter().any(|constraint| cbor::encode(&constraint.value).len() > Execution::MAX_VALUE_LEN) {
        return Err(Reason::ApprovalValueTooLarge);
    }
    if execution.input_hash.is_none() && constraints.is_empty() {
        return Err(Reason::ApprovalUnbounded);
    }
    Ok(())
}
