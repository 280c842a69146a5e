//! JSON Schemas of inputs and outputs (§11.1; draft 2020-12).
//!
//! A schema stands in the manifest and is part of the interface hash, so it must mean the same everywhere: references
//! are resolved within the schema only, and patterns are matched in linear time. An instance is the JSON view of a
//! [`Value`], in which a byte string appears as text of its base64 form.

use data_encoding::BASE64;
use fcp_core::cbor::Value;
use jsonschema::{Draft, PatternOptions, Validator};

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
}

/// The value is no JSON Schema of draft 2020-12.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a schema: {message}")]
pub struct SchemaError {
    message: String,
}

/// Where a value does not fit its schema. The message names no content of the value, which may be private.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at `{pointer}`: {message}")]
pub struct Violation {
    pointer: String,
    message: String,
}

impl Violation {
    /// The JSON pointer of the place in the value.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// [`SchemaError`] if it is none, or refers to another document.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let schema = to_serde(schema);
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .offline()
            .build(&schema)
            .map(|validator| Self { validator })
            .map_err(|error| SchemaError { message: error.to_string() })
    }

    /// Checks a value.
    ///
    /// # Errors
    /// [`Violation`] with the first place that does not fit.
    pub fn check(&self, value: &Value) -> Result<(), Violation> {
        let instance = to_serde(value);
        self.validator.validate(&instance).map_err(|error| Violation {
            pointer: error.instance_path().to_string(),
            message: error.masked_with("the value").to_string(),
        })
    }
}

/// The JSON view of a value.
pub(crate) fn to_serde(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Integer(integer) => match (integer.as_u64(), integer.as_i64()) {
            (Some(number), _) => Json::from(number),
            (None, Some(number)) => Json::from(number),
            (None, None) => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "below the range of JSON integers; only its size counts"
                )]
                let number = integer.as_i128() as f64;
                Json::from(number)
            }
        },
        Value::Float(float) => Json::from(float.get()),
        Value::Bytes(bytes) => Json::String(BASE64.encode(bytes)),
        Value::Text(text) => Json::String(text.clone()),
        Value::Array(items) => Json::Array(items.iter().map(to_serde).collect()),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.to_owned(), to_serde(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Schema, to_serde};
    use fcp_core::cbor::{Value, from_json};

    fn schema(json: &str) -> Schema {
        Schema::compile(&from_json(json).unwrap()).unwrap()
    }

    #[test]
    fn violations_name_the_place_and_not_the_content() {
        let schema =
            schema(r#"{"type":"object","properties":{"a":{"type":"array","items":{"type":"string","maxLength":3}}}}"#);
        schema.check(&from_json(r#"{"a":["x"],"b":1}"#).unwrap()).unwrap();
        let violation = schema.check(&from_json(r#"{"a":["x","secret"]}"#).unwrap()).unwrap_err();
        assert_eq!(violation.pointer(), "/a/1");
        assert!(!violation.to_string().contains("secret"), "{violation}");
    }

    #[test]
    fn bytes_are_checked_as_base64_text() {
        assert_eq!(to_serde(&Value::from(vec![0xfb_u8, 0xff])), serde_json::json!("+/8="));
        let schema = schema(r#"{"type":"string","minLength":4}"#);
        schema.check(&Value::from(vec![1_u8])).unwrap();
        assert!(schema.check(&Value::from(Vec::<u8>::new())).is_err());
    }

    #[test]
    fn only_self_contained_schemas_compile() {
        for json in [
            r#"{"type":"objekt"}"#,
            "1",
            r#"{"$ref":"https://schemas.example/a.json"}"#,
            r#"{"$ref":"file:///etc/passwd"}"#,
            r##"{"$ref":"#/$defs/missing"}"##,
            r#"{"pattern":"("}"#,
        ] {
            assert!(Schema::compile(&from_json(json).unwrap()).is_err(), "{json}");
        }
        let own = schema(r##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"string","pattern":"^a+$"}}}"##);
        own.check(&Value::from("aa")).unwrap();
        assert!(own.check(&Value::from("ab")).is_err());
    }

    /// Integers and floats are one kind of number in JSON Schema, and two in CBOR (D28).
    #[test]
    fn numbers() {
        let schema = schema(r#"{"type":"integer","minimum":-9223372036854775809}"#);
        schema.check(&Value::from(u64::MAX)).unwrap();
        schema.check(&from_json("1.0").unwrap()).unwrap();
        assert!(schema.check(&from_json("1.5").unwrap()).is_err());
    }
}
