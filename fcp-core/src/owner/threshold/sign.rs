//! Signing with k shares (§2.2.1, D202): one signature by the owner's key that nobody has.
//!
//! Each signer runs [`commit`]; the coordinator, who may be anybody, collects commitments and makes a [`package`]; each
//! signer runs [`sign_share`] over an object that it decoded itself; the coordinator [`aggregate`]s. What comes out is
//! plain Ed25519. The messages travel in sessions, and the coordinator says which peer sent what: so a culprit that an
//! error names is one that the session had authenticated.
//!
//! ```
//! # use fcp_core::{id::{NodeId, ZoneId}, identity::NodeSecretKeys, object::Provenance, rand_core::SeedableRng};
//! # use fcp_core::{sign::{OwnerKey, Preimage, VerifyingKey}, time::Timestamp};
//! use fcp_core::owner::{KeyShare, Roster, dealer, sign};
//!
//! # let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
//! # let laptop = (NodeId::new("nLaptop")?, NodeSecretKeys::generate(&mut rng));
//! # let phone = (NodeId::new("nPhone")?, NodeSecretKeys::generate(&mut rng));
//! # let provenance = Provenance::of_zone(ZoneId::owner(), 100, 100, Timestamp::from_secs(1_700_000_000));
//! # let preimage = Preimage::transcript("FCP2-EXAMPLE", &[b"of an object that each of them decoded"]);
//! let nodes = [&laptop, &phone].map(|(node, keys)| (node.clone(), keys.public()));
//! let roster = Roster::new(2, nodes)?;
//! let (sealed, group) = dealer::split(OwnerKey::generate(&mut rng), &roster, &provenance, &mut rng)?;
//!
//! // On each device: open the share and commit.
//! let mut signers = Vec::new();
//! let mut commitments = Vec::new();
//! for (object, (node, keys)) in sealed.iter().zip([&laptop, &phone]) {
//!     let share = KeyShare::open(object, group.owner(), &roster.member(node, keys)?)?;
//!     let (nonces, commitment) = sign::commit(&share, &mut rng);
//!     signers.push((node, share, nonces));
//!     commitments.push((node, commitment));
//! }
//! // At the coordinator, then on each device again, then at the coordinator.
//! let package = sign::package(&roster, group.owner(), commitments, &preimage)?;
//! let mut shares = Vec::new();
//! for (node, share, nonces) in signers {
//!     shares.push((node, sign::sign_share(&roster, &share, nonces, &package, &preimage)?));
//! }
//! let signature = sign::aggregate(&roster, &group, &package, &preimage, shares)?;
//! assert!(group.owner().verify(&preimage, &signature).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::collections::BTreeMap;
use core::fmt;

use frost_ed25519 as frost;

use super::bridge::{self, Malformed};
use super::signing::{ShareScalar, Signer, Signers};
use super::{GroupKeys, KeyShare};
use crate::error::Reason;
use crate::id::NodeId;
use crate::owner::{Participant, Roster};
use crate::sign::{OwnerPublicKey, Preimage, Signature, VerifyingKey as _};

pub use super::signing::{SignatureShare, SigningCommitment, SigningPackage};

/// Why a signature does not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// A message is of a peer that is not in the roster.
    #[error("`{0}` is not in the roster")]
    NotInRoster(NodeId),
    /// Two messages are of one signer.
    #[error("two messages of `{0}`")]
    Duplicate(NodeId),
    /// A signer that committed has not sent its share.
    #[error("share of `{0}` is missing")]
    Missing(NodeId),
    /// A message is for another owner key or another package, or its sender is not in the package.
    #[error("message of `{0}` is for another signature")]
    OtherPackage(NodeId),
    /// The signer's share of the signature is wrong.
    #[error("share of `{0}` does not verify")]
    BadShare(NodeId),
    /// The package is for another owner key than the share at hand.
    #[error("package is for another owner key")]
    OtherKey,
    /// The package is to sign other bytes than those of the object at hand.
    #[error("package is for other bytes than the object's")]
    OtherPreimage,
    /// The package does not hold the commitment that this node made for it.
    #[error("package does not hold this node's commitment")]
    OtherCommitment,
    /// Fewer signers than the threshold.
    #[error("fewer signers than the threshold")]
    TooFew,
    /// The package names a share that nobody in the roster has.
    #[error("package names an unknown signer")]
    UnknownSigner,
    /// The shares are right and the signature is not: the verifying shares at hand are not those of the key.
    #[error("aggregated signature does not verify")]
    Aggregate,
}

