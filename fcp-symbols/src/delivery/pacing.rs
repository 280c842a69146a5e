//! How fast a path takes symbols: AIMD over what receivers report (§4.5).
//!
//! A window bounds what is under way on a path, as in NewReno (RFC 5681, RFC 9002): it begins with ten datagrams (RFC
//! 6928), grows by what arrives until the first loss and by one datagram a round trip from then on, and is halved by a
//! loss, once a round trip. It does not grow while nobody fills it, and after a pause begins anew. Within the window,
//! datagrams are spread over the round trip.
//!
//! Three things differ, because symbols are of a fountain code. Losses of a few in a hundred are not congestion and
//! change nothing, as repair symbols cost less than a halved rate. The window has a floor, and so has the rate: a path
//! that loses half of everything at random still moves. And a path of which nothing comes back any more is only
//! probed, at doubling intervals, while others do the work.

use fcp_core::time::Millis;

/// How a path is paced. Every size is in bytes of datagrams, every duration in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    /// The first window, in datagrams: 10 (RFC 6928).
    pub initial_datagrams: u32,
    /// The smallest window, in datagrams: 4.
    pub min_datagrams: u32,
    /// The largest window: 4 MiB.
    pub max_window: u64,
    /// What a path that answers is sent at least, in bytes a second: 64 KiB.
    pub min_bytes_per_sec: u64,
    /// Which share of losses changes nothing, in basis points: 300.
    pub tolerated_loss_bps: u64,
    /// The round trip that is assumed before the first is measured: 100.
    pub initial_rtt_ms: u64,
    /// The shortest wait for an answer: 200.
    pub min_timeout_ms: u64,
    /// The longest: 30,000.
    pub max_timeout_ms: u64,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            initial_datagrams: 10,
            min_datagrams: 4,
            max_window: 4 * 1024 * 1024,
            min_bytes_per_sec: 64 * 1024,
            tolerated_loss_bps: 300,
            initial_rtt_ms: 100,
            min_timeout_ms: 200,
            max_timeout_ms: 30_000,
        }
    }
}

/// How many symbols may be lost in a row before a path is taken to be dead.
const SILENT: u32 = 16;

/// How many waits in a row may end without an answer before a path is taken to be dead.
const UNANSWERED: u32 = 4;

/// What became of symbols that were under way on a path.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Settled {
    pub(super) delivered: u32,
    pub(super) delivered_bytes: u64,
    pub(super) lost: u32,
    pub(super) lost_bytes: u64,
    /// When the youngest lost one was sent.
    pub(super) lost_at: Millis,
}

/// The state of one path.
#[derive(Debug)]
pub(super) struct Pacer {
    config: Pacing,
    datagram: u64,
    window: u64,
    /// Below it the window grows by what arrives.
    threshold: u64,
    /// What the window has grown by in parts of a byte, times the window.
    growth: u64,
    in_flight: u64,
    /// Losses of what was sent until then have been answered for.
    recovery: Millis,
    rtt: Rtt,
    /// The share of losses, smoothed, in basis points.
    loss_bps: u64,
    /// Symbols lost since the last one arrived.
    silent: u32,
    /// Waits that ended without an answer since the last one, and when the last of them did.
    timeouts: u32,
    timed_out_at: Millis,
    /// What may be sent at once.
    credit: u64,
    credited_at: Millis,
    sent_at: Option<Millis>,
    /// Whether the window held somebody back since it last grew.
    limited: bool,
}

impl Pacer {
    pub(super) fn new(config: Pacing, datagram: usize, now: Millis) -> Self {
        let datagram = u64::try_from(datagram).unwrap_or(u64::MAX).max(1);
        let window = datagram.saturating_mul(u64::from(config.initial_datagrams)).min(config.max_window);
        Self {
            rtt: Rtt::new(config.initial_rtt_ms),
            config,
            datagram,
            window,
            threshold: u64::MAX,
            growth: 0,
            in_flight: 0,
            recovery: Millis::from_millis(0),
            loss_bps: 0,
            silent: 0,
            timeouts: 0,
            timed_out_at: Millis::from_millis(0),
            credit: window,
            credited_at: now,
            sent_at: None,
            limited: false,
        }
    }

