//! Reassembly from the outside: many sources, some of which lie, within budgets.

#![expect(clippy::arithmetic_side_effects, reason = "test arithmetic is on small numbers")]

mod common;

use common::{header_for, key};
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::{MeshObject, StoredObject};
use fcp_core::time::Timestamp;
use fcp_symbols::chunk::RawChunk;
use fcp_symbols::raptor::{Block, Coding, Encoder, PlanCache, SymbolSize};
use fcp_symbols::reassembly::{
    Candidate, Conflict, ContextKey, Fault, Progress, Reassembly, ReassemblyError, ReassemblyLimits, Step,
};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// What one symbol of 256 bytes costs.
const COST: usize = 256 + 128;

fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap_or_else(|error| unreachable!("{error}"))
}

/// An object, its symbols, and the context that they belong to.
struct Sender {
    object: StoredObject,
    encoder: Encoder,
    plans: PlanCache,
}

impl Sender {
    fn new(fill: u8) -> Self {
        Self::with(fill, SymbolSize::MIN, Coding::RaptorQ)
    }

    fn with(fill: u8, symbol_size: SymbolSize, coding: Coding) -> Self {
        let chunk = RawChunk { header: header_for::<RawChunk>(ZoneId::private()), bytes: vec![fill; 1500] };
        let object = chunk.seal(&key()).unwrap_or_else(|error| unreachable!("{error}"));
        let encoder = Encoder::with_coding(object.canonical_bytes(), symbol_size, coding);
        let encoder = encoder.unwrap_or_else(|error| unreachable!("{error}"));
        Self { object, encoder, plans: PlanCache::new(1) }
    }

    fn key(&self) -> ContextKey {
        ContextKey { object_id: self.object.id(), block: self.encoder.block(), coding: self.encoder.coding() }
    }

    fn k(&self) -> u32 {
        u32::from(self.encoder.block().k())
    }

    fn symbol(&mut self, esi: u32) -> Vec<u8> {
        let mut out = vec![0; self.encoder.block().symbol_size().as_usize()];
        let written = self.encoder.write_symbol(esi, &mut self.plans, &mut out);
        written.map(|()| out).unwrap_or_default()
    }

    /// The symbol with a byte changed that is neither of the length nor of the padding, in whichever source symbol.
    fn wrong(&mut self, esi: u32) -> Vec<u8> {
        let mut symbol = self.symbol(esi);
        symbol.iter_mut().skip(16).take(1).for_each(|byte| *byte ^= 1);
        symbol
    }

    fn send(&mut self, to: &mut Reassembly, from: &str, esi: u32) -> Result<Step, ReassemblyError> {
        let symbol = self.symbol(esi);
        to.handle_symbol(NOW, &self.key(), &node(from), esi, &symbol)
    }

    fn send_wrong(&mut self, to: &mut Reassembly, from: &str, esi: u32) -> Result<Step, ReassemblyError> {
        let symbol = self.wrong(esi);
        to.handle_symbol(NOW, &self.key(), &node(from), esi, &symbol)
    }

    /// Settles a candidate as a node does: by parsing it.
    fn settle(&self, to: &mut Reassembly, candidate: Candidate) -> Result<StoredObject, Option<Candidate>> {
        match StoredObject::parse_as(candidate.object_id(), candidate.bytes(), &key()) {
            Ok(object) => {
                assert_eq!(object, self.object);
                assert_eq!(to.settle(candidate, Some(&object)), None);
                Ok(object)
            }
            Err(_) => Err(to.settle(candidate, None)),
        }
    }
}

fn candidate(step: Result<Step, ReassemblyError>) -> Candidate {
    match step {
        Ok(Step::Candidate(candidate)) => candidate,
        other => unreachable!("{other:?}"),
    }
}

fn is_waiting(step: &Result<Step, ReassemblyError>, received: u32) -> bool {
    matches!(step, Ok(Step::Waiting(progress)) if progress.received == received)
}

fn faults(reassembly: &mut Reassembly) -> Vec<(String, Reason)> {
    core::iter::from_fn(|| reassembly.poll_fault()).map(|fault| (fault.source.to_string(), fault.reason)).collect()
}

fn reassembly() -> Reassembly {
    Reassembly::new(ReassemblyLimits::default())
}

