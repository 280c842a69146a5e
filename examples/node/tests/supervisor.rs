//! The supervisor with a real connector: the built `fcp` binary as its child, and a real directory.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fcp_connector_sdk::json;
use fcp_core::cbor::Value;
use fcp_core::error::Reason;
use fcp_core::id::ZoneId;
use fcp_core::safety::SafetyTier;
use fcp_node::supervisor::{
    BuiltIn, Call, CallError, CallFailure, MemoryState, Program, Setup, StartError, Supervisor,
};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

/// Starts the `files` connector for a new directory.
async fn start() -> (Supervisor, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let files = Supervisor::start(setup(&folder, Program::at(env!("CARGO_BIN_EXE_fcp")))).await.unwrap();
    (files, folder)
}

fn setup(folder: &TempDir, program: Program) -> Setup {
    let state = Arc::new(MemoryState::default());
    let directory = folder.path().to_owned();
    Setup { program, connector: BuiltIn::Files, zone: ZoneId::private(), directory, state }
}

fn call(operation: &str, input: Value) -> Call {
    Call::new(operation.parse().unwrap(), input).with_idempotency_key("key")
}

fn reason(outcome: Result<Value, CallFailure>) -> (Reason, bool) {
    let failure = outcome.unwrap_err();
    assert_eq!(failure.to_fcp().reason(), Some(failure.error.reason()));
    (failure.error.reason(), failure.changed)
}

fn pid(files: &Supervisor) -> Pid {
    Pid::from_raw(i32::try_from(files.process_id().unwrap()).unwrap()).unwrap()
}

/// Looks again until `condition` holds.
#[expect(clippy::disallowed_methods, reason = "the test waits for a real process")]
async fn eventually(condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(10), "it does not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn files_are_listed_read_written_and_deleted() {
    let (files, folder) = start().await;
    let invoke = |operation, input| files.invoke(call(operation, input));
    let written = invoke("files.write", json!({"path": "a.txt", "content": "milk"})).await.unwrap();
    assert_eq!(written, json!({"size": 4}));
    assert_eq!(fs::read(folder.path().join("a.txt")).unwrap(), b"milk");
    let listed = invoke("files.list", json!({})).await.unwrap();
    let Some(Value::Array(entries)) = listed.get("entries") else { panic!("{listed:?}") };
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].get("name"), Some(&Value::from("a.txt")));
    let read = invoke("files.read", json!({"path": "a.txt"})).await.unwrap();
    assert_eq!(read, json!({"encoding": "utf8", "content": "milk", "end": true}));
    assert_eq!(invoke("files.delete", json!({"path": "a.txt"})).await.unwrap(), json!({"deleted": true}));
    assert!(!folder.path().join("a.txt").exists());
    let missing = invoke("files.read", json!({"path": "a.txt"})).await;
    assert_eq!(reason(missing), (Reason::ExecutionFileNotFound, false));

    let child = pid(&files);
    test_kill_process(child).unwrap();
    files.stop().await;
    assert!(test_kill_process(child).is_err(), "the process is still there");
}

#[tokio::test]
async fn a_megabyte_goes_both_ways() {
    let (files, folder) = start().await;
    let large = "x".repeat(1024 * 1024);
    let write = call("files.write", json!({"path": "a", "content": large}));
    assert_eq!(files.invoke(write).await.unwrap(), json!({"size": 1_048_576}));
    assert_eq!(fs::metadata(folder.path().join("a")).unwrap().len(), 1_048_576);
    let read = files.invoke(call("files.read", json!({"path": "a"}))).await.unwrap();
    assert_eq!(read.get("content").unwrap().as_text(), Some(large.as_str()));
}

#[tokio::test]
async fn nothing_outside_of_the_directory_is_reached() {
    let (files, folder) = start().await;
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    symlink(&secret, folder.path().join("link")).unwrap();
    symlink(outside.path(), folder.path().join("folder")).unwrap();
    let absolute = secret.to_str().unwrap();
    let relative = format!("../{}/secret", outside.path().file_name().unwrap().to_str().unwrap());
    for (path, expected) in [
        (relative.as_str(), Reason::ExecutionBadInput),
        (absolute, Reason::ExecutionBadInput),
        ("link", Reason::ExecutionFileDenied),
        ("folder/secret", Reason::ExecutionFileDenied),
    ] {
        for (operation, input) in [
            ("files.read", json!({"path": path})),
            ("files.write", json!({"path": path, "content": "x", "replace": true})),
            ("files.delete", json!({"path": path})),
        ] {
            let outcome = files.invoke(call(operation, input)).await;
            assert_eq!(reason(outcome), (expected, false), "{operation} {path}");
        }
    }
    let listed = files.invoke(call("files.list", json!({"path": "folder"}))).await;
    assert_eq!(reason(listed), (Reason::ExecutionFileDenied, false));
    assert_eq!(fs::read(&secret).unwrap(), b"secret");
}

