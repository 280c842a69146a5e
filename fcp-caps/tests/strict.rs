//! One encoding of everything, and what the table of schemas says of it (D20): each type through the batteries of
//! `fcp-core`. Tokens have a form of their own, which `token.rs` goes through.

mod common;

mod sample {
    #![expect(clippy::unwrap_used, reason = "the texts are valid")]

    use super::common::{NOW, id, provenance};
    use fcp_caps::execution::{HeldLease, IntentTerms};
    use fcp_caps::grant::{CapabilityConstraints, CapabilityObject, Grantee, NetworkConstraints, PlacementPolicy};
    use fcp_caps::grant::{DevicePreference, DeviceRequirement, WeightBps};
    use fcp_core::glob::Glob;
    use fcp_core::id::{Jti, ZoneId};
    use fcp_core::object::ObjectHeader;
    use fcp_core::sign::{NodeSigningKey, Signature};

    pub(super) fn node_key() -> NodeSigningKey {
        NodeSigningKey::from_seed([3; 32])
    }

    /// A grant to `grantee` with every bound there is.
    pub(super) fn grant(grantee: Grantee) -> CapabilityObject {
        let weight_bps = WeightBps::new(5_000).unwrap();
        CapabilityObject {
            header: ObjectHeader::for_type::<CapabilityObject>(provenance()),
            capability_id: "notebook.append".parse().unwrap(),
            grantee,
            constraints: CapabilityConstraints {
                resource_allow: vec!["https://notes.example/".into()],
                resource_deny: vec!["https://notes.example/private/".into()],
                max_calls: Some(10),
                max_bytes: Some(4096),
                idempotency_scope: Some("notes".into()),
                network: Some(NetworkConstraints {
                    host_allow: vec!["notes.example".into()],
                    port_allow: vec![443],
                    ip_allow: vec!["192.0.2.1".parse().unwrap()],
                    cidr_deny: vec!["10.0.0.0/8".into()],
                    spki_pins: vec!["pin".into()],
                    ..NetworkConstraints::closed()
                }),
                credential_allow: vec!["cred:notes".parse().unwrap()],
            },
            placement: PlacementPolicy {
                requires: vec![
                    DeviceRequirement::OnPower,
                    DeviceRequirement::Software { name: "git".into(), version: Some("2.0".into()) },
                    DeviceRequirement::TailscaleTag("fcp-work".parse().unwrap()),
                ],
                prefers: vec![
                    DevicePreference::HighResources { weight_bps },
                    DevicePreference::DataLocality { object_ids: vec![id(1)], weight_bps },
                ],
                excludes: vec![Glob::new("nPhone*").unwrap()],
                zones: vec![ZoneId::work()],
            },
            valid_from: NOW,
            valid_until: NOW.saturating_add(86_400),
            signature: Signature::ABSENT,
        }
    }

    pub(super) fn intent_terms(lease: Option<HeldLease>) -> IntentTerms {
        IntentTerms {
            request: id(1),
            jti: Jti::from_bytes([2; 16]),
            idempotency_key: Some("key-1".parse().unwrap()),
            planned_by: "nLaptop".parse().unwrap(),
            lease,
            checkpoint: Some(id(4)),
            upstream_idempotency: Some("upstream-1".into()),
        }
    }
}

use common::{NOW, id, key, provenance, request};
use fcp_caps::execution::{HeldLease, OperationIntent, OperationReceipt, Outcome};
use fcp_caps::grant::Grantee;
use fcp_caps::invoke::{
    CostEstimate, CurrencyCost, InvokeRequest, InvokeResponse, ResourceAvailability, SimulateRequest, SimulateResponse,
};
use fcp_core::cbor::Value;
use fcp_core::id::ZoneId;
use fcp_core::object::{check_message, check_object, check_signed};
use fcp_core::sign::{OwnerKey, Signature, Signed as _};
use sample::{grant, intent_terms, node_key};

#[test]
fn grants() {
    let grantees = [
        Grantee::Principal("agent:helper".parse().unwrap()),
        Grantee::Zone(ZoneId::work()),
        Grantee::Tag("fcp-work".parse().unwrap()),
        Grantee::Bearer,
    ];
    for grantee in grantees {
        let grant = grant(grantee).signed_by(&OwnerKey::from_seed([1; 32]));
        check_object(&grant, &key());
        check_signed(grant, &[]);
    }
}

#[test]
fn invokes() {
    let proved = InvokeRequest { holder_proof: Some(Signature::from_bytes([0x33; 64])), ..request() };
    check_message(&proved);
    check_message(&request());
    check_message(&InvokeResponse {
        id: "call-1".into(),
        result: Value::from("done"),
        resource_object_ids: vec![id(1), id(2)],
        next_cursor: Some("next".into()),
        receipt: Some(id(3)),
    });
}

#[test]
fn simulations() {
    check_message(&SimulateRequest {
        id: "call-1".into(),
        operation: "append".parse().unwrap(),
        input: Value::from("milk"),
        capability_token: vec![0x84],
        estimate_cost: true,
        check_availability: false,
    });
    check_message(&SimulateResponse {
        id: "call-1".into(),
        would_succeed: false,
        failure_reason: Some("no capability".into()),
        missing_capabilities: vec!["notebook.append".into()],
        estimated_cost: Some(CostEstimate {
            api_credits: Some(1),
            estimated_duration_ms: Some(2),
            estimated_bytes: Some(300),
            currency: Some(CurrencyCost { amount_cents: 4, currency_code: "USD".into() }),
        }),
        availability: Some(ResourceAvailability {
            available: true,
            rate_limit_remaining: Some(5),
            rate_limit_reset_at: Some(NOW),
        }),
    });
}

#[test]
fn executions() {
    let lease = HeldLease { id: id(3), seq: 7, expires_at: NOW };
    for lease in [None, Some(lease)] {
        let intent = OperationIntent::draft(provenance(), intent_terms(lease)).signed_by(&node_key());
        check_object(&intent, &key());
        check_signed(intent, &[]);
    }
    for intent in [None, Some(id(5))] {
        let outcome = Outcome { objects: vec![id(6), id(7)], resources: vec![id(8)] };
        let by = "nLaptop".parse().unwrap();
        let receipt = OperationReceipt::draft(provenance(), id(1), "key-1".parse().ok(), intent, outcome, by)
            .signed_by(&node_key());
        check_object(&receipt, &key());
        check_signed(receipt, &[]);
    }
}
