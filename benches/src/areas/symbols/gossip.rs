//! Filters and tables of gossip: how small they are, how often they are wrong, and how fast, against `xorf`.
//!
//! Both sides make filters of the same hashes. `xorf` chooses its seeds itself, so the bytes differ; but it reads ours, and
//! both must then give the same answers.

use std::hint::black_box;

use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::sign::NodeSigningKey;
use fcp_core::time::{Millis, Timestamp};
use fcp_symbols::admission::Admitted;
use fcp_symbols::gossip::{
    GossipConfig, GossipItem, GossipSet, HeldItems, Iblt, IdRange, MeshGossip, Output, SetDigest, XorFilter, cells_for,
    fold_size,
};
use xorf::{Filter as _, Xor8};

use crate::figure::{Bound, Question};
use crate::measure::{Effort, Goal, Pair};

/// How many items differ between the sets that are reconciled.
const DIFFERENCES: u32 = 1_000;

/// How many items sets have.
const fn set_len(effort: Effort) -> u32 {
    match effort {
        Effort::Smoke => 20_000,
        Effort::Full => 1_000_000,
    }
}

/// Object `at` of all that there are.
fn item(at: u32) -> GossipItem {
    GossipItem::object(&ObjectId::from_bytes(*blake3::hash(&at.to_le_bytes()).as_bytes()))
}

fn hashes(from: u32, count: u32) -> Vec<u64> {
    (from..from + count).map(|at| item(at).check()).collect()
}

fn filter(len: u32) -> XorFilter {
    XorFilter::build(hashes(0, len), 7).unwrap_or_else(|error| unreachable!("{error}"))
}

/// Bits of a filter's bytes for each item.
fn bits_a_key(effort: Effort) -> f64 {
    let len = set_len(effort);
    filter(len).to_bytes().len() as f64 * 8.0 / f64::from(len)
}

/// The share of other items for which a filter says yes, in per cent.
fn false_positives(effort: Effort) -> f64 {
    let len = set_len(effort);
    let (filter, probes) = (filter(len), len * 10);
    assert!((0..len).all(|at| filter.contains(item(at).check())), "a filter never misses");
    let hits = (len..len + probes).filter(|at| filter.contains(item(*at).check())).count();
    hits as f64 * 100.0 / f64::from(probes)
}

/// The cells of the table with which nodes ask for so many differences.
const fn table_cells() -> u32 {
    fold_size(cells_for(DIFFERENCES))
}

fn cells_a_difference(_: Effort) -> f64 {
    f64::from(table_cells()) / f64::from(DIFFERENCES)
}

/// How often such a table tells all that differs, in per cent. What two sets have in common leaves no trace in a difference, so
/// all but the first trial are of tables of the difference alone.
fn tables_that_suffice(effort: Effort) -> f64 {
    let (len, half) = (set_len(effort), DIFFERENCES / 2);
    let set = |from: u32| {
        let mut held = HeldItems::new(GossipSet::Objects);
        for at in from..from + len {
            held.insert(item(at));
        }
        held
    };
    let table = |held: &HeldItems| held.table(IdRange::ALL, table_cells());
    let (theirs, ours) = (table(&set(0)), table(&set(half)));
    let (Ok(mut difference), Ok(ours)) = (theirs, ours) else { unreachable!("the number of cells is one of a table") };
    assert!(difference.subtract(&ours).is_ok(), "tables of one size");
    let sorted = |from: u32| {
        let mut items: Vec<GossipItem> = (from..from + half).map(item).collect();
        items.sort_unstable();
        items
    };
    let whole = difference.peel().is_ok_and(|found| found.added == sorted(0) && found.removed == sorted(len));

    let trials: u32 = match effort {
        Effort::Smoke => 100,
        Effort::Full => 10_000,
    };
    let found = (1..trials).filter(|trial| {
        let Ok(mut table) = Iblt::new(table_cells()) else { return false };
        for at in 0..DIFFERENCES {
            let item = item(trial * DIFFERENCES + at);
            if at < half { table.insert(&item) } else { table.remove(&item) }
        }
        table.peel().is_ok_and(|found| found.len() == DIFFERENCES as usize)
    });
    (found.count() as f64 + f64::from(u8::from(whole))) * 100.0 / f64::from(trials)
}

/// One of two nodes.
struct Node {
    name: NodeId,
    key: NodeSigningKey,
    gossip: MeshGossip,
    reconciled: bool,
}

impl Node {
    fn new(now: Millis, name: &str, seed: u8, members: &[NodeId], items: std::ops::Range<u32>) -> Self {
        let name = NodeId::new(name).unwrap_or_else(|error| unreachable!("{error}"));
        let mut gossip = MeshGossip::new(name.clone(), GossipConfig::default(), seed.into());
        gossip.set_members(now, &ZoneId::work(), members.iter().cloned());
        for at in items {
            gossip.admitted(now, &Admitted::restored(ZoneId::work(), item(at).object_id()), None);
        }
        Self { name, key: NodeSigningKey::from_seed([seed; 32]), gossip, reconciled: false }
    }

