//! Measuring two things in turn.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub enum Effort {
    /// Briefly: the figures say little.
    Smoke,
    /// As long as minima need to settle.
    Full,
}

/// Which way a goal points.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// Ours takes at most this many times as long as the peer.
    AtMost(f64),
    /// Ours is at least this many times as fast as the peer.
    AtLeast(f64),
    /// The same, claimed only for processors that have this.
    AtLeastWith(Cpu, f64),
}

/// What a processor may have that a goal assumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cpu {
    /// GFNI and AVX-512.
    GfniAvx512,
    /// AVX2.
    Avx2,
}

impl Cpu {
    /// Its usual name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GfniAvx512 => "GFNI",
            Self::Avx2 => "AVX2",
        }
    }

    /// Whether this processor has it.
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    pub fn is_here(self) -> bool {
        match self {
            Self::GfniAvx512 => is_x86_feature_detected!("gfni") && is_x86_feature_detected!("avx512bw"),
            Self::Avx2 => is_x86_feature_detected!("avx2"),
        }
    }

    /// Whether this processor has it.
    #[cfg(not(target_arch = "x86_64"))]
    #[must_use]
    pub const fn is_here(self) -> bool {
        false
    }
}

impl Goal {
    /// What this processor lacks for the goal to be claimed.
    #[must_use]
    pub fn lacks(self) -> Option<Cpu> {
        match self {
            Self::AtLeastWith(cpu, _) if !cpu.is_here() => Some(cpu),
            _ => None,
        }
    }
}

/// Something that is run many times.
pub type Work = Box<dyn FnMut()>;

/// Two things that do the same.
pub struct Pair {
    /// What they do.
    pub name: &'static str,
    /// These crates.
    pub ours: Work,
    /// What they are compared with.
    pub peer_name: &'static str,
    /// It.
    pub peer: Work,
    /// What is claimed.
    pub goal: Goal,
}

/// Two things that each take several processes, and so measure themselves.
pub struct Contest {
    /// What they do.
    pub name: &'static str,
    /// What these crates are compared with.
    pub peer_name: &'static str,
    /// What is claimed.
    pub goal: Goal,
    /// Measures both in turn.
    pub run: fn(Effort) -> Result<Times, String>,
}

/// Nanoseconds a unit of work, round by round.
#[derive(Debug, Default)]
pub struct Times {
    /// Ours.
    pub ours: Vec<f64>,
    /// The peer's.
    pub peer: Vec<f64>,
}

impl std::fmt::Debug for Contest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contest({} / {}, {:?})", self.name, self.peer_name, self.goal)
    }
}

impl Contest {
    /// Measures both in turn.
    ///
    /// # Errors
    /// What kept one of them from running.
    pub fn run(&self, effort: Effort) -> Result<Ratio, String> {
        (self.run)(effort).map(|times| Ratio::of_times(self.name, self.peer_name, self.goal, times))
    }
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pair({} / {}, {:?})", self.name, self.peer_name, self.goal)
    }
}

/// What came out, in nanoseconds a run.
#[derive(Debug)]
pub struct Ratio {
    /// What was measured.
    pub name: &'static str,
    /// What it was compared with.
    pub peer_name: &'static str,
    /// What is claimed.
    pub goal: Goal,
    /// The fastest batch of ours.
    pub ours_min: f64,
    /// The fastest batch of the peer.
    pub peer_min: f64,
    /// The median batch of ours.
    pub ours_median: f64,
    /// The median batch of the peer.
    pub peer_median: f64,
}

impl Ratio {
    fn of_times(name: &'static str, peer_name: &'static str, goal: Goal, times: Times) -> Self {
        let (ours_min, ours_median) = summary(times.ours);
        let (peer_min, peer_median) = summary(times.peer);
        Self { name, peer_name, goal, ours_min, peer_min, ours_median, peer_median }
    }

    /// Ours over the peer's, by minima.
    #[must_use]
    pub fn of_minima(&self) -> f64 {
        self.ours_min / self.peer_min
    }

    /// Ours over the peer's, by medians.
    #[must_use]
    pub fn of_medians(&self) -> f64 {
        self.ours_median / self.peer_median
    }

    /// Whether the goal is held, or not claimed for this processor.
    #[must_use]
    pub fn held(&self) -> bool {
        match self.goal {
            Goal::AtMost(limit) => self.of_minima() <= limit,
            Goal::AtLeastWith(cpu, _) if !cpu.is_here() => true,
            Goal::AtLeast(factor) | Goal::AtLeastWith(_, factor) => self.of_minima() * factor <= 1.0,
        }
    }
}

/// Runs both in turn, in batches long enough for the clock, and keeps each batch's time.
#[must_use]
pub fn run(mut pair: Pair, effort: Effort) -> Ratio {
    let (batch, rounds) = match effort {
        Effort::Smoke => (Duration::from_micros(200), 5),
        Effort::Full => (Duration::from_micros(500), 600),
    };
    let ours_count = calibrate(&mut pair.ours, batch);
    let peer_count = calibrate(&mut pair.peer, batch);
    let (mut ours, mut peer) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    // Where buffers and the stack happen to lie is worth more than most goals leave: move both, so that minima find the
    // best place of either side.
    let mut heap = Heap { random: 1 };
    for (_, timed) in (0..rounds).zip(DEPTHS.into_iter().cycle()) {
        let pieces = heap.fragment();
        ours.push(timed(&mut pair.ours, ours_count));
        peer.push(timed(&mut pair.peer, peer_count));
        drop(pieces);
    }
    Ratio::of_times(pair.name, pair.peer_name, pair.goal, Times { ours, peer })
}

/// Pieces of the heap whose sizes differ from round to round, so that buffers of either side lie elsewhere each time.
struct Heap {
    random: u32,
}

impl Heap {
    /// Takes four pieces of up to 64 KiB, which are given back when dropped.
    fn fragment(&mut self) -> [Vec<u8>; 4] {
        black_box(std::array::from_fn(|_| {
            self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Vec::with_capacity(self.random as usize >> 16)
        }))
    }
}

/// [`time`], with the stack moved by multiples of 272 bytes: to every alignment of 16 in a cache line, and through a page.
const DEPTHS: [fn(&mut Work, u32) -> f64; 16] = [
    deeper::<0>,
    deeper::<272>,
    deeper::<544>,
    deeper::<816>,
    deeper::<1088>,
    deeper::<1360>,
    deeper::<1632>,
    deeper::<1904>,
    deeper::<2176>,
    deeper::<2448>,
    deeper::<2720>,
    deeper::<2992>,
    deeper::<3264>,
    deeper::<3536>,
    deeper::<3808>,
    deeper::<4080>,
];

#[inline(never)]
fn deeper<const BYTES: usize>(work: &mut Work, count: u32) -> f64 {
    let room = [0_u8; BYTES];
    black_box(&room);
    let nanoseconds = time(work, count);
    black_box(&room);
    nanoseconds
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