    /// Whether a datagram of `bytes` may go out now; if not, from when on it may, as far as time decides.
    pub(super) fn allows(&mut self, now: Millis, bytes: u64) -> Result<(), Millis> {
        self.refresh(now);
        if self.is_failing() {
            let next = self.sent_at.map_or(now, |sent| sent.saturating_add(self.timeout_ms()));
            return if next <= now { Ok(()) } else { Err(next) };
        }
        if self.in_flight > 0 && self.in_flight.saturating_add(bytes) > self.room() {
            self.limited = true;
            return Err(Millis::NEVER);
        }
        if self.credit < bytes.min(self.burst()) {
            self.limited = true;
            let lacking = bytes.min(self.burst()).saturating_sub(self.credit);
            let wait = lacking.div_ceil(self.per_milli().max(1));
            return Err(now.saturating_add(wait.max(1)));
        }
        Ok(())
    }

    /// A datagram of `bytes` went out.
    pub(super) fn sent(&mut self, now: Millis, bytes: u64) {
        self.in_flight = self.in_flight.saturating_add(bytes);
        self.credit = self.credit.saturating_sub(bytes);
        self.sent_at = Some(now);
    }

    /// Of what was under way, this arrived and that did not: as was reported, or is supposed when nobody answered.
    pub(super) fn settle(&mut self, now: Millis, settled: Settled, reported: bool) {
        let Settled { delivered, delivered_bytes, lost, lost_bytes, lost_at } = settled;
        let all = u64::from(delivered).saturating_add(u64::from(lost));
        if all == 0 {
            return;
        }
        self.in_flight = self.in_flight.saturating_sub(delivered_bytes.saturating_add(lost_bytes));
        let share = u64::from(lost).saturating_mul(10_000).checked_div(all).unwrap_or_default();
        // The more symbols say so, the more it counts.
        let weight = all.min(32);
        let kept = self.loss_bps.saturating_mul(64_u64.saturating_sub(weight));
        if reported {
            self.loss_bps = kept.saturating_add(share.saturating_mul(weight)).checked_div(64).unwrap_or_default();
        }
        if delivered > 0 {
            (self.silent, self.timeouts) = (0, 0);
        } else if reported {
            self.silent = self.silent.saturating_add(lost);
        }
        let is_news = self.recovery == Millis::from_millis(0) || lost_at > self.recovery;
        // Of few symbols, one is a large share: then it counts what was lost before.
        let share = if all < 32 && reported { share.min(self.loss_bps) } else { share };
        if share > self.config.tolerated_loss_bps && is_news {
            self.recovery = now;
            self.window = (self.window / 2).max(self.floor());
            (self.threshold, self.growth) = (self.window, 0);
        } else if core::mem::take(&mut self.limited) {
            self.grow(delivered_bytes);
        }
    }

    /// What is under way is not accounted for any more.
    pub(super) fn forget(&mut self, bytes: u64) {
        self.in_flight = self.in_flight.saturating_sub(bytes);
    }

    /// Nobody answered in time. However many waited, that counts once.
    pub(super) fn timed_out(&mut self, now: Millis) {
        if now < self.timed_out_at.saturating_add(self.wait_ms()) {
            return;
        }
        self.timed_out_at = now;
        self.timeouts = self.timeouts.saturating_add(1);
        if self.timeouts >= 2 {
            self.threshold = (self.window / 2).max(self.floor());
            self.window = self.floor();
        }
    }

    /// An answer took `elapsed_ms`; that is sure, or the best guess.
    pub(super) fn measured(&mut self, elapsed_ms: u64, sure: bool) {
        self.rtt.measured(elapsed_ms, sure);
    }