#[test]
fn symbols_of_several_sources_and_both_kinds_make_the_object() {
    let (mut sender, mut table) = (Sender::new(1), reassembly());
    let k = sender.k();
    for esi in 1..k {
        let step = sender.send(&mut table, if esi % 2 == 0 { "even" } else { "odd" }, esi);
        assert!(is_waiting(&step, esi), "{step:?}");
    }
    assert_eq!(sender.send(&mut table, "third", 1), Ok(Step::Ignored), "known");
    assert_eq!(table.missing(&sender.key(), 10), [0]);
    assert_eq!(table.progress(&sender.key()), Some(Progress { received: k - 1, required: k + 1 }));
    assert_eq!(table.bytes(), (k as usize - 1) * COST);
    let last = candidate(sender.send(&mut table, "third", k + 3));
    assert_eq!(last.bytes(), sender.object.canonical_bytes());
    assert_eq!(sender.send(&mut table, "third", 0), Ok(Step::Ignored), "a candidate is being checked");
    sender.settle(&mut table, last).unwrap();
    assert_eq!((table.contexts(), table.bytes(), table.poll_timeout()), (0, 0, None));
    assert_eq!(table.poll_fault(), None);
}

#[test]
fn raw_symbols_make_the_object() {
    let (mut sender, mut table) = (Sender::with(1, SymbolSize::MIN, Coding::Raw), reassembly());
    for esi in (1..sender.k()).rev() {
        assert!(matches!(sender.send(&mut table, "a", esi), Ok(Step::Waiting(_))));
    }
    let key = sender.key();
    let beyond = table.handle_symbol(NOW, &key, &node("a"), sender.k(), &[0; 256]);
    assert_eq!(beyond.unwrap_err().reason(), Reason::SymbolBadEsi);
    let last = candidate(sender.send(&mut table, "b", 0));
    sender.settle(&mut table, last).unwrap();
}

#[test]
fn sources_that_disagree_are_reported_at_once() {
    let (mut sender, mut table) = (Sender::new(1), reassembly());
    sender.send(&mut table, "first", 1).unwrap();
    sender.send(&mut table, "third", 2).unwrap();
    assert_eq!(table.poll_conflict(), None);
    for _ in 0..3 {
        assert_eq!(sender.send_wrong(&mut table, "second", 1), Ok(Step::Ignored), "the first stays");
    }
    let conflict = Conflict { sources: [node("first"), node("second")], object_id: sender.object.id(), esi: 1 };
    assert_eq!(table.poll_conflict(), Some(conflict));
    assert_eq!(table.poll_conflict(), None, "told once");
    assert_eq!(faults(&mut table), [], "nobody knows yet who is wrong");
    let id = sender.object.id();
    assert_eq!(sender.send_wrong(&mut table, "third", 1), Ok(Step::Ignored));
    let conflict = table.poll_conflict().unwrap();
    assert_eq!((conflict.sources, conflict.object_id), ([node("first"), node("third")], id));
}

#[test]
fn what_is_not_of_the_block_is_refused_without_a_trace() {
    let (sender, mut table) = (Sender::new(1), reassembly());
    let mut refused = |esi, data: &[u8]| {
        table.handle_symbol(NOW, &sender.key(), &node("a"), esi, data).map_err(|error| error.reason())
    };
    assert_eq!(refused(1 << 24, &[0; 256]), Err(Reason::SymbolBadEsi));
    assert_eq!(refused(0, &[0; 255]), Err(Reason::SymbolWrongLength));
    assert_eq!((table.contexts(), table.bytes()), (0, 0));
}

#[test]
fn a_poisoned_context_takes_its_sources_apart() {
    let (mut sender, mut table) = (Sender::new(1), reassembly());
    let k = sender.k();
    assert!(is_waiting(&sender.send_wrong(&mut table, "liar", 0), 1));
    for esi in 1..k - 1 {
        sender.send(&mut table, "honest", esi).unwrap();
    }
    let poisoned = candidate(sender.send(&mut table, "honest", k - 1));
    assert_eq!(sender.settle(&mut table, poisoned), Err(None), "nobody alone has enough yet");
    assert_eq!(faults(&mut table), [], "nobody is blamed before it is known who lied");
    assert_eq!(table.progress(&sender.key()).unwrap().received, k - 1);

    let alone = candidate(sender.send(&mut table, "honest", 0));
    sender.settle(&mut table, alone).unwrap();
    assert_eq!(faults(&mut table), [("liar".into(), Reason::SymbolConflict)]);
    assert_eq!(table.bytes(), 0);
}

