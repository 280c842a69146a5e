#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

// §5.1–§5.3: what a zone is and whom it lets in.
pub mod policy;
pub mod zone;
