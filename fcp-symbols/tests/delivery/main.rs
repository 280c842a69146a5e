//! Senders and receivers, joined by a network that loses, repeats, delays and reorders.

#![expect(clippy::arithmetic_side_effects, reason = "test arithmetic is on small numbers")]

mod gather;
mod net;
mod push;
