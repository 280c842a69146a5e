//! Symbols and chunks: what is restored is what was taken apart, whatever else comes.

use fcp_core::id::{NodeId, ObjectIdKey, ZoneId};
use fcp_core::object::{MeshObject as _, ObjectHeader, Provenance, StoredObject};
use fcp_core::sign::Verified;
use fcp_core::time::Timestamp;
use fcp_symbols::chunk::{self, ChunkSize, ChunkedObjectManifest, Joiner, RawChunk};
use fcp_symbols::distribution::{self, Download};
use fcp_symbols::raptor::{Block, Coding, DecodeBudget, Decoder, Encoder, MAX_ESI, PlanCache, Received, SymbolSize};
use fcp_symbols::reassembly::{Candidate, ContextKey, Reassembly, ReassemblyLimits, Step};

use super::input::Input;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn key() -> ObjectIdKey {
    ObjectIdKey::from_bytes([7; 32])
}

fn header<T: fcp_core::object::MeshObject>() -> ObjectHeader {
    ObjectHeader::for_type::<T>(Provenance::of_zone(ZoneId::private(), 80, 90, NOW))
}

/// How many times as much as honest symbols any others may make a decoder spend, by its own count. The kernel's tests hold it
/// to that for symbols chosen to cost (`fcp-symbols/tests/decode_dos.rs`); here, for any.
const MOST: u64 = 48;

/// What a decoder spends on an honest sender's symbols, of which one in twenty was lost. Afterwards, all is prepared in
/// `plans`.
fn honest_cost(encoder: &mut Encoder, plans: &mut PlanCache) -> u64 {
    let block = encoder.block();
    let (k, lost) = (u32::from(block.k()), u32::from(block.k()).div_ceil(20));
    let esis: Vec<u32> = match encoder.coding() {
        Coding::Raw => (0..k).collect(),
        Coding::RaptorQ => (lost..k + lost + 4).collect(),
    };
    let mut symbol = vec![0; block.symbol_size().as_usize()];
    let mut spent = 0;
    for _ in 0..3 {
        let (mut decoder, mut budget) = (Decoder::new(block, encoder.coding()), DecodeBudget::UNLIMITED);
        for esi in &esis {
            encoder.write_symbol(*esi, plans, &mut symbol).expect("an honest symbol");
            if let Received::Complete(_) = decoder.receive(*esi, &symbol, plans, &mut budget).expect("it decodes") {
                break;
            }
        }
        assert!(decoder.is_finished(), "four symbols more than K do not suffice");
        spent = budget.spent();
    }
    spent
}

/// One decoder, any symbols: with right ones alone it restores the object or waits, with wrong ones among them it may
/// restore something else, whose form is right all the same; it never holds more than it was given, and spends no more than
/// a fixed multiple of what honest symbols cost.
pub(super) fn raptor(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let coding = [Coding::RaptorQ, Coding::Raw][input.below(2)];
    let size = SymbolSize::new(256 + 8 * u16::from(input.u8() % 3)).expect("a size");
    let object = vec![input.u8(); usize::from(input.u16()) % 16_384];
    let mut encoder = Encoder::with_coding(&object, size, coding).expect("it is short");
    let block = encoder.block();
    let mut plans = PlanCache::new(1);
    let honest_cost = honest_cost(&mut encoder, &mut plans);
    let (mut decoder, mut budget, mut count) = (Decoder::new(block, coding), DecodeBudget::UNLIMITED, 0_u64);
    let mut honest = true;
    let mut symbol = vec![0; size.as_usize()];
    while !input.is_empty() {
        let esi = match input.below(4) {
            0 => u32::from(input.u8()),
            1 => u32::from(block.k()) + u32::from(input.u8()),
            2 => input.u32() & MAX_ESI,
            _ => input.u32(),
        };
        let right = encoder.write_symbol(esi, &mut plans, &mut symbol).is_ok();
        let (at, mask) = if input.below(8) == 0 { (input.u16(), input.u8()) } else { (0, 0) };
        if !right {
            symbol.fill(mask);
        }
        if let Some(byte) = symbol.get_mut(usize::from(at)) {
            *byte ^= mask;
            honest &= mask == 0;
        }
        honest &= right || !block.has(esi, coding);
        let held = decoder.received();
        let received = decoder.receive(esi, &symbol, &mut plans, &mut budget);
        count += 1;
        let turns = count.div_ceil(u64::from(block.k())).max(1);
        assert!(budget.spent() <= MOST * honest_cost * turns, "{count} symbols of {block:?} cost {}", budget.spent());
        assert!(decoder.received() <= held + 1);
        match received {
            Ok(Received::Complete(restored)) => {
                assert!(!honest || restored == object, "another object was restored");
                assert_eq!(Block::for_len(restored.len(), size), Ok(block), "its length does not fit its block");
                assert!(decoder.is_finished());
            }
            Ok(_) => {}
            Err(error) => assert!(!error.reason().code().is_empty()),
        }
    }
    let missing = decoder.missing_sources().count();
    assert!(missing <= usize::from(block.k()));
}

