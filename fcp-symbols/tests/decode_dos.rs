//! What chosen symbols can make a receiver spend, against what it spends on honest ones: counted, not timed.
//!
//! Each attack sends as many bytes as the honest sender, or up to three symbols more. What the decoder says that it spent bounds what it did:
//! the bench `decode, symbols chosen to cost` has the times.

#![expect(clippy::arithmetic_side_effects, reason = "test arithmetic is on small numbers")]

use std::collections::BTreeMap;

use fcp_core::id::{NodeId, ObjectId};
use fcp_core::time::Timestamp;
use fcp_symbols::raptor::{
    Block, Coding, DecodeBudget, Decoder, Encoder, PlanCache, RaptorQConfig, Received, SymbolError, SymbolSize,
};
use fcp_symbols::reassembly::{ContextKey, Reassembly, ReassemblyError, ReassemblyLimits};

/// No symbols make decoding cost more than so many times what honest ones of the same K and size do, by the decoder's own
/// count: up to the 258 source symbols that objects of the default configuration have…
const MOST: u64 = 48;

/// …and up to the 2048 that the default limits admit, where the coding library's solver is charged at its worst.
const MOST_BEYOND: u64 = 512;

/// The ids of symbols that are chosen by their degree, by K and degree.
fn corpus() -> BTreeMap<(u16, u32), Vec<u32>> {
    let number = |text: &str| text.parse::<u32>().unwrap_or_else(|error| unreachable!("{text}: {error}"));
    let lines = include_str!("corpus/chosen_symbols.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut numbers = line.split(' ').map(number);
            let [k, degree] = [(); 2].map(|()| numbers.next().unwrap_or_default());
            let ids = numbers.scan(0, |id, step| {
                *id += step;
                Some(*id)
            });
            ((u16::try_from(k).unwrap_or_default(), degree), ids.collect())
        })
        .collect()
}

/// An object of K symbols, and a way to get any of them.
struct Sender {
    encoder: Encoder,
    plans: PlanCache,
}

impl Sender {
    fn new(k: u16, symbol_size: SymbolSize) -> Self {
        let bytes: Vec<u8> = (0..usize::from(k) * symbol_size.as_usize() - 8).map(|at| at.to_le_bytes()[0]).collect();
        let encoder = Encoder::new(&bytes, symbol_size).unwrap_or_else(|error| unreachable!("{error}"));
        Self { encoder, plans: PlanCache::new(1) }
    }

    fn block(&self) -> Block {
        self.encoder.block()
    }

    fn symbol(&mut self, esi: u32) -> Vec<u8> {
        let mut out = vec![0; self.block().symbol_size().as_usize()];
        self.encoder.write_symbol(esi, &mut self.plans, &mut out).unwrap_or_else(|error| unreachable!("{error}"));
        out
    }

    /// What a decoder spends on these symbols, and whether it completes.
    fn cost(&mut self, esis: impl IntoIterator<Item = u32>, plans: &mut PlanCache) -> (u64, bool) {
        let (mut decoder, mut budget) = (Decoder::new(self.block(), Coding::RaptorQ), DecodeBudget::UNLIMITED);
        let mut complete = false;
        for esi in esis {
            let symbol = self.symbol(esi);
            complete |= matches!(decoder.receive(esi, &symbol, plans, &mut budget), Ok(Received::Complete(_)));
        }
        (budget.spent(), complete)
    }

    /// What it spends on an honest sender's: 5 % of the source symbols lost.
    fn honest(&mut self, plans: &mut PlanCache) -> u64 {
        let k = u32::from(self.block().k());
        let lost = k.div_ceil(20);
        // Two more than needed, of which it takes what it needs.
        let esis: Vec<u32> = (lost..k + lost + 2).collect();
        // From the third time on all is prepared.
        self.cost(esis.iter().copied(), plans);
        self.cost(esis.iter().copied(), plans);
        let (spent, complete) = self.cost(esis, plans);
        assert!(complete);
        spent
    }
}

