//! One shape of one object.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::NodeId;
use fcp_core::time::Timestamp;

use super::ContextKey;
use super::means::Means;
use super::step::{Candidate, Conflict, Fault, Progress, Route, Step};
use crate::raptor::{Decoder, Encoder, Received, SymbolError};

/// How many contradictions between sources a context remembers.
const MAX_CONFLICTS: usize = 16;

/// The symbols of one (object, K, T, coding).
#[derive(Debug)]
pub(super) struct Context {
    key: ContextKey,
    /// Its number, which no other context has.
    pub(super) serial: u64,
    /// Who sent the first symbol.
    pub(super) founder: NodeId,
    pub(super) last_progress: Timestamp,
    /// The context's entry among the table's deadlines.
    pub(super) deadline: Timestamp,
    pub(super) sources: Vec<Source>,
    stage: Stage,
    /// A candidate is being checked.
    awaiting: bool,
}

/// A source of a context; others know it by its index.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) node: NodeId,
    /// What is held of it here.
    pub(super) bytes: usize,
    /// What of that is in the budget.
    pub(super) charged: usize,
    refused: bool,
}

impl Source {
    pub(super) const fn new(node: NodeId) -> Self {
        Self { node, bytes: 0, charged: 0, refused: false }
    }
}

#[derive(Debug)]
enum Stage {
    /// All sources are believed, and decoded together.
    Together(Together),
    /// Somebody sent wrong symbols: each source on its own.
    Apart(BTreeMap<usize, Part>),
}

#[derive(Debug)]
struct Together {
    decoder: Decoder,
    /// Which source gave each symbol.
    givers: BTreeMap<u32, usize>,
    /// Which source contradicted a symbol that was kept.
    conflicts: Vec<(u32, usize)>,
}

#[derive(Debug)]
struct Part {
    decoder: Decoder,
    /// Symbols from before the parting that the decoder has not seen yet.
    waiting: Vec<(u32, Box<[u8]>)>,
}

/// Who gave a symbol that another source contradicts.
#[derive(Debug, Clone, Copy)]
enum Giver {
    /// It was reported before, or too much was.
    Noted,
    /// The source with this index.
    New(usize),
}

/// Reports that two sources disagree.
fn report(key: &ContextKey, sources: &[Source], esi: u32, (giver, second): (Giver, usize), means: &mut Means<'_>) {
    let Giver::New(first) = giver else { return };
    if let (Some(first), Some(second)) = (sources.get(first), sources.get(second)) {
        let sources = [first.node.clone(), second.node.clone()];
        means.faults.push_conflict(Conflict { sources, object_id: key.object_id, esi });
    }
}

