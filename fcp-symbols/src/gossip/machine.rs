//! The machine: all zones of a node, and all peers in them (§8.2, §8.4, D219).

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId};
use fcp_core::object::ControlPlaneObject;
use fcp_core::sign::{NodeSigningKey, NodeSigningPublicKey, Signature, Signed as _};
use fcp_core::time::{Millis, Timestamp};

use super::config::GossipConfig;
use super::message::{GossipList, GossipMessage, GossipRequest, GossipSummary, GossipTable, MAX_LISTED};
use super::peer::{Held, ITEMS_PER_UNIT, PeerGossipState, Scene};
use super::random::Random;
use super::{GossipError, GossipItem, GossipSet, HeldItems, Knowledge, MembershipFilter, Want};
use crate::admission::Admitted;
use crate::admission::window::Window;

/// What the machine wants done, or has found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this to a peer, inside a session.
    Send {
        /// The peer, a member of the message's zone.
        peer: NodeId,
        /// The message.
        message: GossipMessage,
    },
    /// A part of a peer's set differs from the own one. What is still missing is reported again in later rounds.
    Difference {
        /// The zone.
        zone: ZoneId,
        /// The peer.
        peer: NodeId,
        /// Which set.
        set: GossipSet,
        /// What the peer says it holds, and this node does not: to be fetched, if it is wanted.
        theirs: Vec<GossipItem>,
        /// What this node holds and the peer says it does not.
        ours: Vec<GossipItem>,
    },
    /// All of a peer's set was compared; everything that differs was reported.
    Reconciled {
        /// The zone.
        zone: ZoneId,
        /// The peer.
        peer: NodeId,
        /// Which set.
        set: GossipSet,
    },
}

/// A peer that holds an object, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GossipSource {
    /// The peer.
    pub peer: NodeId,
    /// [`Knowledge::Held`] or [`Knowledge::Likely`].
    pub knowledge: Knowledge,
}

#[derive(Debug)]
struct ZoneGossip {
    held: Held,
    members: BTreeMap<NodeId, PeerGossipState>,
    /// The last summary that was sent.
    last: Option<GossipSummary>,
    /// When the next one goes to everybody.
    next: Millis,
    /// Whether anything changed since.
    changed: bool,
    /// Who gets one at once.
    greeted: BTreeSet<NodeId>,
}

/// Work for a peer and with it, over all zones.
#[derive(Debug, Default)]
struct PeerWork {
    served: Window,
    reconciled: Window,
}

/// Gossip of a node about what it holds, zone by zone: which of its peers hold what, and what each lacks.
///
/// Objects and symbols come in by [`admitted`](Self::admitted) and nowhere else; nothing that a peer says changes what this node
/// says of itself. After every call, drain [`poll_output`](Self::poll_output); call
/// [`handle_timeout`](Self::handle_timeout) when the time of [`poll_timeout`](Self::poll_timeout) has come.
#[derive(Debug)]
pub struct MeshGossip {
    local: NodeId,
    config: GossipConfig,
    random: Random,
    zones: BTreeMap<ZoneId, ZoneGossip>,
    peers: BTreeMap<NodeId, PeerWork>,
    outputs: VecDeque<Output>,
}

impl MeshGossip {
    /// Takes part in no zone yet. The seed spreads the timers of different nodes.
    #[must_use]
    pub fn new(local: NodeId, config: GossipConfig, seed: u64) -> Self {
        let (zones, peers) = (BTreeMap::new(), BTreeMap::new());
        Self { local, config, random: Random::new(seed), zones, peers, outputs: VecDeque::new() }
    }

    /// Takes part in a zone, with the nodes that are members of it now and no others: they alone hear of the zone's ids, and
    /// they alone are listened to. What is known of members that stay is kept.
    pub fn set_members(&mut self, now: Millis, zone: &ZoneId, members: impl IntoIterator<Item = NodeId>) {
        let wait = self.random.below(self.config.change_interval_ms);
        let state = self.zones.entry(zone.clone()).or_insert_with(|| ZoneGossip {
            held: Held::new(),
            members: BTreeMap::new(),
            last: None,
            next: now.saturating_add(wait),
            changed: true,
            greeted: BTreeSet::new(),
        });
        let mut former = core::mem::take(&mut state.members);
        state.greeted.clear();
        for member in members {
            if member != self.local {
                let known = former.remove(&member);
                if known.is_none() {
                    state.greeted.insert(member.clone());
                }
                state.members.insert(member, known.unwrap_or_default());
            }
        }
        self.forget_strangers();
    }

