//! Who belongs (§19.4, D181): attestations and enrollments, installed where they verify, kept on disk.

use std::collections::{BTreeMap, BTreeSet};

use fcp_core::device::NodeFacts;
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ObjectIdKey, ZoneId};
use fcp_core::identity::{NodeKeyAttestation, NodePublicKeys, TrustAnchors};
use fcp_core::object::{Message as _, StoredObject};
use fcp_core::revoked::Revoked;
use fcp_core::sign::{OwnerPublicKey, Verified};
use fcp_core::time::Timestamp;
use fcp_zones::membership::{self, DeviceEnrollment, Member};
use fcp_zones::zone::ZoneDirectory;

use super::{Mesh, log};
use crate::clock;
use crate::control::ControlError;
use crate::store::StateKey;

/// A node that belongs.
pub(crate) struct Admitted {
    pub(crate) keys: NodePublicKeys,
    pub(crate) zones: BTreeSet<ZoneId>,
    pub(crate) expires_at: Timestamp,
}

/// An object to hand on.
struct Kept {
    at: Timestamp,
    id: ObjectId,
    canonical: Vec<u8>,
}

impl Kept {
    /// Whether an object of this time and id takes its place.
    fn is_older(&self, at: Timestamp, id: ObjectId) -> bool {
        (self.at, self.id) < (at, id)
    }
}

/// The newest attestation and enrollment of each node.
#[derive(Default)]
pub(crate) struct Members {
    attestations: BTreeMap<NodeId, Kept>,
    enrollments: BTreeMap<NodeId, (Verified<DeviceEnrollment>, Kept)>,
    /// The definitions that say which tag means which zone.
    pub(crate) definitions: ZoneDirectory,
}

impl Members {
    /// Takes an attestation or enrollment if it verifies under the owner's key, and of each node keeps the newest; true if
    /// it is one and is good. If `about` is given, it must be about that node.
    pub(crate) fn offer(
        &mut self,
        trust: &mut TrustAnchors,
        stored: &StoredObject,
        about: Option<&NodeId>,
        now: Timestamp,
    ) -> bool {
        let wanted = |node: &NodeId| about.is_none_or(|about| about == node);
        let canonical = || stored.canonical_bytes().to_vec();
        if stored.schema_hash() == NodeKeyAttestation::SCHEMA_HASH {
            let Ok(received) = NodeKeyAttestation::open(stored) else { return false };
            let (node, at) = (received.claimed().node_id().clone(), received.claimed().window().issued_at);
            if !wanted(&node) || trust.install(received, now).is_err() {
                return false;
            }
            if self.attestations.get(&node).is_none_or(|known| known.is_older(at, stored.id())) {
                self.attestations.insert(node, Kept { at, id: stored.id(), canonical: canonical() });
            }
            return true;
        }
        let Ok(received) = stored.open::<DeviceEnrollment>() else { return false };
        if !wanted(received.claimed().node_id()) {
            return false;
        }
        let Ok(verified) = DeviceEnrollment::verify(received, trust.owner(), now) else { return false };
        let at = verified.issued_at();
        let known = self.enrollments.get(verified.node_id());
        if known.is_none_or(|(_, known)| known.is_older(at, stored.id())) {
            let kept = Kept { at, id: stored.id(), canonical: canonical() };
            self.enrollments.insert(verified.node_id().clone(), (verified, kept));
        }
        true
    }

    /// The node as a member, if it is attested, enrolled and not revoked now.
    pub(crate) fn admitted(
        &self,
        trust: &TrustAnchors,
        revoked: &impl Revoked,
        node: &NodeId,
        now: Timestamp,
    ) -> Option<Member> {
        let attestation = trust.current(node, revoked, now)?;
        let (enrollment, _) = self.enrollments.get(node)?;
        membership::admit(attestation, enrollment, &self.definitions, revoked, now).into_result().ok()
    }

    /// What of a member sockets and sessions go by.
    pub(crate) fn member(
        &self,
        trust: &TrustAnchors,
        revoked: &impl Revoked,
        node: &NodeId,
        now: Timestamp,
    ) -> Option<Admitted> {
        let member = self.admitted(trust, revoked, node, now)?;
        Some(Admitted {
            keys: *member.keys(),
            zones: member.zones().cloned().collect(),
            expires_at: member.expires_at(),
        })
    }

    /// The zones that the node's enrollment allows it, whether this node knows them yet or not.
    pub(crate) fn allowed_zones(&self, node: &NodeId) -> Vec<ZoneId> {
        self.enrollments.get(node).map(|(enrollment, _)| enrollment.allowed_zones().to_vec()).unwrap_or_default()
    }

    /// The objects by which others may know the node.
    pub(crate) fn objects_of(&self, node: &NodeId) -> Vec<Vec<u8>> {
        let attestation = self.attestations.get(node);
        let enrollment = self.enrollments.get(node).map(|(_, kept)| kept);
        [attestation, enrollment].into_iter().flatten().map(|kept| kept.canonical.clone()).collect()
    }

    /// Everybody who is a member of `zone` now, as placement sees them.
    pub(crate) fn facts(
        &self,
        trust: Option<&TrustAnchors>,
        revoked: &impl Revoked,
        zone: &ZoneId,
        now: Timestamp,
    ) -> Vec<NodeFacts> {
        let Some(trust) = trust else { return Vec::new() };
        let members = trust.nodes().filter_map(|node| {
            let member = self.member(trust, revoked, node, now)?;
            let attestation = trust.current(node, revoked, now)?;
            member.zones.contains(zone).then(|| NodeFacts {
                node_id: node.clone(),
                tags: attestation.tags().to_vec(),
                class: String::new(),
                zones: member.zones.into_iter().collect(),
                capabilities: Vec::new(),
            })
        });
        members.collect()
    }
}

