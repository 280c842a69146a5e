//! The sending end of a stream.

use alloc::vec::Vec;

use fcp_core::aead::ChaChaKey;
use fcp_core::object::ControlPlaneObject;

use super::frame::{FcpcError, seal_frame};
use crate::session::{Direction, SessionId};

/// Seals the frames of one direction of one session, numbered from 1 (D140). A session gives it out once, and it cannot
/// be copied: two of a kind would use one nonce twice.
#[derive(Debug)]
pub struct FcpcSender {
    key: ChaChaKey,
    session_id: SessionId,
    direction: Direction,
    last: u64,
}

impl FcpcSender {
    pub(crate) fn new(key: &[u8; 32], session_id: SessionId, direction: Direction) -> Self {
        Self { key: ChaChaKey::new(key), session_id, direction, last: 0 }
    }

    /// The stream's session.
    #[must_use]
    pub const fn session_id(&self) -> &SessionId {
        &self.session_id
    }

    /// Appends the next frame, with this plaintext, to `out`.
    ///
    /// # Errors
    /// [`FcpcError::TooLarge`] for more than 4 MiB, [`FcpcError::Exhausted`] instead of the number 2^64 − 1; nothing is
    /// appended then.
    pub fn seal_into(&mut self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), FcpcError> {
        let seq = self.last.checked_add(1).filter(|seq| *seq != u64::MAX).ok_or(FcpcError::Exhausted)?;
        seal_frame(&self.key, &self.session_id, self.direction, seq, plaintext, out)?;
        self.last = seq;
        Ok(())
    }

    /// The next frame, with this object (D141).
    ///
    /// # Errors
    /// As [`seal_into`](Self::seal_into).
    pub fn seal(&mut self, object: &ControlPlaneObject) -> Result<Vec<u8>, FcpcError> {
        let mut out = Vec::new();
        self.seal_into(&object.to_bytes(), &mut out)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::{Direction, FcpcError, FcpcSender, SessionId};

    #[test]
    fn it_stops_before_the_last_number() {
        let id = SessionId::from_bytes([9; 16]).unwrap();
        let mut sender = FcpcSender::new(&[1; 32], id, Direction::InitiatorToResponder);
        sender.last = u64::MAX - 2;
        assert!(sender.seal_into(b"", &mut Vec::new()).is_ok());
        assert_eq!(sender.seal_into(b"", &mut Vec::new()), Err(FcpcError::Exhausted));
    }
}
