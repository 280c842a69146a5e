//! The node's side of the local transport, without any input or output of its own.
//!
//! A node starts a connector's process and makes a [`HostSession`]. It feeds the process's bytes to
//! [`HostSession::handle_bytes`], and after each call of any method drains [`HostSession::poll_output`]: bytes to send,
//! effects to perform (or refuse) and [`answer`](HostSession::answer), and what came of the calls that it began.
//!
//! The process is not trusted: what it sends is decoded strictly, an effect comes only from a call that runs and asks
//! for nothing else, an answer has the form of its question. The first fault ends the session.

use std::collections::{BTreeMap, VecDeque};

use fcp_core::cbor::{self, Decode, DecodeError, Encode, Value};
use fcp_core::error::{FcpError, Reason};
use fcp_core::id::{ConnectorId, InstanceId, OperationId, ZoneId};

use crate::connector::Health;
use crate::effect::{Effect, EffectResult};
use crate::frame::{self, FrameError, FrameReader};
use crate::introspect::{Catalog, Description, Introspection};
use crate::manifest::{InterfaceHash, Manifest};
use crate::message::{
    CallId, ConnectorMessage, Handshake, HandshakeAck, HostMessage, Invocation, MAX_CALLS, Outcome, PROTOCOL,
};
use crate::operation::from_value;

/// What the node has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostOutput {
    /// Send these bytes to the process.
    Send(Vec<u8>),
    /// Perform this effect of the call, or refuse it; then [`answer`](HostSession::answer).
    Effect {
        /// The call.
        call: CallId,
        /// What it wants.
        effect: Effect,
    },
    /// A call has ended.
    Done {
        /// The call.
        call: CallId,
        /// How.
        answer: Answer,
    },
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The handshake: this version of the connector is there.
    Bound {
        /// The version, as the process says.
        version: String,
    },
    /// `describe`.
    Description(Description),
    /// `introspect`.
    Introspection(Introspection),
    /// `capabilities`.
    Catalog(Catalog),
    /// `configure`.
    Configured,
    /// `invoke`, with the operation's result.
    Result(Value),
    /// `health`, and how many calls run.
    Health(Health, u64),
    /// `shutdown`: the process ends.
    ShutDown,
    /// The connector refused or failed.
    Refused(FcpError),
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// A frame's length is not allowed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A message does not decode.
    #[error("message does not decode: {0}")]
    Message(#[from] DecodeError),
    /// A message belongs to no call that runs, or is not one that it can send.
    #[error("message of call {} is out of place", .0.0)]
    OutOfPlace(CallId),
    /// An answer does not have the form of its question.
    #[error("answer to call {} has another form", .0.0)]
    BadAnswer(CallId),
    /// The process is another connector, or has another interface than its manifest.
    #[error("process is another connector than its manifest says")]
    OtherConnector,
    /// The session has ended by an earlier fault or by `shutdown`.
    #[error("session has ended")]
    Ended,
    /// As many calls run as may.
    #[error("{MAX_CALLS} calls run")]
    TooManyCalls,
    /// The call asks for nothing that could be answered.
    #[error("call {} asks for nothing", .0.0)]
    NotAsking(CallId),
}

impl HostError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Frame(error) => error.reason(),
            Self::Message(error) => error.reason(),
            Self::OutOfPlace(_) | Self::BadAnswer(_) | Self::NotAsking(_) => Reason::ExecutionProtocol,
            Self::OtherConnector => Reason::ManifestInterfaceHashMismatch,
            Self::Ended => Reason::ExecutionNotReady,
            Self::TooManyCalls => Reason::ExecutionBusy,
        }
    }
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Handshake,
    Describe,
    Introspect,
    Capabilities,
    Configure,
    Invoke,
    Health,
    Shutdown,
}

impl Question {
    /// Whether the connector's own code runs for it, which may want effects.
    const fn runs_code(self) -> bool {
        matches!(self, Self::Configure | Self::Invoke | Self::Health | Self::Shutdown)
    }
}

#[derive(Debug)]
struct Call {
    question: Question,
    /// Whether it waits for the answer to an effect.
    asking: bool,
}

