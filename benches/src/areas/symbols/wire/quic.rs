//! The peer: datagrams of a QUIC connection between two processes.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fcp_node::bench::datagram::BenchError;
use quinn::rustls;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long nothing must come before a run is over.
const QUIET: Duration = Duration::from_millis(30);

fn failed(error: impl std::fmt::Display) -> BenchError {
    BenchError::Refused(error.to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |line, byte| line + &format!("{byte:02x}"))
}

fn unhex(line: &str) -> Option<Vec<u8>> {
    let digit = |index| u8::from_str_radix(line.get(index..index + 2)?, 16).ok();
    (0..line.len()).step_by(2).map(digit).collect()
}

/// The sending process: the certificate to trust and then durations in milliseconds come in by standard input.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
pub(super) async fn send(to: SocketAddr, len: usize) -> Result<(), BenchError> {
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    let certificate = input.next_line().await?.and_then(|line| unhex(&line)).ok_or(BenchError::Sender)?;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.into()).map_err(failed)?;
    let mut endpoint = quinn::Endpoint::client((Ipv4Addr::LOCALHOST, 0).into())?;
    endpoint.set_default_client_config(quinn::ClientConfig::with_root_certificates(Arc::new(roots)).map_err(failed)?);
    let connection = endpoint.connect(to, "localhost").map_err(failed)?.await.map_err(failed)?;
    println!("open");
    let payload = bytes::Bytes::from(vec![7; len]);
    while let Some(line) = input.next_line().await? {
        let duration = Duration::from_millis(line.parse().map_err(|_| BenchError::Sender)?);
        let (started, mut sent) = (Instant::now(), 0_u64);
        while started.elapsed() < duration {
            connection.send_datagram_wait(payload.clone()).await.map_err(failed)?;
            sent += 1;
        }
        println!("{sent}");
    }
    Ok(())
}

/// The receiving end, in this process, with its sending process.
pub(super) struct Receiver {
    connection: quinn::Connection,
    _endpoint: quinn::Endpoint,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _sender: Child,
}

impl Receiver {
    pub(super) async fn start(mut sender: Command) -> Result<Self, BenchError> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).map_err(failed)?;
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let certificate = made.cert.der().clone();
        let config = quinn::ServerConfig::with_single_cert(vec![certificate.clone()], key.into()).map_err(failed)?;
        let endpoint = quinn::Endpoint::server(config, (Ipv4Addr::LOCALHOST, 0).into())?;
        sender.arg(endpoint.local_addr()?.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = sender.kill_on_drop(true).spawn()?;
        let mut orders = child.stdin.take().ok_or(BenchError::Sender)?;
        orders.write_all(format!("{}\n", hex(&certificate)).as_bytes()).await?;
        let mut answers = BufReader::new(child.stdout.take().ok_or(BenchError::Sender)?).lines();
        let connection = endpoint.accept().await.ok_or(BenchError::NoSession)?.await.map_err(failed)?;
        match answers.next_line().await?.as_deref() {
            Some("open") => Ok(Self { connection, _endpoint: endpoint, orders, answers, _sender: child }),
            _ => Err(BenchError::Sender),
        }
    }

    /// How many datagrams arrived, and in what time.
    #[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
    pub(super) async fn run(&mut self, duration: Duration) -> Result<(u64, Duration), BenchError> {
        self.orders.write_all(format!("{}\n", duration.as_millis()).as_bytes()).await?;
        let (mut done, mut received) = (false, 0_u64);
        let mut span: Option<(Instant, Instant)> = None;
        loop {
            tokio::select! {
                datagram = self.connection.read_datagram() => {
                    datagram.map_err(failed)?;
                    received += 1;
                    let at = Instant::now();
                    span = Some((span.map_or(at, |(first, _)| first), at));
                }
                line = self.answers.next_line(), if !done => {
                    line?.ok_or(BenchError::Sender)?;
                    done = true;
                }
                () = tokio::time::sleep(QUIET), if done => break,
            }
        }
        Ok((received, span.map_or(Duration::ZERO, |(first, last)| last.duration_since(first))))
    }
}
