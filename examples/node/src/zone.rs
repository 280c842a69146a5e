//! What this node knows of a zone: its keys, what holds in it, and what has happened.

use fcp_core::id::{ZoneId, ZoneIdHash};
use fcp_core::object::{Message, ObjectHeader, Provenance};
use fcp_core::revoked::NothingRevoked;
use fcp_core::time::Timestamp;
use fcp_zones::keyring::ZoneKeyRing;
use fcp_zones::zone::Levels;

/// One zone.
pub(crate) struct Zone {
    id: ZoneId,
    hash: ZoneIdHash,
    levels: Levels,
    /// The zone's keys.
    pub(crate) keyring: ZoneKeyRing,
    pub(crate) objects: Vec<Vec<u8>>,
}

impl Zone {
    /// A zone of which nothing is known yet.
    pub(crate) fn new(id: ZoneId) -> Self {
        Self {
            hash: id.hash(),
            levels: Levels::new(0, 255),
            keyring: ZoneKeyRing::new(id.clone()),
            id,
            objects: Vec::new(),
        }
    }

    /// The zone's id.
    pub(crate) const fn id(&self) -> &ZoneId {
        &self.id
    }

    /// What frames call it.
    pub(crate) const fn hash(&self) -> ZoneIdHash {
        self.hash
    }

    /// Its levels, from its definition.
    pub(crate) const fn levels(&self) -> Levels {
        self.levels
    }

    pub(crate) const fn set_levels(&mut self, levels: Levels) {
        self.levels = levels;
    }

    /// What is revoked in it.
    pub(crate) const fn revoked(&self) -> NothingRevoked {
        NothingRevoked
    }

    /// The header of an object of this zone.
    pub(crate) fn header<T: Message>(&self, now: Timestamp) -> ObjectHeader {
        let Levels { integrity, confidentiality } = self.levels;
        ObjectHeader::for_type::<T>(Provenance::of_zone(self.id.clone(), integrity, confidentiality, now))
    }
}
