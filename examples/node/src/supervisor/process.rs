//! A connector's process and the node's end of its pipes.

use std::io;
use std::time::Duration;

use fcp_connector_sdk::effect::{Effect, EffectResult};
use fcp_connector_sdk::host::{Answer, HostError, HostOutput, HostSession};
use fcp_connector_sdk::message::CallId;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

use super::log::copy_stderr;
use super::{BuiltIn, Program};

/// How many bytes are read at once.
const BUFFER: usize = 64 * 1024;

/// How long a process may take to end by itself.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A process that speaks the local protocol.
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    session: HostSession,
    buffer: Vec<u8>,
}

/// What the process wants or says.
pub(super) enum Said {
    /// A call wants something done.
    Effect(CallId, Effect),
    /// A call has ended.
    Done(CallId, Answer),
}

/// Why nothing more comes from the process.
#[derive(Debug)]
pub(super) enum Fault {
    /// It ended, or closed a pipe.
    Ended,
    /// It does not keep to the protocol.
    Host(HostError),
}

impl From<HostError> for Fault {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

impl From<io::Error> for Fault {
    fn from(_: io::Error) -> Self {
        Self::Ended
    }
}

impl Process {
    /// Starts the process. The session has begun, but nothing was said yet.
    pub(super) fn start(program: &Program, connector: BuiltIn, session: HostSession) -> io::Result<Self> {
        let mut child = program.spawn(connector)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(stderr)) = pipes else {
            return Err(io::Error::other("the process has no pipes"));
        };
        tokio::spawn(copy_stderr(connector.name(), stderr));
        Ok(Self { child, input, output, session, buffer: vec![0; BUFFER] })
    }

    /// Its process id, until its end was noticed.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        self.session.is_ended() || !matches!(self.child.try_wait(), Ok(None))
    }

    /// The session, to begin calls.
    pub(super) const fn session(&mut self) -> &mut HostSession {
        &mut self.session
    }

    /// Says what came of the call's effect.
    pub(super) fn answer(&mut self, call: CallId, result: EffectResult) -> Result<(), Fault> {
        Ok(self.session.answer(call, result)?)
    }

    /// Sends what is to be sent and waits for what the process says.
    pub(super) async fn listen(&mut self) -> Result<Said, Fault> {
        loop {
            match self.session.poll_output() {
                Some(HostOutput::Send(bytes)) => {
                    self.input.write_all(&bytes).await?;
                    self.input.flush().await?;
                }
                Some(HostOutput::Effect { call, effect }) => return Ok(Said::Effect(call, effect)),
                Some(HostOutput::Done { call, answer }) => return Ok(Said::Done(call, answer)),
                None => {
                    let length = self.output.read(&mut self.buffer).await?;
                    if length == 0 {
                        return Err(Fault::Ended);
                    }
                    self.session.handle_bytes(self.buffer.get(..length).unwrap_or_default())?;
                }
            }
        }
    }

    /// Waits until the process has ended by itself, for a moment, and else kills it. Says how it ended.
    pub(super) async fn end(mut self) -> String {
        drop(self.input);
        if let Ok(Ok(status)) = timeout(LAST_WORDS, self.child.wait()).await {
            return status.to_string();
        }
        kill(self.child).await
    }

    /// Kills the process, and says how it ended.
    pub(super) async fn kill(self) -> String {
        kill(self.child).await
    }
}

async fn kill(mut child: Child) -> String {
    // A process that has ended already cannot be killed, and that is well.
    let _ = child.start_kill();
    match timeout(LAST_WORDS, child.wait()).await {
        Ok(Ok(status)) => status.to_string(),
        // The system has not let go of it, for instance because of a disk. It gets its signal as soon as that is over.
        Ok(Err(_)) | Err(_) => "it does not end".to_owned(),
    }
}