/// A node that speaks with a connector's process.
#[derive(Debug)]
pub struct HostSession {
    connector: ConnectorId,
    interface: InterfaceHash,
    reader: FrameReader,
    output: VecDeque<HostOutput>,
    calls: BTreeMap<CallId, Call>,
    next: u64,
    ended: bool,
}

impl HostSession {
    /// Begins a session with the process of a connector, to bind it to `zone`. The manifest is the one that was verified
    /// and installed.
    #[must_use]
    pub fn new(manifest: &Manifest, zone: ZoneId, instance: Option<InstanceId>) -> Self {
        let connector = manifest.connector().id.clone();
        let mut session = Self {
            connector: connector.clone(),
            interface: manifest.interface_hash(),
            reader: FrameReader::default(),
            output: VecDeque::new(),
            calls: BTreeMap::new(),
            next: 0,
            ended: false,
        };
        let message = |id| {
            HostMessage::Handshake(Handshake {
                id,
                protocols: vec![PROTOCOL.to_owned()],
                connector_id: connector,
                zone_id: zone,
                instance_id: instance,
            })
        };
        // The first call of a session finds room, and its message is short.
        let _ = session.begin(Question::Handshake, message);
        session
    }

    /// Asks what the connector is.
    ///
    /// # Errors
    /// [`HostError::Ended`] or [`HostError::TooManyCalls`]; so for each of the following.
    pub fn describe(&mut self) -> Result<CallId, HostError> {
        self.begin(Question::Describe, |id| HostMessage::Describe { id })
    }