    /// Does what is due and hands what is to be sent to the other node; how many bytes that were.
    fn run(&mut self, other: &mut Self, now: Millis) -> usize {
        let mut bytes = 0;
        self.gossip.handle_timeout(now, &self.key);
        while let Some(output) = self.gossip.poll_output() {
            match output {
                Output::Send { message, .. } => {
                    let object = message.carry(60, 60, now.timestamp());
                    bytes += object.to_bytes().len();
                    let handled = other.gossip.handle(now, &self.name, &self.key.public(), &object);
                    assert_eq!(handled, Ok(()), "honest nodes understand each other");
                }
                Output::Reconciled { .. } => self.reconciled = true,
                Output::Difference { .. } => {}
            }
        }
        bytes
    }
}

/// All bytes that two nodes exchange until each knows what it lacks, in per cent of the ids of one.
fn bytes_exchanged(effort: Effort) -> f64 {
    let (len, half) = (set_len(effort), DIFFERENCES / 2);
    let mut now = Millis::from(Timestamp::from_secs(1_700_000_000));
    let names = ["nLaptop", "nServer01"];
    let members: Vec<NodeId> = names.iter().filter_map(|name| NodeId::new(name).ok()).collect();
    let [laptop, server] = names;
    let mut laptop = Node::new(now, laptop, 1, &members, 0..len);
    let mut server = Node::new(now, server, 2, &members, half..half + len);
    let mut bytes = 0;
    while !(laptop.reconciled && server.reconciled) {
        bytes += laptop.run(&mut server, now);
        bytes += server.run(&mut laptop, now);
        now = now.saturating_add(100);
    }
    for (node, peer) in [(&laptop, &server), (&server, &laptop)] {
        let missing = node.gossip.missing(&ZoneId::work(), &peer.name, GossipSet::Objects).count();
        assert_eq!(missing, half as usize, "all that differs is known");
    }
    bytes as f64 * 100.0 / (f64::from(len) * 32.0)
}

/// The figures.
pub(super) fn questions() -> Vec<Question> {
    vec![
        Question { name: "filter, size", unit: "bits a key", measure: bits_a_key, goal: Bound::AtMost(9.9) },
        Question {
            name: "filter, wrong answers",
            unit: "% of probes",
            measure: false_positives,
            goal: Bound::AtMost(0.4),
        },
        Question {
            name: "table for 1,000 differences, size",
            unit: "cells a difference",
            measure: cells_a_difference,
            goal: Bound::AtMost(1.6),
        },
        Question {
            name: "table for 1,000 differences, success",
            unit: "% of tables",
            measure: tables_that_suffice,
            goal: Bound::AtLeast(99.9),
        },
        Question {
            name: "two nodes with 1,000 differences, traffic",
            unit: "% of all ids",
            measure: bytes_exchanged,
            goal: Bound::AtMost(1.0),
        },
    ]
}

/// How many keys the filters have that are timed.
const TIMED_KEYS: u32 = 100_000;

/// Filters made and asked, and a digest.
pub(super) fn pairs() -> Vec<Pair> {
    let (keys, probes) = (hashes(0, TIMED_KEYS), hashes(TIMED_KEYS / 2, TIMED_KEYS));
    let ours = filter(TIMED_KEYS);
    let bytes = ours.to_bytes();
    let (_, fingerprints) = bytes.split_at(18);
    let theirs =
        Xor8 { seed: ours.seed(), block_length: fingerprints.len() / 3, fingerprints: fingerprints.to_vec().into() };
    assert!(probes.iter().all(|key| ours.contains(*key) == theirs.contains(key)), "both must give the same answers");

    let (our_keys, their_keys) = (keys.clone(), keys);
    let their_probes = probes.clone();
    let mut held = HeldItems::new(GossipSet::Objects);
    for at in 0..TIMED_KEYS {
        held.insert(item(at));
    }
    let contiguous: Vec<u8> = held.range(IdRange::ALL).flat_map(|item| *item.object_id().as_bytes()).collect();
    let domain = [&b"FCP2-FILTER-DIGEST-V1"[..], &TIMED_KEYS.to_le_bytes()].concat();
    let whole = [&domain[..], &contiguous].concat();
    let digest = SetDigest::of(GossipSet::Objects, TIMED_KEYS, held.range(IdRange::ALL));
    assert!(digest.as_bytes() == blake3::hash(&whole).as_bytes(), "both must hash the same bytes");
    vec![
        Pair {
            name: "filter of 100,000 keys, made",
            ours: Box::new(move || {
                black_box(XorFilter::build(black_box(&our_keys).clone(), 7).is_ok());
            }),
            peer_name: "xorf Xor8",
            peer: Box::new(move || {
                black_box(Xor8::from(black_box(&their_keys)));
            }),
            goal: Goal::AtMost(1.1),
        },
        Pair {
            name: "filter, asked 100,000 times",
            ours: Box::new(move || {
                black_box(black_box(&probes).iter().filter(|key| ours.contains(**key)).count());
            }),
            peer_name: "xorf Xor8",
            peer: Box::new(move || {
                black_box(black_box(&their_probes).iter().filter(|key| theirs.contains(key)).count());
            }),
            goal: Goal::AtMost(1.1),
        },
        Pair {
            name: "digest of 100,000 ids",
            ours: Box::new(move || {
                black_box(SetDigest::of(GossipSet::Objects, TIMED_KEYS, black_box(&held).range(IdRange::ALL)));
            }),
            peer_name: "BLAKE3 of them in one piece",
            peer: Box::new(move || {
                black_box(blake3::hash(black_box(&whole)));
            }),
            goal: Goal::AtMost(4.0),
        },
    ]
}
