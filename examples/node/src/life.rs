//! Noticing that the process did not run on as it believes (D50): it was copied or restored, or its machine was.
//!
//! Whoever is resumed from a copy may have a twin that draws the same numbers. What a process can see of that is a system
//! that was started anew, another process id, or a wall clock that moved by more than 2 s against the clock that only
//! counts how long the system runs. A machine that slept, and a clock that was set, look the same and are treated alike.

use std::fmt;

use crate::clock;

/// How far the clocks may drift apart between two looks, in milliseconds.
const MAX_DRIFT_MS: u64 = 2_000;

/// What a process sees of where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sight {
    /// The system's boot id, where it has one.
    boot: Option<Vec<u8>>,
    process: u32,
    /// How far the wall clock is before the steady clock, in milliseconds.
    ahead: i128,
}

impl Sight {
    fn now() -> Self {
        Self {
            boot: std::fs::read("/proc/sys/kernel/random/boot_id").ok(),
            process: std::process::id(),
            ahead: clock::wall_ahead_of_steady(),
        }
    }
}

/// Why nothing that was drawn before may be used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The system was started anew.
    Boot,
    /// The process has another id.
    Process,
    /// The clocks moved against each other by so many milliseconds.
    Clock(u64),
}

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boot => f.write_str("the system was started anew"),
            Self::Process => f.write_str("the process has another id"),
            Self::Clock(drift) => write!(f, "the clock moved by {drift} ms"),
        }
    }
}

/// The life of this process, as far as it has been looked at.
pub(crate) struct Life(Sight);

impl Life {
    /// Begins to look.
    pub(crate) fn new() -> Self {
        Self(Sight::now())
    }

    /// Looks whether anything came between this look and the last.
    pub(crate) fn interrupted(&mut self) -> Option<Interruption> {
        self.compare(Sight::now())
    }

    fn compare(&mut self, now: Sight) -> Option<Interruption> {
        let before = std::mem::replace(&mut self.0, now);
        let drift = u64::try_from(before.ahead.abs_diff(self.0.ahead)).unwrap_or(u64::MAX);
        if before.boot != self.0.boot {
            Some(Interruption::Boot)
        } else if before.process != self.0.process {
            Some(Interruption::Process)
        } else {
            (drift > MAX_DRIFT_MS).then_some(Interruption::Clock(drift))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Interruption, Life, Sight};

    #[test]
    fn an_interruption_is_seen_once() {
        let sight = |boot: &str, process, ahead| Sight { boot: Some(boot.into()), process, ahead };
        let mut life = Life(sight("a", 1, 1_000_000));
        // A clock that is slewed moves a little at a time.
        for ahead in [1_001_000, 1_003_000, 1_002_999, 1_000_999] {
            assert_eq!(life.compare(sight("a", 1, ahead)), None);
        }
        assert_eq!(life.compare(sight("a", 1, 1_003_000)), Some(Interruption::Clock(2_001)));
        assert_eq!(life.compare(sight("a", 1, 1_003_000)), None);
        assert_eq!(life.compare(sight("a", 1, -50)), Some(Interruption::Clock(1_003_050)));
        assert_eq!(life.compare(sight("a", 2, 0)), Some(Interruption::Process));
        assert_eq!(life.compare(sight("b", 2, 0)), Some(Interruption::Boot));
        assert_eq!(life.compare(Sight { boot: None, ..sight("b", 2, 0) }), Some(Interruption::Boot));
        assert_eq!(life.compare(Sight { boot: None, ..sight("b", 2, 0) }), None);
    }

    #[test]
    fn an_undisturbed_process_sees_nothing() {
        let mut life = Life::new();
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert_eq!(life.interrupted(), None);
        if cfg!(target_os = "linux") {
            assert!(life.0.boot.is_some_and(|boot| boot.len() >= 36));
        }
    }
}
