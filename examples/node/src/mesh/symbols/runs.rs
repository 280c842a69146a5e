//! Which peer has not confirmed which run of symbols yet, and when it is sent the next time.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::time::Millis;

/// How long the first pause is until a run is sent again; each further one is twice as long.
const FIRST_PAUSE_MS: u64 = 400;
/// The longest pause.
const LONGEST_PAUSE_MS: u64 = 30_000;
/// How many symbols of a run are queued at once.
const PART: u32 = 256;

/// Symbols of a run that are to be sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) object: ObjectId,
    pub(super) zone: ZoneId,
    pub(super) esis: Range<u32>,
    /// Whether the run ends here, so that the peer is asked for an answer.
    pub(super) ends: bool,
    /// Whether this is the beginning of a run that was sent before.
    pub(super) again: bool,
}

#[derive(Debug)]
struct Run {
    zone: ZoneId,
    esis: Range<u32>,
    /// From where on it has not been sent this time.
    next: u32,
    /// How many times it has been sent.
    sent: u32,
    due: Millis,
}

/// The runs of one peer.
#[derive(Debug, Default)]
struct Holder {
    runs: BTreeMap<ObjectId, Run>,
    due: BTreeSet<(Millis, ObjectId)>,
    away: bool,
}

/// All runs that are not confirmed.
#[derive(Debug, Default)]
pub(super) struct Runs(BTreeMap<NodeId, Holder>);

impl Runs {
    /// A peer is to hold these symbols.
    pub(super) fn insert(&mut self, peer: &NodeId, object: ObjectId, zone: ZoneId, esis: Range<u32>, now: Millis) {
        let holder = self.0.entry(peer.clone()).or_default();
        if let Some(old) = holder.runs.remove(&object) {
            holder.due.remove(&(old.due, object));
        }
        holder.due.insert((now, object));
        holder.runs.insert(object, Run { zone, next: esis.start, esis, sent: 0, due: now });
    }

    /// Whoever has not confirmed everything.
    pub(super) fn peers(&self) -> Vec<NodeId> {
        self.0.keys().cloned().collect()
    }

    /// How many runs are not confirmed.
    pub(super) fn len(&self) -> usize {
        self.0.values().map(|holder| holder.runs.len()).sum()
    }

    /// How many runs a peer has not confirmed.
    pub(super) fn len_of(&self, peer: &NodeId) -> usize {
        self.0.get(peer).map_or(0, |holder| holder.runs.len())
    }

    /// Notes whether a peer can be reached; true if that is news. Whoever comes back is sent everything at once.
    pub(super) fn set_away(&mut self, peer: &NodeId, away: bool, now: Millis) -> bool {
        let Some(holder) = self.0.get_mut(peer).filter(|holder| holder.away != away) else { return false };
        holder.away = away;
        holder.due.clear();
        for (object, run) in &mut holder.runs {
            (run.next, run.sent, run.due) = (run.esis.start, 0, now);
            holder.due.insert((now, *object));
        }
        true
    }

    /// What a peer is to be sent now, if anything is due; its next turn is after a pause.
    pub(super) fn next_part(&mut self, peer: &NodeId, now: Millis) -> Option<Part> {
        let holder = self.0.get_mut(peer).filter(|holder| !holder.away)?;
        let (due, object) = holder.due.first().copied().filter(|(due, _)| *due <= now)?;
        holder.due.remove(&(due, object));
        let run = holder.runs.get_mut(&object)?;
        let (first, last) = (run.next, run.esis.end.min(run.next.saturating_add(PART)));
        let ends = last == run.esis.end;
        let again = run.sent > 0 && first == run.esis.start;
        if ends {
            let pause = FIRST_PAUSE_MS.saturating_mul(2_u64.saturating_pow(run.sent)).min(LONGEST_PAUSE_MS);
            run.sent = run.sent.saturating_add(1);
            run.due = now.saturating_add(pause);
        }
        run.next = if ends { run.esis.start } else { last };
        holder.due.insert((run.due, object));
        Some(Part { object, zone: run.zone.clone(), esis: first..last, ends, again })
    }