impl Context {
    pub(super) const fn new(
        key: ContextKey,
        serial: u64,
        founder: NodeId,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Self {
        let stage = Stage::Together(Together::new(key));
        Self { key, serial, founder, last_progress: now, deadline, sources: Vec::new(), stage, awaiting: false }
    }

    /// How many sources have symbols held.
    pub(super) fn supporters(&self) -> usize {
        self.sources.iter().filter(|source| source.bytes > 0).count()
    }

    /// What each source gave, until [`charged`](Source::charged) is brought up to date: whoever was just refused gave
    /// something, too.
    pub(super) fn shares(&self) -> impl Iterator<Item = (&NodeId, usize)> + Clone {
        self.sources.iter().map(|source| (&source.node, source.bytes.max(source.charged)))
    }

    /// The index of `node`, if it is a source already.
    pub(super) fn position(&self, node: &NodeId) -> Option<usize> {
        self.sources.iter().position(|source| source.node == *node)
    }

    /// Whether the source sent wrong symbols here.
    pub(super) fn has_refused(&self, index: usize) -> bool {
        self.sources.get(index).is_some_and(|source| source.refused)
    }

    /// Whether a symbol of a source would be new.
    pub(super) fn is_new(&self, index: Option<usize>, esi: u32) -> bool {
        let decoder = match &self.stage {
            _ if self.awaiting => return false,
            Stage::Together(together) => Some(&together.decoder),
            Stage::Apart(parts) => index.and_then(|index| parts.get(&index)).map(|part| &part.decoder),
        };
        decoder.is_none_or(|decoder| decoder.symbol(esi).is_none())
    }

    /// How far it is; how far the best source is, if they are apart.
    pub(super) fn progress(&self) -> Progress {
        let received = self.best().map_or(0, Decoder::received);
        Progress { received: u32::try_from(received).unwrap_or(u32::MAX), required: self.key.block.required() }
    }

    /// The first `limit` source symbols that are missing; to the best source, if they are apart.
    pub(super) fn missing(&self, limit: usize) -> Vec<u32> {
        match self.best() {
            Some(decoder) => decoder.missing_sources().take(limit).collect(),
            None => (0..u32::from(self.key.block.k())).take(limit).collect(),
        }
    }

    fn best(&self) -> Option<&Decoder> {
        match &self.stage {
            Stage::Together(together) => Some(&together.decoder),
            Stage::Apart(parts) => parts.values().map(|part| &part.decoder).max_by_key(|decoder| decoder.received()),
        }
    }

    /// Takes a symbol of the source `index`, which costs `cost` if it is kept.
    pub(super) fn receive(
        &mut self,
        index: usize,
        (esi, data): (u32, &[u8]),
        cost: usize,
        means: &mut Means<'_>,
    ) -> Result<Step, SymbolError> {
        if self.awaiting {
            return Ok(Step::Ignored);
        }
        let (received, route) = match &mut self.stage {
            Stage::Together(together) => {
                let received = together.receive(index, esi, data, means);
                if let Some(giver) = together.contradicted(index, esi, &received) {
                    report(&self.key, &self.sources, esi, (giver, index), means);
                    return Ok(Step::Ignored);
                }
                (received, Route::Together)
            }
            Stage::Apart(parts) => {
                let part = parts.entry(index).or_insert_with(|| Part::new(self.key));
                (part.receive(esi, data, means), Route::Alone(index))
            }
        };
        match received {
            Ok(Received::Ignored) => Ok(Step::Ignored),
            Ok(Received::New) => {
                self.keep(index, cost);
                Ok(Step::Waiting(self.progress()))
            }
            Ok(Received::Complete(bytes)) => {
                self.keep(index, cost);
                Ok(Step::Candidate(self.propose(route, bytes)))
            }
            // One source, one id, two symbols: it lies, whichever is right.
            Err(SymbolError::Conflict) => {
                let next = self.expel(index, means);
                next.map(Step::Candidate).ok_or(SymbolError::Conflict)
            }
            Err(error @ (SymbolError::Undecodable | SymbolError::Length | SymbolError::Padding)) => {
                self.keep(index, cost);
                let next = self.fail(route, error.reason(), means);
                Ok(next.map_or_else(|| Step::Waiting(self.progress()), Step::Candidate))
            }
            Err(error) => Err(error),
        }
    }

    /// A candidate was not the object: gives the next one, if sources alone make one.
    pub(super) fn refuse(&mut self, route: Route, means: &mut Means<'_>) -> Option<Candidate> {
        self.awaiting = false;
        self.fail(route, Reason::ObjectIdMismatch, means)
    }

    /// A candidate was the object: whoever sent symbols that are not the object's is at fault.
    ///
    /// Costs an encoding, and only where sources disagreed.
    pub(super) fn accept(&mut self, bytes: &[u8], means: &mut Means<'_>) {
        if matches!(&self.stage, Stage::Together(together) if together.conflicts.is_empty()) {
            return;
        }
        let size = self.key.block.symbol_size();
        let Ok(mut encoder) = Encoder::over(bytes, size, self.key.coding) else { return };
        let mut right = vec![0; size.as_usize()];
        let mut is_right = |esi, data: &[u8]| {
            means.budget.spend_checking(encoder.block());
            encoder.write_symbol(esi, means.plans, &mut right).is_err() || right == data
        };
        let liars: BTreeSet<usize> = match &self.stage {
            // What was kept is right, and who contradicted it wrong, or the other way round.
            Stage::Together(Together { decoder, givers, conflicts }) => conflicts
                .iter()
                .filter_map(|(esi, accuser)| {
                    let kept = decoder.symbol(*esi)?;
                    if is_right(*esi, kept) { Some(*accuser) } else { givers.get(esi).copied() }
                })
                .collect(),
            Stage::Apart(parts) => parts
                .iter()
                .filter(|(_, part)| part.symbols().any(|(esi, data)| !is_right(esi, data)))
                .map(|(index, _)| *index)
                .collect(),
        };
        for index in liars {
            self.blame(index, Reason::SymbolConflict, means);
        }
    }

    fn keep(&mut self, index: usize, cost: usize) {
        if let Some(source) = self.sources.get_mut(index) {
            source.bytes = source.bytes.saturating_add(cost);
        }
    }

    fn propose(&mut self, route: Route, bytes: Vec<u8>) -> Candidate {
        self.awaiting = true;
        Candidate { key: self.key, serial: self.serial, route, bytes }
    }

    /// Believes nothing of a source any more.
    fn blame(&mut self, index: usize, reason: Reason, means: &mut Means<'_>) {
        if let Stage::Apart(parts) = &mut self.stage {
            parts.remove(&index);
        }
        if let Some(source) = self.sources.get_mut(index) {
            source.refused = true;
            source.bytes = 0;
            means.faults.push(Fault { source: source.node.clone(), object_id: self.key.object_id, reason });
        }
    }

    /// The symbols of `route` do not make the object.
    fn fail(&mut self, route: Route, reason: Reason, means: &mut Means<'_>) -> Option<Candidate> {
        match (&mut self.stage, route) {
            (Stage::Together(together), _) => {
                let givers: BTreeSet<usize> = together.givers.values().copied().collect();
                self.stage = Stage::Apart(core::mem::replace(together, Together::new(self.key)).part(self.key));
                if let (1, Some(only)) = (givers.len(), givers.first()) {
                    self.blame(*only, reason, means);
                }
            }
            (Stage::Apart(_), Route::Alone(index)) => self.blame(index, reason, means),
            (Stage::Apart(_), Route::Together) => {}
        }
        self.next_alone(means)
    }

    /// Tries sources on their own, one after the other.
    fn next_alone(&mut self, means: &mut Means<'_>) -> Option<Candidate> {
        loop {
            let Stage::Apart(parts) = &mut self.stage else { return None };
            let outcome = parts.iter_mut().find_map(|(index, part)| Some((*index, part.catch_up(means)?)));
            match outcome? {
                (index, Ok(bytes)) => return Some(self.propose(Route::Alone(index), bytes)),
                (index, Err(error)) => self.blame(index, error.reason(), means),
            }
        }
    }

    /// A source contradicts itself: decodes what the others sent, without it.
    fn expel(&mut self, index: usize, means: &mut Means<'_>) -> Option<Candidate> {
        self.blame(index, Reason::SymbolConflict, means);
        let Stage::Together(together) = &mut self.stage else { return None };
        let mut rest = Together::new(self.key);
        let old = core::mem::replace(together, Together::new(self.key));
        let mut outcome = None;
        for (esi, data) in old.decoder.into_symbols() {
            match old.givers.get(&esi) {
                Some(giver) if *giver != index => match rest.receive(*giver, esi, &data, means) {
                    Ok(Received::Complete(bytes)) => outcome = Some(Ok(bytes)),
                    // What there is no budget for is as good as lost on the way.
                    Ok(_) | Err(SymbolError::DecodeBudget) => {}
                    Err(error) => outcome = Some(Err(error)),
                },
                _ => {}
            }
        }
        rest.conflicts = old.conflicts;
        rest.conflicts.retain(|(esi, accuser)| *accuser != index && rest.givers.contains_key(esi));
        self.stage = Stage::Together(rest);
        match outcome? {
            Ok(bytes) => Some(self.propose(Route::Together, bytes)),
            Err(error) => self.fail(Route::Together, error.reason(), means),
        }
    }
}

impl Together {
    const fn new(key: ContextKey) -> Self {
        Self { decoder: Decoder::new(key.block, key.coding), givers: BTreeMap::new(), conflicts: Vec::new() }
    }

