//! Virtual time: the queue of what is yet to happen, and clocks that are wrong.

use std::collections::BTreeMap;

use fcp_core::time::Millis;

/// What is yet to happen, in the order of its time; at one time, in the order in which it was put there.
#[derive(Debug)]
pub(super) struct Queue<E> {
    waiting: BTreeMap<(Millis, u64), E>,
    serial: u64,
}

impl<E> Queue<E> {
    pub(super) const fn new() -> Self {
        Self { waiting: BTreeMap::new(), serial: 0 }
    }

    pub(super) fn push(&mut self, at: Millis, event: E) {
        self.serial = self.serial.saturating_add(1);
        self.waiting.insert((at, self.serial), event);
    }

    /// The next event, unless it is later than `until`.
    pub(super) fn pop(&mut self, until: Millis) -> Option<(Millis, E)> {
        let next = self.waiting.first_entry()?;
        if next.key().0 > until {
            return None;
        }
        let ((at, _), event) = next.remove_entry();
        Some((at, event))
    }
}

/// A node's clock, as far as it differs from the time that the simulation goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Clock {
    /// How far it is ahead when it is set; negative, behind.
    pub(super) ahead_ms: i64,
    /// How much too fast it runs, in parts of a million.
    pub(super) drift_ppm: i32,
    /// When it was set.
    pub(super) set_at: Millis,
}

impl Clock {
    /// What the clock shows at a time.
    pub(super) fn read(self, at: Millis) -> Millis {
        let running = i64::try_from(at.since(self.set_at)).unwrap_or(i64::MAX);
        let drift = running.saturating_mul(i64::from(self.drift_ppm)) / 1_000_000;
        Millis::from_millis(at.as_millis().saturating_add_signed(self.ahead_ms.saturating_add(drift)))
    }

    /// A time that is not before the clock shows `shown`, and hardly later.
    pub(super) fn when(self, shown: Millis, now: Millis) -> Millis {
        if shown == Millis::NEVER {
            return Millis::NEVER;
        }
        let missing = shown.since(self.read(now));
        let stretch = missing.saturating_mul(u64::from(self.drift_ppm.unsigned_abs())) / 1_000_000;
        now.saturating_add(missing.saturating_add(stretch))
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Queue};
    use fcp_core::time::Millis;

    #[test]
    fn events_come_in_order() {
        let at = Millis::from_millis;
        let mut queue = Queue::new();
        for (time, event) in [(5, 'b'), (1, 'a'), (5, 'c'), (9, 'd')] {
            queue.push(at(time), event);
        }
        let mut order = Vec::new();
        while let Some((_, event)) = queue.pop(at(5)) {
            order.push(event);
        }
        assert_eq!(order, ['a', 'b', 'c']);
        assert_eq!(queue.pop(at(9)), Some((at(9), 'd')));
        assert_eq!(queue.pop(Millis::NEVER), None);
    }

    #[test]
    fn a_clock_is_ahead_and_drifts() {
        let at = Millis::from_millis;
        let clock = Clock { ahead_ms: -50, drift_ppm: 1000, set_at: at(10_000) };
        assert_eq!(clock.read(at(10_000)), at(9950));
        assert_eq!(clock.read(at(20_000)), at(19_960));
        for shown in [9950, 12_345, 1_000_000] {
            let when = clock.when(at(shown), at(10_000));
            assert!(clock.read(when) >= at(shown));
            assert!(clock.read(when).since(at(shown)) <= shown / 400);
        }
        assert_eq!(clock.when(Millis::NEVER, at(0)), Millis::NEVER);
    }
}
