//! JSON to and from [`Value`] (D28).
//!
//! JSON parsers disagree on what the number `-0` is and on repeated keys, and both change the bytes that are hashed
//! and approved. So this reader is exact: a number token without `.`, `e` or `E` that fits a 64-bit integer is an
//! integer, any other number is a float; repeated keys are refused.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::MAX_DEPTH;
use super::value::{Entries, Float, Integer, Value};

/// Why a text is not taken as JSON, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct JsonError {
    offset: usize,
    kind: JsonErrorKind,
}

impl JsonError {
    /// The offset of the fault, in bytes from the start of the text.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> crate::error::Reason {
        use crate::error::Reason;
        match self.kind {
            JsonErrorKind::Syntax => Reason::CborJsonSyntax,
            JsonErrorKind::DuplicateKey => Reason::CborDuplicateKey,
            JsonErrorKind::Infinite => Reason::CborInfinity,
            JsonErrorKind::TooDeep => Reason::CborTooDeep,
            JsonErrorKind::Surrogate => Reason::CborInvalidUtf8,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum JsonErrorKind {
    #[error("not JSON")]
    Syntax,
    #[error("key occurs twice")]
    DuplicateKey,
    #[error("number is too large for a float")]
    Infinite,
    #[error("nested too deeply")]
    TooDeep,
    #[error("escaped surrogate without its other half")]
    Surrogate,
}

/// Reads one JSON text (RFC 8259) that must fill `text`.
///
/// # Errors
/// [`JsonError`] for anything that is not JSON, repeated keys, numbers beyond the range of a float, and nesting
/// deeper than [`MAX_DEPTH`].
pub fn from_json(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader { text, position: 0, depth: 0 };
    reader.space();
    let value = reader.value()?;
    reader.space();
    if reader.rest().is_empty() { Ok(value) } else { Err(reader.error(JsonErrorKind::Syntax)) }
}

struct Reader<'t> {
    text: &'t str,
    position: usize,
    depth: u8,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    const fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError { offset: self.position, kind }
    }

    const fn advance(&mut self, by: usize) {
        self.position = self.position.saturating_add(by);
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.advance(1);
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), JsonError> {
        if self.rest().starts_with(token) {
            self.advance(token.len());
            Ok(())
        } else {
            Err(self.error(JsonErrorKind::Syntax))
        }
    }

