//! The command line as others use it: driving adapters, ours and broken ones.
#![expect(clippy::unwrap_used, reason = "a failure of a helper is a failure of its test")]

use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_fcp-conformance");

fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// An adapter that is a shell script; `$line` is the request.
fn script(name: &str, answer: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.sh"));
    let hello = r#"{"implementation":"script","version":"1","profile":"mvp","ops":["glob.match"]}"#;
    let text = format!(
        "while read -r line; do\n  case \"$line\" in\n  *hello*) echo '{hello}' ;;\n  *) {answer} ;;\n  esac\ndone\n"
    );
    std::fs::write(&path, text).unwrap();
    format!("sh {}", path.display())
}

#[test]
fn our_adapter_passes_in_a_process_of_its_own() {
    let output = run(&["run", "--adapter", &format!("{PROGRAM} adapter")]);
    let report = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{report}");
    assert!(report.contains(" 0 failed, 0 unsupported"), "{report}");
    assert!(report.contains("confirmed by no independent implementation: raptor.decode, raptor.encode"), "{report}");
}

#[test]
fn filters_profiles_and_formats() {
    let report = stdout(&run(&["run", "--profile", "mvp", "--filter", "session.*"]));
    assert!(report.contains("session.keys") && !report.contains("cbor.check"), "{report}");
    let json = stdout(&run(&["run", "--filter", "glob.match/globs/star-*", "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["operations"][0]["op"], "glob.match");
    assert!(json["operations"][0]["passed"].as_u64().unwrap() >= 4);
    assert_eq!(json["failures"], serde_json::json!([]));
    let junit = stdout(&run(&["run", "--filter", "glob.match", "--format", "junit"]));
    assert!(junit.starts_with("<?xml") && junit.contains("name=\"globs/literal\""), "{junit}");
    assert_eq!(run(&["run", "--filter", "no.such"]).status.code(), Some(64));
    assert_eq!(run(&["walk"]).status.code(), Some(64));
    assert_eq!(run(&["--help"]).status.code(), Some(0));
}

#[test]
fn a_wrong_answer_is_a_failure_with_its_details() {
    let wrong = r#"id=${line#*\"id\":}; id=${id%%,*}; echo "{\"id\":$id,\"ok\":true,\"out\":{\"matches\":true}}""#;
    let output = run(&["run", "--filter", "glob.*", "--adapter", &script("wrong", wrong)]);
    let report = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(report.contains("globs/literal-is-anchored-at-the-end (§5.3, D79): `matches` differs"), "{report}");
    assert!(report.contains("\"pattern\":\"files.read\""), "{report}");
    assert!(report.contains("expected  refused: glob.invalid_pattern"), "{report}");
}

#[test]
fn operations_that_an_adapter_lacks_are_unsupported() {
    let refusing = r#"id=${line#*\"id\":}; id=${id%%,*}; echo "{\"id\":$id,\"ok\":false,\"code\":\"unsupported\"}""#;
    let adapter = script("refusing", refusing);
    let output = run(&["run", "--filter", "cbor.*", "--adapter", &adapter]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("0 passed, 0 failed"), "{}", stdout(&output));
    let listed = run(&["run", "--filter", "glob.*", "--adapter", &adapter]);
    assert_eq!(listed.status.code(), Some(1));
    assert!(stdout(&listed).contains("although `hello` lists the operation"), "{}", stdout(&listed));
}

#[test]
fn what_an_adapter_must_have_is_said_when_it_is_asked_for() {
    let refusing = r#"id=${line#*\"id\":}; id=${id%%,*}; echo "{\"id\":$id,\"ok\":false,\"code\":\"unsupported\"}""#;
    let adapter = script("lacking", refusing);
    let run = |may_lack: &[&str]| {
        let patterns = may_lack.iter().flat_map(|pattern| ["--may-lack", pattern]);
        run(&["run", "--filter", "cbor.*", "--adapter", &adapter].into_iter().chain(patterns).collect::<Vec<_>>())
    };
    let complaint = |output: &Output| String::from_utf8(output.stderr.clone()).unwrap();
    let output = run(&["raptor.*", "cbor.to_json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).contains("must have: cbor.check, cbor.from_json\n"), "{}", complaint(&output));
    assert_eq!(run(&[""]).status.code(), Some(1));
    for patterns in [&["cbor.*"][..], &["cbor.*_json", "*.check"], &[]] {
        let output = run(patterns);
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    }
}

#[test]
fn a_breach_of_the_protocol_is_told_from_a_failure() {
    for (name, answer, said) in [
        ("ends", "exit 7", "it ended instead of answering"),
        ("babbles", "echo nonsense", "its answer is not JSON"),
        ("confuses", r#"echo '{"id":0,"ok":true}'"#, "its answer is not of the protocol's form"),
        ("sleeps", "sleep 3", "no answer within 1 s"),
    ] {
        let output = run(&["run", "--filter", "glob.*", "--patience", "1", "--adapter", &script(name, answer)]);
        let complaint = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(output.status.code(), Some(2), "{complaint}");
        assert!(complaint.contains(said) && complaint.contains("glob.match"), "{complaint}");
    }
    assert_eq!(run(&["run", "--adapter", "/no/such/program"]).status.code(), Some(2));
}

#[test]
fn what_is_sealed_at_random_opens_across() {
    let ours = format!("{PROGRAM} adapter");
    let output = run(&["run", "--filter", "hpke.seal", "--adapter", &ours, "--peer", &ours]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("sealed and opened across with fcp2"));
}

#[test]
fn vectors_are_as_vecgen_makes_them() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    let output = run(&["vecgen", "--check", folder]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
}
