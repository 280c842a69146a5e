//! The two tables as JSON, for implementations in other languages (D189).

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::{ERROR_CODES, Reason};
use crate::cbor::{Value, to_json};

/// One entry a line, so that a change is a line of a diff.
fn lines(entries: impl Iterator<Item = Value>) -> String {
    let lines: Vec<String> = entries.map(|entry| to_json(&entry)).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// `conformance/reason-codes.json`: every reason with its section, meaning and remedy, and the code of its error.
#[must_use]
pub fn reason_codes_json() -> String {
    lines(Reason::ALL.iter().map(|reason| {
        let error = reason.error_code().map(|code| ("error", Value::from(code.to_string())));
        let fields = [
            ("code", Value::from(reason.code())),
            ("section", Value::from(reason.section())),
            ("meaning", Value::from(reason.meaning())),
            ("remedy", Value::from(reason.remedy())),
        ];
        Value::map(fields.into_iter().chain(error))
    }))
}

/// `conformance/error-codes.json`: every error code with its range, its symbol, and whether to try again.
#[must_use]
pub fn error_codes_json() -> String {
    lines(ERROR_CODES.iter().map(|entry| {
        Value::map([
            ("code", Value::from(entry.code.to_string())),
            ("range", Value::from(entry.code.range().name())),
            ("symbol", Value::from(entry.symbol)),
            ("retryable", Value::from(entry.retryable)),
            ("meaning", Value::from(entry.meaning)),
        ])
    }))
}
