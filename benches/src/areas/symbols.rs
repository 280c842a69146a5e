//! `fcp-symbols`: datagrams of one symbol, and the fountain code over chunks.

mod chunks;
mod datagram;
pub mod wire;

use fcp_symbols::session::SessionCryptoSuite;

use crate::measure::{Contest, Pair};

/// Sealing and opening datagrams against the bare cryptography of either suite.
#[must_use]
pub fn datagrams() -> Vec<Pair> {
    SessionCryptoSuite::ALL.into_iter().flat_map(datagram::of_suite).collect()
}

/// Encoding a chunked payload against the coding library itself.
#[must_use]
pub fn chunked_encode() -> Vec<Pair> {
    chunks::pairs()
}

/// What is measured between processes.
#[must_use]
pub fn contests() -> Vec<Contest> {
    vec![wire::contest()]
}

/// The pairs of this layer.
#[must_use]
pub fn pairs() -> Vec<Pair> {
    [datagrams(), chunked_encode()].into_iter().flatten().collect()
}
