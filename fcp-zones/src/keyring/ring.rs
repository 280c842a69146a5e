//! Which keys there are and what each is good for.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{EpochId, NodeId, ObjectId, ObjectIdKey, ObjectIdKeyId, ZoneId, ZoneKeyId};
use fcp_core::object::{Message as _, ObjectError, StoredObject};
use fcp_core::revoked::Revoked;
use fcp_core::sign::{NodeEncryptionKey, OwnerPublicKey, Signed as _, Verified};
use fcp_core::time::Timestamp;
use fcp_core::zone_key::ZoneKey;

use super::ratchet::Ratchet;
use crate::manifest::{ManifestError, ZoneKeyManifest, ZoneKeys};

/// The keys of one zone that this node holds (§5.2.1).
///
/// A manifest is [`accept`](Self::accept)ed when it arrives, and [`activate`](Self::activate)d when an accepted
/// checkpoint names it. [`sealing_key`](Self::sealing_key) is the active one, [`opening_key`](Self::opening_key) also
/// gives the one before it for a while and the one that comes next. [`advance`](Self::advance) belongs on a timer, at
/// least once per epoch.
#[derive(Debug)]
pub struct ZoneKeyRing {
    pub(super) zone: ZoneId,
    pub(super) keys: BTreeMap<ZoneKeyId, HeldKey>,
    /// The zone key that the accepted checkpoint's manifest carries, whether this node holds it or not.
    pub(super) active: Option<ActiveManifest>,
    /// By when they begin, then by when their manifest was made; one entry per manifest (D16).
    pub(super) object_id_keys: Vec<HeldObjectIdKey>,
    /// What each id was seen with, so that none is used again for another key (D89).
    pub(super) zone_key_prints: BTreeMap<ZoneKeyId, KeyPrint>,
}

/// The manifest that the accepted checkpoint names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ActiveManifest {
    pub(super) zone_key_id: ZoneKeyId,
    pub(super) created_at: Timestamp,
}

/// A one-way print of a key, its algorithm and how it is ratcheted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyPrint(pub(super) [u8; 32]);

#[derive(Debug)]
pub(super) struct HeldObjectIdKey {
    pub(super) valid_from: Timestamp,
    pub(super) made_at: Timestamp,
    pub(super) id: ObjectIdKeyId,
    pub(super) key: ObjectIdKey,
}

#[derive(Debug)]
pub(super) struct HeldKey {
    pub(super) material: Material,
    /// The manifests that carried it.
    pub(super) manifests: Vec<ObjectId>,
    /// When the newest of them was made.
    pub(super) made_at: Timestamp,
    pub(super) valid_until: Option<Timestamp>,
    /// The last second in which it opens, once another key is active.
    pub(super) closes_at: Option<Timestamp>,
}

pub(super) enum Material {
    /// The zone key itself.
    Static(ZoneKey),
    /// Epoch keys; the zone key is gone (D91).
    Ratchet(Ratchet),
}

impl core::fmt::Debug for Material {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Static(_) => "Static(..)",
            Self::Ratchet(_) => "Ratchet(..)",
        })
    }
}

/// Why the ring does not take a manifest or has no key to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// The manifest is of another zone.
    #[error("manifest of another zone")]
    WrongZone,
    /// The manifest's bytes are no acceptable object.
    #[error("{0}")]
    Object(ObjectError),
    /// The manifest is not acceptable or gives no key.
    #[error("{0}")]
    Manifest(ManifestError),
    /// A key id stands for another key than before (D89).
    #[error("key id is used again for another key")]
    IdReused,
    /// The epoch ratchet would need too many steps to the present (D91).
    #[error("epoch ratchet begins too long ago")]
    RatchetTooFar,
    /// No key of that id is held.
    #[error("zone key is not held")]
    Unknown,
    /// No checkpoint has named a manifest yet, or this node is not a member of the named one.
    #[error("no active zone key")]
    NoActiveKey,
    /// A manifest that carried the key is revoked.
    #[error("zone key is revoked")]
    Revoked,
    /// The key's time is over.
    #[error("zone key has expired")]
    Expired,
    /// The epoch's key is deleted, or not derived yet.
    #[error("no key for that epoch")]
    NoEpochKey,
    /// Object ids of that time were made with a key that is not held.
    #[error("no object-id key for that time")]
    NoObjectIdKey,
}

