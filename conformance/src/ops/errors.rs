//! `error.*`: the codes of §24.1 and §23.2.1 (D191).

use fcp_core::error::ErrorCode;

use super::{Operation, operation};
use crate::fields::{Answer, Fields};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[operation("error.lookup", lookup)];

fn lookup(input: Fields<'_>) -> Result<Answer, Refusal> {
    let code: ErrorCode = input.text("code")?.parse()?;
    let thousand = code.number() / 1000;
    let answer =
        Answer::new().text("range", &format!("FCP-{thousand}000..{thousand}999")).text("category", code.range().name());
    Ok(match code.entry() {
        None => answer,
        Some(entry) => answer.text("symbol", entry.symbol).value("retryable", entry.retryable.into()),
    })
}