impl SigningError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::NotInRoster(_) | Self::UnknownSigner => Reason::OwnerNotInRoster,
            Self::Duplicate(_) => Reason::OwnerDuplicatePackage,
            Self::Missing(_) => Reason::OwnerMissingPackage,
            Self::OtherPackage(_) | Self::OtherCommitment => Reason::OwnerOtherCeremony,
            Self::BadShare(_) => Reason::OwnerBadShare,
            Self::OtherKey => Reason::OwnerOtherKey,
            Self::OtherPreimage => Reason::OwnerOtherPreimage,
            Self::TooFew => Reason::OwnerTooFewSigners,
            Self::Aggregate => Reason::SignBadSignature,
        }
    }

    /// The node that is to blame: who sent what is wrong, or has not answered.
    #[must_use]
    pub const fn culprit(&self) -> Option<&NodeId> {
        match self {
            Self::NotInRoster(node)
            | Self::Duplicate(node)
            | Self::Missing(node)
            | Self::OtherPackage(node)
            | Self::BadShare(node) => Some(node),
            _ => None,
        }
    }
}

/// The nonces of one signature: in memory only, used once, erased before the share leaves (D202).
pub struct SigningNonces(frost::round1::SigningNonces);

impl fmt::Debug for SigningNonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningNonces(..)")
    }
}

/// Draws nonces for one signature and commits to them.
#[must_use]
pub fn commit(share: &KeyShare, rng: &mut impl rand_core::CryptoRng) -> (SigningNonces, SigningCommitment) {
    loop {
        let (nonces, commitments) =
            frost::round1::commit(share.inner().signing_share(), &mut bridge::Random(&mut *rng));
        // A nonce of zero has no commitment that can be written; it is drawn again.
        if let Ok(commitment) = SigningCommitment::new(*share.owner(), &commitments) {
            return (SigningNonces(nonces), commitment);
        }
    }
}

fn sender<'r>(roster: &'r Roster, peer: &NodeId) -> Result<&'r Participant, SigningError> {
    roster.participant(peer).ok_or_else(|| SigningError::NotInRoster(peer.clone()))
}

/// Puts the commitments of the signers and what they are to sign together.
///
/// # Errors
/// [`SigningError`]: a commitment is not of a participant, for another key or there twice, or there are fewer than k.
pub fn package<'n>(
    roster: &Roster,
    owner: &OwnerPublicKey,
    commitments: impl IntoIterator<Item = (&'n NodeId, SigningCommitment)>,
    preimage: &Preimage,
) -> Result<SigningPackage, SigningError> {
    let mut signers = BTreeMap::new();
    for (peer, SigningCommitment { group_key, hiding, binding }) in commitments {
        let share_id = sender(roster, peer)?.share_id;
        if group_key != *owner {
            return Err(SigningError::OtherPackage(peer.clone()));
        }
        if signers.insert(share_id, Signer { share_id, hiding, binding }).is_some() {
            return Err(SigningError::Duplicate(peer.clone()));
        }
    }
    if signers.len() < usize::from(roster.threshold_k()) {
        return Err(SigningError::TooFew);
    }
    let commitments = Signers(signers.into_values().collect());
    Ok(SigningPackage { group_key: *owner, commitments, preimage: preimage.as_bytes().to_vec() })
}