impl KeyRingError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::WrongZone => Reason::ObjectZoneMismatch,
            Self::Object(error) => error.reason(),
            Self::Manifest(error) => error.reason(),
            Self::IdReused => Reason::ZoneKeyIdReused,
            Self::RatchetTooFar => Reason::ZoneKeyRatchetTooFar,
            Self::Unknown => Reason::ZoneKeyUnknown,
            Self::NoActiveKey => Reason::ZoneKeyNoActive,
            Self::Revoked => Reason::ZoneKeyRevoked,
            Self::Expired => Reason::ZoneKeyExpired,
            Self::NoEpochKey => Reason::ZoneKeyNoEpochKey,
            Self::NoObjectIdKey => Reason::ZoneKeyNoObjectIdKey,
        }
    }
}

/// What accepting a manifest gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The manifest.
    pub manifest: Verified<ZoneKeyManifest>,
    /// Whether the manifest's sealed boxes must now be deleted, because each epoch has a key of its own (D91).
    pub delete_boxes: bool,
}

impl ZoneKeyRing {
    /// A ring without keys.
    #[must_use]
    pub const fn new(zone: ZoneId) -> Self {
        Self { zone, keys: BTreeMap::new(), active: None, object_id_keys: Vec::new(), zone_key_prints: BTreeMap::new() }
    }

    /// The zone.
    #[must_use]
    pub const fn zone(&self) -> &ZoneId {
        &self.zone
    }

    /// Takes a manifest as it was received: checks the owner's signature, opens this node's boxes, and only then
    /// computes the manifest's id, for which it may carry the key itself (D201).
    ///
    /// # Errors
    /// [`KeyRingError`] with the first check that fails; the ring is then unchanged.
    pub fn accept(
        &mut self,
        id: ObjectId,
        canonical: &[u8],
        (node, key): (&NodeId, &NodeEncryptionKey),
        owner: &OwnerPublicKey,
        now: Timestamp,
    ) -> Result<Accepted, KeyRingError> {
        // No key is known before the boxes are open; the id that this first reading gives is not looked at.
        let unaddressed = StoredObject::parse(canonical, &ObjectIdKey::public()).map_err(KeyRingError::Object)?;
        let claimed = ZoneKeyManifest::from_body(unaddressed.body()).map_err(KeyRingError::Object)?;
        if *claimed.zone_id() != self.zone {
            return Err(KeyRingError::WrongZone);
        }
        let signature = claimed.verify_signature(owner).map_err(ManifestError::Signature);
        signature.map_err(KeyRingError::Manifest)?;
        let keys = claimed.unwrap_for(node, key).map_err(KeyRingError::Manifest)?;

        let own = (claimed.valid_from() <= claimed.created_at()).then_some(&keys.object_id_key);
        let held = self.newest_object_id_key(claimed.created_at());
        let addressed_with = match (own, held) {
            // Of two keys that have begun, the later one is valid (D16).
            (Some(own), Some(held))
                if (claimed.valid_from(), claimed.created_at()) >= (held.valid_from, held.made_at) =>
            {
                own
            }
            (_, Some(held)) => &held.key,
            (Some(own), None) => own,
            (None, None) => return Err(KeyRingError::NoObjectIdKey),
        };
        let stored = StoredObject::parse_as(id, canonical, addressed_with);
        let received = stored.and_then(|stored| stored.open::<ZoneKeyManifest>()).map_err(KeyRingError::Object)?;
        let manifest = ZoneKeyManifest::verify(received, owner, now).map_err(KeyRingError::Manifest)?;
        self.keep(&manifest, keys, now)?;
        let delete_boxes = manifest.has_epoch_ratchet();
        Ok(Accepted { manifest, delete_boxes })
    }