    /// Asks what the connector can do, and how.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn introspect(&mut self) -> Result<CallId, HostError> {
        self.begin(Question::Introspect, |id| HostMessage::Introspect { id })
    }

    /// Asks what the connector needs.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn capabilities(&mut self) -> Result<CallId, HostError> {
        self.begin(Question::Capabilities, |id| HostMessage::Capabilities { id })
    }

    /// Gives the connector its settings.
    ///
    /// # Errors
    /// As [`describe`](Self::describe), and [`HostError::Frame`] if they are too long.
    pub fn configure(&mut self, configuration: Value) -> Result<CallId, HostError> {
        self.begin(Question::Configure, |id| HostMessage::Configure { id, configuration })
    }

    /// Has the connector run an operation. Whether it may was decided before.
    ///
    /// # Errors
    /// As [`describe`](Self::describe), and [`HostError::Frame`] if the input is too long.
    pub fn invoke(
        &mut self,
        operation: OperationId,
        input: Value,
        idempotency_key: Option<String>,
        deadline_ms: Option<u64>,
    ) -> Result<CallId, HostError> {
        self.begin(Question::Invoke, |id| {
            HostMessage::Invoke(Invocation { id, operation, input, idempotency_key, deadline_ms })
        })
    }

    /// Asks whether the connector can work.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn health(&mut self) -> Result<CallId, HostError> {
        self.begin(Question::Health, |id| HostMessage::Health { id })
    }

    /// Has the connector come to its end. Calls that run are refused.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn shutdown(&mut self) -> Result<CallId, HostError> {
        self.begin(Question::Shutdown, |id| HostMessage::Shutdown { id })
    }

    fn begin(&mut self, question: Question, message: impl FnOnce(CallId) -> HostMessage) -> Result<CallId, HostError> {
        if self.ended {
            return Err(HostError::Ended);
        }
        if self.calls.len() >= MAX_CALLS {
            return Err(HostError::TooManyCalls);
        }
        let id = CallId(self.next);
        self.send(&message(id))?;
        self.next = self.next.wrapping_add(1);
        self.calls.insert(id, Call { question, asking: false });
        Ok(id)
    }

    fn send<T: Encode>(&mut self, message: &T) -> Result<(), FrameError> {
        let frame = frame::encode(message)?;
        self.output.push_back(HostOutput::Send(frame));
        Ok(())
    }

    /// Says what came of the effect that the call asked for. An answer too long for a message goes out as the refusal
    /// `execution.message_too_large`.
    ///
    /// # Errors
    /// [`HostError::NotAsking`] if the call asked for nothing, or was ended in the meantime.
    pub fn answer(&mut self, call: CallId, result: EffectResult) -> Result<(), HostError> {
        if self.ended {
            return Err(HostError::Ended);
        }
        // After `shutdown` went out the process has forgotten every other call.
        let stopping = self.is_stopping();
        match self.calls.get_mut(&call) {
            Some(own) if own.asking && (!stopping || own.question == Question::Shutdown) => own.asking = false,
            _ => return Err(HostError::NotAsking(call)),
        }
        if let Err(error) = self.send(&HostMessage::EffectResult { id: call, result }) {
            let result = EffectResult::Failed(FcpError::from(error.reason()));
            self.send(&HostMessage::EffectResult { id: call, result })?;
        }
        Ok(())
    }

    /// Takes in bytes from the process.
    ///
    /// # Errors
    /// [`HostError`] at the first fault; the session has ended then, and the process should too.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        if self.ended {
            return Err(HostError::Ended);
        }
        let handled = self.read(bytes);
        self.ended |= handled.is_err();
        handled
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        self.reader.push(bytes);
        while let Some(message) = self.reader.next_message()? {
            self.handle_message(cbor::decode(&message)?)?;
        }
        Ok(())
    }

    /// What to do next.
    pub fn poll_output(&mut self) -> Option<HostOutput> {
        self.output.pop_front()
    }

    /// Whether the session has ended, by a fault or by `shutdown`.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        self.ended
    }

    fn handle_message(&mut self, message: ConnectorMessage) -> Result<(), HostError> {
        match message {
            ConnectorMessage::Effect { id, effect } => match self.calls.get_mut(&id) {
                Some(call) if call.question.runs_code() && !call.asking => {
                    call.asking = true;
                    self.output.push_back(HostOutput::Effect { call: id, effect });
                    Ok(())
                }
                _ => Err(HostError::OutOfPlace(id)),
            },
            ConnectorMessage::HandshakeAck(ack) => {
                self.end_call(ack.id, |question| question == Question::Handshake)?;
                self.bound(ack)
            }
            ConnectorMessage::Health { id, health, calls } => {
                self.end_call(id, |question| question == Question::Health)?;
                self.done(id, Answer::Health(health, calls));
                Ok(())
            }
            ConnectorMessage::Response { id, outcome } => {
                let question = self.end_call(id, |_| true)?;
                let answer = match outcome {
                    Outcome::Error(error) => Answer::Refused(error),
                    Outcome::Ok(value) => read_answer(question, value).ok_or(HostError::BadAnswer(id))?,
                };
                self.ended |= answer == Answer::ShutDown;
                self.done(id, answer);
                Ok(())
            }
        }
    }

    /// Takes the call out, if it is one that `fits` and waits for nothing. A call that is ended by a shutdown may still
    /// wait.
    fn end_call(&mut self, id: CallId, fits: impl FnOnce(Question) -> bool) -> Result<Question, HostError> {
        let stopping = self.is_stopping();
        match self.calls.get(&id) {
            Some(call) if fits(call.question) && (stopping || !call.asking) => {
                let question = call.question;
                self.calls.remove(&id);
                Ok(question)
            }
            _ => Err(HostError::OutOfPlace(id)),
        }
    }

    fn is_stopping(&self) -> bool {
        self.calls.values().any(|call| call.question == Question::Shutdown)
    }

    fn bound(&mut self, ack: HandshakeAck) -> Result<(), HostError> {
        if ack.protocol != PROTOCOL || ack.connector_id != self.connector || ack.interface_hash != self.interface {
            return Err(HostError::OtherConnector);
        }
        self.done(ack.id, Answer::Bound { version: ack.version });
        Ok(())
    }

    fn done(&mut self, call: CallId, answer: Answer) {
        self.output.push_back(HostOutput::Done { call, answer });
    }
}

fn read_answer(question: Question, value: Value) -> Option<Answer> {
    fn read<T: for<'b> Decode<'b>>(value: &Value, answer: fn(T) -> Answer) -> Option<Answer> {
        from_value(value).map(answer).ok()
    }
    let empty = value == Value::Null;
    match question {
        // These have messages of their own.
        Question::Handshake | Question::Health => None,
        Question::Describe => read(&value, Answer::Description),
        Question::Introspect => read(&value, Answer::Introspection),
        Question::Capabilities => read(&value, Answer::Catalog),
        Question::Configure => empty.then_some(Answer::Configured),
        Question::Invoke => Some(Answer::Result(value)),
        Question::Shutdown => empty.then_some(Answer::ShutDown),
    }
}
