//! `fcp`: the reference node and its command line.

mod cli;
mod clock;
mod config;
mod console;
mod control;
mod demo;
mod keys;
mod mesh;
mod net;
mod node;
mod params;
mod random;
mod store;
mod transport;
mod zone;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    cli::Cli::parse().run()
}
