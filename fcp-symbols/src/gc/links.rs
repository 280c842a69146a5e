//! What an object keeps alive.

use alloc::vec::Vec;

use fcp_core::cbor::{self, Value};
use fcp_core::id::ObjectId;
use fcp_core::object::{Message as _, QuorumSignatureSet, StoredObject};

/// The one type whose link stands outside of `refs` (G8).
const AUDIT_EVENT: &str = "fcp.core:AuditEvent@2.0.0";

/// The links of an object that garbage collection follows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    /// The header's `refs`.
    pub refs: Vec<ObjectId>,
    /// The event before an audit event (G8).
    pub prev: Option<ObjectId>,
    /// What a signature set belongs to (D14).
    pub target: Option<ObjectId>,
}

impl Links {
    /// The links of an object.
    ///
    /// Only two types are looked into: an audit event for `prev`, a signature set for `target`.
    #[must_use]
    pub fn of(object: &StoredObject) -> Self {
        let header = object.header();
        let mut links = Self { refs: header.refs.clone(), prev: None, target: None };
        match header.schema.as_str() {
            AUDIT_EVENT => links.prev = prev(object.body()),
            QuorumSignatureSet::SCHEMA => links.target = header.refs.first().copied(),
            _ => {}
        }
        links
    }
}

fn prev(body: &[u8]) -> Option<ObjectId> {
    let (_, encoded) = body.split_first_chunk::<32>()?;
    match cbor::decode::<Value>(encoded).ok()?.get("prev")? {
        Value::Bytes(bytes) => bytes.as_slice().try_into().ok().map(ObjectId::from_bytes),
        _ => None,
    }
}
