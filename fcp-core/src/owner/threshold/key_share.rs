//! A node's own share.

use core::fmt;

use frost_ed25519 as frost;
use zeroize::Zeroizing;

use super::bridge::{self, Malformed};
use crate::error::Reason;
use crate::hpke::{self, SealError};
use crate::id::{NodeId, ZoneId};
use crate::object::{ObjectHeader, Provenance};
use crate::owner::{Member, OwnerKeyShare, Participant};
use crate::sign::{OwnerPublicKey, Signature};

/// A node's share of the owner key: erased when dropped, never cloned, never printed.
pub struct KeyShare {
    share_id: u8,
    owner: OwnerPublicKey,
    inner: frost::keys::KeyPackage,
}

/// Why a share is not sealed, opened or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyShareError {
    /// The object is of another zone than `z:owner`.
    #[error("share is not in the owner's zone")]
    Zone,
    /// The roster does not give this share to this node.
    #[error("share is not that of `{0}` in the roster")]
    NotInRoster(NodeId),
    /// No share of this participant is there.
    #[error("share of `{0}` is missing")]
    Missing(NodeId),
    /// It is a share of another key.
    #[error("share of another owner key")]
    OtherGroup,
    /// The box does not open, or cannot be sealed.
    #[error("{0}")]
    Sealed(SealError),
    /// The box holds another share than the object says (D10).
    #[error("sealed share has another number than the object")]
    ShareIdMismatch,
    /// The secret half does not belong to the public one.
    #[error("sealed share does not belong to its verifying share")]
    VerifyingShareMismatch,
    /// The share or key has no acceptable encoding.
    #[error("malformed share")]
    Malformed,
}

impl KeyShareError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Zone => Reason::ObjectZoneRule,
            Self::NotInRoster(_) => Reason::OwnerNotInRoster,
            Self::Missing(_) => Reason::OwnerMissingPackage,
            Self::OtherGroup => Reason::OwnerOtherKey,
            Self::Sealed(error) => error.reason(),
            Self::ShareIdMismatch => Reason::OwnerShareIdMismatch,
            Self::VerifyingShareMismatch => Reason::OwnerBadShare,
            Self::Malformed => Reason::OwnerBadPackage,
        }
    }
}

impl From<Malformed> for KeyShareError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// share_id ‖ 32-byte little-endian scalar (D202).
pub(super) fn plaintext(share_id: u8, share: &frost::keys::SigningShare) -> Zeroizing<[u8; 33]> {
    let mut plaintext = Zeroizing::new([0; 33]);
    let scalar = Zeroizing::new(share.serialize());
    for (byte, value) in plaintext.iter_mut().zip(core::iter::once(&share_id).chain(scalar.iter())) {
        *byte = *value;
    }
    plaintext
}

/// Reads what [`plaintext`] wrote.
pub(super) fn from_plaintext(plaintext: &[u8]) -> Result<(u8, frost::keys::SigningShare), Malformed> {
    let (share_id, scalar) = plaintext.split_first().ok_or(Malformed)?;
    Ok((*share_id, frost::keys::SigningShare::deserialize(scalar)?))
}

impl KeyShare {
    pub(super) fn new(inner: frost::keys::KeyPackage) -> Result<Self, Malformed> {
        let share_id = bridge::share_id(inner.identifier())?;
        Ok(Self { share_id, owner: bridge::owner_key(inner.verifying_key())?, inner })
    }

    pub(super) const fn inner(&self) -> &frost::keys::KeyPackage {
        &self.inner
    }

    /// The number of the share.
    #[must_use]
    pub const fn share_id(&self) -> u8 {
        self.share_id
    }

    /// The owner key that it is a share of.
    #[must_use]
    pub const fn owner(&self) -> &OwnerPublicKey {
        &self.owner
    }

    /// Seals the share to its holder. What comes back is a draft for the owner to sign; whoever keeps it until then
    /// loses nothing in a crash.
    ///
    /// `provenance` is that of `z:owner`; its time is the object's.
    ///
    /// # Errors
    /// [`KeyShareError`] if `provenance` is of another zone or `holder` has another share.
    pub fn seal(
        &self,
        holder: &Participant,
        provenance: Provenance,
        rng: &mut impl rand_core::CryptoRng,
    ) -> Result<OwnerKeyShare, KeyShareError> {
        if !provenance.current_zone.is_owner() {
            return Err(KeyShareError::Zone);
        }
        if holder.share_id != self.share_id {
            return Err(KeyShareError::NotInRoster(holder.node_id.clone()));
        }
        let issued_at = provenance.created_at;
        let context = hpke::SealContext {
            purpose: hpke::Purpose::OwnerShare,
            zone: ZoneId::owner().hash(),
            recipient: holder.node_id.clone(),
            issued_at,
        };
        let secret = plaintext(self.share_id, self.inner.signing_share());
        let sealed_share =
            hpke::seal(&holder.node_enc_pubkey, &context, &*secret, rng).map_err(KeyShareError::Sealed)?;
        let verifying_share = self.inner.verifying_share().serialize().map_err(Malformed::from)?;
        Ok(OwnerKeyShare {
            header: ObjectHeader::for_type::<OwnerKeyShare>(provenance),
            share_id: self.share_id,
            node_id: holder.node_id.clone(),
            sealed_share,
            issued_at,
            verifying_share: bridge::array(&verifying_share)?,
            group_key: self.owner,
            signature: Signature::ABSENT,
        })
    }

    /// Opens the member's own share of the key `owner`.
    ///
    /// The object may be a [`Verified`](crate::sign::Verified) one or the draft that this node sealed itself: the box
    /// proves what is in it, as nobody else can have made a share that fits the verifying share and the owner's key.
    ///
    /// # Errors
    /// [`KeyShareError`] with the first thing that does not fit together.
    pub fn open(share: &OwnerKeyShare, owner: &OwnerPublicKey, member: &Member<'_>) -> Result<Self, KeyShareError> {
        if !share.header.zone_id.is_owner() {
            return Err(KeyShareError::Zone);
        }
        if share.group_key != *owner {
            return Err(KeyShareError::OtherGroup);
        }
        let own = member.participant();
        if share.share_id != own.share_id || share.node_id != own.node_id {
            return Err(KeyShareError::NotInRoster(share.node_id.clone()));
        }
        let opened = share.sealed_share.open(&member.keys().encryption, &share.seal_context());
        let (share_id, secret) = from_plaintext(&opened.map_err(KeyShareError::Sealed)?)?;
        if share_id != share.share_id {
            return Err(KeyShareError::ShareIdMismatch);
        }
        let verifying_share = frost::keys::VerifyingShare::from(secret);
        if verifying_share.serialize().map_err(Malformed::from)? != share.verifying_share {
            return Err(KeyShareError::VerifyingShareMismatch);
        }
        Self::new(frost::keys::KeyPackage::new(
            bridge::identifier(share_id)?,
            secret,
            verifying_share,
            bridge::verifying_key(owner)?,
            u16::from(member.roster().threshold_k()),
        ))
        .map_err(KeyShareError::from)
    }
}

impl fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyShare(..)")
    }
}