#[test]
fn each_source_is_tried_once() {
    let (mut sender, mut table) = (Sender::new(1), reassembly());
    let k = sender.k();
    // Two liars and an honest source, each of whom has sent enough when the first candidate is refused.
    for esi in 0..k - 1 {
        sender.send_wrong(&mut table, "liar", 2 * k + esi).unwrap();
    }
    let first = candidate(sender.send(&mut table, "honest", 0));
    assert_eq!(sender.settle(&mut table, first), Err(None));
    let alone = candidate(sender.send_wrong(&mut table, "liar", 5 * k));
    assert_eq!(sender.settle(&mut table, alone), Err(None));
    assert_eq!(faults(&mut table), [("liar".into(), Reason::ObjectIdMismatch)]);
    let refused = sender.send(&mut table, "liar", 1).unwrap_err();
    assert_eq!(refused.reason(), Reason::SymbolSourceRefused);
    assert_eq!(table.bytes_of(&node("liar")), 0);
    assert_eq!(table.bytes(), COST);

    for esi in 1..k - 1 {
        assert!(is_waiting(&sender.send(&mut table, "honest", esi), esi + 1));
    }
    let last = candidate(sender.send(&mut table, "honest", k - 1));
    sender.settle(&mut table, last).unwrap();
    assert_eq!(faults(&mut table), []);
}

#[test]
fn the_next_candidate_comes_from_the_next_source() {
    let (mut sender, mut table) = (Sender::new(1), reassembly());
    let k = sender.k();
    sender.send_wrong(&mut table, "liar", 0).unwrap();
    for esi in 1..k - 1 {
        sender.send(&mut table, "honest", esi).unwrap();
    }
    let first = candidate(sender.send(&mut table, "honest", k));
    assert_eq!(sender.settle(&mut table, first), Err(None));
    for esi in 1..k - 1 {
        assert!(matches!(sender.send_wrong(&mut table, "liar", esi), Ok(Step::Waiting(_))));
    }
    let lied = candidate(sender.send_wrong(&mut table, "liar", k - 1));
    assert_eq!(sender.send(&mut table, "honest", 0), Ok(Step::Ignored), "one at a time");
    assert_eq!(sender.settle(&mut table, lied), Err(None));
    let last = candidate(sender.send(&mut table, "honest", 0));
    sender.settle(&mut table, last).unwrap();
    assert_eq!(faults(&mut table), [("liar".into(), Reason::ObjectIdMismatch)]);
}

#[test]
fn a_single_liar_is_blamed_at_once() {
    let (mut sender, mut table) = (Sender::new(1), reassembly());
    let k = sender.k();
    for esi in 0..k - 1 {
        sender.send_wrong(&mut table, "liar", esi).unwrap();
    }
    let last = candidate(sender.send_wrong(&mut table, "liar", k - 1));
    assert_eq!(sender.settle(&mut table, last), Err(None));
    assert_eq!(faults(&mut table), [("liar".into(), Reason::ObjectIdMismatch)]);
    assert_eq!(table.bytes(), 0);
    assert_eq!(table.contexts(), 1, "remembers whom not to believe");
    assert!(is_waiting(&sender.send(&mut table, "honest", 0), 1));
    assert_eq!(sender.send(&mut table, "liar", 1), Err(ReassemblyError::SourceRefused));
}

#[test]
fn bytes_that_nobody_frames_are_refused_without_a_candidate() {
    let (sender, mut table) = (Sender::new(1), reassembly());
    let k = sender.k();
    let mut send = |esi| table.handle_symbol(NOW, &sender.key(), &node("liar"), esi, &[0xff; 256]);
    for esi in 0..k - 1 {
        send(esi).unwrap();
    }
    let last = send(k - 1);
    assert!(is_waiting(&last, 0), "{last:?}");
    assert_eq!(faults(&mut table), [("liar".into(), Reason::SymbolBadLength)]);
    assert_eq!(table.bytes(), 0);
}

#[test]
fn who_contradicts_himself_is_expelled() {
    let (mut sender, mut table) = (Sender::new(1), reassembly());
    let k = sender.k();
    for esi in 0..k - 2 {
        sender.send(&mut table, "honest", esi).unwrap();
    }
    sender.send(&mut table, "liar", k - 2).unwrap();
    assert_eq!(sender.send_wrong(&mut table, "liar", k - 2).unwrap_err().reason(), Reason::SymbolConflict);
    assert_eq!(faults(&mut table), [("liar".into(), Reason::SymbolConflict)]);
    assert_eq!(table.progress(&sender.key()).unwrap().received, k - 2, "what it sent is forgotten");
    assert_eq!(table.bytes(), (k as usize - 2) * COST);
    sender.send(&mut table, "other", k - 2).unwrap();
    let last = candidate(sender.send(&mut table, "honest", k - 1));
    sender.settle(&mut table, last).unwrap();
}

