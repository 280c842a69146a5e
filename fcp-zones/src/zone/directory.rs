//! The zones that a node knows (D74, D75).

use alloc::collections::BTreeMap;

use fcp_core::error::Reason;
use fcp_core::id::{NodeTag, ZoneId};
use fcp_core::sign::Verified;

use super::{Levels, ZoneDefinitionObject};

/// The longest line of ancestors that is followed.
const MAX_ANCESTORS: usize = 32;

/// Why a zone has no valid definition here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneError {
    /// No definition is held.
    #[error("zone is not defined")]
    Unknown,
    /// An ancestor is not defined, or the line of ancestors does not end (D75).
    #[error("parent of the zone is not defined")]
    ParentMissing,
    /// A level is above the parent's (§5.1 rule 2).
    #[error("zone exceeds the levels of its parent")]
    ExceedsParent,
}

impl ZoneError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Unknown => Reason::ZoneUnknown,
            Self::ParentMissing => Reason::ZoneParentMissing,
            Self::ExceedsParent => Reason::ZoneExceedsParent,
        }
    }
}

/// Checks a definition against that of its parent (§5.1 rule 2, D75).
///
/// # Errors
/// [`ZoneError::ParentMissing`] if the definition names a parent and `parent` is not that zone;
/// [`ZoneError::ExceedsParent`] if a level is above the parent's.
fn check_parent(definition: &ZoneDefinitionObject, parent: Option<&ZoneDefinitionObject>) -> Result<(), ZoneError> {
    let Some(named) = &definition.parent else { return Ok(()) };
    let parent = parent.filter(|parent| parent.zone_id == *named).ok_or(ZoneError::ParentMissing)?;
    if definition.levels().within(parent.levels()) { Ok(()) } else { Err(ZoneError::ExceedsParent) }
}

/// The definitions that a node has pinned, one per zone.
///
/// A definition counts only while all its ancestors are held and the levels fall from each to the next; so the order
/// in which definitions arrive does not matter, and a parent that is lowered takes the children above it out of use.
#[derive(Debug, Clone, Default)]
pub struct ZoneDirectory {
    definitions: BTreeMap<ZoneId, Verified<ZoneDefinitionObject>>,
}

impl ZoneDirectory {
    /// A directory without any zone.
    #[must_use]
    pub const fn new() -> Self {
        Self { definitions: BTreeMap::new() }
    }

    /// Pins a definition: the one that the zone's accepted checkpoint names. Returns the one that it takes the place
    /// of.
    pub fn pin(&mut self, definition: Verified<ZoneDefinitionObject>) -> Option<Verified<ZoneDefinitionObject>> {
        self.definitions.insert(definition.zone_id.clone(), definition)
    }

    /// The valid definition of `zone`.
    ///
    /// # Errors
    /// [`ZoneError`]: what makes that the zone has none.
    pub fn get(&self, zone: &ZoneId) -> Result<&Verified<ZoneDefinitionObject>, ZoneError> {
        let found = self.definitions.get(zone).ok_or(ZoneError::Unknown)?;
        let mut definition = found;
        for _ in 0..MAX_ANCESTORS {
            let Some(parent) = &definition.parent else { return Ok(found) };
            let parent = self.definitions.get(parent).ok_or(ZoneError::ParentMissing)?;
            check_parent(definition, Some(parent))?;
            definition = parent;
        }
        Err(ZoneError::ParentMissing)
    }

    /// The levels of a zone that data comes from: those of its valid definition, or [`Levels::UNKNOWN`] (D74).
    ///
    /// For a zone that data goes to, or that an operation runs in, use [`get`](Self::get): what nobody defined has the
    /// least trust and the most secrecy, and so would take anything.
    #[must_use]
    pub fn levels(&self, zone: &ZoneId) -> Levels {
        self.get(zone).map_or(Levels::UNKNOWN, |definition| definition.levels())
    }

    /// The zone whose members have `tag`; none if two zones claim it (D22, D181).
    #[must_use]
    pub fn zone_of_tag(&self, tag: &NodeTag) -> Option<&ZoneId> {
        let mut claims = self.iter().filter(|definition| definition.tailscale_tag.is_of(tag));
        let claim = claims.next()?;
        claims.next().is_none().then_some(&claim.zone_id)
    }

