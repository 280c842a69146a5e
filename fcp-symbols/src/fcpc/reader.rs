//! The receiving end with what nobody has asked for yet.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use fcp_core::aead::TAG_LEN;
use fcp_core::object::{ControlPlaneObject, ObjectError};

use super::flow::Gauge;
use super::frame::HEADER_LEN;
use super::{FcpcError, FcpcReceiver, Flow, FlowLimits};
use crate::session::SessionId;

/// An [`FcpcReceiver`] with a bounded queue of opened frames behind it.
///
/// Read at most [`wanted`](Self::wanted) bytes from the stream; where that is 0, stop reading, and the stream's own flow
/// control holds the peer back:
///
/// ```
/// # use fcp_symbols::fcpc::{FcpcError, FcpcReader};
/// # fn drive(reader: &mut FcpcReader, stream: &mut &[u8]) -> Result<(), FcpcError> {
/// while reader.wanted() > 0 && !stream.is_empty() {
///     let (mut piece, rest) = stream.split_at(reader.wanted().min(stream.len()));
///     *stream = rest;
///     let _flow = reader.handle_bytes(&mut piece)?;                    // takes all of it
/// }
/// while let Some(plaintext) = reader.pop() {
///     // one frame
/// #   let _ = plaintext;
/// }
/// # Ok(())
/// # }
/// ```
///
/// It holds less than the high mark and one frame more. What was received before the stream broke is given out all the
/// same.
#[derive(Debug)]
pub struct FcpcReader {
    receiver: FcpcReceiver,
    frames: VecDeque<Vec<u8>>,
    /// What the frames took on the stream.
    queued: usize,
    gauge: Gauge,
}

/// What a frame of this plaintext takes on the stream.
const fn on_stream(plaintext: &[u8]) -> usize {
    plaintext.len().saturating_add(HEADER_LEN).saturating_add(TAG_LEN)
}

impl FcpcReader {
    /// A queue behind `receiver`'s stream.
    #[must_use]
    pub const fn new(receiver: FcpcReceiver, limits: FlowLimits) -> Self {
        Self { receiver, frames: VecDeque::new(), queued: 0, gauge: Gauge::new(limits) }
    }

    /// The stream's session.
    #[must_use]
    pub const fn session_id(&self) -> &SessionId {
        self.receiver.session_id()
    }

    /// Whether bytes are taken.
    #[must_use]
    pub const fn flow(&self) -> Flow {
        self.gauge.flow()
    }

    /// How many bytes to read from the stream at most: all of them will be taken. 0 means to stop reading.
    #[must_use]
    pub fn wanted(&self) -> usize {
        if !self.flow().is_go() {
            return 0;
        }
        let held = self.queued.saturating_add(self.receiver.buffered());
        match self.receiver.missing() {
            0 => 0,
            missing => missing.max(self.gauge.limits().high().saturating_sub(held)),
        }
    }

    /// Opens what is in `input`, until all of it is read or [`flow`](Self::flow) is [`Flow::Stop`]. In the latter case the
    /// caller keeps what is left.
    ///
    /// # Errors
    /// As [`FcpcReceiver::handle_bytes`]: the same error from then on, and the session is to be closed.
    pub fn handle_bytes(&mut self, input: &mut &[u8]) -> Result<Flow, FcpcError> {
        while self.flow().is_go() {
            let Some(plaintext) = self.receiver.handle_bytes(input)? else { break };
            self.queued = self.queued.saturating_add(on_stream(&plaintext));
            self.frames.push_back(plaintext);
            self.gauge.set(self.queued);
        }
        Ok(self.flow())
    }

