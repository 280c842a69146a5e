//! A node of the simulation: the library's own machines, a disk, a clock and an address.
//!
//! What a program around the machines decides is decided here as plainly as it can be: whom to call, when to ask for what,
//! in which order to send. Everything else is the machines'.

mod exchange;
mod frames;
mod gossip;
pub(super) mod keeping;
mod sessions;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::{RetentionClass, StorageMeta, StoredObject};
use fcp_core::sign::NodeSigningKey;
use fcp_core::store::{MemoryStore, ObjectStore as _};
use fcp_core::time::Millis;
use fcp_symbols::gossip::MeshGossip;
use fcp_symbols::raptor::{PlanCache, SymbolSize};
use fcp_symbols::session::{
    CookiePolicy, LocalNode, SessionId, SessionReplayPolicy, SessionTable, TableConfig, Terms, TransportLimits,
};
use rand_chacha::ChaCha8Rng;

use self::exchange::Exchange;
use self::keeping::{Kept, Repair};
use self::sessions::Calls;
use super::cast::{Identity, attested_until};
use super::clock::Clock;
use super::ledger::{Budgets, Ledger, LifeId, Thresholds};

/// How a node is set up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) thresholds: Thresholds,
    pub(super) budgets: Budgets,
    pub(super) cookies: CookiePolicy,
    /// The largest datagram that it sends.
    pub(super) datagram_bytes: u16,
    pub(super) symbol_size: SymbolSize,
    /// Whether the zone's symbols are sealed with XChaCha20-Poly1305.
    pub(super) extended: bool,
    /// The reorder window.
    pub(super) window: u16,
    /// Whether it learns by gossip what there is; otherwise it is told.
    pub(super) gossips: bool,
    /// Whether it keeps symbols of objects that are spread over the mesh, and repairs them.
    pub(super) keeps: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            thresholds: Thresholds::default(),
            budgets: Budgets::default(),
            cookies: CookiePolicy::default(),
            datagram_bytes: 1200,
            symbol_size: SymbolSize::MIN,
            extended: false,
            window: 1024,
            gossips: false,
            keeps: false,
        }
    }
}

impl Settings {
    fn table(&self) -> TableConfig {
        let mut terms = Terms::default();
        if let Ok(limits) = TransportLimits::new(self.datagram_bytes) {
            terms = Terms::new(terms.suites(), limits).unwrap_or(terms);
        }
        let replay = SessionReplayPolicy::default()
            .rekey_after_frames(self.thresholds.frames)
            .rekey_after_seconds(self.thresholds.seconds)
            .rekey_after_bytes(self.thresholds.bytes);
        let replay = replay.with_window(self.window).unwrap_or(replay);
        TableConfig { terms, replay, cookies: self.cookies, ..TableConfig::default() }
    }
}

/// How a node behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Conduct {
    /// As it should.
    #[default]
    Honest,
    /// A member that sends wrong symbols.
    Liar,
    /// For tests: it takes whatever looks like a frame of a session, and asks nobody.
    #[cfg(test)]
    Blind,
    /// For tests: it answers everything with four times as many bytes.
    #[cfg(test)]
    Chatty,
    /// For tests: it believes whoever claims to be somebody.
    #[cfg(test)]
    Gullible,
}

/// What a host wants done outside.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) datagrams: Vec<(SocketAddr, Vec<u8>)>,
    /// Bytes of the control-plane stream of a session.
    pub(super) streams: Vec<(SocketAddr, SessionId, Vec<u8>)>,
    /// Streams of sessions that it does not know.
    pub(super) resets: Vec<(SocketAddr, [u8; 16])>,
}

/// What a host is handed with every call.
pub(super) struct Outside<'a> {
    pub(super) now: Millis,
    pub(super) ledger: &'a mut Ledger,
    pub(super) plans: &'a mut PlanCache,
    pub(super) effects: &'a mut Effects,
}

/// A node.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) index: usize,
    /// Who it says it is.
    pub(super) identity: &'static Identity,
    /// Who it really is.
    pub(super) true_name: NodeId,
    pub(super) address: SocketAddr,
    pub(super) clock: Clock,
    pub(super) settings: Settings,
    pub(super) conduct: Conduct,
    /// Whom it keeps sessions with.
    pub(super) peers: Vec<(NodeId, SocketAddr)>,
    /// What outlives a crash.
    pub(super) disk: Disk,
    pub(super) life: Option<Life>,
    lives: u32,
}

/// What outlives a crash.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    pub(super) objects: MemoryStore,
    /// Those of them that are pinned; the others are in quarantine.
    pub(super) pinned: BTreeSet<ObjectId>,
    /// Symbols of objects that are spread over the mesh.
    pub(super) kept: BTreeMap<ObjectId, Kept>,
    /// Objects that it should have and has not.
    pub(super) wanted: BTreeSet<ObjectId>,
}

