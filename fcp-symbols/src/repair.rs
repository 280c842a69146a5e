//! Background repair (§21.3, D220): coverage is brought back to policy after devices left, without anybody being asked.
//!
//! [`plan`] is the rule for one object, a pure function: what is to be fetched so that this node can make symbols, which
//! fresh symbols go where, and what is given up. A [`RepairController`] applies it to all objects of a zone, in cycles:
//! the most endangered object first ([`Urgency`](crate::coverage::Urgency)), so many objects and symbols a cycle, and
//! each object by one node.
//!
//! **Who repairs.** Of the nodes that hold symbols of an object and count, rendezvous hashing names the first
//! ([`fcp_core::quorum::rendezvous`]). Each further one steps in when the object has been short for another
//! [`takeover_ms`](RepairConfig::takeover_ms). All follow the same rule, so two that act at once send the same symbols.
//!
//! **What gives it rest.** Nothing is done while a policy is met, whoever comes or leaves; a node that returns with its
//! symbols only makes coverage better. A node gives up its own symbols alone, when nothing is lacking and the plan to do so
//! has stood for [`settle_ms`](RepairConfig::settle_ms).
//!
//! The controller does nothing itself. Inputs say what became known, outputs what is to be done; after every input take
//! outputs until there are none, and call [`handle_timeout`](RepairController::handle_timeout) at
//! [`poll_timeout`](RepairController::poll_timeout).
//!
//! ```
//! use fcp_core::device::NodeFacts;
//! use fcp_core::id::{NodeId, ObjectId, ZoneId};
//! use fcp_core::object::ObjectPlacementPolicy;
//! use fcp_core::time::Millis;
//! use fcp_symbols::esi::EsiSet;
//! use fcp_symbols::repair::{RepairConfig, RepairController, RepairOutput};
//!
//! let [desk, laptop] = ["nDesk", "nLaptop"].map(|name| NodeId::new(name).unwrap());
//! let policy = ObjectPlacementPolicy {
//!     min_nodes: 2, max_node_fraction_bps: 5_000, preferred_devices: vec![], excluded_devices: vec![],
//!     target_coverage_bps: 15_000,
//! };
//! let start = Millis::from_millis(1_700_000_000_000);
//! let mut repair = RepairController::new(ZoneId::work(), desk.clone(), RepairConfig::default(), start);
//! for node_id in [&desk, &laptop] {
//!     let facts = NodeFacts {
//!         node_id: node_id.clone(), tags: vec![], class: "desktop".into(), zones: vec![], capabilities: vec![],
//!     };
//!     repair.handle_node(start, facts, true);
//! }
//! // An object of ten source symbols, which this node alone holds.
//! let object = ObjectId::from_bytes([1; 32]);
//! repair.handle_object(object, 10, &policy);
//! repair.handle_holding(start, &object, &desk, &EsiSet::from(0..10));
//! repair.handle_whole(start, &object);
//!
//! let mut now = start;
//! let sent = loop {
//!     match repair.poll_output() {
//!         Some(RepairOutput::Send { object, to, esis }) => break (object, to, esis),   // encode, frame, send
//!         Some(other) => panic!("{other:?}"),
//!         None => {
//!             now = repair.poll_timeout();
//!             repair.handle_timeout(now);
//!         }
//!     }
//! };
//! assert_eq!(sent, (object, laptop.clone(), EsiSet::from(10..18)));
//! repair.handle_confirmed(now, &object, &laptop, &sent.2);          // the peer says that it has them
//! assert!(matches!(repair.poll_output(), Some(RepairOutput::Repaired { after, .. }) if after.coverage_bps == 18_000));
//! ```

mod config;
mod controller;
mod job;
mod output;
mod plan;
mod status;

pub use config::RepairConfig;
pub use controller::RepairController;
pub use output::RepairOutput;
pub use plan::{RepairPlan, plan};
pub use status::{ObjectStatus, RepairActivity, RepairStatus};

#[cfg(test)]
mod tests;
