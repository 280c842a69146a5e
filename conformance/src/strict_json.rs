//! JSON of bounded size, in which no object repeats a key.
//!
//! A general parser lets the last of two equal keys win, and turns each two bytes of `[0,0,…` into a value of dozens.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How many values one text may hold.
const MAX_VALUES: u32 = 1 << 20;

/// Reads one JSON text.
pub(crate) fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    let left = Cell::new(MAX_VALUES);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Budget(&left).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// How many values may still come.
#[derive(Clone, Copy)]
struct Budget<'c>(&'c Cell<u32>);

impl<'de> DeserializeSeed<'de> for Budget<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.0.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        self.0.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Budget<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self)?;
            if out.insert(key, value).is_some() {
                return Err(A::Error::custom("an object repeats a key"));
            }
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_VALUES, parse};
    use serde_json::json;

    #[test]
    fn reads_json_and_nothing_else() {
        assert_eq!(parse(br#" {"a":[1,-2,1.5,"x",null,true,{}]} "#).unwrap(), json!({"a":[1,-2,1.5,"x",null,true,{}]}));
        let refused: [&[u8]; 8] =
            [b"", b"{", b"{}x", b"{\"a\":1,\"a\":1}", b"\xff", b"NaN", b"1e999", b"{\"a\":{\"b\":0,\"b\":0}}"];
        for text in refused {
            assert!(parse(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
        let many = format!("[{}0]", "0,".repeat(usize::try_from(MAX_VALUES).unwrap()));
        assert!(parse(many.as_bytes()).is_err());
    }
}
