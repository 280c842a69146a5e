//! Zones on this node.

use fcp_audit::bootstrap::{BootstrapBundle, BootstrapRequest};
use fcp_core::id::{NodeId, ObjectIdKey, ZoneId};
use fcp_core::object::{ControlPlaneObject, Message, ObjectHeader, StoredObject};
use fcp_zones::manifest::ZoneKeyManifest;
use fcp_zones::zone::ZoneDefinitionObject;
use serde_json::{Value, json};

use super::Mesh;
use crate::clock;
use crate::control::ControlError;
use crate::params::Params;
use crate::zone::Zone;

impl Mesh {
    /// A zone that this node knows.
    pub(crate) fn zone(&self, id: &ZoneId) -> Result<&Zone, ControlError> {
        self.zones.get(id).ok_or_else(|| ControlError::node("zone", format_args!("this node does not know {id}")))
    }

    /// The header of a message about a zone.
    pub(crate) fn message_header<T: Message>(&self, zone: &ZoneId) -> ObjectHeader {
        let fallback = Zone::new(zone.clone());
        self.zones.get(zone).unwrap_or(&fallback).header::<T>(clock::now()).with_ttl(60)
    }

    pub(crate) fn load_zones(&mut self) -> Result<(), ControlError> {
        Ok(())
    }

    /// Takes what a founding made.
    pub(crate) fn found_zones(&mut self, objects: Vec<StoredObject>) -> Result<(), ControlError> {
        let mut objects: Vec<Vec<u8>> = objects.iter().map(|stored| stored.canonical_bytes().to_vec()).collect();
        objects.sort_by_key(|bytes| {
            StoredObject::claimed_header(bytes).map(|header| header.schema.name() != "ZoneKeyManifest").unwrap_or(true)
        });
        for bytes in objects {
            self.take_zone_object(&bytes);
        }
        Ok(())
    }

    fn take_zone_object(&mut self, bytes: &[u8]) {
        let now = clock::now();
        let Ok(header) = StoredObject::claimed_header(bytes) else { return };
        let zone = self.zones.entry(header.zone_id.clone()).or_insert_with(|| Zone::new(header.zone_id.clone()));
        let Some(trust) = &self.trust else { return };
        if header.schema.name() == "ZoneKeyManifest" {
            let own = (&self.config.node_id, &self.keys.0.encryption);
            let keys = ZoneKeyManifest::from_body(
                StoredObject::parse(bytes, &ObjectIdKey::public())
                    .map(|s| s.body().to_vec())
                    .unwrap_or_default()
                    .as_slice(),
            )
            .ok()
            .and_then(|m| m.unwrap_for(own.0, own.1).ok());
            let Some(keys) = keys else { return };
            let Ok(id) = StoredObject::parse(bytes, &keys.object_id_key).map(|s| s.id()) else { return };
            if let Ok(a) = zone.keyring.accept(id, bytes, own, trust.owner(), now) {
                zone.keyring.activate(&a.manifest, now);
            }
        }
        let Ok(key) = zone.keyring.object_id_key_at(header.created_at) else { return };
        let Ok(stored) = StoredObject::parse(bytes, key) else { return };
        if let Ok(definition) = stored.open::<ZoneDefinitionObject>()
            && let Ok(definition) = definition.verify(trust.owner())
        {
            zone.set_levels(definition.levels());
            self.members.definitions.pin(definition);
        }
        zone.objects.push(bytes.to_vec());
    }

    pub(crate) fn handle_bootstrap_request(&mut self, peer: &NodeId, request: &BootstrapRequest) {
        let Ok(zone) = self.zone(&request.zone_id) else { return };
        let bundle = BootstrapBundle { zone_id: request.zone_id.clone(), objects: zone.objects.clone() };
        self.send_message(peer, &request.zone_id, &bundle);
    }

    pub(crate) fn handle_bootstrap_bundle(&mut self, _: &NodeId, bundle: &BootstrapBundle) {
        for bytes in &bundle.objects {
            self.take_zone_object(bytes);
        }
        self.members_changed();
    }

    pub(crate) fn handle_zone_message(&mut self, _: &NodeId, _: &ZoneId, _: &ControlPlaneObject) {}

    pub(crate) fn handle_zone_request(&mut self, _: &str, _: Params<'_>) -> Option<Result<Value, ControlError>> {
        None
    }

    pub(crate) fn zones_status(&self) -> Vec<Value> {
        self.zones
            .values()
            .map(|zone| json!({"zone": zone.id().as_str(), "seq": 1, "checkpoint": "", "objects": zone.objects.len()}))
            .collect()
    }

    pub(crate) fn zone_timeout(&mut self) {}

    pub(crate) fn drain_zones(&mut self) {}
}
