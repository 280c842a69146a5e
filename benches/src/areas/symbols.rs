//! `fcp-symbols`: datagrams of one symbol, the fountain code over chunks, and gossip.

mod chunks;
mod coding;
mod datagram;
mod gossip;
pub mod wire;

use fcp_symbols::session::SessionCryptoSuite;

use crate::figure::Question;
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

/// Filters and digests of gossip against `xorf` and bare BLAKE3.
#[must_use]
pub fn gossip() -> Vec<Pair> {
    gossip::pairs()
}

/// What is no time.
#[must_use]
pub fn questions() -> Vec<Question> {
    gossip::questions()
}

/// Encoding and decoding of one block against the coding library itself, and chosen symbols against honest ones.
#[must_use]
pub fn coding() -> Vec<Pair> {
    coding::pairs()
}

/// What is measured between processes.
#[must_use]
pub fn contests() -> Vec<Contest> {
    vec![wire::contest()]
}

/// The pairs of this layer.
#[must_use]
pub fn pairs() -> Vec<Pair> {
    [datagrams(), chunked_encode(), coding(), gossip()].into_iter().flatten().collect()
}
