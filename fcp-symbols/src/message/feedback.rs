//! Feedback of a receiver to its senders (§4.4, D71).

use fcp_core::cbor::Encoder;
use fcp_core::error::Reason;
use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId, ZoneKeyId};
use fcp_core::object::{MeshObject, Message, ObjectHeader};
use fcp_core::sign::VerifyingKey as _;
use fcp_core::sign::{NodeSigningKey, NodeSigningPublicKey, Preimage, Signature, SigningKey as _, Unverified};

use super::header::check_header;
use super::{Authentic, MessageError, MissingHint};

/// How a feedback message came.
#[derive(Debug, Clone, Copy)]
pub enum Arrival<'a> {
    /// Inside a session with this peer, which vouches for it: unsigned.
    InSession {
        /// The session's peer.
        peer: &'a NodeId,
    },
    /// Otherwise, under its sender's signature.
    Signed {
        /// The sender, as its carrier names it.
        sender: &'a NodeId,
        /// The sender's attested key.
        key: &'a NodeSigningPublicKey,
    },
}

/// A message that is signed outside of sessions only (D71).
pub trait Feedback: MeshObject + Clone {
    /// The signature, where there is one.
    fn signature(&self) -> Option<&Signature>;

    /// The same message with another signature, or with none.
    #[must_use]
    fn with_signature(self, signature: Option<Signature>) -> Self;

    /// What a signature covers: the schema hash and the message without its signature (§3.5.1).
    fn preimage(&self) -> Preimage {
        let unsigned = self.clone().with_signature(None);
        Preimage::view::<Self>(|encoder: &mut Encoder<'_>| unsigned.encode(encoder))
    }

    /// The message signed by its sender, to be sent outside of sessions.
    #[must_use]
    fn signed_by(self, key: &NodeSigningKey) -> Self {
        let signature = key.sign(&self.preimage());
        self.with_signature(Some(signature))
    }

    /// Finds out whose message this is.
    ///
    /// # Errors
    /// [`MessageError::SignaturePresence`] if it is signed inside a session or unsigned outside of one,
    /// [`MessageError::Signature`].
    fn authenticate(self, arrival: Arrival<'_>) -> Result<Authentic<Self>, MessageError> {
        match (arrival, self.signature()) {
            (Arrival::InSession { peer }, None) => Ok(Authentic::new(self, peer.clone())),
            (Arrival::Signed { sender, key }, Some(signature)) => {
                key.verify(&self.preimage(), signature).map_err(MessageError::Signature)?;
                Ok(Authentic::new(self, sender.clone()))
            }
            _ => Err(MessageError::SignaturePresence),
        }
    }
}

/// How far a receiver is with an object (§4.4).
///
/// ```cddl
/// decode-status = { header, object_id: bstr .size 32, zone_id: tstr, zone_key_id: bstr .size 8, epoch_id: uint,
///   received_unique: uint, required: uint, ? missing_hint: bstr, ? signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.mesh:DecodeStatus@2.0.0", check = status_header)]
pub struct DecodeStatus {
    /// The header of an ephemeral message (D72).
    pub header: ObjectHeader,
    /// The object.
    pub object_id: ObjectId,
    /// Its zone.
    pub zone_id: ZoneId,
    /// The key that its symbols are sealed under.
    pub zone_key_id: ZoneKeyId,
    /// The epoch in which they are.
    pub epoch_id: EpochId,
    /// How many distinct symbols have arrived.
    pub received_unique: u32,
    /// About how many are needed.
    pub required: u32,
    /// Which are missing.
    pub missing_hint: Option<MissingHint>,
    /// The sender's signature, outside of sessions.
    pub signature: Option<Signature>,
}

fn status_header(status: &DecodeStatus) -> Result<(), Reason> {
    check_header::<DecodeStatus>(&status.header, &status.zone_id)
}

/// Tells the senders to stop: the object is whole (§4.4).
///
/// ```cddl
/// symbol-ack = { header, object_id: bstr .size 32, zone_id: tstr, zone_key_id: bstr .size 8, epoch_id: uint,
///   ? reconstructed_object_id: bstr .size 32, ? signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.mesh:SymbolAck@2.0.0", check = ack_header)]
pub struct SymbolAck {
    /// The header of an ephemeral message (D72).
    pub header: ObjectHeader,
    /// The object.
    pub object_id: ObjectId,
    /// Its zone.
    pub zone_id: ZoneId,
    /// The key that its symbols were sealed under.
    pub zone_key_id: ZoneKeyId,
    /// The epoch in which they were.
    pub epoch_id: EpochId,
    /// The id of what was reconstructed.
    pub reconstructed_object_id: Option<ObjectId>,
    /// The sender's signature, outside of sessions.
    pub signature: Option<Signature>,
}

fn ack_header(ack: &SymbolAck) -> Result<(), Reason> {
    check_header::<SymbolAck>(&ack.header, &ack.zone_id)
}

macro_rules! feedback {
    ($($name:ident),*) => {$(
        impl MeshObject for $name {
            type Opened = Unverified<Self>;

            fn header(&self) -> &ObjectHeader {
                &self.header
            }

            fn body_zone(&self) -> Option<&ZoneId> {
                Some(&self.zone_id)
            }

            fn accepts_refs(&self, refs: &[ObjectId]) -> bool {
                refs.is_empty()
            }
        }

        impl Feedback for $name {
            fn signature(&self) -> Option<&Signature> {
                self.signature.as_ref()
            }

            fn with_signature(mut self, signature: Option<Signature>) -> Self {
                self.signature = signature;
                self
            }
        }
    )*};
}

feedback!(DecodeStatus, SymbolAck);

#[cfg(test)]
mod tests {
    use super::{Arrival, DecodeStatus, Feedback as _, SymbolAck};
    use crate::message::{ephemeral_header, read};
    use fcp_core::id::{EpochId, NodeId, ObjectId, SchemaId, ZoneId, ZoneKeyId};
    use fcp_core::object::{ControlPlaneObject, Message as _, ObjectHeader, TaintFlags};
    use fcp_core::sign::{NodeSigningKey, Signature};
    use fcp_core::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn status() -> DecodeStatus {
        DecodeStatus {
            header: ephemeral_header::<DecodeStatus>(ZoneId::work(), 60, 60, NOW),
            object_id: ObjectId::from_bytes([7; 32]),
            zone_id: ZoneId::work(),
            zone_key_id: ZoneKeyId::from_bytes([1; 8]),
            epoch_id: EpochId::of(NOW),
            received_unique: 1,
            required: 65,
            missing_hint: None,
            signature: None,
        }
    }

