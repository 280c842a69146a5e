//! The built binary over its pipes, against a real directory.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail by panicking")]

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use fcp_connector_sdk::effect::{Effect, EffectResult, FileEntry, FileKind, FileMetadata, RelativePath, WriteMode};
use fcp_connector_sdk::host::{Answer, HostOutput, HostSession};
use fcp_connector_sdk::manifest::Manifest;
use fcp_connector_sdk::message::CallId;
use fcp_connector_sdk::{Health, Reason, Value, json};
use fcp_core::error::FcpError;
use fcp_core::id::ZoneId;

const BINARY: &str = env!("CARGO_BIN_EXE_fcp-connector-files");
const MANIFEST: &str = include_str!("../manifest.toml");

/// A directory that is granted under the name `documents` and goes away with the test.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("fcp-connector-files-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn at(&self, path: &RelativePath) -> PathBuf {
        path.parts().fold(self.0.clone(), |whole, part| whole.join(part))
    }

    fn perform(&self, effect: Effect) -> EffectResult {
        self.attempt(effect).unwrap_or_else(|reason| EffectResult::Failed(FcpError::from(reason)))
    }

    fn attempt(&self, effect: Effect) -> Result<EffectResult, Reason> {
        let refused = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => Reason::ExecutionFileNotFound,
            ErrorKind::AlreadyExists => Reason::ExecutionFileExists,
            ErrorKind::IsADirectory | ErrorKind::NotADirectory => Reason::ExecutionFileKind,
            _ => Reason::ExecutionFileDenied,
        };
        match effect {
            Effect::FileRead { scope, path, offset, length } if scope.as_str() == "documents" => {
                let content = fs::read(self.at(&path)).map_err(refused)?;
                let start = usize::try_from(offset).unwrap().min(content.len());
                let end = start.saturating_add(usize::try_from(length).unwrap()).min(content.len());
                Ok(EffectResult::Content { content: content[start..end].to_vec(), end: end == content.len() })
            }
            Effect::FileList { scope, path, .. } if scope.as_str() == "documents" => {
                let mut entries: Vec<FileEntry> = fs::read_dir(self.at(&path))
                    .map_err(refused)?
                    .map(|entry| {
                        let entry = entry.unwrap();
                        let name = entry.file_name().into_string().unwrap();
                        FileEntry { name, metadata: metadata(&entry.path()).unwrap() }
                    })
                    .collect();
                entries.sort_by(|left, right| left.name.cmp(&right.name));
                Ok(EffectResult::Listing { entries, end: true })
            }
            Effect::FileMetadata { scope, path } if scope.as_str() == "documents" => {
                metadata(&self.at(&path)).map(EffectResult::Metadata).map_err(refused)
            }
            Effect::FileWrite { scope, path, content, mode } if scope.as_str() == "documents" => {
                let mut options = fs::OpenOptions::new();
                match mode {
                    WriteMode::CreateNew => options.write(true).create_new(true),
                    WriteMode::Replace => options.write(true).create(true).truncate(true),
                    WriteMode::Append => options.append(true).create(true),
                };
                let mut file = options.open(self.at(&path)).map_err(refused)?;
                file.write_all(&content).map_err(refused)?;
                Ok(EffectResult::Done)
            }
            Effect::FileDelete { scope, path } if scope.as_str() == "documents" => {
                fs::remove_file(self.at(&path)).map(|()| EffectResult::Done).map_err(refused)
            }
            _ => Err(Reason::ExecutionFileDenied),
        }
    }
}

