//! `cbor.*`: canonical CBOR and its JSON form (§3.5, D24–D28).

use fcp_core::cbor::{self, Value};
use fcp_core::error::Reason;

use super::{Operation, operation};
use crate::fields::{Answer, Fields};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] =
    &[operation("cbor.check", check), operation("cbor.from_json", from_json), operation("cbor.to_json", to_json)];

fn check(input: Fields<'_>) -> Result<Answer, Refusal> {
    cbor::check(&input.bytes("hex")?, input.flag("floats", true)?)?;
    Ok(Answer::new())
}

/// Refuses bytes that are not one canonical item.
pub(super) fn canonical(encoded: &[u8]) -> Result<(), Refusal> {
    Ok(cbor::check(encoded, true)?)
}

/// Whether two JSON texts say the same: the way in which a number is written is free, its kind is not.
pub(crate) fn is_same_json(left: &str, right: &str) -> bool {
    let encoded = |text: &str| cbor::from_json(text).ok().map(|value| cbor::encode(&value));
    encoded(left).is_some_and(|left| encoded(right) == Some(left))
}

fn from_json(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (text, floats) = (input.text("json_text")?, input.flag("floats", true)?);
    let encoded = cbor::encode(&cbor::from_json(text)?);
    if !floats {
        cbor::check(&encoded, false)?;
    }
    Ok(Answer::new().bytes("hex", &encoded))
}

fn to_json(input: Fields<'_>) -> Result<Answer, Refusal> {
    json_text(&input.bytes("hex")?)
}

/// The answer that holds the JSON form of canonical bytes.
pub(super) fn json_text(encoded: &[u8]) -> Result<Answer, Refusal> {
    Ok(Answer::new().text("json_text", &cbor::to_json(&cbor::decode::<Value>(encoded)?)))
}

/// Any JSON value as CBOR data holds it.
pub(super) fn value_of(json: &serde_json::Value) -> Result<Value, Refusal> {
    Ok(cbor::from_json(&json.to_string())?)
}

/// The JSON value of CBOR data.
pub(super) fn json_of(value: &Value) -> Result<serde_json::Value, Refusal> {
    serde_json::from_str(&cbor::to_json(value)).map_err(|_| Reason::CborJsonSyntax.into())
}
