#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod connector;
mod form;

pub use connector::Files;
