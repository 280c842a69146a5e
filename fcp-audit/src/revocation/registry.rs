//! What is revoked, asked before every use.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::revoked::Revoked;
use fcp_core::sign::Verified;
use fcp_core::time::{TimePolicy, Timestamp};

use super::RevocationObject;
use crate::chain::{self, EventLink, Subject, Tip, Walk};

/// All revocations that a node knows (§14.3).
///
/// Nothing is ever taken back: of several revocations of one id each counts in its own window, so a temporary one
/// cannot end a permanent one (D166). A revoked id costs 36 bytes and its share of a tree, however often it is asked
/// for; an id that is not revoked costs two look-ups.
#[derive(Debug, Clone, Default)]
pub struct RevocationRegistry {
    zones: BTreeMap<ZoneId, OfZone>,
}

#[derive(Debug, Clone, Default)]
struct OfZone {
    revocations: Vec<Revocation>,
    /// Where each installed revocation stands in the list.
    known: BTreeMap<ObjectId, u32>,
    /// Each revoked id with the place of a revocation that lists it.
    revoked: BTreeSet<(ObjectId, u32)>,
    /// The end of the agreed chain, as far as all of it and its revocations are held.
    tip: Option<Tip>,
}

#[derive(Debug, Clone, Copy)]
struct Revocation {
    id: ObjectId,
    effective_at: Timestamp,
    expires_at: Option<Timestamp>,
    chained: bool,
}

impl Revocation {
    /// Whether it counts at `at`, with clocks off by at most `skew`: the doubt is the revoked thing's (D166).
    fn counts(&self, at: Timestamp, skew: u64) -> bool {
        self.effective_at <= at.saturating_add(skew)
            && self.expires_at.is_none_or(|expires_at| at.saturating_sub(skew) < expires_at)
    }
}

/// Why an event does not continue the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Sequences and links do not lead from one end to the other.
    #[error("events do not form a chain")]
    Link,
    /// An event is not held.
    #[error("event {} is not held", .0.seq)]
    EventMissing(Tip),
    /// The revocation that the event chains is not installed.
    #[error("revocation is not held")]
    RevocationMissing(ObjectId),
}

impl ChainError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Link => Reason::RevocationBrokenLink,
            Self::EventMissing(_) => Reason::RevocationIncomplete,
            Self::RevocationMissing(_) => Reason::RevocationObjectMissing,
        }
    }
}

impl RevocationRegistry {
    /// A registry in which nothing is revoked.
    #[must_use]
    pub const fn new() -> Self {
        Self { zones: BTreeMap::new() }
    }

    /// Takes note of a revocation. It takes effect at once, chained or not (D166). False if it was known.
    pub fn install(&mut self, revocation: &Verified<RevocationObject>) -> bool {
        let zone = self.zones.entry(revocation.header.zone_id.clone()).or_default();
        let Ok(place) = u32::try_from(zone.revocations.len()) else { return false };
        if zone.known.contains_key(&revocation.id()) {
            return false;
        }
        zone.known.insert(revocation.id(), place);
        zone.revocations.push(Revocation {
            id: revocation.id(),
            effective_at: revocation.effective_at,
            expires_at: revocation.expires_at,
            chained: false,
        });
        zone.revoked.extend(revocation.revoked.iter().map(|id| (*id, place)));
        true
    }

