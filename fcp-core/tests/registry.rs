//! What the conformance kit ships is what the crate does.

use std::fs;
use std::path::Path;

use fcp_core::cbor::{self, Value};
use fcp_core::error::{ErrorCode, Reason, error_codes_json, reason_codes_json};

#[test]
fn the_shipped_tables_are_these() {
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance");
    for (name, table) in [("reason-codes.json", reason_codes_json()), ("error-codes.json", error_codes_json())] {
        let shipped = fs::read_to_string(kit.join(name)).unwrap();
        assert!(shipped == table, "{name} is out of date: run `cargo run -p fcp-core --example registry`");
    }
}

#[test]
fn the_tables_are_json_that_leads_back() {
    let Value::Array(reasons) = cbor::from_json(&reason_codes_json()).unwrap() else { panic!("not an array") };
    assert_eq!(reasons.len(), Reason::ALL.len());
    for (entry, reason) in reasons.iter().zip(Reason::ALL) {
        let text = |key: &str| entry.get(key).and_then(Value::as_text);
        assert_eq!(text("code").unwrap().parse(), Ok(*reason));
        assert_eq!(text("error").map(|code| code.parse::<ErrorCode>().unwrap()), reason.error_code());
    }
    let Value::Array(codes) = cbor::from_json(&error_codes_json()).unwrap() else { panic!("not an array") };
    for entry in &codes {
        let code: ErrorCode = entry.get("code").and_then(Value::as_text).unwrap().parse().unwrap();
        assert_eq!(entry.get("symbol").and_then(Value::as_text), code.entry().map(|entry| entry.symbol));
        assert_eq!(entry.get("range").and_then(Value::as_text), Some(code.range().name()));
    }
}
