//! The JSON Schemas of the operations' requests: every vector keeps to them, and what does not is a bad request.
#![expect(clippy::unwrap_used, reason = "a failure of a helper is a failure of its test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fcp_conformance::adapter::perform;
use fcp_conformance::vectors::{Expect, Profile, Vector};
use fcp_conformance::{Fields, Refusal, ops, run};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The schemas by operation.
fn schemas() -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            let schema = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), schema)
        })
        .collect()
}

fn vectors() -> Vec<Vector> {
    run::select(Profile::Full, None).unwrap().into_iter().map(|case| case.vector).collect()
}

#[test]
fn every_operation_has_a_schema_and_every_schema_an_operation() {
    let schemas = schemas();
    let mut names: Vec<&str> = ops::names().collect();
    names.sort_unstable();
    assert_eq!(schemas.keys().map(String::as_str).collect::<Vec<_>>(), names);
    for (name, schema) in &schemas {
        assert!(jsonschema::meta::is_valid(schema), "{name}");
        assert_eq!(schema["title"], name.as_str());
    }
}

#[test]
fn every_vector_keeps_to_its_schema() {
    let validators: BTreeMap<String, Validator> =
        schemas().into_iter().map(|(name, schema)| (name, jsonschema::validator_for(&schema).unwrap())).collect();
    for vector in vectors() {
        let input = Value::Object(vector.input);
        if let Err(error) = validators[&vector.op].validate(&input) {
            panic!("{}/{}: {error}", vector.op, vector.name);
        }
        if let Expect::Opens(opening) = vector.expect {
            let mut input = opening.input;
            input.extend(opening.take.into_iter().map(|name| (name, json!(""))));
            assert!(validators[&opening.op].is_valid(&Value::Object(input)), "{}/{}", vector.op, vector.name);
        }
    }
}

/// How our operation refuses some fields, if it does.
fn refused(op: &str, input: &Map<String, Value>) -> Option<Refusal> {
    perform(op, Fields::new(input)).err()
}

/// Of each operation's first accepted vector, takes out each required field and puts something else into each field.
#[test]
fn requests_outside_of_the_schema_are_bad_requests() {
    let schemas = schemas();
    let mut seen = Vec::new();
    for vector in vectors() {
        if matches!(vector.expect, Expect::Error(_)) || seen.contains(&vector.op) {
            continue;
        }
        seen.push(vector.op.clone());
        let (op, schema) = (vector.op.as_str(), &schemas[&vector.op]);
        for name in schema["required"].as_array().unwrap() {
            let mut input = vector.input.clone();
            input.remove(name.as_str().unwrap());
            let refusal = refused(op, &input).unwrap();
            assert_eq!(refusal.code(), Refusal::BAD_REQUEST, "{op} without {name}: {refusal:?}");
        }
        let validator = jsonschema::validator_for(schema).unwrap();
        let others = [json!(null), json!(-1), json!(1.5), json!("0G"), json!([7]), json!({"x": 1}), json!(1_u64 << 60)];
        for (name, other) in vector.input.keys().flat_map(|name| others.iter().map(move |other| (name, other))) {
            let mut input = vector.input.clone();
            input.insert(name.clone(), other.clone());
            if validator.is_valid(&Value::Object(input.clone())) {
                continue;
            }
            let refusal = refused(op, &input).unwrap_or_else(|| panic!("{op} takes {other} as {name}"));
            assert_eq!(refusal.code(), Refusal::BAD_REQUEST, "{op} with {other} as {name}: {refusal:?}");
        }
    }
    assert_eq!(seen.len(), ops::names().count());
}

/// Reason codes are of the families that the registry's readers know (D189).
#[test]
fn reason_codes_are_of_known_families() {
    const FAMILIES: &str = "adapter admission allow approval attestation audit capability cbor checkpoint chunk credential \
                            crossing diversity egress enrollment event execution fcpc frame glob gossip grant holder_proof hpke id idempotency \
                            lease manifest object owner pointer provenance quorum resource revocation role secret session \
                            sign symbol taint tier token zone zone_key zone_policy";
    for reason in fcp_core::error::Reason::ALL {
        let family = reason.code().split('.').next().unwrap();
        assert!(FAMILIES.split_whitespace().any(|known| known == family), "{family} is no family");
    }
}
