//! The owner's key on this node (§2.2.1, D199, D202): one share of it, and what it signs.
//!
//! Key generation and signing are rounds of packages that the operator's console carries from node to node. They are
//! signed and sealed by the nodes, so that whoever carries them learns nothing and can change nothing.

use std::collections::BTreeMap;

use fcp_audit::checkpoint::ZoneAnchor;
use fcp_audit::revocation::RevocationObject;
use fcp_caps::grant::CapabilityObject;
use fcp_core::cbor::{Decode, Encode};
use fcp_core::id::NodeId;
use fcp_core::identity::{NodeKeyAttestation, NodePublicKeys, NodeSecretKeys};
use fcp_core::object::Message;
use fcp_core::owner::dkg::{self, AcceptedRound1, Round1Secret, Round2Secret};
use fcp_core::owner::{Ceremony, GroupKeys, KeyShare, KeygenRound1, KeygenRound2, OwnerKeyShare, Roster, sign};
use fcp_core::rand_core::CryptoRng;
use fcp_core::sign::{OwnerPublicKey, Preimage, Signed as _};
use fcp_core::time::Timestamp;
use fcp_zones::manifest::ZoneKeyManifest;
use fcp_zones::membership::DeviceEnrollment;
use fcp_zones::policy::ZonePolicyObject;
use fcp_zones::zone::ZoneDefinitionObject;

use crate::control::ControlError;

/// How many signatures may be under way at once.
const MAX_SLOTS: usize = 256;

/// A node's part in the owner's key.
#[derive(Default)]
pub(crate) struct OwnerPart {
    stage: Stage,
    /// Nonces of signatures under way: in memory only, used once (D202).
    nonces: BTreeMap<u64, sign::SigningNonces>,
    next_slot: u64,
}

/// How far key generation is.
#[derive(Default)]
enum Stage {
    /// This node has no part yet.
    #[default]
    None,
    /// Round 1 is out.
    Round1 { ceremony: Ceremony, secret: Round1Secret },
    /// Round 2 is out.
    Round2 { ceremony: Ceremony, secret: Round2Secret, round1: Vec<AcceptedRound1> },
    /// The node holds a share.
    Held(Box<Held>),
}

/// One participant's part of the owner key.
struct Held {
    roster: Roster,
    share: KeyShare,
    group: GroupKeys,
}

/// What is on disk of it.
#[derive(Encode, Decode)]
pub(crate) struct KeptPart {
    roster: Roster,
    /// The body of this node's `OwnerKeyShare`: the share is sealed to the node.
    pub(crate) share: Vec<u8>,
    /// The public halves of all shares, in the order of the roster.
    verifying_shares: Vec<[u8; 32]>,
}

/// What the person compared before the node takes part: everybody's keys.
pub(crate) struct RosterEntry {
    pub(crate) node: NodeId,
    pub(crate) keys: NodePublicKeys,
    pub(crate) fingerprint: String,
}

fn refused(error: impl std::fmt::Display) -> ControlError {
    ControlError::node("owner", error)
}

fn out_of_turn() -> ControlError {
    ControlError::node("owner_stage", "this is not the next round of the key generation")
}