    /// Takes part in a zone no more.
    pub fn leave(&mut self, zone: &ZoneId) {
        self.zones.remove(zone);
        self.forget_strangers();
    }

    fn forget_strangers(&mut self) {
        let zones = &self.zones;
        self.peers.retain(|peer, _| zones.values().any(|zone| zone.members.contains_key(peer)));
    }

    /// This node holds an object, or the symbol `esi` of it, that is *admitted*: reachable or pinned, and checked against its
    /// schema (§8.4.1, D135). What is in quarantine cannot come here, where it would be told to the whole zone.
    ///
    /// An object of which the node holds symbols only is an object and these symbols; one that it holds whole is the object
    /// alone (D218). Says whether the item is new; no coding has an ESI above 2^24 − 1 (D61).
    pub fn admitted(&mut self, now: Millis, object: &Admitted, esi: Option<u32>) -> bool {
        let id = object.id();
        let item = esi.map_or(Some(GossipItem::object(&id)), |esi| GossipItem::symbol(&id, esi));
        item.is_some_and(|item| self.insert(now, object.zone(), item))
    }

    fn insert(&mut self, now: Millis, zone: &ZoneId, item: GossipItem) -> bool {
        let Some(state) = self.zones.get_mut(zone) else { return false };
        let set = set_of(&item);
        if !state.held.of_mut(set).insert(item) {
            return false;
        }
        for member in state.members.values_mut() {
            member.view_mut(set).came(&item);
        }
        state.change(now, &self.config);
        true
    }

    /// This node holds an item no more. Says whether it did.
    pub fn evicted(&mut self, now: Millis, zone: &ZoneId, item: &GossipItem) -> bool {
        let Some(state) = self.zones.get_mut(zone) else { return false };
        let set = set_of(item);
        if !state.held.of_mut(set).remove(item) {
            return false;
        }
        for member in state.members.values_mut() {
            member.view_mut(set).went(item);
        }
        state.change(now, &self.config);
        true
    }

    /// A session with a peer was opened: it gets a summary of each zone that both are members of.
    pub fn greet(&mut self, peer: &NodeId) {
        for zone in self.zones.values_mut().filter(|zone| zone.members.contains_key(peer)) {
            zone.greeted.insert(peer.clone());
        }
    }

    /// Has what differs between a set and a peer's found out, beyond what summaries lead to by themselves: they lead to objects
    /// only, because nodes hold different symbols on purpose.
    ///
    /// # Errors
    /// [`GossipError::NotAMember`].
    pub fn reconcile(&mut self, zone: &ZoneId, peer: &NodeId, set: GossipSet) -> Result<(), GossipError> {
        let zone = self.zones.get_mut(zone).ok_or(GossipError::NotAMember)?;
        zone.members.get_mut(peer).ok_or(GossipError::NotAMember)?.want_difference(set);
        Ok(())
    }

