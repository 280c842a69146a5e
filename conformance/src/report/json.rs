//! The report that programs read.

use serde_json::{Map, Value, json};

use super::{rows, unconfirmed};
use crate::run::{Failure, Outcome, Run};

/// The report as one JSON object.
#[must_use]
pub fn json(run: &Run) -> Value {
    let operations: Vec<Value> = rows(run)
        .iter()
        .map(|row| {
            json!({
                "chapter": row.chapter, "op": row.op,
                "passed": row.passed, "failed": row.failed, "unsupported": row.unsupported,
            })
        })
        .collect();
    let failures: Vec<Value> = run
        .results
        .iter()
        .filter_map(|(case, outcome)| match outcome {
            Outcome::Failed(failure) => {
                let mut out = failure_fields(failure);
                out.insert("chapter".to_owned(), case.chapter.into());
                out.insert("op".to_owned(), case.vector.op.clone().into());
                out.insert("name".to_owned(), case.name().into());
                out.insert("section".to_owned(), case.vector.section.clone().into());
                Some(Value::Object(out))
            }
            _ => None,
        })
        .collect();
    json!({
        "implementation": run.hello.implementation,
        "version": run.hello.version,
        "profile": run.hello.profile,
        "peer": run.peer.as_ref().map(|peer| peer.implementation.clone()),
        "operations": operations,
        "failures": failures,
        "unconfirmed": unconfirmed(run),
    })
}

fn failure_fields(failure: &Failure) -> Map<String, Value> {
    let differences: Vec<Value> = failure
        .differences
        .iter()
        .map(|difference| {
            json!({
                "place": difference.place,
                "expected": difference.expected,
                "received": difference.received,
                "offset": difference.parting.as_ref().map(|parting| parting.offset),
            })
        })
        .collect();
    let mut out = Map::new();
    out.insert("asked".to_owned(), failure.asked.clone().into());
    out.insert("sent".to_owned(), Value::Object(failure.sent.clone()));
    out.insert("expected".to_owned(), failure.expected.clone().into());
    out.insert("received".to_owned(), failure.received.clone().into());
    out.insert("differences".to_owned(), differences.into());
    out
}
