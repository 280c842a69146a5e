//! Predictive pre-staging (§21.2): which objects a node fetches before anybody asks, so that they are there when it is alone.
//!
//! The rule is local and deterministic: the same accesses at the same times give the same list. It is all integers.
//!
//! - An access gives its object a **weight** of 256, which shrinks to 232/256 with each day that begins (UTC), and so to
//!   about a half in a week.
//! - It gives the same to the object's count for the **time of day**, one of eight slots of three hours each.
//! - It gives the same to each **succession** from an object that was accessed in the ten minutes before; an object has
//!   four successors, and a new one takes the place of the weakest.
//! - The **score** of an object at a time is its weight, twice its counts for the slot of that time and for the one behind
//!   it, and four times the successions to it from what was accessed in the last ten minutes.
//! - [`stage`](AccessHistory::stage) goes through the objects from the highest score to the lowest, of equals the smaller
//!   id first, down to a least score, and takes each that is lacking here and fits into what is left of the byte budget.
//!
//! Memory is bounded: about 350 bytes an object, and no more objects than the limit. When it is reached, the eighth of
//! lowest weight is forgotten.
//!
//! ```
//! use fcp_core::id::ObjectId;
//! use fcp_core::time::Timestamp;
//! use fcp_symbols::prestage::{AccessHistory, HistoryLimits};
//!
//! let [agenda, film] = [1, 2].map(|byte| ObjectId::from_bytes([byte; 32]));
//! let day = |number: u64, hour: u64| Timestamp::from_secs(20_000 * 86_400 + number * 86_400 + hour * 3_600);
//! let mut history = AccessHistory::new(HistoryLimits::default());
//! for number in 0..5 {
//!     history.note(day(number, 8), agenda);
//!     history.note(day(number, 20), film);
//! }
//! // Early in the morning the agenda is what will be wanted first. Both are lacking here, and both are of 1000 bytes.
//! let staged = history.stage(day(5, 7), 1_500, |_| Some(1_000));
//! assert_eq!(staged.iter().map(|staged| staged.object_id).collect::<Vec<_>>(), [agenda]);
//! ```

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::cmp::Reverse;

use fcp_core::id::ObjectId;
use fcp_core::time::Timestamp;

/// What one access adds.
const ACCESS: u32 = 256;
/// What is left of a weight after a day, of 256.
const KEPT_A_DAY: u64 = 232;
const DAY: u64 = 86_400;
const SLOTS: usize = 8;
/// For how long an access counts as the one before, in seconds.
const SUCCESSION_SECS: u64 = 600;
/// How many accesses before count at most.
const RECENT: usize = 8;
const SUCCESSORS: usize = 4;

/// The bounds of an [`AccessHistory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    /// How many objects are remembered at most.
    pub max_objects: usize,
    /// What is staged has at least this score; one access just now has 768.
    pub min_score: u32,
}

impl Default for HistoryLimits {
    /// 4096 objects, and a score of 256.
    fn default() -> Self {
        Self { max_objects: 4_096, min_score: ACCESS }
    }
}

/// An object to fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staged {
    /// The object.
    pub object_id: ObjectId,
    /// How many bytes of it are lacking here.
    pub bytes: u64,
    /// How likely it is wanted, against others.
    pub score: u32,
}

/// How often an object was accessed, when, and what after it.
#[derive(Debug, Clone)]
struct Habit {
    /// The day that the figures are of.
    day: u64,
    weight: u32,
    slots: [u32; SLOTS],
    successors: [Option<(ObjectId, u32)>; SUCCESSORS],
}

/// What was accessed on a node, as far as it matters for what will be.
#[derive(Debug, Clone)]
pub struct AccessHistory {
    limits: HistoryLimits,
    habits: BTreeMap<ObjectId, Habit>,
    recent: VecDeque<(Timestamp, ObjectId)>,
}

