//! Objects of which nobody knows yet whether they belong to the zone (§8.4.1, D135–D137, D222).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::time::Timestamp;

use super::shelf::Shelf;
use super::{Admitted, Frontier, ObjectAdmissionClass, Reputation, SchemaChecked, Unreachable};

/// How much a node keeps in quarantine (§8.4.1). That a schema check comes before every promotion is no option (D135).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectAdmissionPolicy {
    /// Bytes in one zone: 256 MiB by default.
    pub max_quarantine_bytes_per_zone: u64,
    /// Objects in one zone, each counted for every peer that sent of it: 100,000 by default.
    pub max_quarantine_objects_per_zone: u32,
    /// Bytes of one peer in one zone: 64 MiB by default.
    pub max_quarantine_bytes_per_peer: u64,
    /// Objects of one peer in one zone: 25,000 by default.
    pub max_quarantine_objects_per_peer: u32,
    /// For how many seconds an object is kept: 3,600 by default.
    pub quarantine_ttl_secs: u64,
}

impl Default for ObjectAdmissionPolicy {
    fn default() -> Self {
        Self {
            max_quarantine_bytes_per_zone: 256 * 1024 * 1024,
            max_quarantine_objects_per_zone: 100_000,
            max_quarantine_bytes_per_peer: 64 * 1024 * 1024,
            max_quarantine_objects_per_peer: 25_000,
            quarantine_ttl_secs: 3_600,
        }
    }
}

/// What one peer sent of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// When the first of it came.
    pub received_at: Timestamp,
    /// How many bytes it is.
    pub bytes: u64,
}

/// Why something left the quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// Its time is over.
    Expired,
    /// Its peer has too much there.
    PeerQuota,
    /// The zone has too much there.
    ZoneQuota,
    /// The object was admitted.
    Promoted,
    /// The caller wants it no more.
    Forgotten,
}

/// What one peer sent of an object, and is in quarantine no more. Where it was not promoted, its bytes are to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departed {
    /// The zone.
    pub zone: ZoneId,
    /// The object.
    pub object: ObjectId,
    /// The peer.
    pub peer: NodeId,
    /// What it was.
    pub held: Held,
    /// Why.
    pub why: Departure,
}

/// More than a peer or a zone may have there at all. Nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than the quarantine takes of one peer")]
pub struct OverQuota;

impl OverQuota {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::AdmissionQuarantineQuota
    }
}

/// The books about what is in quarantine; the bytes are the caller's (§8.4.1).
///
/// What one peer sent of an object stands for itself: it counts against that peer, and it goes in its own turn, so that
/// nobody can have thrown out what others sent. When a quota is reached, what goes first is what was received first, then
/// whose peer has the lower reputation, then the larger, then the smaller object id (D137).
///
/// Every operation takes time in proportion to the logarithm of what is there, and for each peer whose oldest object came
/// in the same second as the oldest of all once more. An object of a peer takes less than 200 bytes here: 20 MB for a zone
/// of 100,000. The zones are those that the caller names; empty ones take nothing.
///
/// Objects in quarantine may be served to whoever asks for them, and stay there.
///
/// ```
/// use fcp_core::id::{NodeId, ObjectId, ZoneId};
/// use fcp_core::time::Timestamp;
/// use fcp_symbols::admission::{Departure, ObjectAdmissionPolicy, Quarantine, Reputation};
///
/// let policy = ObjectAdmissionPolicy { max_quarantine_bytes_per_peer: 2000, ..ObjectAdmissionPolicy::default() };
/// let mut quarantine = Quarantine::new(policy);
/// let (zone, peer) = (ZoneId::work(), NodeId::new("nPhone")?);
/// let now = Timestamp::from_secs(1_700_000_000);
/// let unknown = |_: &NodeId| Reputation::default();           // or what `Admission::reputation` says
///
/// let (first, second) = (ObjectId::from_bytes([1; 32]), ObjectId::from_bytes([2; 32]));
/// assert!(quarantine.add(now, &zone, &peer, first, 1500, unknown)?.is_empty());
/// let departed = quarantine.add(now.saturating_add(1), &zone, &peer, second, 1500, unknown)?;
/// assert_eq!((departed[0].object, departed[0].why), (first, Departure::PeerQuota));
/// assert_eq!(quarantine.poll_timeout(), Some(now.saturating_add(3601)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Quarantine {
    policy: ObjectAdmissionPolicy,
    zones: BTreeMap<ZoneId, Shelf>,
}

