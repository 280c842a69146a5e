//! What has been checked, as a type.

use crate::id::ObjectId;
use crate::sign::{SignatureError, Signed};

/// An object whose bytes are canonical and whose id is known, but whose signature nobody has checked yet.
///
/// Its content is only a claim: [`claimed`](Self::claimed) is for finding the key to check it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unverified<T> {
    value: T,
    id: ObjectId,
}

impl<T> Unverified<T> {
    /// What was received, under the id of its bytes.
    #[must_use]
    pub const fn new(value: T, id: ObjectId) -> Self {
        Self { value, id }
    }

    /// The object's id.
    #[must_use]
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// What the object says of itself.
    #[must_use]
    pub const fn claimed(&self) -> &T {
        &self.value
    }

    /// Takes the object for verified if `rule` accepts it. For rules that are more than one signature.
    ///
    /// Nothing but `rule` is checked: whoever calls this says that the rule is the type's.
    ///
    /// # Errors
    /// What `rule` refuses it with.
    pub fn verify_with<E>(self, rule: impl FnOnce(&T) -> Result<(), E>) -> Result<Verified<T>, E> {
        rule(&self.value)?;
        Ok(Verified { value: self.value, id: self.id })
    }
}

impl<T: Signed> Unverified<T> {
    /// Checks the signature under `key`, which is of the role that signs `T`.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(self, key: &T::Signer) -> Result<Verified<T>, SignatureError> {
        self.verify_with(|value| value.verify_signature(key))
    }
}

/// An object that passed the checks that its type has, or the rule that took their place, with the id that names it in
/// evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T> {
    value: T,
    id: ObjectId,
}

impl<T> Verified<T> {
    /// What opening checked completely, because nothing signs the type.
    pub(crate) const fn of_checked(value: T, id: ObjectId) -> Self {
        Self { value, id }
    }

    /// The object's id.
    #[must_use]
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// The object.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// The object, taken out.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> core::ops::Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
