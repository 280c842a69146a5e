//! Which objects may travel between two nodes (D140).

use fcp_core::error::Reason;
use fcp_core::id::ZoneId;
use fcp_core::object::ObjectHeader;

/// The object's zone is not among the zones of both ends. It is dropped without an answer, which would tell that the zone
/// exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("object's zone is not among the zones of both ends")]
pub struct ZoneError;

impl ZoneError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::SessionNotAMember
    }
}

/// What a node must be able to fetch before it is a member of anything: the public objects of D4 and the bootstrap objects
/// of D201, which verify themselves, and the messages that ask for and carry them.
const BOOTSTRAP: [&str; 13] = [
    "fcp.core:BootstrapBundle@2.0.0",
    "fcp.core:BootstrapRequest@2.0.0",
    "fcp.core:DeviceEnrollment@2.0.0",
    "fcp.core:NodeKeyAttestation@2.0.0",
    "fcp.core:QuorumSignatureSet@2.0.0",
    "fcp.core:RevocationEvent@2.0.0",
    "fcp.core:RevocationHead@2.0.0",
    "fcp.core:RevocationObject@2.0.0",
    "fcp.core:ZoneAnchor@2.0.0",
    "fcp.core:ZoneCheckpoint@2.0.0",
    "fcp.core:ZoneDefinitionObject@2.0.0",
    "fcp.core:ZoneKeyManifest@2.0.0",
    "fcp.core:ZonePolicyObject@2.0.0",
];

/// Whether objects with this header travel to every enrolled peer, member or not (D4, D201).
#[must_use]
pub fn is_bootstrap(header: &ObjectHeader) -> bool {
    BOOTSTRAP.contains(&header.schema.as_str())
}

/// Checks that an object may travel between a node of zones `ours` and one of zones `theirs` (D140). The zones of a node
/// are those that its enrollment allows and its attested tags name (D181).
///
/// # Errors
/// [`ZoneError`].
pub fn check_zone(header: &ObjectHeader, ours: &[ZoneId], theirs: &[ZoneId]) -> Result<(), ZoneError> {
    let shared = ours.contains(&header.zone_id) && theirs.contains(&header.zone_id);
    if shared || is_bootstrap(header) { Ok(()) } else { Err(ZoneError) }
}

#[cfg(test)]
mod tests {
    use super::{BOOTSTRAP, check_zone};
    use fcp_core::id::{SchemaId, ZoneId};
    use fcp_core::object::{ObjectHeader, Provenance, SCHEMAS};
    use fcp_core::time::Timestamp;

    #[test]
    fn an_object_stays_among_members() {
        let header = |schema: &str| {
            let provenance = Provenance::of_zone(ZoneId::work(), 60, 60, Timestamp::from_secs(1));
            ObjectHeader::new(SchemaId::new(schema).unwrap(), provenance)
        };
        let (work, private) = (ZoneId::work(), ZoneId::private());
        let invoke = header("fcp.core:InvokeRequest@2.0.0");
        let both = [work.clone(), private.clone()];
        assert!(check_zone(&invoke, &both[..1], &both).is_ok());
        let (work, private) = ([work], [private]);
        for (ours, theirs) in [(&work, &private), (&private, &work)] {
            assert_eq!(check_zone(&invoke, ours, theirs).unwrap_err().reason().code(), "session.not_a_member");
            assert!(check_zone(&header("fcp.core:ZoneKeyManifest@2.0.0"), ours, theirs).is_ok());
        }
        assert!(check_zone(&invoke, &[], &[]).is_err());
    }

    #[test]
    fn every_exception_is_a_schema_of_the_protocol() {
        for schema in BOOTSTRAP {
            assert!(SCHEMAS.iter().any(|entry| entry.schema == schema), "{schema}");
        }
    }
}
