//! One object that is put together: who is asked for what.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::time::Millis;

use super::super::PathKind;
use super::output::{Ask, Share, StatusReport, hint};
use super::pool::Pool;
use super::want::{Begin, Holds, Source, Want};
use crate::esi::EsiSet;
use crate::message::{EsiList, MAX_MISSING, MAX_RESPONSE_SYMBOLS, MAX_WANTED};
use crate::raptor::{Block, Coding, MAX_ESI};
use crate::reassembly::{ContextKey, Progress, Reassembly};

/// The longest pause between two rounds of questions, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 4_000;

/// One source of an object.
#[derive(Debug)]
pub(super) struct SourceState {
    path: PathKind,
    holds: Holds,
    pub(super) share: Share,
    /// It sent wrong symbols.
    pub(super) excluded: bool,
    /// Whether it was asked, or sent something: it is told when the object is there.
    pub(super) involved: bool,
    /// What it was asked for by number and has not sent.
    asked: EsiSet,
    /// Whether it asked back since, as the end of an answer does.
    answered: bool,
    /// When it wants to know how far this node is.
    pub(super) status_due: Option<Millis>,
    pub(super) status_at: Option<Millis>,
}

#[derive(Debug)]
pub(super) struct Gather {
    pub(super) zone_id: ZoneId,
    pub(super) pool: Pool,
    pub(super) sources: BTreeMap<NodeId, SourceState>,
    pub(super) progress_at: Millis,
    /// Where it stands among the receiver's deadlines.
    pub(super) indexed: Millis,
    object_id: ObjectId,
    block: Option<Block>,
    patience_ms: u64,
    ask_again_ms: u64,
    pub(super) ask_at: Millis,
    /// Rounds of questions since the last new symbol.
    rounds: u32,
    /// The next repair symbol that nobody was asked for.
    next_repair: u32,
    /// Whether somebody was asked for symbols by number in the last round.
    named: bool,
}

impl Gather {
    pub(super) fn new(want: Want, ask_again_ms: u64, max_sources: usize, now: Millis) -> Self {
        let ask_at = match want.begin {
            Begin::Ask => now,
            Begin::Listen => now.saturating_add(ask_again_ms),
        };
        let mut gather = Self {
            zone_id: want.zone_id,
            pool: Pool::default(),
            sources: BTreeMap::new(),
            progress_at: now,
            indexed: Millis::NEVER,
            object_id: want.object_id,
            block: want.block,
            patience_ms: want.patience_ms,
            ask_again_ms,
            ask_at,
            rounds: 0,
            next_repair: 0,
            named: false,
        };
        for source in want.sources {
            gather.add(source, max_sources);
        }
        gather
    }

    /// Adds a source, or what is known of one.
    pub(super) fn add(&mut self, source: Source, max_sources: usize) {
        let Source { peer, path, holds } = source;
        let is_full = self.sources.len() >= max_sources;
        match self.sources.get_mut(&peer) {
            Some(known) => (known.path, known.holds) = (path, holds),
            None if is_full => {}
            None => {
                self.sources.insert(
                    peer,
                    SourceState {
                        path,
                        holds,
                        share: Share::default(),
                        excluded: false,
                        involved: false,
                        asked: EsiSet::new(),
                        answered: false,
                        status_due: None,
                        status_at: None,
                    },
                );
            }
        }
    }

    /// Whether a source is no longer believed.
    pub(super) fn is_excluded(&self, source: &NodeId) -> bool {
        self.sources.get(source).is_some_and(|source| source.excluded)
    }

    /// A symbol of a source came; `is_new` if it was not there.
    pub(super) fn note(
        &mut self,
        now: Millis,
        giver: &NodeId,
        esi: u32,
        bytes: usize,
        is_new: bool,
        max_sources: usize,
    ) {
        if !self.sources.contains_key(giver) {
            self.add(Source { peer: giver.clone(), path: PathKind::Direct, holds: Holds::Unknown }, max_sources);
        }
        if is_new {
            self.progress_at = now;
            self.rounds = 0;
            self.ask_at = self.ask_at.max(now.saturating_add(self.ask_again_ms));
        }
        let Some(source) = self.sources.get_mut(giver) else { return };
        source.involved = true;
        source.asked.remove_esi(esi);
        let share = &mut source.share;
        if is_new {
            share.symbols = share.symbols.saturating_add(1);
            share.bytes = share.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        } else {
            share.repeated = share.repeated.saturating_add(1);
        }
    }

