//! All contexts.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::StoredObject;
use fcp_core::time::Timestamp;

use super::budget::Budget;
use super::context::{Context, Source};
use super::limits::MAX_CONTEXTS_PER_OBJECT;
use super::means::{Bills, Means};
use super::step::Faults;
use super::{Candidate, Conflict, ContextKey, Fault, Progress, ReassemblyError, ReassemblyLimits, Spent, Step};
use crate::raptor::{DecodeBudget, PlanCache, SymbolError};

/// What a symbol costs beside its bytes.
const SYMBOL_OVERHEAD: usize = 128;

/// For how many values of K the coefficients are kept.
const MAX_PLANS: usize = 64;

/// The unfinished objects of a node (D61).
#[derive(Debug)]
pub struct Reassembly {
    limits: ReassemblyLimits,
    contexts: BTreeMap<ContextKey, Context>,
    /// When each context is looked at next; not before it could have timed out.
    deadlines: BTreeSet<(Timestamp, ContextKey)>,
    budget: Budget,
    faults: Faults,
    bills: Bills,
    plans: PlanCache,
    /// The number of the context that was begun last.
    serial: u64,
}

impl Reassembly {
    /// Nothing is being reassembled.
    #[must_use]
    pub fn new(limits: ReassemblyLimits) -> Self {
        Self {
            limits,
            contexts: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            budget: Budget::default(),
            faults: Faults::default(),
            bills: Bills::default(),
            plans: PlanCache::new(MAX_PLANS),
            serial: 0,
        }
    }

    /// Takes an opened symbol that `source` sent: the session's peer, or who signed the frame (D58).
    ///
    /// Ask the store first whether the object is there: what was completed is forgotten here.
    ///
    /// # Errors
    /// [`ReassemblyError`]: the symbol is not of its block, or there is no room for it.
    pub fn handle_symbol(
        &mut self,
        now: Timestamp,
        key: &ContextKey,
        source: &NodeId,
        esi: u32,
        data: &[u8],
    ) -> Result<Step, ReassemblyError> {
        self.handle_symbol_within(now, key, source, (esi, data), &mut DecodeBudget::new(u64::MAX))
    }

    /// As [`handle_symbol`](Self::handle_symbol), if what it makes decoding cost is within `budget`: what the source may still
    /// cost. The limits of this table hold as well.
    ///
    /// # Errors
    /// As above, and [`SymbolError::DecodeBudget`]: the symbol completes what the budget does not suffice to decode. It
    /// was not kept, and may be sent again later.
    pub fn handle_symbol_within(
        &mut self,
        now: Timestamp,
        key: &ContextKey,
        source: &NodeId,
        (esi, data): (u32, &[u8]),
        budget: &mut DecodeBudget,
    ) -> Result<Step, ReassemblyError> {
        if !key.block.has(esi, key.coding) {
            return Err(SymbolError::Esi.into());
        }
        if data.len() != key.block.symbol_size().as_usize() {
            return Err(SymbolError::WrongLength.into());
        }
        if key.block.source_len() > self.limits.max_object_len || key.block.k() > self.limits.max_source_symbols {
            return Err(ReassemblyError::ObjectTooLarge);
        }
        let cost = data.len().saturating_add(SYMBOL_OVERHEAD);
        let held = self.contexts.get(key);
        let index = held.and_then(|context| context.position(source));
        if let (Some(context), Some(index)) = (held, index)
            && context.has_refused(index)
        {
            return Err(ReassemblyError::SourceRefused);
        }
        if held.is_none_or(|context| context.is_new(index, esi)) {
            self.budget.check_bytes(source, cost, &self.limits)?;
        }
        if held.is_none() {
            self.begin(now, key, source)?;
        }
        let Some(context) = self.contexts.get_mut(key) else { return Err(ReassemblyError::Budget) };
        let index = match index {
            Some(index) => index,
            None if context.sources.len() >= self.limits.max_sources_per_context => {
                return Err(ReassemblyError::Budget);
            }
            None => {
                context.sources.push(Source::new(source.clone()));
                context.sources.len().saturating_sub(1)
            }
        };
        let before = budget.spent();
        let mut within = budget.within(self.limits.max_decode_work, self.limits.max_decode_bytes);
        let mut means = Means { plans: &mut self.plans, budget: &mut within, faults: &mut self.faults };
        let step = context.receive(index, (esi, data), cost, &mut means);
        budget.absorb(&within);
        if !matches!(step, Ok(Step::Ignored) | Err(SymbolError::DecodeBudget)) {
            context.last_progress = context.last_progress.max(now);
        }
        // Receiving it is its sender's; what it completes is everybody's who gave something.
        let spent = budget.spent().saturating_sub(before);
        let received = spent.min(DecodeBudget::receiving(key.block));
        self.bills.add(source, received);
        if spent > received {
            self.bills.share(spent.saturating_sub(received), context.shares(), Some(source));
        }
        charge(&mut self.budget, context);
        Ok(step?)
    }

    /// Says what became of a candidate: `object` if the bytes are the object that they were to be, nothing if not.
    ///
    /// If they are, the object's contexts are forgotten, in whatever shape. If not, or for an object of another id,
    /// its sources are tried one by one: the outcome is the next candidate, if there is one.
    #[must_use = "the next candidate must be settled, too"]
    pub fn settle(&mut self, candidate: Candidate, object: Option<&StoredObject>) -> Option<Candidate> {
        let Candidate { key, serial, route, .. } = candidate;
        let context = self.contexts.get_mut(&key).filter(|context| context.serial == serial);
        let mut budget = DecodeBudget::new(self.limits.max_decode_work).with_memory(self.limits.max_decode_bytes);
        let mut means = Means { plans: &mut self.plans, budget: &mut budget, faults: &mut self.faults };
        let Some(object) = object.filter(|object| object.id() == key.object_id) else {
            let context = context?;
            let next = context.refuse(route, &mut means);
            self.bills.share(budget.spent(), context.shares(), None);
            charge(&mut self.budget, context);
            return next;
        };
        if let Some(context) = context {
            context.accept(object.canonical_bytes(), &mut means);
            self.bills.share(budget.spent(), context.shares(), None);
        }
        self.abandon(key.object_id);
        None
    }

