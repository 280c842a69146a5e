//! Where an operation writes to (§8.1, D83, D104).

use fcp_core::id::ZoneId;
use fcp_core::sign::Verified;

use super::ResourceObject;
use crate::approval::Declassification;
use crate::flow::Labels;
use crate::zone::Levels;

/// The place that an operation writes to.
#[derive(Debug, Clone, Copy)]
pub enum Sink<'a> {
    /// A zone of the mesh, with the levels of its pinned definition.
    Zone(&'a ZoneId, Levels),
    /// An outside thing that is classified.
    Resource(&'a Verified<ResourceObject>),
    /// An outside thing of which nothing is known: as public and as little trusted as can be (D104).
    Unknown,
}

impl Sink<'_> {
    /// The sink's levels.
    #[must_use]
    pub fn levels(&self) -> Levels {
        match self {
            Self::Zone(_, levels) => *levels,
            Self::Resource(resource) => resource.levels(),
            Self::Unknown => Levels::new(0, 0),
        }
    }

    /// Whether data with these labels needs a declassification to be written there (§8.1).
    #[must_use]
    pub fn needs_declassification(&self, labels: &Labels) -> bool {
        labels.confidentiality > self.levels().confidentiality
    }

    /// Whether the approval is for this sink (D83): it names the sink's zone and level, and a resource by its id.
    ///
    /// For an unknown sink, which has no zone, the level alone is compared: the request that it must name says the rest.
    #[must_use]
    pub fn is_target_of(&self, scope: &Declassification) -> bool {
        let level = scope.target_confidentiality == self.levels().confidentiality;
        match self {
            Self::Zone(zone, _) => level && scope.to_zone == **zone,
            Self::Resource(resource) => {
                level && scope.to_zone == resource.header.zone_id && scope.object_ids.contains(&resource.id())
            }
            Self::Unknown => level,
        }
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::{ObjectId, ZoneId};
    use fcp_core::object::TaintFlags;

    use super::Sink;
    use crate::approval::Declassification;
    use crate::flow::Labels;
    use crate::zone::Levels;

    fn labels(confidentiality: u8) -> Labels {
        Labels { integrity: 80, confidentiality, taint: TaintFlags::empty() }
    }

    #[test]
    fn secrets_do_not_leave_for_a_less_secret_place() {
        let work = ZoneId::work();
        let sink = Sink::Zone(&work, Levels::new(60, 70));
        assert!(!sink.needs_declassification(&labels(70)));
        assert!(sink.needs_declassification(&labels(71)));
        assert!(Sink::Unknown.needs_declassification(&labels(1)));
        assert!(!Sink::Unknown.needs_declassification(&labels(0)));
    }

    #[test]
    fn an_approval_names_its_sink() {
        let (work, public) = (ZoneId::work(), ZoneId::public());
        let scope = Declassification {
            from_zone: ZoneId::private(),
            to_zone: work.clone(),
            object_ids: vec![ObjectId::from_bytes([1; 32])],
            target_confidentiality: 70,
            request_object_id: None,
            input_hash: None,
        };
        assert!(Sink::Zone(&work, Levels::new(60, 70)).is_target_of(&scope));
        assert!(!Sink::Zone(&work, Levels::new(60, 69)).is_target_of(&scope));
        assert!(!Sink::Zone(&public, Levels::new(60, 70)).is_target_of(&scope));
        assert!(!Sink::Unknown.is_target_of(&scope));
        assert!(Sink::Unknown.is_target_of(&Declassification { target_confidentiality: 0, ..scope }));
    }
}
