//! What the symbol layer achieves on this machine: figures without a peer to compare them with. The benchmarks of this
//! repository put the same code beside others.

pub mod datagram;
pub mod process;
pub(crate) mod report;