    /// The shape in which the most came, or that it is known to have.
    pub(super) fn key(&self) -> Option<ContextKey> {
        let known = self.block.map(|block| ContextKey { object_id: self.object_id, block, coding: Coding::RaptorQ });
        self.pool.best().or(known)
    }

    /// How far it is. What does not suffice is never said to.
    pub(super) fn progress(&self, reassembly: &Reassembly) -> Option<Progress> {
        let key = self.key()?;
        let none = Progress { received: 0, required: key.block.required() };
        let Progress { received, required } = reassembly.progress(&key).unwrap_or(none);
        Some(Progress { received, required: required.max(received.saturating_add(1)) })
    }

    /// How far it is, for one source: what that one was asked for and did not send, or else what is missing at all.
    pub(super) fn status(&self, peer: &NodeId, reassembly: &Reassembly) -> Option<StatusReport> {
        let Progress { received, required } = self.progress(reassembly)?;
        let asked = self.sources.get(peer).map(|source| &source.asked).filter(|asked| !asked.is_empty());
        let missing = match asked {
            Some(asked) => hint(asked.iter()),
            None => hint(self.missing(reassembly, MAX_MISSING).into_iter()),
        };
        let (object_id, zone_id) = (self.object_id, self.zone_id.clone());
        Some(StatusReport { peer: peer.clone(), object_id, zone_id, received, required, missing })
    }

    /// The first source symbols that are missing.
    fn missing(&self, reassembly: &Reassembly, limit: usize) -> Vec<u32> {
        let Some(key) = self.key() else { return Vec::new() };
        match reassembly.progress(&key) {
            Some(_) => reassembly.missing(&key, limit),
            None => (0..u32::from(key.block.k())).filter(|esi| !self.pool.has(&key, *esi)).take(limit).collect(),
        }
    }

