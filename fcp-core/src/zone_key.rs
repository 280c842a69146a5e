//! Zone keys (§5.2.1) and what is derived from them: sender subkeys (§4.3.1, D55) and epoch keys (D91).

use alloc::boxed::Box;

use zeroize::{Zeroize, Zeroizing};

use crate::aead::{AeadError, ChaChaKey, TAG_LEN, XChaChaKey};
use crate::cbor::{Decode, Encode};
use crate::id::{EpochId, NodeId, ZoneId, ZoneKeyId};
use crate::time::Timestamp;

/// Which AEAD a zone's symbols are sealed with (§5.2.1, D26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum ZoneKeyAlgorithm {
    /// ChaCha20-Poly1305 with 12-byte nonces.
    #[fcp(name = "chacha20poly1305")]
    ChaCha20Poly1305,
    /// XChaCha20-Poly1305 with 24-byte nonces.
    #[fcp(name = "xchacha20poly1305")]
    XChaCha20Poly1305,
}

/// A zone's symmetric key: drawn at random, given to members in a manifest, and input of key derivation only — nothing
/// is ever encrypted under it (D56). Erased when dropped.
#[derive(Clone)]
pub struct ZoneKey {
    zone: ZoneId,
    id: ZoneKeyId,
    algorithm: ZoneKeyAlgorithm,
    key: Zeroizing<[u8; 32]>,
}

impl ZoneKey {
    /// The key of these bytes.
    #[must_use]
    pub fn new(zone: ZoneId, id: ZoneKeyId, algorithm: ZoneKeyAlgorithm, mut key: [u8; 32]) -> Self {
        let zone_key = Self { zone, id, algorithm, key: Zeroizing::new(key) };
        key.zeroize();
        zone_key
    }

    /// A fresh random key under a fresh random id (D89).
    #[must_use]
    pub fn generate(zone: ZoneId, algorithm: ZoneKeyAlgorithm, rng: &mut impl rand_core::CryptoRng) -> Self {
        let (mut id, mut key) = ([0; 8], Zeroizing::new([0; 32]));
        rng.fill_bytes(&mut id);
        rng.fill_bytes(&mut key[..]);
        Self { zone, id: ZoneKeyId::from_bytes(id), algorithm, key }
    }

    /// The zone.
    #[must_use]
    pub const fn zone(&self) -> &ZoneId {
        &self.zone
    }

    /// The key's id, which frames carry.
    #[must_use]
    pub const fn id(&self) -> ZoneKeyId {
        self.id
    }

    /// Which AEAD it is for.
    #[must_use]
    pub const fn algorithm(&self) -> ZoneKeyAlgorithm {
        self.algorithm
    }

    /// The key's bytes, to be sealed to a member.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.key
    }

    /// The subkey that one instance of one sender encrypts under (§4.3.1, D55):
    /// HKDF-SHA256(salt = key id, ikm = key, info = `FCP2-SENDER-KEY-V1` ‖ node id ‖ instance u64 LE).
    #[must_use]
    pub fn sender_key(&self, sender: &NodeId, instance: u64) -> SenderKey {
        let subkey = self.sender_key_bytes(sender, instance);
        let cipher = match self.algorithm {
            ZoneKeyAlgorithm::ChaCha20Poly1305 => Cipher::ChaCha(Box::new(ChaChaKey::new(&subkey))),
            ZoneKeyAlgorithm::XChaCha20Poly1305 => Cipher::XChaCha(XChaChaKey::new(&subkey)),
        };
        SenderKey { cipher, instance }
    }

    /// The sender's subkey as bytes, to be compared with another implementation's.
    #[must_use]
    pub fn sender_key_bytes(&self, sender: &NodeId, instance: u64) -> Zeroizing<[u8; 32]> {
        let mut subkey = Zeroizing::new([0; 32]);
        expand(
            &hkdf::Hkdf::new(Some(self.id.as_bytes()), &self.key[..]),
            &[b"FCP2-SENDER-KEY-V1", sender.as_bytes(), &instance.to_le_bytes()],
            &mut subkey,
        );
        subkey
    }
}

/// HKDF-Expand to 32 bytes, which cannot be too long.
fn expand(hkdf: &hkdf::Hkdf<sha2::Sha256>, info: &[&[u8]], out: &mut [u8; 32]) {
    let expanded = hkdf.expand_multi_info(info, out);
    debug_assert!(expanded.is_ok(), "32 bytes are within the limit of HKDF-SHA256");
}

impl core::fmt::Debug for ZoneKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ZoneKey({}, {}, ..)", self.zone, self.id)
    }
}

/// The nonce of ChaCha20-Poly1305 (§4.1): frame sequence u64 LE ‖ ESI u32 LE.
#[must_use]
pub fn nonce12(frame_seq: u64, esi: u32) -> [u8; 12] {
    let mut nonce = [0; 12];
    let (seq, tail) = nonce.split_at_mut(8);
    seq.copy_from_slice(&frame_seq.to_le_bytes());
    tail.copy_from_slice(&esi.to_le_bytes());
    nonce
}

