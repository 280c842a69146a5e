//! The receiving end of a stream.

use alloc::vec::Vec;

use fcp_core::aead::ChaChaKey;
use fcp_core::object::ControlPlaneObject;

use super::frame::{FcpcError, FrameHeader, HEADER_LEN, open_body};
use crate::session::{Direction, SessionId};

/// Opens the frames of one direction of one session, exactly in order (D140).
///
/// Feed it the stream's bytes as they come, in pieces of any size:
///
/// ```
/// # use fcp_symbols::fcpc::{FcpcError, FcpcReceiver};
/// # fn feed(receiver: &mut FcpcReceiver, mut bytes: &[u8]) -> Result<usize, FcpcError> {
/// # let mut frames = 0;
/// while let Some(plaintext) = receiver.handle_bytes(&mut bytes)? {
///     // one frame; `bytes` are what is left of the piece
/// #   frames += 1; let _ = plaintext;
/// }
/// # Ok(frames)
/// # }
/// ```
///
/// It holds at most one frame, and of that no more than has arrived. The first error is the last word: the stream is out of
/// step, every later call gives the same error, and the session is to be closed.
#[derive(Debug)]
pub struct FcpcReceiver {
    key: ChaChaKey,
    session_id: SessionId,
    direction: Direction,
    last: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Part of a header.
    Header { bytes: [u8; HEADER_LEN], len: usize },
    /// A checked header and part of what follows it.
    Body { header: FrameHeader, bytes: Vec<u8> },
    /// The stream is broken.
    Broken(FcpcError),
}

impl State {
    const START: Self = Self::Header { bytes: [0; HEADER_LEN], len: 0 };
}

/// Moves up to `wanted` bytes off the front of `input`.
fn take<'i>(input: &mut &'i [u8], wanted: usize) -> &'i [u8] {
    let (taken, rest) = input.split_at(wanted.min(input.len()));
    *input = rest;
    taken
}

impl FcpcReceiver {
    pub(crate) fn new(key: &[u8; 32], session_id: SessionId, direction: Direction) -> Self {
        Self { key: ChaChaKey::new(key), session_id, direction, last: 0, state: State::START }
    }

    /// The stream's session.
    #[must_use]
    pub const fn session_id(&self) -> &SessionId {
        &self.session_id
    }

    /// How many bytes of an unfinished frame are held.
    #[must_use]
    pub fn buffered(&self) -> usize {
        match &self.state {
            State::Header { len, .. } => *len,
            State::Body { bytes, .. } => bytes.len().saturating_add(HEADER_LEN),
            State::Broken(_) => 0,
        }
    }

    /// How many bytes are missing to the end of the header or of the frame that is under way; 0 on a broken stream.
    #[must_use]
    pub fn missing(&self) -> usize {
        match &self.state {
            State::Header { len, .. } => HEADER_LEN.saturating_sub(*len),
            State::Body { header, bytes } => header.body_len().saturating_sub(bytes.len()),
            State::Broken(_) => 0,
        }
    }

