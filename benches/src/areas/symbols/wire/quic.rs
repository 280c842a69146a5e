//! The peer: datagrams of a QUIC connection between two processes.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fcp_node::bench::process::{BenchError, Orders, Run, Sender};
use quinn::rustls;
use tokio::process::Command;

/// The sending process, which needs the certificate to trust.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
pub(super) async fn send(to: SocketAddr, len: usize) -> Result<(), BenchError> {
    let (orders, certificate) = Orders::read().await?;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.to_vec().into()).map_err(BenchError::refused)?;
    let config = quinn::ClientConfig::with_root_certificates(Arc::new(roots)).map_err(BenchError::refused)?;
    let mut endpoint = quinn::Endpoint::client((Ipv4Addr::LOCALHOST, 0).into())?;
    endpoint.set_default_client_config(config);
    let connection = endpoint.connect(to, "localhost").map_err(BenchError::refused)?;
    let connection = connection.await.map_err(BenchError::refused)?;
    let payload = Bytes::from(vec![7; len]);
    let send = async |duration: Duration| {
        let (started, mut sent) = (Instant::now(), 0_u64);
        while started.elapsed() < duration {
            connection.send_datagram_wait(payload.clone()).await.map_err(BenchError::refused)?;
            sent += 1;
        }
        Ok(sent)
    };
    orders.follow(send).await
}

/// The receiving end, in this process, with its sending process.
pub(super) struct Receiver {
    connection: quinn::Connection,
    _endpoint: quinn::Endpoint,
    sender: Sender,
}

impl Receiver {
    pub(super) async fn start(sender: Command) -> Result<Self, BenchError> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).map_err(BenchError::refused)?;
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let certificate = made.cert.der().clone();
        let config = quinn::ServerConfig::with_single_cert(vec![certificate.clone()], key.into());
        let endpoint = quinn::Endpoint::server(config.map_err(BenchError::refused)?, (Ipv4Addr::LOCALHOST, 0).into())?;
        let mut sender = Sender::start(sender, endpoint.local_addr()?, &certificate).await?;
        let connection = endpoint.accept().await.ok_or(BenchError::NotConnected)?.await.map_err(BenchError::refused)?;
        sender.opened().await?;
        Ok(Self { connection, _endpoint: endpoint, sender })
    }

    pub(super) async fn run(&mut self, duration: Duration) -> Result<Run, BenchError> {
        let Self { connection, sender, .. } = self;
        let arrive = async || {
            connection.read_datagram().await.map_err(BenchError::refused)?;
            Ok(1)
        };
        sender.run(duration, arrive).await
    }
}
