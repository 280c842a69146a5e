//! What a node holds of a zone (D32: "held, verified and descended").

mod memory;

use alloc::vec::Vec;

use fcp_core::id::{ObjectId, ObjectIdKey};
use fcp_core::object::{MeshObject, StoredObject};
use fcp_core::sign::{Signature, SignatureSet, Verified};
use fcp_core::time::Timestamp;
use fcp_zones::manifest::ZoneKeyManifest;
use fcp_zones::policy::ZonePolicyObject;
use fcp_zones::zone::ZoneDefinitionObject;

use crate::chain::{EventLink, Tip};

pub use memory::{AdmitError, Admitted, HeldInMemory};

/// One zone's objects as a node holds them: what checkpoints are judged by.
///
/// [`HeldInMemory`] is one; a node may answer from its store instead. Whatever is returned as verified must have been
/// verified once, which the types see to. "Not held" is an answer: what is missing comes back as [`Wanted`].
pub trait Held {
    /// The zone's object-id key for what was created then (D16).
    fn id_key(&self, created_at: Timestamp) -> Option<ObjectIdKey>;

    /// The object of this id, whoever signed it.
    fn object(&self, id: &ObjectId) -> Option<StoredObject>;

    /// The definition of this id, which the owner signed.
    fn definition(&self, id: &ObjectId) -> Option<Verified<ZoneDefinitionObject>>;

    /// The policy of this id, which the owner signed.
    fn policy(&self, id: &ObjectId) -> Option<Verified<ZonePolicyObject>>;

    /// The manifest of this id, which the owner signed.
    fn manifest(&self, id: &ObjectId) -> Option<Verified<ZoneKeyManifest>>;

    /// The place of the verified audit event of this id.
    fn audit_event(&self, id: &ObjectId) -> Option<EventLink>;

    /// The place of the verified revocation event of this id.
    fn revocation_event(&self, id: &ObjectId) -> Option<EventLink>;

    /// The signatures beside a quorum-signed object, as far as they are known. Each by a key that was attested when the
    /// object was created: unverified ones could displace those that count.
    fn signatures(&self, target: &ObjectId) -> SignatureSet;

    /// Whether the agreed audit chain contains an event with this signature (D185).
    fn is_sequenced(&self, fingerprint: &Signature) -> bool;
}

/// One of a zone's two chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainKind {
    /// The audit chain.
    Audit,
    /// The revocation chain.
    Revocation,
}

/// Something that must be held before a decision can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// An object.
    Object(ObjectId),
    /// A quorum-signed object with the signatures beside it.
    Signed(ObjectId),
    /// The events of a chain up to `tip`, from behind `after` on.
    Events {
        /// Which chain.
        chain: ChainKind,
        /// The last event that is wanted.
        tip: Tip,
        /// The sequence of the event before the first that is wanted.
        after: u64,
    },
    /// The revocation that an event chains.
    Revocation(ObjectId),
}

/// How the event of a chain is looked up.
pub(super) fn link(held: &dyn Held, chain: ChainKind) -> impl FnMut(&ObjectId) -> Option<EventLink> {
    move |id| match chain {
        ChainKind::Audit => held.audit_event(id),
        ChainKind::Revocation => held.revocation_event(id),
    }
}

/// Opens a held object as a `T`.
pub(super) fn open<T: MeshObject>(held: &dyn Held, id: &ObjectId) -> Option<T::Opened> {
    held.object(id)?.open::<T>().ok()
}

/// A list without repetitions, in the order of first mention.
pub(super) fn want(wanted: &mut Vec<Wanted>, one: Wanted) {
    if !wanted.contains(&one) {
        wanted.push(one);
    }
}
