//! Why an object is refused.

use crate::cbor::DecodeError;
use crate::error::Reason;
use crate::id::IdError;

/// Why bytes are not an acceptable object, or a value does not make one (§3.6, D13, D39, G8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The header or body is not canonical, or not of its schema.
    #[error("object is not canonical: {0}")]
    NotCanonical(DecodeError),
    /// The bytes do not begin with `FCP2-OBJECT-V1`.
    #[error("object does not begin with its domain string")]
    Prefix,
    /// The schema id is outside of the grammar.
    #[error("schema id is malformed: {0}")]
    Schema(IdError),
    /// The body's schema hash, the header's schema and the expected type do not agree.
    #[error("schema does not match")]
    SchemaMismatch,
    /// The bytes have another id than the one they were asked for by.
    #[error("object id does not match the bytes")]
    IdMismatch,
    /// The header inside the body is not the header before it.
    #[error("the two copies of the header differ")]
    HeaderMismatch,
    /// The body's zone is not the header's.
    #[error("body and header name different zones")]
    ZoneMismatch,
    /// The schema's objects live in `z:owner`, and this one does not.
    #[error("object is not in the owner's zone")]
    ZoneRule,
    /// `header.refs` is not exactly what the type requires.
    #[error("refs are not exactly those of the type")]
    RefsMismatch,
    /// A reference stands twice.
    #[error("a reference stands twice")]
    DuplicateRef,
}

impl ObjectError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::NotCanonical(error) => error.reason(),
            Self::Prefix => Reason::ObjectPrefix,
            Self::Schema(error) => error.reason(),
            Self::SchemaMismatch => Reason::ObjectSchemaMismatch,
            Self::IdMismatch => Reason::ObjectIdMismatch,
            Self::HeaderMismatch => Reason::ObjectHeaderMismatch,
            Self::ZoneMismatch => Reason::ObjectZoneMismatch,
            Self::ZoneRule => Reason::ObjectZoneRule,
            Self::RefsMismatch => Reason::ObjectRefsMismatch,
            Self::DuplicateRef => Reason::ObjectDuplicateRef,
        }
    }
}
