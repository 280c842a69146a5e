//! Sealed symbols against bytes that were computed elsewhere.

#![expect(clippy::arithmetic_side_effects, reason = "test arithmetic is on small numbers")]

mod common;

use common::{INSTANCE, SENDER, envelope, symbol_key, zone_key};
use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId, ZoneIdHash, ZoneKeyId};
use fcp_core::zone_key::ZoneKeyAlgorithm::{self, ChaCha20Poly1305, XChaCha20Poly1305};
use fcp_symbols::envelope::{EnvelopeError, SymbolEnvelope, SymbolKey};
use hex_literal::hex;

/// The symbol of the known answers: 256 bytes i·3 + ESI.
fn plaintext(esi: u32) -> [u8; 256] {
    core::array::from_fn(|at| u8::try_from((at * 3 + esi as usize) % 256).unwrap_or_default())
}

// Computed in Python: HKDF, ChaCha20-Poly1305 from `cryptography`, XChaCha20-Poly1305 from libsodium through PyNaCl,
// BLAKE3 of the zone's name written from its paper. Inputs are those of `common`.
#[test]
fn known_associated_data() {
    let envelope = SymbolEnvelope { esi: 5, ..envelope() };
    assert_eq!(
        envelope.aad(),
        hex!(
            "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f" "05000000" "0200"
            "f937c924fb82c40be1a3301ee6b600e70b3eb898dba0819756a813aaf311a0ce" "a1a2a3a4a5a6a7a8" "6a77560000000000"
        )
    );
}

#[test]
fn known_seals() {
    let cases: [(ZoneKeyAlgorithm, u32, [u8; 16], [u8; 16]); 4] = [
        (ChaCha20Poly1305, 0, hex!("9232f637cc2fd03917aa1cfc3170555b"), hex!("f56cca6cb68c18c47feb3ad258eef13f")),
        (ChaCha20Poly1305, 5, hex!("2372023d9a455962739c94244c11bd33"), hex!("2afb7f65bed75a762c4de1936526a54c")),
        (XChaCha20Poly1305, 0, hex!("8980f4bb90904fb40675bd739ab2fa9d"), hex!("da1bb7baa90e55cf5c86a55cd7de7805")),
        (XChaCha20Poly1305, 5, hex!("42a0f64a4534563c942b43c7849aa329"), hex!("dc2618e17eba2b12bb584a2efc4b96db")),
    ];
    for (algorithm, esi, head, tag) in cases {
        let (key, envelope) = (symbol_key(algorithm), SymbolEnvelope { esi, ..envelope() });
        let mut symbol = plaintext(esi);
        assert_eq!(envelope.seal(&key, &mut symbol).unwrap(), tag);
        assert_eq!(symbol[..16], head);
        assert_eq!(envelope.open(&key, &mut symbol, &tag), Ok(()));
        assert_eq!(symbol, plaintext(esi));
    }
}

#[test]
fn every_part_of_the_envelope_is_bound() {
    let good = envelope();
    let changed: [(&str, SymbolEnvelope); 5] = [
        ("object", SymbolEnvelope { object_id: ObjectId::ZERO, ..good }),
        ("esi", SymbolEnvelope { esi: good.esi + 1, ..good }),
        ("k", SymbolEnvelope { k: good.k + 1, ..good }),
        ("epoch", SymbolEnvelope { epoch_id: EpochId::new(good.epoch_id.get() + 1), ..good }),
        ("sequence", SymbolEnvelope { frame_seq: good.frame_seq + 1, ..good }),
    ];
    for algorithm in [ChaCha20Poly1305, XChaCha20Poly1305] {
        let key = symbol_key(algorithm);
        let mut sealed = plaintext(0);
        let tag = good.seal(&key, &mut sealed).unwrap();
        for (part, envelope) in changed {
            assert_eq!(envelope.open(&key, &mut sealed.clone(), &tag), Err(EnvelopeError::Authentication), "{part}");
        }
        let other_sender = SymbolKey::derive(&zone_key(algorithm), &NodeId::new("nPhone").unwrap(), INSTANCE);
        assert_eq!(good.open(&other_sender, &mut sealed.clone(), &tag), Err(EnvelopeError::Authentication));
        assert_eq!(good.open(&key, &mut sealed, &tag), Ok(()));
    }
}

#[test]
fn a_key_that_the_envelope_does_not_name_is_refused_before_any_use() {
    let key = symbol_key(ChaCha20Poly1305);
    let good = envelope();
    for envelope in [
        SymbolEnvelope { zone_id_hash: ZoneId::work().hash(), ..good },
        SymbolEnvelope { zone_key_id: ZoneKeyId::from_bytes([0; 8]), ..good },
        SymbolEnvelope { sender_instance_id: 1, ..good },
        SymbolEnvelope { zone_id_hash: ZoneIdHash::from_bytes([0; 32]), ..good },
    ] {
        let mut symbol = plaintext(0);
        assert_eq!(envelope.seal(&key, &mut symbol), Err(EnvelopeError::KeyMismatch));
        assert_eq!(envelope.open(&key, &mut symbol, &[0; 16]), Err(EnvelopeError::KeyMismatch));
        assert_eq!(symbol, plaintext(0));
    }
    assert_eq!(SENDER, "nLaptop1CNTRL");
}
