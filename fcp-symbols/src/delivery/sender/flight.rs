//! What is under way to a peer, and what reports say of it.

use alloc::collections::{BTreeMap, VecDeque};

use fcp_core::time::Millis;

use super::super::PathId;
use super::super::pacing::Settled;
use crate::esi::EsiSet;
use crate::message::MAX_MISSING;

/// What is known of a path, for a transfer to reckon with.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathView {
    pub(super) loss_bps: u64,
    pub(super) loss_delay_ms: u64,
    pub(super) timeout_ms: u64,
    pub(super) shortest_rtt_ms: Option<u64>,
}

/// The paths of a peer, for a transfer to reckon with.
pub(super) type PathViews = BTreeMap<PathId, PathView>;

/// What a peer reports.
#[derive(Debug, Clone, Copy)]
pub(super) struct Report<'a> {
    pub(super) received: u32,
    pub(super) required: u32,
    pub(super) missing: Option<&'a EsiSet>,
}

impl Report<'_> {
    /// Whether more may be missing than is named.
    pub(super) fn is_full(&self) -> bool {
        self.missing.is_some_and(|named| usize::try_from(named.count()).is_ok_and(|count| count >= MAX_MISSING))
    }

    /// Of what a holder is to have, what it may miss and cannot know of: before the first that it has, and behind the last.
    pub(super) fn ends_of(&self, all: &EsiSet) -> Option<EsiSet> {
        let named = all.intersection(self.missing.filter(|_| !self.is_full())?).count();
        let unnamed = all.count().saturating_sub(self.received).saturating_sub(named);
        let mut ends = all.lowest(unnamed);
        ends.extend(all.difference(&all.lowest(all.count().saturating_sub(unnamed))).runs().iter().cloned());
        Some(ends)
    }
}

/// Symbols with consecutive numbers that went out together.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) path: PathId,
    pub(super) first: u32,
    pub(super) count: u32,
    pub(super) at: Millis,
    /// How many symbols had been sent, these included.
    pub(super) order: u32,
    /// Bytes a symbol.
    pub(super) each: u64,
}

/// A question to the peer how far it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prompt {
    pub(super) path: PathId,
    pub(super) at: Millis,
    pub(super) order: u32,
}

impl Span {
    pub(super) fn end(&self) -> u32 {
        self.first.saturating_add(self.count)
    }

    pub(super) fn has(&self, esi: u32) -> bool {
        (self.first..self.end()).contains(&esi)
    }

    pub(super) fn esis(&self) -> core::ops::Range<u32> {
        self.first..self.end()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.each.saturating_mul(u64::from(self.count))
    }

    pub(super) fn continues(&self, esi: u32, path: PathId, at: Millis, each: u64) -> bool {
        self.end() == esi && self.path == path && self.at == at && self.each == each
    }
}

impl Settled {
    pub(super) fn deliver(&mut self, span: &Span) {
        self.delivered = self.delivered.saturating_add(span.count);
        self.delivered_bytes = self.delivered_bytes.saturating_add(span.bytes());
    }

    pub(super) fn lose(&mut self, span: &Span) {
        self.lost = self.lost.saturating_add(span.count);
        self.lost_bytes = self.lost_bytes.saturating_add(span.bytes());
        self.lost_at = self.lost_at.max(span.at);
    }
}

/// Adds a symbol behind those that went out with it.
pub(super) fn push_joined(spans: &mut VecDeque<Span>, span: Span) {
    match spans.back_mut() {
        Some(last) if last.order == span.order && last.continues(span.first, span.path, span.at, span.each) => {
            last.count = last.count.saturating_add(span.count);
        }
        _ => spans.push_back(span),
    }
}

/// How many of the symbols that nobody named have arrived.
pub(super) struct Arrived {
    pub(super) count: u32,
    /// How many of those that could still be under way.
    pub(super) of_open: usize,
}

/// `news` symbols arrived, nobody knows which. Of those that should have been there, the rest is lost; paths have it in
/// proportion to what they lost before.
pub(super) fn share_out(
    unnamed: &VecDeque<(Span, bool)>,
    news: u32,
    paths: &PathViews,
    settled: &mut BTreeMap<PathId, Settled>,
) -> Arrived {
    let covered = unnamed.iter().filter(|(_, covered)| *covered).count();
    let covered = u32::try_from(covered).unwrap_or(u32::MAX);
    let mut losses = covered.saturating_sub(news);
    let mut of_path: BTreeMap<PathId, (u32, u64)> = BTreeMap::new();
    for (span, _) in unnamed.iter().filter(|(_, covered)| *covered) {
        let weight = paths.get(&span.path).map_or(10_000, |path| path.loss_bps).saturating_add(100);
        let entry = of_path.entry(span.path).or_default();
        *entry = (entry.0.saturating_add(1), entry.1.saturating_add(weight));
    }
    let total: u64 = of_path.values().fold(0, |sum, (_, weight)| sum.saturating_add(*weight));
    let mut lost_of: BTreeMap<PathId, u32> = BTreeMap::new();
    let all = losses;
    for (path, (count, weight)) in &of_path {
        let share = u64::from(all).saturating_mul(*weight).checked_div(total).unwrap_or_default();
        let share = u32::try_from(share).unwrap_or(u32::MAX).min(*count).min(losses);
        losses = losses.saturating_sub(share);
        lost_of.insert(*path, share);
    }
    for (path, (count, _)) in &of_path {
        let share = lost_of.entry(*path).or_default();
        let more = count.saturating_sub(*share).min(losses);
        *share = share.saturating_add(more);
        losses = losses.saturating_sub(more);
    }
    let mut arrived = Arrived { count: 0, of_open: 0 };
    let mut early = news.saturating_sub(covered);
    // The youngest of a path are the ones that were lost: those before them let the window move on.
    for (span, is_covered) in unnamed.iter().rev() {
        let lost = lost_of.get_mut(&span.path).filter(|lost| **lost > 0 && *is_covered);
        match lost {
            Some(lost) => {
                *lost = lost.saturating_sub(1);
                settled.entry(span.path).or_default().lose(span);
            }
            None if *is_covered => {
                arrived.count = arrived.count.saturating_add(1);
                settled.entry(span.path).or_default().deliver(span);
            }
            None => {}
        }
    }
    for (span, _) in unnamed.iter().filter(|(_, covered)| !covered) {
        if early == 0 {
            break;
        }
        early = early.saturating_sub(1);
        arrived.count = arrived.count.saturating_add(1);
        arrived.of_open = arrived.of_open.saturating_add(1);
        settled.entry(span.path).or_default().deliver(span);
    }
    arrived
}
