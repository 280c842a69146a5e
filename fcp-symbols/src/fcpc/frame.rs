//! One frame.

use alloc::vec::Vec;

use fcp_core::aead::{ChaChaKey, TAG_LEN};
use fcp_core::error::Reason;
use fcp_core::object::ObjectError;

use crate::session::{Direction, SessionId};

/// What every frame begins with.
pub const MAGIC: [u8; 4] = *b"FCPC";

/// The version of the format.
pub const VERSION: u16 = 1;

/// The only flags of version 1: the frame is encrypted (D139).
pub const FLAG_ENCRYPTED: u16 = 1;

/// The header before the ciphertext.
pub const HEADER_LEN: usize = 36;

/// The longest plaintext of a frame: 4 MiB (D138).
pub const MAX_LEN: usize = 4 * 1024 * 1024;

/// Why a frame is refused, or not made. What is refused ends its stream (D140).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FcpcError {
    /// Shorter than header and tag.
    #[error("frame is shorter than header and tag")]
    TooShort,
    /// Another magic.
    #[error("frame does not begin with `FCPC`")]
    BadMagic,
    /// Another version.
    #[error("unsupported version {0}")]
    UnsupportedVersion(u16),
    /// Of another session.
    #[error("frame of another session")]
    WrongSession,
    /// Not the previous number plus 1.
    #[error("sequence {0} is not the next one")]
    BadSequence(u64),
    /// Not exactly ENCRYPTED.
    #[error("flags {0:#06x} are not exactly ENCRYPTED")]
    BadFlags(u16),
    /// More than 4 MiB.
    #[error("frame holds more than 4 MiB")]
    TooLarge,
    /// More or fewer bytes than the header says.
    #[error("frame is not as long as its header says")]
    LengthMismatch,
    /// Not sealed under this session's key in this direction, or changed.
    #[error("frame does not authenticate")]
    AeadInvalid,
    /// The plaintext is no control-plane object (D141).
    #[error("{0}")]
    Object(ObjectError),
    /// The sender has used up its numbers.
    #[error("sequence numbers are used up")]
    Exhausted,
    /// Too much waits to be written: nothing was sealed.
    #[error("too much waits to be written")]
    Backlog,
}

impl FcpcError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::TooShort => Reason::FcpcTooShort,
            Self::BadMagic => Reason::FcpcBadMagic,
            Self::UnsupportedVersion(_) => Reason::FcpcUnsupportedVersion,
            Self::WrongSession => Reason::FcpcWrongSession,
            Self::BadSequence(_) => Reason::FcpcBadSequence,
            Self::BadFlags(_) => Reason::FcpcBadFlags,
            Self::TooLarge => Reason::FcpcTooLarge,
            Self::LengthMismatch => Reason::FcpcLengthMismatch,
            Self::AeadInvalid => Reason::FcpcAeadInvalid,
            Self::Object(error) => error.reason(),
            Self::Exhausted => Reason::FcpcExhausted,
            Self::Backlog => Reason::FcpcBacklog,
        }
    }
}

/// A frame's header (§9.4, D138).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// The session's id, as it stands there.
    pub session_id: [u8; 16],
    /// The frame's place in its direction, from 1.
    pub seq: u64,
    /// The flags.
    pub flags: u16,
    /// The ciphertext's length, without the tag.
    pub len: u32,
}

impl FrameHeader {
    /// Reads a header and checks it, field by field as they stand there; `seq` is the number that it must have, if any.
    pub(super) fn read(bytes: &[u8; HEADER_LEN], session_id: &SessionId, seq: Option<u64>) -> Result<Self, FcpcError> {
        let header = Self::parse(bytes)?;
        if header.session_id != *session_id.as_bytes() {
            return Err(FcpcError::WrongSession);
        }
        if seq.is_some_and(|seq| seq != header.seq) {
            return Err(FcpcError::BadSequence(header.seq));
        }
        if header.flags != FLAG_ENCRYPTED {
            return Err(FcpcError::BadFlags(header.flags));
        }
        if header.body_len() > MAX_LEN.saturating_add(TAG_LEN) {
            return Err(FcpcError::TooLarge);
        }
        Ok(header)
    }

    /// What the first bytes of a stream say, which nobody vouches for: to find the session that a new stream is of.
    ///
    /// # Errors
    /// [`FcpcError::BadMagic`], [`FcpcError::UnsupportedVersion`].
    pub fn parse(bytes: &[u8; HEADER_LEN]) -> Result<Self, FcpcError> {
        let [m0, m1, m2, m3, v0, v1, rest @ ..] = bytes;
        if [*m0, *m1, *m2, *m3] != MAGIC {
            return Err(FcpcError::BadMagic);
        }
        let version = u16::from_le_bytes([*v0, *v1]);
        if version != VERSION {
            return Err(FcpcError::UnsupportedVersion(version));
        }
        let (session_id, rest) = rest.split_first_chunk::<16>().ok_or(FcpcError::TooShort)?;
        let (seq, rest) = rest.split_first_chunk::<8>().ok_or(FcpcError::TooShort)?;
        let (flags, len) = rest.split_first_chunk::<2>().ok_or(FcpcError::TooShort)?;
        let len = len.first_chunk::<4>().ok_or(FcpcError::TooShort)?;
        Ok(Self {
            session_id: *session_id,
            seq: u64::from_le_bytes(*seq),
            flags: u16::from_le_bytes(*flags),
            len: u32::from_le_bytes(*len),
        })
    }

