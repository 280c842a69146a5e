//! How much memory the books of admission take when they are full: what their documentation says.

use core::net::{IpAddr, Ipv4Addr};

use fcp_core::id::{NodeId, ObjectId, ZoneId, ZoneKeyId};
use fcp_core::sign::{NodeSigningKey, Signature, Signed as _};
use fcp_core::time::{Millis, TimePolicy, Timestamp};
use fcp_symbols::admission::{
    Admission, AdmissionLimits, AdmissionPolicy, Asker, ObjectAdmissionPolicy, Quarantine, Reputation, Responder,
    ResponderLimits, Served, Source,
};
use fcp_symbols::message::{Authentic, SymbolRequest, ephemeral_header};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn object(number: u32) -> ObjectId {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
    ObjectId::from_bytes(bytes)
}

#[cfg(test)]
mod made {
    use super::*;

    pub(super) fn node(number: u32) -> NodeId {
        NodeId::new(&format!("nodeid-{number:010}")).unwrap()
    }

    pub(super) fn request(number: u32, key: &NodeSigningKey) -> Authentic<SymbolRequest> {
        let request = SymbolRequest {
            header: ephemeral_header::<SymbolRequest>(ZoneId::work(), 60, 60, NOW),
            object_id: object(number),
            zone_id: ZoneId::work(),
            zone_key_id: ZoneKeyId::from_bytes([1; 8]),
            max_symbols: 1,
            want_esi: None,
            decode_status: None,
            delivery_hint: None,
            requested_at: NOW,
            requester: node(number % 8),
            signature: Signature::ABSENT,
        };
        request.signed_by(key).authenticate(None, &key.public(), TimePolicy::default(), NOW).unwrap()
    }
}
use made::{node, request};

/// One test, as all memory of the process is measured.
#[test]
fn full_books_take_what_they_say() {
    let now = Millis::from(NOW);

    let before = MEMORY.current_usage();
    let mut quarantine = Quarantine::new(ObjectAdmissionPolicy::default());
    let peers: Vec<NodeId> = (0..8).map(node).collect();
    for number in 0..100_000_u32 {
        let (at, peer) = (NOW.saturating_add(u64::from(number / 50)), &peers[number as usize % 8]);
        quarantine.add(at, &ZoneId::work(), peer, object(number), 1024, |_| Reputation::default()).unwrap();
    }
    assert_eq!(quarantine.of_zone(&ZoneId::work()).1, 100_000);
    let each = (MEMORY.current_usage() - before) / 100_000;
    println!("{each} bytes for an object in quarantine");
    assert!(each < 200, "{each}");
    drop(quarantine);

    let before = MEMORY.current_usage();
    let mut admission = Admission::new(AdmissionPolicy::default(), AdmissionLimits::default());
    for number in 0..10_000 {
        admission.admit_bytes(now, Source::Peer(&node(number)), 1).unwrap();
        admission.admit_bytes(now, Source::Stranger(IpAddr::V4(Ipv4Addr::from_bits(number))), 1).unwrap();
    }
    assert_eq!((admission.peers(now).count(), admission.addresses()), (1024, 4096));
    let each = (MEMORY.current_usage() - before) / (1024 + 4096);
    println!("{each} bytes for an account");
    assert!(each < 1400, "{each}");

    let key = NodeSigningKey::from_seed([1; 32]);
    let requests: Vec<_> = (0..4096).map(|number| request(number, &key)).collect();
    let before = MEMORY.current_usage();
    let mut responder = Responder::new(ResponderLimits::default());
    let served = Served { k: 64, bytes_per_symbol: 1, work_per_symbol: 0, first: 0, open_to_strangers: false };
    for request in &requests {
        responder.answer(now, &mut admission, Asker::Peer(request), &served, &(0..100)).unwrap();
    }
    assert_eq!(responder.deliveries(), 4096);
    let each = (MEMORY.current_usage() - before) / 4096;
    println!("{each} bytes for a request and its delivery");
    assert!(each < 450, "{each}");
}
