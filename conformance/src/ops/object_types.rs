//! The typed objects of the crates, found by their schema: how each is decoded, opened and checked.

use fcp_audit::bootstrap::{BootstrapBundle, BootstrapRequest};
use fcp_audit::checkpoint::{
    CheckpointAnnounce, CheckpointProposal, CheckpointQuery, CheckpointStatus, CheckpointVote, HeadProposal, HeadVote,
    ZoneAnchor, ZoneCheckpoint,
};
use fcp_audit::decision::DecisionReceipt;
use fcp_audit::event::{AuditEvent, AuditSubmission};
use fcp_audit::head::{AuditHead, RevocationHead};
use fcp_audit::revocation::{EventSigner, RevocationEvent, RevocationObject};
use fcp_caps::execution::{OperationIntent, OperationReceipt};
use fcp_caps::grant::CapabilityObject;
use fcp_caps::invoke::{InvokeRequest, InvokeResponse, SimulateRequest, SimulateResponse};
use fcp_core::error::Reason;
use fcp_core::id::{SchemaHash, SchemaId};
use fcp_core::identity::NodeKeyAttestation;
use fcp_core::object::{MeshObject, Message, ObjectError, QuorumSignatureSet, StoredObject};
use fcp_core::owner::sign::{SignatureShare, SigningCommitment, SigningPackage};
use fcp_core::owner::{KeygenRound1, KeygenRound2, OwnerKeyShare};
use fcp_core::sign::{
    ApproverPublicKey, KeyError, NodeSigningPublicKey, OwnerPublicKey, QuorumSigned, Signed, VerifyingKey,
};
use fcp_symbols::chunk::{ChunkedObjectManifest, RawChunk};
use fcp_symbols::events::EventBatch;
use fcp_symbols::gossip::{GossipList, GossipRequest, GossipSummary, GossipTable, MembershipFilter};
use fcp_symbols::message::{DecodeStatus, Feedback, SymbolAck, SymbolDeliveryHint, SymbolRequest};
use fcp_symbols::session::{MeshSessionAck, MeshSessionHello, MeshSessionHelloRetry};
use fcp_zones::approval::ApprovalToken;
use fcp_zones::flow::SanitizerReceipt;
use fcp_zones::manifest::ZoneKeyManifest;
use fcp_zones::membership::DeviceEnrollment;
use fcp_zones::policy::ZonePolicyObject;
use fcp_zones::resource::ResourceObject;
use fcp_zones::zone::ZoneDefinitionObject;

use crate::refusal::Refusal;

/// Checks the signature of a body under a key's bytes.
type Verify = fn(&[u8; 32], &[u8]) -> Result<(), Refusal>;

/// A signed type's half of the table.
#[derive(Clone, Copy)]
pub(crate) struct Signatures {
    /// What a signature of the object covers.
    pub(crate) preimage: fn(&[u8]) -> Result<Vec<u8>, Refusal>,
    /// Checks the object's one signature; quorum-signed objects carry none.
    pub(crate) verify: Option<Verify>,
}

/// One type of object.
#[derive(Clone, Copy)]
pub(crate) struct ObjectType {
    /// Its schema id.
    pub(crate) schema: &'static str,
    /// Its schema's hash, with which its bodies begin.
    pub(crate) hash: SchemaHash,
    /// Reads a body and checks all that it says by itself.
    pub(crate) decode: fn(&[u8]) -> Result<(), Refusal>,
    /// Reads a body and writes what was read.
    pub(crate) recode: fn(&[u8]) -> Result<Vec<u8>, Refusal>,
    /// Checks a body against the header that it stands behind.
    pub(crate) open: fn(&StoredObject) -> Result<(), Refusal>,
    /// How it is signed, if it is.
    pub(crate) signatures: Option<Signatures>,
}

/// The type of a schema id.
pub(crate) fn by_schema(schema: &SchemaId) -> Option<&'static ObjectType> {
    TYPES.iter().find(|kind| kind.schema == schema.as_str())
}

/// The type of the schema hash that `body` begins with.
pub(crate) fn by_body(body: &[u8]) -> Result<&'static ObjectType, Refusal> {
    let hash = body.first_chunk::<32>().ok_or(ObjectError::SchemaMismatch)?;
    TYPES.iter().find(|kind| kind.hash.as_bytes() == hash).ok_or_else(unknown)
}

/// Bodies of types that these crates do not define are nothing to judge here.
pub(crate) fn unknown() -> Refusal {
    Refusal::bad("no type of that schema here")
}

/// A message without a header, such as an invoke request.
const fn message<T: Message>() -> ObjectType {
    ObjectType {
        schema: T::SCHEMA,
        hash: T::SCHEMA_HASH,
        decode: |body| Ok(T::from_body(body).map(drop)?),
        recode: |body| Ok(T::from_body(body)?.to_body()),
        open: |stored| Ok(T::from_body(stored.body()).map(drop)?),
        signatures: None,
    }
}

/// An object with a header.
const fn mesh<T: MeshObject>() -> ObjectType {
    ObjectType {
        decode: |body| Ok(T::from_body(body)?.check()?),
        open: |stored| Ok(stored.open::<T>().map(drop)?),
        ..message::<T>()
    }
}

/// A key of a role, from its bytes.
trait RoleKey: VerifyingKey {
    fn of(bytes: &[u8; 32]) -> Result<Self, KeyError>;
}

