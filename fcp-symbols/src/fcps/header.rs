//! The header: 114 bytes at fixed offsets (§4.3).

use fcp_core::id::{EpochId, ObjectId, ZoneIdHash, ZoneKeyId};

use super::size::{HEADER_LEN, MAX_SYMBOLS, record_len};
use super::{FrameError, FrameFlags};
use crate::envelope::{SymbolEnvelope, SymbolKey};
use crate::raptor::{Coding, SymbolSize};

/// What a frame begins with.
const MAGIC: [u8; 4] = *b"FCPS";

/// The version that is spoken here (§4.3 rule 1).
const VERSION: u16 = 1;

/// The header of a frame, without what follows from its symbols (§4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// What the frame is.
    pub flags: FrameFlags,
    /// The object that all of its symbols are of.
    pub object_id: ObjectId,
    /// How long each symbol is.
    pub symbol_size: SymbolSize,
    /// The zone key's id.
    pub zone_key_id: ZoneKeyId,
    /// The zone.
    pub zone_id_hash: ZoneIdHash,
    /// The epoch in which its symbols are sealed.
    pub epoch_id: EpochId,
    /// The sender's instance: random at each start (§4.3 rule 5).
    pub sender_instance_id: u64,
    /// The frame's number, which its datagram repeats (§4.3 rule 4, D50).
    pub frame_seq: u64,
}

impl FrameHeader {
    /// What the symbols are.
    #[must_use]
    pub const fn coding(&self) -> Coding {
        if self.flags.contains(FrameFlags::RAPTORQ) { Coding::RaptorQ } else { Coding::Raw }
    }

    /// The envelope of one of the frame's symbols.
    #[must_use]
    pub const fn envelope(&self, esi: u32, k: u16) -> SymbolEnvelope {
        SymbolEnvelope {
            object_id: self.object_id,
            esi,
            k,
            zone_id_hash: self.zone_id_hash,
            zone_key_id: self.zone_key_id,
            epoch_id: self.epoch_id,
            sender_instance_id: self.sender_instance_id,
            frame_seq: self.frame_seq,
        }
    }

    /// Whether `key` is the one that the header names.
    pub(super) fn is_sealed_under(&self, key: &SymbolKey) -> bool {
        self.zone_key_id == key.zone_key_id()
            && self.sender_instance_id == key.sender_instance_id()
            && self.zone_id_hash == *key.zone_id_hash()
    }

    /// Reads the header of `frame` and checks every limit and length in it, but not the symbols behind it.
    pub(super) fn parse(frame: &[u8], max_frame_len: usize) -> Result<Self, FrameError> {
        if frame.len() > max_frame_len {
            return Err(FrameError::TooLarge);
        }
        let (header, payload) = frame.split_first_chunk::<HEADER_LEN>().ok_or(FrameError::TooShort)?;
        let mut fields = Fields(header);
        if fields.next() != Some(&MAGIC) {
            return Err(FrameError::BadMagic);
        }
        let version = fields.u16();
        if version != VERSION {
            return Err(FrameError::UnsupportedVersion(version));
        }
        let bits = fields.u16();
        let flags = FrameFlags::of_version_1(bits).ok_or(FrameError::BadFlags(bits))?;
        let symbol_count = fields.u32();
        let count = usize::try_from(symbol_count).ok().filter(|count| (1..=MAX_SYMBOLS).contains(count));
        let count = count.ok_or(FrameError::SymbolCount(symbol_count))?;
        let payload_len = fields.u32();
        let object_id = ObjectId::from_bytes(fields.array());
        let size = fields.u16();
        let symbol_size = SymbolSize::new(size).map_err(|_| FrameError::SymbolSize(size))?;
        let expected = count.saturating_mul(record_len(symbol_size));
        if payload.len() != expected || usize::try_from(payload_len) != Ok(expected) {
            return Err(FrameError::LengthMismatch);
        }
        Ok(Self {
            flags,
            object_id,
            symbol_size,
            zone_key_id: ZoneKeyId::from_bytes(fields.array()),
            zone_id_hash: ZoneIdHash::from_bytes(fields.array()),
            epoch_id: EpochId::new(fields.u64()),
            sender_instance_id: fields.u64(),
            frame_seq: fields.u64(),
        })
    }

    /// Writes the header of a frame of `symbol_count` symbols, which are `payload_len` bytes.
    pub(super) fn write(&self, symbol_count: u32, payload_len: u32, out: &mut [u8; HEADER_LEN]) {
        let parts: [&[u8]; 12] = [
            &MAGIC,
            &VERSION.to_le_bytes(),
            &self.flags.bits().to_le_bytes(),
            &symbol_count.to_le_bytes(),
            &payload_len.to_le_bytes(),
            self.object_id.as_bytes(),
            &self.symbol_size.get().to_le_bytes(),
            self.zone_key_id.as_bytes(),
            self.zone_id_hash.as_bytes(),
            &self.epoch_id.get().to_le_bytes(),
            &self.sender_instance_id.to_le_bytes(),
            &self.frame_seq.to_le_bytes(),
        ];
        let mut rest = &mut out[..];
        for part in parts {
            let Some((field, behind)) = core::mem::take(&mut rest).split_at_mut_checked(part.len()) else { return };
            field.copy_from_slice(part);
            rest = behind;
        }
    }
}

/// The fields of a header, one after the other. Their widths add up to its length, so they never run out.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(field)
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.next().copied().unwrap_or([0; N])
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }
}
