#![doc = include_str!("../README.md")]
#![expect(clippy::arithmetic_side_effects, reason = "figures for people, within known ranges")]

pub mod areas;
pub mod figure;
pub mod growth;
pub mod measure;