/// Chunks of a manifest join to the payload, in order, and no other chunk is taken.
pub(super) fn chunks(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (fill, len) = (input.u8(), usize::from(input.u16()) * 4);
    let mut payload = vec![fill; len];
    let special = input.bytes(64);
    payload.iter_mut().zip(special).for_each(|(byte, special)| *byte = *special);
    let size = ChunkSize::new(65_536).expect("a size");
    let (manifest, stored) =
        chunk::split(&payload, header::<ChunkedObjectManifest>(), size, &key()).expect("it can be split");
    let manifest = manifest.seal(&key()).and_then(|sealed| sealed.open::<ChunkedObjectManifest>());
    let manifest = manifest.expect("its own manifest is right");
    let mut joiner = Joiner::new(&manifest);
    let mut joined = Vec::new();
    let foreign = RawChunk { header: header::<RawChunk>(), bytes: vec![!fill; 9] }.seal(&key()).expect("a chunk");
    while let Some(wanted) = joiner.wants() {
        if input.below(3) == 1 {
            assert!(joiner.take(&foreign).is_err(), "a foreign chunk was taken");
        }
        let index = input.below(stored.len());
        if stored[index].id() != wanted {
            assert!(joiner.take(&stored[index]).is_err(), "a chunk was taken out of its turn");
        }
        let next = stored.iter().find(|chunk| chunk.id() == wanted).expect("it is among them");
        joined.extend(joiner.take(next).expect("it is its turn"));
    }
    assert!(joiner.finish().is_ok() && joined == payload);
    download(&mut input, &manifest, &stored, &foreign);
}

/// The same chunks from several sources: whatever they lack or give, the rest comes from the others, and nothing is asked
/// for that is there.
fn download(
    input: &mut Input<'_>,
    manifest: &Verified<ChunkedObjectManifest>,
    stored: &[StoredObject],
    foreign: &StoredObject,
) {
    let mut download = Download::new(manifest, [], 1 + input.below(4));
    let mut sources: Vec<_> = (0..=input.below(3))
        .map(|_| download.add_source([distribution::Source::Mirror, distribution::Source::Peer][input.below(2)]))
        .collect();
    let mut rounds = 0;
    while !download.is_complete() {
        rounds += 1;
        assert!(rounds < 1000, "the download does not come to an end");
        let Some(request) = download.poll_request() else {
            // Nobody is left who might have it, or all that may be under way is: somebody new comes.
            sources.push(download.add_source(distribution::Source::Mirror));
            continue;
        };
        assert!(sources.contains(&request.source) && download.missing().any(|id| id == request.chunk));
        match if input.is_empty() { 7 } else { input.below(8) } {
            0 => drop(download.handle_lacking(request.source, &request.chunk)),
            1 => {
                download.remove_source(request.source);
                sources.retain(|source| *source != request.source);
            }
            2 => {
                assert!(download.handle_chunk(foreign).is_err(), "a foreign chunk was taken");
                let _ = download.handle_lacking(request.source, &foreign.id());
                // It did not answer what it was asked.
                let _ = download.handle_lacking(request.source, &request.chunk);
            }
            _ => {
                let chunk = stored.iter().find(|chunk| chunk.id() == request.chunk).expect("it is among them");
                assert!(download.handle_chunk(chunk).is_ok());
            }
        }
    }
    assert!(download.poll_request().is_none());
}

/// An object that is under way, and its symbols.
struct Sender {
    object: StoredObject,
    encoder: Encoder,
    plans: PlanCache,
}

impl Sender {
    fn new(fill: u8, len: usize, coding: Coding) -> Self {
        let chunk = RawChunk { header: header::<RawChunk>(), bytes: vec![fill; len] };
        let object = chunk.seal(&key()).expect("a chunk");
        let encoder = Encoder::with_coding(object.canonical_bytes(), SymbolSize::MIN, coding).expect("it is short");
        Self { object, encoder, plans: PlanCache::new(1) }
    }

    fn key(&self) -> ContextKey {
        ContextKey { object_id: self.object.id(), block: self.encoder.block(), coding: self.encoder.coding() }
    }

    fn symbol(&mut self, esi: u32) -> Option<Vec<u8>> {
        let mut out = vec![0; self.encoder.block().symbol_size().as_usize()];
        self.encoder.write_symbol(esi, &mut self.plans, &mut out).ok().map(|()| out)
    }
}

