//! Making a manifest and opening one's own boxes (§5.2.1, §3.6.1).

use alloc::vec;
use alloc::vec::Vec;

use fcp_core::hpke::{self, Purpose, SealContext};
use fcp_core::id::{NodeId, ObjectIdKey, ObjectIdKeyId, ZoneId, ZoneIdHash};
use fcp_core::object::{ObjectHeader, Provenance};
use fcp_core::rand_core::CryptoRng;
use fcp_core::sign::{NodeEncryptionKey, NodeEncryptionPublicKey, Signature, Verified};
use fcp_core::time::Timestamp;
use fcp_core::zone_key::{ZoneKey, ZoneKeyAlgorithm};

use super::object::consistent;
use super::{ManifestError, WrappedKey, ZoneKeyManifest, ZoneRekeyPolicy};
use crate::zone::Levels;

/// The two secrets that a manifest carries: what a zone seals with, and what its objects' ids are made with.
#[derive(Debug, Clone)]
pub struct ZoneKeys {
    /// The zone key, which knows its zone, id and algorithm.
    pub zone_key: ZoneKey,
    /// The id of the object-id key.
    pub object_id_key_id: ObjectIdKeyId,
    /// The object-id key.
    pub object_id_key: ObjectIdKey,
}

impl ZoneKeys {
    /// Fresh random keys under fresh random ids (D89).
    #[must_use]
    pub fn generate(zone: ZoneId, algorithm: ZoneKeyAlgorithm, rng: &mut impl CryptoRng) -> Self {
        let mut id = [0; 8];
        rng.fill_bytes(&mut id);
        Self {
            zone_key: ZoneKey::generate(zone, algorithm, rng),
            object_id_key_id: ObjectIdKeyId::from_bytes(id),
            object_id_key: ObjectIdKey::generate(rng),
        }
    }

    /// A fresh zone key with the same object-id key: the routine rotation, which keeps objects' ids.
    #[must_use]
    pub fn rotated(&self, rng: &mut impl CryptoRng) -> Self {
        let zone_key = ZoneKey::generate(self.zone_key.zone().clone(), self.zone_key.algorithm(), rng);
        Self { zone_key, ..self.clone() }
    }
}

/// A member that a manifest is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The node.
    pub node_id: NodeId,
    /// Its attested encryption key.
    pub key: NodeEncryptionPublicKey,
}

/// What the owner decides about a manifest.
#[derive(Debug, Clone)]
pub struct ManifestTerms<'a> {
    /// The zone's levels.
    pub levels: Levels,
    /// When the manifest is made.
    pub created_at: Timestamp,
    /// From when the keys are valid.
    pub valid_from: Timestamp,
    /// The last second in which the zone key is valid.
    pub valid_until: Option<Timestamp>,
    /// The manifest that this one follows.
    pub previous: Option<&'a Verified<ZoneKeyManifest>>,
    /// How the zone changes its keys.
    pub rekey_policy: Option<ZoneRekeyPolicy>,
}

