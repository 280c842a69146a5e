//! New shares of the same owner key, after a device is lost or because time has passed (§2.2.1).
//!
//! The remaining participants go through the same three steps as for a new key, with polynomials whose constant is zero:
//! the key stays, every share changes, and a share that was left out fits no more. Old shares must be erased by all of
//! them: k old shares would still sign.

use alloc::vec::Vec;

use frost_ed25519 as frost;

use super::bridge::{self, Malformed};
use super::dkg::{AcceptedRound1, AcceptedRound2, KeygenError, Round1Secret, Round2Secret};
use super::rounds;
use super::{GroupKeys, KeyShare};
use crate::owner::{Ceremony, KeygenRound1, KeygenRound2, Member};
use crate::time::Timestamp;

/// Draws the member's polynomial; the package is for all others.
///
/// # Errors
/// [`KeygenError::MixedUp`] if the ceremony makes a new key or the member is of another roster.
pub fn part1(
    ceremony: &Ceremony,
    member: &Member<'_>,
    rng: &mut impl rand_core::CryptoRng,
) -> Result<(Round1Secret, KeygenRound1), KeygenError> {
    rounds::begin(ceremony, member, true, rng)
}

/// Takes the round-1 packages of all others and makes one package for each of them.
///
/// # Errors
/// [`KeygenError`]: a package is missing or there twice.
pub fn part2(
    ceremony: &Ceremony,
    member: &Member<'_>,
    secret: Round1Secret,
    round1: &[AcceptedRound1],
    now: Timestamp,
    rng: &mut impl rand_core::CryptoRng,
) -> Result<(Round2Secret, Vec<KeygenRound2>), KeygenError> {
    rounds::proceed(ceremony, member, true, secret, round1, now, rng)
}

/// Takes the round-2 packages of all others and gives the member its new share of the old key.
///
/// The old share is only read: it is dropped once every participant has its new one.
///
/// # Errors
/// [`KeygenError`]: as for a new key, and [`KeygenError::MixedUp`] if `share` and `group` are not of the key that is
/// refreshed.
pub fn part3(
    ceremony: &Ceremony,
    member: &Member<'_>,
    secret: Round2Secret,
    round1: &[AcceptedRound1],
    round2: Vec<AcceptedRound2>,
    share: &KeyShare,
    group: &GroupKeys,
) -> Result<(KeyShare, GroupKeys), KeygenError> {
    let same_key = ceremony.refreshes() == Some(share.owner()) && share.owner() == group.owner();
    if !same_key || share.share_id() != member.participant().share_id {
        return Err(KeygenError::MixedUp);
    }
    let shares = rounds::round2_packages(ceremony, member, true, &secret, round2)?;
    let commitments = rounds::round1_packages(ceremony, member, round1)?;
    // The library's last step does not say whose share is wrong, so each is tried alone first.
    for participant in member.roster().participants() {
        let identifier = bridge::identifier(participant.share_id).map_err(|Malformed| KeygenError::MixedUp)?;
        let (Some(sent), Some(committed)) = (shares.get(&identifier), commitments.get(&identifier)) else { continue };
        let own = *share.inner().identifier();
        let alone = frost::keys::SecretShare::new(own, *sent.signing_share(), committed.commitment().clone());
        frost::keys::refresh::refresh_share(alone, share.inner())
            .map_err(|_| KeygenError::BadShare(participant.node_id.clone()))?;
    }
    let old = (group.inner().clone(), share.inner().clone());
    let (share, group) = frost::keys::refresh::refresh_dkg_shares(&secret.secret, &commitments, &shares, old.0, old.1)
        .map_err(|_| KeygenError::MixedUp)?;
    super::dkg::both(share, group).map_err(|Malformed| KeygenError::MixedUp)
}
