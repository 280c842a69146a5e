//! How the vectors are made: once, from fixed seeds, and from then on only read.
//!
//! A topic names each case's input and what must come of it. What an accepted input gives is taken from our own
//! operation, and means something only because the independent peer is asked for every vector too; a refusal's code is
//! written down here, and it is a fault if our own operation gives another.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "works on constants alone: a wrong one shows at once, and where"
)]

mod admission;
mod approvals;
mod audit;
mod calls;
mod cbor;
mod checkpoint;
mod coding;
mod edit;
mod errors;
mod frames;
mod gossip;
mod hpke;
mod identity;
mod ids;
mod json;
mod manifests;
mod objects;
mod patterns;
mod quorum;
mod samples;
mod sessions;
mod sign;
mod store;
mod symbols;
mod tokens;
mod topic;
mod verdicts;
mod zone_keys;
mod zones;

use std::fmt;

use crate::vectors;
use topic::Topic;

/// A file of vectors as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The chapter's folder.
    pub chapter: &'static str,
    /// The file's name without its ending.
    pub topic: &'static str,
    /// What is in it.
    pub text: String,
}

/// Our operations do not do what the topics say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(Vec<String>);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Fault {}

/// Every topic, in the order of the specification.
const TOPICS: &[fn() -> Topic] = &[
    identity::keys,
    identity::attestation,
    samples::owner_objects,
    sign::groups,
    cbor::canonical,
    json::both_ways,
    ids::identifiers,
    ids::names,
    objects::addresses,
    objects::bodies,
    store::collections,
    sign::raw,
    hpke::boxes,
    zone_keys::derivation,
    zone_keys::nonces,
    symbols::sealing,
    frames::frames,
    frames::datagrams,
    samples::symbol_messages,
    sessions::transcripts,
    sessions::agreement,
    sessions::replay,
    samples::zones,
    zones::keys,
    zones::lattice,
    zones::policies,
    zones::transports,
    patterns::globs,
    patterns::pointers,
    approvals::constraints,
    approvals::approvals,
    zones::merging,
    zones::taints,
    samples::authority,
    tokens::tokens,
    verdicts::verdicts,
    calls::calls,
    admission::budgets,
    admission::quarantine,
    gossip::filters,
    gossip::tables,
    samples::gossip_messages,
    sessions::control_frames,
    samples::wire,
    admission::requests,
    manifests::hashes,
    manifests::checks,
    audit::revocations,
    audit::freshness,
    quorum::coordinators,
    admission::diversity,
    quorum::sizes,
    quorum::tallies,
    coding::raptor,
    coding::chunks,
    coding::coverage,
    store::placements,
    store::repairs,
    samples::history,
    samples::rounds,
    audit::chains,
    checkpoint::checkpoints,
    errors::codes,
];

/// Makes every file of vectors.
///
/// # Errors
/// [`Fault`] with every case in which our operations do not do what the topic says.
pub fn generate() -> Result<Vec<Generated>, Fault> {
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for make in TOPICS {
        let topic = make();
        faults.extend(topic.faults);
        match vectors::to_text(&topic.vectors) {
            Ok(text) => files.push(Generated { chapter: topic.chapter, topic: topic.name, text }),
            Err(error) => faults.push(error.to_string()),
        }
    }
    if faults.is_empty() { Ok(files) } else { Err(Fault(faults)) }
}
