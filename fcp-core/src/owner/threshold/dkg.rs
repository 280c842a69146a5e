//! Making a new owner key that nobody ever has: distributed key generation in three steps (§2.2.1, D199).
//!
//! Each participant runs [`part1`] and gives its package to everybody; [`accept_round1`] checks each that arrives, and
//! [`part2`] makes one package for each other participant; [`accept_round2`] checks and opens each that arrives, and
//! [`part3`] gives the participant its share. A run that fails is given up: a new one takes a new nonce.

use alloc::vec::Vec;

use frost_ed25519 as frost;

use super::bridge::Malformed;
use super::rounds;
use super::{GroupKeys, KeyShare};
use crate::owner::{Ceremony, KeygenRound1, KeygenRound2, Member};
use crate::time::Timestamp;

pub use super::rounds::{
    AcceptedRound1, AcceptedRound2, KeygenError, Round1Secret, Round2Secret, accept_round1, accept_round2,
};

/// Draws the member's polynomial; the package is for all others.
///
/// # Errors
/// [`KeygenError::MixedUp`] if the ceremony is a refresh or the member is of another roster.
pub fn part1(
    ceremony: &Ceremony,
    member: &Member<'_>,
    rng: &mut impl rand_core::CryptoRng,
) -> Result<(Round1Secret, KeygenRound1), KeygenError> {
    rounds::begin(ceremony, member, false, rng)
}

/// Takes the round-1 packages of all others and makes one package for each of them.
///
/// # Errors
/// [`KeygenError`]: a package is missing or there twice, or a participant does not know what it commits to.
pub fn part2(
    ceremony: &Ceremony,
    member: &Member<'_>,
    secret: Round1Secret,
    round1: &[AcceptedRound1],
    now: Timestamp,
    rng: &mut impl rand_core::CryptoRng,
) -> Result<(Round2Secret, Vec<KeygenRound2>), KeygenError> {
    rounds::proceed(ceremony, member, false, secret, round1, now, rng)
}

/// Takes the round-2 packages of all others and gives the member its share of the new key.
///
/// The key is in use only when every participant has come to the same one; until then each keeps its draft of
/// [`KeyShare::seal`].
///
/// # Errors
/// [`KeygenError`]: a package is missing or there twice, a participant saw another round 1, or its share does not fit
/// its commitment.
pub fn part3(
    ceremony: &Ceremony,
    member: &Member<'_>,
    secret: Round2Secret,
    round1: &[AcceptedRound1],
    round2: Vec<AcceptedRound2>,
) -> Result<(KeyShare, GroupKeys), KeygenError> {
    let shares = rounds::round2_packages(ceremony, member, false, &secret, round2)?;
    let commitments = rounds::round1_packages(ceremony, member, round1)?;
    let (share, group) = frost::keys::dkg::part3(&secret.secret, &commitments, &shares)
        .map_err(|error| rounds::blame(member, &error, KeygenError::BadShare))?;
    both(share, group).map_err(|Malformed| KeygenError::MixedUp)
}

/// Our forms of what a run gives.
pub(super) fn both(
    share: frost::keys::KeyPackage,
    group: frost::keys::PublicKeyPackage,
) -> Result<(KeyShare, GroupKeys), Malformed> {
    Ok((KeyShare::new(share)?, GroupKeys::new(group)?))
}
