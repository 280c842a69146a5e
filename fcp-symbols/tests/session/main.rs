//! Sessions from the outside: known answers, handshakes between two nodes, tables over a bad network.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong is to stop, and its numbers are small"
)]

mod handshake;
mod hostile;
mod known_answers;
mod live;
mod pair;
mod support;
mod table;
