//! A measurement between two processes: this one receives, another one sends.
//!
//! The sending process is given an address as its last argument and one line of hexadecimal on standard input. It says
//! `open` when it is connected. Then each line that it reads is for how many milliseconds it is to send, and each that it
//! writes how much it sent.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines, Stdin};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use zeroize::Zeroizing;

use crate::params::{hex, unhex};

/// What the sending process says when it is connected.
const OPEN: &str = "open";
/// How long nothing must come before a run is over.
const QUIET: Duration = Duration::from_millis(30);

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A socket or a process fails.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The operating system has no randomness.
    #[error("no randomness: {0}")]
    Random(#[from] getrandom::Error),
    /// The other process ended, or said something else than it should.
    #[error("the other process failed")]
    Process,
    /// No connection came about.
    #[error("no connection was made in time")]
    NotConnected,
    /// What carries the datagrams refuses.
    #[error("{0}")]
    Refused(String),
}

impl BenchError {
    /// The refusal of some layer, in its own words.
    #[must_use]
    pub fn refused(error: impl std::fmt::Display) -> Self {
        Self::Refused(error.to_string())
    }
}

/// What one run brought.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// How much left the sender.
    pub sent: u64,
    /// How much arrived and was accepted.
    pub received: u64,
    /// From the first that arrived to the last.
    pub elapsed: Duration,
}

/// The sending process, as the receiving one has it.
#[derive(Debug)]
pub struct Sender {
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Sender {
    /// Starts it, tells it where to send to and what it needs for that.
    ///
    /// # Errors
    /// [`BenchError::Io`].
    pub async fn start(mut command: Command, to: SocketAddr, needs: &[u8]) -> Result<Self, BenchError> {
        command.arg(to.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn()?;
        let mut orders = process.stdin.take().ok_or(BenchError::Process)?;
        let answers = process.stdout.take().ok_or(BenchError::Process)?;
        let line = Zeroizing::new(hex(needs) + "\n");
        orders.write_all(line.as_bytes()).await?;
        Ok(Self { orders, answers: BufReader::new(answers).lines(), _process: process })
    }

    /// Waits until it is connected.
    ///
    /// # Errors
    /// [`BenchError::Process`] if it says anything else.
    pub async fn opened(&mut self) -> Result<(), BenchError> {
        let line = self.answers.next_line().await?;
        if line.as_deref() == Some(OPEN) { Ok(()) } else { Err(BenchError::Process) }
    }

    /// Has it send for `duration`. `arrive` waits for what comes and says how much of it was accepted; it may be dropped
    /// while it waits.
    ///
    /// # Errors
    /// What `arrive` fails with, and [`BenchError::Process`].
    #[expect(clippy::disallowed_methods, reason = "measuring time is what this is for")]
    pub async fn run(
        &mut self,
        duration: Duration,
        mut arrive: impl AsyncFnMut() -> Result<u64, BenchError>,
    ) -> Result<Run, BenchError> {
        self.orders.write_all(format!("{}\n", duration.as_millis()).as_bytes()).await?;
        let (mut sent, mut received) = (None, 0_u64);
        let mut span: Option<(Instant, Instant)> = None;
        loop {
            let waits_since = Instant::now();
            tokio::select! {
                accepted = arrive() => {
                    received = received.saturating_add(accepted?);
                    span = Some((span.map_or(waits_since, |(first, _)| first), Instant::now()));
                }
                line = self.answers.next_line(), if sent.is_none() => {
                    let count = line?.and_then(|line| line.parse::<u64>().ok());
                    sent = Some(count.ok_or(BenchError::Process)?);
                }
                () = tokio::time::sleep(QUIET), if sent.is_some() => break,
            }
        }
        let elapsed = span.map_or(Duration::ZERO, |(first, last)| last.duration_since(first));
        Ok(Run { sent: sent.unwrap_or_default(), received, elapsed })
    }
}

/// What the sending process is told.
#[derive(Debug)]
pub struct Orders(Lines<BufReader<Stdin>>);

impl Orders {
    /// Reads what the process needs.
    ///
    /// # Errors
    /// [`BenchError::Process`] if it is not there.
    pub async fn read() -> Result<(Self, Zeroizing<Vec<u8>>), BenchError> {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        let line = Zeroizing::new(lines.next_line().await?.ok_or(BenchError::Process)?);
        let needs = unhex(&line).ok_or(BenchError::Process)?;
        Ok((Self(lines), Zeroizing::new(needs)))
    }

    /// Says that the process is connected, and has `send` send whenever that is asked for, until nobody asks any more.
    ///
    /// # Errors
    /// What `send` fails with, and [`BenchError::Process`].
    pub async fn follow(
        mut self,
        mut send: impl AsyncFnMut(Duration) -> Result<u64, BenchError>,
    ) -> Result<(), BenchError> {
        println!("{OPEN}");
        while let Some(line) = self.0.next_line().await? {
            let millis = line.parse().map_err(|_| BenchError::Process)?;
            println!("{}", send(Duration::from_millis(millis)).await?);
        }
        Ok(())
    }
}