#[tokio::test]
async fn the_operations_are_those_of_the_manifest() {
    let (files, _folder) = start().await;
    assert_eq!(files.connector().as_str(), "example.files");
    let table: Vec<(&str, SafetyTier)> = files.operations().iter().map(|(id, rule)| (id.as_str(), rule.tier)).collect();
    let expected = [
        ("files.delete", SafetyTier::Dangerous),
        ("files.list", SafetyTier::Safe),
        ("files.read", SafetyTier::Safe),
        ("files.write", SafetyTier::Risky),
    ];
    assert_eq!(table, expected);
    let binary = fs::read(env!("CARGO_BIN_EXE_fcp")).unwrap();
    assert_eq!(files.binary_digest().as_bytes(), blake3::hash(&binary).as_bytes());
    assert_ne!(files.binary_audience().as_bytes(), files.binary_digest().as_bytes());

    let unknown = files.invoke(call("files.copy", json!({}))).await;
    assert_eq!(reason(unknown), (Reason::ExecutionUnknownOperation, false));
    let misfit = files.invoke(call("files.read", json!({"path": 7}))).await;
    assert_eq!(reason(misfit), (Reason::ExecutionBadInput, false));
    let keyless = Call::new("files.delete".parse().unwrap(), json!({"path": "a"}));
    assert_eq!(reason(files.invoke(keyless).await), (Reason::IdempotencyKeyRequired, false));
}