    /// The next frame's plaintext.
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        let plaintext = self.frames.pop_front()?;
        self.queued = self.queued.saturating_sub(on_stream(&plaintext));
        self.gauge.set(self.queued);
        Some(plaintext)
    }

    /// The next frame's object (D141). One that is none is the fault of one frame: the stream goes on.
    pub fn pop_object(&mut self) -> Option<Result<ControlPlaneObject, ObjectError>> {
        self.pop().map(|plaintext| ControlPlaneObject::parse(&plaintext))
    }

    /// How many frames wait to be asked for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether no frame waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// How many bytes wait: of the frames in the queue, and of the one that is under way.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queued.saturating_add(self.receiver.buffered())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FcpcError, FcpcReceiver, FcpcSender, FlowLimits, MAX_LEN};
    use super::FcpcReader;
    use crate::session::{Direction, SessionId};
    use proptest::prelude::*;

    fn ends(high: usize, low: usize) -> (FcpcSender, FcpcReader) {
        let id = SessionId::from_bytes([9; 16]).unwrap();
        let direction = Direction::InitiatorToResponder;
        let receiver = FcpcReceiver::new(&[1; 32], id, direction);
        (FcpcSender::new(&[1; 32], id, direction), FcpcReader::new(receiver, FlowLimits::new(high, low)))
    }

    #[test]
    fn it_stops_reading_until_somebody_asks() {
        let (mut sender, mut reader) = ends(200, 60);
        let mut stream = Vec::new();
        for index in 0..10 {
            sender.seal_into(&[index; 8], &mut stream).unwrap();
        }
        // Frames of 60 bytes: the fourth passes the mark.
        let mut rest = &stream[..];
        assert!(!reader.handle_bytes(&mut rest).unwrap().is_go());
        assert_eq!((reader.len(), reader.waiting(), reader.wanted(), rest.len()), (4, 240, 0, 360));
        assert!(!reader.handle_bytes(&mut rest).unwrap().is_go());
        assert_eq!(rest.len(), 360, "nothing more is taken");
        assert_eq!(reader.pop(), Some(vec![0; 8]));
        assert_eq!((reader.pop(), reader.wanted()), (Some(vec![1; 8]), 0));
        assert_eq!((reader.pop(), reader.wanted()), (Some(vec![2; 8]), 140));
        assert!(!reader.handle_bytes(&mut rest).unwrap().is_go());
        assert_eq!((reader.len(), rest.len()), (4, 180));
    }

    #[test]
    fn one_frame_may_be_larger_than_the_mark() {
        let (mut sender, mut reader) = ends(1000, 0);
        let mut stream = Vec::new();
        sender.seal_into(&vec![5; MAX_LEN], &mut stream).unwrap();
        assert_eq!(reader.wanted(), 1000);
        let mut rest = &stream[..];
        while !rest.is_empty() {
            let (mut piece, after) = rest.split_at(reader.wanted().min(rest.len()));
            rest = after;
            reader.handle_bytes(&mut piece).unwrap();
            assert!(piece.is_empty());
        }
        assert_eq!((reader.wanted(), reader.pop().unwrap().len(), reader.wanted()), (0, MAX_LEN, 1000));
    }

    #[test]
    fn what_came_before_the_fault_is_given_out() {
        let (mut sender, mut reader) = ends(1000, 0);
        let mut stream = Vec::new();
        sender.seal_into(b"good", &mut stream).unwrap();
        stream.extend_from_slice(&stream.clone());
        assert_eq!(reader.handle_bytes(&mut &stream[..]), Err(FcpcError::BadSequence(1)));
        assert_eq!((reader.wanted(), reader.pop()), (0, Some(b"good".to_vec())));
        assert_eq!((reader.pop(), reader.is_empty()), (None, true));
        assert_eq!(reader.handle_bytes(&mut &b"x"[..]), Err(FcpcError::BadSequence(1)));
    }

    proptest! {
        #[test]
        fn reading_what_is_wanted_leaves_nothing_over_and_stays_bounded(
            lengths in prop::collection::vec(0_usize..500, 1..20),
            cuts in prop::collection::vec(1_usize..400, 1..40),
            pops in prop::collection::vec(0_usize..4, 1..40),
            (high, low) in (1_usize..800, 0_usize..800),
        ) {
            let (mut sender, mut reader) = ends(high, low);
            let mut stream = Vec::new();
            let plain: Vec<Vec<u8>> = lengths.iter().map(|len| vec![7; *len]).collect();
            for plaintext in &plain {
                sender.seal_into(plaintext, &mut stream).unwrap();
            }
            let (mut rest, mut got) = (&stream[..], Vec::new());
            let (mut cuts, mut pops) = (cuts.iter().cycle(), pops.iter().cycle());
            // Whoever never asks gets nothing: in every tenth round, the test does.
            for round in 0..100_000 {
                if got.len() == plain.len() {
                    break;
                }
                let len = reader.wanted().min(rest.len()).min(*cuts.next().unwrap());
                let (mut piece, after) = rest.split_at(len);
                rest = after;
                reader.handle_bytes(&mut piece).unwrap();
                prop_assert!(piece.is_empty(), "what is wanted is taken");
                prop_assert!(reader.waiting().saturating_sub(552) < high, "the mark and one frame");
                got.extend((0..*pops.next().unwrap()).map_while(|_| reader.pop()));
                if round % 10 == 0 {
                    got.extend(reader.pop());
                }
            }
            prop_assert_eq!(got, plain);
        }
    }
}
