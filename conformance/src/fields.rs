//! Reading a request's fields and writing an answer's.
//!
//! Bytes are lower-case hexadecimal; unsigned integers are numbers up to 2^53 − 1 and decimal strings above; absent
//! optional fields are left out. Anything else is `adapter.bad_request`. Fields that an operation does not know are
//! ignored.

use serde_json::{Map, Value};

use crate::hexadecimal;
use crate::refusal::Refusal;

/// The largest integer that is written as a number.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// One JSON object of a request.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'r>(&'r Map<String, Value>);

impl<'r> Fields<'r> {
    /// The fields of a JSON object.
    #[must_use]
    pub const fn new(object: &'r Map<String, Value>) -> Self {
        Self(object)
    }

    /// The fields of `value`, which the request calls `name`.
    pub(crate) fn of(value: &'r Value, name: &str) -> Result<Self, Refusal> {
        value.as_object().map(Self).ok_or_else(|| Refusal::bad(format!("`{name}` is not an object")))
    }

    /// The names of all fields.
    pub(crate) fn names(self) -> impl Iterator<Item = &'r str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is a field of that name.
    pub(crate) fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A required field.
    pub(crate) fn value(self, name: &str) -> Result<&'r Value, Refusal> {
        self.0.get(name).ok_or_else(|| Refusal::bad(format!("`{name}` is missing")))
    }

    /// A field that may be left out, read by `read`.
    pub(crate) fn optional<T>(
        self,
        name: &str,
        read: impl FnOnce(Self, &str) -> Result<T, Refusal>,
    ) -> Result<Option<T>, Refusal> {
        if self.0.contains_key(name) { read(self, name).map(Some) } else { Ok(None) }
    }

    /// Bytes.
    pub(crate) fn bytes(self, name: &str) -> Result<Vec<u8>, Refusal> {
        bytes_of(self.value(name)?, name)
    }

    /// Exactly `N` bytes.
    pub(crate) fn array<const N: usize>(self, name: &str) -> Result<[u8; N], Refusal> {
        array_of(self.value(name)?, name)
    }

    /// An unsigned integer that fits `T`.
    pub(crate) fn uint<T: TryFrom<u64>>(self, name: &str) -> Result<T, Refusal> {
        uint_of(self.value(name)?, name)
    }

    /// Text.
    pub(crate) fn text(self, name: &str) -> Result<&'r str, Refusal> {
        text_of(self.value(name)?, name)
    }

    /// A truth value, `default` if left out.
    pub(crate) fn flag(self, name: &str, default: bool) -> Result<bool, Refusal> {
        match self.0.get(name) {
            None => Ok(default),
            Some(value) => value.as_bool().ok_or_else(|| Refusal::bad(format!("`{name}` is not a truth value"))),
        }
    }

    /// A truth value that must be there.
    pub(crate) fn truth(self, name: &str) -> Result<bool, Refusal> {
        self.value(name)?.as_bool().ok_or_else(|| Refusal::bad(format!("`{name}` is not a truth value")))
    }

    /// The meaning of one of a few words.
    pub(crate) fn choice<T: Copy>(self, name: &str, words: &[(&str, T)]) -> Result<T, Refusal> {
        let text = self.text(name)?;
        words
            .iter()
            .find_map(|(word, meaning)| (*word == text).then_some(*meaning))
            .ok_or_else(|| Refusal::bad(format!("`{name}` is none of the operation's words")))
    }

    /// An object inside.
    pub(crate) fn object(self, name: &str) -> Result<Self, Refusal> {
        Self::of(self.value(name)?, name)
    }

    /// An array, each item read by `read`.
    pub(crate) fn list<T>(
        self,
        name: &str,
        read: impl Fn(&'r Value, &str) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        let items = self.value(name)?.as_array().ok_or_else(|| Refusal::bad(format!("`{name}` is not an array")))?;
        items.iter().map(|item| read(item, name)).collect()
    }
}