    fn keep(
        &mut self,
        manifest: &Verified<ZoneKeyManifest>,
        keys: ZoneKeys,
        now: Timestamp,
    ) -> Result<(), KeyRingError> {
        if !self.follows_what_is_held(manifest) {
            return Err(KeyRingError::Manifest(ManifestError::NotASuccessor));
        }
        let print = KeyPrint::of(manifest, &keys.zone_key);
        if self.zone_key_prints.get(&manifest.zone_key_id()).is_some_and(|seen| *seen != print) {
            return Err(KeyRingError::IdReused);
        }
        let reused = |held: &HeldObjectIdKey| held.id == keys.object_id_key_id && held.key != keys.object_id_key;
        if self.object_id_keys.iter().any(reused) {
            return Err(KeyRingError::IdReused);
        }
        // Of a key that the active one took the place of, and of one whose epochs were deleted, only the object-id key
        // is still of use.
        let was_ratcheted = manifest.has_epoch_ratchet() && self.zone_key_prints.contains_key(&manifest.zone_key_id());
        let is_older = self.active.is_some_and(|active| {
            active.zone_key_id != manifest.zone_key_id() && manifest.created_at() < active.created_at
        });
        match self.keys.get_mut(&manifest.zone_key_id()) {
            Some(held) => held.rewrapped(manifest),
            None if was_ratcheted || is_older => {}
            None => {
                let material = Material::of(manifest, keys.zone_key, now)?;
                self.keys.insert(manifest.zone_key_id(), HeldKey::new(manifest, material));
            }
        }
        self.zone_key_prints.insert(manifest.zone_key_id(), print);
        let held = HeldObjectIdKey {
            valid_from: manifest.valid_from(),
            made_at: manifest.created_at(),
            id: keys.object_id_key_id,
            key: keys.object_id_key,
        };
        let known = |other: &HeldObjectIdKey| {
            (other.valid_from, other.made_at, other.id) == (held.valid_from, held.made_at, held.id)
        };
        if !self.object_id_keys.iter().any(known) {
            self.object_id_keys.push(held);
            self.object_id_keys.sort_by_key(|held| (held.valid_from, held.made_at, held.id));
        }
        Ok(())
    }

    /// Whether the manifest follows the one that it names as the previous one, if that one's key is still held (D90).
    fn follows_what_is_held(&self, manifest: &ZoneKeyManifest) -> bool {
        let Some(previous) = manifest.previous() else { return true };
        let held = self.keys.iter().find(|(_, held)| held.manifests.contains(&previous));
        held.is_none_or(|(id, _)| *id == manifest.zone_key_id() || manifest.prev_zone_key_id() == Some(*id))
    }

    /// Makes the key of `manifest` the active one, because an accepted checkpoint names it. `switched_at` is when the
    /// first checkpoint that names it was created.
    ///
    /// The key that was active before opens until its own end, or until the overlap after `switched_at` is over,
    /// whichever comes first; every other key that is not newer is dropped (D90).
    pub fn activate(&mut self, manifest: &Verified<ZoneKeyManifest>, switched_at: Timestamp) {
        let next = ActiveManifest { zone_key_id: manifest.zone_key_id(), created_at: manifest.created_at() };
        let before = self.active.replace(next).map(|before| before.zone_key_id);
        let closes_at = switched_at.saturating_add(manifest.overlap_secs());
        for id in [before, manifest.prev_zone_key_id()].into_iter().flatten().filter(|id| *id != next.zone_key_id) {
            if let Some(held) = self.keys.get_mut(&id) {
                held.closes_at.get_or_insert(closes_at);
            }
        }
        if let Some(held) = self.keys.get_mut(&next.zone_key_id) {
            held.closes_at = None;
        }
        self.keys
            .retain(|id, held| *id == next.zone_key_id || held.closes_at.is_some() || held.made_at > next.created_at);
    }

    /// The id of the active zone key.
    #[must_use]
    pub fn active_key_id(&self) -> Option<ZoneKeyId> {
        self.active.map(|active| active.zone_key_id)
    }

    /// The key to seal with now: the active one, or its key of the current epoch (D90, D91).
    ///
    /// # Errors
    /// [`KeyRingError`] if no key is active here, it is revoked, or its time is over.
    pub fn sealing_key(&self, revoked: &impl Revoked, now: Timestamp) -> Result<&ZoneKey, KeyRingError> {
        let id = self.active_key_id().ok_or(KeyRingError::NoActiveKey)?;
        let held = self.keys.get(&id).ok_or(KeyRingError::NoActiveKey)?;
        held.check(&self.zone, revoked, now)?;
        held.key(EpochId::of(now))
    }

    /// The key that opens what was sealed in `epoch` under the key of this id (D90, D91).
    ///
    /// # Errors
    /// [`KeyRingError`] if the key is not held, is revoked, or its time is over.
    pub fn opening_key(
        &self,
        id: &ZoneKeyId,
        epoch: EpochId,
        revoked: &impl Revoked,
        now: Timestamp,
    ) -> Result<&ZoneKey, KeyRingError> {
        let held = self.keys.get(id).ok_or(KeyRingError::Unknown)?;
        held.check(&self.zone, revoked, now)?;
        held.key(epoch)
    }

