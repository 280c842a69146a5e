//! Objects as bytes (§3.6).

use super::{MeshObject, ObjectError, ObjectHeader, Opened as _};
use crate::cbor;
use crate::id::{IdPreimage, ObjectId, ObjectIdKey, SchemaHash};

/// What canonical bytes begin with.
const PREFIX: &[u8] = b"FCP2-OBJECT-V1";

/// An object's canonical bytes with the id that they have: `FCP2-OBJECT-V1` ‖ CBOR(header) ‖ body (§3.6, D12).
///
/// The body is a schema hash and canonical CBOR. A value of this type was hashed: its id is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    id: ObjectId,
    /// The canonical bytes behind the prefix of their id.
    preimage: IdPreimage,
    header: ObjectHeader,
    /// Where the body begins in the canonical bytes.
    body_at: usize,
}

impl StoredObject {
    /// Puts a header and a schema-prefixed body together and computes their id under the zone's `key`.
    #[must_use]
    pub fn from_parts(header: ObjectHeader, body: &[u8], key: &ObjectIdKey) -> Self {
        let schema = header.schema.hash();
        let mut preimage = IdPreimage::with_capacity(&header.zone_id, &schema, body.len().saturating_add(512));
        preimage.content_mut().extend_from_slice(PREFIX);
        cbor::encode_into(&header, preimage.content_mut());
        let body_at = preimage.content().len();
        preimage.content_mut().extend_from_slice(body);
        Self { id: preimage.id(key), preimage, header, body_at }
    }

    /// Takes canonical bytes apart and computes their id under the zone's `key`.
    ///
    /// What the body says is read by [`open`](Self::open), which knows its type; but that it is canonical is checked here,
    /// so that a node keeps and passes on no other bytes, not even of types that it does not know (§3.5 rule 6).
    ///
    /// # Errors
    /// [`ObjectError`] if the bytes do not begin with the domain string and a canonical header, the body's schema hash is
    /// not that of the header's schema (D13), or the body is not canonical.
    pub fn parse(canonical: &[u8], key: &ObjectIdKey) -> Result<Self, ObjectError> {
        let encoded = canonical.strip_prefix(PREFIX).ok_or(ObjectError::Prefix)?;
        let (header, body): (ObjectHeader, &[u8]) = cbor::decode_prefix(encoded).map_err(ObjectError::NotCanonical)?;
        let schema = header.schema.hash();
        check_body(body, &schema)?;
        let body_at = canonical.len().saturating_sub(body.len());
        let mut preimage = IdPreimage::with_capacity(&header.zone_id, &schema, canonical.len());
        preimage.content_mut().extend_from_slice(canonical);
        Ok(Self { id: preimage.id(key), preimage, header, body_at })
    }

    /// The header that canonical bytes begin with, for finding the key that their id needs (D16). Nothing else is checked.
    ///
    /// # Errors
    /// [`ObjectError`] if the bytes do not begin with the domain string and a canonical header.
    pub fn claimed_header(canonical: &[u8]) -> Result<ObjectHeader, ObjectError> {
        let encoded = canonical.strip_prefix(PREFIX).ok_or(ObjectError::Prefix)?;
        cbor::decode_prefix(encoded).map(|(header, _)| header).map_err(ObjectError::NotCanonical)
    }

    /// As [`parse`](Self::parse), for bytes that were asked for by `id`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and [`ObjectError::IdMismatch`] if the bytes have another id.
    pub fn parse_as(id: ObjectId, canonical: &[u8], key: &ObjectIdKey) -> Result<Self, ObjectError> {
        let stored = Self::parse(canonical, key)?;
        if stored.id == id { Ok(stored) } else { Err(ObjectError::IdMismatch) }
    }

    /// The object's id.
    #[must_use]
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &ObjectHeader {
        &self.header
    }

    /// The body: a schema hash and canonical CBOR, which has not been decoded yet.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.canonical_bytes().get(self.body_at..).unwrap_or_default()
    }

    /// The hash that the body begins with.
    #[must_use]
    pub fn schema_hash(&self) -> SchemaHash {
        SchemaHash::from_bytes(self.body().first_chunk::<32>().copied().unwrap_or_default())
    }

    /// The bytes that the id is the hash of.
    #[must_use]
    pub fn canonical_bytes(&self) -> &[u8] {
        self.preimage.content()
    }

    /// Opens the object as a `T`, with every check of D13 and G8.
    ///
    /// # Errors
    /// [`ObjectError`] with the first rule that the bytes break.
    pub fn open<T: MeshObject>(&self) -> Result<T::Opened, ObjectError> {
        let value = T::from_body(self.body())?;
        // Strict decoding makes equal values and equal bytes the same thing.
        if *value.header() != self.header {
            return Err(ObjectError::HeaderMismatch);
        }
        value.check()?;
        Ok(T::Opened::opened(value, self.id))
    }
}

/// Checks that a body begins with this schema hash and is canonical behind it, whatever its type.
pub(super) fn check_body(body: &[u8], schema: &SchemaHash) -> Result<(), ObjectError> {
    let encoded = body.strip_prefix(schema.as_bytes()).ok_or(ObjectError::SchemaMismatch)?;
    // Whether its schema allows floats is for the typed decoder to say.
    cbor::check(encoded, true).map_err(ObjectError::NotCanonical)
}

#[cfg(test)]
mod tests {
    use super::{PREFIX, StoredObject};
    use crate::cbor;
    use crate::id::{ObjectIdKey, SchemaId, ZoneId};
    use crate::object::{ControlPlaneObject, ObjectHeader, Provenance};
    use crate::time::Timestamp;

    /// A body of a type that nobody here knows.
    #[test]
    fn bytes_of_unknown_types_are_canonical_too() {
        let provenance = Provenance::of_zone(ZoneId::work(), 1, 1, Timestamp::from_secs(1));
        let header = ObjectHeader::new(SchemaId::new("com.example:Unknown@1.0.0").unwrap(), provenance);
        let code = |encoded: &[u8]| {
            let body = [&header.schema.hash().as_bytes()[..], encoded].concat();
            let plaintext = [&cbor::encode(&header), &body[..]].concat();
            let stored = StoredObject::parse(&[PREFIX, &plaintext].concat(), &ObjectIdKey::public());
            let carried = ControlPlaneObject::parse(&plaintext);
            let made = ControlPlaneObject::from_parts(header.clone(), body);
            assert_eq!(carried.is_ok(), stored.is_ok());
            assert_eq!(made, carried);
            stored.map(|_| "").unwrap_or_else(|error| error.reason().code())
        };
        assert_eq!(code(b"\xa1\x61a\xf9\x3c\x00"), "");
        assert_eq!(code(b"\xa1\x61a\x18\x01"), "cbor.non_shortest_int");
        assert_eq!(code(b"\xa2\x61b\x01\x61a\x01"), "cbor.unsorted_keys");
        assert_eq!(code(b"\xa1\x61a\x01\x00"), "cbor.trailing_bytes");
        assert_eq!(code(b"\xa1\x61a\xc0\x01"), "cbor.tag");
        assert_eq!(code(b""), "cbor.unexpected_end");
    }
}
