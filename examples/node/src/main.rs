//! `fcp`: the reference node and its command line.

mod transport;

fn main() {}
