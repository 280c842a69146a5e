//! The framing of handshake messages and signed frames (D46).

use alloc::vec::Vec;

use fcp_core::cbor::{self, DecodeError};
use fcp_core::error::Reason;

use super::{MeshSessionAck, MeshSessionHello, MeshSessionHelloRetry};

/// What every message begins with. No session id does (D46), so one socket carries messages and datagrams.
pub const MAGIC: [u8; 4] = *b"FCPH";

/// The version of the framing.
pub const VERSION: u16 = 1;

/// Magic, version u16, type u8 and length u32, little-endian.
pub const HEADER_LEN: usize = 11;

/// The longest body, in bytes.
pub const MAX_BODY_LEN: usize = 16_384;

/// The kinds of message, with their numbers (D46).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MessageType {
    Hello = 1,
    HelloRetry = 2,
    Ack = 3,
    SignedFrame = 4,
}

impl MessageType {
    const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Hello),
            2 => Some(Self::HelloRetry),
            3 => Some(Self::Ack),
            4 => Some(Self::SignedFrame),
            _ => None,
        }
    }
}

/// Whether bytes from the network are framed like this; if not, they are a datagram of a session.
#[must_use]
pub fn is_framed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Why bytes are no message (D46).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Shorter than the header.
    #[error("message is shorter than its header")]
    TooShort,
    /// Another magic.
    #[error("message does not begin with `FCPH`")]
    BadMagic,
    /// Another version.
    #[error("unsupported version {0}")]
    UnsupportedVersion(u16),
    /// Another type.
    #[error("unknown message type {0}")]
    UnknownType(u8),
    /// A body above the limit.
    #[error("body is longer than {MAX_BODY_LEN} bytes")]
    TooLarge,
    /// More or fewer bytes than announced.
    #[error("message is not as long as its header says")]
    LengthMismatch,
    /// The body is not canonical, or breaks a rule of its fields.
    #[error("malformed message: {0}")]
    Malformed(DecodeError),
}

impl WireError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::TooShort => Reason::SessionTooShort,
            Self::BadMagic => Reason::SessionBadMagic,
            Self::UnsupportedVersion(_) => Reason::SessionUnsupportedVersion,
            Self::UnknownType(_) => Reason::SessionUnknownType,
            Self::TooLarge => Reason::SessionTooLarge,
            Self::LengthMismatch => Reason::SessionLengthMismatch,
            Self::Malformed(error) => error.reason(),
        }
    }
}

/// One framed message: `FCPH` ‖ version u16 ‖ type u8 ‖ length u32 ‖ body (D46).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireMessage<'b> {
    /// Type 1.
    Hello(MeshSessionHello),
    /// Type 2.
    HelloRetry(MeshSessionHelloRetry),
    /// Type 3.
    Ack(MeshSessionAck),
    /// Type 4: the body of a signed frame (D70), which [`SignedFcpsFrame`](crate::signed_frame::SignedFcpsFrame) reads.
    SignedFrame(&'b [u8]),
}

impl<'b> WireMessage<'b> {
    /// Reads one message, which must fill `bytes` exactly.
    ///
    /// # Errors
    /// [`WireError`] with the first rule that `bytes` break. Only lists of attestations are copied, and only once all
    /// lengths have been checked.
    pub fn parse(bytes: &'b [u8]) -> Result<Self, WireError> {
        let (header, body) = bytes.split_first_chunk::<HEADER_LEN>().ok_or(WireError::TooShort)?;
        let [m0, m1, m2, m3, v0, v1, kind, l0, l1, l2, l3] = *header;
        if [m0, m1, m2, m3] != MAGIC {
            return Err(WireError::BadMagic);
        }
        let version = u16::from_le_bytes([v0, v1]);
        if version != VERSION {
            return Err(WireError::UnsupportedVersion(version));
        }
        let kind = MessageType::of(kind).ok_or(WireError::UnknownType(kind))?;
        let len = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        if len > MAX_BODY_LEN {
            return Err(WireError::TooLarge);
        }
        if len != body.len() {
            return Err(WireError::LengthMismatch);
        }
        match kind {
            MessageType::Hello => cbor::decode(body).map(Self::Hello),
            MessageType::HelloRetry => cbor::decode(body).map(Self::HelloRetry),
            MessageType::Ack => cbor::decode(body).map(Self::Ack),
            MessageType::SignedFrame => Ok(Self::SignedFrame(body)),
        }
        .map_err(WireError::Malformed)
    }