impl Quarantine {
    /// Nothing is in quarantine.
    #[must_use]
    pub const fn new(policy: ObjectAdmissionPolicy) -> Self {
        Self { policy, zones: BTreeMap::new() }
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &ObjectAdmissionPolicy {
        &self.policy
    }

    /// Takes `bytes` more of an object that `peer` sent, and gives what had to go for them: first of the peer's own, then of
    /// the zone's. What was there of the same object may be among it.
    ///
    /// # Errors
    /// [`OverQuota`] if what the peer sent of this object would be above a quota by itself.
    pub fn add(
        &mut self,
        now: Timestamp,
        zone: &ZoneId,
        peer: &NodeId,
        object: ObjectId,
        bytes: u64,
        reputation: impl Fn(&NodeId) -> Reputation,
    ) -> Result<Vec<Departed>, OverQuota> {
        let policy = &self.policy;
        let before = self.zones.get(zone).and_then(|shelf| shelf.get(peer, object)).map_or(0, |held| held.bytes);
        let max_bytes = policy.max_quarantine_bytes_per_peer.min(policy.max_quarantine_bytes_per_zone);
        let max_objects = policy.max_quarantine_objects_per_peer.min(policy.max_quarantine_objects_per_zone);
        if before.saturating_add(bytes) > max_bytes || max_objects == 0 {
            return Err(OverQuota);
        }
        let shelf = self.zones.entry(zone.clone()).or_default();
        let mut departed = Vec::new();
        let depart = |why| {
            move |(peer, object, held): (NodeId, ObjectId, Held)| Departed {
                zone: zone.clone(),
                object,
                peer,
                held,
                why,
            }
        };
        loop {
            let one = u32::from(shelf.get(peer, object).is_none());
            let (peer_bytes, peer_objects) = shelf.of_peer(peer);
            if peer_bytes.saturating_add(bytes) <= policy.max_quarantine_bytes_per_peer
                && peer_objects.saturating_add(one) <= policy.max_quarantine_objects_per_peer
            {
                break;
            }
            let Some(first) = shelf.first_of(peer) else { break };
            departed.extend(shelf.remove(peer, first).map(depart(Departure::PeerQuota)));
        }
        loop {
            let one = u32::from(shelf.get(peer, object).is_none());
            if shelf.bytes().saturating_add(bytes) <= policy.max_quarantine_bytes_per_zone
                && shelf.objects().saturating_add(one) <= policy.max_quarantine_objects_per_zone
            {
                break;
            }
            let Some((owner, first)) = shelf.first(&reputation) else { break };
            departed.extend(shelf.remove(&owner, first).map(depart(Departure::ZoneQuota)));
        }
        shelf.add(now, peer, object, bytes);
        Ok(departed)
    }

    /// Takes out what has been there for too long.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Departed> {
        let mut departed = Vec::new();
        for (zone, shelf) in &mut self.zones {
            while shelf.oldest().is_some_and(|oldest| oldest.saturating_add(self.policy.quarantine_ttl_secs) <= now) {
                let Some((peer, object)) = shelf.first(&|_: &NodeId| Reputation::default()) else { break };
                departed.extend(shelf.remove(&peer, object).map(|(peer, object, held)| Departed {
                    zone: zone.clone(),
                    object,
                    peer,
                    held,
                    why: Departure::Expired,
                }));
            }
        }
        self.zones.retain(|_, shelf| shelf.objects() > 0);
        departed
    }

    /// When to call [`expire`](Self::expire) next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let oldest = self.zones.values().filter_map(Shelf::oldest).min()?;
        Some(oldest.saturating_add(self.policy.quarantine_ttl_secs))
    }

    /// Admits an object that belongs to its zone, and gives what peers had sent of it: a good deed of each, if it was right.
    ///
    /// # Errors
    /// [`Unreachable`]; nothing changed.
    pub fn promote(
        &mut self,
        object: &SchemaChecked,
        frontier: &impl Frontier,
    ) -> Result<(Admitted, Vec<Departed>), Unreachable> {
        let admitted = Admitted::new(object, frontier)?;
        let departed = self.take(admitted.zone(), admitted.id(), Departure::Promoted);
        Ok((admitted, departed))
    }

    /// Takes out everything of an object that nobody wants any more.
    pub fn forget(&mut self, zone: &ZoneId, object: ObjectId) -> Vec<Departed> {
        self.take(zone, object, Departure::Forgotten)
    }

    /// Takes out everything that `peer` sent, as when it is a member no more.
    pub fn forget_peer(&mut self, peer: &NodeId) -> Vec<Departed> {
        let mut departed = Vec::new();
        for (zone, shelf) in &mut self.zones {
            while let Some(object) = shelf.first_of(peer) {
                departed.extend(shelf.remove(peer, object).map(|(peer, object, held)| Departed {
                    zone: zone.clone(),
                    object,
                    peer,
                    held,
                    why: Departure::Forgotten,
                }));
            }
        }
        self.zones.retain(|_, shelf| shelf.objects() > 0);
        departed
    }

    /// What is in quarantine of an object, peer by peer.
    pub fn of_object(&self, zone: &ZoneId, object: ObjectId) -> impl Iterator<Item = (&NodeId, Held)> {
        self.zones.get(zone).into_iter().flat_map(move |shelf| shelf.of_object(object))
    }

    /// The class of an object of which something is in quarantine.
    #[must_use]
    pub fn class_of(&self, zone: &ZoneId, object: ObjectId) -> Option<ObjectAdmissionClass> {
        self.of_object(zone, object).next().map(|_| ObjectAdmissionClass::Quarantined)
    }

    /// How many bytes and objects are in quarantine in a zone.
    #[must_use]
    pub fn of_zone(&self, zone: &ZoneId) -> (u64, u32) {
        self.zones.get(zone).map_or((0, 0), |shelf| (shelf.bytes(), shelf.objects()))
    }

    /// How many bytes and objects of a peer are in quarantine in a zone.
    #[must_use]
    pub fn of_peer(&self, zone: &ZoneId, peer: &NodeId) -> (u64, u32) {
        self.zones.get(zone).map_or((0, 0), |shelf| shelf.of_peer(peer))
    }

    fn take(&mut self, zone: &ZoneId, object: ObjectId, why: Departure) -> Vec<Departed> {
        let Some(shelf) = self.zones.get_mut(zone) else { return Vec::new() };
        let peers: Vec<NodeId> = shelf.of_object(object).map(|(peer, _)| peer.clone()).collect();
        let removed = peers.iter().filter_map(|peer| shelf.remove(peer, object));
        let departed =
            removed.map(|(peer, object, held)| Departed { zone: zone.clone(), object, peer, held, why }).collect();
        if shelf.objects() == 0 {
            self.zones.remove(zone);
        }
        departed
    }
}

#[cfg(test)]
mod tests;