/// The nonce of XChaCha20-Poly1305 (§4.1): instance u64 LE ‖ frame sequence u64 LE ‖ ESI u32 LE ‖ zero u32.
#[must_use]
pub fn nonce24(instance: u64, frame_seq: u64, esi: u32) -> [u8; 24] {
    let mut nonce = [0; 24];
    let (head, tail) = nonce.split_at_mut(8);
    head.copy_from_slice(&instance.to_le_bytes());
    let (middle, _) = tail.split_at_mut(12);
    middle.copy_from_slice(&nonce12(frame_seq, esi));
    nonce
}

enum Cipher {
    ChaCha(Box<ChaChaKey>),
    XChaCha(XChaChaKey),
}

/// The subkey of one instance of one sender, ready to seal and open symbols in place.
///
/// A (frame sequence, ESI) pair must never seal different bytes twice under one subkey (D50, D51).
pub struct SenderKey {
    cipher: Cipher,
    instance: u64,
}

impl SenderKey {
    /// Encrypts `data` in place and returns the tag.
    #[must_use]
    pub fn seal(&self, frame_seq: u64, esi: u32, aad: &[u8], data: &mut [u8]) -> [u8; TAG_LEN] {
        match &self.cipher {
            Cipher::ChaCha(key) => key.seal(&nonce12(frame_seq, esi), aad, data),
            Cipher::XChaCha(key) => key.seal(&nonce24(self.instance, frame_seq, esi), aad, data),
        }
    }

    /// Decrypts `data` in place.
    ///
    /// # Errors
    /// [`AeadError`]; `data` is then of no use.
    pub fn open(
        &self,
        frame_seq: u64,
        esi: u32,
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), AeadError> {
        match &self.cipher {
            Cipher::ChaCha(key) => key.open(&nonce12(frame_seq, esi), aad, data, tag),
            Cipher::XChaCha(key) => key.open(&nonce24(self.instance, frame_seq, esi), aad, data, tag),
        }
    }
}

impl core::fmt::Debug for SenderKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SenderKey(..)")
    }
}

/// One link of a zone's epoch ratchet (D91): gives the epoch's key and the next link, never an earlier one.
///
/// Consumed by [`next`](Self::next) and erased when dropped, so that what was deleted cannot be derived again.
pub struct EpochChain {
    zone: ZoneId,
    key_id: ZoneKeyId,
    algorithm: ZoneKeyAlgorithm,
    epoch: EpochId,
    chain: Zeroizing<[u8; 32]>,
}

impl EpochChain {
    /// The first link: HKDF-Extract(salt = key id, ikm = zone key), in the epoch of the manifest's `valid_from`.
    #[must_use]
    pub fn start(zone_key: &ZoneKey, valid_from: Timestamp) -> Self {
        let (mut extracted, _) = hkdf::Hkdf::<sha2::Sha256>::extract(Some(zone_key.id.as_bytes()), &zone_key.key[..]);
        let mut chain = Zeroizing::new([0; 32]);
        chain.copy_from_slice(&extracted);
        extracted.as_mut_slice().zeroize();
        Self {
            zone: zone_key.zone.clone(),
            key_id: zone_key.id,
            algorithm: zone_key.algorithm,
            epoch: EpochId::of(valid_from),
            chain,
        }
    }

    /// The link of `epoch` with the stored chain value, from the parts that a node keeps on disk.
    #[must_use]
    pub fn resume(
        zone: ZoneId,
        key_id: ZoneKeyId,
        algorithm: ZoneKeyAlgorithm,
        epoch: EpochId,
        mut chain: [u8; 32],
    ) -> Self {
        let link = Self { zone, key_id, algorithm, epoch, chain: Zeroizing::new(chain) };
        chain.zeroize();
        link
    }

    /// The link's epoch.
    #[must_use]
    pub const fn epoch(&self) -> EpochId {
        self.epoch
    }

    /// Which AEAD its keys are for.
    #[must_use]
    pub const fn algorithm(&self) -> ZoneKeyAlgorithm {
        self.algorithm
    }

    /// The chain value, to be stored.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.chain
    }

    /// The epoch's key, which takes the zone key's place in the sender subkeys:
    /// HKDF-Expand(chain, `FCP2-EPOCH-KEY-V1` ‖ epoch u64 LE).
    #[must_use]
    pub fn key(&self) -> ZoneKey {
        let mut key = Zeroizing::new([0; 32]);
        if let Ok(hkdf) = hkdf::Hkdf::from_prk(&self.chain[..]) {
            expand(&hkdf, &[b"FCP2-EPOCH-KEY-V1", &self.epoch.get().to_le_bytes()], &mut key);
        }
        ZoneKey { zone: self.zone.clone(), id: self.key_id, algorithm: self.algorithm, key }
    }

    /// The next link: HKDF-Expand(chain, `FCP2-EPOCH-CHAIN-V1`).
    #[must_use]
    pub fn next(self) -> Self {
        let mut chain = Zeroizing::new([0; 32]);
        if let Ok(hkdf) = hkdf::Hkdf::from_prk(&self.chain[..]) {
            expand(&hkdf, &[b"FCP2-EPOCH-CHAIN-V1"], &mut chain);
        }
        Self { epoch: self.epoch.saturating_add(1), chain, ..self }
    }
}

impl core::fmt::Debug for EpochChain {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "EpochChain({}, {}, epoch {}, ..)", self.zone, self.key_id, self.epoch)
    }
}
