//! Answers to requests for symbols, and repair.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use fcp_core::device::NodeFacts;
use fcp_core::id::{NodeId, ObjectId, ZoneId, ZoneKeyId};
use fcp_core::object::ObjectPlacementPolicy;
use fcp_core::sign::{NodeSigningKey, Signature, Signed as _};
use fcp_core::time::{Millis, TimePolicy, Timestamp};
use fcp_symbols::admission::{
    Admission, AdmissionLimits, AdmissionPolicy, Asker, Responder, ResponderLimits, Served, Source,
};
use fcp_symbols::esi::EsiSet;
use fcp_symbols::message::{Arrival, DecodeStatus, EsiList, Feedback as _, SymbolRequest, ephemeral_header};
use fcp_symbols::repair::{RepairConfig, RepairController, RepairOutput};

use super::input::Input;

const START: Timestamp = Timestamp::from_secs(1_700_000_000);

fn object(at: usize) -> ObjectId {
    ObjectId::from_bytes([u8::try_from(at).expect("few") + 1; 32])
}

fn node(at: usize) -> NodeId {
    NodeId::new(["nOwn", "nPhone", "nServer01", "nDesk"][at]).expect("a name")
}

/// Requests of peers and strangers: no answer is longer than it may be, names what is not held or names anything twice; no
/// request is answered twice; and all that strangers got is at most three times what they sent.
pub(super) fn responder(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let limits = ResponderLimits { max_requests: 8, max_requests_per_peer: 4, max_deliveries: 3, ..Default::default() };
    let mut admission = Admission::new(AdmissionPolicy::default(), AdmissionLimits::default());
    let mut responder = Responder::new(limits);
    let keys = [1, 2].map(|seed| NodeSigningKey::from_seed([seed; 32]));
    let mut now = Millis::from(START);
    let (mut sent_by, mut sent_to): (BTreeMap<IpAddr, u64>, BTreeMap<IpAddr, u64>) = Default::default();
    let mut answered = BTreeSet::new();
    for _ in 0..200 {
        if input.is_empty() {
            break;
        }
        let (at, which) = (input.below(2), input.below(3));
        let count = u32::from(input.u8());
        let held = if count == 0 { 0..(1 << 24) } else { 0..count };
        let served = Served {
            k: 1 + input.u16() % 2000,
            bytes_per_symbol: 300 + u64::from(input.u16() % 1000),
            work_per_symbol: u64::from(input.u8()),
            first: u32::from(input.u16()),
            open_to_strangers: input.below(4) != 0,
        };
        let esis = match input.below(6) {
            0 => {
                now = now.saturating_add(u64::from(input.u16()) * 10);
                continue;
            }
            choice @ 1..=4 => {
                let wanted: BTreeSet<u32> = (0..input.below(5)).map(|_| u32::from(input.u16())).collect();
                let max_symbols = 1 + u32::from(input.u16());
                let status = (choice == 3).then(|| status(which, u32::from(input.u16()), u32::from(input.u16())));
                let request = SymbolRequest {
                    header: ephemeral_header::<SymbolRequest>(ZoneId::work(), 60, 60, now.timestamp()),
                    object_id: object(which),
                    zone_id: ZoneId::work(),
                    zone_key_id: ZoneKeyId::from_bytes([1; 8]),
                    max_symbols,
                    want_esi: (!wanted.is_empty() && wanted.len() <= max_symbols as usize)
                        .then(|| EsiList::new(wanted.into_iter().collect()).expect("a set is ascending")),
                    decode_status: status,
                    delivery_hint: None,
                    requested_at: now.timestamp(),
                    requester: node(1 + at),
                    signature: Signature::ABSENT,
                };
                if choice == 4 {
                    let from = IpAddr::from([192, 0, 2, input.u8() & 3]);
                    let bytes_in = u64::from(input.u16());
                    if admission.admit_bytes(now, Source::Stranger(from), bytes_in).is_err() {
                        continue;
                    }
                    *sent_by.entry(from).or_default() += bytes_in;
                    let asker = Asker::Stranger { request: &request, from, bytes_in };
                    let Ok(esis) = responder.answer(now, &mut admission, asker, &served, &held) else { continue };
                    assert!(esis.len() <= 32 && served.open_to_strangers || esis.is_empty(), "too much for a stranger");
                    *sent_to.entry(from).or_default() += esis.len() as u64 * served.bytes_per_symbol;
                    esis
                } else {
                    let (signed, time) = (request.signed_by(&keys[at]), now.timestamp());
                    let token = (at, *signed.signature.as_bytes());
                    let request = signed.authenticate(None, &keys[at].public(), TimePolicy::default(), time);
                    let request = request.expect("it is signed");
                    let asker = Asker::Peer(&request);
                    let Ok(esis) = responder.answer(now, &mut admission, asker, &served, &held) else { continue };
                    assert!(answered.insert(token), "a request is answered twice");
                    assert!(esis.len() <= (max_symbols as usize).min(1024), "more than was asked for");
                    esis
                }
            }
            _ => {
                let status = status(which, u32::from(input.u16()), u32::from(input.u16()));
                let peer = node(1 + at);
                let status = status.authenticate(Arrival::InSession { peer: &peer }).expect("it is inside a session");
                responder.handle_status(now, &mut admission, &status, &served, &held).unwrap_or_default()
            }
        };
        assert!(esis.iter().all(|esi| held.contains(esi)), "what is not held is answered");
        assert_eq!(esis.iter().collect::<BTreeSet<_>>().len(), esis.len(), "a symbol is sent twice in one answer");
        assert!(responder.deliveries() <= 3);
    }
    for (from, out) in &sent_to {
        assert!(*out <= 3 * sent_by.get(from).copied().unwrap_or_default(), "{from} amplifies");
    }
}

