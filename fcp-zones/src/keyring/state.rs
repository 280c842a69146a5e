//! The ring between two runs of a node.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use fcp_core::cbor::{self, Decode, DecodeError, Encode};
use fcp_core::id::{EpochId, ObjectId, ObjectIdKey, ObjectIdKeyId, ZoneId, ZoneKeyId};
use fcp_core::time::Timestamp;
use fcp_core::zone_key::{EpochChain, ZoneKey, ZoneKeyAlgorithm};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::ZoneKeyRing;
use super::ratchet::Ratchet;
use super::ring::{ActiveManifest, HeldKey, HeldObjectIdKey, KeyPrint, Material};

/// The bytes of a secret; erased when dropped.
#[derive(Encode, Decode, ZeroizeOnDrop)]
struct Secret([u8; 32]);

#[derive(Encode, Decode)]
struct RingState {
    zone: ZoneId,
    active: Option<ActiveState>,
    keys: Vec<KeyState>,
    object_id_keys: Vec<ObjectIdKeyState>,
    prints: Vec<PrintState>,
}

#[derive(Encode, Decode)]
struct ActiveState {
    zone_key_id: ZoneKeyId,
    created_at: Timestamp,
}

#[derive(Encode, Decode)]
struct KeyState {
    id: ZoneKeyId,
    algorithm: ZoneKeyAlgorithm,
    material: MaterialState,
    manifests: Vec<ObjectId>,
    made_at: Timestamp,
    valid_until: Option<Timestamp>,
    closes_at: Option<Timestamp>,
}

#[derive(Encode, Decode)]
enum MaterialState {
    Static(Secret),
    Ratchet { epoch: EpochId, chain: Secret, keys: Vec<EpochKeyState>, retain: u64 },
}

#[derive(Encode, Decode)]
struct EpochKeyState {
    epoch: EpochId,
    key: Secret,
}

#[derive(Encode, Decode)]
struct ObjectIdKeyState {
    id: ObjectIdKeyId,
    key: Secret,
    valid_from: Timestamp,
    made_at: Timestamp,
}

#[derive(Encode, Decode)]
struct PrintState {
    id: ZoneKeyId,
    print: [u8; 32],
}

impl ZoneKeyRing {
    /// Everything that the ring knows, as bytes: secret, to be kept where the node keeps its own keys.
    ///
    /// Each export takes the place of the one before it, and that one must be gone then: with an epoch ratchet, what it
    /// held is what the ring has deleted since (D91).
    #[must_use]
    pub fn export(&self) -> Zeroizing<Vec<u8>> {
        let keys = self.keys.iter().filter_map(|(id, held)| key_state(*id, held)).collect();
        let object_id_keys = self.object_id_keys.iter().map(|held| ObjectIdKeyState {
            id: held.id,
            key: Secret(*held.key.expose()),
            valid_from: held.valid_from,
            made_at: held.made_at,
        });
        let state = RingState {
            zone: self.zone.clone(),
            active: self
                .active
                .map(|active| ActiveState { zone_key_id: active.zone_key_id, created_at: active.created_at }),
            keys,
            object_id_keys: object_id_keys.collect(),
            prints: self.zone_key_prints.iter().map(|(id, print)| PrintState { id: *id, print: print.0 }).collect(),
        };
        // Room for everything, so that no part is left behind in a buffer that was too small.
        let mut bytes = Zeroizing::new(Vec::with_capacity(cbor_len(&state)));
        cbor::encode_into(&state, &mut bytes);
        bytes
    }

    /// The ring that was [`export`](Self::export)ed.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not what `export` wrote.
    pub fn import(bytes: &[u8]) -> Result<Self, DecodeError> {
        let state: RingState = cbor::decode(bytes)?;
        let zone = state.zone;
        let keys = state.keys.into_iter().map(|key| (key.id, held_key(&zone, key))).collect();
        let object_id_keys = state.object_id_keys.into_iter().map(|held| HeldObjectIdKey {
            valid_from: held.valid_from,
            made_at: held.made_at,
            id: held.id,
            key: ObjectIdKey::from_bytes(held.key.0),
        });
        Ok(Self {
            keys,
            active: state
                .active
                .map(|active| ActiveManifest { zone_key_id: active.zone_key_id, created_at: active.created_at }),
            object_id_keys: object_id_keys.collect(),
            zone_key_prints: state.prints.into_iter().map(|print| (print.id, KeyPrint(print.print))).collect(),
            zone,
        })
    }
}

/// An upper bound of the encoding's length.
fn cbor_len(state: &RingState) -> usize {
    let epochs = state.keys.iter().map(|key| match &key.material {
        MaterialState::Static(_) => 1,
        MaterialState::Ratchet { keys, .. } => keys.len().saturating_add(1),
    });
    let manifests = state.keys.iter().map(|key| key.manifests.len());
    let items = epochs
        .chain(manifests)
        .chain([state.keys.len(), state.object_id_keys.len(), state.prints.len(), 1])
        .fold(0_usize, usize::saturating_add);
    items.saturating_mul(256)
}

/// A key as it is stored; a ratchet always has its chain.
fn key_state(id: ZoneKeyId, held: &HeldKey) -> Option<KeyState> {
    let (algorithm, material) = match &held.material {
        Material::Static(key) => (key.algorithm(), MaterialState::Static(Secret(*key.expose()))),
        Material::Ratchet(ratchet) => {
            let chain = ratchet.chain.as_ref()?;
            let keys =
                ratchet.keys.iter().map(|(epoch, key)| EpochKeyState { epoch: *epoch, key: Secret(*key.expose()) });
            let state = MaterialState::Ratchet {
                epoch: chain.epoch(),
                chain: Secret(*chain.expose()),
                keys: keys.collect(),
                retain: ratchet.retain,
            };
            (chain.algorithm(), state)
        }
    };
    Some(KeyState {
        id,
        algorithm,
        material,
        manifests: held.manifests.clone(),
        made_at: held.made_at,
        valid_until: held.valid_until,
        closes_at: held.closes_at,
    })
}

fn held_key(zone: &ZoneId, state: KeyState) -> HeldKey {
    let zone_key = |key: &Secret| ZoneKey::new(zone.clone(), state.id, state.algorithm, key.0);
    let material = match &state.material {
        MaterialState::Static(key) => Material::Static(zone_key(key)),
        MaterialState::Ratchet { epoch, chain, keys, retain } => Material::Ratchet(Ratchet {
            chain: Some(EpochChain::resume(zone.clone(), state.id, state.algorithm, *epoch, chain.0)),
            keys: keys.iter().map(|key| (key.epoch, zone_key(&key.key))).collect::<BTreeMap<_, _>>(),
            retain: *retain,
        }),
    };
    HeldKey {
        material,
        manifests: state.manifests,
        made_at: state.made_at,
        valid_until: state.valid_until,
        closes_at: state.closes_at,
    }
}