    /// The header's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        let parts: [&[u8]; 6] = [
            &MAGIC,
            &VERSION.to_le_bytes(),
            &self.session_id,
            &self.seq.to_le_bytes(),
            &self.flags.to_le_bytes(),
            &self.len.to_le_bytes(),
        ];
        bytes.iter_mut().zip(parts.into_iter().flatten()).for_each(|(byte, part)| *byte = *part);
        bytes
    }

    /// The length of ciphertext and tag.
    pub(super) fn body_len(&self) -> usize {
        usize::try_from(self.len).unwrap_or(usize::MAX).saturating_add(TAG_LEN)
    }

    /// The associated data: session id ‖ sequence u64 LE ‖ flags u16 LE.
    fn aad(&self) -> [u8; 26] {
        let mut aad = [0; 26];
        let (id, rest) = aad.split_at_mut(16);
        id.copy_from_slice(&self.session_id);
        let (seq, flags) = rest.split_at_mut(8);
        seq.copy_from_slice(&self.seq.to_le_bytes());
        flags.copy_from_slice(&self.flags.to_le_bytes());
        aad
    }

    /// The nonce: direction ‖ three zeros ‖ sequence u64 LE.
    fn nonce(&self, direction: Direction) -> [u8; 12] {
        let mut nonce = [0; 12];
        let (head, seq) = nonce.split_at_mut(4);
        head.iter_mut().take(1).for_each(|byte| *byte = direction.byte());
        seq.copy_from_slice(&self.seq.to_le_bytes());
        nonce
    }
}

/// Appends one sealed frame to `out`. Never seal two frames under one key with the same direction and sequence: use
/// [`FcpcSender`](super::FcpcSender), which counts.
///
/// # Errors
/// [`FcpcError::TooLarge`] for a plaintext above 4 MiB; nothing is appended then.
pub fn seal_frame(
    key: &ChaChaKey,
    session_id: &SessionId,
    direction: Direction,
    seq: u64,
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), FcpcError> {
    let len = u32::try_from(plaintext.len()).ok().filter(|_| plaintext.len() <= MAX_LEN).ok_or(FcpcError::TooLarge)?;
    let header = FrameHeader { session_id: *session_id.as_bytes(), seq, flags: FLAG_ENCRYPTED, len };
    out.reserve(HEADER_LEN.saturating_add(header.body_len()));
    out.extend_from_slice(&header.to_bytes());
    let body_at = out.len();
    out.extend_from_slice(plaintext);
    let body = out.get_mut(body_at..).unwrap_or_default();
    let tag = key.seal(&header.nonce(direction), &header.aad(), body);
    out.extend_from_slice(&tag);
    Ok(())
}

/// Opens one whole frame of a session. It says nothing of the frame's place in the stream: use
/// [`FcpcReceiver`](super::FcpcReceiver) for that.
///
/// # Errors
/// [`FcpcError`] with the first check that fails.
pub fn open_frame(
    key: &ChaChaKey,
    session_id: &SessionId,
    direction: Direction,
    frame: &[u8],
) -> Result<(FrameHeader, Vec<u8>), FcpcError> {
    let (header, body) = frame.split_first_chunk::<HEADER_LEN>().ok_or(FcpcError::TooShort)?;
    if body.len() < TAG_LEN {
        return Err(FcpcError::TooShort);
    }
    let header = FrameHeader::read(header, session_id, None)?;
    if body.len() != header.body_len() {
        return Err(FcpcError::LengthMismatch);
    }
    let plaintext = open_body(key, direction, &header, body.to_vec())?;
    Ok((header, plaintext))
}

/// Decrypts ciphertext and tag in place and gives the plaintext.
pub(super) fn open_body(
    key: &ChaChaKey,
    direction: Direction,
    header: &FrameHeader,
    mut body: Vec<u8>,
) -> Result<Vec<u8>, FcpcError> {
    let (ciphertext, tag) = body.split_last_chunk_mut::<TAG_LEN>().ok_or(FcpcError::TooShort)?;
    key.open(&header.nonce(direction), &header.aad(), ciphertext, tag).map_err(|_| FcpcError::AeadInvalid)?;
    let len = ciphertext.len();
    body.truncate(len);
    Ok(body)
}
