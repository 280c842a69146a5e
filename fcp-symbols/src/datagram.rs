//! Symbol datagrams (§4.2.2): a frame in the envelope of its session.
//!
//! ```text
//! session id 16 ‖ sequence u64 ‖ MAC 16 ‖ frame
//! MAC = first 16 bytes of MAC(key of the direction, session id ‖ direction ‖ sequence u64 ‖ frame)
//! ```
//!
//! These are the two functions of one datagram, in place and without allocation. Sessions, their lifetimes and replay
//! windows are in [`session`](crate::session).

use blake3::Hasher;
use fcp_core::error::Reason;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::fcps::HEADER_LEN as FRAME_HEADER_LEN;
use crate::hmac::hmac_sha256;
use crate::session::{Direction, SessionCryptoSuite, SessionId};

/// The envelope before the frame: session id, sequence, MAC.
pub const ENVELOPE_LEN: usize = 40;

/// The length of a MAC.
pub const MAC_LEN: usize = 16;

/// Where a frame's header (§4.3) has the sender instance id; the frame sequence follows it and ends the header.
const FRAME_INSTANCE_AT: usize = 98;

/// Why a datagram is refused, in the order of the checks (D52).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatagramError {
    /// Shorter than envelope and frame header.
    #[error("datagram is shorter than its headers")]
    TooShort,
    /// Longer than the limit.
    #[error("datagram is longer than the limit")]
    TooLarge,
    /// Its MAC is not the session's.
    #[error("invalid MAC")]
    MacInvalid,
    /// Envelope and frame have different numbers.
    #[error("sequence of envelope and frame differ")]
    SeqMismatch,
}

impl DatagramError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::TooShort => Reason::FrameTooShort,
            Self::TooLarge => Reason::FrameTooLarge,
            Self::MacInvalid => Reason::FrameMacInvalid,
            Self::SeqMismatch => Reason::FrameSeqMismatch,
        }
    }
}

/// A session's MAC key of one direction, with the work that depends on the key alone already done.
pub struct MacKey(Suite);

enum Suite {
    Hmac(Hmac<Sha256>),
    Blake3(Zeroizing<[u8; 32]>),
}

impl MacKey {
    /// Sets up a key for a suite.
    #[must_use]
    pub fn new(suite: SessionCryptoSuite, key: &[u8; 32]) -> Self {
        Self(match suite {
            SessionCryptoSuite::Suite1 => Suite::Hmac(hmac_sha256(key)),
            SessionCryptoSuite::Suite2 => Suite::Blake3(Zeroizing::new(*key)),
        })
    }

    /// The MAC of a frame: over session id ‖ direction ‖ sequence u64 LE ‖ frame (D48).
    #[must_use]
    pub fn tag(&self, session_id: &[u8; 16], direction: Direction, seq: u64, frame: &[u8]) -> [u8; MAC_LEN] {
        let mut prefix = [0; 25];
        let (id, rest) = prefix.split_at_mut(16);
        id.copy_from_slice(session_id);
        if let [first, rest @ ..] = rest {
            *first = direction.byte();
            rest.copy_from_slice(&seq.to_le_bytes());
        }
        let full: [u8; 32] = match &self.0 {
            Suite::Hmac(keyed) => {
                let mut mac = keyed.clone();
                mac.update(&prefix);
                mac.update(frame);
                mac.finalize().into_bytes().into()
            }
            Suite::Blake3(key) => {
                let mut hasher = Hasher::new_keyed(key);
                hasher.update(&prefix);
                hasher.update(frame);
                *hasher.finalize().as_bytes()
            }
        };
        let mut tag = [0; MAC_LEN];
        tag.copy_from_slice(full.split_at(MAC_LEN).0);
        tag
    }
}

impl core::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("MacKey(..)")
    }
}

