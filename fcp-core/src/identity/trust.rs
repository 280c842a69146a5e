//! Whom this node trusts (§2.2, §4.2, §7.5): the owner, and everybody whom the owner attested.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{AttestationError, NodeKeyAttestation};
use crate::error::Reason;
use crate::id::{Kid, NodeId, ObjectId, ZoneId};
use crate::revoked::Revoked;
use crate::sign::{NodeIssuancePublicKey, NodeSigningPublicKey, OwnerPublicKey, Signed as _, Unverified, Verified};
use crate::time::Timestamp;

/// How many attestations of one node are kept; the oldest go first.
const MAX_PER_NODE: usize = 8;

/// Why an attestation is not installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// It is not acceptable.
    #[error("{0}")]
    Attestation(AttestationError),
    /// Another key with the same key id is known (D9).
    #[error("key id belongs to another key")]
    KidCollision,
    /// Another statement of the owner's that is held has the same nonce (§2.2 rule 6).
    #[error("nonce belongs to another attestation")]
    NonceSeen,
}

impl TrustError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Attestation(error) => error.reason(),
            Self::KidCollision => Reason::AttestationKidCollision,
            Self::NonceSeen => Reason::AttestationNonceSeen,
        }
    }
}

/// The owner's key and the attestations that it signed.
///
/// The nonce of an attestation is remembered as long as the attestation is held, which bounds both: another statement
/// with the nonce is refused (§2.2 rule 6, D215). The same statement with another signature is not another statement, since
/// the holders of a threshold key sign anew when they are asked again. Nonces of device postures are for whoever judges
/// the posture.
#[derive(Debug, Clone)]
pub struct TrustAnchors {
    owner: OwnerPublicKey,
    /// Of each node, newest first.
    attestations: BTreeMap<NodeId, Vec<Verified<NodeKeyAttestation>>>,
    /// Every key that a key id stands for.
    keys: BTreeMap<Kid, [u8; 32]>,
}

impl TrustAnchors {
    /// Trust in `owner`, and nobody attested yet.
    #[must_use]
    pub const fn new(owner: OwnerPublicKey) -> Self {
        Self { owner, attestations: BTreeMap::new(), keys: BTreeMap::new() }
    }

    /// The owner.
    #[must_use]
    pub const fn owner(&self) -> &OwnerPublicKey {
        &self.owner
    }

    /// Checks an attestation and keeps it.
    ///
    /// # Errors
    /// [`TrustError`] if the owner did not sign it, it is not valid now, or its nonce or a key id is taken.
    pub fn install(
        &mut self,
        received: Unverified<NodeKeyAttestation>,
        now: Timestamp,
    ) -> Result<ObjectId, TrustError> {
        let verified = NodeKeyAttestation::verify(received, &self.owner, now).map_err(TrustError::Attestation)?;
        self.keep(verified)
    }

    /// Checks an attestation as of the time when it was issued and keeps it: for judging what was signed while it was
    /// valid (D201).
    ///
    /// # Errors
    /// [`TrustError`] if the owner did not sign it, or its nonce or a key id is taken.
    pub fn install_historic(&mut self, received: Unverified<NodeKeyAttestation>) -> Result<ObjectId, TrustError> {
        let then = received.claimed().window().issued_at;
        self.install(received, then)
    }

    fn keep(&mut self, verified: Verified<NodeKeyAttestation>) -> Result<ObjectId, TrustError> {
        let replays = |known: &Verified<NodeKeyAttestation>| {
            known.nonce() == verified.nonce() && known.id() != verified.id() && known.preimage() != verified.preimage()
        };
        if self.attestations.values().flatten().any(replays) {
            return Err(TrustError::NonceSeen);
        }
        let keys = verified.keys();
        let pairs = [
            (verified.signing_kid(), *keys.signing.as_bytes()),
            (verified.encryption_kid(), *keys.encryption.as_bytes()),
            (verified.issuance_kid(), *keys.issuance.as_bytes()),
        ];
        claim(&mut self.keys, &pairs)?;
        let id = verified.id();
        let of_node = self.attestations.entry(verified.node_id().clone()).or_default();
        if of_node.iter().all(|known| known.id() != id) {
            of_node.push(verified);
            of_node.sort_by_key(|known| core::cmp::Reverse((known.window().issued_at, known.id())));
            of_node.truncate(MAX_PER_NODE);
        }
        Ok(id)
    }