    /// How long to wait for an answer.
    pub(super) fn wait_ms(&self) -> u64 {
        self.rtt.timeout_ms().max(self.config.min_timeout_ms).min(self.config.max_timeout_ms)
    }

    /// The same, longer each time that none came.
    fn timeout_ms(&self) -> u64 {
        self.wait_ms().saturating_mul(2_u64.saturating_pow(self.timeouts.min(5))).min(self.config.max_timeout_ms)
    }

    /// After what time a symbol that others overtook is lost.
    pub(super) fn loss_delay_ms(&self) -> u64 {
        self.rtt.timeout_ms()
    }

    /// The shortest round trip, once one was measured.
    pub(super) const fn shortest_rtt_ms(&self) -> Option<u64> {
        self.rtt.shortest
    }

    /// Whether nothing comes back from it.
    pub(super) const fn is_failing(&self) -> bool {
        self.silent >= SILENT || self.timeouts >= UNANSWERED
    }

    /// The share of losses, in basis points.
    pub(super) const fn loss_bps(&self) -> u64 {
        self.loss_bps
    }

    pub(super) const fn window(&self) -> u64 {
        self.window
    }

    pub(super) const fn in_flight(&self) -> u64 {
        self.in_flight
    }

    pub(super) const fn rtt_ms(&self) -> u64 {
        self.rtt.smoothed_ms()
    }

    /// Whether another datagram would be beyond the window.
    pub(super) fn is_full(&self) -> bool {
        self.in_flight.saturating_add(self.datagram) > self.room()
    }

    /// How much may be under way: the window, or what the smallest rate takes in a round trip.
    fn room(&self) -> u64 {
        let floor = self.config.min_bytes_per_sec.saturating_mul(self.rtt.smoothed_ms()) / 1000;
        self.window.max(if self.timeouts == 0 { floor } else { 0 }).min(self.config.max_window)
    }

    /// Fills up what may be sent at once, and begins anew after a pause (RFC 5681 §4.1).
    fn refresh(&mut self, now: Millis) {
        let elapsed = now.since(self.credited_at);
        if elapsed == 0 {
            return;
        }
        self.credited_at = now;
        let idle = self.sent_at.is_some_and(|sent| now.since(sent) > self.timeout_ms());
        if idle && self.in_flight == 0 {
            self.window = self.window.min(self.initial());
        }
        let refill = elapsed.saturating_mul(self.per_milli());
        self.credit = self.credit.saturating_add(refill).min(self.burst());
    }

    /// Five quarters of a window in a round trip (RFC 9002 §7.7).
    fn per_milli(&self) -> u64 {
        let window = self.room().saturating_mul(5) / 4;
        window.checked_div(self.rtt.smoothed_ms().max(1)).unwrap_or_default().max(1)
    }

    /// What goes out at once at most: ten datagrams, or what a millisecond takes.
    fn burst(&self) -> u64 {
        self.initial().min(self.room()).max(self.per_milli())
    }

    fn initial(&self) -> u64 {
        self.datagram.saturating_mul(u64::from(self.config.initial_datagrams)).min(self.config.max_window)
    }

    fn floor(&self) -> u64 {
        self.datagram.saturating_mul(u64::from(self.config.min_datagrams)).min(self.config.max_window)
    }

    fn grow(&mut self, delivered: u64) {
        let more = if self.window < self.threshold {
            delivered
        } else {
            self.growth = self.growth.saturating_add(delivered.saturating_mul(self.datagram));
            let more = self.growth.checked_div(self.window).unwrap_or_default();
            self.growth = self.growth.checked_rem(self.window).unwrap_or_default();
            more
        };
        self.window = self.window.saturating_add(more).min(self.config.max_window);
    }
}

