//! What is encoded (D60): u64 LE length ‖ bytes ‖ zeros to K·T.

use alloc::vec::Vec;

use super::{Block, SymbolError};

/// The bytes of the length field.
pub(super) const LENGTH_LEN: usize = 8;

/// Frames `bytes` for `block`, which must be the block of their length.
pub(super) fn frame(bytes: &[u8], block: Block) -> Vec<u8> {
    let mut source = Vec::with_capacity(block.source_len());
    source.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    source.extend_from_slice(bytes);
    source.resize(block.source_len(), 0);
    source
}

/// The bytes inside of the source symbols of `block`, which are given in order.
///
/// Accepts only what [`frame`] writes: the smallest K that holds the length, and zeros behind the bytes.
pub(super) fn unframe(symbols: &[&[u8]], block: Block) -> Result<Vec<u8>, SymbolError> {
    let (first, others) = symbols.split_first().ok_or(SymbolError::Length)?;
    let (length, first) = first.split_first_chunk::<LENGTH_LEN>().ok_or(SymbolError::Length)?;
    let held = others.iter().fold(first.len(), |sum, symbol| sum.saturating_add(symbol.len()));
    let length = checked_length(*length, held, block)?;
    let mut bytes = Vec::with_capacity(held);
    bytes.extend_from_slice(first);
    others.iter().for_each(|symbol| bytes.extend_from_slice(symbol));
    without_padding(bytes, length)
}

/// The same of source symbols that are one after the other, in their allocation.
pub(super) fn unframe_in_place(mut source: Vec<u8>, block: Block) -> Result<Vec<u8>, SymbolError> {
    let (length, rest) = source.split_first_chunk::<LENGTH_LEN>().ok_or(SymbolError::Length)?;
    let length = checked_length(*length, rest.len(), block)?;
    source.drain(..LENGTH_LEN);
    without_padding(source, length)
}

/// The length of the bytes, if `block` is the block of that length and `held` bytes follow.
fn checked_length(length: [u8; LENGTH_LEN], held: usize, block: Block) -> Result<usize, SymbolError> {
    let length = usize::try_from(u64::from_le_bytes(length)).map_err(|_| SymbolError::Length)?;
    let is_its = Block::for_len(length, block.symbol_size()) == Ok(block);
    let is_whole = held.checked_add(LENGTH_LEN) == Some(block.source_len());
    if is_its && is_whole { Ok(length) } else { Err(SymbolError::Length) }
}

fn without_padding(mut bytes: Vec<u8>, length: usize) -> Result<Vec<u8>, SymbolError> {
    if bytes.get(length..).ok_or(SymbolError::Length)?.iter().any(|byte| *byte != 0) {
        return Err(SymbolError::Padding);
    }
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::frame;
    use crate::raptor::{Block, SymbolError, SymbolSize};

    /// Both ways of doing it.
    fn unframe(source: Vec<u8>, block: Block) -> Result<Vec<u8>, SymbolError> {
        let symbols: Vec<&[u8]> = source.chunks(block.symbol_size().as_usize()).collect();
        let unframed = super::unframe(&symbols, block);
        assert_eq!(super::unframe_in_place(source.clone(), block), unframed);
        unframed
    }

    fn block(k: u16) -> Block {
        Block::new(k, SymbolSize::MIN).unwrap()
    }

    #[test]
    fn both_ways() {
        for len in [0, 1, 247, 248, 249, 1000] {
            let bytes = vec![0xab; len];
            let block = Block::for_len(len, SymbolSize::MIN).unwrap();
            let source = frame(&bytes, block);
            assert_eq!(source.len(), block.source_len());
            assert_eq!(source[..8], (len as u64).to_le_bytes());
            assert_eq!(unframe(source, block), Ok(bytes));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let source = |length: u64, fill: &[u8], k: u16| {
            let mut source = Vec::from(length.to_le_bytes());
            source.extend_from_slice(fill);
            source.resize(usize::from(k) * 256, 0);
            source
        };
        assert_eq!(unframe(source(3, b"abc", 1), block(1)), Ok(b"abc".to_vec()));
        assert_eq!(unframe(source(2, b"abc", 1), block(1)), Err(SymbolError::Padding));
        assert_eq!(unframe(source(3, b"abc", 2), block(2)), Err(SymbolError::Length), "K is not the smallest");
        assert_eq!(unframe(source(249, b"", 1), block(1)), Err(SymbolError::Length));
        assert_eq!(unframe(source(u64::MAX, b"", 1), block(1)), Err(SymbolError::Length));
        assert_eq!(unframe(source(3, b"abc", 1), block(2)), Err(SymbolError::Length));
        assert_eq!(unframe(Vec::new(), block(1)), Err(SymbolError::Length));
        let mut dirty = source(3, b"abc", 1);
        dirty[255] = 1;
        assert_eq!(unframe(dirty, block(1)), Err(SymbolError::Padding));
    }
}
