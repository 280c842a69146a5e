//! Frames written where they are sent from.

use super::size::{HEADER_LEN, record_len};
use super::{FrameError, FrameHeader, WriteError};
use crate::envelope::{EnvelopeError, SymbolKey, TAG_LEN};
use crate::raptor::{Block, SymbolError};

/// Writes a frame into a caller's buffer, whose length is the limit: a datagram's room without its envelope.
#[derive(Debug)]
pub struct FrameWriter<'a> {
    buffer: &'a mut [u8],
    header: FrameHeader,
    count: usize,
}

impl<'a> FrameWriter<'a> {
    /// A frame without symbols yet.
    ///
    /// # Errors
    /// [`WriteError::Frame`] if no frame of version 1 has the header's flags, [`WriteError::Full`] if not even the
    /// header fits.
    pub fn new(buffer: &'a mut [u8], header: FrameHeader) -> Result<Self, WriteError> {
        if !header.flags.is_version_1() {
            return Err(FrameError::BadFlags(header.flags.bits()).into());
        }
        if buffer.len() < HEADER_LEN {
            return Err(WriteError::Full);
        }
        Ok(Self { buffer, header, count: 0 })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// How many more symbols fit.
    #[must_use]
    pub fn room(&self) -> usize {
        super::symbols_that_fit(self.buffer.len(), self.header.symbol_size).saturating_sub(self.count)
    }

    /// Adds the symbol `esi` of an object with `k` source symbols: `fill` writes its bytes where they will be sent
    /// from, and they are sealed there. It is an [`Encoder`](crate::raptor::Encoder)'s `write_symbol`, as a rule.
    ///
    /// # Errors
    /// [`WriteError::Full`], [`WriteError::Frame`] if a receiver would refuse the symbol, [`WriteError::Envelope`] if
    /// `key` is not the one that the header names, [`WriteError::Symbol`] from `fill`. The frame is as before.
    pub fn seal(
        &mut self,
        esi: u32,
        k: u16,
        key: &SymbolKey,
        fill: impl FnOnce(&mut [u8]) -> Result<(), SymbolError>,
    ) -> Result<(), WriteError> {
        if !self.header.is_sealed_under(key) {
            return Err(EnvelopeError::KeyMismatch.into());
        }
        let envelope = self.header.envelope(esi, k);
        let (data, tag) = self.slot(esi, k)?;
        fill(data)?;
        *tag = envelope.seal(key, data)?;
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// Adds a symbol that is sealed already.
    ///
    /// # Errors
    /// As [`seal`](Self::seal): a symbol of the wrong length is [`SymbolError::WrongLength`].
    pub fn push_sealed(&mut self, esi: u32, k: u16, data: &[u8], tag: &[u8; TAG_LEN]) -> Result<(), WriteError> {
        if data.len() != self.header.symbol_size.as_usize() {
            return Err(SymbolError::WrongLength.into());
        }
        let (slot, slot_tag) = self.slot(esi, k)?;
        slot.copy_from_slice(data);
        *slot_tag = *tag;
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// Writes the header and returns the frame's bytes.
    ///
    /// # Errors
    /// [`WriteError::Frame`] if no symbol was added.
    pub fn finish(self) -> Result<&'a mut [u8], WriteError> {
        let count = u32::try_from(self.count).unwrap_or(u32::MAX);
        if count == 0 {
            return Err(FrameError::SymbolCount(0).into());
        }
        let len = super::frame_len(self.count, self.header.symbol_size);
        let payload_len = u32::try_from(len.saturating_sub(HEADER_LEN)).map_err(|_| FrameError::TooLarge)?;
        let frame = self.buffer.get_mut(..len).ok_or(WriteError::Full)?;
        let header = frame.first_chunk_mut().ok_or(WriteError::Full)?;
        self.header.write(count, payload_len, header);
        Ok(frame)
    }

    /// The place of the next symbol's bytes and tag, with its ESI and K written before them.
    fn slot(&mut self, esi: u32, k: u16) -> Result<(&mut [u8], &mut [u8; TAG_LEN]), WriteError> {
        let block = Block::new(k, self.header.symbol_size).map_err(|_| FrameError::BadK(k))?;
        if !block.has(esi, self.header.coding()) {
            return Err(FrameError::BadEsi(esi).into());
        }
        let written = self.buffer.get(HEADER_LEN..).unwrap_or_default();
        let mut records = written.chunks_exact(record_len(self.header.symbol_size)).take(self.count);
        if records.any(|record| record.starts_with(&esi.to_le_bytes())) {
            return Err(FrameError::DuplicateEsi.into());
        }
        if self.room() == 0 {
            return Err(WriteError::Full);
        }
        let start = super::frame_len(self.count, self.header.symbol_size);
        let records = self.buffer.get_mut(start..).ok_or(WriteError::Full)?;
        let (record, _) = records.split_at_mut_checked(record_len(self.header.symbol_size)).ok_or(WriteError::Full)?;
        let (slot_esi, record) = record.split_first_chunk_mut().ok_or(WriteError::Full)?;
        let (slot_k, record) = record.split_first_chunk_mut().ok_or(WriteError::Full)?;
        *slot_esi = esi.to_le_bytes();
        *slot_k = k.to_le_bytes();
        record.split_last_chunk_mut().ok_or(WriteError::Full)
    }
}
