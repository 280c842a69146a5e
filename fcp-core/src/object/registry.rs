//! The schemas of the protocol, as one table (D20, G8).

use crate::id::{SchemaHash, SchemaId};

/// Which zones an object of a schema may be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneRule {
    /// Only `z:owner`.
    Owner,
    /// Any zone.
    Any,
    /// No header and no zone of its own: a message inside of others.
    Message,
}

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// Nobody.
    Unsigned,
    /// The owner key.
    Owner,
    /// The signing key of the node that it names.
    Node,
    /// A node's issuance key, in COSE (§7.5.1).
    Issuance,
    /// An approver that the zone's policy lists, or the owner (D84).
    Approver,
    /// The owner, or the zone's coordinator node (D167).
    OwnerOrCoordinator,
    /// A quorum of nodes, in a sidecar (D14).
    Quorum,
    /// The publisher's keys (§13).
    Publisher,
}

/// How long it is kept at least (§9.3, §23.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// It need not be stored.
    Ephemeral,
    /// Stored, for a time that its kind or the zone decides.
    Lease,
    /// Stored while it is reachable from the zone's checkpoint, a pin or a lease.
    Reachable,
}

/// One schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaEntry {
    /// The schema id.
    pub schema: &'static str,
    /// Where its objects live.
    pub zone: ZoneRule,
    /// The fields whose ids `header.refs` lists, in order; `?` marks what may be missing (G8).
    pub strong: &'static [&'static str],
    /// Who signs them.
    pub signer: Signer,
    /// How long they are kept.
    pub retention: Retention,
    /// The section that defines it.
    pub section: &'static str,
}

impl SchemaEntry {
    /// The schema's hash.
    #[must_use]
    pub fn hash(&self) -> Option<SchemaHash> {
        SchemaId::new(self.schema).ok().map(|schema| schema.hash())
    }
}

/// The entry whose schema has this hash.
#[must_use]
pub fn schema_by_hash(hash: &SchemaHash) -> Option<&'static SchemaEntry> {
    SCHEMAS.iter().find(|entry| entry.hash().as_ref() == Some(hash))
}

/// Whether the table has `schema` and puts its objects into `z:owner` alone. Known when a type is compiled.
pub(super) const fn lives_in_owner_zone(schema: &str) -> bool {
    let mut entries = SCHEMAS;
    while let [entry, rest @ ..] = entries {
        if is_same(entry.schema.as_bytes(), schema.as_bytes()) {
            return matches!(entry.zone, ZoneRule::Owner);
        }
        entries = rest;
    }
    false
}