/// Reads bytes.
pub(crate) fn bytes_of(value: &Value, name: &str) -> Result<Vec<u8>, Refusal> {
    value
        .as_str()
        .and_then(hexadecimal::decode)
        .ok_or_else(|| Refusal::bad(format!("`{name}` is not lower-case hexadecimal")))
}

/// Reads exactly `N` bytes.
pub(crate) fn array_of<const N: usize>(value: &Value, name: &str) -> Result<[u8; N], Refusal> {
    bytes_of(value, name)?.try_into().map_err(|_| Refusal::bad(format!("`{name}` is not {N} bytes")))
}

/// Reads an unsigned integer that fits `T`.
pub(crate) fn uint_of<T: TryFrom<u64>>(value: &Value, name: &str) -> Result<T, Refusal> {
    let number = match value {
        Value::Number(number) => number.as_u64().filter(|number| *number <= MAX_NUMBER),
        Value::String(text) => decimal(text).filter(|number| *number > MAX_NUMBER),
        _ => None,
    };
    let number = number.ok_or_else(|| Refusal::bad(format!("`{name}` is not an unsigned integer of the protocol")))?;
    T::try_from(number).map_err(|_| Refusal::bad(format!("`{name}` is too large")))
}

/// A decimal number without sign or leading zeros.
fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && (text == "0" || !text.starts_with('0')) { text.parse().ok() } else { None }
}

/// Reads text.
pub(crate) fn text_of<'r>(value: &'r Value, name: &str) -> Result<&'r str, Refusal> {
    value.as_str().ok_or_else(|| Refusal::bad(format!("`{name}` is not text")))
}

/// The fields of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer(Map<String, Value>);

impl Answer {
    /// An answer without fields: the input is accepted.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With bytes.
    #[must_use]
    pub(crate) fn bytes(self, name: &str, bytes: &[u8]) -> Self {
        self.value(name, Value::String(hexadecimal::encode(bytes)))
    }

    /// With an unsigned integer.
    #[must_use]
    pub(crate) fn uint(self, name: &str, number: impl Into<u64>) -> Self {
        self.value(name, uint(number.into()))
    }

    /// With text.
    #[must_use]
    pub(crate) fn text(self, name: &str, text: &str) -> Self {
        self.value(name, Value::String(text.to_owned()))
    }

    /// With any JSON value.
    #[must_use]
    pub(crate) fn value(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// The fields.
    #[must_use]
    pub fn into_fields(self) -> Map<String, Value> {
        self.0
    }
}

/// An unsigned integer as the protocol writes it.
pub(crate) fn uint(number: u64) -> Value {
    if number <= MAX_NUMBER { Value::from(number) } else { Value::String(number.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::{Fields, uint, uint_of};
    use serde_json::{Value, json};

    #[test]
    fn integers_have_one_form_each() {
        for number in [0, 1, 255, (1 << 53) - 1, 1 << 53, u64::MAX] {
            assert_eq!(uint_of::<u64>(&uint(number), "n").unwrap(), number);
        }
        let refused = [
            json!(-1),
            json!(1.0),
            json!("1"),
            json!("09007199254740993"),
            json!("+9007199254740993"),
            json!(""),
            json!(null),
            json!(9_007_199_254_740_992_u64),
        ];
        for value in refused {
            assert_eq!(uint_of::<u64>(&value, "n").unwrap_err().code(), "adapter.bad_request", "{value}");
        }
        assert!(uint_of::<u8>(&json!(256), "n").is_err());
        assert!(uint_of::<u64>(&json!("18446744073709551616"), "n").is_err());
    }

    #[test]
    fn a_field_of_another_form_is_a_bad_request() {
        let Value::Object(object) = json!({"hex": "0G", "text": 1, "flag": "yes", "list": {}}) else { unreachable!() };
        let fields = Fields::new(&object);
        assert!(fields.bytes("hex").is_err());
        assert!(fields.text("text").is_err());
        assert!(fields.flag("flag", true).is_err());
        assert!(fields.list("list", |_, _| Ok(())).is_err());
        assert!(fields.object("absent").is_err());
        assert_eq!(fields.optional("absent", Fields::uint::<u8>), Ok(None));
    }
}
