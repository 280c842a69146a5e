#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

// §5.1–§5.3: what a zone is, whom it lets in, and which objects say so now.
pub mod pinned;
pub mod policy;
pub mod zone;

// §5.2.1: the keys of a zone and their way to the members.
pub mod keyring;
pub mod manifest;

// §6: where data comes from, and what that means for its use.
pub mod approval;
pub mod flow;
pub mod resource;

// §19.4, appendix G: who takes part, and over which paths.
pub mod membership;
pub mod transport;

#[cfg(test)]
mod fixtures;
