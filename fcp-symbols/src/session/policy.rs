//! How long a session lives (§4.2.2, D53, D54).

use super::Role;
use crate::replay::{ReplayWindow, ReplayWindows, WindowSizeError};

/// The reorder window and the three thresholds of a session (§4.2.2).
///
/// Thresholds count one direction each, as each has its own key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionReplayPolicy {
    max_reorder_window: u16,
    rekey_after_frames: u64,
    rekey_after_seconds: u64,
    rekey_after_bytes: u64,
}

impl SessionReplayPolicy {
    /// How long a receiver still takes what was sent before a threshold, in seconds (D54).
    pub const GRACE_SECS: u64 = 60;

    /// The same policy with another reorder window: 1 to 4096. One counter serves all sessions of a node (D50), so a busy
    /// node wants a wide one.
    ///
    /// # Errors
    /// [`WindowSizeError`].
    pub fn with_window(mut self, size: u16) -> Result<Self, WindowSizeError> {
        ReplayWindow::new(size)?;
        self.max_reorder_window = size;
        Ok(self)
    }

    /// The same policy with another number of frames.
    #[must_use]
    pub const fn rekey_after_frames(mut self, frames: u64) -> Self {
        self.rekey_after_frames = frames;
        self
    }

    /// The same policy with another time, in seconds.
    #[must_use]
    pub const fn rekey_after_seconds(mut self, seconds: u64) -> Self {
        self.rekey_after_seconds = seconds;
        self
    }

    /// The same policy with another number of bytes, envelopes included.
    #[must_use]
    pub const fn rekey_after_bytes(mut self, bytes: u64) -> Self {
        self.rekey_after_bytes = bytes;
        self
    }

    /// The reorder window.
    #[must_use]
    pub const fn max_reorder_window(&self) -> u16 {
        self.max_reorder_window
    }

    pub(super) const fn seconds(&self) -> u64 {
        self.rekey_after_seconds
    }

    pub(super) fn windows(&self) -> ReplayWindows {
        ReplayWindows::of_policy(self)
    }

    /// Whether `volume` may grow by a datagram of `len` bytes.
    pub(super) const fn allows(&self, volume: Volume, len: u64) -> bool {
        volume.frames < self.rekey_after_frames && volume.bytes.saturating_add(len) <= self.rekey_after_bytes
    }

    /// Whether `volume` has reached a threshold.
    pub(super) const fn reached(&self, volume: Volume) -> bool {
        volume.frames >= self.rekey_after_frames || volume.bytes >= self.rekey_after_bytes
    }

    /// Whether `volume` is so near to a threshold that a new session should be on its way: a `share`th is left.
    pub(super) const fn near(&self, volume: Volume, share: Share) -> bool {
        volume.frames >= share.before(self.rekey_after_frames) || volume.bytes >= share.before(self.rekey_after_bytes)
    }
}

impl Default for SessionReplayPolicy {
    /// The defaults of §4.2.2: a window of 128, 10^9 frames, 24 hours, 1 TiB.
    fn default() -> Self {
        Self {
            max_reorder_window: ReplayWindow::DEFAULT,
            rekey_after_frames: 1_000_000_000,
            rekey_after_seconds: 86_400,
            rekey_after_bytes: 1 << 40,
        }
    }
}

/// What went in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Volume {
    /// Datagrams.
    pub frames: u64,
    /// Bytes, envelopes included.
    pub bytes: u64,
}

impl Volume {
    pub(super) const fn add(&mut self, len: u64) {
        self.frames = self.frames.saturating_add(1);
        self.bytes = self.bytes.saturating_add(len);
    }
}

/// How much before a threshold a node begins the next session. The initiator goes first, so that both seldom do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Share {
    /// A tenth before.
    Tenth,
    /// A twentieth before.
    Twentieth,
}

impl Share {
    pub(super) const fn of(role: Role) -> Self {
        match role {
            Role::Initiator => Self::Tenth,
            Role::Responder => Self::Twentieth,
        }
    }

    pub(super) const fn before(self, threshold: u64) -> u64 {
        threshold.saturating_sub(match self {
            Self::Tenth => threshold / 10,
            Self::Twentieth => threshold / 20,
        })
    }
}
