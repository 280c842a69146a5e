//! Who holds what (§8.2, §8.4, D132, D133, D218).

mod digest;
mod filter;
mod held;
mod iblt;
mod item;
mod message;
mod range;

pub use digest::SetDigest;
pub use filter::{BuildError, FilterError, MAX_FILTER_KEYS, XorFilter};
pub use held::{HeldItems, SUMMARY_CELLS};
pub use iblt::{Difference, Iblt, MAX_CELLS, PeelError, TableError, cells_for, encoded_len, fold_size};
pub use item::{GossipItem, GossipSet};
pub use message::{
    Cells, GossipList, GossipMessage, GossipRequest, GossipSummary, GossipTable, MAX_LISTED, MembershipFilter, Want,
};
pub use range::{IdRange, MAX_BITS, RangeError};
