//! Reading the parameters of console requests.

use std::str::FromStr;

use serde_json::Value;

use crate::control::ControlError;

/// Bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of hexadecimal text.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let pair = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(pair).collect()
}

fn missing(name: &str, what: &str) -> ControlError {
    ControlError::node("bad_request", format_args!("`{name}` must be {what}"))
}

/// A request's parameters.
#[derive(Clone, Copy)]
pub(crate) struct Params<'a>(pub(crate) &'a Value);

impl<'a> Params<'a> {
    /// A text.
    pub(crate) fn text(self, name: &str) -> Result<&'a str, ControlError> {
        self.0.get(name).and_then(Value::as_str).ok_or_else(|| missing(name, "text"))
    }

    /// A number.
    pub(crate) fn number(self, name: &str) -> Result<u64, ControlError> {
        self.0.get(name).and_then(Value::as_u64).ok_or_else(|| missing(name, "a number"))
    }

    /// Something that is read from text.
    pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(self, name: &str) -> Result<T, ControlError> {
        self.text(name)?.parse().map_err(|error| ControlError::node("bad_request", format_args!("`{name}`: {error}")))
    }

    /// Bytes in hexadecimal.
    pub(crate) fn bytes(self, name: &str) -> Result<Vec<u8>, ControlError> {
        unhex(self.text(name)?).ok_or_else(|| missing(name, "hexadecimal"))
    }

    /// As many bytes as there must be.
    pub(crate) fn array<const N: usize>(self, name: &str) -> Result<[u8; N], ControlError> {
        self.bytes(name)?.try_into().map_err(|_| missing(name, "of the right length"))
    }

    /// A list.
    pub(crate) fn list(self, name: &str) -> Result<impl Iterator<Item = Params<'a>>, ControlError> {
        let list = self.0.get(name).and_then(Value::as_array).ok_or_else(|| missing(name, "a list"))?;
        Ok(list.iter().map(Params))
    }

    /// A list of bytes in hexadecimal.
    pub(crate) fn byte_list(self, name: &str) -> Result<Vec<Vec<u8>>, ControlError> {
        self.list(name)?
            .map(|item| item.0.as_str().and_then(unhex).ok_or_else(|| missing(name, "a list of hexadecimal")))
            .collect()
    }
}
