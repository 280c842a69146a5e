//! The node's control socket: how its operator talks to it.
//!
//! A Unix socket in the data folder, which only the node's user may enter. One JSON object a line: `{"id", "method",
//! "params"}` is answered by `{"id", "ok", "result"}` or `{"id", "error": {"code", "message"}}`. It is the operator's own
//! console and gives no authority over the mesh: what needs the owner's signature needs it here too.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};

/// The longest line that is read: one file in base sixteen.
const MAX_LINE: u64 = 64 * 1024 * 1024;

/// The socket in a data folder.
pub(crate) fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// What a request is refused with.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message} ({code})")]
pub(crate) struct ControlError {
    /// A stable code: a reason code of the protocol, or `node.…`.
    pub(crate) code: String,
    /// What is the matter and what to do.
    pub(crate) message: String,
}

impl ControlError {
    /// An error of the node itself.
    pub(crate) fn node(code: &str, message: impl std::fmt::Display) -> Self {
        Self { code: format!("node.{code}"), message: message.to_string() }
    }

    /// A refusal of the protocol.
    pub(crate) fn reason(reason: fcp_core::error::Reason, message: impl std::fmt::Display) -> Self {
        Self { code: reason.code().to_owned(), message: message.to_string() }
    }
}

/// One request, with the way back.
pub(crate) struct ControlRequest {
    pub(crate) method: String,
    pub(crate) params: Value,
    pub(crate) answer: oneshot::Sender<Result<Value, ControlError>>,
}

/// Serves the socket until the receiver of `requests` is gone.
pub(crate) fn serve(path: &Path, requests: mpsc::Sender<ControlRequest>) -> std::io::Result<()> {
    // A socket that nobody answers is what a killed node left behind.
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => {
            return Err(std::io::Error::new(std::io::ErrorKind::AddrInUse, "another node runs on this data folder"));
        }
        Err(_) if path.exists() => std::fs::remove_file(path)?,
        Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let requests = requests.clone();
            tokio::spawn(async move {
                let _ = converse(stream, requests).await;
            });
        }
    });
    Ok(())
}

async fn converse(stream: UnixStream, requests: mpsc::Sender<ControlRequest>) -> std::io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut reading = tokio::io::BufReader::new(reading);
    loop {
        let mut line = Vec::new();
        if (&mut reading).take(MAX_LINE).read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let (id, outcome) = match serde_json::from_slice::<Value>(&line) {
            Ok(request) => (request.get("id").cloned().unwrap_or_default(), ask(&request, &requests).await),
            Err(fault) => (Value::Null, Err(ControlError::node("bad_request", fault))),
        };
        let answer = match outcome {
            Ok(result) => json!({"id": id, "ok": true, "result": result}),
            Err(error) => json!({"id": id, "ok": false, "error": {"code": error.code, "message": error.message}}),
        };
        let mut bytes = answer.to_string().into_bytes();
        bytes.push(b'\n');
        writing.write_all(&bytes).await?;
    }
}

async fn ask(request: &Value, requests: &mpsc::Sender<ControlRequest>) -> Result<Value, ControlError> {
    let method = request.get("method").and_then(Value::as_str);
    let method = method.ok_or_else(|| ControlError::node("bad_request", "the request has no method"))?.to_owned();
    let params = request.get("params").cloned().unwrap_or_else(|| json!({}));
    let (answer, answered) = oneshot::channel();
    let stopped = || ControlError::node("stopping", "the node is stopping");
    requests.send(ControlRequest { method, params, answer }).await.map_err(|_| stopped())?;
    answered.await.map_err(|_| stopped())?
}

/// The operator's end of the socket.
pub(crate) struct ControlClient {
    reading: BufReader<std::os::unix::net::UnixStream>,
    writing: std::os::unix::net::UnixStream,
    next: u64,
}

impl ControlClient {
    /// Connects to the node that runs on `data_dir`.
    pub(crate) fn connect(data_dir: &Path) -> std::io::Result<Self> {
        let writing = std::os::unix::net::UnixStream::connect(socket_path(data_dir))?;
        writing.set_read_timeout(Some(std::time::Duration::from_secs(30)))?;
        Ok(Self { reading: BufReader::new(writing.try_clone()?), writing, next: 1 })
    }

    /// Asks and waits for the answer.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Result<Value, ControlError> {
        let failed = |fault: std::io::Error| ControlError::node("unreachable", fault);
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        let mut line = json!({"id": id, "method": method, "params": params}).to_string().into_bytes();
        line.push(b'\n');
        self.writing.write_all(&line).map_err(failed)?;
        let mut answer = String::new();
        self.reading.read_line(&mut answer).map_err(failed)?;
        let mut answer: Value = serde_json::from_str(&answer)
            .map_err(|_| ControlError::node("unreachable", "the node closed the connection"))?;
        if answer.get("ok") == Some(&Value::Bool(true)) {
            return Ok(answer.get_mut("result").map(Value::take).unwrap_or_default());
        }
        let text = |key: &str| {
            answer.pointer(&format!("/error/{key}")).and_then(Value::as_str).unwrap_or("unknown").to_owned()
        };
        Err(ControlError { code: text("code"), message: text("message") })
    }
}
