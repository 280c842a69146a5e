//! The signed form: `COSE_Sign1`, untagged, in one encoding (§7.5.1, D109, D110).

use alloc::vec::Vec;

use fcp_core::cbor::{DecodeErrorKind, Decoder, Encoder};
use fcp_core::id::{Kid, ObjectId, ObjectIdKey};
use fcp_core::object::Message;
use fcp_core::sign::{
    NodeIssuanceKey, NodeIssuancePublicKey, Preimage, Signature, SignatureError, SigningKey as _, Unverified,
    VerifyingKey as _,
};

use super::{TokenClaims, TokenError};

/// The protected header up to the key id: `{1: -8, 4: bstr .size 8}`.
const PROTECTED_PREFIX: [u8; 5] = [0xa2, 0x01, 0x27, 0x04, 0x48];

/// Names the schema by which token ids are made (D110). Tokens themselves are not of G4's form.
#[derive(Message)]
#[fcp(schema = "fcp.core:CapabilityToken@2.0.0")]
struct TokenSchema {}

/// A capability token as its bytes say it (§7.5).
///
/// Its form is right; nothing else is known of it. [`identified`](Self::identified) gives it its id, and
/// [`verify`](Self::verify) decides whether it counts.
///
/// ```cddl
/// token = [ protected: bstr .cbor { 1: -8, 4: bstr .size 8 }, unprotected: {}, payload: bstr .cbor claims,
///   signature: bstr .size 64 ]
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapabilityToken {
    claims: TokenClaims,
    kid: Kid,
    /// The claims as they were received, or encoded.
    payload: Vec<u8>,
    signature: Signature,
}

impl CapabilityToken {
    /// The longest token that a verifier looks into, in bytes of its claims: verifying takes more than linear time.
    pub const MAX_CLAIMS_LEN: usize = 65_536;

    /// Mints a token: sorts the lists of `claims` and signs with the issuing node's key.
    ///
    /// # Errors
    /// [`TokenError`] if the claims make no token that anybody could accept: no capability, no or too long a life, no
    /// checkpoint outside of `z:public`.
    pub fn mint(mut claims: TokenClaims, key: &NodeIssuanceKey) -> Result<Self, TokenError> {
        claims.sort();
        if !(1..=TokenClaims::MAX_LIFETIME_SECS).contains(&claims.lifetime_secs()) {
            return Err(TokenError::Lifetime);
        }
        if claims.checkpoint.is_none() && claims.iss_zone.as_str() != "z:public" {
            return Err(TokenError::Unbound);
        }
        let payload = claims.to_payload();
        // What nobody could read is not signed.
        TokenClaims::from_payload(&payload)?;
        let kid = key.public().kid();
        let signature = key.sign(&Preimage::cose_sign1(&protected(kid), &payload));
        Ok(Self { claims, kid, payload, signature })
    }

    /// Reads a token from the one form that it has.
    ///
    /// # Errors
    /// [`TokenError`] with the first rule that the bytes break.
    pub fn decode(cwt: &[u8]) -> Result<Self, TokenError> {
        let mut decoder = Decoder::new(cwt).map_err(TokenError::Malformed)?;
        let start = decoder.clone();
        let parts = decoder.array().map_err(TokenError::Malformed)?;
        if parts != 4 {
            return Err(TokenError::Malformed(start.error(DecodeErrorKind::OutOfRange)));
        }
        let header = decoder.bytes().map_err(TokenError::Malformed)?;
        let unprotected = decoder.clone();
        if decoder.map().map_err(TokenError::Malformed)? != 0 {
            return Err(TokenError::Malformed(unprotected.error(DecodeErrorKind::OutOfRange)));
        }
        decoder.leave();
        let payload = decoder.bytes().map_err(TokenError::Malformed)?;
        let signature = decoder.byte_array().map(Signature::from_bytes).map_err(TokenError::Malformed)?;
        decoder.leave();
        decoder.finish().map_err(TokenError::Malformed)?;

        let kid = header.strip_prefix(&PROTECTED_PREFIX).and_then(|kid| <[u8; 8]>::try_from(kid).ok());
        let kid = Kid::from_bytes(kid.ok_or(TokenError::Header)?);
        let claims = TokenClaims::from_payload(payload)?;
        Ok(Self { claims, kid, payload: payload.to_vec(), signature })
    }

    /// The token's bytes.
    #[must_use]
    pub fn to_cwt(&self) -> Vec<u8> {
        let mut cwt = Vec::with_capacity(self.payload.len().saturating_add(96));
        let mut encoder = Encoder::new(&mut cwt);
        encoder.array(4);
        encoder.bytes(&protected(self.kid));
        encoder.map(0);
        encoder.bytes(&self.payload);
        encoder.bytes(self.signature.as_bytes());
        cwt
    }

    /// What the token says.
    #[must_use]
    pub const fn claims(&self) -> &TokenClaims {
        &self.claims
    }

    /// How many bytes the claims have.
    #[must_use]
    pub const fn claims_len(&self) -> usize {
        self.payload.len()
    }

    /// The key id of the issuance key.
    #[must_use]
    pub const fn kid(&self) -> Kid {
        self.kid
    }

    /// The token's id (D110), under the object-id key of its zone that was valid at `iat` (D16): the id covers what is
    /// signed and nothing else, so that no edit of the envelope dodges a revocation.
    #[must_use]
    pub fn id(&self, key: &ObjectIdKey) -> ObjectId {
        let mut content = Vec::with_capacity(self.payload.len().saturating_add(32));
        let mut encoder = Encoder::new(&mut content);
        encoder.array(2);
        encoder.bytes(&protected(self.kid));
        encoder.bytes(&self.payload);
        ObjectId::new(&content, &self.claims.iss_zone, &TokenSchema::SCHEMA_HASH, key)
    }

    /// The token under its id, to be verified.
    #[must_use]
    pub fn identified(self, key: &ObjectIdKey) -> Unverified<Self> {
        let id = self.id(key);
        Unverified::new(self, id)
    }

    /// Checks the signature alone.
    ///
    /// # Errors
    /// [`SignatureError`] unless `key` signed exactly these claims.
    pub fn verify_signature(&self, key: &NodeIssuancePublicKey) -> Result<(), SignatureError> {
        key.verify(&Preimage::cose_sign1(&protected(self.kid), &self.payload), &self.signature)
    }
}

fn protected(kid: Kid) -> [u8; 13] {
    let mut header = [0; 13];
    let (prefix, rest) = header.split_at_mut(PROTECTED_PREFIX.len());
    prefix.copy_from_slice(&PROTECTED_PREFIX);
    rest.copy_from_slice(kid.as_bytes());
    header
}
