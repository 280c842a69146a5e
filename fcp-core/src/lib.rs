#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;
// The derives name this crate by its name, also in here.
extern crate self as fcp_core;

pub mod cbor;
pub mod device;
pub mod error;
pub mod id;
pub mod object;
pub mod sign;
pub mod time;

pub use rand_core;