/// A figure after some days.
fn decayed(value: u32, days: u64) -> u32 {
    // After 256 days nothing is left of any figure.
    let left = (0..days.min(256)).try_fold(u64::from(value), |value, _| {
        let next = value.saturating_mul(KEPT_A_DAY) >> 8;
        (next > 0).then_some(next)
    });
    left.and_then(|left| u32::try_from(left).ok()).unwrap_or_default()
}

/// The time of day, and the one behind it.
fn slots(now: Timestamp) -> (usize, usize) {
    let second = now.as_secs().checked_rem(DAY).unwrap_or_default();
    let slot = usize::try_from(second.saturating_mul(SLOTS as u64).checked_div(DAY).unwrap_or_default()).unwrap_or(0);
    (slot, slot.saturating_add(1).checked_rem(SLOTS).unwrap_or_default())
}

fn day_of(now: Timestamp) -> u64 {
    now.as_secs().checked_div(DAY).unwrap_or_default()
}

impl Habit {
    const fn new(day: u64) -> Self {
        Self { day, weight: 0, slots: [0; SLOTS], successors: [None; SUCCESSORS] }
    }

    /// The figures as of a day. A clock that went back changes nothing.
    fn age(&mut self, day: u64) {
        let days = day.saturating_sub(self.day);
        if days == 0 {
            return;
        }
        self.day = day;
        let successors = self.successors.iter_mut().flatten().map(|(_, count)| count);
        for figure in self.slots.iter_mut().chain([&mut self.weight]).chain(successors) {
            *figure = decayed(*figure, days);
        }
    }

    fn follow(&mut self, next: ObjectId) {
        let known = self.successors.iter_mut().flatten().find(|(id, _)| *id == next);
        if let Some((_, count)) = known {
            *count = count.saturating_add(ACCESS);
            return;
        }
        // A free place, else that of the weakest; of equals, of the larger id.
        let weakest = self.successors.iter_mut().min_by_key(|place| place.map(|(id, count)| (count, Reverse(id))));
        if let Some(place) = weakest {
            *place = Some((next, ACCESS));
        }
    }
}

impl AccessHistory {
    /// No history yet.
    #[must_use]
    pub const fn new(limits: HistoryLimits) -> Self {
        Self { limits, habits: BTreeMap::new(), recent: VecDeque::new() }
    }

    /// An object was accessed.
    pub fn note(&mut self, now: Timestamp, id: ObjectId) {
        if self.limits.max_objects == 0 {
            return;
        }
        let day = day_of(now);
        if !self.habits.contains_key(&id) && self.habits.len() >= self.limits.max_objects {
            self.forget_some(day);
        }
        let habit = self.habits.entry(id).or_insert_with(|| Habit::new(day));
        habit.age(day);
        habit.weight = habit.weight.saturating_add(ACCESS);
        if let Some(count) = habit.slots.get_mut(slots(now).0) {
            *count = count.saturating_add(ACCESS);
        }
        self.recent.retain(|(at, other)| now.since(*at) <= SUCCESSION_SECS && *other != id);
        for (_, before) in &self.recent {
            if let Some(habit) = self.habits.get_mut(before) {
                habit.age(day);
                habit.follow(id);
            }
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((now, id));
    }

    /// Forgets the eighth that weighs least, and at least one.
    fn forget_some(&mut self, day: u64) {
        let mut order: Vec<(u32, Reverse<ObjectId>)> = Vec::with_capacity(self.habits.len());
        for (id, habit) in &mut self.habits {
            habit.age(day);
            order.push((habit.weight, Reverse(*id)));
        }
        order.sort_unstable();
        let count = order.len().div_ceil(8);
        for (_, Reverse(id)) in order.into_iter().take(count) {
            self.habits.remove(&id);
        }
    }

    /// Forgets an object, which is no longer there to be fetched.
    pub fn forget(&mut self, id: &ObjectId) {
        self.habits.remove(id);
        self.recent.retain(|(_, other)| other != id);
    }

    /// How many objects are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.habits.len()
    }

