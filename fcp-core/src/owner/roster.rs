//! Who takes part (D199).

use alloc::vec::Vec;

use crate::cbor::{self, Decode, DecodeError, Decoder, Encode};
use crate::error::Reason;
use crate::id::NodeId;
use crate::identity::{NodePublicKeys, NodeSecretKeys};
use crate::sign::{NodeEncryptionPublicKey, NodeIssuancePublicKey, NodeSigningPublicKey};

/// A node that takes part, with the share that it gets.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Participant {
    /// The number of its share, from 1: its FROST identifier (D202).
    pub share_id: u8,
    /// The node.
    pub node_id: NodeId,
    /// Checks its packages.
    pub node_sig_pubkey: NodeSigningPublicKey,
    /// Seals what only it may open.
    pub node_enc_pubkey: NodeEncryptionPublicKey,
    /// Its third key, so that the fingerprint covers all that the node will be attested with.
    pub node_iss_pubkey: NodeIssuancePublicKey,
}

impl Participant {
    /// The node's keys, whose fingerprint the person compares before the roster is used (D199).
    #[must_use]
    pub const fn keys(&self) -> NodePublicKeys {
        NodePublicKeys {
            signing: self.node_sig_pubkey,
            encryption: self.node_enc_pubkey,
            issuance: self.node_iss_pubkey,
        }
    }
}

/// The participants and how many of them sign: what each of them is configured with before the first round (D199).
///
/// Consistent by construction: 2 ≤ k ≤ n ≤ 255; share ids from 1 up, in order; no node and no key twice.
///
/// ```cddl
/// roster = { threshold_k: 2..255, participants: [2*255 participant] }
/// participant = { share_id: 1..255, node_id: tstr, node_sig_pubkey: bstr .size 32, node_enc_pubkey: bstr .size 32,
///   node_iss_pubkey: bstr .size 32 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = consistent)]
pub struct Roster {
    threshold_k: u8,
    participants: Participants,
}

/// At most 255 participants, which is checked before a key is.
#[derive(Debug, Clone, PartialEq, Eq, Encode)]
struct Participants(Vec<Participant>);

impl<'b> Decode<'b> for Participants {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let len = decoder.array_of_at_most(usize::from(u8::MAX))?;
        let participants = (0..len).map(|_| Participant::decode(decoder)).collect::<Result<_, _>>()?;
        decoder.leave();
        Ok(Self(participants))
    }
}

/// Why a list of nodes is no roster, or a node has no place in one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    /// Not 2 ≤ k ≤ n ≤ 255.
    #[error("threshold and number of participants do not fit together")]
    Size,
    /// The share ids are not 1 or above and rising.
    #[error("share ids are not in order")]
    ShareIds,
    /// A node stands twice.
    #[error("`{0}` stands twice")]
    DuplicateNode(NodeId),
    /// A node has a key that another one has.
    #[error("`{0}` has the key of another node")]
    DuplicateKey(NodeId),
    /// The node is not in the roster, or its keys are others there.
    #[error("`{0}` with these keys is not in the roster")]
    NotInRoster(NodeId),
}

impl RosterError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Size | Self::ShareIds | Self::DuplicateNode(_) | Self::DuplicateKey(_) => Reason::OwnerBadRoster,
            Self::NotInRoster(_) => Reason::OwnerNotInRoster,
        }
    }
}

fn consistent(roster: &Roster) -> Result<(), Reason> {
    roster.check().map_err(|error| error.reason())
}

