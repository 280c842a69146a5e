//! Sessions from the outside: known answers, handshakes between two nodes, tables over a bad network.

mod known_answers;
mod support;
