//! Every type of the protocol that the crates have is of the kit too: with vectors of both kinds, and a CDDL rule.
#![expect(clippy::unwrap_used, reason = "a failure of a helper is a failure of its test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fcp_conformance::run;
use fcp_conformance::vectors::{Expect, Profile};

/// A token is no object; its operations are `token.*`.
const NOT_OBJECTS: [&str; 1] = ["fcp.core:CapabilityToken"];

/// The schemas that the attributes in the crates' sources name.
fn schemas(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            schemas(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&entry).unwrap();
            // Types of unit tests stand indented, or in files of their own.
            let named = source.lines().filter_map(|line| line.strip_prefix("#[fcp(schema = \"")?.split('@').next());
            found.extend(named.filter(|name| !name.starts_with("fcp.test:")).map(str::to_owned));
        }
    }
}

#[test]
fn every_type_has_vectors_of_both_kinds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut wanted = BTreeSet::new();
    for name in ["fcp-core", "fcp-symbols", "fcp-zones", "fcp-audit", "fcp-caps"] {
        schemas(&root.join(name).join("src"), &mut wanted);
    }
    assert!(wanted.len() > 40, "{wanted:?}");
    let (mut accepted, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for case in run::select(Profile::Full, None).unwrap() {
        if case.vector.op == "object.decode" {
            let schema = &case.vector.input["schema"];
            let name = format!("{}:{}", schema["namespace"].as_str().unwrap(), schema["name"].as_str().unwrap());
            match case.vector.expect {
                Expect::Error(_) => refused.insert(name),
                _ => accepted.insert(name),
            };
        }
    }
    for name in wanted.iter().filter(|name| !NOT_OBJECTS.contains(&name.as_str())) {
        assert!(accepted.contains(name), "no vector accepts a {name}");
        assert!(refused.contains(name), "no vector refuses a {name}");
    }
}
