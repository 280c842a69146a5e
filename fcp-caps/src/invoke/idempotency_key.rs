//! The caller's name for one intention (§9.5, D143).

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use fcp_core::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use fcp_core::error::Reason;
use fcp_core::id::{ConnectorId, ObjectId, OperationId, PrincipalId, ZoneId};
use fcp_core::lp;

/// A caller's name for one intention: asked for again under the same key, it happens no second time (D143).
///
/// 1 to 128 bytes of text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

/// The text is empty or longer than 128 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("idempotency key is empty or longer than 128 bytes")]
pub struct IdempotencyKeyError;

impl IdempotencyKeyError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::IdempotencyBadKey
    }
}

impl IdempotencyKey {
    /// The longest key, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Reads a key from its text.
    ///
    /// # Errors
    /// [`IdempotencyKeyError`] if it is empty or too long.
    pub fn new(text: &str) -> Result<Self, IdempotencyKeyError> {
        if (1..=Self::MAX_LEN).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err(IdempotencyKeyError) }
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a lease is taken on and intents are looked up by (D143): BLAKE3-256(`FCP2-IDEMPOTENCY-V1` ‖ lp(zone) ‖
    /// lp(connector) ‖ lp(operation) ‖ lp(sub) ‖ lp(key)).
    #[must_use]
    pub fn subject(
        &self,
        zone: &ZoneId,
        connector: &ConnectorId,
        operation: &OperationId,
        sub: &PrincipalId,
    ) -> ObjectId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"FCP2-IDEMPOTENCY-V1");
        let parts = [zone.as_bytes(), connector.as_bytes(), operation.as_bytes(), sub.as_bytes(), self.0.as_bytes()];
        for part in parts {
            hasher.update(&lp::prefix(part));
            hasher.update(part);
        }
        ObjectId::from_bytes(*hasher.finalize().as_bytes())
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    fn from_str(text: &str) -> Result<Self, IdempotencyKeyError> {
        Self::new(text)
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdempotencyKey({})", self.0)
    }
}

impl Encode for IdempotencyKey {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.text(&self.0);
    }
}

impl<'b> Decode<'b> for IdempotencyKey {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let text = decoder.text()?;
        Self::new(text).map_err(|error| Decoder::invalid(offset, error.reason()))
    }
}

#[cfg(test)]
mod tests {
    use super::IdempotencyKey;
    use fcp_core::cbor;
    use hex_literal::hex;

    #[test]
    fn length_is_bounded() {
        for (text, accepted) in [("", false), ("a", true), (&*"a".repeat(128), true), (&*"a".repeat(129), false)] {
            assert_eq!(IdempotencyKey::new(text).is_ok(), accepted, "{}", text.len());
            let decoded = cbor::decode::<IdempotencyKey>(&cbor::encode(text));
            assert_eq!(
                decoded.map_err(|error| error.reason().code()).err(),
                (!accepted).then_some("idempotency.bad_key")
            );
        }
    }

    #[test]
    fn the_subject_is_what_others_compute() {
        let subject = IdempotencyKey::new("key-1").unwrap().subject(
            &"z:work".parse().unwrap(),
            &"example.notebook".parse().unwrap(),
            &"append".parse().unwrap(),
            &"agent:helper".parse().unwrap(),
        );
        // A BLAKE3 in pure Python over the parts with their u16 LE lengths.
        assert_eq!(subject.as_bytes(), &hex!("2c00702fd9df610da73df4ec5d828a9454c52f3fab8e2496c795be66d6dd3b27"));
    }
}
