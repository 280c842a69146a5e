//! Schema identifiers (§3.3, D19).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use super::SchemaHash;
use super::error::IdError;
use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder, FieldCursor};
use crate::error::Reason;

/// The type of an object: `namespace:Name@MAJOR.MINOR.PATCH`, at most 256 bytes (§3.3, D19).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId {
    /// The whole text; the parts are ranges of it.
    text: String,
    colon: u16,
    at: u16,
}

impl SchemaId {
    /// Reads a schema id from its text.
    ///
    /// # Errors
    /// [`IdError`] with the byte at which `text` leaves the grammar.
    pub fn new(text: &str) -> Result<Self, IdError> {
        super::error::ascii(text, 256)?;
        let error = |offset: usize| IdError::new(Reason::IdSchemaSyntax, offset);
        let (colon, at) = parts(text.as_bytes()).map_err(error)?;
        let index = |offset: usize| u16::try_from(offset).map_err(|_| error(offset));
        Ok(Self { colon: index(colon)?, at: index(at)?, text: text.to_owned() })
    }

    /// The schema id of a message type.
    #[must_use]
    pub fn of<T: crate::object::Message>() -> Self {
        // The derive refuses texts outside of the grammar, so this is the parse; a hand-written type that lies gets
        // an id that no object matches.
        Self::new(T::SCHEMA).unwrap_or_else(|_| Self { text: T::SCHEMA.to_owned(), colon: 0, at: 0 })
    }

    /// The namespace, such as `fcp.core`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.text.get(..usize::from(self.colon)).unwrap_or_default()
    }

    /// The type's name, such as `CapabilityObject`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.get(usize::from(self.colon).saturating_add(1)..usize::from(self.at)).unwrap_or_default()
    }

    /// The version, `MAJOR.MINOR.PATCH`.
    #[must_use]
    pub fn version(&self) -> &str {
        self.text.get(usize::from(self.at).saturating_add(1)..).unwrap_or_default()
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The hash that begins every body of this type (§3.3): BLAKE3-256(`FCP2-SCHEMA-V1` ‖ text).
    #[must_use]
    pub fn hash(&self) -> SchemaHash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"FCP2-SCHEMA-V1");
        hasher.update(self.text.as_bytes());
        SchemaHash::from_bytes(*hasher.finalize().as_bytes())
    }
}

/// Where the colon and the at sign of a schema id are, or the first byte that the grammar does not allow (D19).
fn parts(text: &[u8]) -> Result<(usize, usize), usize> {
    let byte = |offset: usize| text.get(offset).copied();
    // At least one byte from `start` on: the first, then others up to the offset that is returned.
    let word = |start: usize, first: fn(u8) -> bool, other: fn(u8) -> bool| {
        if !byte(start).is_some_and(first) {
            return Err(start);
        }
        Ok((start.saturating_add(1)..).find(|offset| !byte(*offset).is_some_and(other)).unwrap_or(text.len()))
    };
    let sign =
        |offset: usize, sign: u8| if byte(offset) == Some(sign) { Ok(offset.saturating_add(1)) } else { Err(offset) };
    let number = |start: usize| match byte(start) {
        Some(b'0') => Ok(start.saturating_add(1)),
        _ => word(start, |byte| byte.is_ascii_digit(), |byte| byte.is_ascii_digit()),
    };
    let small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let colon = word(0, small, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))?;
    let at = word(sign(colon, b':')?, |byte| byte.is_ascii_alphabetic(), |byte| byte.is_ascii_alphanumeric())?;
    let major = number(sign(at, b'@')?)?;
    let minor = number(sign(major, b'.')?)?;
    let patch = number(sign(minor, b'.')?)?;
    if patch == text.len() { Ok((colon, at)) } else { Err(patch) }
}

impl FromStr for SchemaId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl fmt::Display for SchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for SchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SchemaId({})", self.text)
    }
}

/// The map {name, version, namespace} of G7.
impl Encode for SchemaId {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.map(3);
        encoder.text("name");
        encoder.text(self.name());
        encoder.text("version");
        encoder.text(self.version());
        encoder.text("namespace");
        encoder.text(self.namespace());
    }
}

impl<'b> Decode<'b> for SchemaId {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let mut fields: FieldCursor = decoder.fields()?;
        let name: &str = fields.field(decoder, b"\x64name", "name")?;
        let version: &str = fields.field(decoder, b"\x67version", "version")?;
        let namespace: &str = fields.field(decoder, b"\x69namespace", "namespace")?;
        fields.finish(decoder)?;
        Self::new(&format!("{namespace}:{name}@{version}"))
            .ok()
            .filter(|schema| schema.name() == name && schema.namespace() == namespace)
            .ok_or_else(|| Decoder::invalid(offset, Reason::IdSchemaSyntax))
    }
}
