//! The fountain code (§4.1, §20, App. B): bytes become K source symbols and any number of repair symbols, and any
//! sufficient set of them becomes the same bytes again.
//!
//! Before coding, the bytes are framed: `u64 LE length ‖ bytes ‖ zeros` to exactly K·T (D60). RFC 6330 does the rest,
//! with one source block, one sub-block and an alignment of 8 (D59). Without RaptorQ the same K source symbols travel
//! as they are, all of which are then needed (D63).
//!
//! ```
//! use fcp_symbols::raptor::{DecodeBudget, Decoder, Encoder, PlanCache, Received, SymbolSize};
//!
//! let object = vec![7; 4000];
//! let mut plans = PlanCache::new(16);
//! let mut encoder = Encoder::new(&object, SymbolSize::DEFAULT)?;
//! let block = encoder.block();
//! assert_eq!(block.k(), 4);
//!
//! // Symbols 1 and 2 are lost; two repair symbols stand in for them. Decoding may cost a millisecond's work.
//! let mut budget = DecodeBudget::new(1_000_000);
//! let mut decoder = Decoder::new(block, encoder.coding());
//! let mut symbol = vec![0; block.symbol_size().as_usize()];
//! let mut restored = None;
//! for esi in [0, 3, 4, 5, 6] {
//!     encoder.write_symbol(esi, &mut plans, &mut symbol)?;
//!     if let Received::Complete(bytes) = decoder.receive(esi, &symbol, &mut plans, &mut budget)? {
//!         restored = Some(bytes);
//!         break;
//!     }
//! }
//! assert_eq!(restored.as_deref(), Some(&object[..]));
//! assert!(budget.spent() > 0);
//! # Ok::<(), fcp_symbols::raptor::SymbolError>(())
//! ```

mod block;
mod config;
mod cost;
mod decoder;
mod direct;
mod encoder;
mod error;
mod plan;
mod rows;
mod solver;
mod source;

pub use block::{Block, Coding, MAX_ESI, MAX_SOURCE_SYMBOLS, SymbolSize};
pub use config::{ConfigError, RaptorQConfig};
pub use cost::DecodeBudget;
pub use decoder::{Decoder, Received};
pub use encoder::Encoder;
pub use error::SymbolError;
pub use fcp_gf256::Kernel;
pub use plan::PlanCache;
