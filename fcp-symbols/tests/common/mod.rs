//! What several tests need.

#![expect(dead_code, reason = "each test uses a part")]

use fcp_core::id::{EpochId, NodeId, ObjectId, ObjectIdKey, ZoneId, ZoneKeyId};
use fcp_core::object::{Message, ObjectHeader, Provenance};
use fcp_core::time::Timestamp;
use fcp_core::zone_key::{ZoneKey, ZoneKeyAlgorithm};
use fcp_symbols::envelope::{SymbolEnvelope, SymbolKey};

/// The sender of the known answers.
pub(crate) const SENDER: &str = "nLaptop1CNTRL";

/// Its instance.
pub(crate) const INSTANCE: u64 = 0x1122_3344_5566_7788;

/// A zone's key for object ids.
pub(crate) fn key() -> ObjectIdKey {
    ObjectIdKey::from_bytes([7; 32])
}

/// A header for objects of type `T`.
pub(crate) fn header_for<T: Message>(zone: ZoneId) -> ObjectHeader {
    ObjectHeader::for_type::<T>(Provenance::of_zone(zone, 80, 90, Timestamp::from_secs(1_700_000_000)))
}

/// The zone key of the known answers: bytes 00..1f.
pub(crate) fn zone_key(algorithm: ZoneKeyAlgorithm) -> ZoneKey {
    let id = ZoneKeyId::from_bytes([0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8]);
    ZoneKey::new(ZoneId::private(), id, algorithm, ascending(0))
}

/// The subkey of [`SENDER`].
pub(crate) fn symbol_key(algorithm: ZoneKeyAlgorithm) -> SymbolKey {
    let sender = NodeId::new(SENDER).unwrap_or_else(|error| unreachable!("{error}"));
    SymbolKey::derive(&zone_key(algorithm), &sender, INSTANCE)
}

/// The envelope of the known answers, of ESI 0 and K = 2.
pub(crate) fn envelope() -> SymbolEnvelope {
    SymbolEnvelope {
        object_id: ObjectId::from_bytes(ascending(0x40)),
        esi: 0,
        k: 2,
        zone_id_hash: ZoneId::private().hash(),
        zone_key_id: ZoneKeyId::from_bytes([0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8]),
        epoch_id: EpochId::new(5_666_666),
        sender_instance_id: INSTANCE,
        frame_seq: 0x0102_0304_0506_0708,
    }
}

fn ascending(from: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (byte, value) in bytes.iter_mut().zip(from..) {
        *byte = value;
    }
    bytes
}