    /// Forgets an object in all shapes: because it arrived in another way, or nobody wants it any more.
    pub fn abandon(&mut self, object_id: ObjectId) {
        let keys: Vec<ContextKey> = self.shapes(object_id).map(|(key, _)| *key).collect();
        for key in keys {
            self.end(&key);
        }
    }

    /// The next source that is known to have sent wrong symbols. Drain it after every call.
    pub fn poll_fault(&mut self) -> Option<Fault> {
        self.faults.pop()
    }

    /// The next two sources that disagree about a symbol. Each pair of symbols is told once, at most sixteen an object's shape.
    pub fn poll_conflict(&mut self) -> Option<Conflict> {
        self.faults.pop_conflict()
    }

    /// What decoding took for the next source since it was asked for last: to be charged to its budget (§8.4).
    ///
    /// The work on an object is shared by its sources in proportion to the symbols that they gave, so that who completes it
    /// does not pay for all.
    pub fn poll_spent(&mut self) -> Option<Spent> {
        self.bills.pop().map(|(source, work)| Spent { source, work })
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Gives up the contexts that nothing new came for in time, and returns whose they were.
    pub fn handle_timeout(&mut self, now: Timestamp) -> Vec<ContextKey> {
        let mut given_up = Vec::new();
        while let Some((deadline, key)) = self.deadlines.first().copied()
            && deadline <= now
        {
            self.deadlines.remove(&(deadline, key));
            let Some(context) = self.contexts.get_mut(&key) else { continue };
            let timeout = context.last_progress.saturating_add(u64::from(self.limits.timeout_secs));
            if timeout > now {
                context.deadline = timeout;
                self.deadlines.insert((timeout, key));
            } else {
                self.end(&key);
                given_up.push(key);
            }
        }
        given_up
    }

    /// How far a context is.
    #[must_use]
    pub fn progress(&self, key: &ContextKey) -> Option<Progress> {
        self.contexts.get(key).map(Context::progress)
    }

    /// The first source symbols that a context misses, at most `limit`: the hint of a `DecodeStatus` (§4.4, D71).
    #[must_use]
    pub fn missing(&self, key: &ContextKey, limit: usize) -> Vec<u32> {
        self.contexts.get(key).map(|context| context.missing(limit)).unwrap_or_default()
    }

    /// How many contexts there are.
    #[must_use]
    pub fn contexts(&self) -> usize {
        self.contexts.len()
    }

    /// What all symbols cost, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.budget.bytes()
    }

    /// What the symbols of one source cost, in bytes.
    #[must_use]
    pub fn bytes_of(&self, source: &NodeId) -> usize {
        self.budget.bytes_of(source)
    }

    /// The contexts of an object.
    fn shapes(&self, object_id: ObjectId) -> impl Iterator<Item = (&ContextKey, &Context)> {
        self.contexts.range(ContextKey::first_of(object_id)..).take_while(move |(key, _)| key.object_id == object_id)
    }

    /// Begins a context, in the place of another one of the object if need be.
    ///
    /// A source has one shape of an object at a time: its former one goes, unless others support it. The fifth shape
    /// takes the place of the one with the fewest sources and symbols, unless several sources support that.
    fn begin(&mut self, now: Timestamp, key: &ContextKey, source: &NodeId) -> Result<(), ReassemblyError> {
        let shapes: Vec<_> = self.shapes(key.object_id).collect();
        let own = shapes.iter().find(|(_, context)| context.founder == *source);
        if own.is_none() {
            self.budget.check_contexts(source, &self.limits)?;
        }
        let weakest = || {
            let weight = |context: &Context| (context.supporters(), context.progress().received, context.last_progress);
            shapes.iter().min_by_key(|(_, context)| weight(context))
        };
        let full = shapes.len() >= MAX_CONTEXTS_PER_OBJECT;
        let replaced = own.or_else(|| weakest().filter(|_| full)).map(|(key, context)| (**key, context.supporters()));
        match replaced {
            Some((_, supporters)) if supporters > 1 => return Err(ReassemblyError::Contexts),
            Some((former, _)) => self.end(&former),
            None if self.contexts.len() >= self.limits.max_contexts => return Err(ReassemblyError::Budget),
            None => {}
        }
        self.serial = self.serial.wrapping_add(1);
        let deadline = now.saturating_add(u64::from(self.limits.timeout_secs));
        self.budget.begin_context(source);
        self.deadlines.insert((deadline, *key));
        self.contexts.insert(*key, Context::new(*key, self.serial, source.clone(), now, deadline));
        Ok(())
    }

    fn end(&mut self, key: &ContextKey) {
        let Some(context) = self.contexts.remove(key) else { return };
        self.deadlines.remove(&(context.deadline, *key));
        self.budget.end_context(&context.founder);
        for source in &context.sources {
            self.budget.change_bytes(&source.node, source.charged, 0);
        }
    }
}

/// Brings the budget up to date with what a context holds.
fn charge(budget: &mut Budget, context: &mut Context) {
    for source in &mut context.sources {
        budget.change_bytes(&source.node, source.charged, source.bytes);
        source.charged = source.bytes;
    }
}
