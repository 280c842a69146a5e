//! The connector's side of the local transport, without any input or output of its own.
//!
//! Feed it bytes with [`ConnectorSession::handle_bytes`], then send everything that [`ConnectorSession::poll_output`]
//! gives. It is finished after `shutdown`. An error means that the node does not keep to the protocol; nothing can be
//! done after it.

use std::collections::{BTreeMap, VecDeque};

use fcp_core::cbor::{self, DecodeError, Encode, Value};
use fcp_core::error::{FcpError, Reason};
use fcp_core::id::ZoneId;

use crate::connector::{Connector, Health};
use crate::context::CallFacts;
use crate::effect::EffectResult;
use crate::error::Error;
use crate::frame::{self, FrameError, FrameReader};
use crate::message::{
    CallId, ConnectorMessage, Handshake, HandshakeAck, HostMessage, Invocation, MAX_CALLS, Outcome, PROTOCOL,
};
use crate::operation::to_value;
use crate::run::{Step, Suspended};
use crate::service::{Service, ServiceError};

/// A connector that speaks with its node.
#[derive(Debug)]
pub struct ConnectorSession<C> {
    service: Service<C>,
    reader: FrameReader,
    output: VecDeque<Vec<u8>>,
    phase: Phase,
    calls: BTreeMap<CallId, Call<C>>,
}

#[derive(Debug)]
enum Phase {
    /// Nothing was said yet.
    New,
    /// The handshake is done.
    Bound(ZoneId),
    /// It is coming to its end; no call begins any more.
    Stopping,
    /// It has come to its end.
    Finished,
}

/// A call that waits for its effect.
#[derive(Debug)]
enum Call<C> {
    Configure(Suspended<C>),
    Invoke(Suspended<Value>),
    Health(Suspended<Health>),
    Shutdown(Suspended<()>),
}

/// What the node did wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// A frame's length is not allowed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A message does not decode.
    #[error("message does not decode: {0}")]
    Message(#[from] DecodeError),
    /// Something else came before the handshake, or it came twice.
    #[error("handshake is missing or repeated")]
    Handshake,
    /// A call begins with the number of one that runs.
    #[error("call {} runs already", .0.0)]
    CallRuns(CallId),
    /// An effect's result came for a call that asked for nothing.
    #[error("call {} waits for no effect", .0.0)]
    NoEffect(CallId),
}

impl SessionError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Frame(error) => error.reason(),
            Self::Message(error) => error.reason(),
            Self::Handshake | Self::CallRuns(_) | Self::NoEffect(_) => Reason::ExecutionProtocol,
        }
    }
}

impl<C: Connector> ConnectorSession<C> {
    /// A session that waits for its handshake.
    ///
    /// # Errors
    /// [`ServiceError`] if the connector cannot run at all.
    pub fn new() -> Result<Self, ServiceError> {
        Ok(Self {
            service: Service::new()?,
            reader: FrameReader::default(),
            output: VecDeque::new(),
            phase: Phase::New,
            calls: BTreeMap::new(),
        })
    }

