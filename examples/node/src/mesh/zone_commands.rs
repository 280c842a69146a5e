//! What the operator's console can ask about zones.

use std::collections::BTreeMap;

use fcp_audit::AttestedKeys;
use fcp_audit::chain::AuditVerifier;
use fcp_audit::checkpoint::{CheckpointAnnounce, CheckpointMessage, Held as _, Recipients};
use fcp_audit::event::AuditEvent;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::{MeshObject as _, Message as _, QuorumSignatureSet, StoredObject};
use fcp_core::store::ObjectStore as _;
use serde_json::{Value, json};

use super::Mesh;
use crate::clock;
use crate::control::ControlError;
use crate::params::{Params, hex};

type Answer = Result<Value, ControlError>;

fn failed(error: impl std::fmt::Display) -> ControlError {
    ControlError::node("zone", error)
}

impl Mesh {
    /// Answers the console, if the method is one about zones.
    pub(super) fn handle_zone_request(&mut self, method: &str, params: Params<'_>) -> Option<Answer> {
        Some(match method {
            "checkpoint.export" => self.checkpoint_export(params),
            "checkpoint.push" => self.checkpoint_push(params),
            "refusals" => Ok(self.refusals.to_json()),
            "audit.tail" => self.audit_tail(params),
            "audit.verify" => self.audit_verify(params),
            "audit.note" => self.audit_note(params),
            "zone.coordinator" => self.zone_coordinator(params),
            _ => return None,
        })
    }

    /// The accepted checkpoint with everything that speaks for it, as a message that can be sent to anybody.
    fn checkpoint_export(&self, params: Params<'_>) -> Answer {
        let zone = self.zone(&params.parsed("zone")?)?;
        let accepted = zone.participant.state().accepted().ok_or_else(|| failed("no checkpoint holds yet"))?;
        let now = clock::now();
        let bytes = |id: &ObjectId| zone.held.object(id).map(|stored| stored.canonical_bytes().to_vec());
        let heads = accepted.checkpoint().heads();
        let signatures = zone.held.signatures(&accepted.id());
        let sidecar = QuorumSignatureSet {
            header: zone.header::<QuorumSignatureSet>(now).with_refs(vec![accepted.id()]),
            target: accepted.id(),
            signatures,
        };
        let key = zone.keyring.object_id_key_at(now).map_err(failed)?;
        let announce = CheckpointAnnounce {
            checkpoint: bytes(&accepted.id()).ok_or_else(|| failed("the checkpoint is not held"))?,
            signatures: Some(sidecar.seal(key).map_err(failed)?.canonical_bytes().to_vec())
                .filter(|_| !sidecar.signatures.as_slice().is_empty()),
            heads: [heads.revocation.0, heads.audit.0].iter().filter_map(bytes).collect(),
            anchor: None,
        };
        Ok(json!({
            "seq": accepted.seq(), "id": accepted.id().to_string(), "message": hex(&announce.to_body()),
        }))
    }

    /// Sends somebody a checkpoint that was exported, whatever it is worth by now.
    fn checkpoint_push(&mut self, params: Params<'_>) -> Answer {
        let zone: ZoneId = params.parsed("zone")?;
        let to: NodeId = params.parsed("to")?;
        let message = CheckpointMessage::from_body(&params.bytes("message")?).map_err(failed)?;
        self.send_checkpoint_message(&zone, &Recipients::Node(to), &message);
        Ok(Value::Null)
    }

    fn audit_tail(&self, params: Params<'_>) -> Answer {
        let zone = self.zone(&params.parsed("zone")?)?;
        let count = usize::try_from(params.number("count")?).map_err(failed)?;
        let newest: BTreeMap<u64, ObjectId> =
            zone.events.iter().rev().take(count).map(|(seq, id)| (*seq, *id)).collect();
        let events = newest.iter().filter_map(|(seq, id)| {
            let stored = zone.held.object(id)?;
            let event = AuditEvent::from_body(stored.body()).ok()?;
            Some(json!({
                "seq": seq,
                "id": id.to_string(),
                "event_type": event.event_type,
                "actor": event.actor.as_str(),
                "connector": event.connector_id.as_ref().map(|id| id.as_str().to_owned()),
                "operation": event.operation.as_ref().map(|id| id.as_str().to_owned()),
                "request": event.request_object_id.map(|id| id.to_string()),
                "result": event.result_object_id.map(|id| id.to_string()),
                "occurred_at": event.occurred_at.as_secs(),
            }))
        });
        Ok(json!({"events": events.collect::<Vec<_>>()}))
    }

    /// Reads the zone's chain from disk, from its first event, and checks every hash, link and signature.
    fn audit_verify(&self, params: Params<'_>) -> Answer {
        let id: ZoneId = params.parsed("zone")?;
        let zone = self.zone(&id)?;
        let trust = self.trust.as_ref().ok_or_else(|| failed("no owner is known"))?;
        let keys = AttestedKeys::new(trust, &self.revocations, &id);
        let mut verifier = AuditVerifier::from_start(id.clone());
        for (seq, event) in &zone.events {
            let entry = self.store.get(event).map_err(failed)?;
            let Some(entry) = entry else {
                return Ok(json!({"whole": false, "seq": seq, "reason": "audit.missing", "id": event.to_string()}));
            };
            let created = StoredObject::claimed_header(&entry.canonical).map(|header| header.created_at);
            let key = zone.keyring.object_id_key_at(created.unwrap_or_else(|_| clock::now())).map_err(failed)?;
            if let Err(fault) = verifier.push_bytes(event, &entry.canonical, key, &keys) {
                let fault =
                    json!({"whole": false, "seq": fault.seq, "reason": fault.reason.code(), "id": event.to_string()});
                return Ok(fault);
            }
        }
        let accepted = zone.participant.state().accepted();
        let head = accepted.map(|accepted| accepted.checkpoint().heads().audit.1);
        let last = zone.events.last_key_value().map_or(0, |(seq, _)| *seq);
        Ok(json!({"whole": Some(last) == head, "events": last, "head": head}))
    }

    /// Puts a note of the operator's into the zone's chain.
    fn audit_note(&mut self, params: Params<'_>) -> Answer {
        let zone: ZoneId = params.parsed("zone")?;
        let event_type = params.text("event_type")?.to_owned();
        self.note(&zone, &event_type)?;
        Ok(Value::Null)
    }

    /// Who coordinates the zone now (D171).
    fn zone_coordinator(&self, params: Params<'_>) -> Answer {
        let id: ZoneId = params.parsed("zone")?;
        let zone = self.zone(&id)?;
        let accepted = zone.participant.state().accepted().ok_or_else(|| failed("no checkpoint holds yet"))?;
        let epoch = fcp_core::id::EpochId::of(clock::now());
        let subject = fcp_core::quorum::checkpoint_subject(epoch);
        let ranking = fcp_core::quorum::rendezvous(&id, &subject, accepted.signers().nodes());
        Ok(json!({"ranking": ranking.iter().map(|node| node.as_str()).collect::<Vec<_>>()}))
    }
}
