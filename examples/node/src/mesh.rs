//! One device of the mesh: it gives events to the protocol's machines and carries out what they say.
//!
//! Nothing is decided here. Each file of this folder joins one machine to the world: sessions to sockets, symbols to the
//! store, checkpoints to peers.

mod agents;
mod commands;
mod control_plane;
mod founding;
mod members;
mod owner;
mod refusals;
mod sessions;
mod standard;
mod symbols;
mod upkeep;
mod zone_commands;
mod zones;

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use fcp_audit::revocation::RevocationRegistry;
use fcp_core::id::{NodeId, ZoneId};
use fcp_core::identity::{NodeSecretKeys, TrustAnchors};
use fcp_core::object::ControlPlaneObject;
use fcp_core::rand_core::Rng as _;
use fcp_core::sign::NodeSigningKey;
use fcp_core::time::Millis;
use fcp_symbols::envelope::SubkeyCache;
use fcp_symbols::fcpc::{FcpcReceiver, FcpcSender};
use fcp_symbols::raptor::PlanCache;
use fcp_symbols::reassembly::{Reassembly, ReassemblyLimits};
use fcp_symbols::session::{SessionId, SessionTable};

use crate::clock;
use crate::config::Config;
use crate::life::Interruption;
use crate::net::{Net, NetEvent, StreamNumber};
use crate::random::Generator;
use crate::store::Store;
use crate::supervisor::Call;
use crate::transport::KeyDirectory;
use crate::transport::ReceiveBatch;

/// The node's keys, shared with its session table.
#[derive(Clone)]
pub(crate) struct SharedKeys(pub(crate) Arc<NodeSecretKeys>);

impl Borrow<NodeSigningKey> for SharedKeys {
    fn borrow(&self) -> &NodeSigningKey {
        &self.0.signing
    }
}

/// What the node knows of another node's whereabouts, and their control stream.
#[derive(Default)]
pub(crate) struct Peer {
    /// Where its UDP socket is.
    udp: Option<SocketAddr>,
    /// Where its QUIC endpoint is.
    quic: Option<SocketAddr>,
    /// Since when there is no session with it, as far as was looked.
    alone_since: Option<Millis>,
    /// The newest session's two ends of the control stream.
    control: Option<Control>,
    /// What waits until there is a control stream.
    waiting: Vec<ControlPlaneObject>,
    /// How many questions about each zone it has not answered.
    asked: BTreeMap<ZoneId, u32>,
}

impl Peer {
    /// Notes a question about a zone.
    fn ask(&mut self, zone: &ZoneId) {
        let open = self.asked.entry(zone.clone()).or_default();
        *open = open.saturating_add(1);
    }

    /// Whether an answer about a zone is due; it no longer is then.
    fn take_asked(&mut self, zone: &ZoneId) -> bool {
        let Some(open) = self.asked.get_mut(zone).filter(|open| **open > 0) else { return false };
        *open = open.saturating_sub(1);
        true
    }
}

/// One session's control stream.
struct Control {
    session: SessionId,
    sender: FcpcSender,
    receiver: FcpcReceiver,
    /// Whether this end opened the stream, so that it speaks first.
    opens: bool,
    /// The stream, once it is there.
    stream: Option<StreamNumber>,
}

impl Control {
    /// Whether bytes can be written.
    const fn is_ready(&self) -> bool {
        self.stream.is_some()
    }
}

/// One device.
pub(crate) struct Mesh {
    pub(crate) config: Config,
    pub(crate) keys: SharedKeys,
    pub(crate) store: Store,
    pub(crate) rng: Generator,
    pub(crate) net: Net,
    pub(crate) directory: KeyDirectory,
    pub(crate) owner: owner::OwnerPart,
    pub(crate) founding: Option<founding::Founding>,
    pub(crate) trust: Option<TrustAnchors>,
    pub(crate) members: members::Members,
    pub(crate) peers: BTreeMap<NodeId, Peer>,
    pub(crate) table: Option<SessionTable<SharedKeys>>,
    pub(crate) zones: BTreeMap<ZoneId, crate::zone::Zone>,
    pub(crate) revocations: RevocationRegistry,
    pub(crate) plans: PlanCache,
    pub(crate) subkeys: SubkeyCache,
    pub(crate) reassembly: Reassembly,
    pub(crate) transfers: symbols::Transfers,
    upkeep: upkeep::Upkeep,
    pub(crate) agents: agents::Agents,
    /// What the connector is to do next, by number.
    pub(crate) host_calls: Vec<(u64, Call)>,
    pub(crate) refusals: refusals::Refusals,
    /// When the session table wants to be woken.
    pub(crate) session_wake: Millis,
    /// When to look for peers without a session again.
    greet_at: Millis,
}