/// What a crash takes.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) id: LifeId,
    pub(super) table: SessionTable<Arc<NodeSigningKey>>,
    pub(super) exchange: Exchange,
    gossip: Option<MeshGossip>,
    repair: Option<Repair>,
    calls: Calls,
    rng: ChaCha8Rng,
    /// When the table is to be called, by the node's own clock.
    table_wake: Millis,
    /// When the node next looks after its sessions and wants.
    tick: Millis,
    /// How often each reason of a refusal was given.
    pub(super) refused: Vec<&'static str>,
}

impl Host {
    pub(super) fn new(index: usize, identity: &'static Identity, address: SocketAddr, settings: Settings) -> Self {
        Self {
            index,
            identity,
            true_name: identity.name.clone(),
            address,
            clock: Clock::default(),
            settings,
            conduct: Conduct::Honest,
            peers: Vec::new(),
            disk: Disk::default(),
            life: None,
            lives: 0,
        }
    }

    /// The time by its clock.
    pub(super) fn local(&self, now: Millis) -> Millis {
        self.clock.read(now)
    }

    /// Starts a life, with fresh randomness.
    pub(super) fn start(&mut self, out: &mut Outside<'_>, mut rng: ChaCha8Rng) {
        let local = self.local(out.now);
        let node = LocalNode::new(self.identity.name.clone(), Arc::clone(&self.identity.key), attested_until());
        self.lives = self.lives.saturating_add(1);
        let table = SessionTable::new(node, self.settings.table(), local, &mut rng);
        let mut exchange = Exchange::new(&self.settings);
        self.disk.wanted.iter().for_each(|id| exchange.want(*id, local));
        let gossip = self.new_gossip(local, &mut rng);
        let repair = self.new_repair(local);
        self.life = Some(Life {
            id: LifeId { host: self.index, life: self.lives },
            table,
            exchange,
            gossip,
            repair,
            calls: Calls::default(),
            rng,
            table_wake: Millis::NEVER,
            tick: local,
            refused: Vec::new(),
        });
        self.timeout(out);
    }

    /// Everything volatile is lost.
    pub(super) fn crash(&mut self) {
        self.life = None;
    }

    /// The node is to have an object.
    pub(super) fn want(&mut self, now: Millis, id: ObjectId) {
        if self.has(&id) {
            return;
        }
        let local = self.local(now);
        self.disk.wanted.insert(id);
        if let Some(life) = &mut self.life {
            life.exchange.want(id, local);
            life.tick = life.tick.min(local);
        }
    }

    /// Whether an object is on its disk.
    pub(super) fn has(&self, id: &ObjectId) -> bool {
        let Ok(found) = self.disk.objects.contains(id);
        found
    }

    /// Writes an object to its disk and pins it.
    pub(super) fn keep(&mut self, now: Millis, object: &StoredObject) {
        self.store(now, object, RetentionClass::Pinned);
        self.disk.pinned.insert(object.id());
        self.disk.wanted.remove(&object.id());
        self.admit(now, object);
    }

    /// Writes an object to its disk that nobody has admitted.
    pub(super) fn quarantine(&mut self, now: Millis, object: &StoredObject) {
        self.store(now, object, RetentionClass::Ephemeral);
        self.admit(now, object);
    }

    fn store(&mut self, now: Millis, object: &StoredObject, retention: RetentionClass) {
        let meta = StorageMeta { retention, received_at: self.local(now).timestamp() };
        let Ok(_) = self.disk.objects.put(object, meta);
    }

    /// When it is to be called, whatever else happens.
    pub(super) fn wake(&self, now: Millis) -> Millis {
        let Some(life) = &self.life else { return Millis::NEVER };
        let gossip = life.gossip.as_ref().and_then(MeshGossip::poll_timeout).unwrap_or(Millis::NEVER);
        let local = life.table_wake.min(life.tick).min(life.exchange.due()).min(gossip).min(self.repair_due());
        self.clock.when(local, now)
    }

    /// Does what is due.
    pub(super) fn timeout(&mut self, out: &mut Outside<'_>) {
        let local = self.local(out.now);
        let Some(life) = &mut self.life else { return };
        if life.table_wake <= local {
            life.table_wake = Millis::NEVER;
            life.table.handle_timeout(local, &mut life.rng);
            self.drain(out, None);
        }
        let Some(life) = &mut self.life else { return };
        if life.tick <= local {
            let quiet = self.disk.wanted.is_empty();
            life.tick = local.saturating_add(if quiet { 1000 } else { 250 });
            self.call_peers(out);
            self.ask_for_wanted(out);
        }
        self.gossip(out);
        self.repair(out);
        self.pump(out);
    }
}
