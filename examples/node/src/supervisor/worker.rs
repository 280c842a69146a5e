//! The task that owns a connector's process: one call after the other, and a new process after a fault.

use std::sync::Arc;
use std::time::Duration;

use fcp_connector_sdk::effect::{Effect, EffectResult};
use fcp_connector_sdk::host::{Answer, HostError, HostSession};
use fcp_connector_sdk::message::CallId;
use fcp_core::cbor::Value;
use fcp_core::error::{FcpError, Reason};
use fcp_core::id::OperationId;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use super::effects::{Effects, changes, is_refusal};
use super::process::{Fault, Process, Said};
use super::{Call, CallError, CallFailure, Installed, StartError};

/// How long a process may take until it is ready.
const START: Duration = Duration::from_secs(10);

/// How long it may take to come to its end.
const STOP: Duration = Duration::from_secs(2);

/// What a supervisor asks of its worker.
pub(super) enum Order {
    /// Make a call.
    Call {
        call: Call,
        /// When the caller waits no longer.
        until: Option<Instant>,
        answer: oneshot::Sender<Result<Value, CallFailure>>,
    },
    /// End the process, and do nothing more.
    Stop { stopped: oneshot::Sender<()> },
}

/// The owner of one connector's process.
pub(super) struct Worker {
    installed: Arc<Installed>,
    effects: Arc<Effects>,
    process: Option<Process>,
    /// The process's id, for whoever wants to know.
    id: watch::Sender<Option<u32>>,
    /// An effect that is being performed. It goes on even when its call is over.
    effect: Option<JoinHandle<EffectResult>>,
    /// Whether the call that runs has changed something, or may have.
    changed: bool,
}

/// Why a call, or a step of starting, came to nothing.
enum Broken {
    Fault(Fault),
    TimedOut,
}

impl<F: Into<Fault>> From<F> for Broken {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

impl Worker {
    pub(super) fn new(installed: Arc<Installed>, effects: Effects, id: watch::Sender<Option<u32>>) -> Self {
        Self { installed, effects: Arc::new(effects), process: None, id, effect: None, changed: false }
    }

