use super::Files;
use fcp_connector_sdk::context::CallFacts;
use fcp_connector_sdk::effect::{Effect, FileScope, WriteMode};
use fcp_connector_sdk::testkit::{Steps as _, TestRun, World, configure};
use fcp_connector_sdk::{Health, Reason, Value, json};

fcp_connector_sdk::check_connector!(Files, json!({"scope": "documents"}), World::new().with_scope("documents"));

fn files() -> Files {
    Files { scope: FileScope::new("documents").unwrap() }
}

fn step(operation: &str, input: Value) -> TestRun {
    files().step(operation, input)
}

#[test]
fn the_scope_is_its_one_setting() {
    assert_eq!(configure::<Files>(json!({"scope": "documents"})).finish().unwrap().scope.as_str(), "documents");
    for settings in [json!({}), json!({"scope": "/etc"}), json!({"scope": "a", "more": 1}), json!(null)] {
        let refused = configure::<Files>(settings).finish().unwrap_err();
        assert_eq!(refused.reason(), Some(Reason::ExecutionBadConfiguration));
    }
}

#[test]
fn lists_in_pages() {
    let mut run = step("files.list", json!({"path": "2026"}));
    run.expect_file_list("documents", "2026").reply([("april.txt", 3), ("may.txt", 4)]);
    let listed = run.finish().unwrap();
    assert_eq!(
        listed,
        json!({"entries": [{"name": "april.txt", "kind": "file", "size": 3}, {"name": "may.txt", "kind": "file", "size": 4}]})
    );

    let mut world = World::new();
    for number in 0..150 {
        world = world.with_file("documents", &format!("{number:03}"), "");
    }
    let first = step("files.list", json!({})).finish_in(&mut world).unwrap();
    let next = first.get("next").unwrap().as_text().unwrap();
    assert_eq!(next, "099");
    let second = step("files.list", json!({"after": next})).finish_in(&mut world).unwrap();
    assert_eq!(second.get("next"), None);
    let Some(Value::Array(entries)) = second.get("entries") else { panic!("{second:?}") };
    assert_eq!(entries.len(), 50);
}

#[test]
fn reads_text_as_it_is_and_anything_else_in_base64() {
    let mut run = step("files.read", json!({"path": "a.txt", "offset": 2, "length": 3}));
    run.expect_file_read("documents", "a.txt").reply("0123456789");
    assert_eq!(run.finish().unwrap(), json!({"encoding": "utf8", "content": "234", "end": false}));
    let mut run = step("files.read", json!({"path": "a.bin"}));
    run.expect_file_read("documents", "a.bin").reply([0xff, 0xfe]);
    assert_eq!(run.finish().unwrap(), json!({"encoding": "base64", "content": "//4=", "end": true}));
}

#[test]
fn writes_new_files_unless_told_to_replace() {
    let mut run = step("files.write", json!({"path": "a.txt", "content": "milk"}));
    let write = run.expect_file_write("documents", "a.txt");
    assert_eq!(write.content(), b"milk");
    assert!(matches!(write.effect(), Effect::FileWrite { mode: WriteMode::CreateNew, .. }));
    write.reply();
    assert_eq!(run.finish().unwrap(), json!({"size": 4}));

    let mut run =
        step("files.write", json!({"path": "a.bin", "content": "//4=", "encoding": "base64", "replace": true}));
    let write = run.expect_file_write("documents", "a.bin");
    assert_eq!(write.content(), [0xff, 0xfe]);
    assert!(matches!(write.effect(), Effect::FileWrite { mode: WriteMode::Replace, .. }));
    write.reply();
    assert_eq!(run.finish().unwrap(), json!({"size": 2}));
}

#[test]
fn a_repeated_write_is_the_first_and_another_file_stays() {
    let mut world = World::new().with_scope("documents");
    for _ in 0..2 {
        let written = step("files.write", json!({"path": "a.txt", "content": "milk"})).finish_in(&mut world);
        assert_eq!(written.unwrap(), json!({"size": 4}));
    }
    let refused = step("files.write", json!({"path": "a.txt", "content": "eggs"})).finish_in(&mut world).unwrap_err();
    assert_eq!(refused.reason(), Some(Reason::ExecutionFileExists));
    assert_eq!(world.file("documents", "a.txt"), Some(b"milk".as_slice()));
}

#[test]
fn a_repeated_deletion_finds_nothing() {
    let mut world = World::new().with_file("documents", "a/b.txt", "milk");
    let mut delete = |path: &str| step("files.delete", json!({"path": path})).finish_in(&mut world);
    assert_eq!(delete("a").unwrap_err().reason(), Some(Reason::ExecutionFileKind));
    assert_eq!(delete("a/b.txt").unwrap(), json!({"deleted": true}));
    assert_eq!(delete("a/b.txt").unwrap(), json!({"deleted": false}));
}

#[test]
fn strict_operations_need_a_key() {
    for (operation, input) in
        [("files.write", json!({"path": "a", "content": ""})), ("files.delete", json!({"path": "a"}))]
    {
        let refused = files().step_with(CallFacts::default(), operation, input).finish().unwrap_err();
        assert_eq!(refused.reason(), Some(Reason::IdempotencyKeyRequired));
    }
}

#[test]
fn no_path_leaves_the_directory() {
    for path in ["../a", "/etc/passwd", "a/../../b", "a\\b", "a//b", "C:/a"] {
        for (operation, input) in [
            ("files.list", json!({"path": path})),
            ("files.read", json!({"path": path})),
            ("files.write", json!({"path": path, "content": ""})),
            ("files.delete", json!({"path": path})),
        ] {
            let refused = step(operation, input).finish().unwrap_err();
            assert_eq!(refused.reason(), Some(Reason::ExecutionBadInput), "{operation} {path}");
        }
    }
}

#[test]
fn what_the_host_refuses_is_refused() {
    let mut run = step("files.read", json!({"path": "a"}));
    run.expect_file_read("documents", "a").refuse(Reason::ExecutionFileNotFound);
    let error = run.finish().unwrap_err();
    assert_eq!(error.to_string(), "FCP-6004: nothing stands at the path");
}

#[test]
fn it_is_as_healthy_as_its_directory() {
    use fcp_connector_sdk::run::Step;
    use fcp_connector_sdk::service::Service;
    let mut service = Service::<Files>::new().unwrap();
    service.install(files());
    let health = |mut world: World| {
        let step: Step<Health> = service.health(CallFacts::default());
        world.run(step).unwrap()
    };
    assert_eq!(health(World::new().with_scope("documents")), Health::Ready);
    assert!(matches!(health(World::new()), Health::Failing { message } if message.contains("documents")));
}