    /// A round of questions: each source for its share, by its path and by what came of it before.
    ///
    /// Sources that are known to hold certain symbols are asked for different ones. Of the others it is only known how
    /// many they may send; from the second round on, each of them may send all that is missing.
    pub(super) fn ask(
        &mut self,
        now: Millis,
        reassembly: &Reassembly,
        quality_bps: impl Fn(&NodeId) -> u64,
    ) -> Vec<Ask> {
        let pause = self.ask_again_ms.saturating_mul(2_u64.saturating_pow(self.rounds.min(8))).min(LONGEST_PAUSE_MS);
        self.ask_at = now.saturating_add(pause.max(1));
        let round = self.rounds;
        self.rounds = round.saturating_add(1);
        let key = self.key();
        // Each round in vain asks for a quarter more, so that few symbols that are lost again and again hold up nothing.
        let need = self.progress(reassembly).map(|progress| progress.required.saturating_sub(progress.received));
        let need = need.map(|need| need.saturating_add(need.div_ceil(4).saturating_mul(round)));
        let missing: EsiSet = self.missing(reassembly, MAX_WANTED).into_iter().collect();
        let weights: Vec<(NodeId, u64)> = self
            .sources
            .iter()
            .filter(|(_, source)| !source.excluded)
            .map(|(peer, source)| {
                (peer.clone(), u64::from(source.path.weight()).saturating_mul(quality_bps(peer).max(500)))
            })
            .collect();
        let total: u64 = weights.iter().fold(0, |sum, (_, weight)| sum.saturating_add(*weight));
        let mut taken = EsiSet::new();
        let mut asks = Vec::new();
        let (mut named, mut covered) = (Vec::new(), 0_u32);
        let mut next_repair = self.next_repair.max(key.map_or(0, |key| u32::from(key.block.k())));
        if let (Some(key), Some(need)) = (key, need) {
            // Twice: what the first cannot give of its share, others can.
            for pass in 0..2 {
                for (peer, weight) in &weights {
                    let lacking = need.saturating_sub(covered);
                    let quota = if pass == 0 { share_of(need, *weight, total).min(lacking) } else { lacking };
                    let source = self.sources.get(peer);
                    let chosen = match source.map(|source| &source.holds) {
                        Some(Holds::Symbols(held)) => {
                            let mut open = held.difference(&taken);
                            open = open.iter().filter(|esi| !self.pool.has(&key, *esi)).take(MAX_WANTED).collect();
                            let mut chosen = open.intersection(&missing).lowest(quota);
                            let rest = open.difference(&chosen).lowest(quota.saturating_sub(chosen.count()));
                            chosen.extend(rest.runs().iter().cloned());
                            chosen
                        }
                        Some(Holds::Everything) => {
                            let mut chosen = missing.difference(&taken).lowest(quota);
                            while key.coding == Coding::RaptorQ && chosen.count() < quota && next_repair <= MAX_ESI {
                                chosen.insert_esi(next_repair);
                                next_repair = next_repair.saturating_add(1);
                            }
                            chosen
                        }
                        _ => continue,
                    };
                    covered = covered.saturating_add(chosen.count());
                    taken.extend(chosen.runs().iter().cloned());
                    named.push((peer.clone(), chosen));
                }
            }
        }
        self.next_repair = next_repair;
        self.named = covered > 0;
        let mut wanted: BTreeMap<NodeId, EsiSet> = BTreeMap::new();
        for (peer, chosen) in named {
            wanted.entry(peer).or_default().extend(chosen.runs().iter().cloned());
        }
        for (peer, weight) in weights {
            let status = self.status(&peer, reassembly).map(|mut status| {
                // A request says what is missing at all: that is its proof of need (D134).
                status.missing = hint(missing.iter());
                status
            });
            let chosen = wanted.remove(&peer).unwrap_or_default().lowest(MAX_RESPONSE_SYMBOLS);
            let Some(source) = self.sources.get_mut(&peer) else { continue };
            let (max_symbols, want) = match (&source.holds, need) {
                (Holds::Unknown, Some(need)) if covered < need => {
                    let lacking = need.saturating_sub(covered);
                    let share = share_of(lacking, weight, total);
                    let count = if round == 0 { share.saturating_add(share / 4) } else { lacking };
                    (count.clamp(1, MAX_RESPONSE_SYMBOLS), None)
                }
                // Nothing is known of the object: the answer will tell its shape.
                (_, None) => (MAX_RESPONSE_SYMBOLS, None),
                _ if chosen.is_empty() => continue,
                _ => (chosen.count(), EsiList::new(chosen.iter().collect()).ok()),
            };
            source.asked = if want.is_some() { chosen } else { EsiSet::new() };
            source.answered = false;
            source.involved = true;
            asks.push(Ask {
                peer,
                object_id: self.object_id,
                zone_id: self.zone_id.clone(),
                max_symbols,
                want,
                status,
            });
        }
        asks
    }

    /// A source asks how far this is. If all have answered that were asked by number, the next round begins soon.
    pub(super) fn note_prompt(&mut self, now: Millis, peer: &NodeId) {
        if let Some(source) = self.sources.get_mut(peer) {
            source.answered = true;
        }
        let over = |source: &SourceState| source.excluded || source.answered || source.asked.is_empty();
        if self.named && self.sources.values().all(over) {
            self.ask_at = self.ask_at.min(now.saturating_add(self.ask_again_ms / 4));
        }
    }

    /// Whether patience is at an end.
    pub(super) const fn is_hopeless(&self, now: Millis) -> bool {
        self.progress_at.saturating_add(self.patience_ms).as_millis() <= now.as_millis()
    }

    /// Whether there are sources, and none of them is believed.
    pub(super) fn is_betrayed(&self) -> bool {
        !self.sources.is_empty() && self.sources.values().all(|source| source.excluded)
    }

    /// When something is to be done.
    pub(super) fn deadline(&self) -> Millis {
        let patience = self.progress_at.saturating_add(self.patience_ms);
        let statuses = self.sources.values().filter_map(|source| source.status_due);
        statuses.fold(patience.min(self.ask_at), Millis::min)
    }

    /// Whether everything that was asked for by number has come, and more is needed.
    pub(super) fn is_starved(&self) -> bool {
        self.named && self.sources.values().all(|source| source.excluded || source.asked.is_empty())
    }
}

/// The part of `count` that falls to `weight` of `total`, rounded up.
fn share_of(count: u32, weight: u64, total: u64) -> u32 {
    let scaled = u128::from(count).saturating_mul(u128::from(weight));
    u32::try_from(scaled.div_ceil(u128::from(total.max(1)))).unwrap_or(u32::MAX)
}
