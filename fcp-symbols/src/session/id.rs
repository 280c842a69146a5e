//! Session ids (§4.2, D46, D47).

use core::borrow::Borrow;

use fcp_core::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use fcp_core::error::Reason;
use fcp_core::rand_core::CryptoRng;

/// An id of zeros, or one that begins like a message, frame or stream (D46, D47).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("session id is zero or begins like another message")]
pub struct SessionIdError;

impl SessionIdError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::SessionBadId
    }
}

/// The id of one session, drawn at random by the responder (§4.2): 16 bytes, not all zero, that begin with none of
/// `FCPH`, `FCPS` and `FCPC` (D46, D47).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// The id of these bytes.
    ///
    /// # Errors
    /// [`SessionIdError`].
    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, SessionIdError> {
        let like_a_message = [b"FCPH", b"FCPS", b"FCPC"].iter().any(|magic| bytes.starts_with(*magic));
        if bytes == [0; 16] || like_a_message { Err(SessionIdError) } else { Ok(Self(bytes)) }
    }

    /// The id's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// A fresh random id that `is_live` does not know. None only if `rng` gives the same bytes again and again.
    pub(super) fn draw(rng: &mut impl CryptoRng, is_live: impl Fn(&Self) -> bool) -> Option<Self> {
        (0..16).find_map(|_| {
            let mut bytes = [0; 16];
            rng.fill_bytes(&mut bytes);
            Self::from_bytes(bytes).ok().filter(|id| !is_live(id))
        })
    }
}

/// Sessions are found by the first 16 bytes of a datagram, whatever they are.
impl Borrow<[u8; 16]> for SessionId {
    fn borrow(&self) -> &[u8; 16] {
        &self.0
    }
}

impl core::fmt::Display for SessionId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl core::fmt::Debug for SessionId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl Encode for SessionId {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bytes(&self.0);
    }
}

impl<'b> Decode<'b> for SessionId {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let bytes = decoder.byte_array()?;
        Self::from_bytes(bytes).map_err(|error| Decoder::invalid(offset, error.reason()))
    }
}

#[cfg(test)]
mod tests {
    use super::SessionId;

    #[test]
    fn an_id_is_told_apart_from_everything_else_on_the_socket() {
        let with = |start: &[u8]| {
            let mut bytes = [7; 16];
            bytes[..start.len()].copy_from_slice(start);
            SessionId::from_bytes(bytes)
        };
        assert!(SessionId::from_bytes([0; 16]).is_err());
        for magic in [b"FCPH", b"FCPS", b"FCPC"] {
            assert_eq!(with(magic).unwrap_err().reason().code(), "session.bad_session_id");
        }
        assert!(with(b"FCPX").is_ok());
        assert!(with(&[0; 15]).is_ok());
    }
}