    /// Takes all events up to the end of the chain that an accepted checkpoint names. `event` gives the place of
    /// the verified event of an id, as far as it is held; every event's revocation must be installed.
    ///
    /// Nothing changes unless all of it is there. A chain that no longer contains the old end, which only an owner's
    /// anchor can bring about (D201), is taken anew from its beginning; the revocations themselves stay.
    ///
    /// # Errors
    /// [`ChainError`] with what is missing or does not fit.
    pub fn advance_to(
        &mut self,
        zone: &ZoneId,
        tip: Option<Tip>,
        mut event: impl FnMut(&ObjectId) -> Option<EventLink>,
    ) -> Result<(), ChainError> {
        let mut behind = Vec::new();
        let mut walk_from = |earlier| {
            behind.clear();
            chain::walk(tip, earlier, &mut event, |event| behind.push(*event))
        };
        let mut start = self.tip(zone);
        let mut walked = walk_from(start);
        if walked == Walk::Diverges && start.is_some() {
            start = None;
            walked = walk_from(start);
        }
        match walked {
            Walk::Contains => {}
            Walk::Diverges => return Err(ChainError::Link),
            Walk::Missing(tip) => return Err(ChainError::EventMissing(tip)),
        }
        let zone = self.zones.entry(zone.clone()).or_default();
        let mut places = Vec::with_capacity(behind.len());
        for event in &behind {
            let Subject::Revocation(revocation) = event.subject() else { return Err(ChainError::Link) };
            let place = zone.known.get(&revocation).ok_or(ChainError::RevocationMissing(revocation))?;
            places.push(*place);
        }
        if start.is_none() {
            zone.revocations.iter_mut().for_each(|revocation| revocation.chained = false);
        }
        for place in places {
            if let Some(revocation) = usize::try_from(place).ok().and_then(|place| zone.revocations.get_mut(place)) {
                revocation.chained = true;
            }
        }
        zone.tip = tip;
        Ok(())
    }

    /// The end of the zone's chain, as far as all of it is held.
    #[must_use]
    pub fn tip(&self, zone: &ZoneId) -> Option<Tip> {
        self.zones.get(zone).and_then(|zone| zone.tip)
    }

    /// Whether every event 1..=`seq` of the zone's chain is held, each with its revocation (D162).
    #[must_use]
    pub fn is_complete(&self, zone: &ZoneId, seq: u64) -> bool {
        self.tip(zone).map_or(0, |tip| tip.seq) >= seq
    }

    /// Whether this revocation is installed.
    #[must_use]
    pub fn contains(&self, zone: &ZoneId, revocation: &ObjectId) -> bool {
        self.zones.get(zone).is_some_and(|zone| zone.known.contains_key(revocation))
    }

    /// The zone's revocations that no event of its chain names yet, in the order of their ids.
    pub fn unchained(&self, zone: &ZoneId) -> impl Iterator<Item = ObjectId> {
        let zone = self.zones.get(zone);
        zone.into_iter().flat_map(|zone| {
            let chained = |place: &u32| {
                usize::try_from(*place)
                    .ok()
                    .and_then(|place| zone.revocations.get(place))
                    .is_some_and(|own| own.chained)
            };
            zone.known.iter().filter(move |(_, place)| !chained(place)).map(|(id, _)| *id)
        })
    }

    /// The revocation that `id` is revoked by at `at` in `zone`, for evidence: one of the zone, or of `z:owner`.
    #[must_use]
    pub fn revoked_by(&self, id: &ObjectId, zone: &ZoneId, at: Timestamp) -> Option<ObjectId> {
        self.counting(id, zone, at, TimePolicy::DEFAULT_SKEW_SECS)
    }

    fn counting(&self, id: &ObjectId, zone: &ZoneId, at: Timestamp, skew: u64) -> Option<ObjectId> {
        let owner = ZoneId::owner();
        let zones = [Some(zone), (*zone != owner).then_some(&owner)];
        zones.into_iter().flatten().filter_map(|zone| self.zones.get(zone)).find_map(|zone| {
            zone.revoked
                .range((*id, 0)..=(*id, u32::MAX))
                .filter_map(|(_, place)| zone.revocations.get(usize::try_from(*place).ok()?))
                .find(|revocation| revocation.counts(at, skew))
                .map(|revocation| revocation.id)
        })
    }
}

impl Revoked for RevocationRegistry {
    fn is_revoked(&self, id: &ObjectId, zone: &ZoneId, at: Timestamp) -> bool {
        self.revoked_by(id, zone, at).is_some()
    }

    fn was_revoked(&self, id: &ObjectId, zone: &ZoneId, at: Timestamp) -> bool {
        self.counting(id, zone, at, 0).is_some()
    }
}
