#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;
// The derives name this crate by its name, also in here.
extern crate self as fcp_core;

// §3.1–§3.5: what things are called and what their bytes are.
pub mod cbor;
pub mod glob;
pub mod id;
pub mod lp;
pub mod object;
pub mod pointer;
pub mod store;
pub mod time;

// §2.2, §3.5.1, §3.6.1, §5.2.1: keys, signatures and sealing.
pub mod aead;
pub mod hpke;
pub mod identity;
pub mod owner;
pub mod sign;
pub mod zone_key;

// §18.2, §24 and the words that the layers above share.
pub mod decision;
pub mod device;
pub mod error;
pub mod quorum;
pub mod revoked;
pub mod safety;

pub use rand_core;