macro_rules! role_keys {
    ($($key:ident),*) => {$(
        impl RoleKey for $key {
            fn of(bytes: &[u8; 32]) -> Result<Self, KeyError> {
                Self::from_bytes(bytes)
            }
        }
    )*};
}

role_keys!(ApproverPublicKey, NodeSigningPublicKey, OwnerPublicKey);

/// Either role checks alike.
impl RoleKey for EventSigner {
    fn of(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        OwnerPublicKey::from_bytes(bytes).map(Self::Owner)
    }
}

const fn signed<T: Signed<Signer: RoleKey>>(kind: ObjectType) -> ObjectType {
    ObjectType {
        signatures: Some(Signatures {
            preimage: |body| Ok(T::from_body(body)?.preimage().as_bytes().to_vec()),
            verify: Some(|key, body| {
                let key = T::Signer::of(key)?;
                Ok(T::from_body(body)?.verify_signature(&key)?)
            }),
        }),
        ..kind
    }
}

const fn quorum<T: QuorumSigned>() -> ObjectType {
    ObjectType {
        signatures: Some(Signatures {
            preimage: |body| Ok(T::from_body(body)?.quorum_preimage().as_bytes().to_vec()),
            verify: None,
        }),
        ..mesh::<T>()
    }
}

/// A message that is signed outside of sessions, where it has to be (D71).
const fn feedback<T: Feedback>() -> ObjectType {
    ObjectType {
        signatures: Some(Signatures {
            preimage: |body| Ok(T::from_body(body)?.preimage().as_bytes().to_vec()),
            verify: Some(|key, body| {
                let (key, message) = (NodeSigningPublicKey::of(key)?, T::from_body(body)?);
                let signature = message.signature().ok_or(Reason::SymbolSignature)?;
                Ok(key.verify(&message.preimage(), signature)?)
            }),
        }),
        ..mesh::<T>()
    }
}

/// The attestation stands behind a fixed header that is no field of its own (D4).
const ATTESTATION: ObjectType = ObjectType {
    open: |stored| Ok(NodeKeyAttestation::open(stored).map(drop)?),
    ..signed::<NodeKeyAttestation>(message::<NodeKeyAttestation>())
};

/// Every type of the crates.
pub(crate) const TYPES: &[ObjectType] = &[
    ATTESTATION,
    mesh::<QuorumSignatureSet>(),
    signed::<OwnerKeyShare>(mesh::<OwnerKeyShare>()),
    signed::<KeygenRound1>(message::<KeygenRound1>()),
    signed::<KeygenRound2>(message::<KeygenRound2>()),
    message::<SigningCommitment>(),
    message::<SigningPackage>(),
    message::<SignatureShare>(),
    // fcp-symbols
    message::<MeshSessionHello>(),
    message::<MeshSessionHelloRetry>(),
    message::<MeshSessionAck>(),
    mesh::<ChunkedObjectManifest>(),
    mesh::<RawChunk>(),
    mesh::<EventBatch>(),
    signed::<SymbolRequest>(mesh::<SymbolRequest>()),
    message::<SymbolDeliveryHint>(),
    feedback::<DecodeStatus>(),
    feedback::<SymbolAck>(),
    signed::<GossipSummary>(message::<GossipSummary>()),
    message::<GossipRequest>(),
    message::<MembershipFilter>(),
    message::<GossipTable>(),
    message::<GossipList>(),
    // fcp-zones
    signed::<ZoneDefinitionObject>(mesh::<ZoneDefinitionObject>()),
    signed::<ZonePolicyObject>(mesh::<ZonePolicyObject>()),
    signed::<ZoneKeyManifest>(mesh::<ZoneKeyManifest>()),
    signed::<ApprovalToken>(mesh::<ApprovalToken>()),
    signed::<SanitizerReceipt>(mesh::<SanitizerReceipt>()),
    signed::<ResourceObject>(mesh::<ResourceObject>()),
    signed::<DeviceEnrollment>(mesh::<DeviceEnrollment>()),
    // fcp-audit
    quorum::<ZoneCheckpoint>(),
    signed::<ZoneAnchor>(mesh::<ZoneAnchor>()),
    quorum::<RevocationHead>(),
    quorum::<AuditHead>(),
    signed::<RevocationObject>(mesh::<RevocationObject>()),
    signed::<RevocationEvent>(mesh::<RevocationEvent>()),
    signed::<AuditEvent>(mesh::<AuditEvent>()),
    signed::<DecisionReceipt>(mesh::<DecisionReceipt>()),
    message::<AuditSubmission>(),
    message::<BootstrapRequest>(),
    message::<BootstrapBundle>(),
    message::<HeadProposal>(),
    message::<HeadVote>(),
    message::<CheckpointQuery>(),
    message::<CheckpointStatus>(),
    message::<CheckpointProposal>(),
    message::<CheckpointVote>(),
    message::<CheckpointAnnounce>(),
    // fcp-caps
    signed::<CapabilityObject>(mesh::<CapabilityObject>()),
    message::<InvokeRequest>(),
    message::<InvokeResponse>(),
    message::<SimulateRequest>(),
    message::<SimulateResponse>(),
    signed::<OperationIntent>(mesh::<OperationIntent>()),
    signed::<OperationReceipt>(mesh::<OperationReceipt>()),
];
