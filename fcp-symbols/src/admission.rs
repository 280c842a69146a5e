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
//! use fcp_core::id::NodeId;
//! use fcp_core::time::Millis;
//! use fcp_symbols::admission::{Admission, AdmissionError, AdmissionLimits, AdmissionPolicy, Source, WORK_PER_MS};
//!
//! let mut admission = Admission::new(AdmissionPolicy::default(), AdmissionLimits::default());
//! let (now, peer) = (Millis::from_millis(1_700_000_000_000), NodeId::new("nPhone")?);
//! let phone = Source::Peer(&peer);
//!
//! admission.admit_bytes(now, phone, 1200)?;                   // a datagram of the session's peer
//! admission.admit_symbols(now, phone, 1)?;                    // as its frame's header says
//! let decode = admission.begin_decode(now, phone)?;           // kept while the object is unfinished
//! let limit = admission.work_left(now, phone);                // what the decoder may spend at most
//! admission.charge_work(now, phone, 3 * WORK_PER_MS);         // what it says that it spent
//! drop(decode);
//! assert_eq!(admission.work_left(now, phone), limit - 3 * WORK_PER_MS);
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
