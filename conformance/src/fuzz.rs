//! What must hold for any input whatever: one target for each decoder and each machine of the crates.
//!
//! A target takes arbitrary bytes and panics where a property is broken: nothing panics by itself, what is decoded encodes
//! to the same bytes, views agree with what is owned, a machine does what a naive model does. The fuzz crate in
//! `conformance/fuzz` feeds them with whatever finds new paths; the tests of this crate feed them with the checked-in
//! seeds, on stable Rust. The seeds are [made](corpus) from the vectors.
//!
//! [`sources`] reads the crates' sources and finds what reads bytes or text there; [`list`](list()) says which target
//! covers each.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a target panics at the first fault: that is how it speaks"
)]

mod codec;
mod coding;
pub mod corpus;
mod coverage;
mod delivery;
mod frames;
mod gossip;
mod gossip_machine;
mod input;
mod pair;
mod replay;
mod service;
pub mod sources;
mod texts;
mod tokens;
mod transport;
mod verdicts;

pub use coverage::{Covered, list};

/// What a target is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It reads one input.
    Decoder,
    /// It drives state through many.
    Machine,
}

/// One target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, which is that of its binary in the fuzz crate and of its folder of seeds.
    pub name: &'static str,
    /// What it is about.
    pub kind: Kind,
    /// Runs it on one input. It panics where a property is broken.
    pub run: fn(&[u8]),
}

const fn decoder(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, kind: Kind::Decoder, run }
}

const fn machine(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, kind: Kind::Machine, run }
}

/// Every target.
pub const TARGETS: &[Target] = &[
    decoder("adapter", verdicts::adapter),
    decoder("cbor", codec::cbor),
    decoder("control", codec::control),
    decoder("datagram", frames::datagram),
    decoder("fcps", frames::fcps),
    decoder("filter", gossip::filter),
    decoder("glob", texts::glob),
    decoder("hello", frames::hello),
    decoder("item", gossip::item),
    decoder("json", codec::json),
    decoder("manifest", texts::manifest),
    decoder("messages", transport::messages),
    decoder("objects", codec::objects),
    decoder("persisted", tokens::persisted),
    decoder("pointer", texts::pointer),
    decoder("schema", texts::schema),
    decoder("signed_frame", frames::signed_frame),
    decoder("stored", codec::stored),
    decoder("table", gossip::table),
    decoder("texts", texts::texts),
    decoder("token", tokens::token),
    decoder("verdicts", verdicts::verdicts),
    decoder("wire", frames::wire),
    machine("chunks", coding::chunks),
    machine("connector_session", transport::connector_session),
    machine("delivery", delivery::delivery),
    machine("fcpc", frames::fcpc),
    machine("gossip", gossip_machine::gossip),
    machine("host_session", transport::host_session),
    machine("raptor", coding::raptor),
    machine("reassembly", coding::reassembly),
    machine("reconciliation", gossip::reconciliation),
    machine("repair", service::repair),
    machine("replay", replay::replay),
    machine("responder", service::responder),
    machine("sessions", pair::sessions_machine),
];

/// The target of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Runs the target of that name on one input.
///
/// # Panics
/// Where a property is broken, and if there is no such target.
pub fn run(name: &str, bytes: &[u8]) {
    let target = find(name).expect("a target of that name");
    (target.run)(bytes);
}