#[test]
fn of_two_sources_that_contradict_each_other_the_right_one_is_found() {
    for liar_first in [true, false] {
        let (mut sender, mut table) = (Sender::new(1), reassembly());
        let k = sender.k();
        if liar_first {
            sender.send_wrong(&mut table, "liar", 0).unwrap();
            assert_eq!(sender.send(&mut table, "honest", 0), Ok(Step::Ignored));
        } else {
            sender.send(&mut table, "honest", 0).unwrap();
            assert_eq!(sender.send_wrong(&mut table, "liar", 0), Ok(Step::Ignored));
        }
        for esi in 1..k - 1 {
            sender.send(&mut table, "honest", esi).unwrap();
        }
        let mut next = candidate(sender.send(&mut table, "honest", k - 1));
        if liar_first {
            assert_eq!(sender.settle(&mut table, next), Err(None));
            next = candidate(sender.send(&mut table, "honest", k));
        }
        sender.settle(&mut table, next).unwrap();
        assert_eq!(faults(&mut table), [("liar".into(), Reason::SymbolConflict)], "liar first: {liar_first}");
    }
}

#[test]
fn whoever_contradicted_a_symbol_that_is_gone_is_not_blamed() {
    let (mut sender, mut table) = (Sender::new(1), reassembly());
    let k = sender.k();
    sender.send_wrong(&mut table, "liar", 0).unwrap();
    assert_eq!(sender.send(&mut table, "honest", 0), Ok(Step::Ignored));
    sender.send(&mut table, "liar", 0).unwrap_err();
    assert_eq!(faults(&mut table), [("liar".into(), Reason::SymbolConflict)]);
    for esi in 0..k - 1 {
        sender.send(&mut table, "honest", esi).unwrap();
    }
    let last = candidate(sender.send(&mut table, "honest", k - 1));
    sender.settle(&mut table, last).unwrap();
    assert_eq!(faults(&mut table), []);
}

#[test]
fn an_object_of_another_id_settles_nothing() {
    let (mut sender, mut table, other) = (Sender::new(1), reassembly(), Sender::new(2));
    for esi in 0..sender.k() - 1 {
        sender.send(&mut table, "a", esi).unwrap();
    }
    let k = sender.k();
    let last = candidate(sender.send(&mut table, "a", k - 1));
    assert_eq!(table.settle(last, Some(&other.object)), None);
    assert_eq!(faults(&mut table), [("a".into(), Reason::ObjectIdMismatch)]);
}

#[test]
fn a_candidate_of_a_context_that_ended_changes_nothing() {
    let (mut sender, mut table) = (Sender::new(1), reassembly());
    for esi in 0..sender.k() - 1 {
        sender.send(&mut table, "a", esi).unwrap();
    }
    let k = sender.k();
    let old = candidate(sender.send(&mut table, "a", k - 1));
    table.abandon(sender.object.id());
    sender.send(&mut table, "b", 0).unwrap();
    assert_eq!(table.settle(old, None), None);
    assert_eq!(faults(&mut table), []);
    assert_eq!(table.progress(&sender.key()).unwrap().received, 1);
}

/// Contexts of one object in shapes that nobody would use.
fn shape(object_id: ObjectId, k: u16) -> ContextKey {
    let block = Block::new(k, SymbolSize::MIN).unwrap_or_else(|error| unreachable!("{error}"));
    ContextKey { object_id, block, coding: Coding::RaptorQ }
}