    /// The nodes of which an attestation is held.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeId> {
        self.attestations.keys()
    }

    /// The newest attestation of `node` that is valid now and not revoked.
    pub fn current(
        &self,
        node: &NodeId,
        revoked: &impl Revoked,
        now: Timestamp,
    ) -> Option<&Verified<NodeKeyAttestation>> {
        self.attestations.get(node)?.iter().find(|attestation| {
            attestation.window().check(now).is_ok() && !revoked.is_revoked(&attestation.id(), &ZoneId::owner(), now)
        })
    }

    /// The attestations of `node`, newest first, whether valid now or not.
    #[must_use]
    pub fn all(&self, node: &NodeId) -> &[Verified<NodeKeyAttestation>] {
        self.attestations.get(node).map(Vec::as_slice).unwrap_or_default()
    }

    /// The signing key of `node` with this key id, as of `at`: its attestation was valid then, and no revocation of it
    /// was in effect by then (D201).
    pub fn signing_key_at(
        &self,
        node: &NodeId,
        kid: &Kid,
        zone: &ZoneId,
        revoked: &impl Revoked,
        at: Timestamp,
    ) -> Option<(NodeSigningPublicKey, ObjectId)> {
        let attestation = self.valid_at(node, zone, revoked, at, |attestation| attestation.signing_kid() == *kid)?;
        Some((attestation.keys().signing, attestation.id()))
    }

    /// The issuance key of `node` with this key id, as of `at`.
    pub fn issuance_key_at(
        &self,
        node: &NodeId,
        kid: &Kid,
        zone: &ZoneId,
        revoked: &impl Revoked,
        at: Timestamp,
    ) -> Option<(NodeIssuancePublicKey, ObjectId)> {
        let attestation = self.valid_at(node, zone, revoked, at, |attestation| attestation.issuance_kid() == *kid)?;
        Some((attestation.keys().issuance, attestation.id()))
    }

    fn valid_at(
        &self,
        node: &NodeId,
        zone: &ZoneId,
        revoked: &impl Revoked,
        at: Timestamp,
        wanted: impl Fn(&NodeKeyAttestation) -> bool,
    ) -> Option<&Verified<NodeKeyAttestation>> {
        self.attestations.get(node)?.iter().find(|attestation| {
            wanted(attestation)
                && attestation.window().check(at).is_ok()
                && !revoked.was_revoked(&attestation.id(), zone, at)
        })
    }
}

