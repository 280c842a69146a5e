#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod attested;

// §23.4: what happened, in order, and why.
pub mod chain;
pub mod decision;
pub mod event;
pub mod head;

// §3.8, §14.3: what holds now.
pub mod bootstrap;
pub mod checkpoint;
pub mod freshness;
pub mod revocation;

// §23.1, §23.2: what an operator sees.
pub mod observe;

pub use attested::AttestedKeys;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "the tests' times and seeds are small")]
mod testing;
