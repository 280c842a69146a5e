//! The supervisor with processes that are no good connectors: shell scripts that say what a test has them say.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fcp_connector_sdk::effect::{Effect, EffectResult, FileScope, RelativePath, WriteMode};
use fcp_connector_sdk::frame::encode;
use fcp_connector_sdk::host::{HostError, HostOutput, HostSession};
use fcp_connector_sdk::json;
use fcp_connector_sdk::manifest::Manifest;
use fcp_connector_sdk::message::{CallId, ConnectorMessage, HandshakeAck, HostMessage, Outcome, PROTOCOL};
use fcp_connector_sdk::operation::to_value;
use fcp_core::cbor::Value;
use fcp_core::error::{FcpError, Reason};
use fcp_core::id::ZoneId;
use fcp_node::supervisor::{
    BuiltIn, Call, CallError, CallFailure, MemoryState, Program, Setup, StartError, Supervisor,
};
use tempfile::TempDir;

/// A script in the making. What it reads has the length of what a node sends at that point.
struct Script {
    folder: TempDir,
    lines: String,
    manifest: Manifest,
    node: HostSession,
    frames: usize,
}

impl Script {
    fn new() -> Self {
        let manifest = BuiltIn::Files.manifest().unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("granted")).unwrap();
        let node = HostSession::new(&manifest, ZoneId::private(), None);
        Self { folder, lines: "#!/bin/sh\n".to_owned(), manifest, node, frames: 0 }
    }

    fn run(mut self, command: &str) -> Self {
        writeln!(self.lines, "{command}").unwrap();
        self
    }

    /// Waits for the node's next message.
    fn read(mut self) -> Self {
        let Some(HostOutput::Send(bytes)) = self.node.poll_output() else { return self.run("exit 9") };
        self.skip(bytes.len())
    }

    /// Waits for this message.
    fn hear(self, message: &HostMessage) -> Self {
        self.skip(encode(message).unwrap().len())
    }

    fn skip(self, length: usize) -> Self {
        self.run(&format!("dd bs=1 count={length} of=/dev/null 2>/dev/null"))
    }

    fn say(mut self, message: &ConnectorMessage) -> Self {
        let path = self.folder.path().join(format!("frame{}", self.frames));
        self.frames = self.frames.saturating_add(1);
        fs::write(&path, encode(message).unwrap()).unwrap();
        self.run(&format!("cat {}", path.display()))
    }

    fn respond(self, id: u64, outcome: Outcome) -> Self {
        self.say(&ConnectorMessage::Response { id: CallId(id), outcome })
    }

    fn bound(self) -> Self {
        let ack = HandshakeAck {
            id: CallId(0),
            protocol: PROTOCOL.to_owned(),
            connector_id: self.manifest.connector().id.clone(),
            version: "1.0.0".to_owned(),
            interface_hash: self.manifest.interface_hash(),
        };
        self.read().say(&ConnectorMessage::HandshakeAck(ack))
    }

    /// Says that it is ready for calls, and waits for one of `operation`.
    fn called(mut self, operation: &str, input: &Value) -> Self {
        self = self.bound();
        self.node.introspect().unwrap();
        let introspection = to_value(&self.manifest.introspect()).unwrap();
        self = self.read().respond(1, Outcome::Ok(introspection));
        self.node.configure(json!({"scope": "files"})).unwrap();
        self = self.read().respond(2, Outcome::Ok(Value::Null));
        let key = Some("key".to_owned());
        // The time that is left is a number of the same length.
        self.node.invoke(operation.parse().unwrap(), input.clone(), key, Some(29_000)).unwrap();
        self.read()
    }

    fn granted(&self) -> PathBuf {
        self.folder.path().join("granted")
    }

    async fn start(&self) -> Result<Supervisor, StartError> {
        let path = self.folder.path().join("script");
        fs::write(&path, &self.lines).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Supervisor::start(Setup {
            program: Program::at(path),
            connector: BuiltIn::Files,
            zone: ZoneId::private(),
            directory: self.granted(),
            state: Arc::new(MemoryState::default()),
        })
        .await
    }
}

async fn invoke(files: &Supervisor, operation: &str, input: Value) -> CallFailure {
    let call = Call::new(operation.parse().unwrap(), input).with_idempotency_key("key");
    files.invoke(call).await.unwrap_err()
}

fn write(path: &str) -> ConnectorMessage {
    let effect = Effect::FileWrite {
        scope: FileScope::new("files").unwrap(),
        path: RelativePath::new(path).unwrap(),
        content: b"milk".to_vec(),
        mode: WriteMode::CreateNew,
    };
    ConnectorMessage::Effect { id: CallId(3), effect }
}

#[tokio::test]
async fn a_process_that_ends_after_a_write_leaves_the_outcome_open() {
    let input = json!({"path": "a", "content": "milk"});
    let script =
        Script::new().called("files.write", &input).say(&write("a")).run("dd bs=1 count=1 of=/dev/null; exit 3");
    let files = script.start().await.unwrap();
    let failure = invoke(&files, "files.write", input).await;
    assert!(matches!(&failure.error, CallError::Interrupted { status } if status == "exit status: 3"), "{failure:?}");
    assert!(failure.changed && !failure.to_fcp().retryable);
    assert_eq!(fs::read(script.granted().join("a")).unwrap(), b"milk");
}

