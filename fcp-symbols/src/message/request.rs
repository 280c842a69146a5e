//! Requests for symbols (§9.2.1).

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ZoneId, ZoneKeyId};
use fcp_core::object::{MeshObject, Message, ObjectHeader};
use fcp_core::sign::{NodeSigningPublicKey, Signature, Signed as _};
use fcp_core::time::{TimePolicy, Timestamp};

use super::header::check_header;
use super::{Authentic, DecodeStatus, EsiList, MessageError, MissingHint};
use crate::raptor::SymbolSize;

/// Asks for symbols of an object (§9.2.1). The requester always signs it, inside of sessions too.
///
/// ```cddl
/// symbol-request = { header, object_id: bstr .size 32, zone_id: tstr, zone_key_id: bstr .size 8, max_symbols: uint,
///   ? want_esi: [*1024 uint], ? decode_status: decode-status, ? delivery_hint: symbol-delivery-hint,
///   requested_at: uint, requester: tstr, signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.mesh:SymbolRequest@2.0.0", signer = NodeSigningPublicKey, check = consistent)]
pub struct SymbolRequest {
    /// The header of an ephemeral message (D72).
    pub header: ObjectHeader,
    /// The object.
    pub object_id: ObjectId,
    /// Its zone.
    pub zone_id: ZoneId,
    /// The key that the requester can open symbols under.
    pub zone_key_id: ZoneKeyId,
    /// How many symbols the requester takes at most.
    pub max_symbols: u32,
    /// These symbols first: no more than `max_symbols`. What they leave of that is filled up with others (D221).
    pub want_esi: Option<EsiList>,
    /// How far the requester is with the object: unsigned, as this message is signed.
    pub decode_status: Option<DecodeStatus>,
    /// How the requester would like the answer delivered (D221).
    pub delivery_hint: Option<SymbolDeliveryHint>,
    /// When it asked.
    pub requested_at: Timestamp,
    /// Who asks.
    pub requester: NodeId,
    /// The requester's signature.
    #[fcp(signature)]
    pub signature: Signature,
}

fn consistent(request: &SymbolRequest) -> Result<(), Reason> {
    check_header::<SymbolRequest>(&request.header, &request.zone_id)?;
    if request.want_esi.as_ref().is_some_and(|wanted| wanted.count() > request.max_symbols) {
        return Err(Reason::SymbolBadWant);
    }
    let Some(status) = &request.decode_status else { return Ok(()) };
    let same = status.object_id == request.object_id
        && status.zone_id == request.zone_id
        && status.zone_key_id == request.zone_key_id;
    if !same {
        return Err(Reason::SymbolForeignStatus);
    }
    if status.signature.is_some() { Err(Reason::SymbolSignature) } else { Ok(()) }
}

impl SymbolRequest {
    /// Finds out that the requester sent this, and now.
    ///
    /// `requester_key` is the attested key of [`requester`](Self::requester); inside a session, `session_peer` names its
    /// peer, who speaks for nobody else.
    ///
    /// # Errors
    /// [`MessageError::WrongRequester`], [`MessageError::ClockSkew`] or [`MessageError::Signature`].
    pub fn authenticate(
        self,
        session_peer: Option<&NodeId>,
        requester_key: &NodeSigningPublicKey,
        policy: TimePolicy,
        now: Timestamp,
    ) -> Result<Authentic<Self>, MessageError> {
        if session_peer.is_some_and(|peer| *peer != self.requester) {
            return Err(MessageError::WrongRequester);
        }
        let skew = self.requested_at.since(now).max(now.since(self.requested_at));
        if skew > policy.max_skew_secs {
            return Err(MessageError::ClockSkew);
        }
        self.verify_signature(requester_key).map_err(MessageError::Signature)?;
        let requester = self.requester.clone();
        Ok(Authentic::new(self, requester))
    }

    /// How many symbols the requester shows that it needs: those that it wants by number, or those that its status says
    /// are missing (§8.4).
    #[must_use]
    pub fn proof_of_need(&self) -> u32 {
        let wanted = self.want_esi.as_ref().map_or(0, EsiList::count);
        let hint = self.decode_status.as_ref().and_then(|status| status.missing_hint.as_ref());
        wanted.max(hint.map(MissingHint::esis).map_or(0, EsiList::count))
    }
}

