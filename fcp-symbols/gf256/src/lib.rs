#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(any(feature = "std", test))]
extern crate std;

mod field;
mod kernel;
mod scalar;
#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    expect(dead_code, reason = "only the job's shape is needed")
)]
mod tile;

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests;

use core::fmt;

pub use field::inverse;
pub use kernel::Kernel;

/// Slices do not fit together: nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShapeError;

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("slices do not fit together")
    }
}

impl core::error::Error for ShapeError {}

/// The product of two elements.
#[must_use]
pub const fn mul(a: u8, b: u8) -> u8 {
    field::product(a, b)
}

/// Adds `constant` times `source` to `out`, element by element.
///
/// # Errors
/// [`ShapeError`] if the slices differ in length.
pub fn mul_add(out: &mut [u8], constant: u8, source: &[u8]) -> Result<(), ShapeError> {
    Kernel::best().mul_add(out, constant, source)
}

/// Adds to each row of `len` elements the sum of its coefficients times the sources, in one pass over these.
///
/// `rows` holds the rows one after the other, and `coefficients` those of the first row, one for each source, then those of the second…
///
/// # Errors
/// [`ShapeError`] if a source is not `len` long, or `rows` or `coefficients` do not fit the number of rows.
pub fn combine(rows: &mut [u8], len: usize, sources: &[&[u8]], coefficients: &[u8]) -> Result<(), ShapeError> {
    Kernel::best().combine(rows, len, sources, coefficients)
}
