//! The checked-in vectors: read, never written, and all of them pass in process.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fcp_conformance::run::{self, Outcome};
use fcp_conformance::subject::InProcess;
use fcp_conformance::vectors::{Expect, FILES, Profile};
use fcp_conformance::{Refusal, ops, report, vecgen};
use fcp_core::error::Reason;

#[test]
fn our_crates_pass_every_vector() {
    let done = run::run(run::select(Profile::Full, None).unwrap(), &mut InProcess, None).unwrap();
    assert!(done.results.iter().all(|(_, outcome)| *outcome == Outcome::Passed), "{}", report::text(&done));
}

#[test]
fn vectors_are_as_they_would_be_made_anew() {
    let made = vecgen::generate().unwrap();
    let names: Vec<(&str, &str)> = made.iter().map(|file| (file.chapter, file.topic)).collect();
    for file in FILES {
        let generated = made.iter().find(|one| (one.chapter, one.topic) == (file.chapter, file.topic));
        let text = &generated.unwrap_or_else(|| panic!("nothing makes {}/{}", file.chapter, file.topic)).text;
        assert!(text == file.text, "{}/{} differs; run `fcp-conformance vecgen`", file.chapter, file.topic);
    }
    assert_eq!(names.len(), FILES.len(), "a topic is not embedded: {names:?}");
}

#[test]
fn every_file_on_disk_is_embedded() {
    let mut found = BTreeSet::new();
    for chapter in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")).unwrap() {
        let chapter = chapter.unwrap();
        for file in fs::read_dir(chapter.path()).unwrap() {
            let (chapter, file) = (chapter.file_name(), file.unwrap().file_name());
            found.insert(format!("{}/{}", chapter.to_str().unwrap(), file.to_str().unwrap()));
        }
    }
    let embedded: BTreeSet<String> = FILES.iter().map(|file| format!("{}/{}.json", file.chapter, file.topic)).collect();
    assert_eq!(found, embedded);
}

#[test]
fn vectors_are_well_formed() {
    for case in run::select(Profile::Full, None).unwrap() {
        let vector = &case.vector;
        let place = format!("{}/{}", vector.op, vector.name);
        let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(vector.name.bytes().all(kebab) && !vector.name.is_empty(), "{place}");
        assert!(vector.section.starts_with(['§', 'D', 'G', 'A']), "{place}: {}", vector.section);
        assert!(ops::find(&vector.op).is_some(), "{place}");
        if let Expect::Error(code) = &vector.expect {
            assert!(code.parse::<Reason>().is_ok(), "{place}: `{code}` is in no registry");
            assert_ne!(code, Refusal::BAD_REQUEST, "{place}");
        }
    }
}

#[test]
fn every_operation_has_vectors() {
    let cases = run::select(Profile::Full, None).unwrap();
    for op in ops::names() {
        let accepted = |case: &&run::Case| case.vector.op == op && !matches!(case.vector.expect, Expect::Error(_));
        assert!(cases.iter().any(|case| accepted(&case)), "no input of {op} is accepted");
    }
}

#[test]
fn names_stand_once_in_an_operation() {
    let mut seen = BTreeSet::new();
    for case in run::select(Profile::Full, None).unwrap() {
        let place = format!("{}/{}", case.vector.op, case.name());
        assert!(seen.insert(place.clone()), "{place} stands twice");
    }
}
