//! What key generation and refresh have in common: packages, and checking them against the roster.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use frost::keys::VerifiableSecretSharingCommitment as Commitment;
use frost::keys::dkg::{round1, round2};
use frost_ed25519 as frost;

use super::bridge::{self, Malformed};
use super::key_share;
use crate::error::Reason;
use crate::hpke::{self, Purpose, SealContext, SealError};
use crate::id::{NodeId, ZoneId};
use crate::object::Message as _;
use crate::owner::{Ceremony, KeygenRound1, KeygenRound2, Member, Participant};
use crate::sign::{Signature, SignatureError, Signed};
use crate::time::Timestamp;

/// Why a run of key generation or refresh does not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeygenError {
    /// A package names a sender that takes no part.
    #[error("`{0}` is not in the roster")]
    NotInRoster(NodeId),
    /// A package is of another run.
    #[error("package of `{0}` is of another ceremony")]
    OtherCeremony(NodeId),
    /// A package is not signed by the node that it names.
    #[error("package of `{0}`: {1}")]
    Signature(NodeId, SignatureError),
    /// A package has points or scalars that are none, or too many or too few of them.
    #[error("package of `{0}` is malformed")]
    Malformed(NodeId),
    /// Two packages are of one participant.
    #[error("two packages of `{0}`")]
    Duplicate(NodeId),
    /// No package of this participant is there.
    #[error("package of `{0}` is missing")]
    Missing(NodeId),
    /// The participant does not know the secret that it commits to.
    #[error("`{0}` does not prove what it commits to")]
    Proof(NodeId),
    /// The participant saw other round-1 packages than this node did: it, or one whose packages differ, cheats.
    #[error("`{0}` saw another round 1")]
    OtherView(NodeId),
    /// The package is for another participant.
    #[error("package of `{0}` is for another recipient")]
    OtherRecipient(NodeId),
    /// The box of this participant's package does not open, or none can be sealed to it.
    #[error("share of `{0}`: {1}")]
    Sealed(NodeId, SealError),
    /// The share that this participant sent does not fit what it committed to.
    #[error("share of `{0}` does not fit its commitment")]
    BadShare(NodeId),
    /// The caller put parts of different runs together, or took the functions of the other kind of run.
    #[error("the parts are of different ceremonies")]
    MixedUp,
}

impl KeygenError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::NotInRoster(_) => Reason::OwnerNotInRoster,
            Self::OtherCeremony(_) | Self::OtherRecipient(_) | Self::MixedUp => Reason::OwnerOtherCeremony,
            Self::Signature(_, error) => error.reason(),
            Self::Malformed(_) => Reason::OwnerBadPackage,
            Self::Duplicate(_) => Reason::OwnerDuplicatePackage,
            Self::Missing(_) => Reason::OwnerMissingPackage,
            Self::Proof(_) => Reason::OwnerBadProof,
            Self::OtherView(_) => Reason::OwnerOtherView,
            Self::Sealed(_, error) => error.reason(),
            Self::BadShare(_) => Reason::OwnerBadShare,
        }
    }

    /// The node that is to blame: who signed what is wrong, or whose package is missing. A package that its sender did
    /// not sign blames nobody.
    #[must_use]
    pub const fn culprit(&self) -> Option<&NodeId> {
        match self {
            Self::NotInRoster(_) | Self::Signature(..) | Self::MixedUp => None,
            Self::OtherCeremony(node)
            | Self::Malformed(node)
            | Self::Duplicate(node)
            | Self::Missing(node)
            | Self::Proof(node)
            | Self::OtherView(node)
            | Self::OtherRecipient(node)
            | Self::Sealed(node, _)
            | Self::BadShare(node) => Some(node),
        }
    }
}

/// What a participant keeps between rounds 1 and 2.
pub struct Round1Secret {
    ceremony: [u8; 32],
    secret: round1::SecretPackage,
    own: KeygenRound1,
}

/// What a participant keeps between rounds 2 and 3.
pub struct Round2Secret {
    pub(super) secret: round2::SecretPackage,
    ceremony: [u8; 32],
    view: [u8; 32],
}

