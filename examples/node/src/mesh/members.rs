//! Who belongs (§19.4, D181): attestations and enrollments, installed where they verify, kept on disk.

use std::collections::{BTreeMap, BTreeSet};

use fcp_core::device::NodeFacts;
use fcp_core::id::{NodeId, ObjectIdKey, ZoneId};
use fcp_core::identity::{NodeKeyAttestation, NodePublicKeys, TrustAnchors};
use fcp_core::object::{Message as _, StoredObject};
use fcp_core::revoked::{NothingRevoked, Revoked};
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

/// Enrollments that verified, and the objects that say so.
#[derive(Default)]
pub(crate) struct Members {
    enrollments: BTreeMap<NodeId, Verified<DeviceEnrollment>>,
    /// Of each node: its attestation and its enrollment, as objects to hand on.
    objects: BTreeMap<NodeId, BTreeMap<&'static str, Vec<u8>>>,
    /// The definitions that say which tag means which zone.
    pub(crate) definitions: ZoneDirectory,
}

impl Members {
    /// Takes an attestation or enrollment if it verifies under the owner's key; true if it is one and is good.
    pub(crate) fn offer(&mut self, trust: &mut TrustAnchors, stored: &StoredObject, now: Timestamp) -> bool {
        if stored.schema_hash() == NodeKeyAttestation::SCHEMA_HASH {
            let Ok(received) = NodeKeyAttestation::open(stored) else { return false };
            let node = received.claimed().node_id().clone();
            if trust.install(received, now).is_err() {
                return false;
            }
            self.objects.entry(node).or_default().insert("attestation", stored.canonical_bytes().to_vec());
            return true;
        }
        let Ok(received) = stored.open::<DeviceEnrollment>() else { return false };
        match DeviceEnrollment::verify(received, trust.owner(), now) {
            Ok(verified) => {
                let node = verified.node_id().clone();
                self.objects.entry(node.clone()).or_default().insert("enrollment", stored.canonical_bytes().to_vec());
                self.enrollments.insert(node, verified);
                true
            }
            Err(_) => false,
        }
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
        let enrollment = self.enrollments.get(node)?;
        membership::admit(attestation, enrollment, &self.definitions, revoked, now).into_result().ok()
    }

    /// What of a member sockets and sessions go by.
    pub(crate) fn member(&self, trust: &TrustAnchors, node: &NodeId, now: Timestamp) -> Option<Admitted> {
        let member = self.admitted(trust, &NothingRevoked, node, now)?;
        Some(Admitted {
            keys: *member.keys(),
            zones: member.zones().cloned().collect(),
            expires_at: member.expires_at(),
        })
    }

    /// The zones that the node's enrollment allows it, whether this node knows them yet or not.
    pub(crate) fn allowed_zones(&self, node: &NodeId) -> Vec<ZoneId> {
        self.enrollments.get(node).map(|enrollment| enrollment.allowed_zones().to_vec()).unwrap_or_default()
    }

    /// The objects by which others may know the node.
    pub(crate) fn objects_of(&self, node: &NodeId) -> Vec<Vec<u8>> {
        self.objects.get(node).map(|objects| objects.values().cloned().collect()).unwrap_or_default()
    }

    /// Everybody who is a member of `zone` now, as placement sees them.
    pub(crate) fn facts(&self, trust: Option<&TrustAnchors>, zone: &ZoneId, now: Timestamp) -> Vec<NodeFacts> {
        let Some(trust) = trust else { return Vec::new() };
        let members = trust.nodes().filter_map(|node| {
            let member = self.member(trust, node, now)?;
            let attestation = trust.current(node, &NothingRevoked, now)?;
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
            if self.members.offer(trust, &stored, now) {
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

    /// Tells whoever goes by the members that they changed.
    pub(crate) fn members_changed(&mut self) {
        let now = clock::now();
        if let Some(trust) = &self.trust {
            let known = trust.nodes().filter_map(|node| {
                let member = self.members.member(trust, node, now)?;
                Some((member.keys.signing, node.clone()))
            });
            self.directory.replace(known.collect::<Vec<_>>());
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