    /// Reads from the front of `input` until a frame is complete, and gives its plaintext; None once all of `input` is
    /// read.
    ///
    /// # Errors
    /// [`FcpcError`]; the same one from then on.
    pub fn handle_bytes(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, FcpcError> {
        let read = self.advance(input);
        if let Err(error) = &read {
            self.state = State::Broken(*error);
        }
        read
    }

    /// As [`handle_bytes`](Self::handle_bytes), and reads the plaintext as a control-plane object (D141).
    ///
    /// # Errors
    /// As [`handle_bytes`](Self::handle_bytes). [`FcpcError::Object`] is the fault of one frame: the stream goes on.
    pub fn handle_objects(&mut self, input: &mut &[u8]) -> Result<Option<ControlPlaneObject>, FcpcError> {
        let Some(plaintext) = self.handle_bytes(input)? else { return Ok(None) };
        ControlPlaneObject::parse(&plaintext).map(Some).map_err(FcpcError::Object)
    }

    fn advance(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, FcpcError> {
        loop {
            match &mut self.state {
                State::Broken(error) => return Err(*error),
                State::Header { bytes, len } => {
                    let piece = take(input, HEADER_LEN.saturating_sub(*len));
                    bytes.iter_mut().skip(*len).zip(piece).for_each(|(byte, new)| *byte = *new);
                    *len = len.saturating_add(piece.len());
                    if *len < HEADER_LEN {
                        return Ok(None);
                    }
                    // The sender never uses the last number, so the sum never saturates on a stream that is in order.
                    let header = FrameHeader::read(bytes, &self.session_id, Some(self.last.saturating_add(1)))?;
                    self.state = State::Body { header, bytes: Vec::new() };
                }
                State::Body { header, bytes } => {
                    let missing = header.body_len().saturating_sub(bytes.len());
                    let piece = take(input, missing);
                    // Grows with what arrives, twice as much at most, and never beyond the frame.
                    if bytes.capacity().saturating_sub(bytes.len()) < piece.len() {
                        bytes.reserve_exact(missing.min(piece.len().max(bytes.len())));
                    }
                    bytes.extend_from_slice(piece);
                    if piece.len() < missing {
                        return Ok(None);
                    }
                    let plaintext = open_body(&self.key, self.direction, header, core::mem::take(bytes))?;
                    self.last = header.seq;
                    self.state = State::START;
                    return Ok(Some(plaintext));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FcpcSender, MAX_LEN, open_frame};
    use super::{FcpcError, FcpcReceiver};
    use crate::session::{Direction, SessionId};
    use fcp_core::aead::ChaChaKey;
    use proptest::prelude::*;

    fn ends() -> (FcpcSender, FcpcReceiver) {
        let id = SessionId::from_bytes([9; 16]).unwrap();
        let direction = Direction::InitiatorToResponder;
        (FcpcSender::new(&[1; 32], id, direction), FcpcReceiver::new(&[1; 32], id, direction))
    }

    fn feed(receiver: &mut FcpcReceiver, mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, FcpcError> {
        let mut frames = Vec::new();
        while let Some(frame) = receiver.handle_bytes(&mut bytes)? {
            frames.push(frame);
        }
        Ok(frames)
    }

    fn code(bytes: &[u8]) -> &'static str {
        let (_, mut receiver) = ends();
        let error = feed(&mut receiver, bytes).unwrap_err();
        assert_eq!(feed(&mut receiver, b"FCPC"), Err(error), "the first error is the last word");
        assert_eq!(receiver.buffered(), 0);
        error.reason().code()
    }

    #[test]
    fn each_field_has_its_refusal() {
        let (mut sender, _) = ends();
        let mut first = Vec::new();
        sender.seal_into(b"hello", &mut first).unwrap();
        let with = |at: usize, byte: u8| {
            let mut changed = first.clone();
            changed[at] = byte;
            changed
        };
        assert_eq!(code(&with(3, b'S')), "fcpc.bad_magic");
        assert_eq!(code(&with(4, 2)), "fcpc.unsupported_version");
        assert_eq!(code(&with(5, 1)), "fcpc.unsupported_version");
        assert_eq!(code(&with(6, 8)), "fcpc.wrong_session");
        assert_eq!(code(&with(22, 2)), "fcpc.bad_sequence");
        assert_eq!(code(&with(22, 0)), "fcpc.bad_sequence");
        for flags in [0, 2, 3, 5] {
            assert_eq!(code(&with(30, flags)), "fcpc.bad_flags");
        }
        assert_eq!(code(&with(31, 1)), "fcpc.bad_flags");
        assert_eq!(code(&with(35, 1)), "fcpc.too_large");
        for (at, byte) in first.iter().enumerate().skip(36) {
            assert_eq!(code(&with(at, byte ^ 1)), "fcpc.aead_invalid", "byte {at}");
        }

        let id = SessionId::from_bytes([9; 16]).unwrap();
        let key = ChaChaKey::new(&[1; 32]);
        let open = |direction, bytes: &[u8]| {
            open_frame(&key, &id, direction, bytes).map(|(_, plaintext)| plaintext).map_err(|e| e.reason().code())
        };
        assert_eq!(open(Direction::InitiatorToResponder, &first), Ok(b"hello".to_vec()));
        assert_eq!(open(Direction::ResponderToInitiator, &first), Err("fcpc.aead_invalid"));
        assert_eq!(open(Direction::InitiatorToResponder, &first[..51]), Err("fcpc.too_short"));
        assert_eq!(open(Direction::InitiatorToResponder, &first[..56]), Err("fcpc.length_mismatch"));
        assert_eq!(open(Direction::InitiatorToResponder, &[&first[..], b"x"].concat()), Err("fcpc.length_mismatch"));
    }

    #[test]
    fn frames_come_once_and_in_order() {
        let (mut sender, mut receiver) = ends();
        let frames: Vec<Vec<u8>> = (0..3)
            .map(|index| {
                let mut frame = Vec::new();
                sender.seal_into(&[index; 10], &mut frame).unwrap();
                frame
            })
            .collect();
        assert_eq!(feed(&mut receiver, &frames[0]).unwrap(), [vec![0; 10]]);
        assert_eq!(feed(&mut receiver, &frames[0]), Err(FcpcError::BadSequence(1)));

        let (_, mut receiver) = ends();
        assert_eq!(feed(&mut receiver, &frames[1]), Err(FcpcError::BadSequence(2)));
    }

    #[test]
    fn memory_follows_what_arrived() {
        let (mut sender, mut receiver) = ends();
        let mut frame = Vec::new();
        assert_eq!(sender.seal_into(&vec![0; MAX_LEN + 1], &mut frame), Err(FcpcError::TooLarge));
        assert!(frame.is_empty());
        sender.seal_into(&vec![5; MAX_LEN], &mut frame).unwrap();
        assert_eq!(feed(&mut receiver, &frame[..100]).unwrap(), Vec::<Vec<u8>>::new());
        assert_eq!(receiver.buffered(), 100);
        let super::State::Body { bytes, .. } = &receiver.state else { panic!("a body is under way") };
        assert!(bytes.capacity() < 1000);
        let frames = feed(&mut receiver, &frame[100..]).unwrap();
        assert_eq!(frames, [vec![5; MAX_LEN]]);
        assert_eq!(receiver.buffered(), 0);
    }

    proptest! {
        #[test]
        fn any_cutting_gives_the_same_frames(
            lengths in prop::collection::vec(0_usize..300, 0..8),
            cuts in prop::collection::vec(1_usize..200, 1..40),
        ) {
            let (mut sender, mut receiver) = ends();
            let mut stream = Vec::new();
            let plain: Vec<Vec<u8>> = lengths.iter().map(|len| vec![7; *len]).collect();
            for plaintext in &plain {
                sender.seal_into(plaintext, &mut stream).unwrap();
            }
            let (mut rest, mut got, mut cuts) = (&stream[..], Vec::new(), cuts.iter().cycle());
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                got.extend(feed(&mut receiver, piece).unwrap());
                rest = after;
            }
            prop_assert_eq!(got, plain);
        }

        #[test]
        fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 36..200)) {
            let (_, mut receiver) = ends();
            prop_assert!(feed(&mut receiver, &bytes).is_err());
        }
    }
}
