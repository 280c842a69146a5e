#![expect(clippy::arithmetic_side_effects, reason = "a test counts with small numbers")]

use core::net::IpAddr;

use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId, ZoneKeyId};
use fcp_core::sign::{NodeSigningKey, Signature, Signed as _};
use fcp_core::time::{Millis, TimePolicy, Timestamp};
use proptest::prelude::*;

use super::{Asker, Responder, ResponderLimits, Served};
use crate::admission::{Admission, AdmissionLimits, AdmissionPolicy, PeerBudget, Source, WORK_PER_MS};
use crate::message::{
    Arrival, Authentic, DecodeStatus, EsiList, Feedback as _, MissingHint, SymbolDeliveryHint, SymbolRequest,
    ephemeral_header,
};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const SERVED: Served =
    Served { k: 64, bytes_per_symbol: 1000, work_per_symbol: 0, first: 20, open_to_strangers: false };
const HELD: core::ops::Range<u32> = 0..10_000;

fn list(esis: &[u32]) -> EsiList {
    EsiList::new(esis.to_vec()).unwrap_or_default()
}

fn at(seconds: u64) -> Millis {
    Millis::from(NOW.saturating_add(seconds))
}

fn admission() -> Admission {
    Admission::new(AdmissionPolicy::default(), AdmissionLimits::default())
}

mod made {
    use super::*;

    pub(super) fn request(object: u8) -> SymbolRequest {
        SymbolRequest {
            header: ephemeral_header::<SymbolRequest>(ZoneId::work(), 60, 60, NOW),
            object_id: ObjectId::from_bytes([object; 32]),
            zone_id: ZoneId::work(),
            zone_key_id: ZoneKeyId::from_bytes([1; 8]),
            max_symbols: 1024,
            want_esi: None,
            decode_status: None,
            delivery_hint: None,
            requested_at: NOW,
            requester: node(),
            signature: Signature::ABSENT,
        }
    }

    pub(super) fn node() -> NodeId {
        NodeId::new("nPeer").unwrap()
    }

    pub(super) fn authentic(request: SymbolRequest) -> Authentic<SymbolRequest> {
        let key = NodeSigningKey::from_seed([1; 32]);
        let now = request.requested_at;
        request.signed_by(&key).authenticate(None, &key.public(), TimePolicy::default(), now).unwrap()
    }

    pub(super) fn status(object: u8, received: u32, missing: &[u32]) -> DecodeStatus {
        DecodeStatus {
            header: ephemeral_header::<DecodeStatus>(ZoneId::work(), 60, 60, NOW),
            object_id: ObjectId::from_bytes([object; 32]),
            zone_id: ZoneId::work(),
            zone_key_id: ZoneKeyId::from_bytes([1; 8]),
            epoch_id: EpochId::of(NOW),
            received_unique: received,
            required: 65,
            missing_hint: (!missing.is_empty()).then(|| MissingHint::new(list(missing)).unwrap()),
            signature: None,
        }
    }

    pub(super) fn in_session(status: DecodeStatus) -> Authentic<DecodeStatus> {
        status.authenticate(Arrival::InSession { peer: &node() }).unwrap()
    }
}
use made::{authentic, in_session, node, request, status};

struct Node {
    admission: Admission,
    responder: Responder,
}

impl Node {
    fn new() -> Self {
        Self { admission: admission(), responder: Responder::new(ResponderLimits::default()) }
    }

    fn ask(&mut self, seconds: u64, request: SymbolRequest) -> Result<Vec<u32>, &'static str> {
        self.ask_for(&SERVED, seconds, request)
    }

    fn ask_for(&mut self, served: &Served, seconds: u64, request: SymbolRequest) -> Result<Vec<u32>, &'static str> {
        let request = authentic(request);
        let answer = self.responder.answer(at(seconds), &mut self.admission, Asker::Peer(&request), served, &HELD);
        answer.map_err(|error| error.reason().code())
    }

    fn tell(&mut self, status: DecodeStatus) -> Result<Vec<u32>, &'static str> {
        let status = in_session(status);
        let answer = self.responder.handle_status(at(0), &mut self.admission, &status, &SERVED, &HELD);
        answer.map_err(|error| error.reason().code())
    }
}

