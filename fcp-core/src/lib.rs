#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;
// The derives name this crate by its name, also in here.
extern crate self as fcp_core;

// §3.1–§3.4: what things are called, and when.
pub mod id;
pub mod lp;
pub mod time;

// §3.5, §3.5.1: what their bytes are, and who signed them.
pub mod cbor;
pub mod glob;
pub mod pointer;
pub mod sign;

// §3.6–§3.8: objects, boxes around secrets, where they are kept, and how many nodes must agree.
pub mod hpke;
pub mod object;
pub mod quorum;
pub mod revoked;
pub mod store;

// §2.2, §4.1, §5.2: who the nodes and the owner are, and the keys of zones.
pub mod aead;
pub mod identity;
pub mod owner;
pub mod zone_key;

// §23.4, §24, and the words that the layers above share.
pub mod decision;
pub mod device;
pub mod error;
pub mod safety;

pub use rand_core;