    /// The message's bytes.
    ///
    /// # Errors
    /// [`WireError::TooLarge`] if the body would be longer than [`MAX_BODY_LEN`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, WireError> {
        let kind = match self {
            Self::Hello(_) => MessageType::Hello,
            Self::HelloRetry(_) => MessageType::HelloRetry,
            Self::Ack(_) => MessageType::Ack,
            Self::SignedFrame(_) => MessageType::SignedFrame,
        };
        let mut bytes = Vec::with_capacity(512);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.push(kind as u8);
        bytes.extend_from_slice(&[0; 4]);
        match self {
            Self::Hello(hello) => cbor::encode_into(hello, &mut bytes),
            Self::HelloRetry(retry) => cbor::encode_into(retry, &mut bytes),
            Self::Ack(ack) => cbor::encode_into(ack, &mut bytes),
            Self::SignedFrame(body) => bytes.extend_from_slice(body),
        }
        let len = bytes.len().saturating_sub(HEADER_LEN);
        if len > MAX_BODY_LEN {
            return Err(WireError::TooLarge);
        }
        let announced = u32::try_from(len).map_err(|_| WireError::TooLarge)?.to_le_bytes();
        bytes.iter_mut().skip(HEADER_LEN.saturating_sub(4)).zip(announced).for_each(|(byte, len)| *byte = len);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_BODY_LEN, WireMessage};

    fn code(bytes: &[u8]) -> &'static str {
        WireMessage::parse(bytes).unwrap_err().reason().code()
    }

    #[test]
    fn the_frame_is_exact() {
        let good = WireMessage::SignedFrame(b"abc").to_bytes().unwrap();
        assert_eq!(good, b"FCPH\x01\x00\x04\x03\x00\x00\x00abc");
        assert_eq!(WireMessage::parse(&good).unwrap(), WireMessage::SignedFrame(b"abc"));

        assert_eq!(code(&good[..10]), "session.too_short");
        assert_eq!(code(b"FCPS\x01\x00\x04\x03\x00\x00\x00abc"), "session.bad_magic");
        assert_eq!(code(b"FCPH\x02\x00\x04\x03\x00\x00\x00abc"), "session.unsupported_version");
        assert_eq!(code(b"FCPH\x01\x01\x04\x03\x00\x00\x00abc"), "session.unsupported_version");
        assert_eq!(code(b"FCPH\x01\x00\x00\x03\x00\x00\x00abc"), "session.unknown_type");
        assert_eq!(code(b"FCPH\x01\x00\x05\x03\x00\x00\x00abc"), "session.unknown_type");
        assert_eq!(code(b"FCPH\x01\x00\x04\x01\x40\x00\x00abc"), "session.too_large");
        assert_eq!(code(b"FCPH\x01\x00\x04\xff\xff\xff\xffabc"), "session.too_large");
        assert_eq!(code(b"FCPH\x01\x00\x04\x04\x00\x00\x00abc"), "session.length_mismatch");
        assert_eq!(code(b"FCPH\x01\x00\x04\x02\x00\x00\x00abc"), "session.length_mismatch");
        assert_eq!(code(b"FCPH\x01\x00\x01\x01\x00\x00\x00\xa0"), "cbor.missing_key");
    }

    #[test]
    fn a_body_has_a_limit() {
        let longest = vec![7; MAX_BODY_LEN];
        let bytes = WireMessage::SignedFrame(&longest).to_bytes().unwrap();
        assert_eq!(WireMessage::parse(&bytes).unwrap(), WireMessage::SignedFrame(&longest));
        let longer = vec![7; MAX_BODY_LEN + 1];
        assert_eq!(WireMessage::SignedFrame(&longer).to_bytes().unwrap_err().reason().code(), "session.too_large");
    }
}
