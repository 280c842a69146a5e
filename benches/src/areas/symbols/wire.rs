//! Datagrams from one process to another over UDP on loopback, one thread each, with all of the protocol's cryptography:
//! against the unreliable datagrams of a QUIC connection that carry as many bytes of the application.
//!
//! The receiving end is in this process and counts what opened; the sending end is this program again, started with the
//! hidden command `send`.

mod quic;

use std::net::SocketAddr;
use std::time::Duration;

use clap::ValueEnum;
use fcp_node::bench::datagram::{self, Receiver, Shape};
use fcp_node::bench::process::{BenchError, Run};
use tokio::process::Command;
use tokio::runtime::Runtime;

use crate::measure::{Contest, Effort, Goal, Times};

/// Whose sending end a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sender {
    /// Ours.
    Fcp,
    /// The peer's.
    Quic,
}

/// Runs a sending end until standard input closes.
///
/// # Errors
/// If anything about it fails.
pub fn send(sender: Sender, to: SocketAddr) -> Result<(), BenchError> {
    runtime()?.block_on(async {
        match sender {
            Sender::Fcp => datagram::send(to, Shape::SMALL).await,
            Sender::Quic => quic::send(to, usize::from(Shape::SMALL.symbol_size.get())).await,
        }
    })
}

fn runtime() -> Result<Runtime, BenchError> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// This program, as a sending end.
fn this_program(sender: &str) -> Result<Command, BenchError> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["send", sender]);
    Ok(command)
}

/// The contest.
pub(super) fn contest() -> Contest {
    Contest {
        name: "datagrams between two processes",
        peer_name: "quinn, datagrams",
        goal: Goal::AtLeast(1.0),
        run: |effort| measure(effort).map_err(|error| error.to_string()),
    }
}

/// Nanoseconds a datagram that arrived, of both in turn.
fn measure(effort: Effort) -> Result<Times, BenchError> {
    let (rounds, duration) = match effort {
        Effort::Smoke => (1, Duration::from_millis(100)),
        Effort::Full => (12, Duration::from_millis(250)),
    };
    runtime()?.block_on(async {
        let mut ours = Receiver::start(this_program("fcp")?, Shape::SMALL).await?;
        let mut peer = quic::Receiver::start(this_program("quic")?).await?;
        let mut times = Times::default();
        for _ in 0..rounds {
            times.ours.push(per_datagram(&ours.run(duration).await?));
            times.peer.push(per_datagram(&peer.run(duration).await?));
        }
        Ok(times)
    })
}

fn per_datagram(run: &Run) -> f64 {
    run.elapsed.as_secs_f64() * 1e9 / run.received.max(1) as f64
}