/// How often a node looks for peers without a session.
const GREET_EVERY_MS: u64 = 1_000;

impl Mesh {
    /// A node with nothing but itself; what it kept on disk is then loaded.
    pub(crate) fn new(
        config: Config,
        keys: NodeSecretKeys,
        store: Store,
        net: Net,
        directory: KeyDirectory,
        mut rng: Generator,
    ) -> Self {
        let seed = rng.next_u64();
        Self {
            upkeep: upkeep::Upkeep::new(config.node_id.clone(), config.upkeep, seed),
            config,
            keys: SharedKeys(Arc::new(keys)),
            store,
            rng,
            net,
            directory,
            owner: owner::OwnerPart::default(),
            founding: None,
            trust: None,
            members: members::Members::default(),
            peers: BTreeMap::new(),
            table: None,
            zones: BTreeMap::new(),
            revocations: RevocationRegistry::default(),
            plans: PlanCache::new(64),
            subkeys: SubkeyCache::new(256),
            reassembly: Reassembly::new(ReassemblyLimits::default()),
            transfers: symbols::Transfers::default(),
            agents: agents::Agents::default(),
            host_calls: Vec::new(),
            refusals: refusals::Refusals::default(),
            session_wake: Millis::NEVER,
            greet_at: Millis::from_millis(0),
        }
    }

    /// This node's id.
    pub(crate) const fn node_id(&self) -> &NodeId {
        &self.config.node_id
    }

    /// Gives up all that a copy of this process could use as well: sessions with their counters, connections, and nonces
    /// of signatures under way (D50).
    pub(crate) fn handle_interruption(&mut self, why: Interruption) {
        log(format_args!("starting over with every peer: {why}"));
        self.owner.forget_nonces();
        self.net.disconnect_all();
        for peer in self.peers.values_mut() {
            peer.control = None;
        }
        if let Some(table) = &mut self.table {
            table.reset(clock::now_millis(), &mut self.rng);
        }
        self.drain();
    }

    /// Takes what came from the network.
    pub(crate) fn handle_network(&mut self, event: NetEvent) {
        match event {
            NetEvent::Datagram { peer, mut bytes } => {
                // A QUIC datagram comes from where the peer's UDP socket is known to be: the session's address stays.
                if let Some(from) = self.peers.get(&peer).and_then(|peer| peer.udp) {
                    self.handle_datagram(from, &mut bytes);
                }
            }
            NetEvent::Connected { peer } => self.handle_connected(&peer),
            NetEvent::Disconnected { peer, connection, why } => {
                if connection.is_none_or(|connection| self.net.is_newest(&peer, connection)) {
                    self.handle_disconnected(&peer, &why);
                }
            }
            NetEvent::Opened { peer, stream, writer } => self.net.keep_stream(&peer, stream, writer),
            NetEvent::Stream { peer, stream, bytes } => self.handle_stream(&peer, stream, &bytes),
        }
        self.drain();
    }

    /// Takes the datagrams that came together.
    pub(crate) fn handle_datagrams(&mut self, batch: &mut ReceiveBatch) {
        for (from, bytes) in batch.datagrams() {
            self.handle_datagram(from, bytes);
        }
        self.drain();
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self) {
        let now = clock::now_millis();
        if now >= self.greet_at {
            self.greet_at = now.saturating_add(GREET_EVERY_MS);
            self.connect_peers();
        }
        if now >= self.session_wake
            && let Some(table) = &mut self.table
        {
            table.handle_timeout(now, &mut self.rng);
        }
        self.reassembly.handle_timeout(now.timestamp());
        self.transfer_timeout();
        self.zone_timeout();
        self.upkeep_timeout();
        self.drain();
    }

    /// When something is due next.
    pub(crate) fn next_timeout(&self) -> Millis {
        let pause = if self.outgoing() > 0 { 1 } else { 100 };
        let tick = clock::now_millis().saturating_add(pause);
        self.session_wake.min(tick)
    }

    /// Carries out whatever the machines say, until they say nothing more.
    pub(crate) fn drain(&mut self) {
        self.drain_sessions();
        self.drain_zones();
    }
}

/// One line of the node's log: to standard error, for people. A log that cannot be written stops nothing.
pub(crate) fn log(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{} {line}", clock::now());
}
