//! Control-plane frames on a reliable stream (§9.4, D138–D141).
//!
//! ```text
//! FCPC ‖ version u16 = 1 ‖ session id 16 ‖ sequence u64 ‖ flags u16 = 1 ‖ length u32 ‖ ciphertext ‖ tag 16
//! ```
//!
//! Little-endian; the length is the ciphertext's, without the tag, at most 4 MiB. ChaCha20-Poly1305 under the session's
//! context key; nonce = direction ‖ three zeros ‖ sequence u64; associated data = session id ‖ sequence u64 ‖ flags u16.
//!
//! A session has one stream in each direction (D140). [`FcpcSender`] numbers what it seals from 1; [`FcpcReceiver`] takes
//! the stream's bytes as they come and gives frames back, each exactly once and in order. Any other order means that the
//! stream is broken, and the session is to be closed. Both are sans-IO: where the bytes come from is not their business.
//!
//! [`FcpcWriter`] and [`FcpcReader`] put a bounded buffer around each, and tell when to stop pushing and reading: what
//! the one end does not take holds the other one back, by way of the stream's own flow control.

mod flow;
mod frame;
mod reader;
mod receiver;
mod sender;
mod writer;
mod zone;

pub use flow::{Flow, FlowLimits};
pub use frame::{FLAG_ENCRYPTED, FcpcError, FrameHeader, HEADER_LEN, MAGIC, MAX_LEN, VERSION, open_frame, seal_frame};
pub use reader::FcpcReader;
pub use receiver::FcpcReceiver;
pub use sender::FcpcSender;
pub use writer::FcpcWriter;
pub use zone::{ZoneError, check_zone, is_bootstrap};