fn metadata(path: &Path) -> std::io::Result<FileMetadata> {
    let found = fs::symlink_metadata(path)?;
    let kind = match found.file_type() {
        kind if kind.is_dir() => FileKind::Directory,
        kind if kind.is_file() => FileKind::File,
        _ => FileKind::Other,
    };
    let size = if kind == FileKind::File { found.len() } else { 0 };
    Ok(FileMetadata { kind, size, modified: None })
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The running connector and the node's side of it.
struct Process {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    session: HostSession,
}

impl Process {
    fn start() -> Self {
        let mut child = Command::new(BINARY)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let manifest = Manifest::parse(MANIFEST).unwrap();
        Self { child, input, output, session: HostSession::new(&manifest, ZoneId::private(), None) }
    }

    /// The answer to `wanted`, with the effects performed on `directory` meanwhile.
    fn answer(&mut self, wanted: CallId, directory: &Directory) -> Answer {
        let mut buffer = vec![0; 4096];
        loop {
            match self.session.poll_output() {
                Some(HostOutput::Send(bytes)) => {
                    self.input.write_all(&bytes).unwrap();
                    self.input.flush().unwrap();
                }
                Some(HostOutput::Effect { call, effect }) => {
                    self.session.answer(call, directory.perform(effect)).unwrap();
                }
                Some(HostOutput::Done { call, answer }) if call == wanted => return answer,
                Some(HostOutput::Done { call, answer }) => panic!("{call:?} has ended unasked: {answer:?}"),
                None => {
                    let length = self.output.read(&mut buffer).unwrap();
                    assert_ne!(length, 0, "the process has ended");
                    self.session.handle_bytes(&buffer[..length]).unwrap();
                }
            }
        }
    }

    fn invoke(&mut self, directory: &Directory, operation: &str, input: Value) -> Result<Value, FcpError> {
        let key = Some("key".to_owned());
        let call = self.session.invoke(operation.parse().unwrap(), input, key, None).unwrap();
        match self.answer(call, directory) {
            Answer::Result(result) => Ok(result),
            Answer::Refused(error) => Err(error),
            other => panic!("{operation} is answered with {other:?}"),
        }
    }
}

#[test]
fn a_life() {
    let directory = Directory::new("life");
    let mut process = Process::start();
    assert_eq!(process.answer(CallId(0), &directory), Answer::Bound { version: "1.0.0".to_owned() });
    let early = process.invoke(&directory, "files.list", json!({})).unwrap_err();
    assert_eq!(early.reason(), Some(Reason::ExecutionNotReady));
    let call = process.session.configure(json!({"scope": "documents"})).unwrap();
    assert_eq!(process.answer(call, &directory), Answer::Configured);
    let call = process.session.health().unwrap();
    assert_eq!(process.answer(call, &directory), Answer::Health(Health::Ready, 0));

    let mut invoke = |operation: &str, input: Value| process.invoke(&directory, operation, input);
    assert_eq!(invoke("files.write", json!({"path": "a.txt", "content": "milk\n"})).unwrap(), json!({"size": 5}));
    assert_eq!(fs::read(directory.0.join("a.txt")).unwrap(), b"milk\n");
    let listed = invoke("files.list", json!({})).unwrap();
    assert_eq!(listed, json!({"entries": [{"name": "a.txt", "kind": "file", "size": 5}]}));
    let read = invoke("files.read", json!({"path": "a.txt", "length": 4})).unwrap();
    assert_eq!(read, json!({"encoding": "utf8", "content": "milk", "end": false}));
    let large = "x".repeat(1024 * 1024 + 1);
    assert_eq!(invoke("files.write", json!({"path": "b.txt", "content": large})).unwrap(), json!({"size": 1_048_577}));
    assert_eq!(invoke("files.read", json!({"path": "b.txt"})).unwrap().get("end"), Some(&Value::from(false)));
    let refused = invoke("files.read", json!({"path": "../a.txt"})).unwrap_err();
    assert_eq!(refused.reason(), Some(Reason::ExecutionBadInput));
    assert_eq!(
        invoke("files.read", json!({"path": "c.txt"})).unwrap_err().reason(),
        Some(Reason::ExecutionFileNotFound)
    );
    assert_eq!(invoke("files.delete", json!({"path": "a.txt"})).unwrap(), json!({"deleted": true}));
    assert_eq!(invoke("files.delete", json!({"path": "a.txt"})).unwrap(), json!({"deleted": false}));

    let call = process.session.shutdown().unwrap();
    assert_eq!(process.answer(call, &directory), Answer::ShutDown);
    assert!(process.child.wait().unwrap().success());
}

/// Two calls run at once: the second one's answer comes while the first one waits.
#[test]
fn calls_do_not_wait_for_each_other() {
    let directory = Directory::new("calls");
    fs::write(directory.0.join("a.txt"), "milk").unwrap();
    let mut process = Process::start();
    process.answer(CallId(0), &directory);
    let call = process.session.configure(json!({"scope": "documents"})).unwrap();
    process.answer(call, &directory);

    let read = |process: &mut Process| {
        process.session.invoke("files.read".parse().unwrap(), json!({"path": "a.txt"}), None, None).unwrap()
    };
    let first = read(&mut process);
    let mut buffer = vec![0; 4096];
    let held = loop {
        match process.session.poll_output() {
            Some(HostOutput::Send(bytes)) => process.input.write_all(&bytes).unwrap(),
            Some(HostOutput::Effect { call, effect }) => break (call, effect),
            Some(other) => panic!("{other:?}"),
            None => {
                let length = process.output.read(&mut buffer).unwrap();
                process.session.handle_bytes(&buffer[..length]).unwrap();
            }
        }
    };
    let second = read(&mut process);
    let expected = Answer::Result(json!({"encoding": "utf8", "content": "milk", "end": true}));
    assert_eq!(process.answer(second, &directory), expected);
    assert_eq!(held.0, first);
    process.session.answer(first, directory.perform(held.1)).unwrap();
    assert_eq!(process.answer(first, &directory), expected);

    // A node that goes away between two messages is no fault.
    drop(process.input);
    assert!(process.child.wait().unwrap().success());
}

#[test]
fn the_manifest_can_be_had_without_a_node() {
    let output = Command::new(BINARY).arg("--manifest").output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, MANIFEST.as_bytes());
    let output = Command::new(BINARY).arg("--help").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

#[test]
fn broken_bytes_end_the_process_with_a_reason() {
    let mut child =
        Command::new(BINARY).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"\xff\xff\xff\xff").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("execution.message_too_large: "));
}
