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
        let error = |offset: usize| IdError::new(Reason::IdSchemaSyntax, offset);
        super::error::ascii(text, 256)?;
        let (namespace, rest) = text.split_once(':').ok_or(error(text.len()))?;
        let colon = namespace.len();
        let (name, version) = rest.split_once('@').ok_or(error(text.len()))?;
        let at = colon.saturating_add(1).saturating_add(name.len());
        super::error::lowercase(namespace, b"._-", 0).map_err(|fault| error(fault.offset()))?;
        let letter = |(index, byte): (usize, u8)| byte.is_ascii_alphabetic() || (index > 0 && byte.is_ascii_digit());
        if name.is_empty() || !name.bytes().enumerate().all(letter) {
            return Err(error(colon.saturating_add(1)));
        }
        let number = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_digit())
                && (part == "0" || !part.starts_with('0'))
        };
        let mut parts = version.split('.');
        let three = [parts.next(), parts.next(), parts.next()];
        if parts.next().is_some() || !three.iter().all(|part| part.is_some_and(number)) {
            return Err(error(at.saturating_add(1)));
        }
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
