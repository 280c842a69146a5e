//! Symbols: spreading an object over the mesh, serving what is held, gathering what is wanted.
//!
//! - `spread`: objects go out, and stay on this node's disk until every holder confirmed its run; `runs` keeps the books.
//! - `send`: what waits in the `outbox` goes out, a burst at a time.
//! - `receive`: frames come in, symbols go to the disk or to whoever gathers.
//! - `serve`: requests for symbols are answered.
//! - `gather`: an object is put together; `pool` does so without a faulty source.

mod gather;
mod outbox;
mod pool;
mod receive;
mod runs;
mod send;
mod serve;
mod spread;

use std::collections::{BTreeMap, BTreeSet};

use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::StoredObject;

use super::Mesh;
use crate::clock;
use crate::control::ControlError;
use crate::store::StoredSymbol;
use gather::Gathering;
use outbox::Outbox;
use runs::Runs;

/// How many bytes of symbols one peer may have stored here (§8.4.1).
const MAX_STORED_BYTES_PER_PEER: u64 = 256 * 1024 * 1024;

/// What is under way.
#[derive(Default)]
pub(crate) struct Transfers {
    outbox: Outbox,
    /// Runs of symbols that a peer has not confirmed to hold.
    runs: Runs,
    /// Runs that were confirmed and are taken off the disk together.
    confirmed: Vec<(ObjectId, NodeId)>,
    /// Symbols that came and are written together.
    incoming: Vec<StoredSymbol>,
    gathering: BTreeMap<ObjectId, Gathering>,
    /// What the console asked for, and has not taken yet.
    asked_for: BTreeSet<ObjectId>,
    /// What has been gathered, until somebody takes it.
    gathered: BTreeMap<ObjectId, Result<StoredObject, ControlError>>,
    /// How many symbols each node contributed to the objects that were gathered.
    pub(crate) sources: BTreeMap<NodeId, u64>,
}

impl Mesh {
    /// How many symbols wait to be sent.
    pub(crate) fn outgoing(&self) -> usize {
        self.transfers.outbox.len()
    }

    /// How many runs of symbols their holders have not confirmed.
    pub(crate) fn unconfirmed(&self) -> usize {
        self.transfers.runs.len()
    }

    /// Asks again, gives up, sends and writes.
    pub(super) fn transfer_timeout(&mut self) {
        let now = clock::now_millis();
        self.gather_timeout(now);
        self.queue_runs(now);
        self.pump_symbols();
    }
}
