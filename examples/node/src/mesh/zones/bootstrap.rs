//! What zones stand on, asked of peers and handed on to them (D201).

use fcp_audit::bootstrap::{BootstrapBundle, BootstrapRequest, MAX_OBJECTS, Offered, Wanted};
use fcp_audit::checkpoint::{ChainKind, Held as _, Wanted as Missing};
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::{MeshObject as _, QuorumSignatureSet, StoredObject};
use fcp_core::store::ObjectStore as _;

use super::super::{Mesh, log};
use super::is_foundation;
use crate::zone::Zone;

impl Mesh {
    pub(super) fn fetch(&mut self, id: &ZoneId, from: &NodeId, wanted: &[Missing]) {
        let mut ids = Vec::new();
        for one in wanted {
            match one {
                Missing::Object(id) | Missing::Signed(id) | Missing::Revocation(id) => ids.push(*id),
                Missing::Events { chain, after, .. } => {
                    let wanted =
                        Wanted::Events { revocation: *chain == ChainKind::Revocation, from: after.saturating_add(1) };
                    self.ask_peer(from, id, wanted);
                }
            }
        }
        ids.truncate(MAX_OBJECTS);
        if !ids.is_empty() {
            self.ask_peer(from, id, Wanted::Objects(ids));
        }
    }

    /// Asks a peer for objects of a zone; one answer of it is taken.
    pub(crate) fn ask_peer(&mut self, peer: &NodeId, zone: &ZoneId, wanted: Wanted) {
        if let Some(known) = self.peers.get_mut(peer) {
            known.ask(zone);
            self.send_message(peer, zone, &BootstrapRequest { zone_id: zone.clone(), wanted });
        }
    }

    /// Answers a peer that asks what a zone stands on (D201).
    pub(crate) fn handle_bootstrap_request(&mut self, peer: &NodeId, request: &BootstrapRequest) {
        let allowed = self.zones_of(peer).contains(&request.zone_id);
        let Some(zone) = self.zones.get(&request.zone_id).filter(|_| allowed) else { return };
        let ids: Vec<ObjectId> = match &request.wanted {
            Wanted::Heads => self.heads_of(zone),
            Wanted::Events { revocation: false, from } => zone.events.range(from..).map(|(_, id)| *id).collect(),
            Wanted::Events { revocation: true, .. } => self.revocation_chain(zone),
            Wanted::Objects(ids) => ids.clone(),
        };
        let mut objects = Vec::new();
        let mut size = 0_usize;
        for id in ids {
            for offered in self.with_signatures(zone, &id) {
                size = size.saturating_add(offered.canonical.len());
                if objects.len() < MAX_OBJECTS && size < 3 * 1024 * 1024 {
                    objects.push(offered);
                }
            }
        }
        if !objects.is_empty() {
            let bundle = BootstrapBundle { zone_id: request.zone_id.clone(), objects };
            let zone = request.zone_id.clone();
            self.send_message(peer, &zone, &bundle);
        }
    }

    /// Everything that a zone's accepted checkpoint stands on, and the zone's grants.
    fn heads_of(&self, zone: &Zone) -> Vec<ObjectId> {
        let mut ids = Vec::new();
        if let Some(accepted) = zone.participant.state().accepted() {
            let heads = accepted.checkpoint().heads();
            ids.extend([heads.manifest, heads.policy, heads.definition, heads.revocation.0, heads.audit.0]);
            ids.push(accepted.id());
            ids.push(accepted.policy_step());
        }
        ids.extend(zone.grants.keys());
        ids.extend(&zone.anchored);
        ids.retain(|id| !id.is_zero());
        ids
    }

    fn revocation_chain(&self, zone: &Zone) -> Vec<ObjectId> {
        let mut ids = Vec::new();
        let mut at =
            zone.participant.state().accepted().and_then(|accepted| accepted.revocation()).map(|tip| tip.event);
        while let Some(link) = at.and_then(|id| zone.held.revocation_event(&id)) {
            ids.extend(at);
            at = link.prev();
        }
        ids.reverse();
        ids
    }

    /// An object of the zone from disk that a zone stands on, with the signatures beside it.
    fn with_signatures(&self, zone: &Zone, id: &ObjectId) -> Vec<Offered> {
        let entry = self.store.get(id).ok().flatten().filter(|entry| entry.zone == *zone.id());
        let Some(entry) = entry.filter(|entry| is_foundation(&entry.canonical)) else { return Vec::new() };
        let Ok(header) = StoredObject::claimed_header(&entry.canonical) else { return Vec::new() };
        let mut offered = vec![Offered { id: *id, canonical: entry.canonical }];
        let signatures = zone.held.signatures(id);
        if !signatures.as_slice().is_empty()
            && let Ok(key) = zone.keyring.object_id_key_at(header.created_at)
        {
            // The same signatures make the same object, whenever they are asked for.
            let own = zone.header::<QuorumSignatureSet>(header.created_at).with_refs(vec![*id]);
            let sidecar = QuorumSignatureSet { header: own, target: *id, signatures };
            if let Ok(stored) = sidecar.seal(key) {
                offered.push(Offered { id: stored.id(), canonical: stored.canonical_bytes().to_vec() });
            }
        }
        offered
    }

    /// Takes what this node asked a peer for, and nothing else.
    pub(crate) fn handle_bootstrap_bundle(&mut self, peer: &NodeId, bundle: &BootstrapBundle) {
        let zone = &bundle.zone_id;
        let asked = self.peers.get_mut(peer).is_some_and(|known| known.take_asked(zone));
        let ours = self.members.allowed_zones(&self.config.node_id);
        if !asked || !ours.contains(zone) || !self.members.allowed_zones(peer).contains(zone) {
            return log(format_args!("{peer} sent objects of {zone} that nobody asked for"));
        }
        let foundations = bundle.objects.iter().filter(|offered| is_foundation(&offered.canonical));
        self.take_objects(zone, foundations.cloned().collect(), true);
    }
}
