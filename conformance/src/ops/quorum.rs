//! `quorum.*`, `lease.*`: how many must agree and who goes first (§15.1, §18.2, D171, D179).

use fcp_core::id::{NodeId, ObjectId};
use fcp_core::quorum::{self, ByzantineModel, OperationClass};

use super::{Operation, ids, operation};
use crate::fields::{Answer, Fields, text_of};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] =
    &[operation("quorum.required", required), operation("lease.coordinator", coordinator)];

const CLASSES: &[(&str, OperationClass)] = &[
    ("read_only", OperationClass::ReadOnly),
    ("normal_write", OperationClass::NormalWrite),
    ("critical_write", OperationClass::CriticalWrite),
    ("unanimous", OperationClass::Unanimous),
];

fn required(input: Fields<'_>) -> Result<Answer, Refusal> {
    let class = input.choice("class", CLASSES)?;
    let model = ByzantineModel::new(input.uint("n")?, input.uint("f")?)?;
    Ok(Answer::new().uint("signatures", model.required(class)))
}

fn coordinator(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (zone, subject) = (ids::zone(input)?, ObjectId::from_bytes(input.array("subject")?));
    let nodes = input.list("nodes", |node, name| Ok(NodeId::new(text_of(node, name)?)?))?;
    let ranking = quorum::rendezvous(&zone, &subject, &nodes);
    let first = ranking.first().ok_or_else(|| Refusal::bad("`nodes` is empty"))?;
    Ok(Answer::new().text("node", first.as_str()))
}
