//! Sessions from the outside: known answers, handshakes between two nodes, tables over a bad network.
#![expect(clippy::arithmetic_side_effects, reason = "numbers in tests are small")]

mod handshake;
mod known_answers;
mod pair;
mod support;
mod table;
