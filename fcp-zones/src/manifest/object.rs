//! The owner-signed manifest (§5.2.1).

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::error::Reason;
use fcp_core::hpke::{SealError, SealedBox};
use fcp_core::id::{Kid, NodeId, ObjectId, ObjectIdKeyId, ZoneId, ZoneKeyId};
use fcp_core::object::{MeshObject, ObjectHeader};
use fcp_core::sign::{OwnerPublicKey, Signature, SignatureError, Signed as _, Unverified, Verified};
use fcp_core::time::{TimePolicy, Timestamp};
use fcp_core::zone_key::ZoneKeyAlgorithm;

/// One zone key for its members (§5.2.1).
///
/// A value of this type is consistent in itself: the boxes are sorted by node and key, each once, and the window is not
/// empty. `header.refs` is the manifest that this one follows, or empty (G8).
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(
    schema = "fcp.core:ZoneKeyManifest@2.0.0",
    signer = OwnerPublicKey,
    check = consistent,
    refs = at_most_the_previous
)]
pub struct ZoneKeyManifest {
    pub(super) header: ObjectHeader,
    pub(super) zone_id: ZoneId,
    pub(super) zone_key_id: ZoneKeyId,
    pub(super) algorithm: ZoneKeyAlgorithm,
    pub(super) valid_from: Timestamp,
    pub(super) valid_until: Option<Timestamp>,
    pub(super) prev_zone_key_id: Option<ZoneKeyId>,
    pub(super) object_id_key_id: ObjectIdKeyId,
    pub(super) wrapped_object_id_keys: Vec<WrappedKey>,
    pub(super) rekey_policy: Option<ZoneRekeyPolicy>,
    pub(super) wrapped_keys: Vec<WrappedKey>,
    #[fcp(signature)]
    pub(super) signature: Signature,
}

/// A key that is sealed to one key of one node: `WrappedZoneKey` and `WrappedObjectIdKey` (§5.2.1, D37, D200).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct WrappedKey {
    /// Who opens it.
    pub node_id: NodeId,
    /// With which encryption key.
    pub node_enc_kid: Kid,
    /// When it was sealed; part of what the box is bound to.
    pub issued_at: Timestamp,
    /// The 32 bytes of the key, sealed.
    pub sealed_key: SealedBox,
}

/// How a zone changes its keys (§5.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ZoneRekeyPolicy {
    /// Whether each epoch has a key of its own, deleted when the epoch is over (D91).
    pub epoch_ratchet_enabled: bool,
    /// How long the key before this one still opens, in seconds.
    pub overlap_secs: u64,
    /// How many past epochs' keys are kept.
    pub retain_epochs: u32,
    /// Whether a removed member means a new zone key. It always does here (D182).
    pub rewrap_on_membership_change: bool,
    /// Whether a removed member means a new object-id key too.
    pub rotate_object_id_key_on_membership_change: bool,
}

impl ZoneRekeyPolicy {
    /// How long the key before still opens where no policy says otherwise: 300 s (D90).
    pub const DEFAULT_OVERLAP_SECS: u64 = 300;
}

/// Why a manifest is refused, cannot be made, or gives no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The manifest contradicts itself.
    #[error("{}", .0.meaning())]
    Inconsistent(Reason),
    /// The owner did not sign it.
    #[error("{0}")]
    Signature(SignatureError),
    /// It is of the future (D90).
    #[error("manifest is not valid yet")]
    NotYetValid,
    /// It has no box for this node and key.
    #[error("no key is sealed to this node")]
    NotAMember,
    /// A box cannot be sealed or opened.
    #[error("{0}")]
    Box(SealError),
    /// A box holds something other than 32 bytes.
    #[error("sealed key is not 32 bytes long")]
    KeyLength,
    /// It does not follow the manifest that it names as the previous one (D90).
    #[error("manifest does not follow the previous one")]
    NotASuccessor,
}

impl ManifestError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Inconsistent(reason) => *reason,
            Self::Signature(error) => error.reason(),
            Self::NotYetValid => Reason::ZoneKeyNotYetValid,
            Self::NotAMember => Reason::ZoneKeyNotAMember,
            Self::Box(error) => error.reason(),
            Self::KeyLength => Reason::ZoneKeyLength,
            Self::NotASuccessor => Reason::ZoneKeyNotASuccessor,
        }
    }
}

