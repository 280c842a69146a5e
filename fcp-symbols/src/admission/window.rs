//! What was used in the last minute.

use fcp_core::time::Millis;

/// How long a step is, in milliseconds. Steps are aligned to the Unix epoch.
const STEP_MS: u64 = 5_000;

/// As many steps as a minute touches.
const STEPS: u64 = 13;

/// The step that a time is in.
pub(super) const fn step_of(now: Millis) -> u64 {
    now.as_millis() / STEP_MS
}

/// Whether what was used in the step `then` counts no more in the step `now`.
pub(super) const fn is_over(then: u64, now: u64) -> bool {
    now.saturating_sub(then) >= STEPS
}

/// A sum over the last minute, in steps of five seconds.
///
/// What is added counts for at least 60 and less than 65 seconds, so that no 60 seconds hold more than was allowed. A clock
/// that goes back changes nothing: time stands still until it has caught up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    steps: [u64; STEPS as usize],
    newest: u64,
    sum: u64,
}

impl Window {
    /// What counts at `now`.
    pub(crate) fn used(&self, now: Millis) -> u64 {
        let step = step_of(now);
        if step <= self.newest {
            return self.sum;
        }
        if is_over(self.newest, step) {
            return 0;
        }
        let over = (self.newest.saturating_add(1)..=step).map(|step| self.steps.get(place(step)).copied().unwrap_or(0));
        over.fold(self.sum, u64::saturating_sub)
    }

    /// Adds `amount`.
    pub(crate) fn add(&mut self, now: Millis, amount: u64) {
        let step = step_of(now);
        if step > self.newest {
            self.sum = self.used(now);
            if is_over(self.newest, step) {
                self.steps = [0; STEPS as usize];
            }
            for over in self.newest.saturating_add(1).max(step.saturating_sub(STEPS))..=step {
                if let Some(used) = self.steps.get_mut(place(over)) {
                    *used = 0;
                }
            }
            self.newest = step;
        }
        if let Some(used) = self.steps.get_mut(place(self.newest)) {
            *used = used.saturating_add(amount);
        }
        self.sum = self.sum.saturating_add(amount);
    }
}

/// Where a step stands in the ring.
fn place(step: u64) -> usize {
    usize::try_from(step % STEPS).unwrap_or(0)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test counts with small numbers")]
mod tests {
    use super::Window;
    use fcp_core::time::Millis;
    use proptest::prelude::*;

    #[test]
    fn what_is_added_counts_for_a_minute() {
        let at = |seconds: u64| Millis::from_millis(1_700_000_000_000 + 1000 * seconds);
        let mut window = Window::default();
        assert_eq!(window.used(at(0)), 0);
        window.add(at(0), 10);
        window.add(at(4), 1);
        window.add(at(30), 100);
        assert_eq!((window.used(at(30)), window.used(at(64)), window.used(at(65))), (111, 111, 100));
        window.add(at(20), 1000);
        assert_eq!(window.used(at(60)), 1111, "a clock that goes back adds to the newest step");
        assert_eq!((window.used(at(94)), window.used(at(95))), (1100, 0));
        window.add(at(10_000), 7);
        assert_eq!(window.used(at(10_000)), 7);
        window.add(at(10_000), u64::MAX);
        assert_eq!(window.used(at(10_001)), u64::MAX);
    }

    proptest! {
        /// The window is a list of all that was ever added, summed up.
        #[test]
        fn it_sums_up_what_a_list_sums_up(added in proptest::collection::vec((0_u64..20_000, 0_u64..1000), 1..80)) {
            let (mut window, mut list, mut now) = (Window::default(), Vec::new(), 0);
            for (pause, amount) in added {
                now += pause;
                window.add(Millis::from_millis(now), amount);
                list.push((now / 5_000, amount));
                for later in [0, 4_999, 30_000, 64_999, 65_000] {
                    let step = (now + later) / 5_000;
                    let sum: u64 = list.iter().filter(|(then, _)| step - then < 13).map(|(_, amount)| amount).sum();
                    prop_assert_eq!(window.used(Millis::from_millis(now + later)), sum);
                }
            }
        }
    }
}
