//! `fcp`: the reference node and its command line.

mod store;
mod transport;

fn main() {}
