//! Signing with k shares (§2.2.1, D202): one signature by the owner's key that nobody has.
//!
//! Each signer runs [`commit`]; the coordinator collects commitments and makes a [`package`]; each signer runs
//! [`sign_share`] over an object that it decoded itself; the coordinator [`aggregate`]s. What comes out is plain Ed25519.
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
//! // On each device: commit, and later sign.
//! let mut signers = Vec::new();
//! for (object, (node, keys)) in sealed.iter().zip([&laptop, &phone]) {
//!     let member = roster.member(node, keys)?;
//!     let share = KeyShare::open(object, group.owner(), &member)?;
//!     let (nonces, commitment) = sign::commit(&member, &share, &mut rng)?;
//!     signers.push((member, share, nonces, commitment));
//! }
//! // At the coordinator, who may be anybody.
//! let commitments: Vec<_> = signers.iter().map(|(.., commitment)| commitment.clone()).collect();
//! let package = sign::package(&roster, group.owner(), &commitments, &preimage)?;
//! let shares = signers.into_iter().map(|(member, share, nonces, _)| {
//!     sign::sign_share(&member, &share, nonces, &package, &preimage)
//! });
//! let shares = shares.collect::<Result<Vec<_>, _>>()?;
//! let signature = sign::aggregate(&roster, &group, &package, &preimage, &shares)?;
//! assert!(group.owner().verify(&preimage, &signature).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use frost_ed25519 as frost;

use super::bridge::{self, Malformed};
use super::{GroupKeys, KeyShare};
use crate::error::Reason;
use crate::id::NodeId;
use crate::owner::{Member, Participant, Roster, SignatureShare, SignerCommitment, SigningCommitment, SigningPackage};
use crate::sign::{NodeSigningPublicKey, Preimage, Signature, SignatureError, Signed, VerifyingKey as _};

/// Why a signature does not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// A message names a sender that is not in the roster.
    #[error("`{0}` is not in the roster")]
    NotInRoster(NodeId),
    /// A message is not signed by the node that it names.
    #[error("message of `{0}`: {1}")]
    Signature(NodeId, SignatureError),
    /// A message has points or scalars that are none.
    #[error("message of `{0}` is malformed")]
    Malformed(NodeId),
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
            Self::Signature(_, error) => error.reason(),
            Self::Malformed(_) => Reason::OwnerBadPackage,
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

    /// The node that is to blame: who signed what is wrong, or has not answered.
    #[must_use]
    pub const fn culprit(&self) -> Option<&NodeId> {
        match self {
            Self::Malformed(node)
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
///
/// # Errors
/// [`SigningError::NotInRoster`] if the share is not the member's.
pub fn commit(
    member: &Member<'_>,
    share: &KeyShare,
    rng: &mut impl rand_core::CryptoRng,
) -> Result<(SigningNonces, SigningCommitment), SigningError> {
    let own = member.participant();
    if share.share_id() != own.share_id {
        return Err(SigningError::NotInRoster(own.node_id.clone()));
    }
    let (nonces, commitments) = frost::round1::commit(share.inner().signing_share(), &mut bridge::Random(rng));
    let (hiding, binding) = points(&commitments).map_err(|Malformed| SigningError::Malformed(own.node_id.clone()))?;
    let commitment = SigningCommitment {
        group_key: *share.owner(),
        sender: own.node_id.clone(),
        hiding,
        binding,
        signature: Signature::ABSENT,
    };
    Ok((SigningNonces(nonces), commitment.signed_by(&member.keys().signing)))
}

fn points(commitments: &frost::round1::SigningCommitments) -> Result<([u8; 32], [u8; 32]), Malformed> {
    Ok((bridge::array(&commitments.hiding().serialize()?)?, bridge::array(&commitments.binding().serialize()?)?))
}

/// Checks who sent a message.
fn authenticate<'r, T: Signed<Signer = NodeSigningPublicKey>>(
    roster: &'r Roster,
    sender: &NodeId,
    message: &T,
) -> Result<&'r Participant, SigningError> {
    let participant = roster.participant(sender).ok_or_else(|| SigningError::NotInRoster(sender.clone()))?;
    let verified = message.verify_signature(&participant.node_sig_pubkey);
    verified.map_err(|error| SigningError::Signature(sender.clone(), error))?;
    Ok(participant)
}

/// Puts the commitments of the signers and what they are to sign together.
///
/// # Errors
/// [`SigningError`]: a commitment is not of a participant, for another key or there twice, or there are fewer than k.
pub fn package(
    roster: &Roster,
    owner: &crate::sign::OwnerPublicKey,
    commitments: &[SigningCommitment],
    preimage: &Preimage,
) -> Result<SigningPackage, SigningError> {
    let mut signers = BTreeMap::new();
    for commitment in commitments {
        let sender = authenticate(roster, &commitment.sender, commitment)?;
        if commitment.group_key != *owner {
            return Err(SigningError::OtherPackage(commitment.sender.clone()));
        }
        let (share_id, hiding, binding) = (sender.share_id, commitment.hiding, commitment.binding);
        let signer = SignerCommitment { share_id, hiding, binding };
        library_commitments(&signer).map_err(|Malformed| SigningError::Malformed(commitment.sender.clone()))?;
        if signers.insert(share_id, signer).is_some() {
            return Err(SigningError::Duplicate(commitment.sender.clone()));
        }
    }
    if signers.len() < usize::from(roster.threshold_k()) {
        return Err(SigningError::TooFew);
    }
    Ok(SigningPackage {
        group_key: *owner,
        commitments: signers.into_values().collect(),
        preimage: preimage.as_bytes().to_vec(),
    })
}