    fn value(&mut self) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'n') => self.expect("null").map(|()| Value::Null),
            Some(b't') => self.expect("true").map(|()| Value::Bool(true)),
            Some(b'f') => self.expect("false").map(|()| Value::Bool(false)),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'[') => self.nested(Self::array),
            Some(b'{') => self.nested(Self::object),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.error(JsonErrorKind::Syntax)),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, JsonError>) -> Result<Value, JsonError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error(JsonErrorKind::TooDeep));
        }
        self.depth = self.depth.saturating_add(1);
        self.advance(1);
        self.space();
        let value = read(self)?;
        self.depth = self.depth.saturating_sub(1);
        Ok(value)
    }

    /// After an element: `true` if a comma leads to another, `false` at `end`.
    fn more(&mut self, end: u8) -> Result<bool, JsonError> {
        self.space();
        let more = match self.peek() {
            Some(b',') => true,
            Some(byte) if byte == end => false,
            _ => return Err(self.error(JsonErrorKind::Syntax)),
        };
        self.advance(1);
        self.space();
        Ok(more)
    }

    fn array(&mut self) -> Result<Value, JsonError> {
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.advance(1);
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            if !self.more(b']')? {
                return Ok(Value::Array(items));
            }
        }
    }

    fn object(&mut self) -> Result<Value, JsonError> {
        let mut entries = Vec::new();
        if self.peek() == Some(b'}') {
            self.advance(1);
            return Ok(Value::Map(Entries::default()));
        }
        loop {
            let at = self.position;
            let key = self.string()?;
            self.space();
            self.expect(":")?;
            self.space();
            entries.push((key, self.value()?, at));
            if !self.more(b'}')? {
                break;
            }
        }
        Entries::from_distinct(entries)
            .map(Value::Map)
            .map_err(|offset| JsonError { offset, kind: JsonErrorKind::DuplicateKey })
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.expect("\"")?;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let plain = rest
                .bytes()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
                .ok_or_else(|| self.error(JsonErrorKind::Syntax))?;
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.advance(plain);
            match self.peek() {
                Some(b'"') => {
                    self.advance(1);
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(self.error(JsonErrorKind::Syntax)),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        self.advance(1);
        let plain = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.advance(1);
                return self.unicode();
            }
            _ => return Err(self.error(JsonErrorKind::Syntax)),
        };
        self.advance(1);
        Ok(plain)
    }

    /// The four digits behind `\u`, and the low half of a surrogate pair.
    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = u32::from(self.four_digits()?);
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.error(JsonErrorKind::Syntax));
        }
        if !self.rest().starts_with("\\u") {
            return Err(self.error(JsonErrorKind::Surrogate));
        }
        self.advance(2);
        let second = u32::from(self.four_digits()?);
        match (first.checked_sub(0xd800), second.checked_sub(0xdc00)) {
            (Some(high @ 0..0x400), Some(low @ 0..0x400)) => {
                char::from_u32((high << 10 | low).saturating_add(0x1_0000))
            }
            _ => None,
        }
        .ok_or_else(|| self.error(JsonErrorKind::Surrogate))
    }

    fn four_digits(&mut self) -> Result<u16, JsonError> {
        let digits = self
            .rest()
            .get(..4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .ok_or_else(|| self.error(JsonErrorKind::Syntax))?;
        self.advance(4);
        u16::from_str_radix(digits, 16).map_err(|_| self.error(JsonErrorKind::Syntax))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return Err(self.error(JsonErrorKind::Syntax));
        }
        self.advance(count);
        Ok(())
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.position;
        let mut integral = true;
        if self.peek() == Some(b'-') {
            self.advance(1);
        }
        if self.peek() == Some(b'0') {
            self.advance(1);
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            integral = false;
            self.advance(1);
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integral = false;
            self.advance(1);
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.advance(1);
            }
            self.digits()?;
        }
        let token = self.text.get(start..self.position).unwrap_or_default();
        if integral {
            if let Ok(number) = token.parse::<u64>() {
                return Ok(Value::Integer(Integer::from(number)));
            }
            if let Ok(number) = token.parse::<i64>() {
                return Ok(Value::Integer(Integer::from(number)));
            }
        }
        token
            .parse::<f64>()
            .ok()
            .and_then(Float::new)
            .map(Value::Float)
            .ok_or(JsonError { offset: start, kind: JsonErrorKind::Infinite })
    }
}

/// Writes `value` as compact JSON, keys in canonical order; a byte string becomes `{"$hex":"…"}`.
///
/// Floats keep a `.` or an exponent, so that [`from_json`] gives back a float.
#[must_use]
pub fn to_json(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Integer(integer) => {
            let _ = write!(out, "{}", integer.as_i128());
        }
        Value::Float(float) => {
            let _ = write!(out, "{:?}", float.get());
        }
        Value::Bytes(bytes) => {
            out.push_str("{\"$hex\":\"");
            for byte in bytes {
                let _ = write!(out, "{byte:02x}");
            }
            out.push_str("\"}");
        }
        Value::Text(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (index, (key, item)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(out, key);
                out.push(':');
                write_value(out, item);
            }
            out.push('}');
        }
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control @ '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::from_json;
    use alloc::format;
    use alloc::string::String;

    fn code(text: &str) -> &'static str {
        from_json(text).unwrap_err().reason().code()
    }

    #[test]
    fn surrogates_come_in_pairs() {
        assert_eq!(from_json(r#""\ud800\udd51""#).unwrap().as_text(), Some("\u{10151}"));
        for text in [r#""\ud800""#, r#""\ud800x""#, r#""\udd51\ud800""#, r#""\ud800\u0041""#] {
            assert_eq!(code(text), "cbor.invalid_utf8", "{text}");
        }
        assert_eq!(code(r#""\ud800\u00""#), "cbor.json_syntax");
    }

    #[test]
    fn keys_stand_once_and_the_first_repetition_is_named() {
        assert_eq!(code(r#"{"a":1,"b":2,"a":3,"b":4}"#), "cbor.duplicate_key");
        assert_eq!(from_json(r#"{"a":1,"b":2,"b":4,"a":3}"#).unwrap_err().offset(), 13);
    }

    #[test]
    fn many_keys_take_no_quadratic_time() {
        let keys: String = (0..200_000).rev().map(|number| format!("\"{number:06}\":0,")).collect();
        assert!(from_json(&format!("{{{}\"x\":0}}", keys)).is_ok());
    }
}