    /// Whether no object is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.habits.is_empty()
    }

    /// What was accessed lately leads to, and how strongly.
    fn expected(&self, now: Timestamp) -> BTreeMap<ObjectId, u32> {
        let mut expected: BTreeMap<ObjectId, u32> = BTreeMap::new();
        let recent = self.recent.iter().filter(|(at, _)| now.since(*at) <= SUCCESSION_SECS);
        for habit in recent.filter_map(|(_, id)| self.habits.get(id)) {
            let days = day_of(now).saturating_sub(habit.day);
            for (next, count) in habit.successors.iter().flatten() {
                let sum = expected.entry(*next).or_default();
                *sum = sum.saturating_add(decayed(*count, days));
            }
        }
        expected
    }

    /// How likely an object is wanted soon, against others.
    #[must_use]
    pub fn score(&self, now: Timestamp, id: &ObjectId) -> u32 {
        self.score_with(now, id, &self.expected(now))
    }

    fn score_with(&self, now: Timestamp, id: &ObjectId, expected: &BTreeMap<ObjectId, u32>) -> u32 {
        let succession = expected.get(id).copied().unwrap_or_default().saturating_mul(4);
        let Some(habit) = self.habits.get(id) else { return succession };
        let days = day_of(now).saturating_sub(habit.day);
        let figure = |value: u32| decayed(value, days);
        let (this, next) = slots(now);
        let slot = |slot: usize| figure(habit.slots.get(slot).copied().unwrap_or_default()).saturating_mul(2);
        figure(habit.weight).saturating_add(slot(this)).saturating_add(slot(next)).saturating_add(succession)
    }

    /// What to fetch within a byte budget. `lacking` says how many bytes of an object are not here: nothing for one that
    /// is whole or is not to be fetched. An object that does not fit is left out, and smaller ones behind it are not.
    #[must_use]
    pub fn stage(&self, now: Timestamp, budget_bytes: u64, lacking: impl Fn(&ObjectId) -> Option<u64>) -> Vec<Staged> {
        let expected = self.expected(now);
        let ids = self.habits.keys().chain(expected.keys().filter(|id| !self.habits.contains_key(*id)));
        let mut ranked: Vec<(Reverse<u32>, ObjectId)> = ids
            .map(|id| (Reverse(self.score_with(now, id, &expected)), *id))
            .filter(|(Reverse(score), _)| *score >= self.limits.min_score && *score > 0)
            .collect();
        ranked.sort_unstable();
        let mut left = budget_bytes;
        let mut staged = Vec::new();
        for (Reverse(score), object_id) in ranked {
            let Some(bytes) = lacking(&object_id).filter(|bytes| *bytes > 0) else { continue };
            if let Some(rest) = left.checked_sub(bytes) {
                left = rest;
                staged.push(Staged { object_id, bytes, score });
            }
        }
        staged
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "the small numbers of tests")]
mod tests {
    use super::{AccessHistory, HistoryLimits, Staged, decayed};
    use fcp_core::id::ObjectId;
    use fcp_core::time::Timestamp;

    fn id(byte: u8) -> ObjectId {
        ObjectId::from_bytes([byte; 32])
    }

    /// A time of a day, in minutes.
    fn at(day: u64, minute: u64) -> Timestamp {
        Timestamp::from_secs(19_000 * 86_400).saturating_add(day * 86_400 + minute * 60)
    }

    fn history() -> AccessHistory {
        AccessHistory::new(HistoryLimits::default())
    }

    #[test]
    fn weights_halve_in_about_a_week() {
        assert_eq!(decayed(256, 0), 256);
        assert_eq!(decayed(256, 1), 232);
        assert_eq!(decayed(10_000, 7), 5_018);
        assert_eq!((decayed(u32::MAX, 256), decayed(u32::MAX, u64::MAX)), (0, 0));
        let mut history = history();
        history.note(at(0, 0), id(1));
        // Weight, and twice the slot.
        assert_eq!(history.score(at(0, 1), &id(1)), 256 + 2 * 256);
        assert_eq!(history.score(at(1, 1), &id(1)), 232 + 2 * 232);
        // Three hours earlier, the slot is the one that comes next; at noon, it is neither.
        assert_eq!(history.score(at(0, 23 * 60), &id(1)), 256 + 2 * 256);
        assert_eq!(history.score(at(0, 12 * 60), &id(1)), 256);
        assert_eq!(history.score(at(0, 1), &id(2)), 0);
        // A clock that was set back makes nothing younger.
        assert_eq!(history.score(Timestamp::from_secs(0), &id(1)), 256 + 2 * 256);
    }

