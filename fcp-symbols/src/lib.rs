#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

// App. B, §20: from bytes to symbols and back.
pub mod chunk;
pub mod raptor;

// §4.1, §4.3, §4.4: sealed symbols and the frames that carry them.
pub mod envelope;
pub mod fcps;

// §4.5, D61: many objects to many peers, and from many sources.
pub mod delivery;
pub mod reassembly;

// §8.4: what is done for others, and how much of it.
pub mod admission;

// §3.6, §8.3, §17.2, §21: where symbols are and come from, and what that is worth.
pub mod coverage;
pub mod diversity;
pub mod esi;
pub mod offline;
pub mod placement;
pub mod prestage;
pub mod repair;

// §3.7: what a node keeps.
pub mod gc;

// §20: events as objects, and binaries from many sources.
pub mod distribution;
pub mod events;

// §8.2: which nodes hold what.
pub mod gossip;

// §4.2, §9.4: sessions between nodes, and what they carry.
pub mod counter;
pub mod datagram;
pub mod fcpc;
pub mod message;
pub mod replay;
pub mod session;
pub mod signed_frame;

mod hmac;
mod seen;
