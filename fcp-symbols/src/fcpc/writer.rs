//! The sending end with what has not been written yet.

use alloc::vec::Vec;

use fcp_core::object::ControlPlaneObject;

use super::flow::Gauge;
use super::{FcpcError, FcpcSender, Flow, FlowLimits};
use crate::session::SessionId;

/// An [`FcpcSender`] with a bounded buffer between it and the stream.
///
/// Push frames while [`flow`](Self::flow) is [`Flow::Go`]; whenever the stream takes bytes, write from
/// [`unwritten`](Self::unwritten) and say with [`wrote`](Self::wrote) how many went:
///
/// ```
/// # use fcp_symbols::fcpc::{FcpcError, FcpcWriter};
/// # fn drive(writer: &mut FcpcWriter, stream: &mut Vec<u8>) -> Result<(), FcpcError> {
/// let _flow = writer.push(b"one object")?;
/// while !writer.unwritten().is_empty() {
///     let count = writer.unwritten().len().min(1400);                  // what the stream takes at once
///     stream.extend_from_slice(&writer.unwritten()[..count]);
///     let _flow = writer.wrote(count);                                 // from `Stop` to `Go` in time
/// }
/// # Ok(())
/// # }
/// ```
///
/// It holds less than the high mark and one frame more.
#[derive(Debug)]
pub struct FcpcWriter {
    sender: FcpcSender,
    buffer: Vec<u8>,
    /// How many bytes of the buffer went out.
    written: usize,
    gauge: Gauge,
}

impl FcpcWriter {
    /// A buffer in front of `sender`'s stream.
    #[must_use]
    pub const fn new(sender: FcpcSender, limits: FlowLimits) -> Self {
        Self { sender, buffer: Vec::new(), written: 0, gauge: Gauge::new(limits) }
    }

    /// The stream's session.
    #[must_use]
    pub const fn session_id(&self) -> &SessionId {
        self.sender.session_id()
    }

    /// Whether another frame is taken.
    #[must_use]
    pub const fn flow(&self) -> Flow {
        self.gauge.flow()
    }

    /// Seals the next frame, with this plaintext, and says whether one more would be taken.
    ///
    /// # Errors
    /// [`FcpcError::Backlog`] while [`flow`](Self::flow) is [`Flow::Stop`]; otherwise as [`FcpcSender::seal_into`]. Nothing
    /// is taken then, and the stream is as before.
    pub fn push(&mut self, plaintext: &[u8]) -> Result<Flow, FcpcError> {
        if !self.flow().is_go() {
            return Err(FcpcError::Backlog);
        }
        self.sender.seal_into(plaintext, &mut self.buffer)?;
        Ok(self.gauge.set(self.waiting()))
    }

    /// As [`push`](Self::push), with this object (D141).
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_object(&mut self, object: &ControlPlaneObject) -> Result<Flow, FcpcError> {
        if !self.flow().is_go() {
            return Err(FcpcError::Backlog);
        }
        self.push(&object.to_bytes())
    }

    /// What is to be written next; empty if there is nothing to write.
    #[must_use]
    pub fn unwritten(&self) -> &[u8] {
        self.buffer.get(self.written..).unwrap_or_default()
    }

    /// So many bytes of [`unwritten`](Self::unwritten) went into the stream. Says whether frames are taken now.
    pub fn wrote(&mut self, count: usize) -> Flow {
        self.written = self.written.saturating_add(count).min(self.buffer.len());
        if self.written == self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(self.gauge.limits().high());
            self.written = 0;
        } else if self.written >= self.buffer.len() / 2 {
            // Each byte is moved once at most for each one that went before it.
            self.buffer.drain(..self.written);
            self.written = 0;
        }
        self.gauge.set(self.waiting())
    }

    /// How many bytes wait to be written.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.buffer.len().saturating_sub(self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FcpcError, FcpcReceiver, FcpcSender, Flow, FlowLimits};
    use super::FcpcWriter;
    use crate::session::{Direction, SessionId};

    fn writer(high: usize, low: usize) -> (FcpcWriter, FcpcReceiver) {
        let id = SessionId::from_bytes([9; 16]).unwrap();
        let direction = Direction::ResponderToInitiator;
        let sender = FcpcSender::new(&[1; 32], id, direction);
        (FcpcWriter::new(sender, FlowLimits::new(high, low)), FcpcReceiver::new(&[1; 32], id, direction))
    }

    // A frame is 52 bytes longer than its plaintext.
    #[test]
    fn it_stops_at_the_high_mark_and_goes_on_at_the_low_one() {
        let (mut writer, mut receiver) = writer(300, 100);
        assert!(writer.unwritten().is_empty());
        assert_eq!(writer.push(&[1; 100]), Ok(Flow::Go));
        assert_eq!(writer.push(&[2; 1000]), Ok(Flow::Stop), "one frame goes beyond");
        assert_eq!(writer.push(&[3; 1]), Err(FcpcError::Backlog));
        assert_eq!(writer.waiting(), 152 + 1052);

        let mut stream = Vec::new();
        let mut flows = Vec::new();
        while !writer.unwritten().is_empty() {
            let count = writer.unwritten().len().min(100);
            stream.extend_from_slice(&writer.unwritten()[..count]);
            flows.push((writer.wrote(count), writer.waiting()));
        }
        assert!(flows.iter().all(|(flow, waiting)| flow.is_go() == (*waiting <= 100)), "{flows:?}");
        assert_eq!(writer.push(&[3; 1]), Ok(Flow::Go));
        stream.extend_from_slice(writer.unwritten());
        // What was refused took no number.
        let mut rest = &stream[..];
        for expected in [vec![1; 100], vec![2; 1000], vec![3; 1]] {
            assert_eq!(receiver.handle_bytes(&mut rest), Ok(Some(expected)));
        }
        assert!(rest.is_empty());
    }

    #[test]
    fn it_keeps_no_room_that_it_does_not_need() {
        let (mut writer, _) = writer(1000, 0);
        assert_eq!(writer.push(&vec![0; 1 << 20]), Ok(Flow::Stop));
        assert!(matches!(writer.push(&vec![0; 5 << 20]), Err(FcpcError::Backlog)));
        assert_eq!(writer.wrote(usize::MAX), Flow::Go);
        assert!(writer.buffer.capacity() <= 1000 && writer.unwritten().is_empty());
        assert_eq!(writer.push(&vec![0; 5 << 20]), Err(FcpcError::TooLarge));
        assert_eq!(writer.waiting(), 0);
    }
}
