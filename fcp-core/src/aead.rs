//! The two AEADs of §5.2.1, in place, with a key schedule that is set up once.
//!
//! ChaCha20-Poly1305 runs on `ring` where the feature of that name is on, and on the portable implementation
//! otherwise: the same bytes either way. Keys of the portable implementation are erased when dropped; `ring` has no way
//! to erase its own.

use chacha20poly1305::{AeadInOut as _, KeyInit as _};

/// The length of an authentication tag, in bytes.
pub const TAG_LEN: usize = 16;

/// The bytes were not sealed under this key, nonce and associated data, or were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("authentication failed")]
pub struct AeadError;

/// A ChaCha20-Poly1305 key (RFC 8439), ready for use.
pub struct ChaChaKey {
    #[cfg(feature = "ring")]
    inner: ring::aead::LessSafeKey,
    #[cfg(not(feature = "ring"))]
    inner: chacha20poly1305::ChaCha20Poly1305,
}

#[cfg(feature = "ring")]
impl ChaChaKey {
    /// Sets up a key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        use ring::aead::{CHACHA20_POLY1305, LessSafeKey, UnboundKey};
        let unbound = UnboundKey::new(&CHACHA20_POLY1305, key);
        #[expect(clippy::unwrap_used, reason = "the only error is a length other than 32")]
        Self { inner: LessSafeKey::new(unbound.unwrap()) }
    }

    /// Encrypts `data` in place and returns the tag. A nonce must never be used twice under one key.
    #[must_use]
    pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> [u8; TAG_LEN] {
        use ring::aead::{Aad, Nonce};
        let tag = self.inner.seal_in_place_separate_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), data);
        let mut out = [0; TAG_LEN];
        #[expect(clippy::unwrap_used, reason = "the only error is a message of 256 GiB")]
        out.copy_from_slice(tag.unwrap().as_ref());
        out
    }

    /// Decrypts `data` in place.
    ///
    /// # Errors
    /// [`AeadError`]; `data` is then of no use.
    pub fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; TAG_LEN]) -> Result<(), AeadError> {
        use ring::aead::{Aad, Nonce, Tag};
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.inner
            .open_in_place_separate_tag(nonce, Aad::from(aad), Tag::from(*tag), data, 0..)
            .map(|_| ())
            .map_err(|_| AeadError)
    }
}

#[cfg(not(feature = "ring"))]
impl ChaChaKey {
    /// Sets up a key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self { inner: chacha20poly1305::ChaCha20Poly1305::new(key.into()) }
    }

    /// Encrypts `data` in place and returns the tag. A nonce must never be used twice under one key.
    #[must_use]
    pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> [u8; TAG_LEN] {
        #[expect(clippy::unwrap_used, reason = "the only error is a message of 256 GiB")]
        self.inner.encrypt_inout_detached(nonce.into(), aad, data.into()).unwrap().into()
    }

    /// Decrypts `data` in place.
    ///
    /// # Errors
    /// [`AeadError`]; `data` is then of no use.
    pub fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; TAG_LEN]) -> Result<(), AeadError> {
        self.inner.decrypt_inout_detached(nonce.into(), aad, data.into(), tag.into()).map_err(|_| AeadError)
    }
}

impl core::fmt::Debug for ChaChaKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ChaChaKey(..)")
    }
}

/// An XChaCha20-Poly1305 key, ready for use.
pub struct XChaChaKey(chacha20poly1305::XChaCha20Poly1305);

impl XChaChaKey {
    /// Sets up a key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(chacha20poly1305::XChaCha20Poly1305::new(key.into()))
    }

    /// Encrypts `data` in place and returns the tag. A nonce must never be used twice under one key.
    #[must_use]
    pub fn seal(&self, nonce: &[u8; 24], aad: &[u8], data: &mut [u8]) -> [u8; TAG_LEN] {
        #[expect(clippy::unwrap_used, reason = "the only error is a message of 256 GiB")]
        self.0.encrypt_inout_detached(nonce.into(), aad, data.into()).unwrap().into()
    }

    /// Decrypts `data` in place.
    ///
    /// # Errors
    /// [`AeadError`]; `data` is then of no use.
    pub fn open(&self, nonce: &[u8; 24], aad: &[u8], data: &mut [u8], tag: &[u8; TAG_LEN]) -> Result<(), AeadError> {
        self.0.decrypt_inout_detached(nonce.into(), aad, data.into(), tag.into()).map_err(|_| AeadError)
    }
}

impl core::fmt::Debug for XChaChaKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("XChaChaKey(..)")
    }
}
