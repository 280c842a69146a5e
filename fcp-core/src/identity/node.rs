//! A node's keys, and itself.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::NodeKeyAttestation;
use crate::id::{NodeId, NodeTag};
use crate::sign::{
    NodeEncryptionKey, NodeEncryptionPublicKey, NodeIssuanceKey, NodeIssuancePublicKey, NodeSigningKey,
    NodeSigningPublicKey, OwnerPublicKey, Verified,
};

/// The three secret keys of a node (§2.2.1). They never leave it.
#[derive(Debug)]
pub struct NodeSecretKeys {
    /// Signs frames, gossip, receipts and checkpoints.
    pub signing: NodeSigningKey,
    /// Opens what is sealed to the node.
    pub encryption: NodeEncryptionKey,
    /// Mints tokens.
    pub issuance: NodeIssuanceKey,
}

impl NodeSecretKeys {
    /// Three fresh random keys.
    #[must_use]
    pub fn generate(rng: &mut impl rand_core::CryptoRng) -> Self {
        Self {
            signing: NodeSigningKey::generate(rng),
            encryption: NodeEncryptionKey::generate(rng),
            issuance: NodeIssuanceKey::generate(rng),
        }
    }

    /// The public halves.
    #[must_use]
    pub fn public(&self) -> NodePublicKeys {
        NodePublicKeys {
            signing: self.signing.public(),
            encryption: self.encryption.public(),
            issuance: self.issuance.public(),
        }
    }
}

/// The three public keys of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodePublicKeys {
    /// Checks what the node signs.
    pub signing: NodeSigningPublicKey,
    /// Seals what only the node may open.
    pub encryption: NodeEncryptionPublicKey,
    /// Checks the tokens that the node mints.
    pub issuance: NodeIssuancePublicKey,
}

impl NodePublicKeys {
    /// What a person compares before a node is trusted with anything (D199): the first 16 bytes of
    /// BLAKE3-256(`FCP2-NODE-FINGERPRINT-V1` ‖ signing ‖ encryption ‖ issuance key) in groups of four digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"FCP2-NODE-FINGERPRINT-V1");
        hasher.update(self.signing.as_bytes());
        hasher.update(self.encryption.as_bytes());
        hasher.update(self.issuance.as_bytes());
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        let (groups, _) = digest.as_chunks::<2>();
        let groups: Vec<String> = groups.iter().map(|[high, low]| alloc::format!("{high:02x}{low:02x}")).collect();
        groups.join(" ")
    }
}

/// A node as the mesh knows it (§2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeshIdentity {
    /// The node's host name.
    pub hostname: String,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// The owner's statement about its keys and tags.
    pub attestation: Verified<NodeKeyAttestation>,
}

impl MeshIdentity {
    /// The node's id.
    #[must_use]
    pub fn node_id(&self) -> &NodeId {
        self.attestation.node_id()
    }

    /// The node's attested tags.
    #[must_use]
    pub fn tags(&self) -> &[NodeTag] {
        self.attestation.tags()
    }

    /// The owner whose mesh this is.
    #[must_use]
    pub fn owner(&self) -> &OwnerPublicKey {
        self.attestation.owner()
    }

    /// The node's attested public keys.
    #[must_use]
    pub fn keys(&self) -> NodePublicKeys {
        self.attestation.keys()
    }
}