#[test]
fn chosen_symbols_cost_a_bounded_multiple_of_honest_ones() {
    let corpus = corpus();
    assert_eq!(corpus.len(), 8);
    for (k, symbol_size) in [(64, 1024), (64, 256), (257, 1024), (257, 256), (1024, 1024), (2048, 256)] {
        let mut sender = Sender::new(k, SymbolSize::new(symbol_size).unwrap());
        let honest = sender.honest(&mut PlanCache::new(1));
        let (k32, most) = (u32::from(k), if k <= 257 { MOST } else { MOST_BEYOND });
        let dense = &corpus[&(k, 30)];
        let repeating = &corpus[&(k, 1)];
        // All source symbols but three, and repair symbols that are the same ones again.
        let nearly: Vec<u32> = (3..k32).chain(repeating.iter().copied()).take(usize::from(k) + 3).collect();
        let all_repair: Vec<u32> = (k32..2 * k32 + 3).collect();
        let duplicates: Vec<u32> = (1..k32).chain(std::iter::repeat_n(1, usize::from(k))).collect();
        let one_short: Vec<u32> = (1..k32).collect();
        for (name, esis) in [
            ("dense", dense),
            ("rank-deficient", repeating),
            ("nearly complete and rank-deficient", &nearly),
            ("all repair", &all_repair),
            ("duplicates", &duplicates),
            ("one symbol short", &one_short),
        ] {
            // Nobody has met this K yet: the sender may choose another one each time.
            let (cold, _) = sender.cost(esis.iter().copied(), &mut PlanCache::new(1));
            let mut plans = PlanCache::new(1);
            sender.honest(&mut plans);
            let (warm, _) = sender.cost(esis.iter().copied(), &mut plans);
            for spent in [cold, warm] {
                println!("K = {k}, T = {symbol_size}, {name}: {spent} of {honest}, {} times", spent / honest);
                assert!(spent <= most * honest, "K = {k}, T = {symbol_size}, {name}: {spent} of {honest}");
            }
        }
    }
}

#[test]
fn the_corpus_is_what_it_says() {
    for ((k, degree), esis) in corpus() {
        assert_eq!(esis.len(), usize::from(k) + 3);
        assert!(esis.first() >= Some(&u32::from(k)) && esis.is_sorted());
        let (_, complete) = Sender::new(k, SymbolSize::MIN).cost(esis, &mut PlanCache::new(1));
        assert_eq!(complete, degree == 30, "K = {k}, degree {degree}");
    }
}

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap_or_else(|error| unreachable!("{error}"))
}

#[test]
fn what_a_source_is_charged_is_within_its_budget() {
    let mut sender = Sender::new(64, SymbolSize::DEFAULT);
    let key = ContextKey { object_id: ObjectId::ZERO, block: sender.block(), coding: Coding::RaptorQ };
    let (mut table, attacker) = (Reassembly::new(ReassemblyLimits::default()), node("attacker"));
    let mut budget = DecodeBudget::new(100_000);
    let mut refused = 0;
    for esi in &corpus()[&(64, 30)] {
        let symbol = sender.symbol(*esi);
        match table.handle_symbol_within(NOW, &key, &attacker, (*esi, &symbol), &mut budget) {
            Ok(_) => {}
            Err(ReassemblyError::Symbol(SymbolError::DecodeBudget)) => refused += 1,
            Err(error) => unreachable!("{error}"),
        }
    }
    assert_eq!(refused, 4, "the 64th symbol and all that follow");
    assert!(budget.spent() <= 100_000);
    let bill = table.poll_spent().unwrap();
    assert_eq!((bill.source, bill.work), (attacker, budget.spent()));
    assert_eq!(table.poll_spent(), None);
    assert_eq!(table.bytes(), 63 * (1024 + 128), "what was refused is not kept");
}

#[test]
fn the_default_limits_suffice_for_all_that_they_admit() {
    let limits = ReassemblyLimits::default();
    let config = RaptorQConfig::default();
    assert!(limits.max_object_len <= usize::try_from(config.max_object_size()).unwrap());
    let mut sender = Sender::new(2048, SymbolSize::DEFAULT);
    let dense = &corpus()[&(2048, 30)];
    let key = ContextKey { object_id: ObjectId::ZERO, block: sender.block(), coding: Coding::RaptorQ };
    let mut table = Reassembly::new(limits);
    let complete = dense.iter().any(|esi| {
        let symbol = sender.symbol(*esi);
        let step = table.handle_symbol(NOW, &key, &node("a"), *esi, &symbol).unwrap();
        matches!(step, fcp_symbols::reassembly::Step::Candidate(_))
    });
    assert!(complete);
}

#[test]
fn the_work_on_an_object_is_shared_by_its_sources() {
    let mut sender = Sender::new(64, SymbolSize::MIN);
    let key = ContextKey { object_id: ObjectId::ZERO, block: sender.block(), coding: Coding::RaptorQ };
    let mut table = Reassembly::new(ReassemblyLimits::default());
    for esi in 4..68 {
        let symbol = sender.symbol(esi);
        let from = node(if esi < 67 { "most" } else { "last" });
        table.handle_symbol(NOW, &key, &from, esi, &symbol).unwrap();
    }
    let bills: Vec<_> = std::iter::from_fn(|| table.poll_spent()).map(|bill| (bill.source, bill.work)).collect();
    let [(last, little), (most, much)] = bills.as_slice() else { unreachable!("{bills:?}") };
    assert!(*last == node("last") && *most == node("most") && much / little > 30, "{much} and {little}");
}
