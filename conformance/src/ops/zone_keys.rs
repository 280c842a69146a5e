//! `zonekey.*`: what is derived from a zone's key (§4.3.1, D55, D91).

use fcp_core::error::Reason;
use fcp_core::id::{EpochId, NodeId, ZoneId, ZoneKeyId};
use fcp_core::time::Timestamp;
use fcp_core::zone_key::{EpochChain, ZoneKey, ZoneKeyAlgorithm};

use super::{Operation, operation};
use crate::fields::{Answer, Fields};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] =
    &[operation("zonekey.subkey", subkey), operation("zonekey.epoch", epoch_key)];

/// The names of D26.
pub(super) const ALGORITHMS: &[(&str, ZoneKeyAlgorithm)] = &[
    ("chacha20poly1305", ZoneKeyAlgorithm::ChaCha20Poly1305),
    ("xchacha20poly1305", ZoneKeyAlgorithm::XChaCha20Poly1305),
];

/// The zone key in the fields `zone_key` and `zone_key_id`.
pub(super) fn zone_key(fields: Fields<'_>, zone: ZoneId, algorithm: ZoneKeyAlgorithm) -> Result<ZoneKey, Refusal> {
    let id = ZoneKeyId::from_bytes(fields.array("zone_key_id")?);
    Ok(ZoneKey::new(zone, id, algorithm, fields.array("zone_key")?))
}

/// How far a ratchet is stepped from its manifest (D91).
const MAX_STEPS: u64 = 1 << 20;

fn epoch_key(input: Fields<'_>) -> Result<Answer, Refusal> {
    // Neither zone nor algorithm goes into the derivation.
    let key = zone_key(input, ZoneId::work(), ZoneKeyAlgorithm::ChaCha20Poly1305)?;
    let epoch = EpochId::new(input.uint("epoch")?);
    let mut chain = EpochChain::start(&key, Timestamp::from_secs(input.uint("valid_from")?));
    match epoch.get().checked_sub(chain.epoch().get()) {
        None => return Err(Reason::ZoneKeyNoEpochKey.into()),
        Some(steps) if steps > MAX_STEPS => return Err(Reason::ZoneKeyRatchetTooFar.into()),
        Some(_) => {}
    }
    while chain.epoch() < epoch {
        chain = chain.next();
    }
    Ok(Answer::new().bytes("key", chain.key().expose()))
}

fn subkey(input: Fields<'_>) -> Result<Answer, Refusal> {
    // Neither zone nor algorithm goes into the derivation.
    let key = zone_key(input, ZoneId::work(), ZoneKeyAlgorithm::ChaCha20Poly1305)?;
    let sender = NodeId::new(input.text("sender")?)?;
    let subkey = key.sender_key_bytes(&sender, input.uint("instance")?);
    Ok(Answer::new().bytes("key", &subkey[..]))
}