/// The round trip, smoothed (RFC 6298), in milliseconds.
#[derive(Debug)]
struct Rtt {
    /// Times 8.
    smoothed: u64,
    /// The mean deviation, times 4.
    deviation: u64,
    /// The shortest that was measured.
    shortest: Option<u64>,
    /// It is a guess: what is sure takes its place.
    guessed: bool,
}

impl Rtt {
    const fn new(initial_ms: u64) -> Self {
        Self {
            smoothed: initial_ms.saturating_mul(8),
            deviation: initial_ms.saturating_mul(2),
            shortest: None,
            guessed: false,
        }
    }

    const fn smoothed_ms(&self) -> u64 {
        self.smoothed / 8
    }

    /// The smoothed time and four deviations, but at least ten milliseconds more.
    fn timeout_ms(&self) -> u64 {
        self.smoothed_ms().saturating_add(self.deviation.max(10))
    }

    fn measured(&mut self, elapsed_ms: u64, sure: bool) {
        let is_first = match self.shortest {
            None => true,
            // Of several guesses, each of which is too long, the shortest is the best.
            Some(_) if self.guessed => sure || elapsed_ms < self.smoothed_ms(),
            Some(_) => false,
        };
        if is_first {
            *self = Self { shortest: Some(elapsed_ms), guessed: !sure, ..Self::new(elapsed_ms) };
            return;
        }
        if !sure {
            return;
        }
        self.shortest = self.shortest.map(|shortest| shortest.min(elapsed_ms));
        let error = self.smoothed_ms().abs_diff(elapsed_ms);
        self.deviation = self.deviation.saturating_sub(self.deviation / 4).saturating_add(error);
        self.smoothed = self.smoothed.saturating_sub(self.smoothed / 8).saturating_add(elapsed_ms);
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "test arithmetic is on small numbers")]
mod tests {
    use super::{Pacer, Pacing, Settled};
    use alloc::vec;
    use alloc::vec::Vec;
    use fcp_core::time::Millis;

    const DATAGRAM: u64 = 1200;

    fn at(millis: u64) -> Millis {
        Millis::from_millis(1_000_000 + millis)
    }

    fn pacer() -> Pacer {
        Pacer::new(Pacing::default(), 1200, at(0))
    }

    fn fill(pacer: &mut Pacer, now: Millis) -> u32 {
        let mut sent = 0;
        while pacer.allows(now, DATAGRAM).is_ok() {
            pacer.sent(now, DATAGRAM);
            sent += 1;
        }
        sent
    }

    fn delivered(count: u32) -> Settled {
        Settled { delivered: count, delivered_bytes: u64::from(count) * DATAGRAM, ..Settled::default() }
    }

    fn lost(count: u32, sent: Millis) -> Settled {
        Settled { lost: count, lost_bytes: u64::from(count) * DATAGRAM, lost_at: sent, ..Settled::default() }
    }

    #[test]
    fn ten_datagrams_go_first_and_twice_as_many_when_they_arrived() {
        let mut pacer = pacer();
        assert_eq!(fill(&mut pacer, at(0)), 10);
        assert_eq!(fill(&mut pacer, at(10)), 0);
        pacer.measured(50, true);
        pacer.settle(at(50), delivered(10), true);
        assert_eq!(pacer.window(), 20 * DATAGRAM);
        // Spread over the round trip: half of the window at once, all of it until the round trip's end.
        let mut sent = fill(&mut pacer, at(50));
        assert_eq!(sent, 10);
        for millis in 51..100 {
            sent += fill(&mut pacer, at(millis));
        }
        assert_eq!(sent, 20);
    }

