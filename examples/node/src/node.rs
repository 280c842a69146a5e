//! Running one device: sockets, disk and console around a [`Mesh`].

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fcp_core::id::ZoneId;
use tokio::net::UdpSocket;
use tokio::sync::{Notify, mpsc};

use crate::clock;
use crate::config::{Config, ConfigError};
use crate::control;
use crate::folder::{self, FolderError};
use crate::keys::{self, KeyFileError};
use crate::life::Life;
use crate::mesh::{Mesh, log};
use crate::net::Net;
use crate::random::Generator;
use crate::store::{Store, StoreError};
use crate::supervisor::{BuiltIn, MemoryState, Program, Setup, StartError, Supervisor};
use crate::transport::{BatchSocket, KeyDirectory, NodeCertificate, QuicEndpoint, QuicError, ReceiveBatch};

/// How many events may wait before the sockets are read no further.
const QUEUE: usize = 4096;
/// How many events are taken between two looks at the clock.
const BATCH: usize = 256;

/// Why a node does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodeError {
    /// The configuration is wrong.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The data folder cannot be used, or the connector cannot be granted its directory.
    #[error("{0}")]
    Folder(#[from] FolderError),
    /// The keys cannot be had.
    #[error("{0}")]
    Keys(#[from] KeyFileError),
    /// The store cannot be used.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The operating system has no randomness.
    #[error("the operating system has no randomness: {0}")]
    Random(getrandom::Error),
    /// The UDP socket cannot be bound.
    #[error("cannot listen on {address}: {source}: choose another port or stop what uses it")]
    Udp {
        /// The configured address.
        address: SocketAddr,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The QUIC endpoint cannot be bound.
    #[error("{0}")]
    Quic(#[from] QuicError),
    /// The control socket cannot be bound.
    #[error("cannot open the control socket: {0}")]
    Control(std::io::Error),
    /// The connector does not start.
    #[error("the connector `files` does not start: {0}")]
    Connector(#[from] StartError),
    /// What an earlier run kept cannot be used.
    #[error("cannot load what was kept: {0}")]
    Load(control::ControlError),
    /// The runtime cannot be started.
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
}

/// Runs the node of this configuration until it is told to stop, or until standard input ends where that is asked for.
pub(crate) fn run(config: &Path, until_stdin_closes: bool) -> Result<(), NodeError> {
    let config = Config::read(config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(NodeError::Runtime)?;
    let left_alone = Arc::new(Notify::new());
    if until_stdin_closes {
        let left_alone = Arc::clone(&left_alone);
        // A thread of its own: the runtime would wait for the reading to end, and this need not.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            left_alone.notify_one();
        });
    }
    runtime.block_on(serve(config, &left_alone))
}

async fn serve(config: Config, left_alone: &Notify) -> Result<(), NodeError> {
    folder::open(&config.data_dir)?;
    if let Some(granted) = &config.files {
        folder::keep_apart(&config.data_dir, granted)?;
    }
    let mut rng = Generator::new().map_err(NodeError::Random)?;
    let keys = keys::load_or_create(&config.data_dir.join("keys"), &mut rng)?;
    let store = Store::open(&config.data_dir.join("store.redb"))?;

    let address = SocketAddr::new(config.listen, config.udp_port);
    let udp = UdpSocket::bind(address).await.map_err(|source| NodeError::Udp { address, source })?;
    let directory = KeyDirectory::default();
    let certificate = NodeCertificate::new(&config.node_id, &keys.signing).map_err(QuicError::Certificate)?;
    let idle = Duration::from_millis(config.idle_timeout_ms);
    let quic_address = SocketAddr::new(config.listen, config.quic_port);
    let quic = QuicEndpoint::bind(quic_address, certificate, directory.clone(), idle)?;

    let (events_out, mut events) = mpsc::channel(QUEUE);
    let udp = Arc::new(BatchSocket::new(udp).map_err(|source| NodeError::Udp { address, source })?);
    let mut datagrams = ReceiveBatch::new();
    let (net, mut attachments) = Net::start(Arc::clone(&udp), quic, events_out);
    let (requests_out, mut requests) = mpsc::channel(64);
    let (outcomes_out, mut outcomes) = mpsc::channel(64);
    let socket = control::socket_path(&config.data_dir);
    let connector = start_connector(&config).await?;
    let mut life = Life::new();
    let mut mesh = Mesh::new(config, keys, store, net, directory, rng);
    if let Some(connector) = &connector {
        mesh.agents.set_connector(connector);
    }
    mesh.load().map_err(NodeError::Load)?;
    control::serve(&socket, requests_out).map_err(NodeError::Control)?;
    let address = |bound: std::io::Result<SocketAddr>| bound.map_or_else(|_| "-".to_owned(), |bound| bound.to_string());
    let (on_udp, on_quic) = (address(mesh.net.udp_addr()), address(mesh.net.quic_addr()));
    log(format_args!("node {} runs: UDP {on_udp}, QUIC {on_quic}", mesh.node_id()));

    let mut stopping =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(NodeError::Runtime)?;
    let mut flushed = true;
    loop {
        let wait = mesh.next_timeout().since(clock::now_millis());
        tokio::select! {
            Some(request) = requests.recv() => {
                if request.method == "stop" {
                    let _ = request.answer.send(Ok(serde_json::Value::Null));
                    break;
                }
                look(&mut life, &mut mesh);
                mesh.handle_request(request);
            }
            Some(attachment) = attachments.recv() => mesh.net.attach(attachment),
            Some(event) = events.recv() => {
                look(&mut life, &mut mesh);
                mesh.handle_network(event);
                for _ in 0..BATCH {
                    let Ok(event) = events.try_recv() else { break };
                    mesh.handle_network(event);
                }
            }
            Ok(()) = udp.receive(&mut datagrams) => {
                look(&mut life, &mut mesh);
                mesh.handle_datagrams(&mut datagrams);
            }
            Some((call, outcome)) = outcomes.recv() => {
                look(&mut life, &mut mesh);
                mesh.handle_host(call, outcome);
            }
            _ = stopping.recv() => break,
            () = left_alone.notified() => break,
            Ok(()) = udp.writable(), if !flushed => {}
            () = tokio::time::sleep(Duration::from_millis(wait)) => {}
        }
        look(&mut life, &mut mesh);
        mesh.handle_timeout();
        flushed = mesh.net.flush();
        for (number, call) in std::mem::take(&mut mesh.host_calls) {
            let Some(connector) = connector.clone() else { continue };
            let outcomes = outcomes_out.clone();
            tokio::spawn(async move { outcomes.send((number, connector.invoke(call).await)).await });
        }
    }
    if let Some(connector) = connector {
        connector.stop().await;
    }
    mesh.net.close().await;
    let _ = std::fs::remove_file(socket);
    Ok(())
}

/// Has the mesh start over if this process did not run on as it believes: before anything else is said.
fn look(life: &mut Life, mesh: &mut Mesh) {
    if let Some(why) = life.interrupted() {
        mesh.handle_interruption(why);
    }
}

/// Starts the `files` connector, if it is granted a directory.
async fn start_connector(config: &Config) -> Result<Option<Supervisor>, NodeError> {
    let Some(directory) = config.files.clone() else { return Ok(None) };
    let setup = Setup {
        program: Program::own().map_err(|error| StartError::Program(error.to_string()))?,
        connector: BuiltIn::Files,
        zone: ZoneId::private(),
        directory,
        // The manifest of `files` says that it has no state.
        state: Arc::new(MemoryState::default()),
    };
    Ok(Some(Supervisor::start(setup).await?))
}