const fn is_same(mut left: &[u8], mut right: &[u8]) -> bool {
    while let ([first, left_rest @ ..], [second, right_rest @ ..]) = (left, right) {
        if *first != *second {
            return false;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.is_empty() && right.is_empty()
}

macro_rules! schemas {
    ($($schema:literal $zone:ident [$($strong:literal),*] $signer:ident $retention:ident $section:literal;)*) => {
        /// Every schema of the protocol (D20).
        pub const SCHEMAS: &[SchemaEntry] = &[$(SchemaEntry {
            schema: concat!($schema, "@2.0.0"),
            zone: ZoneRule::$zone,
            strong: &[$($strong),*],
            signer: Signer::$signer,
            retention: Retention::$retention,
            section: $section,
        }),*];
    };
}

schemas! {
    "fcp.core:NodeKeyAttestation" Owner [] Owner Reachable "§2.2, D4";
    "fcp.core:OwnerKeyShare" Owner [] Owner Reachable "§2.2.1, D202";
    "fcp.core:KeygenRound1" Message [] Node Ephemeral "D199";
    "fcp.core:KeygenRound2" Message [] Node Ephemeral "D199";
    "fcp.core:OwnerSigningCommitment" Message [] Unsigned Ephemeral "D202";
    "fcp.core:OwnerSigningPackage" Message [] Unsigned Ephemeral "D202";
    "fcp.core:OwnerSignatureShare" Message [] Unsigned Ephemeral "D202";
    "fcp.core:QuorumSignatureSet" Any ["target"] Unsigned Reachable "D14";
    "fcp.core:ZoneCheckpoint" Any ["zone_definition_head", "zone_policy_head", "active_zone_key_manifest", "rev_head?", "audit_head?", "skipped proposals?", "policy step?"] Quorum Reachable "§3.8";
    "fcp.core:ZoneAnchor" Any ["checkpoint", "policy"] Owner Reachable "D201";
    "fcp.core:ZoneDefinitionObject" Any ["policy_object_id"] Owner Reachable "§5.2.1";
    "fcp.core:ZonePolicyObject" Any [] Owner Reachable "§5.2.1, D200";
    "fcp.core:ZoneKeyManifest" Any ["previous manifest?"] Owner Reachable "§5.2.1";
    "fcp.core:ApprovalToken" Any [] Approver Lease "§5.2.1";
    "fcp.core:SanitizerReceipt" Any ["inputs"] Node Reachable "§6.1";
    "fcp.core:ResourceObject" Any [] Node Reachable "§6.1, D104";
    "fcp.core:CapabilityObject" Any [] Owner Reachable "§7.3";
    "fcp.core:CapabilityToken" Any [] Issuance Ephemeral "§7.5";
    "fcp.core:RoleObject" Any ["inherits"] Owner Reachable "§7.6";
    "fcp.core:RoleAssignment" Any ["role_object_id"] Owner Reachable "§7.6";
    "fcp.core:CredentialObject" Any [] Owner Reachable "§7.3";
    "fcp.core:SecretObject" Any [] Owner Reachable "§17.3, D200";
    "fcp.core:SecretAccessToken" Any [] Approver Lease "§17.3, D178";
    "fcp.core:SecretShareRequest" Any [] Unsigned Ephemeral "D178";
    "fcp.core:DeviceEnrollment" Owner [] Owner Reachable "§19.4";
    "fcp.core:RevocationObject" Any [] Owner Reachable "§14.3";
    "fcp.core:RevocationEvent" Any ["revocation_object_id", "prev?"] OwnerOrCoordinator Reachable "§14.3";
    "fcp.core:RevocationHead" Any ["head_event"] Quorum Reachable "§14.3";
    "fcp.core:BootstrapRequest" Message [] Unsigned Ephemeral "D201";
    "fcp.core:BootstrapBundle" Message [] Unsigned Ephemeral "D201";
    "fcp.core:AuditEvent" Any ["request_object_id?", "result_object_id?"] Node Reachable "§23.4, D185";
    "fcp.core:AuditHead" Any ["head_event"] Quorum Reachable "§23.4";
    "fcp.core:AuditSubmission" Message [] Node Ephemeral "§23.4, D185";
    "fcp.core:HeadProposal" Message [] Unsigned Ephemeral "§3.8, D32";
    "fcp.core:HeadVote" Message [] Unsigned Ephemeral "§3.8, D32";
    "fcp.core:CheckpointQuery" Message [] Unsigned Ephemeral "§3.8, D172";
    "fcp.core:CheckpointStatus" Message [] Unsigned Ephemeral "§3.8, D172";
    "fcp.core:CheckpointProposal" Message [] Unsigned Ephemeral "§3.8, D172";
    "fcp.core:CheckpointVote" Message [] Unsigned Ephemeral "§3.8, D172";
    "fcp.core:CheckpointAnnounce" Message [] Unsigned Ephemeral "§3.8, D201";
    "fcp.core:DecisionReceipt" Any [] Node Lease "§23.4, D190";
    "fcp.core:Lease" Any ["checkpoint"] Quorum Lease "§15.1, D172";
    "fcp.core:LeaseRequest" Any [] Node Ephemeral "§15.1";
    "fcp.core:LeaseRelease" Any [] Node Lease "D170";
    "fcp.core:InvokeRequest" Message [] Unsigned Reachable "§9.5, D200";
    "fcp.core:InvokeResponse" Message [] Unsigned Reachable "§9.5";
    "fcp.core:InvokeInput" Message [] Unsigned Ephemeral "D87";
    "fcp.core:SimulateRequest" Message [] Unsigned Ephemeral "§9.5";
    "fcp.core:SimulateResponse" Message [] Unsigned Ephemeral "§9.5";
    "fcp.core:OperationIntent" Any ["lease?", "checkpoint"] Node Reachable "§9.5";
    "fcp.core:OperationReceipt" Any ["intent?", "request_object_id"] Node Reachable "§9.5";
    "fcp.core:ConnectorStateRoot" Any [] Unsigned Reachable "§10.4, D149";
    "fcp.core:ConnectorStateObject" Any ["prev?", "lease_object_id?"] Node Reachable "§10.4";
    "fcp.core:ConnectorStateDelta" Any [] Node Reachable "§10.4";
    "fcp.core:ConnectorStateSnapshot" Any ["covers_head"] Node Reachable "§10.4";
    "fcp.core:ConnectorTransparencyLogEntry" Any ["manifest_object_id", "binary_object_id", "prev?"] Publisher Reachable "§13.1";
    "fcp.core:SupplyChainAttestation" Any ["subject_binary"] Publisher Reachable "§13.1";
    "fcp.core:ConnectorManifest" Any [] Publisher Reachable "§11.1";
    "fcp.core:MigratableComputation" Any [] Node Lease "§16.1";
    "fcp.core:EventBatch" Any [] Unsigned Reachable "§20.1, D183";
    "fcp.core:ChunkedObjectManifest" Any ["chunks"] Unsigned Reachable "App. B";
    "fcp.core:RawChunk" Any [] Unsigned Reachable "App. B";
    "fcp.mesh:SymbolRequest" Any [] Node Ephemeral "§9.2.1";
    "fcp.mesh:SymbolDeliveryHint" Message [] Unsigned Ephemeral "§9.2.1";
    "fcp.mesh:DecodeStatus" Any [] Node Ephemeral "§4.4";
    "fcp.mesh:SymbolAck" Any [] Node Ephemeral "§4.4";
    "fcp.mesh:GossipSummary" Message [] Node Ephemeral "§8.2, D133";
    "fcp.mesh:MembershipFilter" Message [] Unsigned Ephemeral "§8.2, D132";
    "fcp.mesh:GossipRequest" Message [] Unsigned Ephemeral "§8.2, D219";
    "fcp.mesh:GossipTable" Message [] Unsigned Ephemeral "§8.2, D219";
    "fcp.mesh:GossipList" Message [] Unsigned Ephemeral "§8.2, D219";
    "fcp.mesh:MeshSessionHello" Message [] Node Ephemeral "§4.2";
    "fcp.mesh:MeshSessionHelloRetry" Message [] Unsigned Ephemeral "§4.2";
    "fcp.mesh:MeshSessionAck" Message [] Node Ephemeral "§4.2";
}

#[cfg(test)]
mod tests {
    use super::{SCHEMAS, SchemaId, ZoneRule, lives_in_owner_zone, schema_by_hash};
    use crate::id::{ObjectIdKey, ZoneId};
    use crate::object::{MeshObject, Message, ObjectHeader, Provenance, QuorumSignatureSet, StoredObject};
    use crate::time::Timestamp;

    #[test]
    fn every_schema_is_well_formed_and_stands_once() {
        for (index, entry) in SCHEMAS.iter().enumerate() {
            let schema = SchemaId::new(entry.schema).unwrap();
            assert!(matches!(schema.namespace(), "fcp.core" | "fcp.mesh"), "{schema}");
            assert!(SCHEMAS[..index].iter().all(|earlier| earlier.schema != entry.schema), "{schema}");
            assert!(entry.zone != ZoneRule::Message || entry.strong.is_empty(), "{schema}");
            assert!(!entry.section.is_empty());
        }
    }

    #[test]
    fn the_derive_hashes_as_the_crate_does() {
        let schema = QuorumSignatureSet::schema().unwrap();
        assert_eq!(schema.hash(), QuorumSignatureSet::SCHEMA_HASH);
        assert_eq!(schema_by_hash(&schema.hash()).unwrap().schema, QuorumSignatureSet::SCHEMA);
    }

    #[test]
    fn objects_of_the_owner_live_in_the_owners_zone() {
        /// Stands for the enrollment, which a higher layer defines.
        #[derive(Debug, Clone, MeshObject)]
        #[fcp(schema = "fcp.core:DeviceEnrollment@2.0.0")]
        struct Enrollment {
            header: ObjectHeader,
        }
        let key = ObjectIdKey::public();
        let of_zone = |zone: ZoneId| {
            let provenance = Provenance::of_zone(zone, 100, 100, Timestamp::from_secs(1));
            Enrollment { header: ObjectHeader::for_type::<Enrollment>(provenance) }
        };
        assert!(of_zone(ZoneId::owner()).seal(&key).unwrap().open::<Enrollment>().is_ok());
        for zone in [ZoneId::work(), ZoneId::private(), ZoneId::new("z:owner2").unwrap()] {
            let enrollment = of_zone(zone);
            assert_eq!(enrollment.seal(&key).unwrap_err().reason().code(), "object.zone_rule");
            let stored = StoredObject::from_parts(enrollment.header.clone(), &enrollment.to_body(), &key);
            assert_eq!(stored.open::<Enrollment>().unwrap_err().reason().code(), "object.zone_rule");
        }
        for entry in SCHEMAS {
            assert_eq!(lives_in_owner_zone(entry.schema), entry.zone == ZoneRule::Owner, "{}", entry.schema);
        }
        for other in
            ["", "fcp.core:DeviceEnrollment@2.0.1", "fcp.core:DeviceEnrollment@2.0.00", "com.example:Note@1.0.0"]
        {
            assert!(!lives_in_owner_zone(other), "{other}");
        }
    }
}