/// Notes which key each key id stands for, unless one of them stands for another key, be it one of `pairs` (D9).
fn claim(keys: &mut BTreeMap<Kid, [u8; 32]>, pairs: &[(Kid, [u8; 32])]) -> Result<(), TrustError> {
    let is_other = |known: &[u8; 32], key: &[u8; 32]| known != key;
    let collides = pairs.iter().enumerate().any(|(index, (kid, key))| {
        keys.get(kid).is_some_and(|known| is_other(known, key))
            || pairs.iter().take(index).any(|(earlier, known)| earlier == kid && is_other(known, key))
    });
    if collides {
        return Err(TrustError::KidCollision);
    }
    keys.extend(pairs.iter().copied());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{TrustAnchors, TrustError, claim};
    use crate::id::{Kid, NodeId, NodeTag, ObjectIdKey};
    use crate::identity::{AttestationTerms, NodeKeyAttestation, NodeSecretKeys};
    use crate::object::{Message as _, StoredObject};
    use crate::revoked::NothingRevoked;
    use crate::sign::{OwnerKey, Signed as _};
    use crate::time::Timestamp;
    use alloc::collections::BTreeMap;
    use rand_core::SeedableRng as _;

    const ISSUED: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn attest(owner: &OwnerKey, keys: &NodeSecretKeys) -> NodeKeyAttestation {
        let terms = AttestationTerms {
            node_id: NodeId::new("nLaptop").unwrap(),
            owner: owner.public(),
            tags: vec![NodeTag::new("fcp-work").unwrap(), NodeTag::new("fcp-private").unwrap()],
            issued_at: ISSUED,
            expires_at: ISSUED.saturating_add(86_400),
            nonce: [9; 32],
            posture: None,
        };
        NodeKeyAttestation::draft(terms, &keys.public()).unwrap().signed_by(owner)
    }

    #[test]
    fn an_attestation_is_trusted_only_from_the_owner_and_in_time() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        let (owner, stranger) = (OwnerKey::generate(&mut rng), OwnerKey::generate(&mut rng));
        let keys = NodeSecretKeys::generate(&mut rng);
        let stored = attest(&owner, &keys).seal();
        let parsed = StoredObject::parse_as(stored.id(), stored.canonical_bytes(), &ObjectIdKey::public());
        let received = NodeKeyAttestation::open(&parsed.unwrap()).unwrap();
        assert_eq!(received.id(), stored.id());

        let mut anchors = TrustAnchors::new(owner.public());
        let late = ISSUED.saturating_add(86_400 + 121);
        assert_eq!(anchors.install(received.clone(), late).unwrap_err().reason().code(), "attestation.expired");
        anchors.install(received.clone(), ISSUED).unwrap();
        let laptop = NodeId::new("nLaptop").unwrap();
        assert_eq!(anchors.current(&laptop, &NothingRevoked, ISSUED).unwrap().keys(), keys.public());
        assert!(anchors.current(&laptop, &NothingRevoked, late).is_none());

        let mut others = TrustAnchors::new(stranger.public());
        assert_eq!(others.install(received, ISSUED).unwrap_err().reason().code(), "attestation.wrong_owner");
    }

    /// D215: a nonce is of one statement, however often that is signed and in whatever order it arrives.
    #[test]
    fn a_nonce_stands_for_one_statement() {
        const EARLIER: Timestamp = Timestamp::from_secs(1_699_990_000);
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(4);
        let owner = OwnerKey::generate(&mut rng);
        let keys = NodeSecretKeys::generate(&mut rng);
        let draft = |node: &str, issued_at: Timestamp, nonce| {
            let terms = AttestationTerms {
                node_id: NodeId::new(node).unwrap(),
                owner: owner.public(),
                tags: Vec::new(),
                issued_at,
                expires_at: ISSUED.saturating_add(86_400),
                nonce: [nonce; 32],
                posture: None,
            };
            NodeKeyAttestation::draft(terms, &keys.public()).unwrap()
        };
        let mut anchors = TrustAnchors::new(owner.public());
        let mut install = |attestation: NodeKeyAttestation| {
            let received = NodeKeyAttestation::open(&attestation.signed_by(&owner).seal()).unwrap();
            anchors.install(received, ISSUED).map_err(|error| error.reason().code())
        };
        let first = install(draft("nLaptop", ISSUED, 1));
        assert!(first.is_ok());
        assert_eq!(install(draft("nLaptop", ISSUED, 1)), first);
        assert_eq!(install(draft("nPhone", ISSUED, 1)), Err("attestation.nonce_seen"));
        assert_eq!(install(draft("nLaptop", EARLIER, 1)), Err("attestation.nonce_seen"));
        // What was refused is not remembered, and other nonces are free.
        assert!(install(draft("nPhone", ISSUED, 2)).is_ok() && install(draft("nLaptop", EARLIER, 3)).is_ok());

        // The same statement under another signature, as a threshold key makes one each time.
        let again =
            draft("nLaptop", ISSUED, 1).signed_by(&owner).with_signature(crate::sign::Signature::from_bytes([7; 64]));
        assert_eq!(again.preimage(), draft("nLaptop", ISSUED, 1).preimage());
        let verified = NodeKeyAttestation::open(&again.seal()).unwrap().verify_with(|_| Ok::<(), ()>(())).unwrap();
        assert!(Some(anchors.keep(verified).unwrap()) != first.ok());
    }

    /// Eight bytes collide for whoever looks long enough: no two keys under one id, not even of one attestation (D9).
    #[test]
    fn a_key_id_stands_for_one_key() {
        let kid = |byte| Kid::from_bytes([byte; 8]);
        let mut keys = BTreeMap::new();
        assert_eq!(claim(&mut keys, &[(kid(1), [1; 32]), (kid(2), [2; 32]), (kid(2), [2; 32])]), Ok(()));
        assert_eq!(claim(&mut keys, &[(kid(3), [3; 32]), (kid(1), [9; 32])]), Err(TrustError::KidCollision));
        assert_eq!(claim(&mut keys, &[(kid(4), [4; 32]), (kid(4), [5; 32])]), Err(TrustError::KidCollision));
        assert_eq!(keys.len(), 2, "what is refused leaves nothing behind");
        assert_eq!(claim(&mut keys, &[(kid(1), [1; 32])]), Ok(()));
    }

    /// A revocation does not reach back before it took effect, not even by the tolerance for clocks (D201).
    #[test]
    fn the_past_is_judged_without_tolerance() {
        struct At(Timestamp);
        impl crate::revoked::Revoked for At {
            fn is_revoked(&self, _: &crate::id::ObjectId, _: &crate::id::ZoneId, at: Timestamp) -> bool {
                self.0 <= at.saturating_add(120)
            }
        }
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(3);
        let owner = OwnerKey::generate(&mut rng);
        let keys = NodeSecretKeys::generate(&mut rng);
        let received = NodeKeyAttestation::open(&attest(&owner, &keys).seal()).unwrap();
        let mut anchors = TrustAnchors::new(owner.public());
        anchors.install(received, ISSUED).unwrap();
        let (laptop, kid, work) =
            (NodeId::new("nLaptop").unwrap(), keys.public().signing.kid(), crate::id::ZoneId::work());
        let revoked = At(ISSUED.saturating_add(1000));
        let key_at = |at| anchors.signing_key_at(&laptop, &kid, &work, &revoked, ISSUED.saturating_add(at)).is_some();
        assert!(key_at(0) && key_at(880) && key_at(999));
        assert!(!key_at(1000) && !key_at(2000));
        assert!(anchors.current(&laptop, &revoked, ISSUED.saturating_add(879)).is_some());
        assert!(anchors.current(&laptop, &revoked, ISSUED.saturating_add(880)).is_none());
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(2);
        let owner = OwnerKey::generate(&mut rng);
        let attestation = attest(&owner, &NodeSecretKeys::generate(&mut rng));
        let body = attestation.to_body();
        let verifies = |body: &[u8]| {
            NodeKeyAttestation::from_body(body).is_ok_and(|read| read.verify_signature(&owner.public()).is_ok())
        };
        assert!(verifies(&body));
        for index in 0..body.len() {
            let mut changed = body.clone();
            changed[index] ^= 1;
            assert!(!verifies(&changed), "byte {index}");
        }
    }
}
