//! This node's own audit events: signed, kept, and submitted until they are in the chain (D185).

use fcp_audit::AttestedKeys;
use fcp_audit::checkpoint::Held as _;
use fcp_audit::event::{AuditEvent, AuditSubmission, EventDetails, SignedEvent};
use fcp_core::cbor::{Decode, Encode};
use fcp_core::id::{PrincipalId, ZoneId};
use fcp_core::object::Message as _;
use fcp_core::rand_core::Rng as _;
use fcp_core::sign::Signature;

use super::super::{Mesh, log};
use super::store_failed;
use crate::clock;
use crate::control::ControlError;
use crate::store::StateKey;

/// An event that this node signed and that has no place in the chain yet.
#[derive(Encode, Decode)]
pub(super) struct KeptEvent {
    zone: ZoneId,
    fingerprint: Signature,
    submission: Vec<u8>,
}

impl Mesh {
    /// The own events that the agreed chain contains by now.
    pub(super) fn settled_events(&self, id: &ZoneId) -> Vec<String> {
        let Some(zone) = self.zones.get(id) else { return Vec::new() };
        let waiting = self.store.states::<KeptEvent>("event").unwrap_or_default();
        let settled =
            waiting.into_iter().filter(|(_, kept)| kept.zone == *id && zone.held.is_sequenced(&kept.fingerprint));
        settled.map(|(key, _)| key).collect()
    }

    /// Records something that this node itself did or saw.
    pub(crate) fn note(&mut self, id: &ZoneId, event_type: &str) -> Result<(), ControlError> {
        let mut correlation = [0; 16];
        self.rng.fill_bytes(&mut correlation);
        let actor = format!("node:{}", self.config.node_id.as_str().to_ascii_lowercase());
        let actor = PrincipalId::new(&actor).map_err(|error| ControlError::node("audit", error))?;
        self.record_event(id, EventDetails::new(event_type, actor, correlation, clock::now()))
    }

    /// Signs an event and has it put into the chain (D185).
    pub(crate) fn record_event(&mut self, id: &ZoneId, details: EventDetails) -> Result<(), ControlError> {
        let zone = self.zone(id)?;
        let draft = AuditEvent::draft(zone.provenance(details.occurred_at), details);
        self.record_signed(SignedEvent::sign(draft, self.config.node_id.clone(), &self.keys.0.signing))
    }

    /// Keeps an event of this node until it is in the chain, and submits it.
    pub(crate) fn record_signed(&mut self, event: SignedEvent) -> Result<(), ControlError> {
        let id = &event.event().zone_id.clone();
        let fingerprint = event.fingerprint();
        let kept = KeptEvent { zone: id.clone(), fingerprint, submission: event.submission().to_body() };
        let key = crate::params::hex(fingerprint.as_bytes().first_chunk::<16>().map_or(&[], |head| head.as_slice()));
        self.store.put_state(&StateKey::new("event", key), &kept).map_err(store_failed)?;
        self.submit(id, event)
    }

    pub(super) fn submit(&mut self, id: &ZoneId, event: SignedEvent) -> Result<(), ControlError> {
        let now = clock::now();
        let (Some(trust), Some(zone)) = (&self.trust, self.zones.get_mut(id)) else {
            return Err(ControlError::node("zone", "the zone is not known"));
        };
        let submitted = zone.drive(trust, &self.revocations, &self.keys.0.signing, |participant, context| {
            participant.handle_event(context, event, now)
        });
        submitted.map(drop).map_err(|reason| ControlError::reason(reason, reason.meaning()))
    }

    /// Submits an event again that an earlier run kept.
    pub(super) fn queue_event(&mut self, kept: &KeptEvent, key: &str) {
        let id = kept.zone.clone();
        let Some(trust) = &self.trust else { return };
        let Ok(submission) = AuditSubmission::from_body(&kept.submission) else {
            return log(format_args!("event {key} is damaged"));
        };
        let keys = AttestedKeys::new(trust, &self.revocations, &id);
        match submission.verify(&keys, clock::now()) {
            Ok(event) => {
                if let Err(error) = self.submit(&id, event) {
                    log(format_args!("event {key} waits: {error}"));
                }
            }
            Err(error) => log(format_args!("event {key} is damaged: {error}")),
        }
    }
}
