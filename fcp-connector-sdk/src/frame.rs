//! Frames of the local transport: a length of four bytes, little-endian, and that many bytes of canonical CBOR.

use fcp_core::cbor::{self, Encode};
use fcp_core::error::Reason;

/// The longest message, in bytes.
pub const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// How many bytes the length takes.
const HEAD: usize = 4;

/// A message is longer than [`MAX_MESSAGE`], or empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("message of {length} bytes, where 1 to {MAX_MESSAGE} are allowed")]
pub struct FrameError {
    /// How long it is, or claims to be.
    pub length: usize,
}

impl FrameError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::ExecutionMessageTooLarge
    }
}

/// The frame of `message`.
///
/// # Errors
/// [`FrameError`] if the message is too long.
pub fn encode<T: Encode + ?Sized>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut frame = vec![0; HEAD];
    cbor::encode_into(message, &mut frame);
    let length = frame.len().saturating_sub(HEAD);
    match (u32::try_from(length), frame.first_chunk_mut::<HEAD>()) {
        (Ok(claimed), Some(head)) if (1..=MAX_MESSAGE).contains(&length) => *head = claimed.to_le_bytes(),
        _ => return Err(FrameError { length }),
    }
    Ok(frame)
}

/// Cuts a stream of bytes into messages. It holds only what was pushed, never what is merely claimed.
///
/// ```
/// use fcp_connector_sdk::frame::FrameReader;
///
/// let mut reader = FrameReader::default();
/// reader.push(b"\x02\0\0\0ab\x01\0");
/// assert_eq!(reader.next_message()?, Some(b"ab".to_vec()));
/// assert_eq!(reader.next_message()?, None);
/// reader.push(b"\0\0c");
/// assert_eq!(reader.next_message()?, Some(b"c".to_vec()));
/// # Ok::<(), fcp_connector_sdk::frame::FrameError>(())
/// ```
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: Vec<u8>,
    /// How many bytes of the buffer belong to messages that were given out.
    read: usize,
}

impl FrameReader {
    /// Takes bytes in as they come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.read.min(self.buffer.len()));
        self.read = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, if all of it is there.
    ///
    /// # Errors
    /// [`FrameError`] if its length is not allowed; the stream cannot be read on.
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let rest = self.buffer.get(self.read..).unwrap_or_default();
        let Some((head, body)) = rest.split_first_chunk::<HEAD>() else { return Ok(None) };
        let length = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
        if !(1..=MAX_MESSAGE).contains(&length) {
            return Err(FrameError { length });
        }
        let Some(message) = body.get(..length) else { return Ok(None) };
        self.read = self.read.saturating_add(HEAD).saturating_add(length);
        Ok(Some(message.to_vec()))
    }

    /// Whether the stream could end here: no message has begun.
    #[must_use]
    pub fn is_at_boundary(&self) -> bool {
        self.read >= self.buffer.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{FrameError, FrameReader, MAX_MESSAGE, encode};
    use proptest::prelude::*;

    #[test]
    fn lengths_are_bounded_before_anything_is_held() {
        for (head, length) in [([0, 0, 0, 0], 0), ([1, 0, 0x40, 0], MAX_MESSAGE + 1), ([0xff; 4], 0xffff_ffff)] {
            let mut reader = FrameReader::default();
            reader.push(&head);
            assert_eq!(reader.next_message(), Err(FrameError { length }));
        }
        let fits = vec![0_u8; MAX_MESSAGE - 5];
        assert_eq!(encode(fits.as_slice()).unwrap().len(), MAX_MESSAGE + 4);
        let long = vec![0_u8; MAX_MESSAGE - 4];
        assert_eq!(encode(long.as_slice()), Err(FrameError { length: MAX_MESSAGE + 1 }));
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_messages(messages: Vec<Vec<u8>>, cuts in proptest::collection::vec(1_usize..40, 1..20)) {
            let mut stream = Vec::new();
            for message in &messages {
                stream.extend(encode(message.as_slice()).unwrap());
            }
            let (mut reader, mut found, mut rest) = (FrameReader::default(), Vec::new(), stream.as_slice());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                reader.push(now);
                rest = later;
                while let Some(message) = reader.next_message().unwrap() {
                    found.push(fcp_core::cbor::decode::<Vec<u8>>(&message).unwrap());
                }
            }
            prop_assert_eq!(found, messages);
            prop_assert!(reader.is_at_boundary());
        }
    }
}
