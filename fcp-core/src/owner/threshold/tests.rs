//! Whole runs, and each way in which a participant or a carrier can spoil one.

mod keygen;
mod shares;
mod signing;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::dkg::{AcceptedRound1, AcceptedRound2, KeygenError, Round1Secret, Round2Secret};
use super::sign::{SignatureShare, SigningCommitment, SigningError, SigningNonces, SigningPackage};
use super::{GroupKeys, KeyShare, KeyShareError, dealer, dkg, refresh, sign};
use crate::cbor;
use crate::hpke::SealError;
use crate::id::{NodeId, ObjectIdKey, ZoneId};
use crate::identity::NodeSecretKeys;
use crate::object::{MeshObject as _, Message, Provenance, check_message};
use crate::owner::{Ceremony, KeygenRound1, KeygenRound2, Member, OwnerKeyShare, Roster};
use crate::sign::{OwnerKey, OwnerPublicKey, Preimage, Signature, SignatureError, Signed, Verified, VerifyingKey as _};
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Nodes that know each other, and one random source for all of them.
struct Table {
    roster: Roster,
    nodes: Vec<(NodeId, NodeSecretKeys)>,
    rng: ChaCha20Rng,
}

fn node(index: usize) -> NodeId {
    NodeId::new(&format!("n{index:03}")).unwrap()
}

impl Table {
    fn new(k: u8, n: usize, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let nodes: Vec<_> = (0..n).map(|index| (node(index), NodeSecretKeys::generate(&mut rng))).collect();
        let roster = Roster::new(k, nodes.iter().map(|(id, keys)| (id.clone(), keys.public()))).unwrap();
        Self { roster, nodes, rng }
    }

    fn keys(&self, id: &NodeId) -> &NodeSecretKeys {
        &self.nodes.iter().find(|(own, _)| own == id).unwrap().1
    }

    fn member<'a>(&'a self, roster: &'a Roster, id: &NodeId) -> Member<'a> {
        roster.member(id, self.keys(id)).unwrap()
    }
}

/// A message as its recipients get it.
fn carried<T: Message>(message: &T) -> T {
    T::from_body(&message.to_body()).unwrap()
}

/// The state of a run after round 1.
struct Round1 {
    secrets: Vec<(NodeId, Round1Secret)>,
    messages: Vec<KeygenRound1>,
}

fn round1(table: &mut Table, ceremony: &Ceremony) -> Round1 {
    let (mut secrets, mut messages) = (Vec::new(), Vec::new());
    let mut rng = table.rng.clone();
    for participant in ceremony.roster().participants() {
        let member = table.member(ceremony.roster(), &participant.node_id);
        let (secret, message) = match ceremony.refreshes() {
            None => dkg::part1(ceremony, &member, &mut rng).unwrap(),
            Some(_) => refresh::part1(ceremony, &member, &mut rng).unwrap(),
        };
        secrets.push((participant.node_id.clone(), secret));
        messages.push(carried(&message));
    }
    table.rng = rng;
    Round1 { secrets, messages }
}

fn accepted1(ceremony: &Ceremony, messages: &[KeygenRound1], but: &NodeId) -> Vec<AcceptedRound1> {
    let others = messages.iter().filter(|message| message.sender != *but);
    others.map(|message| dkg::accept_round1(ceremony, message.clone()).unwrap()).collect()
}

/// The state of a run after round 2.
struct Round2 {
    secrets: Vec<(NodeId, Round2Secret)>,
    messages: Vec<KeygenRound2>,
    round1: Vec<KeygenRound1>,
}

fn round2(table: &mut Table, ceremony: &Ceremony, round1: Round1) -> Round2 {
    let (mut secrets, mut messages) = (Vec::new(), Vec::new());
    let mut rng = table.rng.clone();
    for (id, secret) in round1.secrets {
        let member = table.member(ceremony.roster(), &id);
        let accepted = accepted1(ceremony, &round1.messages, &id);
        let part2 = if ceremony.refreshes().is_some() { refresh::part2 } else { dkg::part2 };
        let (secret, sent) = part2(ceremony, &member, secret, &accepted, NOW, &mut rng).unwrap();
        secrets.push((id, secret));
        messages.extend(sent.iter().map(carried));
    }
    table.rng = rng;
    Round2 { secrets, messages, round1: round1.messages }
}

fn accepted2(table: &Table, ceremony: &Ceremony, messages: &[KeygenRound2], id: &NodeId) -> Vec<AcceptedRound2> {
    let member = table.member(ceremony.roster(), id);
    let own = messages.iter().filter(|message| message.recipient == *id);
    own.map(|message| dkg::accept_round2(ceremony, &member, message).unwrap()).collect()
}

fn round3(table: &Table, ceremony: &Ceremony, round2: Round2) -> Vec<(NodeId, KeyShare, GroupKeys)> {
    let Round2 { secrets, messages, round1 } = round2;
    secrets
        .into_iter()
        .map(|(id, secret)| {
            let member = table.member(ceremony.roster(), &id);
            let accepted = accepted2(table, ceremony, &messages, &id);
            let round1 = accepted1(ceremony, &round1, &id);
            let (share, group) = dkg::part3(ceremony, &member, secret, &round1, accepted).unwrap();
            (id, share, group)
        })
        .collect()
}

fn keygen(table: &mut Table) -> Vec<(NodeId, KeyShare, GroupKeys)> {
    let ceremony = Ceremony::keygen(table.roster.clone(), [1; 16]);
    let first = round1(table, &ceremony);
    let second = round2(table, &ceremony, first);
    let third = round3(table, &ceremony, second);
    let group = &third[0].2;
    assert!(third.iter().all(|(_, share, own)| own == group && share.owner() == group.owner()));
    third
}

/// The state of a signature before the shares are aggregated.
struct Signing {
    package: SigningPackage,
    shares: Vec<(NodeId, SignatureShare)>,
    preimage: Preimage,
}

/// What each signer keeps and sends.
fn committed(
    table: &mut Table,
    signers: &[(NodeId, &KeyShare)],
) -> (Vec<SigningNonces>, Vec<(NodeId, SigningCommitment)>) {
    let all = signers.iter().map(|(id, share)| {
        let (nonces, commitment) = sign::commit(share, &mut table.rng);
        (nonces, (id.clone(), carried(&commitment)))
    });
    all.unzip()
}

/// A list as the coordinator takes it.
fn sent<T: Clone>(messages: &[(NodeId, T)]) -> impl Iterator<Item = (&NodeId, T)> {
    messages.iter().map(|(id, message)| (id, message.clone()))
}

fn signing(table: &mut Table, roster: &Roster, signers: &[(NodeId, &KeyShare)], preimage: &Preimage) -> Signing {
    let (nonces, commitments) = committed(table, signers);
    let package = carried(&sign::package(roster, signers[0].1.owner(), sent(&commitments), preimage).unwrap());
    let shares = signers.iter().zip(nonces).map(|((id, share), nonces)| {
        (id.clone(), carried(&sign::sign_share(roster, share, nonces, &package, preimage).unwrap()))
    });
    let shares = shares.collect();
    Signing { package, shares, preimage: preimage.clone() }
}

impl Signing {
    fn aggregate(&self, roster: &Roster, group: &GroupKeys) -> Result<Signature, SigningError> {
        sign::aggregate(roster, group, &self.package, &self.preimage, sent(&self.shares))
    }
}

fn some_preimage() -> Preimage {
    Preimage::transcript("FCP2-TEST", &[b"what the owner decided"])
}

fn owner_provenance() -> Provenance {
    Provenance::of_zone(ZoneId::owner(), 100, 100, NOW)
}
