//! Lengths of frames (§4.3.1).

use crate::raptor::SymbolSize;

/// The length of a frame's header.
pub const HEADER_LEN: usize = 114;

/// What a symbol costs beside its bytes: ESI, K and tag.
pub const RECORD_OVERHEAD: usize = 4 + 2 + 16;

/// The most symbols in a frame (D68).
pub const MAX_SYMBOLS: usize = 256;

/// The longest frame that is accepted unless configured otherwise: 4 MiB (§4.3).
pub const DEFAULT_MAX_FRAME_LEN: usize = 4 * 1024 * 1024;

/// The length of a frame of `count` symbols.
#[must_use]
pub const fn frame_len(count: usize, symbol_size: SymbolSize) -> usize {
    HEADER_LEN.saturating_add(count.saturating_mul(record_len(symbol_size)))
}

/// How many symbols fit a frame of at most `max_frame_len` bytes: a datagram's limit without its envelope (§4.3.1).
#[must_use]
pub fn symbols_that_fit(max_frame_len: usize, symbol_size: SymbolSize) -> usize {
    let room = max_frame_len.saturating_sub(HEADER_LEN);
    room.checked_div(record_len(symbol_size)).unwrap_or_default().min(MAX_SYMBOLS)
}

/// The length of one symbol with ESI, K and tag.
pub(super) const fn record_len(symbol_size: SymbolSize) -> usize {
    symbol_size.as_usize().saturating_add(RECORD_OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::{frame_len, symbols_that_fit};
    use crate::raptor::SymbolSize;

    #[test]
    fn one_symbol_of_1024_bytes_fills_a_datagram_of_1200() {
        // The datagram's envelope is 40 bytes: session id 16, sequence 8, tag 16 (§4.2.2).
        assert_eq!(40 + frame_len(1, SymbolSize::DEFAULT), 1200);
        assert_eq!(symbols_that_fit(1160, SymbolSize::DEFAULT), 1);
        assert_eq!(symbols_that_fit(1159, SymbolSize::DEFAULT), 0);
        assert_eq!(symbols_that_fit(1160 + 1046, SymbolSize::DEFAULT), 2);
        // The smallest datagram that a handshake may agree on holds the smallest symbol (D73).
        assert_eq!(40 + frame_len(1, SymbolSize::MIN), 432);
        assert_eq!(symbols_that_fit(usize::MAX, SymbolSize::MAX), 256);
        assert_eq!(symbols_that_fit(0, SymbolSize::MIN), 0);
    }
}