    /// A peer says how many symbols of an object it holds; true if that is the whole run, which is over then.
    pub(super) fn confirm(&mut self, peer: &NodeId, object: ObjectId, held: u32) -> bool {
        let Some(holder) = self.0.get_mut(peer) else { return false };
        let whole = |run: &Run| held >= run.esis.end.saturating_sub(run.esis.start);
        if !holder.runs.get(&object).is_some_and(whole) {
            return false;
        }
        if let Some(run) = holder.runs.remove(&object) {
            holder.due.remove(&(run.due, object));
        }
        if holder.runs.is_empty() {
            self.0.remove(peer);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::{NodeId, ObjectId, ZoneId};
    use fcp_core::time::Millis;

    use super::{FIRST_PAUSE_MS, LONGEST_PAUSE_MS, PART, Runs};

    const OBJECT: ObjectId = ObjectId::from_bytes([1; 32]);
    const START: Millis = Millis::from_millis(1_000_000);

    fn node(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    fn runs(esis: std::ops::Range<u32>) -> Runs {
        let mut runs = Runs::default();
        runs.insert(&node("nA"), OBJECT, ZoneId::private(), esis, START);
        runs
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut runs = runs(10..30);
        let mut now = START;
        let mut pauses = vec![];
        for round in 0..10 {
            let part = runs.next_part(&node("nA"), now).unwrap();
            assert_eq!((part.esis, part.ends, part.again), (10..30, true, round > 0));
            let before = now;
            while runs.next_part(&node("nA"), now).is_none() {
                now = now.saturating_add(100);
                if runs.0[&node("nA")].runs[&OBJECT].due <= now {
                    break;
                }
            }
            pauses.push(now.since(before));
        }
        assert_eq!(pauses[..4], [FIRST_PAUSE_MS, 2 * FIRST_PAUSE_MS, 4 * FIRST_PAUSE_MS, 8 * FIRST_PAUSE_MS]);
        assert_eq!(pauses[8..], [LONGEST_PAUSE_MS, LONGEST_PAUSE_MS]);
    }

    #[test]
    fn a_long_run_goes_in_parts_and_asks_once() {
        let mut runs = runs(5..5 + 2 * PART + 1);
        let parts: Vec<_> = std::iter::from_fn(|| runs.next_part(&node("nA"), START)).collect();
        let ranges: Vec<_> = parts.iter().map(|part| part.esis.clone()).collect();
        assert_eq!(ranges, [5..5 + PART, 5 + PART..5 + 2 * PART, 5 + 2 * PART..6 + 2 * PART]);
        assert_eq!(parts.iter().map(|part| part.ends).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn only_a_whole_run_is_confirmed_and_only_by_its_holder() {
        let mut runs = runs(10..30);
        runs.insert(&node("nB"), OBJECT, ZoneId::private(), 30..50, START);
        assert!(!runs.confirm(&node("nA"), OBJECT, 19));
        assert!(!runs.confirm(&node("nC"), OBJECT, 20));
        assert!(!runs.confirm(&node("nA"), ObjectId::from_bytes([2; 32]), 20));
        assert!(runs.confirm(&node("nA"), OBJECT, 20));
        assert!(!runs.confirm(&node("nA"), OBJECT, 20));
        assert_eq!((runs.len(), runs.peers()), (1, vec![node("nB")]));
        assert_eq!(runs.next_part(&node("nA"), Millis::NEVER), None);
    }

    #[test]
    fn nothing_is_sent_to_who_is_away_and_everything_to_who_comes_back() {
        let mut runs = runs(10..30);
        let later = START.saturating_add(1);
        assert!(runs.next_part(&node("nA"), START).is_some());
        assert!(runs.set_away(&node("nA"), true, later));
        assert!(!runs.set_away(&node("nA"), true, later));
        assert_eq!(runs.next_part(&node("nA"), Millis::NEVER), None);
        assert!(runs.set_away(&node("nA"), false, later));
        let part = runs.next_part(&node("nA"), later).unwrap();
        assert_eq!((part.esis, part.again), (10..30, false));
        assert_eq!(runs.next_part(&node("nA"), later), None);
    }
}
