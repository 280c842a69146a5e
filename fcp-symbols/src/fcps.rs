//! The FCPS frame (§4.3): a fixed header of 114 bytes and sealed symbols of one object.
//!
//! ```text
//!   0  magic "FCPS"          48  symbol size u16        98  sender instance id u64
//!   4  version u16 = 1       50  zone key id [8]       106  frame sequence u64
//!   6  flags u16             58  zone id hash [32]     114  symbols, each:
//!   8  symbol count u32      90  epoch id u64                 ESI u32 ‖ K u16 ‖ data ‖ tag [16]
//!  12  payload length u32
//!  16  object id [32]        integers little-endian
//! ```
//!
//! [`Frame::parse`] checks every limit of the header before it looks at a symbol, and allocates nothing: a frame is a
//! view of the bytes that were received. [`FrameMut::open`] decrypts the symbols where they lie, [`FrameWriter`] seals
//! them where they will be sent from. There is no checksum: tags and the session's MAC do that work (D69).
//!
//! ```
//! use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId, ZoneKeyId};
//! use fcp_core::zone_key::{ZoneKey, ZoneKeyAlgorithm};
//! use fcp_symbols::envelope::SymbolKey;
//! use fcp_symbols::fcps::{DEFAULT_MAX_FRAME_LEN, FrameFlags, FrameHeader, FrameMut, FrameWriter};
//! use fcp_symbols::raptor::{Encoder, PlanCache, SymbolSize};
//!
//! # let zone_key = ZoneKey::new(ZoneId::private(), ZoneKeyId::from_bytes([1; 8]), ZoneKeyAlgorithm::ChaCha20Poly1305, [2; 32]);
//! let key = SymbolKey::derive(&zone_key, &NodeId::new("nLaptop")?, 77);
//! let header = FrameHeader {
//!     flags: FrameFlags::SYMBOLS,
//!     object_id: ObjectId::from_bytes([3; 32]),
//!     symbol_size: SymbolSize::DEFAULT,
//!     zone_key_id: key.zone_key_id(),
//!     zone_id_hash: *key.zone_id_hash(),
//!     epoch_id: EpochId::new(5_666_666),
//!     sender_instance_id: key.sender_instance_id(),
//!     frame_seq: 1,
//! };
//!
//! let (mut encoder, mut plans) = (Encoder::new(b"an object", SymbolSize::DEFAULT)?, PlanCache::new(16));
//! let mut buffer = [0; 1160];
//! let mut writer = FrameWriter::new(&mut buffer, header)?;
//! writer.seal(0, encoder.block().k(), &key, |symbol| encoder.write_symbol(0, &mut plans, symbol))?;
//! let frame = writer.finish()?;
//!
//! let frame = FrameMut::parse(frame, DEFAULT_MAX_FRAME_LEN)?;
//! for symbol in frame.open(&key)? {
//!     assert!(symbol?.data.starts_with(b"\x09\0\0\0\0\0\0\0an object"));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod flags;
mod header;
mod size;
mod view;
mod writer;

pub use error::{FrameError, WriteError};
pub use flags::FrameFlags;
pub use header::FrameHeader;
pub use size::{DEFAULT_MAX_FRAME_LEN, HEADER_LEN, MAX_SYMBOLS, RECORD_OVERHEAD, frame_len, symbols_that_fit};
pub use view::{Frame, FrameMut, OpenSymbols, SealedSymbol, Symbol, SymbolRefused};
pub use writer::FrameWriter;
