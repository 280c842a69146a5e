//! The network simulator: whole meshes of the library's own machines, in virtual time and from a seed.
//!
//! A run plays one scenario. Its hosts hold real session tables, real reassemblies and real keys; frames are sealed and
//! opened; only the network, the clocks and the disks are made up, and all chance comes from the seed, so that a seed gives
//! the same run everywhere. A ledger watches from outside: it believes no host, writes down each seal, datagram and
//! acceptance itself, and reports what breaks a rule, while it happens or at the end.
//!
//! ```
//! use fcp_conformance::simulate::{self, Options};
//!
//! let options = Options { scenario: Some("handshake".into()), seeds: 2, ..Options::default() };
//! let report = simulate::run(&options)?;
//! assert_eq!(report.violations(), 0, "{}", simulate::text(&report));
//! # Ok::<(), simulate::UnknownScenario>(())
//! ```

mod adversary;
mod cast;
mod checks;
mod clock;
mod dice;
mod host;
mod ledger;
mod network;
mod report;
mod scenarios;
mod world;

#[cfg(test)]
mod tests;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub use self::ledger::{Check, Violation};
pub use self::report::{json, text};
pub use self::scenarios::{SCENARIOS, Scenario};
use self::world::Brief;

/// How many threads play seeds at once.
const THREADS: usize = 2;

/// What is to be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// One scenario; all of them, if left out.
    pub scenario: Option<String>,
    /// How many seeds of each scenario.
    pub seeds: u64,
    /// The first seed.
    pub from: u64,
    /// How many nodes, within what a scenario needs; as many as each seed says, if left out.
    pub nodes: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { scenario: None, seeds: 20, from: 0, nodes: None }
    }
}

/// No scenario has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownScenario(pub String);

impl std::fmt::Display for UnknownScenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        write!(f, "no scenario is called `{}`; there are {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownScenario {}

/// What came of one scenario.
#[derive(Debug, Clone)]
pub struct Row {
    /// The scenario.
    pub scenario: Scenario,
    /// How many seeds were played.
    pub seeds: u64,
    /// How many events happened.
    pub events: u64,
    /// How many datagrams hosts sent.
    pub datagrams: u64,
    /// How many violations were found.
    pub violations: u64,
}

/// A run that went wrong.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The scenario.
    pub scenario: Scenario,
    /// The seed.
    pub seed: u64,
    /// How many nodes were asked for.
    pub nodes: Option<usize>,
    /// What was wrong, in the order in which it happened.
    pub violations: Vec<Violation>,
}

impl Failure {
    /// The command that plays this run again.
    #[must_use]
    pub fn command(&self) -> String {
        let nodes = self.nodes.map(|nodes| format!(" --nodes {nodes}")).unwrap_or_default();
        format!("fcp-conformance simulate --scenario {} --from {} --seeds 1{nodes}", self.scenario.name, self.seed)
    }
}

/// What came of everything that was played.
#[derive(Debug, Clone)]
pub struct Report {
    /// One row for each scenario.
    pub rows: Vec<Row>,
    /// The first run that went wrong.
    pub first: Option<Failure>,
}

impl Report {
    /// How many seeds were played in all.
    #[must_use]
    pub fn seeds(&self) -> u64 {
        self.rows.iter().fold(0, |sum, row| sum.saturating_add(row.seeds))
    }

    /// How many violations were found in all.
    #[must_use]
    pub fn violations(&self) -> u64 {
        self.rows.iter().fold(0, |sum, row| sum.saturating_add(row.violations))
    }
}

/// One run, when it is over.
#[derive(Debug, Clone)]
pub struct Played {
    /// What was wrong.
    pub violations: Vec<Violation>,
    /// The same for two runs only if the same happened in both.
    pub trace: u64,
    /// How many events happened.
    pub events: u64,
    /// How many datagrams hosts sent.
    pub datagrams: u64,
}

/// Plays one seed of one scenario.
#[must_use]
pub fn play(scenario: &Scenario, seed: u64, nodes: Option<usize>) -> Played {
    let world = (scenario.play)(Brief { seed, nodes });
    Played {
        violations: world.ledger.violations().to_vec(),
        trace: world.ledger.trace(),
        events: world.counts.events,
        datagrams: world.counts.datagrams,
    }
}

/// Plays what `options` ask for.
///
/// # Errors
/// [`UnknownScenario`].
pub fn run(options: &Options) -> Result<Report, UnknownScenario> {
    let chosen: Vec<Scenario> = match &options.scenario {
        None => SCENARIOS.to_vec(),
        Some(name) => {
            let found = SCENARIOS.iter().find(|scenario| scenario.name == name);
            vec![*found.ok_or_else(|| UnknownScenario(name.clone()))?]
        }
    };
    let seeds = options.from..options.from.saturating_add(options.seeds);
    let jobs: Vec<(usize, u64)> =
        (0..chosen.len()).flat_map(|scenario| seeds.clone().map(move |seed| (scenario, seed))).collect();
    let (next, played) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(jobs.len())));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((index, (scenario, seed))) = take(&next, &jobs)
                    && let Some(chosen) = chosen.get(scenario)
                {
                    let done = play(chosen, seed, options.nodes);
                    if let Ok(mut played) = played.lock() {
                        played.push((index, scenario, seed, done));
                    }
                }
            });
        }
    });
    let mut played = played.into_inner().unwrap_or_default();
    played.sort_by_key(|(index, ..)| *index);
    Ok(report(&chosen, options.nodes, played))
}

fn take<J: Copy>(next: &AtomicUsize, jobs: &[J]) -> Option<(usize, J)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(index).map(|job| (index, *job))
}

fn report(chosen: &[Scenario], nodes: Option<usize>, played: Vec<(usize, usize, u64, Played)>) -> Report {
    let row = |scenario: &Scenario| Row { scenario: *scenario, seeds: 0, events: 0, datagrams: 0, violations: 0 };
    let mut rows: Vec<Row> = chosen.iter().map(row).collect();
    let mut first = None;
    for (_, scenario, seed, done) in played {
        let Some(row) = rows.get_mut(scenario) else { continue };
        row.seeds = row.seeds.saturating_add(1);
        row.events = row.events.saturating_add(done.events);
        row.datagrams = row.datagrams.saturating_add(done.datagrams);
        row.violations = row.violations.saturating_add(u64::try_from(done.violations.len()).unwrap_or(u64::MAX));
        if !done.violations.is_empty() && first.is_none() {
            first = Some(Failure { scenario: row.scenario, seed, nodes, violations: done.violations });
        }
    }
    Report { rows, first }
}
