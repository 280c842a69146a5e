//! The portable kernel: words of eight bytes, and nothing that a processor might not have.

use crate::field::{NIBBLES, double_each};

/// The bytes of a piece of a row, all bits of which are summed up at once.
const PIECE: usize = 256;

/// Its words.
const WORDS: usize = PIECE / 8;

/// Adds `constant` times `source` to `out`.
pub(crate) fn mul_add(out: &mut [u8], constant: u8, source: &[u8]) {
    let Some(table) = NIBBLES.get(usize::from(constant)) else { return };
    for (out, byte) in out.iter_mut().zip(source) {
        *out ^= table.low[usize::from(byte & 15)] ^ table.high[usize::from(byte >> 4)];
    }
}

/// Adds to each row the sum of its coefficients times the sources.
///
/// A product with a constant is the sum of the factor's doubles at the constant's bits. So the sources are summed up for each
/// bit, without a multiplication, and the eight sums doubled and added at the end: seven doublings a row, whatever
/// the number of sources.
pub(crate) fn combine(rows: &mut [u8], len: usize, sources: &[&[u8]], coefficients: &[u8]) {
    for (row, coefficients) in rows.chunks_exact_mut(len).zip(coefficients.chunks_exact(sources.len())) {
        for (piece, out) in row.chunks_mut(PIECE).enumerate() {
            let from = piece * PIECE;
            let mut sums = [[0_u64; WORDS]; 8];
            for (source, coefficient) in sources.iter().zip(coefficients) {
                let words = words(&source[from..from + out.len()]);
                let mut bits = *coefficient;
                while bits != 0 {
                    let sum = &mut sums[(bits.trailing_zeros() & 7) as usize];
                    sum.iter_mut().zip(&words).for_each(|(sum, word)| *sum ^= word);
                    bits &= bits - 1;
                }
            }
            let mut total = [0; WORDS];
            for sum in sums.iter().rev() {
                total.iter_mut().zip(sum).for_each(|(total, word)| *total = double_each(*total) ^ word);
            }
            for (out, byte) in out.iter_mut().zip(total.iter().flat_map(|word| word.to_le_bytes())) {
                *out ^= byte;
            }
        }
    }
}

/// The words of at most [`PIECE`] bytes, with zeros behind them.
fn words(bytes: &[u8]) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    let (whole, rest) = bytes.as_chunks::<8>();
    words.iter_mut().zip(whole).for_each(|(word, bytes)| *word = u64::from_le_bytes(*bytes));
    if let Some(word) = words.get_mut(whole.len()) {
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(last, byte)| *last = *byte);
        *word = u64::from_le_bytes(last);
    }
    words
}
