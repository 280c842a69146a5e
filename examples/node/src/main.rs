//! `fcp`: the reference node and its command line.

mod clock;
mod config;
mod control;
mod keys;
mod net;
mod random;
mod store;
mod transport;

fn main() {}
