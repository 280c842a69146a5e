//! Asking a peer for the objects that a zone stands on (D201).
//!
//! Attestations, enrollments, manifests, definitions, policies, anchors, checkpoints, sidecars, heads and revocations are
//! given to any enrolled session peer, so that a device that is new, or was away, finds out what holds. Every one of them
//! proves itself; nothing is believed because of who sent it.

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::Message;

/// How many objects a request names and a bundle holds at most.
pub const MAX_OBJECTS: usize = 512;

/// What a node asks a peer for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Wanted {
    /// What the latest checkpoint stands on: it, its signatures, its anchor, its policy steps, and everything it names.
    Heads,
    /// The events of a chain from this sequence on.
    Events {
        /// Whether it is the revocation chain; otherwise it is the audit chain.
        revocation: bool,
        /// The first sequence that is wanted.
        from: u64,
    },
    /// Single objects, each with the signatures beside it.
    Objects(Vec<ObjectId>),
}

/// Asks for objects of one zone.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:BootstrapRequest@2.0.0", check = request_bounded)]
pub struct BootstrapRequest {
    /// The zone.
    pub zone_id: ZoneId,
    /// What is wanted.
    pub wanted: Wanted,
}

fn request_bounded(request: &BootstrapRequest) -> Result<(), Reason> {
    match &request.wanted {
        Wanted::Objects(ids) if ids.len() > MAX_OBJECTS => Err(Reason::CborOutOfRange),
        _ => Ok(()),
    }
}

/// An object as it is offered: the id is a claim like everything else.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Offered {
    /// What the sender stores it under.
    pub id: ObjectId,
    /// Its canonical bytes.
    pub canonical: Vec<u8>,
}

/// Answers a request, in the order in which the objects build on each other. What does not fit into one bundle is asked
/// for again.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:BootstrapBundle@2.0.0", check = bundle_bounded)]
pub struct BootstrapBundle {
    /// The zone.
    pub zone_id: ZoneId,
    /// The objects.
    pub objects: Vec<Offered>,
}

fn bundle_bounded(bundle: &BootstrapBundle) -> Result<(), Reason> {
    if bundle.objects.len() > MAX_OBJECTS { Err(Reason::CborOutOfRange) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{BootstrapBundle, BootstrapRequest, MAX_OBJECTS, Offered, Wanted};
    use fcp_core::id::{ObjectId, ZoneId};
    use fcp_core::object::Message as _;

    #[test]
    fn both_are_bounded() {
        let zone_id = ZoneId::work();
        for wanted in
            [Wanted::Heads, Wanted::Events { revocation: false, from: 7 }, Wanted::Objects(vec![ObjectId::ZERO])]
        {
            let request = BootstrapRequest { zone_id: zone_id.clone(), wanted };
            assert_eq!(BootstrapRequest::from_body(&request.to_body()).as_ref(), Ok(&request));
        }
        let many = vec![ObjectId::ZERO; MAX_OBJECTS + 1];
        let request = BootstrapRequest { zone_id: zone_id.clone(), wanted: Wanted::Objects(many) };
        assert_eq!(BootstrapRequest::from_body(&request.to_body()).unwrap_err().reason().code(), "cbor.out_of_range");
        let bundle = BootstrapBundle {
            zone_id,
            objects: vec![Offered { id: ObjectId::ZERO, canonical: vec![1] }; MAX_OBJECTS + 1],
        };
        assert_eq!(BootstrapBundle::from_body(&bundle.to_body()).unwrap_err().reason().code(), "cbor.out_of_range");
    }
}
