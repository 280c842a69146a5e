//! What a node does for others, and how much of it (§8.4, §9.2.1, D134–D137).
//!
//! - [`Admission`] keeps the accounts: what each peer, and each address that nobody vouches for, cost in the last minute.
//! - [`Responder`] answers requests for symbols: whether, how many, and which.
//! - [`Quarantine`] keeps the books about objects of which nobody knows yet whether they belong to the zone, and
//!   [`Admitted`] is the proof that one does.
//! - [`StorageQuota`] says how much peers may have stored here.
//!
//! Ask before the work is done, and charge what turned out afterwards: bytes before a datagram is parsed, symbols before
//! they are opened, room for a decode before it begins. Nobody's account is charged for what somebody else sent: what does
//! not authenticate counts against the address that it came from, never against the peer that it names.
//!
//! ```
//! use core::net::IpAddr;
//! use fcp_core::id::{NodeId, ObjectId};
//! use fcp_core::time::Millis;
//! use fcp_symbols::admission::{Admission, AdmissionError, AdmissionLimits, AdmissionPolicy, Deed, Source};
//! use fcp_symbols::raptor::{Block, Coding, DecodeBudget, SymbolSize};
//! use fcp_symbols::reassembly::{ContextKey, Reassembly, ReassemblyLimits};
//!
//! let mut admission = Admission::new(AdmissionPolicy::default(), AdmissionLimits::default());
//! let mut reassembly = Reassembly::new(ReassemblyLimits::default());
//! let (now, peer) = (Millis::from_millis(1_700_000_000_000), NodeId::new("nPhone")?);
//! let phone = Source::Peer(&peer);
//! # let block = Block::new(64, SymbolSize::DEFAULT)?;
//! # let key = ContextKey { object_id: ObjectId::from_bytes([7; 32]), block, coding: Coding::RaptorQ };
//! # let (esi, data) = (3, [0; 1024]);
//!
//! admission.admit_bytes(now, phone, 1200)?;                   // a datagram of the session's peer
//! admission.admit_symbols(now, phone, 1)?;                    // as its frame's header says
//! let decode = admission.begin_decode(now, phone)?;           // for a new object: kept as long as it is unfinished
//! let mut budget = DecodeBudget::new(admission.work_left(now, phone));
//! reassembly.handle_symbol_within(now.timestamp(), &key, &peer, (esi, &data), &mut budget)?;
//! while let Some(spent) = reassembly.poll_spent() {
//!     admission.charge_work(now, Source::Peer(&spent.source), spent.work);
//! }
//! while let Some(fault) = reassembly.poll_fault() {
//!     admission.note(now, &fault.source, Deed::WrongSymbols);
//! }
//! let usage = admission.usage(now, phone);
//! assert_eq!((usage.bytes, usage.symbols, usage.inflight_decodes, usage.work), (1200, 1, 1, budget.spent()));
//! drop(decode);
//!
//! let stranger = Source::Stranger(IpAddr::from([192, 0, 2, 7]));
//! for _ in 0..100 {
//!     admission.charge_failed_auth(now, stranger);            // datagrams whose MAC was wrong
//! }
//! assert_eq!(admission.admit_bytes(now, stranger, 1200), Err(AdmissionError::FailedAuth));
//! assert_eq!(admission.admit_bytes(now, phone, 1200), Ok(()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod accounts;
mod budget;
mod choice;
mod deliveries;
mod error;
mod prefix;
mod quarantine;
mod reputation;
mod responder;
mod shelf;
mod stage;
mod storage;
pub(crate) mod window;

pub use account::{DecodeGuard, Usage};
pub use accounts::{Admission, Source};
pub use budget::{AdmissionLimits, AdmissionPolicy, PeerBudget, WORK_PER_MS};
pub use choice::HeldSymbols;
pub use error::AdmissionError;
pub use quarantine::{Departed, Departure, Held, ObjectAdmissionPolicy, OverQuota, Quarantine};
pub use reputation::{Deed, Reputation};
pub use responder::{AnswerError, Asker, Responder, ResponderLimits, Served};
pub use stage::{Admitted, Frontier, ObjectAdmissionClass, SchemaChecked, Unreachable};
pub use storage::{StorageError, StorageQuota, StorageUse};