    /// Takes in bytes from the node and goes on with whatever they allow.
    ///
    /// # Errors
    /// [`SessionError`] at the first fault of the node. The session cannot go on.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Result<(), SessionError> {
        self.reader.push(bytes);
        while let Some(message) = self.reader.next_message()? {
            self.handle_message(cbor::decode(&message)?)?;
        }
        Ok(())
    }

    /// The next bytes to send to the node.
    pub fn poll_output(&mut self) -> Option<Vec<u8>> {
        self.output.pop_front()
    }

    /// Whether the connector has come to its end.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Finished)
    }

    /// Whether the node's bytes could end here: no message has begun.
    #[must_use]
    pub fn is_at_boundary(&self) -> bool {
        self.reader.is_at_boundary()
    }

    fn handle_message(&mut self, message: HostMessage) -> Result<(), SessionError> {
        let bound = !matches!(self.phase, Phase::New);
        if bound == matches!(message, HostMessage::Handshake(_)) {
            return Err(SessionError::Handshake);
        }
        if let HostMessage::EffectResult { id, result } = message {
            return self.handle_result(id, result);
        }
        if self.calls.contains_key(&message.id()) {
            return Err(SessionError::CallRuns(message.id()));
        }
        if matches!(self.phase, Phase::Stopping | Phase::Finished) {
            self.refuse(message.id(), Reason::ExecutionNotReady.into());
            return Ok(());
        }
        match message {
            HostMessage::Handshake(handshake) => self.handshake(&handshake),
            HostMessage::Describe { id } => self.respond(id, to_value(&self.service.manifest().describe())),
            HostMessage::Introspect { id } => self.respond(id, to_value(&self.service.manifest().introspect())),
            HostMessage::Capabilities { id } => self.respond(id, to_value(&self.service.manifest().catalog())),
            HostMessage::Configure { id, configuration } => {
                let begin = |service: &Service<C>, facts| service.configure(facts, configuration);
                self.begin(id, CallFacts::default(), begin, Self::configured);
            }
            HostMessage::Invoke(invocation) => self.invoke(invocation),
            HostMessage::Health { id } => self.begin(id, CallFacts::default(), Service::health, Self::healthy),
            HostMessage::Shutdown { id } => self.shutdown(id),
            // Taken out above.
            HostMessage::EffectResult { .. } => {}
        }
        Ok(())
    }

    fn handshake(&mut self, handshake: &Handshake) {
        let connector = self.service.manifest().connector();
        let known = handshake.protocols.iter().any(|protocol| protocol == PROTOCOL);
        if !known || handshake.connector_id != connector.id {
            let fault = if known { "this is another connector" } else { "no protocol in common" };
            let error = Error::new(Reason::ExecutionProtocol, fault);
            return self.refuse(handshake.id, error);
        }
        let ack = HandshakeAck {
            id: handshake.id,
            protocol: PROTOCOL.to_owned(),
            connector_id: connector.id.clone(),
            version: connector.version.to_string(),
            interface_hash: self.service.manifest().interface_hash(),
        };
        self.phase = Phase::Bound(handshake.zone_id.clone());
        self.send(&ConnectorMessage::HandshakeAck(ack));
    }

    fn invoke(&mut self, invocation: Invocation) {
        let Invocation { id, operation, input, idempotency_key, deadline_ms } = invocation;
        let facts = CallFacts { zone: None, idempotency_key, deadline_ms };
        self.begin(id, facts, |service, facts| service.invoke(facts, operation, input), Self::invoked);
    }

    /// Ends every call, then has the connector put things in order.
    fn shutdown(&mut self, id: CallId) {
        for (call, _) in std::mem::take(&mut self.calls) {
            self.refuse(call, Reason::ExecutionNotReady.into());
        }
        self.begin(id, CallFacts::default(), Service::shutdown, Self::stopped);
        if !self.is_finished() {
            self.phase = Phase::Stopping;
        }
    }

    fn begin<T>(
        &mut self,
        id: CallId,
        facts: CallFacts,
        begin: impl FnOnce(&Service<C>, CallFacts) -> Step<T>,
        proceed: impl FnOnce(&mut Self, CallId, Step<T>),
    ) {
        if self.calls.len() >= MAX_CALLS {
            return self.refuse(id, Reason::ExecutionBusy.into());
        }
        let zone = match &self.phase {
            Phase::Bound(zone) => Some(zone.clone()),
            _ => None,
        };
        let step = begin(&self.service, CallFacts { zone, ..facts });
        proceed(self, id, step);
    }

    fn handle_result(&mut self, id: CallId, result: EffectResult) -> Result<(), SessionError> {
        match self.calls.remove(&id).ok_or(SessionError::NoEffect(id))? {
            Call::Configure(call) => self.configured(id, call.resume(result)),
            Call::Invoke(call) => self.invoked(id, call.resume(result)),
            Call::Health(call) => self.healthy(id, call.resume(result)),
            Call::Shutdown(call) => self.stopped(id, call.resume(result)),
        }
        Ok(())
    }

    /// Sends the step's effect and keeps the call, or returns how it ended.
    fn proceed<T>(
        &mut self,
        id: CallId,
        mut step: Step<T>,
        keep: impl FnOnce(Suspended<T>) -> Call<C>,
    ) -> Option<Result<T, Error>> {
        loop {
            match step {
                Step::Done(result) => return Some(result),
                Step::Effect(effect, call) => match frame::encode(&ConnectorMessage::Effect { id, effect }) {
                    Ok(frame) => {
                        self.output.push_back(frame);
                        self.calls.insert(id, keep(call));
                        return None;
                    }
                    Err(error) => step = call.resume(EffectResult::Failed(FcpError::from(error.reason()))),
                },
            }
        }
    }

    fn configured(&mut self, id: CallId, step: Step<C>) {
        match self.proceed(id, step, Call::Configure) {
            Some(Ok(connector)) => {
                self.service.install(connector);
                self.respond(id, Ok(Value::Null));
            }
            Some(Err(error)) => self.refuse(id, error),
            None => {}
        }
    }

    fn invoked(&mut self, id: CallId, step: Step<Value>) {
        if let Some(result) = self.proceed(id, step, Call::Invoke) {
            self.respond(id, result);
        }
    }

    fn healthy(&mut self, id: CallId, step: Step<Health>) {
        match self.proceed(id, step, Call::Health) {
            Some(Ok(health)) => {
                let calls = self.calls.len() as u64;
                self.send(&ConnectorMessage::Health { id, health, calls });
            }
            Some(Err(error)) => self.refuse(id, error),
            None => {}
        }
    }

    fn stopped(&mut self, id: CallId, step: Step<()>) {
        if let Some(result) = self.proceed(id, step, Call::Shutdown) {
            self.phase = Phase::Finished;
            self.respond(id, result.map(|()| Value::Null));
        }
    }

    fn respond(&mut self, id: CallId, result: Result<Value, Error>) {
        match result {
            Ok(value) => {
                let outcome = Outcome::Ok(value);
                match frame::encode(&ConnectorMessage::Response { id, outcome }) {
                    Ok(frame) => self.output.push_back(frame),
                    Err(error) => self.refuse(id, error.reason().into()),
                }
            }
            Err(error) => self.refuse(id, error),
        }
    }

    fn refuse(&mut self, id: CallId, error: Error) {
        let outcome = Outcome::Error(error.into_fcp());
        match frame::encode(&ConnectorMessage::Response { id, outcome }) {
            Ok(frame) => self.output.push_back(frame),
            // The error itself is too long to be told.
            Err(error) => {
                let outcome = Outcome::Error(FcpError::from(error.reason()));
                self.send(&ConnectorMessage::Response { id, outcome });
            }
        }
    }

    /// Sends a message that is short by its form.
    fn send<T: Encode>(&mut self, message: &T) {
        if let Ok(frame) = frame::encode(message) {
            self.output.push_back(frame);
        }
    }
}