    /// Does what it is told, until it is told to stop or nobody can tell it anything any more.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = orders.recv().await {
            match order {
                // Nobody waits for it any more, and nothing has happened yet.
                Order::Call { answer, .. } if answer.is_closed() => {}
                Order::Call { call, until, answer } => {
                    let outcome = self.call(call, until).await;
                    let _ = answer.send(outcome);
                }
                Order::Stop { stopped } => {
                    orders.close();
                    refuse_rest(&mut orders).await;
                    self.stop().await;
                    let _ = stopped.send(());
                    return;
                }
            }
        }
        self.stop().await;
    }

    async fn call(&mut self, call: Call, until: Option<Instant>) -> Result<Value, CallFailure> {
        let wall_clock = Duration::from_millis(self.installed.manifest.sandbox().wall_clock_timeout_ms);
        let longest = Instant::now().checked_add(wall_clock);
        let until = until.into_iter().chain(longest).min().unwrap_or_else(Instant::now);
        self.changed = false;
        if Instant::now() >= until || self.effect_is_over(until).await.is_err() {
            return Err(CallFailure::early(CallError::TimedOut));
        }
        if self.process.as_mut().is_none_or(Process::has_ended) {
            self.start(until).await.map_err(CallFailure::early)?;
        }
        let Call { operation, input, idempotency_key, .. } = call;
        let waits = u64::try_from(until.saturating_duration_since(Instant::now()).as_millis()).ok();
        let invoked = self.run_call(until, |session| session.invoke(operation.clone(), input, idempotency_key, waits));
        let error = match invoked.await {
            Ok(Answer::Result(value)) => match self.check_output(&operation, &value) {
                Ok(()) => return Ok(value),
                Err(error) => error,
            },
            Ok(Answer::Refused(error)) => CallError::Refused(Box::new(error)),
            // The session gives no other answer to an invoke.
            Ok(_) => CallError::Refused(Box::new(FcpError::from(Reason::ExecutionProtocol))),
            // The input is too long for a message, and nothing was sent.
            Err(Broken::Fault(Fault::Host(HostError::Frame(error)))) if self.session_goes_on() => {
                CallError::BadInput(error.to_string())
            }
            Err(Broken::Fault(Fault::Host(error))) => {
                self.kill().await;
                CallError::Protocol(error)
            }
            Err(Broken::Fault(Fault::Ended)) => CallError::Interrupted { status: self.end().await },
            Err(Broken::TimedOut) => {
                self.kill().await;
                CallError::TimedOut
            }
        };
        Err(CallFailure { error, changed: self.changed })
    }

    fn check_output(&self, operation: &OperationId, output: &Value) -> Result<(), CallError> {
        // The process checked it too, but it is not trusted.
        let spec = self.installed.manifest.operation(operation);
        let spec = spec.ok_or_else(|| CallError::UnknownOperation(operation.clone()))?;
        spec.check_output(output).map_err(|violation| CallError::BadOutput(violation.to_string()))
    }

    /// Starts the process and has it ready: bound, compared with its manifest, configured.
    pub(super) async fn start(&mut self, until: Instant) -> Result<(), StartError> {
        let until = Instant::now().checked_add(START).map_or(until, |limit| until.min(limit));
        let installed = Arc::clone(&self.installed);
        let program = installed.program.clone();
        let digest = spawn_blocking(move || program.digest()).await.map_err(|error| program_error(&error))?;
        if digest.map_err(|error| program_error(&error))? != installed.digest {
            return Err(StartError::Replaced);
        }
        let session = HostSession::new(&installed.manifest, installed.zone.clone(), None);
        let process = Process::start(&installed.program, installed.connector, session);
        let process = process.map_err(|error| program_error(&error))?;
        self.id.send_replace(process.id());
        self.process = Some(process);
        let error = match self.make_ready(until).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => {
                self.kill().await;
                error
            }
            Err(Broken::Fault(Fault::Host(error))) => {
                self.kill().await;
                StartError::Protocol(error)
            }
            Err(Broken::Fault(Fault::Ended)) => StartError::Ended { status: self.end().await },
            Err(Broken::TimedOut) => {
                self.kill().await;
                StartError::TimedOut
            }
        };
        Err(error)
    }

    async fn make_ready(&mut self, until: Instant) -> Result<Result<(), StartError>, Broken> {
        let installed = Arc::clone(&self.installed);
        let refused = |error| Ok(Err(StartError::Refused(Box::new(error))));
        // The session began with the handshake, which is its first call.
        if let Answer::Refused(error) = self.run_call(until, |_| Ok(CallId(0))).await? {
            return refused(error);
        }
        match self.run_call(until, HostSession::introspect).await? {
            Answer::Introspection(told) if told == installed.manifest.introspect() => {}
            Answer::Refused(error) => return refused(error),
            _ => return Ok(Err(StartError::OtherOperations)),
        }
        let configuration = installed.connector.configuration(&installed.scope);
        match self.run_call(until, |session| session.configure(configuration)).await? {
            Answer::Refused(error) => refused(error),
            _ => Ok(Ok(())),
        }
    }

    /// Begins a call and performs its effects until it ends.
    async fn run_call(
        &mut self,
        until: Instant,
        begin: impl FnOnce(&mut HostSession) -> Result<CallId, HostError>,
    ) -> Result<Answer, Broken> {
        let call = begin(self.process()?.session())?;
        timeout_at(until, self.follow(call)).await.map_or(Err(Broken::TimedOut), |outcome| Ok(outcome?))
    }

    async fn follow(&mut self, call: CallId) -> Result<Answer, Fault> {
        loop {
            match self.process()?.listen().await? {
                Said::Effect(asking, effect) => {
                    let result = self.perform(effect).await;
                    self.process()?.answer(asking, result)?;
                }
                Said::Done(ended, answer) if ended == call => return Ok(answer),
                Said::Done(other, _) => return Err(HostError::OutOfPlace(other).into()),
            }
        }
    }

    async fn perform(&mut self, effect: Effect) -> EffectResult {
        let (before, may_change) = (self.changed, changes(&effect));
        self.changed |= may_change;
        let effects = Arc::clone(&self.effects);
        let running = self.effect.insert(spawn_blocking(move || effects.perform(effect)));
        let result = running.await;
        self.effect = None;
        let result = result.unwrap_or_else(|_| EffectResult::Failed(Reason::ExecutionStorageFailed.into()));
        if may_change && is_refusal(&result) {
            self.changed = before;
        }
        result
    }

    /// Waits until the effect of a call that is over has ended too.
    async fn effect_is_over(&mut self, until: Instant) -> Result<(), tokio::time::error::Elapsed> {
        if let Some(effect) = &mut self.effect {
            let _ = timeout_at(until, effect).await?;
            self.effect = None;
        }
        Ok(())
    }

    fn session_goes_on(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| !process.session().is_ended())
    }

    fn process(&mut self) -> Result<&mut Process, Fault> {
        self.process.as_mut().ok_or(Fault::Ended)
    }

    async fn kill(&mut self) -> String {
        self.id.send_replace(None);
        match self.process.take() {
            Some(process) => process.kill().await,
            None => "it was not there".to_owned(),
        }
    }

    async fn end(&mut self) -> String {
        self.id.send_replace(None);
        match self.process.take() {
            Some(process) => process.end().await,
            None => "it was not there".to_owned(),
        }
    }

    /// Has the connector put things in order, for a moment, and ends its process.
    async fn stop(&mut self) {
        if let Some(until) = Instant::now().checked_add(STOP)
            && self.process.as_mut().is_some_and(|process| !process.has_ended())
        {
            let _ = self.run_call(until, HostSession::shutdown).await;
        }
        self.end().await;
    }
}

/// Tells whoever waits still that nothing happens any more.
async fn refuse_rest(orders: &mut mpsc::Receiver<Order>) {
    while let Some(order) = orders.recv().await {
        if let Order::Call { answer, .. } = order {
            let _ = answer.send(Err(CallFailure::early(CallError::Stopped)));
        }
    }
}

fn program_error(error: &impl std::fmt::Display) -> StartError {
    StartError::Program(error.to_string())
}
