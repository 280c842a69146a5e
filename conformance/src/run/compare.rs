//! Where two answers differ, down to the byte.

use serde_json::{Map, Value};

use crate::hexadecimal;
use crate::ops::cbor::is_same_json;

/// How many bytes before the difference are shown, and how many from it on.
const CONTEXT: (usize, usize) = (4, 12);

/// One place where what was received is not what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The way to the place, such as `symbols[0].data`.
    pub place: String,
    /// What stands there, or nothing.
    pub expected: Option<Value>,
    /// What was received there, or nothing.
    pub received: Option<Value>,
    /// Where the bytes part, if both are bytes.
    pub parting: Option<Parting>,
}

/// Where two byte strings part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parting {
    /// The offset of the first byte that differs, or at which one of them ends.
    pub offset: usize,
    /// The expected bytes around it.
    pub expected: String,
    /// The received bytes around it.
    pub received: String,
}

/// The differences between what an answer must hold and what it holds. Fields that nobody asked for are no difference
/// at the top, where an answer may say more; anywhere below they are one. `json_text` is held to what it encodes.
#[must_use]
pub fn differences(expected: &Map<String, Value>, received: &Map<String, Value>) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, value) in expected {
        // JSON as text says more than what it encodes.
        if name == "json_text"
            && let (Some(left), Some(right)) = (value.as_str(), received.get(name).and_then(Value::as_str))
            && is_same_json(left, right)
        {
            continue;
        }
        at(name.clone(), Some(value), received.get(name), &mut found);
    }
    found
}

fn at(place: String, expected: Option<&Value>, received: Option<&Value>, found: &mut Vec<Difference>) {
    match (expected, received) {
        (Some(left), Some(right)) if left == right => {}
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let beyond = right.keys().filter(|name| !left.contains_key(*name));
            for name in left.keys().chain(beyond) {
                at(format!("{place}.{name}"), left.get(name), right.get(name), found);
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            for index in 0..left.len().max(right.len()) {
                at(format!("{place}[{index}]"), left.get(index), right.get(index), found);
            }
        }
        _ => found.push(Difference {
            place,
            expected: expected.cloned(),
            received: received.cloned(),
            parting: expected.zip(received).and_then(|(left, right)| parting(left, right)),
        }),
    }
}

fn parting(left: &Value, right: &Value) -> Option<Parting> {
    let bytes = |value: &Value| value.as_str().filter(|text| !text.is_empty()).and_then(hexadecimal::decode);
    let (left, right) = (bytes(left)?, bytes(right)?);
    let offset = left.iter().zip(&right).take_while(|(left, right)| left == right).count();
    Some(Parting { offset, expected: around(&left, offset), received: around(&right, offset) })
}

/// The bytes around `offset`, with an ellipsis for what is left out at either end.
fn around(bytes: &[u8], offset: usize) -> String {
    let start = offset.saturating_sub(CONTEXT.0);
    let end = offset.saturating_add(CONTEXT.1).min(bytes.len());
    let same = bytes.get(start..offset).unwrap_or_default();
    let different = bytes.get(offset..end).unwrap_or_default();
    let (before, after) = (if start > 0 { "… " } else { "" }, if end < bytes.len() { " …" } else { "" });
    let rest = if different.is_empty() { "(end)".to_owned() } else { hexadecimal::encode(different) };
    format!("{before}{} {rest}{after}", hexadecimal::encode(same)).trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::differences;
    use serde_json::{Value, json};

    fn found(expected: Value, received: Value) -> Vec<super::Difference> {
        let (Value::Object(expected), Value::Object(received)) = (expected, received) else { unreachable!() };
        differences(&expected, &received)
    }

    #[test]
    fn bytes_part_at_an_offset() {
        let difference = &found(json!({"a": "000102030405"}), json!({"a": "0001020304ff", "more": 1}))[0];
        let parting = difference.parting.as_ref().unwrap();
        assert_eq!((difference.place.as_str(), parting.offset), ("a", 5));
        assert_eq!((parting.expected.as_str(), parting.received.as_str()), ("… 01020304 05", "… 01020304 ff"));
        let difference = &found(json!({"a": "0001"}), json!({"a": "00"}))[0];
        assert_eq!(difference.parting.as_ref().unwrap().received, "00 (end)");
    }

    #[test]
    fn places_are_named_and_surplus_counts_below_the_top() {
        let expected = json!({"list": [{"x": 1}, {"x": 2}], "map": {"y": 1}});
        let received = json!({"list": [{"x": 1}, {"x": 3}, {"x": 4}], "map": {"y": 1, "z": 1}});
        let places: Vec<String> = found(expected.clone(), received).into_iter().map(|one| one.place).collect();
        assert_eq!(places, ["list[1].x", "list[2]", "map.z"]);
        assert_eq!(found(expected.clone(), expected), []);
        assert_eq!(found(json!({"a": 1}), json!({})).len(), 1);
    }

    #[test]
    fn json_text_is_held_to_what_it_encodes() {
        let differ = |left: &str, right: &str| found(json!({"json_text": left}), json!({"json_text": right})).len();
        assert_eq!(differ("[1.5e-5,1e16]", "[0.000015, 1e+16]"), 0);
        assert_eq!(differ("1", "1.0"), 1, "an integer is no float");
        assert_eq!(differ("0.0", "-0.0"), 1);
        assert_eq!(differ("[", "]"), 1);
    }
}
