//! `glob.*`, `pointer.*`: patterns and places (§5.2.1, §5.3, D79, RFC 6901).

use fcp_core::glob::Glob;
use fcp_core::pointer::JsonPointer;

use super::{Operation, cbor, operation};
use crate::fields::{Answer, Fields};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] =
    &[operation("glob.match", glob_match), operation("pointer.eval", pointer_eval)];

fn glob_match(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (pattern, text) = (Glob::new(input.text("pattern")?)?, input.text("text")?);
    Ok(Answer::new().value("matches", pattern.matches(text).into()))
}

fn pointer_eval(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (pointer, value) = (JsonPointer::new(input.text("pointer")?)?, cbor::value_of(input.value("json")?)?);
    Ok(Answer::new().value("value", cbor::json_of(pointer.resolve(&value)?)?))
}