#[test]
fn at_most_four_shapes_of_an_object() {
    let (mut sender, mut table) = (Sender::new(1), reassembly());
    let id = sender.object.id();
    let mut send = |from: &str, k, esi| table.handle_symbol(NOW, &shape(id, k), &node(from), esi, &[k as u8; 256]);
    for (from, k) in [("a", 20), ("b", 21), ("c", 22), ("d", 23)] {
        send(from, k, 0).unwrap();
        send(from, k, 1).unwrap();
    }
    // A source has one shape: its former one goes.
    send("d", 24, 0).unwrap();
    assert_eq!(table.contexts(), 4);
    assert_eq!(table.progress(&shape(id, 23)), None);
    // The fifth takes the place of the weakest, which is that of `d`.
    sender.send(&mut table, "honest", 0).unwrap();
    assert_eq!(table.contexts(), 4);
    assert_eq!(table.progress(&shape(id, 24)), None);
    assert_eq!(table.bytes(), 7 * COST);
    // Shapes that two sources support stay.
    let mut send = |from: &str, k, esi| table.handle_symbol(NOW, &shape(id, k), &node(from), esi, &[k as u8; 256]);
    for k in 20..=22 {
        send("supporter", k, 2).unwrap();
    }
    send("e", 25, 0).unwrap();
    assert_eq!(table.progress(&sender.key()), None, "was the weakest");
    let mut send = |from: &str, k, esi| table.handle_symbol(NOW, &shape(id, k), &node(from), esi, &[k as u8; 256]);
    send("supporter", 25, 1).unwrap();
    assert_eq!(send("f", 26, 0), Err(ReassemblyError::Contexts));
    assert_eq!(send("e", 27, 0), Err(ReassemblyError::Contexts));
    // Another object is not touched.
    let other = ObjectId::from_bytes([0xff; 32]);
    table.handle_symbol(NOW, &shape(other, 20), &node("a"), 0, &[0; 256]).unwrap();
    assert_eq!(table.contexts(), 5);
    table.abandon(id);
    assert_eq!((table.contexts(), table.bytes()), (1, COST));
}

#[test]
fn budgets_hold() {
    let limits = ReassemblyLimits {
        max_bytes: 5 * COST,
        max_bytes_per_source: 2 * COST,
        max_object_len: 40 * 256,
        max_source_symbols: 2048,
        max_contexts: 3,
        max_contexts_per_source: 2,
        max_sources_per_context: 3,
        timeout_secs: 30,
        ..ReassemblyLimits::default()
    };
    let mut table = Reassembly::new(limits);
    let object = |number| ObjectId::from_bytes([number; 32]);
    let mut send = |from: &str, number: u8, k: u16, esi: u32| {
        table.handle_symbol(NOW, &shape(object(number), k), &node(from), esi, &[esi as u8; 256]).map(|_| ())
    };
    assert_eq!(send("a", 1, 41, 0), Err(ReassemblyError::ObjectTooLarge));
    assert_eq!(send("a", 1, 40, 0), Ok(()));
    assert_eq!(send("a", 1, 40, 1), Ok(()));
    assert_eq!(send("a", 1, 40, 2), Err(ReassemblyError::SourceBudget));
    assert_eq!(send("a", 1, 40, 1), Ok(()), "a known symbol costs nothing");
    assert_eq!(send("b", 1, 40, 2), Ok(()));
    assert_eq!(send("c", 1, 40, 3), Ok(()));
    assert_eq!(send("d", 1, 40, 4), Err(ReassemblyError::Budget), "fourth source");
    assert_eq!(send("d", 2, 40, 0), Ok(()));
    assert_eq!(send("b", 3, 40, 0), Err(ReassemblyError::Budget), "five symbols are held");
    table.abandon(object(1));

    let mut send = |from: &str, number: u8| {
        table.handle_symbol(NOW, &shape(object(number), 40), &node(from), 0, &[0; 256]).map(|_| ())
    };
    assert_eq!(send("d", 3), Ok(()));
    assert_eq!(send("d", 4), Err(ReassemblyError::SourceBudget), "its third context");
    assert_eq!(send("e", 5), Ok(()));
    assert_eq!(send("f", 6), Err(ReassemblyError::Budget), "fourth context");
    assert_eq!((table.contexts(), table.bytes(), table.bytes_of(&node("d"))), (3, 3 * COST, 2 * COST));
}

#[test]
fn objects_of_too_many_symbols_are_refused() {
    let mut table = Reassembly::new(ReassemblyLimits { max_source_symbols: 20, ..ReassemblyLimits::default() });
    let mut send = |k| table.handle_symbol(NOW, &shape(ObjectId::ZERO, k), &node("a"), 0, &[0; 256]).map(|_| ());
    assert_eq!(send(21), Err(ReassemblyError::ObjectTooLarge));
    assert_eq!(send(20), Ok(()));
}

#[test]
fn idle_contexts_are_given_up() {
    let (mut sender, mut table) = (Sender::new(1), reassembly());
    let (key, peer) = (sender.key(), node("a"));
    let mut at = |seconds, esi| {
        let symbol = sender.symbol(esi);
        table.handle_symbol(NOW.saturating_add(seconds), &key, &peer, esi, &symbol).unwrap();
    };
    at(0, 0);
    at(20, 1);
    at(25, 1); // known: no progress
    assert_eq!(table.poll_timeout(), Some(NOW.saturating_add(30)));
    assert_eq!(table.handle_timeout(NOW.saturating_add(30)), []);
    assert_eq!(table.poll_timeout(), Some(NOW.saturating_add(50)));
    assert_eq!(table.handle_timeout(NOW.saturating_add(49)), []);
    assert_eq!(table.handle_timeout(NOW.saturating_add(50)), [key]);
    assert_eq!((table.contexts(), table.bytes(), table.poll_timeout()), (0, 0, None));
}

