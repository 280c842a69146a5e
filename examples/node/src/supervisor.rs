//! Connectors as processes: the node starts them, speaks with them and performs their effects (§10).
//!
//! ```text
//!           Call                    frames over pipes
//! mesh ──────────────► worker ◄──────────────────────► `fcp connector files`
//!      ◄──────────────   │
//!       result, failure  └─► effects: files beneath one directory, state, time, randomness, log
//! ```
//!
//! The [`Supervisor`] is a handle that can be cloned and sent; behind it a task owns the process and makes one call after
//! the other. A connector asks the node for everything that it wants done, so the node knows whether a call that failed
//! had changed anything ([`CallFailure::changed`]). A process that ended, took too long or did not keep to the protocol
//! is killed, and the next call starts another one.
//!
//! What keeps a connector in its place here is that it is given nothing: an empty environment, no open file but its three
//! pipes, and for its effects one directory, from which no path leads out. What is **not** here yet is the sandbox of its
//! manifest (§11.2): the process still runs as the node's own user, with its memory, processor time and system calls
//! unbounded but for the wall clock. Therefore only connectors of the node's own build are run, which are trusted as the
//! node itself is. Nor is there a network guard (§11.2.1): whatever would leave the device is refused.
//!
//! # Use
//! Calls are made in tasks of their own, so that the node goes on meanwhile; the results come back over a channel, as
//! everything else does:
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use fcp_core::id::ZoneId;
//! use fcp_node::supervisor::{BuiltIn, Call, MemoryState, Program, Setup, Supervisor};
//!
//! # async fn example(input: fcp_core::cbor::Value) -> Result<(), Box<dyn std::error::Error>> {
//! let files = Supervisor::start(Setup {
//!     program: Program::own()?,
//!     connector: BuiltIn::Files,
//!     zone: ZoneId::private(),
//!     directory: "shared".into(),
//!     state: Arc::new(MemoryState::default()),
//! })
//! .await?;
//!
//! let (outcomes, mut done) = tokio::sync::mpsc::channel(16);
//! let call = Call::new("files.list".parse()?, input);   // or `Call::of(&running, now)`
//! tokio::spawn(async move { outcomes.send(files.invoke(call).await).await });
//! let outcome = done.recv().await;                      // a branch of the node's `select!`
//! # Ok(())
//! # }
//! ```

mod builtin;
mod call;
mod effects;
mod log;
mod process;
mod program;
mod worker;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fcp_caps::authorize::{OperationRule, Reach};
use fcp_connector_sdk::effect::FileScope;
use fcp_connector_sdk::manifest::{Manifest, OperationSpec, StateModel};
use fcp_core::cbor::Value;
use fcp_core::id::{ConnectorId, ObjectId, OperationId, ZoneId};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use self::effects::Effects;
use self::worker::{Order, Worker};

pub use self::builtin::{BuiltIn, serve_connector};
pub use self::call::{Call, CallError, CallFailure, StartError};
pub use self::effects::{MemoryState, StateStore};
pub use self::program::{BinaryDigest, Program};

/// How many calls may wait.
const QUEUE: usize = 16;

/// How long the first start may take.
const FIRST_START: Duration = Duration::from_secs(30);

/// What a connector is run with.
pub struct Setup {
    /// The executable: the node's own.
    pub program: Program,
    /// Which connector of it.
    pub connector: BuiltIn,
    /// The zone that it is bound to.
    pub zone: ZoneId,
    /// The one directory that it is granted.
    pub directory: PathBuf,
    /// Where its state is.
    pub state: Arc<dyn StateStore>,
}

/// A connector that is installed: what stays the same from process to process.
struct Installed {
    program: Program,
    connector: BuiltIn,
    zone: ZoneId,
    scope: FileScope,
    manifest: Manifest,
    digest: BinaryDigest,
    rules: BTreeMap<OperationId, OperationRule>,
}

/// A connector that runs.
///
/// Its process ends with the last handle, or by [`stop`](Self::stop), and in any case with the runtime that it was
/// started on.
#[derive(Clone)]
pub struct Supervisor {
    installed: Arc<Installed>,
    orders: mpsc::Sender<Order>,
    process: watch::Receiver<Option<u32>>,
}

