//! The reference node: real sockets, processes and disks around the protocol crates.
//!
//! The binary `fcp` is [`run`]. Beside it three modules are public: the [`supervisor`], for tests that start real connectors,
//! the [`transport`], and the [`bench`](mod@bench) behind `fcp bench`, which the benchmarks put beside others.

pub mod bench;
mod cli;
mod clock;
mod config;
mod console;
mod control;
mod demo;
mod folder;
mod keys;
mod life;
mod mesh;
mod net;
mod node;
mod params;
mod random;
mod store;
pub mod supervisor;
pub mod transport;
mod zone;

use std::process::ExitCode;

use clap::Parser as _;

/// Does what the command line asks for.
#[must_use]
pub fn run() -> ExitCode {
    cli::Cli::parse().run()
}