#[test]
fn what_is_needed_decides_how_many() {
    let mut node = Node::new();
    assert_eq!(node.ask(0, request(1)).unwrap(), (20..52).collect::<Vec<_>>(), "32 without proof of need");
    let wants = SymbolRequest { want_esi: Some(list(&[3, 70_000])), max_symbols: 40, ..request(2) };
    assert_eq!(node.ask(0, wants).unwrap(), [vec![3], (20..59).collect()].concat());
    let misses = SymbolRequest { decode_status: Some(status(3, 60, &[1, 5])), ..request(3) };
    assert_eq!(node.ask(0, misses).unwrap(), [vec![1, 5], (20..84).collect()].concat(), "K and what is missing");
    let both = SymbolRequest {
        want_esi: Some(list(&[9, 30])),
        decode_status: Some(status(4, 60, &[5, 9])),
        max_symbols: 5,
        ..request(4)
    };
    assert_eq!(node.ask(0, both).unwrap(), [9, 30, 5, 20, 21]);
    assert_eq!(node.ask(0, SymbolRequest { max_symbols: 0, ..request(5) }), Ok(vec![]));
    let nothing = node.responder.answer(
        at(0),
        &mut node.admission,
        Asker::Peer(&authentic(request(6))),
        &SERVED,
        &std::collections::BTreeSet::new(),
    );
    assert_eq!(nothing, Ok(vec![]));
    let peer = self::node();
    assert_eq!(node.admission.usage(at(0), Source::Peer(&peer)).bytes_answered, 1000 * (32 + 40 + 66 + 5));
}

#[test]
fn a_request_is_answered_once_and_the_next_one_goes_on() {
    let mut node = Node::new();
    assert_eq!(node.ask(0, request(1)).map(|esis| esis[0]), Ok(20));
    assert_eq!(node.ask(0, request(1)), Err("admission.replayed"));
    assert_eq!(node.ask(120, request(1)), Err("admission.replayed"));
    assert_eq!(node.ask(120, request(2)).map(|esis| esis[0]), Ok(20));
    let again = SymbolRequest { requested_at: NOW.saturating_add(1), ..request(1) };
    assert_eq!(node.ask(1, again).map(|esis| esis[0]), Ok(52));
    assert_eq!(node.ask(1, SymbolRequest { max_symbols: 1, ..request(1) }), Ok(vec![84]));
    node.responder.stop(&self::node(), ObjectId::from_bytes([1; 32]));
    assert_eq!(node.ask(1, SymbolRequest { max_symbols: 2, ..request(1) }), Ok(vec![20, 21]));
    node.responder.expire(at(242));
    assert_eq!(node.ask(242, request(3)).map(|esis| esis.len()), Ok(32));

    let limits = ResponderLimits { max_requests_per_peer: 1, ..ResponderLimits::default() };
    let mut node = Node { responder: Responder::new(limits), ..Node::new() };
    assert!(node.ask(0, request(1)).is_ok());
    assert_eq!(node.ask(0, request(2)), Err("admission.requests"));
    assert_eq!(node.admission.usage(at(0), Source::Peer(&self::node())).bytes_answered, 32_000);
    assert!(node.ask(241, request(2)).is_ok());
}

#[test]
fn a_hint_is_heeded_and_statuses_go_on_within_the_bound() {
    let mut node = Node::new();
    let delivery_hint = Some(SymbolDeliveryHint { stop_after_symbols: 12, preferred_symbol_size: None });
    assert_eq!(node.ask(0, SymbolRequest { delivery_hint, ..request(1) }).unwrap(), (20..32).collect::<Vec<_>>());
    assert_eq!(node.tell(status(1, 12, &[])).unwrap(), (32..44).collect::<Vec<_>>());
    assert_eq!(node.tell(status(1, 20, &[4, 40])).unwrap(), [4, 40, 44, 45, 46, 47, 48, 49], "32 in all");
    assert_eq!(node.tell(status(1, 20, &[4, 40])), Ok(vec![]));
    assert_eq!(node.tell(status(2, 20, &[4, 40])), Ok(vec![]), "nobody asked for this");
    let holds = DecodeStatus { required: 0, ..status(1, 20, &[4, 40]) };
    assert_eq!((node.tell(holds), node.responder.deliveries()), (Ok(vec![]), 1));

    assert_eq!(node.ask(0, SymbolRequest { delivery_hint, ..request(3) }).map(|esis| esis.len()), Ok(12));
    assert_eq!(node.responder.deliveries(), 2);
    assert_eq!(node.tell(status(3, 65, &[])), Ok(vec![]));
    assert_eq!((node.responder.deliveries(), node.tell(status(3, 12, &[]))), (1, Ok(vec![])));
}

#[test]
fn answers_are_charged_and_stop_with_the_budget() {
    let per_peer = PeerBudget { max_bytes_per_min: 40_500, max_decode_cpu_ms_per_min: 10, ..PeerBudget::default() };
    let policy = AdmissionPolicy { per_peer, ..AdmissionPolicy::default() };
    let mut node = Node { admission: Admission::new(policy, AdmissionLimits::default()), ..Node::new() };
    assert_eq!(node.ask(0, request(1)).map(|esis| esis.len()), Ok(32));
    assert_eq!(node.ask(0, request(2)).map(|esis| esis.len()), Ok(8));
    assert_eq!(node.ask(0, request(3)), Err("admission.bytes"));
    assert_eq!(node.tell(status(2, 1, &[])), Err("admission.bytes"));
    assert_eq!(node.ask(65, request(3)).map(|esis| esis.len()), Ok(32), "what was refused may be asked again");

    let made = Served { work_per_symbol: WORK_PER_MS, bytes_per_symbol: 0, ..SERVED };
    assert_eq!(node.ask_for(&made, 200, request(4)).map(|esis| esis.len()), Ok(10));
    assert_eq!(node.ask_for(&made, 200, request(5)), Err("admission.decode_cpu"));
    for _ in 0..100 {
        node.admission.charge_failed_auth(at(200), Source::Peer(&self::node()));
    }
    assert_eq!(node.ask(200, request(6)), Err("admission.failed_auth"));
}

