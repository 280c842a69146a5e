//! Length prefixes of preimages that are not CBOR (G2, G3).

use alloc::vec::Vec;

/// The u16 LE length of `bytes`. Fields that go into a preimage are bounded far below its range by their types.
#[must_use]
pub fn prefix(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes()
}

/// Appends lp(x): the u16 LE length and the bytes (G2).
pub fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&prefix(bytes));
    out.extend_from_slice(bytes);
}

/// Appends opt(x): 0, or 1 and the encoding (G3).
pub fn push_optional(out: &mut Vec<u8>, encoded: Option<&[u8]>) {
    match encoded {
        None => out.push(0),
        Some(encoded) => {
            out.push(1);
            out.extend_from_slice(encoded);
        }
    }
}