impl Roster {
    /// A roster of these nodes, of which `threshold_k` sign.
    ///
    /// Share ids are 1 to n in the order of the node ids, so that everybody who lists the same nodes gets the same
    /// roster.
    ///
    /// # Errors
    /// [`RosterError`] unless 2 ≤ k ≤ n ≤ 255 and no node and no key stands twice.
    pub fn new(
        threshold_k: u8,
        nodes: impl IntoIterator<Item = (NodeId, NodePublicKeys)>,
    ) -> Result<Self, RosterError> {
        let mut nodes: Vec<(NodeId, NodePublicKeys)> = nodes.into_iter().collect();
        if nodes.len() > usize::from(u8::MAX) {
            return Err(RosterError::Size);
        }
        nodes.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        let participants = (1..=u8::MAX).zip(nodes).map(|(share_id, (node_id, keys))| Participant {
            share_id,
            node_id,
            node_sig_pubkey: keys.signing,
            node_enc_pubkey: keys.encryption,
            node_iss_pubkey: keys.issuance,
        });
        let roster = Self { threshold_k, participants: Participants(participants.collect()) };
        roster.check()?;
        Ok(roster)
    }

    fn check(&self) -> Result<(), RosterError> {
        let n = self.participants.0.len();
        if self.threshold_k < 2 || usize::from(self.threshold_k) > n || n > usize::from(u8::MAX) {
            return Err(RosterError::Size);
        }
        let rising = self.participants.0.is_sorted_by(|left, right| left.share_id < right.share_id);
        if !rising || self.participants.0.first().is_some_and(|first| first.share_id == 0) {
            return Err(RosterError::ShareIds);
        }
        for (index, participant) in self.participants.0.iter().enumerate() {
            for earlier in self.participants.0.iter().take(index) {
                if earlier.node_id == participant.node_id {
                    return Err(RosterError::DuplicateNode(participant.node_id.clone()));
                }
                if earlier.node_sig_pubkey == participant.node_sig_pubkey
                    || earlier.node_enc_pubkey == participant.node_enc_pubkey
                    || earlier.node_iss_pubkey == participant.node_iss_pubkey
                {
                    return Err(RosterError::DuplicateKey(participant.node_id.clone()));
                }
            }
        }
        Ok(())
    }

    /// The roster of those who remain when a device is lost; they keep their share ids.
    ///
    /// # Errors
    /// [`RosterError::NotInRoster`] if `lost` had no share, [`RosterError::Size`] if fewer than k would remain.
    pub fn without(&self, lost: &NodeId) -> Result<Self, RosterError> {
        if self.participant(lost).is_none() {
            return Err(RosterError::NotInRoster(lost.clone()));
        }
        let remaining = self.participants.0.iter().filter(|participant| participant.node_id != *lost).cloned();
        let roster = Self { threshold_k: self.threshold_k, participants: Participants(remaining.collect()) };
        roster.check()?;
        Ok(roster)
    }

    /// How many sign together: k.
    #[must_use]
    pub const fn threshold_k(&self) -> u8 {
        self.threshold_k
    }

    /// The participants, by share id.
    #[must_use]
    pub fn participants(&self) -> &[Participant] {
        &self.participants.0
    }

    /// The participant that is this node.
    #[must_use]
    pub fn participant(&self, node_id: &NodeId) -> Option<&Participant> {
        self.participants.0.iter().find(|participant| participant.node_id == *node_id)
    }

    /// The participant that holds this share.
    #[must_use]
    pub fn holder(&self, share_id: u8) -> Option<&Participant> {
        self.participants.0.iter().find(|participant| participant.share_id == share_id)
    }

    /// The place of the node that runs this code.
    ///
    /// # Errors
    /// [`RosterError::NotInRoster`] if the roster does not list `node_id` with exactly these keys.
    pub fn member<'a>(&'a self, node_id: &NodeId, keys: &'a NodeSecretKeys) -> Result<Member<'a>, RosterError> {
        let participant = self.participant(node_id).filter(|listed| listed.keys() == keys.public());
        let participant = participant.ok_or_else(|| RosterError::NotInRoster(node_id.clone()))?;
        Ok(Member { roster: self, participant, keys })
    }

    /// BLAKE3-256(`FCP2-ROSTER-V1` ‖ CBOR(roster)).
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"FCP2-ROSTER-V1");
        hasher.update(&cbor::encode(self));
        *hasher.finalize().as_bytes()
    }
}

