//! What is public of a shared key.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use frost_ed25519 as frost;

use super::bridge::{self, Malformed};
use super::key_share::KeyShareError;
use crate::owner::{OwnerKeyShare, Roster};
use crate::sign::{OwnerPublicKey, Verified};

/// The owner key with the public half of each share: what a coordinator needs to name who signs wrongly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupKeys {
    owner: OwnerPublicKey,
    inner: frost::keys::PublicKeyPackage,
}

impl GroupKeys {
    pub(super) fn new(inner: frost::keys::PublicKeyPackage) -> Result<Self, Malformed> {
        Ok(Self { owner: bridge::owner_key(inner.verifying_key())?, inner })
    }

    pub(super) const fn inner(&self) -> &frost::keys::PublicKeyPackage {
        &self.inner
    }

    /// The public halves, as the owner's own objects state them. Every participant of `roster` must have one.
    ///
    /// # Errors
    /// [`KeyShareError`] if a share is missing, of another key than `owner`, or held by another node than the roster
    /// says.
    pub fn from_shares<'s>(
        roster: &Roster,
        owner: &OwnerPublicKey,
        shares: impl IntoIterator<Item = &'s Verified<OwnerKeyShare>>,
    ) -> Result<Self, KeyShareError> {
        let mut verifying_shares = Vec::new();
        for share in shares {
            if share.group_key != *owner {
                return Err(KeyShareError::OtherGroup);
            }
            if roster.holder(share.share_id).is_none_or(|holder| holder.node_id != share.node_id) {
                return Err(KeyShareError::NotInRoster(share.node_id.clone()));
            }
            verifying_shares.push((share.share_id, share.verifying_share));
        }
        Self::from_verifying_shares(roster, owner, verifying_shares)
    }

    /// The public halves by share id, as this node kept them. Every participant of `roster` must have one.
    ///
    /// # Errors
    /// [`KeyShareError`] if one is missing or no point of the curve.
    pub fn from_verifying_shares(
        roster: &Roster,
        owner: &OwnerPublicKey,
        shares: impl IntoIterator<Item = (u8, [u8; 32])>,
    ) -> Result<Self, KeyShareError> {
        let mut verifying_shares = BTreeMap::new();
        for (share_id, share) in shares {
            let key = frost::keys::VerifyingShare::deserialize(&share).map_err(Malformed::from)?;
            verifying_shares.insert(bridge::identifier(share_id)?, key);
        }
        for participant in roster.participants() {
            if !verifying_shares.contains_key(&bridge::identifier(participant.share_id)?) {
                return Err(KeyShareError::Missing(participant.node_id.clone()));
            }
        }
        let key = bridge::verifying_key(owner)?;
        let threshold = Some(u16::from(roster.threshold_k()));
        Ok(Self { owner: *owner, inner: frost::keys::PublicKeyPackage::new(verifying_shares, key, threshold) })
    }

    /// The owner key.
    #[must_use]
    pub const fn owner(&self) -> &OwnerPublicKey {
        &self.owner
    }

    /// The public half of a share.
    #[must_use]
    pub fn verifying_share(&self, share_id: u8) -> Option<[u8; 32]> {
        let identifier = bridge::identifier(share_id).ok()?;
        let key = self.inner.verifying_shares().get(&identifier)?.serialize().ok()?;
        bridge::array(&key).ok()
    }
}
