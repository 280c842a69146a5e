#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

// §7.1–§7.4: what may be granted, and the grants.
pub mod capability;
pub mod grant;
pub mod taxonomy;

// §7.5: what is shown to use them.
pub mod pop;
pub mod token;

// §9.5: what is asked for, and what became of it.
pub mod execution;
pub mod invoke;

// §7.5, §8.1, D131: whether it may happen.
pub mod authorize;
pub mod binding;
pub mod explain;
pub mod verify;

mod evidence;