    /// The valid definitions, by zone.
    pub fn iter(&self) -> impl Iterator<Item = &Verified<ZoneDefinitionObject>> {
        self.definitions.keys().filter_map(|zone| self.get(zone).ok())
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::{NodeTag, ObjectId, ObjectIdKey, TailscaleTag, ZoneId};
    use fcp_core::object::{MeshObject as _, StoredObject};
    use fcp_core::sign::{OwnerKey, Signed as _, Verified};
    use fcp_core::time::Timestamp;

    use super::super::{Levels, ZoneDefinitionObject, ZoneTerms};
    use super::{ZoneDirectory, ZoneError};

    fn zone(name: &str) -> ZoneId {
        ZoneId::new(name).unwrap()
    }

    fn define(name: &str, levels: Levels, parent: Option<&str>, tag: &str) -> Verified<ZoneDefinitionObject> {
        let terms = ZoneTerms {
            zone_id: zone(name),
            name: name.into(),
            levels,
            symbol_port: 41_000,
            control_port: 41_001,
            tailscale_tag: TailscaleTag::new(tag).unwrap(),
            parent: parent.map(zone),
            transport_policy: None,
        };
        let owner = OwnerKey::from_seed([1; 32]);
        let policy = ObjectId::from_bytes([5; 32]);
        let key = ObjectIdKey::from_bytes([7; 32]);
        let draft = ZoneDefinitionObject::draft(terms, policy, None, Timestamp::from_secs(1_700_000_000));
        let stored = draft.signed_by(&owner).seal(&key).unwrap();
        let parsed = StoredObject::parse(stored.canonical_bytes(), &key).unwrap();
        parsed.open::<ZoneDefinitionObject>().unwrap().verify(&owner.public()).unwrap()
    }

    #[test]
    fn an_unknown_zone_has_no_trust_and_all_secrecy() {
        assert_eq!(ZoneDirectory::new().levels(&ZoneId::owner()), Levels::new(0, 255));
    }

    #[test]
    fn a_child_needs_its_parent_and_stays_below_it() {
        let mut zones = ZoneDirectory::new();
        zones.pin(define("z:child", Levels::new(60, 70), Some("z:top"), "tag:child"));
        assert_eq!(zones.get(&zone("z:child")).unwrap_err(), ZoneError::ParentMissing);
        zones.pin(define("z:top", Levels::new(60, 70), None, "tag:top"));
        assert_eq!(zones.levels(&zone("z:child")), Levels::new(60, 70));
        for lowered in [Levels::new(59, 70), Levels::new(60, 69)] {
            zones.pin(define("z:top", lowered, None, "tag:top"));
            assert_eq!(zones.get(&zone("z:child")).unwrap_err(), ZoneError::ExceedsParent);
            assert_eq!(zones.levels(&zone("z:child")), Levels::UNKNOWN);
            assert_eq!(zones.levels(&zone("z:top")), lowered);
        }
    }

    #[test]
    fn a_grandchild_falls_with_its_grandparent_and_circles_end() {
        let mut zones = ZoneDirectory::new();
        zones.pin(define("z:c", Levels::new(1, 1), Some("z:b"), "tag:c"));
        zones.pin(define("z:b", Levels::new(2, 2), Some("z:a"), "tag:b"));
        assert_eq!(zones.get(&zone("z:c")).unwrap_err(), ZoneError::ParentMissing);
        zones.pin(define("z:a", Levels::new(3, 3), None, "tag:a"));
        assert!(zones.get(&zone("z:c")).is_ok());
        zones.pin(define("z:a", Levels::new(2, 2), Some("z:b"), "tag:a"));
        assert_eq!(zones.get(&zone("z:c")).unwrap_err(), ZoneError::ParentMissing);
        zones.pin(define("z:self", Levels::new(2, 2), Some("z:self"), "tag:self"));
        assert!(zones.get(&zone("z:self")).is_err());
    }

    #[test]
    fn a_tag_that_two_zones_claim_is_nobodys() {
        let mut zones = ZoneDirectory::new();
        let tag = NodeTag::new("fcp-work").unwrap();
        zones.pin(define("z:work", Levels::new(60, 70), None, "tag:fcp-work"));
        assert_eq!(zones.zone_of_tag(&tag), Some(&ZoneId::work()));
        assert_eq!(zones.zone_of_tag(&NodeTag::new("fcp-home").unwrap()), None);
        zones.pin(define("z:other", Levels::new(60, 70), None, "tag:fcp-work"));
        assert_eq!(zones.zone_of_tag(&tag), None);
    }

    #[test]
    fn refs_are_exactly_the_policy() {
        let mut definition = define("z:work", Levels::new(60, 70), None, "tag:fcp-work").into_inner();
        let key = ObjectIdKey::from_bytes([7; 32]);
        definition.header.refs.clear();
        assert_eq!(definition.seal(&key).unwrap_err().reason().code(), "object.refs_mismatch");
        let mut definition = define("z:work", Levels::new(60, 70), None, "tag:fcp-work").into_inner();
        definition.zone_id = ZoneId::owner();
        assert_eq!(definition.seal(&key).unwrap_err().reason().code(), "object.zone_mismatch");
    }
}
