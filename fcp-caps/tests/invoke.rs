//! Requests: what their id covers, what it does not, and what is no request.

mod common;

use common::{NOW, id, key, provenance, request};
use fcp_caps::invoke::{Invoke, InvokeRequest, InvokeResponse, Presentation};
use fcp_caps::pop::{HolderNonce, Proof};
use fcp_core::cbor::{Value, from_json};
use fcp_core::id::{Jti, ObjectId, ObjectIdKey, ZoneId};
use fcp_core::object::{ControlPlaneObject, Message as _, ObjectHeader};
use fcp_core::sign::NodeSigningKey;
use fcp_zones::approval::InputHash;
use hex_literal::hex;
use proptest::prelude::*;

fn header() -> ObjectHeader {
    ObjectHeader::for_type::<InvokeRequest>(provenance())
}

#[test]
fn the_id_covers_all_but_the_presentation() {
    let invoke = Invoke::new(header(), request(), &key()).unwrap();
    let id = |change: fn(&mut InvokeRequest)| {
        let mut changed = request();
        change(&mut changed);
        Invoke::new(header(), changed, &key()).unwrap().id()
    };
    for presented in [
        id(|request| request.approval_tokens.clear()),
        id(|request| request.lease_seq = None),
        id(|request| request.holder_nonce = None),
        id(|request| request.holder_proof = Some(fcp_core::sign::Signature::ABSENT)),
    ] {
        assert_eq!(presented, invoke.id());
    }
    for other in [
        id(|request| request.id.push('x')),
        id(|request| request.operation = "list".parse().unwrap()),
        id(|request| request.target_node = "nPhone".parse().unwrap()),
        id(|request| request.input = Value::Null),
        id(|request| request.capability_token.push(0)),
        id(|request| request.provenance.integrity_label = 61),
        id(|request| request.resources.clear()),
        id(|request| request.idempotency_key = None),
        id(|request| request.trace_context = None),
        id(|request| request.instance_id = None),
        id(|request| request.deadline_ms = None),
    ] {
        assert_ne!(other, invoke.id());
    }
    let later = header().with_ttl(60);
    assert_ne!(Invoke::new(later, request(), &key()).unwrap().id(), invoke.id());
    let other_key = ObjectIdKey::from_bytes([10; 32]);
    assert_ne!(Invoke::new(header(), request(), &other_key).unwrap().id(), invoke.id());
}

#[test]
fn what_is_stored_is_what_is_identified() {
    let invoke = Invoke::new(header(), request(), &key()).unwrap();
    let stored = InvokeRequest::from_body(invoke.stored().body()).unwrap();
    assert_eq!(stored, *invoke.request());
    assert_eq!((stored.approval_tokens.len(), stored.lease_seq, stored.holder_nonce), (0, None, None));
    let expected = Presentation {
        approval_tokens: vec![id(3), id(4)],
        lease_seq: Some(7),
        holder_nonce: Some(HolderNonce::from_bytes([8; 16])),
        holder_proof: None,
    };
    assert_eq!(invoke.presentation(), &expected);

    // FCP2-OBJECT-V1 ‖ CBOR(header) ‖ schema hash ‖ CBOR(view), as D115 writes it.
    let mut content = b"FCP2-OBJECT-V1".to_vec();
    content.extend(fcp_core::cbor::encode(&header()));
    content.extend(InvokeRequest::SCHEMA_HASH.as_bytes());
    content.extend(fcp_core::cbor::encode(&stored));
    assert_eq!(ObjectId::new(&content, &ZoneId::work(), &InvokeRequest::SCHEMA_HASH, &key()), invoke.id());
    // The same with Python's cbor2 (canonical) and a BLAKE3 in pure Python.
    let expected = hex!("8e42e0f4102568ee259da3543889c137fbaf4b55fd9c5c0aafea5274c2411951");
    assert_eq!(invoke.id().as_bytes(), &expected);
}

