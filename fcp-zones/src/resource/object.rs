//! The classification of an outside thing (§6.1, §9.5).

use alloc::string::String;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::error::Reason;
use fcp_core::id::{ConnectorId, NodeId};
use fcp_core::object::{MeshObject, ObjectHeader, TaintFlags};
use fcp_core::sign::{NodeSigningPublicKey, Signature};
use fcp_core::time::Timestamp;

use crate::zone::Levels;

/// A thing outside of the mesh, bound to a zone and classified (§6.1, §9.5, D104, D105).
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:ResourceObject@2.0.0", signer = NodeSigningPublicKey, check = digest_is_whole)]
pub struct ResourceObject {
    /// The header.
    pub header: ObjectHeader,
    /// The connector that manages it.
    pub connector_id: ConnectorId,
    /// What it is, such as `file` or `message`.
    pub resource_type: String,
    /// Its address, as its connector knows it.
    pub resource_uri: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// The digest of its bytes; required of whatever is stored, cached, mirrored or audited (§6.1 rule 1).
    pub resource_digest: Option<[u8; 32]>,
    /// How the digest is made; there iff the digest is (D106).
    pub resource_digest_alg: Option<ResourceDigestAlgorithm>,
    /// How long it is, in bytes.
    pub resource_size_bytes: Option<u64>,
    /// Its media type.
    pub resource_content_type: Option<String>,
    /// When it was fetched.
    pub retrieved_at: Option<Timestamp>,
    /// The last second in which a cached copy may be served (§6.1 rule 3).
    pub expires_at: Option<Timestamp>,
    /// How far what comes from it is trusted.
    pub resource_integrity_level: u8,
    /// How secret what goes to it may be.
    pub resource_confidentiality_level: u8,
    /// What makes what comes from it dangerous.
    pub resource_taint: TaintFlags,
    /// The node that ran the connector (D105).
    pub executed_by: NodeId,
    /// The node's signature.
    #[fcp(signature)]
    pub signature: Signature,
}

/// How a resource's digest is made: in one way (D106).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceDigestAlgorithm {
    /// BLAKE3 with 256 bits.
    Blake3,
}

/// The text `blake3-256`.
const BLAKE3: &str = "blake3-256";

impl Encode for ResourceDigestAlgorithm {
    fn encode(&self, encoder: &mut fcp_core::cbor::Encoder<'_>) {
        match self {
            Self::Blake3 => encoder.text(BLAKE3),
        }
    }
}

impl<'b> Decode<'b> for ResourceDigestAlgorithm {
    fn decode(decoder: &mut fcp_core::cbor::Decoder<'b>) -> Result<Self, fcp_core::cbor::DecodeError> {
        let offset = decoder.position();
        match decoder.text()? {
            BLAKE3 => Ok(Self::Blake3),
            _ => Err(fcp_core::cbor::Decoder::invalid(offset, Reason::ResourceDigestAlgorithm)),
        }
    }
}

fn digest_is_whole(resource: &ResourceObject) -> Result<(), Reason> {
    match (&resource.resource_digest, &resource.resource_digest_alg) {
        (Some(_), Some(_)) | (None, None) => Ok(()),
        _ => Err(Reason::ResourceDigestIncomplete),
    }
}

impl ResourceObject {
    /// Its classification as a point of the lattice.
    #[must_use]
    pub const fn levels(&self) -> Levels {
        Levels::new(self.resource_integrity_level, self.resource_confidentiality_level)
    }

    /// Whether `bytes` are what the resource was when it was classified (§6.1 rule 1); false without a digest.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        self.resource_digest.is_some_and(|digest| blake3::hash(bytes) == digest)
    }

    /// Whether a cached copy may still be served (§6.1 rule 3).
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| now <= expires_at)
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::cbor;
    use fcp_core::id::{ConnectorId, NodeId, ZoneId};
    use fcp_core::object::{Message as _, ObjectHeader, Provenance, TaintFlags};
    use fcp_core::sign::{NodeSigningKey, Signature, Signed as _};
    use fcp_core::time::Timestamp;

    use super::{ResourceDigestAlgorithm, ResourceObject};

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn resource() -> ResourceObject {
        ResourceObject {
            header: ObjectHeader::for_type::<ResourceObject>(Provenance::of_zone(ZoneId::work(), 60, 70, NOW)),
            connector_id: ConnectorId::new("example.chat").unwrap(),
            resource_type: "message".into(),
            resource_uri: "https://chat.example/m/1".into(),
            created_at: NOW,
            resource_digest: Some(*blake3::hash(b"hello").as_bytes()),
            resource_digest_alg: Some(ResourceDigestAlgorithm::Blake3),
            resource_size_bytes: Some(5),
            resource_content_type: None,
            retrieved_at: None,
            expires_at: Some(NOW),
            resource_integrity_level: 20,
            resource_confidentiality_level: 10,
            resource_taint: TaintFlags::PUBLIC_INPUT,
            executed_by: NodeId::new("nLaptop").unwrap(),
            signature: Signature::ABSENT,
        }
    }

    #[test]
    fn is_signed_by_the_node_and_knows_its_bytes() {
        let key = NodeSigningKey::from_seed([3; 32]);
        let signed = resource().signed_by(&key);
        let read = ResourceObject::from_body(&signed.to_body()).unwrap();
        assert!(read.verify_signature(&key.public()).is_ok());
        assert!(read.matches(b"hello") && !read.matches(b"hallo"));
        assert!(read.is_fresh(NOW) && !read.is_fresh(NOW.saturating_add(1)));
        assert!(!ResourceObject { resource_digest: None, ..read }.matches(b""));
    }

    #[test]
    fn digest_and_algorithm_come_together_and_blake3_is_the_one() {
        for half in [
            ResourceObject { resource_digest: None, ..resource() },
            ResourceObject { resource_digest_alg: None, ..resource() },
        ] {
            let error = ResourceObject::from_body(&half.to_body()).unwrap_err();
            assert_eq!(error.reason().code(), "resource.digest_incomplete");
        }
        let error = cbor::decode::<ResourceDigestAlgorithm>(b"\x66sha256").unwrap_err();
        assert_eq!(error.reason().code(), "resource.digest_algorithm");
    }

    #[test]
    fn a_resource_without_a_classification_is_none() {
        let body = resource().to_body();
        let key = b"\x78\x1eresource_confidentiality_level\x0a";
        let at = body.windows(key.len()).position(|window| window == key).unwrap();
        // The body begins with 32 bytes of schema hash and then the map's head, which must count one entry less.
        let mut without = [&body[..at], &body[at + key.len()..]].concat();
        without[32] -= 1;
        assert_eq!(ResourceObject::from_body(&without).unwrap_err().reason().code(), "cbor.missing_key");
    }
}