#[test]
fn strangers_are_answered_where_the_zone_is_open_to_them() {
    let public = |request: SymbolRequest| SymbolRequest {
        header: ephemeral_header::<SymbolRequest>(ZoneId::public(), 0, 0, NOW),
        zone_id: ZoneId::public(),
        ..request
    };
    let from = IpAddr::from([192, 0, 2, 1]);
    let open = Served { open_to_strangers: true, ..SERVED };
    let ask = |admission: &mut Admission, request: &SymbolRequest, served: &Served, bytes_in| {
        let mut responder = Responder::new(ResponderLimits::default());
        let asker = Asker::Stranger { request, from, bytes_in };
        let answer = responder.answer(at(0), admission, asker, served, &HELD);
        assert_eq!(responder.deliveries(), 0, "nothing is kept of strangers");
        answer.map_err(|error| error.reason().code())
    };
    let mut node = admission();
    node.admit_bytes(at(0), Source::Stranger(from), 2000).unwrap();
    assert_eq!(ask(&mut node, &request(1), &open, 2000), Err("admission.unauthenticated"));
    assert_eq!(ask(&mut node, &public(request(1)), &SERVED, 2000), Err("admission.unauthenticated"));
    assert_eq!(ask(&mut node, &public(request(1)), &open, 300), Err("admission.amplification"));
    assert_eq!(ask(&mut node, &public(request(1)), &open, 1000), Ok(vec![20, 21, 22]));
    assert_eq!(ask(&mut node, &public(request(1)), &open, 2000), Ok(vec![20, 21, 22]), "3,000 of 6,000 were left");
    assert_eq!(ask(&mut node, &public(request(1)), &open, 2000), Err("admission.amplification"));
    node.admit_bytes(at(0), Source::Stranger(from), 40_000).unwrap();
    let wants = SymbolRequest { want_esi: Some(list(&[7])), ..public(request(1)) };
    assert_eq!(ask(&mut node, &wants, &open, 40_000).map(|esis| esis.len()), Ok(32), "need proves nothing here");
    let delivery_hint = Some(SymbolDeliveryHint { stop_after_symbols: 1, preferred_symbol_size: None });
    assert_eq!(ask(&mut node, &SymbolRequest { delivery_hint, ..wants }, &open, 40_000), Ok(vec![7]));

    let lenient = AdmissionPolicy { require_authenticated_requests: false, ..AdmissionPolicy::default() };
    let mut node = Admission::new(lenient, AdmissionLimits::default());
    node.admit_bytes(at(0), Source::Stranger(from), 500).unwrap();
    assert_eq!(ask(&mut node, &request(1), &open, 500), Ok(vec![20]));
    assert_eq!(ask(&mut node, &request(1), &SERVED, 500), Err("admission.unauthenticated"));
}

proptest! {
    /// Whatever is asked: nobody gets more symbols than the bound, none twice, and a stranger never more than three times
    /// its bytes.
    #[test]
    fn nothing_is_amplified(
        asked in proptest::collection::vec(
            (1_u64..5_000, 0_u32..100, proptest::collection::btree_set(0_u32..200, 0..20), 0_u64..20_000), 1..40),
        per_symbol in 1_u64..3_000,
    ) {
        let mut admission = admission();
        let mut responder = Responder::new(ResponderLimits::default());
        let served = Served { bytes_per_symbol: per_symbol, open_to_strangers: true, ..SERVED };
        let from = IpAddr::from([192, 0, 2, 1]);
        let (mut bytes_in, mut bytes_out, mut now) = (0, 0, at(0));
        for (bytes, max_symbols, wanted, pause) in asked {
            now = now.saturating_add(pause);
            let want_esi = Some(EsiList::new(wanted.into_iter().take(max_symbols as usize).collect()).unwrap());
            let request = SymbolRequest { zone_id: ZoneId::public(), max_symbols, want_esi, ..request(1) };
            if admission.admit_bytes(now, Source::Stranger(from), bytes).is_ok() {
                bytes_in += bytes;
            }
            let asker = Asker::Stranger { request: &request, from, bytes_in: bytes };
            if let Ok(esis) = responder.answer(now, &mut admission, asker, &served, &HELD) {
                prop_assert!(esis.len() as u64 * per_symbol <= 3 * bytes);
                prop_assert!(esis.len() <= max_symbols.min(32) as usize);
                bytes_out += esis.len() as u64 * per_symbol;
            }
            prop_assert!(bytes_out <= 3 * bytes_in);
        }
    }
}
