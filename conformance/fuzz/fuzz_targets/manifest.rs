#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fcp_conformance::fuzz::run("manifest", bytes));
