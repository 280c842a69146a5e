//! What is thought of a peer.

use fcp_core::time::Millis;

/// What a peer did that is remembered for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Its symbols made a wrong object, or contradicted each other (D61): −100.
    WrongSymbols,
    /// Something of it did not authenticate: −10.
    FailedAuth,
    /// An object that it brought was admitted: +10.
    Promoted,
}

impl Deed {
    const fn worth(self) -> i32 {
        match self {
            Self::WrongSymbols => -100,
            Self::FailedAuth => -10,
            Self::Promoted => 10,
        }
    }
}

/// A peer's reputation: 0 for whoever is unknown, from −1000 to 1000, and a point nearer to 0 with every minute.
///
/// It decides who loses quarantined objects first (D137), and nothing else here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Reputation(i32);

impl Reputation {
    /// The worst there is.
    pub const WORST: Self = Self(-1000);

    /// The best there is.
    pub const BEST: Self = Self(1000);

    /// This many points, or the nearest that there is.
    #[must_use]
    pub fn new(points: i32) -> Self {
        Self(points.clamp(Self::WORST.0, Self::BEST.0))
    }

    /// The points.
    #[must_use]
    pub const fn points(self) -> i32 {
        self.0
    }

    fn after(self, minutes: u64) -> Self {
        let minutes = i32::try_from(minutes).unwrap_or(i32::MAX);
        let distance = self.0.saturating_abs().saturating_sub(minutes).max(0);
        Self(self.0.signum().saturating_mul(distance))
    }

    fn with(self, deed: Deed) -> Self {
        Self::new(self.0.saturating_add(deed.worth()))
    }
}

/// A reputation and when it was that.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    reputation: Reputation,
    /// Minutes since the Unix epoch.
    minute: u64,
}

impl Standing {
    pub(super) fn at(&self, now: Millis) -> Reputation {
        self.reputation.after(minute_of(now).saturating_sub(self.minute))
    }

    pub(super) fn note(&mut self, now: Millis, deed: Deed) {
        self.reputation = self.at(now).with(deed);
        self.minute = self.minute.max(minute_of(now));
    }
}

const fn minute_of(now: Millis) -> u64 {
    now.as_millis() / 60_000
}

#[cfg(test)]
mod tests {
    use super::{Deed, Reputation, Standing};
    use fcp_core::time::Millis;

    #[test]
    fn deeds_count_and_are_forgotten() {
        let at = |minutes: u64| Millis::from_millis(1_700_000_040_000 + 60_000 * minutes);
        let mut standing = Standing::default();
        assert_eq!(standing.at(at(0)), Reputation::default());
        standing.note(at(0), Deed::WrongSymbols);
        standing.note(at(0), Deed::FailedAuth);
        assert_eq!((standing.at(at(0)).points(), standing.at(at(20)).points()), (-110, -90));
        standing.note(at(20), Deed::Promoted);
        assert_eq!((standing.at(at(79)).points(), standing.at(at(500)).points()), (-21, 0));
        standing.note(at(10), Deed::Promoted);
        assert_eq!(standing.at(at(20)).points(), -70, "a clock that goes back makes nothing older");
        for _ in 0..100 {
            standing.note(at(30), Deed::WrongSymbols);
        }
        assert_eq!(standing.at(at(30)), Reputation::WORST);
        for _ in 0..300 {
            standing.note(at(30), Deed::Promoted);
        }
        assert_eq!((standing.at(at(30)), standing.at(at(31)).points()), (Reputation::BEST, 999));
        assert_eq!(standing.at(Millis::NEVER).points(), 0);
    }
}
