//! What work over many objects costs as they become more: seconds of one processor, and the most memory that it takes.
//!
//! Each point is measured in a process of its own, so that the peak of its memory is that work's alone.

mod plot;
mod work;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

pub use work::Work;

/// How many objects there are at each point.
pub const SIZES: [u32; 5] = [10_000, 31_623, 100_000, 316_228, 1_000_000];

/// One measurement.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// What was done.
    pub work: Work,
    /// Over how many objects.
    pub objects: u32,
    /// How long it took.
    pub seconds: f64,
    /// How much memory it took beyond what the process had before, where the system tells.
    pub peak_bytes: Option<u64>,
}

/// How much time has gone by: on Linux time on the processor, which other programs do not lengthen.
#[derive(Debug)]
struct Stopwatch {
    processor: Option<u64>,
    started: Instant,
}

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
    fn start() -> Self {
        Self { processor: Self::processor(), started: Instant::now() }
    }

    /// Nanoseconds that this process, which has one thread, was on a processor.
    fn processor() -> Option<u64> {
        fs::read_to_string("/proc/self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
    }

    fn elapsed(&self) -> Duration {
        match self.processor.zip(Self::processor()) {
            Some((before, now)) => Duration::from_nanos(now.saturating_sub(before)),
            None => self.started.elapsed(),
        }
    }
}

/// Measures one point in this process, and prints it for the parent: seconds, then bytes.
pub fn measure(work: Work, objects: u32) {
    let before = memory("VmRSS:");
    let stopwatch = Stopwatch::start();
    let done = work.run(objects);
    let seconds = stopwatch.elapsed().as_secs_f64();
    let peak = memory("VmHWM:").zip(before).map(|(peak, before)| peak.saturating_sub(before));
    assert_eq!(done.objects, u64::from(objects), "the work was about every object");
    println!("{} {}", seconds - done.prepared.as_secs_f64(), peak.map_or_else(String::new, |bytes| bytes.to_string()));
}

/// A figure of this process in bytes, on Linux.
fn memory(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok()?.checked_mul(1024)
}

/// Measures every point up to `most` objects, each in a process of its own and three times, of which the fastest counts.
///
/// # Errors
/// If a process cannot be started or does not answer.
pub fn run(most: u32, mut told: impl FnMut(&Point)) -> io::Result<Vec<Point>> {
    let program = std::env::current_exe()?;
    let mut points = Vec::new();
    for work in Work::ALL {
        for objects in SIZES.into_iter().filter(|objects| *objects <= most) {
            let mut best: Option<Point> = None;
            for _ in 0..3 {
                let output = Command::new(&program).args(["grow", work.name(), &objects.to_string()]).output()?;
                let answer = String::from_utf8_lossy(&output.stdout);
                let mut figures = answer.split_whitespace();
                let seconds = figures.next().and_then(|seconds| seconds.parse().ok());
                let seconds: f64 = seconds.ok_or_else(|| {
                    io::Error::other(format!("{}: {}", work.name(), String::from_utf8_lossy(&output.stderr)))
                })?;
                let peak_bytes = figures.next().and_then(|bytes| bytes.parse().ok());
                if best.is_none_or(|best| seconds < best.seconds) {
                    best = Some(Point { work, objects, seconds, peak_bytes });
                }
            }
            if let Some(point) = best {
                told(&point);
                points.push(point);
            }
        }
    }
    Ok(points)
}

/// The points as CSV.
#[must_use]
pub fn csv(points: &[Point]) -> String {
    let mut text = String::from("work,objects,seconds,ns_per_object,peak_bytes,bytes_per_object\n");
    for point in points {
        let each = point.seconds * 1e9 / f64::from(point.objects);
        let peak = point.peak_bytes.map_or_else(String::new, |bytes| bytes.to_string());
        let bytes = point.peak_bytes.map_or_else(String::new, |bytes| (bytes / u64::from(point.objects)).to_string());
        // Writing to a string does not fail.
        let _ = writeln!(text, "{},{},{:.6},{each:.0},{peak},{bytes}", point.work.name(), point.objects, point.seconds);
    }
    text
}

/// Writes `growth.csv` and `growth.svg` into a folder.
///
/// # Errors
/// If they cannot be written.
pub fn write(folder: &Path, points: &[Point]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("growth.csv"), csv(points))?;
    fs::write(folder.join("growth.svg"), plot::svg(points))
}