/// Checks that a package is for these bytes, and its signers all in the roster and enough.
fn check(roster: &Roster, package: &SigningPackage, preimage: &Preimage) -> Result<(), SigningError> {
    if package.preimage != preimage.as_bytes() {
        return Err(SigningError::OtherPreimage);
    }
    if package.signers().any(|share_id| roster.holder(share_id).is_none()) {
        return Err(SigningError::UnknownSigner);
    }
    if package.signers().count() < usize::from(roster.threshold_k()) {
        return Err(SigningError::TooFew);
    }
    Ok(())
}

/// The part of the signature over `preimage` that belongs to `share`. The caller took the preimage from an object that
/// it decoded and agrees with (D202). The nonces are spent, whatever comes out.
///
/// # Errors
/// [`SigningError`]: the package is for another key, other bytes or other nonces, or names too few or unknown signers.
pub fn sign_share(
    roster: &Roster,
    share: &KeyShare,
    nonces: SigningNonces,
    package: &SigningPackage,
    preimage: &Preimage,
) -> Result<SignatureShare, SigningError> {
    if package.group_key != *share.owner() {
        return Err(SigningError::OtherKey);
    }
    check(roster, package, preimage)?;
    let library = package.library().map_err(|Malformed| SigningError::UnknownSigner)?;
    // What is left to go wrong is that our commitment is not in the package, or is another.
    let part = frost::round2::sign(&library, &nonces.0, share.inner()).map_err(|_| SigningError::OtherCommitment)?;
    drop(nonces);
    Ok(SignatureShare { package: package.digest(), share: ShareScalar(part) })
}

/// Puts the shares together. The signature that comes out verifies over `preimage` under the owner's key.
///
/// # Errors
/// [`SigningError`]: a share is not of a signer of the package, missing, there twice, or wrong; the culprit is named.
pub fn aggregate<'n>(
    roster: &Roster,
    group: &GroupKeys,
    package: &SigningPackage,
    preimage: &Preimage,
    shares: impl IntoIterator<Item = (&'n NodeId, SignatureShare)>,
) -> Result<Signature, SigningError> {
    if package.group_key != *group.owner() {
        return Err(SigningError::OtherKey);
    }
    check(roster, package, preimage)?;
    let library = package.library().map_err(|Malformed| SigningError::UnknownSigner)?;
    let digest = package.digest();
    let mut parts = BTreeMap::new();
    for (peer, share) in shares {
        let identifier = bridge::identifier(sender(roster, peer)?.share_id);
        let identifier = identifier.map_err(|Malformed| SigningError::NotInRoster(peer.clone()))?;
        if share.package != digest || library.signing_commitment(&identifier).is_none() {
            return Err(SigningError::OtherPackage(peer.clone()));
        }
        if parts.insert(identifier, share.share.0).is_some() {
            return Err(SigningError::Duplicate(peer.clone()));
        }
    }
    for holder in package.signers().filter_map(|share_id| roster.holder(share_id)) {
        if bridge::identifier(holder.share_id).is_ok_and(|identifier| !parts.contains_key(&identifier)) {
            return Err(SigningError::Missing(holder.node_id.clone()));
        }
    }
    let signature = frost::aggregate(&library, &parts, group.inner()).map_err(|error| blame(roster, &error))?;
    let bytes = signature.serialize().map_err(Malformed::from).and_then(|bytes| bridge::array(&bytes));
    let signature = Signature::from_bytes(bytes.map_err(|Malformed| SigningError::Aggregate)?);
    // The library has verified it by the equation without cofactor, and every point of it is of the prime-order group
    // and not neutral: that is the strict rule of D8.
    debug_assert!(group.owner().verify(preimage, &signature).is_ok(), "the library and D8 disagree");
    Ok(signature)
}

/// The signer that the library names.
fn blame(roster: &Roster, error: &frost::Error) -> SigningError {
    let culprits = error.culprits();
    let culprit = culprits.first().and_then(|culprit| bridge::share_id(culprit).ok());
    match culprit.and_then(|share_id| roster.holder(share_id)) {
        Some(participant) => SigningError::BadShare(participant.node_id.clone()),
        None => SigningError::Aggregate,
    }
}
