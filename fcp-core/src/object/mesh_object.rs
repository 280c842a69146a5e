//! The trait of everything that is stored.

use alloc::vec::Vec;

use super::{Message, ObjectError, ObjectHeader, StoredObject, registry};
use crate::id::{ObjectId, ObjectIdKey, ZoneId};
use crate::sign::{Unverified, Verified};

/// A typed object with a header (§3.6). Derive it.
pub trait MeshObject: Message {
    /// What opening gives: [`Verified`] if nothing signs the type, else [`Unverified`].
    type Opened: Opened<Self>;

    /// The header.
    fn header(&self) -> &ObjectHeader;

    /// The zone that the body names beside the header, if it does (D13).
    fn body_zone(&self) -> Option<&ZoneId> {
        None
    }

    /// Whether `refs` is exactly what this object requires (G8).
    fn accepts_refs(&self, refs: &[ObjectId]) -> bool;

    /// Checks what a decoder cannot see: schema, zones and references of the header (D13, D20, D39, G8).
    ///
    /// # Errors
    /// [`ObjectError`] with the first rule that the object breaks.
    fn check(&self) -> Result<(), ObjectError> {
        let header = self.header();
        if header.schema.as_str() != Self::SCHEMA {
            return Err(ObjectError::SchemaMismatch);
        }
        if self.body_zone().is_some_and(|zone| *zone != header.zone_id) {
            return Err(ObjectError::ZoneMismatch);
        }
        if const { registry::lives_in_owner_zone(Self::SCHEMA) } && !header.zone_id.is_owner() {
            return Err(ObjectError::ZoneRule);
        }
        if header.has_duplicates() {
            return Err(ObjectError::DuplicateRef);
        }
        if !self.accepts_refs(&header.refs) {
            return Err(ObjectError::RefsMismatch);
        }
        Ok(())
    }

    /// The canonical bytes and the id under the zone's `key`.
    ///
    /// # Errors
    /// [`ObjectError`] if the object would be refused by everybody else.
    fn seal(&self, key: &ObjectIdKey) -> Result<StoredObject, ObjectError> {
        self.check()?;
        Ok(StoredObject::from_parts(self.header().clone(), &self.to_body(), key))
    }
}

/// How much an opened object is worth: made by [`StoredObject::open`] alone.
pub trait Opened<T>: sealed::Sealed {
    /// Wraps what was opened.
    #[doc(hidden)]
    fn opened(value: T, id: ObjectId) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for crate::sign::Verified<T> {}
    impl<T> Sealed for crate::sign::Unverified<T> {}
}

impl<T> Opened<T> for Unverified<T> {
    fn opened(value: T, id: ObjectId) -> Self {
        Self::new(value, id)
    }
}

impl<T> Opened<T> for Verified<T> {
    fn opened(value: T, id: ObjectId) -> Self {
        Self::of_checked(value, id)
    }
}

/// A field that may hold strong references: an id, an optional one, or several (G8).
pub trait StrongRef {
    /// Takes this field's ids, all-zero ones left out, off the front of `refs`; false if they do not stand there.
    fn strip(&self, refs: &mut &[ObjectId]) -> bool;
}

impl StrongRef for ObjectId {
    fn strip(&self, refs: &mut &[ObjectId]) -> bool {
        if self.is_zero() {
            return true;
        }
        match refs.split_first() {
            Some((first, rest)) if first == self => {
                *refs = rest;
                true
            }
            _ => false,
        }
    }
}

impl StrongRef for Option<ObjectId> {
    fn strip(&self, refs: &mut &[ObjectId]) -> bool {
        self.as_ref().is_none_or(|id| id.strip(refs))
    }
}

impl StrongRef for Vec<ObjectId> {
    fn strip(&self, refs: &mut &[ObjectId]) -> bool {
        self.iter().all(|id| id.strip(refs))
    }
}
