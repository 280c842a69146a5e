#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// The adapter protocol: one JSON line asks, one answers.
mod fields;
mod hexadecimal;
mod refusal;
mod strict_json;

pub mod adapter;
pub mod ops;

// The suite: vectors, and what runs them against an adapter.
pub mod report;
pub mod run;
pub mod subject;
pub mod vectors;

// Whole meshes of our crates' machines, from seeds.
pub mod simulate;

// How the vectors were made.
pub mod vecgen;

// What must hold for any input whatever.
pub mod fuzz;

pub use fields::{Answer, Fields};
pub use refusal::Refusal;