/// How a requester would like symbols delivered (§9.2.1): a part of its [`SymbolRequest`] (D221).
///
/// ```cddl
/// symbol-delivery-hint = { stop_after_symbols: uint, ? preferred_symbol_size: uint }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.mesh:SymbolDeliveryHint@2.0.0")]
pub struct SymbolDeliveryHint {
    /// Stop after as many symbols, unless another status arrives: then as many again.
    pub stop_after_symbols: u32,
    /// The symbol size that suits the requester, in bytes.
    pub preferred_symbol_size: Option<u16>,
}

impl SymbolDeliveryHint {
    /// The symbol size that the requester prefers, if there is such a size and it is not above `largest`, the largest that
    /// fits the datagrams (§4.3.1).
    #[must_use]
    pub fn symbol_size(&self, largest: SymbolSize) -> Option<SymbolSize> {
        SymbolSize::new(self.preferred_symbol_size?).ok().filter(|size| *size <= largest)
    }
}

#[cfg(test)]
mod tests {
    use super::{SymbolDeliveryHint, SymbolRequest};
    use crate::message::{DecodeStatus, EsiList, Feedback as _, MissingHint, ephemeral_header, read};
    use crate::raptor::SymbolSize;
    use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId, ZoneKeyId};
    use fcp_core::object::{ControlPlaneObject, Message as _};
    use fcp_core::sign::{NodeSigningKey, Signature, Signed as _};
    use fcp_core::time::{TimePolicy, Timestamp};
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn list(esis: &[u32]) -> EsiList {
        EsiList::new(esis.to_vec()).unwrap()
    }

    fn status() -> DecodeStatus {
        DecodeStatus {
            header: ephemeral_header::<DecodeStatus>(ZoneId::work(), 60, 60, NOW),
            object_id: ObjectId::from_bytes([7; 32]),
            zone_id: ZoneId::work(),
            zone_key_id: ZoneKeyId::from_bytes([1; 8]),
            epoch_id: EpochId::of(NOW),
            received_unique: 1,
            required: 65,
            missing_hint: Some(MissingHint::new(list(&[1, 2, 3])).unwrap()),
            signature: None,
        }
    }

    fn request() -> SymbolRequest {
        SymbolRequest {
            header: ephemeral_header::<SymbolRequest>(ZoneId::work(), 60, 60, NOW),
            object_id: ObjectId::from_bytes([7; 32]),
            zone_id: ZoneId::work(),
            zone_key_id: ZoneKeyId::from_bytes([1; 8]),
            max_symbols: 2,
            want_esi: None,
            decode_status: None,
            delivery_hint: None,
            requested_at: NOW,
            requester: NodeId::new("nPeer").unwrap(),
            signature: Signature::ABSENT,
        }
    }

    #[test]
    fn a_request_is_consistent_in_itself() {
        let code = |change: fn(&mut SymbolRequest)| {
            let mut request = request();
            change(&mut request);
            let object = ControlPlaneObject::new(request.header.clone(), &request);
            read::<SymbolRequest>(&object).map(|_| "").unwrap_or_else(|error| error.reason().code())
        };
        assert_eq!(code(|_| ()), "");
        assert_eq!(code(|request| request.want_esi = Some(list(&[4, 9]))), "");
        assert_eq!(code(|request| request.want_esi = Some(list(&[4, 9, 10]))), "symbol.bad_want");
        assert_eq!(code(|request| request.decode_status = Some(status())), "");
        let foreign: [fn(&mut DecodeStatus); 3] = [
            |status| status.object_id = ObjectId::from_bytes([8; 32]),
            |status| status.zone_key_id = ZoneKeyId::from_bytes([2; 8]),
            |status| {
                status.header = ephemeral_header::<DecodeStatus>(ZoneId::private(), 80, 80, NOW);
                status.zone_id = ZoneId::private();
            },
        ];
        for change in foreign {
            let mut status = status();
            change(&mut status);
            let request = SymbolRequest { decode_status: Some(status), ..request() };
            let object = ControlPlaneObject::new(request.header.clone(), &request);
            assert_eq!(read::<SymbolRequest>(&object).unwrap_err().reason().code(), "symbol.foreign_status");
        }
        let signed = |request: &mut SymbolRequest| {
            request.decode_status = Some(status().signed_by(&NodeSigningKey::from_seed([1; 32])));
        };
        assert_eq!(code(signed), "symbol.signature");
        assert_eq!(code(|request| request.header.ttl_secs = None), "symbol.message_header");
    }

    #[test]
    fn only_the_requester_asks() {
        let (key, other) = (NodeSigningKey::from_seed([1; 32]), NodeSigningKey::from_seed([2; 32]));
        let signed = request().signed_by(&key);
        let check = |peer: Option<&str>, key: &NodeSigningKey, now: Timestamp| {
            let peer = peer.map(|peer| NodeId::new(peer).unwrap());
            let request = signed.clone().authenticate(peer.as_ref(), &key.public(), TimePolicy::default(), now);
            request.map(|request| request.peer().as_str().to_owned()).map_err(|error| error.reason().code())
        };
        assert_eq!(check(None, &key, NOW), Ok("nPeer".into()));
        assert_eq!(check(Some("nPeer"), &key, NOW.saturating_add(120)), Ok("nPeer".into()));
        assert_eq!(check(Some("nOther"), &key, NOW), Err("symbol.wrong_requester"));
        assert_eq!(check(None, &other, NOW), Err("sign.bad_signature"));
        assert_eq!(check(None, &key, NOW.saturating_add(121)), Err("symbol.stale_request"));
        assert_eq!(check(None, &key, NOW.saturating_sub(121)), Err("symbol.stale_request"));
    }

    #[test]
    fn need_is_what_is_named() {
        let mut request = request();
        assert_eq!(request.proof_of_need(), 0);
        request.decode_status = Some(DecodeStatus { missing_hint: None, ..status() });
        assert_eq!(request.proof_of_need(), 0, "a number without names proves nothing");
        request.decode_status = Some(status());
        assert_eq!(request.proof_of_need(), 3);
        request.want_esi = Some(list(&[1]));
        assert_eq!(request.proof_of_need(), 3);
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_has_one_encoding(
            at: prop::sample::Index,
            mask in 1_u8..=255,
            cut: prop::sample::Index,
        ) {
            let delivery_hint = Some(SymbolDeliveryHint { stop_after_symbols: 70, preferred_symbol_size: Some(512) });
            let (want_esi, decode_status) = (Some(list(&[4, 9])), Some(status()));
            let full = SymbolRequest { want_esi, decode_status, delivery_hint, ..request() };
            let body = full.to_body();
            let mut changed = body.clone();
            *at.get_mut(&mut changed) ^= mask;
            if let Ok(read) = SymbolRequest::from_body(&changed) {
                prop_assert_eq!(read.to_body(), changed);
                prop_assert_ne!(read, full);
            }
            prop_assert!(SymbolRequest::from_body(&body[..cut.index(body.len())]).is_err());
        }
    }

    #[test]
    fn a_delivery_hint_comes_back_as_it_was() {
        for preferred_symbol_size in [None, Some(1024)] {
            let hint = SymbolDeliveryHint { stop_after_symbols: 70, preferred_symbol_size };
            assert_eq!(SymbolDeliveryHint::from_body(&hint.to_body()).unwrap(), hint);
        }
    }

    #[test]
    fn a_preference_is_met_where_it_fits() {
        let prefers = |size| {
            let hint = SymbolDeliveryHint { stop_after_symbols: 0, preferred_symbol_size: size };
            hint.symbol_size(SymbolSize::DEFAULT).map(SymbolSize::get)
        };
        assert_eq!([prefers(Some(256)), prefers(Some(1024))], [Some(256), Some(1024)]);
        for size in [None, Some(1032), Some(248), Some(1020), Some(0), Some(u16::MAX)] {
            assert_eq!(prefers(size), None, "{size:?}");
        }
    }
}
