//! Between our types and the library's: by bytes, and by a random source of the older trait.

use frost_ed25519 as frost;
use frost_ed25519::rand_core as rand_core_06;

use crate::sign::OwnerPublicKey;

/// The random source of this crate's generation of traits, as one of the library's.
pub(super) struct Random<'r, R>(pub(super) &'r mut R);

impl<R: rand_core::CryptoRng> rand_core_06::RngCore for Random<'_, R> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl<R: rand_core::CryptoRng> rand_core_06::CryptoRng for Random<'_, R> {}

/// The bytes are not the encoding of what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// A failed conversion carries nothing else: what the library could say of it, the caller's error says with the name of
/// the participant.
impl From<frost::Error> for Malformed {
    fn from(_: frost::Error) -> Self {
        Self
    }
}

/// The identifier of a share (D202); there is none for 0.
pub(super) fn identifier(share_id: u8) -> Result<frost::Identifier, Malformed> {
    Ok(frost::Identifier::try_from(u16::from(share_id))?)
}

/// The share of an identifier that [`identifier`] made.
pub(super) fn share_id(identifier: &frost::Identifier) -> Result<u8, Malformed> {
    identifier.serialize().first().copied().ok_or(Malformed)
}

/// Bytes of the length that the library has here.
pub(super) fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Malformed> {
    bytes.try_into().map_err(|_| Malformed)
}

/// The library's form of an owner key.
pub(super) fn verifying_key(owner: &OwnerPublicKey) -> Result<frost::VerifyingKey, Malformed> {
    Ok(frost::VerifyingKey::deserialize(owner.as_bytes())?)
}

/// Our form of a group's key.
pub(super) fn owner_key(key: &frost::VerifyingKey) -> Result<OwnerPublicKey, Malformed> {
    OwnerPublicKey::from_bytes(&array(&key.serialize()?)?).map_err(|_| Malformed)
}
