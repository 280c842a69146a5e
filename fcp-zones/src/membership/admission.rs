//! Who is let in, and where (D181).

use alloc::collections::BTreeSet;

use fcp_core::decision::{Decision, Denial};
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::identity::{NodeKeyAttestation, NodePublicKeys};
use fcp_core::revoked::Revoked;
use fcp_core::sign::Verified;
use fcp_core::time::{Timestamp, WindowError};

use super::{DeviceEnrollment, StoragePermission};
use crate::manifest::Recipient;
use crate::zone::ZoneDirectory;

/// A node that belongs to the mesh, with the zones that it is a member of (D181).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    node_id: NodeId,
    keys: NodePublicKeys,
    zones: BTreeSet<ZoneId>,
    storage: BTreeSet<Storage>,
    expires_at: Timestamp,
    evidence: [ObjectId; 2],
}

/// A storage permission, zone by zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Storage {
    Symbols(ZoneId),
    SecretShares,
    AuditEvents,
}

/// Decides whether a node is let in, and into which zones (§19.4, D181).
///
/// Attestation and enrollment must both be valid now, not revoked in `z:owner`, and of one node with one signing key.
/// The node is a member of each zone that the enrollment allows, whose tag the attestation has, and in which neither of
/// the two is revoked (D168).
pub fn admit(
    attestation: &Verified<NodeKeyAttestation>,
    enrollment: &Verified<DeviceEnrollment>,
    zones: &ZoneDirectory,
    revoked: &impl Revoked,
    now: Timestamp,
) -> Decision<Member> {
    let evidence = [attestation.id(), enrollment.id()];
    let in_zone = |zone: &ZoneId| {
        let is_revoked = |id: &ObjectId| revoked.is_revoked(id, zone, now);
        if is_revoked(&attestation.id()) {
            Err(Reason::AttestationRevoked)
        } else if is_revoked(&enrollment.id()) {
            Err(Reason::EnrollmentRevoked)
        } else {
            Ok(())
        }
    };
    let checked = check(attestation, enrollment, now).and_then(|()| in_zone(&ZoneId::owner()));
    if let Err(reason) = checked {
        return Decision::Deny(Denial::new(reason).with_evidence(evidence));
    }

    let tagged: BTreeSet<&ZoneId> = attestation.tags().iter().filter_map(|tag| zones.zone_of_tag(tag)).collect();
    let allowed = enrollment.allowed_zones().iter();
    let member_of: BTreeSet<ZoneId> =
        allowed.filter(|zone| tagged.contains(zone) && in_zone(zone).is_ok()).cloned().collect();
    let mut storage = BTreeSet::new();
    for permission in enrollment.storage_permissions() {
        match permission {
            StoragePermission::StoreSymbols { zones } => {
                let within = zones.iter().filter(|zone| member_of.contains(*zone));
                storage.extend(within.cloned().map(Storage::Symbols));
            }
            StoragePermission::StoreSecretShares => drop(storage.insert(Storage::SecretShares)),
            StoragePermission::StoreAuditEvents => drop(storage.insert(Storage::AuditEvents)),
        }
    }
    let attested_until = attestation.window().expires_at;
    Decision::Allow(Member {
        node_id: attestation.node_id().clone(),
        keys: attestation.keys(),
        zones: member_of,
        storage,
        expires_at: enrollment.expires_at().map_or(attested_until, |until| until.min(attested_until)),
        evidence,
    })
}

fn check(attestation: &NodeKeyAttestation, enrollment: &DeviceEnrollment, now: Timestamp) -> Result<(), Reason> {
    attestation.window().check(now).map_err(|error| match error {
        WindowError::NotYetValid => Reason::AttestationNotYetValid,
        WindowError::Expired => Reason::AttestationExpired,
    })?;
    enrollment.check_window(now).map_err(|error| match error {
        WindowError::NotYetValid => Reason::EnrollmentNotYetValid,
        WindowError::Expired => Reason::EnrollmentExpired,
    })?;
    if attestation.node_id() != enrollment.node_id() {
        return Err(Reason::EnrollmentNodeMismatch);
    }
    if attestation.keys().signing != *enrollment.signing_key() {
        return Err(Reason::EnrollmentKeyMismatch);
    }
    Ok(())
}

impl Member {
    /// The node.
    #[must_use]
    pub const fn node_id(&self) -> &NodeId {
        &self.node_id
    }

    /// Its attested keys.
    #[must_use]
    pub const fn keys(&self) -> &NodePublicKeys {
        &self.keys
    }

    /// The zones that it is a member of.
    pub fn zones(&self) -> impl Iterator<Item = &ZoneId> {
        self.zones.iter()
    }

    /// Whether it is a member of `zone`.
    #[must_use]
    pub fn is_member_of(&self, zone: &ZoneId) -> bool {
        self.zones.contains(zone)
    }

    /// Whether it may store symbols of `zone`.
    #[must_use]
    pub fn may_store_symbols(&self, zone: &ZoneId) -> bool {
        self.storage.contains(&Storage::Symbols(zone.clone()))
    }

    /// Whether it may store shares of threshold secrets.
    #[must_use]
    pub fn may_store_secret_shares(&self) -> bool {
        self.storage.contains(&Storage::SecretShares)
    }

    /// Whether it may store audit events.
    #[must_use]
    pub fn may_store_audit_events(&self) -> bool {
        self.storage.contains(&Storage::AuditEvents)
    }

    /// When the first of its two papers expires; it has to be admitted again by then.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The attestation and the enrollment that let it in.
    #[must_use]
    pub const fn evidence(&self) -> [ObjectId; 2] {
        self.evidence
    }

    /// The member as a recipient of zone keys.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient { node_id: self.node_id.clone(), key: self.keys.encryption }
    }
}

#[cfg(test)]
mod tests;
