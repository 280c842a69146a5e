//! Changing encoded objects, so that they break one rule.

use fcp_core::cbor::{self, Value};

/// The same body with another value at the place that `path` leads to; nothing takes the field out.
pub(super) fn edit(body: &[u8], path: &[&str], value: Option<Value>) -> Vec<u8> {
    let (hash, encoded) = body.split_at_checked(32).unwrap_or_default();
    [hash, &edit_cbor(encoded, path, value)].concat()
}

/// As [`edit`], for CBOR without a schema hash before it.
pub(super) fn edit_cbor(encoded: &[u8], path: &[&str], value: Option<Value>) -> Vec<u8> {
    let whole = cbor::decode(encoded).unwrap_or(Value::Null);
    cbor::encode(&put(whole, path, value).unwrap_or(Value::Null))
}

fn put(value: Value, path: &[&str], new: Option<Value>) -> Option<Value> {
    let Some((step, rest)) = path.split_first() else { return new };
    match value {
        Value::Map(entries) => {
            let below = put(entries.get(step).cloned().unwrap_or(Value::Null), rest, new);
            let others =
                entries.iter().filter(|(key, _)| key != step).map(|(key, value)| (key.to_owned(), value.clone()));
            Some(Value::map(others.chain(below.map(|value| ((*step).to_owned(), value)))))
        }
        Value::Array(items) => {
            let index: usize = step.parse().unwrap_or(usize::MAX);
            let changed = |(at, item)| if at == index { put(item, rest, new.clone()) } else { Some(item) };
            Some(Value::Array(items.into_iter().enumerate().filter_map(changed).collect()))
        }
        other => Some(other),
    }
}

/// Text.
pub(super) fn text(text: &str) -> Option<Value> {
    Some(Value::from(text))
}

/// An unsigned integer.
pub(super) fn uint(number: u64) -> Option<Value> {
    Some(Value::from(number))
}

/// Bytes.
pub(super) fn bytes(bytes: &[u8]) -> Option<Value> {
    Some(Value::from(bytes.to_vec()))
}

/// A list.
pub(super) fn list(items: impl IntoIterator<Item = Option<Value>>) -> Option<Value> {
    Some(Value::Array(items.into_iter().flatten().collect()))
}