impl ZoneKeyManifest {
    /// A draft for the owner to sign: `keys`, each sealed to every one of `members`.
    ///
    /// # Errors
    /// [`ManifestError`] if a member stands twice, the window is empty, or the manifest would not follow the previous
    /// one.
    pub fn draft(
        terms: &ManifestTerms<'_>,
        keys: &ZoneKeys,
        members: &[Recipient],
        rng: &mut impl CryptoRng,
    ) -> Result<Self, ManifestError> {
        let zone = keys.zone_key.zone();
        let Levels { integrity, confidentiality } = terms.levels;
        let provenance = Provenance::of_zone(zone.clone(), integrity, confidentiality, terms.created_at);
        let refs = terms.previous.map_or_else(Vec::new, |previous| vec![previous.id()]);
        // A manifest that wraps the same key anew stands where the one before it stood.
        let prev_zone_key_id = terms.previous.and_then(|previous| {
            if previous.zone_key_id == keys.zone_key.id() {
                previous.prev_zone_key_id
            } else {
                Some(previous.zone_key_id)
            }
        });
        let mut members: Vec<&Recipient> = members.iter().collect();
        members.sort_by(|left, right| (&left.node_id, left.key.kid()).cmp(&(&right.node_id, right.key.kid())));
        let mut seal = |purpose, plaintext: &[u8; 32]| {
            members
                .iter()
                .map(|member| {
                    let context = context(purpose, zone.hash(), member.node_id.clone(), terms.created_at);
                    let sealed_key = hpke::seal(&member.key, &context, plaintext, rng).map_err(ManifestError::Box)?;
                    Ok(WrappedKey {
                        node_id: member.node_id.clone(),
                        node_enc_kid: member.key.kid(),
                        issued_at: terms.created_at,
                        sealed_key,
                    })
                })
                .collect::<Result<Vec<WrappedKey>, ManifestError>>()
        };
        let draft = Self {
            header: ObjectHeader::for_type::<Self>(provenance).with_refs(refs),
            zone_id: zone.clone(),
            zone_key_id: keys.zone_key.id(),
            algorithm: keys.zone_key.algorithm(),
            valid_from: terms.valid_from,
            valid_until: terms.valid_until,
            prev_zone_key_id,
            object_id_key_id: keys.object_id_key_id,
            wrapped_object_id_keys: seal(Purpose::ObjectIdKey, keys.object_id_key.expose())?,
            rekey_policy: terms.rekey_policy,
            wrapped_keys: seal(Purpose::ZoneKey, keys.zone_key.expose())?,
            signature: Signature::ABSENT,
        };
        consistent(&draft).map_err(ManifestError::Inconsistent)?;
        if terms.previous.is_some_and(|previous| !draft.follows(previous)) {
            return Err(ManifestError::NotASuccessor);
        }
        Ok(draft)
    }

    /// Opens the two boxes that are sealed to `node` and `key`.
    ///
    /// The signature has to be checked first, see [`verify`](Self::verify); this opens whatever the boxes hold, so that
    /// a member can compute the id of a manifest that it does not hold a key for yet.
    ///
    /// # Errors
    /// [`ManifestError`] if no box is for this node and key, or one does not open to 32 bytes.
    pub fn unwrap_for(&self, node: &NodeId, key: &NodeEncryptionKey) -> Result<ZoneKeys, ManifestError> {
        let zone_key = self.open_box(&self.wrapped_keys, Purpose::ZoneKey, node, key)?;
        let object_id_key = self.open_box(&self.wrapped_object_id_keys, Purpose::ObjectIdKey, node, key)?;
        Ok(ZoneKeys {
            zone_key: ZoneKey::new(self.zone_id.clone(), self.zone_key_id, self.algorithm, zone_key),
            object_id_key_id: self.object_id_key_id,
            object_id_key: ObjectIdKey::from_bytes(object_id_key),
        })
    }

    fn open_box(
        &self,
        boxes: &[WrappedKey],
        purpose: Purpose,
        node: &NodeId,
        key: &NodeEncryptionKey,
    ) -> Result<[u8; 32], ManifestError> {
        let kid = key.public().kid();
        let mine = boxes.iter().find(|wrapped| wrapped.node_id == *node && wrapped.node_enc_kid == kid);
        let mine = mine.ok_or(ManifestError::NotAMember)?;
        let context = context(purpose, self.zone_id.hash(), node.clone(), mine.issued_at);
        let opened = mine.sealed_key.open(key, &context).map_err(ManifestError::Box)?;
        opened.as_slice().try_into().map_err(|_| ManifestError::KeyLength)
    }
}

/// What a box is bound to (§3.6.1, D36).
const fn context(purpose: Purpose, zone: ZoneIdHash, recipient: NodeId, issued_at: Timestamp) -> SealContext {
    SealContext { purpose, zone, recipient, issued_at }
}

#[cfg(test)]
mod tests;