/// The node that runs this code, at its place in a roster, with its secret keys.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    roster: &'a Roster,
    participant: &'a Participant,
    #[cfg_attr(not(feature = "threshold"), expect(dead_code, reason = "only the rounds use them"))]
    keys: &'a NodeSecretKeys,
}

impl<'a> Member<'a> {
    /// The roster.
    #[must_use]
    pub const fn roster(&self) -> &'a Roster {
        self.roster
    }

    /// The node's own entry.
    #[must_use]
    pub const fn participant(&self) -> &'a Participant {
        self.participant
    }

    /// The node's secret keys.
    #[cfg(feature = "threshold")]
    pub(super) const fn keys(&self) -> &'a NodeSecretKeys {
        self.keys
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::{Roster, RosterError};
    use crate::cbor;
    use crate::id::NodeId;
    use crate::identity::{NodePublicKeys, NodeSecretKeys};

    fn node(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    fn keys(seed: u64) -> NodeSecretKeys {
        NodeSecretKeys::generate(&mut ChaCha20Rng::seed_from_u64(seed))
    }

    fn public(seed: u64) -> NodePublicKeys {
        keys(seed).public()
    }

    #[test]
    fn everybody_gets_the_same_roster() {
        let one = Roster::new(2, [(node("nA"), public(1)), (node("nB"), public(2)), (node("nC"), public(3))]).unwrap();
        let other =
            Roster::new(2, [(node("nC"), public(3)), (node("nA"), public(1)), (node("nB"), public(2))]).unwrap();
        assert_eq!(one, other);
        assert_eq!(one.digest(), other.digest());
        assert_eq!(one.participant(&node("nB")).unwrap().share_id, 2);
        assert_eq!(cbor::decode::<Roster>(&cbor::encode(&one)).unwrap(), one);

        let remaining = one.without(&node("nA")).unwrap();
        assert_eq!(remaining.participants().iter().map(|left| left.share_id).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(cbor::decode::<Roster>(&cbor::encode(&remaining)).unwrap(), remaining);
        assert_eq!(remaining.without(&node("nB")), Err(RosterError::Size));
        assert_eq!(remaining.without(&node("nA")), Err(RosterError::NotInRoster(node("nA"))));
    }

    #[test]
    fn inconsistent_rosters_are_refused() {
        assert_eq!(Roster::new(2, [(node("nA"), public(1))]), Err(RosterError::Size));
        assert_eq!(Roster::new(1, [(node("nA"), public(1)), (node("nB"), public(2))]), Err(RosterError::Size));
        assert_eq!(
            Roster::new(2, [(node("nA"), public(1)), (node("nA"), public(2))]),
            Err(RosterError::DuplicateNode(node("nA")))
        );
        assert_eq!(
            Roster::new(2, [(node("nA"), public(1)), (node("nB"), public(1))]),
            Err(RosterError::DuplicateKey(node("nB")))
        );
        let many = (0..256_u64).map(|index| (node(&format!("n{index}")), public(1)));
        assert_eq!(Roster::new(2, many), Err(RosterError::Size));

        let mut roster = Roster::new(2, [(node("nA"), public(1)), (node("nB"), public(2))]).unwrap();
        for share_ids in [[0, 1], [2, 1], [1, 1]] {
            for (participant, share_id) in roster.participants.0.iter_mut().zip(share_ids) {
                participant.share_id = share_id;
            }
            let error = cbor::decode::<Roster>(&cbor::encode(&roster)).unwrap_err();
            assert_eq!(error.reason().code(), "owner.bad_roster");
        }
    }

    #[test]
    fn a_member_has_the_keys_that_are_listed() {
        let roster = Roster::new(2, [(node("nA"), public(1)), (node("nB"), public(2))]).unwrap();
        assert_eq!(roster.member(&node("nB"), &keys(2)).unwrap().participant().share_id, 2);
        assert!(roster.member(&node("nB"), &keys(1)).is_err());
        assert!(roster.member(&node("nC"), &keys(1)).is_err());
    }
}