/// A round-1 package that its sender signed, for this run.
#[derive(Debug, Clone)]
pub struct AcceptedRound1 {
    ceremony: [u8; 32],
    sender: Participant,
    package: round1::Package,
    message: KeygenRound1,
}

/// A round-2 package that its sender signed, for this run and this node, opened.
pub struct AcceptedRound2 {
    ceremony: [u8; 32],
    sender: Participant,
    package: round2::Package,
    view: [u8; 32],
}

impl AcceptedRound1 {
    /// Who sent it.
    #[must_use]
    pub const fn sender(&self) -> &NodeId {
        &self.sender.node_id
    }
}

impl AcceptedRound2 {
    /// Who sent it.
    #[must_use]
    pub const fn sender(&self) -> &NodeId {
        &self.sender.node_id
    }
}

macro_rules! private_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}

private_debug!(Round1Secret, Round2Secret, AcceptedRound2);

/// Whether the run is of the kind that the caller's functions are for, and the member is in it.
fn fits(ceremony: &Ceremony, member: &Member<'_>, refresh: bool) -> Result<(), KeygenError> {
    let same = ceremony.refreshes().is_some() == refresh && ceremony.roster() == member.roster();
    if same { Ok(()) } else { Err(KeygenError::MixedUp) }
}

/// n, k and the member's identifier, as the library takes them.
fn parameters(member: &Member<'_>) -> Result<(frost::Identifier, u16, u16), KeygenError> {
    let identifier = bridge::identifier(member.participant().share_id).map_err(|Malformed| KeygenError::MixedUp)?;
    let n = u16::try_from(member.roster().participants().len()).map_err(|_| KeygenError::MixedUp)?;
    Ok((identifier, n, u16::from(member.roster().threshold_k())))
}

/// Round 1.
pub(super) fn begin(
    ceremony: &Ceremony,
    member: &Member<'_>,
    refresh: bool,
    rng: &mut impl rand_core::CryptoRng,
) -> Result<(Round1Secret, KeygenRound1), KeygenError> {
    fits(ceremony, member, refresh)?;
    let (identifier, n, k) = parameters(member)?;
    let random = bridge::Random(rng);
    let (secret, package) = if refresh {
        frost::keys::refresh::refresh_dkg_part1(identifier, n, k, random)
    } else {
        frost::keys::dkg::part1(identifier, n, k, random)
    }
    .map_err(|_| KeygenError::MixedUp)?;
    let own = to_message(ceremony, member, &package).map_err(|Malformed| KeygenError::MixedUp)?;
    Ok((Round1Secret { ceremony: *ceremony.id(), secret, own: own.clone() }, own))
}

fn to_message(ceremony: &Ceremony, member: &Member<'_>, package: &round1::Package) -> Result<KeygenRound1, Malformed> {
    let commitment = package.commitment().serialize()?;
    let message = KeygenRound1 {
        ceremony: *ceremony.id(),
        sender: member.participant().node_id.clone(),
        commitment: commitment.iter().map(|point| bridge::array(point)).collect::<Result<_, _>>()?,
        proof: bridge::array(&package.proof_of_knowledge().serialize()?)?,
        signature: Signature::ABSENT,
    };
    Ok(message.signed_by(&member.keys().signing))
}

/// Checks who sent a package, and for which run.
fn authenticate<'c, T: Signed<Signer = crate::sign::NodeSigningPublicKey>>(
    ceremony: &'c Ceremony,
    of: &[u8; 32],
    sender: &NodeId,
    message: &T,
) -> Result<&'c Participant, KeygenError> {
    let participant = ceremony.roster().participant(sender);
    let participant = participant.ok_or_else(|| KeygenError::NotInRoster(sender.clone()))?;
    let verified = message.verify_signature(&participant.node_sig_pubkey);
    verified.map_err(|error| KeygenError::Signature(sender.clone(), error))?;
    if of == ceremony.id() { Ok(participant) } else { Err(KeygenError::OtherCeremony(sender.clone())) }
}

