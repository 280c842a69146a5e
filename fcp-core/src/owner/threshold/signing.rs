//! What travels while a signature is made (D202).
//!
//! Points and scalars are in the encodings of RFC 9591 and are checked when the message is decoded, so that a value of
//! these types holds proper ones. The messages are not signed: they travel in sessions, whose peer is the sender.

use alloc::vec::Vec;

use frost_ed25519 as frost;

use super::bridge::{self, Malformed};
use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use crate::error::Reason;
use crate::object::Message;
use crate::sign::OwnerPublicKey;

/// A commitment to one nonce: a point of the prime-order group, kept with its encoding, which costs an inversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoncePoint {
    point: frost::round1::NonceCommitment,
    encoded: [u8; 32],
}

impl NoncePoint {
    fn new(point: frost::round1::NonceCommitment) -> Result<Self, Malformed> {
        Ok(Self { point, encoded: bridge::array(&point.serialize()?)? })
    }
}

impl Encode for NoncePoint {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bytes(&self.encoded);
    }
}

impl<'b> Decode<'b> for NoncePoint {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let encoded = decoder.byte_array()?;
        match frost::round1::NonceCommitment::deserialize(&encoded) {
            Ok(point) => Ok(Self { point, encoded }),
            Err(_) => Err(Decoder::invalid(offset, Reason::OwnerBadPackage)),
        }
    }
}

/// A signer's part of the scalar of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShareScalar(pub(super) frost::round2::SignatureShare);

impl Encode for ShareScalar {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bytes(&self.0.serialize());
    }
}

impl<'b> Decode<'b> for ShareScalar {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let encoded: [u8; 32] = decoder.byte_array()?;
        let share = frost::round2::SignatureShare::deserialize(&encoded);
        share.map(Self).map_err(|_| Decoder::invalid(offset, Reason::OwnerBadPackage))
    }
}

/// A signer's commitment to the nonces of one signature.
///
/// ```cddl
/// owner-signing-commitment = { group_key: bstr .size 32, hiding: bstr .size 32, binding: bstr .size 32 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:OwnerSigningCommitment@2.0.0")]
pub struct SigningCommitment {
    pub(super) group_key: OwnerPublicKey,
    pub(super) hiding: NoncePoint,
    pub(super) binding: NoncePoint,
}

impl SigningCommitment {
    pub(super) fn new(
        group_key: OwnerPublicKey,
        commitments: &frost::round1::SigningCommitments,
    ) -> Result<Self, Malformed> {
        let (hiding, binding) = (NoncePoint::new(*commitments.hiding())?, NoncePoint::new(*commitments.binding())?);
        Ok(Self { group_key, hiding, binding })
    }

    /// The owner key that is to sign.
    #[must_use]
    pub const fn group_key(&self) -> &OwnerPublicKey {
        &self.group_key
    }
}

/// One signer's commitments inside of a [`SigningPackage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(super) struct Signer {
    pub(super) share_id: u8,
    pub(super) hiding: NoncePoint,
    pub(super) binding: NoncePoint,
}

impl Signer {
    pub(super) fn commitments(&self) -> frost::round1::SigningCommitments {
        frost::round1::SigningCommitments::new(self.hiding.point, self.binding.point)
    }
}

/// The signers by share id, from 1, each once: 2 to 255 of them, which is checked before a point is.
#[derive(Debug, Clone, PartialEq, Eq, Encode)]
pub(super) struct Signers(pub(super) Vec<Signer>);

impl<'b> Decode<'b> for Signers {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let start = decoder.position();
        let len = decoder.array_of_at_most(usize::from(u8::MAX))?;
        if len < 2 {
            return Err(Decoder::invalid(start, Reason::OwnerBadPackage));
        }
        let mut signers = Vec::with_capacity(len);
        let mut last = 0;
        for _ in 0..len {
            let offset = decoder.position();
            let signer = Signer::decode(decoder)?;
            if signer.share_id <= last {
                return Err(Decoder::invalid(offset, Reason::OwnerBadPackage));
            }
            last = signer.share_id;
            signers.push(signer);
        }
        decoder.leave();
        Ok(Self(signers))
    }
}

/// What the coordinator sends to the signers: who signs with what commitments, and what is signed.
///
/// Nobody signs the preimage because it stands here: each signer compares it with that of the object that it decoded
/// itself (D202).
///
/// ```cddl
/// owner-signing-package = { group_key: bstr .size 32, commitments: [2*255 signer], preimage: bstr }
/// signer = { share_id: 1..255, hiding: bstr .size 32, binding: bstr .size 32 }      ; by share id, each once
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:OwnerSigningPackage@2.0.0")]
pub struct SigningPackage {
    pub(super) group_key: OwnerPublicKey,
    pub(super) commitments: Signers,
    pub(super) preimage: Vec<u8>,
}

impl SigningPackage {
    /// The owner key that is to sign.
    #[must_use]
    pub const fn group_key(&self) -> &OwnerPublicKey {
        &self.group_key
    }

    /// The share ids of the signers, rising.
    pub fn signers(&self) -> impl Iterator<Item = u8> {
        self.commitments.0.iter().map(|signer| signer.share_id)
    }

    /// The bytes to be signed.
    #[must_use]
    pub fn preimage(&self) -> &[u8] {
        &self.preimage
    }

    /// What the signers' answers name the package by: BLAKE3-256(`FCP2-OWNER-SIGNING-V1` ‖ body).
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"FCP2-OWNER-SIGNING-V1");
        hasher.update(&self.to_body());
        *hasher.finalize().as_bytes()
    }

    pub(super) fn library(&self) -> Result<frost::SigningPackage, Malformed> {
        let signers = self.commitments.0.iter();
        let commitments = signers.map(|signer| Ok((bridge::identifier(signer.share_id)?, signer.commitments())));
        Ok(frost::SigningPackage::new(commitments.collect::<Result<_, Malformed>>()?, &self.preimage))
    }
}

/// A signer's part of the signature.
///
/// ```cddl
/// owner-signature-share = { package: bstr .size 32, share: bstr .size 32 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:OwnerSignatureShare@2.0.0")]
pub struct SignatureShare {
    pub(super) package: [u8; 32],
    pub(super) share: ShareScalar,
}

impl SignatureShare {
    /// The digest of the package that it answers.
    #[must_use]
    pub const fn package(&self) -> &[u8; 32] {
        &self.package
    }
}
