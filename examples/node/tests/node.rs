//! A node as a process: what it survives, and what it does not outlive.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

fn fcp() -> Command {
    Command::new(env!("CARGO_BIN_EXE_fcp"))
}

/// Looks again and again, for 60 s at most: these are real processes on a machine that has other things to do.
#[expect(clippy::disallowed_methods, reason = "the test waits for real processes")]
fn wait<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asks the node on this data folder for its status; nothing, if none answers.
fn status(data: &Path) -> Option<Value> {
    let mut socket = UnixStream::connect(data.join("control.sock")).ok()?;
    writeln!(socket, "{}", json!({"id": 1, "method": "status"})).ok()?;
    let mut line = String::new();
    BufReader::new(socket).read_line(&mut line).ok()?;
    Some(serde_json::from_str::<Value>(&line).ok()?.get_mut("result")?.take())
}

fn start(folder: &Path, config: &str, stderr: impl Into<Stdio>) -> std::io::Result<Child> {
    let path = folder.join("node.toml");
    let common = "node_id = \"n1\"\nclass = \"laptop\"\nlisten = \"127.0.0.1\"\n";
    std::fs::write(&path, format!("{common}{config}"))?;
    let mut node = fcp();
    let node = node.args(["node", "run", "--until-stdin-closes", "--config"]).arg(path);
    node.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(stderr).spawn()
}

#[test]
fn serves_though_its_log_cannot_be_written_and_ends_with_its_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut node = start(folder.path(), "data_dir = \"data\"\n", full).unwrap();
    let data = folder.path().join("data");
    // It has logged that it runs, or tried to, by the time that it answers.
    let answer = wait("an answer of the node", || status(&data));
    assert_eq!(answer["pid"], node.id());
    assert!(node.try_wait().unwrap().is_none());
    drop(node.stdin.take());
    assert!(wait("the end of the node", || node.try_wait().unwrap()).success());
    assert!(!data.join("control.sock").exists());
}

#[test]
fn does_not_start_where_others_may_look() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |config: &str| {
        let node = start(folder.path(), config, Stdio::piped()).unwrap().wait_with_output().unwrap();
        assert!(!node.status.success());
        String::from_utf8(node.stderr).unwrap()
    };
    std::fs::create_dir(folder.path().join("open")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path().join("open"), mode).unwrap();
    let message = refused("data_dir = \"open\"\n");
    assert!(message.contains("mode 755") && message.contains("chmod 700"), "{message}");
    assert_eq!(std::fs::read_dir(folder.path().join("open")).unwrap().count(), 0, "nothing was written there");
    let message = refused("data_dir = \"data\"\n[files]\ndirectory = \".\"\n");
    assert!(message.contains("overlap") && message.contains("keys"), "{message}");
    assert_eq!(std::fs::read_dir(folder.path().join("data")).unwrap().count(), 0, "nothing was written there");
}

#[test]
fn does_not_outlive_a_demo_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let mut demo = fcp();
    let demo = demo.args(["demo", "--json", "--keep"]).arg(&kept).stdout(Stdio::null()).stderr(Stdio::null());
    let mut demo = demo.spawn().unwrap();
    let nodes = ["desktop", "laptop", "phone", "server"].map(|name| kept.join(name).join("data"));
    let pids = nodes.each_ref().map(|data| wait("a node of the demo", || status(data))["pid"].to_string());
    assert!(pids.iter().all(|pid| *pid != demo.id().to_string() && is_running(pid)));
    // SIGKILL: the demo can do nothing about its nodes.
    demo.kill().unwrap();
    demo.wait().unwrap();
    for (data, pid) in nodes.iter().zip(pids) {
        wait("the end of a node", || (status(data).is_none() && !is_running(&pid)).then_some(()));
    }
}

/// Whether the process runs; one that has ended and that nobody has asked about does not.
fn is_running(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}
