//! Frames as views of received bytes.

use core::slice::{ChunksExact, ChunksExactMut};

use super::size::{HEADER_LEN, MAX_SYMBOLS, record_len};
use super::{FrameError, FrameHeader};
use crate::envelope::{EnvelopeError, SymbolKey, TAG_LEN};
use crate::raptor::Block;

/// A frame in received bytes, its symbols still sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    header: FrameHeader,
    records: &'a [u8],
}

/// A sealed symbol of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedSymbol<'a> {
    /// Which symbol it is.
    pub esi: u32,
    /// How many source symbols the object has.
    pub k: u16,
    /// The encrypted bytes.
    pub data: &'a [u8],
    /// The authentication tag.
    pub tag: &'a [u8; TAG_LEN],
}

impl<'a> Frame<'a> {
    /// Reads a frame that fills `bytes` exactly and is at most `max_frame_len` long. Allocates nothing.
    ///
    /// # Errors
    /// [`FrameError`] with the first rule that the frame breaks, in the order of the header's fields, then symbol by
    /// symbol.
    pub fn parse(bytes: &'a [u8], max_frame_len: usize) -> Result<Self, FrameError> {
        let header = FrameHeader::parse(bytes, max_frame_len)?;
        let frame = Self { header, records: bytes.get(HEADER_LEN..).unwrap_or_default() };
        frame.check_symbols()?;
        Ok(frame)
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// The sealed symbols, as they stand in the frame.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = SealedSymbol<'a>> + use<'a> {
        Records { records: self.records.chunks_exact(record_len(self.header.symbol_size)) }
    }

    /// K and ESI of every symbol (D61, D63), and no ESI twice (D51).
    fn check_symbols(&self) -> Result<(), FrameError> {
        let coding = self.header.coding();
        let mut esis = [0; MAX_SYMBOLS];
        let mut count: usize = 0;
        for (slot, symbol) in esis.iter_mut().zip(self.symbols()) {
            let block = Block::new(symbol.k, self.header.symbol_size).map_err(|_| FrameError::BadK(symbol.k))?;
            if !block.has(symbol.esi, coding) {
                return Err(FrameError::BadEsi(symbol.esi));
            }
            *slot = symbol.esi;
            count = count.saturating_add(1);
        }
        let esis = esis.get_mut(..count).unwrap_or_default();
        esis.sort_unstable();
        match esis.array_windows().any(|[left, right]| left == right) {
            true => Err(FrameError::DuplicateEsi),
            false => Ok(()),
        }
    }
}

#[derive(Debug)]
struct Records<'a> {
    records: ChunksExact<'a, u8>,
}

impl<'a> Iterator for Records<'a> {
    type Item = SealedSymbol<'a>;

    fn next(&mut self) -> Option<SealedSymbol<'a>> {
        let (esi, rest) = self.records.next()?.split_first_chunk()?;
        let (k, rest) = rest.split_first_chunk()?;
        let (data, tag) = rest.split_last_chunk()?;
        Some(SealedSymbol { esi: u32::from_le_bytes(*esi), k: u16::from_le_bytes(*k), data, tag })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.records.size_hint()
    }
}

impl ExactSizeIterator for Records<'_> {}

/// A frame in received bytes that may be written to: its symbols open where they lie.
#[derive(Debug, PartialEq, Eq)]
pub struct FrameMut<'a> {
    header: FrameHeader,
    records: &'a mut [u8],
}

impl<'a> FrameMut<'a> {
    /// As [`Frame::parse`], over bytes that may be written to.
    ///
    /// # Errors
    /// As [`Frame::parse`].
    pub fn parse(bytes: &'a mut [u8], max_frame_len: usize) -> Result<Self, FrameError> {
        let header = *Frame::parse(bytes, max_frame_len)?.header();
        Ok(Self { header, records: bytes.get_mut(HEADER_LEN..).unwrap_or_default() })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// The frame with its symbols sealed.
    #[must_use]
    pub const fn as_frame(&self) -> Frame<'_> {
        Frame { header: self.header, records: self.records }
    }

    /// Decrypts one symbol after the other, as the iterator advances.
    ///
    /// # Errors
    /// [`EnvelopeError::KeyMismatch`] if `key` is not the one that the header names.
    pub fn open<'k>(self, key: &'k SymbolKey) -> Result<OpenSymbols<'a, 'k>, EnvelopeError> {
        if !self.header.is_sealed_under(key) {
            return Err(EnvelopeError::KeyMismatch);
        }
        let records = self.records.chunks_exact_mut(record_len(self.header.symbol_size));
        Ok(OpenSymbols { header: self.header, records, key })
    }
}

/// An opened symbol, in the bytes that were received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// Which symbol it is.
    pub esi: u32,
    /// The shape of its object's block.
    pub block: Block,
    /// Its bytes.
    pub data: &'a [u8],
}

/// A symbol of a frame that did not open. The other symbols may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("symbol {esi}: {error}")]
pub struct SymbolRefused {
    /// Which symbol it is.
    pub esi: u32,
    /// Why it did not open.
    pub error: EnvelopeError,
}

/// The symbols of a frame, each decrypted as it is returned.
#[derive(Debug)]
pub struct OpenSymbols<'a, 'k> {
    header: FrameHeader,
    records: ChunksExactMut<'a, u8>,
    key: &'k SymbolKey,
}

impl<'a> OpenSymbols<'a, '_> {
    fn open(&self, record: &'a mut [u8]) -> Option<Result<Symbol<'a>, SymbolRefused>> {
        let (esi, rest) = record.split_first_chunk_mut()?;
        let (k, rest) = rest.split_first_chunk_mut()?;
        let (data, tag) = rest.split_last_chunk_mut()?;
        let (esi, k) = (u32::from_le_bytes(*esi), u16::from_le_bytes(*k));
        // Cannot fail: the frame was parsed.
        let block = Block::new(k, self.header.symbol_size).ok()?;
        Some(match self.header.envelope(esi, k).open(self.key, data, tag) {
            Ok(()) => Ok(Symbol { esi, block, data }),
            Err(error) => Err(SymbolRefused { esi, error }),
        })
    }
}

impl<'a> Iterator for OpenSymbols<'a, '_> {
    type Item = Result<Symbol<'a>, SymbolRefused>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.records.next()?;
        self.open(record)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.records.size_hint()
    }
}

impl ExactSizeIterator for OpenSymbols<'_, '_> {}
