//! Writes the tables of reason codes and error codes to the conformance kit, where others read them.
//!
//! Run it after adding a line to either table: `cargo run -p fcp-core --example registry`.

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance");
    fs::write(kit.join("reason-codes.json"), fcp_core::error::reason_codes_json())?;
    fs::write(kit.join("error-codes.json"), fcp_core::error::error_codes_json())
}