    #[test]
    fn a_session_or_a_signature_vouches() {
        let peer = NodeId::new("nPeer").unwrap();
        let (key, other) = (NodeSigningKey::from_seed([1; 32]), NodeSigningKey::from_seed([2; 32]));
        let in_session = Arrival::InSession { peer: &peer };
        let public = key.public();
        let signed = Arrival::Signed { sender: &peer, key: &public };
        let code = |message: DecodeStatus, arrival| message.authenticate(arrival).map_err(|e| e.reason().code());

        assert_eq!(code(status(), in_session).unwrap().peer(), &peer);
        assert_eq!(code(status().signed_by(&key), in_session), Err("symbol.signature"));
        assert_eq!(code(status(), signed), Err("symbol.signature"));
        assert_eq!(code(status().signed_by(&key), signed).unwrap().get().required, 65);
        assert_eq!(code(status().signed_by(&other), signed), Err("sign.bad_signature"));
        assert_eq!(code(status().with_signature(Some(Signature::ABSENT)), signed), Err("sign.malformed"));
        let mut changed = status().signed_by(&key);
        changed.received_unique = 2;
        assert_eq!(code(changed, signed), Err("sign.bad_signature"));
        // The signature covers the view in which its key is left out.
        assert_eq!(status().preimage().as_bytes(), status().to_body());
    }

    #[test]
    fn the_header_is_plain_and_twice_the_same() {
        let refused = |change: fn(&mut ObjectHeader)| {
            let mut status = status();
            change(&mut status.header);
            let object = ControlPlaneObject::new(status.header.clone(), &status);
            read::<DecodeStatus>(&object).unwrap_err().reason().code()
        };
        let changes: [fn(&mut ObjectHeader); 7] = [
            |header| header.refs.push(ObjectId::from_bytes([1; 32])),
            |header| header.foreign_refs.push(ObjectId::from_bytes([1; 32])),
            |header| header.ttl_secs = Some(61),
            |header| header.ttl_secs = None,
            |header| header.provenance.taint = TaintFlags::PUBLIC_INPUT,
            |header| header.provenance.origin_zone = ZoneId::public(),
            |header| header.provenance.current_zone = ZoneId::public(),
        ];
        for change in changes {
            assert_eq!(refused(change), "symbol.message_header");
        }
        assert_eq!(
            refused(|header| {
                header.zone_id = ZoneId::public();
                header.provenance.origin_zone = ZoneId::public();
                header.provenance.current_zone = ZoneId::public();
            }),
            "object.zone_mismatch"
        );
        let of_ack = SchemaId::of::<SymbolAck>();
        let mut wrong = status();
        wrong.header.schema = of_ack;
        let object = ControlPlaneObject::new(status().header, &wrong);
        assert_eq!(read::<DecodeStatus>(&object).unwrap_err().reason().code(), "symbol.message_header");

        let mut later = status().header;
        later.created_at = NOW.saturating_add(1);
        let object = ControlPlaneObject::new(later, &status());
        assert_eq!(read::<DecodeStatus>(&object).unwrap_err().reason().code(), "object.header_mismatch");
        let object = ControlPlaneObject::new(status().header, &status());
        assert_eq!(read::<DecodeStatus>(&object).unwrap(), status());
        assert_eq!(read::<SymbolAck>(&object).unwrap_err().reason().code(), "object.schema_mismatch");
    }

    #[test]
    fn an_ack_comes_back_as_it_was() {
        let ack = SymbolAck {
            header: ephemeral_header::<SymbolAck>(ZoneId::work(), 60, 60, NOW),
            object_id: ObjectId::from_bytes([7; 32]),
            zone_id: ZoneId::work(),
            zone_key_id: ZoneKeyId::from_bytes([1; 8]),
            epoch_id: EpochId::of(NOW),
            reconstructed_object_id: Some(ObjectId::from_bytes([8; 32])),
            signature: None,
        }
        .signed_by(&NodeSigningKey::from_seed([1; 32]));
        assert_eq!(SymbolAck::from_body(&ack.to_body()).unwrap(), ack);
    }
}