/// The connector is given nothing: what the node was started with and what it has open does not reach it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_inherits_nothing() {
    // A pipe that children would inherit.
    let (_reader, _writer) = rustix::pipe::pipe().unwrap();
    let (files, _folder) = start().await;
    let process = format!("/proc/{}", files.process_id().unwrap());
    assert_eq!(fs::read(format!("{process}/environ")).unwrap(), b"");
    assert_eq!(fs::read_link(format!("{process}/cwd")).unwrap(), std::path::Path::new("/"));
    let mut open: Vec<String> = fs::read_dir(format!("{process}/fd"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    open.sort();
    assert_eq!(open, ["0", "1", "2"]);
    let command = fs::read(format!("{process}/cmdline")).unwrap();
    assert_eq!(command, b"fcp\0connector\0files\0");
}

#[tokio::test]
async fn a_process_that_is_killed_within_a_call_is_replaced() {
    let (files, folder) = start().await;
    fs::write(folder.path().join("a"), "milk").unwrap();
    let first = pid(&files);
    // It is stopped, so the call is under way until it is killed.
    kill_process(first, Signal::STOP).unwrap();
    let waiting = tokio::spawn({
        let files = files.clone();
        async move { files.invoke(call("files.read", json!({"path": "a"}))).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    kill_process(first, Signal::KILL).unwrap();
    let failure = waiting.await.unwrap().unwrap_err();
    assert!(matches!(&failure.error, CallError::Interrupted { status } if status.contains("SIGKILL")), "{failure:?}");
    assert!(!failure.changed);
    assert_eq!(failure.error.reason().code(), "execution.interrupted");
    assert!(failure.to_fcp().retryable);

    let read = files.invoke(call("files.read", json!({"path": "a"}))).await.unwrap();
    assert_eq!(read.get("content"), Some(&Value::from("milk")));
    assert_ne!(pid(&files), first);
}

#[tokio::test]
async fn a_process_that_is_killed_between_calls_is_not_noticed() {
    let (files, _folder) = start().await;
    let first = pid(&files);
    kill_process(first, Signal::KILL).unwrap();
    // Its last state is there as soon as the system has ended it.
    eventually(|| fs::read_to_string(format!("/proc/{first}/stat")).is_ok_and(|stat| stat.contains(") Z "))).await;
    files.invoke(call("files.list", json!({}))).await.unwrap();
    assert_ne!(pid(&files), first);
}

#[tokio::test]
async fn a_call_that_takes_too_long_ends_and_so_does_its_process() {
    let (files, _folder) = start().await;
    let first = pid(&files);
    kill_process(first, Signal::STOP).unwrap();
    let slow = call("files.list", json!({})).within(Duration::from_millis(200));
    assert_eq!(reason(files.invoke(slow).await), (Reason::ExecutionTimedOut, false));
    assert!(test_kill_process(first).is_err(), "the process is still there");
    files.invoke(call("files.list", json!({}))).await.unwrap();

    let late = call("files.list", json!({})).within(Duration::ZERO);
    assert_eq!(reason(files.invoke(late).await), (Reason::ExecutionTimedOut, false));
}

#[tokio::test]
async fn calls_are_made_in_turn_and_only_so_many_wait() {
    let (files, folder) = start().await;
    let process = pid(&files);
    kill_process(process, Signal::STOP).unwrap();
    let waiting: Vec<_> = (0..32)
        .map(|number| {
            let files = files.clone();
            let write = call("files.write", json!({"path": format!("{number:02}"), "content": "x"}));
            tokio::spawn(async move { files.invoke(write).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    kill_process(process, Signal::CONT).unwrap();
    let (mut done, mut busy) = (0, 0);
    for task in waiting {
        match task.await.unwrap() {
            Ok(_) => done += 1,
            outcome => {
                assert_eq!(reason(outcome), (Reason::ExecutionBusy, false));
                busy += 1;
            }
        }
    }
    assert!(done >= 16 && busy >= 1, "{done} done, {busy} busy");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), done);
    assert_eq!(pid(&files), process);
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_not_made() {
    let (files, folder) = start().await;
    let process = pid(&files);
    kill_process(process, Signal::STOP).unwrap();
    let first = tokio::spawn({
        let files = files.clone();
        async move { files.invoke(call("files.list", json!({}))).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = call("files.write", json!({"path": "a", "content": "x"}));
    assert!(tokio::time::timeout(Duration::from_millis(50), files.invoke(second)).await.is_err());
    kill_process(process, Signal::CONT).unwrap();
    first.await.unwrap().unwrap();
    files.invoke(call("files.list", json!({}))).await.unwrap();
    assert!(!folder.path().join("a").exists());
}

#[tokio::test]
async fn the_process_ends_with_the_last_handle() {
    let (files, _folder) = start().await;
    let process = pid(&files);
    let other = files.clone();
    drop(files);
    other.invoke(call("files.list", json!({}))).await.unwrap();
    drop(other);
    eventually(|| test_kill_process(process).is_err()).await;
}

/// Even a runtime that is dropped in the middle of everything takes its processes along.
#[test]
fn the_process_ends_with_the_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (files, _folder) = runtime.block_on(start());
    let process = pid(&files);
    drop(runtime);
    std::thread::sleep(Duration::from_millis(200));
    let state = fs::read_to_string(format!("/proc/{process}/stat"));
    assert!(state.is_err() || state.is_ok_and(|state| state.contains(") Z ")), "the process is still there");
}

#[tokio::test]
async fn what_is_no_connector_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let fault = |program: &str| {
        let setup = setup(&folder, Program::at(program));
        async { Supervisor::start(setup).await.err().unwrap() }
    };
    assert!(matches!(fault("/nonexistent").await, StartError::Program(_)));
    assert!(matches!(fault("/bin/true").await, StartError::Ended { .. }));
    // It says something that is no frame, and ends: the node notices one or the other first.
    assert!(matches!(fault("/bin/echo").await, StartError::Protocol(_) | StartError::Ended { .. }));

    let nowhere = tempfile::tempdir().unwrap();
    let setup =
        Setup { directory: nowhere.path().join("nowhere"), ..setup(&folder, Program::at(env!("CARGO_BIN_EXE_fcp"))) };
    let error = Supervisor::start(setup).await.err().unwrap();
    assert!(matches!(error, StartError::Directory(_)), "{error:?}");
    assert_eq!(error.reason().code(), "execution.not_started");
}

/// A node is updated while it runs: the newer build is not what tokens were minted for.
#[tokio::test]
async fn another_build_is_not_started() {
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let program = place.path().join("fcp");
    fs::copy(env!("CARGO_BIN_EXE_fcp"), &program).unwrap();
    let files = Supervisor::start(setup(&folder, Program::at(&program))).await.unwrap();
    kill_process(pid(&files), Signal::KILL).unwrap();
    let newer = place.path().join("newer");
    let mut bytes = fs::read(&program).unwrap();
    bytes.push(0);
    fs::write(&newer, bytes).unwrap();
    fs::rename(&newer, &program).unwrap();
    // The first call may still find the old process ending.
    let _ = files.invoke(call("files.list", json!({}))).await;
    let failure = files.invoke(call("files.list", json!({}))).await.unwrap_err();
    assert_eq!(failure.error, CallError::NotStarted(StartError::Replaced));
    assert!(!failure.changed);
}
