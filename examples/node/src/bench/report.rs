//! `fcp bench`: the figures of one layer, best of several runs.

use std::net::SocketAddr;
use std::time::Duration;

use clap::ValueEnum;
use serde_json::json;
use tokio::process::Command;
use tokio::runtime::Runtime;

use super::datagram::{self, Receiver, Shape};
use super::process::BenchError;

/// How many times a thing is measured, and for how long.
const RUNS: u32 = 8;
const EACH: Duration = Duration::from_millis(250);

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layer {
    /// Sealed datagrams between two processes, over UDP on loopback.
    Datagram,
}

/// One figure.
struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
}

/// Measures a layer and prints what came out.
pub(crate) fn run(layer: Layer, json: bool) -> Result<(), String> {
    let figures = match layer {
        Layer::Datagram => runtime().and_then(|runtime| runtime.block_on(measure_datagrams())),
    };
    for figure in figures.map_err(|error| error.to_string())? {
        let Figure { name, value, unit } = figure;
        if json {
            println!("{}", json!({"name": name, "value": value, "unit": unit}));
        } else {
            println!("{name:<44} {value:>14.1} {unit}");
        }
    }
    Ok(())
}

/// The sending end of [`Layer::Datagram`], in a process of its own.
pub(crate) fn send(to: SocketAddr) -> Result<(), String> {
    let sent = runtime().and_then(|runtime| runtime.block_on(datagram::send(to, Shape::SMALL)));
    sent.map_err(|error| error.to_string())
}

fn runtime() -> Result<Runtime, BenchError> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

async fn measure_datagrams() -> Result<Vec<Figure>, BenchError> {
    let mut sender = Command::new(std::env::current_exe()?);
    sender.arg("bench-sender");
    let mut receiver = Receiver::start(sender, Shape::SMALL).await?;
    let (mut sent, mut received, mut best) = (0_u64, 0_u64, 0.0_f64);
    for _ in 0..RUNS {
        let run = receiver.run(EACH).await?;
        (sent, received) = (sent.saturating_add(run.sent), received.saturating_add(run.received));
        best = best.max(run.received as f64 / run.elapsed.as_secs_f64());
    }
    let payload = f64::from(Shape::SMALL.symbol_size.get());
    Ok(vec![
        Figure { name: "datagrams received and opened", value: best, unit: "1/s" },
        Figure { name: "payload of 1024-byte symbols", value: best * payload / 1e6, unit: "MB/s" },
        Figure { name: "arrived, of what was sent", value: 100.0 * received as f64 / sent as f64, unit: "%" },
    ])
}