/// The sender instance id and the frame sequence in a frame's header (§4.3).
///
/// # Errors
/// [`DatagramError::TooShort`] if `frame` has no whole header.
pub fn frame_number(frame: &[u8]) -> Result<(u64, u64), DatagramError> {
    let numbers = frame.get(FRAME_INSTANCE_AT..FRAME_HEADER_LEN).ok_or(DatagramError::TooShort)?;
    match numbers.as_chunks::<8>().0 {
        [instance, seq] => Ok((u64::from_le_bytes(*instance), u64::from_le_bytes(*seq))),
        _ => Err(DatagramError::TooShort),
    }
}

/// Writes the envelope of the frame that stands in `buffer` behind [`ENVELOPE_LEN`] bytes of room. The envelope's
/// sequence is the frame's.
///
/// # Errors
/// [`DatagramError::TooShort`] if there is no whole frame header behind the room.
pub fn seal(
    key: &MacKey,
    session_id: &SessionId,
    direction: Direction,
    buffer: &mut [u8],
) -> Result<(), DatagramError> {
    let (envelope, frame) = buffer.split_first_chunk_mut::<ENVELOPE_LEN>().ok_or(DatagramError::TooShort)?;
    let (_, seq) = frame_number(frame)?;
    let tag = key.tag(session_id.as_bytes(), direction, seq, frame);
    let (id, rest) = envelope.split_at_mut(16);
    id.copy_from_slice(session_id.as_bytes());
    let (number, mac) = rest.split_at_mut(8);
    number.copy_from_slice(&seq.to_le_bytes());
    mac.copy_from_slice(&tag);
    Ok(())
}

/// A datagram's parts, before anything about it is known to be true.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'d> {
    session_id: &'d [u8; 16],
    seq: u64,
    mac: &'d [u8; MAC_LEN],
    frame: &'d [u8],
}

/// The numbers of a frame whose MAC is right: the session's peer sent it in this session and direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthenticNumber {
    /// The sender instance id of the frame's header.
    pub instance: u64,
    /// The frame sequence, of envelope and header alike.
    pub seq: u64,
}

impl<'d> Datagram<'d> {
    /// Takes a datagram apart: the first check of D52.
    ///
    /// # Errors
    /// [`DatagramError::TooLarge`] above `max_bytes`, [`DatagramError::TooShort`] below envelope and frame header.
    pub fn parse(bytes: &'d [u8], max_bytes: usize) -> Result<Self, DatagramError> {
        if bytes.len() > max_bytes {
            return Err(DatagramError::TooLarge);
        }
        let (session_id, rest) = bytes.split_first_chunk::<16>().ok_or(DatagramError::TooShort)?;
        let (seq, rest) = rest.split_first_chunk::<8>().ok_or(DatagramError::TooShort)?;
        let (mac, frame) = rest.split_first_chunk::<MAC_LEN>().ok_or(DatagramError::TooShort)?;
        if frame.len() < FRAME_HEADER_LEN {
            return Err(DatagramError::TooShort);
        }
        Ok(Self { session_id, seq: u64::from_le_bytes(*seq), mac, frame })
    }

    /// The session that it claims to belong to.
    #[must_use]
    pub const fn session_id(&self) -> &'d [u8; 16] {
        self.session_id
    }

    /// The frame's bytes.
    #[must_use]
    pub const fn frame(&self) -> &'d [u8] {
        self.frame
    }

    /// Checks the MAC, in constant time, and that envelope and frame have one number (D50, D52).
    ///
    /// # Errors
    /// [`DatagramError::MacInvalid`] or [`DatagramError::SeqMismatch`].
    pub fn authenticate(&self, key: &MacKey, direction: Direction) -> Result<AuthenticNumber, DatagramError> {
        let tag = key.tag(self.session_id, direction, self.seq, self.frame);
        if !bool::from(tag.ct_eq(self.mac)) {
            return Err(DatagramError::MacInvalid);
        }
        let (instance, seq) = frame_number(self.frame)?;
        if seq != self.seq {
            return Err(DatagramError::SeqMismatch);
        }
        Ok(AuthenticNumber { instance, seq })
    }
}
