//! Open values written as JSON in Rust code.

use fcp_core::cbor::{Entries, Float, Integer, Value};

/// The open value of a JSON value; a number that is no integer of 64 bits is a float (D28).
#[must_use]
pub fn from_serde(json: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(truth),
        Json::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64().and_then(Float::new)) {
            (Some(number), _, _) => Value::Integer(Integer::from(number)),
            (None, Some(number), _) => Value::Integer(Integer::from(number)),
            (None, None, Some(number)) => Value::Float(number),
            // A number of JSON is finite.
            (None, None, None) => Value::Null,
        },
        Json::String(text) => Value::Text(text),
        Json::Array(items) => Value::Array(items.into_iter().map(from_serde).collect()),
        Json::Object(entries) => {
            Value::Map(entries.into_iter().map(|(key, value)| (key, from_serde(value))).collect::<Entries>())
        }
    }
}

/// An open [`Value`](crate::Value), written as JSON: `json!({"page": "p1", "lines": [1, 2.5, null]})`.
///
/// Rust expressions can stand where values do, as in `serde_json::json!`, which reads it.
///
/// ```
/// use fcp_connector_sdk::json;
///
/// let name = "milk";
/// let value = json!({"name": name, "count": 2});
/// assert_eq!(value.get("count").unwrap().as_u64(), Some(2));
/// ```
#[macro_export]
macro_rules! json {
    ($($json:tt)+) => {
        $crate::json::from_serde($crate::json::serde_json::json!($($json)+))
    };
}

#[doc(hidden)]
pub use serde_json;

#[cfg(test)]
mod tests {
    use fcp_core::cbor::from_json;

    #[test]
    fn numbers_keep_their_kind() {
        let value = json!({"a": [1, -1, 1.0, 1.5, u64::MAX], "b": {"c": null, "d": true}});
        let read = from_json(r#"{"a":[1,-1,1.0,1.5,18446744073709551615],"b":{"c":null,"d":true}}"#).unwrap();
        assert_eq!(value, read);
    }
}