#[test]
fn a_request_travels_whole() {
    let holder = NodeSigningKey::from_seed([1; 32]);
    let (jti, nonce) = (Jti::from_bytes([2; 16]), HolderNonce::of_epoch(NOW, [3; 8]));
    let sent = Invoke::new(header(), request(), &key()).unwrap().approved([id(0), id(3)]).proved(jti, nonce, &holder);
    let bytes = sent.to_control_plane().to_bytes();
    let received = Invoke::open(&ControlPlaneObject::parse(&bytes).unwrap(), &key()).unwrap();
    assert_eq!(received, sent);
    assert_eq!(received.presentation().approval_tokens, [id(0), id(3), id(4)]);
    let proof = Proof { jti, request: received.id(), nonce };
    let signature = received.presentation().holder_proof.unwrap();
    assert!(proof.verify(&holder.public(), &signature).is_ok());
    assert_eq!(received.inputs(), [id(1), id(2)]);
    assert_eq!(received.input_len(), 21);
}

#[test]
fn what_is_no_request() {
    let open = |header: ObjectHeader, request: &InvokeRequest| {
        let bytes = ControlPlaneObject::new(header, request).to_bytes();
        Invoke::open(&ControlPlaneObject::parse(&bytes).unwrap(), &key()).map_err(|error| error.reason().code())
    };
    assert!(open(header(), &request()).is_ok());
    let mut elsewhere = request();
    elsewhere.zone_id = ZoneId::private();
    assert_eq!(open(header(), &elsewhere).unwrap_err(), "object.zone_mismatch");
    for list in [vec![id(2), id(1)], vec![id(1), id(1)]] {
        let (mut resources, mut approvals) = (request(), request());
        resources.resources = list.clone();
        approvals.approval_tokens = list;
        for unsorted in [resources, approvals] {
            assert_eq!(open(header(), &unsorted).unwrap_err(), "object.list_order");
            let error = Invoke::new(header(), unsorted, &key()).unwrap_err();
            assert_eq!(error.reason().code(), "object.list_order");
        }
    }
    let other = ControlPlaneObject::new(
        ObjectHeader::for_type::<InvokeResponse>(provenance()),
        &InvokeResponse {
            id: "call-1".into(),
            result: Value::Null,
            resource_object_ids: vec![],
            next_cursor: None,
            receipt: None,
        },
    );
    assert_eq!(Invoke::open(&other, &key()).unwrap_err().reason().code(), "object.schema_mismatch");
    let wrong_header = ObjectHeader::for_type::<InvokeResponse>(provenance());
    let error = Invoke::new(wrong_header, request(), &key()).unwrap_err();
    assert_eq!(error.reason().code(), "object.schema_mismatch");
}

#[test]
fn the_input_hash_is_what_others_compute() {
    let input = from_json(r#"{"page":"7","line":"milk","n":1}"#).unwrap();
    // A BLAKE3 in pure Python over the schema hash and cbor2's canonical bytes.
    let expected = hex!("9caddd7745d727d32735d1d2a8564e7caaae2c0f13aaa6c0ae5a14ad40b1bc2c");
    assert_eq!(InputHash::of(&input).as_bytes(), &expected);
    assert_eq!(Invoke::new(header(), request(), &key()).unwrap().input_hash(), &InputHash::of(&input));
}

proptest! {
    /// Requests with a few changed bytes are refused or read, and what is read is what was sent.
    #[test]
    fn nearly_requests_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let sent = Invoke::new(header(), request(), &key()).unwrap().to_control_plane().to_bytes();
        let mut bytes = sent;
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let read = ControlPlaneObject::parse(&bytes).ok().and_then(|object| Invoke::open(&object, &key()).ok());
        if let Some(invoke) = read {
            prop_assert_eq!(invoke.to_control_plane().to_bytes(), bytes);
        }
    }
}
