//! A received request, taken apart into what its id covers and what it does not (D115).

use alloc::vec::Vec;

use fcp_core::cbor;
use fcp_core::error::Reason;
use fcp_core::id::{Jti, ObjectId, ObjectIdKey};
use fcp_core::object::{ControlPlaneObject, Message, ObjectError, ObjectHeader, StoredObject};
use fcp_core::sign::NodeSigningKey;
use fcp_zones::approval::InputHash;

use super::message::ordered;
use super::{InvokeRequest, Presentation};
use crate::pop::{HolderNonce, Proof};

/// A request under its id, to be authorized (D115).
///
/// Its form is right, and its zone is that of its header; nothing else is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoke {
    request: InvokeRequest,
    presentation: Presentation,
    stored: StoredObject,
    input_hash: InputHash,
    input_len: u64,
}

/// Why a message is no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// It is not canonical, or of another schema.
    #[error("{0}")]
    Object(ObjectError),
    /// A list is not sorted with each entry once (D200).
    #[error("resources or approvals are not sorted and unique")]
    ListOrder,
}

impl InvokeError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Object(error) => error.reason(),
            Self::ListOrder => Reason::ObjectListOrder,
        }
    }
}

impl Invoke {
    /// Takes a received control-plane object for a request, under the zone's object-id key that was valid when its
    /// header was created (D16).
    ///
    /// # Errors
    /// [`InvokeError`] if it is not canonical, of another schema, or its header names another zone.
    pub fn open(object: &ControlPlaneObject, key: &ObjectIdKey) -> Result<Self, InvokeError> {
        let request = object.message::<InvokeRequest>().map_err(InvokeError::Object)?;
        Self::identified(object.header().clone(), request, key)
    }

    /// Puts a request together, to be sent or authorized here.
    ///
    /// # Errors
    /// [`InvokeError`] if everybody else would refuse it.
    pub fn new(header: ObjectHeader, request: InvokeRequest, key: &ObjectIdKey) -> Result<Self, InvokeError> {
        ordered(&request).map_err(|_| InvokeError::ListOrder)?;
        Self::identified(header, request, key)
    }

    fn identified(header: ObjectHeader, request: InvokeRequest, key: &ObjectIdKey) -> Result<Self, InvokeError> {
        if header.schema.as_str() != InvokeRequest::SCHEMA {
            return Err(InvokeError::Object(ObjectError::SchemaMismatch));
        }
        if header.zone_id != request.zone_id {
            return Err(InvokeError::Object(ObjectError::ZoneMismatch));
        }
        let (request, presentation) = request.split();
        let stored = StoredObject::from_parts(header, &request.to_body(), key);
        let input_len = u64::try_from(cbor::encode(&request.input).len()).unwrap_or(u64::MAX);
        let input_hash = InputHash::of(&request.input);
        Ok(Self { request, presentation, stored, input_hash, input_len })
    }

    /// The request's id (D115), the same everywhere: in approvals, proofs, leases, intents, receipts and audit events.
    #[must_use]
    pub const fn id(&self) -> ObjectId {
        self.stored.id()
    }

    /// The header that the request travels with.
    #[must_use]
    pub const fn header(&self) -> &ObjectHeader {
        self.stored.header()
    }

    /// The request as it is stored: without its presentation.
    #[must_use]
    pub const fn request(&self) -> &InvokeRequest {
        &self.request
    }

    /// What was taken out of it.
    #[must_use]
    pub const fn presentation(&self) -> &Presentation {
        &self.presentation
    }

    /// The object to store (D115).
    #[must_use]
    pub const fn stored(&self) -> &StoredObject {
        &self.stored
    }

    /// The hash of the input (D87).
    #[must_use]
    pub const fn input_hash(&self) -> &InputHash {
        &self.input_hash
    }

    /// How many bytes the input has in CBOR (D122).
    #[must_use]
    pub const fn input_len(&self) -> u64 {
        self.input_len
    }

    /// The stored objects that the request refers to, and from which its provenance is computed (D100): refs, foreign
    /// refs and resources, sorted, each once.
    #[must_use]
    pub fn inputs(&self) -> Vec<ObjectId> {
        let header = self.header();
        let refs = header.refs.iter().chain(&header.foreign_refs).chain(&self.request.resources);
        let mut inputs: Vec<ObjectId> = refs.copied().collect();
        inputs.sort_unstable();
        inputs.dedup();
        inputs
    }

    /// The whole message, to be sent.
    #[must_use]
    pub fn to_control_plane(&self) -> ControlPlaneObject {
        let whole = self.request.clone().presented(self.presentation.clone());
        ControlPlaneObject::new(self.header().clone(), &whole)
    }

    /// The same request with its holder's proof (§7.5 rule 4).
    #[must_use]
    pub fn proved(mut self, jti: Jti, nonce: HolderNonce, holder: &NodeSigningKey) -> Self {
        let proof = Proof { jti, request: self.stored.id(), nonce };
        self.presentation.holder_nonce = Some(nonce);
        self.presentation.holder_proof = Some(proof.sign(holder));
        self
    }

    /// The same request with these approvals, by their ids.
    #[must_use]
    pub fn approved(mut self, approvals: impl IntoIterator<Item = ObjectId>) -> Self {
        let list = &mut self.presentation.approval_tokens;
        list.extend(approvals);
        list.sort_unstable();
        list.dedup();
        self
    }
}