impl Supervisor {
    /// Starts a connector's process and has it ready for calls, on the runtime that polls this.
    ///
    /// # Errors
    /// [`StartError`] if it cannot be started, or is not what its manifest says.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let Setup { program, connector, zone, directory, state } = setup;
        let manifest = connector.manifest().map_err(|error| StartError::Manifest(error.to_string()))?;
        // The scope has the connector's own name: it is granted one directory, and knows it by no other.
        let scope = FileScope::new(connector.name()).map_err(|error| StartError::Manifest(error.to_string()))?;
        let state = Some(state).filter(|_| manifest.connector().state.model != StateModel::Stateless);
        let effects = Effects::new(manifest.connector().id.clone(), scope.clone(), &directory, state)
            .map_err(|error| StartError::Directory(format!("{}: {error}", directory.display())))?;
        let hashed = program.clone();
        let digest = match spawn_blocking(move || hashed.digest()).await {
            Ok(digest) => digest.map_err(|error| StartError::Program(error.to_string()))?,
            Err(error) => return Err(StartError::Program(error.to_string())),
        };
        let rules = manifest.operations().iter().map(|spec| (spec.id.clone(), rule(&manifest, spec))).collect();
        let installed = Arc::new(Installed { program, connector, zone, scope, manifest, digest, rules });

        let (id, process) = watch::channel(None);
        let mut worker = Worker::new(Arc::clone(&installed), effects, id);
        let until = Instant::now().checked_add(FIRST_START).unwrap_or_else(Instant::now);
        worker.start(until).await?;
        let (orders, queue) = mpsc::channel(QUEUE);
        tokio::spawn(worker.run(queue));
        Ok(Self { installed, orders, process })
    }

    /// The connector's id.
    #[must_use]
    pub fn connector(&self) -> &ConnectorId {
        &self.installed.manifest.connector().id
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.installed.manifest
    }

    /// What the manifest says of each operation, as decisions take it.
    #[must_use]
    pub fn operations(&self) -> &BTreeMap<OperationId, OperationRule> {
        &self.installed.rules
    }

    /// The build that runs (D154).
    #[must_use]
    pub fn binary_digest(&self) -> BinaryDigest {
        self.installed.digest
    }

    /// The build that runs, as tokens name it (D107).
    #[must_use]
    pub fn binary_audience(&self) -> ObjectId {
        self.installed.digest.audience(&self.installed.manifest)
    }

    /// The id of the process that runs, if one does.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        *self.process.borrow()
    }

    /// Makes a call, after those that wait already.
    ///
    /// A call whose caller goes away before it began is not made; one that has begun goes on to its end.
    ///
    /// # Errors
    /// [`CallFailure`] with the reason, and whether anything may have happened.
    pub async fn invoke(&self, call: Call) -> Result<Value, CallFailure> {
        self.check(&call).map_err(CallFailure::early)?;
        let until = call.limit.and_then(|limit| Instant::now().checked_add(limit));
        let (answer, outcome) = oneshot::channel();
        self.orders.try_send(Order::Call { call, until, answer }).map_err(|refused| {
            CallFailure::early(match refused {
                TrySendError::Full(_) => CallError::Busy,
                TrySendError::Closed(_) => CallError::Stopped,
            })
        })?;
        // A worker that is gone without a word may have been in the middle of the call.
        outcome.await.unwrap_or(Err(CallFailure { error: CallError::Stopped, changed: true }))
    }

    /// Has the connector put things in order and ends its process. Calls that wait are not made.
    pub async fn stop(self) {
        let (stopped, done) = oneshot::channel();
        if self.orders.send(Order::Stop { stopped }).await.is_ok() {
            let _ = done.await;
        }
    }

    /// What can be said before the call waits for its turn.
    fn check(&self, call: &Call) -> Result<(), CallError> {
        let spec = self.installed.manifest.operation(&call.operation);
        let spec = spec.ok_or_else(|| CallError::UnknownOperation(call.operation.clone()))?;
        spec.check_input(&call.input).map_err(|violation| CallError::BadInput(violation.to_string()))?;
        if spec.needs_idempotency_key() && call.idempotency_key.is_none() {
            return Err(CallError::KeyRequired);
        }
        Ok(())
    }
}

/// What an operation's manifest says, as decisions take it. Whatever may connect to something reaches out of the mesh.
fn rule(manifest: &Manifest, spec: &OperationSpec) -> OperationRule {
    let wants = &manifest.capabilities();
    let network = wants.required.iter().chain(&wants.optional).any(|id| id.as_str().starts_with("network."));
    let reach = if network || spec.network_constraints.is_some() { Reach::Outside } else { Reach::Mesh };
    OperationRule {
        capability: spec.capability.clone(),
        tier: spec.safety_tier,
        idempotency: spec.idempotency,
        approval: spec.requires_approval,
        reach,
    }
}