fn library_commitments(signer: &SignerCommitment) -> Result<frost::round1::SigningCommitments, Malformed> {
    let hiding = frost::round1::NonceCommitment::deserialize(&signer.hiding)?;
    let binding = frost::round1::NonceCommitment::deserialize(&signer.binding)?;
    Ok(frost::round1::SigningCommitments::new(hiding, binding))
}

/// The library's form of a package, whose signers all are in the roster and enough.
fn library_package(roster: &Roster, package: &SigningPackage) -> Result<frost::SigningPackage, SigningError> {
    let mut commitments = BTreeMap::new();
    for signer in &package.commitments {
        let holder = roster.holder(signer.share_id).ok_or(SigningError::UnknownSigner)?;
        let malformed = |Malformed| SigningError::Malformed(holder.node_id.clone());
        let identifier = bridge::identifier(signer.share_id).map_err(malformed)?;
        commitments.insert(identifier, library_commitments(signer).map_err(malformed)?);
    }
    if commitments.len() < usize::from(roster.threshold_k()) {
        return Err(SigningError::TooFew);
    }
    Ok(frost::SigningPackage::new(commitments, &package.preimage))
}

/// The member's part of the signature over `preimage`, which the caller took from an object that it decoded and agrees
/// with (D202). The nonces are spent, whatever comes out.
///
/// # Errors
/// [`SigningError`]: the package is for another key, other bytes or other nonces, or names too few or unknown signers.
pub fn sign_share(
    member: &Member<'_>,
    share: &KeyShare,
    nonces: SigningNonces,
    package: &SigningPackage,
    preimage: &Preimage,
) -> Result<SignatureShare, SigningError> {
    let own = member.participant();
    if package.group_key != *share.owner() {
        return Err(SigningError::OtherKey);
    }
    if share.share_id() != own.share_id {
        return Err(SigningError::NotInRoster(own.node_id.clone()));
    }
    if package.preimage != preimage.as_bytes() {
        return Err(SigningError::OtherPreimage);
    }
    let library = library_package(member.roster(), package)?;
    // What is left to go wrong is that our commitment is not in the package, or is another.
    let part = frost::round2::sign(&library, &nonces.0, share.inner()).map_err(|_| SigningError::OtherCommitment)?;
    drop(nonces);
    let malformed = |Malformed| SigningError::Malformed(own.node_id.clone());
    let answer = SignatureShare {
        package: package.digest(),
        sender: own.node_id.clone(),
        share: bridge::array(&part.serialize()).map_err(malformed)?,
        signature: Signature::ABSENT,
    };
    Ok(answer.signed_by(&member.keys().signing))
}

/// Puts the shares together. The signature that comes out verifies over `preimage` under the owner's key.
///
/// # Errors
/// [`SigningError`]: a share is not of a signer of the package, missing, there twice, or wrong; the culprit is named.
pub fn aggregate(
    roster: &Roster,
    group: &GroupKeys,
    package: &SigningPackage,
    preimage: &Preimage,
    shares: &[SignatureShare],
) -> Result<Signature, SigningError> {
    if package.group_key != *group.owner() {
        return Err(SigningError::OtherKey);
    }
    if package.preimage != preimage.as_bytes() {
        return Err(SigningError::OtherPreimage);
    }
    let library = library_package(roster, package)?;
    let digest = package.digest();
    let mut parts = BTreeMap::new();
    for share in shares {
        let sender = authenticate(roster, &share.sender, share)?;
        let malformed = |Malformed| SigningError::Malformed(share.sender.clone());
        let identifier = bridge::identifier(sender.share_id).map_err(malformed)?;
        if share.package != digest || library.signing_commitment(&identifier).is_none() {
            return Err(SigningError::OtherPackage(share.sender.clone()));
        }
        let part = frost::round2::SignatureShare::deserialize(&share.share).map_err(Malformed::from);
        if parts.insert(identifier, part.map_err(malformed)?).is_some() {
            return Err(SigningError::Duplicate(share.sender.clone()));
        }
    }
    let holders = package.commitments.iter().filter_map(|signer| roster.holder(signer.share_id));
    for holder in holders {
        if bridge::identifier(holder.share_id).is_ok_and(|identifier| !parts.contains_key(&identifier)) {
            return Err(SigningError::Missing(holder.node_id.clone()));
        }
    }
    let signature = frost::aggregate(&library, &parts, group.inner()).map_err(|error| blame(roster, &error))?;
    let bytes = signature.serialize().map_err(Malformed::from).and_then(|bytes| bridge::array(&bytes));
    let signature = Signature::from_bytes(bytes.map_err(|Malformed| SigningError::Aggregate)?);
    // The signature leaves only if everybody else will accept it, by the strict rule of D8.
    group.owner().verify(preimage, &signature).map_err(|_| SigningError::Aggregate)?;
    Ok(signature)
}

/// The signer that the library names.
fn blame(roster: &Roster, error: &frost::Error) -> SigningError {
    let culprits: Vec<frost::Identifier> = error.culprits();
    let culprit = culprits.first().and_then(|culprit| bridge::share_id(culprit).ok());
    match culprit.and_then(|share_id| roster.holder(share_id)) {
        Some(participant) => SigningError::BadShare(participant.node_id.clone()),
        None => SigningError::Aggregate,
    }
}