    /// What to do next, or what was found out.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Millis> {
        let of_zone = |zone: &ZoneGossip| {
            let summary = if zone.greeted.is_empty() { zone.next } else { Millis::default() };
            let members = zone.members.values().filter_map(PeerGossipState::poll_timeout);
            let summary = Some(summary).filter(|_| !zone.members.is_empty());
            members.chain(summary).min()
        };
        self.zones.values().filter_map(of_zone).min()
    }

    /// Sends the summaries that are due, and asks on.
    pub fn handle_timeout(&mut self, now: Millis, key: &NodeSigningKey) {
        let Self { local, config, random, zones, peers, outputs } = self;
        for (zone_id, zone) in zones {
            let due = zone.next <= now;
            if due {
                let quarter = config.summary_interval_ms / 4;
                let wait = config.summary_interval_ms.saturating_sub(quarter);
                zone.next = now.saturating_add(wait.saturating_add(random.below(quarter.saturating_mul(2))));
            }
            let greeted = core::mem::take(&mut zone.greeted);
            if (due || !greeted.is_empty()) && !zone.members.is_empty() {
                let summary = zone.summary(now.timestamp(), local, zone_id, key);
                for (peer, state) in &mut zone.members {
                    let news = due && state.told != Some(summary.timestamp);
                    if news || greeted.contains(peer) {
                        state.told = Some(summary.timestamp);
                        outputs.push_back(Output::Send { peer: peer.clone(), message: summary.clone().into() });
                    }
                }
            }
            for (peer, state) in &mut zone.members {
                if state.poll_timeout().is_some_and(|at| at <= now) {
                    let reconciled = &mut peers.entry(peer.clone()).or_default().reconciled;
                    let held = &zone.held;
                    state.advance(&mut Scene { now, config, zone: zone_id, peer, held, random, reconciled, outputs });
                }
            }
        }
    }

    /// Takes in a message that came inside a session with `peer`, whose attested key is `key`.
    ///
    /// # Errors
    /// [`GossipError`]: nothing has changed but what the peer may cost. [`GossipError::Inconsistent`] and
    /// [`GossipError::Signature`] are the peer's fault, and [`GossipError::Object`] is.
    pub fn handle(
        &mut self,
        now: Millis,
        peer: &NodeId,
        key: &NodeSigningPublicKey,
        object: &ControlPlaneObject,
    ) -> Result<(), GossipError> {
        let Self { config, random, zones, peers, outputs, .. } = self;
        let zone_id = &object.header().zone_id;
        let ZoneGossip { held, members, .. } = zones.get_mut(zone_id).ok_or(GossipError::NotAMember)?;
        let state = members.get_mut(peer).ok_or(GossipError::NotAMember)?;
        let work = peers.entry(peer.clone()).or_default();
        if work.served.used(now) >= config.max_served_per_min {
            return Err(GossipError::Budget);
        }
        work.served.add(now, 1);
        let message = GossipMessage::read(object)?;
        match message {
            GossipMessage::Request(request) => {
                work.served.add(now, cost(&request, held.of(request.set)));
                let message = answer(held.of_mut(request.set), request, random)?;
                outputs.push_back(Output::Send { peer: peer.clone(), message });
                Ok(())
            }
            GossipMessage::Summary(summary) => {
                work.served.add(now, summary.iblt.size().into());
                verify(&summary, peer, key, now.timestamp(), state.heard, config)?;
                state.heard = Some(summary.timestamp);
                let own = [GossipSet::Objects, GossipSet::Symbols].map(|set| held.of_mut(set).digest());
                let reconciled = &mut work.reconciled;
                let mut scene = Scene { now, config, zone: zone_id, peer, held, random, reconciled, outputs };
                take_summary(state, &mut scene, &summary, own)
            }
            answer => {
                let reconciled = &mut work.reconciled;
                let mut scene = Scene { now, config, zone: zone_id, peer, held, random, reconciled, outputs };
                state.take_answer(&mut scene, answer)
            }
        }
    }

    /// The peers that hold an object, whole or in part: first those that are known to, then those that probably do.
    #[must_use]
    pub fn find_sources(&self, zone: &ZoneId, object_id: &ObjectId) -> Vec<GossipSource> {
        let Some(state) = self.zones.get(zone) else { return Vec::new() };
        let item = GossipItem::object(object_id);
        let mut sources: Vec<GossipSource> = state
            .members
            .iter()
            .map(|(peer, member)| (peer, member.objects.knows(&item, &state.held.objects)))
            .filter(|(_, knowledge)| matches!(knowledge, Knowledge::Held | Knowledge::Likely))
            .map(|(peer, knowledge)| GossipSource { peer: peer.clone(), knowledge })
            .collect();
        sources.sort_by_key(|source| source.knowledge);
        sources
    }

    /// Whether a peer holds an item, as far as it says.
    #[must_use]
    pub fn knowledge(&self, zone: &ZoneId, peer: &NodeId, item: &GossipItem) -> Knowledge {
        let set = set_of(item);
        let known = self.zones.get(zone).and_then(|zone| Some((zone, zone.members.get(peer)?)));
        known.map_or(Knowledge::Unknown, |(zone, member)| member.view(set).knows(item, zone.held.of(set)))
    }

    /// The items that a peer is known to hold and this node does not.
    pub fn missing<'g>(
        &'g self,
        zone: &ZoneId,
        peer: &NodeId,
        set: GossipSet,
    ) -> impl Iterator<Item = &'g GossipItem> + use<'g> {
        let known = self.zones.get(zone).and_then(|zone| Some((zone, zone.members.get(peer)?)));
        known.into_iter().flat_map(move |(zone, member)| {
            let held = zone.held.of(set);
            member.view(set).has().filter(move |item| !held.contains(item))
        })
    }

    /// What this node holds of a zone, for a set.
    #[must_use]
    pub fn held(&self, zone: &ZoneId, set: GossipSet) -> Option<&HeldItems> {
        self.zones.get(zone).map(|zone| zone.held.of(set))
    }

    /// Whether anything is being asked of a peer in a zone, or is going to be.
    #[must_use]
    pub fn is_reconciling(&self, zone: &ZoneId, peer: &NodeId) -> bool {
        let member = self.zones.get(zone).and_then(|zone| zone.members.get(peer));
        member.is_some_and(PeerGossipState::is_busy)
    }
}