/// Accepts a round-1 package: its sender is in the roster and signed it for this run, and its points are points.
///
/// # Errors
/// [`KeygenError`] with what is wrong.
pub fn accept_round1(ceremony: &Ceremony, message: KeygenRound1) -> Result<AcceptedRound1, KeygenError> {
    let sender = authenticate(ceremony, &message.ceremony, &message.sender, &message)?;
    let malformed = || KeygenError::Malformed(message.sender.clone());
    let constant = usize::from(ceremony.refreshes().is_none());
    let degree = usize::from(ceremony.roster().threshold_k()).saturating_sub(1);
    if message.commitment.len() != degree.saturating_add(constant) {
        return Err(malformed());
    }
    let commitment = Commitment::deserialize(&message.commitment).map_err(|_| malformed())?;
    let proof = frost::Signature::deserialize(&message.proof).map_err(|_| malformed())?;
    let package = round1::Package::new(commitment, proof);
    Ok(AcceptedRound1 { ceremony: *ceremony.id(), sender: sender.clone(), package, message })
}

/// Accepts a round-2 package: its sender is in the roster and signed it for this run and for `member`, and its box opens
/// to a share of `member`'s number.
///
/// # Errors
/// [`KeygenError`] with what is wrong.
pub fn accept_round2(
    ceremony: &Ceremony,
    member: &Member<'_>,
    message: &KeygenRound2,
) -> Result<AcceptedRound2, KeygenError> {
    let sender = authenticate(ceremony, &message.ceremony, &message.sender, message)?;
    let own = member.participant();
    if message.recipient != own.node_id {
        return Err(KeygenError::OtherRecipient(message.sender.clone()));
    }
    let opened = message.sealed_share.open(&member.keys().encryption, &message.seal_context());
    let opened = opened.map_err(|error| KeygenError::Sealed(message.sender.clone(), error))?;
    match key_share::from_plaintext(&opened) {
        Ok((share_id, share)) if share_id == own.share_id => Ok(AcceptedRound2 {
            ceremony: *ceremony.id(),
            sender: sender.clone(),
            package: round2::Package::new(share),
            view: message.round1,
        }),
        _ => Err(KeygenError::Malformed(message.sender.clone())),
    }
}

/// The packages of all others, each once.
fn complete<P>(
    member: &Member<'_>,
    packages: impl Iterator<Item = (Participant, P)>,
) -> Result<BTreeMap<frost::Identifier, P>, KeygenError> {
    let mut complete = BTreeMap::new();
    for (sender, package) in packages {
        let identifier = bridge::identifier(sender.share_id).map_err(|Malformed| KeygenError::MixedUp)?;
        if sender.node_id == member.participant().node_id || complete.insert(identifier, package).is_some() {
            return Err(KeygenError::Duplicate(sender.node_id));
        }
    }
    for participant in others(member) {
        let identifier = bridge::identifier(participant.share_id).map_err(|Malformed| KeygenError::MixedUp)?;
        if !complete.contains_key(&identifier) {
            return Err(KeygenError::Missing(participant.node_id.clone()));
        }
    }
    Ok(complete)
}

fn others<'a>(member: &Member<'a>) -> impl Iterator<Item = &'a Participant> + use<'a> {
    let own = member.participant().share_id;
    member.roster().participants().iter().filter(move |participant| participant.share_id != own)
}

/// The round-1 packages as the library takes them, all of this run.
pub(super) fn round1_packages(
    ceremony: &Ceremony,
    member: &Member<'_>,
    accepted: &[AcceptedRound1],
) -> Result<BTreeMap<frost::Identifier, round1::Package>, KeygenError> {
    if accepted.iter().any(|package| package.ceremony != *ceremony.id()) {
        return Err(KeygenError::MixedUp);
    }
    complete(member, accepted.iter().map(|accepted| (accepted.sender.clone(), accepted.package.clone())))
}

