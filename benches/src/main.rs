//! `fcp-benches`: every performance claim as a ratio against a peer, interleaved in one process.
//!
//! ```sh
//! cargo run --release -p fcp-benches -- ratios [--area core|symbols|caps] [--json] [--smoke]
//! cargo run --release -p fcp-benches -- growth [--folder FOLDER] [--most OBJECTS]
//! ```
//!
//! Machines differ and are noisy, so no claim is a time: two things are measured in turn, many times, and the ratio of the
//! minima is what counts, with that of the medians beside it.

mod report;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use fcp_benches::areas::symbols::wire;
use fcp_benches::areas::{self, Area};
use fcp_benches::growth::{self, Work};
use fcp_benches::measure::{self, Effort};

#[derive(Parser)]
#[command(about = "Performance claims as ratios against peers")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure every pair and compare with its goal; exits with 1 if one is short.
    Ratios {
        /// Only this area.
        #[arg(long)]
        area: Option<Area>,
        /// One line of JSON a pair.
        #[arg(long)]
        json: bool,
        /// Run briefly, print, and never fail: for machines whose speed says nothing.
        #[arg(long)]
        smoke: bool,
    },
    /// Measure how the cost of store logic grows with the number of objects, and write `growth.csv` and `growth.svg`.
    Growth {
        /// Where to.
        #[arg(long, default_value = "docs/growth")]
        folder: PathBuf,
        /// Up to how many objects.
        #[arg(long, default_value_t = 1_000_000)]
        most: u32,
    },
    /// One point of `growth`.
    #[command(hide = true)]
    Grow {
        /// What.
        work: Work,
        /// Over how many objects.
        objects: u32,
    },
    /// The sending end of what is measured between two processes.
    #[command(hide = true)]
    Send {
        /// Whose.
        sender: wire::Sender,
        /// Where to.
        to: SocketAddr,
    },
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Ratios { area, json, smoke } => ratios(area, json, smoke),
        Command::Growth { folder, most } => grow(&folder, most),
        Command::Grow { work, objects } => {
            growth::measure(work, objects);
            ExitCode::SUCCESS
        }
        Command::Send { sender, to } => match wire::send(sender, to) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("fcp-benches: {error}");
                ExitCode::FAILURE
            }
        },
    }
}

fn ratios(area: Option<Area>, json: bool, smoke: bool) -> ExitCode {
    let effort = if smoke { Effort::Smoke } else { Effort::Full };
    let mut held = true;
    let mut report = report::Report::new(json);
    for pair in areas::pairs(area) {
        let ratio = measure::run(pair, effort);
        held &= report.row(&ratio);
    }
    for contest in areas::contests(area) {
        match contest.run(effort) {
            Ok(ratio) => held &= report.row(&ratio),
            Err(error) => {
                eprintln!("fcp-benches: {}: {error}", contest.name);
                return ExitCode::FAILURE;
            }
        }
    }
    for question in areas::questions(area) {
        held &= report.figure(&question.answer(effort));
    }
    if held || smoke { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn grow(folder: &Path, most: u32) -> ExitCode {
    let told = |point: &growth::Point| {
        let megabytes = point.peak_bytes.map_or_else(String::new, |bytes| format!("{:.1} MB", bytes as f64 / 1e6));
        println!("{:<9} {:>9} objects {:>9.4} s {megabytes:>10}", point.work.name(), point.objects, point.seconds);
    };
    match growth::run(most, told).and_then(|points| growth::write(folder, &points)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fcp-benches: {error}");
            ExitCode::FAILURE
        }
    }
}