impl Mesh {
    /// Trusts an owner, once and for all.
    pub(crate) fn set_owner(&mut self, owner: OwnerPublicKey) -> Result<(), ControlError> {
        match &self.trust {
            Some(trust) if *trust.owner() == owner => return Ok(()),
            Some(_) => return Err(ControlError::node("owner", "this node belongs to another owner already")),
            None => self.trust = Some(TrustAnchors::new(owner)),
        }
        self.store
            .put_state(&StateKey::new("mesh", "owner"), &owner)
            .map_err(|error| ControlError::node("store", error))
    }

    /// Takes attestations and enrollments, keeps those that verify on disk, and opens sessions.
    pub(crate) fn install_members(&mut self, objects: &[Vec<u8>]) -> Result<usize, ControlError> {
        let now = clock::now();
        let mut installed = 0_usize;
        for bytes in objects {
            let stored = StoredObject::parse(bytes, &ObjectIdKey::public())
                .map_err(|error| ControlError::reason(error.reason(), error))?;
            let trust = self.trust.as_mut().ok_or_else(|| ControlError::node("owner", "no owner is known yet"))?;
            if self.members.offer(trust, &stored, None, now) {
                installed = installed.saturating_add(1);
                self.store
                    .put_state(&StateKey::new("member", stored.id()), bytes)
                    .map_err(|error| ControlError::node("store", error))?;
            } else {
                log(format_args!("refused {} as attestation or enrollment", stored.id().short()));
            }
        }
        self.members_changed();
        Ok(installed)
    }

    /// Tells whoever goes by the members that they changed. Sessions with those who no longer belong end (D54).
    pub(crate) fn members_changed(&mut self) {
        let now = clock::now();
        if let Some(trust) = &self.trust {
            let known = trust.nodes().filter_map(|node| {
                let member = self.members.member(trust, &self.revocations, node, now)?;
                Some((member.keys.signing, node.clone()))
            });
            let known: Vec<_> = known.collect();
            if let Some(table) = &mut self.table {
                let peers = table.sessions().map(|session| NodeId::clone(session.peer()));
                let strangers: Vec<NodeId> =
                    peers.filter(|peer| known.iter().all(|(_, member)| member != peer)).collect();
                for peer in strangers {
                    table.disconnect(&peer, Reason::SessionNotAMember);
                }
            }
            self.directory.replace(known);
        }
        self.refresh_agents();
        self.open_table();
    }

    /// Loads what an earlier run kept.
    pub(crate) fn load_members(&mut self) -> Result<(), ControlError> {
        let failed = |error: crate::store::StoreError| ControlError::node("store", error);
        let Some(owner) = self.store.state::<OwnerPublicKey>(&StateKey::new("mesh", "owner")).map_err(failed)? else {
            return Ok(());
        };
        self.trust = Some(TrustAnchors::new(owner));
        let stored = self.store.states::<Vec<u8>>("member").map_err(failed)?;
        let objects: Vec<Vec<u8>> = stored.into_iter().map(|(_, bytes)| bytes).collect();
        self.install_members(&objects).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::{NodeId, ObjectIdKey, ZoneId};
    use fcp_core::identity::{NodeSecretKeys, TrustAnchors};
    use fcp_core::object::{MeshObject as _, StoredObject};
    use fcp_core::sign::{OwnerKey, Signed as _};
    use fcp_core::time::Timestamp;
    use fcp_zones::membership::{DeviceEnrollment, EnrollmentTerms};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::Members;

    /// What a peer sends along with a hello may be old, or about somebody else.
    #[test]
    fn an_older_enrollment_takes_nobody_back() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let owner = OwnerKey::generate(&mut rng);
        let keys = NodeSecretKeys::generate(&mut rng);
        let phone = NodeId::new("nPhone").unwrap();
        let at = Timestamp::from_secs;
        let enrolled = |zones: &[ZoneId], issued_at| -> StoredObject {
            let draft = DeviceEnrollment::draft(EnrollmentTerms {
                node_id: phone.clone(),
                node_sig_pubkey: keys.public().signing,
                allowed_zones: zones.to_vec(),
                storage_permissions: Vec::new(),
                issued_at,
                expires_at: Some(at(9_000)),
            });
            draft.unwrap().signed_by(&owner).seal(&ObjectIdKey::public()).unwrap()
        };
        let old = enrolled(&[ZoneId::private(), ZoneId::work()], at(1_000));
        let new = enrolled(&[ZoneId::work()], at(2_000));
        let (mut trust, mut members) = (TrustAnchors::new(owner.public()), Members::default());
        assert!(!members.offer(&mut trust, &old, NodeId::new("nLaptop").ok().as_ref(), at(3_000)));
        assert!(members.allowed_zones(&phone).is_empty());
        for object in [&old, &new, &old] {
            assert!(members.offer(&mut trust, object, Some(&phone), at(3_000)));
        }
        assert_eq!(members.allowed_zones(&phone), [ZoneId::work()]);
        assert_eq!(members.objects_of(&phone), [new.canonical_bytes()]);
        let forged = enrolled(&[ZoneId::private()], at(2_500));
        let mut strangers = TrustAnchors::new(OwnerKey::generate(&mut rng).public());
        assert!(!members.offer(&mut strangers, &forged, None, at(3_000)));
    }
}
