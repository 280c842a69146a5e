//! Measuring two things in turn.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long to measure.
#[derive(Clone, Copy)]
pub(crate) enum Effort {
    Smoke,
    Full,
}

/// Which way a goal points.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// Ours takes at most this many times as long as the peer.
    AtMost(f64),
    /// Ours is at least this many times as fast as the peer.
    AtLeast(f64),
}

/// Something that is run many times.
pub(crate) type Work = Box<dyn FnMut()>;

/// Two things that do the same.
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    pub(crate) ours: Work,
    pub(crate) peer_name: &'static str,
    pub(crate) peer: Work,
    pub(crate) goal: Goal,
}

/// What came out.
pub(crate) struct Ratio {
    pub(crate) name: &'static str,
    pub(crate) peer_name: &'static str,
    pub(crate) goal: Goal,
    pub(crate) ours_min: f64,
    pub(crate) peer_min: f64,
    pub(crate) ours_median: f64,
    pub(crate) peer_median: f64,
}

impl Ratio {
    /// Ours over the peer's, by minima.
    pub(crate) fn of_minima(&self) -> f64 {
        self.ours_min / self.peer_min
    }

    /// Ours over the peer's, by medians.
    pub(crate) fn of_medians(&self) -> f64 {
        self.ours_median / self.peer_median
    }

    /// Whether the goal is held.
    pub(crate) fn held(&self) -> bool {
        match self.goal {
            Goal::AtMost(limit) => self.of_minima() <= limit,
            Goal::AtLeast(factor) => self.of_minima() * factor <= 1.0,
        }
    }
}

/// Runs both in turn, in batches long enough for the clock, and keeps each batch's time.
pub(crate) fn run(mut pair: Pair, effort: Effort) -> Ratio {
    let (batch, rounds) = match effort {
        Effort::Smoke => (Duration::from_micros(200), 5),
        Effort::Full => (Duration::from_millis(2), 150),
    };
    let ours_count = calibrate(&mut pair.ours, batch);
    let peer_count = calibrate(&mut pair.peer, batch);
    let (mut ours, mut peer) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    for _ in 0..rounds {
        ours.push(time(&mut pair.ours, ours_count));
        peer.push(time(&mut pair.peer, peer_count));
    }
    let (ours_min, ours_median) = summary(ours);
    let (peer_min, peer_median) = summary(peer);
    Ratio { name: pair.name, peer_name: pair.peer_name, goal: pair.goal, ours_min, peer_min, ours_median, peer_median }
}

/// How many runs fill a batch.
fn calibrate(work: &mut Work, batch: Duration) -> u32 {
    let mut count = 1_u32;
    while time(work, count) * f64::from(count) < batch.as_secs_f64() * 1e9 && count < 1 << 24 {
        count *= 2;
    }
    count
}

/// Nanoseconds a run.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
fn time(work: &mut Work, count: u32) -> f64 {
    let started = Instant::now();
    for _ in 0..count {
        black_box(&mut *work)();
    }
    started.elapsed().as_secs_f64() * 1e9 / f64::from(count)
}

fn summary(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    let at = |index: usize| times.get(index).copied().unwrap_or(f64::NAN);
    (at(0), at(times.len() / 2))
}
