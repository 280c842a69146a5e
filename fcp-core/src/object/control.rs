//! Control-plane messages on a stream (§9.3, D141, D142).

use alloc::vec::Vec;

use super::stored::check_body;
use super::{Message, ObjectError, ObjectHeader, StoredObject};
use crate::cbor;
use crate::id::{ObjectIdKey, SchemaHash};

/// A message with a header around it: CBOR(header) ‖ body, where the body begins with its schema hash (D141).
///
/// Messages that have no header of their own travel like this; a stored object travels as its own two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlPlaneObject {
    header: ObjectHeader,
    body: Vec<u8>,
}

impl ControlPlaneObject {
    /// A header around `message`.
    #[must_use]
    pub fn new<T: Message>(header: ObjectHeader, message: &T) -> Self {
        Self { header, body: message.to_body() }
    }

    /// A header around a schema-prefixed body.
    ///
    /// # Errors
    /// [`ObjectError::SchemaMismatch`] if the body's schema hash is not that of the header's schema,
    /// [`ObjectError::NotCanonical`] if the body is not canonical behind it (§3.5 rule 6).
    pub fn from_parts(header: ObjectHeader, body: Vec<u8>) -> Result<Self, ObjectError> {
        check_body(&body, &header.schema.hash())?;
        Ok(Self { header, body })
    }

    /// Reads the plaintext of one control-plane frame.
    ///
    /// # Errors
    /// [`ObjectError`] if header or body are not canonical, or the body's schema hash is not that of the header's schema.
    pub fn parse(plaintext: &[u8]) -> Result<Self, ObjectError> {
        let (header, body): (ObjectHeader, &[u8]) =
            cbor::decode_prefix(plaintext).map_err(ObjectError::NotCanonical)?;
        Self::from_parts(header, body.to_vec())
    }

    /// The plaintext of one control-plane frame.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = cbor::encode(&self.header);
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &ObjectHeader {
        &self.header
    }

    /// The schema-prefixed body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The hash that the body begins with, which selects the message's type.
    #[must_use]
    pub fn schema_hash(&self) -> SchemaHash {
        SchemaHash::from_bytes(self.body.first_chunk::<32>().copied().unwrap_or_default())
    }

    /// Decodes the body as a `T`.
    ///
    /// # Errors
    /// [`ObjectError`] if the body is of another schema or not canonical.
    pub fn message<T: Message>(&self) -> Result<T, ObjectError> {
        T::from_body(&self.body)
    }

    /// The object to store, with its id under the zone's `key`.
    #[must_use]
    pub fn into_stored(self, key: &ObjectIdKey) -> StoredObject {
        StoredObject::from_parts(self.header, &self.body, key)
    }
}

impl From<&StoredObject> for ControlPlaneObject {
    fn from(stored: &StoredObject) -> Self {
        Self { header: stored.header().clone(), body: stored.body().to_vec() }
    }
}