#[tokio::test]
async fn a_process_that_ends_after_a_refused_write_changed_nothing() {
    let input = json!({"path": "a", "content": "milk"});
    let script =
        Script::new().called("files.write", &input).say(&write("a")).run("dd bs=1 count=1 of=/dev/null; exit 3");
    fs::write(script.granted().join("a"), "old").unwrap();
    let files = script.start().await.unwrap();
    let failure = invoke(&files, "files.write", input).await;
    assert_eq!((failure.error.reason(), failure.changed), (Reason::ExecutionInterrupted, false));
    assert_eq!(fs::read(script.granted().join("a")).unwrap(), b"old");
}

#[tokio::test]
async fn a_connector_that_refuses_after_a_write_has_changed_something() {
    let input = json!({"path": "a", "content": "milk"});
    let script = Script::new()
        .called("files.write", &input)
        .say(&write("a"))
        .hear(&HostMessage::EffectResult { id: CallId(3), result: EffectResult::Done })
        .respond(3, Outcome::Error(FcpError::from(Reason::ExecutionConnectorFailed)))
        .run("cat >/dev/null");
    let files = script.start().await.unwrap();
    let failure = invoke(&files, "files.write", input).await;
    assert_eq!((failure.error.reason(), failure.changed), (Reason::ExecutionConnectorFailed, true));
    // The process did nothing wrong.
    assert!(files.process_id().is_some());
}

#[tokio::test]
async fn a_result_of_another_form_is_no_result() {
    let script = Script::new()
        .called("files.list", &json!({}))
        .respond(3, Outcome::Ok(json!({"entries": "many"})))
        .run("cat >/dev/null");
    let files = script.start().await.unwrap();
    let failure = invoke(&files, "files.list", json!({})).await;
    assert_eq!((failure.error.reason(), failure.changed), (Reason::ExecutionBadOutput, false));
}

#[tokio::test]
async fn a_message_out_of_place_ends_the_process() {
    let script =
        Script::new().called("files.list", &json!({})).respond(7, Outcome::Ok(Value::Null)).run("cat >/dev/null");
    let files = script.start().await.unwrap();
    let failure = invoke(&files, "files.list", json!({})).await;
    assert_eq!(failure.error, CallError::Protocol(HostError::OutOfPlace(CallId(7))));
    assert_eq!(files.process_id(), None);
}

#[tokio::test]
async fn a_process_that_does_not_read_its_input_is_ended_in_time() {
    let script = Script::new().called("files.list", &json!({})).run("exec sleep 1000");
    let files = script.start().await.unwrap();
    let content = "x".repeat(2 * 1024 * 1024);
    let large = Call::new("files.write".parse().unwrap(), json!({"path": "a", "content": content}));
    let large = large.with_idempotency_key("key").within(Duration::from_millis(500));
    let failure = files.invoke(large).await.unwrap_err();
    assert_eq!((failure.error, failure.changed), (CallError::TimedOut, false));
    assert_eq!(files.process_id(), None);
}

#[tokio::test]
async fn another_connector_is_not_taken_for_this_one() {
    let manifest = BuiltIn::Files.manifest().unwrap();
    let ack = |connector: &str, protocol: &str| {
        ConnectorMessage::HandshakeAck(HandshakeAck {
            id: CallId(0),
            protocol: protocol.to_owned(),
            connector_id: connector.parse().unwrap(),
            version: "1.0.0".to_owned(),
            interface_hash: manifest.interface_hash(),
        })
    };
    for other in [ack("example.mails", PROTOCOL), ack("example.files", "fcp2-connector/9")] {
        let error = Script::new().read().say(&other).run("cat >/dev/null").start().await.err().unwrap();
        assert_eq!(error, StartError::Protocol(HostError::OtherConnector));
    }
}

#[tokio::test]
async fn a_connector_has_the_operations_of_its_manifest() {
    let mut script = Script::new().bound();
    script.node.introspect().unwrap();
    let mut told = script.manifest.introspect();
    told.operations.pop();
    let script = script.read().respond(1, Outcome::Ok(to_value(&told).unwrap())).run("cat >/dev/null");
    let error = script.start().await.err().unwrap();
    assert_eq!(error, StartError::OtherOperations);
    assert_eq!(error.reason().code(), "manifest.undeclared_operation");
}

#[tokio::test]
async fn a_connector_that_refuses_to_be_bound_says_why() {
    let refusal = FcpError::from(Reason::ExecutionProtocol);
    let script = Script::new().read().respond(0, Outcome::Error(refusal.clone())).run("cat >/dev/null");
    assert_eq!(script.start().await.err(), Some(StartError::Refused(Box::new(refusal))));
}

/// Its standard error is read, whatever it says there, so that it never waits for a reader.
#[tokio::test]
async fn much_noise_does_not_stop_a_connector() {
    let script = Script::new()
        .run("dd if=/dev/zero bs=1024 count=2048 2>/dev/null | tr '\\0' 'x' >&2")
        .called("files.list", &json!({}))
        .respond(3, Outcome::Ok(json!({"entries": []})))
        .run("cat >/dev/null");
    let files = script.start().await.unwrap();
    let call = Call::new("files.list".parse().unwrap(), json!({})).with_idempotency_key("key");
    assert_eq!(files.invoke(call).await.unwrap(), json!({"entries": []}));
}
