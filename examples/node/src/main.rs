//! `fcp`: the reference node and its command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    fcp_node::run()
}
