//! The CDDL and the vectors say the same: every accepted object is of its rule, and what is refused for its fields or
//! their types is not.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure of a helper is a failure of its test"
)]

use std::fs;
use std::path::Path;

use cddl_cat::cbor::validate_cbor;
use cddl_cat::context::BasicContext;
use cddl_cat::flatten::flatten_from_str;
use fcp_conformance::run;
use fcp_conformance::vectors::{Expect, Profile, Vector};
use serde_json::Value;

/// All files as one text: CDDL of RFC 8610 has no imports.
fn cddl() -> String {
    let mut files: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("cddl"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect::<Vec<_>>().join("\n")
}

struct Rules(BasicContext);

impl Rules {
    fn read() -> Self {
        Self(BasicContext::new(flatten_from_str(&cddl()).unwrap()))
    }

    fn accepts(&self, rule: &str, cbor: &[u8]) -> Result<(), String> {
        let rule = self.0.rules.get(rule).unwrap_or_else(|| panic!("no rule {rule}"));
        let value = ciborium::from_reader(cbor).map_err(|error| error.to_string())?;
        validate_cbor(rule, &value, &self.0).map_err(|error| error.to_string())
    }
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// `ZoneKeyManifest` as `zone-key-manifest`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}

fn of(op: &str) -> Vec<Vector> {
    let cases = run::select(Profile::Full, None).unwrap().into_iter().map(|case| case.vector);
    cases.filter(|vector| vector.op == op).collect()
}

/// The rule and the encoded object of an `object.decode` vector.
fn decoded(vector: &Vector) -> (String, Vec<u8>) {
    let rule = kebab(vector.input["schema"]["name"].as_str().unwrap());
    (rule, hex(&vector.input["body"]).split_off(32))
}

#[test]
fn accepted_objects_are_of_their_rule() {
    let rules = Rules::read();
    for vector in of("object.decode") {
        if let Expect::Out(_) = vector.expect {
            let (rule, object) = decoded(&vector);
            rules.accepts(&rule, &object).unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        }
    }
    for vector in of("object.derive").iter().filter(|vector| matches!(vector.expect, Expect::Out(_))) {
        rules.accepts("object-header", &hex(&vector.input["header"])).unwrap();
    }
    for vector in of("hpke.open").iter().filter(|vector| matches!(vector.expect, Expect::Out(_))) {
        rules.accepts("hpke-sealed-box", &hex(&vector.input["box"])).unwrap();
    }
}

#[test]
fn what_is_refused_for_its_fields_is_not() {
    const BY_FIELDS: [&str; 6] = [
        "cbor.missing_key",
        "cbor.unknown_key",
        "cbor.unexpected_type",
        "cbor.out_of_range",
        "cbor.unknown_variant",
        "cbor.float_not_allowed",
    ];
    // The order of a list is beyond CDDL.
    const BY_ORDER: [&str; 2] = ["checkpoint-status-votes-unsorted", "checkpoint-status-two-votes-of-one-sequence"];
    let (rules, mut count) = (Rules::read(), 0);
    for vector in of("object.decode") {
        if let Expect::Error(code) = &vector.expect
            && BY_FIELDS.contains(&code.as_str())
            && !BY_ORDER.contains(&vector.name.as_str())
        {
            let (rule, object) = decoded(&vector);
            assert!(rules.accepts(&rule, &object).is_err(), "{} ({code}) is of {rule}", vector.name);
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}

#[test]
fn tokens_are_of_their_rules() {
    let rules = Rules::read();
    for vector in of("token.decode").iter().filter(|vector| matches!(vector.expect, Expect::Out(_))) {
        let token = hex(&vector.input["cwt"]);
        rules.accepts("capability-token", &token).unwrap();
        let parts: ciborium::Value = ciborium::from_reader(&token[..]).unwrap();
        let parts = parts.as_array().unwrap();
        rules.accepts("token-protected", parts[0].as_bytes().unwrap()).unwrap();
        rules.accepts("token-claims", parts[2].as_bytes().unwrap()).unwrap();
    }
}

#[test]
fn every_name_is_defined() {
    // The validator finds unknown names only where it meets them.
    let Rules(context) = Rules::read();
    let defined: Vec<&String> = context.rules.keys().collect();
    let text = cddl();
    for word in text
        .lines()
        .map(|line| line.split(';').next().unwrap())
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(_, types)| {
            types.split(|character: char| !(character.is_alphanumeric() || "-_\"".contains(character)))
        })
        .filter(|word| {
            word.contains('-') && !word.contains('"') && word.starts_with(|first: char| first.is_alphabetic())
        })
    {
        assert!(defined.iter().any(|rule| *rule == word), "no rule {word}");
    }
}