/// What a participant saw of round 1: BLAKE3-256(`FCP2-DKG-ROUND1-V1` ‖ all bodies by share id).
fn view(own: (&Participant, &KeygenRound1), accepted: &[AcceptedRound1]) -> [u8; 32] {
    let mut messages: Vec<(u8, &KeygenRound1)> =
        accepted.iter().map(|accepted| (accepted.sender.share_id, &accepted.message)).collect();
    messages.push((own.0.share_id, own.1));
    messages.sort_unstable_by_key(|(share_id, _)| *share_id);
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"FCP2-DKG-ROUND1-V1");
    for (_, message) in messages {
        hasher.update(&message.to_body());
    }
    *hasher.finalize().as_bytes()
}

/// Round 2.
pub(super) fn proceed(
    ceremony: &Ceremony,
    member: &Member<'_>,
    refresh: bool,
    secret: Round1Secret,
    round1: &[AcceptedRound1],
    now: Timestamp,
    rng: &mut impl rand_core::CryptoRng,
) -> Result<(Round2Secret, Vec<KeygenRound2>), KeygenError> {
    fits(ceremony, member, refresh)?;
    if secret.ceremony != *ceremony.id() || secret.own.sender != member.participant().node_id {
        return Err(KeygenError::MixedUp);
    }
    let packages = round1_packages(ceremony, member, round1)?;
    let view = view((member.participant(), &secret.own), round1);
    let (next, shares) = if refresh {
        frost::keys::refresh::refresh_dkg_part2(secret.secret, &packages)
    } else {
        frost::keys::dkg::part2(secret.secret, &packages)
    }
    .map_err(|error| blame(member, &error, KeygenError::Proof))?;

    let mut messages = Vec::with_capacity(shares.len());
    for recipient in others(member) {
        let identifier = bridge::identifier(recipient.share_id).map_err(|Malformed| KeygenError::MixedUp)?;
        let share = shares.get(&identifier).ok_or(KeygenError::MixedUp)?;
        let context = SealContext {
            purpose: Purpose::KeyGeneration,
            zone: ZoneId::owner().hash(),
            recipient: recipient.node_id.clone(),
            issued_at: now,
        };
        let plaintext = key_share::plaintext(recipient.share_id, share.signing_share());
        let sealed = hpke::seal(&recipient.node_enc_pubkey, &context, &*plaintext, rng);
        let message = KeygenRound2 {
            ceremony: *ceremony.id(),
            sender: member.participant().node_id.clone(),
            recipient: recipient.node_id.clone(),
            round1: view,
            issued_at: now,
            sealed_share: sealed.map_err(|error| KeygenError::Sealed(recipient.node_id.clone(), error))?,
            signature: Signature::ABSENT,
        };
        messages.push(message.signed_by(&member.keys().signing));
    }
    Ok((Round2Secret { ceremony: *ceremony.id(), secret: next, view }, messages))
}

/// The round-2 packages as the library takes them, all of this run, from participants who saw the same round 1.
pub(super) fn round2_packages(
    ceremony: &Ceremony,
    member: &Member<'_>,
    refresh: bool,
    secret: &Round2Secret,
    accepted: Vec<AcceptedRound2>,
) -> Result<BTreeMap<frost::Identifier, round2::Package>, KeygenError> {
    fits(ceremony, member, refresh)?;
    let same = |id: &[u8; 32]| id == ceremony.id();
    if !same(&secret.ceremony) || !accepted.iter().all(|package| same(&package.ceremony)) {
        return Err(KeygenError::MixedUp);
    }
    if let Some(other) = accepted.iter().find(|accepted| accepted.view != secret.view) {
        return Err(KeygenError::OtherView(other.sender.node_id.clone()));
    }
    complete(member, accepted.into_iter().map(|accepted| (accepted.sender, accepted.package)))
}

/// The participant that the library names, or the caller.
pub(super) fn blame(member: &Member<'_>, error: &frost::Error, fault: fn(NodeId) -> KeygenError) -> KeygenError {
    let culprits = error.culprits();
    let culprit = culprits.first().and_then(|culprit| bridge::share_id(culprit).ok());
    match culprit.and_then(|share_id| member.roster().holder(share_id)) {
        Some(participant) => fault(participant.node_id.clone()),
        None => KeygenError::MixedUp,
    }
}
