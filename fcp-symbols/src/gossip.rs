//! Who holds what (§8.2, §8.4, D132, D133, D218, D219): filters to guess it, tables to know it exactly, and the rounds in which
//! nodes that were apart come to hold the same again.
//!
//! [`MeshGossip`] keeps, zone by zone, what this node holds and what its peers say they hold. Every half a minute, and soon
//! after a change, it sends each member of a zone a signed [`GossipSummary`]: digests of its sets and a small table of its
//! objects. A peer whose digests are the same has nothing to do. Where little differs, the table alone tells what; where
//! more does, it tells about how much, and the peer asks for a table of that size, for tables of parts of the id space, or for
//! lists where those are shorter. Who cannot be compared with yet is guessed from its filters.
//!
//! Nothing that a peer sends enters what this node says of itself. A table is taken apart whole or not at all, and what it
//! yields is held against the own set; who sends tables of no set is left alone for a while. Work is bounded for each peer and
//! minute, in both directions.
//!
//! ```
//! use fcp_core::id::{NodeId, ObjectId, ZoneId};
//! use fcp_core::sign::NodeSigningKey;
//! use fcp_core::time::{Millis, Timestamp};
//! use fcp_symbols::admission::Admitted;
//! use fcp_symbols::gossip::{GossipConfig, Knowledge, MeshGossip, Output};
//!
//! let zone = ZoneId::work();
//! let mut now = Millis::from(Timestamp::from_secs(1_700_000_000));
//! let names = ["nLaptop", "nServer01"].map(|name| NodeId::new(name).unwrap());
//! let keys = [1, 2].map(|seed| NodeSigningKey::from_seed([seed; 32]));
//! let mut nodes = [0, 1].map(|at: usize| MeshGossip::new(names[at].clone(), GossipConfig::default(), at as u64));
//! for node in &mut nodes {
//!     node.set_members(now, &zone, names.clone());
//! }
//! // Only what was admitted, here before a restart: what is in quarantine is told to nobody.
//! let wanted = ObjectId::from_bytes([7; 32]);
//! nodes[1].admitted(now, &Admitted::restored(zone.clone(), wanted), None);
//!
//! for _ in 0..10 {
//!     for at in 0..2 {
//!         nodes[at].handle_timeout(now, &keys[at]);
//!         while let Some(output) = nodes[at].poll_output() {
//!             match output {
//!                 Output::Send { message, .. } => {
//!                     let object = message.carry(60, 60, now.timestamp()); // over FCPC, inside the session
//!                     nodes[1 - at].handle(now, &names[at], &keys[at].public(), &object)?;
//!                 }
//!                 Output::Difference { theirs, .. } if at == 0 => assert_eq!(theirs[0].object_id(), wanted),
//!                 Output::Difference { ours, .. } => assert_eq!(ours[0].object_id(), wanted),
//!                 Output::Reconciled { .. } => {}
//!             }
//!         }
//!     }
//!     now = nodes.iter().filter_map(MeshGossip::poll_timeout).min().unwrap_or(now).max(now);
//! }
//! let sources = nodes[0].find_sources(&zone, &wanted);
//! assert_eq!((&sources[0].peer, sources[0].knowledge), (&names[1], Knowledge::Held));
//! # Ok::<(), fcp_symbols::gossip::GossipError>(())
//! ```

mod config;
mod digest;
mod error;
mod filter;
mod held;
mod iblt;
mod item;
mod knowledge;
mod machine;
mod message;
mod peer;
mod plan;
mod random;
mod range;

pub use config::GossipConfig;
pub use digest::SetDigest;
pub use error::GossipError;
pub use filter::{BuildError, FilterError, MAX_FILTER_KEYS, XorFilter};
pub use held::{HeldItems, SUMMARY_CELLS};
pub use iblt::{Difference, Iblt, MAX_CELLS, PeelError, TableError, cells_for, encoded_len, fold_size};
pub use item::{GossipItem, GossipSet};
pub use knowledge::Knowledge;
pub use machine::{GossipSource, MeshGossip, Output};
pub use message::{
    Cells, GossipList, GossipMessage, GossipRequest, GossipSummary, GossipTable, MAX_LISTED, MembershipFilter, Want,
};
pub use range::{IdRange, MAX_BITS, RangeError};