fn status(which: usize, received_unique: u32, required: u32) -> DecodeStatus {
    DecodeStatus {
        header: ephemeral_header::<DecodeStatus>(ZoneId::work(), 60, 60, START),
        object_id: object(which),
        zone_id: ZoneId::work(),
        zone_key_id: ZoneKeyId::from_bytes([1; 8]),
        epoch_id: fcp_core::id::EpochId::of(START),
        received_unique,
        required,
        missing_hint: None,
        signature: None,
    }
}

/// One node's repair: it asks only nodes that count, gives nothing up that it does not hold, and its timer moves on.
pub(super) fn repair(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let config = RepairConfig { max_repairs_per_cycle: 3, max_symbols_per_cycle: 64, ..RepairConfig::default() };
    let mut now = Millis::from(START);
    let mut controller = RepairController::new(ZoneId::work(), node(0), config, now);
    let mut counting = BTreeSet::new();
    for _ in 0..300 {
        if input.is_empty() {
            break;
        }
        let (at, which) = (input.below(4), input.below(4));
        let id = object(which);
        let mut esis = EsiSet::new();
        let mut any = |input: &mut Input<'_>| {
            for _ in 0..input.below(4) {
                let start = u32::from(input.u8());
                esis.insert(start..start + u32::from(input.u8() % 32));
            }
            esis.clone()
        };
        match input.below(12) {
            0 | 1 => {
                let counts = input.below(4) != 0;
                let facts = NodeFacts {
                    node_id: node(at),
                    tags: Vec::new(),
                    class: "desktop".to_owned(),
                    zones: vec![ZoneId::work()],
                    capabilities: Vec::new(),
                };
                controller.handle_node(now, facts, counts);
                if counts {
                    counting.insert(node(at))
                } else {
                    counting.remove(&node(at))
                };
            }
            2 => {
                let policy = ObjectPlacementPolicy {
                    min_nodes: input.u8() % 5,
                    max_node_fraction_bps: input.u16() % 10_001,
                    preferred_devices: Vec::new(),
                    excluded_devices: Vec::new(),
                    target_coverage_bps: u32::from(input.u16()),
                };
                let k = 1 + input.u16() % 64;
                if input.below(2) == 0 {
                    controller.handle_object(id, k, &policy);
                } else {
                    let held = any(&mut input);
                    controller.handle_distribution(id, k, &policy, [(&node(at), &held)]);
                }
            }
            3 => controller.handle_gone(&id),
            4 => controller.handle_whole(now, &id),
            5 => controller.handle_not_whole(&id),
            6 => controller.handle_holding(now, &id, &node(at), &any(&mut input)),
            7 => controller.handle_confirmed(now, &id, &node(at), &any(&mut input)),
            8 => controller.handle_refused(now, &id, &node(at)),
            _ => now = now.saturating_add(u64::from(input.u16()) * 20),
        }
        if controller.poll_timeout() <= now {
            controller.handle_timeout(now);
            assert!(controller.poll_timeout() > now, "it would be called again and again");
        }
        while let Some(output) = controller.poll_output() {
            match output {
                RepairOutput::Fetch { from, esis, .. } => {
                    assert!(from != node(0) && !esis.is_empty(), "it asks itself, or for nothing");
                }
                RepairOutput::Send { esis, .. } | RepairOutput::Drop { esis, .. } => assert!(!esis.is_empty()),
                RepairOutput::Repaired { .. } | RepairOutput::GivenUp { .. } => {}
            }
        }
        let status = controller.status();
        let _ = (status, controller.object_status(&id));
    }
}