impl ZoneGossip {
    /// Brings the next summary forward, as something changed.
    fn change(&mut self, now: Millis, config: &GossipConfig) {
        self.changed = true;
        let last = self.last.as_ref().map_or(now, |last| Millis::from(last.timestamp));
        let soon = last.saturating_add(config.change_interval_ms.max(1000)).max(now);
        self.next = self.next.min(soon.saturating_add(config.change_interval_ms / 4));
    }

    /// The summary of now; the last one again if it is of the same second and nothing changed.
    fn summary(&mut self, now: Timestamp, local: &NodeId, zone_id: &ZoneId, key: &NodeSigningKey) -> GossipSummary {
        if let Some(last) = self.last.as_ref().filter(|last| last.timestamp >= now && !self.changed) {
            return last.clone();
        }
        self.changed = false;
        let after = self.last.as_ref().map_or(Timestamp::default(), |last| last.timestamp.saturating_add(1));
        let timestamp = now.max(after);
        let summary = GossipSummary {
            from: local.clone(),
            zone_id: zone_id.clone(),
            epoch_id: EpochId::of(timestamp),
            object_filter_digest: self.held.objects.digest(),
            symbol_filter_digest: self.held.symbols.digest(),
            iblt: self.held.objects.summary_table().clone(),
            timestamp,
            signature: Signature::ABSENT,
        };
        let summary = summary.signed_by(key);
        self.last = Some(summary.clone());
        summary
    }
}

fn set_of(item: &GossipItem) -> GossipSet {
    if item.is_of(GossipSet::Objects) { GossipSet::Objects } else { GossipSet::Symbols }
}

/// Finds out that a summary is the peer's own, and news (D133).
fn verify(
    summary: &GossipSummary,
    peer: &NodeId,
    key: &NodeSigningPublicKey,
    now: Timestamp,
    heard: Option<Timestamp>,
    config: &GossipConfig,
) -> Result<(), GossipError> {
    if summary.from != *peer {
        return Err(GossipError::WrongSender);
    }
    let skew = summary.timestamp.since(now).max(now.since(summary.timestamp));
    if skew > config.time.max_skew_secs {
        return Err(GossipError::ClockSkew);
    }
    if heard.is_some_and(|heard| summary.timestamp <= heard) {
        return Err(GossipError::Stale);
    }
    Ok(summary.verify_signature(key)?)
}

/// Compares a verified summary with what this node holds.
fn take_summary(
    state: &mut PeerGossipState,
    scene: &mut Scene<'_>,
    summary: &GossipSummary,
    [objects, symbols]: [super::SetDigest; 2],
) -> Result<(), GossipError> {
    state.objects.digest = Some(summary.object_filter_digest);
    state.symbols.digest = Some(summary.symbol_filter_digest);
    if summary.symbol_filter_digest == symbols {
        state.in_sync(&scene.held.symbols);
    }
    if summary.object_filter_digest == objects {
        state.in_sync(&scene.held.objects);
    } else if !state.rests(scene.now) {
        state.take_summary_table(scene, &summary.iblt)?;
    }
    if summary.symbol_filter_digest != symbols && !state.rests(scene.now) {
        state.want_filters(scene, GossipSet::Symbols);
    }
    state.advance(scene);
    Ok(())
}

/// How many units of work a request is (D219).
fn cost(request: &GossipRequest, held: &HeldItems) -> u64 {
    match request.want {
        Want::Filter => held.count(request.range).into(),
        Want::List => {
            let count = held.count(request.range);
            let listed = usize::try_from(count).is_ok_and(|count| count <= MAX_LISTED);
            if listed { count.into() } else { u64::from(count) / ITEMS_PER_UNIT }
        }
        Want::Table(cells) => {
            let passed = u64::from(held.items_for_table(request.range, cells.get())) / ITEMS_PER_UNIT;
            passed.saturating_add(cells.get().into())
        }
    }
}

/// What a request is answered with.
fn answer(held: &mut HeldItems, request: GossipRequest, random: &mut Random) -> Result<GossipMessage, GossipError> {
    let GossipRequest { zone_id, set, range, want } = request;
    Ok(match want {
        Want::Filter => {
            let (n, digest) = (held.len(), held.digest());
            let filter = held.filter(range, random.next())?;
            MembershipFilter { zone_id, set, range, n, digest, filter }.into()
        }
        Want::List => GossipList::new(zone_id, set, range, held.count(range), held.range(range)).into(),
        Want::Table(cells) => {
            let iblt = held.table(range, cells.get()).map_err(|_| GossipError::Unasked)?;
            GossipTable { zone_id, set, range, n: held.count(range), iblt }.into()
        }
    })
}

#[cfg(test)]
mod tests;