impl OwnerPart {
    /// Begins key generation with everybody in the roster: gives this node's round-1 package.
    pub(crate) fn begin(
        &mut self,
        (node, keys): (&NodeId, &NodeSecretKeys),
        threshold: u8,
        entries: Vec<RosterEntry>,
        nonce: [u8; 16],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, ControlError> {
        if !matches!(self.stage, Stage::None) {
            return Err(out_of_turn());
        }
        if let Some(wrong) = entries.iter().find(|entry| entry.keys.fingerprint() != entry.fingerprint) {
            let message = format!("the fingerprint of `{}` is not that of its keys: compare them again", wrong.node);
            return Err(ControlError::node("fingerprint", message));
        }
        let nodes = entries.into_iter().map(|entry| (entry.node, entry.keys));
        let roster = Roster::new(threshold, nodes).map_err(refused)?;
        let ceremony = Ceremony::keygen(roster, nonce);
        let member = ceremony.roster().member(node, keys).map_err(refused)?;
        let (secret, package) = dkg::part1(&ceremony, &member, rng).map_err(refused)?;
        self.stage = Stage::Round1 { ceremony, secret };
        Ok(package.to_body())
    }

    /// Takes the round-1 packages of all others: gives one sealed round-2 package for each of them.
    pub(crate) fn round2(
        &mut self,
        (node, keys): (&NodeId, &NodeSecretKeys),
        packages: &[Vec<u8>],
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<(NodeId, Vec<u8>)>, ControlError> {
        let Stage::Round1 { ceremony, secret } = std::mem::take(&mut self.stage) else { return Err(out_of_turn()) };
        let round1 = packages
            .iter()
            .map(|package| {
                let message = KeygenRound1::from_body(package).map_err(refused)?;
                dkg::accept_round1(&ceremony, message).map_err(refused)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let member = ceremony.roster().member(node, keys).map_err(refused)?;
        let (secret, out) = dkg::part2(&ceremony, &member, secret, &round1, now, rng).map_err(refused)?;
        self.stage = Stage::Round2 { ceremony, secret, round1 };
        Ok(out.into_iter().map(|package| (package.recipient.clone(), package.to_body())).collect())
    }

    /// Takes the round-2 packages for this node: gives the owner's public key, and what is to be on disk of this node's
    /// part.
    pub(crate) fn finish(
        &mut self,
        (node, keys): (&NodeId, &NodeSecretKeys),
        packages: &[Vec<u8>],
        provenance: fcp_core::object::Provenance,
        rng: &mut impl CryptoRng,
    ) -> Result<(OwnerPublicKey, KeptPart), ControlError> {
        let Stage::Round2 { ceremony, secret, round1 } = std::mem::take(&mut self.stage) else {
            return Err(out_of_turn());
        };
        let member = ceremony.roster().member(node, keys).map_err(refused)?;
        let round2 = packages
            .iter()
            .map(|package| {
                let message = KeygenRound2::from_body(package).map_err(refused)?;
                dkg::accept_round2(&ceremony, &member, &message).map_err(refused)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (share, group) = dkg::part3(&ceremony, &member, secret, &round1, round2).map_err(refused)?;
        let sealed = share.seal(member.participant(), provenance, rng).map_err(refused)?;
        let owner = *group.owner();
        let roster = ceremony.roster().clone();
        let verifying_shares =
            roster.participants().iter().filter_map(|own| group.verifying_share(own.share_id)).collect();
        let kept = KeptPart { roster: roster.clone(), share: sealed.to_body(), verifying_shares };
        self.stage = Stage::Held(Box::new(Held { roster, share, group }));
        Ok((owner, kept))
    }

    /// The part that an earlier run kept: opens the share again.
    pub(crate) fn restore(
        kept: KeptPart,
        owner: &OwnerPublicKey,
        (node, keys): (&NodeId, &NodeSecretKeys),
    ) -> Result<Self, ControlError> {
        let KeptPart { roster, share, verifying_shares } = kept;
        let sealed = OwnerKeyShare::from_body(&share).map_err(refused)?;
        let share = KeyShare::open(&sealed, owner, &roster.member(node, keys).map_err(refused)?).map_err(refused)?;
        let ids = roster.participants().iter().map(|own| own.share_id);
        let group = GroupKeys::from_verifying_shares(&roster, owner, ids.zip(verifying_shares)).map_err(refused)?;
        Ok(Self { stage: Stage::Held(Box::new(Held { roster, share, group })), ..Self::default() })
    }

    fn held(&self) -> Result<(&Roster, &KeyShare, &GroupKeys), ControlError> {
        match &self.stage {
            Stage::Held(held) => Ok((&held.roster, &held.share, &held.group)),
            _ => Err(ControlError::node("owner_stage", "this node holds no share of the owner's key")),
        }
    }

    /// Draws nonces for `count` signatures and commits to them.
    pub(crate) fn commit(
        &mut self,
        count: usize,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<(u64, Vec<u8>)>, ControlError> {
        if self.nonces.len().saturating_add(count) > MAX_SLOTS {
            return Err(ControlError::node("owner_busy", "too many signatures are under way"));
        }
        let (_, share, _) = self.held()?;
        let drawn: Vec<_> = (0..count).map(|_| sign::commit(share, rng)).collect();
        let mut slots = Vec::with_capacity(count);
        for (nonces, commitment) in drawn {
            let slot = self.next_slot;
            self.next_slot = self.next_slot.wrapping_add(1);
            self.nonces.insert(slot, nonces);
            slots.push((slot, commitment.to_body()));
        }
        Ok(slots)
    }

    /// Forgets every nonce: whoever committed to them has to commit anew. A copy of this process may use the same ones for
    /// another signature, and both together would give the share away.
    pub(crate) fn forget_nonces(&mut self) {
        self.nonces.clear();
    }

    /// Puts the signers' commitments and the draft that they are to sign together.
    pub(crate) fn package(&self, draft: &[u8], commitments: &[(NodeId, Vec<u8>)]) -> Result<Vec<u8>, ControlError> {
        let (roster, share, _) = self.held()?;
        let preimage = draft_preimage(draft)?;
        let commitments = commitments
            .iter()
            .map(|(node, body)| Ok((node, sign::SigningCommitment::from_body(body).map_err(refused)?)))
            .collect::<Result<Vec<_>, ControlError>>()?;
        let package = sign::package(roster, share.owner(), commitments, &preimage).map_err(refused)?;
        Ok(package.to_body())
    }

    /// Signs a draft that this node decodes itself, with the nonces of `slot`, which are gone afterwards (D202).
    pub(crate) fn sign(&mut self, slot: u64, draft: &[u8], package: &[u8]) -> Result<Vec<u8>, ControlError> {
        let nonces = self.nonces.remove(&slot);
        let (roster, share, _) = self.held()?;
        let nonces = nonces.ok_or_else(|| ControlError::node("owner_slot", "no nonces are left under this number"))?;
        let preimage = draft_preimage(draft)?;
        let package = sign::SigningPackage::from_body(package).map_err(refused)?;
        let signature = sign::sign_share(roster, share, nonces, &package, &preimage).map_err(refused)?;
        Ok(signature.to_body())
    }

    /// Makes one signature of the shares and checks it.
    pub(crate) fn aggregate(
        &self,
        draft: &[u8],
        package: &[u8],
        shares: &[(NodeId, Vec<u8>)],
    ) -> Result<fcp_core::sign::Signature, ControlError> {
        let (roster, _, group) = self.held()?;
        let preimage = draft_preimage(draft)?;
        let package = sign::SigningPackage::from_body(package).map_err(refused)?;
        let shares = shares
            .iter()
            .map(|(node, body)| Ok((node, sign::SignatureShare::from_body(body).map_err(refused)?)))
            .collect::<Result<Vec<_>, ControlError>>()?;
        sign::aggregate(roster, group, &package, &preimage, shares).map_err(refused)
    }
}

/// What the owner would sign for this draft. Only types that the owner signs are known here, and only their canonical
/// bytes: a participant never signs what it has not decoded itself (D202).
fn draft_preimage(draft: &[u8]) -> Result<Preimage, ControlError> {
    macro_rules! of_owner {
        ($($type:ty),*) => {{
            let hash = draft.first_chunk::<32>();
            $(if hash == Some(<$type>::SCHEMA_HASH.as_bytes()) {
                return <$type>::from_body(draft).map(|object| object.preimage()).map_err(refused);
            })*
            Err(ControlError::node("owner_draft", "this is nothing that the owner signs"))
        }};
    }
    of_owner!(
        NodeKeyAttestation,
        DeviceEnrollment,
        OwnerKeyShare,
        ZoneDefinitionObject,
        ZonePolicyObject,
        ZoneKeyManifest,
        ZoneAnchor,
        RevocationObject,
        CapabilityObject
    )
}