    #[test]
    fn losses_halve_once_a_round_trip_and_growth_is_by_one_from_then_on() {
        let mut pacer = pacer();
        for round in 0..4_u64 {
            let count = fill(&mut pacer, at(100 * round)) + fill(&mut pacer, at(100 * round + 99));
            pacer.settle(at(100 * round + 99), delivered(count), true);
        }
        let before = pacer.window();
        assert!(before >= 40 * DATAGRAM);
        let count = fill(&mut pacer, at(500));
        pacer.settle(
            at(560),
            Settled { lost: 4, lost_bytes: 4 * DATAGRAM, lost_at: at(500), ..delivered(count - 4) },
            true,
        );
        assert_eq!(pacer.window(), before / 2);
        pacer.settle(at(565), lost(1, at(500)), true);
        assert_eq!(pacer.window(), before / 2, "they were under way when it was halved");
        let count = fill(&mut pacer, at(600)) + fill(&mut pacer, at(700));
        pacer.settle(at(700), delivered(count), true);
        let grown = pacer.window() - before / 2;
        assert!((1..=2 * DATAGRAM).contains(&grown), "{grown}");
        pacer.settle(at(2000), lost(9, at(1990)), true);
        for round in 0..20 {
            pacer.settle(at(3000 + 10 * round), lost(9, at(2995 + 10 * round)), true);
        }
        assert_eq!(pacer.window(), 4 * DATAGRAM, "not below the floor");
    }

    #[test]
    fn few_losses_change_nothing_and_an_unused_window_does_not_grow() {
        let mut pacer = pacer();
        pacer.settle(at(1), Settled { lost: 1, lost_bytes: DATAGRAM, lost_at: at(0), ..delivered(99) }, true);
        assert_eq!(pacer.window(), 10 * DATAGRAM);
        pacer.sent(at(2), DATAGRAM);
        pacer.settle(at(50), delivered(1), true);
        assert_eq!(pacer.window(), 10 * DATAGRAM);
    }

    #[test]
    fn a_pause_brings_the_first_window_back() {
        let mut pacer = pacer();
        pacer.measured(20, true);
        for round in 0..100 {
            let count = fill(&mut pacer, at(20 * round)) + fill(&mut pacer, at(20 * round + 19));
            pacer.settle(at(20 * round + 19), delivered(count), true);
        }
        assert!(pacer.window() > 100 * DATAGRAM);
        assert_eq!(fill(&mut pacer, at(60_000)), 10);
    }

    #[test]
    fn what_never_answers_is_probed_ever_less() {
        let mut pacer = pacer();
        assert_eq!(fill(&mut pacer, at(0)), 10);
        pacer.settle(at(300), lost(10, at(0)), true);
        pacer.timed_out(at(300));
        pacer.timed_out(at(301));
        assert!(!pacer.is_failing());
        pacer.settle(at(600), lost(6, at(400)), true);
        pacer.timed_out(at(700));
        assert!(pacer.is_failing());
        let mut times = vec![];
        let mut now = at(700);
        for _ in 0..12 {
            match pacer.allows(now, DATAGRAM) {
                Ok(()) => {
                    times.push(now);
                    pacer.sent(now, DATAGRAM);
                    pacer.timed_out(now);
                }
                Err(next) => now = next,
            }
        }
        let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1].since(pair[0])).collect();
        assert!(pauses.is_sorted() && pauses[0] >= 800 && pauses[2] >= 4 * pauses[0], "{pauses:?}");
        pacer.settle(now, delivered(1), true);
        assert!(!pacer.is_failing());
    }

    #[test]
    fn a_path_that_loses_half_still_gets_its_floor() {
        let mut pacer = pacer();
        let mut sent = 0;
        for round in 0..100 {
            let mut of_round = 0;
            for millis in 0..100 {
                of_round += fill(&mut pacer, at(100 * round + millis));
            }
            sent += of_round;
            let half = of_round / 2;
            let lost_bytes = u64::from(half) * DATAGRAM;
            let settled = Settled { lost: half, lost_bytes, lost_at: at(100 * round), ..delivered(of_round - half) };
            pacer.settle(at(100 * round + 99), settled, true);
        }
        assert_eq!(pacer.window(), 4 * DATAGRAM);
        assert!(u64::from(sent) * DATAGRAM >= 9 * 64 * 1024, "{sent}");
    }
}
