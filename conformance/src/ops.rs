//! The operations, one module for each area: a request's fields in, an answer's fields or a refusal out.
//!
//! Nothing is decided here. Each operation reads its fields, calls the crates and writes down what they say.

mod admission;
mod approvals;
mod audit;
mod calls;
pub(crate) mod cbor;
mod checkpoint;
mod coding;
mod data;
mod errors;
mod gossip;
mod hpke;
mod ids;
mod manifests;
pub(crate) mod object_types;
mod objects;
mod patterns;
mod quorum;
mod sessions;
mod sign;
mod store;
mod symbols;
mod tokens;
mod verdicts;
mod zone_keys;
mod zones;

use crate::fields::{Answer, Fields};
use crate::refusal::Refusal;

/// One operation of the adapter protocol.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// Its name: `area.verb`, or the verb alone where it is about everything at once.
    pub name: &'static str,
    /// What it does.
    pub run: fn(Fields<'_>) -> Result<Answer, Refusal>,
}

const fn operation(name: &'static str, run: fn(Fields<'_>) -> Result<Answer, Refusal>) -> Operation {
    Operation { name, run }
}

/// Every operation that our crates answer, area by area.
pub const OPERATIONS: &[&[Operation]] = &[
    cbor::OPERATIONS,
    ids::OPERATIONS,
    objects::OPERATIONS,
    sign::OPERATIONS,
    hpke::OPERATIONS,
    zone_keys::OPERATIONS,
    symbols::OPERATIONS,
    sessions::OPERATIONS,
    coding::OPERATIONS,
    admission::OPERATIONS,
    store::OPERATIONS,
    gossip::OPERATIONS,
    zones::OPERATIONS,
    patterns::OPERATIONS,
    approvals::OPERATIONS,
    tokens::OPERATIONS,
    verdicts::OPERATIONS,
    calls::OPERATIONS,
    manifests::OPERATIONS,
    audit::OPERATIONS,
    checkpoint::OPERATIONS,
    quorum::OPERATIONS,
    errors::OPERATIONS,
];

/// The operations that no implementation independent of ours answers: their vectors say what our crates do, and that
/// they keep doing it, but nobody else confirms it. The Python peer must have all others: CI runs it with `--may-lack`.
pub const WITHOUT_PEER: &[&str] = &["raptor.decode", "raptor.encode"];

/// The operations' names.
pub fn names() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().copied().flatten().map(|operation| operation.name)
}

/// The operation of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().copied().flatten().find(|operation| operation.name == name)
}

#[cfg(test)]
mod tests {
    use super::{find, names};

    #[test]
    fn names_are_an_area_and_a_verb_and_stand_once() {
        let mut seen: Vec<&str> = names().collect();
        for name in &seen {
            let (area, verb) = name.split_once('.').unwrap_or(("", name));
            let word = |text: &str| {
                text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            };
            assert!(word(area) && word(verb) && (name.contains('.') || *name == "authorize"), "{name}");
            assert!(find(name).is_some());
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }
}