    /// The one object-id key that is valid for an object created at `created_at` (D16): that of the manifest with the
    /// latest beginning which is not later.
    ///
    /// # Errors
    /// [`KeyRingError::NoObjectIdKey`] if every key that is held begins later.
    pub fn object_id_key_at(&self, created_at: Timestamp) -> Result<&ObjectIdKey, KeyRingError> {
        self.newest_object_id_key(created_at).map(|held| &held.key).ok_or(KeyRingError::NoObjectIdKey)
    }

    fn newest_object_id_key(&self, created_at: Timestamp) -> Option<&HeldObjectIdKey> {
        self.object_id_keys.iter().rev().find(|held| held.valid_from <= created_at)
    }

    /// Follows the local clock: derives epoch keys, deletes those that are over, drops zone keys that no longer open
    /// anything (D90, D91). Says whether anything changed, and so whether the ring has to be stored again.
    #[must_use = "a ring that changed has to be stored"]
    pub fn advance(&mut self, now: Timestamp) -> bool {
        let before = self.keys.len();
        self.keys.retain(|_, held| held.ends_at().is_none_or(|end| now <= end));
        let mut changed = self.keys.len() != before;
        for held in self.keys.values_mut() {
            if let Material::Ratchet(ratchet) = &mut held.material {
                changed |= ratchet.advance(now);
            }
        }
        changed
    }
}

impl Material {
    fn of(manifest: &ZoneKeyManifest, zone_key: ZoneKey, now: Timestamp) -> Result<Self, KeyRingError> {
        if manifest.has_epoch_ratchet() {
            Ratchet::start(zone_key, manifest.valid_from(), manifest.retain_epochs(), now)
                .map(Self::Ratchet)
                .ok_or(KeyRingError::RatchetTooFar)
        } else {
            Ok(Self::Static(zone_key))
        }
    }
}

impl HeldKey {
    fn new(manifest: &Verified<ZoneKeyManifest>, material: Material) -> Self {
        Self {
            material,
            manifests: vec![manifest.id()],
            made_at: manifest.created_at(),
            valid_until: manifest.valid_until(),
            closes_at: None,
        }
    }

    /// Another manifest with the same key: the newest one says how long the key is valid.
    fn rewrapped(&mut self, manifest: &Verified<ZoneKeyManifest>) {
        if !self.manifests.contains(&manifest.id()) {
            self.manifests.push(manifest.id());
        }
        if manifest.created_at() > self.made_at {
            self.made_at = manifest.created_at();
            self.valid_until = manifest.valid_until();
        }
    }

    /// The last second in which the key opens anything.
    fn ends_at(&self) -> Option<Timestamp> {
        match (self.valid_until, self.closes_at) {
            (Some(until), Some(closes)) => Some(until.min(closes)),
            (until, closes) => until.or(closes),
        }
    }

    fn check(&self, zone: &ZoneId, revoked: &impl Revoked, now: Timestamp) -> Result<(), KeyRingError> {
        if self.manifests.iter().any(|id| revoked.is_revoked(id, zone, now)) {
            return Err(KeyRingError::Revoked);
        }
        if self.ends_at().is_some_and(|end| now > end) {
            return Err(KeyRingError::Expired);
        }
        Ok(())
    }

    fn key(&self, epoch: EpochId) -> Result<&ZoneKey, KeyRingError> {
        match &self.material {
            Material::Static(key) => Ok(key),
            Material::Ratchet(ratchet) => ratchet.key(epoch).ok_or(KeyRingError::NoEpochKey),
        }
    }
}

impl KeyPrint {
    /// The print of a zone key as a manifest uses it. Two manifests with one ratcheted key begin in one epoch, or their
    /// members would not derive the same keys.
    fn of(manifest: &ZoneKeyManifest, key: &ZoneKey) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"FCP2-ZONE-KEY-PRINT-V1");
        hasher.update(key.expose());
        hasher.update(&fcp_core::cbor::encode(&key.algorithm()));
        if manifest.has_epoch_ratchet() {
            hasher.update(&EpochId::of(manifest.valid_from()).get().to_le_bytes());
        }
        Self(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests;