    #[test]
    fn what_followed_before_follows_again() {
        let mut history = history();
        for day in 0..3 {
            history.note(at(day, 600), id(1));
            history.note(at(day, 605), id(2));
            history.note(at(day, 616), id(3));
        }
        let alone = history.score(at(3, 590), &id(2));
        history.note(at(3, 600), id(1));
        // 256 of yesterday, the day before, and the one before that: each day shrinks the sum.
        let sum = decayed(decayed(decayed(256, 1) + 256, 1) + 256, 1);
        assert_eq!(history.score(at(3, 601), &id(2)), alone + 4 * sum);
        // The third came 16 minutes after the first and 11 after the second: it follows neither.
        assert_eq!(history.score(at(3, 601), &id(3)), history.score(at(3, 590), &id(3)));
        assert_eq!(history.stage(at(3, 601), 1, |other| (*other == id(2)).then_some(1))[0].object_id, id(2));
        // Ten minutes later it is no longer expected.
        assert_eq!(history.score(at(3, 611), &id(2)), alone);
    }

    #[test]
    fn an_object_has_four_successors_and_the_weakest_yields() {
        let mut history = history();
        for (minute, next) in [(0, 2), (20, 2), (40, 3), (60, 4), (80, 5), (100, 6)] {
            history.note(at(0, minute), id(1));
            history.note(at(0, minute + 1), id(next));
        }
        history.note(at(0, 120), id(1));
        let expected = history.expected(at(0, 120));
        let figures: Vec<_> = expected.into_iter().map(|(id, count)| (id.as_bytes()[0], count)).collect();
        // Of 3, 4 and 5, which are equal, 5 has the largest id.
        assert_eq!(figures, [(2, 512), (3, 256), (4, 256), (6, 256)]);
    }

    #[test]
    fn the_budget_is_kept_and_small_things_find_room() {
        let mut history = history();
        for (byte, times) in [(1, 3), (2, 2), (3, 1), (4, 1), (5, 1)] {
            for time in 0..times {
                history.note(at(time, 0), id(byte));
            }
        }
        let size = |id: &ObjectId| match id.as_bytes()[0] {
            1 => Some(60),
            2 => Some(50),
            3 => Some(40),
            4 => None,
            _ => Some(0),
        };
        let staged = history.stage(at(3, 0), 100, size);
        let brief: Vec<_> =
            staged.iter().map(|Staged { object_id, bytes, .. }| (object_id.as_bytes()[0], *bytes)).collect();
        assert_eq!(brief, [(1, 60), (3, 40)]);
        assert!(staged[0].score > staged[1].score);
        assert_eq!(history.stage(at(400, 0), 100, size), []);
        assert_eq!(history.stage(at(3, 0), 0, size), []);
    }

    #[test]
    fn memory_is_bounded() {
        let mut history = AccessHistory::new(HistoryLimits { max_objects: 16, min_score: 0 });
        for round in 0..40 {
            history.note(at(round / 8, 0), id(1));
            for byte in 0..8 {
                history.note(at(round / 8, 30), id(u8::try_from(round).unwrap() * 5 + byte + 10));
            }
            assert!(history.len() <= 16);
        }
        // What is accessed every day is not what is forgotten.
        assert!(history.score(at(5, 0), &id(1)) > 0);
        history.forget(&id(1));
        assert_eq!(history.score(at(400, 0), &id(1)), 0);
        let mut none = AccessHistory::new(HistoryLimits { max_objects: 0, min_score: 0 });
        none.note(at(0, 0), id(1));
        assert!(none.is_empty());
    }
}
