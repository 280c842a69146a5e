//! Who belongs to the mesh and to its zones (§19.4, D181).
//!
//! The owner's attestation says which keys and tags a node has, the owner's enrollment says that it belongs and where.
//! [`admit`] takes both and gives a [`Member`], whose zones are those on which the two agree.

mod admission;
mod enrollment;

pub use admission::{Member, admit};
pub use enrollment::{DeviceEnrollment, EnrollmentError, EnrollmentTerms, StoragePermission};
