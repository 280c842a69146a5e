//! Structured fields of requests as the objects' own data: JSON with the names of CBOR, bytes as hexadecimal.

use fcp_core::cbor::{self, Decode, Encode, Integer, Value};
use fcp_core::error::Reason;

use crate::fields::{self, bytes_of, uint_of};
use crate::hexadecimal;
use crate::refusal::Refusal;

/// Which fields of some data are not what JSON makes of them.
pub(super) struct Form {
    /// Byte strings, written as hexadecimal.
    pub(super) bytes: &'static [&'static str],
    /// Integers of up to 64 bits, which may be written as decimal text.
    pub(super) wide: &'static [&'static str],
}

/// The form of a provenance (§6.1).
pub(super) const PROVENANCE: Form =
    Form { bytes: &["by_approval", "by_receipt", "authorized_by"], wide: &["created_at", "applied_at", "crossed_at"] };

/// The form of capability constraints (§7.3).
pub(super) const CONSTRAINTS: Form = Form { bytes: &[], wide: &["max_bytes", "max_response_bytes"] };

/// The form of data that has neither.
pub(super) const PLAIN: Form = Form { bytes: &[], wide: &[] };

impl Form {
    /// Reads a typed value. What JSON cannot say of it is a bad request; a rule of its own that it breaks stays that.
    pub(super) fn read<T: for<'b> Decode<'b>>(&self, json: &serde_json::Value, name: &str) -> Result<T, Refusal> {
        let encoded = cbor::encode(&self.value(json, name)?);
        cbor::decode(&encoded).map_err(|error| match error.reason() {
            reason if reason.code().starts_with("cbor.") => Refusal::bad(format!("`{name}`: {error}")),
            _ => error.into(),
        })
    }

    fn value(&self, json: &serde_json::Value, name: &str) -> Result<Value, Refusal> {
        Ok(match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(truth) => Value::Bool(*truth),
            serde_json::Value::String(text) => Value::from(text.as_str()),
            serde_json::Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => Value::from(number),
                (None, Some(number)) => Value::Integer(Integer::from(number)),
                (None, None) => return Err(Refusal::bad(format!("`{name}` has a number that is no integer"))),
            },
            serde_json::Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.value(item, name)).collect::<Result<_, _>>()?)
            }
            serde_json::Value::Object(entries) => {
                let mut fields = Vec::with_capacity(entries.len());
                for (key, item) in entries {
                    let value = if self.bytes.contains(&key.as_str()) {
                        Value::from(bytes_of(item, key)?)
                    } else if self.wide.contains(&key.as_str()) {
                        Value::from(uint_of::<u64>(item, key)?)
                    } else {
                        self.value(item, name)?
                    };
                    fields.push((key.as_str(), value));
                }
                Value::map(fields)
            }
        })
    }
}

/// Typed data as an answer holds it: bytes as hexadecimal, integers in the protocol's form.
pub(super) fn written(data: &impl Encode) -> Result<serde_json::Value, Refusal> {
    cbor::decode::<Value>(&cbor::encode(data)).map_err(Refusal::from).and_then(|value| json_of(&value))
}

fn json_of(value: &Value) -> Result<serde_json::Value, Refusal> {
    Ok(match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Bytes(bytes) => hexadecimal::encode(bytes).into(),
        Value::Integer(integer) => match (integer.as_u64(), integer.as_i64()) {
            (Some(number), _) => fields::uint(number),
            (None, Some(number)) => number.into(),
            (None, None) => return Err(Reason::CborOutOfRange.into()),
        },
        Value::Float(number) => number.get().into(),
        Value::Array(items) => items.iter().map(json_of).collect::<Result<Vec<_>, _>>()?.into(),
        Value::Map(entries) => serde_json::Value::Object(
            entries.iter().map(|(key, item)| Ok((key.to_owned(), json_of(item)?))).collect::<Result<_, Refusal>>()?,
        ),
    })
}