    /// As the decoder does.
    fn receive(&mut self, index: usize, esi: u32, data: &[u8], means: &mut Means<'_>) -> Result<Received, SymbolError> {
        let received = self.decoder.receive(esi, data, means.plans, means.budget);
        if self.decoder.symbol(esi).is_some() {
            self.givers.entry(esi).or_insert(index);
        }
        received
    }

    /// Who gave the symbol that the source `index` contradicts, if another one did. The first stays, and both are noted.
    fn contradicted(&mut self, index: usize, esi: u32, received: &Result<Received, SymbolError>) -> Option<Giver> {
        let giver = *self.givers.get(&esi).filter(|giver| **giver != index)?;
        if *received != Err(SymbolError::Conflict) {
            return None;
        }
        let known = self.conflicts.contains(&(esi, index));
        if known || self.conflicts.len() >= MAX_CONFLICTS {
            return Some(Giver::Noted);
        }
        self.conflicts.push((esi, index));
        Some(Giver::New(giver))
    }

    /// The symbols by source.
    fn part(self, key: ContextKey) -> BTreeMap<usize, Part> {
        let mut parts = BTreeMap::new();
        for (esi, data) in self.decoder.into_symbols() {
            if let Some(giver) = self.givers.get(&esi) {
                parts.entry(*giver).or_insert_with(|| Part::new(key)).waiting.push((esi, data));
            }
        }
        parts
    }
}

impl Part {
    const fn new(key: ContextKey) -> Self {
        Self { decoder: Decoder::new(key.block, key.coding), waiting: Vec::new() }
    }

    /// Takes a symbol, after those that wait.
    fn receive(&mut self, esi: u32, data: &[u8], means: &mut Means<'_>) -> Result<Received, SymbolError> {
        match self.catch_up(means) {
            Some(outcome) => outcome.map(Received::Complete),
            None => self.decoder.receive(esi, data, means.plans, means.budget),
        }
    }

    /// Gives the decoder the symbols that wait, until it is done with them, finished, or out of budget.
    fn catch_up(&mut self, means: &mut Means<'_>) -> Option<Result<Vec<u8>, SymbolError>> {
        while let Some((esi, data)) = self.waiting.pop() {
            match self.decoder.receive(esi, &data, means.plans, means.budget) {
                Ok(Received::Complete(bytes)) => return Some(Ok(bytes)),
                Ok(Received::New | Received::Ignored) => {}
                Err(SymbolError::DecodeBudget) => {
                    self.waiting.push((esi, data));
                    return None;
                }
                Err(error) => return Some(Err(error)),
            }
        }
        None
    }

    fn symbols(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.decoder.symbols().chain(self.waiting.iter().map(|(esi, data)| (*esi, &**data)))
    }
}