/// Settles a candidate as a node does, and every one that follows from it. Gives the object that was restored.
fn settle(table: &mut Reassembly, candidate: Candidate) -> Option<StoredObject> {
    let mut next = Some(candidate);
    while let Some(candidate) = next {
        match StoredObject::parse_as(candidate.object_id(), candidate.bytes(), &key()) {
            Ok(object) => {
                assert!(table.settle(candidate, Some(&object)).is_none());
                return Some(object);
            }
            Err(_) => next = table.settle(candidate, None),
        }
    }
    None
}

/// Many objects from four sources, two of which lie: budgets hold, only liars are blamed for other bytes than the
/// object's, what is restored is the object, and an honest source gets its object through.
pub(super) fn reassembly(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let limits = ReassemblyLimits {
        max_bytes: 60_000,
        max_bytes_per_source: 20_000,
        max_contexts: 8,
        max_contexts_per_source: 4,
        timeout_secs: 30,
        ..ReassemblyLimits::default()
    };
    let mut table = Reassembly::new(limits);
    let mut senders = [
        Sender::new(1, 700, Coding::RaptorQ),
        Sender::new(2, 1500, Coding::RaptorQ),
        Sender::new(3, 1500, Coding::Raw),
        Sender::new(4, 3000, Coding::RaptorQ),
    ];
    let nodes = ["nHonest1", "nHonest2", "nLiar1", "nLiar2"].map(|name| NodeId::new(name).expect("a name"));
    let mut now = NOW;
    let mut pending: Vec<Candidate> = Vec::new();
    for _ in 0..400 {
        if input.is_empty() {
            break;
        }
        match input.below(16) {
            0 => {
                now = now.saturating_add(u64::from(input.u8()));
                let due = table.poll_timeout().is_some_and(|due| due <= now);
                let given_up = table.handle_timeout(now);
                assert!(due || given_up.is_empty());
                assert!(table.poll_timeout().is_none_or(|due| due > now), "it would be called again and again");
            }
            1 => table.abandon(senders[input.below(4)].object.id()),
            2 => {
                if !pending.is_empty() {
                    let candidate = pending.swap_remove(input.below(pending.len()));
                    settle(&mut table, candidate);
                }
            }
            _ => {
                let sender = &mut senders[input.below(4)];
                let source = input.below(4);
                let esi = u32::from(input.u8());
                let mut context = sender.key();
                let Some(mut data) = sender.symbol(esi) else { continue };
                if source >= 2 {
                    match input.below(5) {
                        0 => data[usize::from(input.u8())] ^= input.u8() | 1,
                        1 => context.block = Block::new(1 + input.u16() % 400, SymbolSize::MIN).expect("a block"),
                        2 => context.coding = [Coding::RaptorQ, Coding::Raw][input.below(2)],
                        3 => data.fill(input.u8()),
                        _ => {}
                    }
                }
                let step = table.handle_symbol(now, &context, &nodes[source], esi, &data);
                if let Ok(Step::Candidate(candidate)) = step {
                    // Some are settled at once, some later, as when a check takes time.
                    if input.below(4) == 0 && pending.len() < 8 {
                        pending.push(candidate);
                    } else if let Some(object) = settle(&mut table, candidate) {
                        assert!(senders.iter().any(|sender| sender.object == object), "an object that nobody sent");
                    }
                }
            }
        }
        while let Some(fault) = table.poll_fault() {
            let honest = nodes[..2].contains(&fault.source);
            assert!(!honest || fault.reason.code() == "symbol.undecodable", "{fault:?}: an honest source is blamed");
        }
        assert!(table.bytes() <= 60_000 && table.contexts() <= 8);
        assert!(nodes.iter().all(|node| table.bytes_of(node) <= 20_000));
        assert_eq!(table.bytes(), nodes.iter().map(|node| table.bytes_of(node)).sum::<usize>());
    }
    for sender in &senders {
        table.abandon(sender.object.id());
    }
    assert_eq!((table.contexts(), table.bytes(), table.poll_timeout()), (0, 0, None), "something is left over");
    let sender = &mut senders[0];
    let honest = &nodes[0];
    let restored = (0..u32::from(sender.encoder.block().k())).find_map(|esi| {
        let (context, data) = (sender.key(), sender.symbol(esi)?);
        match table.handle_symbol(now, &context, honest, esi, &data) {
            Ok(Step::Candidate(candidate)) => settle(&mut table, candidate),
            _ => None,
        }
    });
    assert_eq!(restored.as_ref(), Some(&sender.object), "an honest source is kept out");
}
