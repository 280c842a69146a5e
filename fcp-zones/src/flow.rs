//! Information flow (§5.1, §6, D94–D103): where data comes from, and what it may therefore drive and where it may go.
//!
//! Every datum carries a `Provenance`. What it says of itself counts only as far as evidence backs it
//! ([`Labels::resolve`]); what is made from several inputs is as little trusted as the least and as secret as the most
//! secret of them ([`merge`]); what a request is made from is computed again by the node that runs it
//! ([`RequestSources`]), and text that an agent was given stays with the agent ([`Marks`]). [`Labels::can_invoke`]
//! decides what such data may drive, [`flow`] and [`cross`] where it may go.
//!
//! ```
//! use fcp_core::id::ZoneId;
//! use fcp_core::safety::SafetyTier;
//! use fcp_core::time::Timestamp;
//! use fcp_zones::flow::{Ingress, Labels, Source, inline_input, merge};
//! use fcp_zones::zone::Levels;
//!
//! let now = Timestamp::from_secs(1_700_000_000);
//! let (private, public) = (Levels::new(80, 90), Levels::new(20, 10));
//! let note = inline_input(Ingress::User, ZoneId::private(), private, now);
//! let stranger = inline_input(Ingress::Public, ZoneId::public(), public, now);
//!
//! let both = merge(&[Source::of(&note), Source::of(&stranger)])?;
//! let decision = Labels::of(&both).can_invoke(SafetyTier::Dangerous, private);
//! assert_eq!(decision.reason().code(), "taint.public_input_dangerous");
//! # Ok::<(), fcp_zones::flow::ProvenanceError>(())
//! ```

mod crossing;
mod decide;
mod labels;
mod lattice;
mod mark;
mod merge;
mod receipt;
mod request;

pub use crossing::{Crossing, cross};
pub use decide::TaintDecision;
pub use labels::{Evidence, Labels, NoEvidence};
pub use lattice::{Flow, flow};
pub use mark::{Bearer, Client, Marks};
pub use merge::{ProvenanceError, Source, merge};
pub use receipt::SanitizerReceipt;
pub use request::{Ingress, RequestSources, inline_input};