#[test]
fn faults_name_the_object() {
    let (mut sender, mut table) = (Sender::new(1), reassembly());
    sender.send(&mut table, "liar", 0).unwrap();
    sender.send_wrong(&mut table, "liar", 0).unwrap_err();
    let expected = Fault { source: node("liar"), object_id: sender.object.id(), reason: Reason::SymbolConflict };
    assert_eq!(table.poll_fault(), Some(expected));
}

#[derive(Debug, Clone)]
enum Act {
    Send { source: u8, esi: u32, wrong: bool },
    Shape { source: u8, k: u16, esi: u32 },
    Settle,
    Later(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0_u8..4, 0_u32..24, prop::bool::weighted(0.1)).prop_map(|(source, esi, wrong)| Act::Send { source, esi, wrong }),
        1 => (0_u8..4, 1_u16..9, 0_u32..9).prop_map(|(source, k, esi)| Act::Shape { source, k, esi }),
        3 => Just(Act::Settle),
        1 => (0_u8..40).prop_map(Act::Later),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever members do: budgets hold, nothing wrong comes out, nobody honest is blamed, and whoever sends all
    /// symbols rightly in the end has the object delivered.
    #[test]
    fn no_sequence_of_symbols_breaks_it(acts in prop::collection::vec(act(), 0..160)) {
        let mut sender = Sender::new(1);
        let limits = ReassemblyLimits { max_bytes: 60 * COST, max_bytes_per_source: 20 * COST, ..ReassemblyLimits::default() };
        let mut table = Reassembly::new(limits);
        let (mut now, mut pending, mut lied) = (NOW, None, [false; 4]);
        for act in acts {
            match act {
                Act::Send { source, esi, wrong } => {
                    lied[usize::from(source)] |= wrong;
                    let symbol = if wrong { sender.wrong(esi) } else { sender.symbol(esi) };
                    let step = table.handle_symbol(now, &sender.key(), &node(&format!("n{source}")), esi, &symbol);
                    if let Ok(Step::Candidate(candidate)) = step { pending = Some(candidate); }
                }
                Act::Shape { source, k, esi } => {
                    lied[usize::from(source)] = true;
                    let key = shape(sender.object.id(), k);
                    let step = table.handle_symbol(now, &key, &node(&format!("n{source}")), esi, &[source; 256]);
                    if let Ok(Step::Candidate(candidate)) = step { prop_assert_eq!(table.settle(candidate, None), None); }
                }
                Act::Settle => if let Some(candidate) = pending.take() {
                    pending = sender.settle(&mut table, candidate).err().flatten();
                },
                Act::Later(seconds) => {
                    now = now.saturating_add(u64::from(seconds));
                    table.handle_timeout(now);
                }
            }
            prop_assert!(table.bytes() <= limits.max_bytes);
            prop_assert!(table.contexts() <= 4);
            let mut sum = 0;
            for source in 0..4 {
                let bytes = table.bytes_of(&node(&format!("n{source}")));
                prop_assert!(bytes <= limits.max_bytes_per_source);
                sum += bytes;
            }
            prop_assert_eq!(sum, table.bytes());
            for (source, _) in faults(&mut table) {
                let number: usize = source[1..].parse().unwrap();
                prop_assert!(lied[number], "{} is honest", source);
            }
        }
        while let Some(candidate) = pending.take() {
            pending = sender.settle(&mut table, candidate).err().flatten();
        }
        let mut delivered = false;
        for esi in 30..60 {
            if let Ok(Step::Candidate(mut candidate)) = sender.send(&mut table, "last", esi) {
                loop {
                    match sender.settle(&mut table, candidate) {
                        Ok(_) => { delivered = true; break }
                        Err(Some(next)) => candidate = next,
                        Err(None) => break,
                    }
                }
            }
            if delivered { break }
        }
        prop_assert!(delivered);
        table.abandon(sender.object.id());
        prop_assert_eq!((table.contexts(), table.bytes()), (0, 0));
        prop_assert_eq!(table.poll_timeout(), None);
    }
}
