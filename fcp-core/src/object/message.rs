//! Typed bodies (§3.5): a schema hash, then canonical CBOR.

use alloc::vec::Vec;

use super::ObjectError;
use crate::cbor::{self, Decode, Encode};
use crate::id::{IdError, SchemaHash, SchemaId};

/// A struct with a schema: its bytes begin with the schema's hash (§3.5). Derive it.
pub trait Message: Encode + for<'b> Decode<'b> {
    /// The schema id, `namespace:Name@MAJOR.MINOR.PATCH`.
    const SCHEMA: &'static str;

    /// The schema's hash.
    const SCHEMA_HASH: SchemaHash;

    /// The schema id.
    ///
    /// # Errors
    /// [`IdError`] if the derive was given a text outside of the grammar (D19).
    fn schema() -> Result<SchemaId, IdError> {
        SchemaId::new(Self::SCHEMA)
    }

    /// The schema hash and the canonical encoding.
    fn to_body(&self) -> Vec<u8> {
        let mut body = Self::SCHEMA_HASH.as_bytes().to_vec();
        cbor::encode_into(self, &mut body);
        body
    }

    /// Reads what [`to_body`](Self::to_body) wrote.
    ///
    /// # Errors
    /// [`ObjectError::SchemaMismatch`] for another schema, [`ObjectError::NotCanonical`] for anything but its one
    /// encoding.
    fn from_body(body: &[u8]) -> Result<Self, ObjectError> {
        let (hash, encoded) = body.split_first_chunk::<32>().ok_or(ObjectError::SchemaMismatch)?;
        if hash != Self::SCHEMA_HASH.as_bytes() {
            return Err(ObjectError::SchemaMismatch);
        }
        cbor::decode(encoded).map_err(ObjectError::NotCanonical)
    }
}