pub(super) fn consistent(manifest: &ZoneKeyManifest) -> Result<(), Reason> {
    let sorted = |boxes: &[WrappedKey]| {
        boxes.is_sorted_by(|left, right| (&left.node_id, left.node_enc_kid) < (&right.node_id, right.node_enc_kid))
    };
    if !sorted(&manifest.wrapped_keys) || !sorted(&manifest.wrapped_object_id_keys) {
        return Err(Reason::ZoneKeyListOrder);
    }
    if manifest.valid_until.is_some_and(|until| until <= manifest.valid_from) {
        return Err(Reason::ZoneKeyWindow);
    }
    Ok(())
}

fn at_most_the_previous(_: &ZoneKeyManifest, refs: &[ObjectId]) -> bool {
    match refs {
        [] => true,
        [previous] => !previous.is_zero(),
        _ => false,
    }
}

impl ZoneKeyManifest {
    /// Checks the owner's signature and that the manifest is not of the future (D90).
    ///
    /// # Errors
    /// [`ManifestError::Signature`] or [`ManifestError::NotYetValid`].
    pub fn verify(
        received: Unverified<Self>,
        owner: &OwnerPublicKey,
        now: Timestamp,
    ) -> Result<Verified<Self>, ManifestError> {
        received.verify_with(|manifest| {
            manifest.verify_signature(owner).map_err(ManifestError::Signature)?;
            let future = manifest.valid_from > now.saturating_add(TimePolicy::DEFAULT_SKEW_SECS);
            if future { Err(ManifestError::NotYetValid) } else { Ok(()) }
        })
    }

    /// The zone.
    #[must_use]
    pub const fn zone_id(&self) -> &ZoneId {
        &self.zone_id
    }

    /// The id of the zone key.
    #[must_use]
    pub const fn zone_key_id(&self) -> ZoneKeyId {
        self.zone_key_id
    }

    /// Which AEAD the zone key is for.
    #[must_use]
    pub const fn algorithm(&self) -> ZoneKeyAlgorithm {
        self.algorithm
    }

    /// From when the keys are valid.
    #[must_use]
    pub const fn valid_from(&self) -> Timestamp {
        self.valid_from
    }

    /// The last second in which the zone key is valid.
    #[must_use]
    pub const fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }

    /// When the manifest was made.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        self.header.created_at
    }

    /// The zone key that this one takes the place of.
    #[must_use]
    pub const fn prev_zone_key_id(&self) -> Option<ZoneKeyId> {
        self.prev_zone_key_id
    }

    /// The manifest that this one follows.
    #[must_use]
    pub fn previous(&self) -> Option<ObjectId> {
        self.header.refs.first().copied()
    }

    /// The id of the object-id key.
    #[must_use]
    pub const fn object_id_key_id(&self) -> ObjectIdKeyId {
        self.object_id_key_id
    }

    /// How the zone changes its keys.
    #[must_use]
    pub const fn rekey_policy(&self) -> Option<&ZoneRekeyPolicy> {
        self.rekey_policy.as_ref()
    }

    /// How long the key before this one still opens after the switch, in seconds (D90).
    #[must_use]
    pub fn overlap_secs(&self) -> u64 {
        self.rekey_policy.map_or(ZoneRekeyPolicy::DEFAULT_OVERLAP_SECS, |policy| policy.overlap_secs)
    }

    /// Whether each epoch has a key of its own (D91).
    #[must_use]
    pub fn has_epoch_ratchet(&self) -> bool {
        self.rekey_policy.is_some_and(|policy| policy.epoch_ratchet_enabled)
    }

    /// How many past epochs are accepted, at least one (D18).
    #[must_use]
    pub fn retain_epochs(&self) -> u32 {
        self.rekey_policy.map_or(1, |policy| policy.retain_epochs.max(1))
    }

    /// The zone key, sealed to each member.
    #[must_use]
    pub fn wrapped_keys(&self) -> &[WrappedKey] {
        &self.wrapped_keys
    }

    /// The object-id key, sealed to each member.
    #[must_use]
    pub fn wrapped_object_id_keys(&self) -> &[WrappedKey] {
        &self.wrapped_object_id_keys
    }

    /// Makes a manifest that contradicts itself, for tests.
    #[cfg(test)]
    pub(crate) fn set_previous(&mut self, previous: ObjectId) {
        self.header.refs = alloc::vec![previous];
    }

    /// Whether a checkpoint may name this manifest after one that named `current` (D90): its key takes the place of
    /// the current one, or it wraps the same key anew, later.
    #[must_use]
    pub fn follows(&self, current: &Self) -> bool {
        let same_key_later = self.zone_key_id == current.zone_key_id && self.created_at() > current.created_at();
        self.zone_id == current.zone_id
            && (self.prev_zone_key_id == Some(current.zone_key_id) || same_key_later || self == current)
    }
}
