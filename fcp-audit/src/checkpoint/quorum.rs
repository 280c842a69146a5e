//! Counting signatures (D14, D29–D32).

use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::{Message as _, StoredObject};
use fcp_core::sign::{
    NodeSigningKey, Preimage, QuorumSignature, QuorumSigned as _, QuorumTally, SignatureSet, SigningKey as _,
};
use fcp_core::time::Timestamp;

use super::{Signers, ZoneCheckpoint};
use crate::AttestedKeys;
use crate::head::{AuditHead, RevocationHead};

/// What the quorum of a stored checkpoint or head signs; nothing for other objects.
pub(super) fn preimage_of(stored: &StoredObject) -> Option<Preimage> {
    let schema = stored.schema_hash();
    if schema == ZoneCheckpoint::SCHEMA_HASH {
        ZoneCheckpoint::from_body(stored.body()).ok().map(|object| object.quorum_preimage())
    } else if schema == AuditHead::SCHEMA_HASH {
        AuditHead::from_body(stored.body()).ok().map(|object| object.quorum_preimage())
    } else if schema == RevocationHead::SCHEMA_HASH {
        RevocationHead::from_body(stored.body()).ok().map(|object| object.quorum_preimage())
    } else {
        None
    }
}

/// Sorts out which signatures are by nodes that are `eligible`, with keys that counted at `at` (D201), and verify.
pub(super) fn tally(
    preimage: &Preimage,
    signatures: &SignatureSet,
    keys: &AttestedKeys<'_>,
    at: Timestamp,
    eligible: impl Fn(&NodeId) -> bool,
) -> QuorumTally {
    signatures.tally(
        preimage,
        |node, kid| {
            if eligible(node) { keys.key(node, kid, at).map(|(key, _)| key) } else { None }
        },
    )
}

/// Collects the signatures of one quorum-signed object until there are enough (§3.8, §14.3, §15.1, §23.4).
///
/// What it holds is verified; so the set may be sent as it is.
#[derive(Debug, Clone)]
pub struct Collector {
    target: ObjectId,
    preimage: Preimage,
    created_at: Timestamp,
    signers: Signers,
    required: u32,
    collected: SignatureSet,
}

impl Collector {
    /// Collects `required` signatures of distinct `signers` over the `preimage` of `target`, by keys that counted at
    /// `created_at`.
    #[must_use]
    pub const fn new(
        target: ObjectId,
        preimage: Preimage,
        created_at: Timestamp,
        signers: Signers,
        required: u32,
    ) -> Self {
        Self { target, preimage, created_at, signers, required, collected: SignatureSet::new() }
    }

    /// The object.
    #[must_use]
    pub const fn target(&self) -> ObjectId {
        self.target
    }

    /// What is signed.
    #[must_use]
    pub const fn preimage(&self) -> &Preimage {
        &self.preimage
    }

    /// Takes a node's signature. False if it does not verify or the node is no signer: charge that to whoever sent it.
    pub fn add(&mut self, signature: &QuorumSignature, keys: &AttestedKeys<'_>) -> bool {
        let mut one = SignatureSet::new();
        one.insert(signature.clone());
        self.add_all(&one, keys) == 1
    }

    /// Takes every signature of the set that counts, and returns how many did.
    pub fn add_all(&mut self, signatures: &SignatureSet, keys: &AttestedKeys<'_>) -> u32 {
        let tally = tally(&self.preimage, signatures, keys, self.created_at, |node| self.signers.contains(node));
        tally.verified.as_slice().iter().for_each(|signature| self.collected.insert(signature.clone()));
        tally.count()
    }

    /// The signatures so far.
    #[must_use]
    pub const fn signatures(&self) -> &SignatureSet {
        &self.collected
    }

    /// How many distinct signers signed.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.collected.as_slice().len()).unwrap_or(u32::MAX)
    }

    /// Whether one more is enough.
    pub(super) fn lacks_one(&self) -> bool {
        self.count().saturating_add(1) == self.required
    }

    /// Whether that is enough.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.count() >= self.required
    }
}

/// This node's part of a quorum.
pub(super) fn sign(preimage: &Preimage, node: &NodeId, key: &NodeSigningKey) -> QuorumSignature {
    QuorumSignature { signer_node: node.clone(), signer_kid: key.public().kid(), sig: key.sign(preimage) }
}
