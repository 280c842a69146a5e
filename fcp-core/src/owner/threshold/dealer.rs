//! Splitting an owner key that one device has, for a mesh that began with one (§2.2.1).

use alloc::vec::Vec;

use frost::keys::IdentifierList;
use frost_ed25519 as frost;

use super::bridge::{self, Malformed};
use super::{GroupKeys, KeyShare, KeyShareError};
use crate::object::Provenance;
use crate::owner::{OwnerKeyShare, Roster};
use crate::sign::{OwnerKey, Signed as _};

/// Splits `owner` into a share for each participant, sealed to it and signed by the key itself. The public key stays.
///
/// The key is taken, and erased at the end: what is left of it is in the shares. `provenance` is that of `z:owner`.
///
/// # Errors
/// [`KeyShareError`] if `provenance` is of another zone, or a share cannot be sealed.
pub fn split(
    owner: OwnerKey,
    roster: &Roster,
    provenance: &Provenance,
    rng: &mut impl rand_core::CryptoRng,
) -> Result<(Vec<OwnerKeyShare>, GroupKeys), KeyShareError> {
    let participants = roster.participants();
    let identifiers = participants.iter().map(|participant| bridge::identifier(participant.share_id));
    let identifiers = identifiers.collect::<Result<Vec<_>, _>>()?;
    let secret = frost::SigningKey::deserialize(&*owner.expose_scalar()).map_err(Malformed::from)?;
    let n = u16::try_from(participants.len()).map_err(|_| Malformed)?;
    let (mut shares, group) = frost::keys::split(
        &secret,
        n,
        u16::from(roster.threshold_k()),
        IdentifierList::Custom(&identifiers),
        &mut bridge::Random(rng),
    )
    .map_err(Malformed::from)?;
    let mut sealed = Vec::with_capacity(participants.len());
    for (participant, identifier) in participants.iter().zip(&identifiers) {
        let share = shares.remove(identifier).ok_or(Malformed)?;
        let share = KeyShare::new(frost::keys::KeyPackage::try_from(share).map_err(Malformed::from)?)?;
        sealed.push(share.seal(participant, provenance.clone(), rng)?.signed_by(&owner));
    }
    Ok((sealed, GroupKeys::new(group)?))
}
